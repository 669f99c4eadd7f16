//! The list of negotiated listening endpoints over the whole capture.

use std::ops::ControlFlow;

use crate::base::{Endpoint, Timestamp};
use crate::report::{ChannelIndex, ChannelState, Mode, Severity};
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;
use crate::tui::rows::LISTED_CHANNEL;
use crate::tui::screens::making::Making;
use crate::tui::sorting::{Key, LARGEST, Progress, Sorting};
use crate::tui::state::Version;

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
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    pub(super) endpoint: Endpoint,
    /// Whether a client listens there.
    pub(super) client: bool,
    /// Places in `uses`, ascending in time.
    first: u32,
    pub(super) count: u32,
    pub(super) reused: u32,
    pub(super) in_time_wait: u32,
    pub(super) problems: u32,
}

const _: () = assert!(2 * (size_of::<Port>() + size_of::<PortUse>() + size_of::<u32>()) <= LISTED_CHANNEL);

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

    /// Whether the largest come first unless reversed.
    const fn descends(self) -> bool {
        matches!(self, Self::Uses | Self::Problems | Self::Reuse)
    }

    fn key(self, port: &Port, first_use: Timestamp) -> Key {
        match self {
            Self::Port => Key::Endpoint(port.endpoint, first_use),
            Self::Uses => Key::Numbers(port.count.into(), 0),
            Self::Problems => Key::Numbers(port.problems.into(), port.in_time_wait.into()),
            Self::Reuse => Key::Numbers(port.in_time_wait.into(), port.reused.into()),
            Self::Time => Key::Moment(Some(first_use)),
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

/// The endpoints, and all uses of each.
#[derive(Debug, Default)]
struct Found {
    ports: Vec<Port>,
    uses: Vec<PortUse>,
}

impl Found {
    /// Adds a use behind those of smaller endpoints, and before it.
    fn push(&mut self, endpoint: Endpoint, client: bool, used: PortUse) {
        let first = u32::try_from(self.uses.len()).unwrap_or(u32::MAX);
        self.uses.push(used);
        if self.ports.last().is_none_or(|port| port.endpoint != endpoint) {
            let (count, reused, in_time_wait, problems) = (0, 0, 0, 0);
            self.ports.push(Port { endpoint, client, first, count, reused, in_time_wait, problems });
        }
        if let Some(port) = self.ports.last_mut() {
            port.count += 1;
            port.reused += u32::from(used.reused);
            port.in_time_wait += u32::from(used.in_time_wait);
            port.problems += u32::from(used.state.is_problem());
        }
    }

    fn uses(&self, port: &Port) -> &[PortUse] {
        let end = port.first.saturating_add(port.count);
        let range = usize::try_from(port.first).ok().zip(usize::try_from(end).ok());
        range.and_then(|(first, end)| self.uses.get(first..end)).unwrap_or_default()
    }
}

/// A channel: the index of its session, and its own index there.
type ChannelRef = (u32, ChannelIndex);

const _: () = assert!(size_of::<ChannelRef>() <= LARGEST);

/// Adds the endpoints of a session; how many channels it has.
fn find(data: &Data, index: u32, found: &mut Sorting<ChannelRef>) -> usize {
    let channels = data.row(index).map_or(&[][..], |row| &row.channels);
    for (at, channel) in ChannelIndex::number(channels) {
        if let Some(listener) = channel.listener {
            found.add(Key::Endpoint(listener, channel.announced), (index, at));
        }
    }
    channels.len()
}

/// Adds what comes next by endpoint and time.
fn place(data: &Data, found: &mut Found, key: &Key, (session, at): ChannelRef) {
    let channel = data.row(session).and_then(|row| at.of(&row.channels));
    // A session may have been let go on the way.
    if let (Key::Endpoint(endpoint, time), Some(channel)) = (key, channel) {
        let used = PortUse {
            time: *time,
            session,
            channel: at,
            mode: channel.mode,
            state: channel.state,
            worst: channel.worst,
            reused: channel.reused,
            in_time_wait: channel.in_time_wait,
        };
        found.push(*endpoint, channel.is_active, used);
    }
}

/// What the list is made of, and in which order: what is sorted by, whether the other way round, and the only
/// session the ports of which are shown, where it is only one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) sort: PortSort,
    pub(super) reversed: bool,
    pub(super) only: Option<u32>,
}

/// The list.
#[derive(Debug, Default)]
pub(in crate::tui) struct Ports {
    found: Found,
    /// Places in what was found, in the order of the list.
    pub(super) rows: Vec<u32>,
    pub(super) cursor: Cursor,
    pub(super) wanted: Wanted,
    /// What the rows that are there were made by.
    made_by: Wanted,
    made_from: Option<Version>,
    making: Option<Making<ChannelRef, Found>>,
    ordering: Option<Making<u32, Vec<u32>>>,
}

impl Ports {
    /// Makes the rows anew if the sessions or their selection changed, a part of them at a time.
    pub(super) fn make(&mut self, data: &Data, sessions: &[u32], version: Version) {
        if let Some(ordering) = self.ordering.take().filter(|ordering| ordering.is_wanted(version, data)) {
            return self.put_in_order(ordering);
        }
        let making = match self.making.take() {
            Some(making) if making.is_wanted(version, data) => making,
            _ if self.made_from == Some(version) => return,
            _ => {
                let sessions = self.wanted.only.as_ref().map_or(sessions, std::slice::from_ref);
                Making::new(version, sessions, Sorting::new(false))
            }
        };
        self.made_from = Some(making.version);
        let find = |index, found: &mut Sorting<ChannelRef>, _: &mut Found| find(data, index, found);
        match making.step(find, |list, key, row| place(data, list, &key, row)) {
            ControlFlow::Continue(making) => self.making = Some(making),
            ControlFlow::Break(found) => self.show(found),
        }
    }

    /// Shows the endpoints that were found, by endpoint; the cursor stays on its own.
    fn show(&mut self, found: Found) {
        let here = self.selected().map(|port| port.endpoint);
        self.found = found;
        self.rows = self.by_endpoint();
        (self.made_by.only, self.made_by.sort, self.made_by.reversed) =
            (self.wanted.only, PortSort::Port, false);
        let at =
            here.and_then(|here| self.found.ports.binary_search_by_key(&here, |port| port.endpoint).ok());
        self.cursor.at = at.unwrap_or(self.cursor.at);
        self.order();
    }

    /// Begins to put the rows into the order that is wanted.
    pub(super) fn order(&mut self) {
        let Wanted { sort, reversed, .. } = self.wanted;
        let (by_endpoint, version) = (self.by_endpoint(), self.made_from.unwrap_or_default());
        self.put_in_order(Making::new(version, &by_endpoint, Sorting::new(sort.descends() != reversed)));
    }

    fn by_endpoint(&self) -> Vec<u32> {
        (0..u32::try_from(self.found.ports.len()).unwrap_or(u32::MAX)).collect()
    }

    fn put_in_order(&mut self, ordering: Making<u32, Vec<u32>>) {
        let (found, sort) = (&self.found, self.wanted.sort);
        let find = |at, rows: &mut Sorting<u32>, _: &mut Vec<u32>| {
            if let Some(port) = port(found, at)
                && let Some(first) = found.uses(port).first()
            {
                rows.add(sort.key(port, first.time), at);
            }
            0
        };
        match ordering.step(find, |rows, _, row| rows.push(row)) {
            ControlFlow::Continue(ordering) => self.ordering = Some(ordering),
            ControlFlow::Break(rows) => {
                let here = self.rows.get(self.cursor.at).copied();
                self.rows = rows;
                self.made_by = self.wanted;
                let at = here.and_then(|here| self.rows.iter().position(|&row| row == here));
                self.cursor.at = at.unwrap_or(self.cursor.at);
            }
        }
    }

    pub(super) fn stale(&mut self) {
        self.made_from = None;
        (self.making, self.ordering) = (None, None);
    }

    /// How many rows there are.
    #[cfg(test)]
    pub(in crate::tui) const fn rows_len(&self) -> usize {
        self.rows.len()
    }

    pub(in crate::tui) fn progress(&self) -> Option<Progress> {
        let making = self.making.as_ref().map(Making::progress);
        making.or_else(|| self.ordering.as_ref().map(Making::progress))
    }

    /// Leaves the rows as they are; whether others were being made.
    pub(super) fn give_up(&mut self) -> bool {
        let is_making = self.making.take().is_some() | self.ordering.take().is_some();
        if is_making {
            self.wanted = self.made_by;
        }
        is_making
    }

    /// An endpoint by its row.
    pub(super) fn port(&self, row: u32) -> Option<&Port> {
        port(&self.found, row)
    }

    pub(super) fn selected(&self) -> Option<&Port> {
        self.port(*self.rows.get(self.cursor.at)?)
    }

    /// The uses of an endpoint, ascending in time.
    pub(super) fn uses(&self, port: &Port) -> &[PortUse] {
        self.found.uses(port)
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

fn port(found: &Found, row: u32) -> Option<&Port> {
    found.ports.get(usize::try_from(row).ok()?)
}
