//! A data channel: one negotiation and the data connection that it led to.

use std::borrow::Cow;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::{
    Advertised, Certainty, ChannelIndex, CommandIndex, ContentKind, Differs, Direction, History, IcmpError,
    InferredTransfer, Mode, Negotiation, Origin, Path, Prediction, TlsDetails, Traffic, Trouble, Uid,
};
#[cfg(feature = "store")]
use crate::base::encode;
use crate::base::{Endpoint, FrameNumber, TimeDelta, Timestamp, choices};

/// One negotiation, or one data connection made without any.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct DataChannel {
    /// How the peers agreed on it.
    pub origin: Origin,
    /// The data connection, or the attempt at it that counts; none where no packet of one was seen.
    pub attempt: Option<Attempt>,
    /// The earlier channel of the capture that used the pair or the listening endpoint, if any.
    pub reuse: Option<Reuse>,
    /// The other control session of a server-to-server transfer.
    pub peer_session: Option<Uid>,
    /// What was probably moved, where its transfer command could not be read.
    pub inferred_transfer: Option<Box<InferredTransfer>>,
    /// Further attempts on the listening endpoint that carried nothing: third hosts that were reset, failed SYNs.
    pub other_attempts: Vec<Connection>,
}

/// A data connection or an attempt at one, and how it was matched to its channel.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Attempt {
    /// How the connection was matched.
    pub matched_by: MatchedBy,
    /// The connection, even if refused or unanswered.
    pub connection: Box<Connection>,
    /// Its result.
    pub result: AttemptResult,
}

/// The result of an attempt at a data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum AttemptResult {
    /// A connection was made.
    Connected {
        /// Who keeps the pair after the close.
        time_wait: Option<TimeWait>,
    },
    /// SYN answered by RST.
    Refused,
    /// SYN, no answer.
    Unanswered,
}

/// The members of the report contract.
impl DataChannel {
    /// How it was negotiated; none where that was under TLS.
    pub const fn mode(&self) -> Option<Mode> {
        self.origin.mode()
    }

    /// Whether the server connects.
    pub const fn is_active(&self) -> bool {
        self.origin.is_active()
    }

    /// Index of the negotiating command.
    pub const fn command(&self) -> Option<CommandIndex> {
        self.origin.command()
    }

    /// The result of the negotiation; none where none was seen.
    pub const fn negotiation(&self) -> Option<Negotiation> {
        self.origin.negotiation()
    }

    /// The endpoint as written on the wire.
    pub const fn advertised(&self) -> Option<Advertised> {
        self.origin.advertised()
    }

    /// What the protocol says the data connection will be.
    pub const fn predicted(&self) -> Option<Prediction> {
        self.origin.predicted()
    }

    /// The outcome of the prediction.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.attempt {
            Some(attempt) => Some(attempt.result.outcome()),
            None => self.predicted().map(|_| Outcome::Unused),
        }
    }

    /// How the connection was matched.
    pub fn matched_by(&self) -> Option<MatchedBy> {
        self.attempt.as_ref().map(|attempt| attempt.matched_by)
    }

    /// How sure it is that the connection is this session's; none where there is no connection.
    pub fn certainty(&self) -> Option<Certainty> {
        let matched_by = self.matched_by()?;
        Some(match self.origin {
            Origin::Unseen { certainty, .. } => certainty,
            Origin::DefaultPorts | Origin::Negotiated(_) if matched_by == MatchedBy::Inferred => {
                Certainty::Likely
            }
            Origin::DefaultPorts | Origin::Negotiated(_) => Certainty::Proven,
        })
    }

    /// Whether the connection may as well be another session's.
    pub fn is_ambiguous(&self) -> bool {
        self.certainty() == Some(Certainty::Possible)
    }

    /// Whose address in the data connection is not the predicted one.
    pub fn differs(&self) -> Option<Differs> {
        let connection = self.connection()?;
        self.predicted()?.differs(connection.originator, connection.responder)
    }

    /// The data connection, even if refused or unanswered.
    pub fn connection(&self) -> Option<&Connection> {
        self.attempt.as_ref().map(|attempt| &*attempt.connection)
    }

    /// Who keeps the pair after the close.
    pub fn time_wait(&self) -> Option<TimeWait> {
        self.attempt.as_ref()?.result.time_wait()
    }
}

