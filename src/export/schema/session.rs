//! Sessions, commands, replies and transfers.

use serde::Serialize;

use super::channel::ChannelView;
use super::{EndpointView, FindingView, Frames, Rows, Texts, View, secret};
use crate::base::Text;
use crate::export::values::{Hex, Time};
use crate::export::words::Word;
use crate::report::{Argument, Command, Reply, Session, Transfer, community_id};

/// One session.
#[derive(Serialize)]
pub(crate) struct SessionView<'a> {
    uid: &'a str,
    client: EndpointView,
    server: EndpointView,
    community_id: String,
    start: Time,
    end: Time,
    frames: Frames,
    handshake: bool,
    end_state: &'static str,
    closed_by: Option<&'static str>,
    user: Option<&'a str>,
    password: Option<&'a str>,
    account: Option<&'a str>,
    login: &'static str,
    greeting: Rows<'a, ReplyView<'a>>,
    unsolicited: Rows<'a, ReplyView<'a>>,
    system: Option<&'a str>,
    client_software: Option<&'a str>,
    features: Option<Texts<'a>>,
    security: &'static str,
    epsv_all: bool,
    port_allocation: PortAllocationView,
    commands: Rows<'a, CommandView<'a>>,
    data_channels: Rows<'a, ChannelView<'a>>,
    transfers: Rows<'a, TransferView<'a>>,
    findings: Rows<'a, FindingView<'a>>,
}

impl<'a> SessionView<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self {
            uid: &session.uid.0,
            client: session.client.into(),
            server: session.server.into(),
            community_id: community_id(session.client, session.server),
            start: Time(session.start),
            end: Time(session.end),
            frames: session.frames.into(),
            handshake: session.handshake,
            end_state: session.end_state.word(),
            closed_by: session.closed_by.map(Word::word),
            user: session.user.as_ref().map(Text::raw),
            password: session.password.as_ref().map(secret),
            account: session.account.as_ref().map(secret),
            login: session.login.word(),
            greeting: Rows { of: &session.greeting, context: () },
            unsolicited: Rows { of: &session.unsolicited, context: () },
            system: session.system.as_ref().map(Text::raw),
            client_software: session.client_software.as_ref().map(Text::raw),
            features: session.features.as_deref().map(Texts),
            security: session.security.word(),
            epsv_all: session.epsv_all,
            port_allocation: PortAllocationView {
                client: session.port_allocation.client.map(Word::word),
                server: session.port_allocation.server.map(Word::word),
            },
            commands: Rows { of: &session.commands, context: () },
            data_channels: Rows { of: &session.data_channels, context: () },
            transfers: Rows { of: &session.transfers, context: session },
            findings: Rows { of: &session.findings, context: () },
        }
    }
}

impl<'a> View<'a> for SessionView<'a> {
    type Of = Session;
    type Context = ();

    fn of(session: &'a Session, _index: usize, (): ()) -> Self {
        Self::new(session)
    }
}

#[derive(Serialize)]
struct PortAllocationView {
    client: Option<&'static str>,
    server: Option<&'static str>,
}

#[derive(Serialize)]
struct ReplyView<'a> {
    time: Time,
    frame: u64,
    code: u16,
    text: &'a str,
}

impl<'a> View<'a> for ReplyView<'a> {
    type Of = Reply;
    type Context = ();

    fn of(reply: &'a Reply, _index: usize, (): ()) -> Self {
        Self { time: Time(reply.time), frame: reply.frame, code: reply.code, text: reply.text.raw() }
    }
}

#[derive(Serialize)]
struct CommandView<'a> {
    index: usize,
    time: Time,
    frame: u64,
    verb: &'a str,
    argument: Option<&'a str>,
    replies: Rows<'a, ReplyView<'a>>,
}

impl<'a> View<'a> for CommandView<'a> {
    type Of = Command;
    type Context = ();

    fn of(command: &'a Command, index: usize, (): ()) -> Self {
        Self {
            index,
            time: Time(command.time),
            frame: command.frame,
            verb: command.verb.name(),
            argument: argument(command),
            replies: Rows { of: &command.replies, context: () },
        }
    }
}

fn argument(command: &Command) -> Option<&str> {
    command.argument.as_ref().map(|argument| match argument {
        Argument::Text(text) => text.raw(),
        Argument::Secret(hidden) => secret(hidden),
    })
}

#[derive(Serialize)]
struct TransferView<'a> {
    index: usize,
    command: u32,
    verb: Option<&'a str>,
    argument: Option<&'a str>,
    path: Option<&'a str>,
    direction: &'static str,
    content: &'static str,
    r#type: &'a str,
    structure: char,
    mode: char,
    offset: u64,
    data_channel: Option<u32>,
    bytes: Option<u64>,
    missing_bytes: u64,
    expected_size: Option<u64>,
    sha256: Option<Hex<'a>>,
    mime: Option<&'a str>,
    encrypted: bool,
    status: &'static str,
    reply_code: Option<u16>,
    start: Option<Time>,
    end: Option<Time>,
    duration_s: Option<f64>,
    peer_session: Option<&'a str>,
}

impl<'a> View<'a> for TransferView<'a> {
    type Of = Transfer;
    type Context = &'a Session;

    fn of(transfer: &'a Transfer, index: usize, session: &'a Session) -> Self {
        let command = session.command(transfer.command);
        Self {
            index,
            command: transfer.command,
            verb: command.map(|command| command.verb.name()),
            argument: command.and_then(argument),
            path: transfer.path.as_ref().map(Text::raw),
            direction: transfer.direction.word(),
            content: transfer.content.word(),
            r#type: transfer.representation.raw(),
            structure: transfer.structure,
            mode: transfer.mode,
            offset: transfer.offset,
            data_channel: transfer.data_channel,
            bytes: transfer.bytes,
            missing_bytes: transfer.missing_bytes,
            expected_size: transfer.expected_size,
            sha256: transfer.sha256.as_ref().map(Hex),
            mime: transfer.mime,
            encrypted: transfer.encrypted,
            status: transfer.status.word(),
            reply_code: transfer.reply_code,
            start: transfer.start.map(Time),
            end: transfer.end.map(Time),
            duration_s: transfer.duration(),
            peer_session: transfer.peer_session.as_ref().map(|uid| &*uid.0),
        }
    }
}
