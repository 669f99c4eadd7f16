//! The sessions: overview of the capture, the list, and the selected one in a few lines.

mod live;

use ratatui::layout::Rect;

use super::View;
use crate::report::Mode;
use crate::report::{Security, Session, Severity};
use crate::tui::canvas::{self, Canvas, span};
use crate::tui::data::{Cell, Data, Facts};
use crate::tui::details;
use crate::tui::effect::Table;
use crate::tui::evidence;
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes, Spot, by_height, take_bottom, take_top};
use crate::tui::message::Action;
use crate::tui::overview::{self, Count};
use crate::tui::row_filter::SortKey;
use crate::tui::scale::{TimeScale, Window};
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::theme::Ink;
use crate::tui::words;

/// What the list of sessions remembers; the list itself and its place are shared by all screens.
#[derive(Debug, Default)]
pub(in crate::tui) struct Sessions {
    /// Rows of the overview: the modes that occur, and the problems.
    overview_rows: u16,
}

impl View for Sessions {
    fn table(&self) -> Table {
        Table::Sessions
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

    fn act(&mut self, state: &mut State, data: &Data, panes: &Panes, action: Action) {
        match action {
            Action::NextProblem | Action::PreviousProblem => {
                if !state.seek_problem_session(data, action == Action::NextProblem) {
                    state.say("no further problem");
                }
            }
            Action::Sort => {
                let (sort, _) = state.row_filter.sort();
                state.row_filter.order(sort.next(), false, data);
            }
            Action::Reverse => {
                let (sort, reversed) = state.row_filter.sort();
                state.row_filter.order(sort, !reversed, data);
            }
            Action::Order => {}
            // A marked row is done with: on to the next.
            Action::Mark => walk(state, Action::Down, panes),
            _ => walk(state, action, panes),
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        if state.selected.is_some() {
            state.show(data, Screen::Timeline);
        }
    }

    fn find(&mut self, state: &mut State, data: &Data, wanted: &str, forward: bool) -> bool {
        state.seek_session(forward, |&index| contains(data, index, wanted))
    }

    fn current(&self, state: &State) -> Option<u32> {
        state.selected
    }

    fn only(&self, _state: &State) -> Option<u32> {
        None
    }

    fn evidence(&self, state: &State, data: &Data) -> Option<(u64, String)> {
        let chosen = state.marked_or(self.current(state), data);
        let sessions = chosen.iter().filter_map(|&index| data.session(index));
        let frame = sessions.clone().map(|session| session.frames.first).min()?;
        Some((frame, evidence::filter_of(sessions)))
    }

    fn click(&mut self, state: &mut State, data: &Data, panes: &Panes, spot: Spot) -> bool {
        if spot.is_in(panes.head) {
            if let Some(sort) = column_at(panes.head, spot.x) {
                let (now, reversed) = state.row_filter.sort();
                state.row_filter.order(sort, now == sort && !reversed, data);
            }
            return false;
        }
        let Some(row) = spot.row_in(panes.rows) else { return false };
        state.list.select_shown(row, state.row_filter.rows().len());
        select_listed(state);
        true
    }

    /// Brushes a time range over the overview.
    fn drag(&mut self, state: &mut State, data: &Data, panes: &Panes, (from, to): (Spot, Spot)) {
        let area = overview_time_area(panes.overview);
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

fn walk(state: &mut State, action: Action, panes: &Panes) {
    state.list.act(action, state.row_filter.rows().len(), panes.rows.height);
    select_listed(state);
}

/// Selects the session at the cursor; the newest is not followed any more.
fn select_listed(state: &mut State) {
    state.selected = state.row_filter.rows().get(state.list.at).copied();
    state.follow = false;
}

/// Whether a text in lower case stands in any line or address of a session.
fn contains(data: &Data, index: u32, wanted: &str) -> bool {
    let Some(session) = data.session(index) else { return false };
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    session.client.to_string().contains(wanted)
        || session.server.to_string().contains(wanted)
        || session.user.as_ref().is_some_and(|user| holds(user.raw()))
        || session.greeting.iter().any(|reply| holds(reply.text.raw()))
        || session.commands.iter().any(|command| {
            holds(command.verb.name())
                || command.text().is_some_and(|text| holds(text.raw()))
                || command.replies.iter().any(|reply| holds(reply.text.raw()))
        })
        || session.findings.iter().any(|finding| holds(&finding.summary))
}

fn draw(state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    if state.live {
        live::throughput(data, canvas, panes.overview);
        live::waiting(data, canvas, panes.events);
    } else {
        overview(state, data, canvas, panes.overview);
    }
    list(state, data, canvas, panes);
    detail(state, data, canvas, panes.detail);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Number,
    Start,
    Duration,
    Client,
    Server,
    User,
    Modes,
    Transfers,
    Bytes,
    Findings,
}

impl Column {
    const fn head(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::Start => "start",
            Self::Duration => "dur",
            Self::Client => "client",
            Self::Server => "server",
            Self::User => "user",
            Self::Modes => "modes",
            Self::Transfers => "xf",
            Self::Bytes => "bytes",
            Self::Findings => "!",
        }
    }

    const fn sort(self) -> Option<SortKey> {
        Some(match self {
            Self::Number | Self::Start => SortKey::Start,
            Self::Duration => SortKey::Duration,
            Self::Client => SortKey::Client,
            Self::Server => SortKey::Server,
            Self::User => SortKey::User,
            Self::Transfers => SortKey::Transfers,
            Self::Bytes => SortKey::Bytes,
            Self::Findings => SortKey::Findings,
            Self::Modes => return None,
        })
    }

    /// Numbers stand at the right.
    const fn is_right(self) -> bool {
        matches!(self, Self::Number | Self::Duration | Self::Transfers | Self::Bytes)
    }
}

/// Columns with their offset and width, for a list of a width.
fn columns(width: u16) -> Vec<(Column, u16, u16)> {
    use Column as C;
    let narrow = width < 76;
    let wide = width >= 96;
    let wider = width >= 130;
    let mut widths: Vec<(Column, u16)> = vec![(C::Number, 5), (C::Start, if wide { 12 } else { 8 })];
    if !narrow {
        widths.push((C::Duration, 6));
    }
    widths.push((C::Client, 17));
    if wide {
        widths.push((C::Server, 17));
    }
    widths.extend([(C::User, 7), (C::Modes, 10)]);
    if !narrow {
        widths.extend([(C::Transfers, 3), (C::Bytes, 5)]);
    }
    widths.push((C::Findings, 3));
    let used: u16 = 2 + widths.iter().map(|(_, width)| width + 1).sum::<u16>() - 1;
    let mut spare = width.saturating_sub(used);
    // What is left goes to the columns that are cut, in this order.
    let wanted: &[(Column, u16)] = if wider {
        &[
            (C::Client, 5),
            (C::Server, 5),
            (C::Findings, 22),
            (C::User, 8),
            (C::Client, 20),
            (C::Server, 20),
            (C::Findings, 30),
        ]
    } else {
        &[(C::Client, 5), (C::Server, 5), (C::User, 6), (C::Client, 20), (C::Server, 20)]
    };
    for (column, more) in wanted {
        if let Some((_, width)) = widths.iter_mut().find(|(other, _)| other == column) {
            let more = spare.min(*more);
            *width += more;
            spare -= more;
        }
    }
    let mut x = 2;
    widths
        .into_iter()
        .map(|(column, width)| {
            let at = x;
            x += width + 1;
            (column, at, width)
        })
        .collect()
}

/// The column at a place of the heads.
fn column_at(head: Rect, x: u16) -> Option<SortKey> {
    let x = x.checked_sub(head.x)?;
    columns(head.width).into_iter().find(|(_, at, width)| (*at..at + width).contains(&x))?.0.sort()
}

fn list(state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let (sort, _) = state.row_filter.sort();
    let arrow = if state.row_filter.ascends() { glyphs::ASCENDING } else { glyphs::DESCENDING };
    let rows = state.row_filter.rows();
    let place = if rows.is_empty() { 0 } else { state.list.at as u64 + 1 };
    let title = [
        span("Sessions", Ink::Title),
        span(format!(" by {} {arrow} ", sort.name()), Ink::Dim),
        span(format!("{}/{}", words::count(place), words::count(rows.len() as u64)), Ink::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let columns = columns(panes.rows.width);
    for &(column, x, width) in &columns {
        let sorted = column.sort() == Some(sort) && column != Column::Number;
        let text = if sorted { format!("{}{arrow}", column.head()) } else { column.head().to_owned() };
        let ink = if sorted { Ink::Strong } else { Ink::Dim };
        if column.is_right() {
            canvas.put_right(panes.head.x + x, panes.head.y, &text, width, ink);
        } else {
            canvas.put(panes.head.x + x, panes.head.y, &text, width, ink);
        }
    }
    if rows.is_empty() {
        empty(state, data, canvas, panes.rows);
    }
    let visible = rows.iter().enumerate().skip(state.list.top).take(usize::from(panes.rows.height));
    for (y, (at, &index)) in (panes.rows.y..).zip(visible) {
        row(state, data, canvas, &columns, Rect { y, height: 1, ..panes.rows }, (at, index));
    }
    canvas.scrollbar(panes.rows, state.list.top, rows.len());
}

/// What stands where no session does.
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
    canvas.put(area.x + 2, area.y + area.height / 3, &text, area.width.saturating_sub(4), Ink::Dim);
    let attempts = data.capture().map_or(0, |capture| capture.attempts.len());
    if data.is_empty() && attempts > 0 {
        let text = format!(
            "{} that never came about: view 5",
            words::counted(attempts as u64, "control connection")
        );
        canvas.put(area.x + 2, area.y + area.height / 3 + 1, &text, area.width.saturating_sub(4), Ink::Bad);
    }
}

fn row(
    state: &State,
    data: &Data,
    canvas: &mut Canvas<'_>,
    columns: &[(Column, u16, u16)],
    area: Rect,
    (at, index): (usize, u32),
) {
    let (Some(session), Some(facts)) = (data.session(index), data.facts(index)) else { return };
    let selected = at == state.list.at;
    if state.marked.contains(&index) {
        canvas.put(area.x + 1, area.y, glyphs::MARKED, 1, Ink::Marked);
    }
    for &(column, x, width) in columns {
        let x = area.x + x;
        if column == Column::Modes {
            cells(canvas, x, area.y, facts, selected);
            continue;
        }
        let (text, ink) = field(data, index, session, facts, column, width);
        if column.is_right() {
            canvas.put_right(x, area.y, &text, width, ink);
        } else {
            canvas.put(x, area.y, &text, width, ink);
        }
    }
    if selected {
        canvas.over(area, Ink::Selected);
        canvas.put(area.x, area.y, glyphs::SELECTED, 1, Ink::Selected);
    }
}

/// The ten cells of the miniature timeline.
fn cells(canvas: &mut Canvas<'_>, x: u16, y: u16, facts: &Facts, selected: bool) {
    for (offset, &cell) in (0..).zip(&facts.cells) {
        let ink = match cell {
            Cell::Nothing | Cell::Unused => Ink::Dim,
            Cell::Carried(mode) => Ink::Mode(mode),
            Cell::Unmet | Cell::Failed => Ink::Bad,
        };
        canvas.cell(x + offset, y, cell.symbol(), if selected { Ink::Selected } else { ink });
    }
}

fn field(
    data: &Data,
    index: u32,
    session: &Session,
    facts: &Facts,
    column: Column,
    width: u16,
) -> (String, Ink) {
    let live = if facts.live { Ink::Good } else { Ink::Text };
    match column {
        Column::Number => (data.number(index).to_string(), live),
        Column::Start => {
            let clock = words::clock(session.start);
            let short = clock.get(..usize::from(width).min(clock.len())).unwrap_or_default();
            (short.to_owned(), Ink::Text)
        }
        Column::Duration => (words::duration(session.end.since(session.start)), Ink::Text),
        Column::Client => (session.client.to_string(), Ink::Text),
        Column::Server => (session.server.to_string(), Ink::Text),
        Column::User => match (&session.user, session.security) {
            (Some(user), _) => (words::wire(user), Ink::Text),
            (None, Security::None) => (glyphs::DOT.into(), Ink::Dim),
            (None, Security::ExplicitTls | Security::ImplicitTls) => ("(TLS)".into(), Ink::Dim),
            (None, Security::Gssapi) => ("(GSS)".into(), Ink::Dim),
        },
        Column::Transfers => match facts.transfers {
            0 => (glyphs::DOT.into(), Ink::Dim),
            some => (some.to_string(), if facts.failed > 0 { Ink::Bad } else { Ink::Text }),
        },
        Column::Bytes => match facts.bytes {
            0 => (glyphs::DOT.into(), Ink::Dim),
            some => (words::bytes(some), Ink::Text),
        },
        Column::Findings => findings(session, facts, width),
        Column::Modes => (String::new(), Ink::Text),
    }
}

/// How bad the worst finding is, and where there is room, which it is.
fn findings(session: &Session, facts: &Facts, width: u16) -> (String, Ink) {
    let Some(severity) = facts.worst.filter(|worst| *worst >= Severity::Notice) else {
        return (String::new(), Ink::Dim);
    };
    let mark = if severity >= Severity::Warning { glyphs::PROBLEM } else { glyphs::DOT };
    let mut text = format!("{mark}{}", facts.findings);
    if width >= 12 {
        let worst = session.findings.iter().find(|finding| finding.severity == severity);
        if let Some(worst) = worst {
            text = format!("{text:<4}{}", worst.code);
        }
    }
    (text, Ink::Severity(severity))
}

/// Cells for the names of the overview's rows, and for the totals behind them.
const NAMES: u16 = 8;
const TOTALS: u16 = 10;

/// The part of the overview where time runs.
fn overview_time_area(area: Rect) -> Rect {
    let inside = if area.height > 2 { layout::inner(area) } else { area };
    Rect {
        x: inside.x + NAMES.min(inside.width),
        width: inside.width.saturating_sub(NAMES + TOTALS),
        ..inside
    }
}

/// Data connections by mode over the whole capture.
fn overview(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let Some((first, last)) = data.extent() else {
        if area.height > 2 {
            canvas.panel(area, &[span("data connections by mode", Ink::Dim)], &[]);
        }
        return;
    };
    let window = Window::new(first, last);
    let time = overview_time_area(area);
    let sums = data.overview().columns(window, time.width);
    let row_of = |mode| Count::Mode(mode).row();
    let modes: [(&str, usize, Ink); 5] = [
        ("PASV V", row_of(Some(Mode::Pasv)), Ink::Mode(Some(Mode::Pasv))),
        ("EPSV v", row_of(Some(Mode::Epsv)), Ink::Mode(Some(Mode::Epsv))),
        ("PORT P", row_of(Some(Mode::Port)), Ink::Mode(Some(Mode::Port))),
        ("EPRT p", row_of(Some(Mode::Eprt)), Ink::Mode(Some(Mode::Eprt))),
        ("other", row_of(None), Ink::Mode(None)),
    ];
    let problems = ("failed", Count::Problem.row(), Ink::Bad);
    let total = |row: usize| data.overview().total(row);
    if area.height > 2 {
        let column = TimeScale::new(window, time.width).column_nanos();
        let title = [
            span("data connections by mode", Ink::Title),
            span(format!("  1 col = {}", words::duration(column)), Ink::Dim),
        ];
        let foot = [span("S-← S-→ or drag: a time range", Ink::Dim)];
        canvas.panel(area, &title, &foot);
        let occurring: Vec<usize> = data.overview().modes().collect();
        let mut rows: Vec<(&str, usize, Ink)> =
            modes.into_iter().filter(|(_, row, _)| occurring.contains(row)).collect();
        if rows.is_empty() {
            rows.extend(modes.into_iter().take(1));
        }
        rows.push(problems);
        for (y, (name, row, ink)) in (time.y..time.bottom()).zip(rows) {
            strip(canvas, (time.x.saturating_sub(NAMES) + 1, time.x, y), name, &sums, row, ink);
            canvas.put_right(time.right(), y, &words::count(total(row)), TOTALS - 1, Ink::Text);
        }
    } else {
        let mut all = vec![[0_u32; overview::ROWS]; sums.len()];
        for (target, sum) in all.iter_mut().zip(&sums) {
            if let Some(slot) = target.first_mut() {
                *slot = sum.iter().take(5).sum();
            }
        }
        let connections: u64 = (0..5).map(total).sum();
        strip(canvas, (time.x.saturating_sub(NAMES) + 1, time.x, time.y), "data", &all, 0, Ink::Matched);
        canvas.put_right(time.right(), time.y, &words::count(connections), TOTALS - 1, Ink::Text);
        strip(
            canvas,
            (time.x.saturating_sub(NAMES) + 1, time.x, time.y + 1),
            "failed",
            &sums,
            problems.1,
            Ink::Bad,
        );
        canvas.put_right(time.right(), time.y + 1, &words::count(total(problems.1)), TOTALS - 1, Ink::Text);
    }
    brush(state, canvas, time, window);
}

/// Shows which part of time the list is limited to, and where the selected session stands.
fn brush(state: &State, canvas: &mut Canvas<'_>, time: Rect, window: Window) {
    if let Some((from, to)) = state.row_filter.range()
        && let Some((first, last)) = TimeScale::new(window, time.width).columns_of(from, to)
    {
        for y in time.top()..time.bottom() {
            for x in first..=last {
                canvas.reverse(time.x + x, y, " ");
            }
        }
    }
}

/// A row of bars, scaled to its own highest.
fn strip(
    canvas: &mut Canvas<'_>,
    (label, x, y): (u16, u16, u16),
    name: &str,
    sums: &[[u32; overview::ROWS]],
    row: usize,
    ink: Ink,
) {
    canvas.put(label, y, name, NAMES, ink);
    let value = |sum: &[u32; overview::ROWS]| sum.get(row).copied().unwrap_or(0);
    let highest = sums.iter().map(value).max().unwrap_or(0).max(1);
    for (offset, sum) in (0..).zip(sums) {
        let value = value(sum);
        if value > 0 {
            let level = (u64::from(value) * 8).div_ceil(u64::from(highest)).clamp(1, 8);
            let height = usize::try_from(level - 1).unwrap_or(0);
            canvas.cell(x + offset, y, glyphs::HEIGHTS.get(height).copied().unwrap_or_default(), ink);
        }
    }
}

/// The selected session in a few lines, the worst first.
fn detail(state: &State, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height < 3 {
        return;
    }
    let selected = state.selected.and_then(|index| Some((index, data.session(index)?, data.facts(index)?)));
    let Some((index, session, facts)) = selected else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let title = [
        span(format!("#{} ", data.number(index)), Ink::Title),
        span(format!("{} {} {}", session.client, glyphs::ARROW, session.server), Ink::Strong),
        span(format!("  {}", words::date(session.start)), Ink::Dim),
    ];
    canvas.panel(area, &title, &[]);
    let inside = layout::inner(area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    canvas::facts(canvas, inside, &details::session(session, facts));
}
