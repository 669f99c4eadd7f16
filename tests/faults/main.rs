//! What can go wrong around the program, through the program: disks, pipes, files, signals, other writers;
//! and what must never come out of it, whatever goes in.
//!
//! Nothing that was reported is lost, the exit status is right, and an output file is complete or absent.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test fails by panicking, and says so"
)]

mod files;
mod page;
#[path = "../support/pcap_file.rs"]
mod pcap_file;
mod printable;
mod privileges;
#[path = "../support/program.rs"]
mod program;
mod reports;
mod secrets;
mod signals;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "scripts told elsewhere need more of it")]
mod support;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use program::{ftpscope, out, run, said};

/// What is said in a session in which a file is asked for and refused.
const PLAIN: &str = "
    S: 220 ready
    C: USER alice
    S: 331 password?
    C: PASS secret-word
    S: 230 welcome
    C: CWD /pub
    S: 250 done
    C: RETR file
    S: 550 no such file
    C: QUIT
    S: 221 bye
";

/// The capture of so many such sessions.
fn capture(sessions: u16) -> Vec<u8> {
    pcap_file::of(&pcap_file::sessions(sessions, PLAIN))
}

/// A folder with `small.pcap` of one session and `large.pcap` of so many.
fn folder(sessions: u16) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.pcap"), capture(1)).unwrap();
    if sessions > 0 {
        fs::write(folder.path().join("large.pcap"), capture(sessions)).unwrap();
    }
    folder
}

/// The names in a folder but for these, sorted.
fn others(folder: &Path, known: &[&str]) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !known.contains(&name.as_str())).collect();
    names.sort();
    names
}
