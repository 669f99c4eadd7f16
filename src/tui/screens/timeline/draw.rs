//! One session over time: commands, replies, findings, and a lane for each negotiated endpoint.

use ratatui::layout::Rect;

use super::Timeline;
use super::lanes::{Bar, Lane, Reused};
use crate::base::Timestamp;
use crate::ftp::Verb;
use crate::report::ChannelState;
use crate::report::{Mode, Session};
use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::events::{self, Event, EventKind, Row};
use crate::tui::glyphs;
use crate::tui::layout::{self, LABEL, Panes};
use crate::tui::scale::TimeScale;
use crate::tui::screens::of_session;
use crate::tui::state::{Opened, State};
use crate::tui::theme::Ink;
use crate::tui::words;

pub(super) fn draw(timeline: &Timeline, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let opened = state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)));
    let Some((opened, session)) = opened else {
        canvas.panel(panes.main, &[span("Timeline", Ink::Title)], &[]);
        canvas.put(panes.rows.x + 1, panes.rows.y, "no session is selected", panes.rows.width, Ink::Dim);
        return;
    };
    let scale = TimeScale::new(state.position.window, layout::time_area(panes.rows).width);
    frame(timeline, state, data, session, canvas, panes);
    axis(state, opened, canvas, panes, scale);
    dialogue(state, opened, session, canvas, panes, scale);
    lanes(timeline, state, opened, canvas, panes, scale);
    cursor(state, canvas, panes, scale);
    of_session::draw_at_cursor(state, opened, session, canvas, panes.detail);
    event_list(timeline, state, opened, session, canvas, panes.events);
    legend(canvas, panes.legend);
}

/// Who, when, how long; below, how fine the time is, and where the cursor stands.
fn frame(
    timeline: &Timeline,
    state: &State,
    data: &Data,
    session: &Session,
    canvas: &mut Canvas<'_>,
    panes: &Panes,
) {
    let scale = TimeScale::new(state.position.window, layout::time_area(panes.rows).width);
    let user = session.user.as_ref().map(words::wire).unwrap_or_default();
    let index = state.selected.unwrap_or(0);
    let marked = if state.marked.contains(&index) { glyphs::MARKED } else { "" };
    let title = [
        span(format!("{marked}#{} {} ", data.number(index), words::clip(&user, 24)), Ink::Title),
        span(format!("{} {} {}", session.client, glyphs::ARROW, session.server), Ink::Strong),
        span(
            format!("  {}", if panes.main.width < 100 { words::clock } else { words::date }(session.start)),
            Ink::Dim,
        ),
        span(format!("  {}", words::duration(session.end.since(session.start))), Ink::Text),
    ];
    let cursor = state.position.cursor;
    let mut foot: Spans = vec![
        span(format!("1 col = {}", words::duration(scale.column_nanos())), Ink::Dim),
        span(format!("  cursor {}", state.settings.time_format.format(cursor, session.start)), Ink::Cursor),
    ];
    for (letter, (of, time)) in &state.position.marks {
        if *of == index {
            let distance = words::duration(cursor.since(*time));
            foot.push(span(format!("  mark {letter} Δ {distance}"), Ink::Marked));
        }
    }
    for (client, side) in [(true, "client"), (false, "server")] {
        if let Some(port) = details::next_port(session, client) {
            foot.push(span(format!("  likely next: {side}:{port}"), Ink::Dim));
        }
    }
    let lanes = timeline.lanes.len();
    let height = usize::from(panes.rows.height);
    if lanes > height {
        let last = (timeline.lanes_top + height).min(lanes);
        foot.push(span(format!("  lanes {}-{last} of {lanes}", timeline.lanes_top + 1), Ink::Text));
    }
    canvas.panel(panes.main, &title, &foot);
    canvas.scrollbar(panes.rows, timeline.lanes_top, lanes);
}

fn axis(state: &State, opened: &Opened, canvas: &mut Canvas<'_>, panes: &Panes, scale: TimeScale) {
    let area = layout::time_area(panes.head);
    for tick in scale.ticks(opened.origin, 10) {
        let x = area.x + tick.column;
        if tick.label.is_empty() {
            canvas.cell(x, area.y + 1, glyphs::SMALL_TICK, Ink::Dim);
        } else {
            canvas.put(x, area.y, &tick.label, area.right().saturating_sub(x), Ink::Dim);
            canvas.cell(x, area.y + 1, glyphs::TICK, Ink::Dim);
        }
    }
    let window = state.position.window;
    if opened.events.first().is_some_and(|event| event.time < window.from) {
        canvas.cell(area.x.saturating_sub(1), area.y + 1, glyphs::MORE_LEFT, Ink::Strong);
    }
    if opened.events.last().is_some_and(|event| event.time > window.to) {
        canvas.cell(area.right().saturating_sub(1), area.y + 1, glyphs::MORE_RIGHT, Ink::Strong);
    }
    for (letter, (index, time)) in &state.position.marks {
        if *index == opened.index
            && let Some(column) = scale.column(*time)
        {
            canvas.cell(area.x + column, area.y + 1, letter.encode_utf8(&mut [0; 4]), Ink::Marked);
        }
    }
}

