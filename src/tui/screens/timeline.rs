//! Moving through one session, in the timeline and in the ladder.

pub(in crate::tui) mod draw;
pub(in crate::tui) mod lanes;

use crate::base::Timestamp;
use crate::tui::data::Data;
use crate::tui::events::EventKind;
use crate::tui::layout::{self, Panes};
use crate::tui::message::{Action, Screen};
use crate::tui::scale::TimeScale;
use crate::tui::state::{Opened, Pending, State};

/// What keys do here.
pub(in crate::tui) fn act(state: &mut State, data: &Data, action: Action) {
    let panes = layout::panes(state);
    let page = if state.screen == Screen::Ladder {
        panes.rows.height
    } else {
        panes.events.height.saturating_sub(2).max(5)
    };
    match action {
        Action::Down | Action::NextEvent => step(state, 1),
        Action::Up | Action::PreviousEvent => step(state, -1),
        Action::PageDown => step(state, i64::from(page)),
        Action::PageUp => step(state, -i64::from(page)),
        Action::HalfDown => step(state, i64::from(page / 2)),
        Action::HalfUp => step(state, -i64::from(page / 2)),
        Action::First => to_event(state, 0),
        Action::Last => to_event(state, usize::MAX),
        Action::NextProblem | Action::PreviousProblem => {
            let forward = action == Action::NextProblem;
            let found = state.opened.as_ref().and_then(|opened| {
                crate::tui::update::lists::seek(
                    &opened.events,
                    state.timeline.at,
                    forward,
                    crate::tui::events::Event::is_problem,
                )
            });
            match found {
                Some(at) => to_event(state, at),
                None => other_problem(state, data, forward),
            }
        }
        Action::NextChannel | Action::PreviousChannel => next_channel(state, action == Action::NextChannel),
        Action::NextSession | Action::PreviousSession => next_session(state, action == Action::NextSession),
        Action::Left => shift(state, &panes, -1),
        Action::Right => shift(state, &panes, 1),
        Action::PageLeft => pan(state, -1),
        Action::PageRight => pan(state, 1),
        Action::ZoomIn => zoom(state, state.timeline.cursor, true),
        Action::ZoomOut => zoom(state, state.timeline.cursor, false),
        Action::Fit => fit(state),
        Action::Centre => state.timeline.window = state.timeline.window.centred(state.timeline.cursor),
        Action::Order if state.screen == Screen::Timeline => {
            state.timeline.order = state.timeline.order.next();
            state.reorder(data);
            state.say(format!("lanes by {}", state.timeline.order.name()));
        }
        Action::Order => {
            state.compressed = !state.compressed;
            state.reorder(data);
            state.say(if state.compressed { "idle times are left out" } else { "idle times are shown" });
        }
        _ => {}
    }
}

fn fit(state: &mut State) {
    if let Some(opened) = &state.opened {
        state.timeline.window = opened.extent();
        state.timeline.fitted = true;
    }
}

/// Zooms by half, or to twice the time, around a moment.
pub(in crate::tui) fn zoom(state: &mut State, around: Timestamp, closer: bool) {
    let window = state.timeline.window;
    let zoomed = if closer { window.zoomed(around, 1, 2) } else { window.zoomed(around, 2, 1) };
    // Far beyond the session there is nothing to see.
    let widest = state.opened.as_ref().map_or(i64::MAX, |opened| opened.extent().span().saturating_mul(8));
    if closer || zoomed.span() <= widest.max(240_000_000_000) {
        state.timeline.window = zoomed;
        state.timeline.fitted = false;
    }
}

/// Moves the window by half its length, the cursor with it.
fn pan(state: &mut State, direction: i64) {
    let half = (state.timeline.window.span() / 2).saturating_mul(direction);
    pan_by(state, half);
    let moved = state.timeline.cursor.plus(half).clamp(state.timeline.window.from, state.timeline.window.to);
    set_cursor(state, moved);
}

/// Moves the window, but never away from the session altogether.
pub(in crate::tui) fn pan_by(state: &mut State, nanos: i64) {
    let Some(opened) = &state.opened else { return };
    let extent = opened.extent();
    let panned = state.timeline.window.panned(nanos);
    let latest = extent.to.plus(panned.span());
    if panned.to < extent.from || panned.from > latest {
        return;
    }
    state.timeline.window = panned;
    state.timeline.fitted = false;
}

