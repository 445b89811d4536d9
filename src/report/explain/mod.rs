//! `podloss explain`: one table of words about rules of the lint, causes and statuses.

mod causes;
mod statuses;

use std::fmt::Write as _;

use crate::lint::{self, Rule};
use crate::model::outcome::{Cause, Status};

/// What can be explained.
#[derive(Clone, Copy, Debug)]
pub enum Topic {
    /// A rule of `podloss check`.
    Rule(&'static Rule),
    /// Why a request was lost.
    Cause(Cause),
    /// What its user saw.
    Status(Status),
}

/// The words about one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: &'static str,
    /// What it is and why it happens.
    pub what: &'static str,
    /// What ends it.
    pub remedy: &'static str,
    /// What to keep in mind; for rules: what the rule cannot know.
    pub caveat: &'static str,
    /// Rules of the lint that look for it.
    pub rules: &'static [&'static str],
}

impl Topic {
    /// Every topic: rules, causes, statuses.
    pub fn all() -> impl Iterator<Item = Topic> {
        let rules = lint::RULES.iter().map(Topic::Rule);
        let causes = Cause::ALL.iter().map(|cause| Topic::Cause(*cause));
        rules.chain(causes).chain(Status::ALL.iter().map(|status| Topic::Status(*status)))
    }

    /// The topic of a name: `PL012`, a rule's own name, a cause or a status. Case and the choice of
    /// `-` or `_` do not matter.
    pub fn find(name: &str) -> Option<Topic> {
        let plain = |text: &str| text.trim().to_ascii_lowercase().replace('-', "_");
        let wanted = plain(name);
        Topic::all().find(|topic| match topic {
            Topic::Rule(rule) => plain(rule.code) == wanted || plain(rule.name) == wanted,
            other => plain(other.name()) == wanted,
        })
    }

    /// Names that are nearly `name`, for "did you mean".
    pub fn near(name: &str) -> Option<&'static str> {
        let names: Vec<&'static str> = Topic::all()
            .flat_map(|topic| match topic {
                Topic::Rule(rule) => vec![rule.code, rule.name],
                other => vec![other.name()],
            })
            .collect();
        lint::near_name(name, &names)
    }

    /// The name by which outputs call it.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Rule(rule) => rule.code,
            Topic::Cause(cause) => cause.as_str(),
            Topic::Status(status) => status.as_str(),
        }
    }

    /// What sort of thing it is.
    pub fn sort(self) -> &'static str {
        match self {
            Topic::Rule(_) => "rule",
            Topic::Cause(_) => "cause",
            Topic::Status(_) => "status",
        }
    }

    /// The words about it.
    pub fn words(self) -> Words {
        match self {
            Topic::Rule(rule) => Words {
                title: rule.title,
                what: rule.why,
                remedy: rule.remedy,
                caveat: rule.blind,
                rules: &[],
            },
            Topic::Cause(cause) => causes::words(cause),
            Topic::Status(status) => statuses::words(status),
        }
    }

    /// The page that `podloss explain NAME` prints, wrapped at `width` columns.
    pub fn page(self, width: usize) -> String {
        let words = self.words();
        let mut page = match self {
            Topic::Rule(rule) => {
                format!("{} {} (rule, {})\n", rule.code, rule.name, rule.severity.word())
            }
            other => format!("{} ({})\n", other.name(), other.sort()),
        };
        page.push_str(&wrapped(words.title, width, "  "));
        let caveat = if matches!(self, Topic::Rule(_)) { "What it cannot know" } else { "Keep in mind" };
        let mut part = |heading: &str, text: &str| {
            if !text.is_empty() {
                let _ = write!(page, "\n{heading}\n{}", wrapped(text, width, "  "));
            }
        };
        part("Why", words.what);
        part("What ends it", words.remedy);
        part(caveat, words.caveat);
        if let Topic::Rule(rule) = self {
            part("Source", rule.source);
            part(
                "Allow it",
                &format!("annotate the workload with `{}: {}`", lint::ALLOW_ANNOTATION, rule.code),
            );
        }
        part("Rules that look for it", &words.rules.join(", "));
        page
    }
}

/// The list that `podloss explain` prints without a name.
pub fn contents() -> String {
    let mut text = String::new();
    let mut before = "";
    for topic in Topic::all() {
        if topic.sort() != before {
            before = topic.sort();
            let heading = match topic {
                Topic::Rule(_) => "Rules of `podloss check`",
                Topic::Cause(_) => "Causes of a lost request",
                Topic::Status(_) => "Statuses",
            };
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{heading}");
        }
        let _ = writeln!(text, "  {:21} {}", topic.name(), topic.words().title);
    }
    text
}

/// The page `docs/rules.md`: every rule with its reason, and the causes and statuses beside them.
pub fn document() -> String {
    let mut page = String::from(
        "# Rules, causes, statuses\n\n\
         This page is made from the table behind `podloss explain`; a test keeps it current.\n\n\
         ## Rules of `podloss check`\n\n\
         Errors give exit code 3. A finding is allowed for one workload by its annotation\n\
         `podloss.dev/allow`, a list of codes separated by commas.\n\n\
         | rule | name | worst | what must hold |\n|---|---|---|---|\n",
    );
    for rule in lint::RULES {
        let _ =
            writeln!(page, "| {} | {} | {} | {} |", rule.code, rule.name, rule.severity.word(), rule.title);
    }
    for rule in lint::RULES {
        let _ = write!(
            page,
            "\n### {} {}\n\n{}\n**What ends it.** {}\n\n**What it cannot know.** {}\n\n**Source.** {}.\n",
            rule.code,
            rule.name,
            wrapped(rule.why, 100, ""),
            rule.remedy,
            rule.blind,
            rule.source
        );
    }
    for (heading, sort) in [("Causes of a lost request", "cause"), ("Statuses", "status")] {
        let _ = write!(page, "\n## {heading}\n\n| {sort} | meaning | what ends it |\n|---|---|---|\n");
        for topic in Topic::all().filter(|topic| topic.sort() == sort) {
            let words = topic.words();
            let _ = writeln!(page, "| `{}` | {} | {} |", topic.name(), words.title, words.remedy);
        }
    }
    page
}

/// Lines of at most `width` columns, each behind `indent`.
pub(crate) fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let room = width.saturating_sub(indent.len()).max(20);
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            let _ = writeln!(lines, "{indent}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(lines, "{indent}{line}");
    }
    lines
}

#[cfg(test)]
mod tests;
