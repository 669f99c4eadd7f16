//! A sample report: a passive download, an active transfer that a firewall blocks, a reuse inside TIME_WAIT,
//! and peers that try to attack the reader of the report by the text they send.

use crate::base::{FrameNumber, LimitName, Secret, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::testing::{self, endpoint};
use crate::report::{
    Allocation, Answer, Argument, Attempt, AttemptResult, Capture, CaptureFormat, ChannelIndex, Code,
    Command, CommandIndex, Compression, Connection, Connector, DataChannel, Direction, EndState, Finding,
    FirstClose, FrameSpan, Holder, IcmpError, IcmpMessage, IcmpVersion, Login, MatchedBy, Mode, Party,
    PortAllocation, Previous, Reply, Report, Reuse, ReuseKind, ReuseOutcome, Security, Session, Severity,
    Source, Status, StreamFacts, TimeWait, Transfer, TransferIndex,
};

/// `2026-03-01T12:00:00Z`.
const START: i64 = 1_772_366_400_000_000_000;

/// The time `millis` milliseconds after the start of the capture.
pub(super) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_nanos(START + millis * 1_000_000)
}

/// The whole report.
pub(super) fn sample_report() -> Report {
    let mut capture = Capture {
        sources: vec![Source {
            path: "incident.pcapng".into(),
            format: CaptureFormat::Pcapng,
            compression: Some(Compression::Zstd),
            link_types: vec!["ETHERNET".into()],
            packets: 1234,
            bytes: 567_890,
            first: Some(at(0)),
            last: Some(at(190_000)),
            truncated_packets: 0,
            damage: Some("ends in the middle of packet 1235 (1281 of 1514 bytes)".into()),
        }],
        packets: 1234,
        bytes: 567_890,
        first: Some(at(0)),
        last: Some(at(190_000)),
        silent_connections: 2,
        ..Capture::default()
    };
    capture.ignored.insert("udp".into(), 17);
    capture.limits.add(LimitName::LineLength, 1);
    Report {
        capture,
        sessions: vec![passive_download(), blocked_active(), reused_pair(), hostile_names()],
        findings: vec![finding(
            Code::BruteForce,
            Severity::Alert,
            "198.51.100.66 was refused 7 logins at 192.0.2.8:21 within 3 s",
            &[901, 903, 905, 907, 908, 909, 911],
        )],
        ..Report::default()
    }
}

/// A session without problems.
pub(super) fn passive_download() -> Session {
    let mut session = session("10.1.7.33:49822", "192.0.2.8:21", 0);
    login(&mut session, "alice");
    session.greeting = vec![reply(5, 4, 220, "ProFTPD Server ready.")];
    session.system = Some("UNIX Type: L8".into());
    session.client_software = Some("FileZilla 3.66".into());
    session.features = Some(vec!["MDTM".into(), "REST STREAM".into(), "SIZE".into()]);
    session.port_allocation = PortAllocation { client: None, server: Some(Allocation::Scattered) };
    let pasv = command(&mut session, Verb::Pasv, None, &[(227, "Entering Passive Mode (192,0,2,8,195,80).")]);
    let mut channel = channel(Mode::Pasv, pasv, "192.0.2.8:50000", "10.1.7.33", None);
    let connection = connection("10.1.7.33:49823", "192.0.2.8:50000", 900, 0, 4096);
    channel.attempt =
        Some(connected(connection, TimeWait { holder: Holder::Server, from: at(1180), until: at(61_180) }));
    session.data_channels.push(channel);
    let retr = command(
        &mut session,
        Verb::Retr,
        Some("report.pdf"),
        &[
            (150, "Opening BINARY mode data connection for report.pdf (4096 bytes)"),
            (226, "Transfer complete"),
        ],
    );
    session.transfers.push(Transfer {
        path: Some("/home/alice/report.pdf".into()),
        bytes: Some(4096),
        expected_size: Some(4096),
        sha256: Some([0xab; 32]),
        decoded: None,
        verification: None,
        file: None,
        piece: None,
        mime: Some("application/pdf".into()),
        reply_code: Some(226),
        start: Some(at(900)),
        end: Some(at(1180)),
        ..transfer(retr, Direction::Download, Status::Complete, Some(ChannelIndex(0)))
    });
    command(&mut session, Verb::Quit, None, &[(221, "Goodbye.")]);
    session.closed_by = Some(Party::Server);
    session
}

