//! Whatever the text, reading ends, without panic, with a result or with errors that can be shown.

use proptest::prelude::*;

use super::super::{Source, front_end_hints, link_warnings, read_front_end, read_manifests, select_workload};
use super::{HPA, INGRESS, PDB, SERVICE, WEB, documents, read, rendered};

/// Reads a text and looks at everything that comes of it.
fn exercise(text: &str) {
    let found = match read(text) {
        Ok(manifests) => {
            let mut found = link_warnings(&manifests);
            for deployment in &manifests.deployments {
                let name = format!("{}/deploy/{}", deployment.meta.namespace, deployment.meta.name);
                if let Ok(selection) = select_workload(&manifests, Some(&name)) {
                    for preset in front_end_hints(&selection).iter().filter_map(|hint| hint.preset) {
                        found.extend(read_front_end(&selection, preset).said.warnings);
                    }
                    found.extend(selection.warnings);
                }
            }
            found.extend(select_workload(&manifests, None).err());
            assert!(manifests.warnings.iter().all(|warning| !warning.is_error()));
            found.extend(manifests.warnings);
            found
        }
        Err(errors) => {
            assert!(errors.iter().any(|error| error.is_error()), "refused without an error");
            errors
        }
    };
    let _ = rendered(&found);
    assert!(found.iter().all(|diagnostic| !diagnostic.to_string().contains('\n')));
}

/// One change to a text: what a slip of the hand or a broken template would do.
#[derive(Clone, Debug)]
enum Change {
    Remove { line: usize },
    Repeat { line: usize },
    Indent { line: usize, by: usize },
    Insert { line: usize, text: String },
    ReplaceValue { line: usize, text: String },
    Cut { at: usize },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let pieces = prop::sample::select(vec![
        "{{ .Values.x }}",
        "*a",
        "&a",
        "<<: *a",
        "- ",
        "? ",
        "|",
        ">",
        "[",
        "{",
        "}",
        "]",
        "\"",
        "'",
        "---",
        "...",
        "#",
        "!!int 3",
        "!x",
        "null",
        "~",
        "-1",
        "99999999999999999999",
        "1e400",
        "0x10",
        "true",
        "[]",
        "{}",
        "[{}]",
        "\t",
        "\u{feff}",
        "\u{85}",
        "ä",
        "%YAML 1.2",
        "name:",
        "spec:",
        "<<:",
        "kind: List",
        "items:",
    ]);
    let line = 0..90_usize;
    let change = prop_oneof![
        line.clone().prop_map(|line| Change::Remove { line }),
        line.clone().prop_map(|line| Change::Repeat { line }),
        (line.clone(), 0..12_usize).prop_map(|(line, by)| Change::Indent { line, by }),
        (line.clone(), pieces.clone())
            .prop_map(|(line, text)| Change::Insert { line, text: text.to_owned() }),
        (line.clone(), pieces).prop_map(|(line, text)| Change::ReplaceValue { line, text: text.to_owned() }),
        (line, "\\PC{0,12}").prop_map(|(line, text)| Change::ReplaceValue { line, text }),
        (0..2_500_usize).prop_map(|at| Change::Cut { at }),
    ];
    prop::collection::vec(change, 1..6)
}

fn apply(text: &str, change: &Change) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = lines.len().saturating_sub(1);
    match change {
        Change::Cut { at } => return text.chars().take(*at).collect(),
        _ if lines.is_empty() => return text.to_owned(),
        Change::Remove { line } => drop(lines.remove((*line).min(last))),
        Change::Repeat { line } => lines.insert((*line).min(last), lines[(*line).min(last)].clone()),
        Change::Indent { line, by } => {
            let line = &mut lines[(*line).min(last)];
            *line = format!("{}{}", " ".repeat(*by), line.trim_start());
        }
        Change::Insert { line, text } => lines.insert((*line).min(last), text.clone()),
        Change::ReplaceValue { line, text } => {
            let line = &mut lines[(*line).min(last)];
            let key = line.split_once(':').map_or(line.as_str(), |(key, _)| key);
            *line = format!("{key}: {text}");
        }
    }
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn broken_manifests(changes in changes()) {
        let sound = documents(&[WEB, SERVICE, HPA, INGRESS, PDB]);
        exercise(&changes.iter().fold(sound, |text, change| apply(&text, change)));
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        exercise(&text);
    }

    #[test]
    fn any_signs_of_yaml(text in "[-a:{}\\[\\]&*!|>'\"%#?,. \n\t~<0]{0,120}") {
        exercise(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&String::from_utf8_lossy(&bytes));
    }

    /// No field is dropped in silence: whatever is added is listed or refused.
    #[test]
    fn an_added_field_is_never_dropped(line in 0..60_usize, name in "[a-z]{1,14}") {
        let sound = documents(&[WEB, SERVICE, HPA, PDB]);
        let mut lines: Vec<&str> = sound.lines().collect();
        let line = line.min(lines.len() - 1);
        let indent: String = lines[line].chars().take_while(|c| *c == ' ').collect();
        let added = format!("{indent}{name}: {{}}");
        lines.insert(line, &added);
        let text = lines.join("\n") + "\n";
        let before = read(&sound).unwrap();
        if let Ok(after) = read(&text) {
            let listed = after.not_modelled.iter().any(|entry| entry.field.ends_with(&name) && !before.not_modelled.contains(entry));
            // A document of its own, or an empty list of a known name, is taken for what it is.
            let told = after.warnings.len() > before.warnings.len();
            prop_assert!(listed || told || after != before, "{name} at line {line}:\n{text}");
        }
    }
}

/// Reads every manifest of a folder named in the environment, to try what users really have.
#[test]
fn folders_of_real_manifests() {
    let Some(folder) = std::env::var_os("PODLOSS_MANIFESTS") else { return };
    let entries = std::fs::read_dir(&folder).expect("PODLOSS_MANIFESTS names a folder");
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json") {
            let manifests = read_manifests(&[Source::Path(path.clone())]);
            let manifests =
                manifests.unwrap_or_else(|errors| panic!("{}:\n{}", path.display(), rendered(&errors)));
            let unknown: Vec<_> = manifests.not_modelled.iter().filter(|entry| !entry.known).collect();
            println!(
                "{}: {} warnings, unknown fields: {unknown:?}",
                path.display(),
                manifests.warnings.len()
            );
            link_warnings(&manifests).iter().for_each(|warning| println!("{}", warning.render(false)));
        }
    }
}
