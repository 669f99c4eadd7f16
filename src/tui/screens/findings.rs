//! What is odd: kinds of findings, and under an open kind each one.

pub(in crate::tui) mod list;

use ratatui::layout::Rect;

use crate::report::Severity;
use crate::tui::canvas::{self, Canvas, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes};
use crate::tui::state::State;
use crate::tui::theme::Ink;
use crate::tui::words;
use list::{FindingRow, Found, Kind};

/// Where the columns begin.
const CODE: u16 = 12;
const TITLE: u16 = 40;
/// From here on there is room for the number of sessions.
const WIDE: u16 = 96;

pub(in crate::tui) fn draw(state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let list = &state.findings;
    let scope = list.only.map_or_else(String::new, |index| format!(" of session #{}", data.number(index)));
    let ignored =
        if list.ignored.is_empty() { String::new() } else { format!(", {} ignored", list.ignored.len()) };
    let title = [
        span("Findings", Ink::Title),
        span(format!("{scope} by {}  ", list.sort.name()), Ink::Dim),
        span(format!("{}{ignored}", words::counted(list.kinds.len() as u64, "kind")), Ink::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let head = panes.head;
    for (x, text) in [(2, "severity"), (CODE, "code"), (TITLE, "what")] {
        canvas.put(head.x + x, head.y, text, 20, Ink::Dim);
    }
    let counts = if head.width >= WIDE { "sessions   count " } else { "count " };
    canvas.put_right(head.x, head.y, counts, head.width, Ink::Dim);
    if list.rows.is_empty() {
        let text = if data.progress().finished { "nothing odd was found" } else { "nothing odd so far" };
        canvas.put(panes.rows.x + 2, panes.rows.y + panes.rows.height / 3, text, panes.rows.width, Ink::Good);
    }
    let seen = list.rows.iter().enumerate().skip(list.cursor.top).take(usize::from(panes.rows.height));
    for (y, (at, &row)) in (panes.rows.y..).zip(seen) {
        let area = Rect { y, height: 1, ..panes.rows };
        match row {
            FindingRow::Kind(kind) => {
                if let Some(kind) = list.kinds.get(kind) {
                    draw_kind(canvas, area, kind, list.is_open(kind.code));
                }
            }
            FindingRow::Found { .. } => {
                if let Some(found) = list.found(row) {
                    draw_found(data, canvas, area, found);
                }
            }
        }
        if at == list.cursor.at {
            canvas.over(area, Ink::Selected);
            canvas.put(area.x, y, glyphs::SELECTED, 1, Ink::Selected);
        }
    }
    canvas.scrollbar(panes.rows, list.cursor.top, list.rows.len());
    detail(state, data, canvas, panes.detail);
}

fn draw_kind(canvas: &mut Canvas<'_>, area: Rect, kind: &Kind, open: bool) {
    let y = area.y;
    let ink = Ink::Severity(kind.severity);
    canvas.put(area.x + 2, y, kind.severity.name(), 8, ink);
    let sign = if open { glyphs::EXPANDED } else { glyphs::COLLAPSED };
    canvas.put(area.x + CODE - 2, y, sign, 1, Ink::Dim);
    canvas.put(area.x + CODE, y, kind.code.name(), TITLE - CODE - 1, ink);
    let wide = area.width >= WIDE;
    let room = area.width.saturating_sub(TITLE + if wide { 18 } else { 9 });
    canvas.put(area.x + TITLE, y, list::title(kind.code), room, Ink::Text);
    let right = area.right().saturating_sub(9);
    if wide {
        canvas.put_right(right - 8, y, &words::count(kind.sessions as u64), 8, Ink::Text);
    }
    canvas.put_right(right, y, &words::count(kind.found.len() as u64), 8, Ink::Strong);
}

fn draw_found(data: &Data, canvas: &mut Canvas<'_>, area: Rect, found: Found) {
    let Some(finding) = found.get(data) else { return };
    let y = area.y;
    let x = area.x + CODE;
    let (name, when) = match found.session.and_then(|index| Some((index, data.session(index)?))) {
        Some((index, session)) => {
            (format!("#{}", data.number(index)), words::offset(finding.time.since(session.start)))
        }
        None => ("capture".into(), words::clock(finding.time)),
    };
    canvas.put(x, y, &name, 8, Ink::Dim);
    canvas.put_right(x + 8, y, &when, 13, Ink::Dim);
    let room = area.right().saturating_sub(x + 23);
    canvas.put(x + 23, y, &words::raw_wire(&finding.summary), room, Ink::Severity(finding.severity));
}

fn detail(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let row = state.findings.selected();
    let found = row.and_then(|row| state.findings.found(row));
    let Some((found, finding)) = found.and_then(|found| Some((found, found.get(data)?))) else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let first = matches!(row, Some(FindingRow::Kind(_)));
    let place = match found.session {
        Some(index) => format!("  session #{}", data.number(index)),
        None => "  whole capture".into(),
    };
    let title = [
        span(finding.code.name(), Ink::Severity(finding.severity)),
        span(format!("  {}", list::title(finding.code)), Ink::Title),
        span(if first { format!("{place}, the first one") } else { place }, Ink::Dim),
    ];
    canvas.panel(area, &title, &[]);
    let inside = layout::inner(area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut facts = details::finding_facts(finding);
    // The panel's title names the kind already.
    if let Some(summary) = facts.first_mut() {
        summary.label = if finding.severity >= Severity::Warning { "what".into() } else { "note".into() };
    }
    facts.push(details::frames(&finding.frames));
    if let Some(session) = found.session.and_then(|index| data.session(index)) {
        facts.push(details::parties(session));
    }
    canvas::facts(canvas, inside, &facts);
}
