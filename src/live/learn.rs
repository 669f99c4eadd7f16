//! A capture filter that follows the predictions, so that the kernel passes only FTP on a busy link.
//!
//! It always passes control connections, and the packets that open and close any TCP connection: those are
//! few, and no data connection goes unnoticed, however late the filter is updated. Other packets of a data
//! connection pass from its prediction until its transfer has ended. Those that came before the update are
//! missing, and reported so.
//!
//! It sees plain IPv4 and IPv6 only: FTP inside tunnels, or on control ports that were not named, stays hidden.

mod plan;

use std::fmt;
use std::time::{Duration, Instant};

use crate::analyzer::{Event, EventKind, Options};
use crate::base::Bytes;
use crate::capture::live::{Error, Filters};

use plan::Plan;

/// How long the filter may stay wider than necessary: every change takes time.
const NARROW_AFTER: Duration = Duration::from_secs(1);

/// Lets the kernel's filter follow the predictions.
pub(super) struct Learner {
    filters: Filters,
    plan: Plan,
    /// The filter in force, and since when.
    current: String,
    since: Instant,
    changes: u64,
    most: usize,
    /// Data connections that were established before the filter was updated.
    late: u64,
    /// Bytes missing from them, as far as known.
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

    /// Takes in an event.
    pub(super) fn see(&mut self, event: &Event) {
        if let EventKind::Connected { channel, .. } = &event.kind
            && !self.plan.passes(&event.session, *channel)
        {
            self.late = self.late.saturating_add(1);
        } else if let EventKind::Transferred { transfer, .. } = &event.kind {
            self.missing = self.missing.saturating_add(transfer.missing_bytes);
        }
        self.plan.see(event, Instant::now());
    }

    /// Updates the filter: immediately if it must become wider, later if it could become narrower.
    pub(super) fn follow(&mut self, now: Instant) -> Result<(), Error> {
        let is_narrower = self.plan.prune(now);
        let is_old = now.saturating_duration_since(self.since) >= NARROW_AFTER;
        let is_due = self.plan.is_wider() || (is_narrower && is_old);
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
        self.plan.applied();
        self.most = self.most.max(self.plan.len());
        Ok(())
    }
}

/// A summary in one line.
impl fmt::Display for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the capture filter was changed {} times, for up to {} data connections at a time",
            self.changes, self.most
        )?;
        if self.late > 0 {
            let connections = if self.late == 1 { "connection" } else { "connections" };
            write!(f, "; {} {connections} arrived before it was updated", self.late)?;
        }
        if self.missing > 0 {
            write!(f, "; {} of their data were not captured", Bytes(self.missing))?;
        }
        Ok(())
    }
}
