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
    /// Why it cannot be simulated yet, if so.
    pub refused: Option<&'static str>,
}

const fn preset(
    name: &'static str,
    title: &'static str,
    behaviour: Termination,
    limit_seconds: Option<u32>,
    origin: Origin,
    source: &'static str,
) -> TerminationPreset {
    TerminationPreset { name, title, behaviour, limit_seconds, origin, source, refused: None }
}

const fn refused(name: &'static str, title: &'static str, why: &'static str) -> TerminationPreset {
    let known = preset(name, title, Termination::Drain, None, Origin::Documented, "see the reason");
    TerminationPreset { refused: Some(why), ..known }
}

use Origin::{Documented, Guess, Measured};
use Termination::{Decline, Drain, Exit, Ignore};

const PRESETS: &[TerminationPreset] = &[
    preset("immediate", "no handler, not process 1; Node without handler", Exit, None, Measured, "Node 20"),
    preset("nginx-term", "nginx on SIGTERM", Exit, None, Measured, "nginx 1.22.1"),
    preset("nginx-quit", "nginx on SIGQUIT, as its image asks for", Drain, None, Measured, "nginx 1.22.1"),
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
    ),
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
    ),
    preset("node-close", "Node 19 and later, server.close in a handler", Drain, None, Measured, "Node 20"),
    preset("go-shutdown", "Go, http.Server.Shutdown", Drain, None, Documented, "net/http server.go"),
    preset("uvicorn", "uvicorn", Drain, None, Measured, "uvicorn 0.54"),
    preset("puma", "Puma", Drain, Some(30), Documented, "puma 8.0.1 lib/puma/configuration.rb"),
    preset("dotnet", "ASP.NET Core, Kestrel", Drain, Some(30), Documented, "dotnet/runtime HostOptions.cs"),
    preset("shell", "a shell as process 1 that hands no signal on", Ignore, None, Measured, "dash 0.5.12"),
    refused(
        "gunicorn",
        "gunicorn",
        "it holds its listener while it ends, and what connects then is reset; that is not simulated yet: `drain,limit=30s` comes nearest, and loses as much where the front end sends nothing twice",
    ),
    refused(
        "node-close-old",
        "Node before 19, server.close in a handler",
        "new connections are refused while idle ones stay open and carry new requests; that is not simulated yet: the range `ignore..drain` has what it loses",
    ),
];

/// All termination presets.
pub fn terminations() -> impl Iterator<Item = &'static TerminationPreset> {
    PRESETS.iter()
}

/// A termination preset by its name.
///
/// # Errors
/// There is none of that name, or it cannot be simulated; the text says what to write.
pub fn termination(name: &str) -> Result<&'static TerminationPreset, String> {
    match PRESETS.iter().find(|preset| preset.name == name) {
        Some(TerminationPreset { refused: Some(why), .. }) => Err(format!("`{name}`: {why}")),
        Some(preset) => Ok(preset),
        None => {
            let words = ["exit", "drain", "linger", "ignore"];
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
    fn presets_are_found_slips_answered_and_the_inexpressible_refused() {
        assert_eq!(termination("nginx-quit").map(|p| p.behaviour), Ok(Drain));
        assert_eq!(termination("spring-graceful").map(|p| p.limit_seconds), Ok(Some(30)));
        assert!(termination("nginx-qiut").unwrap_err().contains("did you mean `nginx-quit`?"));
        assert_eq!(
            termination("spring-undertow").map(|p| (p.behaviour, p.limit_seconds)),
            Ok((Decline, Some(30)))
        );
        assert!(termination("node-close-old").unwrap_err().contains("the range `ignore..drain`"));
        assert!(termination("gunicorn").unwrap_err().contains("`drain,limit=30s` comes nearest"));
        assert!(termination("magic").unwrap_err().contains("go-shutdown"));
    }
}
