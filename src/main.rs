//! The command line program `ftpscope`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Sessions are made in one thread and dropped in another, piece by piece: a tenth of the time went to the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    ftpscope::cli::run(std::env::args_os())
}