/// Moves the cursor by a column; at the edge the window moves on.
fn shift(state: &mut State, panes: &Panes, columns: i64) {
    let scale = TimeScale::new(state.timeline.window, layout::time_area(panes.rows).width);
    let column = i64::from(scale.nearest(state.timeline.cursor)) + columns;
    let edge = i64::from(scale.columns());
    if column < 0 || column >= edge {
        pan_by(state, scale.column_nanos().saturating_mul(columns).saturating_mul((edge / 8).max(1)));
        let moved = state.timeline.cursor.plus(scale.column_nanos().saturating_mul(columns));
        set_cursor(state, moved);
        return;
    }
    set_cursor(state, scale.start_of(u16::try_from(column).unwrap_or(0)));
}

/// Puts the cursor on a time; the event is the weightiest of its column, else the last one before.
pub(in crate::tui) fn set_cursor(state: &mut State, time: Timestamp) {
    state.timeline.cursor = time;
    let panes = layout::panes(state);
    let scale = TimeScale::new(state.timeline.window, layout::time_area(panes.rows).width);
    let Some(opened) = &state.opened else { return };
    let column = scale.nearest(time);
    let (from, to) = (scale.start_of(column), scale.start_of(column.saturating_add(1)));
    let begin = opened.events.partition_point(|event| event.time < from);
    let end = opened.events.partition_point(|event| event.time < to);
    let here = opened.events.get(begin..end.max(begin)).unwrap_or_default();
    let heaviest = here.iter().map(|event| event.weight).max();
    state.timeline.at = match heaviest.and_then(|weight| here.iter().position(|event| event.weight == weight))
    {
        Some(at) => begin + at,
        None => opened.at_or_before(time),
    };
}

fn step(state: &mut State, by: i64) {
    let at = i64::try_from(state.timeline.at).unwrap_or(i64::MAX).saturating_add(by).max(0);
    to_event(state, usize::try_from(at).unwrap_or(usize::MAX));
}

/// Goes to an event by its index.
pub(in crate::tui) fn to_event(state: &mut State, at: usize) {
    let Some(opened) = &state.opened else { return };
    let at = at.min(opened.events.len().saturating_sub(1));
    if let Some(event) = opened.event(at) {
        state.timeline.at = at;
        state.timeline.cursor = event.time;
        state.timeline.window = state.timeline.window.revealing(event.time);
    }
}

/// Goes to an event, and remembers where it came from.
fn jump(state: &mut State, find: impl Fn(&Opened) -> Option<usize>) -> bool {
    let found = state.opened.as_ref().and_then(find);
    if let Some(at) = found {
        state.timeline.back = Some(state.timeline.cursor);
        to_event(state, at);
    }
    found.is_some()
}

/// Goes to the event of a frame, or the last one before it.
pub(in crate::tui) fn to_frame(state: &mut State, frame: u64) {
    jump(state, |opened| {
        let exact = opened
            .events
            .iter()
            .position(|event| event.frame == frame && !matches!(event.kind, EventKind::Finding(_)));
        exact.or_else(|| opened.events.iter().rposition(|event| event.frame <= frame))
    });
}

/// Goes to a finding.
pub(in crate::tui) fn to_finding(state: &mut State, finding: u32) {
    jump(state, |opened| opened.events.iter().position(|event| event.kind == EventKind::Finding(finding)));
}

/// Goes to what tells most of a channel.
pub(in crate::tui) fn to_channel(state: &mut State, channel: u32) {
    jump(state, |opened| {
        let time = crate::tui::details::telling_time(&opened.summary, channel);
        let of_channel = |event: &crate::tui::events::Event| event.channel == Some(channel);
        let told = opened
            .events
            .iter()
            .position(|event| of_channel(event) && time.is_some_and(|time| event.time >= time));
        told.or_else(|| opened.events.iter().rposition(of_channel))
    });
}

fn next_channel(state: &mut State, forward: bool) {
    let here = state.opened.as_ref().and_then(|opened| opened.event(state.timeline.at)?.channel);
    let at = state.timeline.at;
    let moved = jump(state, |opened| {
        let next = match (here, forward) {
            (None, _) => {
                return crate::tui::update::lists::seek(&opened.events, at, forward, |event| {
                    event.channel.is_some()
                });
            }
            (Some(channel), true) => channel.checked_add(1)?,
            (Some(channel), false) => channel.checked_sub(1)?,
        };
        opened.events.iter().position(|event| event.channel == Some(next))
    });
    if !moved {
        state.say(if forward { "no further data channel" } else { "no earlier data channel" });
    }
}

