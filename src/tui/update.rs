//! Intentions change the state.
//!
//! **Invariant:** reads no clock and touches no terminal: anything else is returned as an [`Effect`].

mod command;
mod prompt;
mod search;

use crate::base::TimeDelta;
use std::time::Duration;

use super::data::{Changed, Data};
use super::effect::{Effect, usual_format};
use super::interface::Interface;
use super::layout::{self, Spot};
use super::message::{Action, Message, Motion, ScreenAction, Setting, Turn, Typing};
use super::overlays::{help, listing};
use super::row_filter::SortKey;
use super::screen::Screen;
use super::state::{Overlay, Pending, Prompt, Purpose, Question, State};
use super::tabs;
use super::theme::ThemeName;

pub(super) use prompt::apply_filter;

/// Two clicks within this time are one double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// Changes the state as a message says; returns what the loop has to do.
pub(super) fn update(interface: &mut Interface, data: &Data, message: Message) -> Option<Effect> {
    let state = &mut interface.state;
    let effect = match message {
        Message::Act(action) => act(interface, data, action),
        Message::Edit(edit) => prompt::edit(interface, data, &edit),
        Message::Letter(letter) => {
            second_key(interface, data, letter);
            None
        }
        Message::Digit(digit) => {
            state.pending = None;
            prompt::open(state, Purpose::Frame, &digit.to_string());
            None
        }
        Message::Click(spot) => click(interface, data, spot),
        Message::Drag(spot) => {
            drag(interface, data, spot);
            None
        }
        Message::Release(_) => {
            state.dragged_from = None;
            None
        }
        Message::Wheel(turn) => {
            wheel(interface, data, turn);
            None
        }
        Message::Resize { width, height } => {
            state.size = (width, height);
            None
        }
        Message::Tick(now) => {
            state.now = now;
            if state.flash.as_ref().is_some_and(|flash| flash.until <= now) {
                state.flash = None;
            }
            None
        }
        Message::Fed(changed) => {
            fed(state, data, &changed);
            None
        }
        Message::Done(Ok(text)) => {
            state.say(text);
            None
        }
        Message::Done(Err(text)) => {
            state.complain(text);
            None
        }
        Message::Yes => answer(state),
        Message::No => {
            state.overlay = Overlay::None;
            None
        }
    };
    settle(interface, data);
    effect
}

/// Whether work is left for the next tick.
pub(super) fn is_busy(interface: &Interface, data: &Data) -> bool {
    let state = &interface.state;
    let filtering = state.row_filter.is_behind(data) && !state.paused && data.is_settled();
    filtering
        || state.search.is_some()
        || state.row_filter.is_renewing()
        || interface.view().progress().is_some()
}

fn fed(state: &mut State, data: &Data, changed: &Changed) {
    if !changed.removed.is_empty() {
        state.row_filter.remove(&changed.removed);
        state.marked.retain(|index| !changed.removed.contains(index));
    }
    state.row_filter.again(&changed.replaced);
    if let Some(index) = state.opened.as_ref().map(|opened| opened.index)
        && changed.replaced.contains(&index)
    {
        state.refresh(index);
    }
    state.live = data.live().is_some() && !data.progress().finished;
    if let Some(note) = &changed.note {
        state.say(note.clone());
    }
    if changed.finished {
        state.stopping = false;
        if let Some(failure) = data.failure() {
            state.complain(failure.to_owned());
        }
    }
}

/// Brings everything that depends on something else in line with it.
fn settle(interface: &mut Interface, data: &Data) {
    let (view, state) = interface.parts();
    if !state.paused && data.is_settled() || state.row_filter.is_renewing() {
        state.row_filter.step(data);
    }
    search::step(state, data);
    settle_selection(state, data);
    view.renew(state, data);
    interface.screens.rest(interface.state.screen);
    // What there are rows of is known only now, and with that the layout.
    let panes = interface.panes();
    let (view, state) = interface.parts();
    view.settle(state, &panes);
}