/// A session whose PORT leads to nothing and whose fallback is refused.
pub(super) fn blocked_active() -> Session {
    let mut session = session("10.1.7.61:39022", "192.0.2.8:21", 20_000);
    login(&mut session, "backup");
    let port =
        command(&mut session, Verb::Port, Some("10,1,7,61,152,110"), &[(200, "PORT command successful")]);
    let mut blocked = channel(Mode::Port, port, "10.1.7.61:39022", "192.0.2.8", Some(20));
    let mut attempt = connection("192.0.2.8:20", "10.1.7.61:39022", 21_000, 0, 0);
    attempt.syn_attempts = 4;
    attempt.end_state = EndState::Open;
    attempt.first_close = None;
    blocked.attempt = Some(testing::attempt(attempt, AttemptResult::Unanswered));
    session.data_channels.push(blocked);
    let stor =
        command(&mut session, Verb::Stor, Some("nightly.tar.gz"), &[(425, "Can't open data connection.")]);
    session.transfers.push(Transfer {
        path: Some("/nightly.tar.gz".into()),
        bytes: Some(0),
        reply_code: Some(425),
        start: Some(at(21_000)),
        end: Some(at(28_000)),
        ..transfer(stor, Direction::Upload, Status::Failed, Some(ChannelIndex(0)))
    });
    let epsv =
        command(&mut session, Verb::Epsv, None, &[(229, "Entering Extended Passive Mode (|||50001|)")]);
    let mut refused = channel(Mode::Epsv, epsv, "192.0.2.8:50001", "10.1.7.61", None);
    let mut attempt = connection("10.1.7.61:39023", "192.0.2.8:50001", 29_000, 0, 0);
    attempt.end_state = EndState::Rst;
    attempt.icmp.push(IcmpError {
        time: at(29_001),
        frame: FrameNumber(70),
        from: "192.0.2.254".parse().unwrap(),
        message: IcmpMessage { version: IcmpVersion::V4, kind: 3, code: 13, mtu: None },
        quoted_sender: attempt.originator,
    });
    refused.attempt = Some(testing::attempt(attempt, AttemptResult::Refused));
    session.data_channels.push(refused);
    command(&mut session, Verb::Pasv, None, &[(502, "Command not implemented")]);
    session.data_channels.push(testing::negotiated_channel(
        Mode::Pasv,
        CommandIndex(5),
        Answer::Rejected(None),
    ));
    session.findings = vec![
        Finding {
            command: Some(port),
            data_channel: Some(ChannelIndex(0)),
            transfer: Some(TransferIndex(0)),
            advice: Some(
                "Allow TCP from 192.0.2.8 port 20 to the client's ports, or let the client use passive mode."
                    .into(),
            ),
            ..finding(
                Code::DataUnanswered,
                Severity::Warning,
                "192.0.2.8:20 sent 4 SYNs to 10.1.7.61:39022 which went unanswered; a firewall probably drops them",
                &[112, 114, 115, 116, 117],
            )
        },
        Finding {
            data_channel: Some(ChannelIndex(1)),
            ..finding(
                Code::ModeFallback,
                Severity::Notice,
                "after PORT led to nothing the client tried EPSV",
                &[130],
            )
        },
        finding(
            Code::CleartextCredentials,
            Severity::Notice,
            "the password of backup went to 192.0.2.8:21 in the clear",
            &[106],
        ),
    ];
    session
}

/// A session over IPv6 that reuses a pair of ports while it is in TIME_WAIT.
pub(super) fn reused_pair() -> Session {
    let mut session = session("[2001:db8::33]:50110", "[2001:db8:1::8]:2121", 40_000);
    login(&mut session, "anonymous");
    session.security = Security::ExplicitTls;
    let epsv =
        command(&mut session, Verb::Epsv, None, &[(229, "Entering Extended Passive Mode (|||50000|)")]);
    let mut first = channel(Mode::Epsv, epsv, "[2001:db8:1::8]:50000", "2001:db8::33", None);
    let connection = connection("[2001:db8::33]:50111", "[2001:db8:1::8]:50000", 41_000, 1_048_576, 0);
    let mut second = first.clone();
    let wait = TimeWait { holder: Holder::Client, from: at(42_000), until: at(102_000) };
    first.attempt = Some(connected(connection.clone(), wait));
    second.attempt = Some(Attempt {
        matched_by: MatchedBy::Translated,
        connection: Box::new(Connection { start: at(52_000), end: at(53_000), ..connection }),
        result: AttemptResult::Connected { time_wait: None },
    });
    second.reuse = Some(Reuse {
        kind: ReuseKind::FourTuple,
        previous: Previous { session: session.uid.clone(), data_channel: ChannelIndex(0) },
        gap: Some(TimeDelta::from_secs(10)),
        in_time_wait: true,
        outcome: ReuseOutcome::Ignored,
    });
    session.data_channels = vec![first, second];
    for (index, name) in ["backup-2026-02-28.tar", "backup-2026-03-01.tar"].into_iter().enumerate() {
        let stor = command(&mut session, Verb::Stor, Some(name), &[(226, "Closing data connection.")]);
        session.transfers.push(Transfer {
            bytes: Some(1_048_576),
            missing_bytes: 1448,
            encrypted: true,
            reply_code: Some(226),
            start: Some(at(41_000)),
            end: Some(at(42_000)),
            ..transfer(stor, Direction::Upload, Status::Complete, ChannelIndex::from_position(index))
        });
    }
    session.findings = vec![Finding {
        data_channel: Some(ChannelIndex(1)),
        ..finding(
            Code::TimeWaitReuse,
            Severity::Warning,
            "[2001:db8::33]:50111 → [2001:db8:1::8]:50000 was used again 10 s after its close, inside TIME_WAIT; \
             2 SYNs were ignored",
            &[610, 612, 613],
        )
    }];
    session.end_state = EndState::Open;
    session
}

