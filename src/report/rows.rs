//! Serialization of the types whose JSON differs from their fields, mostly by members computed on writing.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::numbered::{Prefix, Prefixed, SequenceOf, numbered};
use super::{
    Advertised, Answer, Attempt, AttemptResult, Certainty, ChannelIndex, Command, CommandIndex, CommunityId,
    Connection, Content, DataChannel, Decoded, Direction, EndState, FirstClose, FrameSpan, IcmpError,
    InferredTransfer, MatchedBy, Mode, Negotiated, NegotiatedMode, Negotiation, Origin, Outcome, Path,
    PayloadSpan, Prediction, Reuse, Session, Status, StreamFacts, SynFrames, TimeWait, TlsDetails, Traffic,
    Transfer, Uid, Verification, WindowScaling, community_id,
};
use crate::base::{Endpoint, FrameNumber, Text, TimeDelta, Timestamp, hex};

/// Serializes a struct with these members, in this order.
macro_rules! members {
    ($serializer:expr, { $($name:literal: $value:expr,)* }) => {{
        let mut members = $serializer.serialize_struct("", [$($name),*].len())?;
        $(members.serialize_field($name, &$value)?;)*
        members.end()
    }};
}

impl Serialize for DataChannel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        members!(serializer, {
            "mode": self.mode(),
            "active": self.is_active(),
            "command": self.command(),
            "negotiation": self.negotiation(),
            "advertised": self.advertised(),
            "predicted": self.predicted(),
            "outcome": self.outcome(),
            "matched_by": self.matched_by(),
            "differs": self.differs(),
            "certainty": self.certainty(),
            "connection": self.connection(),
            "time_wait": self.time_wait(),
            "reuse": self.reuse,
            "peer_session": self.peer_session,
            "inferred_transfer": self.inferred_transfer,
        })
    }
}

/// The members of a [`DataChannel`] that say more than they imply of each other. Those that contradict each
/// other are an error; `active` counts only where there is no mode, and `differs` never.
#[derive(Deserialize)]
struct DataChannelRow {
    mode: Option<Mode>,
    active: bool,
    command: Option<CommandIndex>,
    negotiation: Option<Negotiation>,
    advertised: Option<Advertised>,
    predicted: Option<Prediction>,
    outcome: Option<Outcome>,
    matched_by: Option<MatchedBy>,
    certainty: Option<Certainty>,
    connection: Option<Box<Connection>>,
    time_wait: Option<TimeWait>,
    reuse: Option<Reuse>,
    peer_session: Option<Uid>,
    #[serde(default)]
    inferred_transfer: Option<Box<InferredTransfer>>,
}

impl<'de> Deserialize<'de> for DataChannel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = DataChannelRow::deserialize(deserializer)?;
        row.channel().ok_or_else(|| de::Error::custom("a data channel whose members contradict each other"))
    }
}

impl DataChannelRow {
    fn channel(self) -> Option<DataChannel> {
        let origin = self.origin()?;
        let result = match (self.outcome, self.time_wait) {
            (Some(Outcome::Connected), time_wait) => Some(AttemptResult::Connected { time_wait }),
            (Some(Outcome::Refused), None) => Some(AttemptResult::Refused),
            (Some(Outcome::Unanswered), None) => Some(AttemptResult::Unanswered),
            (Some(Outcome::Unused), None) => origin.predicted().map(|_| None)?,
            (None, None) if origin.predicted().is_none() => None,
            (None | Some(Outcome::Refused | Outcome::Unanswered | Outcome::Unused), _) => return None,
        };
        let attempt = match (result, self.matched_by, self.connection) {
            (Some(result), Some(matched_by), Some(connection)) => {
                Some(Attempt { matched_by, connection, result })
            }
            (None, None, None) => None,
            _ => return None,
        };
        let (reuse, peer_session, inferred_transfer) =
            (self.reuse, self.peer_session, self.inferred_transfer);
        let other_attempts = Vec::new();
        Some(DataChannel { origin, attempt, reuse, peer_session, inferred_transfer, other_attempts })
    }

