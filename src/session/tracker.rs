//! The tracker: from connections to sessions, and from negotiations to the connections that they announced.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::content::Hashing;
use super::control::{Control, Occurrence};
use super::expectation::{Expectation, Expectations, Fit, SessionSlot};
use super::flow::{DataFlow, Flow, Role};
use super::history::{History, Use, UseId};
use super::live::{Channel, Ended, Link, Live};
use super::options::Options;
use super::assemble;
use crate::base::{Endpoint, LimitCounts, LimitName, PacketRef, Timestamp};
use crate::ftp::{self, EpsvArgument, HostPort, Plausible, Verb};
use crate::report::{
    Connector, ControlAttempt, EndState, FirstClose, MatchedBy, Mode, Negotiation, Prediction, ReuseKind, Session, Uid,
};
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
    by_listener: HashMap<Endpoint, Vec<ConnectionId>>,
    attempts: BTreeMap<(IpAddr, Endpoint), ControlAttempt>,
    silent: u64,
    counts: LimitCounts,
    occurrences: Vec<Occurrence>,
    let_go: Vec<ConnectionId>,
    done: Vec<Session>,
    finishing: bool,
}

/// Two hosts between which there are control connections.
#[derive(Default)]
struct Pair {
    sessions: Vec<SessionSlot>,
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
            done: Vec::new(),
            finishing: false,
        }
    }

    /// Connections that turned out to be of no concern: the table may forget them.
    pub fn take_let_go(&mut self) -> Option<ConnectionId> {
        self.let_go.pop()
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
    pub fn snapshot<'a>(&mut self, connection: &dyn Fn(ConnectionId) -> Option<&'a Connection>) -> Vec<Session> {
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
            Role::Suspect | Role::Control(_) => None,
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
            self.by_listener.entry(flow.responder).or_default().push(id);
            if connection.onset == Onset::MidStream {
                self.by_listener.entry(flow.originator).or_default().push(id);
            }
        }
        if let Some(slot) = self.flows.get_mut(position) {
            *slot = Some(flow);
        }
    }

    // --- data connections -----------------------------------------------------------------------------------------

    /// Decides what a new connection is.
    fn place(&mut self, id: ConnectionId, connection: &Connection) -> Interest {
        let (originator, responder) = (connection.originator, connection.responder);
        if self.expectations.best(originator, responder).is_some() {
            self.set_flow(id, connection, Role::Data(Box::new(DataFlow::new())));
            self.link_to_expectations(id, originator, responder);
            return Interest::Follow;
        }
        if connection.onset == Onset::MidStream && self.expectations.best(responder, originator).is_some() {
            let flow = DataFlow { swapped: true, ..DataFlow::new() };
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
        let Some(pair) = self.pairs.get_mut(&key) else { return Interest::Undecided };
        if pair.candidates.len() >= CANDIDATES {
            return Interest::Undecided;
        }
        pair.candidates.push(id);
        self.set_flow(id, connection, Role::Data(Box::new(DataFlow::new())));
        if let Some(slot) = self.opaque_session(key) {
            self.link_new_channel(slot, id, None, MatchedBy::Inferred);
        }
        Interest::Follow
    }

    /// The session whose default data ports (RFC 959 section 3.2) these are.
    fn default_port_session(&self, originator: Endpoint, responder: Endpoint) -> Option<SessionSlot> {
        let slot = *self.by_client.get(&responder)?;
        let live = self.sessions.get(position(slot))?.as_ref()?;
        let server = live.server();
        let default_port = server.port.checked_sub(1)?;
        (originator == Endpoint::new(server.ip, default_port)).then_some(slot)
    }

    /// The session between two hosts whose dialogue can't be read now; of several the one that spoke last.
    fn opaque_session(&self, key: (IpAddr, IpAddr)) -> Option<SessionSlot> {
        let pair = self.pairs.get(&key)?;
        let candidates = pair.sessions.iter().filter_map(|&slot| {
            let live = self.sessions.get(position(slot))?.as_ref()?;
            (live.control.is_opaque() && live.ended.is_none()).then_some((live.last.frame, slot))
        });
        candidates.max().map(|(_, slot)| slot)
    }

    /// Links a connection to the negotiation that it fits best, and to the partner's in an FXP transfer.
    fn link_to_expectations(&mut self, id: ConnectionId, originator: Endpoint, responder: Endpoint) {
        let Some((best, fit)) = self.expectations.best(originator, responder) else { return };
        let (best, partner) = (best.clone(), self.partner(best, fit, originator, responder));
        let Some(partner) = partner else {
            let matched_by = match fit {
                Fit::Exact => MatchedBy::Endpoint,
                Fit::ListenerTranslated | Fit::ConnectorDiffers => MatchedBy::Translated,
            };
            self.link(id, &best, fit, matched_by, None);
            return;
        };
        let (best_uid, partner_uid) = (self.uid_of(best.session), self.uid_of(partner.session));
        self.link(id, &best, fit, MatchedBy::Endpoint, partner_uid);
        self.link(id, &partner, fit, MatchedBy::ThirdParty, best_uid);
    }

    /// The other session's negotiation in a server-to-server transfer: it is passive, names the same listening endpoint,
    /// and its own peer is not the one that connects.
    fn partner(
        &self,
        best: &Expectation,
        fit: Fit,
        originator: Endpoint,
        responder: Endpoint,
    ) -> Option<Expectation> {
        if fit != Fit::Exact || !best.active {
            return None;
        }
        self.expectations
            .fitting(originator, responder)
            .filter(|(one, fit)| !one.active && one.session != best.session && *fit == Fit::ConnectorDiffers)
            .min_by_key(|(one, _)| (one.met, one.superseded, std::cmp::Reverse(one.made.frame)))
            .map(|(one, _)| one.clone())
    }

    fn uid_of(&self, slot: SessionSlot) -> Option<Uid> {
        Some(self.sessions.get(position(slot))?.as_ref()?.uid.clone())
    }

    /// Links a connection to a negotiation's channel, or to a further one where that has its connection.
    fn link(
        &mut self,
        id: ConnectionId,
        expectation: &Expectation,
        fit: Fit,
        matched_by: MatchedBy,
        peer_session: Option<Uid>,
    ) {
        let (slot, index) = (expectation.session, expectation.channel);
        let Some(channel) = self.live(slot).and_then(|live| live.channel(index)) else { return };
        let holder = match channel.link {
            Link::Open(holder) => Some(holder),
            Link::None | Link::Ended(_) => None,
        };
        let is_free = !channel.is_linked();
        let target = match holder {
            _ if is_free => index,
            Some(holder) if self.yields_to(holder, slot, index, fit) => {
                self.demote(holder, slot, index);
                index
            }
            _ if matched_by == MatchedBy::Translated && fit == Fit::ConnectorDiffers => {
                // A stranger at an endpoint that has served: it counts only once it carries something.
                if let Some(data) = self.data_flow(id) {
                    data.stranger_of = Some((slot, index));
                }
                return;
            }
            _ => {
                let Some(first) = self.flow(id).map(|flow| flow.first) else { return };
                let Some(live) = self.live(slot) else { return };
                let Some(further) = live.channel(index).map(|channel| channel.further(first)) else { return };
                let Some(target) = self.add_channel(slot, further) else { return };
                target
            }
        };
        self.expectations.meet(slot, expectation.listener.port, index);
        self.attach(id, slot, target, matched_by, peer_session);
    }

    /// Whether the connection that holds a channel is a stranger's that has carried nothing, and must make way.
    fn yields_to(&mut self, holder: ConnectionId, slot: SessionSlot, index: u32, fit: Fit) -> bool {
        let translated = self
            .live(slot)
            .and_then(|live| live.channel(index))
            .is_some_and(|channel| channel.matched_by == Some(MatchedBy::Translated));
        let idle = self.data_flow(holder).is_some_and(|data| !data.has_payload());
        fit == Fit::Exact && translated && idle
    }

    fn demote(&mut self, holder: ConnectionId, slot: SessionSlot, index: u32) {
        if let Some(data) = self.data_flow(holder) {
            data.owners.clear();
            data.stranger_of = Some((slot, index));
        }
        if let Some(live) = self.live(slot) {
            live.open_flows = live.open_flows.saturating_sub(1);
        }
    }

    /// Makes a channel for a connection that no negotiation announced.
    fn link_new_channel(&mut self, slot: SessionSlot, id: ConnectionId, mode: Option<Mode>, matched_by: MatchedBy) {
        let Some(flow) = self.flow(id) else { return };
        let (first, originator) = (flow.first, flow.originator);
        let Some(live) = self.live(slot) else { return };
        let active = originator.ip == live.server().ip && live.server().ip != live.client().ip;
        let channel = Channel::new(mode, mode.map_or(active, Mode::is_active), first);
        if let Some(index) = self.add_channel(slot, channel) {
            self.attach(id, slot, index, matched_by, None);
        }
    }

    fn add_channel(&mut self, slot: SessionSlot, channel: Channel) -> Option<u32> {
        let cap = self.options.limits.channels_per_session;
        let live = self.sessions.get_mut(position(slot))?.as_mut()?;
        if live.channels.len() >= cap {
            self.counts.reached(LimitName::Channels);
            return None;
        }
        live.channels.push(channel);
        u32::try_from(live.channels.len()).ok()?.checked_sub(1)
    }

    fn attach(
        &mut self,
        id: ConnectionId,
        slot: SessionSlot,
        index: u32,
        matched_by: MatchedBy,
        peer_session: Option<Uid>,
    ) {
        let Some(flow) = self.flow(id) else { return };
        let (originator, responder, first) = (flow.originator, flow.responder, flow.first);
        let Role::Data(data) = &mut flow.role else { return };
        let (connector, listener) =
            if data.swapped { (responder, originator) } else { (originator, responder) };
        let shared = data.owners.first().copied();
        data.owners.push((slot, index));
        data.stranger_of = None;
        let (previous, usage) = match shared {
            // The partner's channel has noted the use already.
            Some((other, other_index)) => {
                let known = self.live(other).and_then(|live| live.channel(other_index));
                known.map_or((None, None), |channel| (channel.previous, channel.usage))
            }
            None => self.note_use(slot, index, connector, listener, first.time),
        };
        let Some(live) = self.live(slot) else { return };
        live.open_flows = live.open_flows.saturating_add(1);
        let keep_listing = live.last_transfer == Some(Verb::Mlsd);
        if let Some(channel) = live.channel_mut(index) {
            channel.link = Link::Open(id);
            channel.matched_by = Some(matched_by);
            channel.peer_session = peer_session;
            channel.previous = previous;
            channel.usage = usage;
        }
        if let Some(data) = self.data_flow(id) {
            data.keep_listing |= keep_listing;
        }
    }

    fn note_use(
        &mut self,
        slot: SessionSlot,
        channel: u32,
        connector: Endpoint,
        listener: Endpoint,
        now: Timestamp,
    ) -> (Option<(ReuseKind, UseId)>, Option<UseId>) {
        let Some(session) = self.uid_of(slot) else { return (None, None) };
        let of_pair = self.history.of_pair(connector, listener).map(|id| (ReuseKind::FourTuple, id));
        let previous =
            of_pair.or_else(|| self.history.of_listener(listener).map(|id| (ReuseKind::Listener, id)));
        let one = Use {
            session,
            channel,
            connector,
            listener,
            last: now,
            made: false,
            time_wait_from: None,
            before: previous.map(|(_, id)| id),
        };
        let id = self.history.add(one, &self.options.limits, &mut self.counts);
        (previous, Some(id))
    }

    // --- negotiations ---------------------------------------------------------------------------------------------

    fn act(&mut self, slot: SessionSlot, occurrence: Occurrence, packet: PacketRef) {
        match occurrence {
            Occurrence::Confirmed => self.confirm(slot),
            Occurrence::Rejected => {}
            Occurrence::Command(index) => self.on_command(slot, index),
            Occurrence::Reply { command: Some(index), code } => self.on_reply(slot, index, code),
            Occurrence::Reply { command: None, code } => self.on_stray_reply(slot, code, packet),
        }
    }

    fn confirm(&mut self, slot: SessionSlot) {
        let Some(live) = self.live(slot) else { return };
        let (client, server) = (live.client(), live.server());
        self.by_client.insert(client, slot);
        self.attempts.remove(&(client.ip, server));
        let pair = self.pairs.entry(pair_key(client.ip, server.ip)).or_default();
        if !pair.sessions.contains(&slot) {
            pair.sessions.push(slot);
        }
    }

    fn on_command(&mut self, slot: SessionSlot, index: u32) {
        let Some(live) = self.live(slot) else { return };
        let Some(command) = live.control.talk.dialogue.commands.get(usize::try_from(index).unwrap_or(usize::MAX))
        else {
            return;
        };
        let made = PacketRef { time: command.time, frame: command.frame };
        let argument = command.text().map(|text| text.raw().to_owned());
        let argument = argument.as_deref().map(str::as_bytes);
        let mode = match command.verb {
            Verb::Port => Mode::Port,
            Verb::Eprt => Mode::Eprt,
            Verb::Lprt => Mode::Lprt,
            Verb::Pasv => Mode::Pasv,
            Verb::Lpsv => Mode::Lpsv,
            Verb::Epsv if ftp::epsv_argument(argument) == EpsvArgument::All => return,
            Verb::Epsv => Mode::Epsv,
            Verb::Retr | Verb::Stor | Verb::Stou | Verb::Appe | Verb::List | Verb::Nlst | Verb::Mlsd => {
                live.last_transfer = Some(command.verb.clone());
                self.want_listing(slot);
                return;
            }
            _ => return,
        };
        let advertised = ftp::active_argument(&command.verb, argument);
        let channel = Channel {
            command: Some(index),
            negotiation: Some(Negotiation::Unanswered),
            advertised,
            ..Channel::new(Some(mode), mode.is_active(), made)
        };
        let Some(channel) = self.add_channel(slot, channel) else { return };
        if mode.is_active() {
            match advertised {
                Some(endpoint) => self.expect(slot, channel, endpoint, made),
                None => self.set_negotiation(slot, channel, Negotiation::Malformed),
            }
        }
    }

    /// MLSD may be given after its data connection was opened: what comes from now on is kept.
    fn want_listing(&mut self, slot: SessionSlot) {
        let Some(live) = self.live(slot) else { return };
        if live.last_transfer != Some(Verb::Mlsd) {
            return;
        }
        let open: Vec<ConnectionId> = live
            .channels
            .iter()
            .rev()
            .take(2)
            .filter_map(|channel| match channel.link {
                Link::Open(id) => Some(id),
                Link::None | Link::Ended(_) => None,
            })
            .collect();
        for id in open {
            if let Some(data) = self.data_flow(id) {
                data.keep_listing |= !data.has_payload();
            }
        }
    }

    fn set_negotiation(&mut self, slot: SessionSlot, channel: u32, negotiation: Negotiation) {
        if let Some(channel) = self.live(slot).and_then(|live| live.channel_mut(channel)) {
            channel.negotiation = Some(negotiation);
        }
    }

    /// The listening endpoint that an advertised one stands for.
    fn listener(live: &Live, active: bool, advertised: HostPort) -> Endpoint {
        let peer = if active { live.client().ip } else { live.server().ip };
        let ip = match advertised.ip {
            None => peer,
            Some(ip) if ip.is_unspecified() => peer,
            Some(IpAddr::V6(ip)) if peer.is_ipv4() => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
            Some(ip) => ip,
        };
        Endpoint::new(ip, advertised.port)
    }

    /// From now on a connection to the advertised endpoint is expected; it may have been captured already.
    fn expect(&mut self, slot: SessionSlot, channel: u32, advertised: HostPort, made: PacketRef) {
        let Some(live) = self.live(slot) else { return };
        let (client, server) = (live.client(), live.server());
        let active = live.channel(channel).is_some_and(|channel| channel.active);
        let listener = Self::listener(live, active, advertised);
        let expectation = Expectation {
            session: slot,
            channel,
            listener,
            listener_peer: if active { client.ip } else { server.ip },
            connector: if active { server.ip } else { client.ip },
            active,
            made,
            superseded: false,
            met: false,
        };
        let default_port = server.port.saturating_sub(1);
        let predicted_previous = if active {
            self.history.of_pair(Endpoint::new(server.ip, default_port), listener)
        } else {
            None
        };
        if let Some(channel) = self.live(slot).and_then(|live| live.channel_mut(channel)) {
            channel.predicted_previous = predicted_previous;
        }
        self.expectations.add(expectation.clone(), &self.options.limits, &mut self.counts);
        self.look_back(&expectation);
    }

    /// Looks for the expected connection among those that were captured before the line that announces it.
    fn look_back(&mut self, expectation: &Expectation) {
        let not_before = expectation.made.time.plus(CAPTURED_EARLY.saturating_neg());
        let at_peer = Endpoint::new(expectation.listener_peer, expectation.listener.port);
        let mut known: Vec<ConnectionId> =
            self.by_listener.get(&expectation.listener).cloned().unwrap_or_default();
        if at_peer != expectation.listener {
            known.extend(self.by_listener.get(&at_peer).into_iter().flatten());
        }
        for id in known {
            let Some(flow) = self.flow(id) else { continue };
            let (originator, responder, first) = (flow.originator, flow.responder, flow.first);
            let Role::Data(data) = &mut flow.role else { continue };
            if first.time < not_before {
                continue;
            }
            if let Some(&(owner, index)) = data.owners.first() {
                self.look_for_partner(id, expectation, (owner, index), originator, responder);
                continue;
            }
            let swapped = expectation.fit(originator, responder).is_none();
            let (from, to) = if swapped { (responder, originator) } else { (originator, responder) };
            if expectation.fit(from, to).is_some_and(|fit| fit != Fit::ConnectorDiffers) {
                data.swapped = swapped;
                self.link_to_expectations(id, from, to);
            }
        }
    }

    /// A connection that a passive negotiation owns may be the one that a PORT to the same endpoint announces: FXP.
    fn look_for_partner(
        &mut self,
        id: ConnectionId,
        expectation: &Expectation,
        (owner, index): (SessionSlot, u32),
        originator: Endpoint,
        responder: Endpoint,
    ) {
        let fits = expectation.active && expectation.fit(originator, responder) == Some(Fit::Exact);
        let passive = self.live(owner).and_then(|live| live.channel(index)).is_some_and(|channel| {
            !channel.active && channel.matched_by == Some(MatchedBy::Translated) && channel.peer_session.is_none()
        });
        if !fits || !passive || owner == expectation.session {
            return;
        }
        let (mine, theirs) = (self.uid_of(expectation.session), self.uid_of(owner));
        if let Some(channel) = self.live(owner).and_then(|live| live.channel_mut(index)) {
            channel.matched_by = Some(MatchedBy::ThirdParty);
            channel.peer_session = mine;
        }
        self.link(id, expectation, Fit::Exact, MatchedBy::Endpoint, theirs);
    }

    fn on_reply(&mut self, slot: SessionSlot, index: u32, code: u16) {
        let Some(live) = self.live(slot) else { return };
        let Some(command) = live.control.talk.dialogue.commands.get(usize::try_from(index).unwrap_or(usize::MAX))
        else {
            return;
        };
        match command.verb {
            Verb::Retr | Verb::Stor | Verb::Stou | Verb::Appe | Verb::List | Verb::Nlst | Verb::Mlsd => {
                if matches!(code, 200..=299) {
                    self.infer(slot);
                }
                return;
            }
            _ => {}
        }
        let Some(reply) = command.replies.last() else { return };
        let endpoint = ftp::passive_reply(code, reply.text.raw());
        let at = PacketRef { time: reply.time, frame: reply.frame };
        let Some(channel_index) = live.channel_of_command(index) else { return };
        let Some(channel) = live.channel_mut(channel_index) else { return };
        let waiting = channel.negotiation == Some(Negotiation::Unanswered);
        match code {
            200..=299 if channel.active && waiting => {
                channel.negotiation = Some(Negotiation::Accepted);
                self.accept(slot, channel_index);
            }
            200..=299 if waiting => match endpoint {
                Some(endpoint) => {
                    channel.negotiation = Some(Negotiation::Accepted);
                    channel.advertised = Some(endpoint);
                    self.expect(slot, channel_index, endpoint, at);
                    self.accept(slot, channel_index);
                }
                None => {
                    channel.negotiation = Some(Negotiation::Malformed);
                    live.in_force = Some(channel_index);
                }
            },
            200..=299 if channel.active => live.in_force = Some(channel_index),
            400..=599 if waiting => {
                channel.negotiation = Some(Negotiation::Rejected);
                if let Some(endpoint) = channel.advertised.filter(|_| channel.active) {
                    self.expectations.withdraw(slot, endpoint.port, channel_index);
                }
            }
            _ => {}
        }
    }

    /// A negotiation was accepted: its prediction holds, and earlier ones no longer do.
    fn accept(&mut self, slot: SessionSlot, index: u32) {
        let Some(live) = self.live(slot) else { return };
        let (client, server) = (live.client(), live.server());
        let Some(channel) = live.channel(index) else { return };
        let (active, advertised) = (channel.active, channel.advertised);
        let listener = advertised.map(|advertised| Self::listener(live, active, advertised));
        if let Some(channel) = live.channel_mut(index) {
            channel.prediction = listener.map(|listener| Prediction {
                listener,
                connector: Connector {
                    ip: if active { server.ip } else { client.ip },
                    port: if active { server.port.checked_sub(1) } else { None },
                },
            });
        }
        live.in_force = Some(index);
        self.expectations.supersede(slot, index);
    }

    /// A 227, 228 or 229 whose command is not in the capture is a negotiation too.
    fn on_stray_reply(&mut self, slot: SessionSlot, code: u16, packet: PacketRef) {
        let Some(live) = self.live(slot) else { return };
        let mode = match code {
            227 => Mode::Pasv,
            228 => Mode::Lpsv,
            229 => Mode::Epsv,
            _ => return,
        };
        let talk = &live.control.talk;
        if talk.gaps.is_empty() && !talk.dialogue.commands.is_empty() {
            return;
        }
        let Some(reply) = talk.dialogue.unsolicited.last() else { return };
        let Some(endpoint) = ftp::passive_reply(code, reply.text.raw()) else { return };
        let channel = Channel {
            negotiation: Some(Negotiation::Accepted),
            advertised: Some(endpoint),
            ..Channel::new(Some(mode), false, packet)
        };
        if let Some(index) = self.add_channel(slot, channel) {
            self.expect(slot, index, endpoint, packet);
            self.accept(slot, index);
        }
    }

    /// A transfer completed though its negotiation could not be read: the connection that was opened between the two
    /// hosts since then, and that nobody else owns, was its data connection.
    fn infer(&mut self, slot: SessionSlot) {
        let Some(live) = self.live(slot) else { return };
        let (client, server) = (live.client(), live.server());
        let unread = live.channels.iter().enumerate().rev().find(|(_, channel)| {
            channel.command.is_some()
                && matches!(channel.negotiation, Some(Negotiation::Unanswered | Negotiation::Malformed))
        });
        let Some((index, channel)) = unread else { return };
        let newest_command = live.channels.last().and_then(|channel| channel.command);
        if channel.is_linked() || channel.command != newest_command {
            return;
        }
        let (made, active) = (channel.made, channel.active);
        let Ok(index) = u32::try_from(index) else { return };
        let connector = if active { server.ip } else { client.ip };
        let Some(pair) = self.pairs.get(&pair_key(client.ip, server.ip)) else { return };
        let mut found = None;
        for &id in &pair.candidates {
            let Some(Some(flow)) = self.flows.get(flow_position(id)) else { continue };
            let Role::Data(data) = &flow.role else { continue };
            if data.owners.is_empty()
                && data.has_payload()
                && flow.originator.ip == connector
                && flow.first.time >= made.time
            {
                found = Some(id);
            }
        }
        if let Some(id) = found {
            self.attach(id, slot, index, MatchedBy::Inferred, None);
        }
    }

    // --- ends -----------------------------------------------------------------------------------------------------

    fn suspect_ended(&mut self, connection: &Connection) {
        if connection.established.is_some() {
            if self.options.is_control_port(connection.responder.port) {
                self.silent = self.silent.saturating_add(1);
            }
            return;
        }
        if connection.onset == Onset::MidStream || connection.syn_attempts == 0 {
            return;
        }
        let key = (connection.originator.ip, connection.responder);
        if self.attempts.len() >= self.options.limits.half_open && !self.attempts.contains_key(&key) {
            self.counts.reached(LimitName::HalfOpen);
            return;
        }
        let attempt = self.attempts.entry(key).or_insert_with(|| ControlAttempt {
            client: connection.originator.ip,
            server: connection.responder,
            unanswered: 0,
            refused: 0,
            first: connection.first.time,
            last: connection.last.time,
            frames: Vec::new(),
        });
        match connection.refused {
            Some(_) => attempt.refused = attempt.refused.saturating_add(1),
            None => attempt.unanswered = attempt.unanswered.saturating_add(1),
        }
        attempt.last = attempt.last.max(connection.last.time);
        let room = ATTEMPT_FRAMES.saturating_sub(attempt.frames.len());
        attempt.frames.extend(
            connection.syn_frames.iter().copied().chain(connection.refused.map(|packet| packet.frame)).take(room),
        );
    }

    fn control_ended(&mut self, slot: SessionSlot, connection: &Connection, ending: Ending) {
        let Self { sessions, options, counts, occurrences, .. } = self;
        let Some(Some(live)) = sessions.get_mut(position(slot)) else { return };
        live.last = connection.last;
        occurrences.clear();
        live.control.finish(connection.last, options, counts, occurrences);
        for occurrence in std::mem::take(&mut self.occurrences) {
            self.act(slot, occurrence, connection.last);
        }
        let state = match (connection.end_state, ending) {
            (EndState::Open, Ending::Idle | Ending::Evicted) => EndState::Idle,
            (state, _) => state,
        };
        let by = connection.first_close.and_then(|close| match close {
            FirstClose::Originator => Some(Side::Originator),
            FirstClose::Responder => Some(Side::Responder),
            FirstClose::Both => None,
        });
        let Some(live) = self.live(slot) else { return };
        live.ended = Some(Ended { state, by });
        if live.control.is_confirmed() {
            self.close_if_over(slot);
        } else {
            if connection.established.is_some() && self.options.is_control_port(connection.responder.port) {
                self.silent = self.silent.saturating_add(1);
            }
            self.drop_session(slot);
        }
    }

    fn data_ended(&mut self, id: ConnectionId, mut data: Box<DataFlow>, connection: &Connection) {
        let described = data.describe(connection, Some(&mut *self.hashing));
        if let Some((slot, index)) = data.stranger_of {
            if let Some(channel) = self.live(slot).and_then(|live| live.channel_mut(index)) {
                if channel.rejected.len() < ATTEMPT_FRAMES {
                    channel.rejected.push(described);
                }
            }
            return;
        }
        let listing: Option<Box<[u8]>> = data.listing().map(Into::into);
        for &(slot, index) in &data.owners {
            let Some(live) = self.live(slot) else { continue };
            live.open_flows = live.open_flows.saturating_sub(1);
            let Some(channel) = live.channel_mut(index) else { continue };
            if !matches!(channel.link, Link::Open(open) if open == id) {
                continue;
            }
            channel.link = Link::Ended(Box::new(described.clone()));
            channel.listing.clone_from(&listing);
            let usage = channel.usage;
            if let Some(one) = usage.and_then(|usage| self.history.get_mut(usage)) {
                one.last = described.end;
                one.made = described.established.is_some();
                one.time_wait_from = described.closed.filter(|_| described.end_state == EndState::Fin);
            }
        }
        for (slot, _) in data.owners {
            self.close_if_over(slot);
        }
    }

    fn close_if_over(&mut self, slot: SessionSlot) {
        let over = self.live(slot).is_some_and(|live| live.ended.is_some() && live.open_flows == 0);
        if over && !self.finishing {
            self.close(slot);
        }
    }

    /// The session is over: it leaves the tracker.
    fn close(&mut self, slot: SessionSlot) {
        let Some(live) = self.live(slot) else { return };
        if live.control.is_confirmed() {
            self.infer(slot);
            let Self { sessions, history, options, .. } = self;
            if let Some(Some(live)) = sessions.get(position(slot)) {
                let session = assemble::session(live, history, options, &mut |_| None);
                self.done.push(session);
            }
        }
        self.drop_session(slot);
    }

    fn drop_session(&mut self, slot: SessionSlot) {
        let Some(live) = self.sessions.get_mut(position(slot)).and_then(Option::take) else { return };
        self.free_slots.push(slot);
        self.expectations.forget(slot);
        let (client, server) = (live.client(), live.server());
        if self.by_client.get(&client) == Some(&slot) {
            self.by_client.remove(&client);
        }
        let key = pair_key(client.ip, server.ip);
        let Some(pair) = self.pairs.get_mut(&key) else { return };
        pair.sessions.retain(|&one| one != slot);
        if pair.sessions.is_empty() {
            for id in self.pairs.remove(&key).map(|pair| pair.candidates).unwrap_or_default() {
                let nobodys = self.data_flow(id).is_some_and(|data| data.owners.is_empty());
                if nobodys {
                    self.remove_flow(id);
                    self.let_go.push(id);
                }
            }
        }
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

    fn control_data(&mut self, id: ConnectionId, slot: SessionSlot, connection: &Connection, chunk: Chunk<'_>) {
        let Self { sessions, options, counts, occurrences, .. } = self;
        let Some(Some(live)) = sessions.get_mut(position(slot)) else { return };
        live.last = connection.last;
        occurrences.clear();
        live.control.data(connection, chunk, options, counts, occurrences);
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
        self.place(id, connection)
    }

    fn probed(&mut self, id: ConnectionId, connection: &Connection, _side: Side, bytes: &[u8]) -> Interest {
        if may_be_control(bytes) {
            self.set_flow(id, connection, Role::Suspect);
            Interest::Follow
        } else {
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
            Role::Suspect => match self.start_session(id, connection) {
                Some(slot) => self.control_data(id, slot, connection, chunk),
                None => {
                    self.remove_flow(id);
                    self.let_go.push(id);
                }
            },
            Role::Data(data) => {
                let nobodys = data.owners.is_empty() && data.stranger_of.is_none();
                if nobodys && !data.has_payload() && greets(&chunk) {
                    flow.role = Role::Suspect;
                    self.data(id, connection, chunk);
                    return;
                }
                data.data(&chunk, &mut **hashing, options);
                if let Some((slot, index)) = data.stranger_of.take() {
                    self.promote(id, slot, index);
                }
            }
        }
    }

    fn gap(&mut self, id: ConnectionId, _connection: &Connection, gap: Gap) {
        let Self { flows, sessions, options, occurrences, .. } = self;
        let Some(Some(flow)) = flows.get_mut(flow_position(id)) else { return };
        match &mut flow.role {
            Role::Control(slot) => {
                let slot = *slot;
                if let Some(Some(live)) = sessions.get_mut(position(slot)) {
                    occurrences.clear();
                    live.control.gap(gap, options, occurrences);
                    self.react(id, slot, gap.packet);
                }
            }
            Role::Data(data) => data.gap(gap.side, gap.len, options),
            Role::Suspect => {}
        }
    }

    fn changed(&mut self, _id: ConnectionId, _connection: &Connection) {}

    fn ended(&mut self, id: ConnectionId, connection: &Connection, ending: Ending) {
        match self.remove_flow(id).map(|flow| flow.role) {
            Some(Role::Control(slot)) => self.control_ended(slot, connection, ending),
            Some(Role::Data(data)) => self.data_ended(id, data, connection),
            Some(Role::Suspect) => self.suspect_ended(connection),
            None => {}
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

impl Tracker {
    /// A stranger's connection carries something: it becomes a further channel of the negotiation.
    fn promote(&mut self, id: ConnectionId, slot: SessionSlot, index: u32) {
        let Some(first) = self.flow(id).map(|flow| flow.first) else { return };
        let Some(live) = self.live(slot) else { return };
        let Some(further) = live.channel(index).map(|channel| channel.further(first)) else { return };
        if let Some(target) = self.add_channel(slot, further) {
            self.attach(id, slot, target, MatchedBy::Translated, None);
        }
    }
}
