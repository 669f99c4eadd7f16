//! Segments that their receiver may have thrown away: with a wrong checksum, where their sender's are right,
//! or with so few hops left that they were made to be seen on the way and not to arrive.
//!
//! They are held until what follows decides. Where the receiver acknowledges just them, or their sender goes
//! on right behind them, and nobody else has filled their place, they were received: a capture may have been
//! edited, or a packet merged by its host. Where others take their place they were not.

use std::net::IpAddr;

use super::half::{Half, length, offset};
use super::reassembly::Budget;
use super::slab::Entry;
use super::track::Track;
use super::{Forged, Side};
use crate::base::{Endpoint, KeyedMap, PacketRef};
use crate::decode::{Checksum, Flags, Segment};

/// Segments of one connection that are held at a time.
const HELD: usize = 4;

/// Payload that is held of one: lines are shorter.
const PAYLOAD: usize = 4096;

/// Hosts whose checksums are remembered.
const HOSTS: usize = 4096;

/// Why a segment may not have been received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Its checksum is wrong, and its sender's are right elsewhere.
    Checksum,
    /// Its checksum is left to the network card, and its sender's are not elsewhere.
    Unfinished,
    /// It has few hops left, and all else of its sender has many.
    HopLimit,
}

/// The checksums of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Checksums {
    /// None was looked at.
    #[default]
    Unknown,
    /// The first one was right.
    Right,
    /// The first one was not: they prove nothing.
    Unusable,
}

/// A segment that is held.
#[derive(Clone, Debug)]
struct Held {
    side: Side,
    doubt: Doubt,
    packet: PacketRef,
    source: Endpoint,
    destination: Endpoint,
    seq: u32,
    ack: Option<u32>,
    flags: Flags,
    window: u16,
    timestamp: Option<u32>,
    payload: Box<[u8]>,
    cut: u32,
    ip_len: u32,
    hop_limit: u8,
}

/// What another segment says of one that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Received,
    ThrownAway,
}

/// The segments of a connection that are held, in order.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    held: Vec<Held>,
}

impl Held {
    fn of(segment: &Segment<'_>, side: Side, doubt: Doubt) -> Self {
        Self {
            side,
            doubt,
            packet: segment.packet,
            source: segment.source,
            destination: segment.destination,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            timestamp: segment.timestamp,
            payload: segment.payload.into(),
            cut: segment.cut,
            ip_len: segment.ip_len,
            hop_limit: segment.hop_limit,
        }
    }

    fn segment(&self) -> Segment<'_> {
        Segment {
            packet: self.packet,
            source: self.source,
            destination: self.destination,
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            timestamp: self.timestamp,
            payload: &self.payload,
            cut: self.cut,
            ip_len: self.ip_len,
            hop_limit: self.hop_limit,
            header: &[],
        }
    }

    fn cost(&self) -> usize {
        size_of::<Self>().saturating_add(self.payload.len())
    }

    /// Whether a segment is this one again.
    fn is(&self, segment: &Segment<'_>, side: Side) -> bool {
        self.side == side
            && self.seq == segment.seq
            && self.flags == segment.flags
            && *self.payload == *segment.payload
    }

    /// Whether another one goes on right behind it.
    fn is_followed_by(&self, other: &Self) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32")]
        let end = self.seq.wrapping_add(places(&self.segment()) as u32);
        !self.flags.rst && self.side == other.side && end == other.seq && self.seq != other.seq
    }

    /// What a segment that is in no doubt says of it.
    fn fate(&self, segment: &Segment<'_>, side: Side, track: &Track) -> Fate {
        if self.flags.rst {
            // Its sender goes on. What the other side sends may have crossed it on the way, and a SYN is of the next
            // connection.
            let goes_on = side == self.side && !segment.flags.rst && !segment.flags.syn;
            return if goes_on { Fate::ThrownAway } else { Fate::Open };
        }
        let half = track.half(self.side);
        let Some(start) = half.offset_of(self.seq) else { return Fate::Open };
        let end = start.saturating_add(offset(places(&self.segment())));
        if offset(half.highest) > start || half.fin.is_some() {
            return Fate::ThrownAway;
        }
        if side != self.side {
            let acked = segment.ack.and_then(|ack| half.offset_of(ack));
            return if acked == Some(end) { Fate::Received } else { Fate::Open };
        }
        match half.offset_of(segment.seq) {
            Some(at) if at == end => Fate::Received,
            Some(at) if at < end && at.saturating_add(offset(places(segment))) > start => Fate::ThrownAway,
            Some(_) | None => Fate::Open,
        }
    }
}

