//! Where nothing holds over the whole ranges: the part of them in which the dearest setting does.

use super::bench::Bench;
use super::goal::Failure;
use super::unknowns::{Corner, Unknown};

/// What became of it.
pub(super) enum Narrowed {
    /// The ranges are smaller now, because of this.
    To(Failure),
    /// The setting fails even at the good ends.
    Nothing(Failure),
    /// Broken off.
    Stopped,
}

/// Makes ranges smaller until a setting holds. The most decisive unknown gives way first, and no
/// further than it must.
pub(super) fn narrow(bench: &mut Bench<'_>, setting: &[usize]) -> Narrowed {
    let original = bench.unknowns.clone();
    let mut reason = None;
    loop {
        let Some(failure) = bench.failure(setting).filter(|_| !bench.pool.stopped()) else {
            return Narrowed::Stopped;
        };
        let first = reason.get_or_insert_with(|| failure.clone()).clone();
        // The unknown whose good end leaves least to lose.
        let wide = |index: &usize| bench.unknowns[*index].good != bench.unknowns[*index].bad;
        let open: Vec<usize> = (0..bench.unknowns.len()).filter(wide).collect();
        let mut best: Option<(u64, usize)> = None;
        for index in open {
            let lost = at_end(bench, index, setting).map_or(0, |failure| failure.lost.max(1));
            if best.is_none_or(|(least, _)| lost < least) {
                best = Some((lost, index));
            }
        }
        let Some((left, index)) = best else {
            bench.unknowns = original;
            bench.forget();
            // By now every range was its good end.
            return Narrowed::Nothing(Failure { corner: Corner::AllGood, ..failure });
        };
        let mut narrowed = original[index].clone();
        if left == 0 {
            narrowed.narrow(&mut |value| holds_at(bench, index, value, setting));
        } else {
            narrowed.give_up();
        }
        bench.unknowns[index] = narrowed;
        bench.forget();
        if left == 0 {
            widen(bench, &original, setting);
            return Narrowed::To(first);
        }
    }
}

/// Those that gave way early may not have had to, or not so far.
fn widen(bench: &mut Bench<'_>, original: &[Unknown], setting: &[usize]) {
    for (index, whole) in original.iter().enumerate() {
        if bench.unknowns[index].narrowed && bench.unknowns[index].bad == whole.good {
            let mut wider = whole.clone();
            if holds_at(bench, index, &whole.bad, setting) {
                wider.bad.clone_from(&whole.bad);
            } else {
                wider.narrow(&mut |value| holds_at(bench, index, value, setting));
            }
            bench.unknowns[index] = wider;
            bench.forget();
        }
    }
}

fn at_end(bench: &mut Bench<'_>, index: usize, setting: &[usize]) -> Option<Failure> {
    let good = bench.unknowns[index].good.clone();
    failure_at(bench, index, &good, setting)
}

fn holds_at(bench: &mut Bench<'_>, index: usize, value: &str, setting: &[usize]) -> bool {
    failure_at(bench, index, value, setting).is_none()
}

/// What fails with an unknown's range ending at `value`.
fn failure_at(bench: &mut Bench<'_>, index: usize, value: &str, setting: &[usize]) -> Option<Failure> {
    let before = std::mem::replace(&mut bench.unknowns[index].bad, value.to_owned());
    bench.forget();
    let failure = bench.failure(setting);
    bench.unknowns[index].bad = before;
    bench.forget();
    failure
}
