use super::*;
use crate::analyzer::Event;
use crate::base::{Endpoint, FrameNumber, PacketRef, Text, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::live::stamp::{Clock, Stamps};
use crate::report::testing;
use crate::report::{ChannelIndex, Code, CommandIndex, Differs, Direction, Login, Severity, Status, Uid};

fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

fn line(kind: EventKind, is_ascii: bool) -> String {
    let time = Timestamp::from_nanos(1_772_366_400_123_456_789);
    let event = Event {
        packet: PacketRef { time, frame: FrameNumber(7) },
        session: Uid::default(),
        client: endpoint("10.1.7.33:49822"),
        server: endpoint("192.0.2.8:21"),
        kind,
    };
    let stamp = Stamps::new(Clock::Utc).next(time);
    Line { stamp, event: &event, is_ascii }.to_string()
}

/// A line without its time and endpoints.
fn words(kind: EventKind) -> String {
    let line = line(kind, false);
    line.strip_prefix("12:00:00.123456 10.1.7.33:49822 > 192.0.2.8:21: ").unwrap().to_owned()
}

fn port(listener: &str, connector: &str) -> Prediction {
    let connector = Connector { ip: connector.parse().unwrap(), port: Some(20) };
    Prediction { listener: endpoint(listener), connector }
}

fn download() -> Transfer {
    Transfer {
        data_channel: Some(ChannelIndex(0)),
        bytes: Some(38_100_000),
        reply_code: Some(226),
        start: Some(Timestamp::from_nanos(0)),
        end: Some(Timestamp::from_nanos(10_000_000_000)),
        ..testing::transfer(CommandIndex(5), Direction::Download, Status::Complete)
    }
}

fn transferred(transfer: Transfer) -> EventKind {
    EventKind::Transferred {
        verb: Verb::Retr,
        argument: Some(Text::from("/pub/q1.csv")),
        transfer: Box::new(transfer),
    }
}

#[test]
fn what_becomes_of_a_prediction_reads_as_one_story() {
    let (channel, mode) = (ChannelIndex(0), Some(Mode::Port));
    let prediction = port("10.1.7.33:51000", "192.0.2.8");
    let (originator, responder) = (endpoint("192.0.2.8:20"), endpoint("10.1.7.33:51000"));
    let connected = |matched_by, differs| EventKind::Connected {
        channel,
        mode,
        originator,
        responder,
        matched_by,
        differs,
        after: TimeDelta::from_nanos(12_300_000),
    };
    for (kind, expected) in [
        (EventKind::Expecting { channel, mode, prediction }, "expecting 192.0.2.8 → 10.1.7.33:51000 (PORT)"),
        (
            connected(MatchedBy::Endpoint, None),
            "connected after 12 ms: 192.0.2.8:20 → 10.1.7.33:51000 (PORT)",
        ),
        (
            connected(MatchedBy::Translated, Some(Differs::Listener)),
            "connected after 12 ms: 192.0.2.8:20 → 10.1.7.33:51000 (PORT), not at the announced address",
        ),
        (
            connected(MatchedBy::Translated, Some(Differs::Connector)),
            "connected after 12 ms: 192.0.2.8:20 → 10.1.7.33:51000 (PORT), from another host",
        ),
        (
            EventKind::Refused { channel, mode, originator, responder },
            "refused: 192.0.2.8:20 → 10.1.7.33:51000 (PORT)",
        ),
        (EventKind::Rejected { channel, mode: Mode::Port, code: 500 }, "PORT rejected (500)"),
        (
            EventKind::TimedOut {
                channel,
                mode,
                prediction,
                waited: TimeDelta::from_secs(30),
                attempted: false,
            },
            "timed out: no SYN to 10.1.7.33:51000 in 30.0 s (PORT)",
        ),
        (
            EventKind::TimedOut {
                channel,
                mode,
                prediction,
                waited: TimeDelta::from_secs(30),
                attempted: true,
            },
            "timed out: SYNs to 10.1.7.33:51000 unanswered for 30.0 s (PORT)",
        ),
    ] {
        assert_eq!(words(kind), expected);
    }
}

#[test]
fn where_only_ascii_is_wanted_nothing_else_is_drawn() {
    let prediction = port("[2001:db8::1]:51000", "2001:db8::8");
    let kind = EventKind::Expecting { channel: ChannelIndex(0), mode: Some(Mode::Eprt), prediction };
    assert_eq!(
        line(kind, true),
        "12:00:00.123456 10.1.7.33:49822 > 192.0.2.8:21: expecting [2001:db8::8] -> [2001:db8::1]:51000 (EPRT)"
    );
}

#[test]
fn a_transfer_is_reported_with_what_it_moved_and_how_fast() {
    let whole = download();
    let cut = Transfer { missing_bytes: 1500, ..whole.clone() };
    let refused = Transfer {
        status: Status::Failed,
        reply_code: Some(550),
        bytes: Some(0),
        start: None,
        end: None,
        ..whole.clone()
    };
    let unseen = Transfer { bytes: None, start: None, end: None, ..whole.clone() };
    let sealed = Transfer { encrypted: true, bytes: Some(0), ..whole.clone() };
    for (transfer, expected) in [
        (whole, "RETR /pub/q1.csv complete (226): 36.3 MiB in 10.0 s, 3.6 MiB/s"),
        (cut, "RETR /pub/q1.csv complete (226): 36.3 MiB in 10.0 s, 3.6 MiB/s; 1500 B not captured"),
        (refused, "RETR /pub/q1.csv failed (550)"),
        (unseen, "RETR /pub/q1.csv complete (226)"),
        (sealed, "RETR /pub/q1.csv complete (226): 0 B in 10.0 s, encrypted"),
    ] {
        assert_eq!(words(transferred(transfer)), expected);
    }
}

#[test]
fn a_finding_is_told_with_its_severity_and_code() {
    let finding = testing::finding(
        Code::DataRefused,
        Severity::Warning,
        "10.1.7.33 refused",
        Timestamp::default(),
        &[7],
    );
    let finding = Box::new(finding);
    let told = "warning data-refused: 10.1.7.33 refused";
    assert_eq!(words(EventKind::Found { finding: finding.clone() }), told);
    assert_eq!(words(EventKind::Revised { finding: finding.clone(), is_graver: true }), told);
    assert_eq!(words(EventKind::Withdrawn { finding: finding.clone() }), format!("withdrawn: {told}"));
    let time = Timestamp::from_nanos(1_772_366_400_123_456_789);
    for (change, expected) in [
        (Change::Found, format!("12:00:00.123456 {told}")),
        (Change::Withdrawn, format!("12:00:00.123456 withdrawn: {told}")),
    ] {
        let stamp = Stamps::new(Clock::Utc).next(time);
        let packet = PacketRef { time, frame: FrameNumber(9) };
        let event = &OverallEvent { packet, change, finding: finding.clone() };
        assert_eq!(OverallLine { stamp, event }.to_string(), expected);
    }
}

#[test]
fn nothing_that_a_peer_says_gets_to_the_terminal_as_it_is() {
    let evil = || Text::from("\u{1b}[2J\r\nx\u{202e}");
    let user = EventKind::LoggedIn { user: Some(evil()), login: Login::Rejected, code: 530 };
    let verb = EventKind::Transferred {
        verb: Verb::Other("\u{1b}X".into()),
        argument: Some(evil()),
        transfer: Box::new(download()),
    };
    for kind in [user, verb] {
        let words = words(kind);
        assert!(
            !words.contains(|character: char| character.is_control() || character == '\u{202e}'),
            "{words:?}"
        );
    }
}
