//! Intentions change the state.
//!
//! **Invariant:** the only place that changes it; reads no clock, touches no terminal: what is to be done outside comes
//! back as an [`Effect`].

mod command;
mod pointer;
mod prompt;
mod timeline;

use super::data::{Changed, Data};
use super::effect::Effect;
use super::evidence;
use super::findings::FindingRow;
use super::layout;
use super::message::{Action, Message, Screen};
use super::roundup::Roundup;
use super::state::{Overlay, Pending, Prompt, Purpose, Question, State};
use super::story;
use super::theme::ThemeName;
use super::transfers;

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
    state.sieve.is_behind(data) && (!state.paused || state.sieve.is_renewing())
}

fn fed(state: &mut State, data: &Data, changed: &Changed) {
    if !state.paused {
        state.sieve.again(&changed.replaced, data);
    }
    if let Some(index) = state.opened.as_ref().map(|opened| opened.index)
        && changed.replaced.contains(&index)
    {
        state.refresh(index);
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
    if !state.paused || state.sieve.is_renewing() {
        state.sieve.step(data);
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
    let version = (state.sieve.version(), data.generation());
    let rows = state.sieve.rows();
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

/// The cursor stays on its session wherever that has moved to.
fn settle_list(state: &mut State, data: &Data, height: u16) {
    let rows = state.sieve.rows();
    if state.follow {
        let newest = data.order().iter().rev().find(|index| rows.contains(index));
        state.selected = newest.copied().or(state.selected);
    }
    let place = |index: u32, at: usize| {
        if rows.get(at) == Some(&index) { Some(at) } else { rows.iter().position(|&row| row == index) }
    };
    match state.selected.and_then(|index| place(index, state.list.at)) {
        Some(at) => state.list.at = at,
        None if state.sieve.is_renewing() => {}
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
    match &mut state.overlay {
        Overlay::Help { top } => {
            *top = match action {
                Action::Down => top.saturating_add(1),
                Action::Up => top.saturating_sub(1),
                Action::PageDown | Action::HalfDown => top.saturating_add(10),
                Action::PageUp | Action::HalfUp => top.saturating_sub(10),
                Action::First => 0,
                Action::Last => u16::MAX,
                _ => {
                    state.overlay = Overlay::None;
                    return None;
                }
            };
            let most = super::view::help_height(state);
            if let Overlay::Help { top } = &mut state.overlay {
                *top = (*top).min(most);
            }
            return None;
        }
        Overlay::Recent { .. } => return prompt::recent(state, action),
        Overlay::None | Overlay::Prompt(_) | Overlay::Confirm(_) => {}
    }
    match action {
        Action::Show(screen) => show(state, data, screen),
        Action::NextScreen => show(state, data, state.screen.next()),
        Action::PreviousScreen => show(state, data, state.screen.previous()),
        Action::Open => open(state, data),
        Action::Back => back(state),
        Action::Mark => mark(state),
        Action::GotoFrame => state.pending = Some(Pending::Go),
        Action::SetMark => state.pending = Some(Pending::SetMark),
        Action::JumpToMark => state.pending = Some(Pending::JumpToMark),
        Action::Filter => {
            let text = state.sieve.text().to_owned();
            prompt::open(state, Purpose::Filter, &text);
        }
        Action::Recent => {
            if state.settings.history.is_empty() {
                state.say("no filter was used yet");
            } else {
                state.overlay = Overlay::Recent { at: 0 };
            }
        }
        Action::Find => prompt::open(state, Purpose::Find, ""),
        Action::CommandLine => prompt::open(state, Purpose::Command, ""),
        Action::Save => {
            let name = if state.marked.is_empty() { "session.pcapng" } else { "sessions.pcapng" };
            prompt::open(state, Purpose::Command, &format!("w {name}"));
        }
        Action::Export => prompt::open(state, Purpose::Command, "export json sessions.json"),
        Action::Copy => return copy(state, data),
        Action::Wireshark => return wireshark(state, data),
        Action::Help => state.overlay = Overlay::Help { top: 0 },
        Action::TimeFormat => {
            state.settings.time_format = state.settings.time_format.next();
            state.say(format!("times: {}", state.settings.time_format.name()));
        }
        Action::Theme => theme(state, state.settings.theme.next()),
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
        Action::Stop => return stop(state, data),
        Action::Clear => {}
        Action::Redraw => return Some(Effect::Redraw),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Quit => return quit(state, data),
        Action::QuitKeeping => return Some(Effect::Quit { keep: true }),
        Action::BrushEarlier => brush(state, data, -1),
        Action::BrushLater => brush(state, data, 1),
        Action::FindNext => find(state, data, true),
        Action::FindPrevious => find(state, data, false),
        Action::NextProblem | Action::PreviousProblem if !state.screen.is_of_session() => {
            next_problem(state, data, action == Action::NextProblem);
        }
        _ if state.screen.is_of_session() => timeline::act(state, data, action),
        Action::Sort | Action::Reverse | Action::Order | Action::Ignore => arrange(state, data, action),
        _ => walk(state, action),
    }
    None
}

/// Moves through the list that is shown.
fn walk(state: &mut State, action: Action) {
    let height = layout::panes(state).rows.height;
    match state.screen {
        Screen::Sessions => {
            state.list.act(action, state.sieve.rows().len(), height);
            state.selected = state.sieve.rows().get(state.list.at).copied();
            state.follow = false;
        }
        Screen::Transfers => {
            state.transfers.cursor.act(action, state.transfers.rows.len(), height);
            state.selected = state.transfers.selected().map(|(session, _)| session).or(state.selected);
        }
        Screen::Findings => {
            state.findings.cursor.act(action, state.findings.rows.len(), height);
        }
        Screen::Ports => {
            state.ports.cursor.act(action, state.ports.rows.len(), height);
        }
        Screen::Timeline | Screen::Ladder => {}
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
    if let Some(screen) = state.trail.pop() {
        state.screen = screen;
    } else if state.screen != Screen::Sessions {
        state.screen = Screen::Sessions;
    } else if state.sieve.range().is_some() {
        state.sieve.limit(None);
    } else if !state.sieve.text().is_empty() {
        state.sieve.filter("", None);
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
    let Some(index) = current(state) else { return };
    if !state.marked.remove(&index) {
        state.marked.insert(index);
    }
    if state.screen == Screen::Sessions {
        walk(state, Action::Down);
    }
}

/// The session that an action is about.
fn current(state: &State) -> Option<u32> {
    match state.screen {
        Screen::Sessions | Screen::Timeline | Screen::Ladder => state.selected,
        Screen::Transfers => state.transfers.selected().map(|(session, _)| session),
        Screen::Findings => {
            let row = state.findings.selected()?;
            state.findings.found(row)?.session
        }
        Screen::Ports => Some(state.ports.telling(state.ports.selected()?)?.session),
    }
}

/// The marked sessions, by first packet; where none is marked the current one.
pub(super) fn chosen(state: &State, data: &Data) -> Vec<u32> {
    if state.marked.is_empty() {
        return current(state).into_iter().collect();
    }
    let mut chosen: Vec<u32> = state.marked.iter().copied().collect();
    chosen.sort_by_key(|&index| data.number(index));
    chosen
}

/// A Wireshark filter for what is selected, and the frame to go to.
fn evidence(state: &State, data: &Data) -> Option<(u64, String)> {
    let of_channel = |index: u32, channel: u32| {
        let session = data.session(index)?;
        let (first, last, port) = story::evidence(session, channel)?;
        Some((first, evidence::filter_of_frames(first, last, port, session)))
    };
    let of_sessions = |indexes: &[u32]| {
        let sessions = indexes.iter().filter_map(|&index| data.session(index));
        let frame = sessions.clone().map(|session| session.frames.first).min()?;
        Some((frame, evidence::filter_of(sessions)))
    };
    match state.screen {
        Screen::Sessions => of_sessions(&chosen(state, data)),
        Screen::Timeline | Screen::Ladder => {
            let opened = state.opened.as_ref()?;
            let moment = opened.moment(state.timeline.at)?;
            let channel = moment.channel.and_then(|channel| of_channel(opened.index, channel));
            channel
                .map(|(_, filter)| (moment.frame, filter))
                .or_else(|| Some((moment.frame, evidence::filter_of_list(&[moment.frame]))))
        }
        Screen::Transfers => {
            let row = state.transfers.selected()?;
            let (session, transfer) = transfers::of(data, row)?;
            let frame = session.command(transfer.command)?.frame;
            match transfer.data_channel.and_then(|channel| of_channel(row.0, channel)) {
                Some((_, filter)) => Some((frame, filter)),
                None => Some((frame, evidence::filter_of_list(&[frame]))),
            }
        }
        Screen::Findings => {
            let finding = state.findings.found(state.findings.selected()?)?.get(data)?;
            Some((finding.frames.first().copied()?, evidence::filter_of_list(&finding.frames)))
        }
        Screen::Ports => {
            let port = state.ports.selected()?;
            let used = state.ports.telling(port)?;
            let frame = of_channel(used.session, used.channel).map_or(0, |(frame, _)| frame);
            Some((frame, evidence::filter_of_endpoint(port.endpoint)))
        }
    }
}

fn copy(state: &mut State, data: &Data) -> Option<Effect> {
    let Some((_, filter)) = evidence(state, data) else {
        state.say("nothing to copy here");
        return None;
    };
    state.say(format!("copied, if the terminal allows it: {filter}"));
    Some(Effect::Copy(filter))
}

fn wireshark(state: &mut State, data: &Data) -> Option<Effect> {
    let Some((frame, filter)) = evidence(state, data) else {
        state.say("nothing to show here");
        return None;
    };
    Some(Effect::Wireshark { frame, filter })
}

fn stop(state: &mut State, data: &Data) -> Option<Effect> {
    if data.progress().finished || state.stopping {
        return Some(Effect::Quit { keep: false });
    }
    state.stopping = true;
    state.say("stops reading; what was found stays. Again to quit");
    Some(Effect::Stop)
}

/// Goes back where there is a way back, else leaves; an unfinished live capture only after a question.
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

/// Sorting and what else changes the order of a list.
fn arrange(state: &mut State, data: &Data, action: Action) {
    match (state.screen, action) {
        (Screen::Sessions, Action::Sort | Action::Reverse) => {
            let (sort, reversed) = state.sieve.sort();
            let (sort, reversed) =
                if action == Action::Sort { (sort.next(), false) } else { (sort, !reversed) };
            state.sieve.order(sort, reversed, data);
        }
        (Screen::Transfers, Action::Sort | Action::Reverse) => {
            if action == Action::Sort {
                state.transfers.sort = state.transfers.sort.next();
            } else {
                state.transfers.reversed = !state.transfers.reversed;
            }
            state.transfers.order(data);
        }
        (Screen::Findings, Action::Sort | Action::Reverse) => {
            if action == Action::Sort {
                state.findings.sort = state.findings.sort.next();
            } else {
                state.findings.reversed = !state.findings.reversed;
            }
            state.findings.order();
        }
        (Screen::Ports, Action::Sort | Action::Reverse) => {
            if action == Action::Sort {
                state.ports.sort = state.ports.sort.next();
            } else {
                state.ports.reversed = !state.ports.reversed;
            }
            state.ports.order();
        }
        (Screen::Findings, Action::Ignore) => match state.findings.ignore() {
            Some(code) => state.say(format!("{code} is ignored; :unignore shows all again")),
            None => state.say("all findings are shown"),
        },
        (Screen::Transfers | Screen::Findings | Screen::Ports, Action::Order) => scope(state),
        _ => {}
    }
}

/// All listed sessions, or only the selected one.
fn scope(state: &mut State) {
    let selected = state.selected;
    let only = match state.screen {
        Screen::Transfers => &mut state.transfers.only,
        Screen::Findings => &mut state.findings.only,
        Screen::Ports => &mut state.ports.only,
        Screen::Sessions | Screen::Timeline | Screen::Ladder => return,
    };
    *only = if only.is_some() { None } else { selected };
    let all = only.is_none();
    state.transfers.stale();
    state.findings.stale();
    state.ports.stale();
    state.say(if all { "all listed sessions" } else { "this session only" });
}

/// A time range in steps of a sixteenth of the capture: the first step brushes the cursor's sixteenth.
fn brush(state: &mut State, data: &Data, direction: i64) {
    let Some((first, last)) = data.extent() else { return };
    let step = (last.since(first) / 16).max(1);
    let range = match state.sieve.range() {
        None => {
            let at =
                state.selected.and_then(|index| data.session(index)).map_or(first, |session| session.start);
            let from = first.plus(at.since(first) / step * step);
            (from, from.plus(step))
        }
        Some((from, to)) => (from.plus(direction * step), to.plus(direction * step)),
    };
    state.sieve.limit((range.1 >= first && range.0 <= last).then_some(range));
}

/// Moves to the next row that has a problem.
fn next_problem(state: &mut State, data: &Data, forward: bool) {
    match state.screen {
        Screen::Sessions => {
            let worst = |index: &u32| {
                data.facts(*index).is_some_and(|facts| facts.worst >= Some(crate::report::Severity::Warning))
            };
            let rows = state.sieve.rows();
            let found = seek(rows, state.list.at, forward, worst);
            match found {
                Some(at) => {
                    state.list.at = at;
                    state.selected = rows.get(at).copied();
                }
                None => state.say("no further problem"),
            }
        }
        Screen::Transfers => {
            let bad = |row: &transfers::TransferRow| {
                transfers::of(data, *row)
                    .is_some_and(|(_, transfer)| transfer.status != crate::report::Status::Complete)
            };
            match seek(&state.transfers.rows, state.transfers.cursor.at, forward, bad) {
                Some(at) => state.transfers.cursor.at = at,
                None => state.say("no further problem"),
            }
        }
        Screen::Ports => {
            match seek(&state.ports.rows, state.ports.cursor.at, forward, |port| port.problems > 0) {
                Some(at) => state.ports.cursor.at = at,
                None => state.say("no further problem"),
            }
        }
        Screen::Findings => walk(state, if forward { Action::Down } else { Action::Up }),
        Screen::Timeline | Screen::Ladder => {}
    }
}

/// The next place before or behind `at` that holds.
pub(super) fn seek<T>(items: &[T], at: usize, forward: bool, holds: impl Fn(&T) -> bool) -> Option<usize> {
    if forward {
        let from = at.saturating_add(1);
        Some(from + items.get(from..)?.iter().position(holds)?)
    } else {
        items.get(..at.min(items.len()))?.iter().rposition(holds)
    }
}

/// Moves to the next row that contains the text looked for.
fn find(state: &mut State, data: &Data, forward: bool) {
    let Some(wanted) = state.find.clone() else {
        state.say("nothing to find yet: C-f");
        return;
    };
    let wanted = wanted.to_lowercase();
    let found = match state.screen {
        Screen::Timeline | Screen::Ladder => {
            let Some((opened, session)) =
                state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)))
            else {
                return;
            };
            let holds = |moment: &super::moments::Moment| {
                super::moments::describe(session, moment).1.to_lowercase().contains(&wanted)
            };
            let at = seek(&opened.moments, state.timeline.at, forward, holds);
            if let Some(at) = at {
                timeline::to_moment(state, at);
            }
            at
        }
        Screen::Sessions => {
            let rows = state.sieve.rows();
            let at = seek(rows, state.list.at, forward, |&index| says(data, index, &wanted));
            if let Some(at) = at {
                state.list.at = at;
                state.selected = rows.get(at).copied();
            }
            at
        }
        Screen::Transfers => {
            let holds = |row: &transfers::TransferRow| {
                transfers::of(data, *row).is_some_and(|(session, transfer)| {
                    transfers::path_of(session, transfer).to_lowercase().contains(&wanted)
                })
            };
            let at = seek(&state.transfers.rows, state.transfers.cursor.at, forward, holds);
            state.transfers.cursor.at = at.unwrap_or(state.transfers.cursor.at);
            at
        }
        Screen::Findings => {
            let list = &state.findings;
            let holds = |row: &FindingRow| {
                list.found(*row).and_then(|found| found.get(data)).is_some_and(|finding| {
                    finding.summary.to_lowercase().contains(&wanted) || finding.code.name().contains(&wanted)
                })
            };
            let at = seek(&list.rows, list.cursor.at, forward, holds);
            state.findings.cursor.at = at.unwrap_or(state.findings.cursor.at);
            at
        }
        Screen::Ports => {
            let holds = |port: &super::ports::Port| port.endpoint.to_string().contains(&wanted);
            let at = seek(&state.ports.rows, state.ports.cursor.at, forward, holds);
            state.ports.cursor.at = at.unwrap_or(state.ports.cursor.at);
            at
        }
    };
    if found.is_none() {
        state.say(format!("no further '{wanted}' in this direction"));
    }
}

/// Whether a session says something, in any line or address.
fn says(data: &Data, index: u32, wanted: &str) -> bool {
    let Some(session) = data.session(index) else { return false };
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    session.client.to_string().contains(wanted)
        || session.server.to_string().contains(wanted)
        || session.user.as_ref().is_some_and(|user| holds(user.raw()))
        || session.greeting.iter().any(|reply| holds(reply.text.raw()))
        || session.commands.iter().any(|command| {
            holds(command.verb.name())
                || command.text().is_some_and(|text| holds(text.raw()))
                || command.replies.iter().any(|reply| holds(reply.text.raw()))
        })
        || session.findings.iter().any(|finding| holds(&finding.summary))
}

/// Goes to the session and moment of a frame.
pub(super) fn to_frame_anywhere(state: &mut State, data: &Data, frame: u64) {
    let holds = |index: u32| {
        data.session(index).is_some_and(|session| {
            evidence::flows(session)
                .iter()
                .any(|flow| (flow.frames.first..=flow.frames.last).contains(&frame))
        })
    };
    let exact = |index: u32| {
        data.session(index).is_some_and(|session| {
            let roundup = Roundup::of(session);
            super::moments::of(session, &roundup).iter().any(|moment| moment.frame == frame)
        })
    };
    let candidates: Vec<u32> = data.order().iter().copied().filter(|&index| holds(index)).collect();
    let found =
        candidates.iter().copied().find(|&index| exact(index)).or_else(|| candidates.first().copied());
    match found {
        Some(index) => {
            go(state, data, index, Some(frame));
            if candidates.len() > 1 {
                state.say(format!("frame {frame}: {} sessions span it", candidates.len()));
            }
        }
        None => state.complain(format!("frame {frame} is part of no FTP session")),
    }
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
