//! A list of what is in sessions, on its way: the sessions are gone through, then what was found is put in
//! order.
//!
//! **Invariant:** each step does a bounded amount; what a list shows stays until the new one is there.

use std::ops::ControlFlow;

use crate::tui::data::Data;
use crate::tui::sorting::{Key, Progress, STEP, Sorting};
use crate::tui::state::Version;

/// The list that is being made: rows `T` become `L`.
#[derive(Debug)]
pub(super) struct Making<T, L> {
    /// Which sessions, as they stood when, it is made from.
    pub(super) version: Version,
    sessions: Vec<u32>,
    /// How many sessions were gone through.
    seen: usize,
    sorting: Sorting<T>,
    /// How many rows there were to put in order, and how many of them are.
    found: usize,
    ordered: usize,
    list: L,
}

impl<T, L: Default> Making<T, L> {
    pub(super) fn new(version: Version, sessions: &[u32], sorting: Sorting<T>) -> Self {
        let (sessions, list) = (sessions.to_vec(), L::default());
        Self { version, sessions, seen: 0, sorting, found: 0, ordered: 0, list }
    }

    /// Whether it is of use still. While reading goes on there are newer sessions all the time: so it is
    /// finished with those that there were.
    pub(super) fn is_wanted(&self, version: Version, data: &Data) -> bool {
        self.version == version || !data.progress().finished
    }

    /// Goes on for a while: `find` adds what is in a session, and says how much that was; `place` adds to the
    /// list what comes next in order. Breaks with the list once it is there.
    pub(super) fn step(
        mut self,
        mut find: impl FnMut(u32, &mut Sorting<T>, &mut L) -> usize,
        mut place: impl FnMut(&mut L, Key, T),
    ) -> ControlFlow<L, Self> {
        let mut budget = STEP;
        while let Some(&session) = self.sessions.get(self.seen) {
            if budget == 0 {
                return ControlFlow::Continue(self);
            }
            let found = find(session, &mut self.sorting, &mut self.list);
            budget = budget.saturating_sub(found.saturating_add(1));
            self.seen += 1;
            self.found = self.sorting.len();
        }
        while budget > 0 {
            let Some((key, row)) = self.sorting.next() else { return ControlFlow::Break(self.list) };
            place(&mut self.list, key, row);
            self.ordered += 1;
            budget -= 1;
        }
        ControlFlow::Continue(self)
    }

    pub(super) fn progress(&self) -> Progress {
        if self.seen < self.sessions.len() {
            Progress { doing: "listing", done: self.seen, all: self.sessions.len() }
        } else {
            Progress { doing: "sorting", done: self.ordered, all: self.found }
        }
    }
}