/// The cursor stays on its session wherever that has moved to.
fn settle_selection(state: &mut State, data: &Data) {
    let rows = state.row_filter.rows();
    if state.follow {
        let newest = rows.iter().copied().max_by_key(|&index| data.number(index));
        state.selected = newest.or(state.selected);
    }
    let place = |index: u32, at: usize| {
        if rows.get(at) == Some(&index) { Some(at) } else { rows.iter().position(|&row| row == index) }
    };
    match state.selected.and_then(|index| place(index, state.list.at)) {
        Some(at) => state.list.at = at,
        None if state.row_filter.is_renewing() => {}
        None => {
            state.list.at = state.list.at.min(rows.len().saturating_sub(1));
            // In a session's own views what the filter hides stays open.
            if !state.screen.is_of_session() || state.selected.is_none() {
                state.selected = rows.get(state.list.at).copied();
            }
        }
    }
}

fn act(interface: &mut Interface, data: &Data, action: Action) -> Option<Effect> {
    let state = &mut interface.state;
    match &state.overlay {
        Overlay::Help { top } => {
            state.overlay = match action {
                Action::Screen(ScreenAction::Move(motion)) => help::scroll(state, motion, *top),
                // Any other key closes it.
                _ => Overlay::None,
            };
            return None;
        }
        Overlay::Recent { .. } => {
            prompt::recent(state, action);
            return None;
        }
        Overlay::Listing(_) => {
            look_through(state, action);
            return None;
        }
        Overlay::None | Overlay::Prompt(_) | Overlay::Confirm(_) => {}
    }
    if action != Action::Back {
        state.search = None;
    }
    match action {
        Action::Copy | Action::Wireshark => return hand_over(interface, data, action),
        Action::Mouse => {
            state.settings.mouse = !state.settings.mouse;
            let on = state.settings.mouse;
            state.say(if on {
                "mouse on (Shift-drag selects text)"
            } else {
                "mouse off: the terminal selects text"
            });
            return Some(Effect::Mouse(on));
        }
        Action::Stop => return Some(stop(state, data)),
        Action::Redraw => return Some(Effect::Redraw),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Quit if state.screen != Screen::Sessions => back(interface),
        Action::Quit => quit(state, data),
        Action::Worst => worst_first(state, data),
        Action::QuitKeeping => return Some(Effect::Quit { keep: true }),
        Action::Show(screen) => state.show(data, screen),
        Action::NextScreen => state.show(data, state.screen.next()),
        Action::PreviousScreen => state.show(data, state.screen.previous()),
        Action::Open => {
            let (view, state) = interface.parts();
            view.open(state, data);
        }
        Action::Back => back(interface),
        Action::BrushEarlier => brush(state, data, -1),
        Action::BrushLater => brush(state, data, 1),
        Action::FindNext => find(interface, data, true),
        Action::FindPrevious => find(interface, data, false),
        Action::Set(setting) => set(state, setting),
        Action::Export => propose_export(interface),
        Action::Type(typing) => begin_typing(state, typing),
        Action::Screen(ScreenAction::Mark) => mark(interface, data),
        Action::Screen(action) => on_screen(interface, data, action),
    }
    None
}

/// Moves through the listing that lies over the screen; any other key closes it.
fn look_through(state: &mut State, action: Action) {
    let height = listing::height(state);
    match (&mut state.overlay, action) {
        (Overlay::Listing(shown), Action::Screen(ScreenAction::Move(motion))) => shown.step(motion, height),
        _ => state.overlay = Overlay::None,
    }
}

/// Leaves an action to the screen that is shown.
fn on_screen(interface: &mut Interface, data: &Data, action: ScreenAction) {
    let panes = interface.panes();
    let (view, state) = interface.parts();
    view.act(state, data, &panes, action);
}

/// Opens a prompt, a list or the help, or waits for a second key.
fn begin_typing(state: &mut State, typing: Typing) {
    match typing {
        Typing::GotoFrame => state.pending = Some(Pending::Go),
        Typing::SetMark => state.pending = Some(Pending::SetMark),
        Typing::JumpToMark => state.pending = Some(Pending::JumpToMark),
        Typing::Filter => {
            let text = state.row_filter.text().to_owned();
            prompt::open(state, Purpose::Filter, &text);
        }
        Typing::Recent if state.settings.history.is_empty() => state.say("no filter was used yet"),
        Typing::Recent => state.overlay = Overlay::Recent { at: 0 },
        Typing::Find => prompt::open(state, Purpose::Find, ""),
        Typing::CommandLine => prompt::open(state, Purpose::Command, ""),
        Typing::Save => {
            let name = if state.marked.is_empty() { "session.pcapng" } else { "sessions.pcapng" };
            prompt::open(state, Purpose::Command, &format!("w {name}"));
        }
        Typing::Help => state.overlay = Overlay::Help { top: 0 },
    }
}

