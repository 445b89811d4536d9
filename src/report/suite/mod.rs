//! Many scenarios with expectations, as a test runner shows them.

mod github;
mod junit;
mod sarif;
#[cfg(test)]
mod tests;
mod text;

use crate::study::{Judged, Judgement};

pub use github::{annotations, write_step_summary};
pub use junit::write_junit;
pub use sarif::write_sarif;
pub use text::{write_failures, write_line};

/// One scenario of a suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// The scenario's file.
    pub file: String,
    /// What came of it.
    pub outcome: Outcome,
    /// File and line, counted from 1, of each expectation that stands in a file.
    pub places: Vec<Option<(String, usize)>>,
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was simulated and judged.
    Judged(Vec<Judged>),
    /// It cannot be simulated, and why: one text per error.
    Broken(Vec<String>),
}

/// The verdict on a scenario, in order of gravity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every expectation holds.
    Pass,
    /// The runs do not decide one.
    Inconclusive,
    /// One does not hold.
    Fail,
    /// There is nothing to judge.
    Broken,
}

impl Tested {
    /// The gravest thing about it.
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Broken(_) => Verdict::Broken,
            Outcome::Judged(all) => {
                let grave = |judged: &Judged| match judged.verdict {
                    Judgement::Hold => Verdict::Pass,
                    Judgement::Inconclusive => Verdict::Inconclusive,
                    Judgement::Fail => Verdict::Fail,
                };
                all.iter().map(grave).max().unwrap_or(Verdict::Pass)
            }
        }
    }

    /// The expectations that do not hold.
    fn open(&self) -> impl Iterator<Item = &Judged> {
        self.open_at().map(|(judged, _)| judged)
    }

    /// The expectations that do not hold, and where they stand: the scenario's first line for those
    /// of the command line.
    fn open_at(&self) -> impl Iterator<Item = (&Judged, (&str, usize))> {
        let all = match &self.outcome {
            Outcome::Judged(all) => &all[..],
            Outcome::Broken(_) => &[],
        };
        let open = all.iter().enumerate().filter(|(_, judged)| judged.verdict != Judgement::Hold);
        open.map(|(index, judged)| {
            let place = self.places.get(index).and_then(Option::as_ref);
            (judged, place.map_or((self.file.as_str(), 1), |(file, line)| (file.as_str(), *line)))
        })
    }
}

/// How many scenarios ended how: `3 passed, 1 failed`.
pub fn counts(all: &[Tested]) -> String {
    let words = [
        (Verdict::Pass, "passed"),
        (Verdict::Fail, "failed"),
        (Verdict::Inconclusive, "inconclusive"),
        (Verdict::Broken, "broken"),
    ];
    let count = |verdict| all.iter().filter(|tested| tested.verdict() == verdict).count();
    let parts = words.map(|(verdict, word)| (count(verdict), word));
    let shown = parts.iter().filter(|(count, word)| *count > 0 || *word == "passed");
    shown.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
