//! `podloss schema`: what editors need to check a scenario while it is written.

use super::failure::Failure;
use super::terminal::Terminal;
use crate::config::scenario::schema;
use crate::exit_code;

/// Print the JSON Schema of scenario files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  podloss schema > scenario.schema.json
and as the first line of a scenario:
  #:schema ./scenario.schema.json")]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        terminal.out.write_all(schema().as_bytes())?;
        Ok(exit_code::OK)
    }
}
