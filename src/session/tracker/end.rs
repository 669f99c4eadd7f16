//! How connections and sessions end.

use std::sync::Arc;

use super::{ATTEMPT_FRAMES, Finished, Tracker, pair_key, position};
use crate::base::LimitName;
use crate::report::{self, ControlAttempt, EndState, FirstClose};
use crate::session::active::{ActiveSession, Ended, Link};
use crate::session::assemble::FinishedSession;
use crate::session::expectation::SessionSlot;
use crate::session::flow::{ConnectionAttempt, ContentHeads, DataFlow};
use crate::session::kept;
use crate::tcp::{Connection, ConnectionId, Ending, Onset, Side};

/// Sessions that are looked at for one to end early.
const LOOKED_AT: usize = 64;

impl Tracker {
    #[cold]
    pub(super) fn suspect_ended(&mut self, connection: &Connection) {
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
        if self.attempts.len() >= self.options.limits.attempts && !self.attempts.contains_key(&key) {
            self.counts.reached(LimitName::Attempts);
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
            connection
                .syn_frames
                .iter()
                .copied()
                .chain(connection.refused.map(|packet| packet.frame))
                .take(room),
        );
    }

    pub(super) fn control_ended(&mut self, slot: SessionSlot, connection: &Connection, ending: Ending) {
        let Some(live) = self.live(slot) else { return };
        live.last = connection.last;
        self.hear(slot, |control, notes| control.finish(connection.last, notes));
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
        let (first, is_session) = (live.first.frame, live.control.is_confirmed());
        self.unsettled.lingers(first);
        if is_session {
            self.report_end(slot, connection.last, state);
            self.close_if_over(slot);
        } else {
            if connection.established.is_some() && self.options.is_control_port(connection.responder.port) {
                self.silent = self.silent.saturating_add(1);
            }
            self.remove_session(slot);
        }
    }

    pub(super) fn data_ended(&mut self, id: ConnectionId, mut data: Box<DataFlow>, connection: &Connection) {
        data.finish(connection.last, &mut *self.hashing, &self.options);
        let (mut described, mut heads) = data.facts(connection, Some(&mut *self.hashing));
        if data.visits.is_some() || self.is_watched() {
            std::mem::take(&mut heads).tell(&mut described);
        }
        if let Some(visit) = &data.visits {
            self.visit_ended(visit, *described);
            return;
        }
        let listing: Option<Arc<[u8]>> = data.listing().map(Into::into);
        let made = described.established.is_some();
        let time_wait_from = described.closed.filter(|_| described.end_state == EndState::Fin);
        let (end, last) = (described.end, data.owners.last().copied());
        let mut described = Some(described);
        for &(slot, index) in &data.owners {
            let is_last = last == Some((slot, index));
            let Some(live) = self.live(slot) else { continue };
            live.open_flows = live.open_flows.saturating_sub(1);
            let Some(channel) = live.channel_mut(index) else { continue };
            if channel.link.open() != Some(id) {
                continue;
            }
            let usage = channel.usage;
            // It is copied where others want it too.
            let told = if is_last && !self.is_watched() { described.take() } else { described.clone() };
            let Some(mut told) = told else { continue };
            // Where there is no room to keep them, the heads are asked at once.
            let ended = if self.take_room(slot, heads.len()) {
                let heads = if is_last { std::mem::take(&mut heads) } else { heads.clone() };
                Link::Ended(told, heads)
            } else {
                heads.tell(&mut told);
                Link::Ended(told, ContentHeads::default())
            };
            if let Some(channel) = self.live(slot).and_then(|live| live.channel_mut(index)) {
                channel.link = ended;
            }
            if let Some(listing) = &listing
                && self.keep(slot, listing.len())
                && let Some(channel) = self.live(slot).and_then(|live| live.channel_mut(index))
            {
                channel.listing = Some(listing.clone());
            }
            if let Some(one) = usage.and_then(|usage| self.history.get_mut(usage)) {
                one.last = end;
                one.made = made;
                one.time_wait_from = time_wait_from;
            }
        }
        if let Some(described) = described.filter(|_| self.is_watched()) {
            self.report_transfers_on(&data.owners, &described, connection.last);
        }
        for (slot, _) in data.owners {
            self.close_if_over(slot);
        }
    }

    /// A connection that came to nothing beside the one that its channel has.
    #[cold]
    fn visit_ended(&mut self, visit: &ConnectionAttempt, described: report::Connection) {
        let (slot, index) = (visit.session, visit.channel);
        let is_wanted = self
            .live(slot)
            .and_then(|live| live.channel(index))
            .is_some_and(|channel| channel.rejected.len() < ATTEMPT_FRAMES);
        // It is told by the channel and again by its report.
        if is_wanted
            && self.keep(slot, 3 * kept::CONNECTION)
            && let Some(channel) = self.live(slot).and_then(|live| live.channel_mut(index))
        {
            channel.rejected.push(described);
        }
    }

