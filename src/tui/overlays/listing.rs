//! A listing, over the screen: names, sizes and times of what it tells.

use ratatui::layout::Rect;

use crate::ftp::listing::EntryKind;
use crate::tui::canvas::{Canvas, span};
use crate::tui::glyphs;
use crate::tui::layout;
use crate::tui::state::{ListingLine, OpenedListing, State};
use crate::tui::theme::Role;
use crate::tui::words;

/// Columns of kind, size and time, each with the gap behind it.
const KIND: u16 = 2;
const SIZE: u16 = 15;
const TIME: u16 = 21;

fn area_of(screen: Rect) -> Rect {
    let margin = if screen.width > 100 { 4 } else { 0 };
    Rect {
        x: screen.x + margin,
        y: screen.y + 2,
        width: screen.width.saturating_sub(2 * margin),
        height: screen.height.saturating_sub(3),
    }
}

/// How many of its lines are shown at a time.
pub(in crate::tui) fn height(state: &State) -> u16 {
    let screen = Rect { x: 0, y: 0, width: state.size.0, height: state.size.1 };
    layout::inner(area_of(screen)).height.saturating_sub(1)
}

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_>, screen: Rect, listing: &OpenedListing) {
    let area = area_of(screen);
    canvas.fill(area, Role::Text);
    let count = match listing.entries {
        1 => "1 entry".to_owned(),
        count => format!("{} entries", words::count(count as u64)),
    };
    let title = [
        span("Listing ", Role::Title),
        span(words::clip_start(&listing.title, usize::from(area.width) / 2), Role::Strong),
        span(format!("  {count}"), Role::Dim),
        span(if listing.is_cut { "  lines are missing" } else { "" }, Role::Reused),
    ];
    canvas.panel(area, &title, &[span("Esc closes · ↑↓ scroll", Role::Dim)]);
    let mut rows = layout::inner(area);
    let head = layout::take_top(&mut rows, 1);
    let room = rows.width.saturating_sub(2);
    canvas.put(head.x + 1 + KIND + SIZE - 5, head.y, "size", room, Role::Dim);
    canvas.put(head.x + 1 + KIND + SIZE, head.y, "time", room, Role::Dim);
    canvas.put(head.x + 1 + KIND + SIZE + TIME, head.y, "name", room, Role::Dim);
    if listing.lines.is_empty() {
        canvas.put(rows.x + 2, rows.y + rows.height / 3, "nothing is listed", room, Role::Dim);
    }
    let seen = listing.lines.iter().enumerate().skip(listing.cursor.top);
    for (y, (at, line)) in (rows.y..rows.bottom()).zip(seen) {
        let row = Rect { y, height: 1, ..rows };
        draw_line(canvas, row, line);
        if at == listing.cursor.at {
            canvas.restyle(row, Role::Selected);
            canvas.put(row.x, y, glyphs::SELECTED, 1, Role::Selected);
        }
    }
    canvas.scrollbar(rows, listing.cursor.top, listing.lines.len());
}

fn draw_line(canvas: &mut Canvas<'_>, row: Rect, line: &ListingLine) {
    let (x, y, room) = (row.x + 1, row.y, row.width.saturating_sub(2));
    match line {
        ListingLine::Directory(name) => {
            canvas.put(x, y, &format!("{name}:"), room, Role::Title);
        }
        ListingLine::Entry { kind, size, time, name } => {
            let (letter, role) = match kind {
                Some(EntryKind::File) => ("-", Role::Text),
                Some(EntryKind::Directory) => ("d", Role::Strong),
                Some(EntryKind::Link) => ("l", Role::Text),
                Some(EntryKind::Other) => ("o", Role::Text),
                None => (" ", Role::Text),
            };
            canvas.put(x, y, letter, 1, Role::Dim);
            if let Some(size) = size {
                canvas.put_right(x + KIND, y, &words::count(*size), SIZE - 1, Role::Text);
            }
            canvas.put(x + KIND + SIZE, y, time, TIME - 1, Role::Dim);
            let from = KIND + SIZE + TIME;
            canvas.put(x + from, y, name, room.saturating_sub(from), role);
        }
    }
}
