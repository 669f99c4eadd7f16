//! The columns of each table, named as in the report contract.

use std::borrow::Cow;

use super::Cell;
use crate::base::{Choice, Endpoint, FrameNumber, Text};
use crate::ftp::listing::EntryTime;
use crate::report::{
    Argument, ChannelState, Command, Connection, DataChannel, Finding, InferredTransfer, Listed, Reply,
    Reuse, Session, Severity, TimeWait, TlsCertificate, TlsDetails, Transfer, Uid, community_id,
};

/// One column: its heading, and how to get its cell from a row.
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    pub(super) cell: fn(&R) -> Cell<'_>,
}

pub(super) const fn column<R>(name: &'static str, cell: fn(&R) -> Cell<'_>) -> Column<R> {
    Column { name, cell }
}

/// An item of the report with its index and its session.
pub(super) struct Row<'a, T> {
    session: Option<&'a Session>,
    index: usize,
    item: &'a T,
    /// The verdict, where the item is a data channel.
    state: Option<ChannelState>,
}

impl<'a, T> Row<'a, T> {
    /// A row for each of these items, of a session or of none.
    pub(super) fn all(session: Option<&'a Session>, items: &'a [T]) -> impl Iterator<Item = Self> {
        items.iter().enumerate().map(move |(index, item)| Self { session, index, item, state: None })
    }

    fn session(&self, cell: impl FnOnce(&'a Session) -> Cell<'a>) -> Cell<'a> {
        self.session.map_or(Cell::Empty, cell)
    }
}

impl<'a> Row<'a, Transfer> {
    fn command(&self) -> Option<&'a Command> {
        self.session?.command(self.item.command)
    }
}

impl<'a> Row<'a, DataChannel> {
    /// A row for each data channel of a session, with its state.
    pub(super) fn channels(session: &'a Session) -> impl Iterator<Item = Self> {
        let rows = Self::all(Some(session), &session.data_channels).zip(session.verdicts());
        rows.map(|(row, verdict)| Self { state: Some(verdict.state), ..row })
    }

    fn command(&self) -> Option<&'a Command> {
        self.session?.command(self.item.command()?)
    }

    fn connection(&self, cell: impl FnOnce(&'a Connection) -> Cell<'a>) -> Cell<'a> {
        self.item.connection().map_or(Cell::Empty, cell)
    }
}

impl<'a> Row<'a, Listed<'a>> {
    fn command(&self) -> Option<&'a Command> {
        self.session?.command(self.item.told.command)
    }
}

impl<'a> Row<'a, Command> {
    fn reply(&self, cell: impl FnOnce(&'a Reply) -> Cell<'a>) -> Cell<'a> {
        self.item.replies.last().map_or(Cell::Empty, cell)
    }
}

/// The columns that every table begins with: those that identify the session.
fn session_columns<'a, T>() -> Vec<Column<Row<'a, T>>> {
    vec![
        column("session", |row| row.session(|session| Cell::Name(&session.uid.0))),
        column("client_ip", |row| row.session(|session| Cell::Address(session.client.ip))),
        column("client_port", |row| row.session(|session| Cell::Number(session.client.port.into()))),
        column("server_ip", |row| row.session(|session| Cell::Address(session.server.ip))),
        column("server_port", |row| row.session(|session| Cell::Number(session.server.port.into()))),
        column("user", |row| row.session(|session| wire(session.user.as_ref()))),
    ]
}

