//! Observers: who takes sessions, events and progress while packets are read.

use std::time::Duration;

use crate::analyzer::{Analyzer, Event, OverallEvent};
use crate::base::{FrameNumber, Timestamp};
use crate::capture::Drops;
use crate::decode::Frame;
use crate::report::{Capture, Finding, Report, Session};
use crate::session::Files;

/// How long a running capture is waited for before the observer is asked again.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Takes finished sessions.
pub trait SessionObserver {
    /// Why it takes no more.
    type Error;

    /// Takes a finished session with its findings.
    fn session(&mut self, session: Box<Session>) -> Result<(), Self::Error>;

    /// No session that began before this frame is still to come.
    fn settled(&mut self, before: FrameNumber) -> Result<(), Self::Error> {
        let _ = before;
        Ok(())
    }

    /// Nothing further is at hand for now: a good time to flush.
    fn pause(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Follows reading from within its loop: whatever takes long here makes packets wait.
pub trait Observer: SessionObserver {
    /// How long to wait for packets before [`Self::look`] is due.
    fn patience(&self) -> Duration {
        TICK
    }

    /// Further lines of a TLS key log that is still being written; asked for before packets are analyzed.
    fn key_log(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Takes a packet that is about to be analyzed.
    fn packet(&mut self, frame: &Frame<'_>) -> Result<(), Self::Error> {
        let _ = frame;
        Ok(())
    }

    /// Takes what has just happened, where [`Options::events`](crate::analyzer::Options::events) asks for
    /// events.
    fn event(&mut self, event: &Event) -> Result<(), Self::Error> {
        let _ = event;
        Ok(())
    }

    /// Takes what has just happened to a finding that belongs to no single session, where
    /// [`Options::alerts`](crate::analyzer::Options::alerts) asks for that.
    fn overall(&mut self, event: &OverallEvent) -> Result<(), Self::Error> {
        let _ = event;
        Ok(())
    }

    /// Whether reading should end here; asked after each packet, which `analyzer` has seen.
    fn is_enough(&self, analyzer: &Analyzer) -> bool {
        let _ = analyzer;
        false
    }

    /// Looks at the progress: after some thousand packets, or when a running capture has none at hand.
    fn look(&mut self, now: Now<'_>) -> Result<Next, Self::Error> {
        let _ = now;
        Ok(Next::GoOn)
    }
}

/// The progress of reading.
#[derive(Debug)]
pub struct Now<'n> {
    /// For sessions and predictions as they stand.
    pub analyzer: &'n mut Analyzer,
    /// The time by the clock of a running capture; none before its first packet, and where a file is read.
    pub time: Option<Timestamp>,
    /// Bytes of files read so far, and in all where that is known.
    pub progress: (u64, Option<u64>),
    /// What interfaces dropped so far, where there are interfaces.
    pub drops: Option<Drops>,
    /// What ended an interface early since the last look.
    pub faults: Vec<String>,
}

/// How reading should go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// As before.
    GoOn,
    /// With the packets that are on their way, but no more of them.
    Drain,
    /// Not at all.
    Stop,
}

/// What belongs to no session, once all was read.
#[derive(Debug)]
pub struct Closing {
    /// What was read, with all that its reader knows.
    pub capture: Capture,
    /// The findings of the whole capture.
    pub findings: Vec<Finding>,
    /// What interfaces dropped, where there were interfaces.
    pub drops: Option<Drops>,
    /// What ended an interface early since the last look.
    pub faults: Vec<String>,
}

/// Keeps all sessions, for a report.
#[derive(Debug, Default)]
pub struct Collector {
    sessions: Vec<Session>,
    files: Files,
}

impl Collector {
    /// The report, its sessions ordered by their first packets.
    pub fn report(self, closing: Closing) -> Report {
        let Self { mut sessions, files } = self;
        sessions.sort_by_key(|session| session.frames.first);
        let files = files.into_list(&mut sessions);
        let Closing { capture, findings, .. } = closing;
        Report { capture, sessions, files, findings, ..Report::default() }
    }
}

impl SessionObserver for Collector {
    type Error = std::convert::Infallible;

    fn session(&mut self, mut session: Box<Session>) -> Result<(), Self::Error> {
        self.files.add(&mut session);
        self.sessions.push(*session);
        Ok(())
    }

    fn settled(&mut self, before: FrameNumber) -> Result<(), Self::Error> {
        self.files.settle(before);
        Ok(())
    }
}

impl Observer for Collector {}
