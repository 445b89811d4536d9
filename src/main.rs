//! The `podloss` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(podloss::cli::main(std::env::args_os()))
}