/// Commands, replies and findings: in each column the weightiest, in words where there is room.
fn dialogue(
    state: &State,
    opened: &Opened,
    session: &Session,
    canvas: &mut Canvas<'_>,
    panes: &Panes,
    scale: TimeScale,
) {
    let area = layout::time_area(panes.head);
    let window = state.position.window;
    let begin = opened.events.partition_point(|event| event.time < window.from);
    let end = opened.events.partition_point(|event| event.time <= window.to);
    let seen = opened.events.get(begin..end.max(begin)).unwrap_or_default();
    for (y, row, name) in
        [(2, Row::Command, "commands"), (3, Row::Reply, "replies"), (4, Row::Finding, "findings")]
    {
        let y = panes.head.y + y;
        canvas.put(panes.head.x, y, name, LABEL - 1, Ink::Dim);
        let columns = heaviest(seen, row, scale);
        let mut written = 0;
        for (at, (column, event)) in columns.iter().enumerate() {
            let next = columns.get(at + 1).map_or(scale.columns(), |(next, _)| *next);
            let room = usize::from(next - column);
            let (short, long, ink) = sign(session, event);
            // A word needs a blank before and behind it, unless nothing is there.
            let fits = words::width(&long) < room || next == scale.columns() && words::width(&long) <= room;
            let text = if fits && (written < *column || at == 0) { long.as_str() } else { short.as_str() };
            let end = canvas.put(area.x + column, y, text, u16::try_from(room).unwrap_or(1), ink);
            written = end.saturating_sub(area.x);
        }
    }
}