pub(super) fn sessions<'a>() -> Vec<Column<Row<'a, Session>>> {
    let mut columns = session_columns();
    columns.extend([
        column("community_id", |row: &Row<'_, Session>| {
            Cell::Text(community_id(row.item.client, row.item.server).to_string())
        }),
        column("start", |row| Cell::Time(row.item.start)),
        column("end", |row| Cell::Time(row.item.end)),
        column("duration_s", |row| Cell::Seconds(row.item.end.elapsed_since(row.item.start))),
        column("first_frame", |row| Cell::Number(row.item.frames.first.0)),
        column("last_frame", |row| Cell::Number(row.item.frames.last.0)),
        column("handshake", |row| Cell::Bool(row.item.handshake)),
        column("end_state", |row| Cell::Name(row.item.end_state.name())),
        column("closed_by", |row| name(row.item.closed_by)),
        column("password", |row| {
            row.item.password.as_ref().map_or(Cell::Empty, |secret| Cell::Wire(secret.as_reported()))
        }),
        column("login", |row| Cell::Name(row.item.login.name())),
        column("security", |row| Cell::Name(row.item.security.name())),
        column("epsv_all", |row| Cell::Bool(row.item.epsv_all)),
        column("system", |row| wire(row.item.system.as_ref())),
        column("client_software", |row| wire(row.item.client_software.as_ref())),
        column("limited", |row| match row.item.limited {
            none if none.is_empty() => Cell::Empty,
            some => Cell::Text(some.to_string()),
        }),
        column("greeting", |row| wire(row.item.greeting.last().map(|reply| &reply.text))),
        column("client_ports", |row| name(row.item.port_allocation.client)),
        column("server_ports", |row| name(row.item.port_allocation.server)),
        column("commands", |row| count(row.item.commands.len())),
        column("data_channels", |row| count(row.item.data_channels.len())),
        column("transfers", |row| count(row.item.transfers.len())),
        column("bytes", |row| {
            let bytes = row.item.transfers.iter().filter_map(|transfer| transfer.bytes);
            Cell::Number(bytes.fold(0, u64::saturating_add))
        }),
        column("alerts", |row| severity_count(row.item, Severity::Alert)),
        column("warnings", |row| severity_count(row.item, Severity::Warning)),
        column("notices", |row| severity_count(row.item, Severity::Notice)),
        column("infos", |row| severity_count(row.item, Severity::Info)),
        column("headline", |row| row.item.headline().map_or(Cell::Empty, Cell::Sentence)),
        column("certificate_subject", |row| wire(certificate(row).and_then(|seen| seen.subject.as_ref()))),
        column("certificate_issuer", |row| wire(certificate(row).and_then(|seen| seen.issuer.as_ref()))),
        column("certificate_not_after", |row| {
            made(certificate(row).and_then(|seen| seen.not_after.as_deref()))
        }),
    ]);
    columns.extend(tls_columns());
    columns
}

fn certificate<'a>(row: &Row<'a, Session>) -> Option<&'a TlsCertificate> {
    row.item.tls_details.as_ref()?.certificate.as_deref()
}

fn severity_count(session: &Session, severity: Severity) -> Cell<'_> {
    count(session.findings.iter().filter(|finding| finding.severity == severity).count())
}

