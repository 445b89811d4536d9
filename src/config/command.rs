//! What a command line of a container does, as far as its words tell.

use super::manifest::Container;
use crate::units::{Nanos, parse_duration};

/// A container's command with its arguments. Empty where the image's entry point takes the arguments:
/// nobody knows then what is run.
pub fn command_line(container: &Container) -> Vec<String> {
    match container.command.is_empty() {
        true => Vec::new(),
        false => container.command.iter().chain(&container.args).cloned().collect(),
    }
}

/// `sh -c SCRIPT` that stays as process 1 above the application and keeps the stop signal to itself: the
/// shell's name and the script.
///
/// bash replaces itself by a single simple command, and `exec` does so in every shell; a script with a `trap`
/// handles the signal. Source: measured with dash 0.5.12 and bash 5.2.
pub fn deaf_shell(command_line: &[String]) -> Option<(&str, &str)> {
    let [program, flag, script, ..] = command_line else { return None };
    let program = program.rsplit('/').next().unwrap_or(program);
    let runs = flag.starts_with('-') && flag.ends_with('c');
    let stays = ["sh", "ash", "dash"].contains(&program) && runs;
    let handled = commands(script).any(|command| matches!(command.first(), Some(&("exec" | "trap"))));
    (stays && !handled).then_some((program, script))
}

/// How long a command of a preStop hook visibly sleeps while the application serves: the sum of its
/// `sleep N`, written directly or in a script, before the first command that ends the application. `None`
/// where neither is to be seen; whatever else it does takes time that no file states.
pub fn slept_by(command: &[String]) -> Option<Nanos> {
    let shell = command.first().is_some_and(|program| program.ends_with("sh"));
    let script = match command.iter().position(|word| word.starts_with('-') && word.ends_with('c')) {
        Some(flag) if shell => command.get(flag + 1)?.clone(),
        _ => command.join(" "),
    };
    let mut total = None;
    for words in commands(&script) {
        let words = words.strip_prefix(&["exec"]).unwrap_or(&words);
        let Some((program, arguments)) = words.split_first() else { continue };
        let program = program.rsplit('/').next().unwrap_or(program);
        if ends_application(program, arguments) {
            return total.or(Some(Nanos::ZERO));
        }
        if program == "sleep" {
            total = Some(total.unwrap_or(Nanos::ZERO) + sleep_argument(arguments.first()?)?);
        }
    }
    total
}

/// Whether a command ends the application, or tells it to end.
fn ends_application(program: &str, arguments: &[&str]) -> bool {
    let says = |word: &str| arguments.contains(&word);
    match program {
        "nginx" => says("quit") || says("stop"),
        "apachectl" | "apache2ctl" | "httpd" => says("stop") || says("graceful-stop"),
        "kill" | "pkill" | "killall" => signal(arguments).is_none_or(|signal| ENDING.contains(&signal)),
        _ => false,
    }
}

/// Signals that servers end on; others tell them something else, and 0 only asks whether they are there.
const ENDING: &[&str] = &["TERM", "15", "QUIT", "3", "INT", "2", "KILL", "9", "WINCH", "28"];

/// The signal that `kill` and its like are told to send, without SIG; `None` where they are not told.
fn signal<'w>(arguments: &[&'w str]) -> Option<&'w str> {
    let mut words = arguments.iter();
    let said = words.by_ref().find_map(|word| match *word {
        "-s" | "--signal" => Some(None),
        word => {
            let name = word.strip_prefix('-')?;
            let is_name = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
            is_name.then_some(Some(name))
        }
    })?;
    let name = said.or_else(|| words.next().copied())?;
    Some(name.strip_prefix("SIG").unwrap_or(name))
}

/// The simple commands of a script, each as its words, without what only leads to them.
fn commands(script: &str) -> impl Iterator<Item = Vec<&str>> {
    script.split([';', '&', '|', '\n', '(', ')', '{', '}']).map(|part| {
        let leads = |word: &&str| {
            let is_variable = word.split_once('=').is_some_and(|(name, _)| is_name(name));
            is_variable || matches!(*word, "then" | "do" | "else" | "if" | "while" | "!")
        };
        part.split_whitespace().skip_while(leads).collect()
    })
}

