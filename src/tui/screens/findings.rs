//! Findings by kind; an expanded kind lists each of them.

mod list;

use crate::base::FrameNumber;
use ratatui::layout::Rect;

use super::{View, of_list};
use crate::export::What;
use crate::report::Severity;
use crate::tui::canvas::{self, Canvas, span};
use crate::tui::cursor::seek;
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::evidence;
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes, Spot, by_height};
use crate::tui::message::{Motion, ScreenAction};
use crate::tui::sorting::Progress;
use crate::tui::state::{State, Target};
use crate::tui::theme::Role;
use crate::tui::words;
pub(in crate::tui) use list::Findings;
use list::{FindingRef, Kind, Line};

/// Offsets of the columns.
const CODE: u16 = 12;
const TITLE: u16 = 40;
/// The width from which the number of sessions fits.
const WIDE: u16 = 96;

impl View for Findings {
    fn table(&self) -> What {
        What::Findings
    }

    fn divide(&self, state: &State, rest: Rect, panes: &mut Panes) {
        layout::with_detail(panes, rest, by_height(state.size.1, [5, 9, 9, 12]), self.rows.len());
    }

    fn renew(&mut self, state: &mut State, data: &Data) {
        let version = state.list_version(data);
        self.make(data, state.row_filter.rows(), version);
    }

    fn settle(&mut self, _state: &mut State, panes: &Panes) {
        self.cursor.settle(self.rows.len(), panes.rows.height);
    }

    fn progress(&self) -> Option<Progress> {
        self.progress()
    }

    fn give_up(&mut self) -> bool {
        self.give_up()
    }

    fn rest(&mut self) {
        if self.progress().is_some() {
            self.stale();
        }
    }

    fn draw(&self, _state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
        draw(self, data, canvas, panes);
    }

