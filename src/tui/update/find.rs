//! Finding text and frames.

use super::lists::seek;
use crate::tui::data::Data;
use crate::tui::events::{self, Event};
use crate::tui::evidence;
use crate::tui::message::Screen;
use crate::tui::screens::findings::list::FindingRow;
use crate::tui::screens::ports::list::Port;
use crate::tui::screens::timeline;
use crate::tui::screens::transfers::list::{self, TransferRow};
use crate::tui::state::State;
use crate::tui::summary::Summary;

/// Moves to the next row that contains the text looked for.
pub(super) fn find(state: &mut State, data: &Data, forward: bool) {
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
            let holds = |event: &Event| events::describe(session, event).1.to_lowercase().contains(&wanted);
            let at = seek(&opened.events, state.timeline.at, forward, holds);
            if let Some(at) = at {
                timeline::to_event(state, at);
            }
            at
        }
        Screen::Sessions => {
            let rows = state.row_filter.rows();
            let at = seek(rows, state.list.at, forward, |&index| says(data, index, &wanted));
            if let Some(at) = at {
                state.list.at = at;
                state.selected = rows.get(at).copied();
            }
            at
        }
        Screen::Transfers => {
            let holds = |row: &TransferRow| {
                list::of(data, *row).is_some_and(|(session, transfer)| {
                    list::path_of(session, transfer).to_lowercase().contains(&wanted)
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
            let holds = |port: &Port| port.endpoint.to_string().contains(&wanted);
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

/// Goes to the session and event of a frame.
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
            let summary = Summary::of(session);
            events::of(session, &summary).iter().any(|event| event.frame == frame)
        })
    };
    let candidates: Vec<u32> = data.order().iter().copied().filter(|&index| holds(index)).collect();
    let found =
        candidates.iter().copied().find(|&index| exact(index)).or_else(|| candidates.first().copied());
    match found {
        Some(index) => {
            super::go(state, data, index, Some(frame));
            if candidates.len() > 1 {
                state.say(format!("frame {frame}: {} sessions span it", candidates.len()));
            }
        }
        None => state.complain(format!("frame {frame} is part of no FTP session")),
    }
}
