//! One session over time: commands, replies, findings, and a lane for each negotiated endpoint.

use ratatui::layout::Rect;

use super::pen::{self, Pen, Pieces, piece};
use crate::base::Timestamp;
use crate::ftp::Verb;
use crate::report::{Mode, Session};
use crate::tui::data::Data;
use crate::tui::glyphs;
use crate::tui::lanes::{Bar, Lane, Reused};
use crate::tui::layout::{self, LABEL, Panes};
use crate::tui::moments::{self, Moment, Row, What};
use crate::tui::roundup::Fate;
use crate::tui::scale::TimeScale;
use crate::tui::state::{Opened, State};
use crate::tui::story;
use crate::tui::theme::Ink;
use crate::tui::words;

pub(super) fn draw(state: &State, data: &Data, pen: &mut Pen<'_>, panes: &Panes) {
    let opened = state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)));
    let Some((opened, session)) = opened else {
        pen.panel(panes.main, &[piece("Timeline", Ink::Title)], &[]);
        pen.put(panes.rows.x + 1, panes.rows.y, "no session is selected", panes.rows.width, Ink::Dim);
        return;
    };
    let scale = TimeScale::new(state.timeline.window, layout::time_area(panes.rows).width);
    frame(state, data, session, pen, panes, scale);
    axis(state, opened, pen, panes, scale);
    dialogue(state, opened, session, pen, panes, scale);
    lanes(state, opened, pen, panes, scale);
    cursor(state, pen, panes, scale);
    at_cursor(state, opened, session, pen, panes.detail);
    events(state, opened, session, pen, panes.events);
    legend(pen, panes.legend);
}

/// Who, when, how long; below, how fine the time is, and where the cursor stands.
fn frame(state: &State, data: &Data, session: &Session, pen: &mut Pen<'_>, panes: &Panes, scale: TimeScale) {
    let user = session.user.as_ref().map(words::wire).unwrap_or_default();
    let index = state.selected.unwrap_or(0);
    let marked = if state.marked.contains(&index) { glyphs::MARKED } else { "" };
    let title = [
        piece(format!("{marked}#{} {} ", data.number(index), words::clip(&user, 24)), Ink::Title),
        piece(format!("{} {} {}", session.client, glyphs::ARROW, session.server), Ink::Strong),
        piece(
            format!("  {}", if panes.main.width < 100 { words::clock } else { words::date }(session.start)),
            Ink::Dim,
        ),
        piece(format!("  {}", words::duration(session.end.since(session.start))), Ink::Text),
    ];
    let cursor = state.timeline.cursor;
    let mut foot: Pieces = vec![
        piece(format!("1 col = {}", words::duration(scale.column_nanos())), Ink::Dim),
        piece(format!("  cursor {}", state.settings.time_format.moment(cursor, session.start)), Ink::Cursor),
    ];
    for (letter, (of, time)) in &state.timeline.marks {
        if *of == index {
            let distance = words::duration(cursor.since(*time));
            foot.push(piece(format!("  mark {letter} Δ {distance}"), Ink::Marked));
        }
    }
    for (client, side) in [(true, "cli"), (false, "srv")] {
        if let Some(port) = story::next_port(session, client) {
            foot.push(piece(format!("  next perhaps {side}:{port}"), Ink::Dim));
        }
    }
    let lanes = state.lane_count();
    let height = usize::from(panes.rows.height);
    if lanes > height {
        let last = (state.timeline.lanes_top + height).min(lanes);
        foot.push(piece(format!("  lanes {}-{last} of {lanes}", state.timeline.lanes_top + 1), Ink::Text));
    }
    pen.panel(panes.main, &title, &foot);
    pen.scrollbar(panes.rows, state.timeline.lanes_top, lanes);
}

