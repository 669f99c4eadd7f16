//! Draws the screen: title, tabs, the view itself, hints; prompts and help over it.
//!
//! ```text
//! title      what is read, how far
//! tabs       1 Sessions  2 Timeline ...            listed / all
//! filter     (where one is set)
//! view       list or chart, with panels of detail
//! hints      keys, or a word to the user
//! ```
//!
//! **Invariant:** reads the state and the data, changes neither; builds only the rows that are seen.

mod status;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::data::Data;
use super::layout;
use super::message::Screen;
use super::overlays::{help, prompt};
use super::row_filter::SortKey;
use super::screens::{findings, ladder, ports, sessions, timeline, transfers};
use super::state::{Overlay, State};
use super::theme::Ink;

/// Draws everything.
pub(super) fn view(state: &State, data: &Data, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut canvas = Canvas::new(frame.buffer_mut(), state.theme(), state.settings.ascii);
    canvas.fill(area, Ink::Text);
    let cursor = draw(state, data, &mut canvas, area);
    canvas.finish();
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn draw(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) -> Option<(u16, u16)> {
    // While the terminal is being resized the frame may have another size than the state knows.
    if layout::too_small((area.width, area.height)) || layout::too_small(state.size) {
        status::too_small(canvas, area);
        return None;
    }
    let panes = layout::panes(state);
    status::title(state, data, canvas, panes.title);
    status::tabs(state, data, canvas, panes.tabs);
    status::filter(state, canvas, panes.filter);
    match state.screen {
        Screen::Sessions => sessions::draw(state, data, canvas, &panes),
        Screen::Timeline => timeline::draw::draw(state, data, canvas, &panes),
        Screen::Ladder => ladder::draw(state, data, canvas, &panes),
        Screen::Transfers => transfers::draw(state, data, canvas, &panes),
        Screen::Findings => findings::draw(state, data, canvas, &panes),
        Screen::Ports => ports::draw(state, data, canvas, &panes),
    }
    status::hints(state, canvas, panes.hints);
    match &state.overlay {
        Overlay::None => None,
        Overlay::Help { top } => {
            help::draw(state, canvas, area, *top);
            None
        }
        Overlay::Prompt(prompt) => Some(prompt::draw(canvas, area, prompt)),
        Overlay::Recent { at } => {
            prompt::recent(state, canvas, area, *at);
            None
        }
        Overlay::Confirm(_) => {
            prompt::confirm(canvas, area);
            None
        }
    }
}

/// How far the help can be scrolled.
pub(super) fn help_height(state: &State) -> u16 {
    help::overflow(state, Rect { x: 0, y: 0, width: state.size.0, height: state.size.1 })
}

/// The tab at a column of the tab bar.
pub(super) fn tab_at(state: &State, x: u16) -> Option<Screen> {
    status::tab_at(state, x)
}

/// The column of the session list at a column of the screen.
pub(super) fn column_at(state: &State, x: u16) -> Option<SortKey> {
    sessions::column_at(state, x)
}

/// The part of the overview where time runs.
pub(super) fn overview_time_area(area: Rect) -> Rect {
    sessions::overview_time_area(area)
}
