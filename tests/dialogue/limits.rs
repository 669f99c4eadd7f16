//! What is kept where a capture exceeds the limits.

use std::fmt::Write as _;

use ftpscope::analyzer::Analyzer;
use ftpscope::base::{LimitName, Limits};
use ftpscope::report::{Code, Report, Status};

use super::support::{feed, packets};
use super::{Options, report};

fn within(script: &str, limits: Limits) -> Report {
    report(&packets(script), Options { limits, ..Options::default() })
}

fn reached(report: &Report, name: LimitName) -> u64 {
    report.capture.limits.iter().find(|&(limit, _)| limit == name).map_or(0, |(_, count)| count)
}

/// A download, with its login, in the session of this name.
fn download(name: &str) -> String {
    format!(
        "
        {name} S: 220 ready
        {name} C: USER alice
        {name} S: 331 password?
        {name} C: PASS x
        {name} S: 230 welcome
        {name} C: PASV
        {name} S: 227 (198,51,100,2,195,80)
        {name} C: RETR file
        {name} S: 150 comes
        data C:41000 -> S:50000, S sends 100
        {name} S: 226 done
        "
    )
}

#[test]
fn a_session_that_says_too_much_is_kept_from_its_beginning_and_what_is_kept_is_whole() {
    let mut script = String::from("S: 220 ready\n");
    for number in 0..500 {
        writeln!(script, "C: NOOP {number}\nS: 200 {number}").unwrap();
    }
    let limits = Limits { kept_per_session: 30_000, ..Limits::default() };
    let report = within(&script, limits);
    let session = &report.sessions[0];
    assert!((30..200).contains(&session.commands.len()), "{}", session.commands.len());
    for (number, command) in session.commands.iter().enumerate() {
        assert_eq!(command.text().unwrap().raw(), number.to_string());
        let texts: Vec<&str> = command.replies.iter().map(|reply| reply.text.raw()).collect();
        assert_eq!(texts, [number.to_string()]);
    }
    assert!(reached(&report, LimitName::KeptBytes) > 300);
    assert!(session.unsolicited.len() < 50);
}

#[test]
fn greedy_sessions_leave_room_for_one_that_comes_later_and_keeps_little() {
    let mut script = String::new();
    for greedy in 0..5 {
        writeln!(script, "session G{greedy} C:{} -> S:21", 42_000 + greedy).unwrap();
        writeln!(script, "G{greedy} S: 220 ready").unwrap();
        for _ in 0..300 {
            writeln!(script, "G{greedy} C: NOOP {0}\nG{greedy} S: 200 {0}", "x".repeat(100)).unwrap();
        }
    }
    script.push_str("session B C:40002 -> S:21\n");
    script.push_str(&download("B"));
    let limits = Limits { kept_bytes: 400_000, ..Limits::default() };
    let report = within(&script, limits);
    assert!(reached(&report, LimitName::KeptBytes) > 0);
    let honest = report.sessions.iter().find(|session| session.client.port == 40_002).unwrap();
    assert_eq!(honest.commands.len(), 4);
    assert!(honest.commands.iter().all(|command| !command.replies.is_empty()));
    assert_eq!(honest.transfers[0].status, Status::Complete);
    assert_eq!(honest.transfers[0].bytes, Some(100));
}

#[test]
fn where_there_are_too_many_sessions_one_that_does_nothing_ends_early_and_is_reported() {
    let mut script = String::from("session B C:40002 -> S:21\n");
    let honest = download("B");
    let (login, transfer) = honest.split_at(honest.find("B C: RETR").unwrap());
    script.push_str(login);
    for idle in 0..50 {
        writeln!(script, "session I{idle} C:{} -> S:21\nI{idle} S: 220 ready", 42_000 + idle).unwrap();
    }
    script.push_str(transfer);
    let report = within(&script, Limits { sessions: 5, ..Limits::default() });
    assert_eq!(report.sessions.len(), 51);
    assert_eq!(reached(&report, LimitName::Sessions), 46);
    let honest = report.sessions.iter().find(|session| session.client.port == 40_002).unwrap();
    assert_eq!(honest.transfers[0].status, Status::Complete);
    assert_eq!(honest.transfers[0].bytes, Some(100));
}

