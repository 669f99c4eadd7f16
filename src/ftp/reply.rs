//! Replies out of lines.

use super::{ControlLine, LineLayout, Plausible};
use crate::base::{Limits, PacketRef, Text};

/// One whole reply of one line or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssembledReply {
    /// The three digits.
    pub code: u16,
    /// All lines joined by a line feed: without the code and its separator on the first and last line and on inner
    /// lines that repeat `ddd-`, other inner lines as they are.
    pub text: Text,
    /// The packet that completes its last line.
    pub packet: PacketRef,
    /// Position of its first byte in the server's stream.
    pub start_offset: u64,
    /// Position after its last byte in the server's stream.
    pub end_offset: u64,
    /// How its first line lay in its segments.
    pub first_line: LineLayout,
    /// How its last line lay in its segments.
    pub last_line: LineLayout,
    /// How many lines it has.
    pub lines: usize,
    /// Whether lines or bytes beyond [`Limits::reply_lines`] or [`Limits::reply_bytes`] are not in the text; the
    /// caller counts it.
    pub truncated: bool,
}

/// A line of the server that is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GarbageLine {
    /// The line.
    pub text: Text,
    /// The packet that completes it.
    pub packet: PacketRef,
    /// Position of its first byte in the server's stream.
    pub start_offset: u64,
    /// Position after its last byte in the server's stream.
    pub end_offset: u64,
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assembled {
    /// A reply.
    Reply(AssembledReply),
    /// A line between replies that is none.
    Garbage(GarbageLine),
}

/// Assembles the lines of a server into replies.
#[derive(Debug)]
pub struct ReplyAssembler {
    max_lines: usize,
    max_bytes: usize,
}

impl ReplyAssembler {
    /// An assembler that waits for the first line of a reply.
    pub fn new(limits: &Limits) -> Self {
        Self { max_lines: limits.reply_lines, max_bytes: limits.reply_bytes }
    }

    /// Takes the server's next line; what it completes goes to `sink`: nothing or one thing, and more only where a
    /// doubtful multi-line reply resolves (see [`Self::interrupted`]).
    pub fn push(&mut self, line: &ControlLine<'_>, sink: &mut impl FnMut(Assembled)) {
        let _ = (line, sink, self.max_lines, self.max_bytes);
    }

    /// Whether a multi-line reply has begun and not ended.
    pub fn is_waiting(&self) -> bool {
        false
    }

    /// Notes that the client gave a new command although the reply has not ended, having acknowledged what it has of
    /// it; or that bytes are missing from the server's stream. The reply is doubtful from now on.
    pub fn interrupted(&mut self) {}

    /// Ends the stream: hands over what was begun.
    pub fn finish(&mut self, sink: &mut impl FnMut(Assembled)) {
        let _ = sink;
    }
}

/// Whether a server's first payload may be FTP.
pub fn reply_plausibility(prefix: &[u8]) -> Plausible {
    let _ = prefix;
    Plausible::NeedMore
}
