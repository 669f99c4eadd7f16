//! Somebody who watches a capture, beside or instead of what is written.

use std::path::Path;

use crate::analyzer::{Analyzer, Event};
use crate::base::Timestamp;
use crate::report::{Capture, Finding, Session};

/// Watches a capture from within its loop: whatever takes long here makes packets wait.
pub trait Watcher: Send {
    /// Whether it has seen enough.
    fn is_stop_wanted(&self) -> bool;

    /// Something has happened.
    fn event(&mut self, event: &Event);

    /// A session is over, and all is known of it.
    fn session(&mut self, session: Session);

    /// How it goes; several times a second.
    fn look(&mut self, now: Now<'_>);

    /// The capture is over: what belongs to no single session.
    fn over(&mut self, capture: Capture, findings: Vec<Finding>);
}

/// How a capture goes.
pub struct Now<'n> {
    /// For packets so far, sessions that go on, and predictions that wait.
    pub analyzer: &'n mut Analyzer,
    /// What time it is by the capture's clock; none before the first packet.
    pub time: Option<Timestamp>,
    /// Packets that the kernel or an interface dropped.
    pub dropped: u64,
    /// Where packets are saved, and how many bytes so far.
    pub recording: Option<(&'n Path, u64)>,
}
