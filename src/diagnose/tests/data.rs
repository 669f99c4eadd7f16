//! What came of data connections.

use super::{clean, findings, raises, spares};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::diagnose::{Diagnosis, Options};
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, between, session};
use crate::report::{Capture, Code, ControlGap, ReuseOutcome, Severity};

#[test]
fn data_unanswered_tells_the_cause_that_the_packets_support() {
    let private =
        || between("192.168.1.10:40000", "203.0.113.21:21").port("192.168.1.10:45000").unanswered(4);
    let told = raises(
        Code::DataUnanswered,
        &[
            session().pasv("203.0.113.21:50000").unanswered(4),
            session().port("198.51.100.10:45000").unanswered(4).retr("a", &[150, 425]),
            private(),
            session().pasv("203.0.113.21:50000").unanswered(4).reused(true, ReuseOutcome::Ignored),
            session().pasv("203.0.113.21:50000").unanswered(1).wait(4.0).say("NOOP", &[(200, "")]),
            session().pasv("203.0.113.21:50000").unanswered(1).wait(1.5).pasv("203.0.113.21:50001"),
            session().pasv("203.0.113.21:50001").connected(5).pasv("203.0.113.21:50000").unanswered(5),
            session().tls().pasv("203.0.113.21:50000").unanswered(4),
        ],
    );
    assert_eq!(
        told[0],
        "4 SYNs from the client 198.51.100.10 to the server 203.0.113.21:50000 (announced in the 227 \
         reply) went unanswered for 3.0 s; a firewall in front of the server is probably dropping them"
    );
    assert!(told[1].contains("firewall in front of the client"), "{}", told[1]);
    assert!(told[2].contains("address is private"), "{}", told[2]);
    assert!(told[3].contains("TIME_WAIT") && told[3].contains("or a firewall"), "{}", told[3]);
    assert!(told[6].ends_with("; 1 other passive port of this server worked"), "{}", told[6]);
    assert!(told[7].contains("for 3.0 s, under TLS; a firewall"), "{}", told[7]);
    spares(
        Code::DataUnanswered,
        &[
            clean(),
            // The capture ends before an answer could come.
            session().pasv("203.0.113.21:50000").unanswered(1),
            session().pasv("203.0.113.21:50000").refused(),
        ],
    );
}

#[test]
fn data_refused_tells_the_cause_that_the_packets_support() {
    let told = raises(
        Code::DataRefused,
        &[
            session().pasv("203.0.113.21:50000").refused(),
            session().pasv("203.0.113.21:50000").refused().reused(true, ReuseOutcome::Refused),
            session().pasv("203.0.113.21:50000").wait(90.0).refused(),
        ],
    );
    assert!(told[0].ends_with("(announced in the 227 reply) was answered by RST"), "{}", told[0]);
    assert!(told[1].contains("TIME_WAIT"), "{}", told[1]);
    assert!(told[2].contains("90.0 s after the negotiation"), "{}", told[2]);
    spares(Code::DataRefused, &[clean(), session().pasv("203.0.113.21:50000").unanswered(3)]);
}

#[test]
fn data_never_attempted_needs_a_failure_that_is_about_the_data_connection() {
    let port = || session().port("198.51.100.10:45000");
    let told = raises(
        Code::DataNeverAttempted,
        &[
            port().retr("a", &[425]),
            clean()
                .port("198.51.100.10:45000")
                .retr("a", &[150])
                .wait(30.0)
                .but(|it| it.end = it.end.plus(TimeDelta::from_secs(30))),
            session().pasv("203.0.113.21:50000").retr("a", &[150, 426]),
            between("192.168.1.10:40000", "203.0.113.21:21").port("192.168.1.10:45000").retr("a", &[425]),
            port().retr("a", &[425]).reused(true, ReuseOutcome::NotAttempted),
        ],
    );
    assert!(told[0].contains("gave up after"), "{}", told[0]);
    assert!(told[1].contains("got no final reply"), "{}", told[1]);
    assert!(told[2].contains("failed with 426 and no SYN from the client"), "{}", told[2]);
    assert!(told[3].contains("private address"), "{}", told[3]);
    assert!(told[4].contains("TIME_WAIT"), "{}", told[4]);
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    spares(
        Code::DataNeverAttempted,
        &[
            port().retr("a", &[550]),
            port().unanswered(3).retr("a", &[425]),
            port().retr("a", &[150]),
            port().retr("a", &[150]).wait(30.0).but(|it| it.gaps.push(gap)),
            session().retr("a", &[425]),
            port().retr("a", &[226]),
            // The capture holds no data connection at all: one more that is missing says nothing.
            session()
                .pasv("203.0.113.21:50000")
                .retr("a", &[150, 226])
                .port("198.51.100.10:45000")
                .retr("a", &[425]),
        ],
    );
}

