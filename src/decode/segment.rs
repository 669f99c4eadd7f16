//! A TCP segment as its receiver would have seen it.

use super::name_query::NameQuery;
use crate::base::{Endpoint, PacketRef};
use crate::report::IcmpError;

/// What a frame turned out to be.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A TCP segment.
    Segment(Segment<'a>),
    /// An ICMP error that quotes a TCP segment.
    SegmentError(SegmentError),
    /// A question for the name of an address in the DNS, or the answer to one.
    NameQuery(NameQuery),
    /// Well-formed, but not TCP over IP (UDP, ARP, other ICMP ...): irrelevant here.
    Other,
    /// It could not be decoded, for this reason; counted in the report.
    Ignored(&'static str),
    /// A fragment that was put aside until its datagram is whole.
    Fragment,
}

/// A TCP segment, borrowed from its frame or from the reassembled datagram.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The packet that it came in; of a fragmented datagram the last to arrive.
    pub packet: PacketRef,
    /// The sender.
    pub source: Endpoint,
    /// The receiver.
    pub destination: Endpoint,
    /// Sequence number of the first payload byte, or of the SYN.
    pub seq: u32,
    /// Acknowledgement number, where the ACK bit is set.
    pub ack: Option<u32>,
    /// SYN, FIN, RST, PSH.
    pub flags: Flags,
    /// Window, unscaled.
    pub window: u16,
    /// TSval of the timestamps option (RFC 7323).
    pub timestamp: Option<u32>,
    /// The payload bytes that the capture kept.
    pub payload: &'a [u8],
    /// Payload bytes cut off by the snap length.
    pub cut: u32,
    /// Length of the packet from its IP header on, including what was cut off.
    pub ip_len: u32,
    /// Hop limit, or time to live, of its packet; of the last fragment where there are several.
    pub hop_limit: u8,
    /// Its TCP header, as far as the capture kept it.
    pub header: &'a [u8],
}

impl<'a> Segment<'a> {
    /// The options of its header.
    pub(crate) fn options(&self) -> &'a [u8] {
        self.header.get(20..).unwrap_or_default()
    }

    /// The ranges of sequence numbers that its sender has selectively acknowledged (RFC 2018).
    pub(crate) fn sack_blocks(&self) -> impl Iterator<Item = (u32, u32)> + 'a {
        const SACK: u8 = 5;
        let blocks = super::tcp_header::option(self.options(), SACK).unwrap_or_default();
        blocks.as_chunks::<8>().0.iter().map(|&[a, b, c, d, e, f, g, h]| {
            (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
        })
    }
}

/// An ICMP error about a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentError {
    /// The error, and who sent the segment.
    pub error: IcmpError,
    /// The segment's receiver.
    pub destination: Endpoint,
    /// The segment's sequence number, if the quote includes it.
    pub seq: Option<u32>,
}

/// The control bits that matter to an observer; for ACK see [`Segment::ack`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Opens the connection.
    pub syn: bool,
    /// Closes this direction.
    pub fin: bool,
    /// Resets the connection.
    pub rst: bool,
}
