//! Serialization of the types whose JSON differs from their fields, mostly by members computed on writing.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::numbered::{Prefix, Prefixed, SequenceOf, numbered};
use super::{
    Advertised, ChannelIndex, Command, CommandIndex, CommunityId, Connection, Content, DataChannel, Differs,
    Direction, EndState, FirstClose, FrameSpan, MatchedBy, Mode, Negotiation, Outcome, Prediction, Reuse,
    Session, Status, StreamFacts, SynFrames, TimeWait, Transfer, Uid, community_id,
};
use crate::base::{Endpoint, Text, Timestamp, hex};

/// Serializes a struct with these members, in this order.
macro_rules! members {
    ($serializer:expr, { $($name:literal: $value:expr,)* }) => {{
        let mut members = $serializer.serialize_struct("", [$($name),*].len())?;
        $(members.serialize_field($name, &$value)?;)*
        members.end()
    }};
}

/// The JSON members of a [`DataChannel`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "DataChannel")]
struct DataChannelRow {
    mode: Option<Mode>,
    active: bool,
    command: Option<CommandIndex>,
    negotiation: Option<Negotiation>,
    advertised: Option<Advertised>,
    predicted: Option<Prediction>,
    outcome: Option<Outcome>,
    matched_by: Option<MatchedBy>,
    #[serde(getter = "DataChannel::differs")]
    differs: Option<Differs>,
    connection: Option<Box<Connection>>,
    time_wait: Option<TimeWait>,
    reuse: Option<Reuse>,
    peer_session: Option<Uid>,
}

impl From<DataChannelRow> for DataChannel {
    fn from(row: DataChannelRow) -> Self {
        Self {
            mode: row.mode,
            active: row.active,
            command: row.command,
            negotiation: row.negotiation,
            advertised: row.advertised,
            predicted: row.predicted,
            outcome: row.outcome,
            matched_by: row.matched_by,
            connection: row.connection,
            time_wait: row.time_wait,
            reuse: row.reuse,
            peer_session: row.peer_session,
            other_attempts: Vec::new(),
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
    tls: bool,
}

/// JSON holds one total of retransmitted and of missing bytes for both directions; reading back books them on the
/// originator.
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
                ..StreamFacts::default()
            },
            from_responder: StreamFacts { bytes: row.bytes_responder, ..StreamFacts::default() },
            tls: row.tls,
            decrypted: false,
            syn_frames: SynFrames::new(),
            established: None,
            refused_frame: None,
            challenge_frame: None,
            close: None,
            closed: None,
            stall: None,
        }
    }
}

impl Connection {
    fn community_id(&self) -> CommunityId {
        community_id(self.originator, self.responder)
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
    mime: Option<Box<str>>,
    encrypted: bool,
    status: Status,
    reply_code: Option<u16>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    #[serde(getter = "Transfer::duration")]
    duration_s: Option<f64>,
    peer_session: Option<Uid>,
}

impl From<TransferRow> for Transfer {
    fn from(row: TransferRow) -> Self {
        Self {
            command: row.command,
            path: row.path,
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
            mime: row.mime,
            encrypted: row.encrypted,
            status: row.status,
            reply_code: row.reply_code,
            start: row.start,
            end: row.end,
            peer_session: row.peer_session,
        }
    }
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        members!(serializer, {
            "uid": self.uid,
            "client": self.client,
            "server": self.server,
            "community_id": community_id(self.client, self.server),
            "start": self.start,
            "end": self.end,
            "frames": self.frames,
            "handshake": self.handshake,
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
            "epsv_all": self.epsv_all,
            "port_allocation": self.port_allocation,
            "commands": numbered(&self.commands),
            "data_channels": numbered(&self.data_channels),
            "transfers": SequenceOf(|index: usize| {
                let transfer = self.transfers.get(index)?;
                let command = self.command(transfer.command);
                Some(Prefixed { prefix: TransferPrefix { index, transfer, command }, item: transfer })
            }),
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

serialize_as!(DataChannel as DataChannelRow, Connection as ConnectionRow, Transfer as TransferRow);
