//! The list of negotiated listening endpoints over the whole capture.

use crate::base::{Endpoint, Timestamp};
use crate::report::{ChannelIndex, ChannelState, Mode, Severity};
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;

/// One use of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortUse {
    pub(super) time: Timestamp,
    pub(super) session: u32,
    pub(super) channel: ChannelIndex,
    pub(super) mode: Option<Mode>,
    pub(super) state: ChannelState,
    pub(super) worst: Option<Severity>,
    /// Used before.
    pub(super) reused: bool,
    /// Used while the pair was in TIME_WAIT.
    pub(super) in_time_wait: bool,
}

/// One endpoint.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) endpoint: Endpoint,
    /// Whether a client listens there.
    pub(super) client: bool,
    /// Places in `uses`, ascending in time.
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) reused: usize,
    pub(super) in_time_wait: usize,
    pub(super) problems: usize,
}

/// What ports are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PortSort {
    #[default]
    Port,
    Uses,
    Problems,
    Reuse,
    Time,
}

impl PortSort {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Port => Self::Uses,
            Self::Uses => Self::Problems,
            Self::Problems => Self::Reuse,
            Self::Reuse => Self::Time,
            Self::Time => Self::Port,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Port => "endpoint",
            Self::Uses => "uses",
            Self::Problems => "problems",
            Self::Reuse => "reuse",
            Self::Time => "first use",
        }
    }
}

/// The list.
#[derive(Debug, Default)]
pub(in crate::tui) struct Ports {
    pub(super) rows: Vec<Port>,
    uses: Vec<PortUse>,
    pub(super) cursor: Cursor,
    pub(super) sort: PortSort,
    pub(super) reversed: bool,
    /// Only those of one session.
    pub(super) only: Option<u32>,
    made_from: Option<(u64, u64)>,
    gathering: Option<Gathering>,
}

/// Rows that are being made.
#[derive(Debug)]
struct Gathering {
    /// Of the sessions that they are made from.
    version: (u64, u64),
    /// How many sessions were looked at.
    seen: usize,
    found: Vec<(Endpoint, bool, PortUse)>,
}

/// Channels looked at in one step.
const STEP: usize = 50_000;

/// Notes the endpoints of a session; how many channels it has.
fn gather(data: &Data, index: u32, found: &mut Vec<(Endpoint, bool, PortUse)>) -> usize {
    let Some(row) = data.row(index) else { return 0 };
    for (at, channel) in ChannelIndex::number(&row.channels) {
        let Some(listener) = channel.listener else { continue };
        let used = PortUse {
            time: channel.announced,
            session: index,
            channel: at,
            mode: channel.mode,
            state: channel.state,
            worst: channel.worst,
            reused: channel.reused,
            in_time_wait: channel.in_time_wait,
        };
        found.push((listener, channel.is_active, used));
    }
    row.channels.len()
}

impl Ports {
    /// Rebuilds the rows if the sessions or their selection changed: a bounded part of it at a time, the rows
    /// that were there staying until all is done.
    pub(super) fn make(&mut self, data: &Data, sessions: &[u32], version: (u64, u64)) {
        let only = self.only.as_slice();
        let sessions = if self.only.is_some() { only } else { sessions };
        let mut gathering = match self.gathering.take() {
            Some(gathering) if gathering.version == version => gathering,
            _ if self.made_from == Some(version) => return,
            _ => Gathering { version, seen: 0, found: Vec::new() },
        };
        let mut budget = STEP;
        while let Some(&index) = sessions.get(gathering.seen).filter(|_| budget > 0) {
            budget = budget.saturating_sub(1 + gather(data, index, &mut gathering.found));
            gathering.seen += 1;
        }
        if gathering.seen < sessions.len() {
            self.gathering = Some(gathering);
            return;
        }
        self.made_from = Some(version);
        self.lay_out(gathering.found);
    }

    /// Whether rows are being made.
    pub(super) const fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }

    fn lay_out(&mut self, mut found: Vec<(Endpoint, bool, PortUse)>) {
        found.sort_by_key(|(endpoint, _, used)| (*endpoint, used.time));
        self.rows.clear();
        self.uses.clear();
        for (endpoint, client, used) in found {
            let at = self.uses.len();
            self.uses.push(used);
            if self.rows.last().is_none_or(|row| row.endpoint != endpoint) {
                self.rows.push(Port {
                    endpoint,
                    client,
                    first: at,
                    count: 0,
                    reused: 0,
                    in_time_wait: 0,
                    problems: 0,
                });
            }
            if let Some(row) = self.rows.last_mut() {
                row.count += 1;
                row.reused += usize::from(used.reused);
                row.in_time_wait += usize::from(used.in_time_wait);
                row.problems += usize::from(used.state.is_problem());
            }
        }
        self.order();
    }

    pub(super) fn stale(&mut self) {
        self.made_from = None;
        self.gathering = None;
    }

    pub(super) fn order(&mut self) {
        let here = self.selected().map(|port| port.endpoint);
        let uses = &self.uses;
        match self.sort {
            PortSort::Port => self.rows.sort_by_key(|port| port.endpoint),
            PortSort::Uses => self.rows.sort_by_key(|port| std::cmp::Reverse(port.count)),
            PortSort::Problems => {
                self.rows.sort_by_key(|port| std::cmp::Reverse((port.problems, port.in_time_wait)));
            }
            PortSort::Reuse => {
                self.rows.sort_by_key(|port| std::cmp::Reverse((port.in_time_wait, port.reused)));
            }
            PortSort::Time => self.rows.sort_by_key(|port| uses.get(port.first).map(|used| used.time)),
        }
        if self.reversed {
            self.rows.reverse();
        }
        if let Some(at) = here.and_then(|here| self.rows.iter().position(|port| port.endpoint == here)) {
            self.cursor.at = at;
        }
    }

    pub(super) fn selected(&self) -> Option<&Port> {
        self.rows.get(self.cursor.at)
    }

    /// The uses of an endpoint, ascending in time.
    pub(super) fn uses(&self, port: &Port) -> &[PortUse] {
        self.uses.get(port.first..port.first.saturating_add(port.count)).unwrap_or_default()
    }

    /// The most notable use: the first problem, else the first reuse inside TIME_WAIT, else the first.
    pub(super) fn notable_use(&self, port: &Port) -> Option<PortUse> {
        let uses = self.uses(port);
        uses.iter()
            .find(|used| used.state.is_problem())
            .or_else(|| uses.iter().find(|used| used.in_time_wait))
            .or_else(|| uses.first())
            .copied()
    }
}
