//! Draws the timeline: axis, commands, replies and findings, lanes, event list and legend.

use crate::base::FrameNumber;
use ratatui::layout::Rect;

use super::Timeline;
use super::bars::BarPainter;
use crate::ftp::Verb;
use crate::picture::events::{self, Event, EventKind, Row};
use crate::picture::lanes::Lane;
use crate::report::ChannelState;
use crate::report::{Mode, Session};
use crate::tui::canvas::{Canvas, Spans, span};
use crate::tui::data::Data;
use crate::tui::details;
use crate::tui::glyphs;
use crate::tui::layout::{self, LABEL, Panes};
use crate::tui::scale::TimeScale;
use crate::tui::screens::of_session;
use crate::tui::state::{Opened, State};
use crate::tui::theme::Role;
use crate::tui::words;

pub(super) fn draw(timeline: &Timeline, state: &State, data: &Data, canvas: &mut Canvas<'_>, panes: &Panes) {
    let opened = state.opened.as_ref().and_then(|opened| Some((opened, data.session(opened.index)?)));
    let Some((opened, session)) = opened else {
        canvas.panel(panes.main, &[span("Timeline", Role::Title)], &[]);
        canvas.put(panes.rows.x + 1, panes.rows.y, "no session is selected", panes.rows.width, Role::Dim);
        return;
    };
    let session = &*session;
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

/// The border: at the top session, start and duration; at the bottom the time of one column and of the
/// cursor.
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
        span(format!("{marked}#{} {} ", data.number(index), words::clip(&user, 24)), Role::Title),
        span(format!("{} {} {}", session.client, glyphs::ARROW, session.server), Role::Strong),
        span(
            format!("  {}", if panes.main.width < 100 { words::clock } else { words::date }(session.start)),
            Role::Dim,
        ),
        span(format!("  {}", words::duration(session.end.elapsed_since(session.start))), Role::Text),
        span(if session.limited.is_empty() { "" } else { "  incomplete" }, Role::Bad),
    ];
    let cursor = state.position.cursor;
    let mut foot: Spans = vec![
        span(format!("1 col = {}", words::duration(scale.of_column())), Role::Dim),
        span(format!("  cursor {}", state.settings.time_format.format(cursor, session.start)), Role::Cursor),
    ];
    for (letter, (of, time)) in &state.position.marks {
        if *of == index {
            let distance = words::duration(cursor.since(*time));
            foot.push(span(format!("  mark {letter} Δ {distance}"), Role::Marked));
        }
    }
    for (client, side) in [(true, "client"), (false, "server")] {
        if let Some(port) = details::next_port(session, client) {
            foot.push(span(format!("  likely next: {side}:{port}"), Role::Dim));
        }
    }
    let lanes = timeline.lanes.len();
    let height = usize::from(panes.rows.height);
    if lanes > height {
        let last = (timeline.lanes_top + height).min(lanes);
        foot.push(span(format!("  lanes {}-{last} of {lanes}", timeline.lanes_top + 1), Role::Text));
    }
    canvas.panel(panes.main, &title, &foot);
    canvas.scrollbar(panes.rows, timeline.lanes_top, lanes);
}

fn axis(state: &State, opened: &Opened, canvas: &mut Canvas<'_>, panes: &Panes, scale: TimeScale) {
    let area = layout::time_area(panes.head);
    for tick in scale.ticks(opened.origin, 10) {
        let x = area.x + tick.column;
        if tick.label.is_empty() {
            canvas.cell(x, area.y + 1, glyphs::SMALL_TICK, Role::Dim);
        } else {
            canvas.put(x, area.y, &tick.label, area.right().saturating_sub(x), Role::Dim);
            canvas.cell(x, area.y + 1, glyphs::TICK, Role::Dim);
        }
    }
    let window = state.position.window;
    if opened.events.first().is_some_and(|event| event.time < window.from) {
        canvas.cell(area.x.saturating_sub(1), area.y + 1, glyphs::MORE_LEFT, Role::Strong);
    }
    if opened.events.last().is_some_and(|event| event.time > window.to) {
        canvas.cell(area.right().saturating_sub(1), area.y + 1, glyphs::MORE_RIGHT, Role::Strong);
    }
    for (letter, (index, time)) in &state.position.marks {
        if *index == opened.index
            && let Some(column) = scale.column(*time)
        {
            canvas.cell(area.x + column, area.y + 1, letter.encode_utf8(&mut [0; 4]), Role::Marked);
        }
    }
}

