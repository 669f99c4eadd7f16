//! The tracker: from connections to sessions, and from negotiations to the connections that they announced.

mod aside;
mod end;
mod events;
mod link;
mod lookup;
mod negotiate;
mod room;
mod twin;
mod unread;

use std::collections::VecDeque;

use link::Unannounced;

use super::active::ActiveSession;
use super::assemble::{self, FinishedSession};
use super::attempts::Attempts;
use super::content::Hashing;
use super::control::{Control, Notes, Occurrence};
use super::event_log::EventLog;
use super::flow::{DataFlow, Flow, Role};
use super::flows::{Flows, UNPRIVILEGED};
use super::kept::{self, Kept};
use super::linker::Linker;
use super::lookups::{AllLookups, Seen};
use super::options::Options;
use super::sessions::{HostPair, SessionId, Sessions};
use super::twins::Twins;
use crate::base::{FrameNumber, LimitCounts, LimitName, PacketRef, TimeDelta, Timestamp};
use crate::ftp::{self, Plausible};
use crate::report::{Announcement, ControlAttempt, Directions, MatchedBy, Session, Uid};
use crate::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Onset, Side, Sink};
use crate::tls::{Keys, Resumptions};

/// How long after the first connection others may have been under way when the capture began.
const BEGINNING: TimeDelta = TimeDelta::from_secs(5);

/// Connections that are kept because they were under way when the capture began, in case a session follows.
const UNDER_WAY: usize = 16;

/// Follows control connections, predicts data connections, and links what happens.
pub struct Tracker {
    options: Options,
    hashing: Box<dyn Hashing>,
    flows: Flows,
    sessions: Sessions,
    linker: Linker,
    twins: Twins,
    /// Which TLS sessions can be resumed.
    resumptions: Resumptions,
    /// Sessions that can't be read and may have announced a data connection, the latest last.
    announcers: VecDeque<(Timestamp, SessionId)>,
    attempts: Attempts,
    lookups: AllLookups,
    counts: LimitCounts,
    kept: Kept,
    /// Whether finished sessions are released soon.
    is_streaming: bool,
    occurrences: Vec<Occurrence>,
    let_go: Vec<ConnectionId>,
    done: Vec<Finished>,
    announced: Vec<Announcement>,
    finishing: bool,
    /// When the capture began, and how many connections are kept that were under way then.
    began: Option<Timestamp>,
    under_way: usize,
    /// How many sessions were captured in both directions, in the client's only, and in the server's only.
    directions: [u64; 3],
    /// Events, if they are wanted.
    log: Option<EventLog>,
    /// Sessions about which evidence has arrived, where that is wanted.
    stirred: Option<Vec<SessionId>>,
    /// Sessions that were aside when the capture ended, the last one first.
    to_call_back: Vec<SessionId>,
}

/// A session that is over.
#[derive(Debug)]
pub struct Finished {
    /// What is known of it.
    pub session: FinishedSession,
    /// What it keeps, in bytes of memory; see [`Tracker::release`].
    pub kept: usize,
}

impl Tracker {
    /// A tracker that has seen nothing.
    pub fn new(options: Options, hashing: Box<dyn Hashing>) -> Self {
        Self {
            kept: Kept::new(&options.limits),
            is_streaming: false,
            options,
            hashing,
            flows: Flows::default(),
            sessions: Sessions::default(),
            linker: Linker::default(),
            twins: Twins::default(),
            resumptions: Resumptions::default(),
            announcers: VecDeque::new(),
            attempts: Attempts::default(),
            lookups: AllLookups::default(),
            counts: LimitCounts::default(),
            occurrences: Vec::new(),
            let_go: Vec::new(),
            done: Vec::new(),
            announced: Vec::new(),
            finishing: false,
            began: None,
            under_way: 0,
            directions: [0; 3],
            log: None,
            stirred: None,
            to_call_back: Vec::new(),
        }
    }