/// Goes to the next session of the list.
fn next_session(state: &mut State, forward: bool) {
    let rows = state.row_filter.rows();
    let at = if forward { state.list.at.checked_add(1) } else { state.list.at.checked_sub(1) };
    match at.and_then(|at| Some((at, *rows.get(at)?))) {
        Some((at, index)) => {
            state.list.at = at;
            state.selected = Some(index);
        }
        None => state.say(if forward {
            "this is the last session of the list"
        } else {
            "this is the first session of the list"
        }),
    }
}

/// With no problem left in this session, goes to the next session that has one.
fn other_problem(state: &mut State, data: &Data, forward: bool) {
    let rows = state.row_filter.rows();
    let worst = |index: &u32| {
        data.facts(*index).is_some_and(|facts| facts.worst >= Some(crate::report::Severity::Warning))
    };
    match crate::tui::update::lists::seek(rows, state.list.at, forward, worst) {
        Some(at) => {
            state.selected = rows.get(at).copied();
            state.list.at = at;
            state.say("the next session with a problem");
        }
        None => state.say("no further problem"),
    }
}

/// The letter of a mark was typed.
pub(in crate::tui) fn letter(state: &mut State, data: &Data, letter: char) {
    let Some(pending) = state.pending.take() else { return };
    match pending {
        Pending::Go => {
            if letter == 'g' {
                if state.screen.is_of_session() {
                    act(state, data, Action::First);
                } else {
                    crate::tui::update::lists::walk(state, Action::First);
                }
            }
        }
        Pending::SetMark => {
            if let Some(index) = state.selected
                && letter.is_ascii_alphabetic()
            {
                state.timeline.marks.insert(letter, (index, state.timeline.cursor));
                state.say(format!("mark {letter}"));
            }
        }
        Pending::JumpToMark if letter == '\'' => {
            if let Some(back) = state.timeline.back.replace(state.timeline.cursor) {
                to_time(state, back);
            }
        }
        Pending::JumpToMark => match state.timeline.marks.get(&letter).copied() {
            Some((index, time)) => {
                state.timeline.back = Some(state.timeline.cursor);
                state.selected = Some(index);
                state.open(data);
                to_time(state, time);
            }
            None => state.say(format!("there is no mark {letter}")),
        },
    }
}

fn to_time(state: &mut State, time: Timestamp) {
    state.timeline.window = state.timeline.window.revealing(time);
    set_cursor(state, time);
}

/// Keeps the event, its lane and its row in sight.
pub(in crate::tui) fn settle(state: &mut State, panes: &Panes) {
    let Some(opened) = &state.opened else { return };
    let timeline = &mut state.timeline;
    timeline.at = timeline.at.min(opened.events.len().saturating_sub(1));
    let lanes = opened.lanes.len();
    let height = usize::from(panes.rows.height).max(1);
    let channel = opened.event(timeline.at).and_then(|event| event.channel);
    let lane = channel.and_then(|channel| lane_of(opened, channel));
    if let Some(lane) = lane {
        timeline.lanes_top = timeline.lanes_top.min(lane).max((lane + 1).saturating_sub(height));
    }
    timeline.lanes_top = timeline.lanes_top.min(lanes.saturating_sub(height));
    let events = usize::from(panes.events.height.saturating_sub(2)).max(1);
    timeline.events_top = keep(timeline.events_top, timeline.at, events, opened.events.len());
    let step = opened.step_of(timeline.at);
    state.ladder_top = keep(state.ladder_top, step, height, opened.steps.len());
}

/// The lane of a channel.
pub(in crate::tui) fn lane_of(opened: &Opened, channel: u32) -> Option<usize> {
    let endpoint = opened.summary.channel(channel)?.listener;
    opened.lanes.iter().position(|lane| lane.endpoint == endpoint)
}

/// The first row to show so that a row is in sight, with two rows of air around it where there is room.
fn keep(top: usize, at: usize, height: usize, len: usize) -> usize {
    let air = if height >= 6 { 2 } else { 0 };
    let top = top.min(at.saturating_sub(air)).max((at + 1 + air).saturating_sub(height));
    top.min(len.saturating_sub(height))
}
