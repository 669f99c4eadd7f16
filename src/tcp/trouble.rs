//! What goes wrong on the way, as the packets of a connection show it: looked at on the slow path alone, which
//! all of it takes.

use super::deeds::Deed;
use super::half::{Half, cut, length, offset};
use super::reassembly::Budget;
use super::slab::Entry;
use super::track::Track;
use super::{Connection, Onset, Side};
use crate::decode::Segment;
use crate::report::{OddReset, Overshoot, SynAcks, Trouble, Unheard};

/// Hops that routes of the same host differ by now and then.
const ROUTES_DIFFER: u8 = 1;

/// More bytes than these are no line whose length a device changed.
const MOST_CHANGED: i64 = 64;

/// What the originator and the responder sent again and again.
pub(super) type Repeats = [Option<Repeated>; 2];

/// What was sent again and is not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated {
    start: i64,
    unheard: Unheard,
}

const fn place(side: Side) -> usize {
    match side {
        Side::Originator => 0,
        Side::Responder => 1,
    }
}

/// Where trouble of the connection is noted, if there is room.
#[cold]
fn trouble<'c>(connection: &'c mut Connection, budget: &mut Budget) -> Option<&'c mut Trouble> {
    if connection.trouble.is_none() && !budget.take_trouble() {
        return None;
    }
    Some(connection.trouble.get_or_insert_default())
}

impl Entry {
    /// Takes note of trouble that a packet shows, before it acts on the connection.
    pub(super) fn note_trouble(
        &mut self,
        segment: &Segment<'_>,
        side: Side,
        is_again: bool,
        budget: &mut Budget,
    ) {
        let Self { connection, track, .. } = self;
        let (half, other) = track.halves(side);
        if segment.flags.rst {
            note_reset(connection, half, segment, side, budget);
        } else if segment.flags.syn {
            // The first SYN-ACK is written down only after this.
            if segment.ack.is_some() && side == Side::Responder && half.deeds.has(Deed::Opened) {
                let was_answered = other.deeds.has(Deed::Acknowledged) || other.deeds.has(Deed::Sent);
                let Some(trouble) = trouble(connection, budget) else { return };
                let known = &mut trouble.syn_acks;
                let count = known.map_or(1, |known| known.count).saturating_add(1);
                *known = Some(SynAcks { count, last: segment.packet.into(), was_answered });
            }
        } else {
            note_overshoot(connection, (half, other), segment, side, budget);
            if is_again {
                self.note_repeat(segment, side, budget);
            }
        }
    }

    #[cold]
    fn note_repeat(&mut self, segment: &Segment<'_>, side: Side, budget: &mut Budget) {
        let track = &mut self.track;
        let half = track.half(side);
        let acked = half.acked.unwrap_or(0);
        let Some(repeated) = half.repeat(segment) else { return };
        if track.repeats.is_none() && !budget.take_trouble() {
            return;
        }
        if let Some(known) = track.repeats.get_or_insert_default().get_mut(place(side)) {
            Repeated::add(known, repeated, acked);
        }
    }
}

/// A RST whose hop limit is not that of the packets before it: the first of a side counts.
#[cold]
fn note_reset(
    connection: &mut Connection,
    half: &Half,
    segment: &Segment<'_>,
    side: Side,
    budget: &mut Budget,
) {
    let Some((lowest, highest)) = half.deeds.hop_limits() else { return };
    let hop_limit = segment.hop_limit;
    let usual = lowest.saturating_sub(ROUTES_DIFFER)..=highest.saturating_add(ROUTES_DIFFER);
    if usual.contains(&hop_limit) {
        return;
    }
    let trouble = trouble(connection, budget);
    if let Some(known) = trouble.and_then(|trouble| trouble.odd_resets.get_mut(place(side))) {
        known.get_or_insert(OddReset { hop_limit, usual: lowest, packet: segment.packet.into() });
    }
}

/// An acknowledgement of bytes that the other side never sent, or the proof that it was one.
fn note_overshoot(
    connection: &mut Connection,
    (half, other): (&Half, &Half),
    segment: &Segment<'_>,
    side: Side,
    budget: &mut Budget,
) {
    if let Some(trouble) = &mut connection.trouble
        && !segment.payload.is_empty()
        && half.offset_of(segment.seq).is_some_and(|start| start <= offset(half.highest))
        && half.acked.is_some_and(|acked| acked > offset(half.highest))
        && let Some(Some(overshoot)) = trouble.overshoot.get_mut(place(side))
    {
        overshoot.is_contradicted = true;
    }
    let Some(acked) = segment.ack.and_then(|ack| other.offset_of(ack)) else { return };
    let sent = offset(other.highest).saturating_add(i64::from(other.fin.is_some()));
    let beyond = acked.saturating_sub(sent);
    let is_known = connection.onset == Onset::Handshake && other.has_sent && connection.established.is_some();
    if !is_known || !(1..=MOST_CHANGED).contains(&beyond) {
        return;
    }
    let overshoot = Overshoot {
        bytes: u32::try_from(beyond).unwrap_or_default(),
        times: 0,
        first: segment.packet.into(),
        is_contradicted: false,
    };
    let trouble = trouble(connection, budget);
    if let Some(place) = trouble.and_then(|trouble| trouble.overshoot.get_mut(place(side.other()))) {
        let known = place.get_or_insert(overshoot);
        known.times = known.times.saturating_add(1);
    }
}

impl Half {
    /// A segment that was sent before, where what it carries has not arrived.
    fn repeat(&self, segment: &Segment<'_>) -> Option<Repeated> {
        let start = self.offset_of(segment.seq)?;
        let len = length(segment.payload).saturating_add(cut(segment));
        let has_arrived = start.saturating_add(offset(len)) <= self.acked.unwrap_or(0);
        let (len, now) = (u32::try_from(len).unwrap_or(u32::MAX), segment.packet.into());
        let unheard = Unheard { len, times: 1, first: now, last: now, acknowledged: 0 };
        (!has_arrived).then_some(Repeated { start, unheard })
    }

    /// What was sent again and again, and is not acknowledged.
    fn unheard(&self, repeated: Option<Repeated>, other: &Self) -> Option<Unheard> {
        let acked = self.acked.unwrap_or(0);
        // Of a side that was never captured nothing can be said.
        let repeated = repeated.filter(|repeated| repeated.start >= acked && other.has_sent)?;
        Some(Unheard { acknowledged: self.clamp(acked), ..repeated.unheard })
    }
}

impl Repeated {
    /// Adds one more to what is known, or replaces it where that has arrived.
    fn add(known: &mut Option<Self>, again: Self, acked: i64) {
        let Some(known) = known.as_mut().filter(|known| known.start >= acked) else {
            *known = Some(again);
            return;
        };
        let (unheard, more) = (&mut known.unheard, again.unheard);
        unheard.len = unheard.len.max(more.len);
        unheard.last = more.last;
        if again.start <= known.start {
            known.start = again.start;
            unheard.times = unheard.times.saturating_add(1);
        }
    }
}

impl Track {
    /// What either side sent again and again and did not see acknowledged so far.
    pub(super) fn note_unheard(&self, connection: &mut Connection) {
        let Some([of_originator, of_responder]) = self.repeats.as_deref().copied() else { return };
        let (originator, responder) = (&self.originator, &self.responder);
        let unheard =
            [originator.unheard(of_originator, responder), responder.unheard(of_responder, originator)];
        if unheard.iter().any(Option::is_some) {
            connection.trouble.get_or_insert_default().unheard = unheard;
        }
    }
}
