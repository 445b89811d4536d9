//! Every topic has words, and they refer to things that exist.

use super::*;

#[test]
fn every_rule_cause_and_status_has_words_and_is_found_by_its_name() {
    let mut titles = std::collections::BTreeSet::new();
    for topic in Topic::all() {
        let words = topic.words();
        for (part, text) in [("title", words.title), ("what", words.what), ("remedy", words.remedy)] {
            assert!(text.len() > 5, "{}: {part} is missing", topic.name());
        }
        assert!(!words.title.ends_with('.'), "{}: a title is no sentence", topic.name());
        for text in [words.what, words.remedy, words.caveat] {
            assert!(text.is_empty() || text.ends_with('.'), "{}: sentences end: {text}", topic.name());
            assert!(!text.to_lowercase().contains("zero downtime"), "{}", topic.name());
            assert!(!text.contains("  "), "{}: more than one blank: {text}", topic.name());
        }
        titles.insert((topic.sort(), topic.name()));
        assert_eq!(Topic::find(topic.name()).map(Topic::name), Some(topic.name()));
        for rule in words.rules {
            assert!(matches!(Topic::find(rule), Some(Topic::Rule(_))), "{} names {rule}", topic.name());
        }
    }
    assert_eq!(titles.len(), lint::RULES.len() + Cause::ALL.len() + Status::ALL.len());
}

#[test]
fn names_are_taken_as_people_write_them() {
    for (written, found) in [
        ("pl001", Some("PL001")),
        ("Listener-Closed", Some("listener_closed")),
        ("502", Some("502")),
        ("serving-after-deletion", Some("PL001")),
        ("PL999", None),
    ] {
        assert_eq!(Topic::find(written).map(Topic::name), found, "{written}");
    }
    assert_eq!(Topic::near("listener_close"), Some("listener_closed"));
}

#[test]
fn pages_keep_to_the_width() {
    for topic in Topic::all() {
        let page = topic.page(80);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
    insta::assert_snapshot!(Topic::Cause(Cause::ListenerClosed).page(80));
}

/// With `PODLOSS_WRITE_DOCS` set the page is written instead.
#[test]
fn the_page_of_rules_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("PODLOSS_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, document()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == document(), "docs/rules.md is old: run this test with PODLOSS_WRITE_DOCS=1");
}