#[test]
fn a_reply_without_end_costs_no_more_than_its_session_may_keep() {
    let mut script = String::from("S: 220 ready\nC: HELP\nS: 214-\n");
    for _ in 0..2000 {
        writeln!(script, "S:  {}", "x".repeat(100)).unwrap();
    }
    script.push_str("S: 214 end\nC: NOOP\nS: 200 ok\n");
    let report = within(&script, Limits { kept_per_session: 50_000, ..Limits::default() });
    let session = &report.sessions[0];
    assert!(reached(&report, LimitName::KeptBytes) > 0);
    let verbs: Vec<&str> = session.commands.iter().map(|command| command.verb.name()).collect();
    assert_eq!(verbs, ["HELP", "NOOP"]);
    assert_eq!(session.commands[1].replies[0].code, 200);
}

#[test]
fn where_sessions_are_let_go_of_as_they_end_any_number_of_greedy_ones_leaves_room() {
    let mut script = String::new();
    for greedy in 0..60 {
        writeln!(script, "session G{greedy} C:{} -> S:21", 42_000 + greedy).unwrap();
        writeln!(script, "G{greedy} S: 220 ready").unwrap();
        for _ in 0..300 {
            writeln!(script, "G{greedy} C: NOOP {0}\nG{greedy} S: 200 {0}", "x".repeat(1000)).unwrap();
        }
    }
    script.push_str("session B C:40002 -> S:21\n");
    script.push_str(&download("B"));
    let limits = Limits { kept_bytes: 4_000_000, ..Limits::default() };
    let mut analyzer = Analyzer::new(Options { limits, streaming: true, ..Options::default() });
    let mut sessions = Vec::new();
    for (packet, frame) in packets(&script).iter().zip(1..) {
        feed(&mut analyzer, packet, frame);
        sessions.extend(analyzer.take_ended());
    }
    sessions.extend(analyzer.report(Vec::new()).sessions);
    assert_eq!(sessions.len(), 61);
    let honest = sessions.iter().find(|session| session.client.port == 40_002).unwrap();
    assert_eq!(honest.commands.len(), 4);
    assert_eq!(honest.transfers[0].status, Status::Complete);
}

/// The caps that took something from the session of this client's port.
fn limited(report: &Report, port: u16) -> Vec<LimitName> {
    let of_port = report.sessions.iter().filter(|session| session.client.port == port);
    of_port.flat_map(|session| session.limited.iter()).collect()
}

#[test]
fn only_a_session_of_which_something_was_cut_says_so() {
    let talkative = "G S: 220 ready\n".to_owned() + &"G C: NOOP\nG S: 200 ok\n".repeat(20);
    let script =
        format!("session B C:40002 -> S:21\n{}session G C:40003 -> S:21\n{talkative}", download("B"));
    let report = within(&script, Limits { commands_per_session: 10, ..Limits::default() });
    assert_eq!(limited(&report, 40_002), []);
    assert_eq!(limited(&report, 40_003), [LimitName::Commands]);
    let whole = within(&script, Limits::default());
    assert_eq!(limited(&whole, 40_003), []);
}

#[test]
fn no_finding_rests_on_what_a_cap_cut() {
    // The server never says that the transfer is complete: that is odd, unless it was cut.
    let long = format!("A C: NOOP {}\n A S: 200 ok\n A C: PASV", "x".repeat(40));
    let hanging = download("A").replace("A S: 226 done\n", "").replace("A C: PASV", &long);
    let script = format!("session A C:40002 -> S:21\n{hanging}\nwait 9\nA end C\n");
    let codes = |limits| -> Vec<Code> {
        let report = within(&script, limits);
        let findings = report.sessions.iter().flat_map(|session| &session.findings);
        findings.map(|finding| finding.code).collect()
    };
    assert!(codes(Limits::default()).contains(&Code::CompletionMissing));
    let cut = codes(Limits { line_length: 30, ..Limits::default() });
    assert!(!cut.contains(&Code::CompletionMissing), "{cut:?}");
    assert!(cut.contains(&Code::CleartextCredentials), "{cut:?}");
}
