//! One direction of a connection: its sequence numbers, turned into stream offsets.

use super::deeds::Deeds;
use super::doubt::Checksums;
use super::reassembly::Reassembly;
use super::sack::Sacked;
use crate::base::{PacketRef, TimeDelta, Timestamp};
use crate::decode::{Flags, Segment, offers_window_scaling};

/// How far from what is known a sequence or acknowledgement number may lie and still belong to the
/// connection: far more than any window in use, and far less than what a blind guess (RFC 5961) hits.
pub(super) const PLAUSIBLE: i64 = 64 << 20;

/// How long after a packet the capture may hold it a second time (a mirror port that copies both directions).
pub(super) const COPY: TimeDelta = TimeDelta::from_millis(1);

/// A FIN.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fin {
    /// The offset behind the last byte of the stream.
    pub offset: i64,
    /// What its sender had acknowledged of the other side.
    pub acked: Option<i64>,
    /// The packet.
    pub packet: PacketRef,
}

/// Payload far from where the stream was: perhaps forged, or perhaps the capture lost a lot before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Far {
    start: u32,
    end: u32,
    /// How many segments it was that follow on each other.
    pub segments: u32,
}

impl Far {
    /// Whether an acknowledgement number says that these bytes were received.
    pub(super) const fn is_acknowledged_by(&self, ack: u32) -> bool {
        let acked = ack.wrapping_sub(self.start);
        0 < acked && acked <= self.end.wrapping_sub(self.start)
    }
}

/// What distinguishes a copy of a packet from a retransmission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Header {
    seq: u32,
    ack: u32,
    timestamp: u32,
    len: u32,
    window: u16,
    flags: Flags,
    has_ack: bool,
}

/// What one side sent, as far as sequence numbers go; what each segment needs comes first.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Half {
    /// Sequence number of offset 0.
    base: Option<u32>,
    /// The highest offset that is known to have been sent.
    pub highest: u64,
    /// The highest offset that the other side acknowledged; a FIN counts as one byte here.
    pub acked: Option<i64>,
    /// The bytes.
    pub bytes: Reassembly,
    last_time: Timestamp,
    last: Header,
    /// Most bytes that were under way and not yet acknowledged.
    pub max_in_flight: u64,
    /// What it has done so far.
    pub deeds: Deeds,
    /// Whether any packet of this side was captured.
    pub has_sent: bool,
    /// Whether its checksums are right.
    pub checksums: Checksums,
    /// What the receiver has of it beyond a hole.
    pub sacked: Option<Box<Sacked>>,
    /// Its FIN.
    pub fin: Option<Fin>,
    /// A FIN before the end of what was captured: one of the two can't be the stream's.
    pub doubted_fin: Option<Box<Fin>>,
    /// Payload out of all windows.
    pub far: Option<Box<Far>>,
    /// Its initial sequence number, where its SYN was captured.
    pub syn: Option<u32>,
    /// TSval of that SYN: what is older belongs to an earlier connection (RFC 7323, PAWS).
    pub syn_timestamp: Option<u32>,
    /// Whether that SYN offered to scale windows.
    pub scales: Option<bool>,
}

impl Half {
    /// The half of a side whose SYN or SYN-ACK this is.
    pub(super) fn synchronised(segment: &Segment<'_>) -> Self {
        let mut half = Self::default();
        half.synchronise(segment);
        half
    }

    /// Takes the numbers of this side's SYN or SYN-ACK.
    pub(super) fn synchronise(&mut self, segment: &Segment<'_>) {
        self.base = Some(segment.seq.wrapping_add(1));
        self.syn = Some(segment.seq);
        self.syn_timestamp = segment.timestamp;
        self.scales = Some(offers_window_scaling(segment.options()));
        self.has_sent = true;
    }

    /// Forgets what was learnt of its numbers; what was delivered stays delivered.
    pub(super) fn forget_numbers(&mut self) {
        *self = Self { bytes: std::mem::take(&mut self.bytes), ..Self::default() };
    }

    /// Lets offset 0 be this sequence number.
    pub(super) fn set_base(&mut self, seq: u32) {
        self.base = Some(seq);
    }

    /// The sequence number of offset 0.
    pub(super) const fn base(&self) -> Option<u32> {
        self.base
    }

