//! The tables: for each its columns, by the contract's names.

use super::Cell;
use crate::base::{Choice, Endpoint, Text};
use crate::report::{
    Argument, Command, Connection, DataChannel, Finding, Reply, Report, Reuse, Session, Severity, TimeWait,
    Transfer, Uid, community_id,
};

/// One column: its heading, and its cell in a row.
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    pub(super) cell: fn(&R) -> Cell<'_>,
}

const fn column<R>(name: &'static str, cell: fn(&R) -> Cell<'_>) -> Column<R> {
    Column { name, cell }
}

/// A thing of the report, its index, and its session.
pub(super) struct Row<'a, T> {
    session: Option<&'a Session>,
    index: usize,
    of: &'a T,
}

impl<'a, T> Row<'a, T> {
    fn all(report: &'a Report, list: fn(&'a Session) -> &'a [T]) -> impl Iterator<Item = Self> {
        report.sessions.iter().flat_map(move |session| {
            list(session).iter().enumerate().map(move |(index, of)| Self {
                session: Some(session),
                index,
                of,
            })
        })
    }

    fn session(&self, cell: impl FnOnce(&'a Session) -> Cell<'a>) -> Cell<'a> {
        self.session.map_or(Cell::Empty, cell)
    }
}

impl<'a> Row<'a, Session> {
    pub(super) fn sessions(report: &'a Report) -> impl Iterator<Item = Self> {
        report.sessions.iter().enumerate().map(|(index, of)| Self { session: Some(of), index, of })
    }
}

impl<'a> Row<'a, Transfer> {
    pub(super) fn transfers(report: &'a Report) -> impl Iterator<Item = Self> {
        Self::all(report, |session| &session.transfers)
    }

    fn command(&self) -> Option<&'a Command> {
        self.session?.command(self.of.command)
    }
}

impl<'a> Row<'a, DataChannel> {
    pub(super) fn channels(report: &'a Report) -> impl Iterator<Item = Self> {
        Self::all(report, |session| &session.data_channels)
    }

    fn command(&self) -> Option<&'a Command> {
        self.session?.command(self.of.command?)
    }

    fn connection(&self, cell: impl FnOnce(&'a Connection) -> Cell<'a>) -> Cell<'a> {
        self.of.connection.as_deref().map_or(Cell::Empty, cell)
    }
}

impl<'a> Row<'a, Command> {
    pub(super) fn commands(report: &'a Report) -> impl Iterator<Item = Self> {
        Self::all(report, |session| &session.commands)
    }

    fn reply(&self, cell: impl FnOnce(&'a Reply) -> Cell<'a>) -> Cell<'a> {
        self.of.replies.last().map_or(Cell::Empty, cell)
    }
}

impl<'a> Row<'a, Finding> {
    pub(super) fn findings(report: &'a Report) -> impl Iterator<Item = Self> {
        let beyond = report.findings.iter().enumerate().map(|(index, of)| Self { session: None, index, of });
        Self::all(report, |session| &session.findings).chain(beyond)
    }
}

/// Which session: the columns that every table begins with.
fn whose<'a, T>() -> Vec<Column<Row<'a, T>>> {
    vec![
        column("session", |row| row.session(|session| Cell::Word(&session.uid.0))),
        column("client_ip", |row| row.session(|session| Cell::Address(session.client.ip))),
        column("client_port", |row| row.session(|session| Cell::Number(session.client.port.into()))),
        column("server_ip", |row| row.session(|session| Cell::Address(session.server.ip))),
        column("server_port", |row| row.session(|session| Cell::Number(session.server.port.into()))),
        column("user", |row| row.session(|session| wire(session.user.as_ref()))),
    ]
}

