//! What the screens that are lists have in common: how rows and panels are drawn, and which row a click hits.

use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;
use crate::tui::glyphs;
use crate::tui::layout::{Panes, Spot};
use crate::tui::theme::Role;
use crate::tui::words;

/// Draws the visible rows, each by `draw` (its last argument: whether the row is selected), and the
/// scrollbar.
pub(super) fn rows<T>(
    canvas: &mut Canvas<'_>,
    panes: &Panes,
    cursor: Cursor,
    rows: &[T],
    draw: impl Fn(&mut Canvas<'_>, Rect, &T, bool),
) {
    let seen = rows.iter().enumerate().skip(cursor.top).take(usize::from(panes.rows.height));
    for (y, (at, row)) in (panes.rows.y..).zip(seen) {
        let area = Rect { y, height: 1, ..panes.rows };
        let is_selected = at == cursor.at;
        draw(canvas, area, row, is_selected);
        if is_selected {
            canvas.restyle(area, Role::Selected);
            canvas.put(area.x, y, glyphs::SELECTED, 1, Role::Selected);
        }
    }
    canvas.scrollbar(panes.rows, cursor.top, rows.len());
}

/// Says a third down an empty list why it is empty.
pub(super) fn empty(canvas: &mut Canvas<'_>, panes: &Panes, text: &str, role: Role) {
    canvas.put(panes.rows.x + 2, panes.rows.y + panes.rows.height / 3, text, panes.rows.width, role);
}

/// `7/120`: the selected row and how many there are.
pub(super) fn place(cursor: Cursor, len: usize) -> String {
    let row = if len == 0 { 0 } else { cursor.at as u64 + 1 };
    format!("{}/{}", words::count(row), words::count(len as u64))
}

/// ` of session #7`, where the list is limited to one.
pub(super) fn scope(only: Option<u32>, data: &Data) -> String {
    only.map_or_else(String::new, |index| format!(" of session #{}", data.number(index)))
}

/// Selects the row that was clicked on; whether there is one.
pub(super) fn click(cursor: &mut Cursor, len: usize, panes: &Panes, spot: Spot) -> bool {
    spot.row_in(panes.rows).map(|row| cursor.select_shown(row, len)).is_some()
}