/// For each column that has any, the weightiest event of a row.
fn heaviest<'a>(seen: &'a [Event], row: Row, scale: TimeScale) -> Vec<(u16, &'a Event)> {
    let mut columns: Vec<(u16, &'a Event)> = Vec::new();
    for event in seen.iter().filter(|event| event.row() == row) {
        let Some(column) = scale.column(event.time) else { continue };
        match columns.last_mut() {
            Some((last, other)) if *last == column => {
                if event.weight > other.weight {
                    *other = event;
                }
            }
            _ => columns.push((column, event)),
        }
    }
    columns
}

/// An event in one cell, in a word, and its look.
fn sign(session: &Session, event: &Event) -> (String, String, Ink) {
    match event.kind {
        EventKind::Command(index) => session.command(index).map_or_else(Default::default, |command| {
            let (short, ink) = verb_sign(&command.verb);
            (short.to_owned(), words::raw_wire(command.verb.name()), ink)
        }),
        EventKind::Finding(index) => {
            let finding = usize::try_from(index).ok().and_then(|index| session.findings.get(index));
            finding.map_or_else(Default::default, |finding| {
                let mark = if event.is_problem() { glyphs::PROBLEM } else { glyphs::DOT };
                (mark.to_owned(), format!("{mark}{}", finding.code), Ink::Severity(finding.severity))
            })
        }
        _ => {
            let (ink, text) = events::describe(session, event);
            let code = text.get(..3).unwrap_or_default();
            (code.get(..1).unwrap_or_default().to_owned(), code.to_owned(), ink)
        }
    }
}

/// One letter for a verb. The modes have their own.
const fn verb_sign(verb: &Verb) -> (&'static str, Ink) {
    match verb {
        Verb::Pasv => ("V", Ink::Mode(Some(Mode::Pasv))),
        Verb::Epsv => ("v", Ink::Mode(Some(Mode::Epsv))),
        Verb::Port => ("P", Ink::Mode(Some(Mode::Port))),
        Verb::Eprt => ("p", Ink::Mode(Some(Mode::Eprt))),
        Verb::Lprt => ("P", Ink::Mode(Some(Mode::Lprt))),
        Verb::Lpsv => ("V", Ink::Mode(Some(Mode::Lpsv))),
        Verb::Retr => ("R", Ink::Strong),
        Verb::Stor | Verb::Stou => ("S", Ink::Strong),
        Verb::Appe => ("A", Ink::Strong),
        Verb::List | Verb::Nlst | Verb::Mlsd => ("L", Ink::Strong),
        Verb::User => ("U", Ink::Text),
        Verb::Pass => ("W", Ink::Text),
        Verb::Type => ("t", Ink::Dim),
        Verb::Auth => ("x", Ink::Text),
        Verb::Quit => ("Q", Ink::Text),
        Verb::Abor => ("!", Ink::Bad),
        _ => (glyphs::DOT, Ink::Dim),
    }
}

fn lanes(
    timeline: &Timeline,
    state: &State,
    opened: &Opened,
    canvas: &mut Canvas<'_>,
    panes: &Panes,
    scale: TimeScale,
) {
    let channel = opened.event(state.position.at).and_then(|event| event.channel);
    let here = channel.and_then(|channel| timeline.lane_of(opened, channel));
    let seen =
        timeline.lanes.iter().enumerate().skip(timeline.lanes_top).take(usize::from(panes.rows.height));
    for (y, (at, lane)) in (panes.rows.y..).zip(seen) {
        label(canvas, panes.rows, y, lane, here == Some(at));
        let area = Rect { y, height: 1, ..layout::time_area(panes.rows) };
        let bars = lane.bars_between(state.position.window.from, state.position.window.to);
        for (number, bar) in bars.iter().enumerate() {
            let next = bars.get(number + 1).and_then(|next| scale.column(next.first()));
            let selected = channel == Some(bar.channel);
            BarPainter { canvas, area, scale, free: next.unwrap_or(scale.columns()), selected }.draw(bar);
        }
    }
    if timeline.lanes.is_empty() {
        canvas.put(
            panes.rows.x,
            panes.rows.y,
            "no data connection was negotiated",
            panes.rows.width,
            Ink::Dim,
        );
    }
}

fn label(canvas: &mut Canvas<'_>, rows: Rect, y: u16, lane: &Lane, selected: bool) {
    let problem = lane.worst.is_some_and(ChannelState::is_problem);
    let mut x = rows.x;
    let (letters, name) = lane.label.split_once(' ').unwrap_or(("", &lane.label));
    if selected {
        canvas.put(x, y, glyphs::SELECTED, 1, Ink::Strong);
    } else if problem {
        canvas.put(x, y, glyphs::PROBLEM, 1, Ink::Bad);
    }
    x += 1;
    x = canvas.put(x, y, letters, 3, Ink::Mode(lane.mode)) + 1;
    let ink = if selected {
        Ink::Strong
    } else if problem {
        Ink::Bad
    } else {
        Ink::Text
    };
    let room = (rows.x + LABEL - 1).saturating_sub(x);
    // Of a foreign address the end, with the port, says most.
    canvas.put(x, y, &words::clip_start(name, usize::from(room)), room, ink);
}

/// What stands on a bar already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Mode,
    Verb,
    All,
}

/// Draws one bar into its row.
struct BarPainter<'a, 'b> {
    canvas: &'a mut Canvas<'b>,
    area: Rect,
    scale: TimeScale,
    /// The first column that belongs to the next bar.
    free: u16,
    selected: bool,
}

impl BarPainter<'_, '_> {
    fn draw(&mut self, bar: &Bar) {
        if let Some((from, until)) = bar.time_wait {
            self.fill(from, until, glyphs::TIME_WAIT, Ink::TimeWait);
        }
        let missed =
            matches!(bar.state, ChannelState::NeverTried | ChannelState::Refused | ChannelState::Unanswered);
        let waited =
            !matches!(bar.state, ChannelState::Rejected | ChannelState::Malformed | ChannelState::NoReply);
        if waited {
            let ink = if missed { Ink::Never } else { Ink::Predicted };
            self.fill(bar.announced, bar.settled, glyphs::WAITING, ink);
        }
        let end = match (bar.open, bar.state) {
            (None, _) if !waited => {
                self.scale.column(bar.announced).map(|_| (self.after_mark(bar), Said::Mode))
            }
            (Some((from, until)), ChannelState::Connected | ChannelState::CutShort) => {
                self.open(bar, from, until)
            }
            (open, _) => {
                let until = open.map_or(bar.settled, |(_, until)| until);
                self.fill(bar.settled, until, glyphs::WAITING, Ink::Never);
                self.scale.column(until).map(|column| (column.max(self.after_mark(bar)), Said::Mode))
            }
        };
        self.mark(bar);
        self.ending(bar, end);
    }

