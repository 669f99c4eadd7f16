//! Control connections that are one, captured on both sides of a NAT: their addresses differ, and their
//! sequence numbers don't.
//!
//! Where each side shows one direction only, as a firewall's capture may, each session is read with the
//! other's packets. What a session heard before the other one was known is kept for it.

use super::sessions::SessionId;
use crate::base::{KeyedMap, PacketRef};
use crate::report::Uid;
use crate::tcp::{Chunk, Connection, Onset, Side};

/// What is kept of what was heard early: a greeting, and the first command of a client that did not wait.
const EARLY: usize = 2048;

/// In how many pieces.
const PIECES: usize = 16;

/// The sequence numbers of both sides' first bytes.
pub(super) type Numbers = (u32, u32);

/// Which session began with which numbers.
#[derive(Debug, Default)]
pub(super) struct Twins {
    by_numbers: KeyedMap<Numbers, SessionId>,
    /// Whether any two were found to be one.
    pub(super) any: bool,
}

/// What of a session matters to the one on the other side.
#[derive(Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Half {
    numbers: Option<Numbers>,
    /// Which sides' packets were captured when it began: the originator's, the responder's.
    heard: [bool; 2],
    /// What was heard before the other one was known, as far as it is kept.
    early: Vec<Early>,
    /// How many bytes that is; [`EARLY`] once there is no room for the next ones, or some are missing.
    early_bytes: usize,
    /// The other one.
    twin: Option<Box<Twin>>,
}

/// The session on the other side.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Twin {
    pub(super) id: SessionId,
    pub(super) uid: Uid,
    /// Whether it lacks the packets of the originator, and those of the responder.
    lacks: [bool; 2],
}

/// Bytes that were heard early.
#[derive(Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Early {
    side: Side,
    offset: u64,
    bytes: Box<[u8]>,
    packet: PacketRef,
    acked: Option<u64>,
    leads_segment: bool,
}

const fn place(side: Side) -> usize {
    match side {
        Side::Originator => 0,
        Side::Responder => 1,
    }
}

impl Twins {
    /// A session has begun: gives the one that began with the same numbers.
    pub(super) fn enter(&mut self, half: &Half, id: SessionId) -> Option<SessionId> {
        let before = self.by_numbers.insert(half.numbers?, id);
        self.any |= before.is_some();
        before
    }

    /// A session has left.
    pub(super) fn leave(&mut self, half: &Half, id: SessionId) {
        if let Some(numbers) = half.numbers
            && self.by_numbers.get(&numbers) == Some(&id)
        {
            self.by_numbers.remove(&numbers);
        }
    }
}

impl Half {
    /// What is known of a session's connection when it begins.
    pub(super) fn of(connection: &Connection) -> Self {
        let heard = [Side::Originator, Side::Responder].map(|side| connection.stream(side).packets > 0);
        let numbers = connection.numbers.filter(|_| connection.onset == Onset::Handshake);
        Self { numbers, heard, ..Self::default() }
    }

    /// Which sides' packets were captured when it began.
    pub(super) const fn heard(&self) -> [bool; 2] {
        self.heard
    }

    /// The other one is found, which hears these sides. Gives what was heard early and the other one lacks.
    pub(super) fn join(&mut self, id: SessionId, uid: Uid, hears: [bool; 2]) -> Vec<Early> {
        let lacks = hears.map(|hears| !hears);
        self.twin = Some(Box::new(Twin { id, uid, lacks }));
        let mut early = std::mem::take(&mut self.early);
        early.retain(|early| lacks.get(place(early.side)).is_some_and(|&lacks| lacks));
        early
    }

    /// The session on the other side.
    pub(super) fn twin(&self) -> Option<&Twin> {
        self.twin.as_deref()
    }

    /// The session on the other side, if that lacks the packets of this side.
    pub(super) fn listener(&self, side: Side) -> Option<SessionId> {
        let twin = self.twin.as_ref()?;
        twin.lacks.get(place(side)).is_some_and(|&lacks| lacks).then_some(twin.id)
    }

    /// What is heard may be of use to another one, which is not known yet.
    fn may_have_twin(&self) -> bool {
        self.twin.is_none() && self.numbers.is_some() && self.heard.contains(&false)
    }

    /// What it takes to keep what is heard before the other one is known; nothing where that is not kept.
    pub(super) fn cost_of(&self, chunk: &Chunk<'_>) -> Option<usize> {
        let is_room =
            self.early_bytes.saturating_add(chunk.bytes.len()) <= EARLY && self.early.len() < PIECES;
        (is_room && self.early_bytes < EARLY && self.may_have_twin())
            .then(|| size_of::<Early>().saturating_mul(2).saturating_add(chunk.bytes.len()))
    }

    /// Keeps no more of what is heard early: whoever reads it reads no line that lacks its middle.
    pub(super) const fn stop_keeping(&mut self) {
        self.early_bytes = EARLY;
    }

    /// Keeps what is heard before the other one is known, which takes [`Half::cost_of`].
    pub(super) fn keep(&mut self, chunk: &Chunk<'_>) {
        self.early_bytes = self.early_bytes.saturating_add(chunk.bytes.len());
        self.early.push(Early {
            side: chunk.side,
            offset: chunk.offset,
            bytes: chunk.bytes.into(),
            packet: chunk.packet,
            acked: chunk.acked,
            leads_segment: chunk.leads_segment,
        });
    }
}

impl Early {
    /// As it was heard.
    pub(super) fn chunk(&self) -> Chunk<'_> {
        Chunk {
            side: self.side,
            offset: self.offset,
            bytes: &self.bytes,
            packet: self.packet,
            acked: self.acked,
            leads_segment: self.leads_segment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(offset: u64, bytes: &[u8]) -> Chunk<'_> {
        Chunk {
            side: Side::Responder,
            offset,
            bytes,
            packet: PacketRef::default(),
            acked: None,
            leads_segment: true,
        }
    }

    fn one_direction() -> Half {
        Half { numbers: Some((1, 2)), heard: [false, true], ..Half::default() }
    }

    #[test]
    fn little_is_kept_of_what_was_heard_early_whatever_its_pieces() {
        let mut half = one_direction();
        let mut at = 0;
        while half.cost_of(&chunk(at, b"x")).is_some() {
            half.keep(&chunk(at, b"x"));
            at += 1;
        }
        assert_eq!((at, half.early.len()), (PIECES as u64, PIECES));
        let long = [b'x'; EARLY + 1];
        assert!(one_direction().cost_of(&chunk(0, &long)).is_none());
        assert!(one_direction().cost_of(&chunk(0, &long[1..])).is_some());
    }

    #[test]
    fn nothing_is_kept_behind_what_is_missing() {
        let mut half = one_direction();
        half.keep(&chunk(0, b"220 rea"));
        half.stop_keeping();
        assert!(half.cost_of(&chunk(9, b"\r\n")).is_none());
        assert_eq!(half.join(SessionId::default(), Uid::default(), [true, false]).len(), 1);
    }
}
