//! Which flow a segment belongs to, in one lookup.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::net::IpAddr;

use crate::base::{Endpoint, LimitCounts, LimitName, StrongKeys, TimeDelta, Timestamp, cost};
use crate::decode::Segment;

/// How long an ignored flow may be silent and still be known; at most twice that long it is.
const ERA: TimeDelta = TimeDelta::from_secs(300);

/// A flow without direction, as the std keyed hash (SipHash, a random key for each table) of both endpoints.
///
/// The endpoints themselves are not kept here: two of a million flows share 64 keyed bits once in 37 million
/// captures, nobody without the key can make them do so, and a connection that is followed compares its
/// endpoints anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u64);

/// Where a segment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To the connection in this slot.
    Live(u32),
    /// Nowhere: it is ignored.
    Ignored,
    /// Nothing is known of its flow, or it begins the flow anew.
    Unknown,
}

/// What is known of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// A connection in the table, in this slot.
    Live(u32),
    /// A flow that is ignored.
    Ignored(Ignored),
}

/// What is kept of an ignored flow: 8 bytes with the tag, so that half a million of them stay small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ignored {
    isn: u32,
    isn_known: bool,
    /// One bit for each direction.
    fins: u8,
    era: u8,
}

impl Ignored {
    /// An ignored flow whose originator's initial sequence number is this, where its SYN was seen.
    pub(super) fn new(isn: Option<u32>) -> Self {
        Self { isn: isn.unwrap_or(0), isn_known: isn.is_some(), ..Self::default() }
    }

    /// Whether a SYN with this sequence number opens another connection.
    const fn is_reopened_by(self, isn: u32) -> bool {
        !self.isn_known || self.isn != isn
    }
}

const _: () = assert!(cost::in_hash_table(size_of::<(Fingerprint, Flow)>()) <= cost::FLOW);

/// Fingerprints are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A cache of recent flows: most packets belong to a flow that was seen a moment ago. Flooding it only makes
/// flows be looked up.
#[derive(Debug)]
struct Recent {
    /// The slots that their connections were in; the caller checks that they are the right ones. Small, so
    /// that it stays in the processor's cache.
    slots: Box<[u32]>,
    /// The fingerprints of flows without a connection: comparing two endpoints costs a tenth of hashing them.
    ignored: Box<[Option<Lately>]>,
}

/// A recent flow.
#[derive(Clone, Copy, Debug)]
struct Lately {
    source: Endpoint,
    destination: Endpoint,
    flow: Fingerprint,
}

/// Places for slots, a power of two.
const RECENT_SLOTS: usize = 8192;
/// Places for fingerprints, a power of two.
const RECENT_IGNORED: usize = 4096;

impl Recent {
    fn new() -> Self {
        Self { slots: vec![u32::MAX; RECENT_SLOTS].into(), ignored: vec![None; RECENT_IGNORED].into() }
    }

    /// Where a packet's flow has its place among so many, one direction apart from the other.
    #[inline]
    fn place(source: &Endpoint, destination: &Endpoint, places: usize) -> usize {
        let low = |endpoint: &Endpoint| match endpoint.ip {
            IpAddr::V4(ip) => ip.to_bits(),
            IpAddr::V6(ip) => {
                let [.., a, b, c, d] = ip.octets();
                u32::from_be_bytes([a, b, c, d])
            }
        };
        let mixed = (u32::from(source.port) << 16 | u32::from(destination.port))
            .wrapping_add(low(source).rotate_left(7))
            .wrapping_sub(low(destination))
            .wrapping_mul(0x9e37_79b1);
        (mixed >> (32 - places.ilog2())) as usize
    }
}

/// All flows that are known.
#[derive(Debug)]
pub(super) struct Flows {
    keys: StrongKeys,
    recent: Recent,
    map: HashMap<Fingerprint, Flow, BuildHasherDefault<Prehashed>>,
    /// Ignored flows are forgotten by era: those that were last seen before the previous one.
    era: u8,
    era_began: Timestamp,
    /// Ignored flows that came in this era.
    young: usize,
    /// Ignored flows of one era at most: two eras are kept.
    cap: usize,
}

impl Flows {
    pub(super) fn new(ignored_flows: usize) -> Self {
        Self {
            keys: StrongKeys::default(),
            recent: Recent::new(),
            map: HashMap::default(),
            era: 0,
            era_began: Timestamp::MIN,
            young: 0,
            cap: ignored_flows.div_ceil(2).max(1),
        }
    }

    /// The slot in which the connection between two endpoints was last found. It may be another connection's
    /// by now: the caller must check.
    #[inline]
    pub(super) fn recent_slot(&self, source: &Endpoint, destination: &Endpoint) -> u32 {
        let place = Recent::place(source, destination, RECENT_SLOTS);
        self.recent.slots.get(place).copied().unwrap_or(u32::MAX)
    }

    /// The fingerprint of the flow between two endpoints, whichever of them sends.
    #[inline]
    pub(super) fn fingerprint(&mut self, source: &Endpoint, destination: &Endpoint) -> Fingerprint {
        let place = Recent::place(source, destination, RECENT_IGNORED);
        if let Some(Some(lately)) = self.recent.ignored.get(place)
            && lately.source == *source
            && lately.destination == *destination
        {
            return lately.flow;
        }
        let flow = self.hash(source, destination);
        if let Some(lately) = self.recent.ignored.get_mut(place) {
            *lately = Some(Lately { source: *source, destination: *destination, flow });
        }
        flow
    }

    /// The connection of this segment is in this slot.
    fn note_slot(&mut self, segment: &Segment<'_>, slot: u32) {
        let place = Recent::place(&segment.source, &segment.destination, RECENT_SLOTS);
        if let Some(late) = self.recent.slots.get_mut(place) {
            *late = slot;
        }
    }

