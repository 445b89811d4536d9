//! How processes stop: presets by server, and what an image's name suggests.
//!
//! Two shapes matter to requests: who closes the listener first (new connections are refused, and
//! every method may be tried elsewhere), and who holds it while ending.

use crate::config::case::Origin;
use crate::config::similar::near_miss;

/// What the process does, apart from times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// It ends at once.
    Exit,
    /// It closes its listener, finishes what it has, and ends.
    Drain,
    /// It closes its listener and idle connections; those with a request on them it serves on until they have
    /// been idle for long enough. It ends with the last.
    KeepBusy,
    /// The same, and idle connections are kept as well.
    KeepAll,
    /// It stops accepting and finishes what it has; until it ends its listener stays open, and what connects
    /// is reset then.
    Hold,
    /// It answers 503 to what comes from then on, finishes what it has, and ends.
    Decline,
    /// It does not react.
    Ignore,
}

/// The way one kind of server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminationPreset {
    /// Its name.
    pub name: &'static str,
    /// Which servers, and on which signal.
    pub title: &'static str,
    /// What it does.
    pub behaviour: Termination,
    /// Its own limit on a drain, in seconds; `None` without limit.
    pub limit_seconds: Option<u32>,
    /// Where that comes from.
    pub origin: Origin,
    /// That source in a few words.
    pub source: &'static str,
    /// Whether it answers 500 to what is left at the end of its limit, in place of closing connections.
    pub answers: bool,
    /// How long it keeps an idle connection, where it is known; `never` closes none.
    pub keepalive_idle: Option<&'static str>,
}

const fn preset(
    name: &'static str,
    title: &'static str,
    behaviour: Termination,
    limit_seconds: Option<u32>,
    origin: Origin,
    source: &'static str,
) -> TerminationPreset {
    TerminationPreset {
        name,
        title,
        behaviour,
        limit_seconds,
        origin,
        source,
        answers: false,
        keepalive_idle: None,
    }
}

impl TerminationPreset {
    const fn answering(mut self) -> TerminationPreset {
        self.answers = true;
        self
    }

    const fn idle(mut self, idle: &'static str) -> TerminationPreset {
        self.keepalive_idle = Some(idle);
        self
    }
}

use Origin::{Documented, Guess, Measured};
use Termination::{Decline, Drain, Exit, Hold, Ignore, KeepAll, KeepBusy};

const PRESETS: &[TerminationPreset] = &[
    preset("immediate", "no handler, not process 1; Node without handler", Exit, None, Measured, "Node 20"),
    preset("nginx-term", "nginx on SIGTERM", Exit, None, Measured, "nginx 1.22.1").idle("75s"),
    preset("nginx-quit", "nginx on SIGQUIT, as its image asks for", Drain, None, Measured, "nginx 1.22.1")
        .idle("75s"),
    preset("php-fpm-term", "php-fpm on SIGTERM", Exit, None, Documented, "php-src fpm_process_ctl.c"),
    preset(
        "php-fpm-quit",
        "php-fpm on SIGQUIT, as its image asks for, with process_control_timeout 0",
        Exit,
        None,
        Documented,
        "php-src fpm_process_ctl.c: the escalation is immediate",
    ),
    preset(
        "apache-php",
        "apache on SIGWINCH, as the php image asks for",
        Drain,
        None,
        Guess,
        "docker-library/php",
    ),
    preset(
        "spring-graceful",
        "Spring Boot 3.4 and later, or server.shutdown=graceful",
        Drain,
        Some(30),
        Documented,
        "spring-boot LifecycleProperties",
    )
    .idle("60s"),
    preset(
        "spring-undertow",
        "Spring Boot up to 3.x with Undertow, server.shutdown=graceful",
        Decline,
        Some(30),
        Documented,
        "Spring Boot 3.3 reference, graceful shutdown",
    ),
    preset(
        "spring-immediate",
        "Spring Boot up to 3.3",
        Exit,
        None,
        Documented,
        "spring-boot ServerProperties",
    )
    .idle("60s"),
    preset(
        "node-close",
        "Node 19 and later, server.close in a handler",
        KeepBusy,
        None,
        Measured,
        "Node 20: the answer does not say that the connection ends",
    )
    .idle("5s"),
    preset(
        "node-close-old",
        "Node before 19, server.close in a handler",
        KeepAll,
        None,
        Documented,
        "Node http documentation: server.close closes idle connections since 19.0.0",
    )
    .idle("5s"),
    preset("go-shutdown", "Go, http.Server.Shutdown", Drain, None, Documented, "net/http server.go")
        .idle("never"),
    preset(
        "uvicorn",
        "uvicorn; with a graceful timeout it cancels what is left, which answers 500",
        Drain,
        None,
        Measured,
        "uvicorn 0.54",
    )
    .idle("5s")
    .answering(),
    preset("puma", "Puma", Drain, Some(30), Documented, "puma 8.0.1 lib/puma/configuration.rb").idle("65s"),
    preset("dotnet", "ASP.NET Core, Kestrel", Drain, Some(30), Documented, "dotnet/runtime HostOptions.cs"),
    preset("shell", "a shell as process 1 that hands no signal on", Ignore, None, Measured, "dash 0.5.12"),
    preset(
        "gunicorn",
        "gunicorn on SIGTERM, with its graceful_timeout",
        Hold,
        Some(30),
        Measured,
        "gunicorn 27.0.1: workers hold the socket, what connects is reset when they exit",
    )
    .idle("2s"),
];

/// All termination presets.
pub fn terminations() -> impl Iterator<Item = &'static TerminationPreset> {
    PRESETS.iter()
}

/// A termination preset by its name.
///
/// # Errors
/// There is none of that name; the text says what to write.
pub fn termination(name: &str) -> Result<&'static TerminationPreset, String> {
    match PRESETS.iter().find(|preset| preset.name == name) {
        Some(preset) => Ok(preset),
        None => {
            let words = ["exit", "drain", "hold", "decline", "linger", "ignore"];
            let names: Vec<&str> = words.into_iter().chain(PRESETS.iter().map(|p| p.name)).collect();
            Err(match near_miss(name, &names) {
                Some(meant) => format!("`{name}` is no stop behaviour; did you mean `{meant}`?"),
                None => format!("`{name}` is no stop behaviour: write one of {}", names.join(", ")),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_and_slips_answered() {
        assert_eq!(termination("nginx-quit").map(|p| p.behaviour), Ok(Drain));
        assert_eq!(termination("spring-graceful").map(|p| p.limit_seconds), Ok(Some(30)));
        assert!(termination("nginx-qiut").unwrap_err().contains("did you mean `nginx-quit`?"));
        assert_eq!(
            termination("spring-undertow").map(|p| (p.behaviour, p.limit_seconds)),
            Ok((Decline, Some(30)))
        );
        assert_eq!(termination("node-close-old").map(|p| p.keepalive_idle), Ok(Some("5s")));
        assert_eq!(termination("gunicorn").map(|p| (p.behaviour, p.limit_seconds)), Ok((Hold, Some(30))));
        assert!(termination("magic").unwrap_err().contains("go-shutdown"));
    }
}
