//! Parts, shards and merging on a small service.

use super::testing::*;
use super::*;
use crate::study::Quiet;

#[test]
fn any_number_of_shards_merges_to_the_same_bytes() {
    let inputs = inputs();
    let plan = plan(&inputs);
    let expected = whole().merge().expect("a sweep");
    for count in 2..=16 {
        let mut files = Files::of(&plan);
        // In any order.
        (1..=count).rev().for_each(|index| files.run(&plan, index, count));
        assert!(files.merge().expect("a sweep") == expected, "{count} shards");
    }
    let merged = read_merged("sweep.jsonl", &mut &expected[..]).expect("a sweep");
    assert_eq!(merged.rows.len(), 18);
    let cut = &expected[..expected.len() - 9];
    assert!(read_merged("sweep.jsonl", &mut &cut[..]).expect_err("cut").to_string().contains("it was cut"));
}

#[test]
fn parts_that_do_not_belong_are_refused_by_name() {
    let good = whole();
    let change = |files: &mut Files, from: &str, edit: &dyn Fn(String) -> String| {
        let bytes = files.parts.get_mut(from).expect("a part");
        *bytes = edit(String::from_utf8(bytes.clone()).expect("text")).into_bytes();
    };
    let again = || Files { header: good.header.clone(), parts: good.parts.clone(), taken: 0 };

    let mut missing = again();
    missing.parts.remove("part-000003.jsonl");
    assert!(missing.refusal().contains("1 of 18 parts are missing, the first is part-000003.jsonl"));

    let mut ragged = again();
    change(&mut ragged, "part-000002.jsonl", &|text| text.replacen("[\"removal\",", "[\"startup\",", 1));
    assert!(
        ragged.refusal().contains("part-000002.jsonl:3: these are not the knobs"),
        "{}",
        ragged.refusal()
    );

    let mut twice = again();
    twice.parts.insert("zz.jsonl".to_owned(), good.parts["part-000002.jsonl"].clone());
    assert!(
        twice.refusal().contains("zz.jsonl and part-000002.jsonl are both part 2"),
        "{}",
        twice.refusal()
    );

    let mut foreign = again();
    change(&mut foreign, "part-000005.jsonl", &|text| text.replacen("\"seed\":1", "\"seed\":2", 1));
    assert!(
        foreign.refusal().starts_with("part-000005.jsonl belongs to another plan"),
        "{}",
        foreign.refusal()
    );

    type Edit = fn(String) -> String;
    let edits: [(Edit, &str); 5] = [
        (|text| text[..text.len() - 20].to_owned(), "it was cut"),
        (|text| text.replacen("\"point\":6", "\"point\":7", 1), "out of order"),
        (|text| format!("{text}x\n"), "something follows"),
        (|_| String::new(), "it was cut"),
        (|_| "a,b\n".to_owned(), "not a line of a podloss-sweep/1"),
    ];
    for (edit, words) in edits {
        let mut files = again();
        change(&mut files, "part-000007.jsonl", &edit);
        let refusal = files.refusal();
        assert!(refusal.starts_with("part-000007.jsonl:") && refusal.contains(words), "{refusal}");
    }
    assert!(Files::default().refusal().contains("no parts"));
}

#[test]
fn what_is_there_is_not_run_again_and_breaking_off_loses_one_part() {
    let inputs = inputs();
    let plan = plan(&inputs);
    let expected = whole();
    let mut files = Files::of(&plan);
    files.parts = expected.parts.clone();
    files.parts.remove(&name(4));
    files.run(&plan, 1, 1);
    assert_eq!(files.taken, 1);
    assert!(files.merge().expect("a sweep") == expected.merge().expect("a sweep"));
    let mut broken = Files::of(&plan);
    assert!(!run(&plan, Shard::WHOLE, Some(1), &Quiet, &|| true, &mut broken).expect("no error"));
    assert!(broken.parts.is_empty());
}

#[test]
fn what_cannot_exist_is_a_row_with_its_reason() {
    let inputs = inputs();
    let axes = vec![axis("maxSurge", &["0", "1"]), axis("maxUnavailable", &["0", "1"])];
    let plan = Plan::new(&inputs, "test", axes, metrics()).expect("a plan");
    let mut files = Files::of(&plan);
    files.run(&plan, 1, 1);
    let merged = files.merged();
    assert!(
        matches!(&merged.rows[0].outcome, Outcome::Refused(why) if !why.is_empty()),
        "{:?}",
        merged.rows[0]
    );
    assert!(merged.rows[1..].iter().all(|row| row.figures().is_some()));
}

#[test]
fn the_best_come_first() {
    let merged = whole().merged();
    let ranked = best(&merged.rows, &by_loss());
    let lost = |row: &Row| row.measured("lost").expect("a mean").mean;
    assert!(ranked.windows(2).all(|two| lost(two[0]) <= lost(two[1])));
    assert!(lost(ranked[0]) < lost(ranked[17]), "the hook matters");
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let inputs = inputs();
    let refused =
        |axes: Vec<Axis>| Plan::new(&inputs, "test", axes, metrics()).err().map(|error| error.to_string());
    assert!(refused(Vec::new()).is_some_and(|words| words.contains("nothing to go through")));
    let twice = vec![axis("preStop", &["0s"]), axis("preStop", &["1s"])];
    assert!(refused(twice).is_some_and(|words| words.contains("twice")));
    // By whichever of its names.
    let named = vec![axis("removal", &["0s"]), axis("front_end.removal", &["1s"])];
    assert!(refused(named).is_some_and(|words| words.contains("twice")));
    let many: Vec<String> = (0..10_000).map(|value| value.to_string()).collect();
    let long = |knob: &str| Axis { knob: knob.to_owned(), values: many.clone() };
    assert!(
        refused(vec![long("grace"), long("replicas")])
            .is_some_and(|words| words.contains("100000000 points"))
    );
    let plan = plan(&inputs);
    let set = plan.overrides(4);
    assert_eq!((set[0].value.as_str(), set[1].value.as_str()), ("2s", "4s"));
    let ids: std::collections::BTreeSet<String> = (0..plan.header.points).map(|p| plan.point_id(p)).collect();
    assert_eq!(ids.len(), 18);
}