/// How many places in the sequence space a segment takes.
fn places(segment: &Segment<'_>) -> u64 {
    length(segment.payload).saturating_add(segment.cut.into()).saturating_add(segment.flags.fin.into())
}

impl Doubts {
    /// The first of those that lead up to one without a break: whoever received that one has them all, since
    /// acknowledgements count all that came before.
    fn leading_to(&self, mut place: usize) -> usize {
        for _ in 0..HELD {
            let Some(last) = self.held.get(place) else { break };
            let Some(before) = self.held.iter().position(|held| held.is_followed_by(last)) else { break };
            place = before;
        }
        place
    }

    /// Gives up what is held.
    pub(super) fn discard(self, budget: &mut Budget) {
        for held in self.held {
            budget.held = budget.held.saturating_sub(held.cost());
        }
    }
}

impl Half {
    /// Whether a packet with this hop limit, where it was captured, was sent to be seen on the way. No system
    /// begins with fewer than 64 hops, hardly a path has more than 32, and another way to the same host
    /// takes few more or fewer.
    fn is_spent(&self, hop_limit: u8) -> bool {
        const LEFT: u8 = 32;
        const OTHER_WAY: u8 = 8;
        hop_limit < LEFT
            && self.deeds.hop_limits().is_some_and(|(lowest, _)| hop_limit < lowest.saturating_sub(OTHER_WAY))
    }

    /// Whether the next segment in order is to be looked at more closely.
    #[inline]
    pub(super) fn is_suspicious(&self, segment: &Segment<'_>) -> bool {
        self.is_spent(segment.hop_limit)
            || self.checksums == Checksums::Right
                && !matches!(segment.checksum(), Checksum::Right | Checksum::Unknown)
    }
}

impl Track {
    /// Whether a side's segment of a dialogue, or one that opens or ends a connection, may not have been
    /// received.
    pub(super) fn doubt(&self, segment: &Segment<'_>, side: Side, hosts: &Hosts) -> Option<Doubt> {
        let flags = segment.flags;
        if !self.is_dialogue && !flags.syn && !flags.fin && !flags.rst {
            return None;
        }
        let half = self.half(side);
        if half.is_spent(segment.hop_limit) {
            return Some(Doubt::HopLimit);
        }
        let is_right = || match half.checksums {
            Checksums::Right => true,
            Checksums::Unknown => hosts.are_right(segment.source.ip),
            Checksums::Unusable => false,
        };
        if half.checksums == Checksums::Unusable {
            return None;
        }
        match segment.checksum() {
            Checksum::Right | Checksum::Unknown => None,
            Checksum::Unfinished => {
                let is_line = self.is_dialogue && !segment.payload.is_empty();
                (half.checksums == Checksums::Right && is_line).then_some(Doubt::Unfinished)
            }
            Checksum::Wrong => is_right().then_some(Doubt::Checksum),
        }
    }

    /// Takes note of whether a side's first checksum is right.
    pub(super) fn learn_checksum(&mut self, segment: &Segment<'_>, side: Side) {
        let is_dialogue = self.is_dialogue;
        let (half, _) = self.halves(side);
        if half.checksums != Checksums::Unknown || segment.flags.rst || !(is_dialogue || segment.flags.syn) {
            return;
        }
        half.checksums = match segment.checksum() {
            Checksum::Right => Checksums::Right,
            Checksum::Unfinished | Checksum::Wrong => Checksums::Unusable,
            Checksum::Unknown => Checksums::Unknown,
        };
    }
}

impl Entry {
    /// Puts a doubtful segment aside, or throws it away where nothing could show that it was received.
    /// Returns whether the segment is to be taken as it is.
    #[cold]
    pub(super) fn set_aside(
        &mut self,
        segment: &Segment<'_>,
        side: Side,
        doubt: Doubt,
        budget: &mut Budget,
        forged: &mut Forged,
    ) -> bool {
        if segment.payload.len() > PAYLOAD && (doubt == Doubt::Unfinished || !self.track.is_dialogue) {
            return true;
        }
        let doubts = self.track.doubts.get_or_insert_default();
        if doubts.held.iter().any(|held| held.is(segment, side)) {
            return false;
        }
        let decides = segment.flags.rst || segment.flags.fin || !segment.payload.is_empty();
        let held = Held::of(segment, side, doubt);
        let room = budget.total.saturating_sub(budget.held);
        if segment.flags.syn || !decides || segment.payload.len() > PAYLOAD || held.cost() > room {
            forged.count(doubt);
        } else {
            let oldest = (doubts.held.len() >= HELD).then(|| doubts.held.remove(0));
            budget.held = budget.held.saturating_add(held.cost());
            doubts.held.push(held);
            if let Some(oldest) = oldest {
                budget.held = budget.held.saturating_sub(oldest.cost());
                forged.count(oldest.doubt);
            }
        }
        false
    }

