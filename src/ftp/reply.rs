//! Parses lines into replies.

use super::{ControlLine, LineLayout};
use crate::base::{Limits, PacketRef, Text};

/// A complete reply of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssembledReply {
    /// The three digits.
    pub code: u16,
    /// All lines joined by a line feed: without the code and its separator on the first and last line and on
    /// inner lines that repeat `ddd-`, other inner lines as they are.
    pub text: Text,
    /// The packet that completes its last line.
    pub packet: PacketRef,
    /// Position of its first byte in the server's stream.
    pub start_offset: u64,
    /// Position after its last byte in the server's stream.
    pub end_offset: u64,
    /// How its first line is divided into segments.
    pub first_line: LineLayout,
    /// How its last line is divided into segments.
    pub last_line: LineLayout,
    /// How many lines it has.
    pub lines: usize,
    /// Whether the text was cut at [`Limits::reply_lines`] or [`Limits::reply_bytes`]; the caller counts it.
    pub truncated: bool,
}

/// A line of the server that is not a reply.
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
    /// A line between replies that is not one.
    Garbage(GarbageLine),
}

/// Assembles the lines of a server into replies.
///
/// ```text
/// reply = code SP text | code | code letter text      one line; the last form is broken, but servers send it
///       | code "-" text , { line } , ( code SP text | code )
/// ```
///
/// The second form ends at the first line with the *same* code followed by a space or nothing (RFC 959 section
/// 4.2); lines in between are text, whatever digits they begin with. Some servers forget the last line, or give it
/// another code (`230-Warning` closed by `226 Transfer complete`). An open reply does not show that, so other
/// evidence is needed:
///
/// - If the client sends another command after it has seen the reply so far, it took the reply as complete
///   ([`Self::interrupted`]). The next line with another code then ends the reply, and its lines are parsed again,
///   each code on its own. If the proper last line comes first, nothing was wrong.
/// - If bytes are missing, the last line may be among them ([`Self::gap`]). The next line with another code then
///   ends the reply, which stays one reply.
/// - If the stream ends and the last line has another code and a space, the lines are parsed again as well.
#[derive(Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct ReplyAssembler {
    max_lines: usize,
    max_bytes: usize,
    open: Option<OpenReply>,
}

/// Capacity reserved at once for a multi-line reply.
const USUAL_BYTES: usize = 256;
const USUAL_LINES: usize = 10;

/// A multi-line reply that has not ended.
#[derive(Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct OpenReply {
    code: u16,
    doubt: Doubt,
    /// The lines' bytes, one after the other.
    bytes: Vec<u8>,
    lines: Vec<HeldLine>,
    /// The last line pushed, kept or not.
    last: Place,
    /// How many lines came, kept or not.
    count: usize,
    truncated: bool,
}

/// Why an open reply may already be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
enum Doubt {
    None,
    Interrupted,
    Gap,
}

/// A line of an open reply.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct HeldLine {
    /// Where its bytes end; they begin where those of the previous line end.
    end: usize,
    place: Place,
}

/// Where a line is.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Place {
    layout: LineLayout,
    packet: PacketRef,
    start_offset: u64,
    end_offset: u64,
}

