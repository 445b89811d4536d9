//! Whole studies of a small case.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::testing::case;
use super::*;
use crate::units::Nanos;
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

fn study(options: Options, overrides: &[(&str, &str)]) -> Study {
    let base: Vec<Override> = overrides
        .iter()
        .map(|(knob, value)| Override { knob: (*knob).to_owned(), value: (*value).to_owned() })
        .collect();
    let case_of = |more: &[Override]| case(&[&base, more].concat());
    run(&case_of, options, &Quiet, &|| false).expect("a study")
}

#[test]
fn the_loss_hangs_on_the_unknowns_and_the_place_is_found() {
    let study = study(Options::default(), &[("stop", "linger")]);
    // Processes linger 8 s: a removal of 4 s loses nothing, one of 10 s does.
    assert_eq!(study.total.lost(), 0);
    let effects: Vec<_> = study.effects.iter().map(|e| e.map(|e| (e.lo.with_loss, e.hi.with_loss))).collect();
    assert_eq!(effects, [Some((0, 5)), Some((0, 5)), None]);
    assert_eq!(study.answer.verdict, Verdict::Depends);
    assert!(study.answer.lost_range.0 == 0.0 && study.answer.lost_range.1 > 100.0);
    assert_eq!((study.answer.varied, study.answer.unvaried, study.answer.runs_per_point), (2, 0, 5));
    let corners = study.answer.corners.expect("two unknowns have corners");
    assert!(corners.lo.lost == 0 && corners.hi.lost > 0);
}

#[test]
fn without_a_request_nothing_is_known() {
    let idle = |more: &[Override]| {
        let mut case = case(more)?;
        let profile = Profile::constant(0.0, Nanos::from_secs(30)).map_err(|error| error.to_string())?;
        let load = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } });
        Arc::make_mut(&mut case.spec).load = load;
        Ok::<_, String>(case)
    };
    let study = run(&idle, Options::default(), &Quiet, &|| false).expect("a study");
    assert_eq!((study.total.arrived, study.answer.verdict), (0, Verdict::Unknown));
}

#[test]
fn one_unknown_that_decides_is_searched() {
    let base = [Override { knob: "stop".into(), value: "linger".into() }];
    let one = |more: &[Override]| {
        let mut case = case(&[&base, more].concat())?;
        case.assumptions.retain(|a| a.key == "removal");
        Ok::<_, String>(case)
    };
    let study = run(&one, Options::default(), &Quiet, &|| false).expect("a study");
    let flip = study.answer.flip.expect("the loss begins somewhere");
    assert!(flip.rising && flip.searched && flip.key == "removal");
    let seconds = |text: &str| crate::units::parse_duration(text).expect("a duration").as_secs_f64();
    let (without, with) = (seconds(&flip.without), seconds(&flip.with));
    assert!(without < with && with - without < 0.15, "{without}..{with}");
    // The listener closes 8 s after the signal, 20 ms after the deletion.
    assert!((7.8..8.3).contains(&with), "{with}");
}

#[test]
fn margins_say_what_is_missing() {
    let study = study(Options { central_only: true, ..Options::default() }, &[]);
    assert!(study.total.lost() > 0);
    let all = margins(&study.case, &study.runs);
    let names: Vec<_> = all.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["removal", "grace", "startup", "cpu", "capacity"]);
    let removal = &all[0];
    assert!(removal.have < 0.1 && (removal.need - 4.0).abs() < 0.2, "{removal:?}");
    assert!((removal.slack + 4.0).abs() < 0.2 && removal.share_of_loss > 0.9, "{removal:?}");
    assert_eq!(removal.need_range, Some((1.0, 10.0)));
    let grace = &all[1];
    assert!(grace.slack > 29.0 && grace.share_of_loss == 0.0, "{grace:?}");
    // Listening takes 2 s; liveness would need 30 s to give up.
    assert!((all[2].slack - 28.0).abs() < 0.01, "{:?}", all[2]);
    // 80 requests of 9 ms CPU in a second against four cores.
    assert!((all[3].have - 4.0).abs() < 1e-9 && (0.7..1.2).contains(&all[3].need), "{:?}", all[3]);
}

