//! What is known of a data stream's content as it streams by: nothing of it is kept but the first bytes.

use memchr::memchr_iter;
use sha2::{Digest as _, Sha256};

use crate::base::PacketRef;

/// Bytes of a stream's beginning that are kept to sniff its media type.
const HEAD: usize = 512;

/// How far into a file the marks of its kind stand: those of tar, which end at 262, are the last.
const MARKS: usize = 264;

/// Word, Excel, PowerPoint and installers share this kind's mark, and differ beyond the first bytes.
const OLE: &str = "application/x-ole-storage";
/// What `infer` takes all of them for.
const GUESSED_OLE: &str = "application/msword";

/// Bytes of a machine listing (MLSD) that are kept until its facts were read.
const LISTING: usize = 256 * 1024;

/// What a digest under way takes, wherever it is computed, with its place in two lists.
const DIGEST: usize = 4 * (size_of::<Sha256>() + 16);

/// Computes SHA-256 digests. The default does so in place; a program with a core to spare can do it elsewhere.
pub trait Hashing: Send {
    /// Starts a new digest.
    fn start(&mut self) -> u64;
    /// Adds bytes to it, in order.
    fn update(&mut self, digest: u64, bytes: &[u8]);
    /// Ends it; called at most once for each digest.
    fn finish(&mut self, digest: u64) -> Option<[u8; 32]>;
}

/// Computes digests in place.
#[derive(Default)]
pub struct InlineHashing {
    digests: std::collections::HashMap<u64, Sha256>,
    next: u64,
}

impl Hashing for InlineHashing {
    fn start(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.digests.insert(self.next, Sha256::new());
        self.next
    }

    fn update(&mut self, digest: u64, bytes: &[u8]) {
        if let Some(state) = self.digests.get_mut(&digest) {
            state.update(bytes);
        }
    }

    fn finish(&mut self, digest: u64) -> Option<[u8; 32]> {
        self.digests.remove(&digest).map(|state| state.finalize().into())
    }
}

/// Computes no digests: `--no-hash`.
pub struct NoHashing;

impl Hashing for NoHashing {
    fn start(&mut self) -> u64 {
        0
    }

    fn update(&mut self, _digest: u64, _bytes: &[u8]) {}

    fn finish(&mut self, _digest: u64) -> Option<[u8; 32]> {
        None
    }
}

/// What a stream's first bytes show of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sniffed {
    /// The media type.
    pub(super) mime: Option<&'static str>,
    /// Whether they are those of a file that a conversion of line ends would damage.
    pub(super) binary: bool,
}

/// One direction of one data connection.
pub(super) struct Content {
    digest: u64,
    pub(super) head: Vec<u8>,
    listing: Option<Vec<u8>>,
    /// Whether nothing of it may be kept any more.
    is_stopped: bool,
    ended_in_cr: bool,
    pub(super) len: u64,
    pub(super) bare_line_feeds: bool,
    pub(super) first: PacketRef,
    pub(super) last: PacketRef,
}

impl Content {
    pub(super) fn new(hashing: &mut dyn Hashing, keep_listing: bool, at: PacketRef) -> Self {
        Self {
            digest: hashing.start(),
            head: Vec::new(),
            listing: keep_listing.then(Vec::new),
            is_stopped: false,
            ended_in_cr: false,
            len: 0,
            bare_line_feeds: false,
            first: at,
            last: at,
        }
    }

