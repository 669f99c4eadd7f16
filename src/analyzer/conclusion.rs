//! What follows on the analysis of packets: findings, and the order of the report.

use std::collections::BTreeMap;

use super::Options;
use crate::base::{LimitCounts, LimitName, Timestamp};
use crate::diagnose::{self, Diagnosis};
use crate::report::{Announcement, Capture, Finding, Session};
use crate::session::Over;

/// What findings depend on.
#[derive(Debug)]
pub enum Told {
    /// A server announced an endpoint.
    Announced(Announcement),
    /// A session is over; its report is still to be worked out. The time is how far the capture had come, the number what
    /// the session keeps in bytes of memory.
    Ended(Over, Timestamp, usize),
}

/// What happened, in order.
#[derive(Debug)]
pub struct Batch {
    /// What happened.
    pub told: Vec<Told>,
    /// Sessions that are still to come began with this frame or later.
    pub settled_before: u64,
    /// What all these sessions keep, in bytes of memory.
    pub kept: usize,
}

/// Finds out what went wrong, session by session, and brings the sessions into the order of their first packets.
#[derive(Debug)]
pub struct Conclusion {
    diagnosis: Diagnosis,
    /// Sessions that one which began earlier has still to go before; the second number tells equals apart.
    waiting: BTreeMap<(u64, u64), (Box<Session>, usize)>,
    count: u64,
    /// What they keep, and may keep, in bytes of memory.
    kept: usize,
    room: usize,
    limits: LimitCounts,
}

impl Conclusion {
    /// A conclusion that has heard of no session yet.
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

    /// Takes in what was told; where that is a session's end, gives the session back with its findings.
    pub fn conclude(&mut self, told: Told) -> Option<Box<Session>> {
        match told {
            Told::Announced(announcement) => {
                self.diagnosis.announce(announcement);
                None
            }
            Told::Ended(over, until, _) => {
                let mut session = over.report();
                self.diagnosis.session(&mut session, until);
                Some(session)
            }
        }
    }

    /// Takes in a batch, and calls `each` for the sessions whose turn has come: those before which none can come any more,
    /// or, where too much would wait, those that began first.
    pub fn in_order<E>(
        &mut self,
        batch: Batch,
        mut each: impl FnMut(Box<Session>) -> Result<(), E>,
    ) -> Result<(), E> {
        for told in batch.told {
            let kept = match &told {
                Told::Ended(.., kept) => *kept,
                Told::Announced(_) => 0,
            };
            if let Some(session) = self.conclude(told) {
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

    /// The findings that belong to no single session, once all sessions were given.
    pub fn finish(&mut self, capture: &Capture) -> Vec<Finding> {
        self.diagnosis.finish(capture)
    }

    /// The caps that were reached so far.
    pub fn limits(&self) -> LimitCounts {
        let mut limits = self.limits.clone();
        limits.merge(self.diagnosis.limits());
        limits
    }
}
