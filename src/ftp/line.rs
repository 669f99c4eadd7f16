//! Splits bytes into lines.
//!
//! The control connection uses Telnet (RFC 959 section 2.3, RFC 854): lines end with CR LF, and Telnet commands,
//! which begin with IAC (0xFF), may appear anywhere. [`LineSplitter`] removes those and splits the rest at LF.

use memchr::{memchr, memchr2};

use super::{Party, command, reply};
use crate::base::{Limits, PacketRef, choices, is_plain};

choices! {
    /// What ended a line.
    #[derive(Default)]
    pub enum LineEnd {
        /// CR LF, as RFC 959 wants.
        #[default]
        CrLf => "crlf" | "CR LF",
        /// LF alone.
        Lf => "lf" | "LF",
        /// Nothing: the stream ended.
        None => "none",
    }
}

/// How a line is divided into segments, as a middlebox that inspects single packets sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct LineLayout {
    /// What ended it.
    pub end: LineEnd,
    /// Whether it spans more than one segment, its end included.
    pub split: bool,
    /// Whether it began at the first payload byte of a segment.
    pub leads_segment: bool,
}

/// One line of a control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlLine<'a> {
    /// The line without its end, without Telnet commands.
    pub text: &'a [u8],
    /// How it was divided into segments.
    pub layout: LineLayout,
    /// The packet that completes it: the one with the highest frame number.
    pub packet: PacketRef,
    /// Position of its first byte in the stream.
    pub start_offset: u64,
    /// Position after its last byte (its end included) in the stream.
    pub end_offset: u64,
    /// The packet that exceeded [`Limits::line_length`], if the line was cut; the caller counts it.
    pub oversized: Option<PacketRef>,
}

/// Splits one direction of a control connection into lines.
///
/// How the stream is split into pieces makes no difference to the lines' texts, ends and offsets. A line is
/// delivered when its end arrives, even if it is too long; the excess is never a line of its own.
#[derive(Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct LineSplitter {
    party: Party,
    limit: usize,
    telnet: Telnet,
    /// The unfinished line, without the piece that is being read.
    begun: Option<Begun>,
    /// Its text so far, never longer than the limit.
    text: Vec<u8>,
    /// Whether a CR came last: with LF it ends the line, with NUL it is a CR (RFC 2640), else it is itself.
    after_cr: bool,
    /// Whether the bytes up to the next LF may belong to a line that began inside a gap.
    after_gap: bool,
    /// Position after the last byte taken.
    position: u64,
}

/// What is known of the unfinished line.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Begun {
    start: Mark,
    /// The packet with the highest frame number so far.
    packet: PacketRef,
    split: bool,
    oversized: Option<PacketRef>,
}

/// The position of a byte.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Mark {
    offset: u64,
    packet: PacketRef,
    leads_segment: bool,
}

/// Position within a Telnet command.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
enum Telnet {
    /// Outside of any.
    Text,
    /// Behind IAC.
    Command(Mark),
    /// Behind WILL, WONT, DO or DONT.
    Option,
    /// In a subnegotiation, with its length so far.
    Subnegotiation(usize),
    /// In a subnegotiation behind IAC.
    SubnegotiationCommand(usize),
}

const CR: u8 = b'\r';
const LF: u8 = b'\n';
/// Interpret as command, RFC 854.
const IAC: u8 = 0xff;
/// Begin and end of a subnegotiation, RFC 854.
const SB: u8 = 250;
const SE: u8 = 240;
/// The commands with an option behind them, RFC 854.
const WILL: u8 = 251;
const DONT: u8 = 254;

/// The longest subnegotiation: no option ever needed more, and without a bound two stray bytes in a file name
/// would swallow the rest of the dialogue.
const SUBNEGOTIATION_BYTES: usize = 256;

/// Bytes of buffer kept between lines: enough for most.
const KEPT_CAPACITY: usize = 256;

impl LineSplitter {
    /// A splitter for the stream of `party`, from its start. To begin in the middle, call [`Self::gap`] first.
    pub fn new(party: Party, limits: &Limits) -> Self {
        Self {
            party,
            limit: limits.line_length,
            telnet: Telnet::Text,
            begun: None,
            text: Vec::new(),
            after_cr: false,
            after_gap: false,
            position: 0,
        }
    }

