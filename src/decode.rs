//! From a frame to the TCP segment inside it.
//!
//! In comes a [`Frame`]; out comes a [`Segment`], or the reason why there is none. Tunnels are followed to the
//! innermost segment. Checksums are not verified: captures at the sender show them before the network card has
//! filled them in.
//!
//! **Invariant:** remembers nothing but incomplete IP datagrams and which were completed last, a bounded
//! number of both.

mod checksum;
mod fragments;
mod frame;
mod icmp;
mod ip;
mod layer;
mod link;
mod link_type;
mod name_query;
mod pseudo;
mod quick;
mod segment;
mod span;
mod tcp_header;
mod tunnel;
mod wlan;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

pub use checksum::Checksum;
pub use frame::Frame;
pub use link_type::LinkType;
pub use name_query::NameQuery;
pub use quick::{QuickDecode, quick_decode};
pub use segment::{Decoded, Flags, Segment, SegmentError};
pub(crate) use tcp_header::offers_window_scaling;

use crate::base::{LimitCounts, LimitName, Limits, PacketRef};
use fragments::{Fragments, Joined, Whole};
use layer::{Step, Trail};
use span::{Span, Stop};

/// Decodes frames, and reassembles IP fragments.
#[derive(Debug)]
pub struct Decoder {
    depth: usize,
    fragments: Fragments,
    /// The datagram that the last frame completed.
    datagram: Whole,
    /// A fragmented datagram inside that one.
    inner_datagram: Whole,
    tally: Tally,
}

/// What could not be decoded.
#[derive(Debug, Default)]
struct Tally {
    ignored: BTreeMap<&'static str, u64>,
    too_deep: u64,
}

impl Decoder {
    /// A decoder within these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            depth: limits.encapsulation_depth,
            fragments: Fragments::new(limits),
            datagram: Whole::default(),
            inner_datagram: Whole::default(),
            tally: Tally::default(),
        }
    }

    /// Finds the innermost TCP segment of a frame, or of the datagram that it completes.
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>) -> Decoded<'a> {
        match self.decode_fast(frame) {
            Some(segment) => Decoded::Segment(segment),
            None => self.decode_slow(frame),
        }
    }

    /// The fast path: the segment of a plain frame, as [`Self::decode`] finds it; none of any other.
    #[doc(hidden)]
    #[inline]
    pub fn decode_fast<'a>(&self, frame: &Frame<'a>) -> Option<Segment<'a>> {
        if self.depth < quick::HEADERS { None } else { quick::segment(frame) }
    }

    /// The slow path, which takes any frame: peels off one header after the other.
    #[doc(hidden)]
    #[inline(never)]
    pub fn decode_slow<'a>(&'a mut self, frame: &Frame<'a>) -> Decoded<'a> {
        let mut trail = Trail::new(self.depth);
        let Some(layer) = frame.link.first_layer() else {
            return self.tally.stopped(Stop::Ignored("unknown link type"));
        };
        let span = Span::new(frame.bytes, usize::try_from(frame.wire_len).unwrap_or(usize::MAX));
        match layer::walk(span, layer, &mut trail) {
            Step::Fragment(span) => self.decode_fragment(frame, span, trail),
            step => self.tally.conclude(step, &trail, frame.packet),
        }
    }

    /// How many packets were ignored for each reason: those that gave [`Decoded::Ignored`], and fragments of
    /// datagrams that are incomplete so far.
    pub fn ignored(&self) -> BTreeMap<&'static str, u64> {
        let mut ignored = self.tally.ignored.clone();
        let incomplete = self.fragments.incomplete();
        if incomplete > 0 {
            ignored.insert("fragment of an incomplete datagram", incomplete);
        }
        ignored
    }

    /// The limits that were reached, and how often.
    pub fn limits(&self) -> LimitCounts {
        let mut counts = LimitCounts::default();
        counts.add(LimitName::Encapsulation, self.tally.too_deep);
        counts.add(LimitName::Fragments, self.fragments.evicted());
        counts
    }

    /// Decodes the datagram that a fragment completes. In tunnels a datagram may itself carry a fragment; a third
    /// level is given up.
    #[cold]
    fn decode_fragment<'a>(&'a mut self, frame: &Frame<'_>, span: Span<'_>, mut trail: Trail) -> Decoded<'a> {
        let packet = frame.packet;
        match self.fragments.add(span, &trail, packet.time) {
            Joined::Whole(datagram) => self.datagram = datagram,
            unfinished => return self.tally.unfinished(&unfinished),
        }
        let span = match walk_datagram(&self.datagram, &mut trail) {
            Step::Fragment(span) => span,
            step => return self.tally.conclude(step, &trail, packet),
        };
        match self.fragments.add(span, &trail, packet.time) {
            Joined::Whole(datagram) => self.inner_datagram = datagram,
            unfinished => return self.tally.unfinished(&unfinished),
        }
        let step = walk_datagram(&self.inner_datagram, &mut trail);
        self.tally.conclude(step, &trail, packet)
    }
}

fn walk_datagram<'a>(datagram: &'a Whole, trail: &mut Trail) -> Step<'a> {
    match ip::by_next_header(datagram.protocol) {
        ControlFlow::Continue(layer) => layer::walk(Span::new(&datagram.bytes, datagram.wire), layer, trail),
        ControlFlow::Break(stop) => Step::Stop(stop),
    }
}

impl Tally {
    /// The result of a walk through the headers.
    #[inline]
    fn conclude<'a>(&mut self, step: Step<'a>, trail: &Trail, packet: PacketRef) -> Decoded<'a> {
        match step {
            Step::Tcp(span) => match tcp_header::segment(span, trail, packet) {
                ControlFlow::Continue(segment) => Decoded::Segment(segment),
                ControlFlow::Break(stop) => self.stopped(stop),
            },
            Step::Icmp(span, version) => {
                icmp::error(span, version, trail, packet).map_or(Decoded::Other, Decoded::SegmentError)
            }
            Step::Dns(span) => {
                name_query::read(span, trail, packet).map_or(Decoded::Other, Decoded::NameQuery)
            }
            Step::Fragment(..) => self.stopped(Stop::TooDeep),
            Step::Stop(stop) => self.stopped(stop),
        }
    }

    fn stopped<'a>(&mut self, stop: Stop) -> Decoded<'a> {
        let reason = match stop {
            Stop::Other => return Decoded::Other,
            Stop::Ignored(reason) => reason,
            Stop::TooDeep => {
                self.too_deep = self.too_deep.saturating_add(1);
                "nested too deep"
            }
        };
        let count = self.ignored.entry(reason).or_default();
        *count = count.saturating_add(1);
        Decoded::Ignored(reason)
    }

    fn unfinished<'a>(&mut self, joined: &Joined) -> Decoded<'a> {
        match joined {
            Joined::Whole(_) | Joined::Waiting | Joined::Repeated => Decoded::Fragment,
            Joined::Unwanted => Decoded::Other,
            Joined::Malformed => self.stopped(Stop::Ignored("malformed fragment")),
        }
    }
}
