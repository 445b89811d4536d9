//! Processes that never hear of their end.

use crate::config::case::Origin;
use crate::diag::Severity;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const SIGNAL_ARRIVES: Rule = Rule {
    code: "PL019",
    name: "signal-arrives",
    severity: Severity::Warning,
    title: "the stop signal reaches the application",
    why: "`sh -c \"app\"` leaves the shell as process 1. It neither reacts to SIGTERM nor passes it on, so the \
          application serves until SIGKILL and loses whatever it has under way then.",
    remedy: "Write `exec` before the last command, or the command without a shell.",
    blind: "Entry points inside images; bash replaces itself by a single simple command, dash does not.",
    source: "measured with dash 0.5.12 and bash 5.2",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let stated = |c: &crate::lint::ContainerFacts| c.stop.is_some_and(|stop| stop.origin == Origin::Given);
    let deaf = facts.containers.iter().filter(|c| facts.serves && c.on_route && !stated(c)).filter_map(
        |container| {
            let script = wrapped_script(&container.command)?;
            let message = format!(
                "container `{}` runs `{}` under a shell, which keeps the stop signal to itself",
                container.name,
                script.split_whitespace().collect::<Vec<_>>().join(" ")
            );
            Some(
                Found::new(Severity::Warning, message, &container.place)
                    .label("SIGKILL ends it, in mid-request"),
            )
        },
    );
    deaf.collect()
}

/// The script of `sh -c SCRIPT`, if nothing in it replaces the shell or handles signals. Only the
/// shells that stay are meant.
fn wrapped_script(command: &[String]) -> Option<&str> {
    let program = command.first()?.rsplit('/').next()?;
    let flag = command.get(1)?;
    let script = command.get(2)?;
    let stays = ["sh", "dash", "ash"].contains(&program) && flag.starts_with('-') && flag.ends_with('c');
    let handled =
        script.split_whitespace().any(|word| matches!(word, "exec" | "trap" | "tini" | "dumb-init"));
    (stays && !handled).then_some(script.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_that_stay_are_told_from_those_that_leave() {
        for (command, stays) in [
            (&["sh", "-c", "node server.js"][..], true),
            (&["/bin/sh", "-ec", "migrate && serve"], true),
            (&["sh", "-c", "migrate; exec serve"], false),
            (&["sh", "-c", "trap stop TERM; serve & wait"], false),
            (&["bash", "-c", "serve"], false),
            (&["sh", "start.sh"], false),
            (&["node", "server.js"], false),
            (&[], false),
        ] {
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(wrapped_script(&command).is_some(), stays, "{command:?}");
        }
    }
}
