//! Sessions for tests, so that the shape of a report is written out in one place only.
//!
//! [`session`] and [`between`] begin a story that is told step by step (see [`SessionBuilder`]). Tests that
//! set the time and frame of every step themselves start from the plain values here and change what they are
//! about: `Transfer { bytes: Some(7), ..transfer(3, Direction::Upload, Status::Complete) }`.

mod story;

use smallvec::smallvec;

use super::{
    Advertised, Answer, Argument, Attempt, AttemptResult, Certainty, Code, Command, CommandIndex, Connection,
    Connector, Content, DataChannel, Direction, EndState, Finding, FrameSpan, History, LineFacts, MatchedBy,
    Mode, Negotiated, NegotiatedMode, Origin, Path, Prediction, Reply, Session, Severity, Status,
    StreamFacts, Transfer, Uid,
};
use crate::base::{Endpoint, FrameNumber, Secret, Text, Timestamp};
use crate::ftp::Verb;
pub(crate) use story::{SessionBuilder, between, session};

/// `192.0.2.1:21`, `[2001:db8::1]:21`.
pub(crate) fn endpoint(text: &str) -> Endpoint {
    let socket: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(socket.ip(), socket.port())
}

/// A session in which nothing has been said yet, whose SYN was seen at `start`.
pub(crate) fn silent_session(uid: &str, client: &str, server: &str, start: Timestamp) -> Session {
    Session::begun(
        Uid(uid.into()),
        (endpoint(client), endpoint(server)),
        (start, FrameSpan { first: FrameNumber(1), last: FrameNumber(1) }),
    )
}

/// A command line as people write it, without replies; the arguments of PASS and ACCT are hidden.
pub(crate) fn command(time: Timestamp, frame: u64, line: &str) -> Command {
    let (verb, argument) = line.split_once(' ').map_or((line, None), |(verb, rest)| (verb, Some(rest)));
    let verb = Verb::parse(verb.as_bytes());
    let argument = argument.map(|text| match verb {
        Verb::Pass | Verb::Acct => Argument::Secret(Secret::hidden()),
        _ => Argument::Text(text.into()),
    });
    Command {
        time,
        frame: FrameNumber(frame),
        verb,
        argument,
        replies: smallvec![],
        line: LineFacts::default(),
    }
}

/// A reply in one line.
pub(crate) fn reply(time: Timestamp, frame: u64, code: u16, text: &str) -> Reply {
    Reply { time, frame: FrameNumber(frame), code, text: Text::from(text), line: LineFacts::default() }
}

/// The channel of an accepted negotiation: its endpoint is predicted, and nobody has connected yet.
pub(crate) fn accepted_channel(
    mode: Mode,
    command: CommandIndex,
    listener: Endpoint,
    connector: Connector,
) -> DataChannel {
    let advertised = Advertised { ip: (mode != Mode::Epsv).then_some(listener.ip), port: listener.port };
    let predicted = Prediction { listener, connector };
    negotiated_channel(mode, command, Answer::Accepted { advertised, predicted })
}

/// The channel of a negotiation with this answer.
pub(crate) fn negotiated_channel(mode: Mode, command: CommandIndex, answer: Answer) -> DataChannel {
    let mode = NegotiatedMode::of(mode).expect("a mode that is negotiated");
    let negotiated = Negotiated { mode, command: Some(command), answer };
    DataChannel { origin: Origin::Negotiated(negotiated), ..unnegotiated_channel() }
}

/// A channel without a negotiation that could be read, as under TLS.
pub(crate) fn unnegotiated_channel() -> DataChannel {
    DataChannel {
        origin: Origin::Unseen { active: false, certainty: Certainty::Likely },
        attempt: None,
        reuse: None,
        peer_session: None,
        inferred_transfer: None,
        other_attempts: Vec::new(),
    }
}

/// A connection that met its prediction.
pub(crate) fn attempt(connection: Connection, result: AttemptResult) -> Attempt {
    Attempt { matched_by: MatchedBy::Endpoint, connection: Box::new(connection), result }
}

/// A single SYN that nobody has answered yet.
pub(crate) fn syn(originator: Endpoint, responder: Endpoint, start: Timestamp, frame: u64) -> Connection {
    let whole = StreamFacts { start_seen: true, end_seen: true, ..StreamFacts::default() };
    Connection {
        originator,
        responder,
        start,
        end: start,
        frames: FrameSpan { first: FrameNumber(frame), last: FrameNumber(frame) },
        handshake: true,
        syn_attempts: 1,
        end_state: EndState::Open,
        first_close: None,
        from_originator: whole.clone(),
        from_responder: whole,
        tls: false,
        tls_details: None,
        decrypted: false,
        syn_frames: smallvec![FrameNumber(frame)],
        established: None,
        refused_frame: None,
        challenge_frame: None,
        close: None,
        closed: None,
        stall: None,
        icmp: Vec::new(),
        path: Path::default(),
        history: History::default(),
        trouble: None,
    }
}

/// A transfer of a file of which no byte was seen.
pub(crate) fn transfer(command: CommandIndex, direction: Direction, status: Status) -> Transfer {
    Transfer {
        command,
        path: None,
        path_from_login: None,
        rate: None,
        direction,
        content: Content::File,
        representation: "I".into(),
        structure: 'F',
        mode: 'S',
        offset: 0,
        data_channel: None,
        bytes: None,
        missing_bytes: 0,
        expected_size: None,
        sha256: None,
        decoded: None,
        verification: None,
        file: None,
        piece: None,
        listing: None,
        mime: None,
        kind: None,
        encrypted: false,
        status,
        reply_code: None,
        start: None,
        end: None,
        peer_session: None,
    }
}

/// A finding that points at nothing but frames.
pub(crate) fn finding(
    code: Code,
    severity: Severity,
    summary: &str,
    time: Timestamp,
    frames: &[u64],
) -> Finding {
    Finding {
        code,
        severity,
        summary: summary.into(),
        advice: None,
        time,
        frames: frames.iter().copied().map(FrameNumber).collect(),
        command: None,
        data_channel: None,
        transfer: None,
        count: 1,
        certainty: Certainty::Proven,
        explained_by: None,
    }
}