    fn x(&self, column: u16) -> u16 {
        self.area.x + column
    }

    fn fill(&mut self, from: Timestamp, until: Timestamp, symbol: &str, ink: Ink) {
        if let Some((first, last)) = self.scale.columns_of(from, until) {
            for column in first..=last.min(self.free.saturating_sub(1)) {
                self.canvas.cell(self.area.x + column, self.area.y, symbol, ink);
            }
        }
    }

    /// The column behind the mark at the announcement; the first one where that is not in sight.
    fn after_mark(&self, bar: &Bar) -> u16 {
        self.scale
            .column(bar.announced)
            .map_or(0, |column| (column + 1).min(self.scale.columns().saturating_sub(1)))
    }

    /// The connection itself: never less than a cell, words on it where there is room; its last column.
    fn open(&mut self, bar: &Bar, from: Timestamp, until: Timestamp) -> Option<(u16, Said)> {
        let (first, last) = self.scale.columns_of(from, until)?;
        let first = first.max(self.after_mark(bar));
        let last = last.max(first);
        let fill = glyphs::fill(bar.mode);
        for column in first..=last {
            self.canvas.cell(self.x(column), self.area.y, fill, Ink::Mode(bar.mode));
        }
        let room = usize::from(last - first + 1);
        let mut said = Said::Mode;
        if room < 4 {
            self.canvas.cell(self.x(first), self.area.y, glyphs::letter(bar.mode), Ink::OnMode(bar.mode));
        } else {
            let kinds = [Said::All, Said::Verb, Said::Mode];
            let fitting = bar.words.iter().zip(kinds).find(|(word, _)| words::width(word) <= room);
            if let Some((word, kind)) = fitting {
                self.canvas.put(self.x(first), self.area.y, word, last - first + 1, Ink::OnMode(bar.mode));
                said = kind;
            }
        }
        Some((last, said))
    }

    /// The mark at the announcement: matched or not, reused or not.
    fn mark(&mut self, bar: &Bar) {
        let Some(column) = self.scale.column(bar.announced) else { return };
        let (symbol, ink) = match (bar.reuse, bar.state) {
            (Some(Reused::PairInTimeWait), _) => (glyphs::PAIR_REUSED, Ink::Bad),
            (Some(Reused::Listener), _) => (glyphs::LISTENER_REUSED, Ink::Reused),
            (None, ChannelState::Connected | ChannelState::CutShort) => (glyphs::MATCHED, Ink::Matched),
            (None, ChannelState::Unused) => (glyphs::PREDICTED, Ink::Predicted),
            (None, ChannelState::NeverTried | ChannelState::Refused | ChannelState::Unanswered) => {
                (glyphs::PREDICTED, Ink::Never)
            }
            (None, ChannelState::Rejected) => (glyphs::FAILED, Ink::Failed),
            (None, ChannelState::Malformed | ChannelState::NoReply) => (glyphs::NEVER, Ink::Never),
        };
        self.canvas.cell(self.area.x + column, self.area.y, symbol, ink);
        if self.selected {
            self.canvas.over(Rect { x: self.area.x + column, width: 1, ..self.area }, ink);
        }
    }

    /// What stands behind the bar: how it ended, and where there is room, what it was.
    fn ending(&mut self, bar: &Bar, end: Option<(u16, Said)>) {
        let Some((end, said)) = end else { return };
        let (symbol, ink) = match bar.state {
            ChannelState::Connected => (None, Ink::Dim),
            ChannelState::Unused => (Some(glyphs::NEVER), Ink::Dim),
            ChannelState::NeverTried | ChannelState::Unanswered => (Some(glyphs::NEVER), Ink::Never),
            ChannelState::CutShort | ChannelState::Refused => (Some(glyphs::FAILED), Ink::Failed),
            ChannelState::Rejected | ChannelState::Malformed | ChannelState::NoReply => (None, Ink::Failed),
        };
        let mut column =
            end + u16::from(matches!(bar.state, ChannelState::Connected | ChannelState::CutShort));
        if let Some(symbol) = symbol
            && column < self.free
        {
            self.canvas.cell(self.x(column), self.area.y, symbol, ink);
            column += 1;
        }
        let [long, middle, mode] = &bar.words;
        let rest = match said {
            Said::All => "",
            Said::Verb => long.strip_prefix(middle.as_str()).unwrap_or_default(),
            Said::Mode => long.strip_prefix(mode.as_str()).unwrap_or_default(),
        };
        let tail = bar.tail.as_deref().unwrap_or_default();
        let all = join(tail, rest.trim_start());
        let ink = if bar.state.is_problem() { Ink::Failed } else { Ink::Text };
        for text in [all.as_str(), tail] {
            let room = usize::from(self.free.saturating_sub(column));
            if !text.is_empty() && words::width(text) + 2 <= room {
                self.canvas.put(self.x(column), self.area.y, &format!(" {text} "), self.free - column, ink);
                break;
            }
        }
    }
}

