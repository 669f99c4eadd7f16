//! Expectations: the data connections that negotiations announce, and how a connection is recognized as one
//! of them.
//!
//! The listening endpoint decides, never the connector's port. A connection may be captured before the line
//! that announces it (two taps, reordering), so the tracker asks in both directions: a new connection looks
//! for its expectation here, and a new expectation looks among the connections that nobody has claimed.
//!
//! An expectation is never removed because it was met: a second connection on the same negotiation belongs to
//! it too. It goes when its session goes, when the peer refuses the negotiation, or when newer ones of the
//! same session or to the same endpoint push it out.
//!
//! How well a connection fits ([`Fit`]) decides between several:
//!
//! 1. both addresses and the listening port as predicted;
//! 2. the listening port at the *control peer's* address although another was advertised: NAT translated it,
//!    or the client knew better (only where the negotiation is still in force);
//! 3. the listening endpoint as predicted, but another host connects: translated, a partner server, or a
//!    stranger.
//!
//! Among equals, one that announces its own host wins over one that names another: otherwise a reply that
//! names another server's endpoint would be given that server's connections. Then the one still waiting wins,
//! then the one in force, then the newest.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use slotmap::SlotMap;
use smallvec::SmallVec;

use super::sessions::SessionId;
#[cfg(feature = "store")]
use crate::base::encode;
use crate::base::{Endpoint, KeyedMap, LimitCounts, LimitName, Limits, PacketRef, cost};
use crate::report::ChannelIndex;

/// Expectations kept of one session: the last few negotiations are the ones that can still be answered.
const PER_SESSION: usize = 64;

/// Expectations kept for one listening endpoint, over all sessions.
const PER_ENDPOINT: usize = 1024;

/// One data connection that a negotiation announced.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    pub(super) session: SessionId,
    pub(super) channel: ChannelIndex,
    pub(super) listener: Endpoint,
    /// The control peer on the listener's side: where the connection goes if the advertised address is not to
    /// be reached.
    pub(super) listener_peer: IpAddr,
    pub(super) connector: IpAddr,
    pub(super) active: bool,
    pub(super) made: PacketRef,
    /// A newer negotiation of the session was accepted.
    pub(super) superseded: bool,
    /// A connection was found.
    pub(super) met: bool,
}

// Itself, with the number of its place; in the lists of up to two endpoints, each of which may be twice as
// long and in a table of its own; and in the order of all, where half may have gone. Its session's list is
// paid for with the channels.
const _: () = assert!(
    2 * (size_of::<Expectation>() + size_of::<ExpectationId>())
        + 2 * (2 * size_of::<ExpectationId>()
            + cost::in_hash_table(size_of::<(Endpoint, SmallVec<[ExpectationId; 2]>)>()))
        + 2 * 2 * size_of::<ExpectationId>()
        + 3 * cost::ALLOCATION
        <= cost::EXPECTATION
);

/// How well a connection fits an expectation; the smaller the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// As predicted.
    Exact,
    /// The listening port, at the control peer's address.
    ListenerTranslated,
    /// The listening endpoint, from another host.
    ConnectorDiffers,
}

impl Expectation {
    /// Where its connection may go: to the listening endpoint, or to that port of the control peer.
    fn ends(&self) -> impl Iterator<Item = Endpoint> + use<> {
        let at_peer = Endpoint::new(self.listener_peer, self.listener.port);
        [Some(self.listener), Some(at_peer).filter(|&end| end != self.listener)].into_iter().flatten()
    }

    /// How the connection from `originator` to `responder` fits.
    pub(super) fn fit(&self, originator: Endpoint, responder: Endpoint) -> Option<Fit> {
        if responder.port != self.listener.port {
            return None;
        }
        if responder.ip == self.listener.ip {
            return Some(if originator.ip == self.connector { Fit::Exact } else { Fit::ConnectorDiffers });
        }
        let in_force = !self.superseded && !self.met;
        (in_force && responder.ip == self.listener_peer && originator.ip == self.connector)
            .then_some(Fit::ListenerTranslated)
    }
}

slotmap::new_key_type! {
    /// The number of an expectation; one that takes the place of another has a number of its own.
    struct ExpectationId;
}

#[cfg(feature = "store")]
encode::key!(ExpectationId);

/// All expectations, by where their connections may go.
#[derive(Default)]
pub(super) struct Expectations {
    all: SlotMap<ExpectationId, Expectation>,
    by_endpoint: KeyedMap<Endpoint, SmallVec<[ExpectationId; 2]>>,
    /// All of them in the order in which they came, among them such as have gone since.
    in_order: VecDeque<ExpectationId>,
}

/// The expectations of one session, the last few of them; some may have gone since.
#[derive(Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct OfSession(VecDeque<KnownExpectation>);

/// An expectation as its session knows it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct KnownExpectation {
    id: ExpectationId,
    channel: ChannelIndex,
    /// Whether it was marked as superseded: once is enough.
    superseded: bool,
}

/// What a session takes to know of one.
pub(super) const KNOWN: usize = size_of::<KnownExpectation>();

