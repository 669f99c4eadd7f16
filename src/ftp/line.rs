//! Lines out of bytes.

use super::Party;
use crate::base::{Limits, PacketRef};

/// What ended a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// CR LF, as RFC 959 wants.
    #[default]
    CrLf,
    /// LF alone.
    Lf,
    /// Nothing: the stream ended, a gap followed, or the line was cut.
    None,
}

/// How a line lay in its segments: what a middlebox that looks at single packets would see of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineLayout {
    /// What ended it.
    pub end: LineEnd,
    /// Whether it lay in more than one segment.
    pub split: bool,
    /// Whether it began at the first payload byte of a segment.
    pub leads_segment: bool,
}

/// One line of a control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlLine<'a> {
    /// The line without its end, without telnet commands.
    pub text: &'a [u8],
    /// How it lay in its segments.
    pub layout: LineLayout,
    /// The packet that completes it: of its pieces the one with the highest frame number.
    pub packet: PacketRef,
    /// Position of its first byte in the stream.
    pub start_offset: u64,
    /// Position after its last byte (its end included) in the stream.
    pub end_offset: u64,
    /// Whether it was longer than [`Limits::line_length`] and has been cut there; the caller counts it.
    pub oversized: bool,
}

/// Splits one direction of a control connection into lines.
#[derive(Debug)]
pub struct LineSplitter {
    party: Party,
    limit: usize,
}

impl LineSplitter {
    /// A splitter for what `party` says, at the start of its stream (or in the middle: call [`Self::gap`] first).
    pub fn new(party: Party, limits: &Limits) -> Self {
        Self { party, limit: limits.line_length }
    }

    /// Takes the next bytes of the stream, which begin at `offset`; every line that they complete goes to `sink`.
    ///
    /// `packet` carried them; `leads_segment` says whether the first of them is the first payload byte of a segment.
    pub fn push(
        &mut self,
        bytes: &[u8],
        offset: u64,
        packet: PacketRef,
        leads_segment: bool,
        sink: &mut impl FnMut(ControlLine<'_>),
    ) {
        let _ = (bytes, offset, packet, leads_segment, sink, self.party, self.limit);
    }

    /// Notes that bytes are missing here: the line begun is thrown away, and so is what follows up to the next line
    /// end, unless it can be told to be the start of a line.
    pub fn gap(&mut self) {}

    /// Ends the stream: hands over a last line that has no end.
    pub fn finish(&mut self, sink: &mut impl FnMut(ControlLine<'_>)) {
        let _ = sink;
    }
}
