//! The tracker: from connections to sessions, and from negotiations to the connections that they announced.

mod end;
mod events;
mod link;
mod negotiate;
mod settle;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;

use super::assemble;
use super::content::Hashing;
use super::control::{Control, Notes, Occurrence};
use super::expectation::{Expectations, SessionSlot};
use super::flow::{DataFlow, Flow, Role};
use super::history::History;
use super::live::Live;
use super::options::Options;
use crate::base::{Endpoint, LimitCounts, LimitName, PacketRef};
use crate::ftp::{self, Plausible};
use crate::report::{self, Announcement, ControlAttempt, MatchedBy, Mode, Session, Uid};
use crate::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Onset, Side, Sink};

/// How long before its announcement a connection may have been captured: two taps, clocks that differ.
const CAPTURED_EARLY: i64 = 5_000_000_000;

/// Connections between two hosts that are kept in case a negotiation turns out to be theirs.
const CANDIDATES: usize = 256;

/// Frames that prove an attempt on a control port.
const ATTEMPT_FRAMES: usize = 8;

/// Follows control connections, predicts data connections, and links what happens.
pub struct Tracker {
    options: Options,
    hashing: Box<dyn Hashing>,
    flows: Vec<Option<Flow>>,
    sessions: Vec<Option<Live>>,
    free_slots: Vec<SessionSlot>,
    expectations: Expectations,
    history: History,
    pairs: HashMap<(IpAddr, IpAddr), Pair>,
    by_client: HashMap<Endpoint, SessionSlot>,
    /// Data connections by their listening endpoint, the last few of each.
    by_listener: HashMap<Endpoint, VecDeque<ConnectionId>>,
    attempts: BTreeMap<(IpAddr, Endpoint), ControlAttempt>,
    silent: u64,
    counts: LimitCounts,
    occurrences: Vec<Occurrence>,
    let_go: Vec<ConnectionId>,
    unsettled: settle::Unsettled,
    done: Vec<Session>,
    announced: Vec<Announcement>,
    finishing: bool,
    watch: Option<events::Watch>,
    /// Data connections that are closed and linger in the table, with their facts until a transfer was told by them.
    closed: HashMap<(SessionSlot, u32), Option<Box<report::Connection>>>,
}

/// Two hosts between which there are control connections.
#[derive(Default)]
struct Pair {
    /// By their first frames.
    sessions: BTreeSet<(u64, SessionSlot)>,
    candidates: Vec<ConnectionId>,
}

fn pair_key(one: IpAddr, other: IpAddr) -> (IpAddr, IpAddr) {
    if one <= other { (one, other) } else { (other, one) }
}

fn position(slot: SessionSlot) -> usize {
    usize::try_from(slot.0).unwrap_or(usize::MAX)
}

