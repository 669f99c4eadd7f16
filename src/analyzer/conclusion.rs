//! What follows on the analysis of packets: findings, and the order of the report.

use std::collections::BTreeMap;

use super::Options;
use crate::base::{LimitCounts, Timestamp};
use crate::diagnose::{self, Diagnosis};
use crate::report::{Announcement, Capture, Finding, Session};
use crate::session::Over;

/// What findings depend on.
#[derive(Debug)]
pub enum Told {
    /// A server announced an endpoint.
    Announced(Announcement),
    /// A session is over; its report is still to be worked out. The time is how far the capture had come.
    Ended(Box<Over>, Timestamp),
}

/// What happened, in order.
#[derive(Debug)]
pub struct Batch {
    /// What happened.
    pub told: Vec<Told>,
    /// Sessions that are still to come began with this frame or later.
    pub settled_before: u64,
}

/// Finds out what went wrong, session by session, and brings the sessions into the order of their first packets.
#[derive(Debug)]
pub struct Conclusion {
    diagnosis: Diagnosis,
    /// Sessions that one which began earlier has still to go before; the second number tells equals apart.
    waiting: BTreeMap<(u64, u64), Box<Session>>,
    count: u64,
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
        }
    }

    /// Takes in what was told; where that is a session's end, gives the session back with its findings.
    pub fn conclude(&mut self, told: Told) -> Option<Box<Session>> {
        match told {
            Told::Announced(announcement) => {
                self.diagnosis.announce(announcement);
                None
            }
            Told::Ended(over, until) => {
                let mut session = Box::new(over.report());
                self.diagnosis.session(&mut session, until);
                Some(session)
            }
        }
    }

    /// Takes in a batch, and calls `each` for the sessions whose turn has come.
    pub fn in_order<E>(
        &mut self,
        batch: Batch,
        mut each: impl FnMut(Box<Session>) -> Result<(), E>,
    ) -> Result<(), E> {
        for told in batch.told {
            if let Some(session) = self.conclude(told) {
                self.waiting.insert((session.frames.first, self.count), session);
                self.count = self.count.saturating_add(1);
            }
        }
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 < batch.settled_before
        {
            each(first.remove())?;
        }
        Ok(())
    }

    /// The findings that belong to no single session, once all sessions were given.
    pub fn finish(&mut self, capture: &Capture) -> Vec<Finding> {
        self.diagnosis.finish(capture)
    }

    /// The caps that were reached so far.
    pub const fn limits(&self) -> &LimitCounts {
        self.diagnosis.limits()
    }
}