/// Draws commands, replies and findings: the most important one of each column, written out where there is
/// room.
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
        canvas.put(panes.head.x, y, name, LABEL - 1, Role::Dim);
        let columns = heaviest(seen, row, scale);
        let mut written = 0;
        for (at, (column, event)) in columns.iter().enumerate() {
            let next = columns.get(at + 1).map_or(scale.columns(), |(next, _)| *next);
            let room = usize::from(next - column);
            let (short, long, role) = sign(session, event);
            // A word needs a blank on either side to stay apart from its neighbours.
            let fits = words::width(&long) < room || next == scale.columns() && words::width(&long) <= room;
            let text = if fits && (written < *column || at == 0) { long.as_str() } else { short.as_str() };
            let end = canvas.put(area.x + column, y, text, u16::try_from(room).unwrap_or(1), role);
            written = end.saturating_sub(area.x);
        }
    }
}

/// The most important event of a row in each column that has any.
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

/// An event as one letter, as a word, and its colours.
fn sign(session: &Session, event: &Event) -> (String, String, Role) {
    match event.kind {
        EventKind::Command(index) => session.command(index).map_or_else(Default::default, |command| {
            let (short, role) = verb_sign(&command.verb);
            (short.to_owned(), words::raw_wire(command.verb.name()), role)
        }),
        EventKind::Finding(index) => {
            let finding = usize::try_from(index).ok().and_then(|index| session.findings.get(index));
            finding.map_or_else(Default::default, |finding| {
                let mark = if event.is_problem() { glyphs::PROBLEM } else { glyphs::DOT };
                (mark.to_owned(), format!("{mark}{}", finding.code), Role::Severity(finding.severity))
            })
        }
        _ => {
            let (tone, text) = events::describe(session, event);
            let role = Role::from(tone);
            let code = text.get(..3).unwrap_or_default();
            (code.get(..1).unwrap_or_default().to_owned(), code.to_owned(), role)
        }
    }
}

/// One letter for a verb; the negotiating ones use the letters of their modes.
const fn verb_sign(verb: &Verb) -> (&'static str, Role) {
    match verb {
        Verb::Pasv => ("V", Role::Mode(Some(Mode::Pasv))),
        Verb::Epsv => ("v", Role::Mode(Some(Mode::Epsv))),
        Verb::Port => ("P", Role::Mode(Some(Mode::Port))),
        Verb::Eprt => ("p", Role::Mode(Some(Mode::Eprt))),
        Verb::Lprt => ("P", Role::Mode(Some(Mode::Lprt))),
        Verb::Lpsv => ("V", Role::Mode(Some(Mode::Lpsv))),
        Verb::Retr => ("R", Role::Strong),
        Verb::Stor | Verb::Stou => ("S", Role::Strong),
        Verb::Appe => ("A", Role::Strong),
        Verb::List | Verb::Nlst | Verb::Mlsd => ("L", Role::Strong),
        Verb::User => ("U", Role::Text),
        Verb::Pass => ("W", Role::Text),
        Verb::Type => ("t", Role::Dim),
        Verb::Auth => ("x", Role::Text),
        Verb::Quit => ("Q", Role::Text),
        Verb::Abor => ("!", Role::Bad),
        _ => (glyphs::DOT, Role::Dim),
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
            Role::Dim,
        );
    }
}

