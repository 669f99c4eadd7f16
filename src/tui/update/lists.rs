//! Moving through lists, and arranging them.

use crate::report::{Severity, Status};
use crate::tui::data::Data;
use crate::tui::layout;
use crate::tui::message::{Action, Screen};
use crate::tui::screens::transfers::list;
use crate::tui::state::State;

/// Moves through the list that is shown.
pub(in crate::tui) fn walk(state: &mut State, action: Action) {
    let height = layout::panes(state).rows.height;
    match state.screen {
        Screen::Sessions => {
            state.list.act(action, state.row_filter.rows().len(), height);
            state.selected = state.row_filter.rows().get(state.list.at).copied();
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

/// Sorting and what else changes the order of a list.
pub(in crate::tui) fn arrange(state: &mut State, data: &Data, action: Action) {
    match (state.screen, action) {
        (Screen::Sessions, Action::Sort | Action::Reverse) => {
            let (sort, reversed) = state.row_filter.sort();
            let (sort, reversed) =
                if action == Action::Sort { (sort.next(), false) } else { (sort, !reversed) };
            state.row_filter.order(sort, reversed, data);
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
pub(in crate::tui) fn brush(state: &mut State, data: &Data, direction: i64) {
    let Some((first, last)) = data.extent() else { return };
    let step = (last.since(first) / 16).max(1);
    let range = match state.row_filter.range() {
        None => {
            let at =
                state.selected.and_then(|index| data.session(index)).map_or(first, |session| session.start);
            let from = first.plus(at.since(first) / step * step);
            (from, from.plus(step))
        }
        Some((from, to)) => (from.plus(direction * step), to.plus(direction * step)),
    };
    state.row_filter.limit((range.1 >= first && range.0 <= last).then_some(range));
}

/// Moves to the next row that has a problem.
pub(in crate::tui) fn next_problem(state: &mut State, data: &Data, forward: bool) {
    match state.screen {
        Screen::Sessions => {
            let worst =
                |index: &u32| data.facts(*index).is_some_and(|facts| facts.worst >= Some(Severity::Warning));
            let rows = state.row_filter.rows();
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
            let bad = |row: &list::TransferRow| {
                list::of(data, *row).is_some_and(|(_, transfer)| transfer.status != Status::Complete)
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
pub(in crate::tui) fn seek<T>(
    items: &[T],
    at: usize,
    forward: bool,
    holds: impl Fn(&T) -> bool,
) -> Option<usize> {
    if forward {
        let from = at.saturating_add(1);
        Some(from + items.get(from..)?.iter().position(holds)?)
    } else {
        items.get(..at.min(items.len()))?.iter().rposition(holds)
    }
}
