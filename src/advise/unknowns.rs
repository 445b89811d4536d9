//! The unmeasured inputs, and the combinations of their ends that a setting is tried at.

use crate::config::case::{Assumption, Case, Override};
use crate::config::knobs;
use crate::study::{Scale, moved, varied};

/// An input that nobody measured, with the range over which advice must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// What the case assumes of it.
    pub assumption: Assumption,
    /// The end that is expected to lose less.
    pub good: String,
    /// The other end; nearer than the assumption's where nothing holds beyond.
    pub bad: String,
    /// The usual value.
    pub central: String,
    /// The range was made smaller.
    pub narrowed: bool,
}

/// A combination of values of all unknowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Corner {
    /// All at their usual values.
    Central,
    /// All at the ends that are expected to lose more.
    AllBad,
    /// All at the other ends.
    AllGood,
    /// One at an end, the others at their usual values.
    One {
        /// Which.
        unknown: usize,
        /// Whether at the end that is expected to lose more.
        bad: bool,
    },
}

/// The unknowns of a case: decisive, with a range.
pub(super) fn unknowns(case: &Case) -> Vec<Unknown> {
    varied(case).map(|(_, assumption, (good, bad))| Unknown::of(assumption, good, bad)).collect()
}

impl Unknown {
    /// How many halvings find a border.
    const HALVINGS: usize = 7;

    fn of(assumption: &Assumption, good: &str, bad: &str) -> Unknown {
        Unknown {
            assumption: assumption.clone(),
            good: good.to_owned(),
            bad: bad.to_owned(),
            central: assumption.value.clone(),
            narrowed: false,
        }
    }

    /// The same with the range that the case gives.
    pub(super) fn whole(&self) -> Unknown {
        let bad = self.assumption.range.as_ref().map_or(&self.bad, |(_, bad)| bad);
        Unknown::of(&self.assumption, &self.good, bad)
    }

    /// The same with a range that ends here. The usual value comes along if it lies beyond.
    pub(super) fn ending_at(&self, end: &str) -> Unknown {
        let whole = self.whole();
        if end == whole.bad {
            return whole;
        }
        let sizes = (self.size(&whole.good), self.size(end), self.size(&whole.central));
        let beyond = match sizes {
            (Some(good), Some(end), Some(central)) => central < good.min(end) || central > good.max(end),
            // Words have no order, and only the good end holds for sure.
            _ => whole.central != whole.good,
        };
        let central = if beyond { end.to_owned() } else { whole.central };
        Unknown { bad: end.to_owned(), central, narrowed: true, ..whole }
    }

    /// The same with its good end alone.
    pub(super) fn given_up(&self) -> Unknown {
        self.ending_at(&self.good)
    }

    /// Whether anything is left of the range.
    pub(super) fn is_open(&self) -> bool {
        self.good != self.bad
    }

    /// The range made as small as it must be for `holds`, which holds at the good end and not at the
    /// other.
    pub(super) fn shrunk(&self, holds: &mut dyn FnMut(&Unknown) -> bool) -> Unknown {
        let (mut inside, mut outside) = (self.given_up(), self.bad.clone());
        let scale = Scale::of(&self.good, &self.bad);
        for _ in 0..Unknown::HALVINGS {
            let Some(middle) = scale.as_ref().and_then(|scale| scale.between(&inside.bad, &outside)) else {
                break;
            };
            let middle = self.ending_at(&middle);
            if holds(&middle) {
                inside = middle;
            } else {
                outside = middle.bad;
            }
        }
        inside
    }

    /// A value's magnitude, of a distribution its mean; `None` for words.
    fn size(&self, text: &str) -> Option<f64> {
        let kind = knobs::find(&self.assumption.key).ok()?.knob.kind;
        kind.parse(text).ok()?.magnitude()
    }

    /// The range for people, the smaller end first.
    pub fn range(&self) -> String {
        let (good, bad) = (&self.good, &self.bad);
        match (self.size(good), self.size(bad)) {
            _ if good == bad => good.clone(),
            (Some(first), Some(second)) if first > second => format!("{bad}..{good}"),
            _ => format!("{good}..{bad}"),
        }
    }

    fn at(&self, value: &str) -> Option<Override> {
        (value != self.assumption.value).then(|| moved(&self.assumption, value))
    }
}

impl Corner {
    /// Every corner that advice is verified at; of several that are the same place the first.
    pub(super) fn all(unknowns: &[Unknown]) -> Vec<Corner> {
        let mut all = vec![Corner::Central];
        if unknowns.len() > 1 {
            all.extend([Corner::AllBad, Corner::AllGood]);
        }
        let ends = |unknown: usize| [true, false].map(|bad| Corner::One { unknown, bad });
        all.extend((0..unknowns.len()).flat_map(ends));
        let mut places: Vec<Vec<Override>> = Vec::new();
        all.retain(|corner| {
            let place = corner.overrides(unknowns);
            let new = !places.contains(&place);
            places.push(place);
            new
        });
        all
    }

