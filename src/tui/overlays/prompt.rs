//! The line that is being typed, recent filters, and questions: over the screen, at its bottom.

use ratatui::layout::Rect;

use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::glyphs;
use crate::tui::state::{Prompt, Purpose, Question, State};
use crate::tui::theme::Role;
use crate::tui::words;

/// Rows of completions that are shown at most.
const COMPLETIONS: u16 = 8;

/// A box at the bottom of the screen.
fn at_bottom(area: Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    Rect { y: area.bottom() - height, height, ..area }
}

/// Draws the prompt; where the terminal's cursor belongs.
pub(in crate::tui) fn draw(canvas: &mut Canvas<'_>, area: Rect, prompt: &Prompt) -> (u16, u16) {
    let listed = u16::try_from(prompt.completions.len()).unwrap_or(COMPLETIONS).min(COMPLETIONS);
    let area = at_bottom(area, 4 + listed);
    canvas.fill(area, Role::Text);
    let (name, lead) = match prompt.purpose {
        Purpose::Filter => ("Filter", "/"),
        Purpose::Command => ("Command", ":"),
        Purpose::Find => ("Find text", "?"),
        Purpose::Frame => ("Go to frame", "#"),
    };
    let empty = prompt.input.text().trim().is_empty();
    let verdict = match (&prompt.error, prompt.purpose) {
        (Some(_), Purpose::Filter | Purpose::Frame) if !empty => span("  invalid", Role::Bad),
        (None, Purpose::Filter) if !empty => span("  ok", Role::Good),
        _ => span("", Role::Dim),
    };
    let foot = match prompt.purpose {
        Purpose::Filter => "Tab complete · ↑ history · Enter apply · Esc cancel · C-u clear",
        Purpose::Command => "Tab complete · Enter do it · Esc cancel",
        Purpose::Find | Purpose::Frame => "Enter go · Esc cancel",
    };
    canvas.panel(area, &[span(name, Role::Title), verdict], &[span(foot, Role::Dim)]);
    let (x, y) = (area.x + 2, area.y + 1);
    let room = area.width.saturating_sub(6);
    canvas.put(x, y, lead, 1, Role::Key);
    let shown = Shown::of(prompt, room);
    canvas.put(x + 2, y, shown.text, room, Role::Strong);
    let column = |at: usize| x + 2 + shown.column(at).min(room);
    if let Some(error) = prompt.error.as_ref().filter(|_| !empty) {
        let (from, to) = (column(error.span.start), column(error.span.end.max(error.span.start + 1)));
        let carets = "^".repeat(usize::from(to.saturating_sub(from)).max(1));
        // The words follow the carets where there is room, else precede them.
        let width = u16::try_from(words::width(&error.message)).unwrap_or(u16::MAX);
        let after = from + u16::try_from(carets.len()).unwrap_or(1) + 1;
        canvas.put(from, y + 1, &carets, area.right().saturating_sub(from + 1), Role::Bad);
        if after.saturating_add(width) < area.right() {
            canvas.put(after, y + 1, &error.message, width, Role::Bad);
        } else if width < from.saturating_sub(x + 1) {
            canvas.put(from - width - 1, y + 1, &error.message, width, Role::Bad);
        } else {
            canvas.put(x, y + 1, &error.message, area.width.saturating_sub(4), Role::Bad);
        }
    }
    completions(canvas, Rect { x, y: y + 2, width: area.width.saturating_sub(4), height: listed }, prompt);
    (column(prompt.input.cursor()), y)
}

/// The part of the line that is in sight.
struct Shown<'a> {
    text: &'a str,
    from: usize,
}

impl<'a> Shown<'a> {
    fn of(prompt: &'a Prompt, room: u16) -> Self {
        let text = prompt.input.text();
        let mut from = 0;
        let before = prompt.input.before();
        while words::width(before.get(from..).unwrap_or_default()) > usize::from(room) {
            from += before.get(from..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        }
        Self { text: text.get(from..).unwrap_or_default(), from }
    }

    fn column(&self, at: usize) -> u16 {
        let at = at.saturating_sub(self.from).min(self.text.len());
        let before = self.text.get(..at).unwrap_or_default();
        u16::try_from(words::width(before)).unwrap_or(u16::MAX)
    }
}

fn completions(canvas: &mut Canvas<'_>, area: Rect, prompt: &Prompt) {
    let height = usize::from(area.height);
    let chosen = prompt.chosen.as_ref().map(|(at, _)| *at);
    let top = chosen.map_or(0, |at| (at + 1).saturating_sub(height));
    let seen = prompt.completions.iter().enumerate().skip(top).take(height);
    for (y, (at, completion)) in (area.y..).zip(seen) {
        let row = Rect { y, height: 1, ..area };
        let end = canvas.put(area.x + 2, y, &completion.text, 34, Role::Text);
        let x = end.max(area.x + 28) + 2;
        canvas.put(x, y, &completion.help, area.right().saturating_sub(x), Role::Dim);
        if chosen == Some(at) {
            canvas.restyle(row, Role::Selected);
            canvas.put(area.x, y, glyphs::SELECTED, 1, Role::Selected);
        }
    }
    if prompt.completions.len() > height && chosen.is_none() && area.height > 0 {
        let more = format!("{} more", prompt.completions.len() - height);
        canvas.put_right(area.x, area.bottom() - 1, &more, area.width, Role::Dim);
    }
}

/// Filters used before, the newest first.
pub(in crate::tui) fn recent(state: &State, canvas: &mut Canvas<'_>, area: Rect, at: usize) {
    let history = &state.settings.history;
    let height = u16::try_from(history.len()).unwrap_or(12).min(12) + 2;
    let area = at_bottom(area, height);
    canvas.fill(area, Role::Text);
    let foot = [span("Enter apply · / edit · Esc cancel", Role::Dim)];
    canvas.panel(area, &[span("Recent filters", Role::Title)], &foot);
    let inside = crate::tui::layout::inner(area);
    let rows = usize::from(inside.height);
    let top = (at + 1).saturating_sub(rows);
    for (y, (number, text)) in (inside.y..).zip(history.iter().rev().enumerate().skip(top).take(rows)) {
        canvas.put(inside.x + 2, y, &words::raw_wire(text), inside.width.saturating_sub(3), Role::Text);
        if number == at {
            canvas.restyle(Rect { y, height: 1, ..inside }, Role::Selected);
            canvas.put(inside.x, y, glyphs::SELECTED, 1, Role::Selected);
        }
    }
}

/// Asks before what can't be taken back.
pub(in crate::tui) fn confirm(canvas: &mut Canvas<'_>, area: Rect, question: Question) {
    let (asked, yes) = match question {
        Question::QuitWhileLive => ("Capture is still running. Stop and quit?  ", "y"),
        Question::Quit => ("Leave ftpscope?  ", "q y"),
    };
    let area = at_bottom(area, 3);
    canvas.fill(area, Role::Text);
    canvas.panel(area, &[span("Quit", Role::Title)], &[]);
    let spans: Spans = vec![
        span(asked, Role::Strong),
        span(yes, Role::Key),
        span(" yes   ", Role::Text),
        span("n", Role::Key),
        span(" no", Role::Text),
    ];
    canvas.spans(area.x + 2, area.y + 1, &spans, area.width.saturating_sub(4));
}
