//! Going to a frame, whichever session it belongs to.

use crate::base::FrameNumber;
use crate::tui::data::Data;
use crate::tui::events;
use crate::tui::evidence;
use crate::tui::state::{State, Target};
use crate::tui::summary::Summary;

/// Goes to the session and event of a frame.
pub(super) fn frame(state: &mut State, data: &Data, frame: FrameNumber) {
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
            state.go(data, index, Target::Frame(frame));
            if candidates.len() > 1 {
                state.say(format!("frame {frame}: {} sessions span it", candidates.len()));
            }
        }
        None => state.complain(format!("frame {frame} is part of no FTP session")),
    }
}
