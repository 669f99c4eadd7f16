//! A SYN on the 4-tuple of a connection that has not ended.

use smallvec::smallvec;

use super::half::{Half, offset};
use super::track::Track;
use super::{Connection, Onset, Side, Stream};
use crate::base::PacketRef;
use crate::decode::Segment;
use crate::report::{History, SynFrames};

/// How many SYNs are remembered by frame.
pub(super) const SYN_FRAMES: usize = 8;

/// An attempt at a new connection beside one that is alive.
///
/// It may be a blind guess, which the peer answers with a challenge ACK while the old connection lives on
/// (RFC 5961), or the old one may have died silently. What comes next decides.
#[derive(Debug)]
pub(super) struct CompetingIncarnation {
    /// Who sent the SYN, by its side in the old connection.
    pub originator: Side,
    /// Its numbers.
    half: Half,
    isn: u32,
    first: PacketRef,
    /// The sequence number of that.
    opening: u32,
    last: PacketRef,
    attempts: u32,
    /// Bytes of these from the IP header on.
    ip_bytes: u64,
    frames: SynFrames,
    challenged: Option<PacketRef>,
    /// The acknowledgement number of the challenge.
    pub challenge: Option<u32>,
}

/// What a segment means to a competitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It shows that the new connection replaces the old one, and belongs to the new one.
    Confirms,
    /// It answers the SYN, and belongs to neither connection.
    Challenges,
    /// It shows that the old connection lives.
    Refutes,
    /// Nothing.
    Neutral,
}

impl CompetingIncarnation {
    /// An attempt by this SYN.
    pub(super) fn new(originator: Side, syn: &Segment<'_>) -> Self {
        let mut half = Half::synchronised(syn);
        half.remember(syn);
        Self {
            originator,
            half,
            isn: syn.seq,
            first: syn.packet,
            opening: syn.seq,
            last: syn.packet,
            attempts: 1,
            ip_bytes: u64::from(syn.ip_len),
            frames: smallvec![syn.packet.frame],
            challenged: None,
            challenge: None,
        }
    }

    /// One more SYN from the same side.
    pub(super) fn repeat(&mut self, syn: &Segment<'_>) {
        if !self.half.is_copy(syn) {
            self.attempts = self.attempts.saturating_add(1);
            self.ip_bytes = self.ip_bytes.saturating_add(u64::from(syn.ip_len));
            if self.frames.len() < SYN_FRAMES {
                self.frames.push(syn.packet.frame);
            }
        }
        self.isn = syn.seq;
        self.half.synchronise(syn);
        self.half.remember(syn);
        self.last = syn.packet;
    }

    /// Whether a SYN-ACK or RST acknowledges this SYN.
    pub(super) fn is_answered_by(&self, segment: &Segment<'_>) -> bool {
        segment
            .ack
            .and_then(|ack| self.half.offset_of(ack))
            .is_some_and(|ack| (0..=MOST_SYN_DATA).contains(&ack))
    }

    /// What a segment without SYN from this side of the old connection means.
    pub(super) fn judge(&self, segment: &Segment<'_>, side: Side, old: &Track) -> Verdict {
        let is_bare = segment.payload.is_empty() && segment.cut == 0 && !segment.flags.fin;
        if side == self.originator {
            if segment.flags.rst {
                return if self.challenge == Some(segment.seq) {
                    Verdict::Confirms
                } else {
                    Verdict::Neutral
                };
            }
            let old_half = old.half(side);
            let fits_old = old_half.offset_of(segment.seq) == Some(offset(old_half.bytes.next()));
            if segment.seq == self.isn.wrapping_add(1) && segment.ack.is_some() && !fits_old {
                return Verdict::Confirms;
            }
            return Verdict::Refutes;
        }
        if segment.flags.rst {
            return if self.is_answered_by(segment) { Verdict::Confirms } else { Verdict::Neutral };
        }
        if is_bare && self.challenge.is_none() { Verdict::Challenges } else { Verdict::Neutral }
    }

    /// Takes note that this packet challenged the SYN.
    pub(super) fn challenged_by(&mut self, segment: &Segment<'_>) {
        self.challenged = Some(segment.packet);
        self.challenge = segment.ack;
        self.last = segment.packet;
    }

    /// The connection that the attempt is, once the old one is out of the way.
    pub(super) fn into_connection(self, old: &Connection) -> (Connection, Track) {
        let mut history = History::default();
        history.push(b'S');
        let (originator, responder) = (old.endpoint(self.originator), old.endpoint(self.originator.other()));
        let connection = Connection {
            last: self.last,
            syn_attempts: self.attempts,
            syn_frames: self.frames,
            challenged: self.challenged,
            from_originator: Stream {
                start_seen: true,
                packets: u64::from(self.attempts),
                ip_bytes: self.ip_bytes,
                ..Stream::default()
            },
            history,
            opening: self.opening,
            ..Connection::begun(originator, responder, Onset::Handshake, self.first)
        };
        let syn_at = Some(self.last.time).filter(|_| self.challenged.is_none());
        let track = Track { originator: self.half, challenge: self.challenge, syn_at, ..Track::default() };
        (connection, track)
    }
}

/// The most data that a SYN carries (RFC 7413): one segment.
const MOST_SYN_DATA: i64 = 65_535;
