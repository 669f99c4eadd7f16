//! Expectations: the data connections that negotiations announce, and how a connection is told to be one of them.
//!
//! The listening endpoint decides, never the connector's port. A connection may be captured before the line that
//! announces it (two taps, reordering), so the tracker asks in both directions: a new connection looks for its
//! expectation here, and a new expectation looks among the connections that nobody has claimed.
//!
//! An expectation is never removed because it was met: a second connection on the same negotiation belongs to it too.
//! It goes when its session goes, when the peer refuses the negotiation, or when newer ones of the same session or to
//! the same endpoint push it out.
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

use smallvec::SmallVec;

use crate::base::{Endpoint, KeyedMap, LimitCounts, LimitName, Limits, NumberMap, PacketRef, cost};

/// Expectations kept of one session: the last few negotiations are the ones that can still be answered.
const PER_SESSION: usize = 64;

/// Expectations kept for one listening endpoint, over all sessions.
const PER_ENDPOINT: usize = 1024;

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

// Itself, in a table; in the lists of up to two endpoints, each of which may be twice as long and in a table of its own; in
// its session's, likewise; and in the order of all, where half may have gone.
const _: () = assert!(
    cost::in_hash_table(size_of::<(Serial, Expectation)>())
        + 2 * (2 * size_of::<Serial>() + cost::in_hash_table(size_of::<(Endpoint, SmallVec<[Serial; 2]>)>()))
        + 2 * size_of::<Known>()
        + cost::in_hash_table(size_of::<(SessionSlot, VecDeque<Known>)>())
        + 2 * 2 * size_of::<Serial>()
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

/// The number of an expectation, in the order in which they came.
type Serial = u64;

/// All expectations, by where their connections may go.
#[derive(Default)]
pub(super) struct Expectations {
    all: NumberMap<Serial, Expectation>,
    by_endpoint: KeyedMap<Endpoint, SmallVec<[Serial; 2]>>,
    by_session: NumberMap<SessionSlot, VecDeque<Known>>,
    /// All of them in the order in which they came, among them such as have gone since.
    in_order: VecDeque<Serial>,
    /// The number of the next one.
    serial: Serial,
}

/// An expectation as its session knows it.
#[derive(Clone, Copy, Debug)]
struct Known {
    serial: Serial,
    channel: u32,
    /// Whether it was marked as superseded: once is enough.
    superseded: bool,
}

impl Expectations {
    /// Adds one; the session's older ones are superseded by it only once [`Self::supersede`] says so.
    pub(super) fn add(&mut self, expectation: Expectation, limits: &Limits, counts: &mut LimitCounts) {
        let serial = self.serial;
        self.serial = serial.wrapping_add(1);
        let of_session = self.by_session.entry(expectation.session).or_default();
        of_session.push_back(Known { serial, channel: expectation.channel, superseded: false });
        let pushed_out = if of_session.len() > PER_SESSION { of_session.pop_front() } else { None };
        if let Some(old) = pushed_out {
            self.remove(old.serial);
        }
        for end in expectation.ends() {
            let of_endpoint = self.by_endpoint.entry(end).or_default();
            let oldest = if of_endpoint.len() >= PER_ENDPOINT { of_endpoint.first().copied() } else { None };
            of_endpoint.push(serial);
            if let Some(oldest) = oldest {
                self.push_out(oldest, counts);
            }
        }
        while self.all.len() >= limits.expectations.max(1) {
            // Whoever has the most of them has most of the oldest.
            let Some(oldest) = self.in_order.pop_front() else { break };
            self.push_out(oldest, counts);
        }
        self.in_order.push_back(serial);
        self.all.insert(serial, expectation);
        if self.in_order.len() > self.all.len().saturating_mul(2).saturating_add(PER_ENDPOINT) {
            self.sweep();
        }
    }

    /// Takes those that have gone out of the order of all.
    #[cold]
    fn sweep(&mut self) {
        let Self { in_order, all, .. } = self;
        in_order.retain(|serial| all.contains_key(serial));
    }

    /// Gives one up because of a limit, if it is still there.
    #[cold]
    fn push_out(&mut self, oldest: Serial, counts: &mut LimitCounts) {
        if let Some(gone) = self.remove(oldest) {
            counts.reached(LimitName::Expectations);
            self.forget_known(gone.session, gone.channel);
        }
    }

    /// Takes one out of the table, and out of the lists of its endpoints.
    fn remove(&mut self, serial: Serial) -> Option<Expectation> {
        let gone = self.all.remove(&serial)?;
        for end in gone.ends() {
            let Some(of_endpoint) = self.by_endpoint.get_mut(&end) else { continue };
            if let Some(place) = of_endpoint.iter().position(|&one| one == serial) {
                of_endpoint.remove(place);
            }
            if of_endpoint.is_empty() {
                self.by_endpoint.remove(&end);
            }
        }
        Some(gone)
    }

    fn forget_known(&mut self, session: SessionSlot, channel: u32) {
        if let Some(of_session) = self.by_session.get_mut(&session) {
            of_session.retain(|one| one.channel != channel);
        }
    }

    /// The peer refused: the announcement is void.
    pub(super) fn withdraw(&mut self, session: SessionSlot, channel: u32) {
        let known = self.by_session.get(&session).into_iter().flatten();
        let void: Vec<Serial> = known.filter(|one| one.channel == channel).map(|one| one.serial).collect();
        for serial in void {
            self.remove(serial);
        }
        self.forget_known(session, channel);
    }

    /// A newer negotiation of the session is in force now.
    pub(super) fn supersede(&mut self, session: SessionSlot, newest: u32) {
        let of_session = self.by_session.get_mut(&session).into_iter().flatten();
        for known in of_session.filter(|known| known.channel != newest && !known.superseded) {
            known.superseded = true;
            if let Some(one) = self.all.get_mut(&known.serial) {
                one.superseded = true;
            }
        }
    }

    /// A connection was found for it.
    pub(super) fn meet(&mut self, session: SessionSlot, channel: u32) {
        let of_session = self.by_session.get(&session).into_iter().flatten();
        for known in of_session.filter(|known| known.channel == channel) {
            if let Some(one) = self.all.get_mut(&known.serial) {
                one.met = true;
            }
        }
    }

    /// The session is gone, and its expectations with it.
    pub(super) fn forget(&mut self, session: SessionSlot) {
        for known in self.by_session.remove(&session).into_iter().flatten() {
            self.remove(known.serial);
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
        of_endpoint.filter_map(move |serial| {
            let one = self.all.get(serial)?;
            Some((one, one.fit(originator, responder)?))
        })
    }
}
