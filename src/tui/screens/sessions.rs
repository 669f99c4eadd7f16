//! The sessions: overview of the capture, the list, and the selected one in a few lines.

mod columns;
mod live;
mod overview;

use ratatui::layout::Rect;

use super::{View, of_list};
use crate::base::{Bytes, Endpoint, FrameNumber};
use crate::export::What;
use crate::report::{Security, Severity};
use crate::tui::canvas::{self, Canvas, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::evidence;
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes, Spot, by_height, take_bottom, take_top};
use crate::tui::message::{Motion, ScreenAction};
use crate::tui::rows::{Cell, SessionRow};
use crate::tui::scale::{TimeScale, Window};
use crate::tui::screen::Screen;
use crate::tui::state::{Goal, Search, State};
use crate::tui::theme::Role;
use crate::tui::words;
use columns::{Column, column_at, columns};

/// State of the screen. The list and its cursor are in [`State`], because all screens share them.
#[derive(Debug, Default)]
pub(in crate::tui) struct Sessions {
    /// Rows of the overview: one for each mode that occurs, and one for problems.
    overview_rows: u16,
}

impl View for Sessions {
    fn table(&self) -> What {
        What::Sessions
    }

    fn divide(&self, state: &State, mut rest: Rect, panes: &mut Panes) {
        let height = state.size.1;
        if height < 18 {
            layout::list(panes, rest, 1);
            return;
        }
        let overview = match (height, state.live) {
            (0..28, _) => 2,
            (_, true) => 5,
            (_, false) => self.overview_rows.max(2).saturating_add(2),
        };
        panes.overview = take_top(&mut rest, overview);
        if state.live && height >= 24 {
            panes.events = take_bottom(&mut rest, by_height(height, [5, 5, 5, 8]));
        }
        let detail = by_height(height, [4, 7, 8, 12]);
        let detail = if state.live { detail.min(5) } else { detail };
        layout::with_detail(panes, rest, detail, state.row_filter.rows().len());
    }

    fn renew(&mut self, _state: &mut State, data: &Data) {
        self.overview_rows = u16::try_from(data.overview().modes().count()).unwrap_or(0).max(1) + 1;
    }

    fn settle(&mut self, state: &mut State, panes: &Panes) {
        state.list.settle(state.row_filter.rows().len(), panes.rows.height);
    }

