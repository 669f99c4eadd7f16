//! The terminal interface while a capture goes on.

use std::io::Write as _;
use std::process::Stdio;

use portable_pty::CommandBuilder;

use crate::lab::{CABLE, CLIENT, Lab, SERVER, Seen};
use crate::pty::{Terminal, usual};
use crate::server::{Errand, Shelf, curl, pyftpdlib};

/// A client that has a data connection announced, and waits for its standard input to end before it goes on.
const HESITANT: &str = r"
import sys, ftplib
client = ftplib.FTP(sys.argv[1], 'alice', 'secret', timeout=60)
client.voidcmd('TYPE I')
client.sendcmd('PASV')
sys.stdin.read()
client.retrbinary('RETR 1000', lambda data: None)
client.quit()
";

#[test]
fn sessions_and_waiting_predictions_are_seen_as_they_come() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let file = lab.path("seen.pcapng");
    let mut command = usual(CommandBuilder::new("ip"));
    command.args(["netns", "exec", &lab.server(), env!("CARGO_BIN_EXE_ftpscope"), "-i", CABLE, "-w"]);
    command.arg(&file);
    let mut terminal = Terminal::run((100, 30), command);
    terminal.shows("LIVE cable");
    terminal.shows("dropped 0");

    let mut client = lab.in_client("python3");
    client.args(["-c", HESITANT, SERVER[0]]).stdin(Stdio::piped());
    let mut client = client.spawn().unwrap();
    terminal.shows("waiting predictions 1");
    terminal.shows(&format!("from {}", CLIENT[0]));
    terminal.shows("announced 1");
    terminal.shows("alice");
    // Another session comes and goes meanwhile.
    curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    terminal.shows("2 sessions");
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(b"\n").unwrap();
    drop(stdin);
    assert!(client.wait().unwrap().success());
    terminal.shows("waiting predictions 0");
    terminal.press("4");
    terminal.shows("[4 Transfers]");
    terminal.shows("/1000");

    // Stopping keeps what was found; leaving is asked for as ever.
    terminal.press("\x03");
    terminal.hides("capturing");
    terminal.hides("stopping");
    terminal.shows("/1000");
    terminal.press("1qq");
    assert!(terminal.end().success());
    terminal.is_given_back();
    terminal.shows("saved to ");
    assert_eq!(Seen::files(&[&file]).sessions.len(), 2);
}

#[test]
fn leaving_a_capture_that_goes_on_is_asked_about() {
    let Some(lab) = Lab::with(&[]) else { return };
    let mut command = usual(CommandBuilder::new("ip"));
    command.args(["netns", "exec", &lab.server(), env!("CARGO_BIN_EXE_ftpscope"), "tui", "-i", CABLE]);
    let mut terminal = Terminal::run((80, 24), command);
    terminal.shows("LIVE cable");
    terminal.press("q");
    terminal.shows("Capture is still running");
    terminal.press("n");
    terminal.hides("Capture is still running");
    terminal.press("qy");
    assert!(terminal.end().success());
    terminal.is_given_back();
}

/// ftpscope in a terminal on the server's end of the cable, with further arguments.
fn watch(lab: &Lab, arguments: &[&str]) -> Terminal {
    let mut command = usual(CommandBuilder::new("ip"));
    command.args(["netns", "exec", &lab.server(), env!("CARGO_BIN_EXE_ftpscope"), "tui", "-i", CABLE]);
    command.args(arguments);
    // Wide, so that all that is said can be seen.
    let terminal = Terminal::run((190, 30), command);
    terminal.shows("LIVE cable");
    terminal
}

/// Stops the capture, and leaves.
fn leave(mut terminal: Terminal) {
    terminal.press("\x03");
    terminal.hides("capturing");
    terminal.hides("stopping");
    terminal.press("1qq");
    assert!(terminal.end().success());
}

#[test]
fn of_sessions_that_are_over_the_last_are_kept() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[0, 1000]);
    pyftpdlib(&mut lab, &shelf);
    let mut terminal = watch(&lab, &["--keep", "2"]);
    for _ in 0..3 {
        curl(&lab, SERVER[0], "EPSV", Errand::Get(0));
    }
    curl(&lab, SERVER[0], "PASV", Errand::Get(1000));
    terminal.shows("2 sessions, 2 older let go");
    terminal.press("4");
    terminal.shows("Transfers by time ▲ 1/2");
    terminal.shows("/1000");
    leave(terminal);
}

#[test]
fn packets_that_are_kept_can_be_saved_while_the_capture_goes_on() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000, 2_000_000]);
    pyftpdlib(&mut lab, &shelf);
    let mut terminal = watch(&lab, &["--keep-packets", "1M"]);
    let moved = curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    terminal.shows("1 session");
    // It is over once it can be seen how it ended.
    terminal.press("2");
    terminal.shows("221");
    terminal.press("1");
    let file = lab.path("kept.pcapng");
    terminal.press(&format!(":w {}\r", file.display()));
    terminal.shows("saved ");
    let seen = Seen::files(&[&file]);
    assert_eq!(seen.transfers(), [moved]);
    assert_eq!(seen.closing["capture"]["silent_connections"], 0);

    // More than is kept: the first packets of the next session are gone by its end.
    curl(&lab, SERVER[0], "EPSV", Errand::Get(2_000_000));
    terminal.shows("2 sessions");
    terminal.press("G");
    let file = lab.path("rest.pcapng");
    terminal.press(&format!(":w {}\r", file.display()));
    terminal.shows("no longer kept (--keep-packets)");
    leave(terminal);
}

#[test]
fn without_packets_saving_says_how_to_keep_them() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let mut terminal = watch(&lab, &[]);
    curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    terminal.shows("1 session");
    terminal.press(":w kept.pcapng\r");
    terminal.shows("--keep-packets");
    leave(terminal);
    assert!(!lab.path("kept.pcapng").exists());
}
