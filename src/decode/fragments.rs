//! Incomplete IP datagrams.

use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher;
use std::net::IpAddr;

use etherparse::IpNumber;

use super::layer::{Fragment, Trail};
use super::span::Span;
use super::tunnel;
use crate::base::{KeyedMap, Limits, StrongKeys, TimeDelta, Timestamp};

/// How long a datagram may wait for its missing pieces. RFC 1122 and RFC 8200 ask for a minute and more, but
/// receivers wait less (Linux 30 seconds), and an identification may be used again by then.
const PATIENCE: TimeDelta = TimeDelta::from_secs(30);

/// The longest payload that an IP datagram can have.
const LONGEST: usize = 65_535;

/// What a piece costs besides its bytes, so that many small ones reach the cap too.
const PIECE_COST: usize = 64;

/// Which datagram a piece belongs to (RFC 791 section 3.2, RFC 8200 section 4.5). The source is not part of it:
/// the pieces of one datagram may be in two files of a rotated capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// IPv4's protocol; IPv6 numbers all its datagrams together.
    protocol: Option<IpNumber>,
}

/// A piece, or the part of it that was new when it came.
#[derive(Debug)]
struct Piece {
    /// Where it ends in the datagram's payload.
    end: usize,
    /// Its bytes, as far as the capture kept them.
    kept: Vec<u8>,
}

#[derive(Debug)]
struct Datagram {
    serial: u64,
    first_seen: Timestamp,
    /// The protocol of its payload, by its first piece; until that comes, by another.
    protocol: IpNumber,
    /// Whether its payload may contain TCP; if not, only the extents of its pieces are kept.
    is_wanted: bool,
    /// Length of the payload, once the last piece came.
    length: Option<usize>,
    /// By where they begin; none overlap.
    pieces: BTreeMap<usize, Piece>,
    /// Bytes of the payload that some piece covers.
    covered: usize,
    /// Packets held for it.
    packets: u64,
    /// Hashes of those that contained something new.
    digests: Vec<u64>,
    /// What it costs of [`Limits::fragment_bytes`].
    cost: usize,
}

/// A datagram's payload, whole.
#[derive(Debug)]
pub(super) struct Whole {
    /// Its bytes, up to the first that was not captured.
    pub(super) bytes: Vec<u8>,
    /// How many there were on the wire.
    pub(super) wire: usize,
    /// Its protocol.
    pub(super) protocol: IpNumber,
}

impl Default for Whole {
    fn default() -> Self {
        Self { bytes: Vec::new(), wire: 0, protocol: IpNumber(0) }
    }
}

/// The result of adding a piece.
#[derive(Debug)]
pub(super) enum Joined {
    /// It was the last one missing.
    Whole(Whole),
    /// It waits for the others.
    Waiting,
    /// Its datagram was completed before: the capture holds it twice.
    Repeated,
    /// Its datagram cannot contain TCP.
    Unwanted,
    /// It can't belong to a datagram.
    Malformed,
}

/// Pieces of IP datagrams, held until their datagrams are complete.
///
/// Where pieces overlap, the first one wins.
#[derive(Debug)]
pub(super) struct Fragments {
    datagrams: KeyedMap<Key, Datagram>,
    by_age: BTreeMap<u64, Key>,
    next_serial: u64,
    completed: Completed,
    cost: usize,
    most_datagrams: usize,
    most_cost: usize,
    /// Packets whose datagrams never became whole.
    expired: u64,
    /// Packets whose datagrams were given up for lack of room.
    evicted: u64,
}

