//! Which connection belongs to which channel.

use super::{CANDIDATES, CAPTURED_EARLY, Tracker, flow_position};
use crate::base::{Endpoint, Timestamp};
use crate::ftp::Verb;
use crate::report::{MatchedBy, Mode, Negotiation, ReuseKind, Uid};
use crate::session::active::{Channel, Link};
use crate::session::expectation::{Expectation, Fit};
use crate::session::flow::{ConnectionAttempt, Role};
use crate::session::history::{EndpointUse, EndpointUseId};
use crate::session::sessions::{HostPair, SessionId};
use crate::tcp::ConnectionId;

impl Tracker {
    /// Links a connection to the negotiation that it fits best, and to the partner's in an FXP transfer.
    pub(super) fn link_to_expectations(
        &mut self,
        id: ConnectionId,
        originator: Endpoint,
        responder: Endpoint,
    ) {
        if let Some((best, fit)) = self.expectations.best(originator, responder) {
            let best = best.clone();
            self.link_to_best(id, &best, fit, originator, responder);
        }
    }

    /// Links a connection to the negotiation that it was found to fit best.
    pub(super) fn link_to_best(
        &mut self,
        id: ConnectionId,
        best: &Expectation,
        fit: Fit,
        originator: Endpoint,
        responder: Endpoint,
    ) {
        let Some(partner) = self.partner(best, fit, originator, responder) else {
            let matched_by = match fit {
                Fit::Exact => MatchedBy::Endpoint,
                Fit::ListenerTranslated | Fit::ConnectorDiffers => MatchedBy::Translated,
            };
            self.link(id, best, fit, matched_by, None);
            return;
        };
        let (best_uid, partner_uid) = (self.uid_of(best.session), self.uid_of(partner.session));
        self.link(id, best, fit, MatchedBy::Endpoint, partner_uid);
        self.link(id, &partner, fit, MatchedBy::ThirdParty, best_uid);
    }

    /// The other session's negotiation in a server-to-server transfer: it is passive, names the same listening endpoint,
    /// and its own peer is not the one that connects.
    pub(super) fn partner(
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

    /// Links a connection to a negotiation's channel, or to a further one where that has its connection.
    pub(super) fn link(
        &mut self,
        id: ConnectionId,
        expectation: &Expectation,
        fit: Fit,
        matched_by: MatchedBy,
        peer_session: Option<Uid>,
    ) {
        let (session_id, index) = (expectation.session, expectation.channel);
        let Some(channel) = self.sessions.get(session_id).and_then(|session| session.channel(index)) else {
            return;
        };
        let is_free = !channel.is_linked();
        let target = match channel.link.open() {
            _ if is_free => index,
            Some(holder) if self.yields_to(holder, session_id, index, fit) => {
                self.demote(holder, session_id, index);
                index
            }
            _ => {
                // An endpoint that has its connection: another one counts only once it comes to something.
                if let Some(data) = self.data_flow(id) {
                    data.visits = Some(ConnectionAttempt {
                        session: session_id,
                        channel: index,
                        matched_by,
                        peer_session,
                    });
                }
                return;
            }
        };
        if let Some(session) = self.sessions.get(session_id) {
            self.expectations.meet(&session.expected, index);
        }
        self.attach(id, session_id, target, matched_by, peer_session);
    }

    /// Whether the connection that holds a channel is a stranger's that has carried nothing, and must make way.
    #[cold]
    pub(super) fn yields_to(
        &mut self,
        holder: ConnectionId,
        session_id: SessionId,
        index: u32,
        fit: Fit,
    ) -> bool {
        let translated = self
            .sessions
            .get(session_id)
            .and_then(|session| session.channel(index))
            .is_some_and(|channel| channel.matched_by == Some(MatchedBy::Translated));
        let idle = self.data_flow(holder).is_some_and(|data| !data.has_payload());
        fit == Fit::Exact && translated && idle
    }

    #[cold]
    pub(super) fn demote(&mut self, holder: ConnectionId, session_id: SessionId, index: u32) {
        if let Some(data) = self.data_flow(holder) {
            data.owners.clear();
            let matched_by = MatchedBy::Translated;
            data.visits = Some(ConnectionAttempt {
                session: session_id,
                channel: index,
                matched_by,
                peer_session: None,
            });
        }
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.open_flows = session.open_flows.saturating_sub(1);
        }
    }

    /// Makes a channel for a connection that no negotiation announced.
    #[cold]
    pub(super) fn link_new_channel(
        &mut self,
        session_id: SessionId,
        id: ConnectionId,
        mode: Option<Mode>,
        matched_by: MatchedBy,
    ) {
        let Some(flow) = self.flow(id) else { return };
        let (first, originator) = (flow.first, flow.originator);
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let active = originator.ip == session.server().ip && session.server().ip != session.client().ip;
        let channel = Channel::new(mode, mode.map_or(active, Mode::is_active), first);
        if let Some(index) = self.add_channel(session_id, channel) {
            self.attach(id, session_id, index, matched_by, None);
        }
    }

