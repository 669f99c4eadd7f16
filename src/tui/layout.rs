//! Where everything stands: asked by `update` for page sizes and by `view` for rectangles.
//!
//! **Invariant:** pure; every rectangle lies within the screen, whatever its size.

use ratatui::layout::Rect;

use super::message::Screen;
use super::state::State;

/// Below this there is only a page that says so.
pub(super) const LEAST: (u16, u16) = (60, 15);
/// From here on there is room for a legend.
const LEGEND_FROM: u16 = 28;
/// Cells for the lanes' names.
pub(super) const LABEL: u16 = 15;

/// The rectangles of a screen. What there is no room for is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Panes {
    pub(super) title: Rect,
    pub(super) tabs: Rect,
    pub(super) filter: Rect,
    pub(super) overview: Rect,
    /// The list or the chart, with its border.
    pub(super) main: Rect,
    /// What stands inside `main` and scrolls: rows of a list, lanes of the timeline, steps of the ladder.
    pub(super) rows: Rect,
    /// Column heads of a list; axis, commands, replies and findings of the timeline.
    pub(super) head: Rect,
    pub(super) detail: Rect,
    pub(super) events: Rect,
    pub(super) legend: Rect,
    pub(super) hints: Rect,
}

/// Whether the screen is too small for anything but saying so.
pub(super) const fn too_small(size: (u16, u16)) -> bool {
    size.0 < LEAST.0 || size.1 < LEAST.1
}

/// Takes `height` rows off the top.
fn take_top(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    let top = Rect { height, ..*area };
    area.y = area.y.saturating_add(height);
    area.height -= height;
    top
}

/// Takes `height` rows off the bottom.
fn take_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect { y: area.y.saturating_add(area.height), height, ..*area }
}

/// What is inside a border.
pub(super) fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// Divides the screen.
pub(super) fn panes(state: &State) -> Panes {
    let (width, height) = state.size;
    let mut rest = Rect { x: 0, y: 0, width, height };
    let mut panes = Panes { title: take_top(&mut rest, 1), tabs: take_top(&mut rest, 1), ..Panes::default() };
    panes.hints = take_bottom(&mut rest, 1);
    if state.shows_filter() {
        panes.filter = take_top(&mut rest, 1);
    }
    match state.screen {
        Screen::Sessions => sessions(&mut panes, rest, state),
        Screen::Timeline => timeline(&mut panes, rest, state),
        Screen::Ladder => {
            let steps = state.opened.as_ref().map_or(0, |opened| opened.steps.len());
            with_detail(&mut panes, rest, by_height(height, [4, 6, 6, 10]), steps);
        }
        Screen::Transfers => {
            with_detail(&mut panes, rest, by_height(height, [5, 9, 9, 14]), state.transfers.rows.len());
        }
        Screen::Ports => {
            with_detail(&mut panes, rest, by_height(height, [5, 9, 9, 14]), state.ports.rows.len());
        }
        Screen::Findings => {
            with_detail(&mut panes, rest, by_height(height, [5, 9, 9, 12]), state.findings.rows.len());
        }
    }
    panes
}

/// A list with its heads, and a panel below that tells more: at least `detail` rows, more where the list is short.
fn with_detail(panes: &mut Panes, mut rest: Rect, detail: u16, rows: usize) {
    // Border and heads.
    let wanted = u16::try_from(rows).unwrap_or(u16::MAX).max(3).saturating_add(3);
    let detail = detail.max(rest.height.saturating_sub(wanted)).min(rest.height.saturating_sub(4));
    panes.detail = take_bottom(&mut rest, detail);
    list(panes, rest, 1);
}

fn list(panes: &mut Panes, area: Rect, heads: u16) {
    panes.main = area;
    let mut inside = inner(area);
    panes.head = take_top(&mut inside, heads);
    panes.rows = inside;
}

/// A height by that of the screen: below 24 rows, below 28, below 40, and from there on.
const fn by_height(height: u16, [low, usual, roomy, high]: [u16; 4]) -> u16 {
    match height {
        0..24 => low,
        24..28 => usual,
        28..40 => roomy,
        _ => high,
    }
}

fn sessions(panes: &mut Panes, mut rest: Rect, state: &State) {
    let height = state.size.1;
    if height < 18 {
        list(panes, rest, 1);
        return;
    }
    let overview = match (height, state.live) {
        (0..28, _) => 2,
        (_, true) => 5,
        (_, false) => state.overview_rows.saturating_add(2),
    };
    panes.overview = take_top(&mut rest, overview);
    if state.live && height >= 24 {
        panes.events = take_bottom(&mut rest, by_height(height, [5, 5, 5, 8]));
    }
    let detail = by_height(height, [4, 7, 8, 12]);
    with_detail(panes, rest, if state.live { detail.min(5) } else { detail }, state.row_filter.rows().len());
}

fn timeline(panes: &mut Panes, mut rest: Rect, state: &State) {
    let height = state.size.1;
    if height >= LEGEND_FROM {
        panes.legend = take_bottom(&mut rest, 1);
    }
    // Border, axis, commands, replies, findings.
    let fixed = 2 + 2 + 3;
    let detail = if height < 18 { 0 } else { by_height(height, [5, 8, 9, 12]) };
    let events_least = if height >= LEGEND_FROM { 5 } else { 0 };
    let lanes = u16::try_from(state.lane_count()).unwrap_or(u16::MAX).max(2);
    let room = rest.height.saturating_sub(fixed).saturating_sub(detail).saturating_sub(events_least);
    let chart = fixed.saturating_add(lanes.min(room.max(1)));
    if events_least == 0 {
        let detail = rest.height.saturating_sub(chart).max(detail.min(rest.height));
        panes.detail = take_bottom(&mut rest, detail);
        panes.main = rest;
    } else {
        panes.main = take_top(&mut rest, chart);
        panes.detail = take_top(&mut rest, detail);
        panes.events = rest;
    }
    let mut inside = inner(panes.main);
    panes.head = take_top(&mut inside, 5);
    panes.rows = inside;
}

/// The part of the timeline where time runs: behind the lanes' names.
pub(super) fn time_area(area: Rect) -> Rect {
    let label = LABEL.min(area.width);
    Rect { x: area.x.saturating_add(label), width: area.width - label, ..area }
}