pub(super) fn sessions<'a>() -> Vec<Column<Row<'a, Session>>> {
    let mut columns = whose();
    columns.extend([
        column("community_id", |row: &Row<'_, Session>| {
            Cell::Made(community_id(row.of.client, row.of.server).to_string())
        }),
        column("start", |row| Cell::Time(row.of.start)),
        column("end", |row| Cell::Time(row.of.end)),
        column("duration_s", |row| Cell::Seconds(row.of.end.seconds_since(row.of.start))),
        column("first_frame", |row| Cell::Number(row.of.frames.first)),
        column("last_frame", |row| Cell::Number(row.of.frames.last)),
        column("handshake", |row| Cell::Truth(row.of.handshake)),
        column("end_state", |row| Cell::Word(row.of.end_state.name())),
        column("closed_by", |row| word(row.of.closed_by)),
        column("password", |row| {
            row.of.password.as_ref().map_or(Cell::Empty, |kept| Cell::Wire(kept.as_reported()))
        }),
        column("login", |row| Cell::Word(row.of.login.name())),
        column("security", |row| Cell::Word(row.of.security.name())),
        column("epsv_all", |row| Cell::Truth(row.of.epsv_all)),
        column("system", |row| wire(row.of.system.as_ref())),
        column("client_software", |row| wire(row.of.client_software.as_ref())),
        column("greeting", |row| wire(row.of.greeting.last().map(|reply| &reply.text))),
        column("client_ports", |row| word(row.of.port_allocation.client)),
        column("server_ports", |row| word(row.of.port_allocation.server)),
        column("commands", |row| count(row.of.commands.len())),
        column("data_channels", |row| count(row.of.data_channels.len())),
        column("transfers", |row| count(row.of.transfers.len())),
        column("bytes", |row| {
            let bytes = row.of.transfers.iter().filter_map(|transfer| transfer.bytes);
            Cell::Number(bytes.fold(0, u64::saturating_add))
        }),
        column("alerts", |row| findings_of(row.of, Severity::Alert)),
        column("warnings", |row| findings_of(row.of, Severity::Warning)),
        column("notices", |row| findings_of(row.of, Severity::Notice)),
        column("infos", |row| findings_of(row.of, Severity::Info)),
    ]);
    columns
}

fn findings_of(session: &Session, severity: Severity) -> Cell<'_> {
    count(session.findings.iter().filter(|finding| finding.severity == severity).count())
}