fn axis(state: &State, opened: &Opened, pen: &mut Pen<'_>, panes: &Panes, scale: TimeScale) {
    let area = layout::time_area(panes.head);
    for tick in scale.ticks(opened.origin, 10) {
        let x = area.x + tick.column;
        if tick.label.is_empty() {
            pen.cell(x, area.y + 1, glyphs::SMALL_TICK, Ink::Dim);
        } else {
            pen.put(x, area.y, &tick.label, area.right().saturating_sub(x), Ink::Dim);
            pen.cell(x, area.y + 1, glyphs::TICK, Ink::Dim);
        }
    }
    let window = state.timeline.window;
    if opened.moments.first().is_some_and(|moment| moment.time < window.from) {
        pen.cell(area.x.saturating_sub(1), area.y + 1, glyphs::MORE_LEFT, Ink::Strong);
    }
    if opened.moments.last().is_some_and(|moment| moment.time > window.to) {
        pen.cell(area.right().saturating_sub(1), area.y + 1, glyphs::MORE_RIGHT, Ink::Strong);
    }
    for (letter, (index, time)) in &state.timeline.marks {
        if *index == opened.index
            && let Some(column) = scale.column(*time)
        {
            pen.cell(area.x + column, area.y + 1, letter.encode_utf8(&mut [0; 4]), Ink::Marked);
        }
    }
}

/// Commands, replies and findings: in each column the weightiest, in words where there is room.
fn dialogue(
    state: &State,
    opened: &Opened,
    session: &Session,
    pen: &mut Pen<'_>,
    panes: &Panes,
    scale: TimeScale,
) {
    let area = layout::time_area(panes.head);
    let window = state.timeline.window;
    let begin = opened.moments.partition_point(|moment| moment.time < window.from);
    let end = opened.moments.partition_point(|moment| moment.time <= window.to);
    let seen = opened.moments.get(begin..end.max(begin)).unwrap_or_default();
    for (y, row, name) in
        [(2, Row::Command, "commands"), (3, Row::Reply, "replies"), (4, Row::Finding, "findings")]
    {
        let y = panes.head.y + y;
        pen.put(panes.head.x, y, name, LABEL - 1, Ink::Dim);
        let columns = heaviest(seen, row, scale);
        let mut written = 0;
        for (at, (column, moment)) in columns.iter().enumerate() {
            let next = columns.get(at + 1).map_or(scale.columns(), |(next, _)| *next);
            let room = usize::from(next - column);
            let (short, long, ink) = sign(session, moment);
            // A word needs a blank before and behind it, unless nothing is there.
            let fits = words::width(&long) < room || next == scale.columns() && words::width(&long) <= room;
            let text = if fits && (written < *column || at == 0) { long.as_str() } else { short.as_str() };
            let end = pen.put(area.x + column, y, text, u16::try_from(room).unwrap_or(1), ink);
            written = end.saturating_sub(area.x);
        }
    }
}

