//! Events, as they happen: a line of JSON each. They are no part of the report; the words are.

use serde::Serialize;

use super::{EndpointView, FindingView, View};
use crate::analyzer::{Event, EventKind};
use crate::base::Text;
use crate::export::values::{Hex, Time};
use crate::export::words::Word;
use crate::report::{Mode, Transfer};

/// One event: what all have, then what kind it is and what that kind has.
#[derive(Serialize)]
pub(crate) struct EventView<'a> {
    time: Time,
    frame: u64,
    session: &'a str,
    client: EndpointView,
    server: EndpointView,
    #[serde(flatten)]
    kind: KindView<'a>,
}

impl<'a> EventView<'a> {
    pub(crate) fn new(event: &'a Event) -> Self {
        Self {
            time: Time(event.packet.time),
            frame: event.packet.frame,
            session: &event.session.0,
            client: event.client.into(),
            server: event.server.into(),
            kind: KindView::new(&event.kind),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum KindView<'a> {
    Opened,
    Login {
        user: Option<&'a str>,
        login: &'static str,
        code: u16,
    },
    Expecting {
        data_channel: u32,
        mode: Option<&'static str>,
        listener: EndpointView,
        connector: EndpointView,
    },
    Rejected {
        data_channel: u32,
        mode: Option<&'static str>,
        code: u16,
    },
    Connected {
        data_channel: u32,
        mode: Option<&'static str>,
        originator: EndpointView,
        responder: EndpointView,
        matched_by: Option<&'static str>,
        after_s: f64,
    },
    Refused {
        data_channel: u32,
        mode: Option<&'static str>,
        originator: EndpointView,
        responder: EndpointView,
    },
    TimedOut {
        data_channel: u32,
        mode: Option<&'static str>,
        listener: EndpointView,
        connector: EndpointView,
        waited_s: f64,
        attempted: bool,
    },
    Transferred {
        verb: &'a str,
        argument: Option<&'a str>,
        #[serde(flatten)]
        transfer: Moved<'a>,
    },
    Found {
        finding: FindingView<'a>,
    },
    Ended {
        end_state: &'static str,
    },
}

impl<'a> KindView<'a> {
    fn new(kind: &'a EventKind) -> Self {
        match kind {
            EventKind::Opened => Self::Opened,
            EventKind::LoggedIn { user, login, code } => {
                Self::Login { user: user.as_ref().map(Text::raw), login: login.word(), code: *code }
            }
            EventKind::Expecting { channel, mode, prediction } => Self::Expecting {
                data_channel: *channel,
                mode: mode.map(Mode::name),
                listener: prediction.listener.into(),
                connector: prediction.connector.into(),
            },
            EventKind::Rejected { channel, mode, code } => {
                Self::Rejected { data_channel: *channel, mode: mode.map(Mode::name), code: *code }
            }
            EventKind::Connected { channel, mode, originator, responder, matched_by, after } => {
                Self::Connected {
                    data_channel: *channel,
                    mode: mode.map(Mode::name),
                    originator: (*originator).into(),
                    responder: (*responder).into(),
                    matched_by: matched_by.map(Word::word),
                    after_s: seconds(*after),
                }
            }
            EventKind::Refused { channel, mode, originator, responder } => Self::Refused {
                data_channel: *channel,
                mode: mode.map(Mode::name),
                originator: (*originator).into(),
                responder: (*responder).into(),
            },
            EventKind::TimedOut { channel, mode, prediction, waited, attempted } => Self::TimedOut {
                data_channel: *channel,
                mode: mode.map(Mode::name),
                listener: prediction.listener.into(),
                connector: prediction.connector.into(),
                waited_s: seconds(*waited),
                attempted: *attempted,
            },
            EventKind::Transferred { verb, argument, transfer } => Self::Transferred {
                verb: verb.name(),
                argument: argument.as_ref().map(Text::raw),
                transfer: Moved::new(transfer),
            },
            EventKind::Found(finding) => Self::Found { finding: FindingView::of(finding, 0, ()) },
            EventKind::Ended { end_state } => Self::Ended { end_state: end_state.word() },
        }
    }
}

/// What a transfer moved, under the report's names.
#[derive(Serialize)]
struct Moved<'a> {
    path: Option<&'a str>,
    direction: &'static str,
    content: &'static str,
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
}

impl<'a> Moved<'a> {
    fn new(transfer: &'a Transfer) -> Self {
        Self {
            path: transfer.path.as_ref().map(Text::raw),
            direction: transfer.direction.word(),
            content: transfer.content.word(),
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
        }
    }
}

fn seconds(nanos: i64) -> f64 {
    let nanos = nanos as f64;
    nanos / 1e9
}
