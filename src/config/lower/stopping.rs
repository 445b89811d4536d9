//! How a container stops: its preStop hook, and what its process does on the signal.

use super::code;
use super::mesh;
use super::of::Of;
use super::roles::{Part, image_name};
use super::values::{Fallback, Values, into_dist};
use crate::config::case::Origin;
use crate::config::command::{command_line, deaf_shell};
use crate::config::image::{Shell, is_database_proxy, shell_in, shell_program};
use crate::config::knobs::{Keep, Kind, StopText, Value};
use crate::config::manifest::{Container, Hook};
use crate::config::presets::{Termination, termination};
use crate::diag::Diagnostic;
use crate::random::Dist;
use crate::sim::spec::{Drain, Kept, OnStop, PreStop};
use crate::units::{Nanos, parse_duration};

/// The hook as it will run.
pub(super) fn pre_stop(
    container: &Container,
    of: &Of<'_>,
    minor: u32,
    values: &mut Values<'_>,
) -> Option<PreStop> {
    let hook = container.lifecycle.pre_stop.as_ref()?;
    if matches!(hook, Hook::Sleep { .. }) && minor < 30 {
        let message = format!(
            "preStop of container `{}` uses `sleep`, which Kubernetes 1.{minor} drops: it is on since 1.30",
            container.name
        );
        values
            .problems
            .push(Diagnostic::warning(code::VERSION, message).help("write `exec: {command: [sleep, ...]}`"));
        return None;
    }
    if matches!(hook, Hook::TcpSocket(_)) {
        let message = format!("preStop of container `{}` is a tcpSocket, which always fails", container.name);
        values
            .problems
            .push(Diagnostic::warning(code::UNSUPPORTED, message).help("the stop signal follows at once"));
        return None;
    }
    if let Hook::Exec(command) = hook
        && fails(container, command, of, values)
    {
        return None;
    }
    let duration = match hook.slept() {
        Some(slept) => Dist::Fixed(slept),
        None => values.of(of, "pre_stop_duration", None).map_or(Dist::ZERO, into_dist),
    };
    Some(PreStop { duration })
}

/// Whether the command of a preStop hook fails, so that it delays nothing: if it is said, or if the image
/// holds no shell and the command needs one.
/// Source: kubernetes pkg/kubelet/kuberuntime executePreStopHook: the stop goes on, with an event of the pod.
fn fails(container: &Container, command: &[String], of: &Of<'_>, values: &mut Values<'_>) -> bool {
    let lacking = shell_program(command).filter(|_| shell_in(&container.image) == Shell::Lacking);
    let known = lacking.map(|program| {
        let message = format!(
            "preStop of container `{}` runs `{program}`, which image `{}` does not hold by its name: the hook fails and delays nothing",
            container.name, container.image
        );
        let help = "use `sleep:` in place of `exec:` (Kubernetes 1.30 or later), or say that it works: \
                    `--set pre_stop_fails=false`";
        (message, help)
    });
    let source = format!("image {} holds no shell", container.image);
    let fallback = known.as_ref().map(|_| Fallback::plain("true", Origin::Guess, &source));
    let fails = matches!(values.of(of, "pre_stop_fails", fallback), Some(Value::Switch(true)));
    if let Some((message, help)) = known.filter(|_| fails) {
        values.problems.push(Diagnostic::warning(code::UNSUPPORTED, message).help(help));
    }
    fails
}

/// What the process does on its stop signal.
pub(super) fn on_stop(container: &Container, of: &Of<'_>, part: Part, values: &mut Values<'_>) -> OnStop {
    let mut assumed = hint(container, values);
    if part == Part::Other {
        // It holds no request: when it ends matters little, and is not worth a line.
        assumed = Some(match assumed {
            Some(hint) if hint.origin != Origin::Guess => Fallback { decisive: false, ..hint },
            Some(hint) => Fallback::plain(hint.text, Origin::Guess, "no requests in it"),
            None => Fallback::plain("exit", Origin::Guess, "no requests in it"),
        });
    }
    resolved(of, assumed, values)
}

/// The same where more is known of the container than its image and command.
pub(super) fn on_stop_as(
    container: &Container,
    of: &Of<'_>,
    known: Option<Fallback>,
    values: &mut Values<'_>,
) -> OnStop {
    let assumed = known.or_else(|| hint(container, values));
    resolved(of, assumed, values)
}

fn resolved(of: &Of<'_>, assumed: Option<Fallback>, values: &mut Values<'_>) -> OnStop {
    let setting = values.said_of(of, "on_stop").cloned();
    let text = values.stop_of(of, assumed);
    match resolve(&text) {
        Ok(on_stop) => on_stop,
        Err(error) => {
            match setting {
                Some(setting) => values.invalid(&setting, &error),
                None => values.problems.push(Diagnostic::error(code::SETTING, error)),
            }
            OnStop::Exit
        }
    }
}

