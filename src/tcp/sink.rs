//! What the table reports about connections.

use super::{Connection, ConnectionId, Side};
use crate::base::PacketRef;

/// Whether a connection is worth following.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Deliver every byte in order, and report how it ends.
    Follow,
    /// Ask again at the first payload, whichever side it comes from.
    Undecided,
    /// Irrelevant: forget its state, ignore its packets.
    Ignore,
}

/// How a connection left the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both sides had closed, or one had reset, and nothing more came for a while.
    Closed,
    /// A new connection on the same 4-tuple took its place.
    Replaced,
    /// It was silent for too long.
    Idle,
    /// A limit was reached.
    Evicted,
    /// The capture ended.
    EndOfCapture,
}

/// Payload bytes that follow on all that was delivered before (or on a gap).
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Who sent them.
    pub side: Side,
    /// Position of the first one in the side's stream; 0 is the byte after the SYN, or the first one
    /// captured.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The packet that carried them (not the one that filled a hole before them).
    pub packet: PacketRef,
    /// How far the sender had acknowledged the other side's stream when it sent them, as an offset there.
    pub acked: Option<u64>,
    /// Whether the first byte is the first payload byte of its segment.
    pub leads_segment: bool,
}

/// Why bytes are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// No packet with them was captured.
    Gap,
    /// Their packet was captured, but for its end.
    Cut,
}

/// Bytes of a stream that are not in the capture.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// Whose stream.
    pub side: Side,
    /// Position of the first missing byte.
    pub offset: u64,
    /// How many are missing.
    pub len: u64,
    /// The packet after the gap (or the one that shows that there is one).
    pub packet: PacketRef,
    /// Whether the receiver had them, or may have had: else they were lost on the network, and the capture is
    /// whole.
    pub is_received: bool,
    /// Why they are not there.
    pub absence: Absence,
}

/// Whoever uses the table.
pub trait Sink {
    /// A connection's first packet was seen (a SYN, or any packet with payload of a flow that nobody knows).
    fn opened(&mut self, id: ConnectionId, connection: &Connection) -> Interest;

    /// The first payload of a connection that was [`Interest::Undecided`]; answered by `Follow`, the same
    /// bytes come again through [`Sink::data`].
    fn probed(&mut self, id: ConnectionId, connection: &Connection, side: Side, bytes: &[u8]) -> Interest;

    /// More bytes, in order.
    fn data(&mut self, id: ConnectionId, connection: &Connection, chunk: Chunk<'_>);

    /// Bytes that are given up; the next chunk of this side follows on them.
    fn gap(&mut self, id: ConnectionId, connection: &Connection, gap: Gap);

    /// Whether it is, or may be, a dialogue. Each of its segments is looked at for whether its receiver took
    /// it, and what the receiver has acknowledged is not waited for any longer: a dialogue is understood as
    /// it goes on, while the order of a content's bytes matters more than when they are told, and captures
    /// bring packets late.
    fn is_dialogue(&self, _id: ConnectionId) -> bool {
        false
    }

    /// The handshake completed, a SYN was refused or challenged, a packet could not be delivered, or a side
    /// sent its first FIN or RST: the connection's public facts have changed. Not called for every packet.
    fn changed(&mut self, id: ConnectionId, connection: &Connection);

    /// The connection left the table: its last call. Not called for connections that were ignored.
    fn ended(&mut self, id: ConnectionId, connection: &Connection, ending: Ending);
}
