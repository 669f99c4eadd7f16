//! Writes into the cells of the screen, and never outside of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::tui::glyphs;
use crate::tui::layout;
use crate::tui::theme::{Role, Theme};
use crate::tui::words;

/// A buffer with a theme; whatever lies outside of the buffer is not drawn.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    ascii: bool,
}

/// Pieces of one row.
pub(super) type Spans = Vec<(String, Role)>;

impl<'a> Canvas<'a> {
    pub(super) const fn new(buffer: &'a mut Buffer, theme: Theme, ascii: bool) -> Self {
        Self { buffer, theme, ascii }
    }

    /// Blanks an area.
    pub(super) fn fill(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Writes `text` into at most `limit` cells, clipped with a mark. Returns the column after it.
    pub(super) fn put(&mut self, x: u16, y: u16, text: &str, limit: u16, role: Role) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() || limit == 0 {
            return x;
        }
        let limit = limit.min(area.right() - x);
        let text = words::clip(text, usize::from(limit));
        self.buffer.set_stringn(x, y, text, usize::from(limit), self.theme.style(role)).0
    }

    /// The same, aligned at the right of `limit` cells.
    pub(super) fn put_right(&mut self, x: u16, y: u16, text: &str, limit: u16, role: Role) {
        let text = words::clip(text, usize::from(limit));
        let width = u16::try_from(words::width(&text)).unwrap_or(limit).min(limit);
        self.put(x + (limit - width), y, &text, width, role);
    }

    /// Writes pieces one after the other into at most `limit` cells.
    pub(super) fn spans(&mut self, x: u16, y: u16, spans: &[(String, Role)], limit: u16) -> u16 {
        let end = x.saturating_add(limit);
        let mut at = x;
        for (text, role) in spans {
            at = self.put(at, y, text, end.saturating_sub(at), *role);
        }
        at
    }

    /// Sets one cell.
    pub(super) fn cell(&mut self, x: u16, y: u16, symbol: &str, role: Role) {
        let style = self.theme.style(role);
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol);
            cell.set_style(style);
        }
    }

    /// Changes the style of an area and keeps its text.
    pub(super) fn restyle(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.theme.style(role));
    }

    /// Reverses one cell, and draws `blank` where it is empty.
    pub(super) fn reverse(&mut self, x: u16, y: u16, blank: &str) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            if cell.symbol() == " " {
                cell.set_symbol(blank);
                cell.set_style(self.theme.style(Role::Cursor));
            } else {
                cell.modifier.insert(Modifier::REVERSED);
            }
        }
    }

    /// A border with a title on the top and a word at the bottom.
    pub(super) fn panel(&mut self, area: Rect, title: &[(String, Role)], foot: &[(String, Role)]) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left() + 1..right {
            self.cell(x, area.top(), "─", Role::Border);
            self.cell(x, bottom, "─", Role::Border);
        }
        for y in area.top() + 1..bottom {
            self.cell(area.left(), y, "│", Role::Border);
            self.cell(right, y, "│", Role::Border);
        }
        for (x, y, corner) in [
            (area.left(), area.top(), "┌"),
            (right, area.top(), "┐"),
            (area.left(), bottom, "└"),
            (right, bottom, "┘"),
        ] {
            self.cell(x, y, corner, Role::Border);
        }
        for (y, spans) in [(area.top(), title), (bottom, foot)] {
            if spans.iter().all(|(text, _)| text.is_empty()) || area.width < 8 {
                continue;
            }
            let x = self.put(area.left() + 1, y, "─ ", 2, Role::Border);
            let end = self.spans(x, y, spans, right.saturating_sub(x).saturating_sub(2));
            self.put(end, y, " ", 1, Role::Border);
        }
    }

    /// A small mark on the right border that shows which part of a list is visible.
    pub(super) fn scrollbar(&mut self, rows: Rect, top: usize, len: usize) {
        let height = usize::from(rows.height);
        if height == 0 || len <= height {
            return;
        }
        let size = (height * height / len).max(1);
        let from = top * (height - size) / (len - height).max(1);
        for offset in from..(from + size).min(height) {
            let y = rows.y + u16::try_from(offset).unwrap_or(0);
            self.cell(rows.right(), y, "█", Role::Border);
        }
    }

    /// Where only ASCII may be drawn, replaces everything else.
    pub(super) fn finish(self) {
        if !self.ascii {
            return;
        }
        for cell in &mut self.buffer.content {
            if !cell.symbol().is_ascii() {
                let stand_in = glyphs::ascii(cell.symbol());
                cell.set_symbol(stand_in);
            }
        }
    }
}

/// One piece of a line.
pub(super) fn span(text: impl Into<String>, role: Role) -> (String, Role) {
    (text.into(), role)
}

/// The widest label that has a column of its own; a wider one runs into the text of its line.
const LABEL: usize = 11;

/// Draws a panel with as many of these lines as fit.
pub(super) fn detail_panel(
    canvas: &mut Canvas<'_>,
    area: Rect,
    title: &[(String, Role)],
    lines: &[crate::tui::details::DetailLine],
) {
    canvas.panel(area, title, &[]);
    let inside = layout::inner(area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    detail_lines(canvas, inside, lines);
}

/// Draws as many lines as fit, each wrapped.
fn detail_lines(canvas: &mut Canvas<'_>, area: Rect, details: &[crate::tui::details::DetailLine]) {
    let label = details.iter().map(|detail| words::width(&detail.label)).max().unwrap_or(0).min(LABEL);
    let indent = 2 + u16::try_from(label).unwrap_or(0) + 1;
    let room = usize::from(area.width.saturating_sub(indent));
    let mut y = area.y;
    for (at, detail) in details.iter().enumerate() {
        if y >= area.bottom() {
            return;
        }
        canvas.put(area.x, y, detail.mark, 1, detail.role);
        let role = if detail.role == Role::Text { Role::Dim } else { detail.role };
        let x = canvas
            .put(area.x + 2, y, &detail.label, area.width.saturating_sub(2), role)
            .max(area.x + indent - 1)
            + 1;
        // The first row of a line begins where the label ends.
        let taken = usize::from(x.saturating_sub(area.x + indent));
        let padded = format!("{}{}", "\u{a0}".repeat(taken), detail.text);
        let lines = words::wrap(&padded, room);
        // A row is reserved for each of the next two lines, so that a long one does not hide them.
        let coming = u16::try_from((details.len() - at - 1).min(2)).unwrap_or(0);
        let most = usize::from((area.bottom() - y).saturating_sub(coming).max(1));
        for (number, row) in lines.iter().take(most).enumerate() {
            let (x, row) = if number == 0 {
                (x, row.trim_start_matches('\u{a0}'))
            } else {
                (area.x + indent, row.as_str())
            };
            let room = area.right().saturating_sub(x);
            if number + 1 == most && lines.len() > most {
                canvas.put(x, y, &format!("{row} …"), room, Role::Text);
            } else {
                canvas.put(x, y, row, room, Role::Text);
            }
            y += 1;
        }
        if lines.is_empty() {
            y += 1;
        }
    }
}
