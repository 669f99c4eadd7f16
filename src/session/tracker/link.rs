//! Which connection belongs to which channel.

use super::Tracker;
use crate::base::{Endpoint, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    Answer, Certainty, ChannelIndex, Command, CommandIndex, Directions, MatchedBy, Origin, ReuseKind, Uid,
};
use crate::session::active::{ActiveSession, Channel, Link};
use crate::session::expectation::{Expectation, Fit};
use crate::session::flow::{ConnectionAttempt, Role};
use crate::session::history::{EndpointUse, EndpointUseId};
use crate::session::linker::{self, Admission, Decision, Match};
use crate::session::sessions::{HostPair, SessionId};
use crate::tcp::ConnectionId;

/// How long before its announcement a connection may have been captured: two taps, clocks that differ.
const CAPTURED_EARLY: TimeDelta = TimeDelta::from_secs(5);

/// Why no negotiation announced a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unannounced {
    /// None was needed: it is between the default ports.
    OnDefaultPorts,
    /// It can't be read, under TLS or in a gap; how sure it is that the connection is the session's.
    OutOfSight(Certainty),
}

/// Further channels of the newest negotiation that are looked through.
const CHANNELS: usize = 256;

impl Tracker {
    /// Links a connection to the negotiation that it was found to fit best, and to the partner's.
    pub(super) fn link_both(&mut self, id: ConnectionId, decision: &Decision) {
        self.link(id, decision.best);
        if let Some(partner) = decision.partner {
            self.link(id, partner);
        }
    }

    /// Links a connection to a negotiation's channel; where that has its connection, it is known as an
    /// attempt from now on.
    fn link(&mut self, id: ConnectionId, found: Match) {
        let (session_id, index) = (found.session, found.channel);
        self.call_back(session_id);
        let Some(channel) = self.sessions.get(session_id).and_then(|session| session.channel(index)) else {
            return;
        };
        let peer_session = found.partner.and_then(|partner| self.uid_of(partner));
        let is_idle = |holder| self.flows.data(holder).is_some_and(|data| !data.has_payload());
        match linker::admit(found.fit, &channel.link, is_idle) {
            Admission::Take => {}
            Admission::TakeFrom(holder) => self.demote(holder, session_id, index),
            Admission::Wait => {
                if let Some(data) = self.flows.data_mut(id) {
                    data.attempt = Some(ConnectionAttempt {
                        session: session_id,
                        channel: index,
                        matched_by: found.matched_by,
                        peer_session,
                    });
                }
                return;
            }
        }
        if let Some(session) = self.sessions.get(session_id) {
            self.linker.meet(&session.expected, index);
        }
        self.attach(id, session_id, index, found.matched_by, peer_session);
    }