/// How long a server keeps idle connections that was told by the name of its preset.
pub(super) fn idle_timeout(of: &Of<'_>, values: &mut Values<'_>) -> Option<Fallback> {
    let Ok(Value::Stop(stop)) = Kind::Stop.parse(&values.said_of(of, "on_stop")?.text) else { return None };
    let preset = termination(&stop.behaviour).ok()?;
    let source = format!("the default of {}", preset.name);
    Some(Fallback::plain(preset.keepalive_idle?, Origin::Documented, source))
}

/// A behaviour by its word or the name of a preset.
pub fn resolve(text: &StopText) -> Result<OnStop, String> {
    let limit = text.limit;
    Ok(match text.behaviour.as_str() {
        "exit" => OnStop::Exit,
        "ignore" => OnStop::Ignore,
        "drain" => match text.keep {
            None => OnStop::Drain(Drain::within(limit)),
            Some(Keep::Busy) => OnStop::ServeKept(Drain::within(limit), Kept::Busy),
            Some(Keep::All) => OnStop::ServeKept(Drain::within(limit), Kept::All),
        },
        "hold" => OnStop::Hold(Drain::within(limit)),
        "decline" => OnStop::Decline(Drain::within(limit)),
        "linger" => {
            OnStop::Linger { time: Dist::Fixed(text.linger.unwrap_or_default()), drain: Drain::within(limit) }
        }
        name => {
            let preset = termination(name)?;
            let own = preset.limit_seconds.map(|seconds| Nanos::from_secs(u64::from(seconds)));
            let drain = Drain { limit: limit.or(own), answers: preset.answers };
            match preset.behaviour {
                Termination::Ignore => OnStop::Ignore,
                // php-fpm with a process_control_timeout, and the like.
                Termination::Exit if limit.is_some_and(|limit| limit.0 > 0) => OnStop::Drain(drain),
                Termination::Exit => OnStop::Exit,
                Termination::Drain => OnStop::Drain(drain),
                Termination::KeepBusy => OnStop::ServeKept(drain, Kept::Busy),
                Termination::KeepAll => OnStop::ServeKept(drain, Kept::All),
                Termination::Hold => OnStop::Hold(drain),
                Termination::Decline => OnStop::Decline(drain),
            }
        }
    })
}

/// What image, command and hook suggest.
fn hint(container: &Container, values: &mut Values<'_>) -> Option<Fallback> {
    let (image, tag) = image_name(&container.image);
    let signal = container.lifecycle.stop_signal.as_deref();
    let hook = match &container.lifecycle.pre_stop {
        Some(Hook::Exec(command)) => command.join(" "),
        _ => String::new(),
    };
    let guess = |text: &str, range: (&str, &str), why: String| {
        Some(Fallback {
            text: text.to_owned(),
            range: Some((range.0.to_owned(), range.1.to_owned())),
            origin: Origin::Guess,
            source: why,
            decisive: true,
        })
    };
    if hook.contains("nginx -s quit") {
        return guess(
            "nginx-quit",
            ("nginx-quit", "nginx-term"),
            "the preStop hook says `nginx -s quit`".into(),
        );
    }
    if let Some((shell, _)) = deaf_shell(&command_line(container)) {
        return guess("shell", ("shell", "exit"), format!("`{shell} -c` as process 1 hands no signal on"));
    }
    let quits = signal.is_none_or(|signal| signal == "SIGQUIT");
    if image == "nginx" || image == "nginx-unprivileged" {
        let text = if quits { "nginx-quit" } else { "nginx-term" };
        return guess(
            text,
            ("nginx-quit", "nginx-term"),
            format!("image `{image}`, {}", named(signal, "SIGQUIT")),
        );
    }
    if image.contains("php") && (image.contains("fpm") || tag.contains("fpm")) {
        let text = if quits { "php-fpm-quit" } else { "php-fpm-term" };
        let why = format!("image `{image}`, {}, process_control_timeout 0", named(signal, "SIGQUIT"));
        return guess(text, ("drain,limit=30s", "php-fpm-quit"), why);
    }
    if image.contains("php") && tag.contains("apache") {
        return guess(
            "apache-php",
            ("apache-php", "exit"),
            format!("image `{image}`, {}", named(signal, "SIGWINCH")),
        );
    }
    if is_database_proxy(&container.name, &container.image) {
        return Some(database_proxy(container));
    }
    mesh::on_stop(container, &image, values)
}