fn label(canvas: &mut Canvas<'_>, rows: Rect, y: u16, lane: &Lane, selected: bool) {
    let problem = lane.worst.is_some_and(ChannelState::is_problem);
    let mut x = rows.x;
    let (letters, name) = lane.label.split_once(' ').unwrap_or(("", &lane.label));
    if selected {
        canvas.put(x, y, glyphs::SELECTED, 1, Role::Strong);
    } else if problem {
        canvas.put(x, y, glyphs::PROBLEM, 1, Role::Bad);
    }
    x += 1;
    x = canvas.put(x, y, letters, 3, Role::Mode(lane.mode)) + 1;
    let role = if selected {
        Role::Strong
    } else if problem {
        Role::Bad
    } else {
        Role::Text
    };
    let room = (rows.x + LABEL - 1).saturating_sub(x);
    // Clipped at the start, because the port at the end matters most.
    canvas.put(x, y, &words::clip_start(name, usize::from(room)), room, role);
}

/// Draws the cursor as a vertical line through all rows.
fn cursor(state: &State, canvas: &mut Canvas<'_>, panes: &Panes, scale: TimeScale) {
    let Some(column) = scale.column(state.position.cursor) else { return };
    let x = layout::time_area(panes.rows).x + column;
    for y in panes.head.y + 1..panes.rows.bottom() {
        canvas.reverse(x, y, glyphs::CURSOR);
    }
}

/// Lists the events around the cursor.
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
        span("events ", Role::Title),
        span(format!("{}/{}", state.position.at + 1, opened.events.len()), Role::Dim),
    ];
    canvas.panel(area, &title, &[]);
    let inside = layout::inner(area);
    let seen = opened.events.iter().enumerate().skip(timeline.events_top).take(usize::from(inside.height));
    for (y, (at, event)) in (inside.y..).zip(seen) {
        let selected = at == state.position.at;
        draw_event(state, session, opened, canvas, Rect { y, height: 1, ..inside }, event);
        if selected {
            canvas.restyle(Rect { y, height: 1, ..inside }, Role::Selected);
            canvas.put(inside.x, y, glyphs::SELECTED, 1, Role::Selected);
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
    let (tone, text) = events::describe(session, event);
    let role = Role::from(tone);
    let y = area.y;
    if event.frame > FrameNumber::NONE {
        canvas.put_right(area.x + 1, y, &event.frame.to_string(), 8, Role::Dim);
    }
    let time = state.settings.time_format.format(event.time, session.start);
    let wide = u16::try_from(words::width(&time)).unwrap_or(12).max(12);
    canvas.put_right(area.x + 10, y, &time, wide, Role::Text);
    let x = area.x + 12 + wide;
    canvas.put(x, y, event.row().name(), 8, Role::Dim);
    let place = event.channel.and_then(|channel| details::place(session, &opened.summary, channel));
    let mut room = (area.right()).saturating_sub(x + 8);
    if let Some(place) = place.filter(|_| area.width >= 96) {
        canvas.put_right(area.right().saturating_sub(17), y, &words::clip_start(&place, 16), 16, Role::Dim);
        room = room.saturating_sub(18);
    }
    canvas.put(x + 8, y, &text, room, role);
}

fn legend(canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mode = |mode: Mode| {
        span(
            format!(" {}{} {mode} ", glyphs::letter(Some(mode)), glyphs::fill(Some(mode))),
            Role::Mode(Some(mode)),
        )
    };
    let mark = |symbol: &str, word: &str, role: Role| {
        [span(format!(" {symbol}"), role), span(format!(" {word} "), Role::Dim)]
    };
    let mut spans: Spans = vec![mode(Mode::Pasv), mode(Mode::Epsv), mode(Mode::Port), mode(Mode::Eprt)];
    spans.extend(mark(glyphs::MATCHED, "matched", Role::Matched));
    spans.extend(mark(glyphs::PREDICTED, "predicted", Role::Predicted));
    spans.extend(mark(glyphs::NEVER, "missed", Role::Never));
    spans.extend(mark(glyphs::TIME_WAIT, "TIME_WAIT", Role::TimeWait));
    spans.extend(mark(glyphs::LISTENER_REUSED, "reused", Role::Reused));
    spans.extend(mark(glyphs::PAIR_REUSED, "in TIME_WAIT", Role::Bad));
    canvas.spans(area.x, area.y, &spans, area.width);
}
