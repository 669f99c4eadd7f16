//! Whoever reads a capture is told the same of what its reader knows: limits that were reached, and damage.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, iter};

use ftpscope::base::Limits;
use ftpscope::capture::{self, PcapngWriter};
use portable_pty::CommandBuilder;
use serde_json::Value;

use super::pty::{Terminal, sample, usual};

/// The limit on secrets is smaller than the secrets of [`damaged_file_with_secrets`].
const LIMIT: [&str; 2] = ["--limit", "tls-secret-bytes=10"];

/// A pcapng file that carries TLS secrets and is cut off within its last packet.
fn damaged_file_with_secrets(folder: &Path) -> PathBuf {
    let path = folder.join("damaged.pcapng");
    let mut writer = PcapngWriter::new(fs::File::create(&path).unwrap()).unwrap();
    writer.tls_secrets(&fs::read(sample("tls-explicit.keys")).unwrap()).unwrap();
    let mut frames = capture::open(&[sample("tls-explicit.pcap").into()], &Limits::default()).unwrap();
    while let Some(frame) = frames.next() {
        writer.packet(&frame, None).unwrap();
    }
    writer.finish().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 7);
    fs::write(&path, bytes).unwrap();
    path
}

fn printed(command: &str, arguments: &[&str], file: &Path) -> String {
    let mut ftpscope = Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    let output = ftpscope.arg(command).args(LIMIT).args(arguments).arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The limits and the damage in a report or in the closing line of several.
fn known_by_the_reader(json: &str) -> (Value, Value) {
    let last: Value = serde_json::from_str(json.lines().next_back().unwrap()).unwrap();
    let capture = &last["capture"];
    (capture["limits"].clone(), capture["sources"][0]["damage"].clone())
}

/// What the terminal interface exports of the file, which `command` opens.
fn exported(command: CommandBuilder, to: &Path) -> String {
    let mut terminal = Terminal::run((160, 30), command);
    terminal.shows("▲ 1/");
    terminal.hides("reading");
    terminal.hides("capturing");
    terminal.press(&format!(":export json {}\r", to.display()));
    terminal.shows("wrote 1 session");
    terminal.press("1qq");
    terminal.end();
    fs::read_to_string(to).unwrap()
}

#[test]
fn limits_and_damage_are_the_same_wherever_a_capture_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = damaged_file_with_secrets(folder.path());
    let (limits, damage) = known_by_the_reader(&printed("export", &["-T", "json"], &file));
    assert_eq!(limits[0], serde_json::json!({ "name": "tls_secrets", "count": 1 }), "{limits}");
    assert!(damage.as_str().is_some_and(|damage| damage.contains("reading stopped")), "{damage}");

    let text = printed("export", &["-T", "text"], &file);
    assert!(text.contains("tls_secrets ×1"), "{text}");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&text).contains(&words(damage.as_str().unwrap())), "{text}");

    let mut open = usual(CommandBuilder::new(env!("CARGO_BIN_EXE_ftpscope")));
    open.args(iter::once("tui").chain(LIMIT));
    open.arg(&file);
    let mut pipe = usual(CommandBuilder::new("sh"));
    pipe.args(["-c", "cat \"$1\" | \"$2\" tui \"$3\" \"$4\" -", "sh"]);
    pipe.args([file.to_str().unwrap(), env!("CARGO_BIN_EXE_ftpscope")].into_iter().chain(LIMIT));
    for (how, json) in [
        ("export -T json --pretty", pretty(&printed("export", &["-T", "json", "--pretty"], &file))),
        ("export -T jsonl", printed("export", &["-T", "jsonl"], &file)),
        ("live -T jsonl", printed("live", &["-T", "jsonl", "-r"], &file)),
        ("live -T events-jsonl", printed("live", &["-T", "events-jsonl", "-r"], &file)),
        ("tui", exported(open, &folder.path().join("opened.json"))),
        ("tui -", exported(pipe, &folder.path().join("piped.json"))),
    ] {
        assert_eq!(known_by_the_reader(&json), (limits.clone(), damage.clone()), "{how}");
    }
}

#[test]
fn the_terminal_interface_exports_sessions_as_they_are_reported_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("all.json");
    let files = ["pasv-and-port.pcap", "port-stealing.pcap", "blocked-data-connection.pcap"].map(sample);
    let mut ftpscope = Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    let reported = ftpscope.args(["export", "-T", "json"]).args(&files).output().unwrap();
    let mut reported: Value = serde_json::from_slice(&reported.stdout).unwrap();
    // Files are put together where a whole capture is read, not where sessions are chosen.
    let sessions = reported["sessions"].as_array_mut().unwrap().iter_mut();
    for transfer in sessions.filter_map(|session| session["transfers"].as_array_mut()).flatten() {
        transfer["file"] = Value::Null;
    }
    let count = reported["sessions"].as_array().unwrap().len();
    assert!(count > 3);
    let mut open = usual(CommandBuilder::new(env!("CARGO_BIN_EXE_ftpscope")));
    open.arg("tui");
    open.args(&files);
    let mut terminal = Terminal::run((160, 30), open);
    terminal.shows(&format!("▲ 1/{count}"));
    terminal.hides("reading");
    terminal.press(&format!(":export json {}\r", to.display()));
    terminal.shows(&format!("wrote {count} sessions"));
    terminal.press("1qq");
    terminal.end();
    let exported: Value = serde_json::from_str(&fs::read_to_string(&to).unwrap()).unwrap();
    assert_eq!(exported["sessions"], reported["sessions"]);
    assert_eq!(exported["findings"], reported["findings"]);
}

/// A document on many lines, on one.
fn pretty(json: &str) -> String {
    serde_json::from_str::<Value>(json).unwrap().to_string()
}
