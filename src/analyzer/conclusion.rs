//! Runs diagnosis on finished sessions and orders them for the report.

use std::collections::BTreeMap;

use super::Options;
use crate::base::{LimitCounts, LimitName, Timestamp};
use crate::diagnose::{self, Diagnosis};
use crate::report::{Announcement, Capture, Finding, Session};
use crate::session::FinishedSession;

/// Something that findings depend on and that was not diagnosed yet.
#[derive(Debug)]
pub enum Pending {
    /// A server announced an endpoint.
    Announced(Announcement),
    /// A session has ended; its report is not assembled yet. With the capture's time at that moment, and the memory that the
    /// session keeps, in bytes.
    Ended(FinishedSession, Timestamp, usize),
}

/// What is to be diagnosed, in order.
#[derive(Debug)]
pub struct Batch {
    /// Announcements and finished sessions.
    pub pending: Vec<Pending>,
    /// Low-water mark: the first frame with which a session that is not finished yet can have begun.
    pub settled_before: u64,
    /// Memory that these sessions keep, in bytes.
    pub kept: usize,
}

/// Diagnoses one session after the other, and puts them in the order of their first packets.
#[derive(Debug)]
pub struct Conclusion {
    diagnosis: Diagnosis,
    /// Sessions that wait for one that began earlier, by first frame and a number of their own.
    waiting: BTreeMap<(u64, u64), (Box<Session>, usize)>,
    count: u64,
    /// Memory that they keep and may keep, in bytes.
    kept: usize,
    room: usize,
    limits: LimitCounts,
}

impl Conclusion {
    /// A conclusion without any session yet.
    pub fn new(options: &Options) -> Self {
        Self {
            diagnosis: Diagnosis::new(diagnose::Options {
                time_wait: options.time_wait,
                ..diagnose::Options::within(&options.limits)
            }),
            waiting: BTreeMap::new(),
            count: 0,
            kept: 0,
            room: options.limits.handover_bytes / 2,
            limits: LimitCounts::default(),
        }
    }

    /// Diagnoses what is pending; a finished session comes back with its findings.
    pub fn conclude(&mut self, pending: Pending) -> Option<Box<Session>> {
        match pending {
            Pending::Announced(announcement) => {
                self.diagnosis.announce(announcement);
                None
            }
            Pending::Ended(over, until, _) => {
                let mut session = over.report();
                self.diagnosis.session(&mut session, until);
                Some(session)
            }
        }
    }

    /// Diagnoses a batch, and calls `each` for the sessions whose turn has come: those that no other can precede, or, if too
    /// much memory would wait, those that began first.
    pub fn in_order<E>(
        &mut self,
        batch: Batch,
        mut each: impl FnMut(Box<Session>) -> Result<(), E>,
    ) -> Result<(), E> {
        for pending in batch.pending {
            let kept = match &pending {
                Pending::Ended(.., kept) => *kept,
                Pending::Announced(_) => 0,
            };
            if let Some(session) = self.conclude(pending) {
                self.waiting.insert((session.frames.first, self.count), (session, kept));
                self.count = self.count.saturating_add(1);
                self.kept = self.kept.saturating_add(kept);
            }
        }
        while let Some(first) = self.waiting.first_entry() {
            let is_due = first.key().0 < batch.settled_before;
            if !is_due && self.kept <= self.room {
                break;
            }
            if !is_due {
                self.limits.reached(LimitName::Handover);
            }
            let (session, kept) = first.remove();
            self.kept = self.kept.saturating_sub(kept);
            each(session)?;
        }
        Ok(())
    }

    /// The findings that belong to no single session, once all sessions were diagnosed.
    pub fn finish(&mut self, capture: &Capture) -> Vec<Finding> {
        self.diagnosis.finish(capture)
    }

    /// Limits that were reached so far.
    pub fn limits(&self) -> LimitCounts {
        let mut limits = self.limits.clone();
        limits.merge(self.diagnosis.limits());
        limits
    }
}