    fn origin(&self) -> Option<Origin> {
        let answer = match (self.negotiation, self.advertised, self.predicted) {
            (None, None, None) => None,
            (Some(Negotiation::Malformed), None, None) => Some(Answer::Malformed),
            (Some(Negotiation::Unanswered), advertised, None) => Some(Answer::Unanswered(advertised)),
            (Some(Negotiation::Rejected), advertised, None) => Some(Answer::Rejected(advertised)),
            (Some(Negotiation::Accepted), Some(advertised), Some(predicted)) => {
                Some(Answer::Accepted { advertised, predicted })
            }
            _ => return None,
        };
        match (self.mode, answer, self.command) {
            (None, None, None) => Some(Origin::Unseen {
                active: self.active,
                certainty: self.certainty.unwrap_or(Certainty::Likely),
            }),
            (Some(Mode::Default), None, None) => Some(Origin::DefaultPorts),
            (Some(mode), Some(answer), command) => {
                let mode = NegotiatedMode::of(mode)?;
                Some(Origin::Negotiated(Negotiated { mode, command, answer }))
            }
            _ => None,
        }
    }
}

/// The JSON members of a [`Connection`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Connection")]
struct ConnectionRow {
    originator: Endpoint,
    responder: Endpoint,
    #[serde(getter = "Connection::community_id")]
    community_id: CommunityId,
    start: Timestamp,
    end: Timestamp,
    frames: FrameSpan,
    handshake: bool,
    syn_attempts: u32,
    end_state: EndState,
    first_close: Option<FirstClose>,
    #[serde(getter = "Connection::bytes_originator")]
    bytes_originator: u64,
    #[serde(getter = "Connection::bytes_responder")]
    bytes_responder: u64,
    #[serde(getter = "Connection::retransmitted_bytes")]
    retransmitted_bytes: u64,
    #[serde(getter = "Connection::missing_bytes")]
    missing_bytes: u64,
    #[serde(getter = "Connection::unacknowledged_bytes")]
    unacknowledged_bytes: u64,
    tls: bool,
    tls_details: Option<Box<TlsDetails>>,
    icmp: Vec<IcmpError>,
    #[serde(getter = "Connection::rtt_s")]
    rtt_s: Option<TimeDelta>,
    #[serde(getter = "Connection::payload")]
    payload: Option<PayloadSpan>,
    #[serde(getter = "Connection::zero_window_s")]
    zero_window_s: TimeDelta,
    #[serde(getter = "Connection::max_in_flight")]
    max_in_flight: u64,
    #[serde(getter = "Connection::window_scaling")]
    window_scaling: Option<WindowScaling>,
    #[serde(getter = "Connection::traffic")]
    traffic: Traffic,
}

/// JSON holds one total of retransmitted, of missing and of unacknowledged bytes for both directions; reading
/// back books them on the originator.
impl From<ConnectionRow> for Connection {
    fn from(row: ConnectionRow) -> Self {
        Self {
            originator: row.originator,
            responder: row.responder,
            start: row.start,
            end: row.end,
            frames: row.frames,
            handshake: row.handshake,
            syn_attempts: row.syn_attempts,
            end_state: row.end_state,
            first_close: row.first_close,
            from_originator: StreamFacts {
                bytes: row.bytes_originator,
                retransmitted: row.retransmitted_bytes,
                missing: row.missing_bytes,
                unacknowledged: row.unacknowledged_bytes,
                packets: row.traffic.packets_originator,
                ip_bytes: row.traffic.ip_bytes_originator,
                first_payload: row.payload.map(|payload| (payload.first, FrameNumber::NONE)),
                last_payload: row.payload.map(|payload| (payload.last, FrameNumber::NONE)),
                ..StreamFacts::default()
            },
            from_responder: StreamFacts {
                bytes: row.bytes_responder,
                packets: row.traffic.packets_responder,
                ip_bytes: row.traffic.ip_bytes_responder,
                ..StreamFacts::default()
            },
            tls: row.tls,
            tls_details: row.tls_details,
            decrypted: false,
            syn_frames: SynFrames::new(),
            established: None,
            refused_frame: None,
            challenge_frame: None,
            close: None,
            closed: None,
            stall: None,
            icmp: row.icmp,
            path: Path {
                rtt: row.rtt_s,
                window_scaling: row.window_scaling,
                zero_window: row.zero_window_s,
                longest_zero_window: None,
                max_in_flight: row.max_in_flight,
            },
            history: row.traffic.history,
            trouble: None,
        }
    }
}

impl Connection {
    fn community_id(&self) -> CommunityId {
        community_id(self.originator, self.responder)
    }

