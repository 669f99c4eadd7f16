//! Which connection belongs to which negotiation, and what used its endpoints before.
//!
//! The linker knows what is expected and what was used, and nothing of the sessions and connections
//! themselves: it is given facts and returns decisions, which the tracker carries out.

use smallvec::SmallVec;

use super::active::Link;
use super::expectation::{Expectation, Expectations, Fit, OfSession};
use super::history::{EndpointUse, EndpointUseId, History};
use super::sessions::SessionId;
use crate::base::{Endpoint, LimitCounts, Limits, Timestamp};
use crate::report::{ChannelIndex, MatchedBy, ReuseKind};
use crate::tcp::{ConnectionId, Onset};

/// What is expected, and what was used.
#[derive(Default)]
pub(super) struct Linker {
    expectations: Expectations,
    history: History,
}

/// A connection is the one that a negotiation announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) session: SessionId,
    pub(super) channel: ChannelIndex,
    pub(super) fit: Fit,
    pub(super) matched_by: MatchedBy,
    /// The other session of a server-to-server transfer (FXP).
    pub(super) partner: Option<SessionId>,
}

/// What a connection is found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// The negotiation that it fits best.
    pub(super) best: Match,
    /// That of the other session in a server-to-server transfer.
    pub(super) partner: Option<Match>,
    /// Whether originator and responder are swapped, compared with what the packets suggested.
    pub(super) swapped: bool,
}

/// What becomes of a connection that matches a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It takes the negotiation's channel.
    Take,
    /// It takes the channel from the connection that has it.
    TakeFrom(ConnectionId),
    /// The channel has its connection: another one counts only once it comes to something.
    Wait,
}

impl Linker {
    /// What a new connection is, as far as negotiations say. One whose handshake was missed may have begun at
    /// either end.
    pub(super) fn decide(&self, originator: Endpoint, responder: Endpoint, onset: Onset) -> Option<Decision> {
        self.decide_directed(originator, responder).or_else(|| {
            let reversed = (onset == Onset::MidStream).then(|| self.decide_directed(responder, originator));
            reversed.flatten().map(|decision| Decision { swapped: true, ..decision })
        })
    }

    /// The negotiation that a connection fits best, and the partner's in a server-to-server transfer.
    pub(super) fn decide_directed(&self, connector: Endpoint, listener: Endpoint) -> Option<Decision> {
        let (best, fit) = self.expectations.best(connector, listener)?;
        let partner = self.partner(best, fit, connector, listener);
        let matched_by = match fit {
            Fit::Exact => MatchedBy::Endpoint,
            Fit::ListenerTranslated | Fit::ConnectorDiffers => MatchedBy::Translated,
        };
        Some(Decision {
            best: Match {
                session: best.session,
                channel: best.channel,
                fit,
                matched_by,
                partner: partner.map(|partner| partner.session),
            },
            partner: partner.map(|partner| Match {
                session: partner.session,
                channel: partner.channel,
                fit,
                matched_by: MatchedBy::ThirdParty,
                partner: Some(best.session),
            }),
            swapped: false,
        })
    }

    /// The other session's negotiation in a server-to-server transfer: it is passive, names the same
    /// listening endpoint, and its own peer is not the one that connects.
    fn partner(
        &self,
        best: &Expectation,
        fit: Fit,
        connector: Endpoint,
        listener: Endpoint,
    ) -> Option<&Expectation> {
        if fit != Fit::Exact || !best.active {
            return None;
        }
        self.expectations
            .fitting(connector, listener)
            .filter(|(one, fit)| !one.active && one.session != best.session && *fit == Fit::ConnectorDiffers)
            .min_by_key(|(one, _)| (one.met, one.superseded, std::cmp::Reverse(one.made.frame)))
            .map(|(one, _)| one)
    }

    /// From now on a connection is expected; returns the sessions that lost an expectation for it.
    pub(super) fn expect(
        &mut self,
        of_session: &mut OfSession,
        expectation: Expectation,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) -> SmallVec<[SessionId; 2]> {
        self.expectations.add(of_session, expectation, limits, counts)
    }

    /// The peer refused a negotiation: nothing is expected of it any more.
    pub(super) fn withdraw(&mut self, of_session: &mut OfSession, channel: ChannelIndex) {
        self.expectations.withdraw(of_session, channel);
    }

