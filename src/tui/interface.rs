//! The whole interface except the terminal: the state that all screens share, and the screens.

use super::layout::{self, Panes};
use super::screens::{Screens, View};
use super::state::{Settings, State};

/// The shared state and the screens' own state.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) state: State,
    pub(super) screens: Screens,
}

impl Interface {
    pub(super) fn new(settings: Settings, size: (u16, u16)) -> Self {
        Self { state: State::new(settings, size), screens: Screens::default() }
    }

    /// The screen that is shown.
    pub(super) fn view(&self) -> &dyn View {
        self.screens.view(self.state.screen)
    }

    /// The same, with the state that it changes.
    pub(super) fn parts(&mut self) -> (&mut dyn View, &mut State) {
        (self.screens.view_mut(self.state.screen), &mut self.state)
    }

    /// The rectangles of everything on the screen.
    pub(super) fn panes(&self) -> Panes {
        let (mut panes, rest) = layout::frame(self.state.size, self.state.shows_filter());
        self.view().divide(&self.state, rest, &mut panes);
        panes
    }
}