pub(super) fn transfers<'a>() -> Vec<Column<Row<'a, Transfer>>> {
    let mut columns = session_columns();
    columns.extend([
        column("transfer", |row: &Row<'_, Transfer>| count(row.index)),
        column("command", |row: &Row<'_, Transfer>| Cell::Number(row.item.command.into())),
        column("frame", |row| number(row.command().map(|command| command.frame))),
        column("time", |row| row.command().map_or(Cell::Empty, |command| Cell::Time(command.time))),
        column("verb", |row| row.command().map_or(Cell::Empty, |command| Cell::Wire(command.verb.name()))),
        column("argument", |row| argument(row.command())),
        column("path", |row| wire(row.item.path.as_ref())),
        column("path_from_login", |row| wire(row.item.path_from_login.as_ref())),
        column("direction", |row| Cell::Name(row.item.direction.name())),
        column("content", |row| Cell::Name(row.item.content.name())),
        column("type", |row| wire(Some(&row.item.representation))),
        column("structure", |row| Cell::Text(row.item.structure.to_string())),
        column("mode", |row| Cell::Text(row.item.mode.to_string())),
        column("offset", |row| Cell::Number(row.item.offset)),
        column("data_channel", |row| number(row.item.data_channel)),
        column("negotiated_by", |row| {
            let channel = row.item.data_channel.and_then(|index| row.session?.data_channel(index));
            name(channel.and_then(DataChannel::mode))
        }),
        column("bytes", |row| number(row.item.bytes)),
        column("missing_bytes", |row| Cell::Number(row.item.missing_bytes)),
        column("expected_size", |row| number(row.item.expected_size)),
        column("sha256", |row| row.item.sha256.as_ref().map_or(Cell::Empty, Cell::Hash)),
        column("mime", |row| row.item.mime.as_deref().map_or(Cell::Empty, Cell::Name)),
        column("encrypted", |row| Cell::Bool(row.item.encrypted)),
        column("status", |row| Cell::Name(row.item.status.name())),
        column("reply_code", |row| number(row.item.reply_code)),
        column("start", |row| row.item.start.map_or(Cell::Empty, Cell::Time)),
        column("end", |row| row.item.end.map_or(Cell::Empty, Cell::Time)),
        column("duration_s", |row| row.item.duration().map_or(Cell::Empty, Cell::Seconds)),
        column("peer_session", |row| uid(row.item.peer_session.as_ref())),
    ]);
    columns
}

pub(super) fn channels<'a>() -> Vec<Column<Row<'a, DataChannel>>> {
    let mut columns = session_columns();
    columns.extend([
        column("data_channel", |row: &Row<'_, DataChannel>| count(row.index)),
        column("mode", |row| name(row.item.mode())),
        column("active", |row| Cell::Bool(row.item.is_active())),
        column("command", |row| number(row.item.command())),
        column("frame", |row| number(row.command().map(|command| command.frame))),
        column("time", |row| row.command().map_or(Cell::Empty, |command| Cell::Time(command.time))),
        column("negotiation", |row| name(row.item.negotiation())),
        column("advertised_ip", |row| {
            row.item.advertised().and_then(|advertised| advertised.ip).map_or(Cell::Empty, Cell::Address)
        }),
        column("advertised_port", |row| number(row.item.advertised().map(|advertised| advertised.port))),
        column("listener_ip", |row| ip(row.item.predicted().map(|predicted| predicted.listener))),
        column("listener_port", |row| port(row.item.predicted().map(|predicted| predicted.listener))),
        column("connector_ip", |row| {
            row.item.predicted().map_or(Cell::Empty, |predicted| Cell::Address(predicted.connector.ip))
        }),
        column("connector_port", |row| {
            number(row.item.predicted().and_then(|predicted| predicted.connector.port))
        }),
        column("outcome", |row| name(row.item.outcome())),
        column("state", |row| name(row.state)),
        column("matched_by", |row| name(row.item.matched_by())),
        column("differs", |row| name(row.item.differs())),
    ]);
    columns.extend(connection_columns());
    columns.extend([
        column("time_wait_holder", |row: &Row<'_, DataChannel>| {
            name(row.item.time_wait().map(|time_wait: TimeWait| time_wait.holder))
        }),
        column("time_wait_from", |row| {
            row.item.time_wait().map_or(Cell::Empty, |time_wait| Cell::Time(time_wait.from))
        }),
        column("time_wait_until", |row| {
            row.item.time_wait().map_or(Cell::Empty, |time_wait| Cell::Time(time_wait.until))
        }),
        column("reuse_kind", |row| name(row.item.reuse.as_ref().map(|reuse: &Reuse| reuse.kind))),
        column("reuse_session", |row| uid(row.item.reuse.as_ref().map(|reuse| &reuse.previous.session))),
        column("reuse_data_channel", |row| {
            number(row.item.reuse.as_ref().map(|reuse| reuse.previous.data_channel))
        }),
        column("reuse_gap_s", |row| {
            let gap = row.item.reuse.as_ref().and_then(|reuse| reuse.gap);
            gap.map_or(Cell::Empty, Cell::Seconds)
        }),
        column("reuse_in_time_wait", |row| {
            row.item.reuse.as_ref().map_or(Cell::Empty, |reuse| Cell::Bool(reuse.in_time_wait))
        }),
        column("reuse_outcome", |row| name(row.item.reuse.as_ref().map(|reuse| reuse.outcome))),
        column("peer_session", |row| uid(row.item.peer_session.as_ref())),
        column("certainty", |row| name(row.item.certainty())),
        column("inferred_direction", |row| name(inferred(row).and_then(|inferred| inferred.direction))),
        column("inferred_content", |row| name(inferred(row).and_then(|inferred| inferred.content))),
        column("inferred_bytes", |row| number(inferred(row).map(|inferred| inferred.bytes))),
        column("inferred_duration_s", |row| {
            inferred(row).and_then(|inferred| inferred.duration).map_or(Cell::Empty, Cell::Seconds)
        }),
    ]);
    columns.extend(tls_columns());
    columns
}

fn inferred<'a>(row: &Row<'a, DataChannel>) -> Option<&'a InferredTransfer> {
    row.item.inferred_transfer.as_deref()
}

