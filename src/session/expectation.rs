//! Expectations: the data connections that negotiations announce, and how a connection is told to be one of them.
//!
//! The listening endpoint decides, never the connector's port. A connection may be captured before the line that
//! announces it (two taps, reordering), so the tracker asks in both directions: a new connection looks for its
//! expectation here, and a new expectation looks among the connections that nobody has claimed.
//!
//! An expectation is never removed because it was met: a second connection on the same negotiation belongs to it too.
//! It goes when its session goes, when the peer refuses the negotiation, or when newer ones of the same session or the
//! same port push it out.
//!
//! How well a connection fits ([`Fit`]) decides between several:
//!
//! 1. both addresses and the listening port as predicted;
//! 2. the listening port at the *control peer's* address although another was advertised: somebody translated, or the
//!    client knew better (only where the negotiation is still in force);
//! 3. the listening endpoint as predicted, but another host connects: translated, a partner server, or a stranger.
//!
//! Among equals one that announces its own host wins over one that names another: else anybody who sends a reply with a
//! server's endpoint in it would be given that server's connections. Then the one still waiting wins, then the one in
//! force, then the newest.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::base::{Endpoint, LimitCounts, LimitName, Limits, NumberMap, PacketRef, cost};

/// Expectations kept of one session: the last few negotiations are the ones that can still be answered.
const PER_SESSION: usize = 64;

/// Expectations kept for one listening port, over all sessions.
const PER_PORT: usize = 1024;

/// A session under way, by its place in the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SessionSlot(pub(super) u32);

/// One data connection that a negotiation announced.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    pub(super) session: SessionSlot,
    pub(super) channel: u32,
    pub(super) listener: Endpoint,
    /// The control peer on the listener's side: where the connection goes if the advertised address is not to be reached.
    pub(super) listener_peer: IpAddr,
    pub(super) connector: IpAddr,
    pub(super) active: bool,
    pub(super) made: PacketRef,
    /// A newer negotiation of the session was accepted.
    pub(super) superseded: bool,
    /// A connection was found.
    pub(super) met: bool,
}

// In its port's list, which may be twice as long and in a table of its own; and in its session's, likewise; and in the
// order of all, where half may have gone.
const _: () = assert!(
    2 * size_of::<Expectation>()
        + cost::in_hash_table(size_of::<(u16, Vec<Expectation>)>())
        + 2 * size_of::<Known>()
        + cost::in_hash_table(size_of::<(SessionSlot, VecDeque<Known>)>())
        + 2 * 2 * size_of::<(u64, SessionSlot)>()
        + 2 * cost::ALLOCATION
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

/// All expectations, by listening port.
#[derive(Default)]
pub(super) struct Expectations {
    by_port: NumberMap<u16, VecDeque<Expectation>>,
    by_session: NumberMap<SessionSlot, VecDeque<Known>>,
    /// All of them in the order in which they came, among them such as have gone since.
    in_order: VecDeque<(u64, SessionSlot)>,
    /// The number of the next one.
    serial: u64,
    count: usize,
}

/// An expectation as its session knows it.
#[derive(Clone, Copy, Debug)]
struct Known {
    serial: u64,
    port: u16,
    channel: u32,
    /// Whether it was marked as superseded: once is enough.
    superseded: bool,
}

impl Expectations {
    /// Adds one; the session's older ones are superseded by it only once [`Self::supersede`] says so.
    pub(super) fn add(&mut self, expectation: Expectation, limits: &Limits, counts: &mut LimitCounts) {
        let port = expectation.listener.port;
        let of_session = self.by_session.entry(expectation.session).or_default();
        let serial = self.serial;
        self.serial = serial.wrapping_add(1);
        of_session.push_back(Known { serial, port, channel: expectation.channel, superseded: false });
        let pushed_out = if of_session.len() > PER_SESSION { of_session.pop_front() } else { None };
        let session = expectation.session;
        if let Some(old) = pushed_out {
            self.drop_one(session, old.port, old.channel);
        }
        if self.by_port.get(&port).is_some_and(|of_port| of_port.len() >= PER_PORT)
            && let Some(oldest) = self.by_port.get_mut(&port).and_then(VecDeque::pop_front)
        {
            counts.reached(LimitName::Expectations);
            self.count = self.count.saturating_sub(1);
            self.forget_known(oldest.session, oldest.channel);
        }
        while self.count >= limits.expectations.max(1) {
            // Whoever has the most of them has most of the oldest.
            let Some(oldest) = self.in_order.pop_front() else { break };
            if let Some((session, known)) = self.known(oldest)
                && self.drop_one(session, known.port, known.channel)
            {
                counts.reached(LimitName::Expectations);
                self.forget_known(session, known.channel);
            }
        }
        self.in_order.push_back((serial, session));
        self.by_port.entry(port).or_default().push_back(expectation);
        self.count = self.count.saturating_add(1);
        if self.in_order.len() > self.count.saturating_mul(2).saturating_add(PER_PORT) {
            let mut in_order = std::mem::take(&mut self.in_order);
            in_order.retain(|&place| self.known(place).is_some());
            self.in_order = in_order;
        }
    }

    /// What stands at a place in the order, if it has not gone.
    fn known(&self, (serial, session): (u64, SessionSlot)) -> Option<(SessionSlot, Known)> {
        let known = self.by_session.get(&session)?.iter().find(|known| known.serial == serial)?;
        Some((session, *known))
    }

    fn forget_known(&mut self, session: SessionSlot, channel: u32) {
        if let Some(of_session) = self.by_session.get_mut(&session) {
            of_session.retain(|one| one.channel != channel);
        }
    }

    /// Drops one; tells whether it was there.
    fn drop_one(&mut self, session: SessionSlot, port: u16, channel: u32) -> bool {
        let Some(of_port) = self.by_port.get_mut(&port) else { return false };
        let place = of_port.iter().position(|one| one.session == session && one.channel == channel);
        let was_there = place.and_then(|place| of_port.remove(place)).is_some();
        if was_there {
            self.count = self.count.saturating_sub(1);
        }
        if of_port.is_empty() {
            self.by_port.remove(&port);
        }
        was_there
    }

    /// The peer refused: the announcement is void.
    pub(super) fn withdraw(&mut self, session: SessionSlot, port: u16, channel: u32) {
        self.drop_one(session, port, channel);
        self.forget_known(session, channel);
    }

    /// A newer negotiation of the session is in force now.
    pub(super) fn supersede(&mut self, session: SessionSlot, newest: u32) {
        let Self { by_port, by_session, .. } = self;
        let of_session = by_session.get_mut(&session).into_iter().flatten();
        for known in of_session.filter(|known| known.channel != newest && !known.superseded) {
            known.superseded = true;
            for one in by_port.get_mut(&known.port).into_iter().flatten() {
                if one.session == session && one.channel == known.channel {
                    one.superseded = true;
                }
            }
        }
    }

    /// A connection was found for it.
    pub(super) fn meet(&mut self, session: SessionSlot, port: u16, channel: u32) {
        for one in self.by_port.get_mut(&port).into_iter().flatten() {
            if one.session == session && one.channel == channel {
                one.met = true;
            }
        }
    }

    /// The session is gone, and its expectations with it.
    pub(super) fn forget(&mut self, session: SessionSlot) {
        for known in self.by_session.remove(&session).into_iter().flatten() {
            self.drop_one(session, known.port, known.channel);
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
        self.by_port
            .get(&responder.port)
            .into_iter()
            .flatten()
            .filter_map(move |one| Some((one, one.fit(originator, responder)?)))
    }
}
