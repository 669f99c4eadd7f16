//! What the screens of one session have in common: moving through its events.

use crate::base::FrameNumber;
use ratatui::layout::Rect;

use crate::picture::events::{self, Event};
use crate::report::{ChannelIndex, Session};
use crate::tui::canvas::{self, Canvas, span};
use crate::tui::cursor::seek;
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::evidence;
use crate::tui::message::{Jump, Motion, ScreenAction};
use crate::tui::state::{Opened, State};
use crate::tui::theme::Role;

/// Performs an action that timeline and ladder share; `page` is the number of rows on a page.
pub(super) fn act(state: &mut State, data: &Data, action: ScreenAction, page: u16) {
    match action {
        ScreenAction::Move(motion) => step(state, motion, i64::from(page)),
        ScreenAction::Jump(jump) => jump_to(state, jump),
        ScreenAction::NextProblem => next_problem(state, data, true),
        ScreenAction::PreviousProblem => next_problem(state, data, false),
        ScreenAction::Pan(_)
        | ScreenAction::Mark
        | ScreenAction::Sort
        | ScreenAction::Reverse
        | ScreenAction::Order
        | ScreenAction::Ignore
        | ScreenAction::View => {}
    }
}

fn step(state: &mut State, motion: Motion, page: i64) {
    match motion {
        Motion::Down => state.step(1),
        Motion::Up => state.step(-1),
        Motion::PageDown => state.step(page),
        Motion::PageUp => state.step(-page),
        Motion::HalfDown => state.step(page / 2),
        Motion::HalfUp => state.step(-page / 2),
        Motion::First => state.go_to_event(0),
        Motion::Last => state.go_to_event(usize::MAX),
    }
}

fn jump_to(state: &mut State, jump: Jump) {
    match jump {
        Jump::NextEvent => state.step(1),
        Jump::PreviousEvent => state.step(-1),
        Jump::NextChannel => next_channel(state, true),
        Jump::PreviousChannel => next_channel(state, false),
        Jump::NextSession => next_session(state, true),
        Jump::PreviousSession => next_session(state, false),
    }
}

/// With no problem left in this session, goes to the next session that has one.
fn next_problem(state: &mut State, data: &Data, forward: bool) {
    if state.seek_event(forward, Event::is_problem) {
        return;
    }
    let found = state.seek_problem_session(data, forward);
    state.say(if found { "the next session with a problem" } else { "no further problem" });
}

fn next_channel(state: &mut State, forward: bool) {
    let here = state.opened.as_ref().and_then(|opened| opened.event(state.position.at)?.channel);
    let at = state.position.at;
    let moved = state.jump(|opened| {
        let next = match (here, forward) {
            (None, _) => {
                return seek(&opened.events, at, forward, |event| event.channel.is_some());
            }
            (Some(channel), true) => channel.0.checked_add(1)?,
            (Some(channel), false) => channel.0.checked_sub(1)?,
        };
        opened.events.iter().position(|event| event.channel == Some(ChannelIndex(next)))
    });
    if !moved {
        state.say(if forward { "no further data channel" } else { "no earlier data channel" });
    }
}

fn next_session(state: &mut State, forward: bool) {
    if !state.seek_session(forward, |_| true) {
        state.say(if forward {
            "this is the last session of the list"
        } else {
            "this is the first session of the list"
        });
    }
}

/// Goes to the next event that contains a text; whether there is one.
pub(super) fn find(state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
    let Some(session) = state.opened.as_ref().and_then(|opened| data.session(opened.index)) else {
        return false;
    };
    state.seek_event(forward, |event| events::describe(&session, event).1.to_lowercase().contains(wanted))
}

/// The frames of the event's channel, else of the event alone.
pub(super) fn evidence(state: &State, data: &Data) -> Option<(FrameNumber, String)> {
    let opened = state.opened.as_ref()?;
    let event = opened.event(state.position.at)?;
    let of_channel =
        event.channel.and_then(|channel| evidence::of_channel(&*data.session(opened.index)?, channel));
    let filter = of_channel.map_or_else(|| evidence::filter_of_list(&[event.frame]), |(_, filter)| filter);
    Some((event.frame, filter))
}

/// The first row to show so that row `at` is visible, with two rows around it where there is room.
pub(super) fn keep(top: usize, at: usize, height: usize, len: usize) -> usize {
    let margin = if height >= 6 { 2 } else { 0 };
    let top = top.min(at.saturating_sub(margin)).max((at + 1 + margin).saturating_sub(height));
    top.min(len.saturating_sub(height))
}

/// Draws the event at the cursor, and the history of its channel.
pub(super) fn draw_at_cursor(
    state: &State,
    opened: &Opened,
    session: &Session,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    if area.height < 3 {
        return;
    }
    let Some(event) = opened.event(state.position.at) else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let (title, lines) = details::at_event(session, &opened.summary, event);
    let when = state.settings.time_format.format(event.time, session.start);
    let title = [span(format!("{when}  "), Role::Cursor), span(title, Role::Title)];
    canvas::detail_panel(canvas, area, &title, &lines);
}
