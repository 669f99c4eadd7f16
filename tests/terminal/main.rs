//! The real program in a pseudo-terminal, from the first screen to the terminal given back.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agreement;
mod pty;

use std::fs;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use portable_pty::CommandBuilder;

use pty::{Terminal, ftpscope, sample, usual};

const USUAL: (u16, u16) = (100, 30);

fn open(name: &str) -> Terminal {
    let terminal = Terminal::open(USUAL, &[&sample(name)]);
    terminal.shows("▲ 1/");
    terminal
}

/// A pipe as a capture that never ends: reading goes on until somebody stops it.
fn endless() -> (tempfile::TempDir, fs::File, Terminal) {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe.pcap");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // Open for reading too, so that opening waits for nobody.
    let mut writer = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    writer.write_all(&fs::read(sample("time-wait-425.pcap")).unwrap()).unwrap();
    let terminal = Terminal::open(USUAL, &[pipe.to_str().unwrap()]);
    terminal.shows("reading");
    (directory, writer, terminal)
}

#[test]
fn a_walk_through_all_views_ends_where_it_began() {
    let mut terminal = open("time-wait-425.pcap");
    terminal.shows("time-wait-reuse");
    for (key, shown) in [
        ("2", "[2 Timeline]"),
        ("3", "[3 Ladder]"),
        ("4", "[4 Transfers]"),
        ("5", "[5 Findings]"),
        ("6", "[6 Ports]"),
        ("1", "[1 Sessions]"),
        // Enter leads to the session, and Escape back.
        ("\r", "[2 Timeline]"),
        ("\x1b", "[1 Sessions]"),
        ("\t", "[2 Timeline]"),
        ("\x1b[Z", "[1 Sessions]"),
    ] {
        terminal.press(key);
        terminal.shows(shown);
    }
    terminal.press("?");
    terminal.shows("MOVE");
    terminal.press("\x1b");
    terminal.hides("MOVE");
    terminal.press("1qq");
    let status = terminal.end();
    assert!(status.success(), "{status}");
    terminal.is_given_back();
}

#[test]
fn a_filter_is_checked_while_it_is_typed_and_then_keeps_what_matches() {
    let mut terminal = open("brute-force.pcap");
    terminal.press("/sess.mode == POTR");
    terminal.shows("not a mode");
    // The line is cleared, and another one typed.
    terminal.press("\x15ftp.request.command == \"NOOP\"\r");
    terminal.shows("no session passes the filter");
    terminal.press("\x1b");
    terminal.hides("no session passes the filter");
    terminal.press("1qq");
    assert!(terminal.end().success());
    terminal.is_given_back();
}

#[test]
fn the_last_screen_stays_where_that_is_wanted() {
    let mut terminal = open("time-wait-425.pcap");
    terminal.press("5");
    terminal.shows("[5 Findings]");
    terminal.press("Q");
    assert!(terminal.end().success());
    terminal.is_given_back();
    terminal.shows("[5 Findings]");
}

#[test]
fn signals_end_it_at_rest_while_reading_and_while_something_is_typed() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let mut terminal = open("time-wait-425.pcap");
        terminal.signal(signal);
        assert_ended_by(&mut terminal, signal);

        let mut terminal = open("time-wait-425.pcap");
        terminal.press("/sess.");
        terminal.shows("sess.mode");
        terminal.signal(signal);
        assert_ended_by(&mut terminal, signal);

        let (_directory, _writer, mut terminal) = endless();
        terminal.signal(signal);
        assert_ended_by(&mut terminal, signal);
    }
}

#[track_caller]
fn assert_ended_by(terminal: &mut Terminal, signal: Signal) {
    let status = terminal.end();
    // The shell is told that it was the signal.
    assert!(status.signal().is_some(), "{signal}: {status}");
    terminal.is_given_back();
}

#[test]
fn it_ends_with_its_window() {
    let mut terminal = open("time-wait-425.pcap");
    terminal.close();
    terminal.end();

    let (_directory, _writer, mut terminal) = endless();
    terminal.close();
    terminal.end();
}

#[test]
fn a_signal_ends_it_where_nobody_reads_its_screen() {
    let mut terminal = open("time-wait-425.pcap");
    terminal.stop_reading();
    // More than fits between the program and a terminal that does not read. Whether it hangs by then can't be
    // seen from here; it has to end in either case.
    for _ in 0..60 {
        terminal.press("\x0c");
        thread::sleep(Duration::from_millis(20));
    }
    terminal.signal(Signal::SIGTERM);
    let status = terminal.end();
    assert!(status.signal().is_some(), "{status}");
    terminal.keys_are_given_back();
}

