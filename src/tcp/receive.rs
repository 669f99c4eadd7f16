//! A segment meets the connection on its 4-tuple.

use super::half::{Fin, cut, length, offset};
use super::incarnation::{CompetingIncarnation, SYN_FRAMES, Verdict};
use super::reassembly::{Arrival, Budget, Outlet};
use super::slab::Entry;
use super::track::{Belonging, is_over};
use super::{Connection, ConnectionId, Interest, Onset, Side, Sink};
use crate::base::{PacketRef, TimeDelta, Timestamp};
use crate::decode::Segment;
use crate::report::{EndState, FirstClose};

/// What is to become of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It goes on.
    Kept,
    /// Its owner has lost interest in it.
    Ignored,
    /// The segment opens another connection on the same 4-tuple.
    Succeeded,
    /// The connection that competes with it takes its place, and the segment is that one's.
    Displaced,
}

/// What a segment needs on its way into a connection.
pub(super) struct Reception<'a, S> {
    pub id: ConnectionId,
    pub sink: &'a mut S,
    pub budget: &'a mut Budget,
    pub now: Timestamp,
}

impl<S: Sink> Reception<'_, S> {
    /// Lets a segment act on the connection.
    pub(super) fn receive(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Outcome {
        if entry.track.half(side).is_copy(segment) {
            entry.connection.last = segment.packet;
            return Outcome::Kept;
        }
        let outcome = if segment.flags.rst {
            self.reset(entry, segment, side)
        } else if segment.flags.syn {
            self.synchronise(entry, segment, side)
        } else {
            self.segment(entry, segment, side)
        };
        outcome.unwrap_or(Outcome::Kept)
    }

    /// The first segment of a connection that has just been opened by it.
    pub(super) fn receive_first(&mut self, entry: &mut Entry, segment: &Segment<'_>) -> Outcome {
        let side =
            if segment.source == entry.connection.originator { Side::Originator } else { Side::Responder };
        if segment.flags.syn {
            entry.note_packet(segment, side, self.budget);
            self.payload(entry, segment, side)
        } else {
            self.segment(entry, segment, side).unwrap_or(Outcome::Kept)
        }
    }

    fn changed(&mut self, connection: &Connection) {
        self.sink.changed(self.id, connection);
    }

    /// The segment belongs to the connection.
    fn belongs(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) {
        entry.connection.last = segment.packet;
        entry.note_packet(segment, side, self.budget);
        entry.track.touched = self.now;
        entry.track.halves(side).0.remember(segment);
    }

    /// RST. None where it is none of the connection's business.
    #[cold]
    fn reset(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<Outcome> {
        let Entry { connection, track, .. } = entry;
        if track.judge_rival(segment, side) == Verdict::Confirms {
            // The RST that answers a challenge clears this connection away at the peer: that is how it ended.
            // One that refuses the new SYN is no word about this connection, of which that peer knows
            // nothing.
            let is_answer = track.competitor.as_ref().is_some_and(|competitor| competitor.originator == side);
            if is_answer && connection.end_state == EndState::Open {
                connection.end_state = EndState::Rst;
                note_close(connection, side, segment.packet);
            }
            return Some(Outcome::Displaced);
        }
        if connection.established.is_none() && side == Side::Responder {
            let answered = segment.ack.and_then(|ack| track.originator.offset_of(ack))?;
            if answered < 0 || answered > offset(track.originator.highest) {
                return None;
            }
            connection.refused.get_or_insert(segment.packet);
        } else if connection.established.is_none() && track.challenge == Some(segment.seq) {
            // The answer to a challenge clears away the old connection at the peer; the attempt goes on.
            self.belongs(entry, segment, side);
            return Some(Outcome::Kept);
        } else if !track.takes_reset(segment, side) {
            return None;
        }
        let is_news = !is_over(&entry.connection, &entry.track);
        if is_news {
            entry.connection.end_state = EndState::Rst;
            note_close(&mut entry.connection, side, segment.packet);
            entry.track.heed_last_acknowledgement(segment, side);
        }
        self.belongs(entry, segment, side);
        if is_news {
            self.changed(&entry.connection);
        }
        Some(Outcome::Kept)
    }

    /// SYN or SYN-ACK.
    fn synchronise(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<Outcome> {
        let Entry { connection, track, .. } = entry;
        let half = track.half(side);
        let is_late = half.syn.is_none() && half.offset_of(segment.seq.wrapping_add(1)) == Some(0);
        if half.syn == Some(segment.seq) || is_late {
            return self.repeated_syn(entry, segment, side);
        }
        if segment.ack.is_none() {
            return Some(self.other_syn(entry, segment, side));
        }
        if let Some(competitor) = &track.competitor
            && side != competitor.originator
            && competitor.is_answered_by(segment)
        {
            return Some(Outcome::Displaced);
        }
        // A peer that forgot its first SYN-ACK sends another number, as long as none was acknowledged and no
        // byte came: what is held by the first number must not be moved.
        let is_acknowledged = track.responder.acked.is_some() || track.responder.highest > 0;
        if connection.established.is_none() || (side == Side::Responder && !is_acknowledged) {
            return self.syn_ack(entry, segment, side);
        }
        is_over(connection, track).then_some(Outcome::Succeeded)
    }

    /// A SYN with a number that its side has not begun with.
    #[cold]
    fn other_syn(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Outcome {
        let Entry { connection, track, .. } = entry;
        if connection.established.is_none() && connection.end_state != EndState::Rst {
            track.halves(side).0.synchronise(segment);
            if side == Side::Originator {
                count_syn(connection, segment);
            }
            self.belongs(entry, segment, side);
            return self.payload(entry, segment, side);
        }
        if is_over(connection, track) {
            return Outcome::Succeeded;
        }
        match &mut track.competitor {
            Some(competitor) if competitor.originator == side => competitor.repeat(segment),
            competitor => *competitor = Some(Box::new(CompetingIncarnation::new(side, segment))),
        }
        Outcome::Kept
    }

    /// A SYN or SYN-ACK with the number that its side has begun with.
    #[cold]
    fn repeated_syn(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<Outcome> {
        let Entry { connection, track, .. } = entry;
        if is_over(connection, track) && connection.refused.is_none() {
            // A straggler; or a stack that always begins with the same number, once the old connection can't
            // be meant.
            let is_old = self.now.since(track.touched) < STRAGGLER;
            return if is_old || segment.ack.is_some() { None } else { Some(Outcome::Succeeded) };
        }
        if segment.ack.is_some() && connection.established.is_none() && side == Side::Responder {
            return self.syn_ack(entry, segment, side);
        }
        let half = track.halves(side).0;
        if half.syn.is_none() {
            half.syn = Some(segment.seq);
            half.syn_timestamp = segment.timestamp;
            connection.onset = Onset::Handshake;
        }
        if side == Side::Originator && segment.ack.is_none() {
            count_syn(connection, segment);
        }
        self.belongs(entry, segment, side);
        Some(self.payload(entry, segment, side))
    }

    /// SYN-ACK on a connection that is not established.
    fn syn_ack(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<Outcome> {
        let Entry { connection, track, .. } = entry;
        let (half, other) = track.halves(side);
        let acked = segment.ack.and_then(|ack| other.offset_of(ack));
        if acked.is_some_and(|acked| acked < 0 || acked > offset(other.highest)) {
            return None;
        }
        if side == Side::Originator && half.syn != Some(segment.seq) {
            return None;
        }
        half.synchronise(segment);
        if let Some(acked) = acked {
            other.acknowledge(acked);
        }
        connection.stream_mut(side).start_seen = true;
        if connection.refused.is_some() {
            // Refused first and taken at last: the RST was not the end.
            connection.end_state = EndState::Open;
            connection.first_close = None;
            connection.close = None;
        }
        let is_news = connection.established.is_none();
        connection.established.get_or_insert(segment.packet);
        self.belongs(entry, segment, side);
        if is_news {
            self.changed(&entry.connection);
        }
        Some(self.payload(entry, segment, side))
    }

    /// Neither SYN nor RST.
    fn segment(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<Outcome> {
        // Every segment after the SYN carries an ACK; one that doesn't is taken by nobody (RFC 9293
        // 3.10.7.4).
        segment.ack?;
        if entry.track.competitor.is_some()
            && let Some(outcome) = self.hear_of_rival(entry, segment, side)
        {
            return Some(outcome);
        }
        if entry.connection.established.is_none() {
            self.sign_of_life(entry, segment, side)?;
        }
        if entry.track.place(segment, side) == Belonging::Stray && !entry.track.resynchronise(segment, side) {
            return None;
        }
        let is_mid_stream = entry.connection.onset == Onset::MidStream;
        entry.track.learn_bases(segment, side, is_mid_stream);
        self.belongs(entry, segment, side);
        let (_, other) = entry.track.halves(side);
        if let Some(acked) = segment.ack.and_then(|ack| other.offset_of(ack)) {
            other.acknowledge(acked);
            if other.bytes.first_hole().is_some() {
                other.note_sacked(segment);
            }
            self.believe(entry, side.other(), acked);
        }
        let outcome = self.payload(entry, segment, side);
        if segment.flags.fin && outcome == Outcome::Kept {
            self.fin(entry, segment, side);
        }
        Some(outcome)
    }

    /// A segment while another connection competes with this one: what becomes of this one, if the segment
    /// decides that.
    #[cold]
    fn hear_of_rival(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<Outcome> {
        match entry.track.judge_rival(segment, side) {
            Verdict::Confirms => return Some(Outcome::Displaced),
            Verdict::Challenges if entry.track.place(segment, side) == Belonging::Ours => {
                if let Some(competitor) = &mut entry.track.competitor {
                    competitor.challenged_by(segment);
                }
                entry.track.touched = self.now;
                return Some(Outcome::Kept);
            }
            Verdict::Refutes if entry.track.place(segment, side) == Belonging::Ours => {
                entry.track.competitor = None;
            }
            _ => {}
        }
        None
    }

    /// The first segment after the SYN where no SYN-ACK was captured: it establishes the connection,
    /// challenges the SYN, or belongs to an earlier connection (None).
    #[cold]
    fn sign_of_life(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Option<()> {
        let Entry { connection, track, .. } = entry;
        if side == Side::Responder {
            let acked = segment.ack.and_then(|ack| track.originator.offset_of(ack))?;
            if acked < 0 || acked > offset(track.originator.highest) || track.is_of_previous(segment) {
                if is_bare(segment) {
                    let is_news = connection.challenged.is_none();
                    connection.challenged.get_or_insert(segment.packet);
                    track.challenge = segment.ack;
                    self.belongs(entry, segment, side);
                    // Its numbers are those of the earlier connection.
                    entry.track.responder.forget_numbers();
                    if is_news {
                        self.changed(&entry.connection);
                    }
                }
                return None;
            }
        } else if track.place(segment, side) == Belonging::Stray {
            return None;
        }
        connection.established = Some(segment.packet);
        self.changed(connection);
        Some(())
    }

    /// The payload of a segment that belongs to the connection, if it has any.
    #[inline]
    fn payload(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Outcome {
        if segment.payload.is_empty() && cut(segment) == 0 {
            return Outcome::Kept;
        }
        self.some_payload(entry, segment, side)
    }

    fn some_payload(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) -> Outcome {
        let Entry { connection, track, .. } = entry;
        let interest = track.interest;
        let (half, other) = track.halves(side);
        let seq = segment.seq.wrapping_add(u32::from(segment.flags.syn));
        let Some(start) = half.offset_of(seq) else { return Outcome::Kept };
        let Some((sent, mut cut)) = half.before_its_end(start, segment, other) else { return Outcome::Kept };
        // Bytes from before the capture's first one have no place.
        let before = start.min(0).unsigned_abs();
        let bytes = usize::try_from(before).ok().and_then(|before| sent.get(before..)).unwrap_or_default();
        if bytes.is_empty() {
            cut = cut.saturating_sub(before.saturating_sub(length(sent)));
            if cut == 0 {
                return Outcome::Kept;
            }
        }
        let from = u64::try_from(start).unwrap_or(0);
        let end = from.saturating_add(length(bytes));
        let is_keep_alive = segment.payload.len() <= 1
            && end == half.bytes.next()
            && half.acked.is_some_and(|acked| acked >= offset(end));
        half.highest = half.highest.max(end.saturating_add(cut));
        half.note_in_flight();
        let arrival = Arrival {
            offset: from,
            bytes,
            cut,
            packet: segment.packet,
            acked: segment.ack.and_then(|ack| other.offset_of(ack)).map(|acked| other.clamp(acked)),
            leads: before == 0,
            counts: !is_keep_alive,
            was_acked: half.acked.is_some_and(|acked| acked >= offset(end)),
            now: self.now,
        };
        let is_fresh = end > half.bytes.next() && !bytes.is_empty();
        let interest = if interest == Interest::Undecided && is_fresh {
            self.sink.probed(self.id, connection, side, bytes)
        } else {
            interest
        };
        match interest {
            Interest::Ignore => return Outcome::Ignored,
            Interest::Undecided => half.bytes.pass_over(&arrival, connection.stream_mut(side)),
            Interest::Follow => {
                let mut out = Outlet {
                    id: self.id,
                    side,
                    connection,
                    sink: self.sink,
                    received: u64::MAX,
                    sacked: None,
                };
                half.bytes.insert(&arrival, &mut out, self.budget);
            }
        }
        track.interest = interest;
        Outcome::Kept
    }

    /// A FIN, the payload before it taken in.
    fn fin(&mut self, entry: &mut Entry, segment: &Segment<'_>, side: Side) {
        let track = &mut entry.track;
        let (half, other) = track.halves(side);
        let len = length(segment.payload).saturating_add(cut(segment));
        let Some(end) = half.offset_of(segment.seq).map(|start| start.saturating_add(offset(len))) else {
            return;
        };
        let acked = segment.ack.and_then(|ack| other.offset_of(ack));
        let fin = Fin { offset: end, acked, packet: segment.packet };
        if half.fin.is_some() || end < offset(half.bytes.next()) {
            return;
        }
        if end < offset(half.highest) {
            half.doubted_fin = Some(Box::new(fin));
        } else {
            self.close(entry, side, fin);
        }
    }

    /// The receiver acknowledged up to this offset: if that is a FIN in front of other bytes, then those are
    /// not the stream's.
    fn believe(&mut self, entry: &mut Entry, side: Side, acked: i64) {
        let (half, _) = entry.track.halves(side);
        let Some(fin) = half.doubted_fin.take_if(|fin| fin.offset.saturating_add(1) == acked) else { return };
        if let Ok(end) = u64::try_from(fin.offset) {
            half.highest = end;
            half.bytes.truncate(end, entry.connection.stream_mut(side), self.budget);
            self.close(entry, side, *fin);
        }
    }

    /// A side's FIN, which is its first.
    fn close(&mut self, entry: &mut Entry, side: Side, fin: Fin) {
        let Entry { connection, track, .. } = entry;
        let (half, other) = track.halves(side);
        half.fin = Some(fin);
        connection.stream_mut(side).end_seen = true;
        note_close(connection, side, fin.packet);
        if let Some(first) = other.fin {
            let covers = |acked: Option<i64>, fin: i64| acked.is_some_and(|acked| acked > fin);
            if covers(first.acked, fin.offset) {
                // The capture holds the FINs in the wrong order.
                connection.first_close = Some(side.into());
                connection.close = Some(fin.packet);
            } else if !covers(fin.acked, first.offset) && connection.end_state == EndState::Open {
                connection.first_close = Some(FirstClose::Both);
            }
            connection.closed = Some(fin.packet.time);
            connection.end_state = EndState::Fin;
        }
        self.changed(connection);
    }
}

/// How long after the last packet of a closed connection a SYN with its own number is a straggler of it.
const STRAGGLER: TimeDelta = TimeDelta::from_secs(3);

/// Whether a segment carries nothing but an ACK.
const fn is_bare(segment: &Segment<'_>) -> bool {
    segment.payload.is_empty() && segment.cut == 0 && !segment.flags.fin
}

/// Counts a SYN of the originator.
fn count_syn(connection: &mut Connection, segment: &Segment<'_>) {
    connection.syn_attempts = connection.syn_attempts.saturating_add(1);
    if connection.syn_frames.len() < SYN_FRAMES {
        connection.syn_frames.push(segment.packet.frame);
    }
}

/// Takes note of the first FIN or RST.
fn note_close(connection: &mut Connection, side: Side, packet: PacketRef) {
    if connection.first_close.is_none() {
        connection.first_close = Some(side.into());
        connection.close = Some(packet);
    }
}

impl From<Side> for FirstClose {
    fn from(side: Side) -> Self {
        match side {
            Side::Originator => Self::Originator,
            Side::Responder => Self::Responder,
        }
    }
}
