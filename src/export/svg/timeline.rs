//! One session over time: commands, replies, and a lane for each negotiated endpoint.

use super::paper::{Anchor, Paper, width_of};
use super::{Figure, class_of_mode};
use crate::base::{TimeDelta, Timestamp};
use crate::picture::axis::Axis;
use crate::picture::events::{self, Event, EventKind};
use crate::picture::lanes::{self, Bar, Lane, Reused};
use crate::picture::{channels::Summary, mode_name, words};
use crate::report::{ChannelState, DataChannel, Session};

/// Width of the whole picture.
const WIDTH: f64 = 1000.0;
/// Where time begins and ends.
const LEFT: f64 = 190.0;
const RIGHT: f64 = WIDTH - 16.0;
/// Height of a row.
const ROW: f64 = 22.0;
/// Height of a bar.
const BAR: f64 = 12.0;
/// Lanes and events that are drawn; what is beyond is counted.
const LANES: usize = 60;
const EVENTS: usize = 4_000;

/// Draws a session's timeline.
pub(crate) fn draw(session: &Session) -> Figure {
    let summary = Summary::of(session);
    let mut events = events::of(session, &summary);
    let lanes = lanes::of(session, &summary);
    let axis = Axis::of(moments(&events, &lanes));
    events.truncate(EVENTS);
    let shown = lanes.get(..LANES).unwrap_or(&lanes);
    let more = lanes.len().saturating_sub(shown.len());
    let rows = 3.0 + shown.len() as f64 + if more > 0 { 1.0 } else { 0.0 };
    let mut drawing = Drawing { session, axis, paper: Paper::default(), bottom: rows * ROW };
    drawing.axis();
    drawing.marks(&events, 1.0, "commands", |kind| matches!(kind, EventKind::Command(_)));
    drawing.marks(&events, 2.0, "replies", |kind| {
        matches!(kind, EventKind::Reply { .. } | EventKind::Greeting(_) | EventKind::Unsolicited(_))
    });
    for (lane, row) in shown.iter().zip(3_u32..) {
        drawing.lane(lane, f64::from(row) * ROW);
    }
    if more > 0 {
        let y = drawing.bottom - ROW / 3.0;
        drawing.paper.text("dim", (LEFT, y), Anchor::Start, format_args!("{more} more lanes"), None);
    }
    let title = format!("Timeline of the session {} to {}", session.client, session.server);
    Figure {
        title,
        width: WIDTH,
        height: drawing.bottom + 6.0,
        elements: drawing.paper.elements().to_owned(),
    }
}

/// All that has to have a place. Where a pair's TIME_WAIT ends does not: it may last longer than all the rest.
fn moments(events: &[Event], lanes: &[Lane]) -> Vec<Timestamp> {
    let mut moments: Vec<Timestamp> = events.iter().map(|event| event.time).collect();
    for bar in lanes.iter().flat_map(|lane| &lane.bars) {
        moments.extend([bar.announced, bar.settled]);
        if let Some((from, until)) = bar.open {
            moments.extend([from, until]);
        }
    }
    moments
}

struct Drawing<'a> {
    session: &'a Session,
    axis: Axis,
    paper: Paper,
    bottom: f64,
}