/// How a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening<'a> {
    /// `ddd text` or `ddd`.
    Final(u16, &'a [u8]),
    /// `ddd-text`.
    Hyphen(u16, &'a [u8]),
    /// `dddtext`: a reply on its own, but no end of a multi-line one.
    Glued(u16, &'a [u8]),
    /// Anything else.
    Text,
}

impl ReplyAssembler {
    /// An assembler that waits for the first line of a reply.
    pub fn new(limits: &Limits) -> Self {
        Self { max_lines: limits.reply_lines, max_bytes: limits.reply_bytes, open: None }
    }

    /// Takes the server's next line; what it completes goes to `sink`. That is more than one item only if a
    /// doubtful multi-line reply turns out to be several.
    pub fn push(&mut self, line: &ControlLine<'_>, sink: &mut impl FnMut(Assembled)) {
        let place = Place::of(line);
        let opening = Opening::of(line.text);
        if let Some(open) = &mut self.open {
            let is_another = matches!(opening, Opening::Final(..) | Opening::Hyphen(..))
                && opening.code() != Some(open.code);
            if open.doubt == Doubt::None || !is_another {
                open.add(line.text, place, self.max_lines, self.max_bytes);
                if matches!(opening, Opening::Final(code, _) if code == open.code)
                    && let Some(whole) = self.open.take()
                {
                    sink(Assembled::Reply(whole.into_reply()));
                }
                return;
            }
            if let Some(doubtful) = self.open.take() {
                doubtful.resolve(sink);
            }
        }
        if let Opening::Hyphen(code, _) = opening {
            let mut open = OpenReply::new(code, place);
            open.add(line.text, place, self.max_lines, self.max_bytes);
            self.open = Some(open);
        } else {
            sink(single(opening, line.text, place));
        }
    }

    /// Whether a multi-line reply has begun and not ended.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Notes that the client sent a new command although the reply is still open, after it had acknowledged (at
    /// TCP level) all of the reply so far. No effect without an open reply.
    pub fn interrupted(&mut self) {
        if let Some(open @ OpenReply { doubt: Doubt::None, .. }) = &mut self.open {
            open.doubt = Doubt::Interrupted;
        }
    }

    /// Memory of the unfinished reply, in bytes.
    pub fn memory(&self) -> usize {
        self.open.as_ref().map_or(0, |open| {
            let lines = open.lines.capacity().saturating_mul(size_of::<HeldLine>());
            open.bytes.capacity().saturating_add(lines)
        })
    }

    /// Drops the text of the unfinished reply: the reply goes on, and counts as cut.
    pub fn forget_text(&mut self) {
        if let Some(open) = &mut self.open {
            open.bytes = Vec::new();
            open.lines = Vec::new();
            open.truncated = true;
        }
    }

    /// Notes that bytes of the server's stream are missing here. No effect without an open reply.
    pub fn gap(&mut self) {
        if let Some(open) = &mut self.open {
            open.doubt = Doubt::Gap;
        }
    }

    /// Ends the stream: delivers an unfinished reply as it is.
    pub fn finish(&mut self, sink: &mut impl FnMut(Assembled)) {
        let Some(mut open) = self.open.take() else { return };
        let last = open.lines().last().map(|(text, _)| Opening::of(text));
        if open.doubt == Doubt::None && !open.truncated && matches!(last, Some(Opening::Final(..))) {
            open.doubt = Doubt::Interrupted;
        }
        open.resolve(sink);
    }
}

impl OpenReply {
    fn new(code: u16, place: Place) -> Self {
        Self {
            code,
            doubt: Doubt::None,
            bytes: Vec::with_capacity(USUAL_BYTES),
            lines: Vec::with_capacity(USUAL_LINES),
            last: place,
            count: 0,
            truncated: false,
        }
    }

    /// Adds a line; its text is kept while there is room.
    fn add(&mut self, text: &[u8], place: Place, max_lines: usize, max_bytes: usize) {
        self.last = place;
        self.count = self.count.saturating_add(1);
        let room = max_bytes.saturating_sub(self.bytes.len());
        if self.lines.len() < max_lines && text.len() <= room && !self.truncated {
            self.bytes.extend_from_slice(text);
            self.lines.push(HeldLine { end: self.bytes.len(), place });
        } else {
            self.truncated = true;
        }
    }

    /// The lines that were kept.
    fn lines(&self) -> impl Iterator<Item = (&[u8], Place)> {
        let mut start = 0;
        self.lines.iter().map(move |line| {
            let text = self.bytes.get(start..line.end).unwrap_or_default();
            start = line.end;
            (text, line.place)
        })
    }

    /// The one reply that the lines make.
    fn into_reply(self) -> AssembledReply {
        let mut text = Vec::with_capacity(self.bytes.len().saturating_add(self.lines.len()));
        for (index, (line, _)) in self.lines().enumerate() {
            if index > 0 {
                text.push(b'\n');
            }
            text.extend_from_slice(match Opening::of(line) {
                Opening::Final(code, rest) if code == self.code && index.saturating_add(1) == self.count => {
                    rest
                }
                Opening::Hyphen(code, rest) if code == self.code => rest,
                Opening::Final(..) | Opening::Hyphen(..) | Opening::Glued(..) | Opening::Text => line,
            });
        }
        let first = self.lines.first().map_or(self.last, |line| line.place);
        AssembledReply {
            code: self.code,
            text: Text::from_wire(&text),
            packet: self.last.packet,
            start_offset: first.start_offset,
            end_offset: self.last.end_offset,
            first_line: first.layout,
            last_line: self.last.layout,
            lines: self.count,
            truncated: self.truncated,
        }
    }

    /// Delivers a reply whose last line never came.
    fn resolve(self, sink: &mut impl FnMut(Assembled)) {
        if self.doubt != Doubt::Interrupted || self.truncated {
            sink(Assembled::Reply(self.into_reply()));
            return;
        }
        let mut group: Option<Self> = None;
        for (text, place) in self.lines() {
            let opening = Opening::of(text);
            match (opening, &mut group) {
                (Opening::Final(code, _), Some(open)) if code == open.code => open.add_all(text, place),
                (Opening::Hyphen(code, _), Some(open)) if code == open.code => {
                    open.add_all(text, place);
                    continue;
                }
                (Opening::Text | Opening::Glued(..), Some(open)) => {
                    open.add_all(text, place);
                    continue;
                }
                _ => {}
            }
            let ended = matches!(opening, Opening::Final(..))
                && group.as_ref().map(|open| open.code) == opening.code();
            if let Some(open) = group.take() {
                sink(Assembled::Reply(open.into_reply()));
            }
            if ended {
                continue;
            }
            if let Opening::Hyphen(code, _) = opening {
                let mut open = Self::new(code, place);
                open.add_all(text, place);
                group = Some(open);
            } else {
                sink(single(opening, text, place));
            }
        }
        if let Some(open) = group {
            sink(Assembled::Reply(open.into_reply()));
        }
    }

    /// Adds a line that lies within the limits.
    fn add_all(&mut self, text: &[u8], place: Place) {
        self.add(text, place, usize::MAX, usize::MAX);
    }
}

impl Place {
    fn of(line: &ControlLine<'_>) -> Self {
        Self {
            layout: line.layout,
            packet: line.packet,
            start_offset: line.start_offset,
            end_offset: line.end_offset,
        }
    }
}

impl<'a> Opening<'a> {
    /// How `line` begins.
    pub(super) fn of(line: &'a [u8]) -> Self {
        let [first @ b'1'..=b'6', second @ b'0'..=b'9', third @ b'0'..=b'9', rest @ ..] = line else {
            return Self::Text;
        };
        let code = [first, second, third].iter().fold(0_u16, |code, digit| {
            code.wrapping_mul(10).wrapping_add(u16::from(digit.wrapping_sub(b'0')))
        });
        match rest {
            [] => Self::Final(code, rest),
            [b' ' | b'\t', text @ ..] => Self::Final(code, text),
            [b'-', text @ ..] => Self::Hyphen(code, text),
            [b'a'..=b'z' | b'A'..=b'Z', ..] => Self::Glued(code, rest),
            _ => Self::Text,
        }
    }

    fn code(self) -> Option<u16> {
        match self {
            Self::Final(code, _) | Self::Hyphen(code, _) | Self::Glued(code, _) => Some(code),
            Self::Text => None,
        }
    }
}

/// What a line outside of a multi-line reply is.
fn single(opening: Opening<'_>, line: &[u8], place: Place) -> Assembled {
    let Place { layout, packet, start_offset, end_offset } = place;
    match opening {
        Opening::Final(code, text) | Opening::Hyphen(code, text) | Opening::Glued(code, text) => {
            Assembled::Reply(AssembledReply {
                code,
                text: Text::from_wire(text),
                packet,
                start_offset,
                end_offset,
                first_line: layout,
                last_line: layout,
                lines: 1,
                truncated: false,
            })
        }
        Opening::Text => {
            Assembled::Garbage(GarbageLine { text: Text::from_wire(line), packet, start_offset, end_offset })
        }
    }
}

/// Code and text of a line that is a whole reply, where no other is open: `ddd text`, or `ddd` alone.
pub fn single_line_reply(line: &[u8]) -> Option<(u16, &[u8])> {
    match Opening::of(line) {
        Opening::Final(code, text) => Some((code, text)),
        Opening::Hyphen(..) | Opening::Glued(..) | Opening::Text => None,
    }
}

/// Whether a line reads like the first one of a reply.
pub(super) fn is_plausible_reply(line: &[u8]) -> bool {
    matches!(Opening::of(line), Opening::Final(..) | Opening::Hyphen(..))
}

#[cfg(test)]
mod tests;
