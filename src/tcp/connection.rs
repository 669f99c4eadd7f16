//! One TCP connection.

use super::doubt::Doubt;
use crate::base::{Endpoint, FrameNumber, PacketRef, Timestamp};
use crate::decode::Segment;
use crate::report::{EndState, FirstClose, History, IcmpError, Path, SynFrames, Traffic, Trouble};

/// The name of a connection in the table, until [`Sink::ended`](super::Sink::ended) was called for it.
/// Connections that take its place later have other names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct ConnectionId {
    slot: u32,
    serial: u32,
}

// It is handed over with every chunk.
const _: () = assert!(size_of::<ConnectionId>() == size_of::<u64>());

impl ConnectionId {
    /// The connection in this slot; the serial number (modulo 2^32) tells it from others there.
    pub(crate) const fn new(slot: u32, serial: u32) -> Self {
        Self { slot, serial }
    }

    /// Where it is; once it has ended, perhaps another.
    pub(crate) const fn slot(self) -> u32 {
        self.slot
    }
}

/// Who sent the SYN, or is taken to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum Side {
    /// Sent the SYN.
    Originator,
    /// Answered it.
    Responder,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Originator => Self::Responder,
            Self::Responder => Self::Originator,
        }
    }
}

/// Whether the beginning was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// A SYN or SYN-ACK was captured.
    Handshake,
    /// The capture starts in the middle of the connection; the originator is a guess (the higher port).
    MidStream,
}

/// The facts of one connection; what each packet changes comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Connection {
    /// Who sent the SYN, or is taken to have.
    pub originator: Endpoint,
    /// Who listened.
    pub responder: Endpoint,
    /// Last packet that belongs to it.
    pub last: PacketRef,
    /// What the originator sent.
    pub from_originator: Stream,
    /// What the responder sent.
    pub from_responder: Stream,
    /// First packet.
    pub first: PacketRef,
    /// Its sequence number, which tells two connections apart that a 4-tuple had within one tick of a coarse
    /// clock.
    pub opening: u32,
    /// The sequence numbers of the originator's and the responder's first bytes, once both are known.
    pub numbers: Option<(u32, u32)>,
    /// Whether the beginning was seen.
    pub onset: Onset,
    /// How it ended so far: open, fin, rst.
    pub end_state: EndState,
    /// Who sent the first FIN or RST.
    pub first_close: Option<FirstClose>,
    /// SYNs that the originator sent, copies of one packet counted once.
    pub syn_attempts: u32,
    /// Frames of the first few SYNs.
    pub syn_frames: SynFrames,
    /// The SYN-ACK, or the first sign of life of the responder where that was not captured.
    pub established: Option<PacketRef>,
    /// RST that answered a SYN.
    pub refused: Option<PacketRef>,
    /// Plain ACK that answered a SYN.
    pub challenged: Option<PacketRef>,
    /// The packet with the first FIN or RST.
    pub close: Option<PacketRef>,
    /// When both FINs had been seen: the packet with the second one.
    pub closed: Option<Timestamp>,
    /// ICMP errors that quote one of its packets, the first few.
    pub icmp: Vec<IcmpError>,
    /// What its packets show of the way; complete once it has ended.
    pub path: Path,
    /// What happened, in letters.
    pub history: History,
    /// What went wrong on the way; complete once it has ended.
    pub trouble: Option<Box<Trouble>>,
}

/// Packets that were thrown away by whoever they were sent to, and therefore left out here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forged {
    /// Those with a wrong checksum.
    pub wrong_checksum: u64,
    /// Those whose hop limit was too low to reach their receiver.
    pub low_hop_limit: u64,
}

impl Forged {
    /// Counts one.
    pub(super) const fn count(&mut self, doubt: Doubt) {
        let counter = match doubt {
            Doubt::Checksum | Doubt::Unfinished => &mut self.wrong_checksum,
            Doubt::HopLimit => &mut self.low_hop_limit,
        };
        *counter = counter.saturating_add(1);
    }
}