impl DataChannel {
    /// The data connection, where one was made.
    pub fn connected(&self) -> Option<&Connection> {
        match self.attempt.as_ref()? {
            Attempt { result: AttemptResult::Connected { .. }, connection, .. } => Some(connection),
            Attempt { result: AttemptResult::Refused | AttemptResult::Unanswered, .. } => None,
        }
    }

    /// The listening endpoint: as predicted, or as seen where there was no prediction.
    pub fn listener(&self) -> Option<Endpoint> {
        let predicted = self.predicted().map(|prediction| prediction.listener);
        predicted.or_else(|| self.connection().map(|connection| connection.responder))
    }
}

impl AttemptResult {
    /// Its name in reports.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Connected { .. } => Outcome::Connected,
            Self::Refused => Outcome::Refused,
            Self::Unanswered => Outcome::Unanswered,
        }
    }

    /// Who keeps the pair after the close: nobody where no connection was made.
    pub const fn time_wait(self) -> Option<TimeWait> {
        match self {
            Self::Connected { time_wait } => time_wait,
            Self::Refused | Self::Unanswered => None,
        }
    }
}

choices! {
    /// The outcome of a prediction.
    pub enum Outcome {
        /// A connection was made.
        Connected => "connected",
        /// SYN answered by RST.
        Refused => "refused",
        /// SYN, no answer.
        Unanswered => "unanswered",
        /// No packet of a data connection was seen.
        Unused => "unused" | "not used",
    }
}

choices! {
    /// How a connection was matched to a channel.
    #[non_exhaustive]
    pub enum MatchedBy {
        /// Both addresses and the listening port as predicted.
        Endpoint => "endpoint" | "as predicted",
        /// The port is right and an address differs; see [`Differs`] for whose.
        Translated => "translated" | "an address differs",
        /// The connector is the partner server of an FXP transfer.
        ThirdParty => "third_party" | "server to server",
        /// The default data ports.
        Default => "default" | "default ports",
        /// By address and time only.
        Inferred => "inferred" | "matched by address and time only",
    }
}

impl MatchedBy {
    /// What people should know about the match; none where it is as predicted.
    pub fn remark(self, differs: Option<Differs>) -> Option<&'static str> {
        match self {
            Self::Endpoint => None,
            Self::Translated => Some(differs.map_or(self.phrase(), Differs::phrase)),
            Self::ThirdParty | Self::Default | Self::Inferred => Some(self.phrase()),
        }
    }
}

/// First and last frame of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct FrameSpan {
    /// Number of the first frame.
    pub first: FrameNumber,
    /// Number of the last frame.
    pub last: FrameNumber,
}

choices! {
    /// How a TCP connection ended, as far as the capture tells.
    #[derive(Default)]
    pub enum EndState {
        /// Not at all.
        #[default]
        Open => "open" | "still open when the capture ended",
        /// Both FINs were seen.
        Fin => "fin" | "closed",
        /// RST.
        Rst => "rst" | "reset",
        /// It was silent for so long that it was given up.
        Idle => "idle" | "given up after a long silence",
    }
}

choices! {
    /// Who sent the first FIN or RST.
    pub enum FirstClose {
        /// Who sent the first SYN.
        Originator => "originator",
        /// Who answered it.
        Responder => "responder",
        /// Simultaneous: neither had seen the other's FIN.
        Both => "both" | "both sides at once",
    }
}

/// Frames of the first few SYNs of a connection: usually there is one.
pub type SynFrames = SmallVec<[FrameNumber; 2]>;

