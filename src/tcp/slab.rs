//! Where connections live, and in which order they are given up.

use super::doubt::Doubts;
use super::flow::Fingerprint;
use super::half::{Far, Fin};
use super::incarnation::{CompetingIncarnation, SYN_FRAMES};
use super::out_of_order::OutOfOrderQueue;
use super::sack::Sacked;
use super::track::Track;
use super::trouble::Repeats;
use super::{Connection, ConnectionId};
use crate::base::cost::{self, ALLOCATION};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::report::Trouble;

/// How many classes there are.
const CLASSES: usize = 6;

/// How long a connection may be silent depends on this, and which are given up where there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Only SYNs were seen.
    HalfOpen,
    /// Both sides closed, or one reset.
    Closed,
    /// Both sides closed, and one does not know that the other has received its FIN.
    Closing,
    /// Nobody knows yet whether it matters.
    Undecided,
    /// It is followed, and nobody has said anything.
    Silent,
    /// It is followed.
    Followed,
}

impl Class {
    /// All of them; of classes that take up as much, the first one gives up connections before the others.
    pub(super) const ALL: [Self; CLASSES] =
        [Self::HalfOpen, Self::Closed, Self::Closing, Self::Undecided, Self::Silent, Self::Followed];

    /// After how much silence a connection is given up.
    ///
    /// A SYN is repeated after 64 s at most (RFC 6298, six doublings); the final ACK, a repeated FIN and data
    /// in flight come within seconds; a FIN that is not acknowledged is repeated as a SYN is; a server speaks
    /// at once; and a control connection idles for hours during a long transfer.
    pub(super) const fn patience(self) -> TimeDelta {
        match self {
            Self::HalfOpen | Self::Closing => TimeDelta::from_secs(120),
            Self::Closed => TimeDelta::from_secs(10),
            Self::Undecided => TimeDelta::from_secs(300),
            Self::Silent | Self::Followed => TimeDelta::from_secs(6 * 3600),
        }
    }
}

/// One connection with all that the table knows of it.
///
/// What every segment needs is kept together, here and within the parts: with thousands of connections open,
/// little of each is in the processor's cache.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Entry {
    pub connection: Connection,
    pub class: Class,
    /// Tells this connection from others that use the same slot later.
    serial: u32,
    pub track: Track,
    pub flow: Fingerprint,
    queued: Timestamp,
    previous: Option<u32>,
    next: Option<u32>,
}

impl Entry {
    pub(super) fn new(connection: Connection, track: Track, flow: Fingerprint) -> Self {
        Self {
            connection,
            track,
            flow,
            serial: 0,
            class: Class::HalfOpen,
            queued: Timestamp::MIN,
            previous: None,
            next: None,
        }
    }

    /// Its name, given where it is.
    pub(super) const fn id(&self, slot: u32) -> ConnectionId {
        ConnectionId::new(slot, self.serial)
    }
}

/// Of so many connections one may keep what goes wrong on its way.
pub(super) const ENTRIES_FOR_TROUBLE: usize = 16;

const TROUBLE_COST: usize = size_of::<Repeats>() + size_of::<Trouble>() + 2 * ALLOCATION;

// An entry with all that may hang on it: two lists of SYNs, a competitor, what is in doubt (its payload counts as what is
// held of both streams), what both halves put aside; its
// places in the slab and in the list of free slots, and its watch, each in a list that may be twice as long.
const _: () = assert!(
    ALLOCATION * 12
        + size_of::<Entry>()
        + size_of::<CompetingIncarnation>()
        + size_of::<Doubts>()
        + TROUBLE_COST / ENTRIES_FOR_TROUBLE
        + 2 * (SYN_FRAMES * size_of::<FrameNumber>()
            + size_of::<Far>()
            + size_of::<Fin>()
            + size_of::<Sacked>()
            + ALLOCATION
            + size_of::<OutOfOrderQueue>())
        + 2 * (size_of::<Option<Box<Entry>>>() + size_of::<u32>() + 24)
        <= cost::CONNECTION_IN_TABLE
);

/// One class's connections, in the order in which they were put there.
#[derive(Clone, Copy, Debug, Default)]
struct Queue {
    first: Option<u32>,
    last: Option<u32>,
    len: usize,
}

