//! Data channels and their connections.

use serde::Serialize;

use super::{EndpointView, Frames, View};
use crate::export::values::{Address, Time};
use crate::export::words::Word;
use crate::report::{
    Advertised, Connection, Connector, DataChannel, Mode, Prediction, Reuse, TimeWait, community_id,
};

/// One data channel.
#[derive(Serialize)]
pub(super) struct ChannelView<'a> {
    index: usize,
    mode: Option<&'static str>,
    active: bool,
    command: Option<u32>,
    negotiation: Option<&'static str>,
    advertised: Option<EndpointView>,
    predicted: Option<PredictionView>,
    outcome: Option<&'static str>,
    matched_by: Option<&'static str>,
    connection: Option<ConnectionView>,
    time_wait: Option<TimeWaitView>,
    reuse: Option<ReuseView<'a>>,
    peer_session: Option<&'a str>,
}

impl<'a> View<'a> for ChannelView<'a> {
    type Of = DataChannel;
    type Context = ();

    fn of(channel: &'a DataChannel, index: usize, (): ()) -> Self {
        Self {
            index,
            mode: channel.mode.map(Mode::name),
            active: channel.active,
            command: channel.command,
            negotiation: channel.negotiation.map(Word::word),
            advertised: channel.advertised.map(EndpointView::from),
            predicted: channel.predicted.map(PredictionView::from),
            outcome: channel.outcome.map(Word::word),
            matched_by: channel.matched_by.map(Word::word),
            connection: channel.connection.as_deref().map(ConnectionView::from),
            time_wait: channel.time_wait.map(TimeWaitView::from),
            reuse: channel.reuse.as_ref().map(ReuseView::from),
            peer_session: channel.peer_session.as_ref().map(|uid| &*uid.0),
        }
    }
}

impl From<Advertised> for EndpointView {
    fn from(advertised: Advertised) -> Self {
        Self { ip: advertised.ip.map(Address), port: Some(advertised.port) }
    }
}

impl From<Connector> for EndpointView {
    fn from(connector: Connector) -> Self {
        Self { ip: Some(Address(connector.ip)), port: connector.port }
    }
}

#[derive(Serialize)]
struct PredictionView {
    listener: EndpointView,
    connector: EndpointView,
}

impl From<Prediction> for PredictionView {
    fn from(prediction: Prediction) -> Self {
        Self { listener: prediction.listener.into(), connector: prediction.connector.into() }
    }
}

#[derive(Serialize)]
struct ConnectionView {
    originator: EndpointView,
    responder: EndpointView,
    community_id: String,
    start: Time,
    end: Time,
    frames: Frames,
    handshake: bool,
    syn_attempts: u32,
    end_state: &'static str,
    first_close: Option<&'static str>,
    bytes_originator: u64,
    bytes_responder: u64,
    retransmitted_bytes: u64,
    missing_bytes: u64,
    tls: bool,
}

impl From<&Connection> for ConnectionView {
    fn from(connection: &Connection) -> Self {
        Self {
            originator: connection.originator.into(),
            responder: connection.responder.into(),
            community_id: community_id(connection.originator, connection.responder),
            start: Time(connection.start),
            end: Time(connection.end),
            frames: connection.frames.into(),
            handshake: connection.handshake,
            syn_attempts: connection.syn_attempts,
            end_state: connection.end_state.word(),
            first_close: connection.first_close.map(Word::word),
            bytes_originator: connection.from_originator.bytes,
            bytes_responder: connection.from_responder.bytes,
            retransmitted_bytes: connection.retransmitted_bytes(),
            missing_bytes: connection.missing_bytes(),
            tls: connection.tls,
        }
    }
}

#[derive(Serialize)]
struct TimeWaitView {
    holder: &'static str,
    from: Time,
    until: Time,
}

impl From<TimeWait> for TimeWaitView {
    fn from(time_wait: TimeWait) -> Self {
        Self { holder: time_wait.holder.word(), from: Time(time_wait.from), until: Time(time_wait.until) }
    }
}

#[derive(Serialize)]
struct ReuseView<'a> {
    kind: &'static str,
    previous: PreviousView<'a>,
    gap_s: f64,
    in_time_wait: bool,
    outcome: &'static str,
}

#[derive(Serialize)]
struct PreviousView<'a> {
    session: &'a str,
    data_channel: u32,
}

impl<'a> From<&'a Reuse> for ReuseView<'a> {
    fn from(reuse: &'a Reuse) -> Self {
        Self {
            kind: reuse.kind.word(),
            previous: PreviousView {
                session: &reuse.previous.session.0,
                data_channel: reuse.previous.data_channel,
            },
            gap_s: reuse.gap as f64 / 1e9,
            in_time_wait: reuse.in_time_wait,
            outcome: reuse.outcome.word(),
        }
    }
}