fn join(tail: &str, rest: &str) -> String {
    if tail.is_empty() || rest.is_empty() { format!("{tail}{rest}") } else { format!("{tail} {rest}") }
}

/// The cursor through all rows.
fn cursor(state: &State, canvas: &mut Canvas<'_>, panes: &Panes, scale: TimeScale) {
    let Some(column) = scale.column(state.position.cursor) else { return };
    let x = layout::time_area(panes.rows).x + column;
    for y in panes.head.y + 1..panes.rows.bottom() {
        canvas.reverse(x, y, glyphs::CURSOR);
    }
}

/// The events around the cursor.
fn event_list(
    timeline: &Timeline,
    state: &State,
    opened: &Opened,
    session: &Session,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    if area.height < 3 {
        return;
    }
    let title = [
        span("events ", Ink::Title),
        span(format!("{}/{}", state.position.at + 1, opened.events.len()), Ink::Dim),
    ];
    canvas.panel(area, &title, &[]);
    let inside = layout::inner(area);
    let seen = opened.events.iter().enumerate().skip(timeline.events_top).take(usize::from(inside.height));
    for (y, (at, event)) in (inside.y..).zip(seen) {
        let selected = at == state.position.at;
        draw_event(state, session, opened, canvas, Rect { y, height: 1, ..inside }, event);
        if selected {
            canvas.over(Rect { y, height: 1, ..inside }, Ink::Selected);
            canvas.put(inside.x, y, glyphs::SELECTED, 1, Ink::Selected);
        }
    }
    canvas.scrollbar(inside, timeline.events_top, opened.events.len());
}

fn draw_event(
    state: &State,
    session: &Session,
    opened: &Opened,
    canvas: &mut Canvas<'_>,
    area: Rect,
    event: &Event,
) {
    let (ink, text) = events::describe(session, event);
    let y = area.y;
    if event.frame > 0 {
        canvas.put_right(area.x + 1, y, &event.frame.to_string(), 8, Ink::Dim);
    }
    let time = state.settings.time_format.format(event.time, session.start);
    let wide = u16::try_from(words::width(&time)).unwrap_or(12).max(12);
    canvas.put_right(area.x + 10, y, &time, wide, Ink::Text);
    let x = area.x + 12 + wide;
    canvas.put(x, y, event.row().name(), 8, Ink::Dim);
    let place = event.channel.and_then(|channel| details::place(session, &opened.summary, channel));
    let mut room = (area.right()).saturating_sub(x + 8);
    if let Some(place) = place.filter(|_| area.width >= 96) {
        canvas.put_right(area.right().saturating_sub(17), y, &words::clip_start(&place, 16), 16, Ink::Dim);
        room = room.saturating_sub(18);
    }
    canvas.put(x + 8, y, &text, room, ink);
}

fn legend(canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mode = |mode: Mode| {
        span(
            format!(" {}{} {mode} ", glyphs::letter(Some(mode)), glyphs::fill(Some(mode))),
            Ink::Mode(Some(mode)),
        )
    };
    let mark = |symbol: &str, word: &str, ink: Ink| {
        [span(format!(" {symbol}"), ink), span(format!(" {word} "), Ink::Dim)]
    };
    let mut spans: Spans = vec![mode(Mode::Pasv), mode(Mode::Epsv), mode(Mode::Port), mode(Mode::Eprt)];
    spans.extend(mark(glyphs::MATCHED, "matched", Ink::Matched));
    spans.extend(mark(glyphs::PREDICTED, "predicted", Ink::Predicted));
    spans.extend(mark(glyphs::NEVER, "missed", Ink::Never));
    spans.extend(mark(glyphs::TIME_WAIT, "TIME_WAIT", Ink::TimeWait));
    spans.extend(mark(glyphs::LISTENER_REUSED, "reused", Ink::Reused));
    spans.extend(mark(glyphs::PAIR_REUSED, "in TIME_WAIT", Ink::Bad));
    canvas.spans(area.x, area.y, &spans, area.width);
}
