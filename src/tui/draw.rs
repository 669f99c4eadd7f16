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
use super::interface::Interface;
use super::layout;
use super::overlays::{help, listing, prompt};
use super::sorting::Progress;
use super::state::Overlay;
use super::theme::Role;

/// Draws everything.
pub(super) fn draw(interface: &Interface, data: &Data, frame: &mut Frame<'_>) {
    let area = frame.area();
    let state = &interface.state;
    let mut canvas = Canvas::new(frame.buffer_mut(), state.theme(), state.settings.ascii);
    canvas.fill(area, Role::Text);
    let cursor = all(interface, data, &mut canvas, area);
    canvas.finish();
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// How far a list is that is on its way, where somebody waits for it: while reading goes on all lists are.
fn progress(interface: &Interface, data: &Data) -> Option<Progress> {
    let of_view = || interface.view().progress().filter(|_| data.progress().finished);
    interface.state.row_filter.ordering().or_else(of_view)
}

/// Draws into the canvas; where the terminal's cursor belongs.
fn all(interface: &Interface, data: &Data, canvas: &mut Canvas<'_>, area: Rect) -> Option<(u16, u16)> {
    let state = &interface.state;
    // While the terminal is being resized the frame may have another size than the state knows.
    if layout::too_small((area.width, area.height)) || layout::too_small(state.size) {
        status::too_small(canvas, area);
        return None;
    }
    let panes = interface.panes();
    status::title(state, data, canvas, panes.title);
    status::tab_bar(state, data, canvas, panes.tabs);
    status::filter(state, data, canvas, panes.filter);
    interface.view().draw(state, data, canvas, &panes);
    status::hints(state, progress(interface, data), canvas, panes.hints);
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
        Overlay::Listing(shown) => {
            listing::draw(canvas, area, shown);
            None
        }
        Overlay::Confirm(question) => {
            prompt::confirm(canvas, area, *question);
            None
        }
    }
}
