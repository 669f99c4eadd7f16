//! A session told step by step: every step takes ten milliseconds and one frame.

use std::net::IpAddr;

use super::endpoint;
use crate::base::{Endpoint, FrameNumber, TimeDelta, Timestamp};
use crate::ftp::{LineEnd, Party};
use crate::report::{
    Advertised, Answer, Attempt, AttemptResult, ChannelIndex, CommandIndex, Connection, Connector,
    DataChannel, Direction, EndState, FirstClose, Holder, LineFacts, Login, Mode, Negotiation, Previous,
    Protection, Reply, Reuse, ReuseKind, ReuseOutcome, Security, Session, Status, TimeWait, Transfer,
};

const STEP: i64 = 10_000_000;

/// A session under construction, to be read as a story:
/// `session().login("bob").pasv("203.0.113.21:50000").connected(1000).retr("/a", &[150, 226])`.
#[derive(Clone)]
pub(crate) struct SessionBuilder {
    pub(crate) session: Session,
    now: i64,
    frame: FrameNumber,
}

/// Between the client 198.51.100.10 and the server 203.0.113.21, both public.
pub(crate) fn session() -> SessionBuilder {
    between("198.51.100.10:40000", "203.0.113.21:21")
}

/// Between any two.
pub(crate) fn between(client: &str, server: &str) -> SessionBuilder {
    let session = super::silent_session("Fthis", client, server, Timestamp::default());
    let mut builder = SessionBuilder { session, now: 0, frame: FrameNumber(1) };
    let greeting = builder.reply(220, "ready");
    builder.session.greeting.push(greeting);
    builder
}

impl SessionBuilder {
    /// Time passes.
    pub(crate) fn wait(mut self, seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a test waits no centuries")]
        let nanos = (seconds * 1e9) as i64;
        self.now += nanos;
        self
    }

    /// The clock is set.
    pub(crate) fn at(self, seconds: f64) -> Self {
        Self { now: 0, ..self }.wait(seconds)
    }

    /// A command and its replies, `&[]` for none.
    pub(crate) fn say(mut self, line: &str, replies: &[(u16, &str)]) -> Self {
        let (time, frame) = self.step();
        let protection = self.protection();
        let mut command = super::command(time, frame.0, line);
        command.line = LineFacts { protection, ..LINE };
        command.replies = replies.iter().map(|&(code, text)| self.reply(code, text)).collect();
        self.session.commands.push(command);
        self.session.end = Timestamp::from_nanos(self.now);
        self.session.frames.last = self.frame;
        self
    }

    /// USER and PASS, accepted.
    pub(crate) fn login(self, user: &str) -> Self {
        let mut after =
            self.say(&format!("USER {user}"), &[(331, "password?")]).say("PASS secret", &[(230, "in")]);
        after.session.login = Login::Accepted;
        after
    }

    /// AUTH TLS, accepted: what follows is under TLS and read with the keys.
    pub(crate) fn tls(self) -> Self {
        let mut after = self.say("AUTH TLS", &[(234, "go ahead")]);
        after.session.security = Security::ExplicitTls;
        after
    }

    /// An accepted PORT.
    pub(crate) fn port(self, listener: &str) -> Self {
        let text = six(endpoint(listener));
        self.say(&format!("PORT {text}"), &[(200, "ok")]).channel(
            Mode::Port,
            Some(listener),
            Negotiation::Accepted,
        )
    }

    /// A rejected PORT.
    pub(crate) fn port_rejected(self, listener: &str, code: u16) -> Self {
        let text = six(endpoint(listener));
        self.say(&format!("PORT {text}"), &[(code, "no")]).channel(
            Mode::Port,
            Some(listener),
            Negotiation::Rejected,
        )
    }

    /// PASV with its 227.
    pub(crate) fn pasv(self, listener: &str) -> Self {
        let text = format!("Entering Passive Mode ({}).", six(endpoint(listener)));
        self.say("PASV", &[(227, &text)]).channel(Mode::Pasv, Some(listener), Negotiation::Accepted)
    }

    /// EPSV with its 229, on the server's address.
    pub(crate) fn epsv(self, port: u16) -> Self {
        let listener = Endpoint::new(self.session.server.ip, port).to_string();
        let text = format!("Entering Extended Passive Mode (|||{port}|)");
        self.say("EPSV", &[(229, &text)]).channel(Mode::Epsv, Some(&listener), Negotiation::Accepted)
    }

