//! Writing into the screen's cells, never beside them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::tui::glyphs;
use crate::tui::theme::{Ink, Theme};
use crate::tui::words;

/// Writes with inks into a buffer; what lies outside is not drawn.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    ascii: bool,
}

/// Pieces of one line.
pub(super) type Spans = Vec<(String, Ink)>;

impl<'a> Canvas<'a> {
    pub(super) const fn new(buffer: &'a mut Buffer, theme: Theme, ascii: bool) -> Self {
        Self { buffer, theme, ascii }
    }

    /// Blanks an area.
    pub(super) fn fill(&mut self, area: Rect, ink: Ink) {
        let style = self.theme.style(ink);
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

    /// Writes `text` into at most `limit` cells, cut with a mark; the column behind it.
    pub(super) fn put(&mut self, x: u16, y: u16, text: &str, limit: u16, ink: Ink) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() || limit == 0 {
            return x;
        }
        let limit = limit.min(area.right() - x);
        let text = words::clip(text, usize::from(limit));
        self.buffer.set_stringn(x, y, text, usize::from(limit), self.theme.style(ink)).0
    }

    /// The same, its end at the right of `limit` cells.
    pub(super) fn put_right(&mut self, x: u16, y: u16, text: &str, limit: u16, ink: Ink) {
        let text = words::clip(text, usize::from(limit));
        let width = u16::try_from(words::width(&text)).unwrap_or(limit).min(limit);
        self.put(x + (limit - width), y, &text, width, ink);
    }

    /// Writes pieces one behind the other into at most `limit` cells.
    pub(super) fn spans(&mut self, x: u16, y: u16, spans: &[(String, Ink)], limit: u16) -> u16 {
        let end = x.saturating_add(limit);
        let mut at = x;
        for (text, ink) in spans {
            at = self.put(at, y, text, end.saturating_sub(at), *ink);
        }
        at
    }

    /// Sets one cell.
    pub(super) fn cell(&mut self, x: u16, y: u16, symbol: &str, ink: Ink) {
        let style = self.theme.style(ink);
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol);
            cell.set_style(style);
        }
    }

    /// Lays an ink over what is written, symbols left as they are.
    pub(super) fn over(&mut self, area: Rect, ink: Ink) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.theme.style(ink));
    }

    /// Reverses one cell, and draws `blank` where nothing stands.
    pub(super) fn reverse(&mut self, x: u16, y: u16, blank: &str) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            if cell.symbol() == " " {
                cell.set_symbol(blank);
                cell.set_style(self.theme.style(Ink::Cursor));
            } else {
                cell.modifier.insert(Modifier::REVERSED);
            }
        }
    }

    /// A border with a title on the top and a word at the bottom.
    pub(super) fn panel(&mut self, area: Rect, title: &[(String, Ink)], foot: &[(String, Ink)]) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left() + 1..right {
            self.cell(x, area.top(), "─", Ink::Border);
            self.cell(x, bottom, "─", Ink::Border);
        }
        for y in area.top() + 1..bottom {
            self.cell(area.left(), y, "│", Ink::Border);
            self.cell(right, y, "│", Ink::Border);
        }
        for (x, y, corner) in [
            (area.left(), area.top(), "┌"),
            (right, area.top(), "┐"),
            (area.left(), bottom, "└"),
            (right, bottom, "┘"),
        ] {
            self.cell(x, y, corner, Ink::Border);
        }
        for (y, spans) in [(area.top(), title), (bottom, foot)] {
            if spans.iter().all(|(text, _)| text.is_empty()) || area.width < 8 {
                continue;
            }
            let x = self.put(area.left() + 1, y, "─ ", 2, Ink::Border);
            let end = self.spans(x, y, spans, right.saturating_sub(x).saturating_sub(2));
            self.put(end, y, " ", 1, Ink::Border);
        }
    }

    /// A small mark on the right border that tells which part of a list is seen.
    pub(super) fn scrollbar(&mut self, rows: Rect, top: usize, len: usize) {
        let height = usize::from(rows.height);
        if height == 0 || len <= height {
            return;
        }
        let size = (height * height / len).max(1);
        let from = top * (height - size) / (len - height).max(1);
        for offset in from..(from + size).min(height) {
            let y = rows.y + u16::try_from(offset).unwrap_or(0);
            self.cell(rows.right(), y, "█", Ink::Border);
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
pub(super) fn span(text: impl Into<String>, ink: Ink) -> (String, Ink) {
    (text.into(), ink)
}

/// The widest label that has a column of its own; a wider one runs into the text of its line.
const LABEL: usize = 11;

/// Draws facts, each wrapped into the lines it needs, as many as fit; whether some did not.
pub(super) fn facts(canvas: &mut Canvas<'_>, area: Rect, facts: &[crate::tui::details::Fact]) -> bool {
    let label = facts.iter().map(|fact| words::width(&fact.label)).max().unwrap_or(0).min(LABEL);
    let indent = 2 + u16::try_from(label).unwrap_or(0) + 1;
    let room = usize::from(area.width.saturating_sub(indent));
    let mut y = area.y;
    for (at, fact) in facts.iter().enumerate() {
        if y >= area.bottom() {
            return true;
        }
        canvas.put(area.x, y, fact.mark, 1, fact.ink);
        let ink = if fact.ink == Ink::Text { Ink::Dim } else { fact.ink };
        let x = canvas
            .put(area.x + 2, y, &fact.label, area.width.saturating_sub(2), ink)
            .max(area.x + indent - 1)
            + 1;
        // The first line begins where the label ends.
        let taken = usize::from(x.saturating_sub(area.x + indent));
        let padded = format!("{}{}", "\u{a0}".repeat(taken), fact.text);
        let lines = words::wrap(&padded, room);
        // One line is kept for each of the first facts to come, so that a long one does not hide all others.
        let coming = u16::try_from((facts.len() - at - 1).min(2)).unwrap_or(0);
        let most = usize::from((area.bottom() - y).saturating_sub(coming).max(1));
        for (number, line) in lines.iter().take(most).enumerate() {
            let (x, line) = if number == 0 {
                (x, line.trim_start_matches('\u{a0}'))
            } else {
                (area.x + indent, line.as_str())
            };
            let room = area.right().saturating_sub(x);
            if number + 1 == most && lines.len() > most {
                canvas.put(x, y, &format!("{line} …"), room, Ink::Text);
            } else {
                canvas.put(x, y, line, room, Ink::Text);
            }
            y += 1;
        }
        if lines.is_empty() {
            y += 1;
        }
    }
    false
}
