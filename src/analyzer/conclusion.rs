//! Runs diagnosis on finished sessions.

use super::Options;
use crate::base::{FrameNumber, LimitCounts, Timestamp};
use crate::diagnose::{self, Diagnosis};
use crate::report::{Announcement, Capture, Finding, Session};
use crate::session::FinishedSession;

/// Something to be diagnosed.
#[derive(Debug)]
pub enum Pending {
    /// A server announced an endpoint.
    Announced(Announcement),
    /// A session has ended.
    Ended {
        /// The session; its report is not assembled yet.
        session: FinishedSession,
        /// The capture's time at its end.
        until: Timestamp,
    },
}

/// Announcements and finished sessions, to be diagnosed in order.
#[derive(Debug)]
pub struct Batch {
    /// What is to be diagnosed.
    pub pending: Vec<Pending>,
    /// Low-water mark: the first frame with which a session that is not finished yet can have begun.
    pub settled_before: FrameNumber,
    /// Memory that these sessions keep, in bytes.
    pub kept: usize,
}

/// Diagnoses sessions, one after the other.
#[derive(Debug)]
pub struct Conclusion {
    diagnosis: Diagnosis,
}

impl Conclusion {
    /// A conclusion without any session yet.
    pub fn new(options: &Options) -> Self {
        let options = diagnose::Options {
            time_wait: options.time_wait,
            thresholds: options.thresholds.clone(),
            ..diagnose::Options::within(&options.limits)
        };
        Self { diagnosis: Diagnosis::new(options) }
    }

    /// Diagnoses what is pending; a finished session comes back with its findings.
    pub fn conclude(&mut self, pending: Pending) -> Option<Box<Session>> {
        match pending {
            Pending::Announced(announcement) => {
                self.diagnosis.announce(announcement);
                None
            }
            Pending::Ended { session, until } => {
                let mut session = session.report();
                self.diagnosis.session(&mut session, until);
                Some(session)
            }
        }
    }

    /// The findings of a session under way, as it stands.
    pub(super) fn session_so_far(&self, session: &Session, until: Timestamp) -> Vec<Finding> {
        self.diagnosis.session_so_far(session, until)
    }

    /// What knows of findings that belong to no single session.
    pub(super) const fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
    }

    /// The findings that belong to no single session, once all sessions were diagnosed.
    pub fn finish(&mut self, capture: &Capture) -> Vec<Finding> {
        self.diagnosis.finish(capture)
    }

    /// Limits that were reached so far.
    pub fn limits(&self) -> &LimitCounts {
        self.diagnosis.limits()
    }
}