    /// Adds the secrets of a key log, as a capture file may carry one.
    pub fn add_keys(&mut self, key_log: &[u8]) {
        std::sync::Arc::make_mut(&mut self.options.key_log).extend(key_log);
    }

    /// Connections that turned out to be irrelevant: the table may forget them.
    pub fn take_let_go(&mut self) -> Option<ConnectionId> {
        self.let_go.pop()
    }

    /// Whether a server announced something that was not taken yet.
    pub fn has_announced(&self) -> bool {
        !self.announced.is_empty()
    }

    /// What servers announced since the last call, in order.
    pub fn take_announced(&mut self) -> impl Iterator<Item = Announcement> + '_ {
        self.announced.drain(..)
    }

    /// Sessions that are over. What they keep goes on counting, until it is [released](Self::release).
    pub fn take_done(&mut self) -> impl ExactSizeIterator<Item = Finished> + '_ {
        self.done.drain(..)
    }

    /// Finished sessions will be released soon: where there is little room, ending a session makes some.
    pub const fn stream(&mut self) {
        self.is_streaming = true;
    }

    /// Finished sessions were released.
    pub fn release(&mut self, kept: usize) {
        self.kept.release(kept);
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
        self.attempts.silent()
    }

    /// Whose packets were captured of almost all sessions that have ended.
    pub const fn directions(&self) -> Directions {
        let [both, client_only, server_only] = self.directions;
        Directions::of_most(client_only, server_only, both)
    }

    /// Connections to control ports that never came about.
    pub fn attempts(&self) -> Vec<ControlAttempt> {
        self.attempts.iter().cloned().collect()
    }

    /// Low-water mark: the first frame before which no unfinished session can have begun.
    pub fn settled_before(&mut self) -> FrameNumber {
        let first = [self.flows.first_unsettled(), self.sessions.first_lingering()];
        first.into_iter().flatten().min().unwrap_or(FrameNumber::MAX)
    }

    /// Sessions under way, as they stand now; `connection` looks up the facts of an open connection.
    pub fn snapshot(&mut self, connection: &dyn Fn(ConnectionId) -> Option<Connection>) -> Vec<Session> {
        let Self { sessions, flows, linker, options, .. } = self;
        let mut so_far = |session: &ActiveSession| {
            assemble::session(session, linker.history(), options, &mut |id| {
                Some(flows.data_mut(id)?.describe(&connection(id)?))
            })
        };
        let confirmed = sessions.iter().filter(|session| session.control.is_confirmed());
        let mut taken: Vec<Session> = confirmed.map(&mut so_far).collect();
        let aside: Vec<SessionId> =
            sessions.asides().filter(|(_, aside)| aside.is_confirmed).map(|(id, _)| id).collect();
        taken.extend(
            aside.into_iter().filter_map(|id| sessions.look_at_aside(id)).map(|session| so_far(&session)),
        );
        taken.sort_by_key(|session| session.frames.first);
        taken
    }

    /// Before the table gives up its connections at the end of the capture: sessions wait for each other.
    pub fn finishing(&mut self) {
        self.finishing = true;
        let under_way: Vec<SessionId> = self.sessions.ids().collect();
        for session_id in under_way {
            self.infer_one_way(session_id);
        }
    }

    /// After the table has given up all its connections: every session is over.
    pub fn finish(&mut self) {
        self.finishing = false;
        let under_way: Vec<SessionId> = self.sessions.ids().collect();
        for session_id in under_way {
            self.call_back(session_id);
            self.close(session_id);
        }
    }

    /// Gives a control connection something to read, and reckons what it keeps.
    fn feed_control(&mut self, session_id: SessionId, act: impl FnOnce(&mut Control, &mut Notes<'_>)) {
        if self.kept.allowed() < kept::MODEST
            && let Some(session) = self.sessions.get(session_id)
            && session.control.weight() < kept::MODEST
        {
            let now = session.last.time;
            self.make_room(now, Some(session_id));
        }
        let Self { sessions, options, resumptions, counts, occurrences, kept, .. } = self;
        let Some(session) = sessions.get_mut(session_id) else { return };
        let before = session.control.weight();
        let room = kept.allowed();
        occurrences.clear();
        let mut reached = LimitCounts::default();
        act(
            &mut session.control,
            &mut Notes { options, resumptions, counts: &mut reached, occurrences, room },
        );
        if !reached.is_empty() {
            session.limited.extend(reached.names());
            counts.merge(&reached);
        }
        session.control.take_stock();
        let mut after = session.control.weight();
        if after > room.max(before) {
            session.control.relieve(counts);
            after = session.control.weight();
        }
        kept.change(before, after);
    }

    /// Decides what a new connection is.
    fn place(&mut self, id: ConnectionId, connection: &Connection) -> Interest {
        let (originator, responder) = (connection.originator, connection.responder);
        if let Some(seen) = Seen::by_ident(connection) {
            self.note_lookup(&seen);
        }
        if let Some(decision) = self.linker.decide(originator, responder, connection.onset) {
            let mut flow = DataFlow::new();
            flow.swapped = decision.swapped;
            self.flows.set(id, connection, Role::Data(Box::new(flow)));
            self.link_both(id, &decision);
            return Interest::Follow;
        }
        if let Some(session_id) = self.sessions.of_default_ports(originator, responder) {
            self.flows.set(id, connection, Role::Data(Box::new(DataFlow::new())));
            self.link_new_channel(session_id, id, Unannounced::OnDefaultPorts);
            return Interest::Follow;
        }
        if self.options.is_control_port(responder.port) || self.options.is_control_port(originator.port) {
            self.flows.set(id, connection, Role::Suspect);
            return Interest::Follow;
        }
        let hosts = HostPair::between(originator.ip, responder.ip);
        if self.sessions.is_served_at(hosts, responder) {
            self.flows.set(id, connection, Role::Suspect);
            return Interest::Follow;
        }
        let is_wanted = self.sessions.are_between(hosts) || self.may_be_under_way(connection);
        let elsewhere = if is_wanted { None } else { self.foresee_elsewhere(connection) };
        if !is_wanted && elsewhere.is_none() || !self.flows.set_candidate(id, connection) {
            self.flows.set(id, connection, Role::Undecided);
            return Interest::Undecided;
        }
        match elsewhere {
            Some((session_id, is_ambiguous)) => self.claim(id, session_id, is_ambiguous),
            None => self.foresee(id, connection),
        }
        Interest::Follow
    }

    /// Whether a connection may be the data connection of a transfer that was under way when the capture
    /// began.
    fn may_be_under_way(&mut self, connection: &Connection) -> bool {
        let began = *self.began.get_or_insert(connection.first.time);
        let may_be = connection.onset == Onset::MidStream
            && self.under_way < UNDER_WAY
            && connection.first.time.since(began) <= BEGINNING
            && connection.originator.port.min(connection.responder.port) >= UNPRIVILEGED;
        self.under_way = self.under_way.saturating_add(usize::from(may_be));
        may_be
    }

    fn uid_of(&self, session_id: SessionId) -> Option<Uid> {
        let uid = self.sessions.get(session_id).map(|session| &session.uid);
        uid.or_else(|| self.sessions.get_aside(session_id).map(|aside| &aside.uid)).cloned()
    }

    fn remove_flow(&mut self, id: ConnectionId) -> Option<Flow> {
        let flow = self.flows.remove(id)?;
        if let Role::Data(data) = &flow.role {
            self.kept.change(data.kept, 0);
            self.kept.change_copies(data.copied as usize, 0);
        }
        Some(flow)
    }

    fn start_session(&mut self, id: ConnectionId, connection: &Connection) -> Option<SessionId> {
        if self.sessions.len() >= self.options.limits.sessions
            && !self.put_one_aside(connection.last.time, None)
        {
            self.counts.reached(LimitName::Sessions);
            self.evict_idle(connection.last.time);
        }
        self.make_room(connection.last.time, None);
        let mut session =
            Box::new(ActiveSession::new(id, connection, Control::new(connection, &self.options)));
        if let Some(filter) = &self.options.filter {
            session.is_unwanted = session.is_left_out_by(filter);
        }
        if session.control.weight() > self.kept.allowed() {
            self.counts.reached(LimitName::Sessions);
            return None;
        }
        self.kept.change(0, session.control.weight());
        let session_id = self.sessions.insert(session);
        self.note_traffic(session_id, connection);
        self.recall_lookups(session_id, connection);
        if let Some(flow) = self.flows.get_mut(id) {
            flow.role = Role::Control(session_id);
        }
        self.find_twin(id, session_id, connection);
        Some(session_id)
    }

    fn control_data(
        &mut self,
        id: ConnectionId,
        session_id: SessionId,
        connection: &Connection,
        chunk: Chunk<'_>,
    ) {
        if connection.stream(chunk.side.other()).packets == 0 {
            self.keep_for_twin(session_id, &chunk);
        }
        self.read_control(id, session_id, connection, chunk);
        if self.twins.any {
            self.pass_to_twin(session_id, connection, chunk);
        }
    }

    fn read_control(
        &mut self,
        id: ConnectionId,
        session_id: SessionId,
        connection: &Connection,
        chunk: Chunk<'_>,
    ) {
        let packet = chunk.packet;
        let room = self.kept.allowed();
        self.stir(session_id);
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.last = connection.last;
        if room >= kept::MODEST
            && let Some((occurrence, cost)) = session.control.next_line(&chunk, room, &self.options)
        {
            self.kept.change(0, cost);
            self.act(session_id, occurrence, packet);
            return;
        }
        self.feed_control(session_id, |control, notes| control.data(connection, chunk, notes));
        self.react(id, session_id, packet);
    }

    fn react(&mut self, id: ConnectionId, session_id: SessionId, packet: PacketRef) {
        if self.occurrences.is_empty() {
            return;
        }
        let mut occurrences = std::mem::take(&mut self.occurrences);
        for occurrence in occurrences.drain(..) {
            if occurrence == Occurrence::Rejected {
                let responder = self.remove_session(session_id).map(|session| session.responder);
                self.remove_flow(id);
                self.let_go.push(id);
                if responder.is_some_and(|end| self.options.is_control_port(end.port)) {
                    self.attempts.note_silence();
                }
                break;
            }
            self.act(session_id, occurrence, packet);
        }
        self.occurrences = occurrences;
    }
}