    fn act(&mut self, state: &mut State, _data: &Data, panes: &Panes, action: ScreenAction) {
        let (len, height) = (self.rows.len(), panes.rows.height);
        match action {
            // Every row is a problem.
            ScreenAction::NextProblem => self.cursor.step(Motion::Down, len, height),
            ScreenAction::PreviousProblem => self.cursor.step(Motion::Up, len, height),
            ScreenAction::Sort => {
                self.sort = self.sort.next();
                self.order();
            }
            ScreenAction::Reverse => {
                self.reversed = !self.reversed;
                self.order();
            }
            ScreenAction::Order => {
                state.toggle_scope(&mut self.only);
                self.stale();
            }
            ScreenAction::Ignore => match self.ignore() {
                Some(code) => state.say(format!("{code} is ignored; :unignore shows all again")),
                None => state.say("all findings are shown"),
            },
            ScreenAction::Move(motion) => self.cursor.step(motion, len, height),
            ScreenAction::Mark | ScreenAction::View | ScreenAction::Pan(_) | ScreenAction::Jump(_) => {}
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        match self.selected() {
            Some(Line::Kind(_)) => self.toggle(),
            Some(row @ Line::Finding { .. }) => match self.finding_of(row) {
                Some(FindingRef { session: Some(index), finding }) => {
                    state.go(data, index, Target::Finding(finding));
                }
                Some(FindingRef { session: None, .. }) | None => {
                    state.say("this finding concerns the whole capture");
                }
            },
            None => {}
        }
    }

    fn find(&mut self, _state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
        let holds = |row: &Line| {
            self.finding_of(*row).and_then(|reference| reference.row(data)).is_some_and(|finding| {
                finding.summary.to_lowercase().contains(wanted) || finding.code.name().contains(wanted)
            })
        };
        let found = seek(&self.rows, self.cursor.at, forward, holds);
        self.cursor.at = found.unwrap_or(self.cursor.at);
        found.is_some()
    }

    fn current(&self, _state: &State) -> Option<u32> {
        self.finding_of(self.selected()?)?.session
    }

    fn only(&self, _state: &State) -> Option<u32> {
        self.only
    }

    fn evidence(&self, _state: &State, data: &Data) -> Option<(FrameNumber, String)> {
        let finding = self.finding_of(self.selected()?)?.get(data)?;
        Some((finding.frames.first().copied()?, evidence::filter_of_list(&finding.frames)))
    }

    fn click(&mut self, _state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        of_list::click(&mut self.cursor, self.rows.len(), panes, spot)
    }
}

fn draw(list: &Findings, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let scope = of_list::scope(list.only, data);
    let ignored =
        if list.ignored.is_empty() { String::new() } else { format!(", {} ignored", list.ignored.len()) };
    let title = [
        span("Findings", Role::Title),
        span(format!("{scope} by {}  ", list.sort.name()), Role::Dim),
        span(format!("{}{ignored}", words::counted(list.kinds.len() as u64, "kind")), Role::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let head = panes.head;
    for (x, text) in [(2, "severity"), (CODE, "code"), (TITLE, "what")] {
        canvas.put(head.x + x, head.y, text, 20, Role::Dim);
    }
    let counts = if head.width >= WIDE { "sessions   count " } else { "count " };
    canvas.put_right(head.x, head.y, counts, head.width, Role::Dim);
    if list.rows.is_empty() {
        let (text, role) = match list.progress() {
            Some(_) => ("reading", Role::Dim),
            None if data.progress().finished => ("no findings", Role::Good),
            None => ("no findings so far", Role::Good),
        };
        of_list::empty(canvas, panes, text, role);
    }
    of_list::rows(canvas, panes, list.cursor, &list.rows, |canvas, area, &row, _| match row {
        Line::Kind(kind) => {
            if let Some(kind) = list.kinds.get(kind) {
                draw_kind(canvas, area, kind, list.is_open(kind.code));
            }
        }
        Line::Finding { .. } => {
            if let Some(reference) = list.finding_of(row) {
                draw_finding(data, canvas, area, reference);
            }
        }
    });
    detail(list, data, canvas, panes.detail);
}

fn draw_kind(canvas: &mut Canvas<'_>, area: Rect, kind: &Kind, open: bool) {
    let y = area.y;
    let role = Role::Severity(kind.severity);
    canvas.put(area.x + 2, y, kind.severity.name(), 8, role);
    let sign = if open { glyphs::EXPANDED } else { glyphs::COLLAPSED };
    canvas.put(area.x + CODE - 2, y, sign, 1, Role::Dim);
    canvas.put(area.x + CODE, y, kind.code.name(), TITLE - CODE - 1, role);
    let wide = area.width >= WIDE;
    let room = area.width.saturating_sub(TITLE + if wide { 18 } else { 9 });
    canvas.put(area.x + TITLE, y, list::title(kind.code), room, Role::Text);
    let right = area.right().saturating_sub(9);
    if wide {
        canvas.put_right(right - 8, y, &words::count(kind.sessions as u64), 8, Role::Text);
    }
    canvas.put_right(right, y, &words::count(kind.findings.len() as u64), 8, Role::Strong);
}

fn draw_finding(data: &Data, canvas: &mut Canvas<'_>, area: Rect, reference: FindingRef) {
    let Some(finding) = reference.row(data) else { return };
    let y = area.y;
    let x = area.x + CODE;
    let (name, when) = match reference.session.and_then(|index| Some((index, data.row(index)?))) {
        Some((index, row)) => {
            (format!("#{}", data.number(index)), words::offset(finding.time.since(row.start)))
        }
        None => ("capture".into(), words::clock(finding.time)),
    };
    canvas.put(x, y, &name, 8, Role::Dim);
    canvas.put_right(x + 8, y, &when, 13, Role::Dim);
    let room = area.right().saturating_sub(x + 23);
    canvas.put(x + 23, y, &words::raw_wire(&finding.summary), room, Role::Severity(finding.severity));
}

fn detail(list: &Findings, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let row = list.selected();
    let reference = row.and_then(|row| list.finding_of(row));
    let Some((reference, finding)) = reference.and_then(|reference| Some((reference, reference.get(data)?)))
    else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let first = matches!(row, Some(Line::Kind(_)));
    let place = match reference.session {
        Some(index) => format!("  session #{}", data.number(index)),
        None => "  whole capture".into(),
    };
    let title = [
        span(finding.code.name(), Role::Severity(finding.severity)),
        span(format!("  {}", list::title(finding.code)), Role::Title),
        span(if first { format!("{place}, the first one") } else { place }, Role::Dim),
    ];
    let mut lines = details::finding_lines(&finding);
    // The panel's title names the kind already.
    if let Some(summary) = lines.first_mut() {
        summary.label = if finding.severity >= Severity::Warning { "what".into() } else { "note".into() };
    }
    lines.push(details::frames(&finding.frames));
    if let Some(session) = reference.session.and_then(|index| data.session(index)) {
        lines.push(details::parties(&session));
    }
    canvas::detail_panel(canvas, area, &title, &lines);
}