    /// The corner that the search begins with.
    pub(super) fn worst(unknowns: &[Unknown]) -> Corner {
        match unknowns.len() {
            0 => Corner::Central,
            1 => Corner::One { unknown: 0, bad: true },
            _ => Corner::AllBad,
        }
    }

    /// Where an unknown stands in this corner.
    fn value(self, index: usize, unknown: &Unknown) -> &str {
        match self {
            Corner::AllBad => &unknown.bad,
            Corner::AllGood => &unknown.good,
            Corner::One { unknown: one, bad } if one == index => {
                if bad {
                    &unknown.bad
                } else {
                    &unknown.good
                }
            }
            Corner::Central | Corner::One { .. } => &unknown.central,
        }
    }

    /// What has to be set for it.
    pub(super) fn overrides(self, unknowns: &[Unknown]) -> Vec<Override> {
        let set = |(index, unknown): (usize, &Unknown)| unknown.at(self.value(index, unknown));
        unknowns.iter().enumerate().filter_map(set).collect()
    }

    /// In words, such as `removal=25s`; empty where nothing is unknown.
    pub(super) fn words(self, unknowns: &[Unknown]) -> String {
        match self {
            _ if unknowns.is_empty() => String::new(),
            Corner::Central => "all unknowns at their usual values".to_owned(),
            Corner::AllBad => "all unknowns at their bad ends".to_owned(),
            Corner::AllGood => "all unknowns at their good ends".to_owned(),
            Corner::One { unknown, .. } => {
                let one = &unknowns[unknown];
                format!("{}={}", one.assumption.key, self.value(unknown, one))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::case::Origin;
    use crate::units::parse_duration;

    fn unknown(key: &str, value: &str, good: &str, bad: &str) -> Unknown {
        Unknown {
            assumption: Assumption {
                key: key.to_owned(),
                label: String::new(),
                value: value.to_owned(),
                range: Some((good.to_owned(), bad.to_owned())),
                origin: Origin::Guess,
                source: String::new(),
                set_with: String::new(),
                decisive: true,
            },
            good: good.to_owned(),
            bad: bad.to_owned(),
            central: value.to_owned(),
            narrowed: false,
        }
    }

    #[test]
    fn corners_set_what_they_move() {
        let all = [unknown("removal", "9s", "5s", "25s"), unknown("on_stop", "exit", "drain", "exit")];
        let set = |corner: Corner| -> Vec<String> {
            corner.overrides(&all).iter().map(|o| format!("{}={}", o.knob, o.value)).collect()
        };
        assert_eq!(set(Corner::Central), Vec::<String>::new());
        assert_eq!(set(Corner::AllBad), ["removal=25s"]);
        assert_eq!(set(Corner::AllGood), ["removal=5s", "on_stop=drain"]);
        assert_eq!(set(Corner::One { unknown: 1, bad: false }), ["on_stop=drain"]);
        // The usual behaviour on stop is one of the ends.
        assert_eq!(Corner::all(&all).len(), 5);
        assert_eq!((Corner::all(&all[..1]).len(), Corner::all(&[]).len()), (3, 1));
        assert_eq!(Corner::One { unknown: 0, bad: true }.words(&all), "removal=25s");
    }

    #[test]
    fn a_range_is_narrowed_to_where_it_holds() {
        let below = |limit: u64| {
            move |unknown: &Unknown| parse_duration(&unknown.bad).is_ok_and(|span| span.whole_secs() < limit)
        };
        let removal = unknown("removal", "9s", "5s", "25s");
        let narrowed = removal.shrunk(&mut below(13));
        assert!(narrowed.narrowed && narrowed.bad.starts_with("12."), "{}", narrowed.bad);
        assert_eq!(narrowed.central, "9s");
        assert_eq!(narrowed.whole(), removal);
        // The usual value lies beyond: it moves along, while it is looked for too.
        let mut centrals = Vec::new();
        let narrowed = removal.shrunk(&mut |unknown| {
            centrals.push(unknown.central == unknown.bad);
            below(7)(unknown)
        });
        assert_eq!(narrowed.central, narrowed.bad);
        assert!(centrals.contains(&true), "{centrals:?}");
        // Words have no middle.
        let stop = unknown("on_stop", "exit", "drain", "exit");
        let narrowed = stop.shrunk(&mut |_| unreachable!("there is nothing between two words"));
        assert_eq!((narrowed.bad.as_str(), narrowed.central.as_str()), ("drain", "drain"));
    }
}