/// Whether a stream's first bytes may be a control connection's.
fn may_be_control(bytes: &[u8]) -> bool {
    /// An empty line or a byte order mark before the greeting; a stream of zeros is no dialogue.
    const BLANKS: usize = 3;
    let said = ftp::without_leading_rubbish(bytes);
    if said.is_empty() {
        return bytes.len() <= BLANKS;
    }
    ftp::reply_plausibility(said) != Plausible::No || ftp::command_plausibility(said) != Plausible::No
}

impl Sink for Tracker {
    fn opened(&mut self, id: ConnectionId, connection: &Connection) -> Interest {
        let interest = self.place(id, connection);
        self.flows.begun(id, connection.first.frame);
        interest
    }

    fn probed(&mut self, id: ConnectionId, connection: &Connection, _side: Side, bytes: &[u8]) -> Interest {
        if may_be_control(bytes) || self.options.key_log.knows(bytes) {
            self.flows.set(id, connection, Role::Suspect);
            Interest::Follow
        } else {
            self.remove_flow(id);
            Interest::Ignore
        }
    }

    fn is_dialogue(&self, id: ConnectionId) -> bool {
        self.flows.get(id).is_some_and(|flow| matches!(flow.role, Role::Control(_) | Role::Suspect))
    }

    fn data(&mut self, id: ConnectionId, connection: &Connection, chunk: Chunk<'_>) {
        let Self { flows, sessions, hashing, options, resumptions, kept, counts, .. } = self;
        let Some(flow) = flows.get_mut(id) else { return };
        match &mut flow.role {
            Role::Control(session_id) => {
                let session_id = *session_id;
                self.call_back_for(id);
                self.control_data(id, session_id, connection, chunk);
            }
            Role::Undecided | Role::Suspect => match self.start_session(id, connection) {
                Some(session_id) => self.control_data(id, session_id, connection, chunk),
                None => {
                    self.remove_flow(id);
                    self.let_go.push(id);
                }
            },
            Role::Data(data) => {
                if data.is_unowned() && !data.has_payload() && greets(&chunk) {
                    flow.role = Role::Suspect;
                    self.data(id, connection, chunk);
                    return;
                }
                if options.filter.is_some() && !data.has_payload() {
                    data.is_unwanted = sessions.are_unwanted(&data.owners);
                    if data.is_unwanted {
                        data.forget_copies();
                    }
                }
                data.data(&chunk, &mut **hashing, &mut Keys { log: &options.key_log, resumptions });
                let before = data.kept;
                data.kept = data.weight();
                if data.kept != before {
                    data.reckon_copies(kept);
                }
                if data.kept > before && data.kept > kept.allowed() {
                    if data.owners.is_empty() {
                        counts.reached(LimitName::KeptBytes);
                    }
                    data.stop_reading(&mut **hashing);
                    data.reckon_copies(kept);
                    data.kept = data.weight();
                }
                kept.change(before, data.kept);
                if let Some(attempt) = data.attempt.take() {
                    self.promote(id, attempt);
                } else if data.awaits_settling() {
                    self.settle(id, false);
                }
            }
        }
    }