#[test]
fn data_not_captured_is_a_success_without_a_connection() {
    raises(Code::DataNotCaptured, &[session().pasv("203.0.113.21:50000").retr("a", &[150, 226])]);
    spares(Code::DataNotCaptured, &[clean(), session().pasv("203.0.113.21:50000").retr("a", &[425])]);
    let mut told = session();
    for port in 50_000..50_005 {
        told = told.pasv(&format!("203.0.113.21:{port}")).retr("a", &[150, 226]);
    }
    let summaries = raises(Code::DataNotCaptured, &[told]);
    assert!(summaries.len() == 1 && summaries[0].contains("5 transfers in all"), "{summaries:?}");
}

#[test]
fn time_wait_reuse_is_info_when_accepted_and_a_warning_when_it_cost_something() {
    let reused =
        |in_time_wait, outcome| clean().pasv("203.0.113.21:50000").connected(5).reused(in_time_wait, outcome);
    for (outcome, severity) in [
        (ReuseOutcome::Accepted, Severity::Info),
        (ReuseOutcome::Ignored, Severity::Warning),
        (ReuseOutcome::Challenged, Severity::Warning),
        (ReuseOutcome::Refused, Severity::Warning),
        (ReuseOutcome::NotAttempted, Severity::Warning),
    ] {
        let told = reused(true, outcome);
        let found: Vec<_> = findings(&told).into_iter().filter(|it| it.code == Code::TimeWaitReuse).collect();
        assert_eq!(found.iter().map(|it| it.severity).collect::<Vec<_>>(), [severity], "{outcome:?}");
        assert!(found[0].summary.contains("at the server"), "{}", found[0].summary);
        spares(Code::TimeWaitReuse, &[reused(false, outcome)]);
    }
}

/// So many downloads, each a second after the one before, from these ports in turn.
fn downloads(count: usize, ports: &[u16], reused: bool) -> SessionBuilder {
    let mut told = session().login("alice");
    for number in 0..count {
        let port = ports[number % ports.len()];
        told = told.pasv(&format!("203.0.113.21:{port}")).connected(5).wait(1.0);
        if reused && number >= ports.len() {
            told = told.reused(true, ReuseOutcome::Accepted);
        }
        told = told.retr("a", &[150, 226]);
    }
    told
}

#[test]
fn port_range_is_exhausted_when_time_wait_outlasts_it() {
    let told = raises(
        Code::PortRangeExhausted,
        &[
            downloads(4, &[50_000], true),
            downloads(8, &[50_000, 50_001, 50_002], true),
            downloads(7, &[50_000, 50_001, 50_002, 50_003, 50_004, 50_005], true),
        ],
    );
    assert!(
        told[0].starts_with("The server 203.0.113.21 used only port 50000 for 4 data connections"),
        "{}",
        told[0]
    );
    assert!(told[1].contains("only 3 ports between 50000 and 50002"), "{}", told[1]);
    spares(
        Code::PortRangeExhausted,
        &[
            downloads(2, &[50_000], true),
            // Closed by RST: no TIME_WAIT.
            downloads(4, &[50_000], false),
            // One chance meeting in a wide range.
            downloads(5, &[50_000, 61_001, 55_002, 40_003], true),
            downloads(5, &[50_000, 50_001, 50_002, 50_003, 50_004], true),
        ],
    );
}

#[test]
fn port_range_is_judged_over_all_sessions_of_a_server() {
    let mut diagnosis = Diagnosis::new(Options::default());
    for number in 0..3 {
        let mut told = downloads(1, &[50_000], false);
        if number > 0 {
            told = told.reused(true, ReuseOutcome::Accepted);
        }
        let now = told.now();
        diagnosis.session(&mut told.session, now);
        assert!(told.session.findings.iter().all(|it| it.code != Code::PortRangeExhausted));
    }
    let found = diagnosis.finish(&Capture::default());
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::PortRangeExhausted]);
    assert!(found[0].summary.starts_with("Over 3 sessions the server 203.0.113.21"), "{}", found[0].summary);
}