    /// Whether sequence numbers can be turned into offsets.
    pub(super) const fn is_based(&self) -> bool {
        self.base.is_some()
    }

    /// The offset that a sequence number near the end of the stream stands for; negative before offset 0.
    pub(super) fn offset_of(&self, seq: u32) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "sequence numbers are offsets modulo 2^32")]
        let near = self.base?.wrapping_add(self.highest as u32);
        let distance = i64::from(seq.wrapping_sub(near).cast_signed());
        Some(offset(self.highest).saturating_add(distance))
    }

    /// The farthest offset that this side can have reached, according to either side.
    pub(super) fn reached(&self) -> i64 {
        offset(self.highest).max(self.acked.unwrap_or(0))
    }

    /// Whether a segment brings payload that was delivered before; a keep-alive's octet is none.
    pub(super) fn is_sent_again(&self, segment: &Segment<'_>) -> bool {
        length(segment.payload).saturating_add(cut(segment)) > 1
            && self
                .offset_of(segment.seq)
                .is_some_and(|start| (0..offset(self.bytes.next())).contains(&start))
    }

    /// Takes note of how much is under way now.
    #[inline]
    pub(super) fn note_in_flight(&mut self) {
        if let Some(acked) = self.acked {
            let in_flight = self.highest.saturating_sub(u64::try_from(acked).unwrap_or(0));
            self.max_in_flight = self.max_in_flight.max(in_flight);
        }
    }

    /// Takes note that the other side acknowledged up to this offset.
    pub(super) fn acknowledge(&mut self, offset: i64) {
        self.acked = Some(self.acked.map_or(offset, |acked| acked.max(offset)));
    }

    /// The offset of the first byte that is certain never to have existed: behind the FIN.
    pub(super) fn clamp(&self, acked: i64) -> u64 {
        let acked = self.fin.map_or(acked, |fin| acked.min(fin.offset));
        u64::try_from(acked).unwrap_or(0)
    }

    /// The payload of a segment that starts at `start`, and how many bytes of it the capture cut off, without
    /// what can't be the stream's; none where nothing is left.
    ///
    /// What begins at the FIN or behind it is no payload: keep-alive probes of a side that has closed carry
    /// an octet there (RFC 9293 3.8.4).
    #[inline]
    pub(super) fn before_its_end<'a>(
        &self,
        start: i64,
        segment: &Segment<'a>,
        other: &Self,
    ) -> Option<(&'a [u8], u64)> {
        let cut = cut(segment);
        match self.fin {
            Some(fin) => before_fin(fin, start, segment.payload, cut),
            None if segment.payload.len() == 1 && cut == 0 && self.is_late_probe(start, segment, other) => {
                None
            }
            None => Some((segment.payload, cut)),
        }
    }

    /// Whether a lone octet was acknowledged a while before anybody saw it: a keep-alive probe. Where the
    /// capture lacks the FIN it stands in the FIN's place, elsewhere it is garbage in the place of a byte
    /// that the capture lacks.
    #[cold]
    fn is_late_probe(&self, start: i64, segment: &Segment<'_>, other: &Self) -> bool {
        /// Far less than any keep-alive waits, and more than packets are captured out of order.
        const IDLE: TimeDelta = TimeDelta::from_secs(1);
        start == offset(self.highest)
            && start == offset(self.bytes.next())
            && self.acked.is_some_and(|acked| acked > start)
            && segment.packet.time.since(other.last_time) >= IDLE
    }

    /// Whether a segment with this sequence number may have been this side's: a blind guess hits few numbers
    /// (RFC 5927).
    pub(super) fn may_have_sent(&self, seq: u32) -> bool {
        /// More than any window in use.
        const BACK: i64 = 8 << 20;
        let reached = self.reached();
        // A FIN stands right behind the last byte.
        self.offset_of(seq).is_some_and(|start| (reached.saturating_sub(BACK)..=reached).contains(&start))
    }

    /// The sequence number behind all that is known to have been sent.
    pub(super) fn end_seq(&self) -> Option<u32> {
        let end = self.reached().max(self.fin.map_or(0, |fin| fin.offset.saturating_add(1)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2^32")]
        self.base.map(|base| base.wrapping_add(end as u32))
    }

    /// Up to where the stream is known to reach when its connection ends: to its FIN, or to what the other
    /// side acknowledged.
    pub(super) fn known_end(&self, other: &Self) -> u64 {
        // A side that has closed waits for the other's FIN, and acknowledges it as if it were a byte.
        let fin = i64::from(other.fin.is_some());
        // An acknowledgement of one more than all bytes is that of a FIN which was not captured.
        let is_beyond = |end: &i64| *end > offset(self.highest).saturating_add(1);
        let acknowledged = || self.acked.filter(|_| self.has_sent).map(|acked| acked.saturating_sub(fin));
        let reached = || acknowledged().max(self.sacked_end()).filter(is_beyond);
        let end = self.fin.map(|fin| fin.offset).or_else(reached);
        end.and_then(|end| u64::try_from(end).ok()).unwrap_or(0).max(self.highest)
    }

    /// Up to where the other side has the stream; all of it where that side was not captured and nothing can
    /// be said.
    pub(super) fn received(&self, other: &Self) -> u64 {
        if other.has_sent { self.acked.map_or(0, |acked| self.clamp(acked)) } else { u64::MAX }
    }

    /// How many bytes of a side of which no packet was captured were received by the other one.
    pub(super) fn unseen(&self, other: &Self) -> u64 {
        if self.has_sent || !other.has_sent {
            return 0;
        }
        // A side that has closed waits for the other's FIN, and acknowledges it as if it were a byte.
        let fin = i64::from(other.fin.is_some());
        self.acked.map_or(0, |acked| self.clamp(acked.saturating_sub(fin))).saturating_sub(self.bytes.next())
    }

    /// Takes note of payload that is out of all windows.
    pub(super) fn note_far(&mut self, segment: &Segment<'_>) {
        let len = length(segment.payload).saturating_add(cut(segment));
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32")]
        let end = segment.seq.wrapping_add(len as u32);
        let far = self
            .far
            .get_or_insert_with(|| Box::new(Far { start: segment.seq, end: segment.seq, segments: 0 }));
        if far.end != segment.seq {
            **far = Far { start: segment.seq, end, segments: 0 };
        }
        far.end = end;
        far.segments = far.segments.saturating_add(1);
    }

    /// Whether this segment is the last one again, captured twice.
    pub(super) fn is_copy(&self, segment: &Segment<'_>) -> bool {
        self.has_sent
            && segment.packet.time.since(self.last_time).abs() <= COPY
            && self.last == Header::of(segment)
    }

    /// Remembers this segment as the last one.
    pub(super) fn remember(&mut self, segment: &Segment<'_>) {
        self.has_sent = true;
        self.last_time = segment.packet.time;
        self.last = Header::of(segment);
    }

    /// Whether the segment's TSval is older than this side's SYN: then it belongs to an earlier connection.
    pub(super) fn is_outdated(&self, segment: &Segment<'_>) -> bool {
        match (self.syn_timestamp, segment.timestamp) {
            (Some(first), Some(this)) => this.wrapping_sub(first).cast_signed() < 0,
            _ => false,
        }
    }
}

/// What of a segment's payload lies before its side's FIN.
#[cold]
fn before_fin(fin: Fin, start: i64, sent: &[u8], cut: u64) -> Option<(&[u8], u64)> {
    let room = u64::try_from(fin.offset.saturating_sub(start)).ok().filter(|&room| room > 0)?;
    let kept = sent.get(..usize::try_from(room).unwrap_or(usize::MAX)).unwrap_or(sent);
    Some((kept, cut.min(room.saturating_sub(length(kept)))))
}

impl Header {
    fn of(segment: &Segment<'_>) -> Self {
        Self {
            seq: segment.seq,
            ack: segment.ack.unwrap_or(0),
            timestamp: segment.timestamp.unwrap_or(0),
            len: u32::try_from(segment.payload.len()).unwrap_or(u32::MAX),
            window: segment.window,
            flags: segment.flags,
            has_ack: segment.ack.is_some(),
        }
    }
}

/// How many bytes the capture cut off behind a segment's payload. A length beyond what any offload engine
/// puts into one packet is not believed.
pub(super) fn cut(segment: &Segment<'_>) -> u64 {
    const MOST: u32 = 1 << 20;
    if segment.cut > MOST { 0 } else { u64::from(segment.cut) }
}

/// An offset as a signed number.
pub(super) fn offset(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// The length of some bytes as a stream length.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