fn flow_position(id: ConnectionId) -> usize {
    usize::try_from(id.0).unwrap_or(usize::MAX)
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(options: Options, hashing: Box<dyn Hashing>) -> Self {
        Self {
            options,
            hashing,
            flows: Vec::new(),
            sessions: Vec::new(),
            free_slots: Vec::new(),
            expectations: Expectations::default(),
            history: History::default(),
            pairs: HashMap::new(),
            by_client: HashMap::new(),
            by_listener: HashMap::new(),
            attempts: BTreeMap::new(),
            silent: 0,
            counts: LimitCounts::default(),
            occurrences: Vec::new(),
            let_go: Vec::new(),
            unsettled: settle::Unsettled::default(),
            done: Vec::new(),
            announced: Vec::new(),
            finishing: false,
            watch: None,
            closed: HashMap::new(),
        }
    }

    /// Adds the secrets of a key log, as a capture file may carry one.
    pub fn add_keys(&mut self, key_log: &[u8]) {
        std::sync::Arc::make_mut(&mut self.options.key_log).extend(key_log);
    }

    /// Connections that turned out to be of no concern: the table may forget them.
    pub fn take_let_go(&mut self) -> Option<ConnectionId> {
        self.let_go.pop()
    }

    /// What servers announced since the last call, in order.
    pub fn take_announced(&mut self) -> impl Iterator<Item = Announcement> + '_ {
        self.announced.drain(..)
    }

    /// Sessions that are over.
    pub fn take_done(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.done)
    }

    /// Whether a session is over and was not taken yet.
    pub fn has_done(&self) -> bool {
        !self.done.is_empty()
    }

    /// How often each cap was reached.
    pub const fn limits(&self) -> &LimitCounts {
        &self.counts
    }

    /// TCP connections to a control port on which nobody spoke FTP.
    pub const fn silent_connections(&self) -> u64 {
        self.silent
    }

    /// Connections to control ports that never came about.
    pub fn attempts(&self) -> Vec<ControlAttempt> {
        self.attempts.values().cloned().collect()
    }

    /// Sessions under way, as they stand now; `connection` looks up the facts of an open connection.
    pub fn snapshot<'a>(
        &mut self,
        connection: &dyn Fn(ConnectionId) -> Option<&'a Connection>,
    ) -> Vec<Session> {
        let Self { sessions, flows, history, options, .. } = self;
        let mut taken: Vec<Session> = sessions
            .iter()
            .flatten()
            .filter(|live| live.control.is_confirmed())
            .map(|live| {
                assemble::session(live, history, options, &mut |id| {
                    let flow = flows.get_mut(flow_position(id))?.as_mut()?;
                    let Role::Data(data) = &mut flow.role else { return None };
                    Some(Box::new(data.describe(connection(id)?, None)))
                })
            })
            .collect();
        taken.sort_by_key(|session| session.frames.first);
        taken
    }

    /// Before the table gives up its connections at the end of the capture: sessions wait for each other.
    pub fn finishing(&mut self) {
        self.finishing = true;
    }

    /// After the table has given up all its connections: every session is over.
    pub fn finish(&mut self) {
        self.finishing = false;
        for index in 0..self.sessions.len() {
            if let Ok(index) = u32::try_from(index) {
                self.close(SessionSlot(index));
            }
        }
    }

    fn live(&mut self, slot: SessionSlot) -> Option<&mut Live> {
        self.sessions.get_mut(position(slot))?.as_mut()
    }

    fn flow(&mut self, id: ConnectionId) -> Option<&mut Flow> {
        self.flows.get_mut(flow_position(id))?.as_mut()
    }

    fn data_flow(&mut self, id: ConnectionId) -> Option<&mut DataFlow> {
        match &mut self.flow(id)?.role {
            Role::Data(data) => Some(data),
            Role::Undecided | Role::Suspect | Role::Control(_) => None,
        }
    }

    fn set_flow(&mut self, id: ConnectionId, connection: &Connection, role: Role) {
        let position = flow_position(id);
        if self.flows.len() <= position {
            self.flows.resize_with(position.saturating_add(1), || None);
        }
        let flow = Flow {
            originator: connection.originator,
            responder: connection.responder,
            first: connection.first,
            role,
        };
        if matches!(flow.role, Role::Data(_)) {
            self.note_listener(flow.responder, id);
            if connection.onset == Onset::MidStream {
                self.note_listener(flow.originator, id);
            }
        }
        if let Some(slot) = self.flows.get_mut(position) {
            *slot = Some(flow);
        }
    }

    /// Remembers a data connection by its listening endpoint. Of those that the whole world makes to one endpoint, the
    /// last few will do for an announcement that is captured late.
    fn note_listener(&mut self, listener: Endpoint, id: ConnectionId) {
        let known = self.by_listener.entry(listener).or_default();
        if known.len() >= CANDIDATES {
            known.pop_front();
        }
        known.push_back(id);
    }

    /// Decides what a new connection is.
    fn place(&mut self, id: ConnectionId, connection: &Connection) -> Interest {
        let (originator, responder) = (connection.originator, connection.responder);
        if self.expectations.best(originator, responder).is_some() {
            self.set_flow(id, connection, Role::Data(Box::new(DataFlow::new())));
            self.link_to_expectations(id, originator, responder);
            return Interest::Follow;
        }
        if connection.onset == Onset::MidStream && self.expectations.best(responder, originator).is_some() {
            let mut flow = DataFlow::new();
            flow.swapped = true;
            self.set_flow(id, connection, Role::Data(Box::new(flow)));
            self.link_to_expectations(id, responder, originator);
            return Interest::Follow;
        }
        if let Some(slot) = self.default_port_session(originator, responder) {
            self.set_flow(id, connection, Role::Data(Box::new(DataFlow::new())));
            self.link_new_channel(slot, id, Some(Mode::Default), MatchedBy::Default);
            return Interest::Follow;
        }
        if self.options.is_control_port(responder.port) || self.options.is_control_port(originator.port) {
            self.set_flow(id, connection, Role::Suspect);
            return Interest::Follow;
        }
        let key = pair_key(originator.ip, responder.ip);
        let Some(pair) = self.pairs.get_mut(&key).filter(|pair| pair.candidates.len() < CANDIDATES) else {
            self.set_flow(id, connection, Role::Undecided);
            return Interest::Undecided;
        };
        pair.candidates.push(id);
        self.set_flow(id, connection, Role::Data(Box::new(DataFlow::new())));
        if let Some(slot) = self.opaque_session(key) {
            self.link_new_channel(slot, id, None, MatchedBy::Inferred);
        }
        Interest::Follow
    }

    fn uid_of(&self, slot: SessionSlot) -> Option<Uid> {
        Some(self.sessions.get(position(slot))?.as_ref()?.uid.clone())
    }

    fn remove_flow(&mut self, id: ConnectionId) -> Option<Flow> {
        let flow = self.flows.get_mut(flow_position(id))?.take()?;
        if matches!(flow.role, Role::Data(_)) {
            for endpoint in [flow.responder, flow.originator] {
                if let Some(known) = self.by_listener.get_mut(&endpoint) {
                    known.retain(|&one| one != id);
                    if known.is_empty() {
                        self.by_listener.remove(&endpoint);
                    }
                }
            }
            let key = pair_key(flow.originator.ip, flow.responder.ip);
            if let Some(pair) = self.pairs.get_mut(&key) {
                pair.candidates.retain(|&one| one != id);
            }
        }
        Some(flow)
    }

    fn start_session(&mut self, id: ConnectionId, connection: &Connection) -> Option<SessionSlot> {
        let alive = self.sessions.len().saturating_sub(self.free_slots.len());
        if alive >= self.options.limits.sessions {
            self.counts.reached(LimitName::Sessions);
            return None;
        }
        let live = Live::new(connection, Control::new(connection, &self.options));
        let slot = match self.free_slots.pop() {
            Some(slot) => slot,
            None => {
                let slot = SessionSlot(u32::try_from(self.sessions.len()).ok()?);
                self.sessions.push(None);
                slot
            }
        };
        *self.sessions.get_mut(position(slot))? = Some(live);
        if let Some(flow) = self.flow(id) {
            flow.role = Role::Control(slot);
        }
        Some(slot)
    }

    fn control_data(
        &mut self,
        id: ConnectionId,
        slot: SessionSlot,
        connection: &Connection,
        chunk: Chunk<'_>,
    ) {
        let Self { sessions, options, counts, occurrences, .. } = self;
        let Some(Some(live)) = sessions.get_mut(position(slot)) else { return };
        live.last = connection.last;
        occurrences.clear();
        live.control.data(connection, chunk, &mut Notes { options, counts, occurrences });
        self.react(id, slot, chunk.packet);
    }

    fn react(&mut self, id: ConnectionId, slot: SessionSlot, packet: PacketRef) {
        if self.occurrences.is_empty() {
            return;
        }
        let mut occurrences = std::mem::take(&mut self.occurrences);
        for occurrence in occurrences.drain(..) {
            if occurrence == Occurrence::Rejected {
                self.drop_session(slot);
                self.remove_flow(id);
                self.let_go.push(id);
                self.silent = self.silent.saturating_add(1);
                break;
            }
            self.act(slot, occurrence, packet);
        }
        self.occurrences = occurrences;
    }
}

