//! The program, run in a folder.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The program with these arguments: it reads nothing, and what it writes is kept.
pub(crate) fn ftpscope(folder: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "SSLKEYLOGFILE"] {
        command.env_remove(variable);
    }
    command
}

/// What comes of a run.
pub(crate) fn run(folder: &TempDir, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    ftpscope(folder.path(), arguments).output().unwrap()
}

/// What it wrote to standard output.
pub(crate) fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// What it wrote to standard error.
pub(crate) fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}