    /// Ends a session to make room for another: of some that are looked at, one that negotiated nothing, or else the one
    /// that was silent for longest.
    #[cold]
    pub(super) fn evict_idle(&mut self) {
        let count = self.sessions.len();
        let from = self.hand;
        let looked_at = (0..LOOKED_AT.min(count)).filter_map(|step| {
            let place = from.saturating_add(step).checked_rem(count)?;
            let live = self.sessions.get(place)?.as_ref()?;
            Some(((live.open_flows > 0, !live.channels.is_empty(), live.last.frame), place))
        });
        let found = looked_at.min();
        self.hand = from.saturating_add(LOOKED_AT).checked_rem(count).unwrap_or(0);
        if let Some((_, place)) = found {
            self.end_early(place);
        }
    }

    /// Ends a session that keeps much, where there is little room left: of some that are looked at the one that keeps most.
    #[cold]
    pub(super) fn evict_largest(&mut self) {
        let count = self.sessions.len();
        let from = self.hand;
        let looked_at = (0..LOOKED_AT.min(count)).filter_map(|step| {
            let place = from.saturating_add(step).checked_rem(count)?;
            Some((self.sessions.get(place)?.as_ref()?.control.weight(), place))
        });
        let found = looked_at.max().filter(|&(weight, _)| weight >= kept::MODEST);
        self.hand = from.saturating_add(LOOKED_AT).checked_rem(count).unwrap_or(0);
        if let Some((_, place)) = found {
            self.counts.reached(LimitName::KeptBytes);
            self.end_early(place);
        }
    }

    fn end_early(&mut self, place: usize) {
        let Ok(slot) = u32::try_from(place).map(SessionSlot) else { return };
        let Some(live) = self.live(slot) else { return };
        let (id, last) = (live.connection, live.last);
        let is_in_table = live.ended.is_none();
        live.ended.get_or_insert(Ended { state: EndState::Idle, by: None });
        let open: Vec<ConnectionId> =
            live.channels.iter().filter_map(|channel| channel.link.open()).collect();
        // The slot will be another session's: nothing may point to it any more.
        for id in open {
            if let Some(data) = self.data_flow(id) {
                data.owners.retain(|(owner, _)| *owner != slot);
            }
        }
        if is_in_table {
            self.report_end(slot, last, EndState::Idle);
            self.remove_flow(id);
            self.let_go.push(id);
        }
        self.close(slot);
    }

    pub(super) fn close_if_over(&mut self, slot: SessionSlot) {
        let over = self.live(slot).is_some_and(|live| live.ended.is_some() && live.open_flows == 0);
        if !over || self.finishing {
            return;
        }
        // A connection that is still open may turn out to be the session's: then it is waited for.
        self.infer(slot);
        if self.live(slot).is_some_and(|live| live.open_flows == 0) {
            self.close(slot);
        }
    }

    /// The session is over: it leaves the tracker.
    pub(super) fn close(&mut self, slot: SessionSlot) {
        let Some(live) = self.live(slot) else { return };
        if !live.control.is_confirmed() {
            self.remove_session(slot);
            return;
        }
        let weight = live.control.weight();
        // What follows from it is paid for in advance.
        let more = kept::derived(weight);
        let is_room = weight.saturating_add(more) <= self.kept.allowed();
        let (kept, paths) = if is_room { (weight.saturating_add(more), more) } else { (weight, 0) };
        if !is_room {
            self.counts.reached(LimitName::KeptBytes);
        }
        self.kept.change(0, kept);
        if let Some(live) = self.remove_session(slot) {
            let session = FinishedSession::new(live, &self.history, &self.options, paths);
            self.done.push(Finished { session, kept });
        }
    }

    /// Takes a session out of all tables.
    pub(super) fn remove_session(&mut self, slot: SessionSlot) -> Option<Box<ActiveSession>> {
        let mut live = self.sessions.get_mut(position(slot))?.take()?;
        self.kept.change(live.control.weight().saturating_add(live.state_cost), 0);
        self.free_slots.push(slot);
        self.unsettled.gone(live.first.frame);
        self.stop_watching(slot, &live);
        self.expectations.forget(std::mem::take(&mut live.expected));
        let (client, server) = (live.client(), live.server());
        if self.by_client.get(&client) == Some(&slot) {
            self.by_client.remove(&client);
        }
        let key = pair_key(client.ip, server.ip);
        let Some(pair) = self.pairs.get_mut(&key) else { return Some(live) };
        pair.sessions.remove(&(live.first.frame, slot));
        if pair.sessions.is_empty() {
            for id in self.pairs.remove(&key).map(|pair| pair.candidates).unwrap_or_default() {
                let nobodys = self.data_flow(id).is_some_and(|data| data.owners.is_empty());
                if nobodys {
                    self.remove_flow(id);
                    self.let_go.push(id);
                }
            }
        }
        Some(live)
    }
}
