//! The command line program `ftpscope`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ftpscope::cli::run(std::env::args_os())
}