/// Connections by slot, and by class in order of their age.
#[derive(Debug, Default)]
pub(super) struct Slab {
    slots: Vec<Option<Box<Entry>>>,
    free: Vec<u32>,
    queues: [Queue; CLASSES],
    serial: u32,
}

impl Slab {
    pub(super) fn get(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(usize::try_from(slot).ok()?)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(usize::try_from(slot).ok()?)?.as_deref_mut()
    }

    /// The connection of this name, as long as it is here.
    pub(super) fn named(&self, id: ConnectionId) -> Option<&Entry> {
        self.get(id.slot()).filter(|entry| entry.id(id.slot()) == id)
    }

    /// The connection of this name, as long as it is here.
    pub(super) fn named_mut(&mut self, id: ConnectionId) -> Option<&mut Entry> {
        self.get_mut(id.slot()).filter(|entry| entry.id(id.slot()) == id)
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    /// How many connections of a class there are.
    pub(super) fn count(&self, class: Class) -> usize {
        self.queue(class).len
    }

    /// Puts a connection into a free slot. None where there are 2^32 connections.
    pub(super) fn insert(&mut self, mut entry: Box<Entry>, class: Class, now: Timestamp) -> Option<u32> {
        self.serial = self.serial.wrapping_add(1);
        entry.serial = self.serial;
        let slot = if let Some(slot) = self.free.pop() {
            *self.slots.get_mut(usize::try_from(slot).ok()?)? = Some(entry);
            slot
        } else {
            let slot = u32::try_from(self.slots.len()).ok()?;
            self.slots.push(Some(entry));
            slot
        };
        self.append(slot, class, now);
        Some(slot)
    }

    /// Takes a connection out; its slot serves again.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Box<Entry>> {
        self.unlink(slot);
        let entry = self.slots.get_mut(usize::try_from(slot).ok()?)?.take()?;
        self.free.push(slot);
        Some(entry)
    }

    /// Puts a connection at the end of a class's queue.
    pub(super) fn requeue(&mut self, slot: u32, class: Class, now: Timestamp) {
        self.unlink(slot);
        self.append(slot, class, now);
    }

    /// The connection of a class that was put there first, and when that was.
    pub(super) fn oldest(&self, class: Class) -> Option<(u32, Timestamp)> {
        let slot = self.queue(class).first?;
        Some((slot, self.get(slot)?.queued))
    }

    /// All slots in use.
    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..).zip(&self.slots).filter_map(|(slot, entry)| Some((slot, entry.as_deref()?)))
    }

    fn queue(&self, class: Class) -> &Queue {
        let [half_open, closed, closing, undecided, silent, followed] = &self.queues;
        match class {
            Class::HalfOpen => half_open,
            Class::Closed => closed,
            Class::Closing => closing,
            Class::Undecided => undecided,
            Class::Silent => silent,
            Class::Followed => followed,
        }
    }

    fn queue_mut(&mut self, class: Class) -> &mut Queue {
        let [half_open, closed, closing, undecided, silent, followed] = &mut self.queues;
        match class {
            Class::HalfOpen => half_open,
            Class::Closed => closed,
            Class::Closing => closing,
            Class::Undecided => undecided,
            Class::Silent => silent,
            Class::Followed => followed,
        }
    }

    fn append(&mut self, slot: u32, class: Class, now: Timestamp) {
        let queue = self.queue_mut(class);
        let last = queue.last.replace(slot);
        queue.first.get_or_insert(slot);
        queue.len = queue.len.saturating_add(1);
        if let Some(entry) = self.get_mut(slot) {
            entry.class = class;
            entry.queued = now;
            entry.previous = last;
            entry.next = None;
        }
        if let Some(entry) = last.and_then(|last| self.get_mut(last)) {
            entry.next = Some(slot);
        }
    }

    fn unlink(&mut self, slot: u32) {
        let Some(entry) = self.get_mut(slot) else { return };
        let (class, previous, next) = (entry.class, entry.previous.take(), entry.next.take());
        if let Some(entry) = previous.and_then(|previous| self.get_mut(previous)) {
            entry.next = next;
        }
        if let Some(entry) = next.and_then(|next| self.get_mut(next)) {
            entry.previous = previous;
        }
        let queue = self.queue_mut(class);
        if previous.is_none() {
            queue.first = next;
        }
        if next.is_none() {
            queue.last = previous;
        }
        queue.len = queue.len.saturating_sub(1);
    }
}
