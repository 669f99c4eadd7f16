//! The mouse.

use std::time::Duration;

use crate::tui::data::Data;
use crate::tui::effect::Effect;
use crate::tui::layout;
use crate::tui::message::{Action, Message, Screen, Spot};
use crate::tui::scale::{TimeScale, Window};
use crate::tui::state::{Cursor, Overlay, State};
use crate::tui::view;
use ratatui::layout::{Position, Rect};

/// Two clicks within this time are one double click.
const DOUBLE: Duration = Duration::from_millis(400);

const fn within(area: Rect, spot: Spot) -> bool {
    area.contains(Position { x: spot.x, y: spot.y })
}

/// Selects what was clicked; a second click opens it.
pub(super) fn click(state: &mut State, data: &Data, spot: Spot) -> Option<Effect> {
    if state.overlay != Overlay::None {
        return None;
    }
    let double =
        state.last_click.is_some_and(|(last, when)| last == spot && state.now.saturating_sub(when) <= DOUBLE);
    state.last_click = Some((spot, state.now));
    state.dragged_from = Some(spot);
    let panes = layout::panes(state);
    if within(panes.tabs, spot) {
        if let Some(screen) = view::tab_at(state, spot.x) {
            super::show(state, data, screen);
        }
        return None;
    }
    if state.screen == Screen::Timeline && (within(panes.rows, spot) || within(panes.head, spot)) {
        let area = layout::time_area(panes.rows);
        if spot.x >= area.x {
            let scale = TimeScale::new(state.timeline.window, area.width);
            crate::tui::screens::timeline::set_cursor(state, scale.start_of(spot.x - area.x));
            if within(panes.rows, spot) {
                lane_click(state, usize::from(spot.y - panes.rows.y), spot.x - area.x);
            }
        }
        return None;
    }
    if state.screen == Screen::Sessions && within(panes.head, spot) {
        if let Some(sort) = view::column_at(state, spot.x) {
            let (now, reversed) = state.row_filter.sort();
            state.row_filter.order(sort, now == sort && !reversed, data);
        }
        return None;
    }
    if within(panes.rows, spot) {
        let row = usize::from(spot.y - panes.rows.y);
        select_row(state, row);
        if double {
            return super::update(state, data, Message::Act(Action::Open));
        }
    }
    if state.screen == Screen::Timeline && within(layout::inner(panes.events), spot) {
        let row = usize::from(spot.y - layout::inner(panes.events).y);
        crate::tui::screens::timeline::to_event(state, state.timeline.events_top + row);
    }
    None
}

/// A click on a bar: the event of that lane's channel nearest to the column.
fn lane_click(state: &mut State, row: usize, column: u16) {
    let area = layout::time_area(layout::panes(state).rows);
    let scale = TimeScale::new(state.timeline.window, area.width);
    let (from, to) = (scale.start_of(column), scale.start_of(column.saturating_add(1)));
    let Some(opened) = &state.opened else { return };
    let Some(lane) = opened.lanes.get(state.timeline.lanes_top + row) else { return };
    let Some(bar) = lane.bars_between(from, to).iter().rev().find(|bar| bar.last() >= from) else { return };
    let time = state.timeline.cursor;
    let of_channel = opened.events.iter().enumerate().filter(|(_, event)| event.channel == Some(bar.channel));
    let nearest = of_channel.min_by_key(|(_, event)| event.time.since(time).unsigned_abs()).map(|(at, _)| at);
    if let Some(at) = nearest {
        state.timeline.at = at;
    }
}

fn select_row(state: &mut State, row: usize) {
    let set = |cursor: &mut Cursor, len: usize| {
        if cursor.top + row < len {
            cursor.at = cursor.top + row;
        }
    };
    match state.screen {
        Screen::Sessions => {
            set(&mut state.list, state.row_filter.rows().len());
            state.selected = state.row_filter.rows().get(state.list.at).copied();
            state.follow = false;
        }
        Screen::Transfers => set(&mut state.transfers.cursor, state.transfers.rows.len()),
        Screen::Findings => set(&mut state.findings.cursor, state.findings.rows.len()),
        Screen::Ports => set(&mut state.ports.cursor, state.ports.rows.len()),
        Screen::Ladder => {
            let step =
                state.opened.as_ref().and_then(|opened| opened.steps.get(state.ladder_top + row).copied());
            if let Some(crate::tui::state::Step::Event(at)) = step {
                crate::tui::screens::timeline::to_event(state, at);
            }
        }
        Screen::Timeline => {}
    }
}

/// Drags: in the overview a time range, in the timeline the time itself.
pub(super) fn drag(state: &mut State, data: &Data, spot: Spot) {
    let Some(from) = state.dragged_from else { return };
    let panes = layout::panes(state);
    if state.screen == Screen::Sessions && within(panes.overview, from) {
        let area = view::overview_time_area(panes.overview);
        if let Some((first, last)) = data.extent()
            && area.width > 0
        {
            let scale = TimeScale::new(Window::new(first, last), area.width);
            let column = |x: u16| x.saturating_sub(area.x).min(area.width - 1);
            let (a, b) = (column(from.x.min(spot.x)), column(from.x.max(spot.x)));
            state.row_filter.limit(Some((scale.start_of(a), scale.start_of(b.saturating_add(1)))));
        }
    } else if state.screen == Screen::Timeline && within(panes.main, from) {
        let area = layout::time_area(panes.rows);
        let scale = TimeScale::new(state.timeline.window, area.width);
        let columns = i64::from(from.x) - i64::from(spot.x);
        crate::tui::screens::timeline::pan_by(state, scale.column_nanos().saturating_mul(columns));
        state.dragged_from = Some(spot);
    }
}

/// The wheel scrolls; on the timeline it pans, with Ctrl it zooms at the pointer.
pub(super) fn wheel(state: &mut State, data: &Data, spot: Spot, down: bool, zoom: bool) {
    let panes = layout::panes(state);
    if state.screen == Screen::Timeline && within(panes.main, spot) {
        let area = layout::time_area(panes.rows);
        let scale = TimeScale::new(state.timeline.window, area.width);
        if zoom {
            let around = scale.start_of(spot.x.saturating_sub(area.x).min(area.width.saturating_sub(1)));
            crate::tui::screens::timeline::zoom(state, around, !down);
        } else {
            let step = scale.column_nanos().saturating_mul(4);
            crate::tui::screens::timeline::pan_by(state, if down { step } else { -step });
        }
        return;
    }
    for _ in 0..3 {
        super::act(state, data, if down { Action::Down } else { Action::Up });
    }
}
