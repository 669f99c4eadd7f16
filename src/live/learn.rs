//! A capture filter that follows the predictions, so that on a busy link the kernel passes only FTP.
//!
//! It always passes control connections, and of all TCP connections the packets that open and close them: those are few,
//! and so no data connection goes unnoticed, however late the filter follows. The rest of a data connection passes from its
//! prediction on until its transfer is over. What came before the filter followed is missing, and is said.
//!
//! It looks at plain IPv4 and IPv6 alone: FTP inside tunnels, and on control ports that nobody named, stays hidden.

mod plan;

use std::fmt;
use std::time::{Duration, Instant};

use crate::analyzer::{Event, EventKind, Options};
use crate::capture::live::{Error, Filters};

use super::line::Size;
use plan::Plan;

/// How long the filter stays wider than it need be: every change costs some of the kernel's and our time.
const UNHURRIED: Duration = Duration::from_secs(1);

/// Lets the kernel's filter follow the predictions.
pub(super) struct Learner {
    filters: Filters,
    plan: Plan,
    /// The filter in force, and since when.
    current: String,
    since: Instant,
    changes: u64,
    most: usize,
    /// Data connections that stood before the filter followed.
    late: u64,
    /// Their bytes that are missing, as far as known.
    missing: u64,
}

impl Learner {
    /// Narrows the filter to control connections.
    pub(super) fn begin(mut filters: Filters, options: &Options) -> Result<Self, Error> {
        let ports = options.control_ports.iter().chain(&options.implicit_tls_ports).copied();
        let plan = Plan::new(ports);
        let current = plan.expression();
        filters.set(&current)?;
        Ok(Self { filters, plan, current, since: Instant::now(), changes: 0, most: 0, late: 0, missing: 0 })
    }

    /// Takes note of what happened.
    pub(super) fn see(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Connected { channel, .. } if !self.plan.passes(&event.session, *channel) => {
                self.late = self.late.saturating_add(1);
            }
            EventKind::Transferred { transfer, .. } => {
                self.missing = self.missing.saturating_add(transfer.missing_bytes);
            }
            _ => {}
        }
        self.plan.see(event, Instant::now());
    }

    /// Lets the filter follow: at once where it must be wider, when there is time where it could be narrower.
    pub(super) fn follow(&mut self, now: Instant) -> Result<(), Error> {
        let is_narrower = self.plan.prune(now);
        let is_unhurried = now.saturating_duration_since(self.since) >= UNHURRIED;
        let is_due = self.plan.is_wider() || (is_narrower && is_unhurried);
        if !is_due {
            return Ok(());
        }
        let expression = self.plan.expression();
        if expression != self.current {
            self.filters.set(&expression)?;
            self.current = expression;
            self.since = now;
            self.changes = self.changes.saturating_add(1);
        }
        self.plan.is_applied();
        self.most = self.most.max(self.plan.len());
        Ok(())
    }
}

/// What it came to, in a line.
impl fmt::Display for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the capture filter was changed {} times, for up to {} data connections at a time",
            self.changes, self.most
        )?;
        if self.late > 0 {
            write!(f, "; {} were faster than it", self.late)?;
        }
        if self.missing > 0 {
            write!(f, "; {} of data were not captured", Size(self.missing as f64))?;
        }
        Ok(())
    }
}