    /// A segment that is in no doubt decides about those that are held: gives the first one that was
    /// received.
    #[cold]
    pub(super) fn decide(
        &mut self,
        segment: &Segment<'_>,
        side: Side,
        budget: &mut Budget,
        forged: &mut Forged,
    ) -> Option<Decided> {
        let mut place = 0;
        while let Some(held) = self.track.doubts.as_ref().and_then(|doubts| doubts.held.get(place)) {
            match held.fate(segment, side, &self.track) {
                Fate::Open => place = place.saturating_add(1),
                Fate::Received => {
                    let first = self.track.doubts.as_ref().map_or(place, |doubts| doubts.leading_to(place));
                    return self.take_held(first, budget).map(Decided);
                }
                Fate::ThrownAway => {
                    let held = self.take_held(place, budget)?;
                    forged.count(held.doubt);
                }
            }
        }
        None
    }

    /// The connection ends: gives the first of those that are held that will be taken for received, as long
    /// as there is one.
    #[cold]
    pub(super) fn decide_at_last(&mut self, budget: &mut Budget, forged: &mut Forged) -> Option<Decided> {
        while let Some(held) = self.take_held(0, budget) {
            let half = self.track.half(held.side);
            let is_taken = half.offset_of(held.seq).is_none_or(|start| offset(half.highest) > start);
            let is_received = match held.doubt {
                Doubt::Checksum => false,
                Doubt::Unfinished => !is_taken,
                // Nothing came after it, which would show that it was not.
                Doubt::HopLimit => held.flags.rst,
            };
            if is_received {
                return Some(Decided(held));
            }
            forged.count(held.doubt);
        }
        None
    }

    /// Tells whose checksums are right, once both sides of a dialogue have shown theirs.
    #[inline]
    pub(super) fn tell_checksums(&mut self, hosts: &mut Hosts) {
        let Self { connection, track, .. } = self;
        if !track.is_dialogue || track.are_checksums_told {
            return;
        }
        let (one, other) = (track.originator.checksums, track.responder.checksums);
        if one == Checksums::Unknown || other == Checksums::Unknown {
            return;
        }
        track.are_checksums_told = true;
        hosts.note(connection.originator.ip, one);
        hosts.note(connection.responder.ip, other);
    }

    fn take_held(&mut self, place: usize, budget: &mut Budget) -> Option<Held> {
        let doubts = self.track.doubts.as_mut().filter(|doubts| place < doubts.held.len())?;
        let held = doubts.held.remove(place);
        budget.held = budget.held.saturating_sub(held.cost());
        if doubts.held.is_empty() {
            self.track.doubts = None;
        }
        Some(held)
    }
}

/// A segment that was held and was received.
#[derive(Debug)]
pub(super) struct Decided(Held);

impl Decided {
    /// Who sent it.
    pub(super) const fn side(&self) -> Side {
        self.0.side
    }

    /// The segment itself.
    pub(super) fn segment(&self) -> Segment<'_> {
        self.0.segment()
    }
}

/// Whose checksums are right, as their control connections show.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    by_ip: KeyedMap<IpAddr, Counts>,
}

/// Control connections of one host with right checksums, and others.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    right: u32,
    other: u32,
}

impl Hosts {
    /// Takes note of a host's checksums on one connection.
    pub(super) fn note(&mut self, ip: IpAddr, checksums: Checksums) {
        if self.by_ip.len() >= HOSTS && !self.by_ip.contains_key(&ip) {
            self.by_ip.clear();
        }
        let counts = self.by_ip.entry(ip).or_default();
        match checksums {
            Checksums::Unknown => {}
            Checksums::Right => counts.right = counts.right.saturating_add(1),
            Checksums::Unusable => counts.other = counts.other.saturating_add(1),
        }
    }

    fn are_right(&self, ip: IpAddr) -> bool {
        self.by_ip.get(&ip).is_some_and(|counts| counts.right > counts.other)
    }

    /// Whether a segment that opens a connection will be thrown away by its receiver.
    pub(super) fn refuse(&self, segment: &Segment<'_>) -> bool {
        segment.flags.syn && segment.checksum() == Checksum::Wrong && self.are_right(segment.source.ip)
    }
}