/// For each column that has any, the weightiest moment of a row.
fn heaviest<'a>(seen: &'a [Moment], row: Row, scale: TimeScale) -> Vec<(u16, &'a Moment)> {
    let mut columns: Vec<(u16, &'a Moment)> = Vec::new();
    for moment in seen.iter().filter(|moment| moment.row() == row) {
        let Some(column) = scale.column(moment.time) else { continue };
        match columns.last_mut() {
            Some((last, other)) if *last == column => {
                if moment.weight > other.weight {
                    *other = moment;
                }
            }
            _ => columns.push((column, moment)),
        }
    }
    columns
}

/// A moment in one cell, in a word, and its look.
fn sign(session: &Session, moment: &Moment) -> (String, String, Ink) {
    match moment.what {
        What::Command(index) => session.command(index).map_or_else(Default::default, |command| {
            let (short, ink) = verb_sign(&command.verb);
            (short.to_owned(), words::raw_wire(command.verb.name()), ink)
        }),
        What::Finding(index) => {
            let finding = usize::try_from(index).ok().and_then(|index| session.findings.get(index));
            finding.map_or_else(Default::default, |finding| {
                let mark = if moment.is_problem() { glyphs::PROBLEM } else { glyphs::DOT };
                (mark.to_owned(), format!("{mark}{}", finding.code), Ink::Severity(finding.severity))
            })
        }
        _ => {
            let (ink, text) = moments::describe(session, moment);
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

fn lanes(state: &State, opened: &Opened, pen: &mut Pen<'_>, panes: &Panes, scale: TimeScale) {
    let channel = opened.moment(state.timeline.at).and_then(|moment| moment.channel);
    let here = channel.and_then(|channel| crate::tui::update::lane_of(opened, channel));
    let seen =
        opened.lanes.iter().enumerate().skip(state.timeline.lanes_top).take(usize::from(panes.rows.height));
    for (y, (at, lane)) in (panes.rows.y..).zip(seen) {
        label(pen, panes.rows, y, lane, here == Some(at));
        let area = Rect { y, height: 1, ..layout::time_area(panes.rows) };
        let bars = lane.bars_between(state.timeline.window.from, state.timeline.window.to);
        for (number, bar) in bars.iter().enumerate() {
            let next = bars.get(number + 1).and_then(|next| scale.column(next.first()));
            let selected = channel == Some(bar.channel);
            BarPen { pen, area, scale, free: next.unwrap_or(scale.columns()), selected }.draw(bar);
        }
    }
    if opened.lanes.is_empty() {
        pen.put(panes.rows.x, panes.rows.y, "no data connection was negotiated", panes.rows.width, Ink::Dim);
    }
}

fn label(pen: &mut Pen<'_>, rows: Rect, y: u16, lane: &Lane, selected: bool) {
    let problem = lane.worst.is_some_and(Fate::is_problem);
    let mut x = rows.x;
    let (letters, name) = lane.label.split_once(' ').unwrap_or(("", &lane.label));
    if selected {
        pen.put(x, y, glyphs::SELECTED, 1, Ink::Strong);
    } else if problem {
        pen.put(x, y, glyphs::PROBLEM, 1, Ink::Bad);
    }
    x += 1;
    x = pen.put(x, y, letters, 3, Ink::Mode(lane.mode)) + 1;
    let ink = if selected {
        Ink::Strong
    } else if problem {
        Ink::Bad
    } else {
        Ink::Text
    };
    let room = (rows.x + LABEL - 1).saturating_sub(x);
    // Of a foreign address the end, with the port, says most.
    pen.put(x, y, &words::clip_start(name, usize::from(room)), room, ink);
}

/// What stands on a bar already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Mode,
    Verb,
    All,
}

/// Draws one bar into its row.
struct BarPen<'a, 'b> {
    pen: &'a mut Pen<'b>,
    area: Rect,
    scale: TimeScale,
    /// The first column that belongs to the next bar.
    free: u16,
    selected: bool,
}

impl BarPen<'_, '_> {
    fn draw(&mut self, bar: &Bar) {
        if let Some((from, until)) = bar.time_wait {
            self.fill(from, until, glyphs::TIME_WAIT, Ink::TimeWait);
        }
        let missed = matches!(bar.fate, Fate::Never | Fate::Refused | Fate::Unanswered);
        let waited = !matches!(bar.fate, Fate::Rejected | Fate::Unclear);
        if waited {
            let ink = if missed { Ink::Never } else { Ink::Predicted };
            self.fill(bar.announced, bar.settled, glyphs::WAITING, ink);
        }
        let end = match (bar.open, bar.fate) {
            (None, _) if !waited => {
                self.scale.column(bar.announced).map(|_| (self.after_mark(bar), Said::Mode))
            }
            (Some((from, until)), Fate::Carried | Fate::Broken) => self.open(bar, from, until),
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
                self.pen.cell(self.area.x + column, self.area.y, symbol, ink);
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
            self.pen.cell(self.x(column), self.area.y, fill, Ink::Mode(bar.mode));
        }
        let room = usize::from(last - first + 1);
        let mut said = Said::Mode;
        if room < 4 {
            self.pen.cell(self.x(first), self.area.y, glyphs::letter(bar.mode), Ink::OnMode(bar.mode));
        } else {
            let kinds = [Said::All, Said::Verb, Said::Mode];
            let fitting = bar.words.iter().zip(kinds).find(|(word, _)| words::width(word) <= room);
            if let Some((word, kind)) = fitting {
                self.pen.put(self.x(first), self.area.y, word, last - first + 1, Ink::OnMode(bar.mode));
                said = kind;
            }
        }
        Some((last, said))
    }

    /// The mark at the announcement: matched or not, reused or not.
    fn mark(&mut self, bar: &Bar) {
        let Some(column) = self.scale.column(bar.announced) else { return };
        let (symbol, ink) = match (bar.reuse, bar.fate) {
            (Some(Reused::PairInTimeWait), _) => (glyphs::PAIR_REUSED, Ink::Bad),
            (Some(Reused::Listener), _) => (glyphs::LISTENER_REUSED, Ink::Reused),
            (None, Fate::Carried | Fate::Broken) => (glyphs::MATCHED, Ink::Matched),
            (None, Fate::Unused) => (glyphs::PREDICTED, Ink::Predicted),
            (None, Fate::Never | Fate::Refused | Fate::Unanswered) => (glyphs::PREDICTED, Ink::Never),
            (None, Fate::Rejected) => (glyphs::FAILED, Ink::Failed),
            (None, Fate::Unclear) => (glyphs::NEVER, Ink::Never),
        };
        self.pen.cell(self.area.x + column, self.area.y, symbol, ink);
        if self.selected {
            self.pen.over(Rect { x: self.area.x + column, width: 1, ..self.area }, ink);
        }
    }

    /// What stands behind the bar: how it ended, and where there is room, what it was.
    fn ending(&mut self, bar: &Bar, end: Option<(u16, Said)>) {
        let Some((end, said)) = end else { return };
        let (symbol, ink) = match bar.fate {
            Fate::Carried => (None, Ink::Dim),
            Fate::Unused => (Some(glyphs::NEVER), Ink::Dim),
            Fate::Never | Fate::Unanswered => (Some(glyphs::NEVER), Ink::Never),
            Fate::Broken | Fate::Refused => (Some(glyphs::FAILED), Ink::Failed),
            Fate::Rejected | Fate::Unclear => (None, Ink::Failed),
        };
        let mut column = end + u16::from(matches!(bar.fate, Fate::Carried | Fate::Broken));
        if let Some(symbol) = symbol
            && column < self.free
        {
            self.pen.cell(self.x(column), self.area.y, symbol, ink);
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
        let ink = if bar.fate.is_problem() { Ink::Failed } else { Ink::Text };
        for text in [all.as_str(), tail] {
            let room = usize::from(self.free.saturating_sub(column));
            if !text.is_empty() && words::width(text) + 2 <= room {
                self.pen.put(self.x(column), self.area.y, &format!(" {text} "), self.free - column, ink);
                break;
            }
        }
    }
}

fn join(tail: &str, rest: &str) -> String {
    if tail.is_empty() || rest.is_empty() { format!("{tail}{rest}") } else { format!("{tail} {rest}") }
}

/// The cursor through all rows.
fn cursor(state: &State, pen: &mut Pen<'_>, panes: &Panes, scale: TimeScale) {
    let Some(column) = scale.column(state.timeline.cursor) else { return };
    let x = layout::time_area(panes.rows).x + column;
    for y in panes.head.y + 1..panes.rows.bottom() {
        pen.reverse(x, y, glyphs::CURSOR);
    }
}

/// What stands at the cursor, and the story of its channel.
pub(super) fn at_cursor(state: &State, opened: &Opened, session: &Session, pen: &mut Pen<'_>, area: Rect) {
    if area.height < 3 {
        return;
    }
    let Some(moment) = opened.moment(state.timeline.at) else {
        pen.panel(area, &[], &[]);
        return;
    };
    let (title, facts) = story::at_moment(session, &opened.roundup, moment);
    let when = state.settings.time_format.moment(moment.time, session.start);
    pen.panel(area, &[piece(format!("{when}  "), Ink::Cursor), piece(title, Ink::Title)], &[]);
    let inside = layout::inner(area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    pen::facts(pen, inside, &facts);
}

/// The moments around the cursor.
fn events(state: &State, opened: &Opened, session: &Session, pen: &mut Pen<'_>, area: Rect) {
    if area.height < 3 {
        return;
    }
    let title = [
        piece("events ", Ink::Title),
        piece(format!("{}/{}", state.timeline.at + 1, opened.moments.len()), Ink::Dim),
    ];
    pen.panel(area, &title, &[]);
    let inside = layout::inner(area);
    let seen =
        opened.moments.iter().enumerate().skip(state.timeline.events_top).take(usize::from(inside.height));
    for (y, (at, moment)) in (inside.y..).zip(seen) {
        let selected = at == state.timeline.at;
        event(state, session, opened, pen, Rect { y, height: 1, ..inside }, moment);
        if selected {
            pen.over(Rect { y, height: 1, ..inside }, Ink::Selected);
            pen.put(inside.x, y, glyphs::SELECTED, 1, Ink::Selected);
        }
    }
    pen.scrollbar(inside, state.timeline.events_top, opened.moments.len());
}

fn event(state: &State, session: &Session, opened: &Opened, pen: &mut Pen<'_>, area: Rect, moment: &Moment) {
    let (ink, text) = moments::describe(session, moment);
    let y = area.y;
    if moment.frame > 0 {
        pen.put_right(area.x + 1, y, &moment.frame.to_string(), 8, Ink::Dim);
    }
    let time = state.settings.time_format.moment(moment.time, session.start);
    let wide = u16::try_from(words::width(&time)).unwrap_or(12).max(12);
    pen.put_right(area.x + 10, y, &time, wide, Ink::Text);
    let x = area.x + 12 + wide;
    pen.put(x, y, moment.row().name(), 8, Ink::Dim);
    let place = moment.channel.and_then(|channel| story::place(session, &opened.roundup, channel));
    let mut room = (area.right()).saturating_sub(x + 8);
    if let Some(place) = place.filter(|_| area.width >= 96) {
        pen.put_right(area.right().saturating_sub(17), y, &words::clip_start(&place, 16), 16, Ink::Dim);
        room = room.saturating_sub(18);
    }
    pen.put(x + 8, y, &text, room, ink);
}

fn legend(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mode = |mode: Mode| {
        piece(
            format!(" {}{} {mode} ", glyphs::letter(Some(mode)), glyphs::fill(Some(mode))),
            Ink::Mode(Some(mode)),
        )
    };
    let mark = |symbol: &str, word: &str, ink: Ink| {
        [piece(format!(" {symbol}"), ink), piece(format!(" {word} "), Ink::Dim)]
    };
    let mut pieces: Pieces = vec![mode(Mode::Pasv), mode(Mode::Epsv), mode(Mode::Port), mode(Mode::Eprt)];
    pieces.extend(mark(glyphs::MATCHED, "matched", Ink::Matched));
    pieces.extend(mark(glyphs::PREDICTED, "predicted", Ink::Predicted));
    pieces.extend(mark(glyphs::NEVER, "missed", Ink::Never));
    pieces.extend(mark(glyphs::TIME_WAIT, "TIME_WAIT", Ink::TimeWait));
    pieces.extend(mark(glyphs::LISTENER_REUSED, "reused", Ink::Reused));
    pieces.extend(mark(glyphs::PAIR_REUSED, "in TIME_WAIT", Ink::Bad));
    pen.pieces(area.x, area.y, &pieces, area.width);
}