/// A session with hostile names: escape sequences, formulas, markup, bidirectional and wide characters.
pub(super) fn hostile_names() -> Session {
    let mut session = session("198.51.100.66:1337", "192.0.2.8:21", 60_000);
    login(&mut session, "=cmd|' /C calc'!A0");
    session.login = Login::Rejected;
    session.system = Some("\u{1b}]0;owned\u{7}UNIX".into());
    for name in
        ["\u{1b}[2J\u{202e}fdp.exe", "<script>alert(1)</script>", "日本語のファイル.txt", "a\r\nb\tc\0d"]
    {
        let retr =
            command(&mut session, Verb::Retr, Some(name), &[(550, "No such file\n \u{9b}31mred\u{feff}")]);
        session.transfers.push(Transfer {
            path: Some(name.into()),
            reply_code: Some(550),
            bytes: Some(0),
            ..transfer(retr, Direction::Download, Status::Failed, None)
        });
    }
    command(&mut session, Verb::Other("X\u{1b}[31m".into()), Some("+1+1"), &[]);
    session.end_state = EndState::Rst;
    session.closed_by = Some(Party::Client);
    session
}

fn session(client: &str, server: &str, start: i64) -> Session {
    Session {
        end: at(start + 9_500),
        frames: FrameSpan { first: FrameNumber(1), last: FrameNumber(99) },
        end_state: EndState::Fin,
        ..testing::silent_session(&format!("S{start:05}"), client, server, at(start))
    }
}

fn login(session: &mut Session, user: &str) {
    command(session, Verb::User, Some(user), &[(331, "Password required")]);
    let pass = command(session, Verb::Pass, None, &[(230, "User logged in")]);
    session.commands[pass.position()].argument = Some(Argument::Secret(Secret::hidden()));
    session.user = Some(user.into());
    session.password = Some(Secret::hidden());
    session.login = Login::Accepted;
}

/// Adds a command, ten milliseconds and two frames after the one before it, and returns its index.
pub(super) fn command(
    session: &mut Session,
    verb: Verb,
    argument: Option<&str>,
    replies: &[(u16, &str)],
) -> CommandIndex {
    let index = CommandIndex::from_position(session.commands.len()).unwrap();
    let millis = session.start.since(at(0)).nanos() / 1_000_000 + 10 * (i64::from(index.0) + 1);
    let frame = 6 + 2 * u64::from(index.0);
    session.commands.push(Command {
        verb,
        argument: argument.map(|text| Argument::Text(text.into())),
        replies: replies.iter().map(|&(code, text)| reply(millis + 5, frame + 1, code, text)).collect(),
        ..testing::command(at(millis), frame, "NOOP")
    });
    index
}

fn reply(millis: i64, frame: u64, code: u16, text: &str) -> Reply {
    testing::reply(at(millis), frame, code, text)
}

fn channel(
    mode: Mode,
    command: CommandIndex,
    listener: &str,
    connector: &str,
    port: Option<u16>,
) -> DataChannel {
    let connector = Connector { ip: connector.parse().unwrap(), port };
    testing::accepted_channel(mode, command, endpoint(listener), connector)
}

fn connected(connection: Connection, time_wait: TimeWait) -> Attempt {
    testing::attempt(connection, AttemptResult::Connected { time_wait: Some(time_wait) })
}

fn connection(originator: &str, responder: &str, start: i64, sent: u64, received: u64) -> Connection {
    Connection {
        end: at(start + 280),
        frames: FrameSpan { first: FrameNumber(20), last: FrameNumber(40) },
        end_state: EndState::Fin,
        first_close: Some(FirstClose::Responder),
        from_originator: StreamFacts { bytes: sent, ..StreamFacts::default() },
        from_responder: StreamFacts { bytes: received, ..StreamFacts::default() },
        established: Some(at(start)),
        ..testing::syn(endpoint(originator), endpoint(responder), at(start), 20)
    }
}

fn transfer(
    command: CommandIndex,
    direction: Direction,
    status: Status,
    data_channel: Option<ChannelIndex>,
) -> Transfer {
    Transfer { data_channel, ..testing::transfer(command, direction, status) }
}

/// A finding that refers to frames only.
pub(super) fn finding(code: Code, severity: Severity, summary: &str, frames: &[u64]) -> Finding {
    testing::finding(code, severity, summary, at(0), frames)
}
