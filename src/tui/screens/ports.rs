//! Negotiated endpoints of the whole capture: how often each was used, reused and failed.

mod list;

use ratatui::layout::Rect;

use super::{View, of_list};
use crate::base::{Bytes, FrameNumber};
use crate::export::What;
use crate::report::DataChannel;
use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::cursor::seek;
use crate::tui::data::Data;
use crate::tui::evidence;
use crate::tui::glyphs;
use crate::tui::layout::{self, Panes, Spot, by_height};
use crate::tui::message::ScreenAction;
use crate::tui::scale::{TimeScale, Window};
use crate::tui::sorting::Progress;
use crate::tui::state::{State, Target};
use crate::tui::theme::Role;
use crate::tui::words;
pub(in crate::tui) use list::Ports;
use list::{Port, PortSort, PortUse};

/// Cells for the endpoint; on wide screens an IPv6 one fits.
fn endpoint_width(area: Rect) -> u16 {
    match area.width {
        0..90 => 22,
        90..130 => 28,
        _ => 46,
    }
}

/// Most uses of one endpoint that are drawn in its strip: no screen has more columns.
const MOST_USES: usize = 4096;

impl View for Ports {
    fn table(&self) -> What {
        What::Channels
    }

    fn divide(&self, state: &State, rest: Rect, panes: &mut Panes) {
        layout::with_detail(panes, rest, by_height(state.size.1, [5, 9, 9, 14]), self.rows.len());
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
        match action {
            ScreenAction::NextProblem | ScreenAction::PreviousProblem => {
                let forward = action == ScreenAction::NextProblem;
                let has_problem = |row: &u32| self.port(*row).is_some_and(|port| port.problems > 0);
                let found = seek(&self.rows, self.cursor.at, forward, has_problem);
                self.cursor.at = found.unwrap_or(self.cursor.at);
                if found.is_none() {
                    state.say("no further problem");
                }
            }
            ScreenAction::Sort => {
                self.wanted.sort = self.wanted.sort.next();
                self.order();
            }
            ScreenAction::Reverse => {
                self.wanted.reversed = !self.wanted.reversed;
                self.order();
            }
            ScreenAction::Order => {
                state.toggle_scope(&mut self.wanted.only);
                self.stale();
            }
            ScreenAction::Move(motion) => self.cursor.step(motion, self.rows.len(), panes.rows.height),
            ScreenAction::Mark
            | ScreenAction::Ignore
            | ScreenAction::View
            | ScreenAction::Pan(_)
            | ScreenAction::Jump(_) => {}
        }
    }

    fn open(&mut self, state: &mut State, data: &Data) {
        if let Some(used) = self.selected().and_then(|port| self.notable_use(port)) {
            state.go(data, used.session, Target::Channel(used.channel));
        }
    }

    fn find(&mut self, _state: &mut State, _data: &Data, wanted: &str, forward: bool) -> bool {
        let holds =
            |row: &u32| self.port(*row).is_some_and(|port| port.endpoint.to_string().contains(wanted));
        let found = seek(&self.rows, self.cursor.at, forward, holds);
        self.cursor.at = found.unwrap_or(self.cursor.at);
        found.is_some()
    }

    fn current(&self, _state: &State) -> Option<u32> {
        Some(self.notable_use(self.selected()?)?.session)
    }

    fn only(&self, _state: &State) -> Option<u32> {
        self.wanted.only
    }

    fn evidence(&self, _state: &State, data: &Data) -> Option<(FrameNumber, String)> {
        let port = self.selected()?;
        let used = self.notable_use(port)?;
        let session = data.session(used.session)?;
        let frame =
            evidence::of_channel(&session, used.channel).map_or(FrameNumber::NONE, |(frame, _)| frame);
        Some((frame, evidence::filter_of_endpoint(port.endpoint)))
    }

    fn click(&mut self, _state: &mut State, _data: &Data, panes: &Panes, spot: Spot) -> bool {
        of_list::click(&mut self.cursor, self.rows.len(), panes, spot)
    }
}

