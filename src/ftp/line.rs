//! Splits bytes into lines.
//!
//! The control connection speaks Telnet (RFC 959 section 2.3, RFC 854): lines end with CR LF, and between the
//! bytes of the dialogue commands may lie that begin with IAC (0xFF). [`LineSplitter`] takes those out and
//! cuts the rest at LF.

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

/// How a line was divided into segments: what a middlebox that inspects single packets would see of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// The packet that completes it: of its pieces the one with the highest frame number.
    pub packet: PacketRef,
    /// Position of its first byte in the stream.
    pub start_offset: u64,
    /// Position after its last byte (its end included) in the stream.
    pub end_offset: u64,
    /// The packet that went over [`Limits::line_length`], where the line was longer and has been cut; the
    /// caller counts it.
    pub oversized: Option<PacketRef>,
}

/// Splits one direction of a control connection into lines.
///
/// Where the stream is cut into pieces makes no difference to the lines' texts, ends and offsets. A line is
/// handed over when its end arrives, an over-long one too; what lies beyond the limit is never a line of its
/// own.
#[derive(Debug)]
pub struct LineSplitter {
    party: Party,
    limit: usize,
    telnet: Telnet,
    /// The line begun, without the bytes of the piece that is being read.
    begun: Option<Begun>,
    /// Its text so far, never longer than the limit.
    text: Vec<u8>,
    /// Whether a CR came last: with LF it ends the line, with NUL it is a CR (RFC 2640), else it is itself.
    after_cr: bool,
    /// Whether what comes is, up to the next LF, perhaps the rest of a line that began inside a gap.
    after_gap: bool,
    /// Position after the last byte taken.
    position: u64,
}

/// What is known of the line begun.
#[derive(Clone, Copy, Debug)]
struct Begun {
    start: Mark,
    /// Of the pieces so far the one with the highest frame number.
    packet: PacketRef,
    split: bool,
    oversized: Option<PacketRef>,
}

/// One byte's place.
#[derive(Clone, Copy, Debug)]
struct Mark {
    offset: u64,
    packet: PacketRef,
    leads_segment: bool,
}

/// Position within a Telnet command.
#[derive(Clone, Copy, Debug)]
enum Telnet {
    /// Outside of any.
    Text,
    /// Behind IAC.
    Command(Mark),
    /// Behind WILL, WONT, DO or DONT.
    Option,
    /// In a subnegotiation, so many bytes long.
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

/// A longer subnegotiation is not taken for one: no option ever defined needs more, and without a bound two
/// stray bytes in a file name would swallow the rest of the dialogue.
const SUBNEGOTIATION_BYTES: usize = 256;

/// Bytes of buffer that a splitter keeps between lines: most lines fit.
const KEPT_CAPACITY: usize = 256;

impl LineSplitter {
    /// A splitter for what `party` says, at the start of its stream. In the middle of one, call [`Self::gap`]
    /// first.
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

    /// Takes the next bytes of the stream, which begin at `offset`; every line that they complete goes to
    /// `sink`.
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

    /// Whether nothing was begun that what comes belongs to: then bytes that are [one line](only_line) can be
    /// passed by.
    pub const fn is_between_lines(&self) -> bool {
        self.begun.is_none() && !self.after_gap && matches!(self.telnet, Telnet::Text)
    }

    /// Notes that bytes are missing here. The line begun is thrown away; so is what follows up to the next
    /// LF, unless it reads like the start of a line: of the server three digits and a space or hyphen, of the
    /// client a known verb. So the tail of a broken line makes no command, and a gap that ends where a line
    /// begins costs none.
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

    /// Ends the stream: hands over a last line that has no end.
    pub fn finish(&mut self, sink: &mut impl FnMut(ControlLine<'_>)) {
        self.telnet = Telnet::Text;
        if self.text.is_empty() {
            self.forget_line();
        } else {
            self.end_line(LineEnd::None, self.position, sink);
        }
    }

    /// Hands over a line that lies whole and plain in `bytes`, without copying it; how many bytes it took.
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

    /// Takes bytes one by one up to and with the next LF of the dialogue; how many that were.
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
                        // No command. At the start of a line that is a Synch whose data mark was sent out of
                        // band and left out here; inside a line it is a name from somebody who does not
                        // double 0xFF.
                        if self.begun.is_some() {
                            self.dialogue_byte(IAC, iac, sink);
                        }
                        return self.dialogue_byte(byte, mark, sink);
                    }
                }
            }
            Telnet::Option => {
                self.telnet = Telnet::Text;
                // The options 10 and 13 died long ago; lines end all the time.
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

    /// Takes one byte of the dialogue, Telnet commands being out of it; whether it ended a line.
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
            self.hold(CR, mark.packet);
        }
        match byte {
            CR => self.after_cr = true,
            0 if after_cr => {}
            _ => self.hold(byte, mark.packet),
        }
        false
    }

    /// Adds a byte to the text of the line begun, or notes that there is no room for it.
    fn hold(&mut self, byte: u8, packet: PacketRef) {
        if self.text.len() < self.limit {
            self.text.push(byte);
        } else if let Some(begun) = &mut self.begun {
            begun.oversized.get_or_insert(packet);
        }
    }

    /// Hands over the line begun.
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
        // The buffer serves the next line too, but one long line must not take memory for the whole session.
        if text.capacity() <= KEPT_CAPACITY {
            self.text = text;
        }
        self.forget_line();
    }

    /// Hands over a line, unless it looks like the tail of one that began in a gap.
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

/// One byte further in a subnegotiation, or out of what turns out to be none.
fn subnegotiation(length: usize) -> Telnet {
    if length < SUBNEGOTIATION_BYTES {
        Telnet::Subnegotiation(length.saturating_add(1))
    } else {
        Telnet::Text
    }
}

/// The line that these bytes are, where they are one whole line of no more than `limit` bytes and nothing
/// else, of printable ASCII; and whether it is free of quotes and backslashes too.
///
/// The bytes are those that a splitter [between lines](LineSplitter::is_between_lines) would be given, which
/// finds the same line, and where this finds none perhaps several.
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
