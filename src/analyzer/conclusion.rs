//! What follows on the analysis of packets: findings, and the order of the report.

use std::collections::BTreeMap;

use super::Options;
use crate::base::{LimitCounts, Timestamp};
use crate::diagnose::{self, Diagnosis};
use crate::report::{Capture, Finding, Session};

/// A session that is over, without its findings.
#[derive(Debug)]
pub struct Ended {
    /// The session.
    pub session: Session,
    /// How far the capture had come when it ended.
    pub until: Timestamp,
}

/// Sessions that are over, in the order in which they ended.
#[derive(Debug)]
pub struct Batch {
    /// The sessions.
    pub ended: Vec<Ended>,
    /// Sessions that are still to come began with this frame or later.
    pub settled_before: u64,
}

/// Finds out what went wrong, session by session, and brings the sessions into the order of their first packets.
#[derive(Debug)]
pub struct Conclusion {
    diagnosis: Diagnosis,
    /// Sessions that one which began earlier has still to go before; the second number tells equals apart.
    waiting: BTreeMap<(u64, u64), Session>,
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

    /// Gives a session its findings; sessions come in the order in which they ended.
    pub fn conclude(&mut self, ended: Ended) -> Session {
        let Ended { mut session, until } = ended;
        self.diagnosis.session(&mut session, until);
        session
    }

    /// Gives the sessions of a batch their findings, and calls `each` for those whose turn has come.
    pub fn in_order<E>(
        &mut self,
        batch: Batch,
        mut each: impl FnMut(Session) -> Result<(), E>,
    ) -> Result<(), E> {
        for ended in batch.ended {
            let session = self.conclude(ended);
            self.waiting.insert((session.frames.first, self.count), session);
            self.count = self.count.saturating_add(1);
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