    /// A channel for the last command.
    pub(crate) fn channel(mut self, mode: Mode, listener: Option<&str>, negotiation: Negotiation) -> Self {
        let listener = listener.map(endpoint);
        let session = &self.session;
        let peer = if mode.is_active() { session.server } else { session.client };
        let port = mode.is_active().then(|| peer.port - 1);
        let command = CommandIndex::from_position(session.commands.len() - 1).unwrap();
        let named = listener.map(|it| Advertised { ip: Some(it.ip), port: it.port });
        let answered = |answer| super::negotiated_channel(mode, command, answer);
        let channel = match (negotiation, listener) {
            (Negotiation::Accepted, Some(listener)) => {
                super::accepted_channel(mode, command, listener, Connector { ip: peer.ip, port })
            }
            (Negotiation::Accepted, None) => panic!("{mode:?} was accepted without an endpoint"),
            (Negotiation::Malformed, _) => answered(Answer::Malformed),
            (Negotiation::Unanswered, _) => answered(Answer::Unanswered(named)),
            (Negotiation::Rejected, _) => answered(Answer::Rejected(named)),
        };
        self.session.data_channels.push(channel);
        self
    }

    /// The last channel's connection is made, to the predicted endpoint, and closed after as many bytes from
    /// the server.
    pub(crate) fn connected(self, bytes: u64) -> Self {
        let prediction = self.session.data_channels.last().unwrap().predicted().unwrap();
        let port = prediction.connector.port.unwrap_or(50_000);
        self.connected_between(Endpoint::new(prediction.connector.ip, port), prediction.listener, bytes)
    }

    /// The last channel's connection is made between these two.
    pub(crate) fn connected_between(mut self, originator: Endpoint, responder: Endpoint, bytes: u64) -> Self {
        let mut connection = self.syns(originator, responder, 1);
        let (established, _) = self.step();
        let payload = self.step();
        let close = self.step();
        let active = self.last_channel().is_active();
        let sender = if active { &mut connection.from_originator } else { &mut connection.from_responder };
        sender.bytes = bytes;
        sender.first_payload = Some(payload).filter(|_| bytes > 0);
        sender.last_payload = sender.first_payload;
        connection.established = Some(established);
        connection.end_state = EndState::Fin;
        connection.first_close = Some(if active { FirstClose::Originator } else { FirstClose::Responder });
        connection.close = Some(close);
        connection.closed = Some(close.0);
        connection.end = close.0;
        connection.frames.last = close.1;
        let wait =
            TimeWait { holder: Holder::Server, from: close.0, until: close.0.plus(TimeDelta::from_secs(60)) };
        self.attempted(connection, AttemptResult::Connected { time_wait: Some(wait) })
    }

    /// SYNs to the last channel's endpoint, each a second after the one before, and no answer.
    pub(crate) fn unanswered(mut self, syns: u32) -> Self {
        let prediction = self.last_channel().predicted().unwrap();
        let from = Endpoint::new(prediction.connector.ip, prediction.connector.port.unwrap_or(50_000));
        let mut connection = self.syns(from, prediction.listener, syns);
        self.now += i64::from(syns - 1) * 1_000_000_000;
        connection.end = Timestamp::from_nanos(self.now);
        self.attempted(connection, AttemptResult::Unanswered)
    }

    /// A SYN to the last channel's endpoint, and a RST.
    pub(crate) fn refused(mut self) -> Self {
        let prediction = self.last_channel().predicted().unwrap();
        let from = Endpoint::new(prediction.connector.ip, prediction.connector.port.unwrap_or(50_000));
        let mut connection = self.syns(from, prediction.listener, 1);
        let (time, frame) = self.step();
        connection.end = time;
        connection.refused_frame = Some(frame);
        connection.end_state = EndState::Rst;
        self.attempted(connection, AttemptResult::Refused)
    }

    /// RETR with these replies over the last channel, of which the connection tells the bytes.
    pub(crate) fn retr(self, name: &str, codes: &[u16]) -> Self {
        self.transfer(&format!("RETR {name}"), codes, Direction::Download)
    }

    /// STOR with these replies over the last channel; the connection's bytes are the client's then.
    pub(crate) fn stor(mut self, name: &str, codes: &[u16]) -> Self {
        if let Some(attempt) = &mut self.last_channel().attempt {
            let Connection { from_originator, from_responder, .. } = &mut *attempt.connection;
            std::mem::swap(from_originator, from_responder);
        }
        self.transfer(&format!("STOR {name}"), codes, Direction::Upload)
    }

