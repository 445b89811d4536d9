//! `podloss completion`: scripts that let a shell complete commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::exit_code;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss completion bash > ~/.local/share/bash-completion/completions/podloss
  podloss completion zsh > ~/.zfunc/_podloss
  podloss completion fish > ~/.config/fish/completions/podloss.fish")]
pub(super) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "podloss", &mut script);
        terminal.out.write_all(&script)?;
        Ok(exit_code::OK)
    }
}