    fn hash(&self, one: &Endpoint, other: &Endpoint) -> Fingerprint {
        // In one piece: each write costs more than a few bytes do.
        let mut hasher = self.keys.build_hasher();
        if let (IpAddr::V4(one_ip), IpAddr::V4(other_ip)) = (&one.ip, &other.ip) {
            let one = u64::from(one_ip.to_bits()) << 16 | u64::from(one.port);
            let other = u64::from(other_ip.to_bits()) << 16 | u64::from(other.port);
            let both = u128::from(one.min(other)) << 48 | u128::from(one.max(other));
            hasher.write(&both.to_ne_bytes());
        } else {
            let bits = |endpoint: &Endpoint| match endpoint.ip {
                IpAddr::V4(ip) => (u128::from(ip.to_bits()), endpoint.port),
                IpAddr::V6(ip) => (ip.to_bits(), endpoint.port),
            };
            let (one, other) = (bits(one), bits(other));
            let (low, high) = if one < other { (one, other) } else { (other, one) };
            let mut both = [0; 40];
            let parts = [low.0, high.0, u128::from(low.1) << 16 | u128::from(high.1)];
            for (slots, part) in both.chunks_mut(16).zip(parts) {
                slots.copy_from_slice(part.to_le_bytes().get(..slots.len()).unwrap_or_default());
            }
            hasher.write(&both);
        }
        Fingerprint(hasher.finish())
    }

    /// What to do with a segment, in one lookup. Keeps an ignored flow known, and forgets it once both sides
    /// closed or one reset.
    pub(super) fn route(&mut self, flow: Fingerprint, segment: &Segment<'_>) -> Route {
        let ignored = match self.map.get_mut(&flow) {
            None => return Route::Unknown,
            Some(&mut Flow::Live(slot)) => {
                self.note_slot(segment, slot);
                return Route::Live(slot);
            }
            Some(Flow::Ignored(ignored)) => ignored,
        };
        let flags = segment.flags;
        if flags.syn && !flags.rst && segment.ack.is_none() && ignored.is_reopened_by(segment.seq) {
            return Route::Unknown;
        }
        if flags.fin {
            ignored.fins |= if segment.source < segment.destination { 1 } else { 2 };
        }
        if flags.rst || ignored.fins == 3 {
            self.map.remove(&flow);
        } else if ignored.era != self.era {
            ignored.era = self.era;
            self.young = self.young.saturating_add(1);
        }
        Route::Ignored
    }

    /// The slot of a flow's connection, where it has one.
    pub(super) fn live(&self, flow: Fingerprint) -> Option<u32> {
        match self.map.get(&flow) {
            Some(&Flow::Live(slot)) => Some(slot),
            Some(Flow::Ignored(_)) | None => None,
        }
    }

    pub(super) fn set_live(&mut self, flow: Fingerprint, slot: u32) {
        self.map.insert(flow, Flow::Live(slot));
    }

    pub(super) fn remove(&mut self, flow: Fingerprint) {
        self.map.remove(&flow);
    }

    /// Ignores this flow from now on.
    pub(super) fn ignore(&mut self, flow: Fingerprint, ignored: Ignored, counts: &mut LimitCounts) {
        if self.young >= self.cap {
            let forgotten = self.next_era();
            counts.add(LimitName::IgnoredFlows, forgotten);
        }
        self.map.insert(flow, Flow::Ignored(Ignored { era: self.era, ..ignored }));
        self.young = self.young.saturating_add(1);
    }

    /// Forgets ignored flows that were silent for long. Costs a sweep, but only once in five minutes of
    /// capture time.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if self.era_began == Timestamp::MIN {
            self.era_began = now;
        } else if now.since(self.era_began) >= ERA {
            self.era_began = now;
            self.next_era();
        }
    }

    /// Begins an era and forgets the flows that were not seen in the one that ends; returns how many.
    fn next_era(&mut self) -> u64 {
        let ending = self.era;
        let before = self.map.len();
        self.map.retain(|_, flow| match flow {
            Flow::Live(_) => true,
            Flow::Ignored(ignored) => ignored.era == ending,
        });
        self.era = ending.wrapping_add(1);
        self.young = 0;
        u64::try_from(before.saturating_sub(self.map.len())).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_flow_takes_eight_bytes_beside_its_fingerprint() {
        assert_eq!(size_of::<Flow>(), 8);
        assert_eq!(size_of::<(Fingerprint, Flow)>(), 16);
    }

    #[test]
    fn ignored_flows_stay_below_their_cap_and_the_oldest_go_first() {
        let mut flows = Flows::new(10);
        let mut counts = LimitCounts::default();
        for number in 0..100 {
            flows.ignore(Fingerprint(number), Ignored::new(None), &mut counts);
            assert!(flows.map.len() <= 10);
        }
        assert!(flows.map.contains_key(&Fingerprint(99)));
        assert!(flows.map.contains_key(&Fingerprint(94)));
        assert!(!flows.map.contains_key(&Fingerprint(80)));
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 90);
    }

    #[test]
    fn an_ignored_flow_is_forgotten_after_five_to_ten_minutes_of_silence() {
        let minute = |minutes: i64| Timestamp::from_nanos(minutes * 60_000_000_000);
        let mut flows = Flows::new(10);
        flows.expire(minute(0));
        flows.ignore(Fingerprint(1), Ignored::new(None), &mut LimitCounts::default());
        flows.expire(minute(5));
        assert!(flows.map.contains_key(&Fingerprint(1)));
        flows.expire(minute(10));
        assert!(!flows.map.contains_key(&Fingerprint(1)));
    }
}
