//! What is known of a data stream's content as it streams by: nothing of it is kept but the first bytes.
//!
//! The bytes of a stream come out of TCP, then out of TLS where that can be read, then out of the
//! transmission mode ([`transform`]). What comes out of each goes to the same taps: a digest, the first
//! bytes, a listing's text, and the sink of whoever wants contents whole.

pub(super) mod copy;
mod decoding;
mod kind;
mod listing;
mod sink;
mod transform;

use memchr::memchr_iter;
use sha2::{Digest as _, Sha256};

use crate::base::PacketRef;
use crate::report::{ContentId, Decoded, Listing};
use copy::Copy;
use decoding::Decoding;
pub(super) use kind::sniff;
use sink::Tap;

pub use sink::{ContentSink, Tapped};

/// Bytes of a stream's beginning that are kept to sniff its media type.
const HEAD: usize = 512;

/// What a digest under way takes, wherever it is computed, with its place in two lists.
const DIGEST: usize = 4 * (size_of::<Sha256>() + 16);

/// Computes SHA-256 digests. The default does so in place; a program with a core to spare can do it
/// elsewhere.
pub trait Hashing: Send {
    /// Starts a new digest.
    fn start(&mut self) -> u64;
    /// Adds bytes to it, in order.
    fn update(&mut self, digest: u64, bytes: &[u8]);
    /// Ends it; called at most once for each digest.
    fn finish(&mut self, digest: u64) -> Option<[u8; 32]>;

    /// Where contents go besides, if anywhere.
    fn sink(&mut self) -> Option<&mut dyn ContentSink> {
        None
    }
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

/// What only the whole of a stream shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct FinishedContent {
    /// Of the bytes as they came.
    pub(super) sha256: Option<[u8; 32]>,
    /// What the transmission mode hid.
    pub(super) decoded: Option<Decoded>,
}

/// How a stream is sent, and what is wanted of it: known when its first byte comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Whether a listing's text is wanted.
    pub(super) keep_listing: bool,
    /// The transmission mode, by the argument of MODE.
    pub(super) mode: char,
    /// What MODE C's filler stands for: a space in text, zero in other files.
    pub(super) filler: u8,
    /// Content bytes that the mode may make of one byte on the wire, once past the first many.
    pub(super) ratio: u32,
    /// Up to how many bytes a copy of it is kept.
    pub(super) copy: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self { keep_listing: false, mode: 'S', filler: 0, ratio: 1, copy: 0 }
    }
}

impl Plan {
    /// What the filler stands for in a representation type: a space of its character set, zero in all that is
    /// no text.
    pub(super) fn filler_of(representation: &str) -> u8 {
        match representation {
            "A" => b' ',
            "E" => 0x40,
            _ => 0,
        }
    }
}

/// One direction of one data connection.
pub(super) struct Content {
    digest: u64,
    /// The same without its transmission mode.
    decoding: Option<Box<Decoding>>,
    /// Takes what is not behind a transmission mode.
    tap: Tap,
    pub(super) head: Vec<u8>,
    copy: Option<Box<Copy>>,
    /// Whether nothing of it may be kept any more.
    is_stopped: bool,
    ended_in_cr: bool,
    pub(super) len: u64,
    pub(super) bare_line_feeds: bool,
    pub(super) first: PacketRef,
    pub(super) last: PacketRef,
}

impl Content {
    pub(super) fn new(hashing: &mut dyn Hashing, plan: Plan, at: PacketRef) -> Self {
        let decoding = Decoding::begin(hashing, plan, at).map(Box::new);
        Self {
            digest: hashing.start(),
            tap: if decoding.is_some() { Tap::default() } else { Tap::begin(hashing, at) },
            head: Vec::new(),
            copy: if decoding.is_none() { Copy::begin(plan) } else { None },
            decoding,
            is_stopped: false,
            ended_in_cr: false,
            len: 0,
            bare_line_feeds: false,
            first: at,
            last: at,
        }
    }

    pub(super) fn update(&mut self, hashing: &mut dyn Hashing, bytes: &[u8], at: PacketRef) {
        if let Some(decoding) = &mut self.decoding {
            decoding.update(hashing, bytes, at);
        }
        hashing.update(self.digest, bytes);
        self.tap.bytes(hashing, bytes);
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.last = at;
        if let Some(copy) = &mut self.copy
            && !copy.push(bytes)
        {
            self.copy = None;
        }
        let room = HEAD.saturating_sub(self.head.len());
        if room > 0 && !self.is_stopped {
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            self.look_for_bare_line_feeds(bytes);
        }
    }

    /// What is kept of it, in bytes of memory.
    pub(super) fn weight(&self) -> usize {
        let copy = self.copy.as_ref().map_or(0, |copy| copy.weight());
        let decoding = self.decoding.as_ref().map_or(0, |decoding| decoding.weight());
        DIGEST.saturating_add(self.head.capacity()).saturating_add(copy).saturating_add(decoding)
    }

    /// So many bytes are missing: what follows can't be decoded.
    pub(super) fn gap(&mut self, hashing: &mut dyn Hashing, len: u64) {
        self.tap.gap(hashing, len);
        self.stop_decoding();
    }

    fn stop_decoding(&mut self) {
        self.copy.take_if(|copy| !copy.is_listing());
        if let Some(decoding) = &mut self.decoding {
            decoding.give_up();
        }
        if let Some(copy) = &mut self.copy {
            copy.gap();
        }
    }

    /// By what the sink knows it, without its transmission mode.
    pub(super) fn kept(&self) -> Option<ContentId> {
        self.decoding.as_ref().map_or(self.tap.id(), |decoding| decoding.content.kept())
    }

    /// It is nobody's content: the sink may forget it.
    pub(super) fn forget(&mut self, hashing: &mut dyn Hashing) {
        self.tap.forget(hashing);
        if let Some(decoding) = &mut self.decoding {
            decoding.content.forget(hashing);
        }
    }

    /// Keeps nothing of it from now on.
    pub(super) fn stop_reading(&mut self) {
        self.head = Vec::new();
        self.copy = None;
        self.is_stopped = true;
        self.stop_decoding();
    }

    /// A file that was converted for TYPE A has CR LF line ends only; one that was not shows it in its first
    /// lines.
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

    /// The stream is over: once only.
    pub(super) fn finish(&mut self, hashing: &mut dyn Hashing) -> FinishedContent {
        let decoded = self.decoding.as_mut().and_then(|decoding| decoding.finish(hashing));
        self.tap.end(hashing);
        FinishedContent { sha256: hashing.finish(self.digest), decoded }
    }

    /// What its copy takes, in bytes of memory.
    pub(super) fn copied(&self) -> usize {
        self.copy.as_ref().filter(|copy| !copy.is_listing()).map_or(0, |copy| copy.weight())
    }

    /// Keeps no copy of it.
    pub(super) fn forget_copy(&mut self) {
        self.copy.take_if(|copy| !copy.is_listing());
        if let Some(decoding) = &mut self.decoding {
            decoding.content.forget_copy();
        }
    }

    /// All of the content without its transmission mode, where a copy was kept.
    pub(super) fn take_copy(&mut self) -> Option<Vec<u8>> {
        let copy = self.copy.take_if(|copy| !copy.is_listing());
        copy.and_then(|copy| copy.into_bytes()).or_else(|| self.decoding.as_mut()?.content.take_copy())
    }

    /// The text of a listing, where it was wanted.
    pub(super) fn listing(&self) -> Option<Listing> {
        let listing = self.copy.as_ref().and_then(|copy| copy.listing());
        listing.or_else(|| self.decoding.as_ref()?.content.listing())
    }
}
