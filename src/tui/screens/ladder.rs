//! One session as a sequence diagram: client, server, and the data connection to the right of them.

mod draw;

use ratatui::layout::Rect;

use super::{View, of_session};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::export::What;
use crate::picture::events::Event;
use crate::tui::canvas::Canvas;
use crate::tui::data::Data;
use crate::tui::layout::{self, Panes, Spot, by_height};
use crate::tui::message::ScreenAction;
use crate::tui::screen::Screen;
use crate::tui::state::State;

/// The shortest idle time that gets a row of its own.
const IDLE: TimeDelta = TimeDelta::from_secs(1);

/// State of the ladder. The position in the session is in [`State`], because the timeline shares it.
#[derive(Debug, Default)]
pub(in crate::tui) struct Ladder {
    steps: Vec<Step>,
    /// Whether rows for idle times are left out.
    compressed: bool,
    /// Version of the opened session and `compressed` when the steps were made: they are made again when
    /// either changes.
    made_from: Option<(u64, bool)>,
    /// The session that was shown last, to notice when another one opens.
    session: Option<u32>,
    top: usize,
}

/// A row of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// An event, by its index in the opened session.
    Event(usize),
    /// So much time in which nothing happened.
    Idle(TimeDelta),
}

impl View for Ladder {
    fn table(&self) -> What {
        What::Commands
    }

    fn divide(&self, state: &State, rest: Rect, panes: &mut Panes) {
        layout::with_detail(panes, rest, by_height(state.size.1, [4, 6, 6, 10]), self.steps.len());
    }

    fn renew(&mut self, state: &mut State, data: &Data) {
        state.open(data);
        let Some(opened) = &state.opened else {
            self.steps.clear();
            self.made_from = None;
            return;
        };
        let made_from = Some((opened.version, self.compressed));
        if self.made_from != made_from {
            self.steps = steps(&opened.events, self.compressed);
            self.made_from = made_from;
        }
    }

    fn settle(&mut self, state: &mut State, panes: &Panes) {
        let height = usize::from(panes.rows.height).max(1);
        let index = state.opened.as_ref().map(|opened| opened.index);
        if self.session != index {
            // Another session: its event goes a third down the screen, so that what led to it is visible.
            self.session = index;
            self.top = self.step_of(state.position.at).saturating_sub(height / 3);
        }
        self.top = of_session::keep(self.top, self.step_of(state.position.at), height, self.steps.len());
    }

    fn draw(&self, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
        draw::draw(self, state, data, canvas, panes);
    }

    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: ScreenAction) {
        if action == ScreenAction::Order {
            self.compressed = !self.compressed;
            state.say(if self.compressed { "idle times are left out" } else { "idle times are shown" });
        } else {
            of_session::act(state, data, action, panes.rows.height);
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        state.show(data, Screen::Timeline);
    }

    fn find(&mut self, state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
        of_session::find(state, data, wanted, forward)
    }

    fn current(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn only(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn evidence(&self, state: &State, data: &Data) -> Option<(FrameNumber, String)> {
        of_session::evidence(state, data)
    }

    fn click(&mut self, state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        if !spot.is_in(panes.rows) {
            return false;
        }
        let row = usize::from(spot.y - panes.rows.y);
        if let Some(Step::Event(at)) = self.steps.get(self.top + row).copied() {
            state.go_to_event(at);
        }
        true
    }
}

impl Ladder {
    /// The row that shows an event.
    fn step_of(&self, at: usize) -> usize {
        // Idle rows only ever push an event further down, so the search can start at its own index.
        let rest = self.steps.get(at.min(self.steps.len())..).unwrap_or_default();
        at + rest.iter().position(|step| *step == Step::Event(at)).unwrap_or(0)
    }
}

fn steps(events: &[Event], compressed: bool) -> Vec<Step> {
    let mut steps = Vec::with_capacity(events.len());
    let mut before: Option<Timestamp> = None;
    for (at, event) in events.iter().enumerate() {
        if let Some(before) = before
            && !compressed
            && event.time.since(before) >= IDLE
        {
            steps.push(Step::Idle(event.time.since(before)));
        }
        steps.push(Step::Event(at));
        before = Some(event.time);
    }
    steps
}
