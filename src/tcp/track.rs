//! What a segment does to the connection that it may belong to.

use super::doubt::Doubts;
use super::half::{Fin, Half, PLAUSIBLE, offset};
use super::incarnation::{CompetingIncarnation, Verdict};
use super::trouble::Repeats;
use super::{Connection, Interest, Side};
use crate::base::{Endpoint, TimeDelta, Timestamp};
use crate::decode::Segment;

/// What is known of a connection beside its facts; what each segment needs comes first.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Track {
    pub interest: Interest,
    /// Whether the next segment may take the fast path; nothing but a segment on the slow path changes that.
    pub in_order: bool,
    /// Whether its holes are looked after.
    pub watched: bool,
    /// Whether it is, or may be, a dialogue, each segment of which is looked at.
    pub is_dialogue: bool,
    /// Whether it was told whose checksums are right.
    pub are_checksums_told: bool,
    /// The last sign of life, by the clock that timers run by.
    pub touched: Timestamp,
    pub originator: Half,
    pub responder: Half,
    /// A newer SYN on the same 4-tuple that may or may not be genuine.
    pub competitor: Option<Box<CompetingIncarnation>>,
    /// Segments that may not have been received.
    pub doubts: Option<Box<Doubts>>,
    /// The connection that was on the 4-tuple before.
    pub previous: Option<PreviousIncarnation>,
    /// The acknowledgement number of the plain ACK that answered a SYN.
    pub challenge: Option<u32>,
    /// When the last SYN was sent, where one was captured.
    pub syn_at: Option<Timestamp>,
    /// How long after it the SYN-ACK came, and when that came last, while the third packet of the handshake
    /// has not come.
    pub syn_ack: Option<(TimeDelta, Timestamp)>,
    /// What each side sent again and again.
    pub repeats: Option<Box<Repeats>>,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            interest: Interest::Undecided,
            originator: Half::default(),
            responder: Half::default(),
            competitor: None,
            previous: None,
            challenge: None,
            syn_at: None,
            syn_ack: None,
            repeats: None,
            touched: Timestamp::MIN,
            watched: false,
            in_order: false,
            is_dialogue: false,
            are_checksums_told: false,
            doubts: None,
        }
    }
}

/// Where the numbers of an earlier connection on the same 4-tuple ended: what fits these is not the new
/// one's.
#[derive(Clone, Copy, Debug)]
pub(super) struct PreviousIncarnation {
    originator: Endpoint,
    originator_end: Option<u32>,
    responder_end: Option<u32>,
    until: Timestamp,
}

impl PreviousIncarnation {
    /// How far below its end an old connection's stragglers may lie.
    const REACH: u32 = 2 << 20;
    /// For how long they may still arrive: 2 MSL as most stacks have it.
    const LINGER: TimeDelta = TimeDelta::from_secs(60);

    /// What is to be remembered of a connection that another one follows at this time.
    pub(super) fn of(connection: &Connection, track: &Track, now: Timestamp) -> Self {
        Self {
            originator: connection.originator,
            originator_end: track.originator.end_seq(),
            responder_end: track.responder.end_seq(),
            until: now.plus(Self::LINGER),
        }
    }

    /// Whether a segment carries the numbers that the earlier connection ended with.
    fn claims(&self, segment: &Segment<'_>) -> bool {
        let (own, other) = if segment.source == self.originator {
            (self.originator_end, self.responder_end)
        } else {
            (self.responder_end, self.originator_end)
        };
        let is_near =
            |end: Option<u32>, number: u32| end.is_some_and(|end| end.wrapping_sub(number) <= Self::REACH);
        segment.packet.time < self.until
            && is_near(own, segment.seq)
            && segment.ack.is_some_and(|ack| is_near(other, ack))
    }
}

/// Whose a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belonging {
    /// It belongs to the connection.
    Ours,
    /// It belongs to an earlier connection on the 4-tuple, or to nobody.
    Stray,
}

impl Track {
    pub(super) const fn half(&self, side: Side) -> &Half {
        match side {
            Side::Originator => &self.originator,
            Side::Responder => &self.responder,
        }
    }