    /// A newer negotiation of the session is in force now.
    pub(super) fn supersede(&mut self, of_session: &mut OfSession, newest: ChannelIndex) {
        self.expectations.supersede(of_session, newest);
    }

    /// A negotiation has got its connection.
    pub(super) fn meet(&mut self, of_session: &OfSession, channel: ChannelIndex) {
        self.expectations.meet(of_session, channel);
    }

    /// A session is over, and nothing is expected of it any more.
    pub(super) fn forget(&mut self, of_session: OfSession) {
        self.expectations.forget(of_session);
    }

    /// Remembers that a data connection uses its endpoints from now on; finds what used them before.
    pub(super) fn note_use(
        &mut self,
        one: EndpointUse,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) -> (EndpointUseId, Option<(ReuseKind, EndpointUseId)>) {
        self.history.add(one, limits, counts)
    }

    /// A data connection has ended: until when it used its endpoints, and what it left behind.
    pub(super) fn end_use(
        &mut self,
        id: EndpointUseId,
        last: Timestamp,
        made: bool,
        time_wait_from: Option<Timestamp>,
    ) {
        if let Some(one) = self.history.get_mut(id) {
            one.last = last;
            one.made = made;
            one.time_wait_from = time_wait_from;
        }
    }

    /// The other session's negotiation where one session's PORT names the endpoint that another's server
    /// announced: the two servers exchange data, though none of it may be captured.
    pub(super) fn announced_partner(
        &self,
        session: SessionId,
        server: Endpoint,
        listener: Endpoint,
    ) -> Option<(SessionId, ChannelIndex)> {
        self.expectations
            .fitting(server, listener)
            .filter(|(one, _)| !one.active && one.session != session && !one.met && !one.superseded)
            .max_by_key(|(one, _)| one.made.frame)
            .map(|(one, _)| (one.session, one.channel))
    }

    /// The latest use of a pair of endpoints.
    pub(super) fn latest_use(&self, connector: Endpoint, listener: Endpoint) -> Option<EndpointUseId> {
        self.history.of_pair(connector, listener)
    }

    /// All uses that are remembered.
    pub(super) const fn history(&self) -> &History {
        &self.history
    }
}

