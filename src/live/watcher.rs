//! Observes a live capture, besides or instead of the written lines.

use std::path::Path;

use crate::analyzer::{Analyzer, Event, OverallEvent};
use crate::base::Timestamp;
use crate::decode::Frame;
use crate::report::{Capture, Finding, Session};

/// Observes a capture from within its loop: anything slow here delays packets.
pub trait Watcher: Send {
    /// Whether the capture should stop.
    fn is_stop_wanted(&self) -> bool;

    /// Takes a packet.
    fn packet(&mut self, _frame: &Frame<'_>) {}

    /// Takes an event.
    fn event(&mut self, event: &Event);

    /// Takes what happened to a finding that belongs to no single session.
    fn overall(&mut self, _event: &OverallEvent) {}

    /// Takes a finished session.
    fn session(&mut self, session: Session);

    /// Takes the current state, several times a second.
    fn look(&mut self, now: Now<'_>);

    /// The capture has ended; takes what belongs to no single session.
    fn over(&mut self, capture: Capture, findings: Vec<Finding>);
}

/// The current state of a capture.
pub struct Now<'n> {
    /// For the number of packets, active sessions and pending predictions.
    pub analyzer: &'n mut Analyzer,
    /// The time by the capture's clock; none before the first packet.
    pub time: Option<Timestamp>,
    /// Packets dropped by the kernel or an interface.
    pub dropped: u64,
    /// Where packets are saved, and how many bytes so far.
    pub recording: Option<(&'n Path, u64)>,
}