    const fn rtt_s(&self) -> Option<TimeDelta> {
        self.path.rtt
    }

    const fn zero_window_s(&self) -> TimeDelta {
        self.path.zero_window
    }

    const fn max_in_flight(&self) -> u64 {
        self.path.max_in_flight
    }

    const fn window_scaling(&self) -> Option<WindowScaling> {
        self.path.window_scaling
    }

    const fn bytes_originator(&self) -> u64 {
        self.from_originator.bytes
    }

    const fn bytes_responder(&self) -> u64 {
        self.from_responder.bytes
    }
}

/// The JSON members of a [`Transfer`] but for those of [`TransferPrefix`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Transfer")]
struct TransferRow {
    #[serde(skip_serializing)]
    command: CommandIndex,
    path: Option<Text>,
    path_from_login: Option<Text>,
    direction: Direction,
    content: Content,
    #[serde(rename = "type")]
    representation: Text,
    structure: char,
    mode: char,
    offset: u64,
    data_channel: Option<ChannelIndex>,
    bytes: Option<u64>,
    missing_bytes: u64,
    expected_size: Option<u64>,
    #[serde(with = "hex")]
    sha256: Option<[u8; 32]>,
    #[serde(getter = "Transfer::decoded_bytes")]
    decoded_bytes: Option<u64>,
    #[serde(with = "hex", getter = "Transfer::decoded_sha256")]
    decoded_sha256: Option<[u8; 32]>,
    #[serde(default)]
    verification: Option<Box<Verification>>,
    #[serde(default)]
    file: Option<u32>,
    mime: Option<Box<str>>,
    encrypted: bool,
    status: Status,
    reply_code: Option<u16>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    #[serde(getter = "Transfer::duration")]
    duration_s: Option<TimeDelta>,
    #[serde(rename = "rate_bytes_per_s")]
    rate: Option<f64>,
    peer_session: Option<Uid>,
}

impl From<TransferRow> for Transfer {
    fn from(row: TransferRow) -> Self {
        Self {
            command: row.command,
            path: row.path,
            path_from_login: row.path_from_login,
            direction: row.direction,
            content: row.content,
            representation: row.representation,
            structure: row.structure,
            mode: row.mode,
            offset: row.offset,
            data_channel: row.data_channel,
            bytes: row.bytes,
            missing_bytes: row.missing_bytes,
            expected_size: row.expected_size,
            sha256: row.sha256,
            decoded: row.decoded_bytes.map(|bytes| Box::new(Decoded { bytes, sha256: row.decoded_sha256 })),
            verification: row.verification,
            file: row.file,
            piece: None,
            mime: row.mime,
            kind: None,
            listing: None,
            encrypted: row.encrypted,
            status: row.status,
            reply_code: row.reply_code,
            start: row.start,
            end: row.end,
            rate: row.rate,
            peer_session: row.peer_session,
        }
    }
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        members!(serializer, {
            "uid": self.uid,
            "twin": self.twin,
            "client": self.client,
            "server": self.server,
            "community_id": community_id(self.client, self.server),
            "start": self.start,
            "end": self.end,
            "frames": self.frames,
            "handshake": self.handshake,
            "directions": self.directions(),
            "end_state": self.end_state,
            "closed_by": self.closed_by,
            "user": self.user,
            "password": self.password,
            "account": self.account,
            "login": self.login,
            "greeting": self.greeting,
            "unsolicited": self.unsolicited,
            "system": self.system,
            "client_software": self.client_software,
            "features": self.features,
            "security": self.security,
            "tls_details": self.tls_details,
            "epsv_all": self.epsv_all,
            "port_allocation": self.port_allocation,
            "icmp": self.icmp,
            "limited": self.limited,
            "rtt_s": self.rtt_s,
            "traffic": self.traffic,
            "commands": numbered(&self.commands),
            "data_channels": numbered(&self.data_channels),
            "transfers": SequenceOf(|index: usize| {
                let transfer = self.transfers.get(index)?;
                let command = self.command(transfer.command);
                Some(Prefixed { prefix: TransferPrefix { index, transfer, command }, item: transfer })
            }),
            "headline": self.headline(),
            "findings": self.findings,
        })
    }
}

/// The index of a transfer and what its command says about it.
struct TransferPrefix<'a> {
    index: usize,
    transfer: &'a Transfer,
    command: Option<&'a Command>,
}