/// What becomes of a connection that fits a negotiation so well, where the negotiation's channel may have
/// one. The one that it has must make way where it is a stranger's that has carried nothing, and the new one
/// is as predicted.
pub(super) fn admit(fit: Fit, link: &Link, is_idle: impl FnOnce(ConnectionId) -> bool) -> Admission {
    match *link {
        Link::None => Admission::Take,
        Link::Open(holder, _, MatchedBy::Translated) if fit == Fit::Exact && is_idle(holder) => {
            Admission::TakeFrom(holder)
        }
        Link::Open(..) | Link::Ended(..) => Admission::Wait,
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;
    use crate::base::{FrameNumber, PacketRef};

    const CLIENT: [u8; 4] = [198, 51, 100, 1];
    const SERVER: [u8; 4] = [192, 0, 2, 1];
    const OTHER: [u8; 4] = [192, 0, 2, 9];

    fn endpoint(host: [u8; 4], port: u16) -> Endpoint {
        Endpoint::new(host.into(), port)
    }

    /// Several sessions, each with what is expected of it.
    #[derive(Default)]
    struct Script {
        ids: SlotMap<SessionId, OfSession>,
        linker: Linker,
        frame: FrameNumber,
    }

    impl Script {
        /// A session negotiates: a connection from one host to an endpoint.
        fn negotiates(
            &mut self,
            active: bool,
            connector: [u8; 4],
            listener: Endpoint,
            peer: [u8; 4],
        ) -> SessionId {
            self.frame = self.frame.next();
            let session = self.ids.insert(OfSession::default());
            let expectation = Expectation {
                session,
                channel: ChannelIndex(0),
                listener,
                listener_peer: peer.into(),
                connector: connector.into(),
                active,
                made: PacketRef { frame: self.frame, ..PacketRef::default() },
                superseded: false,
                met: false,
            };
            if let Some(of_session) = self.ids.get_mut(session) {
                let limits = Limits::default();
                self.linker.expect(of_session, expectation, &limits, &mut LimitCounts::default());
            }
            session
        }

        fn decide(&self, from: Endpoint, to: Endpoint) -> Option<(SessionId, MatchedBy, Option<SessionId>)> {
            let best = self.linker.decide(from, to, Onset::Handshake)?.best;
            Some((best.session, best.matched_by, best.partner))
        }
    }

    #[test]
    fn a_connection_is_matched_by_its_listening_endpoint_whoever_connects() {
        let mut script = Script::default();
        let listener = endpoint(SERVER, 1025);
        let session = script.negotiates(false, CLIENT, listener, SERVER);
        let by = |from| script.decide(endpoint(from, 40_000), listener);
        assert_eq!(by(CLIENT), Some((session, MatchedBy::Endpoint, None)));
        assert_eq!(by(OTHER), Some((session, MatchedBy::Translated, None)));
        assert_eq!(script.decide(endpoint(CLIENT, 40_000), endpoint(SERVER, 1026)), None);
    }

    #[test]
    fn a_port_at_the_control_peer_stands_for_an_advertised_address_that_cannot_be_reached() {
        let mut script = Script::default();
        let session = script.negotiates(false, CLIENT, endpoint([10, 0, 0, 1], 1025), SERVER);
        let found = script.decide(endpoint(CLIENT, 40_000), endpoint(SERVER, 1025));
        assert_eq!(found, Some((session, MatchedBy::Translated, None)));
    }

    #[test]
    fn a_connection_between_two_servers_belongs_to_both_of_their_sessions() {
        let mut script = Script::default();
        let listener = endpoint(SERVER, 1025);
        let passive = script.negotiates(false, CLIENT, listener, SERVER);
        let active = script.negotiates(true, OTHER, listener, CLIENT);
        let decision = script.linker.decide(endpoint(OTHER, 20), listener, Onset::Handshake);
        let found = decision.map(|decision| (decision.best, decision.partner));
        let [best, partner] =
            [(active, MatchedBy::Endpoint, passive), (passive, MatchedBy::ThirdParty, active)].map(
                |(session, matched_by, partner)| Match {
                    session,
                    channel: ChannelIndex(0),
                    fit: Fit::Exact,
                    matched_by,
                    partner: Some(partner),
                },
            );
        assert_eq!(found, Some((best, Some(partner))));
    }

    #[test]
    fn a_connection_may_be_the_other_way_round_only_where_its_handshake_was_missed() {
        let mut script = Script::default();
        let (client, listener) = (endpoint(CLIENT, 40_000), endpoint(SERVER, 1025));
        script.negotiates(false, CLIENT, listener, SERVER);
        let swapped = |onset| script.linker.decide(listener, client, onset).map(|decision| decision.swapped);
        assert_eq!(swapped(Onset::Handshake), None);
        assert_eq!(swapped(Onset::MidStream), Some(true));
        let direct = script.linker.decide(client, listener, Onset::MidStream);
        assert_eq!(direct.map(|decision| decision.swapped), Some(false));
    }

    #[test]
    fn nothing_is_expected_of_a_session_that_is_over() {
        let mut script = Script::default();
        let listener = endpoint(SERVER, 1025);
        let session = script.negotiates(false, CLIENT, listener, SERVER);
        if let Some(of_session) = script.ids.remove(session) {
            script.linker.forget(of_session);
        }
        assert_eq!(script.decide(endpoint(CLIENT, 40_000), listener), None);
    }

    #[test]
    fn a_channel_is_taken_from_an_idle_stranger_by_the_predicted_peer_and_by_nobody_else() {
        let holder = ConnectionId::new(7, 1);
        let open = |matched_by| Link::Open(holder, FrameNumber(1), matched_by);
        let stranger = MatchedBy::Translated;
        assert_eq!(admit(Fit::ConnectorDiffers, &Link::None, |_| true), Admission::Take);
        assert_eq!(admit(Fit::Exact, &open(stranger), |id| id == holder), Admission::TakeFrom(holder));
        for (fit, matched_by, is_idle) in [
            (Fit::ConnectorDiffers, stranger, true),
            (Fit::Exact, MatchedBy::Endpoint, true),
            (Fit::Exact, stranger, false),
        ] {
            assert_eq!(admit(fit, &open(matched_by), |_| is_idle), Admission::Wait);
        }
    }
}
