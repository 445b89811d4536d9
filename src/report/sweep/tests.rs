use super::*;
use crate::sweep::Plan;
use crate::sweep::testing::{Files, axis, by_loss, inputs, metrics, whole};

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

#[test]
fn every_point_is_a_line_of_the_table() {
    let inputs = inputs();
    let axes = vec![axis("maxSurge", &["0", "1"]), axis("maxUnavailable", &["0", "1"])];
    let plan = Plan::new(&inputs, "test", axes, metrics()).expect("a plan");
    let mut files = Files::of(&plan);
    files.run(&plan, 1, 1);
    let table = text(|out| write_csv(&files.merged(), out));
    let columns = |line: &str| line.split(',').count();
    assert_eq!(table.lines().count(), 5);
    assert_eq!(columns(table.lines().nth(2).expect("a row")), columns(table.lines().next().expect("names")));
}

#[test]
fn the_best_are_shown_and_drawn() {
    let merged = whole().merged();
    let top = text(|out| write_top(&merged, &by_loss(), 5, out));
    assert!(top.contains("and 13 more") && top.lines().all(|line| line.chars().count() <= 100), "{top}");
    let names: Vec<String> =
        pictures(&merged, &by_loss()).into_iter().map(|picture| picture.name.into_owned()).collect();
    assert_eq!(names, ["heat-map", "along-preStop", "along-removal", "cost"]);
}