impl Fragments {
    /// No pieces yet.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            datagrams: KeyedMap::default(),
            by_age: BTreeMap::new(),
            next_serial: 0,
            completed: Completed::default(),
            cost: 0,
            most_datagrams: limits.fragmented_datagrams,
            most_cost: limits.fragment_bytes,
            expired: 0,
            evicted: 0,
        }
    }

    /// Packets whose datagrams are incomplete: expired, evicted or still waiting.
    pub(super) fn incomplete(&self) -> u64 {
        let waiting = self.datagrams.values().filter(|datagram| datagram.is_wanted);
        waiting.fold(self.expired.saturating_add(self.evicted), |sum, datagram| {
            sum.saturating_add(datagram.packets)
        })
    }

    /// Packets whose datagrams were evicted for lack of room.
    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Datagrams held, and their cost.
    #[cfg(test)]
    pub(super) fn usage(&self) -> (usize, usize) {
        assert_eq!(self.datagrams.len(), self.by_age.len());
        let cost = self.datagrams.values().map(|datagram| datagram.cost).sum();
        assert_eq!(self.cost, cost);
        (self.datagrams.len(), cost)
    }

    /// Adds the piece at the end of a trail; it may complete its datagram.
    pub(super) fn add(&mut self, span: Span<'_>, trail: &Trail, now: Timestamp) -> Joined {
        let fragment = trail.fragment;
        let Some(end) = end_of(fragment, span.wire()) else { return Joined::Malformed };
        self.expire(now);
        let key = Key {
            source: trail.source,
            destination: trail.destination,
            identification: fragment.identification,
            protocol: (!fragment.is_v6).then_some(fragment.protocol),
        };
        let digest = self.completed.digest(fragment, span);
        if !self.datagrams.contains_key(&key) && self.completed.has(&key, digest) {
            return Joined::Repeated;
        }
        let datagram = self.datagrams.entry(key).or_insert_with(|| {
            let serial = self.next_serial;
            self.next_serial = serial.wrapping_add(1);
            self.by_age.insert(serial, key);
            Datagram::new(serial, now, fragment.protocol)
        });
        let (serial, cost_before) = (datagram.serial, datagram.cost);
        if !datagram.add(fragment, span, end, digest) {
            return Joined::Malformed;
        }
        self.cost = self.cost.saturating_sub(cost_before).saturating_add(datagram.cost);
        if datagram.length == Some(datagram.covered) {
            let Some(mut datagram) = self.remove(serial) else { return Joined::Unwanted };
            self.completed.remember(key, std::mem::take(&mut datagram.digests));
            return if datagram.is_wanted { Joined::Whole(datagram.join()) } else { Joined::Unwanted };
        }
        let is_wanted = datagram.is_wanted;
        self.make_room();
        if is_wanted { Joined::Waiting } else { Joined::Unwanted }
    }

    /// Drops datagrams that are too old, or newer than `now` by as much because the clock was set back.
    fn expire(&mut self, now: Timestamp) {
        while let Some((&serial, key)) = self.by_age.first_key_value() {
            let age = self
                .datagrams
                .get(key)
                .map_or(TimeDelta::MAX, |datagram| now.since(datagram.first_seen).abs());
            if age <= PATIENCE {
                return;
            }
            if let Some(datagram) = self.remove(serial).filter(|datagram| datagram.is_wanted) {
                self.expired = self.expired.saturating_add(datagram.packets);
            }
        }
    }

    /// Evicts the oldest datagrams until the caps hold.
    fn make_room(&mut self) {
        while self.datagrams.len() > self.most_datagrams || self.cost > self.most_cost {
            let Some((&serial, _)) = self.by_age.first_key_value() else { return };
            if let Some(datagram) = self.remove(serial).filter(|datagram| datagram.is_wanted) {
                self.evicted = self.evicted.saturating_add(datagram.packets);
            }
        }
    }

    fn remove(&mut self, serial: u64) -> Option<Datagram> {
        let key = self.by_age.remove(&serial)?;
        let datagram = self.datagrams.remove(&key)?;
        self.cost = self.cost.saturating_sub(datagram.cost);
        Some(datagram)
    }
}

/// Recently completed datagrams. If a capture holds every packet twice, their pieces come again, and must not
/// wait for a later datagram with the same identification.
#[derive(Debug, Default)]
struct Completed {
    digests: KeyedMap<Key, Vec<u64>>,
    by_age: VecDeque<Key>,
    hashing: StrongKeys,
}

impl Completed {
    /// Datagrams remembered: duplicates follow closely.
    const MOST: usize = 1024;
    /// Pieces of a datagram that is remembered: 44 make the longest on Ethernet.
    const MOST_PIECES: usize = 64;