    fn transfer(self, line: &str, codes: &[u16], direction: Direction) -> Self {
        let replies: Vec<(u16, &str)> = codes.iter().map(|&code| (code, "")).collect();
        let mut after = self.say(line, &replies);
        let code = codes.last().copied().filter(|code| *code >= 200);
        let channel = after.session.data_channels.last();
        let connection = channel.and_then(DataChannel::connection);
        let status = match code {
            Some(200..=299) => Status::Complete,
            Some(426) => Status::Aborted,
            Some(_) => Status::Failed,
            None => Status::Unfinished,
        };
        let command = CommandIndex::from_position(after.session.commands.len() - 1).unwrap();
        let transfer = Transfer {
            data_channel: after
                .session
                .data_channels
                .len()
                .checked_sub(1)
                .and_then(ChannelIndex::from_position),
            bytes: match (connection, code) {
                (Some(connection), _) => Some(connection.bytes()),
                (None, Some(200..=299)) => None,
                (None, _) => Some(0),
            },
            reply_code: code,
            start: connection.map(|it| it.start),
            end: connection.map(|it| it.end),
            ..super::transfer(command, direction, status)
        };
        after.session.transfers.push(transfer);
        after
    }

    /// The last channel used its endpoint again.
    pub(crate) fn reused(mut self, in_time_wait: bool, outcome: ReuseOutcome) -> Self {
        self.last_channel().reuse = Some(Reuse {
            kind: ReuseKind::FourTuple,
            previous: Previous { session: self.session.uid.clone(), data_channel: ChannelIndex(0) },
            gap: Some(TimeDelta::from_secs(1)),
            in_time_wait,
            outcome,
        });
        self
    }

    /// The control connection closes.
    pub(crate) fn closed(mut self, by: Party) -> Self {
        let (time, frame) = self.step();
        self.session.end = time;
        self.session.frames.last = frame;
        self.session.end_state = EndState::Fin;
        self.session.closed_by = Some(by);
        self.session.closed_at = Some(time);
        self
    }

    /// Changes whatever a story needs changed.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Session)) -> Self {
        change(&mut self.session);
        self
    }

    /// Changes the last data connection.
    pub(crate) fn connection(mut self, change: impl FnOnce(&mut Connection)) -> Self {
        change(&mut self.last_channel().attempt.as_mut().unwrap().connection);
        self
    }

    /// Changes how the last data connection belongs to its channel, or what came of it.
    pub(crate) fn attempt(mut self, change: impl FnOnce(&mut Attempt)) -> Self {
        change(self.last_channel().attempt.as_mut().unwrap());
        self
    }

    /// Changes the last transfer.
    pub(crate) fn last_transfer(mut self, change: impl FnOnce(&mut Transfer)) -> Self {
        change(self.session.transfers.last_mut().unwrap());
        self
    }

    /// Changes how the last line lay on the wire: the reply's in passive mode, else the command's.
    pub(crate) fn line(mut self, change: impl FnOnce(&mut LineFacts)) -> Self {
        let passive = self.session.data_channels.last().is_some_and(|channel| !channel.is_active());
        let command = self.session.commands.last_mut().unwrap();
        let reply = command.replies.last_mut().filter(|_| passive);
        change(reply.map_or(&mut command.line, |reply| &mut reply.line));
        self
    }

    /// The time by now.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.now)
    }

    fn attempted(mut self, connection: Connection, result: AttemptResult) -> Self {
        self.last_channel().attempt = Some(super::attempt(connection, result));
        self
    }

    fn last_channel(&mut self) -> &mut DataChannel {
        self.session.data_channels.last_mut().unwrap()
    }

    fn step(&mut self) -> (Timestamp, FrameNumber) {
        self.now += STEP;
        self.frame = self.frame.next();
        (Timestamp::from_nanos(self.now), self.frame)
    }

    fn reply(&mut self, code: u16, text: &str) -> Reply {
        let (time, frame) = self.step();
        let line = LineFacts { protection: self.protection(), ..LINE };
        Reply { line, ..super::reply(time, frame.0, code, text) }
    }

    /// How lines are protected by now.
    fn protection(&self) -> Protection {
        if self.session.security == Security::None { Protection::Clear } else { Protection::Tls }
    }

    fn syns(&mut self, originator: Endpoint, responder: Endpoint, syns: u32) -> Connection {
        let (start, frame) = self.step();
        Connection { syn_attempts: syns, ..super::syn(originator, responder, start, frame.0) }
    }
}

const LINE: LineFacts =
    LineFacts { end: LineEnd::CrLf, split: false, leads_segment: true, protection: Protection::Clear };

/// An IPv4 endpoint as PORT and 227 write it.
fn six(endpoint: Endpoint) -> String {
    let IpAddr::V4(v4) = endpoint.ip else { panic!("{endpoint} is no IPv4 endpoint") };
    let [a, b, c, d] = v4.octets();
    format!("{a},{b},{c},{d},{},{}", endpoint.port / 256, endpoint.port % 256)
}