/// Proposes to export what the screen shows.
fn propose_export(interface: &mut Interface) {
    let table = interface.view().table();
    let name = if interface.state.screen.is_of_session() { "session" } else { table.name() };
    let format = usual_format(table);
    let line = format!("export {format} {name}.{format}");
    prompt::open(&mut interface.state, Purpose::Command, &line);
}

/// Changes how things are shown.
fn set(state: &mut State, setting: Setting) {
    match setting {
        Setting::TimeFormat => {
            state.settings.time_format = state.settings.time_format.next();
            state.say(format!("times: {}", state.settings.time_format.name()));
        }
        Setting::Theme => theme(state, state.settings.theme.next()),
        Setting::Pause => {
            state.paused = !state.paused;
            state.say(if state.paused { "list paused; reading continues" } else { "resumed" });
        }
        Setting::Follow => {
            state.follow = !state.follow;
            state.say(if state.follow { "following the newest session" } else { "no longer following" });
        }
    }
}

fn back(interface: &mut Interface) {
    let (view, state) = interface.parts();
    if state.pending.take().is_some() {
        return;
    }
    if state.search.take().is_some() {
        state.say("the search was given up");
        return;
    }
    let was_filtering = state.row_filter.is_filtering();
    if state.row_filter.give_up() {
        state.say(if was_filtering { "the filter was given up" } else { "the new order was given up" });
        return;
    }
    if view.give_up() {
        state.say("given up: the list is what it was");
        return;
    }
    if state.flash.take().is_some() {
        return;
    }
    if state.screen != Screen::Sessions {
        state.screen = state.trail.pop().unwrap_or_default();
    } else if state.row_filter.range().is_some() {
        state.row_filter.limit(None);
    } else if !state.row_filter.text().is_empty() {
        state.row_filter.filter("", None);
    } else {
        state.marked.clear();
    }
}

fn mark(interface: &mut Interface, data: &Data) {
    let Some(index) = interface.view().current(&interface.state) else { return };
    let marked = &mut interface.state.marked;
    if !marked.remove(&index) {
        marked.insert(index);
    }
    on_screen(interface, data, ScreenAction::Mark);
}

/// The key after `g`, `m` or `'`.
fn second_key(interface: &mut Interface, data: &Data, letter: char) {
    let Some(pending) = interface.state.pending.take() else { return };
    let columns = layout::time_area(interface.panes().rows).width;
    let state = &mut interface.state;
    match pending {
        Pending::Go if letter == 'g' => on_screen(interface, data, ScreenAction::Move(Motion::First)),
        Pending::Go => {}
        Pending::SetMark => {
            if let Some(index) = state.selected
                && letter.is_ascii_alphabetic()
            {
                state.position.marks.insert(letter, (index, state.position.cursor));
                state.say(format!("mark {letter}"));
            }
        }
        Pending::JumpToMark if letter == '\'' => {
            if let Some(back) = state.position.back.replace(state.position.cursor) {
                state.go_to_time(back, columns);
            }
        }
        Pending::JumpToMark => match state.position.marks.get(&letter).copied() {
            Some((index, time)) => {
                state.position.back = Some(state.position.cursor);
                state.selected = Some(index);
                state.open(data);
                state.go_to_time(time, columns);
            }
            None => state.say(format!("there is no mark {letter}")),
        },
    }
}

/// Moves to the next row that contains the text looked for.
fn find(interface: &mut Interface, data: &Data, forward: bool) {
    let (view, state) = interface.parts();
    let Some(wanted) = state.find.as_ref().map(|text| text.to_lowercase()) else {
        state.say("nothing to find yet: C-f");
        return;
    };
    if !view.find(state, data, &wanted, forward) && state.search.is_none() {
        state.say(format!("no further '{wanted}' in this direction"));
    }
}

