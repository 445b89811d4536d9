//! Where nothing holds over the whole ranges: the part of them in which the dearest setting does.

use super::bench::Bench;
use super::goal::Shortfall;
use super::unknowns::Unknown;

/// What became of it.
pub(super) enum Narrowed {
    /// The ranges are smaller now, because of this.
    To(Shortfall),
    /// The setting fails even at the good ends.
    Nothing(Shortfall),
    /// Broken off.
    Stopped,
}

/// Makes ranges smaller until a setting holds that fails with `first`. The most decisive unknown
/// gives way first, and no further than it must.
pub(super) fn narrow(bench: &mut Bench<'_>, setting: &[usize], first: Shortfall) -> Narrowed {
    let good = bench.unknowns.iter().map(Unknown::given_up).collect();
    let at_best = with(bench, good, |bench| bench.failure(setting));
    if bench.pool.stopped() {
        return Narrowed::Stopped;
    }
    if let Some(failure) = at_best {
        bench.unknowns.iter_mut().for_each(|unknown| *unknown = unknown.whole());
        let place = if failure.place.is_empty() { "" } else { "all unknowns at their good ends" };
        return Narrowed::Nothing(Shortfall { place: place.to_owned(), ..failure });
    }
    while bench.failure(setting).is_some() {
        // The unknown whose good end leaves least to lose; at last all ranges are their good ends.
        let mut best: Option<(u64, usize)> = None;
        for index in 0..bench.unknowns.len() {
            let unknown = &bench.unknowns[index];
            if !unknown.is_open() {
                continue;
            }
            let given_up = unknown.given_up();
            let lost = failure_with(bench, index, given_up, setting).map_or(0, |failure| failure.lost.max(1));
            if best.is_none_or(|(least, _)| lost < least) {
                best = Some((lost, index));
            }
        }
        if bench.pool.stopped() {
            return Narrowed::Stopped;
        }
        let Some((left, index)) = best else { break };
        let unknown = bench.unknowns[index].clone();
        bench.unknowns[index] = if left == 0 {
            unknown.shrunk(&mut |narrower| holds_with(bench, index, narrower, setting))
        } else {
            unknown.given_up()
        };
    }
    widen(bench, setting);
    if bench.pool.stopped() { Narrowed::Stopped } else { Narrowed::To(first) }
}

/// Those that gave way early may not have had to, or not so far.
fn widen(bench: &mut Bench<'_>, setting: &[usize]) {
    for index in 0..bench.unknowns.len() {
        let whole = bench.unknowns[index].whole();
        if bench.unknowns[index].is_open() || !whole.is_open() {
            continue;
        }
        bench.unknowns[index] = if holds_with(bench, index, &whole, setting) {
            whole
        } else {
            whole.shrunk(&mut |narrower| holds_with(bench, index, narrower, setting))
        };
    }
}

fn holds_with(bench: &mut Bench<'_>, index: usize, unknown: &Unknown, setting: &[usize]) -> bool {
    failure_with(bench, index, unknown.clone(), setting).is_none()
}

/// What fails with another range of one unknown.
fn failure_with(
    bench: &mut Bench<'_>,
    index: usize,
    unknown: Unknown,
    setting: &[usize],
) -> Option<Shortfall> {
    let mut unknowns = bench.unknowns.clone();
    unknowns[index] = unknown;
    with(bench, unknowns, |bench| bench.failure(setting))
}

/// Does something with other ranges.
fn with<T>(bench: &mut Bench<'_>, unknowns: Vec<Unknown>, act: impl FnOnce(&mut Bench<'_>) -> T) -> T {
    let before = std::mem::replace(&mut bench.unknowns, unknowns);
    let done = act(bench);
    bench.unknowns = before;
    done
}
