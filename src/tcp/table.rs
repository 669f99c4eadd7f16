//! All connections: routes segments to them, opens and ends them, bounds them.

mod held;
mod holes;
mod undelivered;

use std::collections::VecDeque;

use holes::Watch;

use super::clock::Clock;
use super::doubt::{Doubt, Hosts};
use super::flow::{Fingerprint, Flows, Ignored, Route};
use super::incarnation::CompetingIncarnation;
use super::opening::{first_facts, opens};
use super::prelude::Preludes;
use super::reassembly::{Budget, Outlet};
use super::receive::{Outcome, Reception};
use super::slab::{Class, Entry, Slab};
use super::track::{PreviousIncarnation, is_over};
use super::{Connection, ConnectionId, Ending, Forged, Interest, Side, Sink};
use crate::base::{FrameNumber, LimitCounts, LimitName, Limits, TimeDelta, Timestamp};
use crate::decode::Segment;
use crate::report::EndState;

/// How often timers are looked at while packets come: looking costs more than the packets of ignored flows.
const LOOK: TimeDelta = TimeDelta::from_millis(100);

/// The connections of a capture.
///
/// Everything is reported through the sink that each call is given; the table itself only answers questions
/// about its current connections.
#[derive(Debug)]
pub struct Table {
    clock: Clock,
    flows: Flows,
    preludes: Preludes,
    /// Whose checksums are right.
    hosts: Hosts,
    /// Packets that were thrown away by their receivers.
    forged: Forged,
    slab: Slab,
    /// Connections with holes, in order of time.
    watched: VecDeque<Watch>,
    budget: Budget,
    connections: usize,
    half_open: usize,
    lingering: usize,
    look_at: Timestamp,
    /// ICMP errors that are kept of all connections.
    icmp_errors: usize,
    #[cfg(test)]
    pub(super) long_way_only: bool,
}

