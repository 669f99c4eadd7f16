//! What an action is about: sessions to save, a filter and a frame for Wireshark.

use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::effect::Effect;
use crate::tui::evidence;
use crate::tui::message::Screen;
use crate::tui::screens::transfers::list;
use crate::tui::state::State;

/// The session that an action is about.
pub(super) fn current(state: &State) -> Option<u32> {
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

/// The sessions to export: the marked ones; where none is marked those that the view shows, by first packet.
pub(super) fn exported(state: &State, data: &Data) -> Vec<u32> {
    let only = match state.screen {
        Screen::Sessions => None,
        Screen::Timeline | Screen::Ladder => state.selected,
        Screen::Transfers => state.transfers.only,
        Screen::Findings => state.findings.only,
        Screen::Ports => state.ports.only,
    };
    match only {
        _ if !state.marked.is_empty() => chosen(state, data),
        Some(index) => vec![index],
        None => state.row_filter.rows().to_vec(),
    }
}

/// A Wireshark filter for what is selected, and the frame to go to.
fn evidence(state: &State, data: &Data) -> Option<(u64, String)> {
    let of_channel = |index: u32, channel: u32| {
        let session = data.session(index)?;
        let (first, last, port) = details::evidence(session, channel)?;
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
            let event = opened.event(state.timeline.at)?;
            let channel = event.channel.and_then(|channel| of_channel(opened.index, channel));
            channel
                .map(|(_, filter)| (event.frame, filter))
                .or_else(|| Some((event.frame, evidence::filter_of_list(&[event.frame]))))
        }
        Screen::Transfers => {
            let row = state.transfers.selected()?;
            let (session, transfer) = list::of(data, row)?;
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

pub(super) fn copy(state: &mut State, data: &Data) -> Option<Effect> {
    let Some((_, filter)) = evidence(state, data) else {
        state.say("nothing to copy here");
        return None;
    };
    state.say(format!("copied, if the terminal allows it: {filter}"));
    Some(Effect::Copy(filter))
}

pub(super) fn wireshark(state: &mut State, data: &Data) -> Option<Effect> {
    let Some((frame, filter)) = evidence(state, data) else {
        state.say("nothing to show here");
        return None;
    };
    Some(Effect::Wireshark { frame, filter })
}
