//! `podloss init`: a commented scenario to begin with.

use std::path::PathBuf;

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::out_dir::write_whole;
use super::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::exit_code;

/// Write a commented starter scenario for manifests, with every decisive unknown in it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss init web.yaml --rps 900 --event rollout@60s
  podloss init web.yaml --rps 900 --out web.toml && podloss run web.toml")]
pub(super) struct Init {
    /// Manifests (files, folders, `-` for standard input)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// File to write instead of standard output; one that is there is kept
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    #[command(flatten)]
    case: CaseArgs,
}

impl Init {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        if let Some(out) = self.out.as_ref().filter(|out| out.exists()) {
            let message = format!("{} is there already", out.display());
            return Err(Diagnostic::error("file-exists", message)
                .help("name another file, or move it")
                .into());
        }
        for inputs in self.case.read(&self.paths)? {
            let text = inputs.starter()?;
            match &self.out {
                Some(out) => write_whole(out, |file| file.write_all(text.as_bytes()))?,
                None => terminal.out.write_all(text.as_bytes())?,
            }
        }
        if let Some(out) = &self.out {
            terminal.say(&format!("wrote {0}; next: podloss run {0}", out.display()));
        }
        Ok(exit_code::OK)
    }
}