/// Whether a stream's first bytes may be a control connection's.
fn may_be_control(bytes: &[u8]) -> bool {
    ftp::reply_plausibility(bytes) != Plausible::No || ftp::command_plausibility(bytes) != Plausible::No
}

impl Sink for Tracker {
    fn opened(&mut self, id: ConnectionId, connection: &Connection) -> Interest {
        // The one that was let go under this number has ended meanwhile.
        self.let_go.retain(|&one| one != id);
        let interest = self.place(id, connection);
        self.began(id, connection.first.frame);
        interest
    }

    fn probed(&mut self, id: ConnectionId, connection: &Connection, _side: Side, bytes: &[u8]) -> Interest {
        if may_be_control(bytes) {
            self.set_flow(id, connection, Role::Suspect);
            Interest::Follow
        } else {
            self.remove_flow(id);
            Interest::Ignore
        }
    }

    fn data(&mut self, id: ConnectionId, connection: &Connection, chunk: Chunk<'_>) {
        let Self { flows, hashing, options, .. } = self;
        let Some(Some(flow)) = flows.get_mut(flow_position(id)) else { return };
        match &mut flow.role {
            Role::Control(slot) => {
                let slot = *slot;
                self.control_data(id, slot, connection, chunk);
            }
            Role::Undecided | Role::Suspect => match self.start_session(id, connection) {
                Some(slot) => self.control_data(id, slot, connection, chunk),
                None => {
                    self.remove_flow(id);
                    self.let_go.push(id);
                }
            },
            Role::Data(data) => {
                if data.is_nobodys() && !data.has_payload() && greets(&chunk) {
                    flow.role = Role::Suspect;
                    self.data(id, connection, chunk);
                    return;
                }
                data.data(&chunk, &mut **hashing, options);
                if let Some(visit) = data.visits.take() {
                    self.promote(id, visit);
                }
            }
        }
    }