    /// Takes the next bytes of the stream, at `offset`; every line that they complete goes to `sink`.
    ///
    /// `packet` carried them; `leads_segment` says whether the first of them is the first payload byte of a
    /// segment.
    pub fn push(
        &mut self,
        bytes: &[u8],
        offset: u64,
        packet: PacketRef,
        leads_segment: bool,
        sink: &mut impl FnMut(ControlLine<'_>),
    ) {
        let mut mark = Mark { offset, packet, leads_segment };
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match self.whole_line(rest, mark, sink) {
                Some(taken) => taken,
                None => self.piece(rest, mark, sink),
            };
            rest = rest.get(taken..).unwrap_or_default();
            mark = Mark { offset: mark.offset.saturating_add(taken as u64), packet, leads_segment: false };
        }
        self.position = mark.offset;
    }

    /// Whether no line is unfinished: then bytes that are exactly [one line](only_line) may bypass the splitter.
    pub const fn is_between_lines(&self) -> bool {
        self.begun.is_none() && !self.after_gap && matches!(self.telnet, Telnet::Text)
    }

    /// Notes that bytes are missing here. The unfinished line is dropped, and so is what follows up to the next
    /// LF, unless it looks like the start of a line: from the server three digits and a space or hyphen, from the
    /// client a known verb. So the tail of a broken line is not taken for a command, and a gap that ends where a
    /// line begins loses none.
    pub fn gap(&mut self) {
        self.forget_line();
        self.telnet = Telnet::Text;
        self.after_gap = true;
    }

    /// Memory of the unfinished line, in bytes.
    pub fn memory(&self) -> usize {
        self.text.capacity()
    }

    /// Drops the text of the unfinished line: the line goes on, and counts as too long.
    pub fn forget_text(&mut self) {
        self.text = Vec::new();
        if let Some(begun) = &mut self.begun {
            begun.oversized.get_or_insert(begun.packet);
        }
    }

