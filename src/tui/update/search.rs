//! Searches through sessions: some of them are read in each step, so that keys are never blocked by many.

use crate::base::FrameNumber;
use crate::picture::channels::Summary;
use crate::picture::events;
use crate::report::Session;
use crate::tui::data::Data;
use crate::tui::rows::SessionRow;
use crate::tui::state::{Goal, Search, State, Target};

/// Bytes read in one step, and what each session takes beside its own.
const STEP: usize = 300_000;
const EACH: usize = 200;

/// Searches through some more sessions, if there is a search.
pub(super) fn step(state: &mut State, data: &Data) {
    let Some(mut search) = state.search.take() else { return };
    let mut budget = STEP;
    while let Some(&index) = search.sessions.get(search.seen) {
        if budget == 0 {
            state.search = Some(search);
            return;
        }
        budget = budget.saturating_sub(data.cost(index).saturating_add(EACH));
        search.seen = search.seen.saturating_add(1);
        if meets(&search.goal, data, index) {
            found(state, data, &search, index);
            return;
        }
    }
    not_found(state, data, &search);
}

fn meets(goal: &Goal, data: &Data, index: u32) -> bool {
    match goal {
        Goal::Text(wanted) => {
            data.row(index).is_some_and(|row| has_text(row, wanted))
                || data.in_passing(index).is_some_and(|session| says(&session, wanted))
        }
        Goal::Frame(frame) => data.in_passing(index).is_some_and(|session| {
            let summary = Summary::of(&session);
            events::of(&session, &summary).iter().any(|event| event.frame == *frame)
        }),
    }
}

fn found(state: &mut State, data: &Data, search: &Search, index: u32) {
    match search.goal {
        Goal::Text(_) => {
            if let Some(at) = state.row_filter.rows().iter().position(|&row| row == index) {
                state.list.at = at;
            }
            state.selected = Some(index);
        }
        Goal::Frame(frame) => go_to_frame(state, data, (frame, index), search.sessions.len()),
    }
}

fn not_found(state: &mut State, data: &Data, search: &Search) {
    match &search.goal {
        Goal::Text(wanted) => state.say(format!("no further '{wanted}' in this direction")),
        Goal::Frame(frame) => match search.sessions.first() {
            Some(&first) => go_to_frame(state, data, (*frame, first), search.sessions.len()),
            None => state.complain(format!("frame {frame} is part of no FTP session")),
        },
    }
}

fn go_to_frame(state: &mut State, data: &Data, (frame, index): (FrameNumber, u32), candidates: usize) {
    state.go(data, index, Target::Frame(frame));
    if candidates > 1 {
        state.say(format!("frame {frame}: {candidates} sessions span it"));
    }
}

/// Begins to look for the session and event of a frame.
pub(super) fn for_frame(state: &mut State, data: &Data, frame: FrameNumber) {
    let spans = |index: &u32| data.row(*index).is_some_and(|row| row.spans(frame));
    let sessions = data.order().iter().copied().filter(spans).collect();
    state.search = Some(Search { goal: Goal::Frame(frame), sessions, seen: 0 });
}

/// Whether what the list shows of a session contains `wanted`, which is in lower case.
fn has_text(row: &SessionRow, wanted: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    row.client.to_string().contains(wanted)
        || row.server.to_string().contains(wanted)
        || row.user.as_deref().is_some_and(holds)
        || row.findings.iter().any(|finding| holds(&finding.summary))
}

/// Whether any line of a session contains `wanted`, which is in lower case.
fn says(session: &Session, wanted: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    session.user.as_ref().is_some_and(|user| holds(user.raw()))
        || session.greeting.iter().any(|reply| holds(reply.text.raw()))
        || session.commands.iter().any(|command| {
            holds(command.verb.name())
                || command.text().is_some_and(|text| holds(text.raw()))
                || command.replies.iter().any(|reply| holds(reply.text.raw()))
        })
        || session.findings.iter().any(|finding| holds(&finding.summary))
}