    pub(super) fn attach(
        &mut self,
        id: ConnectionId,
        session_id: SessionId,
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
        data.owners.push((session_id, index));
        data.visits = None;
        let (previous, usage) = match shared {
            // The partner's channel has noted the use already.
            Some((other, other_index)) => {
                let known = self.sessions.get(other).and_then(|session| session.channel(other_index));
                known.map_or((None, None), |channel| (channel.previous, channel.usage))
            }
            None => self.note_use(session_id, index, connector, listener, first.time),
        };
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.open_flows = session.open_flows.saturating_add(1);
        let keep_listing = session.last_transfer == Some(Verb::Mlsd);
        if let Some(channel) = session.channel_mut(index) {
            channel.link = Link::Open(id, first.frame);
            channel.matched_by = Some(matched_by);
            channel.peer_session = peer_session;
            channel.previous = previous;
            channel.usage = usage;
        }
        if let Some(data) = self.data_flow(id) {
            data.keep_listing |= keep_listing;
        }
    }

    pub(super) fn note_use(
        &mut self,
        session_id: SessionId,
        channel: u32,
        connector: Endpoint,
        listener: Endpoint,
        now: Timestamp,
    ) -> (Option<(ReuseKind, EndpointUseId)>, Option<EndpointUseId>) {
        let Some(session) = self.uid_of(session_id) else { return (None, None) };
        let one = EndpointUse {
            session,
            channel,
            connector,
            listener,
            last: now,
            made: false,
            time_wait_from: None,
            before: None,
        };
        let (id, previous) = self.history.add(one, &self.options.limits, &mut self.counts);
        (previous, Some(id))
    }

    /// Looks for the expected connection among those that were captured before the line that announces it.
    pub(super) fn look_back(&mut self, expectation: &Expectation) {
        let at_peer = Endpoint::new(expectation.listener_peer, expectation.listener.port);
        let mut known: Vec<ConnectionId> =
            self.by_listener.get(&expectation.listener).into_iter().flatten().copied().collect();
        if at_peer != expectation.listener {
            known.extend(self.by_listener.get(&at_peer).into_iter().flatten());
        }
        if !known.is_empty() {
            self.look_among(&known, expectation);
        }
    }

    /// Looks for the expected connection among those that were captured before.
    #[cold]
    fn look_among(&mut self, known: &[ConnectionId], expectation: &Expectation) {
        let not_before = expectation.made.time.plus(CAPTURED_EARLY.saturating_neg());
        for &id in known {
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
    pub(super) fn look_for_partner(
        &mut self,
        id: ConnectionId,
        expectation: &Expectation,
        (owner, index): (SessionId, u32),
        originator: Endpoint,
        responder: Endpoint,
    ) {
        let fits = expectation.active && expectation.fit(originator, responder) == Some(Fit::Exact);
        let passive =
            self.sessions.get(owner).and_then(|session| session.channel(index)).is_some_and(|channel| {
                !channel.active
                    && channel.matched_by == Some(MatchedBy::Translated)
                    && channel.peer_session.is_none()
            });
        if !fits || !passive || owner == expectation.session {
            return;
        }
        let (mine, theirs) = (self.uid_of(expectation.session), self.uid_of(owner));
        if let Some(channel) = self.sessions.get_mut(owner).and_then(|session| session.channel_mut(index)) {
            channel.matched_by = Some(MatchedBy::ThirdParty);
            channel.peer_session = mine;
        }
        self.link(id, expectation, Fit::Exact, MatchedBy::Endpoint, theirs);
    }

    /// A transfer completed though its negotiation could not be read: the connection that was opened between the two
    /// hosts since then, and that nobody else owns, was its data connection.
    pub(super) fn infer(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let (client, server) = (session.client(), session.server());
        let newest_command = session.channels.last().and_then(|channel| channel.command);
        let newest = session.channels.iter().enumerate().rev().take(CANDIDATES);
        let mut newest = newest.take_while(|(_, channel)| channel.command == newest_command);
        let unread = newest.find(|(_, channel)| {
            channel.command.is_some()
                && matches!(channel.negotiation, Some(Negotiation::Unanswered | Negotiation::Malformed))
        });
        let Some((index, channel)) = unread else { return };
        if channel.is_linked() {
            return;
        }
        let (made, active) = (channel.made, channel.active);
        let Ok(index) = u32::try_from(index) else { return };
        let connector = if active { server.ip } else { client.ip };
        let hosts = HostPair::between(client.ip, server.ip);
        let mut found = None;
        for &id in self.candidates.get(&hosts).into_iter().flatten() {
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
            self.attach(id, session_id, index, MatchedBy::Inferred, None);
        }
    }

    /// A visitor's connection came to something: it becomes a further channel of the negotiation.
    #[cold]
    pub(super) fn promote(&mut self, id: ConnectionId, visit: ConnectionAttempt) {
        let Some(first) = self.flow(id).map(|flow| flow.first) else { return };
        let Some(session) = self.sessions.get_mut(visit.session) else { return };
        let Some(further) = session.channel(visit.channel).map(|channel| channel.further(first)) else {
            return;
        };
        if let Some(target) = self.add_channel(visit.session, further) {
            self.attach(id, visit.session, target, visit.matched_by, visit.peer_session);
        }
    }
}
