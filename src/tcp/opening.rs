//! How a connection begins.

use super::flow::Fingerprint;
use super::slab::Entry;
use super::track::Track;
use super::{Connection, Onset, Stream};
use crate::decode::Segment;

/// Whether a segment of an unknown flow makes a connection: a SYN, a SYN-ACK, or payload.
pub(super) const fn opens(segment: &Segment<'_>) -> bool {
    let has_payload = !segment.payload.is_empty() || segment.cut > 0;
    !segment.flags.rst && (segment.flags.syn || (has_payload && segment.ack.is_some()))
}

/// A connection of this flow of which this segment is the first packet.
pub(super) fn first_facts(segment: &Segment<'_>, flow: Fingerprint) -> Box<Entry> {
    let (is_syn, is_answer) = (segment.flags.syn, segment.flags.syn && segment.ack.is_some());
    // In the middle of a connection the higher port is taken for the client's: servers listen on low ones.
    let sent_by_responder = if is_syn { is_answer } else { segment.source.port < segment.destination.port };
    let (originator, responder) = if sent_by_responder {
        (segment.destination, segment.source)
    } else {
        (segment.source, segment.destination)
    };
    let is_attempt = is_syn && !is_answer;
    let onset = if is_syn { Onset::Handshake } else { Onset::MidStream };
    let connection = Connection {
        syn_attempts: u32::from(is_attempt),
        syn_frames: is_attempt.then_some(segment.packet.frame).into_iter().collect(),
        established: (!is_attempt).then_some(segment.packet),
        from_originator: Stream { start_seen: is_attempt, ..Stream::default() },
        from_responder: Stream { start_seen: is_answer, ..Stream::default() },
        opening: segment.seq,
        ..Connection::begun(originator, responder, onset, segment.packet)
    };
    // Made where it stays, and completed there: it is large.
    let mut entry = Box::new(Entry::new(connection, Track::default(), flow));
    let track = &mut entry.track;
    if is_attempt {
        track.originator.synchronise(segment);
        track.originator.remember(segment);
    } else if is_answer {
        track.responder.synchronise(segment);
        track.responder.remember(segment);
        if let Some(ack) = segment.ack {
            track.originator.set_base(ack);
            track.originator.acknowledge(0);
        }
    }
    entry
}
