//! Reports of any size: all of it is there, in order, whatever the format and the budget; and where a limit takes
//! something, that is said.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::{PLAIN, out, pcap_file, run, said};

/// A folder with a capture of more than the least memory budget: one session that lasts from the beginning to the end,
/// beside so many short ones, each with a greeting of some KiB.
fn folder(short: u16, greeting: usize) -> TempDir {
    let long = "S: 220 ready";
    let greeting = format!("S: 220 {}", "welcome to this server. ".repeat(greeting / 24));
    let said = PLAIN.trim().replacen(long, &greeting, 1);
    let mut script = String::from("session L C:9000 -> S:21\nL S: 220 ready\n");
    for (number, port) in (0..short).zip(10_000..) {
        writeln!(script, "session A C:{port} -> S:21").unwrap();
        for line in said.lines() {
            writeln!(script, "A {}", line.trim()).unwrap();
        }
        script.push_str("A end C\nwait 1\n");
        if number % 20 == 0 {
            script.push_str("L C: NOOP\nL S: 200 ok\n");
        }
    }
    script.push_str("L C: QUIT\nL S: 221 bye\n");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large.pcap"), pcap_file::of(&script)).unwrap();
    folder
}

/// What comes of a report in this format within the least budget.
fn written(folder: &TempDir, format: &str) -> String {
    let mut arguments = vec!["analyze", "--max-memory", "64M"];
    arguments.extend(format.split(' '));
    arguments.push("large.pcap");
    let output = run(folder, arguments);
    assert_eq!((output.status.code(), said(&output)), (Some(0), ""), "{format}");
    out(&output).to_owned()
}

/// The first column of a table.
fn names_in(table: &str) -> Vec<&str> {
    table.lines().skip(1).map(|line| line.split(['\t', ',']).next().unwrap()).collect()
}

#[test]
fn every_format_has_all_sessions_in_order_however_small_the_budget() {
    const SHORT: u16 = 10_000;
    let folder = folder(SHORT, 7000);
    let size = fs::metadata(folder.path().join("large.pcap")).unwrap().len();
    assert!(size > 64 << 20, "{size} bytes fit into the budget");
    let report: Value = serde_json::from_str(&written(&folder, "-T json")).unwrap();
    assert_eq!(report["capture"]["limits"], Value::Array(Vec::new()));
    let sessions = report["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), usize::from(SHORT) + 1);
    let first = |session: &Value| session["frames"]["first"].as_u64().unwrap();
    assert!(sessions.is_sorted_by_key(first), "not in the order of first packets");
    assert_eq!(sessions[0]["client"]["port"], 9000);
    let commands = |session: &Value| session["commands"].as_array().unwrap().len();
    assert!(sessions[1..].iter().all(|session| commands(session) == 5 && session["user"] == "alice"));
    assert!(sessions.iter().all(|session| session["limited"] == Value::Array(Vec::new())));
    let names: Vec<&str> = sessions.iter().map(|session| session["uid"].as_str().unwrap()).collect();

    let indented: Value = serde_json::from_str(&written(&folder, "-T json --pretty")).unwrap();
    assert!(indented == report, "indented JSON says something else");
    let lines = written(&folder, "-T jsonl");
    let mut lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.pop().unwrap()["capture"], report["capture"]);
    assert!(lines == *sessions, "JSON Lines say something else");
    assert_eq!(names_in(&written(&folder, "-T csv")), names);
    let each_command: Vec<&str> = names
        .iter()
        .zip(sessions)
        .flat_map(|(name, session)| std::iter::repeat_n(*name, commands(session)))
        .collect();
    assert_eq!(names_in(&written(&folder, "-T tsv --what commands")), each_command);
    let text = written(&folder, "-T text");
    let in_text: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("uid ")?.1.split(' ').next()).collect();
    assert_eq!(in_text, names);
    assert!(text.contains("10,001 sessions"), "the totals are wrong");
    let rows = text.lines().filter(|line| line.contains("RETR") && line.contains("550")).count();
    assert_eq!(rows, 2 * usize::from(SHORT) + 1, "in the row and the finding of each, and once above them");
}

#[test]
fn where_a_limit_takes_something_the_session_says_so_and_nothing_is_made_up() {
    let folder = folder(3, 0);
    let limited = |arguments: &[&str]| {
        let output = run(&folder, [arguments, &["--limit", "commands-per-session=4", "large.pcap"]].concat());
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        let warning = "ftpscope: warning: the report is incomplete, limits were reached: commands ×";
        assert!(said(&output).starts_with(warning), "{}", said(&output));
        assert!(said(&output).contains("3 sessions are incomplete"), "{}", said(&output));
        out(&output).to_owned()
    };
    let report: Value = serde_json::from_str(&limited(&["export", "-T", "json"])).unwrap();
    for session in &report["sessions"].as_array().unwrap()[1..] {
        assert_eq!(session["limited"], serde_json::json!(["commands"]));
        let findings = session["findings"].as_array().unwrap();
        let codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
        assert!(!codes.contains(&"completion-missing"), "{codes:?}");
    }
    assert_eq!(report["sessions"][0]["limited"], serde_json::json!([]));
    assert_eq!(limited(&["analyze"]).matches("incomplete, limits reached: commands").count(), 3);
    let table = limited(&["export", "-T", "csv"]);
    assert_eq!(table.lines().filter(|line| line.contains(",commands,")).count(), 4, "{table}");
}
