//! The search for the cheapest setting, over an oracle that says what holds.
//!
//! A setting is one index per knob into its values, the cheapest first. The search never looks
//! at what a value is, so it can be tested with an oracle of three lines. It takes knobs to be
//! monotone (more of one costs more and holds at least as much) while it looks; what it returns
//! was asked, and so was every value one step cheaper.

/// One index per knob.
pub(super) type Setting = Vec<usize>;

/// What the search knows of a knob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rungs {
    /// How many values there are.
    pub(super) len: usize,
    /// The present one.
    pub(super) now: usize,
    /// The least index that may be advised: 0, or `now` for knobs that are only ever raised.
    pub(super) floor: usize,
}

/// What an oracle says of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing fails.
    Holds,
    /// Something fails, and raising these knobs may help.
    Fails(Vec<usize>),
}

/// Who knows what holds.
pub(super) trait Oracle {
    /// Whether a setting holds.
    fn ask(&mut self, setting: &[usize]) -> Reply;
    /// What it costs.
    fn cost(&mut self, setting: &[usize]) -> f64;
    /// Somebody wants no more answers.
    fn stopped(&self) -> bool;
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Holds, and no value can be one step cheaper.
    Cheapest(Setting),
    /// Not even the dearest setting holds that has a reason to.
    Nothing(Setting),
    /// Broken off.
    Stopped,
}

/// Passes over all knobs after which the search takes what it has.
const MOST_PASSES: usize = 6;

/// Raises what is said to help from the present setting until it holds, then lowers every knob as
/// far as it goes, the dearest knob first. `orders` are the orders in which knobs are lowered: with
/// several, the cheapest outcome wins.
pub(super) fn search(rungs: &[Rungs], orders: &[Vec<usize>], oracle: &mut dyn Oracle) -> Found {
    let start = match raise(rungs, oracle) {
        Found::Cheapest(start) => start,
        other => return other,
    };
    let mut best: Option<(f64, Setting)> = None;
    for order in orders {
        let mut setting = start.clone();
        lower(rungs, order, &mut setting, oracle);
        if oracle.stopped() {
            return Found::Stopped;
        }
        let known = best.as_ref().is_some_and(|(_, other)| *other == setting);
        let cost = if orders.len() == 1 || known { 0.0 } else { oracle.cost(&setting) };
        if !known && best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, setting));
        }
    }
    best.map_or(Found::Nothing(start), |(_, setting)| Found::Cheapest(setting))
}

/// From the present setting to one that holds.
fn raise(rungs: &[Rungs], oracle: &mut dyn Oracle) -> Found {
    let mut setting: Setting = rungs.iter().map(|rungs| rungs.now).collect();
    loop {
        if oracle.stopped() {
            return Found::Stopped;
        }
        let Reply::Fails(helps) = oracle.ask(&setting) else { return Found::Cheapest(setting) };
        let top = |knob: usize| rungs[knob].len - 1;
        // Nothing but what has a reason to help: among enough values one is always lucky.
        let higher: Vec<usize> = helps.into_iter().filter(|&knob| setting[knob] < top(knob)).collect();
        if higher.is_empty() {
            return Found::Nothing(setting);
        }
        higher.into_iter().for_each(|knob| setting[knob] = top(knob));
    }
}

/// Lowers a setting that holds until no knob can go one step lower.
fn lower(rungs: &[Rungs], order: &[usize], setting: &mut Setting, oracle: &mut dyn Oracle) {
    for _ in 0..MOST_PASSES {
        let before = setting.clone();
        for &knob in order {
            lower_one(knob, rungs[knob].floor, setting, oracle);
        }
        let moved = *setting != before;
        // Another knob's move may have made room that halving did not see.
        let stepped = order.iter().any(|&knob| {
            setting[knob] > rungs[knob].floor && {
                let cheaper = with(setting, knob, setting[knob] - 1);
                let holds = oracle.ask(&cheaper) == Reply::Holds;
                if holds {
                    *setting = cheaper;
                }
                holds
            }
        });
        if oracle.stopped() || (!moved && !stepped) {
            return;
        }
    }
}

/// The least value of one knob with which the setting holds, found by halving.
fn lower_one(knob: usize, floor: usize, setting: &mut Setting, oracle: &mut dyn Oracle) {
    let mut holds = setting[knob];
    if holds == floor {
        return;
    }
    let mut ask = |value: usize| oracle.ask(&with(setting, knob, value)) == Reply::Holds;
    if ask(floor) {
        holds = floor;
    } else {
        let mut fails = floor;
        while holds - fails > 1 {
            let middle = fails + (holds - fails) / 2;
            if ask(middle) {
                holds = middle;
            } else {
                fails = middle;
            }
        }
    }
    setting[knob] = holds;
}