    pub(super) fn update(&mut self, hashing: &mut dyn Hashing, bytes: &[u8], at: PacketRef) {
        hashing.update(self.digest, bytes);
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.last = at;
        let room = HEAD.saturating_sub(self.head.len());
        if room > 0 && !self.is_stopped {
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            self.look_for_bare_line_feeds(bytes);
        }
        if let Some(listing) = &mut self.listing {
            let room = LISTING.saturating_sub(listing.len());
            listing.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    /// What is kept of it, in bytes of memory.
    pub(super) fn weight(&self) -> usize {
        let listing = self.listing.as_ref().map_or(0, Vec::capacity);
        DIGEST.saturating_add(self.head.capacity()).saturating_add(listing)
    }

    /// Keeps nothing of it from now on.
    pub(super) fn stop_reading(&mut self) {
        self.head = Vec::new();
        self.listing = None;
        self.is_stopped = true;
    }

    /// A file that was converted for TYPE A has CR LF line ends only; one that was not shows it in its first lines.
    fn look_for_bare_line_feeds(&mut self, bytes: &[u8]) {
        if !self.bare_line_feeds {
            self.bare_line_feeds = memchr_iter(b'\n', bytes).any(|place| match place.checked_sub(1) {
                Some(before) => bytes.get(before) != Some(&b'\r'),
                None => !self.ended_in_cr,
            });
        }
        if let Some(last) = bytes.last() {
            self.ended_in_cr = *last == b'\r';
        }
    }

    pub(super) fn finish(&mut self, hashing: &mut dyn Hashing) -> Option<[u8; 32]> {
        hashing.finish(self.digest)
    }

    pub(super) fn listing(&self) -> Option<&[u8]> {
        self.listing.as_deref()
    }
}

/// What a stream's first bytes show.
pub(super) fn sniff(head: &[u8]) -> Sniffed {
    let is_text = is_text(head);
    // A list of files may begin with the two or three letters that mark an image or a program.
    let kind = if is_text && !may_be_marked_text(head) {
        None
    } else {
        infer::get(head.get(..MARKS).unwrap_or(head))
    };
    match kind {
        Some(kind) => Sniffed {
            mime: Some(if kind.mime_type() == GUESSED_OLE { OLE } else { kind.mime_type() }),
            binary: !matches!(kind.matcher_type(), infer::MatcherType::Text),
        },
        None => Sniffed {
            mime: (is_text && !head.is_empty()).then_some("text/plain"),
            binary: head.contains(&0) && !is_utf_16(head),
        },
    }
}

/// Whether text begins as the kinds do that are marked and may be all text: HTML and XML, perhaps behind a byte order mark,
/// scripts, PDF, PostScript and RTF.
fn may_be_marked_text(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start(), [b'<' | b'#' | b'%' | b'{' | 0xef | 0xfe | 0xff, ..])
}

/// Text in any encoding that extends ASCII: no control characters but those of layout.
fn is_text(head: &[u8]) -> bool {
    // Without a branch for each byte many are looked at in one go; what is no text mostly shows it in the first few.
    let is_odd = |byte: u8| !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | b' '..=b'~' | 0x80..=0xff);
    let has_odd = |bytes: &[u8]| bytes.iter().fold(0, |found, &byte| found | u8::from(is_odd(byte))) != 0;
    let (pieces, rest) = head.as_chunks::<64>();
    !pieces.iter().any(|piece| has_odd(piece)) && !has_odd(rest)
}

fn is_utf_16(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_taken_for_an_image_or_a_program_whose_mark_is_two_letters() {
        for text in
            [&b"BM-2026.txt\r\nMZ.txt\r\n"[..], b"MZ is a mark\n", b"II* and so on", b"Of %PDF files\n"]
        {
            let sniffed = sniff(text);
            assert_eq!((sniffed.mime, sniffed.binary), (Some("text/plain"), false), "{text:?}");
        }
        assert_eq!(sniff(b"BM\x36\0\x0c\0").mime, Some("image/bmp"));
    }

    #[test]
    fn text_that_bears_a_mark_is_of_that_kind() {
        for (text, mime) in [
            (&b"<!DOCTYPE html>\n"[..], "text/html"),
            (b" \n<html >", "text/html"),
            (b"<?xml version=\"1.0\"?>", "text/xml"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", "text/xml"),
            (b"#!/bin/sh\n", "text/x-shellscript"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"%!PS-Adobe-3.0\n", "application/postscript"),
            (b"{\\rtf1\\ansi", "application/rtf"),
            (b"# a comment\n", "text/plain"),
        ] {
            assert_eq!(sniff(text).mime, Some(mime));
        }
    }

    #[test]
    fn an_ole_file_is_not_taken_for_a_document_that_its_first_bytes_cannot_tell() {
        let head = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 504]].concat();
        let sniffed = sniff(&head);
        assert_eq!((sniffed.mime, sniffed.binary), (Some(OLE), true));
    }

    #[test]
    fn nothing_is_of_no_kind() {
        let sniffed = sniff(b"");
        assert_eq!((sniffed.mime, sniffed.binary), (None, false));
    }
}
