//! Near misses of names: wrong case, a letter too many, too few, exchanged or swapped.

/// The name among `known` that `written` most likely stands for, if it is near enough to be a
/// slip and not another word: the same apart from case, one slip in names of four letters and
/// more, two in names of eight and more. Equal names are not slips.
pub(crate) fn near_miss<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .filter(|name| **name != written)
        .filter_map(|name| distance(written, name).map(|slips| (slips, *name)))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// The number of slips between two names, `None` if there are more than a slip explains.
fn distance(written: &str, name: &str) -> Option<usize> {
    if written.eq_ignore_ascii_case(name) {
        return Some(0);
    }
    let allowed = match name.len() {
        0..=3 => return None,
        4..=7 => 1,
        _ => 2,
    };
    if written.len().abs_diff(name.len()) > allowed {
        return None;
    }
    let slips = edits(&written.to_ascii_lowercase(), &name.to_ascii_lowercase());
    (slips <= allowed).then_some(slips)
}

/// Damerau-Levenshtein distance in its restricted form (a pair of letters is swapped only once).
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j - 1] + changed).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let known = ["periodSeconds", "timeoutSeconds", "path", "port", "cpu", "exec"];
        for (written, meant) in [
            ("periodSecond", Some("periodSeconds")),
            ("periodseconds", Some("periodSeconds")),
            ("peroidSeconds", Some("periodSeconds")),
            ("period", None),
            ("timeoutSecs", None),
            ("timeoutSecods", Some("timeoutSeconds")),
            ("Path", Some("path")),
            ("prot", Some("port")),
            ("cpus", None),
            ("CPU", Some("cpu")),
            ("execs", Some("exec")),
            ("httpGet", None),
            ("port", None),
            ("", None),
        ] {
            assert_eq!(near_miss(written, &known), meant, "{written}");
        }
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_bounded(a in "[a-cé]{0,9}", b in "[a-cé]{0,9}") {
            let longer = a.chars().count().max(b.chars().count());
            prop_assert_eq!(edits(&a, &b), edits(&b, &a));
            prop_assert!(edits(&a, &b) <= longer);
            prop_assert_eq!(edits(&a, &b) == 0, a == b);
        }
    }
}