#[test]
fn it_goes_behind_the_shell_and_comes_back() {
    let mut terminal = open("time-wait-425.pcap");
    terminal.press("2");
    terminal.shows("[2 Timeline]");
    terminal.press("\x1a");
    terminal.is_given_back();
    terminal.resume();
    terminal.shows("[2 Timeline]");
    terminal.wait("no cursor", vt100::Screen::hide_cursor);
    // The same where another process asks for it.
    terminal.signal(Signal::SIGTSTP);
    terminal.is_given_back();
    terminal.resume();
    terminal.shows("[2 Timeline]");
    // A terminal that tells nothing about itself can be drawn anew all the same.
    terminal.press("\x0c3");
    terminal.shows("[3 Ladder]");
    terminal.press("1qq");
    assert!(terminal.end().success());
    terminal.is_given_back();
}

#[test]
fn files_are_written_and_none_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = open("pasv-and-port.pcap");
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    terminal.press(&format!(":export csv {}\r", path("sessions.csv")));
    terminal.shows("wrote 2 sessions");
    terminal.press(&format!("4:export tsv {}\r", path("transfers.tsv")));
    terminal.shows("wrote the transfers of 2 sessions");
    terminal.press(&format!("1:w {}\r", path("saved.pcapng")));
    terminal.shows("saved ");
    // What is there stays there, unless it is meant; the capture itself in any case.
    fs::write(directory.path().join("mine"), "mine").unwrap();
    terminal.press(&format!(":export json {}\r", path("mine")));
    terminal.shows("is there already");
    assert_eq!(fs::read_to_string(directory.path().join("mine")).unwrap(), "mine");
    terminal.press(&format!(":export! json {}\r", path("mine")));
    terminal.shows("wrote 2 sessions to");
    terminal.press(&format!(":w! {}\r", sample("pasv-and-port.pcap")));
    terminal.shows("input capture");
    // Whoever leaves at once gets what was asked for all the same.
    terminal.press(&format!(":w {}\rqq", path("late.pcapng")));
    assert!(terminal.end().success());
    terminal.is_given_back();
    let line = |name: &str| fs::read_to_string(path(name)).unwrap().lines().next().unwrap().to_owned();
    assert!(line("sessions.csv").contains(','), "{}", line("sessions.csv"));
    assert!(line("transfers.tsv").contains('\t'), "{}", line("transfers.tsv"));
    assert!(line("mine").starts_with("{\"schema\""), "{}", line("mine"));
    assert_eq!(fs::read(path("saved.pcapng")).unwrap(), fs::read(path("late.pcapng")).unwrap());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 5);
}

#[test]
fn any_window_will_do() {
    let mut terminal = Terminal::open((1, 1), &[&sample("time-wait-425.pcap")]);
    terminal.wait("a screen", vt100::Screen::alternate_screen);
    terminal.press("23456/");
    for size in [(40, 10), (7, 50), (200, 60), (60, 15), (80, 24)] {
        terminal.resize(size);
    }
    terminal.shows("Filter");
    terminal.press("\x1b");
    terminal.hides("Filter");
    terminal.press("1");
    terminal.shows("[1 Sess");
    terminal.resize((20, 3));
    terminal.shows("This terminal");
    terminal.press("1qq");
    assert!(terminal.end().success());
    terminal.is_given_back();
}

#[test]
fn what_the_shell_captures_can_be_looked_at_while_keys_come_from_the_terminal() {
    let mut command = usual(CommandBuilder::new("sh"));
    command.args(["-c", "cat \"$2\" | \"$1\" tui -", "sh", env!("CARGO_BIN_EXE_ftpscope")]);
    command.arg(sample("time-wait-425.pcap"));
    let mut terminal = Terminal::run(USUAL, command);
    terminal.shows("time-wait-reuse");
    terminal.press("2");
    terminal.shows("[2 Timeline]");
    terminal.press("1qq");
    assert!(terminal.end().success());
    terminal.is_given_back();
}

#[test]
fn without_colours_and_in_ascii_the_selection_is_still_seen() {
    let mut command = ftpscope();
    command.args(["--ascii", &sample("pasv-and-port.pcap")]);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::run((80, 24), command);
    terminal.shows("sessions");
    terminal.wait("a reversed row", |screen| {
        let (rows, columns) = screen.size();
        (0..rows.get()).any(|y| {
            (0..columns.get()).filter(|&x| screen.cell(y, x).is_some_and(vt100::Cell::inverse)).count() > 40
        })
    });
    assert!(terminal.text().is_ascii(), "{}", terminal.text());
    terminal.press("1qq");
    assert!(terminal.end().success());
    terminal.is_given_back();
}
