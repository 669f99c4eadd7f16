//! Intentions change the state.
//!
//! **Invariant:** the only place that changes it; reads no clock, touches no terminal: what is to be done outside comes
//! back as an [`Effect`].

mod aim;
mod command;
mod find;
pub(super) mod lists;
mod pointer;
mod prompt;

use std::time::Duration;

use super::data::{Changed, Data};
use super::effect::{Effect, Table};
use super::layout;
use super::message::{Action, Message, Screen};
use super::screens::findings::list::FindingRow;
use super::screens::timeline;
use super::state::{Overlay, Pending, Prompt, Purpose, Question, State};
use super::theme::ThemeName;

/// How far the lists of transfers, findings and ports may be behind while reading goes on.
const BEHIND: Duration = Duration::from_secs(1);

/// Changes the state as a message says; what is to be done outside comes back.
pub(super) fn update(state: &mut State, data: &Data, message: Message) -> Option<Effect> {
    let effect = match message {
        Message::Act(action) => act(state, data, action),
        Message::Edit(edit) => prompt::edit(state, data, &edit),
        Message::Letter(letter) => {
            timeline::letter(state, data, letter);
            None
        }
        Message::Digit(digit) => {
            state.pending = None;
            prompt::open(state, Purpose::Frame, &digit.to_string());
            None
        }
        Message::Click(spot) => pointer::click(state, data, spot),
        Message::Drag(spot) => {
            pointer::drag(state, data, spot);
            None
        }
        Message::Release(_) => {
            state.dragged_from = None;
            None
        }
        Message::Wheel { spot, down, zoom } => {
            pointer::wheel(state, data, spot, down, zoom);
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
    settle(state, data);
    effect
}

/// Whether there is more to do for the next tick than to wait for it.
pub(super) fn is_busy(state: &State, data: &Data) -> bool {
    let filtering = state.row_filter.is_behind(data) && !state.paused && data.is_settled();
    filtering || state.row_filter.is_renewing() || state.screen == Screen::Ports && state.ports.is_gathering()
}

fn fed(state: &mut State, data: &Data, changed: &Changed) {
    if !state.paused {
        state.row_filter.again(&changed.replaced, data);
    }
    if let Some(index) = state.opened.as_ref().map(|opened| opened.index)
        && changed.replaced.contains(&index)
    {
        state.refresh(index);
    }
    let modes = u16::try_from(data.overview().modes().count()).unwrap_or(0);
    state.overview_rows = modes.max(1) + 1;
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
fn settle(state: &mut State, data: &Data) {
    if !state.paused && data.is_settled() || state.row_filter.is_renewing() {
        state.row_filter.step(data);
    }
    let panes = layout::panes(state);
    settle_list(state, data, panes.rows.height);
    if state.screen.is_of_session() {
        state.open(data);
        // With the session open its lanes are known, and with them the layout.
        let panes = layout::panes(state);
        timeline::settle(state, &panes);
        return;
    }
    let version = version(state, data);
    let rows = state.row_filter.rows();
    match state.screen {
        Screen::Transfers => {
            state.transfers.renew(data, rows, version);
            state.transfers.cursor.settle(state.transfers.rows.len(), panes.rows.height);
        }
        Screen::Findings => {
            state.findings.renew(data, rows, version);
            state.findings.cursor.settle(state.findings.rows.len(), panes.rows.height);
        }
        Screen::Ports => {
            state.ports.renew(data, rows, version);
            state.ports.cursor.settle(state.ports.rows.len(), panes.rows.height);
        }
        Screen::Sessions | Screen::Timeline | Screen::Ladder => {}
    }
}

/// Which sessions, as they stood when, the lists of what is in them are made from. While reading goes on that changes all
/// the time, and making the lists takes time in proportion to all that is in them: so they are then a little behind.
fn version(state: &mut State, data: &Data) -> (u64, u64) {
    let recent = state.made.get(&state.screen).filter(|(since, _)| state.now < *since + BEHIND);
    if let Some((_, made_from)) = recent
        && !data.progress().finished
    {
        return *made_from;
    }
    let version = (state.row_filter.version(), data.settlement());
    state.made.insert(state.screen, (state.now, version));
    version
}

/// The cursor stays on its session wherever that has moved to.
fn settle_list(state: &mut State, data: &Data, height: u16) {
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
            state.list.settle(rows.len(), height);
            // In a session's own views what the filter hides stays open.
            if !state.screen.is_of_session() || state.selected.is_none() {
                state.selected = rows.get(state.list.at).copied();
            }
        }
    }
    if state.screen == Screen::Sessions {
        state.list.settle(rows.len(), height);
    }
}

fn act(state: &mut State, data: &Data, action: Action) -> Option<Effect> {
    match &state.overlay {
        Overlay::Help { top } => {
            let top = *top;
            help(state, action, top);
            return None;
        }
        Overlay::Recent { .. } => {
            prompt::recent(state, action);
            return None;
        }
        Overlay::None | Overlay::Prompt(_) | Overlay::Confirm(_) => {}
    }
    match action {
        Action::Copy => return aim::copy(state, data),
        Action::Wireshark => return aim::wireshark(state, data),
        Action::Mouse => {
            state.settings.mouse = !state.settings.mouse;
            let on = state.settings.mouse;
            state.say(if on {
                "mouse on (Shift-drag selects text)"
            } else {
                "mouse off: the terminal's own again"
            });
            return Some(Effect::Mouse(on));
        }
        Action::Stop => return Some(stop(state, data)),
        Action::Redraw => return Some(Effect::Redraw),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Quit => return quit(state, data),
        Action::QuitKeeping => return Some(Effect::Quit { keep: true }),
        Action::Show(screen) => show(state, data, screen),
        Action::NextScreen => show(state, data, state.screen.next()),
        Action::PreviousScreen => show(state, data, state.screen.previous()),
        Action::Open => open(state, data),
        Action::Back => back(state),
        Action::Mark => mark(state),
        Action::BrushEarlier => lists::brush(state, data, -1),
        Action::BrushLater => lists::brush(state, data, 1),
        Action::FindNext => find::find(state, data, true),
        Action::FindPrevious => find::find(state, data, false),
        Action::TimeFormat | Action::Theme | Action::Pause | Action::Follow => set(state, action),
        _ if begins_typing(state, action) => {}
        Action::NextProblem | Action::PreviousProblem if !state.screen.is_of_session() => {
            lists::next_problem(state, data, action == Action::NextProblem);
        }
        _ if state.screen.is_of_session() => timeline::act(state, data, action),
        Action::Sort | Action::Reverse | Action::Order | Action::Ignore => {
            lists::arrange(state, data, action);
        }
        _ => lists::walk(state, action),
    }
    None
}

/// Scrolls the help; whatever does not scroll closes it.
fn help(state: &mut State, action: Action, top: u16) {
    let top = match action {
        Action::Down => top.saturating_add(1),
        Action::Up => top.saturating_sub(1),
        Action::PageDown | Action::HalfDown => top.saturating_add(10),
        Action::PageUp | Action::HalfUp => top.saturating_sub(10),
        Action::First => 0,
        Action::Last => u16::MAX,
        _ => {
            state.overlay = Overlay::None;
            return;
        }
    };
    state.overlay = Overlay::Help { top: top.min(super::view::help_height(state)) };
}

/// Opens a prompt, a list or the help, or waits for a second key; whether the action does that.
fn begins_typing(state: &mut State, action: Action) -> bool {
    match action {
        Action::GotoFrame => state.pending = Some(Pending::Go),
        Action::SetMark => state.pending = Some(Pending::SetMark),
        Action::JumpToMark => state.pending = Some(Pending::JumpToMark),
        Action::Filter => {
            let text = state.row_filter.text().to_owned();
            prompt::open(state, Purpose::Filter, &text);
        }
        Action::Recent if state.settings.history.is_empty() => state.say("no filter was used yet"),
        Action::Recent => state.overlay = Overlay::Recent { at: 0 },
        Action::Find => prompt::open(state, Purpose::Find, ""),
        Action::CommandLine => prompt::open(state, Purpose::Command, ""),
        Action::Save => {
            let name = if state.marked.is_empty() { "session.pcapng" } else { "sessions.pcapng" };
            prompt::open(state, Purpose::Command, &format!("w {name}"));
        }
        Action::Export => {
            // A list is a table; sessions have more to them than fits in one.
            let format = match state.screen {
                Screen::Sessions | Screen::Timeline | Screen::Ladder => "json",
                Screen::Transfers | Screen::Findings | Screen::Ports => "csv",
            };
            let name = if state.screen.is_of_session() { "session" } else { Table::of(state.screen).name() };
            prompt::open(state, Purpose::Command, &format!("export {format} {name}.{format}"));
        }
        Action::Help => state.overlay = Overlay::Help { top: 0 },
        _ => return false,
    }
    true
}

/// Changes how things are shown.
fn set(state: &mut State, action: Action) {
    match action {
        Action::TimeFormat => {
            state.settings.time_format = state.settings.time_format.next();
            state.say(format!("times: {}", state.settings.time_format.name()));
        }
        Action::Theme => theme(state, state.settings.theme.next()),
        Action::Pause => {
            state.paused = !state.paused;
            state.say(if state.paused {
                "paused: the list stands still, reading goes on"
            } else {
                "goes on"
            });
        }
        Action::Follow => {
            state.follow = !state.follow;
            state.say(if state.follow { "follows the newest session" } else { "stays where it is" });
        }
        _ => {}
    }
}

/// Changes the screen, with the way back kept.
pub(super) fn show(state: &mut State, data: &Data, screen: Screen) {
    if screen == state.screen {
        return;
    }
    if screen.is_of_session() && state.selected.is_none() && data.is_empty() {
        state.say("no session yet");
        return;
    }
    state.trail.retain(|&other| other != screen && other != state.screen);
    state.trail.push(state.screen);
    state.screen = screen;
}

fn back(state: &mut State) {
    if state.pending.take().is_some() || state.flash.take().is_some() {
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

/// Enter: goes on to what the row leads to.
fn open(state: &mut State, data: &Data) {
    match state.screen {
        Screen::Sessions => {
            if state.selected.is_some() {
                show(state, data, Screen::Timeline);
            }
        }
        Screen::Timeline => show(state, data, Screen::Ladder),
        Screen::Ladder => show(state, data, Screen::Timeline),
        Screen::Transfers => {
            if let Some((index, transfer)) = state.transfers.selected() {
                let command = data
                    .session(index)
                    .and_then(|session| session.transfer(transfer))
                    .map(|transfer| transfer.command);
                let frame = command.and_then(|command| Some(data.session(index)?.command(command)?.frame));
                go(state, data, index, frame);
            }
        }
        Screen::Findings => match state.findings.selected() {
            Some(FindingRow::Kind(_)) => state.findings.toggle(),
            Some(row) => {
                let found = state.findings.found(row);
                let session = found.and_then(|found| found.session);
                match (session, found) {
                    (Some(index), Some(found)) => {
                        show(state, data, Screen::Timeline);
                        state.selected = Some(index);
                        state.open(data);
                        timeline::to_finding(state, found.finding);
                    }
                    _ => state.say("this belongs to no single session"),
                }
            }
            None => {}
        },
        Screen::Ports => {
            let used = state.ports.selected().and_then(|port| state.ports.telling(port));
            if let Some(used) = used {
                show(state, data, Screen::Timeline);
                state.selected = Some(used.session);
                state.open(data);
                timeline::to_channel(state, used.channel);
            }
        }
    }
}

/// Opens the timeline of a session at a frame.
pub(super) fn go(state: &mut State, data: &Data, index: u32, frame: Option<u64>) {
    if !state.screen.is_of_session() {
        show(state, data, Screen::Timeline);
    }
    state.selected = Some(index);
    state.open(data);
    if let Some(frame) = frame {
        timeline::to_frame(state, frame);
    }
}

fn mark(state: &mut State) {
    let Some(index) = aim::current(state) else { return };
    if !state.marked.remove(&index) {
        state.marked.insert(index);
    }
    if state.screen == Screen::Sessions {
        lists::walk(state, Action::Down);
    }
}

/// Stops reading; the second time leaves.
fn stop(state: &mut State, data: &Data) -> Effect {
    if data.progress().finished || state.stopping {
        return Effect::Quit { keep: false };
    }
    state.stopping = true;
    state.say("stops reading; what was found stays. Again to quit");
    Effect::Stop
}

/// Leaves; an unfinished live capture only after a question.
fn quit(state: &mut State, data: &Data) -> Option<Effect> {
    if data.live().is_some() && !data.progress().finished {
        state.overlay = Overlay::Confirm(Question::QuitWhileLive);
        return None;
    }
    Some(Effect::Quit { keep: false })
}

fn answer(state: &mut State) -> Option<Effect> {
    match std::mem::take(&mut state.overlay) {
        Overlay::Confirm(Question::QuitWhileLive) => Some(Effect::Quit { keep: false }),
        Overlay::None | Overlay::Help { .. } | Overlay::Prompt(_) | Overlay::Recent { .. } => None,
    }
}

pub(super) fn theme(state: &mut State, theme: ThemeName) {
    state.settings.theme = theme;
    state.say(format!("theme {}", theme.name()));
}

pub(super) fn prompt_of(state: &mut State) -> Option<&mut Prompt> {
    match &mut state.overlay {
        Overlay::Prompt(prompt) => Some(prompt),
        Overlay::None | Overlay::Help { .. } | Overlay::Recent { .. } | Overlay::Confirm(_) => None,
    }
}

pub(super) use command::commands;
pub(super) use prompt::apply_filter;
pub(super) use timeline::lane_of;
