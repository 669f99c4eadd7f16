//! From which sessions on nothing earlier can come: what lets a report be written in order while it is still being read.

use std::collections::BTreeSet;

use super::{Tracker, flow_position};
use crate::session::flow::Role;
use crate::tcp::ConnectionId;

/// Settled connections that are let wait before they are swept.
const SLACK: usize = 1024;

/// What began and may yet become a session, or is one.
#[derive(Default)]
pub(super) struct Unsettled {
    /// Connections by their first frames, among them such as have been settled since.
    connections: BTreeSet<(u64, ConnectionId)>,
    /// They are swept when there are so many: at most twice as many as are not settled.
    sweep_at: usize,
}

impl Tracker {
    /// A connection began, which may become a session.
    pub(super) fn began(&mut self, id: ConnectionId, first: u64) {
        if !self.is_unsettled(first, id) {
            return;
        }
        if self.unsettled.connections.len() >= self.unsettled.sweep_at {
            self.sweep();
        }
        self.unsettled.connections.insert((first, id));
    }

    /// Takes settled connections off the list.
    #[cold]
    fn sweep(&mut self) {
        let mut connections = std::mem::take(&mut self.unsettled.connections);
        connections.retain(|&(first, id)| self.is_unsettled(first, id));
        self.unsettled.sweep_at = connections.len().saturating_mul(2).saturating_add(SLACK);
        self.unsettled.connections = connections;
    }

    /// Every session that began before this frame is over: those that are still to come began later.
    pub fn settled_before(&mut self) -> u64 {
        while let Some(&(first, id)) = self.unsettled.connections.first() {
            if self.is_unsettled(first, id) {
                break;
            }
            self.unsettled.connections.pop_first();
        }
        let open = self.unsettled.connections.first().map(|&(first, _)| first);
        open.into_iter().chain(self.sessions.first_lingering()).min().unwrap_or(u64::MAX)
    }

    fn is_unsettled(&self, first: u64, id: ConnectionId) -> bool {
        let Some(Some(flow)) = self.flows.get(flow_position(id)) else { return false };
        flow.first.frame == first
            && match &flow.role {
                Role::Undecided | Role::Suspect | Role::Control(_) => true,
                // Nobody's connection may turn out to be a control connection when it speaks.
                Role::Data(data) => data.is_unowned() && !data.has_payload(),
            }
    }
}