    /// The half of `side`, and the other one.
    pub(super) const fn halves(&mut self, side: Side) -> (&mut Half, &mut Half) {
        match side {
            Side::Originator => (&mut self.originator, &mut self.responder),
            Side::Responder => (&mut self.responder, &mut self.originator),
        }
    }

    /// Whether bytes of either side wait behind others that have not come.
    pub(super) fn has_hole(&self) -> bool {
        [&self.originator, &self.responder].iter().any(|half| half.bytes.first_hole().is_some())
    }

    /// Takes an RST's word for what its sender had received, where the capture lacks some of it. In a dialogue alone:
    /// what a data connection's receiver had not read yet is lost by its RST, acknowledged or not.
    pub(super) fn heed_last_acknowledgement(&mut self, segment: &Segment<'_>, side: Side) {
        let is_dialogue = self.is_dialogue;
        let (_, other) = self.halves(side);
        let end = offset(other.highest).saturating_add(i64::from(other.fin.is_some()));
        let acked =
            segment.ack.and_then(|ack| other.offset_of(ack)).filter(|acked| (0..=end).contains(acked));
        if let Some(acked) = acked
            && is_dialogue
            && other.bytes.first_hole().is_some()
        {
            other.acknowledge(acked);
        }
    }

    /// Whether both FINs were captured.
    pub(super) const fn has_both_fins(&self) -> bool {
        self.originator.fin.is_some() && self.responder.fin.is_some()
    }

    /// Whether both FINs were captured and an acknowledgement of one of them was not.
    pub(super) fn lacks_last_acknowledgement(&self) -> bool {
        let is_unheard = |half: &Half, fin: Fin| half.acked.is_none_or(|acked| acked <= fin.offset);
        match (self.originator.fin, self.responder.fin) {
            (Some(one), Some(other)) => {
                is_unheard(&self.originator, one) || is_unheard(&self.responder, other)
            }
            _ => false,
        }
    }

    /// Whether a segment that carries an ACK lies where the connection's next ones may (RFC 9293 3.10.7.4,
    /// RFC 5961 5).
    pub(super) fn place(&self, segment: &Segment<'_>, side: Side) -> Belonging {
        let (half, other) = match side {
            Side::Originator => (&self.originator, &self.responder),
            Side::Responder => (&self.responder, &self.originator),
        };
        if self.is_left_over(segment, side) {
            return Belonging::Stray;
        }
        if let Some(start) = half.offset_of(segment.seq) {
            let reached = half.reached();
            // One byte below the first is a keep-alive; a stream that began before the capture has older
            // ones.
            let lowest = if half.syn.is_some() { -1 } else { -PLAUSIBLE };
            if start < lowest.max(reached.saturating_sub(PLAUSIBLE))
                || start > reached.saturating_add(PLAUSIBLE)
            {
                return Belonging::Stray;
            }
        }
        if let Some(acked) = segment.ack.and_then(|ack| other.offset_of(ack)) {
            let reached = other.reached();
            let lowest = if other.syn.is_some() { 0 } else { -PLAUSIBLE };
            if acked < lowest.max(reached.saturating_sub(PLAUSIBLE))
                || acked > reached.saturating_add(PLAUSIBLE)
            {
                return Belonging::Stray;
            }
        }
        Belonging::Ours
    }

    /// Whether a segment is left over from the connection that was here before: by its numbers, or by a TSval
    /// from before this connection's SYN. Without such a connection TSvals prove nothing.
    #[inline]
    fn is_left_over(&self, segment: &Segment<'_>, side: Side) -> bool {
        self.previous.as_ref().is_some_and(|previous| segment.packet.time < previous.until)
            && self.is_older(segment, side)
    }

    /// Whether a segment's numbers show that it is not of this connection.
    #[cold]
    fn is_older(&self, segment: &Segment<'_>, side: Side) -> bool {
        self.half(side).is_outdated(segment)
            || (self.is_of_previous(segment) && !self.continues(segment, side))
    }

    /// Whether a segment carries the numbers of the connection that was here before.
    pub(super) fn is_of_previous(&self, segment: &Segment<'_>) -> bool {
        self.previous.as_ref().is_some_and(|previous| previous.claims(segment))
    }