/// A TCP data connection, or an attempt at one.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Connection {
    /// Who sent the SYN, or is taken to have.
    pub originator: Endpoint,
    /// Who listened.
    pub responder: Endpoint,
    /// First packet.
    pub start: Timestamp,
    /// Last packet.
    pub end: Timestamp,
    /// Their frame numbers.
    pub frames: FrameSpan,
    /// Whether its SYN was captured.
    pub handshake: bool,
    /// SYNs sent, retransmissions included; copies of one packet count once.
    pub syn_attempts: u32,
    /// How it ended.
    pub end_state: EndState,
    /// Who ended it.
    pub first_close: Option<FirstClose>,
    /// What the originator sent.
    pub from_originator: StreamFacts,
    /// What the responder sent.
    pub from_responder: StreamFacts,
    /// Whether the bytes are TLS records.
    pub tls: bool,
    /// What can be seen of its TLS.
    pub tls_details: Option<Box<TlsDetails>>,
    /// Whether the TLS records were decrypted; content facts are then those of the plain text.
    pub decrypted: bool,
    /// Frames of the first few SYNs.
    #[cfg_attr(
        feature = "store",
        borsh(serialize_with = "encode::list", deserialize_with = "encode::read_list")
    )]
    pub syn_frames: SynFrames,
    /// When it was established: the SYN-ACK, or the first packet that proves it.
    pub established: Option<Timestamp>,
    /// Frame of a RST that answered a SYN.
    pub refused_frame: Option<FrameNumber>,
    /// Frame of a plain ACK that answered a SYN.
    pub challenge_frame: Option<FrameNumber>,
    /// Frame and time of the first FIN or RST.
    pub close: Option<(Timestamp, FrameNumber)>,
    /// When the other side's FIN was seen, which starts TIME_WAIT.
    pub closed: Option<Timestamp>,
    /// The longest time without payload, between two payload segments of either direction.
    pub stall: Option<Stall>,
    /// ICMP errors that quote one of its packets, the first few.
    pub icmp: Vec<IcmpError>,
    /// What its packets show of the network path.
    pub path: Path,
    /// What happened, in Zeek's letters.
    pub history: History,
    /// What went wrong on the way.
    pub trouble: Option<Box<Trouble>>,
}

impl Connection {
    /// Whether the SYN was answered by a RST or an ICMP error, and no connection was made.
    pub fn is_refused(&self) -> bool {
        self.established.is_none() && (self.refused_frame.is_some() || self.unreachable().is_some())
    }

    /// The ICMP error that refused it, where no RST did.
    pub fn unreachable(&self) -> Option<&IcmpError> {
        let came_about = self.established.is_some() || self.refused_frame.is_some();
        self.icmp.iter().find(|error| !came_about && error.message.refuses())
    }

    /// Unique payload bytes that were captured, of both directions.
    pub fn bytes(&self) -> u64 {
        self.from_originator.bytes.saturating_add(self.from_responder.bytes)
    }

    /// Bytes known to be absent from the capture, of both directions.
    pub fn missing_bytes(&self) -> u64 {
        self.from_originator.missing.saturating_add(self.from_responder.missing)
    }

    /// Bytes that their receiver never acknowledged, of both directions.
    pub fn unacknowledged_bytes(&self) -> u64 {
        self.from_originator.unacknowledged.saturating_add(self.from_responder.unacknowledged)
    }

    /// Packets, bytes and history.
    pub fn traffic(&self) -> Traffic {
        Traffic::of(&self.from_originator, &self.from_responder, self.history)
    }

    /// Times of the first and the last packet with payload, of either direction.
    pub fn payload(&self) -> Option<PayloadSpan> {
        let streams = [&self.from_originator, &self.from_responder];
        let first = streams.iter().filter_map(|stream| stream.first_payload).min()?;
        let last = streams.iter().filter_map(|stream| stream.last_payload).max()?;
        Some(PayloadSpan { first: first.0, last: last.0 })
    }

    /// What moved in a direction: the server connects in active mode and listens in passive mode.
    pub const fn moved(&self, direction: Direction, is_active: bool) -> &StreamFacts {
        match (direction, is_active) {
            (Direction::Download, true) | (Direction::Upload, false) => &self.from_originator,
            (Direction::Download, false) | (Direction::Upload, true) => &self.from_responder,
        }
    }

    /// Payload bytes that were retransmitted, in both directions.
    pub fn retransmitted_bytes(&self) -> u64 {
        self.from_originator.retransmitted.saturating_add(self.from_responder.retransmitted)
    }
}

/// Times of the first and the last packet with payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadSpan {
    /// The first one.
    pub first: Timestamp,
    /// The last one.
    pub last: Timestamp,
}

/// A time without payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Stall {
    /// Last payload before it.
    pub from: Timestamp,
    /// First payload after it.
    pub until: Timestamp,
    /// Their frames.
    pub frames: FrameSpan,
}

