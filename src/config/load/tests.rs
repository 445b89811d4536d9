use super::*;
use crate::config::described::EventAction;
use crate::config::settings::Layer;
use crate::diag::SourceText;

fn settings(list: &[(&str, &str, Layer)]) -> Settings {
    let mut settings = Settings::default();
    for (path, text, layer) in list {
        let setting = Setting { path: (*path).into(), text: (*text).into(), layer: *layer, place: None };
        settings.push(setting);
    }
    settings
}

fn flags(list: &[(&str, &str)]) -> Settings {
    settings(&list.iter().map(|(path, text)| (*path, *text, Layer::Flag)).collect::<Vec<_>>())
}

fn planned(settings: &Settings) -> Result<Planned, Vec<Diagnostic>> {
    let text = "timestamp_s,requests_per_s\n0,1\n60,2\n120,3\n300,1\n";
    let (series, _) = read_trace(&SourceText::new("day.csv", text)).unwrap();
    let (list, _) = read_trace(&SourceText::new("list.csv", "arrival_s\n0\n1\n5\n")).unwrap();
    let events = [EventLine { at: Nanos::from_secs(60), action: EventAction::Rollout, place: None }];
    let traces = [("day.csv".to_owned(), series), ("list.csv".to_owned(), list)];
    let around =
        Surroundings { events: &events, rollouts: Rollouts::within(Nanos::from_secs(120)), traces: &traces };
    plan(settings, &around)
}

#[test]
fn headings_say_what_was_read() {
    for (list, words, seconds) in [
        (vec![("load.rps", "900")], "900 rps open loop", 180),
        (vec![("load.rps", "1200"), ("duration", "10m")], "1,200 rps open loop", 600),
        (vec![("load.rps", "200@0,900@10m")], "200..900 rps open loop", 720),
        (vec![("load.rps", "0.21")], "0.21 rps open loop", 180),
        (vec![("load.connections", "200")], "200 connections", 180),
        (vec![("load.connections", "200"), ("load.think", "100ms")], "200 connections thinking 100ms", 180),
        (vec![("load.trace", "day.csv")], "replay of day.csv, 1..3 rps", 360),
        (
            vec![("load.trace", "day.csv"), ("load.scale", "20"), ("duration", "1m")],
            "replay of day.csv x20, 20 rps",
            60,
        ),
        (vec![("load.trace", "list.csv"), ("duration", "3s")], "replay of list.csv, 2 arrivals", 2),
    ] {
        let planned = planned(&flags(&list)).unwrap_or_else(|errors| panic!("{list:?}: {errors:?}"));
        assert_eq!(planned.words, words);
        // A list ends right behind its last arrival.
        assert_eq!(planned.load.duration().whole_secs().max(2), seconds.max(2), "{list:?}");
    }
}

#[test]
fn the_strongest_layer_decides_on_the_kind() {
    for (list, words) in [
        (vec![("load.connections", "5", Layer::File), ("load.rps", "9", Layer::Flag)], "9 rps open loop"),
        (vec![("load.connections", "5", Layer::Override), ("load.rps", "9", Layer::Flag)], "5 connections"),
        (
            vec![
                ("load.kind", "closed", Layer::File),
                ("load.connections", "5", Layer::File),
                ("load.rps", "9", Layer::Flag),
            ],
            "9 rps open loop",
        ),
        (
            vec![
                ("load.kind", "closed", Layer::File),
                ("load.connections", "5", Layer::File),
                ("load.rps", "9", Layer::File),
            ],
            "5 connections",
        ),
    ] {
        assert_eq!(
            planned(&settings(&list)).map(|planned| planned.words).ok().as_deref(),
            Some(words),
            "{list:?}"
        );
    }
}

