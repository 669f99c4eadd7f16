//! How connections and sessions end.

use super::{ATTEMPT_FRAMES, Tracker, pair_key, position};
use crate::base::LimitName;
use crate::report::{ControlAttempt, EndState, FirstClose};
use crate::session::assemble;
use crate::session::control::Notes;
use crate::session::expectation::SessionSlot;
use crate::session::flow::DataFlow;
use crate::session::live::{Ended, Link};
use crate::tcp::{Connection, ConnectionId, Ending, Onset, Side};

impl Tracker {
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
            connection
                .syn_frames
                .iter()
                .copied()
                .chain(connection.refused.map(|packet| packet.frame))
                .take(room),
        );
    }

    pub(super) fn control_ended(&mut self, slot: SessionSlot, connection: &Connection, ending: Ending) {
        let Self { sessions, options, counts, occurrences, .. } = self;
        let Some(Some(live)) = sessions.get_mut(position(slot)) else { return };
        live.last = connection.last;
        occurrences.clear();
        live.control.finish(connection.last, &mut Notes { options, counts, occurrences });
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
            self.tell_end(slot, connection.last, state);
            self.close_if_over(slot);
        } else {
            if connection.established.is_some() && self.options.is_control_port(connection.responder.port) {
                self.silent = self.silent.saturating_add(1);
            }
            self.drop_session(slot);
        }
    }

    pub(super) fn data_ended(&mut self, id: ConnectionId, mut data: Box<DataFlow>, connection: &Connection) {
        data.finish(connection.last, &mut *self.hashing, &self.options);
        let described = data.describe(connection, Some(&mut *self.hashing));
        if let Some(visit) = &data.visits {
            let channel = self.live(visit.session).and_then(|live| live.channel_mut(visit.channel));
            if let Some(channel) = channel.filter(|channel| channel.rejected.len() < ATTEMPT_FRAMES) {
                channel.rejected.push(described);
            }
            return;
        }
        let listing: Option<Box<[u8]>> = data.listing().map(Into::into);
        let made = described.established.is_some();
        let time_wait_from = described.closed.filter(|_| described.end_state == EndState::Fin);
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
                one.made = made;
                one.time_wait_from = time_wait_from;
            }
        }
        if self.is_watched() {
            self.tell_transfers_on(&data.owners, &described, connection.last);
        }
        for (slot, _) in data.owners {
            self.close_if_over(slot);
        }
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
        if live.control.is_confirmed() {
            let Self { sessions, history, options, .. } = self;
            if let Some(Some(live)) = sessions.get_mut(position(slot)) {
                self.done.push(assemble::last_report(live, history, options));
            }
        }
        self.drop_session(slot);
    }

    pub(super) fn drop_session(&mut self, slot: SessionSlot) {
        let Some(live) = self.sessions.get_mut(position(slot)).and_then(Option::take) else { return };
        self.free_slots.push(slot);
        self.unsettled.gone(live.first.frame);
        self.stop_watching(slot, &live);
        self.expectations.forget(slot);
        let (client, server) = (live.client(), live.server());
        if self.by_client.get(&client) == Some(&slot) {
            self.by_client.remove(&client);
        }
        let key = pair_key(client.ip, server.ip);
        let Some(pair) = self.pairs.get_mut(&key) else { return };
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
    }
}