/// What has a TLS connection: a control or data connection.
trait OverTls {
    fn tls(&self) -> Option<&TlsDetails>;
}

impl OverTls for Row<'_, Session> {
    fn tls(&self) -> Option<&TlsDetails> {
        self.item.tls_details.as_deref()
    }
}

impl OverTls for Row<'_, DataChannel> {
    fn tls(&self) -> Option<&TlsDetails> {
        self.item.connection()?.tls_details.as_deref()
    }
}

/// The columns of what is visible of TLS.
fn tls_columns<R: OverTls>() -> Vec<Column<R>> {
    vec![
        column("tls_version", |row: &R| made(row.tls().and_then(|details| details.version.as_deref()))),
        column("tls_cipher", |row| made(row.tls().and_then(|details| details.cipher.as_deref()))),
        column("tls_server_name", |row| wire(row.tls().and_then(|details| details.server_name.as_ref()))),
        column("tls_resumed", |row| {
            row.tls().and_then(|details| details.resumed).map_or(Cell::Empty, Cell::Bool)
        }),
        column("tls_handshake", |row| name(row.tls().map(|details| details.handshake))),
        column("tls_alert", |row| {
            made(row.tls().and_then(|details| details.alert.as_ref()?.description.as_deref()))
        }),
        column("tls_alert_from", |row| {
            name(row.tls().and_then(|details| details.alert.as_ref()).map(|alert| alert.from))
        }),
        column("tls_decrypted", |row| row.tls().map_or(Cell::Empty, |details| Cell::Bool(details.decrypted))),
    ]
}

/// The columns of a channel's data connection.
fn connection_columns<'a>() -> Vec<Column<Row<'a, DataChannel>>> {
    vec![
        column("originator_ip", |row| row.connection(|connection| Cell::Address(connection.originator.ip))),
        column("originator_port", |row| {
            row.connection(|connection| Cell::Number(connection.originator.port.into()))
        }),
        column("responder_ip", |row| row.connection(|connection| Cell::Address(connection.responder.ip))),
        column("responder_port", |row| {
            row.connection(|connection| Cell::Number(connection.responder.port.into()))
        }),
        column("community_id", |row| {
            row.connection(|connection| {
                Cell::Text(community_id(connection.originator, connection.responder).to_string())
            })
        }),
        column("start", |row| row.connection(|connection| Cell::Time(connection.start))),
        column("end", |row| row.connection(|connection| Cell::Time(connection.end))),
        column("first_frame", |row| row.connection(|connection| Cell::Number(connection.frames.first.0))),
        column("last_frame", |row| row.connection(|connection| Cell::Number(connection.frames.last.0))),
        column("handshake", |row| row.connection(|connection| Cell::Bool(connection.handshake))),
        column("syn_attempts", |row| {
            row.connection(|connection| Cell::Number(connection.syn_attempts.into()))
        }),
        column("end_state", |row| row.connection(|connection| Cell::Name(connection.end_state.name()))),
        column("first_close", |row| row.connection(|connection| name(connection.first_close))),
        column("bytes_originator", |row| {
            row.connection(|connection| Cell::Number(connection.from_originator.bytes))
        }),
        column("bytes_responder", |row| {
            row.connection(|connection| Cell::Number(connection.from_responder.bytes))
        }),
        column("retransmitted_bytes", |row| {
            row.connection(|connection| Cell::Number(connection.retransmitted_bytes()))
        }),
        column("missing_bytes", |row| row.connection(|connection| Cell::Number(connection.missing_bytes()))),
        column("tls", |row| row.connection(|connection| Cell::Bool(connection.tls))),
    ]
}