    /// What distinguishes a piece from others with the same place and number.
    fn digest(&self, fragment: Fragment, span: Span<'_>) -> u64 {
        self.hashing.hash_one((fragment.offset, fragment.more, span.wire(), span.kept()))
    }

    fn has(&self, key: &Key, digest: u64) -> bool {
        self.digests.get(key).is_some_and(|digests| digests.contains(&digest))
    }

    fn remember(&mut self, key: Key, digests: Vec<u64>) {
        if digests.len() > Self::MOST_PIECES {
            return;
        }
        if self.digests.insert(key, digests).is_none() {
            self.by_age.push_back(key);
        }
        if self.by_age.len() > Self::MOST
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }
}

/// Where a piece of `length` bytes ends; none if it can't stand there.
fn end_of(fragment: Fragment, length: usize) -> Option<usize> {
    let end = fragment.offset.checked_add(length)?;
    let is_aligned = length.is_multiple_of(8);
    (length > 0 && end <= LONGEST && (is_aligned || !fragment.more)).then_some(end)
}

impl Datagram {
    const fn new(serial: u64, first_seen: Timestamp, protocol: IpNumber) -> Self {
        Self {
            serial,
            first_seen,
            protocol,
            is_wanted: true,
            length: None,
            pieces: BTreeMap::new(),
            covered: 0,
            packets: 0,
            digests: Vec::new(),
            cost: 0,
        }
    }

    /// Adds what is new in a piece; false if it contradicts the known length.
    fn add(&mut self, fragment: Fragment, span: Span<'_>, end: usize, digest: u64) -> bool {
        let reaches = self.pieces.last_key_value().map_or(0, |(_, last)| last.end);
        match self.length {
            Some(length) if end > length || (!fragment.more && end != length) => return false,
            None if !fragment.more && end < reaches => return false,
            None if !fragment.more => self.length = Some(end),
            _ => {}
        }
        self.packets = self.packets.saturating_add(1);
        if fragment.offset == 0 {
            self.protocol = fragment.protocol;
            if fragment.protocol == IpNumber::UDP && !tunnel::has_tunnel_port(span.kept()) {
                self.give_up_bytes();
            }
        }
        let covered_before = self.covered;
        self.fill(fragment.offset, end, span.kept());
        if self.covered > covered_before {
            self.digests.push(digest);
        }
        true
    }

    /// Drops the bytes, and keeps only their extents.
    fn give_up_bytes(&mut self) {
        self.is_wanted = false;
        for piece in self.pieces.values_mut() {
            self.cost = self.cost.saturating_sub(piece.kept.len());
            piece.kept = Vec::new();
        }
    }

    /// Fills the holes between `start` and `end` from `kept`, which begins at `start`.
    fn fill(&mut self, start: usize, end: usize, kept: &[u8]) {
        let mut at = start;
        if let Some((_, before)) = self.pieces.range(..=start).next_back() {
            at = at.max(before.end);
        }
        while at < end {
            let next = self.pieces.range(at..end).next().map(|(&begin, piece)| (begin, piece.end));
            let (open_until, resume) = next.unwrap_or((end, end));
            if at < open_until {
                self.keep(at, open_until, kept.get(at.saturating_sub(start)..).unwrap_or_default());
            }
            at = resume;
        }
    }

    fn keep(&mut self, begin: usize, end: usize, kept: &[u8]) {
        let length = end.saturating_sub(begin);
        let kept = if self.is_wanted { kept.get(..length).unwrap_or(kept) } else { &[] };
        self.covered = self.covered.saturating_add(length);
        self.cost = self.cost.saturating_add(PIECE_COST).saturating_add(kept.len());
        self.pieces.insert(begin, Piece { end, kept: kept.to_vec() });
    }

    /// Joins the pieces, up to the first that the capture cut short.
    fn join(self) -> Whole {
        let mut bytes = Vec::with_capacity(self.covered);
        for (begin, piece) in &self.pieces {
            bytes.extend_from_slice(&piece.kept);
            if piece.kept.len() < piece.end.saturating_sub(*begin) {
                break;
            }
        }
        Whole { bytes, wire: self.covered, protocol: self.protocol }
    }
}