/// What a flag of Google's database proxies says, in whichever way it is written.
fn said_to_proxy<'c>(
    container: &'c Container,
    flags: &[&str],
    variables: &[&str],
) -> Option<(String, &'c str)> {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(String::as_str).collect();
    let flag = flags.iter().find_map(|flag| {
        words.iter().enumerate().find_map(|(at, word)| {
            match word.trim_start_matches('-').strip_prefix(flag).filter(|_| word.starts_with('-'))? {
                "" => words.get(at + 1).map(|value| (format!("--{flag}"), *value)),
                rest => rest.strip_prefix('=').map(|value| (format!("--{flag}"), value)),
            }
        })
    });
    let variable = || {
        let named = container.env.iter().find(|variable| variables.contains(&variable.name.as_str()))?;
        Some((named.name.clone(), named.value.as_str()))
    };
    flag.or_else(variable)
}

/// Source: GoogleCloudPlatform/cloud-sql-proxy cmd/root.go, which sleeps for the smallest delay before anything
/// else, internal/proxy Close, which then gives connections the largest one, and term_timeout of v1. Without
/// either it ends at once.
fn database_proxy(container: &Container) -> Fallback {
    let at_most = said_to_proxy(
        container,
        &["max-sigterm-delay", "term_timeout"],
        &["CSQL_PROXY_MAX_SIGTERM_DELAY", "ALLOYDB_PROXY_MAX_SIGTERM_DELAY"],
    );
    let at_least = said_to_proxy(
        container,
        &["min-sigterm-delay"],
        &["CSQL_PROXY_MIN_SIGTERM_DELAY", "ALLOYDB_PROXY_MIN_SIGTERM_DELAY"],
    );
    let time = |said: &Option<(String, &str)>| said.as_ref().map(|(_, value)| parse_duration(value));
    let names: Vec<&str> = at_most.iter().chain(&at_least).map(|(name, _)| name.as_str()).collect();
    let named = names.join(" and ");
    let text = match (time(&at_least), time(&at_most)) {
        (None, None) => {
            return Fallback::plain(
                "exit",
                Origin::Documented,
                "a database proxy without --max-sigterm-delay",
            );
        }
        (Some(Err(_)), _) | (_, Some(Err(_))) => {
            return Fallback {
                text: "exit".to_owned(),
                range: Some(("drain".to_owned(), "exit".to_owned())),
                origin: Origin::Guess,
                source: format!("what {named} says is not known here"),
                decisive: true,
            };
        }
        (Some(Ok(least)), Some(Ok(most))) => format!("linger={least},limit={most}"),
        (Some(Ok(least)), None) => format!("linger={least},limit=0s"),
        (None, Some(Ok(most))) => format!("drain,limit={most}"),
    };
    Fallback::plain(text, Origin::Given, named)
}

fn named(signal: Option<&str>, image: &str) -> String {
    match signal {
        Some(signal) => format!("stopSignal {signal}"),
        None => format!("whose stop signal is {image}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_presets_become_behaviours() {
        let drain = |seconds: Option<u64>| OnStop::Drain(Drain::within(seconds.map(Nanos::from_secs)));
        let resolved = |text: &str| match Kind::Stop.parse(text) {
            Ok(Value::Stop(stop)) => resolve(&stop),
            other => panic!("{text}: {other:?}"),
        };
        for (text, expected) in [
            ("exit", OnStop::Exit),
            ("ignore", OnStop::Ignore),
            ("drain", drain(None)),
            ("drain,limit=20s", drain(Some(20))),
            (
                "linger=5s",
                OnStop::Linger { time: Dist::Fixed(Nanos::from_secs(5)), drain: Drain::within(None) },
            ),
            ("uvicorn,limit=2s", OnStop::Drain(Drain { limit: Some(Nanos::from_secs(2)), answers: true })),
            ("nginx-term", OnStop::Exit),
            ("nginx-quit", drain(None)),
            ("spring-graceful", drain(Some(30))),
            ("spring-graceful,limit=5s", drain(Some(5))),
            ("spring-undertow", OnStop::Decline(Drain::within(Some(Nanos::from_secs(30))))),
            ("php-fpm-quit", OnStop::Exit),
            ("php-fpm-quit,limit=15s", drain(Some(15))),
            ("shell", OnStop::Ignore),
            ("hold", OnStop::Hold(Drain::within(None))),
            ("decline", OnStop::Decline(Drain::within(None))),
            ("drain,keep=all", OnStop::ServeKept(Drain::within(None), Kept::All)),
            ("gunicorn", OnStop::Hold(Drain::within(Some(Nanos::from_secs(30))))),
            ("node-close", OnStop::ServeKept(Drain::within(None), Kept::Busy)),
            ("node-close-old,limit=9s", {
                OnStop::ServeKept(Drain::within(Some(Nanos::from_secs(9))), Kept::All)
            }),
        ] {
            assert_eq!(resolved(text), Ok(expected), "{text}");
        }
        assert!(resolved("drian").unwrap_err().contains("did you mean `drain`?"));
    }
}