fn draw(list: &Ports, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let scope = of_list::scope(list.wanted.only, data);
    let title = [
        span("Ports", Role::Title),
        span(format!("{scope} by {}  ", list.wanted.sort.name()), Role::Dim),
        span(of_list::place(list.cursor, list.rows.len()), Role::Text),
    ];
    canvas.panel(panes.main, &title, &[]);
    let strip = strip_area(panes.rows);
    heads(list.wanted.sort, canvas, panes.head, strip);
    if list.rows.is_empty() {
        let text = if list.progress().is_some() { "reading" } else { "no data port was negotiated" };
        of_list::empty(canvas, panes, text, Role::Dim);
    }
    let scale = data.extent().map(|(first, last)| TimeScale::new(Window::new(first, last), strip.width));
    of_list::rows(canvas, panes, list.cursor, &list.rows, |canvas, area, &row, is_selected| {
        let Some(port) = list.port(row) else { return };
        draw_row(canvas, area, port, list.uses(port));
        if let Some(scale) = scale {
            let strip = Rect { y: area.y, height: 1, ..strip };
            uses(canvas, strip, scale, list.uses(port), is_selected);
        }
    });
    detail(list, data, canvas, panes.detail);
}

/// Offset of each column from the end of the endpoint, and its width.
const SIDE: (u16, u16) = (0, 6);
const MODE: (u16, u16) = (7, 4);
const USES: (u16, u16) = (12, 5);
const REUSED: (u16, u16) = (18, 6);
const TIME_WAIT: (u16, u16) = (25, 9);
const FAILED: (u16, u16) = (35, 6);
/// The same where there is no room for TIME_WAIT.
const FAILED_NARROW: (u16, u16) = (25, 6);

/// Where the first column after the endpoint begins.
fn columns_from(area: Rect) -> u16 {
    area.x + 2 + endpoint_width(area) + 1
}

/// The TIME_WAIT column, if there is room for it, and the failed column.
fn last_columns(area: Rect) -> (Option<(u16, u16)>, (u16, u16)) {
    let has_room = columns_from(area) + FAILED.0 + FAILED.1 <= area.right();
    if has_room { (Some(TIME_WAIT), FAILED) } else { (None, FAILED_NARROW) }
}

fn strip_area(rows: Rect) -> Rect {
    let (_, failed) = last_columns(rows);
    let used = columns_from(rows) - rows.x + failed.0 + failed.1 + 1;
    Rect { x: rows.x + used.min(rows.width), width: rows.width.saturating_sub(used + 1), ..rows }
}

fn heads(sort: PortSort, canvas: &mut Canvas<'_>, area: Rect, strip: Rect) {
    let role = |of: PortSort| if of == sort { Role::Strong } else { Role::Dim };
    let (x, y) = (columns_from(area), area.y);
    canvas.put(area.x + 2, y, "listener", 20, role(PortSort::Port));
    canvas.put(x + SIDE.0, y, "side", SIDE.1, Role::Dim);
    canvas.put(x + MODE.0, y, "mode", MODE.1, Role::Dim);
    let (time_wait, failed) = last_columns(area);
    for (column, head, sort) in [
        (Some(USES), "uses", PortSort::Uses),
        (Some(REUSED), "reused", PortSort::Reuse),
        (time_wait, "TIME_WAIT", PortSort::Reuse),
        (Some(failed), "failed", PortSort::Problems),
    ] {
        let Some(column) = column else { continue };
        canvas.put_right(x + column.0, y, head, column.1, role(sort));
    }
    canvas.put(strip.x, y, "over time", strip.width, role(PortSort::Time));
}

fn draw_row(canvas: &mut Canvas<'_>, area: Rect, port: &Port, uses: &[PortUse]) {
    let y = area.y;
    let width = endpoint_width(area);
    let name = port.endpoint.to_string();
    canvas.put(area.x + 2, y, &words::clip_start(&name, usize::from(width)), width, Role::Text);
    let x = columns_from(area);
    canvas.put(x + SIDE.0, y, if port.client { "client" } else { "server" }, SIDE.1, Role::Dim);
    let mut modes: Vec<_> = Vec::new();
    for used in uses.iter().take(MOST_USES) {
        if !modes.contains(&used.mode) && modes.len() < 3 {
            modes.push(used.mode);
        }
    }
    let mut at = x + MODE.0;
    for mode in modes {
        at = canvas.put(at, y, glyphs::letter(mode), 1, Role::Mode(mode));
    }
    let (time_wait, failed) = last_columns(area);
    for (column, count, role) in [
        (Some(USES), port.count, Role::Strong),
        (Some(REUSED), port.reused, Role::Text),
        (time_wait, port.in_time_wait, if port.in_time_wait > 0 { Role::Reused } else { Role::Dim }),
        (Some(failed), port.problems, if port.problems > 0 { Role::Bad } else { Role::Dim }),
    ] {
        let Some(column) = column else { continue };
        let text = if count == 0 { glyphs::DOT.to_owned() } else { words::count(count.into()) };
        canvas.put_right(x + column.0, y, &text, column.1, role);
    }
}