    /// Ends the stream: delivers a last line that has no end.
    pub fn finish(&mut self, sink: &mut impl FnMut(ControlLine<'_>)) {
        self.telnet = Telnet::Text;
        if self.text.is_empty() {
            self.forget_line();
        } else {
            self.end_line(LineEnd::None, self.position, sink);
        }
    }

    /// Delivers a line that is whole and plain in `bytes`, without copying it; returns its length.
    fn whole_line(
        &mut self,
        bytes: &[u8],
        mark: Mark,
        sink: &mut impl FnMut(ControlLine<'_>),
    ) -> Option<usize> {
        if self.begun.is_some() || !matches!(self.telnet, Telnet::Text) {
            return None;
        }
        let length = memchr(LF, bytes)?;
        let line = bytes.get(..length)?;
        let (text, end) = match line.strip_suffix(&[CR]) {
            Some(text) => (text, LineEnd::CrLf),
            None => (line, LineEnd::Lf),
        };
        if text.len() > self.limit || memchr2(IAC, CR, text).is_some() {
            return None;
        }
        let taken = length.saturating_add(1);
        self.deliver(
            ControlLine {
                text,
                layout: LineLayout { end, split: false, leads_segment: mark.leads_segment },
                packet: mark.packet,
                start_offset: mark.offset,
                end_offset: mark.offset.saturating_add(taken as u64),
                oversized: None,
            },
            sink,
        );
        Some(taken)
    }

    /// Takes bytes one by one up to and including the next LF of the dialogue; returns how many.
    fn piece(&mut self, bytes: &[u8], mark: Mark, sink: &mut impl FnMut(ControlLine<'_>)) -> usize {
        let mut taken = 0_usize;
        for &byte in bytes {
            let here = Mark {
                offset: mark.offset.saturating_add(taken as u64),
                packet: mark.packet,
                leads_segment: mark.leads_segment && taken == 0,
            };
            taken = taken.saturating_add(1);
            if self.byte(byte, here, sink) {
                break;
            }
        }
        taken
    }

    /// Takes one byte of the stream; whether it ended a line.
    fn byte(&mut self, byte: u8, mark: Mark, sink: &mut impl FnMut(ControlLine<'_>)) -> bool {
        match self.telnet {
            Telnet::Text if byte == IAC => self.telnet = Telnet::Command(mark),
            Telnet::Text => return self.dialogue_byte(byte, mark, sink),
            Telnet::Command(iac) => {
                self.telnet = Telnet::Text;
                match byte {
                    IAC => return self.dialogue_byte(IAC, iac, sink),
                    SB => self.telnet = Telnet::Subnegotiation(0),
                    WILL..=DONT => self.telnet = Telnet::Option,
                    SE.. => {}
                    _ => {
                        // Not a command. At the start of a line, it is a Synch whose data mark was sent out
                        // of band; inside a line, a name from a client that does not double 0xFF.
                        if self.begun.is_some() {
                            self.dialogue_byte(IAC, iac, sink);
                        }
                        return self.dialogue_byte(byte, mark, sink);
                    }
                }
            }
            Telnet::Option => {
                self.telnet = Telnet::Text;
                // Options 10 and 13 are long dead; line ends are frequent.
                if matches!(byte, CR | LF) {
                    return self.dialogue_byte(byte, mark, sink);
                }
            }
            Telnet::Subnegotiation(length) => {
                self.telnet = match byte {
                    IAC => Telnet::SubnegotiationCommand(length),
                    _ => subnegotiation(length),
                }
            }
            Telnet::SubnegotiationCommand(length) => {
                self.telnet = match byte {
                    SE => Telnet::Text,
                    _ => subnegotiation(length),
                }
            }
        }
        false
    }

    /// Takes one byte of the dialogue, Telnet commands removed; returns whether it ended a line.
    fn dialogue_byte(&mut self, byte: u8, mark: Mark, sink: &mut impl FnMut(ControlLine<'_>)) -> bool {
        let begun = self.begun.get_or_insert(Begun {
            start: mark,
            packet: mark.packet,
            split: false,
            oversized: None,
        });
        begun.split |= mark.packet.frame != begun.start.packet.frame;
        if mark.packet.frame > begun.packet.frame {
            begun.packet = mark.packet;
        }
        let after_cr = std::mem::take(&mut self.after_cr);
        if byte == LF {
            let end = if after_cr { LineEnd::CrLf } else { LineEnd::Lf };
            self.end_line(end, mark.offset.saturating_add(1), sink);
            return true;
        }
        if after_cr {
            self.keep(CR, mark.packet);
        }
        match byte {
            CR => self.after_cr = true,
            0 if after_cr => {}
            _ => self.keep(byte, mark.packet),
        }
        false
    }

    /// Adds a byte to the text of the unfinished line, or notes that the limit was reached.
    fn keep(&mut self, byte: u8, packet: PacketRef) {
        if self.text.len() < self.limit {
            self.text.push(byte);
        } else if let Some(begun) = &mut self.begun {
            begun.oversized.get_or_insert(packet);
        }
    }

    /// Delivers the unfinished line.
    fn end_line(&mut self, end: LineEnd, end_offset: u64, sink: &mut impl FnMut(ControlLine<'_>)) {
        let text = std::mem::take(&mut self.text);
        if let Some(begun) = self.begun.take() {
            self.deliver(
                ControlLine {
                    text: &text,
                    layout: LineLayout { end, split: begun.split, leads_segment: begun.start.leads_segment },
                    packet: begun.packet,
                    start_offset: begun.start.offset,
                    end_offset,
                    oversized: begun.oversized,
                },
                sink,
            );
        }
        // The buffer is reused, but one long line must not take memory for the rest of the session.
        if text.capacity() <= KEPT_CAPACITY {
            self.text = text;
        }
        self.forget_line();
    }

    /// Delivers a line, unless it looks like the tail of one that began in a gap.
    fn deliver(&mut self, line: ControlLine<'_>, sink: &mut impl FnMut(ControlLine<'_>)) {
        let starts_well = !std::mem::take(&mut self.after_gap)
            || match self.party {
                Party::Client => command::is_plausible_command(line.text),
                Party::Server => reply::is_plausible_reply(line.text),
            };
        if starts_well {
            sink(line);
        }
    }

    fn forget_line(&mut self) {
        self.begun = None;
        self.after_cr = false;
        self.text.clear();
    }
}

/// The state after another byte of a subnegotiation; one that is too long turns out to be none.
fn subnegotiation(length: usize) -> Telnet {
    if length < SUBNEGOTIATION_BYTES {
        Telnet::Subnegotiation(length.saturating_add(1))
    } else {
        Telnet::Text
    }
}

/// The line in these bytes, if they are exactly one line of printable ASCII, at most `limit` bytes long; and
/// whether it has no quotes or backslashes either.
///
/// A fast path: a splitter [between lines](LineSplitter::is_between_lines) finds the same line.
pub fn only_line(
    bytes: &[u8],
    offset: u64,
    packet: PacketRef,
    leads_segment: bool,
    limit: usize,
) -> Option<(ControlLine<'_>, bool)> {
    let text = bytes.strip_suffix(&[CR, LF]).filter(|text| text.len() <= limit)?;
    let is_plain = is_plain(text);
    if !is_plain && !text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let line = ControlLine {
        text,
        layout: LineLayout { end: LineEnd::CrLf, split: false, leads_segment },
        packet,
        start_offset: offset,
        end_offset: offset.saturating_add(bytes.len() as u64),
        oversized: None,
    };
    Some((line, is_plain))
}

#[cfg(test)]
mod tests;