    /// Whether a segment neither skips nor acknowledges anything that was not captured.
    fn continues(&self, segment: &Segment<'_>, side: Side) -> bool {
        let is_known = |half: &Half, number: u32| {
            half.offset_of(number)
                .is_some_and(|offset| (0..=half.reached().saturating_add(1)).contains(&offset))
        };
        is_known(self.half(side), segment.seq)
            && segment.ack.is_none_or(|ack| is_known(self.half(side.other()), ack))
    }

    /// Resynchronises with a stream of which the capture lost more than any window: where the receiver
    /// acknowledges what came from far ahead, or, where the receiver was never captured, after a few segments
    /// that follow on each other. Returns whether this segment belongs to the connection after all.
    #[cold]
    pub(super) fn resynchronise(&mut self, segment: &Segment<'_>, side: Side) -> bool {
        const ENOUGH: u32 = 3;
        let (half, other) = self.halves(side);
        if let (Some(ack), Some(far)) = (segment.ack, &other.far)
            && far.is_acknowledged_by(ack)
            && let Some(acked) = other.offset_of(ack).filter(|&acked| acked > 0)
        {
            other.acknowledge(acked);
            other.far = None;
            return self.place(segment, side) == Belonging::Ours;
        }
        if segment.payload.is_empty() && segment.cut == 0 {
            return false;
        }
        half.note_far(segment);
        let is_enough = !other.has_sent && half.far.as_ref().is_some_and(|far| far.segments >= ENOUGH);
        if let Some(start) = half.offset_of(segment.seq).filter(|&start| is_enough && start > 0) {
            half.acknowledge(start);
            half.far = None;
        }
        self.place(segment, side) == Belonging::Ours
    }

    /// Whether an RST lies where its receiver would take it (RFC 5961 3.2): not below what was acknowledged,
    /// and not beyond a window that is in use somewhere.
    pub(super) fn takes_reset(&self, segment: &Segment<'_>, side: Side) -> bool {
        const WINDOW: i64 = 1 << 20;
        let half = self.half(side);
        if self.is_left_over(segment, side) {
            return false;
        }
        let Some(offset) = half.offset_of(segment.seq) else { return true };
        let lowest = if self.half(side.other()).has_sent {
            half.acked.unwrap_or(0)
        } else {
            half.reached().saturating_sub(WINDOW)
        };
        (lowest..=half.reached().saturating_add(WINDOW)).contains(&offset)
    }

    /// What a segment without SYN means to the competitor, if there is one.
    pub(super) fn judge_rival(&self, segment: &Segment<'_>, side: Side) -> Verdict {
        self.competitor.as_ref().map_or(Verdict::Neutral, |competitor| competitor.judge(segment, side, self))
    }

    /// Fixes offset 0 of both sides as soon as one of their sequence numbers is seen. What a packet
    /// acknowledges is where the other side goes on, and the best guess at where it began; its own first
    /// packet corrects that.
    pub(super) fn learn_bases(&mut self, segment: &Segment<'_>, side: Side, is_mid_stream: bool) {
        let (half, other) = self.halves(side);
        if !half.is_based() {
            // A lone NUL is a keep-alive's, which stands before the next byte (RFC 9293 3.8.4 lets it be any
            // octet, but stacks that send one send this).
            let is_probe = is_mid_stream && segment.payload == [0] && segment.cut == 0;
            half.set_base(segment.seq.wrapping_add(u32::from(is_probe)));
        } else if !half.has_sent && is_mid_stream {
            match half.offset_of(segment.seq) {
                Some(start @ 1..=PLAUSIBLE) => {
                    let start = start.unsigned_abs();
                    half.highest = half.highest.max(start);
                    half.bytes.begin_at(start);
                }
                Some(start) if (-PLAUSIBLE..0).contains(&start) && segment.payload.len() > 1 => {
                    half.set_base(segment.seq);
                }
                _ => {}
            }
        }
        if let Some(ack) = segment.ack
            && !other.is_based()
        {
            other.set_base(ack);
        }
    }
}

/// Whether only stray segments can follow: both FINs were seen, or an RST.
pub(super) fn is_over(connection: &Connection, track: &Track) -> bool {
    track.has_both_fins() || connection.end_state == crate::report::EndState::Rst
}