/// What one side of a connection sent.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct StreamFacts {
    /// Unique payload bytes that were captured.
    pub bytes: u64,
    /// Packets that were captured, not counting duplicates.
    pub packets: u64,
    /// Their bytes from the IP header on.
    pub ip_bytes: u64,
    /// Bytes of plain text, where TLS was decrypted.
    pub content_bytes: Option<u64>,
    /// Bytes known to be missing from the capture: gaps that the receiver acknowledged, and snap-length cuts.
    pub missing: u64,
    /// Bytes that the receiver never acknowledged, captured or not.
    pub unacknowledged: u64,
    /// Those of them that were not captured: lost on the network.
    pub lost: u64,
    /// Payload bytes that were retransmitted.
    pub retransmitted: u64,
    /// Payload bytes that were retransmitted with different content.
    pub conflicting: u64,
    /// SHA-256 of the bytes in order, where they are complete and hashing is on.
    pub sha256: Option<[u8; 32]>,
    /// The content without its transmission mode; none for MODE S, and where it can't be recovered.
    pub decoded: Option<Box<Decoded>>,
    /// By what the content is known where contents are kept.
    pub kept: Option<ContentId>,
    /// Media type sniffed from the first bytes.
    pub mime: Option<Cow<'static, str>>,
    /// The kind of content that the first bytes show, where that says more.
    pub kind: Option<ContentKind>,
    /// Whether the first bytes are those of a binary file.
    pub binary: bool,
    /// Whether a line feed without a carriage return was seen: such text was not converted for TYPE A.
    pub bare_line_feeds: bool,
    /// Whether the stream's start was captured.
    pub start_seen: bool,
    /// Whether the stream's end (its FIN) was captured.
    pub end_seen: bool,
    /// Time and frame of the first payload.
    pub first_payload: Option<(Timestamp, FrameNumber)>,
    /// Time and frame of the last payload.
    pub last_payload: Option<(Timestamp, FrameNumber)>,
    /// Frame of the first segment after which bytes are missing.
    pub gap_frame: Option<FrameNumber>,
    /// From the first to the last packet of the content; none with fewer than two, or where TLS hides the start of
    /// the content.
    pub content_span: Option<TimeDelta>,
}

/// A content that is kept, for as long as the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct ContentId(pub NonZeroU64);

/// The complete content of MODE B, C or Z, as stream mode would have sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Decoded {
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of it, where hashing is on.
    pub sha256: Option<[u8; 32]>,
}

/// Who keeps a pair of endpoints for 2·MSL after the close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct TimeWait {
    /// Who sent the first FIN.
    pub holder: Holder,
    /// The packet that carries the other side's FIN.
    pub from: Timestamp,
    /// 2·MSL later.
    pub until: Timestamp,
}

choices! {
    /// Who holds TIME_WAIT.
    pub enum Holder {
        /// The FTP client.
        Client => "client",
        /// The FTP server of this session.
        Server => "server",
        /// Both, after a simultaneous close.
        Both => "both" | "both sides",
        /// The other server of an FXP transfer.
        Partner => "partner" | "other server",
    }
}

/// An endpoint or pair that an earlier channel used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Reuse {
    /// What is the same.
    pub kind: ReuseKind,
    /// The earlier channel.
    pub previous: Previous,
    /// From the last packet of the earlier connection to the first of this one (or this negotiation); none
    /// where the earlier connection was still open.
    #[serde(rename = "gap_s")]
    pub gap: Option<TimeDelta>,
    /// Whether the earlier pair was still in TIME_WAIT.
    pub in_time_wait: bool,
    /// Its result.
    pub outcome: ReuseOutcome,
}

/// The earlier channel of a reuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Previous {
    /// Its session.
    pub session: Uid,
    /// Its index there.
    pub data_channel: ChannelIndex,
}

choices! {
    /// What was reused.
    pub enum ReuseKind {
        /// Both endpoints.
        FourTuple => "four_tuple" | "4-tuple",
        /// The listening endpoint, from another port or host.
        Listener => "listener" | "listening endpoint",
    }
}

choices! {
    /// The result of a reuse.
    #[non_exhaustive]
    pub enum ReuseOutcome {
        /// The SYN went through at once.
        Accepted => "accepted",
        /// SYNs went unanswered at first, or for good.
        Ignored => "ignored" | "SYNs ignored",
        /// A SYN was answered by a plain ACK before it went through, or for good.
        Challenged => "challenged" | "SYN answered by a plain ACK",
        /// A SYN was answered by RST.
        Refused => "refused",
        /// No SYN was seen, and the predicted pair was in TIME_WAIT.
        NotAttempted => "not_attempted" | "no SYN seen",
    }
}
