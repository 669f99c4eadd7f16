//! What can go wrong around the program, through the program: disks, pipes, files, signals, other writers; and what must
//! never come out of it, whatever goes in.
//!
//! Nothing that was reported is lost, the exit status tells, and an output file is whole or not there.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test fails by panicking, and says so"
)]

mod files;
mod printable;
mod privileges;
mod secrets;
mod signals;
mod wire;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with `small.pcap` of one session and `large.pcap` of so many.
fn folder(sessions: u16) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.pcap"), wire::capture(1, &wire::plain())).unwrap();
    if sessions > 0 {
        fs::write(folder.path().join("large.pcap"), wire::capture(sessions, &wire::plain())).unwrap();
    }
    folder
}

/// The program, in a folder.
fn ftpscope<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
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

fn run<'a>(folder: &TempDir, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    ftpscope(folder.path(), arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The names in a folder but for these, sorted.
fn others(folder: &Path, known: &[&str]) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !known.contains(&name.as_str())).collect();
    names.sort();
    names
}
