//! Draws the bars of a lane: for each data channel the wait for its connection, the connection, and
//! TIME_WAIT.

use ratatui::layout::Rect;

use crate::base::Timestamp;
use crate::picture::lanes::{Bar, Reused};
use crate::report::ChannelState;
use crate::tui::canvas::Canvas;
use crate::tui::glyphs;
use crate::tui::scale::TimeScale;
use crate::tui::theme::Role;
use crate::tui::words;

/// How much of its label a bar had room for; the rest may go to the right of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BarLabel {
    Mode,
    Verb,
    All,
}

/// Draws one bar into its row.
pub(super) struct BarPainter<'a, 'b> {
    pub(super) canvas: &'a mut Canvas<'b>,
    pub(super) area: Rect,
    pub(super) scale: TimeScale,
    /// The first column that belongs to the next bar.
    pub(super) free: u16,
    pub(super) selected: bool,
}

impl BarPainter<'_, '_> {
    pub(super) fn draw(&mut self, bar: &Bar) {
        if let Some((from, until)) = bar.time_wait {
            self.fill(from, until, glyphs::TIME_WAIT, Role::TimeWait);
        }
        let missed =
            matches!(bar.state, ChannelState::NeverTried | ChannelState::Refused | ChannelState::Unanswered);
        let waited =
            !matches!(bar.state, ChannelState::Rejected | ChannelState::Malformed | ChannelState::NoReply);
        if waited {
            let role = if missed { Role::Never } else { Role::Predicted };
            self.fill(bar.announced, bar.settled, glyphs::WAITING, role);
        }
        let end = match (bar.open, bar.state) {
            (None, _) if !waited => {
                self.scale.column(bar.announced).map(|_| (self.after_mark(bar), BarLabel::Mode))
            }
            (Some((from, until)), ChannelState::Connected | ChannelState::CutShort) => {
                self.open(bar, from, until)
            }
            (open, _) => {
                let until = open.map_or(bar.settled, |(_, until)| until);
                self.fill(bar.settled, until, glyphs::WAITING, Role::Never);
                self.scale.column(until).map(|column| (column.max(self.after_mark(bar)), BarLabel::Mode))
            }
        };
        self.mark(bar);
        self.ending(bar, end);
    }

    fn x(&self, column: u16) -> u16 {
        self.area.x + column
    }

    fn fill(&mut self, from: Timestamp, until: Timestamp, symbol: &str, role: Role) {
        if let Some((first, last)) = self.scale.columns_of(from, until) {
            for column in first..=last.min(self.free.saturating_sub(1)) {
                self.canvas.cell(self.area.x + column, self.area.y, symbol, role);
            }
        }
    }

    /// The column after the mark at the announcement; 0 if the mark is left of the window.
    fn after_mark(&self, bar: &Bar) -> u16 {
        self.scale
            .column(bar.announced)
            .map_or(0, |column| (column + 1).min(self.scale.columns().saturating_sub(1)))
    }

    /// Draws the connection, at least one cell wide, with as much of its label as fits. Returns its last
    /// column.
    fn open(&mut self, bar: &Bar, from: Timestamp, until: Timestamp) -> Option<(u16, BarLabel)> {
        let (first, last) = self.scale.columns_of(from, until)?;
        let first = first.max(self.after_mark(bar));
        let last = last.max(first);
        let fill = glyphs::fill(bar.mode);
        for column in first..=last {
            self.canvas.cell(self.x(column), self.area.y, fill, Role::Mode(bar.mode));
        }
        let room = usize::from(last - first + 1);
        let mut label = BarLabel::Mode;
        if room < 4 {
            self.canvas.cell(self.x(first), self.area.y, glyphs::letter(bar.mode), Role::OnMode(bar.mode));
        } else {
            let kinds = [BarLabel::All, BarLabel::Verb, BarLabel::Mode];
            let fitting = bar.words.iter().zip(kinds).find(|(word, _)| words::width(word) <= room);
            if let Some((word, kind)) = fitting {
                self.canvas.put(self.x(first), self.area.y, word, last - first + 1, Role::OnMode(bar.mode));
                label = kind;
            }
        }
        Some((last, label))
    }

    /// Draws the mark at the announcement, which shows whether the prediction was met and the port reused.
    fn mark(&mut self, bar: &Bar) {
        let Some(column) = self.scale.column(bar.announced) else { return };
        let (symbol, role) = match (bar.reuse, bar.state) {
            (Some(Reused::PairInTimeWait), _) => (glyphs::PAIR_REUSED, Role::Bad),
            (Some(Reused::Listener), _) => (glyphs::LISTENER_REUSED, Role::Reused),
            (None, ChannelState::Connected | ChannelState::CutShort) => (glyphs::MATCHED, Role::Matched),
            (None, ChannelState::Unused) => (glyphs::PREDICTED, Role::Predicted),
            (None, ChannelState::NeverTried | ChannelState::Refused | ChannelState::Unanswered) => {
                (glyphs::PREDICTED, Role::Never)
            }
            (None, ChannelState::Rejected) => (glyphs::FAILED, Role::Failed),
            (None, ChannelState::Malformed | ChannelState::NoReply) => (glyphs::NEVER, Role::Never),
        };
        self.canvas.cell(self.area.x + column, self.area.y, symbol, role);
        if self.selected {
            self.canvas.restyle(Rect { x: self.area.x + column, width: 1, ..self.area }, role);
        }
    }

    /// Draws, to the right of the bar, how it ended, and the part of the label that did not fit on it.
    fn ending(&mut self, bar: &Bar, end: Option<(u16, BarLabel)>) {
        let Some((end, label)) = end else { return };
        let (symbol, role) = match bar.state {
            ChannelState::Connected => (None, Role::Dim),
            ChannelState::Unused => (Some(glyphs::NEVER), Role::Dim),
            ChannelState::NeverTried | ChannelState::Unanswered => (Some(glyphs::NEVER), Role::Never),
            ChannelState::CutShort | ChannelState::Refused => (Some(glyphs::FAILED), Role::Failed),
            ChannelState::Rejected | ChannelState::Malformed | ChannelState::NoReply => (None, Role::Failed),
        };
        let mut column =
            end + u16::from(matches!(bar.state, ChannelState::Connected | ChannelState::CutShort));
        if let Some(symbol) = symbol
            && column < self.free
        {
            self.canvas.cell(self.x(column), self.area.y, symbol, role);
            column += 1;
        }
        let [long, middle, mode] = &bar.words;
        let rest = match label {
            BarLabel::All => "",
            BarLabel::Verb => long.strip_prefix(middle.as_str()).unwrap_or_default(),
            BarLabel::Mode => long.strip_prefix(mode.as_str()).unwrap_or_default(),
        };
        let tail = bar.tail.as_deref().unwrap_or_default();
        let all = join(tail, rest.trim_start());
        let role = if bar.state.is_problem() { Role::Failed } else { Role::Text };
        for text in [all.as_str(), tail] {
            let room = usize::from(self.free.saturating_sub(column));
            if !text.is_empty() && words::width(text) + 2 <= room {
                self.canvas.put(self.x(column), self.area.y, &format!(" {text} "), self.free - column, role);
                break;
            }
        }
    }
}

fn join(tail: &str, rest: &str) -> String {
    if tail.is_empty() || rest.is_empty() { format!("{tail}{rest}") } else { format!("{tail} {rest}") }
}
