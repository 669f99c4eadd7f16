//! The screens: each a module that owns what it remembers, how it divides the space, what keys and clicks do
//! there, how it is drawn, and what is exported from it.
//!
//! In come the state that all screens share and the data; each screen changes its own part and the shared
//! one, and draws. This is the only place that knows them all: a new screen is its module, its line in
//! `screen` and its line here.
//!
//! **Invariant:** no screen knows another; from one to another leads only the shared state.

mod findings;
mod ladder;
mod making;
mod of_list;
mod of_session;
mod ports;
mod sessions;
mod timeline;
mod transfers;

use crate::base::FrameNumber;
use std::fmt;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::data::Data;
use super::layout::{Panes, Spot};
use super::message::{ScreenAction, Turn};
use super::screen::Screen;
use super::sorting::Progress;
use super::state::State;
use crate::export::What;

/// What every screen can do.
pub(super) trait View: fmt::Debug {
    /// The table that is exported from here.
    fn table(&self) -> What;

    /// Divides the space below title and tabs.
    fn divide(&self, state: &State, rest: Rect, panes: &mut Panes);

    /// Rebuilds its rows if what they are made from has changed.
    fn renew(&mut self, state: &mut State, data: &Data);

    /// Keeps the cursor within the rows, and visible.
    fn settle(&mut self, state: &mut State, panes: &Panes);

    /// How far its rows are, where making them continues with the next tick.
    fn progress(&self) -> Option<Progress> {
        None
    }

    /// Leaves its rows as they are; whether others were being made.
    fn give_up(&mut self) -> bool {
        false
    }

    /// It is not shown: gives back the memory of what it has begun.
    fn rest(&mut self) {}

    fn draw(&self, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes);

    /// Performs an action whose meaning depends on the screen.
    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: ScreenAction);

    /// Enter: opens what the row leads to.
    fn open(&mut self, state: &mut State, data: &Data);

    /// Moves to the next row that contains a text in lower case; whether there is one. Where sessions must be
    /// read for that, it begins a search.
    fn find(&mut self, state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool;

    /// The session that an action applies to.
    fn current(&self, state: &State) -> Option<u32>;

    /// The only session shown, where it is only one.
    fn only(&self, state: &State) -> Option<u32>;

    /// A Wireshark filter for what is selected, and the frame to go to.
    fn evidence(&self, state: &State, data: &Data) -> Option<(FrameNumber, String)>;

    /// A click below the tabs; whether it hit a row that a second click opens.
    fn click(&mut self, state: &mut State, data: &Data, panes: &Panes, spot: Spot) -> bool;

    /// The mouse is dragged from one place to another.
    fn drag(&mut self, _state: &mut State, _data: &Data, _panes: &Panes, _from_to: (Spot, Spot)) {}

    /// The wheel is turned; whether that does something else here than to scroll.
    fn wheel(&mut self, _state: &mut State, _panes: &Panes, _turn: Turn) -> bool {
        false
    }
}

/// Ties each screen to its module.
macro_rules! screens {
    ($($screen:ident in $module:ident,)+) => {
        /// What each screen remembers.
        #[derive(Debug, Default)]
        pub(super) struct Screens {
            $(pub(super) $module: $module::$screen,)+
        }

        impl Screens {
            pub(super) fn view(&self, screen: Screen) -> &dyn View {
                match screen { $(Screen::$screen => &self.$module),+ }
            }

            /// All that are not shown rest.
            pub(super) fn rest(&mut self, shown: Screen) {
                $(if shown != Screen::$screen {
                    View::rest(&mut self.$module);
                })+
            }

            pub(super) fn view_mut(&mut self, screen: Screen) -> &mut dyn View {
                match screen { $(Screen::$screen => &mut self.$module),+ }
            }
        }
    };
}

screens! {
    Sessions in sessions,
    Timeline in timeline,
    Ladder in ladder,
    Transfers in transfers,
    Findings in findings,
    Ports in ports,
}