/// A time range in steps of a sixteenth of the capture: the first step brushes the cursor's sixteenth.
fn brush(state: &mut State, data: &Data, direction: i64) {
    let Some((first, last)) = data.extent() else { return };
    let step = last.since(first).part(16).max(TimeDelta::from_nanos(1));
    let range = match state.row_filter.range() {
        None => {
            let at = state.selected.and_then(|index| data.row(index)).map_or(first, |row| row.start);
            let from = first.plus(step.times(at.since(first).nanos() / step.nanos()));
            (from, from.plus(step))
        }
        Some((from, to)) => (from.plus(step.times(direction)), to.plus(step.times(direction))),
    };
    state.row_filter.limit((range.1 >= first && range.0 <= last).then_some(range));
}

/// Hands what is selected over to the clipboard or to Wireshark.
fn hand_over(interface: &mut Interface, data: &Data, action: Action) -> Option<Effect> {
    let found = interface.view().evidence(&interface.state, data);
    let state = &mut interface.state;
    let Some((frame, filter)) = found else {
        state.say(if action == Action::Copy { "nothing to copy here" } else { "nothing to show here" });
        return None;
    };
    if action == Action::Wireshark {
        return Some(Effect::Wireshark { frame, filter });
    }
    state.say(format!("copied, if the terminal allows it: {filter}"));
    Some(Effect::Copy(filter))
}

/// Selects what was clicked; a second click opens it.
fn click(interface: &mut Interface, data: &Data, spot: Spot) -> Option<Effect> {
    if interface.state.overlay != Overlay::None {
        return None;
    }
    let panes = interface.panes();
    let (view, state) = interface.parts();
    let double =
        state.last_click.is_some_and(|(last, when)| last == spot && state.now.saturating_sub(when) <= DOUBLE);
    state.last_click = Some((spot, state.now));
    state.dragged_from = Some(spot);
    if spot.is_in(panes.tabs) {
        if let Some(screen) = tabs::at(state, spot.x) {
            state.show(data, screen);
        }
    } else if view.click(state, data, &panes, spot) && double {
        return act(interface, data, Action::Open);
    }
    None
}

fn drag(interface: &mut Interface, data: &Data, spot: Spot) {
    let Some(from) = interface.state.dragged_from else { return };
    let panes = interface.panes();
    let (view, state) = interface.parts();
    view.drag(state, data, &panes, (from, spot));
}

/// The wheel scrolls, unless the screen has another use for it.
fn wheel(interface: &mut Interface, data: &Data, turn: Turn) {
    let panes = interface.panes();
    let (view, state) = interface.parts();
    if !view.wheel(state, &panes, turn) {
        for _ in 0..3 {
            let motion = if turn.down { Motion::Down } else { Motion::Up };
            act(interface, data, Action::Screen(ScreenAction::Move(motion)));
        }
    }
}

/// Stops reading; the second time leaves.
fn stop(state: &mut State, data: &Data) -> Effect {
    if data.progress().finished || state.stopping {
        return Effect::Quit { keep: false };
    }
    state.stopping = true;
    state.say("stopping; results so far are kept. Press again to quit");
    Effect::Stop
}

/// Leaves; an unfinished live capture only after a question.
/// Asks before the interface is left.
fn quit(state: &mut State, data: &Data) {
    let is_live = data.live().is_some() && !data.progress().finished;
    state.overlay = Overlay::Confirm(if is_live { Question::QuitWhileLive } else { Question::Quit });
}

/// The list of sessions with the gravest findings on top, and the first of them selected.
fn worst_first(state: &mut State, data: &Data) {
    state.show(data, Screen::Sessions);
    state.row_filter.order(SortKey::Findings, false);
    state.list.at = 0;
    state.selected = None;
    state.follow = false;
}

fn answer(state: &mut State) -> Option<Effect> {
    match std::mem::take(&mut state.overlay) {
        Overlay::Confirm(Question::QuitWhileLive | Question::Quit) => Some(Effect::Quit { keep: false }),
        Overlay::None
        | Overlay::Help { .. }
        | Overlay::Prompt(_)
        | Overlay::Recent { .. }
        | Overlay::Listing(_) => None,
    }
}

fn theme(state: &mut State, theme: ThemeName) {
    state.settings.theme = theme;
    state.say(format!("theme {}", theme.name()));
}

fn prompt_of(state: &mut State) -> Option<&mut Prompt> {
    match &mut state.overlay {
        Overlay::Prompt(prompt) => Some(prompt),
        Overlay::None
        | Overlay::Help { .. }
        | Overlay::Recent { .. }
        | Overlay::Confirm(_)
        | Overlay::Listing(_) => None,
    }
}