    fn gap(&mut self, id: ConnectionId, _connection: &Connection, gap: Gap) {
        let Self { flows, hashing, options, resumptions, .. } = self;
        let Some(flow) = flows.get_mut(id) else { return };
        match &mut flow.role {
            Role::Control(session_id) => {
                let session_id = *session_id;
                let packet = gap.packet;
                self.call_back_for(id);
                self.feed_control(session_id, |control, notes| control.gap(gap, notes));
                self.react(id, session_id, packet);
                self.pass_gap_to_twin(session_id, gap);
            }
            Role::Data(data) => {
                data.gap(gap, &mut **hashing, &mut Keys { log: &options.key_log, resumptions });
            }
            Role::Undecided | Role::Suspect => {}
        }
    }

    fn changed(&mut self, id: ConnectionId, connection: &Connection) {
        self.call_back_for(id);
        if self.is_watched() {
            self.report_connection(id, connection);
        }
        if let Some(Role::Control(session_id)) = self.flows.get(id).map(|flow| &flow.role) {
            let session_id = *session_id;
            self.note_traffic(session_id, connection);
            self.stir(session_id);
            if let Some(session) = self.sessions.get_mut(session_id) {
                session.is_closing = connection.close.is_some();
            }
        }
        self.stir_owners(id);
        if let Some(seen) = Seen::by_ident(connection) {
            self.note_lookup(&seen);
        }
        if connection.close.is_some() {
            self.release_claim(id);
        }
        // A further connection of the predicted peer counts once it stands, a stranger's only once it carries
        // something.
        let stands = connection.established.is_some();
        let Some(data) = self.flows.data_mut(id).filter(|_| stands) else { return };
        if let Some(attempt) = data.attempt.take_if(|attempt| attempt.matched_by != MatchedBy::Translated) {
            self.promote(id, attempt);
        }
    }

    fn ended(&mut self, id: ConnectionId, connection: &Connection, ending: Ending) {
        self.call_back_for(id);
        if self.flows.data(id).is_some_and(|data| data.foreseen.is_some()) {
            self.settle(id, true);
        }
        self.release_claim(id);
        match self.remove_flow(id).map(|flow| flow.role) {
            Some(Role::Control(session_id)) => self.control_ended(session_id, connection, ending),
            Some(Role::Data(data)) => self.data_ended(id, data, connection, ending),
            Some(Role::Suspect) => self.suspect_ended(connection, ending),
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
