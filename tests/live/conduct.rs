//! How it behaves: signals, conditions to stop, events as they happen.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lab::{CABLE, CLIENT, Lab, SERVER, Seen, wait_for};
use crate::server::{Errand, Shelf, curl, pyftpdlib, succeed};

/// A client that negotiates and then does not do what was agreed.
const RELUCTANT: &str = r"
import ftplib, socket, sys, time
ftp = ftplib.FTP(sys.argv[1], 'alice', 'secret')
ftp.sendcmd('EPSV')
time.sleep(float(sys.argv[2]))
ftp.quit()
";

#[test]
fn events_are_reported_as_they_happen() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let mut sniffer = lab.sniff(&["-l", "-t", "u"]);
    curl(&lab, SERVER[0], "PASV", Errand::Get(1000));
    // Nothing is waited for but the lines themselves: the capture goes on.
    let has = |what: &str| sniffer.wrote().contains(what);
    wait_for("the session to be reported", || has("session closed") && has("cleartext-credentials"));
    let wrote = sniffer.wrote();
    let words = wrote.lines().map(|line| line.split_once(": ").unwrap().1);
    let (notices, words): (Vec<&str>, Vec<&str>) = words.partition(|line| line.starts_with("notice "));
    assert_eq!(notices.len(), 1, "{wrote}");
    assert!(notices[0].starts_with("notice cleartext-credentials: The client "), "{wrote}");
    let (client, server) = (CLIENT[0], SERVER[0]);
    let begins = [
        "session opened".to_owned(),
        "logged in, user alice (230)".to_owned(),
        format!("expecting {client} → {server}:"),
        "connected after ".to_owned(),
        "RETR 1000 complete (226): 1000 B in ".to_owned(),
        "session closed".to_owned(),
    ];
    assert_eq!(words.len(), begins.len(), "{wrote}");
    for (line, begin) in words.iter().zip(begins) {
        assert!(line.starts_with(&begin), "{line} should begin with {begin}");
    }
    assert!(words[2].ends_with("(PASV)") && words[3].contains(&format!("{client}:")), "{wrote}");
    sniffer.stop();
    assert!(sniffer.said().contains("1 session, 1 transfer (1 complete)"), "{}", sniffer.said());
}

#[test]
fn a_prediction_that_is_not_met_is_reported_on_a_silent_link() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[]);
    pyftpdlib(&mut lab, &shelf);
    let sniffer = lab.sniff(&["-T", "events-jsonl", "--predict-window", "1s", "-l"]);
    let mut client = lab.in_client("python3").args(["-c", RELUCTANT, SERVER[1], "4"]).spawn().unwrap();
    wait_for("the prediction to time out", || sniffer.wrote().contains("timed_out"));
    assert!(client.try_wait().unwrap().is_none(), "it was told only when the next packet came");
    client.wait().unwrap();
    let event = sniffer.wrote();
    let event = event.lines().find(|line| line.contains("timed_out")).unwrap();
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    assert_eq!(event["listener"]["ip"], SERVER[1]);
    assert_eq!((&event["mode"], &event["attempted"]), (&"EPSV".into(), &false.into()), "{event}");
}

#[test]
fn it_stops_by_itself_where_it_was_told_to() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let file = lab.path("ten.pcapng");
    let mut by_packets = lab.sniff(&["-T", "jsonl", "-c", "10", "-w", file.to_str().unwrap()]);
    let mut by_time = lab.sniff(&["-a", "duration:2"]);
    curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    let begun = Instant::now();
    assert!(by_packets.end().success());
    assert!(by_time.end().success());
    assert!(begun.elapsed() < Duration::from_secs(10));
    let live = Seen::lines(&by_packets.wrote());
    assert_eq!(live.closing["capture"]["packets"], 10);
    live.assert_same(&Seen::files(&[&file]));
    assert!(by_time.wrote().contains("RETR 1000 complete"), "{}", by_time.wrote());
}

#[test]
fn a_log_that_was_moved_away_is_begun_anew_on_sighup() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let (log, moved) = (lab.path("log"), lab.path("log.1"));
    let mut sniffer = lab.sniff(&["-l", "-o", log.to_str().unwrap()]);
    let closed = |path: &std::path::Path| {
        std::fs::read_to_string(path).unwrap_or_default().matches("session closed").count()
    };
    curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    wait_for("the first session", || closed(&log) == 1);
    std::fs::rename(&log, &moved).unwrap();
    sniffer.signal(Signal::SIGHUP);
    wait_for("the new log", || log.exists());
    curl(&lab, SERVER[1], "EPSV", Errand::Get(1000));
    wait_for("the second session", || closed(&log) == 1);
    assert_eq!(closed(&moved), 1);
    sniffer.stop();
}

#[test]
fn an_interface_that_goes_away_ends_the_capture_with_what_there_is() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let mut sniffer = lab.sniff(&["-T", "jsonl"]);
    curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
    std::thread::sleep(Duration::from_millis(300));
    succeed(lab.in_server("ip").args(["link", "del", CABLE]));
    let status = sniffer.end();
    assert_eq!(status.code(), Some(3), "{}", sniffer.said());
    assert_eq!(Seen::lines(&sniffer.wrote()).transfers().len(), 1);
    assert!(sniffer.said().contains(&format!("warning: {CABLE}: ")), "{}", sniffer.said());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let mut child = lab
        .in_server(env!("CARGO_BIN_EXE_ftpscope"))
        .args(["live", "-l", "-i", CABLE])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    wait_for("ftpscope to notice", || {
        curl(&lab, SERVER[0], "EPSV", Errand::Get(1000));
        child.try_wait().unwrap().is_some()
    });
    assert!(child.wait().unwrap().success());
}

#[test]
fn an_interface_that_goes_down_and_comes_back_costs_nothing_but_that_time() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &[1000]);
    pyftpdlib(&mut lab, &shelf);
    let saved = lab.path("saved.pcapng");
    let mut sniffer = lab.sniff(&["-l", "-T", "jsonl", "-w", saved.to_str().unwrap()]);
    for sessions in 1..=2 {
        curl(&lab, SERVER[0], "PASV", Errand::Get(1000));
        lab.wait_for("the session", || sniffer.wrote().lines().count() == sessions);
        for state in ["down", "up"] {
            succeed(std::process::Command::new("ip").args([
                "-n",
                &lab.server(),
                "link",
                "set",
                CABLE,
                state,
            ]));
        }
    }
    sniffer.stop();
    let wrote = sniffer.wrote();
    let lines: Vec<serde_json::Value> =
        wrote.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "two sessions and what was read: {wrote}");
    assert_eq!(lines[1]["transfers"][0]["status"], "complete");
    let again = std::process::Command::new(env!("CARGO_BIN_EXE_ftpscope"))
        .args(["analyze", saved.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(0), "what was saved is whole");
}
