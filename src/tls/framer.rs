//! Cuts one direction's bytes into records, notices where records end for good, and finds them again after a
//! loss.

use super::record::{ContentType, HEADER, Header, Sniff, looks_like_tls};

/// Most bytes that are looked at for a line of clear text after a loss: RFC 959 commands and replies are
/// shorter.
const LINE: usize = 512;

/// What the stream consists of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A whole record; its body may be decrypted in place.
    Record(Header, &'a mut [u8]),
    /// A record of which some bytes are missing.
    Damaged(Header),
    /// Bytes outside TLS.
    Clear(&'a [u8]),
}

/// The position of the next byte in the record layer.
#[derive(Clone, Copy, Debug, Default)]
enum Position {
    /// The buffer begins with a record, or with what shows that there are no more.
    #[default]
    Boundary,
    /// Inside a damaged record, `left` bytes before its end.
    Damaged { header: Header, left: usize },
    /// Unknown: looking for a record, or for a line of text.
    Lost,
    /// After the last record.
    Clear,
}

/// One direction's unfinished record. Buffers one record at most, unless the caller lets whole ones wait.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: Vec<u8>,
    /// Where in the buffer the bytes begin that have not been handed out.
    start: usize,
    position: Position,
    /// The version that the last record named: after the first reply they all name the same.
    version: Option<u16>,
    /// Whether the stream has ended, so that waiting for more is in vain.
    ended: bool,
    /// Whether what is at `start` came first in its chunk.
    leads_chunk: bool,
}

