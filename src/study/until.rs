//! When enough runs have been made: sequential stopping.

use super::summary::RunSummary;
use crate::stats::{CONFIDENCE, Summary, none_below};

/// Runs until the interval of the mean loss is narrow enough.
///
/// The answer is looked at only after 20, 30, 45, ... runs, so the number of runs does not depend
/// on the number of threads, and few looks leave the interval's coverage nearly what it says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    /// Half the width of the interval, as a share of the mean.
    pub share: f64,
    /// The most runs.
    pub cap: u32,
}

/// How a user writes it.
pub const UNTIL_FORM: &str = "write 'ci95<=5%'";

impl Until {
    /// The most runs when nobody says.
    pub const CAP_DEFAULT: u32 = 1_000;
    /// Runs before the first look.
    const FIRST: u32 = 20;

    /// Reads `ci95<=5%` and gives the share.
    ///
    /// # Errors
    /// In words, if it is not of that form.
    pub fn parse_share(text: &str) -> Result<f64, String> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let percent = plain.strip_prefix("ci95<=").and_then(|rest| rest.strip_suffix('%'));
        let percent: Option<f64> = percent.and_then(|number| number.parse().ok());
        match percent {
            Some(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent / 100.0),
            _ => Err(UNTIL_FORM.to_owned()),
        }
    }

    /// What came of it, in words.
    pub fn words(self, runs: &[RunSummary]) -> String {
        let (count, target) = (runs.len(), 100.0 * self.share);
        let lost: Vec<f64> = runs.iter().map(|run| run.lost as f64).collect();
        let summary = Summary::of(&lost).filter(|summary| summary.max > 0.0);
        let half = summary.and_then(|summary| Some((summary.ci95?, summary.mean)));
        let found = match half {
            None => format!(
                "no loss in {count} runs: fewer than {:.1} % of runs lose anything",
                100.0 * none_below(count as u32)
            ),
            Some((interval, mean)) => {
                let share = 50.0 * (interval.hi - interval.lo) / mean;
                format!("{count} runs: the 95 % interval of the mean loss is +-{share:.1} % of it")
            }
        };
        if self.is_narrow(runs) {
            found
        } else {
            format!("{found}, and not {target} %: --runs allows more than {}", self.cap)
        }
    }

    /// How many runs there are to be after the `done` ones; `None` if these are enough.
    pub(super) fn next(self, done: u32, runs: &[RunSummary]) -> Option<u32> {
        if done >= self.cap || self.is_narrow(runs) {
            return None;
        }
        let more = if done == 0 { Until::FIRST } else { done.saturating_add(done / 2) };
        Some(more.min(self.cap))
    }

    /// Where nothing is lost there is no share of the mean: then as many runs as leave less than a
    /// chance of 5 % that a run loses anything.
    fn is_narrow(self, runs: &[RunSummary]) -> bool {
        let lost: Vec<f64> = runs.iter().map(|run| run.lost as f64).collect();
        let Some(summary) = Summary::of(&lost) else { return false };
        if summary.max <= 0.0 {
            return none_below(runs.len() as u32) < 1.0 - CONFIDENCE;
        }
        let half = summary.ci95.map(|interval| (interval.hi - interval.lo) / 2.0);
        half.is_some_and(|half| half <= self.share * summary.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::testing::run_summary;

    fn stops_after(cap: u32, lost: impl Fn(u32) -> u64) -> u32 {
        let until = Until { share: 0.05, cap };
        let mut runs = Vec::new();
        let mut done = 0;
        while let Some(next) = until.next(done, &runs) {
            runs.extend((done..next).map(|run| run_summary(run + 1, lost(run))));
            done = next;
        }
        done
    }

    #[test]
    fn as_many_runs_as_the_spread_needs_and_never_more_than_the_cap() {
        assert_eq!(stops_after(1_000, |_| 100), 20, "no spread");
        assert_eq!(stops_after(1_000, |_| 0), 67, "59 runs without loss are needed");
        assert_eq!(stops_after(1_000, |run| 100 + 60 * u64::from(run % 2)), 100);
        assert_eq!(stops_after(50, |run| 900 * u64::from(run % 5 == 0)), 50);
        assert_eq!(stops_after(7, |_| 0), 7);
    }

    #[test]
    fn what_came_of_it_is_said() {
        let runs = |count: u32, lost: &dyn Fn(u32) -> u64| -> Vec<RunSummary> {
            (1..=count).map(|run| run_summary(run, lost(run))).collect()
        };
        let until = Until { share: 0.05, cap: 60 };
        assert_eq!(
            until.words(&runs(60, &|_| 0)),
            "no loss in 60 runs: fewer than 4.9 % of runs lose anything"
        );
        assert_eq!(
            until.words(&runs(20, &|_| 9)),
            "20 runs: the 95 % interval of the mean loss is +-0.0 % of it"
        );
        let wide = until.words(&runs(60, &|run| 900 * u64::from(run % 5 == 0)));
        assert!(wide.ends_with(", and not 5 %: --runs allows more than 60"), "{wide}");
    }

    #[test]
    fn the_target_is_written_in_one_way() {
        assert_eq!(Until::parse_share("ci95 <= 5 %"), Ok(0.05));
        for text in ["", "5%", "ci95<=5", "ci95<=0%", "ci95<=-5%", "ci95<=nan%", "ci95<5%"] {
            assert!(Until::parse_share(text).is_err(), "{text}");
        }
    }
}
