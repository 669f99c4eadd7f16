//! The cursor of a list, and how it moves.

use super::message::Motion;

/// The selected row of a list, and the first row that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) at: usize,
    pub(super) top: usize,
}

impl Cursor {
    /// Keeps the row inside the list, and visible.
    pub(super) fn settle(&mut self, len: usize, height: u16) {
        let height = usize::from(height).max(1);
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
        self.top = self.top.min(len.saturating_sub(height).max(self.at.saturating_sub(height - 1)));
    }

    /// Moves within so many rows, of which so many are shown.
    pub(super) fn step(&mut self, motion: Motion, len: usize, height: u16) {
        let page = usize::from(height).max(1);
        let last = len.saturating_sub(1);
        let to = match motion {
            Motion::Down => self.at.saturating_add(1),
            Motion::Up => self.at.saturating_sub(1),
            Motion::PageDown => self.at.saturating_add(page),
            Motion::PageUp => self.at.saturating_sub(page),
            Motion::HalfDown => self.at.saturating_add(page / 2),
            Motion::HalfUp => self.at.saturating_sub(page / 2),
            Motion::First => 0,
            Motion::Last => last,
        };
        self.at = to.min(last);
    }

    /// Moves to the row that is shown as number `row`, where there is one.
    pub(super) fn select_shown(&mut self, row: usize, len: usize) {
        let at = self.top.saturating_add(row);
        if at < len {
            self.at = at;
        }
    }

    /// Moves to the next or previous row for which `holds` is true; whether there is one.
    pub(super) fn seek<T>(&mut self, items: &[T], forward: bool, holds: impl Fn(&T) -> bool) -> bool {
        let found = seek(items, self.at, forward, holds);
        self.at = found.unwrap_or(self.at);
        found.is_some()
    }
}

/// The next index after or before `at` for which `holds` is true.
pub(super) fn seek<T>(items: &[T], at: usize, forward: bool, holds: impl Fn(&T) -> bool) -> Option<usize> {
    if forward {
        let from = at.saturating_add(1);
        Some(from + items.get(from..)?.iter().position(holds)?)
    } else {
        items.get(..at.min(items.len()))?.iter().rposition(holds)
    }
}
