//! Divides the screen into rectangles, for `update` (page sizes, clicks) and for drawing.
//!
//! **Invariant:** pure; every rectangle lies within the screen, whatever its size.

use ratatui::layout::{Position, Rect};

/// The smallest usable screen; a smaller one only says so.
pub(super) const LEAST: (u16, u16) = (60, 15);
/// Cells for the lanes' names.
pub(super) const LABEL: u16 = 15;

/// The rectangles of a screen; empty where there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Panes {
    pub(super) title: Rect,
    pub(super) tabs: Rect,
    pub(super) filter: Rect,
    pub(super) overview: Rect,
    /// The list or the chart, with its border.
    pub(super) main: Rect,
    /// The part of `main` that scrolls: rows of a list, lanes of the timeline, steps of the ladder.
    pub(super) rows: Rect,
    /// Column heads of a list; axis, commands, replies and findings of the timeline.
    pub(super) head: Rect,
    pub(super) detail: Rect,
    pub(super) events: Rect,
    pub(super) legend: Rect,
    pub(super) hints: Rect,
}

/// A cell that the mouse points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) x: u16,
    pub(super) y: u16,
}

impl Spot {
    pub(super) const fn is_in(self, area: Rect) -> bool {
        area.contains(Position { x: self.x, y: self.y })
    }

    /// Which row of an area it is, from 0.
    pub(super) fn row_in(self, area: Rect) -> Option<usize> {
        self.is_in(area).then(|| usize::from(self.y - area.y))
    }
}

/// Whether the screen is too small to show anything.
pub(super) const fn too_small(size: (u16, u16)) -> bool {
    size.0 < LEAST.0 || size.1 < LEAST.1
}

/// Takes `height` rows off the top.
pub(super) fn take_top(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    let top = Rect { height, ..*area };
    area.y = area.y.saturating_add(height);
    area.height -= height;
    top
}

/// Takes `height` rows off the bottom.
pub(super) fn take_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect { y: area.y.saturating_add(area.height), height, ..*area }
}

/// The area inside a border.
pub(super) fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// Divides the screen into the rows around every view, and the rest.
pub(super) fn frame((width, height): (u16, u16), shows_filter: bool) -> (Panes, Rect) {
    let mut rest = Rect { x: 0, y: 0, width, height };
    let mut panes = Panes { title: take_top(&mut rest, 1), tabs: take_top(&mut rest, 1), ..Panes::default() };
    panes.hints = take_bottom(&mut rest, 1);
    if shows_filter {
        panes.filter = take_top(&mut rest, 1);
    }
    (panes, rest)
}

/// A list with its headings, and a detail panel below: at least `detail` rows, more where the list is short.
pub(super) fn with_detail(panes: &mut Panes, mut rest: Rect, detail: u16, rows: usize) {
    // Border and heads.
    let wanted = u16::try_from(rows).unwrap_or(u16::MAX).max(3).saturating_add(3);
    let detail = detail.max(rest.height.saturating_sub(wanted)).min(rest.height.saturating_sub(4));
    panes.detail = take_bottom(&mut rest, detail);
    list(panes, rest, 1);
}

/// A list with its headings, in a border.
pub(super) fn list(panes: &mut Panes, area: Rect, heads: u16) {
    panes.main = area;
    let mut inside = inner(area);
    panes.head = take_top(&mut inside, heads);
    panes.rows = inside;
}

/// A height that depends on the screen's: below 24 rows, below 28, below 40, or more.
pub(super) const fn by_height(height: u16, [low, usual, roomy, high]: [u16; 4]) -> u16 {
    match height {
        0..24 => low,
        24..28 => usual,
        28..40 => roomy,
        _ => high,
    }
}

/// The time axis of the timeline: right of the lanes' names.
pub(super) fn time_area(area: Rect) -> Rect {
    let label = LABEL.min(area.width);
    Rect { x: area.x.saturating_add(label), width: area.width - label, ..area }
}
