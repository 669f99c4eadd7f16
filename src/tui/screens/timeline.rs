//! One session over time: commands, replies, findings, and a lane for each negotiated endpoint.

mod bars;
mod draw;
mod order;

use ratatui::layout::Rect;

use super::{View, of_session};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::export::What;
use crate::picture::lanes::{self, Lane};
use crate::report::ChannelIndex;
use crate::tui::canvas::Canvas;
use crate::tui::data::Data;
use crate::tui::layout::{self, Panes, Spot, by_height, take_bottom, take_top};
use crate::tui::message::{Pan, ScreenAction, Turn};
use crate::tui::scale::TimeScale;
use crate::tui::screen::Screen;
use crate::tui::state::{Opened, State};
use order::LaneOrder;

/// The smallest screen height with room for a legend.
const LEGEND_FROM: u16 = 28;

/// State of the timeline. The position in the session is in [`State`], because the ladder shares it.
#[derive(Debug, Default)]
pub(in crate::tui) struct Timeline {
    pub(in crate::tui) lanes: Vec<Lane>,
    order: LaneOrder,
    /// Version of the opened session and order when the lanes were made: they are made again when either
    /// changes.
    made_from: Option<(u64, LaneOrder)>,
    /// The session that was shown last, to notice when another one opens.
    session: Option<u32>,
    lanes_top: usize,
    events_top: usize,
}

impl View for Timeline {
    fn table(&self) -> What {
        What::Commands
    }

    fn divide(&self, state: &State, mut rest: Rect, panes: &mut Panes) {
        let height = state.size.1;
        if height >= LEGEND_FROM {
            panes.legend = take_bottom(&mut rest, 1);
        }
        // Border, axis, commands, replies, findings.
        let fixed = 2 + 2 + 3;
        let detail = if height < 18 { 0 } else { by_height(height, [5, 8, 9, 12]) };
        let events_least = if height >= LEGEND_FROM { 5 } else { 0 };
        let lanes = u16::try_from(self.lanes.len()).unwrap_or(u16::MAX).max(2);
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
        let mut inside = layout::inner(panes.main);
        panes.head = take_top(&mut inside, 5);
        panes.rows = inside;
    }

