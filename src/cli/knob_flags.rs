//! The flags of knobs, made from the registry: a knob that has a flag has it in every command
//! that describes a case, with the registry's own words as help.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::knobs::{self, Kind, Knob};

/// Knobs that were set by flags of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KnobFlags {
    /// The flag without its dashes and the text it is set to, in the order of the registry.
    pub settings: Vec<(String, String)>,
}

/// Knobs with a flag, with the heading they stand under in `--help`.
fn flags() -> impl Iterator<Item = (&'static str, &'static str, &'static Knob)> {
    let with_flags = |(group, list): &'static (&'static str, &'static [Knob])| {
        list.iter().filter_map(move |knob| Some((heading(group), knob.flag?, knob)))
    };
    knobs::GROUPS.iter().flat_map(with_flags)
}

fn heading(group: &str) -> &'static str {
    match group {
        "load" | "client" => "Load",
        "containers" => "Pods",
        "front_end" | "network" => "Front end and network",
        _ => "Cluster",
    }
}

impl Args for KnobFlags {
    fn augment_args(command: Command) -> Command {
        command.args(flags().map(|(heading, flag, knob)| {
            let arg = Arg::new(flag).long(flag).help(help(knob)).help_heading(heading);
            match knob.kind {
                Kind::Switch => arg
                    .value_name("BOOL")
                    .action(ArgAction::Set)
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
                // A negative number gets podloss's own answer, which says what is allowed.
                _ => arg.value_name(value_name(&knob.kind)).allow_negative_numbers(true),
            }
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        KnobFlags::augment_args(command)
    }
}

impl FromArgMatches for KnobFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<KnobFlags, clap::Error> {
        let set = flags().filter_map(|(_, flag, _)| {
            let text = matches.get_one::<String>(flag)?;
            Some((flag.to_owned(), text.clone()))
        });
        Ok(KnobFlags { settings: set.collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = KnobFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The knob's sentence without its stop, as flags are described, and what holds without it.
fn help(knob: &Knob) -> String {
    let sentence = knob.doc.strip_suffix('.').unwrap_or(knob.doc);
    let default = match (knob.default, knob.range) {
        (Some(default), Some((lo, hi))) => format!(" [default: {default}, plausible {lo}..{hi}]"),
        (Some(default), None) => format!(" [default: {default}]"),
        (None, Some((lo, hi))) => format!(" [plausible {lo}..{hi}]"),
        (None, None) => String::new(),
    };
    format!("{sentence}{default}")
}

fn value_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Duration | Kind::Limit | Kind::Seconds => "TIME",
        Kind::Dist | Kind::Service => "TIMES",
        Kind::Count { .. } | Kind::Bound => "N",
        Kind::Share => "SHARE",
        Kind::Number => "NUMBER",
        Kind::Cores => "CPU",
        Kind::IntOrPercent => "N|PERCENT",
        Kind::Version => "VERSION",
        Kind::Stop => "BEHAVIOUR",
        Kind::Switch | Kind::Choice(_) | Kind::Text => "VALUE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<KnobFlags, clap::Error> {
        let matches = KnobFlags::augment_args(Command::new("test")).try_get_matches_from(arguments)?;
        KnobFlags::from_arg_matches(&matches)
    }

    #[test]
    fn flags_become_settings_under_their_name() {
        let flags = parse(&["test", "--removal", "5s..25s", "--rps", "-3"]).unwrap();
        let expected = [("rps", "-3"), ("removal", "5s..25s")];
        let expected: Vec<_> = expected.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        assert_eq!(flags.settings, expected);
        assert!(parse(&["test", "--removal", "1s", "--removal", "2s"]).is_err(), "twice");
        assert!(parse(&["test", "--remova", "1s"]).is_err(), "misspelt");
    }

    #[test]
    fn the_flags_that_the_documents_promise_are_there() {
        let promised = "rps conns think trace scale cut duration workload front-end removal startup on-stop \
                        latency cpu workers post kubernetes";
        for flag in promised.split_whitespace() {
            assert!(flags().any(|(_, name, _)| name == flag), "--{flag}");
        }
    }
}