impl Table {
    /// An empty table that keeps within these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            clock: Clock::default(),
            flows: Flows::new(limits.ignored_flows),
            preludes: Preludes::default(),
            hosts: Hosts::default(),
            forged: Forged::default(),
            slab: Slab::default(),
            watched: VecDeque::new(),
            budget: Budget::new(limits),
            connections: limits.connections.max(1),
            lingering: limits.lingering,
            half_open: limits.half_open.max(1),
            look_at: Timestamp::MIN,
            icmp_errors: 0,
            #[cfg(test)]
            long_way_only: false,
        }
    }

    /// Takes in the next segment of the capture.
    pub fn push(&mut self, segment: &Segment<'_>, sink: &mut impl Sink) {
        let now = self.clock.tick(segment.packet.time);
        if now >= self.look_at {
            self.expire(now, sink);
        }
        let slot = self.flows.recent_slot(&segment.source, &segment.destination);
        if let Some(side) = self.slab.get(slot).and_then(|entry| entry.connection.sender_of(segment)) {
            self.receive(slot, segment, side, sink);
            return;
        }
        let flow = self.flows.fingerprint(&segment.source, &segment.destination);
        match self.flows.route(flow, segment) {
            Route::Live(slot) => self.receive_if_theirs(slot, segment, sink),
            Route::Unknown if opens(segment) => self.open(flow, segment, None, sink),
            Route::Unknown => self.preludes.note(flow, segment, now),
            Route::Ignored => {}
        }
    }

    /// Advances the capture's clock to `now`, so that timeouts take effect. Cheap when nothing is due.
    pub fn advance(&mut self, now: Timestamp, sink: &mut impl Sink) {
        let now = self.clock.advance(now);
        self.expire(now, sink);
    }

    /// The capture is over: delivers what is held and ends all connections, in the order of their first
    /// packets.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.preludes = Preludes::default();
        // A competing connection enters the table when the one that it competes with ends: hence more than
        // one round.
        while self.slab.len() > 0 {
            let mut slots: Vec<(FrameNumber, u32)> =
                self.slab.slots().map(|(slot, entry)| (entry.connection.first.frame, slot)).collect();
            slots.sort_unstable();
            for (_, slot) in slots {
                self.end(slot, Ending::EndOfCapture, sink);
            }
        }
    }

    /// The capture is over, for this connection before others.
    pub fn finish_one(&mut self, id: ConnectionId, sink: &mut impl Sink) {
        if self.slab.named(id).is_some() {
            self.end(id.slot(), Ending::EndOfCapture, sink);
        }
    }

    /// The connection of this name, as long as it is in the table.
    pub fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.slab.named(id).map(|entry| &entry.connection)
    }

    /// The first frame of all flows of which nothing but acknowledgements was seen, and which may yet begin.
    pub fn first_unopened(&mut self) -> Option<FrameNumber> {
        self.preludes.first(self.clock.now())
    }

    /// The connection of this name as it stands: with all that is otherwise known only in the end.
    pub fn as_it_stands(&self, id: ConnectionId) -> Option<Connection> {
        let entry = self.slab.named(id)?;
        let mut connection = entry.connection.clone();
        entry.track.conclude(&mut connection);
        Some(connection)
    }

    /// From now on delivers the bytes of a connection that was undecided.
    pub fn follow(&mut self, id: ConnectionId) {
        if let Some(entry) = self.slab.named_mut(id) {
            entry.track.interest = Interest::Follow;
            self.classify(id.slot());
        }
    }

    /// Forgets a connection and ignores its packets from now on; its end is not reported.
    pub fn ignore(&mut self, id: ConnectionId) {
        if self.slab.named(id).is_some() {
            self.forget(id.slot());
        }
    }

    /// Packets of control connections, and such as open or end others, that their receivers threw away.
    pub const fn forged(&self) -> &Forged {
        &self.forged
    }

    /// How often caps were reached.
    pub const fn limits(&self) -> &LimitCounts {
        &self.budget.counts
    }

    /// What is held of out-of-order bytes.
    #[cfg(test)]
    pub(super) const fn held(&self) -> usize {
        self.budget.held
    }

    /// A segment of a flow that is not known, or of one that was ignored and begins anew.
    fn open(
        &mut self,
        flow: Fingerprint,
        segment: &Segment<'_>,
        previous: Option<PreviousIncarnation>,
        sink: &mut impl Sink,
    ) {
        if self.hosts.refuse(segment) {
            self.forged.count(Doubt::Checksum);
            return;
        }
        let mut entry = first_facts(segment, flow);
        self.preludes.lead_into(flow, &mut entry, self.clock.now());
        entry.track.previous = previous;
        if let Some(slot) = self.introduce(entry, sink)
            && let Some(entry) = self.slab.get_mut(slot)
        {
            let now = self.clock.now();
            let mut reception = Reception { id: entry.id(slot), sink, budget: &mut self.budget, now };
            let outcome = reception.receive_first(entry, segment);
            self.settle(slot, outcome, segment, sink);
        }
    }

    /// Puts a connection into the table and asks whether it is wanted; none if it isn't.
    fn introduce(&mut self, mut entry: Box<Entry>, sink: &mut impl Sink) -> Option<u32> {
        let now = self.clock.now();
        let flow = entry.flow;
        entry.track.touched = now;
        self.make_room(sink);
        let slot = self.slab.insert(entry, Class::HalfOpen, now)?;
        self.flows.set_live(flow, slot);
        let entry = self.slab.get_mut(slot)?;
        entry.track.interest = sink.opened(entry.id(slot), &entry.connection);
        entry.track.is_dialogue = sink.is_dialogue(entry.id(slot));
        if entry.track.interest == Interest::Ignore {
            self.forget(slot);
            return None;
        }
        self.classify(slot);
        Some(slot)
    }

    #[inline(never)]
    fn receive_if_theirs(&mut self, slot: u32, segment: &Segment<'_>, sink: &mut impl Sink) {
        if let Some(side) = self.slab.get(slot).and_then(|entry| entry.connection.sender_of(segment)) {
            self.receive(slot, segment, side, sink);
        }
    }

    #[inline]
    fn receive(&mut self, slot: u32, segment: &Segment<'_>, side: Side, sink: &mut impl Sink) {
        // Tests compare the fast path with the slow path.
        #[cfg(test)]
        let takes_short_way = !self.long_way_only;
        #[cfg(not(test))]
        let takes_short_way = true;
        let Some(entry) = self.slab.get_mut(slot) else { return };
        let now = self.clock.now();
        let mut reception = Reception { id: entry.id(slot), sink, budget: &mut self.budget, now };
        if takes_short_way && reception.receive_next(entry, segment, side) {
            if entry.class == Class::Silent && !segment.payload.is_empty() {
                self.classify(slot);
            }
            return;
        }
        self.receive_the_long_way(slot, segment, side, sink);
    }

    // Apart, so that what most segments run through stays short.
    #[inline(never)]
    fn receive_the_long_way(&mut self, slot: u32, segment: &Segment<'_>, side: Side, sink: &mut impl Sink) {
        let Some(entry) = self.slab.get_mut(slot) else { return };
        if entry.track.half(side).is_copy(segment) {
            // It changes nothing.
            entry.connection.last = segment.packet;
            return;
        }
        if let Some(doubt) = entry.track.doubt(segment, side, &self.hosts)
            && !entry.set_aside(segment, side, doubt, &mut self.budget, &mut self.forged)
        {
            entry.take_stock();
            return;
        }
        let name = entry.id(slot);
        if entry.track.doubts.is_some() && !self.take_what_was_held(slot, segment, side, sink) {
            return;
        }
        let Some(entry) = self.slab.named_mut(name) else { return };
        let now = self.clock.now();
        let mut reception = Reception { id: name, sink, budget: &mut self.budget, now };
        let outcome = reception.receive(entry, segment, side);
        self.settle(slot, outcome, segment, sink);
    }

    /// Acts on the outcome of a segment's reception.
    fn settle(&mut self, slot: u32, outcome: Outcome, segment: &Segment<'_>, sink: &mut impl Sink) {
        let Some(entry) = self.slab.get(slot) else { return };
        let Entry { connection, track, .. } = entry;
        if outcome == Outcome::Kept && !(track.competitor.is_some() && is_over(connection, track)) {
            if track.has_hole() && track.is_dialogue {
                self.give_up_received(slot, sink);
            }
            self.classify(slot);
            self.watch(slot);
            if let Some(entry) = self.slab.get_mut(slot) {
                // What is said first may show that it is one.
                if !entry.track.is_dialogue && !segment.payload.is_empty() {
                    entry.track.is_dialogue = sink.is_dialogue(entry.id(slot));
                }
                entry.take_stock();
                entry.tell_checksums(&mut self.hosts);
            }
        } else {
            self.settle_end(slot, outcome, segment, sink);
        }
    }

    /// Acts on an outcome that ends the connection.
    #[cold]
    fn settle_end(&mut self, slot: u32, outcome: Outcome, segment: &Segment<'_>, sink: &mut impl Sink) {
        match outcome {
            // It is over, and another one competes with it.
            Outcome::Kept => {
                self.end(slot, Ending::Replaced, sink);
            }
            Outcome::Ignored => {
                let flow = self.slab.get(slot).map(|entry| entry.flow);
                self.forget(slot);
                if let Some(flow) = flow {
                    self.flows.route(flow, segment);
                }
            }
            Outcome::Succeeded => {
                let now = segment.packet.time;
                let old = self
                    .slab
                    .get(slot)
                    .map(|entry| (entry.flow, PreviousIncarnation::of(&entry.connection, &entry.track, now)));
                self.end(slot, Ending::Replaced, sink);
                if let Some((flow, previous)) = old {
                    self.open(flow, segment, Some(previous), sink);
                }
            }
            Outcome::Displaced => {
                if let Some(slot) = self.end(slot, Ending::Replaced, sink) {
                    self.receive_if_theirs(slot, segment, sink);
                }
            }
        }
    }

    /// Puts a connection into the queue that it belongs to.
    fn classify(&mut self, slot: u32) {
        let Some(Entry { connection, track, class, .. }) = self.slab.get(slot) else { return };
        // What fills a hole may come after the end: that is waited for as on any other connection.
        let now_in = if is_over(connection, track) && !track.has_hole() {
            if track.lacks_last_acknowledgement() { Class::Closing } else { Class::Closed }
        } else if connection.established.is_none() {
            Class::HalfOpen
        } else if track.interest != Interest::Follow {
            Class::Undecided
        } else if [&connection.from_originator, &connection.from_responder].iter().all(|one| one.bytes == 0) {
            Class::Silent
        } else {
            Class::Followed
        };
        if now_in != *class {
            self.slab.requeue(slot, now_in, self.clock.now());
        }
    }

    /// Makes room for one more connection.
    fn make_room(&mut self, sink: &mut impl Sink) {
        if self.slab.count(Class::HalfOpen) >= self.half_open
            && let Some((slot, _)) = self.slab.oldest(Class::HalfOpen)
        {
            self.budget.counts.reached(LimitName::HalfOpen);
            self.end(slot, Ending::Evicted, sink);
        }
        // Closed connections only wait for stragglers, and there may be as many of them as a port scan makes.
        for class in [Class::Closed, Class::Closing] {
            if self.slab.count(class) >= self.lingering
                && let Some((slot, _)) = self.slab.oldest(class)
            {
                self.end(slot, Ending::Closed, sink);
            }
        }
        if self.slab.len() >= self.connections
            && let Some(slot) = self.least_missed(self.fullest())
        {
            self.budget.counts.reached(LimitName::Connections);
            self.end(slot, Ending::Evicted, sink);
        }
    }

    /// The class that has to give up a connection: the largest, since that is where a flood would be.
    /// Connections that carried data count a quarter: they cost an attacker more, and are worth more.
    fn fullest(&self) -> Class {
        let taken = |class: Class| match class {
            Class::Followed => self.slab.count(class),
            Class::HalfOpen | Class::Closed | Class::Closing | Class::Undecided | Class::Silent => {
                self.slab.count(class).saturating_mul(4)
            }
        };
        Class::ALL.into_iter().rev().max_by_key(|&class| taken(class)).unwrap_or(Class::Followed)
    }

    /// The connection of a class to give up: the oldest, except for a few that were active after they were
    /// queued. Those go to the end of the queue: an attacker who fills the table can't keep every connection
    /// active.
    fn least_missed(&mut self, class: Class) -> Option<u32> {
        const SPARED: usize = 8;
        let now = self.clock.now();
        for _ in 0..SPARED {
            let (slot, queued) = self.slab.oldest(class)?;
            if self.slab.get(slot).is_none_or(|entry| entry.track.touched <= queued) {
                return Some(slot);
            }
            self.slab.requeue(slot, class, now);
        }
        self.slab.oldest(class).map(|(slot, _)| slot)
    }

    /// Does all that is due.
    fn expire(&mut self, now: Timestamp, sink: &mut impl Sink) {
        self.look_at = now.plus(LOOK);
        self.flows.expire(now);
        // Each at most once, however a clock that has come to its end stands still.
        for _ in 0..self.watched.len() {
            let Some(&watch) = self.watched.front().filter(|watch| watch.due <= now) else { break };
            self.watched.pop_front();
            self.look_after(watch, now, sink);
        }
        for class in Class::ALL {
            while let Some((slot, queued)) = self.slab.oldest(class)
                && now.since(queued) >= class.patience()
            {
                let touched = self.slab.get(slot).map_or(queued, |entry| entry.track.touched);
                if now.since(touched) < class.patience() {
                    self.slab.requeue(slot, class, now);
                } else {
                    let is_closed = matches!(class, Class::Closed | Class::Closing);
                    let ending = if is_closed { Ending::Closed } else { Ending::Idle };
                    self.end(slot, ending, sink);
                }
            }
        }
    }

    /// Takes a connection out of the table and reports its end. If another one competes with it, that one
    /// takes its place, and its slot is returned.
    fn end(&mut self, slot: u32, ending: Ending, sink: &mut impl Sink) -> Option<u32> {
        let mut entry = self.slab.remove(slot)?;
        let (id, flow) = (entry.id(slot), entry.flow);
        let now = self.clock.now();
        while let Some(decided) = entry.decide_at_last(&mut self.budget, &mut self.forged) {
            let last = entry.connection.last;
            let mut reception = Reception { id, sink, budget: &mut self.budget, now };
            reception.receive(&mut entry, &decided.segment(), decided.side());
            if last.frame > entry.connection.last.frame {
                entry.connection.last = last;
            }
        }
        // Not before: what was received after all may take a share of a budget as well.
        self.release(&entry);
        self.flush(id, &mut entry, sink);
        // Not taken apart: most of it is not needed any more, and in no cache.
        let Entry { connection, track, .. } = &mut *entry;
        if ending == Ending::Closed {
            let ignored = Ignored::new(track.originator.syn);
            self.flows.ignore(flow, ignored, &mut self.budget.counts);
        } else {
            self.flows.remove(flow);
        }
        if ending == Ending::Idle && connection.end_state == EndState::Open {
            connection.end_state = EndState::Idle;
        }
        track.conclude(connection);
        sink.ended(id, connection, ending);
        // An eviction makes room, and fills none.
        let competitor = track.competitor.take().filter(|_| ending != Ending::Evicted)?;
        self.succeed(&entry, *competitor, sink)
    }

    /// Puts a competing connection in the place of the one that has ended.
    #[cold]
    fn succeed(
        &mut self,
        old: &Entry,
        competitor: CompetingIncarnation,
        sink: &mut impl Sink,
    ) -> Option<u32> {
        let Entry { connection, track, flow, .. } = old;
        let (successor, mut successor_track) = competitor.into_connection(connection);
        successor_track.previous = Some(PreviousIncarnation::of(connection, track, successor.last.time));
        let is_challenged = successor.challenged.is_some();
        let slot = self.introduce(Box::new(Entry::new(successor, successor_track, *flow)), sink)?;
        if is_challenged && let Some(entry) = self.slab.get(slot) {
            sink.changed(entry.id(slot), &entry.connection);
        }
        Some(slot)
    }

    /// Delivers all that is held, and gives up all that is known to be missing.
    fn flush<S: Sink>(&mut self, id: ConnectionId, entry: &mut Entry, sink: &mut S) {
        let Entry { connection, track, .. } = entry;
        let is_followed = track.interest == Interest::Follow;
        for side in [Side::Originator, Side::Responder] {
            let (half, other) = track.halves(side);
            let packet = half.fin.map_or(connection.last, |fin| fin.packet);
            let end = is_followed.then(|| (half.known_end(other), packet));
            let received = half.received(other);
            let unseen = half.unseen(other);
            let sacked = half.sacked.as_deref();
            let mut out = Outlet { id, side, connection, sink, received, sacked };
            half.bytes.flush(end, &mut out, &mut self.budget);
            if is_followed {
                let stream = connection.stream_mut(side);
                stream.unacknowledged = half.known_end(other).saturating_sub(received);
                stream.missing = stream.missing.saturating_add(unseen);
            }
        }
    }

    /// Others may take the room of what an entry kept.
    fn release(&mut self, entry: &Entry) {
        let Entry { connection, track, .. } = entry;
        self.icmp_errors = self.icmp_errors.saturating_sub(connection.icmp.len());
        let trouble = usize::from(connection.trouble.is_some()) + usize::from(track.repeats.is_some());
        self.budget.trouble = self.budget.trouble.saturating_sub(trouble);
    }

    /// Ignores a connection's packets from now on.
    fn forget(&mut self, slot: u32) {
        let Some(mut entry) = self.slab.remove(slot) else { return };
        self.release(&entry);
        entry.track.originator.bytes.discard(&mut self.budget);
        entry.track.responder.bytes.discard(&mut self.budget);
        if let Some(doubts) = entry.track.doubts.take() {
            doubts.discard(&mut self.budget);
        }
        let ignored = Ignored::new(entry.track.originator.syn);
        self.flows.ignore(entry.flow, ignored, &mut self.budget.counts);
    }
}