    fn draw(&self, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
        draw(state, data, canvas, panes);
    }

    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: ScreenAction) {
        match action {
            ScreenAction::NextProblem | ScreenAction::PreviousProblem => {
                if !state.seek_problem_session(data, action == ScreenAction::NextProblem) {
                    state.say("no further problem");
                }
            }
            ScreenAction::Sort => {
                let (sort, _) = state.row_filter.sort();
                state.row_filter.order(sort.next(), false);
            }
            ScreenAction::Reverse => {
                let (sort, reversed) = state.row_filter.sort();
                state.row_filter.order(sort, !reversed);
            }
            // Marking moves on, so that several rows can be marked by one key.
            ScreenAction::Mark => walk(state, Motion::Down, panes),
            ScreenAction::Move(motion) => walk(state, motion, panes),
            ScreenAction::Order
            | ScreenAction::Ignore
            | ScreenAction::View
            | ScreenAction::Pan(_)
            | ScreenAction::Jump(_) => {}
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        if state.selected.is_some() {
            state.show(data, Screen::Timeline);
        }
    }

    fn find(&mut self, state: &mut State, _data: &Data, wanted: &str, forward: bool) -> bool {
        let (rows, at) = (state.row_filter.rows(), state.list.at);
        let sessions: Vec<u32> = if forward {
            rows.iter().skip(at.saturating_add(1)).copied().collect()
        } else {
            rows.iter().take(at).rev().copied().collect()
        };
        if sessions.is_empty() {
            return false;
        }
        state.search = Some(Search { goal: Goal::Text(wanted.to_owned()), sessions, seen: 0 });
        false
    }

    fn current(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn only(&self, _state: &State) -> Option<u32> {
        None
    }

    fn evidence(&self, state: &State, data: &Data) -> Option<(FrameNumber, String)> {
        let chosen = state.marked_or(self.current(state), data);
        let first = |&index: &u32| data.row(index).map(|row| row.frames.first);
        let frame = chosen.iter().filter_map(first).min()?;
        Some((frame, evidence::filter_of(chosen.iter().filter_map(|&index| data.session(index)))))
    }

    fn click(&mut self, state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        if spot.is_in(panes.head) {
            if let Some(sort) = column_at(panes.head, spot.x) {
                let (now, reversed) = state.row_filter.sort();
                state.row_filter.order(sort, now == sort && !reversed);
            }
            return false;
        }
        let Some(row) = spot.row_in(panes.rows) else { return false };
        state.list.select_shown(row, state.row_filter.rows().len());
        select_listed(state);
        true
    }

    /// Dragging over the overview selects a time range.
    fn drag(&mut self, state: &mut State, data: &Data, panes: &Panes, (from, to): (Spot, Spot)) {
        let area = overview::time_area(panes.overview);
        if let Some((first, last)) = data.extent()
            && from.is_in(panes.overview)
            && area.width > 0
        {
            let scale = TimeScale::new(Window::new(first, last), area.width);
            let column = |x: u16| x.saturating_sub(area.x).min(area.width - 1);
            let (a, b) = (column(from.x.min(to.x)), column(from.x.max(to.x)));
            state.row_filter.limit(Some((scale.start_of(a), scale.start_of(b.saturating_add(1)))));
        }
    }
}

fn walk(state: &mut State, motion: Motion, panes: &Panes) {
    state.list.step(motion, state.row_filter.rows().len(), panes.rows.height);
    select_listed(state);
}

/// Selects the session at the cursor, and stops following the newest one.
fn select_listed(state: &mut State) {
    state.selected = state.row_filter.rows().get(state.list.at).copied();
    state.follow = false;
}

fn draw(state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    if state.live {
        live::throughput(data, canvas, panes.overview);
        live::waiting(data, canvas, panes.events);
    } else {
        overview::draw(state, data, canvas, panes.overview);
    }
    list(state, data, canvas, panes);
    detail(state, data, canvas, panes.detail);
}

fn list(state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let (sort, _) = state.row_filter.sort();
    let arrow = if state.row_filter.ascends() { glyphs::ASCENDING } else { glyphs::DESCENDING };
    let rows = state.row_filter.rows();
    let title = [
        span("Sessions", Role::Title),
        span(format!(" by {} {arrow} ", sort.name()), Role::Dim),
        span(of_list::place(state.list, rows.len()), Role::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let columns = columns(panes.rows.width);
    for &(column, x, width) in &columns {
        let sorted = column.sort() == Some(sort) && column != Column::Number;
        let text = if sorted { format!("{}{arrow}", column.head()) } else { column.head().to_owned() };
        let role = if sorted { Role::Strong } else { Role::Dim };
        if column.is_right() {
            canvas.put_right(panes.head.x + x, panes.head.y, &text, width, role);
        } else {
            canvas.put(panes.head.x + x, panes.head.y, &text, width, role);
        }
    }
    if rows.is_empty() {
        empty(state, data, canvas, panes.rows);
    }
    of_list::rows(canvas, panes, state.list, rows, |canvas, area, &index, is_selected| {
        row(state, data, canvas, &columns, area, (index, is_selected));
    });
}

/// Says why the list is empty.
fn empty(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let text = if let Some(failure) = data.failure() {
        failure.to_owned()
    } else if state.shows_filter() && !data.is_empty() {
        "no session passes the filter".into()
    } else if data.progress().finished {
        "no FTP session in this capture".into()
    } else {
        "reading".into()
    };
    canvas.put(area.x + 2, area.y + area.height / 3, &text, area.width.saturating_sub(4), Role::Dim);
    let attempts = data.capture().map_or(0, |capture| capture.attempts.len());
    if data.is_empty() && attempts > 0 {
        let text = format!(
            "{} that never came about: view 5",
            words::counted(attempts as u64, "control connection")
        );
        canvas.put(area.x + 2, area.y + area.height / 3 + 1, &text, area.width.saturating_sub(4), Role::Bad);
    }
}

fn row(
    state: &State,
    data: &Data,
    canvas: &mut Canvas<'_>,
    columns: &[(Column, u16, u16)],
    area: Rect,
    (index, selected): (u32, bool),
) {
    let Some(totals) = data.row(index) else { return };
    if state.marked.contains(&index) {
        canvas.put(area.x + 1, area.y, glyphs::MARKED, 1, Role::Marked);
    }
    for &(column, x, width) in columns {
        let x = area.x + x;
        if column == Column::Modes {
            cells(canvas, x, area.y, totals, selected);
            continue;
        }
        let (text, role) = field(data.number(index), totals, column, width);
        if column == Column::Number && !totals.limited.is_empty() {
            canvas.put(x + width, area.y, glyphs::INCOMPLETE, 1, Role::Bad);
        }
        if column.is_right() {
            canvas.put_right(x, area.y, &text, width, role);
        } else {
            canvas.put(x, area.y, &text, width, role);
        }
    }
}

/// Draws the ten cells of the miniature timeline.
fn cells(canvas: &mut Canvas<'_>, x: u16, y: u16, totals: &SessionRow, selected: bool) {
    for (offset, &cell) in (0..).zip(&totals.cells) {
        let role = match cell {
            Cell::Nothing | Cell::Unused => Role::Dim,
            Cell::Carried(mode) => Role::Mode(mode),
            Cell::Unmet | Cell::Failed => Role::Bad,
        };
        canvas.cell(x + offset, y, cell.symbol(), if selected { Role::Selected } else { role });
    }
}

fn field(number: u32, row: &SessionRow, column: Column, width: u16) -> (String, Role) {
    let live = if row.live { Role::Good } else { Role::Text };
    match column {
        Column::Number => (number.to_string(), live),
        Column::Start => {
            let clock = words::clock(row.start);
            let short = clock.get(..usize::from(width).min(clock.len())).unwrap_or_default();
            (short.to_owned(), Role::Text)
        }
        Column::Duration => (words::duration(row.end.elapsed_since(row.start)), Role::Text),
        Column::Client => (endpoint(row.client, width, false), Role::Text),
        Column::Server => (endpoint(row.server, width, row.server.port == FTP), Role::Text),
        Column::User => match (&row.user, row.security) {
            (Some(user), _) => (words::raw_wire(user), Role::Text),
            (None, Security::None) => (glyphs::DOT.into(), Role::Dim),
            (None, Security::ExplicitTls | Security::ImplicitTls) => ("(TLS)".into(), Role::Dim),
            (None, Security::Gssapi) => ("(GSS)".into(), Role::Dim),
        },
        Column::Transfers => match row.transfers.len() {
            0 => (glyphs::DOT.into(), Role::Dim),
            some => (some.to_string(), if row.failed > 0 { Role::Bad } else { Role::Text }),
        },
        Column::Bytes => match row.bytes {
            0 => (glyphs::DOT.into(), Role::Dim),
            some => (Bytes(some).to_string(), Role::Text),
        },
        Column::Findings => findings(row, width),
        Column::Modes => (String::new(), Role::Text),
    }
}

/// The port that every server is expected at.
const FTP: u16 = 21;

/// An endpoint, without its port where that goes without saying or there is no room for both.
fn endpoint(endpoint: Endpoint, width: u16, port_is_usual: bool) -> String {
    let whole = endpoint.to_string();
    let fits = words::width(&whole) <= usize::from(width);
    if fits && !port_is_usual { whole } else { endpoint.ip.to_string() }
}

/// Room in which a sentence says something.
const SENTENCE: u16 = 48;

/// The number of findings, and the worst of them where there is room.
fn findings(row: &SessionRow, width: u16) -> (String, Role) {
    let Some((severity, code)) = row.worst.filter(|(severity, _)| *severity >= Severity::Notice) else {
        return (String::new(), Role::Dim);
    };
    let mark = if severity >= Severity::Warning { glyphs::PROBLEM } else { glyphs::DOT };
    let mut text = format!("{mark}{}", row.notable);
    if let Some(headline) = row.headline().filter(|_| width >= SENTENCE) {
        text = format!("{text:<4}{}", words::raw_wire(headline));
    } else if width >= 18 {
        text = format!("{text:<4}{code}");
    } else if width >= 12 {
        // Which it is says more than how many there are.
        text = format!("{mark}{code}");
    }
    (text, Role::Severity(severity))
}

/// Draws the panel of the selected session, the worst findings first.
fn detail(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height < 3 {
        return;
    }
    let selected = state.selected.and_then(|index| Some((index, data.session(index)?, data.row(index)?)));
    let Some((index, session, totals)) = selected else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let title = [
        span(format!("#{} ", data.number(index)), Role::Title),
        span(format!("{} {} {}", session.client, glyphs::ARROW, session.server), Role::Strong),
        span(format!("  {}", words::date(session.start)), Role::Dim),
    ];
    canvas::detail_panel(canvas, area, &title, &details::session(&session, totals));
}