    #[cold]
    pub(super) fn demote(&mut self, holder: ConnectionId, session_id: SessionId, index: ChannelIndex) {
        if let Some(data) = self.flows.data_mut(holder) {
            data.owners.clear();
            let matched_by = MatchedBy::Translated;
            data.attempt = Some(ConnectionAttempt {
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
        unannounced: Unannounced,
    ) {
        self.call_back(session_id);
        let Some(flow) = self.flows.get_mut(id) else { return };
        let (first, originator) = (flow.first, flow.originator);
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let active = originator.ip == session.server().ip && session.server().ip != session.client().ip;
        let (origin, matched_by) = match unannounced {
            Unannounced::OnDefaultPorts => (Origin::DefaultPorts, MatchedBy::Default),
            Unannounced::OutOfSight(certainty) => (Origin::Unseen { active, certainty }, MatchedBy::Inferred),
        };
        let channel = Channel::new(origin, first);
        if let Some(index) = self.add_channel(session_id, channel) {
            self.attach(id, session_id, index, matched_by, None);
        }
    }

    pub(super) fn attach(
        &mut self,
        id: ConnectionId,
        session_id: SessionId,
        index: ChannelIndex,
        matched_by: MatchedBy,
        peer_session: Option<Uid>,
    ) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let (originator, responder, first) = (flow.originator, flow.responder, flow.first);
        let Role::Data(data) = &mut flow.role else { return };
        let (connector, listener) =
            if data.swapped { (responder, originator) } else { (originator, responder) };
        let shared = data.owners.first().copied();
        data.owners.push((session_id, index));
        data.attempt = None;
        let (previous, usage) = match shared {
            // The partner's channel has noted the use already.
            Some((other, other_index)) => {
                let known = self.sessions.get(other).and_then(|session| session.channel(other_index));
                known.map_or((None, None), |channel| (channel.previous, channel.usage))
            }
            None => self.note_use(session_id, index, connector, listener, first.time),
        };
        self.stir(session_id);
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.open_flows = session.open_flows.saturating_add(1);
        if let Some(channel) = session.channel_mut(index) {
            channel.link = Link::Open(id, first.frame, matched_by);
            channel.peer_session = peer_session;
            channel.previous = previous;
            channel.usage = usage;
        }
        self.plan_content(session_id, id, index);
    }

    pub(super) fn note_use(
        &mut self,
        session_id: SessionId,
        channel: ChannelIndex,
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
        let (id, previous) = self.linker.note_use(one, &self.options.limits, &mut self.counts);
        (previous, Some(id))
    }

    /// Looks for the expected connection among those that were captured before the line that announces it.
    pub(super) fn look_back(&mut self, expectation: &Expectation) {
        let at_peer = Endpoint::new(expectation.listener_peer, expectation.listener.port);
        let mut known = self.flows.to(expectation.listener).to_vec();
        if at_peer != expectation.listener {
            known.extend_from_slice(self.flows.to(at_peer));
        }
        if !known.is_empty() {
            self.look_among(&known, expectation);
        }
    }

    /// Looks for the expected connection among those that were captured before.
    #[cold]
    fn look_among(&mut self, known: &[ConnectionId], expectation: &Expectation) {
        let not_before = expectation.made.time.minus(CAPTURED_EARLY);
        for &id in known {
            let Some(flow) = self.flows.get_mut(id) else { continue };
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
                if let Some(decision) = self.linker.decide_directed(from, to) {
                    self.link_both(id, &decision);
                }
            }
        }
    }

    /// A connection that a passive negotiation owns may be the one that a PORT to the same endpoint
    /// announces: FXP.
    pub(super) fn look_for_partner(
        &mut self,
        id: ConnectionId,
        expectation: &Expectation,
        (owner, index): (SessionId, ChannelIndex),
        originator: Endpoint,
        responder: Endpoint,
    ) {
        self.call_back(owner);
        let fits = expectation.active && expectation.fit(originator, responder) == Some(Fit::Exact);
        let passive =
            self.sessions.get(owner).and_then(|session| session.channel(index)).is_some_and(|channel| {
                !channel.origin.is_active()
                    && channel.link.matched_by() == Some(MatchedBy::Translated)
                    && channel.peer_session.is_none()
            });
        if !fits || !passive || owner == expectation.session {
            return;
        }
        let mine = self.uid_of(expectation.session);
        if let Some(channel) = self.sessions.get_mut(owner).and_then(|session| session.channel_mut(index)) {
            channel.link.rematch(MatchedBy::ThirdParty);
            channel.peer_session = mine;
        }
        let found = Match {
            session: expectation.session,
            channel: expectation.channel,
            fit: Fit::Exact,
            matched_by: MatchedBy::Endpoint,
            partner: Some(owner),
        };
        self.link(id, found);
    }

    /// A transfer completed though its negotiation could not be read: the connection that was opened between
    /// the two hosts since then, and that nobody else owns, was its data connection.
    pub(super) fn infer(&mut self, session_id: SessionId, command: CommandIndex) {
        let Some(session) = self.sessions.get(session_id) else { return };
        match unread_negotiation(session) {
            Some(unread) => self.infer_unread(session_id, unread),
            None => self.infer_unseen(session_id, command),
        }
    }

    fn infer_unread(
        &mut self,
        session_id: SessionId,
        (index, made, active): (ChannelIndex, Timestamp, bool),
    ) {
        let Some(session) = self.sessions.get(session_id) else { return };
        let (client, server) = (session.client().ip, session.server().ip);
        let connector = if active { server } else { client };
        let hosts = HostPair::between(client, server);
        let is_one_way = session.directions() == Directions::ClientOnly;
        let carried = self.flows.unclaimed_between(hosts, connector, made);
        // Where the server is not captured, nothing of what it sent is, and that the client connected is all
        // there is.
        let opened = || is_one_way.then(|| self.flows.opened_between(hosts, connector, made)).flatten();
        if let Some(id) = carried.or_else(opened) {
            self.attach(id, session_id, index, MatchedBy::Inferred, None);
        }
    }

    /// Only the client's packets of a session are captured, and it goes on: no reply will say that the last
    /// transfer is over.
    #[inline]
    pub(super) fn infer_one_way(&mut self, session_id: SessionId) {
        let session = self.sessions.get(session_id);
        let one_way = session.filter(|session| session.directions() == Directions::ClientOnly);
        if let Some(unread) = one_way.and_then(unread_negotiation) {
            self.infer_unread(session_id, unread);
        }
    }

    /// A transfer has ended of a session that was under way when the capture began, and nothing was
    /// negotiated since: its data connection was under way as well.
    pub(super) fn infer_under_way(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.get(session_id) else { return };
        if session.handshake || !session.channels.is_empty() {
            return;
        }
        let hosts = HostPair::between(session.client().ip, session.server().ip);
        if let Some(id) = self.flows.under_way_between(hosts) {
            self.link_new_channel(session_id, id, Unannounced::OutOfSight(Certainty::Likely));
        }
    }

    /// A transfer completed, and what negotiated its data connection is in a gap of the capture: where just
    /// one connection that nobody else owns was opened between the two hosts since the line before the
    /// transfer's command, and moved bytes the way that the command says, and only this session is between
    /// them, it was that one.
    #[cold]
    fn infer_unseen(&mut self, session_id: SessionId, command: CommandIndex) {
        let Some(session) = self.sessions.get(session_id) else { return };
        let conversation = &session.control.conversation;
        let commands = &conversation.dialogue.commands;
        let Some(said) = command.of(commands).filter(|_| !conversation.gaps.is_empty()) else { return };
        let in_force = session.in_force.and_then(|channel| session.channel(channel));
        let earlier = commands.get(..command.position()).unwrap_or_default();
        let is_spent = |channel: &Channel| {
            let since = earlier.iter().rev().take_while(|one| one.frame > channel.made.frame);
            channel.is_linked() && since.take(LOOKED_BACK).any(|one| one.verb.is_transfer() && has_begun(one))
        };
        let Some(before) = earlier.last() else { return };
        if in_force.is_some_and(|channel| !is_spent(channel)) {
            return;
        }
        let since = before.replies.last().map_or(before.time, |reply| reply.time);
        let (client, server) = (session.client().ip, session.server().ip);
        let sender = if matches!(said.verb, Verb::Stor | Verb::Stou | Verb::Appe) { client } else { server };
        let hosts = HostPair::between(client, server);
        if self.sessions.are_alone_between(hosts)
            && let Some(id) = self.flows.only_unclaimed_between(hosts, sender, since)
        {
            self.link_new_channel(session_id, id, Unannounced::OutOfSight(Certainty::Likely));
        }
    }

    /// An attempt came to something: it becomes a further channel of the negotiation.
    #[cold]
    pub(super) fn promote(&mut self, id: ConnectionId, attempt: ConnectionAttempt) {
        self.call_back(attempt.session);
        let Some(first) = self.flows.get(id).map(|flow| flow.first) else { return };
        let Some(session) = self.sessions.get_mut(attempt.session) else { return };
        let Some(further) = session.channel(attempt.channel).map(|channel| channel.further(first)) else {
            return;
        };
        if let Some(target) = self.add_channel(attempt.session, further) {
            self.attach(id, attempt.session, target, attempt.matched_by, attempt.peer_session);
        }
    }
}

/// Commands between a negotiation and a transfer that are looked at.
const LOOKED_BACK: usize = 64;

/// Whether a transfer's data connection was opened, as the server says.
fn has_begun(transfer: &Command) -> bool {
    transfer.replies.iter().any(|reply| reply.is_preliminary() || reply.is_completion())
}

/// The channel of the newest negotiation if that could not be read and has no connection: since when one may
/// have come, and whether the server connects.
fn unread_negotiation(session: &ActiveSession) -> Option<(ChannelIndex, Timestamp, bool)> {
    let newest_command = session.channels.last()?.origin.command();
    let newest = session.channels.iter().enumerate().rev().take(CHANNELS);
    let mut newest = newest.take_while(|(_, channel)| channel.origin.command() == newest_command);
    let (index, channel) = newest.find(|(_, channel)| {
        channel.origin.negotiated().is_some_and(|negotiated| {
            negotiated.command.is_some()
                && matches!(negotiated.answer, Answer::Unanswered(_) | Answer::Malformed)
        })
    })?;
    let active = channel.origin.is_active();
    (!channel.is_linked()).then_some((ChannelIndex::from_position(index)?, channel.made.time, active))
}
