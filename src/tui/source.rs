//! Where sessions come from: a worker that reads, and the outlet through which it reports what it found.
//! Sessions that are over are put down in the store here, by the worker's thread; the screen gets their rows.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use super::chosen::{Entry, Place};
use super::rows::SessionRow;
use crate::base::{Endpoint, Timestamp};
use crate::report::{Capture, Connector, Finding, Mode, Session, Uid};
use crate::store::{Error, Shelf};

/// Reads packets and reports what it finds. It runs on a thread of its own.
pub trait Source: Send {
    /// Reads all there is, until it ends or the outlet says stop. The last thing it sends is
    /// [`Feed::Finished`] or [`Feed::Failed`].
    fn run(self: Box<Self>, outlet: &Outlet);

    /// Whether it has something to finish when the user leaves, such as a file: then it is waited for.
    fn has_last_words(&self) -> bool {
        false
    }
}

/// What a source reports.
#[derive(Debug)]
pub enum Feed {
    /// Sessions that are over, a few hundred at a time.
    Sessions(Vec<Kept>),
    /// How far it is.
    Progress(Progress),
    /// The status of a live capture, a few times a second.
    Live(Box<LiveStatus>),
    /// A session that went on is over, and could not be kept.
    Lost(Uid),
    /// What belongs to no single session, as far as it was found.
    Findings(Vec<Finding>),
    /// A word to the user.
    Note(String),
    /// All was read.
    Finished {
        /// What was read.
        capture: Box<Capture>,
        /// What belongs to no single session.
        findings: Vec<Finding>,
    },
    /// It can't go on. Names the operation and the thing.
    Failed(String),
}

/// A session in the store, and what the lists show of it.
#[derive(Clone, Debug)]
pub struct Kept(pub(super) Box<Entry>);

impl Kept {
    pub(super) fn new(session: &Session, shelf: &Shelf) -> Result<Self, Error> {
        let (row, place) = (SessionRow::of(session, false), Place::Stored(shelf.put(session)?));
        Ok(Self(Box::new(Entry { row, place })))
    }

    /// The bytes of memory that it takes for as long as the screen is there.
    pub fn memory(&self) -> usize {
        self.0.memory()
    }
}

/// How far a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the files as they lie on the disk, read so far.
    pub bytes: u64,
    /// Their size, where it is known.
    pub total: Option<u64>,
    /// Packets so far.
    pub packets: u64,
    /// Time of the latest packet.
    pub time: Option<Timestamp>,
    /// Whether reading is over.
    pub finished: bool,
}

/// The status of a live capture.
#[derive(Clone, Debug, Default)]
pub struct LiveStatus {
    /// The interface.
    pub interface: String,
    /// Snapshots of sessions that go on and have changed since the last status.
    pub sessions: Vec<Session>,
    /// Sessions that go on.
    pub active: u64,
    /// Predictions that wait for their connection, those that expire first in front.
    pub waiting: Vec<Waiting>,
    /// Packets so far.
    pub packets: u64,
    /// Bytes so far, as on the wire.
    pub bytes: u64,
    /// Packets that the kernel dropped.
    pub dropped: u64,
    /// Packets per second, one number for each of the last seconds, the newest last.
    pub packet_rates: Vec<u64>,
    /// Bytes per second, likewise.
    pub byte_rates: Vec<u64>,
    /// Where packets are written to, and how many bytes so far.
    pub recording: Option<(String, u64)>,
    /// Capture time now.
    pub now: Timestamp,
}

/// A prediction that waits for its connection.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Whose it is.
    pub session: Uid,
    /// How it was negotiated.
    pub mode: Option<Mode>,
    /// Who waits for the SYN.
    pub listener: Endpoint,
    /// Who is to send it.
    pub connector: Connector,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// The channel from a source to the screen: bounded, so that a source never runs ahead by more than a few
/// batches.
#[derive(Clone, Debug)]
pub struct Outlet {
    sender: SyncSender<Feed>,
    stop: Arc<AtomicBool>,
    shelf: Shelf,
}

impl Outlet {
    pub(super) const fn new(sender: SyncSender<Feed>, stop: Arc<AtomicBool>, shelf: Shelf) -> Self {
        Self { sender, stop, shelf }
    }

    /// Puts a session that is over into the store, to be sent.
    pub fn keep(&self, session: &Session) -> Result<Kept, Error> {
        Kept::new(session, &self.shelf)
    }

    /// Sends something; waits while the screen is behind. `Break` once the receiver is gone.
    pub fn send(&self, feed: Feed) -> ControlFlow<()> {
        match self.sender.send(feed) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Sends something if the screen keeps up, else drops it: for progress.
    pub fn offer(&self, feed: Feed) -> ControlFlow<()> {
        self.hand(feed).map_continue(|_dropped| ())
    }

    /// Sends something if the screen keeps up, else returns it.
    pub fn hand(&self, feed: Feed) -> ControlFlow<(), Option<Feed>> {
        match self.sender.try_send(feed) {
            Ok(()) => ControlFlow::Continue(None),
            Err(TrySendError::Full(feed)) => ControlFlow::Continue(Some(feed)),
            Err(TrySendError::Disconnected(_)) => ControlFlow::Break(()),
        }
    }

    /// Whether the user wants reading to stop; what was found so far is kept.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