#[test]
fn threads_change_nothing_and_lines_add_up() {
    let one = study(Options { threads: Some(1), ..Options::default() }, &[]);
    let many = study(Options { threads: Some(7), ..Options::default() }, &[]);
    assert_eq!(one.runs, many.runs);
    assert_eq!(one.total, many.total);
    assert_eq!((&one.samples, &one.first), (&many.samples, &many.first));
    assert_eq!((&one.effects, &one.answer), (&many.effects, &many.answer));
    assert_eq!(one.runs.iter().map(|r| r.lost).sum::<u64>(), one.total.lost());
    assert_eq!(one.runs.iter().map(|r| r.total).sum::<u64>(), one.total.arrived);
    assert_eq!(one.runs.iter().map(|r| r.run).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(one.runs.windows(2).any(|w| w[0].total != w[1].total), "runs differ by their seed");
    for (&(status, cause), tally) in &one.total.causes {
        let kept: Vec<_> = one.samples.iter().filter(|s| (s.status, s.cause) == (status, cause)).collect();
        assert_eq!(kept.len() as u64, tally.count.min(5), "{status} {cause}");
        assert!(kept.windows(2).all(|w| w[0].run <= w[1].run), "the first runs come first");
    }
}

struct Counter {
    planned: AtomicU32,
    done: AtomicU32,
    purposes: Mutex<Vec<String>>,
}

impl Progress for Counter {
    fn planned(&self, purpose: &str, runs: u32) {
        self.planned.fetch_add(runs, Ordering::Relaxed);
        self.purposes.lock().expect("no panic").push(purpose.to_owned());
    }

    fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn breaking_off_keeps_finished_runs_and_says_so() {
    let counter = Counter { planned: 0.into(), done: 0.into(), purposes: Mutex::default() };
    let stop = || counter.done.load(Ordering::Relaxed) >= 4;
    let options = Options { threads: Some(1), ..Options::default() };
    let study = run(&|o| case(o), options, &counter, &stop).expect("a study");
    assert!(study.interrupted);
    assert_eq!(study.runs.len(), 4);
    assert_eq!(study.total.lost(), study.runs.iter().map(|r| r.lost).sum::<u64>());
    assert_eq!(study.effects, [None, None, None]);
    assert_eq!(*counter.purposes.lock().expect("no panic"), ["runs"]);
    assert_eq!(counter.planned.load(Ordering::Relaxed), 6);
}

#[test]
fn a_study_broken_off_in_its_first_run_shows_what_there_is() {
    let asked = AtomicU32::new(0);
    // Not at the very first question, which comes before any run.
    let stop = || asked.fetch_add(1, Ordering::Relaxed) > 0;
    let options = Options { threads: Some(1), ..Options::default() };
    let hour = |overrides: &[Override]| {
        let mut case = case(overrides)?;
        let profile = Profile::constant(80.0, Nanos::from_secs(3_600)).map_err(|error| error.to_string())?;
        let load = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } });
        Arc::make_mut(&mut case.spec).load = load;
        Ok::<_, String>(case)
    };
    let study = run(&hour, options, &Quiet, &stop).expect("a study");
    assert!(study.interrupted && study.runs.len() == 1);
    assert!(study.total.conserves() && study.total.arrived > 0, "{:?}", study.total.arrived);
    assert!(study.runs[0].end_ns < Nanos::from_secs(3_600).0, "{}", study.runs[0].end_ns);
}

#[test]
fn a_case_that_cannot_be_built_is_an_error_and_an_end_that_cannot_is_not() {
    let broken = |_: &[Override]| Err::<Case, _>("no");
    assert!(matches!(run(&broken, Options::default(), &Quiet, &|| false), Err(StudyError::Case("no"))));
    let half = |overrides: &[Override]| {
        if overrides.iter().any(|o| o.value == "10s") { Err("too long".to_owned()) } else { case(overrides) }
    };
    let study = run(&half, Options::default(), &Quiet, &|| false).expect("a study");
    assert!(study.effects[0].is_none() && study.effects[1].is_some());
    assert_eq!((study.answer.varied, study.answer.unvaried), (1, 1));
}