/// A setting with one value changed.
pub(super) fn with(setting: &[usize], knob: usize, value: usize) -> Setting {
    let mut changed = setting.to_vec();
    changed[knob] = value;
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake<F> {
        holds: F,
        helps: Vec<usize>,
        asked: usize,
    }

    impl<F: Fn(&[usize]) -> bool> Oracle for Fake<F> {
        fn ask(&mut self, setting: &[usize]) -> Reply {
            self.asked += 1;
            if (self.holds)(setting) { Reply::Holds } else { Reply::Fails(self.helps.clone()) }
        }

        fn cost(&mut self, setting: &[usize]) -> f64 {
            setting.iter().map(|value| *value as f64).sum()
        }

        fn stopped(&self) -> bool {
            self.asked > 10_000
        }
    }

    fn found(
        rungs: &[(usize, usize, usize)],
        orders: &[Vec<usize>],
        helps: &[usize],
        holds: impl Fn(&[usize]) -> bool,
    ) -> (Found, usize) {
        let rungs: Vec<Rungs> = rungs.iter().map(|&(len, now, floor)| Rungs { len, now, floor }).collect();
        let mut oracle = Fake { holds, helps: helps.to_vec(), asked: 0 };
        let found = search(&rungs, orders, &mut oracle);
        (found, oracle.asked)
    }

    #[test]
    fn only_what_helps_is_raised_and_only_as_far_as_it_must_be() {
        let both = [(121, 0, 0), (150, 0, 0), (11, 2, 2)];
        let (setting, asked) = found(&both, &[vec![0, 1, 2]], &[0, 1], |s| s[0] >= 26 && s[1] >= s[0] + 2);
        assert_eq!(setting, Found::Cheapest(vec![26, 28, 2]));
        assert!(asked < 40, "{asked} questions");
        // The present setting holds: nothing is raised, and what may be lowered is.
        let (setting, _) = found(&both, &[vec![0, 1, 2]], &[], |_| true);
        assert_eq!(setting, Found::Cheapest(vec![0, 0, 2]));
        let (setting, _) = found(&[(24, 3, 0), (10, 4, 4)], &[vec![0, 1]], &[0], |s| s[0] >= 2);
        assert_eq!(setting, Found::Cheapest(vec![2, 4]));
    }

    #[test]
    fn where_what_helps_does_not_nothing_else_is_tried() {
        let (setting, _) = found(&[(5, 0, 0), (5, 0, 0)], &[vec![0, 1]], &[0], |s| s[1] >= 3);
        assert_eq!(setting, Found::Nothing(vec![4, 0]));
        let (setting, _) = found(&[(5, 0, 0), (5, 0, 0)], &[vec![0, 1]], &[], |_| false);
        assert_eq!(setting, Found::Nothing(vec![0, 0]));
    }

    #[test]
    fn of_several_orders_the_cheapest_outcome_wins() {
        // Either five of the first or one of the second.
        let holds = |s: &[usize]| s[0] >= 5 || s[1] >= 1;
        let rungs = [(9, 0, 0), (9, 0, 0)];
        let outcome = |orders: &[Vec<usize>]| found(&rungs, orders, &[0, 1], holds).0;
        assert_eq!(outcome(&[vec![1, 0]]), Found::Cheapest(vec![5, 0]));
        assert_eq!(outcome(&[vec![1, 0], vec![0, 1]]), Found::Cheapest(vec![0, 1]));
    }

    #[test]
    fn no_value_of_the_answer_can_be_a_step_cheaper() {
        // Not monotone: the first knob may be small only while the second is.
        let holds = |s: &[usize]| s[0] + s[1] >= 6 && (s[0] >= 4 || s[1] <= 3);
        let (setting, _) = found(&[(9, 8, 0), (9, 8, 0)], &[vec![0, 1]], &[], holds);
        let Found::Cheapest(setting) = setting else { panic!("{setting:?}") };
        assert!(holds(&setting));
        for knob in 0..2 {
            let cheaper = with(&setting, knob, setting[knob].saturating_sub(1));
            assert!(setting[knob] == 0 || !holds(&cheaper), "{setting:?}");
        }
    }
}