#[test]
fn what_makes_no_load_is_refused() {
    for (list, part) in [
        (vec![], "there is no load"),
        (vec![("load.rps", "9"), ("load.connections", "5")], "two loads"),
        (vec![("load.rps", "9"), ("load.kind", "closed")], "needs `load.connections`"),
        (vec![("load.rps", "9"), ("load.kind", "half-open")], "not a kind of load"),
        (vec![("load.rps", "-9")], "load.rps: `-9` is negative"),
        (vec![("load.rps", "9"), ("duration", "0s")], "longer than 0s"),
        (vec![("load.rps", "9"), ("duration", "10000000h")], "longer than a year"),
        (vec![("load.rps", "9"), ("duration", "1m..2m")], "not a range"),
        (vec![("load.rps", "1e8"), ("duration", "1h")], "too many to simulate"),
        (vec![("load.rps", "9"), ("load.dispersion", "0")], "not above 0"),
        (vec![("load.rps", "9"), ("load.dispersion", "NaN")], "load.dispersion"),
        (vec![("load.connections", "0")], "load.connections"),
        (vec![("load.connections", "1000000000")], "load.connections"),
        (vec![("load.connections", "5"), ("load.think", "-1s")], "load.think"),
        (vec![("load.trace", "other.csv")], "was not read"),
        (vec![("load.trace", "day.csv"), ("load.cut", "2h..3h")], "leaves nothing"),
        (vec![("load.trace", "day.csv"), ("load.cut", "3h..2h")], "runs backwards"),
        (vec![("load.trace", "day.csv"), ("load.scale", "-1")], "load.scale"),
        (vec![("load.trace", "day.csv"), ("load.gaps", "guess")], "load.gaps"),
    ] {
        let errors = planned(&flags(&list)).expect_err(part);
        assert!(errors.iter().any(|error| error.to_string().contains(part)), "{list:?}: {errors:?}");
    }
}

#[test]
fn what_was_made_of_the_input_is_said() {
    for (list, part) in [
        (vec![("load.trace", "day.csv")], "1 gaps longer than the usual 1m; the rate before each is held"),
        (vec![("load.trace", "day.csv"), ("load.gaps", "zero")], "no request is sent"),
        (vec![("load.trace", "list.csv"), ("load.scale", "3")], "bursts grow"),
        (vec![("load.rps", "9,8@10m"), ("duration", "5m")], "before the rate has changed"),
    ] {
        let warnings = planned(&flags(&list)).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.to_string().contains(part)), "{list:?}: {warnings:?}");
    }
}

/// Rows, gaps, requests (in whole) and the highest rate of real traces, as the notes beside them
/// say. They are not part of this repository.
#[test]
fn real_traces_are_read_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/load");
    if !folder.is_dir() {
        println!("skipped: there is no ../shared/data/load");
        return;
    }
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect(name);
        read_trace(&SourceText::new(name, text)).unwrap_or_else(|errors| panic!("{name}: {errors:?}")).0
    };
    let plain = Replay { cut: None, scale: 1.0, shift: Nanos::ZERO, gaps: Gaps::Zero, dispersion: 1.0 };
    for (name, rows, gaps, requests, peak) in [
        ("worldcup98-1998-06-30-1min.csv", 1_440, 0, Some(75_207_657.0), 3_587.35),
        ("worldcup98-1998-06-08-week-5min.csv", 2_016, 0, Some(232_349_761.0), 2_100.09),
        ("nasa-http-1995-07-10-week-1min.csv", 10_080, 0, None, 6.75),
        ("nab-elb-requests-2014-04-10-2weeks-5min.csv", 4_032, 8, None, 2.19),
        ("azure-llm-conv-2023-1s.csv", 3_503, 0, Some(19_366.0), 19.0),
    ] {
        let trace = read(name);
        let Trace::Series(series) = &trace else { panic!("{name} is a series") };
        assert_eq!((series.rows.len(), series.gaps), (rows, gaps), "{name}");
        let OpenSource::Rate { profile, .. } = plain.of(&trace).unwrap() else { panic!("{name} is a rate") };
        let sum = profile.expected(Nanos::ZERO, profile.end());
        assert!(requests.is_none_or(|requests: f64| (sum - requests).abs() < 2.0), "{name}: {sum} requests");
        assert!((profile.peak() - peak).abs() < 0.01, "{name}: {}", profile.peak());
    }
    let Trace::Arrivals(list) = read("azure-llm-conv-2023-arrivals.csv") else { panic!("arrivals") };
    assert_eq!(list.len(), 19_366);
}