pub(super) fn transfers<'a>() -> Vec<Column<Row<'a, Transfer>>> {
    let mut columns = whose();
    columns.extend([
        column("transfer", |row: &Row<'_, Transfer>| count(row.index)),
        column("command", |row: &Row<'_, Transfer>| Cell::Number(row.of.command.into())),
        column("frame", |row| number(row.command().map(|command| command.frame))),
        column("time", |row| row.command().map_or(Cell::Empty, |command| Cell::Time(command.time))),
        column("verb", |row| row.command().map_or(Cell::Empty, |command| Cell::Wire(command.verb.name()))),
        column("argument", |row| argument(row.command())),
        column("path", |row| wire(row.of.path.as_ref())),
        column("direction", |row| Cell::Word(row.of.direction.name())),
        column("content", |row| Cell::Word(row.of.content.name())),
        column("type", |row| wire(Some(&row.of.representation))),
        column("structure", |row| Cell::Made(row.of.structure.to_string())),
        column("mode", |row| Cell::Made(row.of.mode.to_string())),
        column("offset", |row| Cell::Number(row.of.offset)),
        column("data_channel", |row| number(row.of.data_channel)),
        column("negotiated_by", |row| {
            let channel = row.of.data_channel.and_then(|index| row.session?.data_channel(index));
            word(channel.and_then(|channel| channel.mode))
        }),
        column("bytes", |row| number(row.of.bytes)),
        column("missing_bytes", |row| Cell::Number(row.of.missing_bytes)),
        column("expected_size", |row| number(row.of.expected_size)),
        column("sha256", |row| row.of.sha256.as_ref().map_or(Cell::Empty, Cell::Hash)),
        column("mime", |row| row.of.mime.as_deref().map_or(Cell::Empty, Cell::Word)),
        column("encrypted", |row| Cell::Truth(row.of.encrypted)),
        column("status", |row| Cell::Word(row.of.status.name())),
        column("reply_code", |row| number(row.of.reply_code)),
        column("start", |row| row.of.start.map_or(Cell::Empty, Cell::Time)),
        column("end", |row| row.of.end.map_or(Cell::Empty, Cell::Time)),
        column("duration_s", |row| row.of.duration().map_or(Cell::Empty, Cell::Seconds)),
        column("peer_session", |row| uid(row.of.peer_session.as_ref())),
    ]);
    columns
}

pub(super) fn channels<'a>() -> Vec<Column<Row<'a, DataChannel>>> {
    let mut columns = whose();
    columns.extend([
        column("data_channel", |row: &Row<'_, DataChannel>| count(row.index)),
        column("mode", |row| word(row.of.mode)),
        column("active", |row| Cell::Truth(row.of.active)),
        column("command", |row| number(row.of.command)),
        column("frame", |row| number(row.command().map(|command| command.frame))),
        column("time", |row| row.command().map_or(Cell::Empty, |command| Cell::Time(command.time))),
        column("negotiation", |row| word(row.of.negotiation)),
        column("advertised_ip", |row| {
            row.of.advertised.and_then(|advertised| advertised.ip).map_or(Cell::Empty, Cell::Address)
        }),
        column("advertised_port", |row| number(row.of.advertised.map(|advertised| advertised.port))),
        column("listener_ip", |row| ip(row.of.predicted.map(|predicted| predicted.listener))),
        column("listener_port", |row| port(row.of.predicted.map(|predicted| predicted.listener))),
        column("connector_ip", |row| {
            row.of.predicted.map_or(Cell::Empty, |predicted| Cell::Address(predicted.connector.ip))
        }),
        column("connector_port", |row| {
            number(row.of.predicted.and_then(|predicted| predicted.connector.port))
        }),
        column("outcome", |row| word(row.of.outcome)),
        column("matched_by", |row| word(row.of.matched_by)),
        column("differs", |row| word(row.of.differs())),
    ]);
    columns.extend(connection());
    columns.extend([
        column("time_wait_holder", |row: &Row<'_, DataChannel>| {
            word(row.of.time_wait.map(|time_wait: TimeWait| time_wait.holder))
        }),
        column("time_wait_from", |row| {
            row.of.time_wait.map_or(Cell::Empty, |time_wait| Cell::Time(time_wait.from))
        }),
        column("time_wait_until", |row| {
            row.of.time_wait.map_or(Cell::Empty, |time_wait| Cell::Time(time_wait.until))
        }),
        column("reuse_kind", |row| word(row.of.reuse.as_ref().map(|reuse: &Reuse| reuse.kind))),
        column("reuse_session", |row| uid(row.of.reuse.as_ref().map(|reuse| &reuse.previous.session))),
        column("reuse_data_channel", |row| {
            number(row.of.reuse.as_ref().map(|reuse| reuse.previous.data_channel))
        }),
        column("reuse_gap_s", |row| {
            row.of.reuse.as_ref().map_or(Cell::Empty, |reuse| Cell::Seconds(reuse.gap as f64 / 1e9))
        }),
        column("reuse_in_time_wait", |row| {
            row.of.reuse.as_ref().map_or(Cell::Empty, |reuse| Cell::Truth(reuse.in_time_wait))
        }),
        column("reuse_outcome", |row| word(row.of.reuse.as_ref().map(|reuse| reuse.outcome))),
        column("peer_session", |row| uid(row.of.peer_session.as_ref())),
    ]);
    columns
}

/// The data connection of a channel.
fn connection<'a>() -> Vec<Column<Row<'a, DataChannel>>> {
    vec![
        column("originator_ip", |row| row.connection(|made| Cell::Address(made.originator.ip))),
        column("originator_port", |row| row.connection(|made| Cell::Number(made.originator.port.into()))),
        column("responder_ip", |row| row.connection(|made| Cell::Address(made.responder.ip))),
        column("responder_port", |row| row.connection(|made| Cell::Number(made.responder.port.into()))),
        column("community_id", |row| {
            row.connection(|made| Cell::Made(community_id(made.originator, made.responder).to_string()))
        }),
        column("start", |row| row.connection(|made| Cell::Time(made.start))),
        column("end", |row| row.connection(|made| Cell::Time(made.end))),
        column("first_frame", |row| row.connection(|made| Cell::Number(made.frames.first))),
        column("last_frame", |row| row.connection(|made| Cell::Number(made.frames.last))),
        column("handshake", |row| row.connection(|made| Cell::Truth(made.handshake))),
        column("syn_attempts", |row| row.connection(|made| Cell::Number(made.syn_attempts.into()))),
        column("end_state", |row| row.connection(|made| Cell::Word(made.end_state.name()))),
        column("first_close", |row| row.connection(|made| word(made.first_close))),
        column("bytes_originator", |row| row.connection(|made| Cell::Number(made.from_originator.bytes))),
        column("bytes_responder", |row| row.connection(|made| Cell::Number(made.from_responder.bytes))),
        column("retransmitted_bytes", |row| row.connection(|made| Cell::Number(made.retransmitted_bytes()))),
        column("missing_bytes", |row| row.connection(|made| Cell::Number(made.missing_bytes()))),
        column("tls", |row| row.connection(|made| Cell::Truth(made.tls))),
    ]
}

pub(super) fn commands<'a>() -> Vec<Column<Row<'a, Command>>> {
    let mut columns = whose();
    columns.extend([
        column("command", |row: &Row<'_, Command>| count(row.index)),
        column("time", |row| Cell::Time(row.of.time)),
        column("frame", |row| Cell::Number(row.of.frame)),
        column("verb", |row| Cell::Wire(row.of.verb.name())),
        column("argument", |row| argument(Some(row.of))),
        column("reply_codes", |row| {
            let codes: Vec<String> = row.of.replies.iter().map(|reply| reply.code.to_string()).collect();
            Cell::Made(codes.join(" "))
        }),
        column("reply_time", |row| row.reply(|reply| Cell::Time(reply.time))),
        column("reply_frame", |row| row.reply(|reply| Cell::Number(reply.frame))),
        column("reply_text", |row| row.reply(|reply| wire(Some(&reply.text)))),
    ]);
    columns
}

pub(super) fn findings<'a>() -> Vec<Column<Row<'a, Finding>>> {
    let mut columns = whose();
    columns.extend([
        column("severity", |row: &Row<'_, Finding>| Cell::Word(row.of.severity.name())),
        column("code", |row| Cell::Word(row.of.code.name())),
        column("time", |row| Cell::Time(row.of.time)),
        column("frames", |row| {
            let frames: Vec<String> = row.of.frames.iter().map(u64::to_string).collect();
            Cell::Made(frames.join(" "))
        }),
        column("command", |row| number(row.of.command)),
        column("data_channel", |row| number(row.of.data_channel)),
        column("transfer", |row| number(row.of.transfer)),
        column("summary", |row| Cell::Wire(&row.of.summary)),
        column("advice", |row| row.of.advice.as_deref().map_or(Cell::Empty, Cell::Wire)),
    ]);
    columns
}

fn number<'a>(number: Option<impl Into<u64>>) -> Cell<'a> {
    number.map_or(Cell::Empty, |number| Cell::Number(number.into()))
}

fn count<'a>(count: usize) -> Cell<'a> {
    Cell::Number(u64::try_from(count).unwrap_or(u64::MAX))
}

fn word<'a>(choice: Option<impl Choice>) -> Cell<'a> {
    choice.map_or(Cell::Empty, |choice| Cell::Word(choice.name()))
}

fn wire(text: Option<&Text>) -> Cell<'_> {
    text.map_or(Cell::Empty, |text| Cell::Wire(text.raw()))
}

fn argument(command: Option<&Command>) -> Cell<'_> {
    match command.and_then(|command| command.argument.as_ref()) {
        None => Cell::Empty,
        Some(Argument::Text(text)) => Cell::Wire(text.raw()),
        Some(Argument::Secret(hidden)) => Cell::Wire(hidden.as_reported()),
    }
}

fn uid(uid: Option<&Uid>) -> Cell<'_> {
    uid.map_or(Cell::Empty, |uid| Cell::Word(&uid.0))
}

fn ip<'a>(endpoint: Option<Endpoint>) -> Cell<'a> {
    endpoint.map_or(Cell::Empty, |endpoint| Cell::Address(endpoint.ip))
}

fn port<'a>(endpoint: Option<Endpoint>) -> Cell<'a> {
    number(endpoint.map(|endpoint| endpoint.port))
}