impl Prefix for TransferPrefix<'_> {
    const COUNT: usize = 4;

    fn serialize_members<M: SerializeStruct>(&self, members: &mut M) -> Result<(), M::Error> {
        members.serialize_field("index", &self.index)?;
        members.serialize_field("command", &self.transfer.command)?;
        members.serialize_field("verb", &self.command.map(|command| &command.verb))?;
        members.serialize_field("argument", &self.command.and_then(|command| command.argument.as_ref()))
    }
}

macro_rules! serialize_as {
    ($($shown:ident as $row:ident),*) => {$(
        impl Serialize for $shown {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $row::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $shown {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $row::deserialize(deserializer)
            }
        }
    )*};
}

serialize_as!(Connection as ConnectionRow, Transfer as TransferRow);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{self, endpoint};
    use super::super::{Connector, Holder};
    use super::*;

    const TIME: Timestamp = Timestamp::from_nanos(1_772_366_400_000_000_000);

    /// One channel in each state.
    fn channels() -> Vec<DataChannel> {
        let command = CommandIndex(3);
        let (client, server) = (endpoint("192.0.2.1:40000"), endpoint("192.0.2.8:50000"));
        let named = Some(Advertised { ip: Some(client.ip), port: client.port });
        let connector = Connector { ip: client.ip, port: None };
        let accepted = || testing::accepted_channel(Mode::Pasv, command, server, connector);
        let mut connection = testing::syn(client, server, TIME, 9);
        (connection.from_originator, connection.from_responder) = Default::default();
        connection.syn_frames = SynFrames::new();
        let attempt = |result| Some(testing::attempt(connection.clone(), result));
        let wait = TimeWait { holder: Holder::Client, from: TIME, until: TIME };
        let mut states: Vec<DataChannel> =
            [Answer::Malformed, Answer::Unanswered(None), Answer::Unanswered(named), Answer::Rejected(named)]
                .map(|answer| testing::negotiated_channel(Mode::Port, command, answer))
                .into();
        for time_wait in [None, Some(wait)] {
            let result = AttemptResult::Connected { time_wait };
            states.push(DataChannel { attempt: attempt(result), ..accepted() });
            for origin in
                [Origin::Unseen { active: true, certainty: Certainty::Possible }, Origin::DefaultPorts]
            {
                states.push(DataChannel { origin, attempt: attempt(result), ..accepted() });
            }
        }
        for result in [AttemptResult::Refused, AttemptResult::Unanswered] {
            states.push(DataChannel { attempt: attempt(result), ..accepted() });
        }
        states.push(accepted());
        states
    }

    #[test]
    fn every_state_of_a_data_channel_reads_back() {
        for channel in channels() {
            let json = serde_json::to_string(&channel).unwrap();
            assert_eq!(serde_json::from_str::<DataChannel>(&json).unwrap(), channel, "{json}");
        }
    }

    #[test]
    fn members_of_a_data_channel_that_contradict_each_other_are_an_error() {
        let states: Vec<Value> =
            channels().iter().map(|channel| serde_json::to_value(channel).unwrap()).collect();
        let (malformed, unanswered, refused, unused) =
            (&states[0], &states[2], &states[states.len() - 3], &states[states.len() - 1]);
        for (state, member, other) in [
            (malformed, "advertised", unused["advertised"].clone()),
            (malformed, "mode", json!("DEFAULT")),
            (malformed, "mode", Value::Null),
            (malformed, "negotiation", Value::Null),
            (malformed, "negotiation", json!("accepted")),
            (malformed, "outcome", json!("unused")),
            (unanswered, "predicted", unused["predicted"].clone()),
            (refused, "matched_by", Value::Null),
            (refused, "connection", Value::Null),
            (refused, "outcome", Value::Null),
            (refused, "outcome", json!("unused")),
            (refused, "time_wait", states[7]["time_wait"].clone()),
            (unused, "outcome", Value::Null),
            (unused, "outcome", json!("connected")),
            (unused, "predicted", Value::Null),
        ] {
            let mut state = state.clone();
            assert_ne!(state[member], other);
            state[member] = other;
            let error = serde_json::from_value::<DataChannel>(state.clone()).unwrap_err();
            assert!(error.to_string().contains("contradict"), "{member} of {state}: {error}");
        }
    }
}