    fn gap(&mut self, id: ConnectionId, _connection: &Connection, gap: Gap) {
        let Self { flows, sessions, options, counts, occurrences, .. } = self;
        let Some(Some(flow)) = flows.get_mut(flow_position(id)) else { return };
        match &mut flow.role {
            Role::Control(slot) => {
                let slot = *slot;
                if let Some(Some(live)) = sessions.get_mut(position(slot)) {
                    occurrences.clear();
                    live.control.gap(gap, &mut Notes { options, counts, occurrences });
                    self.react(id, slot, gap.packet);
                }
            }
            Role::Data(data) => data.gap(gap.side, gap.len, options),
            Role::Undecided | Role::Suspect => {}
        }
    }

    fn changed(&mut self, id: ConnectionId, connection: &Connection) {
        if self.is_watched() {
            self.tell_connection(id, connection);
        }
        // The predicted peer's further connection counts once it stands, a stranger's only once it carries something.
        let stands = connection.established.is_some();
        let Some(data) = self.data_flow(id).filter(|_| stands) else { return };
        if let Some(visit) = data.visits.take_if(|visit| visit.matched_by != MatchedBy::Translated) {
            self.promote(id, visit);
        }
    }

    fn ended(&mut self, id: ConnectionId, connection: &Connection, ending: Ending) {
        match self.remove_flow(id).map(|flow| flow.role) {
            Some(Role::Control(slot)) => self.control_ended(slot, connection, ending),
            Some(Role::Data(data)) => self.data_ended(id, data, connection),
            Some(Role::Suspect) => self.suspect_ended(connection),
            Some(Role::Undecided) | None => {}
        }
    }
}

/// Whether an unclaimed connection begins as a control connection does: with a server's greeting.
fn greets(chunk: &Chunk<'_>) -> bool {
    chunk.side == Side::Responder
        && chunk.offset == 0
        && (chunk.bytes.starts_with(b"220") || chunk.bytes.starts_with(b"120"))
        && ftp::reply_plausibility(chunk.bytes) != Plausible::No
}