impl Expectations {
    /// Adds one; the session's older ones are superseded by it only once [`Self::supersede`] says so. Returns
    /// the sessions that lost one for it which was not met.
    pub(super) fn add(
        &mut self,
        of_session: &mut OfSession,
        expectation: Expectation,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) -> SmallVec<[SessionId; 2]> {
        let mut deprived = SmallVec::new();
        let (channel, ends) = (expectation.channel, expectation.ends());
        let id = self.all.insert(expectation);
        of_session.0.push_back(KnownExpectation { id, channel, superseded: false });
        let pushed_out = if of_session.0.len() > PER_SESSION { of_session.0.pop_front() } else { None };
        if let Some(old) = pushed_out {
            self.remove(old.id);
        }
        for end in ends {
            let of_endpoint = self.by_endpoint.entry(end).or_default();
            let oldest = if of_endpoint.len() >= PER_ENDPOINT { of_endpoint.first().copied() } else { None };
            of_endpoint.push(id);
            if let Some(oldest) = oldest {
                deprived.extend(self.push_out(oldest, counts));
            }
        }
        self.in_order.push_back(id);
        while self.all.len() > limits.expectations.max(1) {
            // The session with the most of them has most of the oldest.
            let Some(oldest) = self.in_order.pop_front() else { break };
            deprived.extend(self.push_out(oldest, counts));
        }
        if self.in_order.len() > self.all.len().saturating_mul(2).saturating_add(PER_ENDPOINT) {
            self.sweep();
        }
        deprived
    }

    /// Takes those that have gone out of the order of all.
    #[cold]
    fn sweep(&mut self) {
        let Self { in_order, all, .. } = self;
        in_order.retain(|&id| all.contains_key(id));
    }

    /// Gives one up because of a limit, if it is still there; returns the session that lost by it.
    #[cold]
    fn push_out(&mut self, oldest: ExpectationId, counts: &mut LimitCounts) -> Option<SessionId> {
        let gone = self.remove(oldest)?;
        counts.reached(LimitName::Expectations);
        (!gone.met).then_some(gone.session)
    }

    /// Takes one out, and out of the lists of its endpoints, if it was still there.
    fn remove(&mut self, id: ExpectationId) -> Option<Expectation> {
        let gone = self.all.remove(id)?;
        for end in gone.ends() {
            let Entry::Occupied(mut of_endpoint) = self.by_endpoint.entry(end) else { continue };
            of_endpoint.get_mut().retain(|one| *one != id);
            if of_endpoint.get().is_empty() {
                of_endpoint.remove();
            }
        }
        Some(gone)
    }

    /// The peer refused: the announcement is void.
    pub(super) fn withdraw(&mut self, of_session: &mut OfSession, channel: ChannelIndex) {
        of_session.0.retain(|known| {
            let is_void = known.channel == channel;
            if is_void {
                self.remove(known.id);
            }
            !is_void
        });
    }

    /// A newer negotiation of the session is in force now.
    pub(super) fn supersede(&mut self, of_session: &mut OfSession, newest: ChannelIndex) {
        for known in of_session.0.iter_mut().filter(|known| known.channel != newest && !known.superseded) {
            known.superseded = true;
            if let Some(one) = self.all.get_mut(known.id) {
                one.superseded = true;
            }
        }
    }

    /// A connection was found for it.
    pub(super) fn meet(&mut self, of_session: &OfSession, channel: ChannelIndex) {
        for known in of_session.0.iter().filter(|known| known.channel == channel) {
            if let Some(one) = self.all.get_mut(known.id) {
                one.met = true;
            }
        }
    }

    /// The session is gone, and its expectations with it.
    pub(super) fn forget(&mut self, of_session: OfSession) {
        for known in of_session.0 {
            self.remove(known.id);
        }
    }

    /// The expectation that fits a connection best.
    pub(super) fn best(&self, originator: Endpoint, responder: Endpoint) -> Option<(&Expectation, Fit)> {
        self.fitting(originator, responder).min_by_key(|(one, fit)| {
            let is_others = one.listener.ip != one.listener_peer;
            (*fit, is_others, one.met, one.superseded, std::cmp::Reverse((one.made.time, one.made.frame)))
        })
    }

    /// All expectations that a connection fits.
    pub(super) fn fitting(
        &self,
        originator: Endpoint,
        responder: Endpoint,
    ) -> impl Iterator<Item = (&Expectation, Fit)> {
        let of_endpoint = self.by_endpoint.get(&responder).into_iter().flatten();
        of_endpoint.filter_map(move |&id| {
            let one = self.all.get(id)?;
            Some((one, one.fit(originator, responder)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(session: SessionId, channel: ChannelIndex, port: u16) -> Expectation {
        let (listener, connector) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([198, 51, 100, 1]));
        Expectation {
            session,
            channel,
            listener: Endpoint::new(listener, port),
            listener_peer: listener,
            connector,
            active: false,
            made: PacketRef::default(),
            superseded: false,
            met: false,
        }
    }

    #[test]
    fn what_a_session_says_of_one_that_was_pushed_out_does_not_reach_the_one_in_its_place() {
        let limits = Limits { expectations: 1, ..Limits::default() };
        let (mut all, mut counts) = (Expectations::default(), LimitCounts::default());
        let mut ids = SlotMap::<SessionId, ()>::with_key();
        let (one, other) = (ids.insert(()), ids.insert(()));
        let (mut early, mut late) = (OfSession::default(), OfSession::default());
        all.add(&mut early, expectation(one, ChannelIndex(0), 1025), &limits, &mut counts);
        all.add(&mut late, expectation(other, ChannelIndex(0), 1026), &limits, &mut counts);
        all.add(&mut late, expectation(other, ChannelIndex(1), 1027), &limits, &mut counts);
        all.meet(&early, ChannelIndex(0));
        all.supersede(&mut early, ChannelIndex(7));
        all.withdraw(&mut early, ChannelIndex(0));
        all.forget(early);
        let found = |port| {
            let from = Endpoint::new([198, 51, 100, 1].into(), 40_000);
            all.best(from, Endpoint::new([192, 0, 2, 1].into(), port))
                .map(|(one, _)| (one.met, one.superseded))
        };
        assert_eq!([1025, 1026, 1027].map(found), [None, None, Some((false, false))]);
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 2);
    }
}