    fn renew(&mut self, state: &mut State, data: &Data) {
        state.open(data);
        let opened = state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)));
        let Some((opened, session)) = opened else {
            self.lanes.clear();
            self.made_from = None;
            return;
        };
        let made_from = Some((opened.version, self.order));
        if self.made_from != made_from {
            self.lanes = lanes::of(&session, &opened.summary);
            self.order.sort(&mut self.lanes);
            self.made_from = made_from;
        }
        if self.session != Some(opened.index) {
            self.session = Some(opened.index);
            self.lanes_top = 0;
            self.events_top = 0;
        }
    }

    /// Scrolls so that the event at the cursor and its lane are visible.
    fn settle(&mut self, state: &mut State, panes: &Panes) {
        let Some(opened) = &state.opened else { return };
        let at = state.position.at;
        let height = usize::from(panes.rows.height).max(1);
        let channel = opened.event(at).and_then(|event| event.channel);
        if let Some(lane) = channel.and_then(|channel| self.lane_of(opened, channel)) {
            self.lanes_top = self.lanes_top.min(lane).max((lane + 1).saturating_sub(height));
        }
        self.lanes_top = self.lanes_top.min(self.lanes.len().saturating_sub(height));
        let events = usize::from(panes.events.height.saturating_sub(2)).max(1);
        self.events_top = of_session::keep(self.events_top, at, events, opened.events.len());
    }

    fn draw(&self, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
        draw::draw(self, state, data, canvas, panes);
    }

    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: ScreenAction) {
        let columns = layout::time_area(panes.rows).width;
        match action {
            ScreenAction::Pan(pan) => pan_or_zoom(state, columns, pan),
            ScreenAction::Order => {
                self.order = self.order.next();
                state.say(format!("lanes sorted by {}", self.order.name()));
            }
            ScreenAction::Move(_)
            | ScreenAction::Jump(_)
            | ScreenAction::NextProblem
            | ScreenAction::PreviousProblem
            | ScreenAction::Mark
            | ScreenAction::Sort
            | ScreenAction::Reverse
            | ScreenAction::Ignore
            | ScreenAction::View => {
                of_session::act(state, data, action, panes.events.height.saturating_sub(2).max(5));
            }
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        state.show(data, Screen::Ladder);
    }

    fn find(&mut self, state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
        of_session::find(state, data, wanted, forward)
    }

    fn current(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn only(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn evidence(&self, state: &State, data: &Data) -> Option<(FrameNumber, String)> {
        of_session::evidence(state, data)
    }

    fn click(&mut self, state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        if spot.is_in(panes.rows) || spot.is_in(panes.head) {
            let area = layout::time_area(panes.rows);
            if spot.x >= area.x {
                let scale = TimeScale::new(state.position.window, area.width);
                state.set_cursor(scale.start_of(spot.x - area.x), area.width);
                if spot.is_in(panes.rows) {
                    self.click_lane(state, usize::from(spot.y - panes.rows.y), scale, spot.x - area.x);
                }
            }
        } else if spot.is_in(layout::inner(panes.events)) {
            let row = usize::from(spot.y - layout::inner(panes.events).y);
            state.go_to_event(self.events_top + row);
        }
        false
    }

    /// Dragging pans the window.
    fn drag(&mut self, state: &mut State, _data: &Data, panes: &Panes, (from, to): (Spot, Spot)) {
        if from.is_in(panes.main) {
            let scale = TimeScale::new(state.position.window, layout::time_area(panes.rows).width);
            let columns = i64::from(from.x) - i64::from(to.x);
            pan_by(state, scale.of_column().times(columns));
            state.dragged_from = Some(to);
        }
    }

    /// The wheel pans; with Ctrl it zooms at the pointer.
    fn wheel(&mut self, state: &mut State, panes: &Panes, turn: Turn) -> bool {
        if !turn.spot.is_in(panes.main) {
            return false;
        }
        let area = layout::time_area(panes.rows);
        let scale = TimeScale::new(state.position.window, area.width);
        if turn.zoom {
            let column = turn.spot.x.saturating_sub(area.x).min(area.width.saturating_sub(1));
            zoom(state, scale.start_of(column), !turn.down);
        } else {
            let step = scale.of_column().times(4);
            pan_by(state, step.times(if turn.down { 1 } else { -1 }));
        }
        true
    }
}

impl Timeline {
    /// The index of the lane that a channel is in.
    fn lane_of(&self, opened: &Opened, channel: ChannelIndex) -> Option<usize> {
        let endpoint = opened.summary.channel(channel)?.listener;
        self.lanes.iter().position(|lane| lane.endpoint == endpoint)
    }

    /// A click on a bar selects the event of its channel that is nearest to the column.
    fn click_lane(&self, state: &mut State, row: usize, scale: TimeScale, column: u16) {
        let (from, to) = (scale.start_of(column), scale.start_of(column.saturating_add(1)));
        let Some(opened) = &state.opened else { return };
        let Some(lane) = self.lanes.get(self.lanes_top + row) else { return };
        let Some(bar) = lane.bars_between(from, to).iter().rev().find(|bar| bar.last() >= from) else {
            return;
        };
        let time = state.position.cursor;
        let of_channel =
            opened.events.iter().enumerate().filter(|(_, event)| event.channel == Some(bar.channel));
        let nearest = of_channel.min_by_key(|(_, event)| event.time.since(time).abs()).map(|(at, _)| at);
        if let Some(at) = nearest {
            state.position.at = at;
        }
    }
}

/// Shows another part of time.
fn pan_or_zoom(state: &mut State, columns: u16, to: Pan) {
    match to {
        Pan::Left => shift(state, columns, -1),
        Pan::Right => shift(state, columns, 1),
        Pan::PageLeft => pan(state, columns, -1),
        Pan::PageRight => pan(state, columns, 1),
        Pan::ZoomIn => zoom(state, state.position.cursor, true),
        Pan::ZoomOut => zoom(state, state.position.cursor, false),
        Pan::Fit => fit(state),
        Pan::Centre => {
            state.position.window = state.position.window.centred(state.position.cursor);
        }
    }
}

fn fit(state: &mut State) {
    if let Some(opened) = &state.opened {
        state.position.window = opened.extent;
        state.position.fitted = true;
    }
}

/// Halves or doubles the window around a time.
fn zoom(state: &mut State, around: Timestamp, closer: bool) {
    let window = state.position.window;
    let zoomed = if closer { window.zoomed(around, 1, 2) } else { window.zoomed(around, 2, 1) };
    // A window much longer than the session would show nothing more.
    let widest = state.opened.as_ref().map_or(TimeDelta::MAX, |opened| opened.extent.span().times(8));
    if closer || zoomed.span() <= widest.max(TimeDelta::from_secs(240)) {
        state.position.window = zoomed;
        state.position.fitted = false;
    }
}

/// Moves the window and the cursor by half the window's length.
fn pan(state: &mut State, columns: u16, direction: i64) {
    let half = state.position.window.span().part(2).times(direction);
    pan_by(state, half);
    let moved = state.position.cursor.plus(half).clamp(state.position.window.from, state.position.window.to);
    state.set_cursor(moved, columns);
}

/// Moves the window, but keeps part of the session in it.
fn pan_by(state: &mut State, delta: TimeDelta) {
    let Some(opened) = &state.opened else { return };
    let extent = opened.extent;
    let panned = state.position.window.panned(delta);
    let latest = extent.to.plus(panned.span());
    if panned.to < extent.from || panned.from > latest {
        return;
    }
    state.position.window = panned;
    state.position.fitted = false;
}

/// Moves the cursor by one column, and the window with it at the edge.
fn shift(state: &mut State, width: u16, columns: i64) {
    let scale = TimeScale::new(state.position.window, width);
    let column = i64::from(scale.nearest(state.position.cursor)) + columns;
    let edge = i64::from(scale.columns());
    if column < 0 || column >= edge {
        pan_by(state, scale.of_column().times(columns).times((edge / 8).max(1)));
        let moved = state.position.cursor.plus(scale.of_column().times(columns));
        state.set_cursor(moved, width);
        return;
    }
    state.set_cursor(scale.start_of(u16::try_from(column).unwrap_or(0)), width);
}