/// The uses over time: the mode's letter, or a mark where one failed.
fn uses(canvas: &mut Canvas<'_>, area: Rect, scale: TimeScale, uses: &[PortUse], selected: bool) {
    let step = uses.len().div_ceil(MOST_USES).max(1);
    for used in uses.iter().step_by(step) {
        let Some(column) = scale.column(used.time) else { continue };
        let (symbol, role) = if used.state.is_problem() {
            (glyphs::FAILED, Role::Bad)
        } else if used.in_time_wait {
            (glyphs::PAIR_REUSED, Role::Reused)
        } else {
            (glyphs::letter(used.mode), Role::Mode(used.mode))
        };
        canvas.cell(area.x + column, area.y, symbol, if selected { Role::Selected } else { role });
    }
}

/// The uses of the selected endpoint, one per line.
fn detail(list: &Ports, data: &Data, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(port) = list.selected() else {
        canvas.panel(area, &[], &[]);
        return;
    };
    let uses = list.uses(port);
    let title = [
        span(port.endpoint.to_string(), Role::Title),
        span(format!("  {}", words::counted(uses.len() as u64, "use")), Role::Text),
        span("  Enter: open the timeline here", Role::Dim),
    ];
    canvas.panel(area, &title, &[]);
    let inside = layout::inner(area);
    // Around the most notable one, so that a problem late in a long list is visible.
    let notable = list.notable_use(port);
    let at = notable.and_then(|notable| uses.iter().position(|used| *used == notable)).unwrap_or(0);
    let rows = usize::from(inside.height);
    let top = at.saturating_sub(rows / 2).min(uses.len().saturating_sub(rows));
    for (y, used) in (inside.y..).zip(uses.iter().skip(top).take(rows)) {
        let spans = line(data, used);
        canvas.spans(inside.x + 1, y, &spans, inside.width.saturating_sub(2));
        if notable == Some(*used) && uses.len() > 1 {
            canvas.put(inside.x, y, glyphs::SELECTED, 1, Role::Strong);
        }
    }
}

fn line(data: &Data, used: &PortUse) -> Spans {
    let mut spans = vec![
        span(format!(" {} ", words::clock(used.time)), Role::Text),
        span(format!("#{:<5}", data.number(used.session)), Role::Dim),
        span(
            format!(" {} {:<5}", glyphs::letter(used.mode), glyphs::mode_name(used.mode)),
            Role::Mode(used.mode),
        ),
        span(
            format!("{:<12}", used.state.phrase()),
            if used.state.is_problem() { Role::Bad } else { Role::Good },
        ),
    ];
    let session = data.session(used.session);
    let channel = session.as_ref().and_then(|session| session.data_channel(used.channel));
    if let Some(connection) = channel.and_then(DataChannel::connection) {
        let bytes = Bytes(connection.bytes());
        spans.push(span(format!(" from {} {bytes}", connection.originator), Role::Text));
    }
    if let Some(reuse) = channel.and_then(|channel| channel.reuse.as_ref()) {
        let still = if reuse.in_time_wait { " in TIME_WAIT" } else { "" };
        let mark = if reuse.in_time_wait { glyphs::PAIR_REUSED } else { glyphs::LISTENER_REUSED };
        let when = reuse.gap.map_or("while open".to_owned(), |gap| format!("{} after", words::duration(gap)));
        spans.push(span(format!(" {mark} {when}{still}"), Role::Reused));
    }
    if let Some(wait) = channel.and_then(DataChannel::time_wait) {
        spans.push(span(
            format!("  {} until {}", glyphs::TIME_WAIT, words::clock(wait.until)),
            Role::TimeWait,
        ));
    }
    spans
}
