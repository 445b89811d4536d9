//! Processes that never hear of their end.

use crate::config::case::Origin;
use crate::config::command::deaf_shell;
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
            let (_, script) = deaf_shell(&container.command_line)?;
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