/// Whether a word can be the name of a variable.
fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The argument of sleep(1): seconds, possibly with a fraction, or a number with s, m, h or d.
fn sleep_argument(word: &str) -> Option<Nanos> {
    let word = word.trim_matches(['"', '\'']);
    match word.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Some(Nanos::from_secs_f64(seconds)),
        _ => parse_duration(word).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn sleeps_are_seen_in_commands_and_scripts() {
        for (command, millis) in [
            (&["sleep", "40"][..], Some(40_000)),
            (&["/bin/sleep", "30"], Some(30_000)),
            (&["/bin/sh", "-c", "sleep 15; nginx -s quit"], Some(15_000)),
            (&["sh", "-c", "sleep 5 && /bin/sleep 2.5s && kill 1"], Some(7_500)),
            (&["bash", "-ec", "echo bye\nsleep 1m"], Some(60_000)),
            (&["sh", "-c", "exec sleep '20'"], Some(20_000)),
            (&["sh", "-c", "while kill -0 7; do sleep 1; done"], Some(1_000)),
            (&["sh", "-c", "kill -USR1 1; sleep 15"], Some(15_000)),
            (&["sh", "-c", "kill -s HUP 1; pkill -0 node; sleep 3"], Some(3_000)),
            (&["sh", "-c", "WAIT=1 sleep 4"], Some(4_000)),
            (&["/wait-shutdown"], None),
            (&["sh", "-c", "sleep $DRAIN"], None),
            (&["sh", "-c", "echo sleep"], None),
            (&["sh", "-c", "nginx -t"], None),
            (&["sh", "-c"], None),
            (&[], None),
        ] {
            assert_eq!(slept_by(&words(command)), millis.map(Nanos::from_millis), "{command:?}");
        }
    }

    #[test]
    fn what_is_slept_after_the_application_was_told_to_end_delays_nothing() {
        for (command, millis) in [
            (&["sh", "-c", "nginx -s quit; sleep 30"][..], 0),
            (&["sh", "-c", "sleep 2; /usr/sbin/nginx -s quit; sleep 30"], 2_000),
            (&["/usr/sbin/nginx", "-s", "quit"], 0),
            (&["sh", "-c", "kill -QUIT 1 && sleep 30"], 0),
            (&["sh", "-c", "pkill -f java; sleep 30"], 0),
            (&["sh", "-c", "kill -s SIGTERM 1; sleep 30"], 0),
            (&["sh", "-c", "kill 1; sleep 30"], 0),
            (&["sh", "-c", "(apachectl -k graceful-stop); sleep 30"], 0),
        ] {
            assert_eq!(slept_by(&words(command)), Some(Nanos::from_millis(millis)), "{command:?}");
        }
    }

    #[test]
    fn shells_that_stay_are_told_from_those_that_leave() {
        for (line, shell) in [
            (&["sh", "-c", "node server.js"][..], Some("sh")),
            (&["/bin/sh", "-ec", "migrate && serve"], Some("sh")),
            (&["sh", "-c", "tini node server.js"], Some("sh")),
            (&["/bin/ash", "-c", "executor --all"], Some("ash")),
            (&["sh", "-c", "migrate;exec serve"], None),
            (&["sh", "-c", "NODE_ENV=production exec node server.js"], None),
            (&["sh", "-c", "trap stop TERM; serve & wait"], None),
            (&["bash", "-c", "serve"], None),
            (&["sh", "start.sh"], None),
            (&["sh", "-c"], None),
            (&["node", "server.js", "-c"], None),
            (&[], None),
        ] {
            assert_eq!(deaf_shell(&words(line)).map(|(shell, _)| shell), shell, "{line:?}");
        }
    }
}