impl Framer {
    /// Appends bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.buffered() == 0 {
            self.buffer.clear();
            self.leads_chunk = true;
        } else if self.start > 0 {
            self.buffer.drain(..self.start);
        }
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The size of the buffer.
    pub(super) const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Bytes that have not been handed out.
    pub(super) const fn buffered(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    /// Frees memory while nothing is buffered: most connections are silent most of the time.
    pub(super) fn release(&mut self) {
        if self.buffered() == 0 {
            self.buffer = Vec::new();
            self.start = 0;
        }
    }

    /// No more bytes will come.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// Whether no more bytes will come.
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// Passes over `len` missing bytes (0: an unknown number). The buffered part of a record is dropped.
    /// Returns whether that leaves the record layer: then whole records may be missing.
    pub(super) fn skip(&mut self, len: u64) -> bool {
        let inside = match self.position {
            Position::Boundary => Header::read(self.rest())
                .map(|header| (header, (HEADER + header.length).saturating_sub(self.buffered()))),
            Position::Damaged { header, left } => Some((header, left)),
            Position::Clear => return false,
            Position::Lost => None,
        };
        let missing = usize::try_from(len).unwrap_or(usize::MAX);
        self.position = match inside {
            Some((header, left)) if missing > 0 && missing <= left => {
                Position::Damaged { header, left: left.saturating_sub(missing) }
            }
            _ => Position::Lost,
        };
        self.start = self.buffer.len();
        matches!(self.position, Position::Lost)
    }

    /// The content type of the whole record that [`Framer::next`] would hand out now.
    pub(super) fn next_kind(&self) -> Option<ContentType> {
        if !matches!(self.position, Position::Boundary) {
            return None;
        }
        let header = Header::read(self.rest())?;
        (self.buffered() >= HEADER + header.length).then_some(header.kind)
    }

    /// The next piece, as soon as it can be determined.
    pub(super) fn next(&mut self) -> Option<Piece<'_>> {
        if let Position::Lost = self.position {
            self.position = self.search()?;
        }
        match self.position {
            Position::Boundary => match looks_like_tls(self.rest()) {
                Sniff::NeedMore => None,
                Sniff::No => {
                    self.position = Position::Clear;
                    self.take(self.buffered()).map(|bytes| Piece::Clear(bytes))
                }
                Sniff::Yes => {
                    let header = Header::read(self.rest())?;
                    let body = self.take(HEADER + header.length)?.get_mut(HEADER..)?;
                    Some(Piece::Record(header, body))
                }
            },
            Position::Damaged { header, left } => {
                let passed = left.min(self.buffered());
                self.start = self.start.saturating_add(passed);
                let left = left.saturating_sub(passed);
                if left > 0 {
                    self.position = Position::Damaged { header, left };
                    return None;
                }
                self.position = Position::Boundary;
                Some(Piece::Damaged(header))
            }
            Position::Clear if self.buffered() > 0 => {
                self.take(self.buffered()).map(|bytes| Piece::Clear(bytes))
            }
            Position::Clear | Position::Lost => None,
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn take(&mut self, len: usize) -> Option<&mut [u8]> {
        let end = self.start.checked_add(len)?;
        let taken = self.buffer.get_mut(self.start..end)?;
        self.start = end;
        if let Some(header) = Header::read(taken) {
            self.version = Some(header.version);
        }
        Some(taken)
    }

    /// Looks for the place where the stream can be read again; bytes before it are dropped.
    ///
    /// Cipher text looks like a record header once in some million bytes. So a header counts only if another
    /// one follows its record, or if its record ends where the bytes end.
    fn search(&mut self) -> Option<Position> {
        loop {
            if self.leads_chunk {
                match begins_with_line(self.rest()) {
                    Some(true) => return Some(Position::Clear),
                    None if !self.ended => return None,
                    None | Some(false) => self.leads_chunk = false,
                }
            }
            match looks_like_tls(self.rest()) {
                Sniff::No => {}
                Sniff::NeedMore => return None,
                Sniff::Yes => {
                    let header = Header::read(self.rest())?;
                    let expected = self.version.is_none_or(|version| version == header.version);
                    let end = HEADER + header.length;
                    let next = match self.rest().get(end..) {
                        _ if !expected => Sniff::No,
                        None => Sniff::NeedMore,
                        Some([]) => Sniff::Yes,
                        Some(next) => looks_like_tls(next),
                    };
                    match next {
                        Sniff::Yes => return Some(Position::Boundary),
                        Sniff::NeedMore if !self.ended => return None,
                        Sniff::NeedMore | Sniff::No => {}
                    }
                }
            }
            self.start = self.start.saturating_add(1);
        }
    }
}

/// Whether bytes begin with a line of plain text; none while that is undecided.
fn begins_with_line(bytes: &[u8]) -> Option<bool> {
    let text = bytes.iter().take_while(|byte| matches!(byte, b'\t' | b' '..=b'~')).count();
    match bytes.get(text..)? {
        [] | [b'\r'] if text < LINE => None,
        [b'\r', b'\n', ..] => Some((3..LINE).contains(&text)),
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = b"\x17\x03\x03\0\x03abc";

    fn pieces(framer: &mut Framer) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(piece) = framer.next() {
            seen.push(match piece {
                Piece::Record(header, body) => format!("{:?} {}", header.kind, body.escape_ascii()),
                Piece::Damaged(header) => format!("damaged {}", header.length),
                Piece::Clear(bytes) => format!("clear {}", bytes.escape_ascii()),
            });
        }
        seen
    }

    /// What comes out after a loss of unknown length, of bytes that come at once.
    fn after_loss(bytes: &[u8]) -> Vec<String> {
        let mut framer = Framer::default();
        framer.feed(RECORD);
        assert_eq!(pieces(&mut framer), ["ApplicationData abc"]);
        framer.skip(0);
        framer.feed(bytes);
        pieces(&mut framer)
    }

    #[test]
    fn a_loss_inside_a_record_costs_that_record_only() {
        for lost in 1..=3 {
            let mut framer = Framer::default();
            framer.feed(&RECORD[..5]);
            assert!(!framer.skip(lost as u64));
            framer.feed(&RECORD[5 + lost..]);
            framer.feed(RECORD);
            assert_eq!(pieces(&mut framer), ["damaged 3", "ApplicationData abc"], "{lost}");
        }
    }

    #[test]
    fn after_a_loss_a_header_counts_if_a_record_or_nothing_follows() {
        let read = "ApplicationData abc";
        assert_eq!(after_loss(RECORD), [read]);
        assert_eq!(after_loss(&[b"\x80\x17\x03", RECORD].concat()), [read]);
        assert_eq!(after_loss(&[b"\x80", RECORD, RECORD].concat()), [read, read]);
        assert!(after_loss(&[b"\x80", RECORD, b"\x80"].concat()).is_empty());
        // Of another version than all records before it.
        assert!(after_loss(b"\x80\x17\x03\x01\0\x03abc").is_empty());
    }

    #[test]
    fn after_a_loss_a_whole_line_of_text_counts() {
        assert_eq!(after_loss(b"PWD\r\n\x80"), ["clear PWD\\r\\n\\x80"]);
        assert!(after_loss(b"PWD").is_empty());
        assert!(after_loss(b"PW\r\n").is_empty());
        assert!(after_loss(b"PW\x80D\r\n").is_empty());
        assert!(after_loss(b"PWD\n").is_empty());
    }

    #[test]
    fn nothing_is_kept_of_bytes_that_lead_nowhere() {
        let mut framer = Framer::default();
        framer.skip(0);
        for _ in 0..100 {
            framer.feed(&[0x80; 10_000]);
            assert!(framer.next().is_none());
            assert_eq!(framer.buffered(), 0);
        }
    }
}
