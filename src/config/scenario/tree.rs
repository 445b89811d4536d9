//! The knobs as the tables and keys of a scenario file.

use crate::config::knobs::{self, Knob};

/// Knobs that stand in scenario files under their own path: all but fields of Kubernetes objects.
pub(super) fn knobs() -> impl Iterator<Item = &'static Knob> {
    knobs::all().filter(|knob| !knob.path.contains(':'))
}

/// The knob at a path of keys.
pub(super) fn knob_at(path: &[&str]) -> Option<&'static Knob> {
    knobs().find(|knob| {
        let mut parts = knob.path.split('.');
        path.iter().all(|key| parts.next().is_some_and(|part| fits(part, key))) && parts.next().is_none()
    })
}

/// The keys that may follow a path; `*` stands for any name.
pub(super) fn keys_below(path: &[&str]) -> Vec<&'static str> {
    let mut keys = Vec::new();
    for knob in knobs() {
        let mut parts = knob.path.split('.');
        if path.iter().all(|key| parts.next().is_some_and(|part| fits(part, key)))
            && let Some(next) = parts.next()
            && !keys.contains(&next)
        {
            keys.push(next);
        }
    }
    keys
}

fn fits(part: &str, key: &str) -> bool {
    part == "*" || part == key
}

/// Where a knob stands, in words: `` `[front_end]` ``.
pub(super) fn home(knob: &Knob) -> String {
    match knob.path.rsplit_once('.') {
        _ if knob.path.contains(':') => "`[set]`".to_owned(),
        Some((table, _)) => format!("`[{}]`", table.replace('*', "NAME")),
        None => "the beginning of the file, before any table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_knobs() {
        assert_eq!(knob_at(&["front_end", "removal"]).map(|knob| knob.path), Some("front_end.removal"));
        assert_eq!(
            knob_at(&["containers", "app", "startup"]).map(|knob| knob.path),
            Some("containers.*.startup")
        );
        assert_eq!(knob_at(&["containers", "app"]), None);
        assert_eq!(knob_at(&["front_end"]), None);
        assert!(keys_below(&["containers", "app"]).contains(&"startup"));
        assert_eq!(keys_below(&["containers"]), ["*"]);
        assert!(keys_below(&[]).contains(&"load") && keys_below(&[]).contains(&"duration"));
        assert!(keys_below(&["front_end", "removal"]).is_empty());
    }
}