impl Drawing<'_> {
    fn x(&self, time: Timestamp) -> f64 {
        LEFT + self.axis.place(time) * (RIGHT - LEFT)
    }

    fn since_start(&self, time: Timestamp) -> String {
        words::offset(time.since(self.session.start))
    }

    fn axis(&mut self) {
        let (first, _) = self.axis.ends();
        let mut free_from = f64::MIN;
        for tick in self.axis.ticks(9) {
            let x = self.x(tick);
            self.paper.line("grid", (x, ROW - 4.0), (x, self.bottom));
            let label = tick_label(tick.since(first));
            if x >= free_from && x + width_of(&label) <= WIDTH {
                self.paper.text("dim", (x + 2.0, ROW - 8.0), Anchor::Start, &label, None);
                free_from = x + width_of(&label) + 12.0;
            }
        }
        let mut free_from = f64::MIN;
        for cut in self.axis.cuts().to_vec() {
            let (from, until) = (self.x(cut.from), self.x(cut.until));
            let title = format!("{}, not to scale", cut.duration());
            self.paper.rectangle("band", (from, ROW), (until - from, self.bottom - ROW), &title);
            self.paper.line("cut", (from, ROW), (from, self.bottom));
            self.paper.line("cut", (until, ROW), (until, self.bottom));
            let label = format!("⋯ {}", cut.duration());
            let (middle, half) = (f64::midpoint(from, until), width_of(&label) / 2.0);
            if middle - half >= free_from {
                self.paper.text("dim", (middle, self.bottom + 3.0), Anchor::Middle, label, Some(&title));
                free_from = middle + half + 6.0;
            }
        }
    }

    /// A row of commands or replies. Each has a mark; those with room for it have a word.
    fn marks(&mut self, events: &[Event], row: f64, name: &str, is_shown: impl Fn(EventKind) -> bool) {
        let y = row * ROW + ROW / 2.0;
        self.paper.text("dim", (8.0, y + 4.0), Anchor::Start, name, None);
        let mut free_from = f64::MIN;
        for event in events.iter().filter(|event| is_shown(event.kind)) {
            let x = self.x(event.time);
            let (_, text) = events::describe(self.session, event);
            let word = text.split(' ').next().unwrap_or_default();
            let class = if event.is_problem() { "bad" } else { "strong" };
            let title = format!("frame {}, {}: {text}", event.frame, self.since_start(event.time));
            self.paper.rectangle(
                if event.is_problem() { "bad" } else { "unknown" },
                (x, y + 5.0),
                (1.5, 5.0),
                &title,
            );
            // A problem is worth a word even where it covers another.
            if x >= free_from || event.is_problem() {
                let word = words::clip(word, 6);
                self.paper.text(class, (x, y + 3.0), Anchor::Start, &word, Some(&title));
                free_from = x + width_of(&word) + 4.0;
            }
        }
    }

    fn lane(&mut self, lane: &Lane, top: f64) {
        let y = top + ROW / 2.0;
        self.paper.clipped(class_of_mode(lane.mode), (8.0, y + 4.0), Anchor::Start, &lane.label, LEFT - 16.0);
        self.paper.line("grid", (LEFT, top), (RIGHT, top));
        let starts = lane.bars.iter().skip(1).map(|bar| self.x(bar.announced) - 8.0).chain([RIGHT]);
        for (bar, limit) in lane.bars.iter().zip(starts.collect::<Vec<_>>()) {
            self.bar(bar, y, limit);
        }
    }

    fn bar(&mut self, bar: &Bar, y: f64, limit: f64) {
        let class = class_of_mode(bar.mode);
        let (announced, settled) = (self.x(bar.announced), self.x(bar.settled));
        let is_connected = bar.state.is_connected();
        if settled > announced {
            self.paper.line("waiting", (announced, y), (settled, y));
        }
        let mut end = settled.max(announced + 6.0);
        if let Some((from, until)) = bar.open {
            let (from, until) = (self.x(from), self.x(until));
            let class = if is_connected { class } else { "bad" };
            let width = (until - from).max(2.0);
            self.paper.rectangle(class, (from, y - BAR / 2.0), (width, BAR), &self.title(bar));
            end = end.max(from + width);
        }
        if let Some((from, until)) = bar.time_wait {
            let (from, until) = (self.x(from).max(end), self.x(until));
            if until > from {
                self.paper.line("wait", (from, y), (until, y));
            }
        }
        let mark = match bar.reuse {
            Some(Reused::PairInTimeWait) => "reuse",
            Some(Reused::Listener) | None if is_connected => "matched",
            Some(Reused::Listener) | None => "predicted",
        };
        let title = self.title(bar);
        self.paper.diamond(mark, (announced, y), &title);
        self.tail(bar, end + 6.0, limit, y);
    }

    /// What the bar is about and what went wrong: behind the bar, up to the next one, or else before the first.
    fn tail(&mut self, bar: &Bar, from: f64, limit: f64, y: f64) {
        let [long, middle, short] = &bar.words;
        let failed = bar.tail.as_deref().map(|tail| format!("× {tail}"));
        let class = if failed.is_some() { "bad onbar" } else { "onbar" };
        let full = |words: &String| match &failed {
            Some(failed) => format!("{words}  {failed}"),
            None => words.clone(),
        };
        let mut texts = [full(long), full(middle), full(short)].into_iter().chain(failed.clone());
        let before = self.x(bar.announced) - 8.0;
        let title = self.title(bar);
        if let Some(text) = texts.find(|text| from + width_of(text) <= limit) {
            self.paper.text(class, (from, y + 4.0), Anchor::Start, text, Some(&title));
        } else if limit >= RIGHT && before - width_of(&full(long)) >= LEFT {
            self.paper.text(class, (before, y + 4.0), Anchor::End, full(long), Some(&title));
        }
    }

    /// All of a channel in a sentence.
    fn title(&self, bar: &Bar) -> String {
        let channel = self.session.data_channel(bar.channel);
        let listener = channel.and_then(DataChannel::listener);
        let place = listener.map_or_else(String::new, |listener| format!(" at {listener}"));
        let frames = channel
            .and_then(DataChannel::connection)
            .map(|connection| format!(", frames {}–{}", connection.frames.first, connection.frames.last))
            .unwrap_or_default();
        let reuse = match bar.reuse {
            Some(Reused::PairInTimeWait) => ", 4-tuple used again inside TIME_WAIT",
            Some(Reused::Listener) => ", listening endpoint used again",
            None => "",
        };
        let state = match bar.state {
            ChannelState::Connected => "connected",
            state => state.phrase(),
        };
        let at = self.since_start(bar.announced);
        format!("{}{place}, announced {at}, {state}{frames}{reuse}", mode_name(bar.mode))
    }
}

/// A time since the beginning, with no more digits than it needs.
fn tick_label(since: TimeDelta) -> String {
    let whole = words::offset(since);
    let unit = whole.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ':' | '-'));
    let number = whole.strip_suffix(unit).unwrap_or(&whole);
    let number =
        if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("+{number}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_on_the_axis_have_the_digits_that_they_need() {
        for (micros, label) in [
            (0, "+0ms"),
            (57_000, "+57ms"),
            (57_250, "+57.25ms"),
            (3_667_000, "+3.667s"),
            (20_000_000, "+20s"),
            (3_720_000_000, "+1:02:00"),
        ] {
            assert_eq!(tick_label(TimeDelta::from_nanos(micros * 1000)), label);
        }
    }
}
