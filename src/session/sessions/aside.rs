//! Sessions that are put aside: idle ones whose state is elsewhere, so that there is room for others.
//!
//! What is left of one is what others ask of it without waking it: who it is between, and what it is called.

use std::collections::VecDeque;

use super::{Place, SLACK, SessionId, Sessions};
use crate::base::{Endpoint, FrameNumber, LimitName, LimitSet, PacketRef};
use crate::report::Uid;
use crate::session::active::ActiveSession;
use crate::session::swap::{Swap, SwapPlace};

/// What is left of a session that is put aside.
pub(in crate::session) struct Aside {
    pub(in crate::session) uid: Uid,
    pub(in crate::session) client: Endpoint,
    pub(in crate::session) server: Endpoint,
    pub(in crate::session) first: FrameNumber,
    pub(in crate::session) last: PacketRef,
    pub(in crate::session) is_unwanted: bool,
    pub(in crate::session) is_confirmed: bool,
    /// Caps that took something from it since.
    limited: LimitSet,
    place: SwapPlace,
    /// Tells it from what was put aside of the same session earlier.
    turn: u64,
    /// Whether it still stands in the order of examination.
    is_queued: bool,
}

/// Whether a session was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum PutAside {
    Done,
    /// It can't be: it is in the middle of something.
    Busy,
    /// There is no room for more.
    Full,
}

/// All that are put aside.
#[derive(Default)]
pub(super) struct Asides {
    swap: Option<Box<dyn Swap>>,
    count: usize,
    turns: u64,
    /// In the order in which they were put aside, among them such as have been called back since.
    in_order: VecDeque<(SessionId, u64)>,
    buffer: Vec<u8>,
}

impl Asides {
    pub(super) const fn count(&self) -> usize {
        self.count
    }
}

impl Sessions {
    /// From now on idle sessions can be put aside.
    pub(in crate::session) fn put_aside_in(&mut self, swap: Box<dyn Swap>) {
        self.aside.swap = Some(swap);
    }

    /// Whether idle sessions can be put aside.
    pub(in crate::session) const fn can_put_aside(&self) -> bool {
        self.aside.swap.is_some()
    }

    /// How many are put aside.
    pub(in crate::session) const fn aside(&self) -> usize {
        self.aside.count
    }

    /// What is left of a session that is put aside.
    pub(in crate::session) fn get_aside(&self, id: SessionId) -> Option<&Aside> {
        match self.all.get(id)? {
            Place::Aside(aside) => Some(aside),
            Place::Here(_) => None,
        }
    }

    /// All that are put aside.
    pub(in crate::session) fn asides(&self) -> impl Iterator<Item = (SessionId, &Aside)> {
        self.all.iter().filter_map(|(id, place)| match place {
            Place::Aside(aside) => Some((id, &**aside)),
            Place::Here(_) => None,
        })
    }

    /// A cap has taken something from a session, wherever that is.
    pub(in crate::session) fn limit(&mut self, id: SessionId, name: LimitName) -> bool {
        match self.all.get_mut(id) {
            Some(Place::Here(session)) => session.limited.insert(name),
            Some(Place::Aside(aside)) => aside.limited.insert(name),
            None => return false,
        }
        true
    }

    /// Puts an idle session aside.
    #[cold]
    pub(in crate::session) fn put_aside(&mut self, id: SessionId) -> PutAside {
        let Self { all, aside: Asides { swap: Some(swap), count, turns, in_order, buffer }, .. } = self
        else {
            return PutAside::Busy;
        };
        let Some(place) = all.get_mut(id) else { return PutAside::Busy };
        let Place::Here(session) = place else { return PutAside::Busy };
        if !session.is_at_rest() || !write(session, buffer) {
            return PutAside::Busy;
        }
        let Some(kept_at) = swap.put(buffer) else { return PutAside::Full };
        *turns = turns.saturating_add(1);
        *count = count.saturating_add(1);
        let aside = Aside {
            uid: session.uid.clone(),
            client: session.client(),
            server: session.server(),
            first: session.first.frame,
            last: session.last,
            is_unwanted: session.is_unwanted,
            is_confirmed: session.control.is_confirmed(),
            limited: LimitSet::default(),
            place: kept_at,
            turn: *turns,
            is_queued: true,
        };
        *place = Place::Aside(Box::new(aside));
        if in_order.len() > count.saturating_mul(2).saturating_add(SLACK) {
            in_order.retain(|&(id, turn)| is_of_turn(all.get(id), turn));
        }
        in_order.push_back((id, *turns));
        PutAside::Done
    }

    /// Calls a session back that is put aside; gives it if it was. One that can't be read is lost.
    #[cold]
    pub(in crate::session) fn call_back(&mut self, id: SessionId) -> Option<&mut ActiveSession> {
        let Self { all, aside: Asides { swap: Some(swap), count, buffer, .. }, to_examine, .. } = self else {
            return None;
        };
        let place = all.get_mut(id)?;
        let Place::Aside(aside) = place else { return None };
        let is_read = swap.get(aside.place, buffer);
        swap.forget(aside.place);
        let mut session = Some(&buffer[..]).filter(|_| is_read).and_then(read)?;
        session.limited.extend(aside.limited);
        if !aside.is_queued {
            to_examine.push_back(id);
        }
        *count = count.saturating_sub(1);
        *place = Place::Here(session);
        self.get_mut(id)
    }

    /// Reads a session that is put aside, and leaves it there.
    pub(in crate::session) fn look_at_aside(&mut self, id: SessionId) -> Option<Box<ActiveSession>> {
        let Self { all, aside: Asides { swap: Some(swap), buffer, .. }, .. } = self else { return None };
        let Place::Aside(aside) = all.get(id)? else { return None };
        let is_read = swap.get(aside.place, buffer);
        let mut session = Some(&buffer[..]).filter(|_| is_read).and_then(read)?;
        session.limited.extend(aside.limited);
        Some(session)
    }

    /// The session that was put aside before all others.
    #[cold]
    pub(in crate::session) fn longest_aside(&mut self) -> Option<SessionId> {
        while let Some((id, turn)) = self.aside.in_order.pop_front() {
            if is_of_turn(self.all.get(id), turn) {
                return Some(id);
            }
        }
        None
    }

    /// A session's turn in the order of examination is over, as it is put aside.
    pub(super) fn leave_queue(&mut self, id: SessionId) {
        if let Some(Place::Aside(aside)) = self.all.get_mut(id) {
            aside.is_queued = false;
        }
    }
}

/// Whether a session is put aside, and was in this turn.
fn is_of_turn(place: Option<&Place>, turn: u64) -> bool {
    matches!(place, Some(Place::Aside(aside)) if aside.turn == turn)
}

/// Writes a session to `bytes`; false where it can't be written.
#[cfg(feature = "store")]
fn write(session: &ActiveSession, bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    borsh::BorshSerialize::serialize(session, bytes).is_ok()
}

/// Reads what [`write`] wrote.
#[cfg(feature = "store")]
fn read(mut bytes: &[u8]) -> Option<Box<ActiveSession>> {
    borsh::BorshDeserialize::deserialize(&mut bytes).ok().map(Box::new)
}

#[cfg(not(feature = "store"))]
fn write(_: &ActiveSession, _: &mut Vec<u8>) -> bool {
    false
}

#[cfg(not(feature = "store"))]
fn read(_: &[u8]) -> Option<Box<ActiveSession>> {
    None
}