/// What one side sent, in numbers.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Stream {
    /// Unique payload bytes captured.
    pub bytes: u64,
    /// Packets, copies of one left out.
    pub packets: u64,
    /// Their bytes from the IP header on.
    pub ip_bytes: u64,
    /// Bytes known to be absent from the capture: gaps that the receiver had, or may have had, and cuts.
    pub missing: u64,
    /// Bytes that the receiver never acknowledged, whether or not they were captured.
    pub unacknowledged: u64,
    /// Those of them that were not captured either.
    pub lost: u64,
    /// Payload bytes that were sent again.
    pub retransmitted: u64,
    /// Payload bytes that were sent again with other content.
    pub conflicting: u64,
    /// Whether the stream's first byte was captured (its SYN was seen and nothing is missing behind it).
    pub start_seen: bool,
    /// Whether its FIN was captured.
    pub end_seen: bool,
    /// Frame of the first segment after which bytes are missing.
    pub gap_frame: Option<FrameNumber>,
    /// Whether some of what is missing was given up to stay within a cap, and may be in the capture.
    pub limited: bool,
}

impl Connection {
    /// A connection of which nothing is known but its first packet.
    pub(crate) fn begun(originator: Endpoint, responder: Endpoint, onset: Onset, first: PacketRef) -> Self {
        Self {
            originator,
            responder,
            last: first,
            from_originator: Stream::default(),
            from_responder: Stream::default(),
            first,
            opening: 0,
            numbers: None,
            onset,
            end_state: EndState::Open,
            first_close: None,
            syn_attempts: 0,
            syn_frames: SynFrames::new(),
            established: None,
            refused: None,
            challenged: None,
            close: None,
            closed: None,
            icmp: Vec::new(),
            path: Path::default(),
            history: History::default(),
            trouble: None,
        }
    }

    /// The packet that refused it: the RST or the ICMP error that answered its SYN, where it never came
    /// about.
    pub fn refusal(&self) -> Option<PacketRef> {
        let unreachable = || self.icmp.iter().find(|error| error.message.refuses());
        let refused = self
            .refused
            .or_else(|| unreachable().map(|error| PacketRef { time: error.time, frame: error.frame }));
        refused.filter(|_| self.established.is_none())
    }

    /// How much went over it, and what happened.
    pub const fn traffic(&self) -> Traffic {
        let Self { from_originator: originator, from_responder: responder, history, .. } = self;
        Traffic {
            packets_originator: originator.packets,
            packets_responder: responder.packets,
            ip_bytes_originator: originator.ip_bytes,
            ip_bytes_responder: responder.ip_bytes,
            bytes_originator: originator.bytes,
            bytes_responder: responder.bytes,
            history: *history,
        }
    }

    /// The stream of one side.
    pub const fn stream(&self, side: Side) -> &Stream {
        match side {
            Side::Originator => &self.from_originator,
            Side::Responder => &self.from_responder,
        }
    }

    /// The endpoint of one side.
    pub const fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Originator => self.originator,
            Side::Responder => self.responder,
        }
    }

    /// Which side sent a segment; none where it is another connection's.
    #[inline]
    pub(super) fn sender_of(&self, segment: &Segment<'_>) -> Option<Side> {
        self.sender_between(segment.source, segment.destination)
    }

    /// Which side sends from the one endpoint to the other; none where that is another connection.
    #[inline]
    pub(super) fn sender_between(&self, source: Endpoint, destination: Endpoint) -> Option<Side> {
        if source == self.originator && destination == self.responder {
            Some(Side::Originator)
        } else if source == self.responder && destination == self.originator {
            Some(Side::Responder)
        } else {
            None
        }
    }

    /// The stream of one side, to be counted on.
    pub(super) const fn stream_mut(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::Originator => &mut self.from_originator,
            Side::Responder => &mut self.from_responder,
        }
    }
}
