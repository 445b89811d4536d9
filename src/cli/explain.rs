//! `podloss explain`: what a rule, a cause or a status means.

use super::failure::Failure;
use super::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::explain::{Topic, contents};

/// Columns that a page fills.
const WIDTH: usize = 90;

/// Explain a rule, a cause or a status
///
/// Without a name: the list of everything that can be explained.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss explain                   the list
  podloss explain PL001             a rule of `podloss check`
  podloss explain listener_closed   why a request was lost
  podloss explain 502 504           what its user saw")]
pub(super) struct Explain {
    /// Codes or names of rules, causes, statuses
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl Explain {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        if self.names.is_empty() {
            write!(terminal.out, "{}", contents())?;
            return Ok(exit_code::OK);
        }
        let topics: Result<Vec<Topic>, Vec<Diagnostic>> =
            self.names.iter().map(|name| topic(name).map_err(|unknown| vec![unknown])).collect();
        for (index, topic) in topics?.into_iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(terminal.out, "{gap}{}", topic.page(WIDTH))?;
        }
        Ok(exit_code::OK)
    }
}

fn topic(name: &str) -> Result<Topic, Diagnostic> {
    Topic::find(name).ok_or_else(|| {
        let unknown = Diagnostic::error("unknown-topic", format!("`{name}` is no rule, cause or status"));
        match Topic::near(name) {
            Some(meant) => unknown.help(format!("did you mean `{meant}`?")),
            None => unknown.help("`podloss explain` lists them"),
        }
    })
}