pub(super) fn commands<'a>() -> Vec<Column<Row<'a, Command>>> {
    let mut columns = session_columns();
    columns.extend([
        column("command", |row: &Row<'_, Command>| count(row.index)),
        column("time", |row| Cell::Time(row.item.time)),
        column("frame", |row| Cell::Number(row.item.frame.0)),
        column("verb", |row| Cell::Wire(row.item.verb.name())),
        column("argument", |row| argument(Some(row.item))),
        column("reply_codes", |row| {
            let codes: Vec<String> = row.item.replies.iter().map(|reply| reply.code.to_string()).collect();
            Cell::Text(codes.join(" "))
        }),
        column("reply_time", |row| row.reply(|reply| Cell::Time(reply.time))),
        column("reply_frame", |row| row.reply(|reply| Cell::Number(reply.frame.0))),
        column("reply_text", |row| row.reply(|reply| wire(Some(&reply.text)))),
    ]);
    columns
}

pub(super) fn findings<'a>() -> Vec<Column<Row<'a, Finding>>> {
    let mut columns = session_columns();
    columns.extend([
        column("severity", |row: &Row<'_, Finding>| Cell::Name(row.item.severity.name())),
        column("code", |row| Cell::Name(row.item.code.name())),
        column("time", |row| Cell::Time(row.item.time)),
        column("frames", |row| {
            let frames: Vec<String> = row.item.frames.iter().map(FrameNumber::to_string).collect();
            Cell::Text(frames.join(" "))
        }),
        column("command", |row| number(row.item.command)),
        column("data_channel", |row| number(row.item.data_channel)),
        column("transfer", |row| number(row.item.transfer)),
        column("count", |row| Cell::Number(row.item.count)),
        column("certainty", |row| Cell::Name(row.item.certainty.name())),
        column("explained_by", |row| number(row.item.explained_by)),
        column("summary", |row| Cell::Wire(&row.item.summary)),
        column("advice", |row| row.item.advice.as_deref().map_or(Cell::Empty, Cell::Wire)),
    ]);
    columns
}

pub(super) fn entries<'a>() -> Vec<Column<Row<'a, Listed<'a>>>> {
    let mut columns = session_columns();
    columns.extend([
        column("transfer", |row: &Row<'_, Listed<'_>>| number(row.item.told.transfer)),
        column("command", |row: &Row<'_, Listed<'_>>| Cell::Number(row.item.told.command.into())),
        column("frame", |row| number(row.command().map(|command| command.frame))),
        column("verb", |row| row.command().map_or(Cell::Empty, |command| Cell::Wire(command.verb.name()))),
        column("listed", |row| row.item.told.path.map_or(Cell::Empty, Cell::Wire)),
        column("path", |row| row.item.path.as_deref().map_or(Cell::Empty, Cell::Wire)),
        column("name", |row| Cell::Wire(row.item.entry.name)),
        column("size", |row| number(row.item.entry.size)),
        column("time", |row| match row.item.entry.time.map(EntryTime::text) {
            None => Cell::Empty,
            Some(Cow::Borrowed(told)) => Cell::Wire(told),
            Some(Cow::Owned(text)) => Cell::Text(text),
        }),
        column("kind", |row| name(row.item.entry.kind)),
        column("target", |row| row.item.entry.target.map_or(Cell::Empty, Cell::Wire)),
        column("cut", |row| Cell::Bool(row.item.told.is_cut)),
    ]);
    columns
}

fn number<'a>(number: Option<impl Into<u64>>) -> Cell<'a> {
    number.map_or(Cell::Empty, |number| Cell::Number(number.into()))
}

fn count<'a>(count: usize) -> Cell<'a> {
    Cell::Number(u64::try_from(count).unwrap_or(u64::MAX))
}

fn name<'a>(choice: Option<impl Choice>) -> Cell<'a> {
    choice.map_or(Cell::Empty, |choice| Cell::Name(choice.name()))
}

/// A name that ftpscope knows or made up.
fn made(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Empty, Cell::Name)
}

fn wire(text: Option<&Text>) -> Cell<'_> {
    text.map_or(Cell::Empty, |text| Cell::Wire(text.raw()))
}

fn argument(command: Option<&Command>) -> Cell<'_> {
    match command.and_then(|command| command.argument.as_ref()) {
        None => Cell::Empty,
        Some(Argument::Text(text)) => Cell::Wire(text.raw()),
        Some(Argument::Secret(secret)) => Cell::Wire(secret.as_reported()),
    }
}

fn uid(uid: Option<&Uid>) -> Cell<'_> {
    uid.map_or(Cell::Empty, |uid| Cell::Name(&uid.0))
}

fn ip<'a>(endpoint: Option<Endpoint>) -> Cell<'a> {
    endpoint.map_or(Cell::Empty, |endpoint| Cell::Address(endpoint.ip))
}

fn port<'a>(endpoint: Option<Endpoint>) -> Cell<'a> {
    number(endpoint.map(|endpoint| endpoint.port))
}
