//! How connections and sessions end.

use std::sync::Arc;

use super::{Finished, Tracker};
use crate::base::{LimitName, Timestamp};
use crate::report::{self, ChannelIndex, CommandIndex, ContentId, Directions, EndState, FirstClose};
use crate::session::active::{ActiveSession, Ended, Link};
use crate::session::assemble::FinishedSession;
use crate::session::content::copy;
use crate::session::flow::{ConnectionAttempt, ContentHeads, DataFlow, Role};
use crate::session::kept;
use crate::session::sessions::{Removed, SessionId};
use crate::tcp::{Connection, ConnectionId, Ending, Side};
use crate::tls::Keys;

/// Attempts beside its own connection that are kept of a channel.
const OTHER_ATTEMPTS: usize = 8;

impl Tracker {
    #[cold]
    pub(super) fn suspect_ended(&mut self, connection: &Connection, ending: Ending) {
        if connection.established.is_some() {
            if self.options.is_control_port(connection.responder.port) {
                self.attempts.note_silence();
                self.attempts.note_drop(connection, &self.options.limits, &mut self.counts);
            }
            return;
        }
        // On another port it was looked at for its neighbours' sake.
        let is_expected = [connection.responder, connection.originator]
            .iter()
            .any(|end| self.options.is_control_port(end.port));
        // One that was not followed any further may have been answered.
        if is_expected && ending != Ending::Evicted {
            self.attempts.note_failure(connection, &self.options.limits, &mut self.counts);
        }
    }

    pub(super) fn control_ended(&mut self, session_id: SessionId, connection: &Connection, ending: Ending) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.last = connection.last;
        self.feed_control(session_id, |control, notes| control.finish(connection.last, notes));
        for occurrence in std::mem::take(&mut self.occurrences) {
            self.act(session_id, occurrence, connection.last);
        }
        self.note_limits(session_id, connection, ending);
        let state = match (connection.end_state, ending) {
            (EndState::Open, Ending::Idle | Ending::Evicted) => EndState::Idle,
            (state, _) => state,
        };
        let by = connection.first_close.and_then(|close| match close {
            FirstClose::Originator => Some(Side::Originator),
            FirstClose::Responder => Some(Side::Responder),
            FirstClose::Both => None,
        });
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.ended = Some(Ended { state, by, at: connection.close.map(|packet| packet.time) });
        let is_session = session.control.is_confirmed();
        let busy = session.control.unread.busy();
        if let Some(id) = busy {
            self.settle(id, true);
        }
        self.note_traffic(session_id, connection);
        self.sessions.linger(session_id);
        if is_session {
            self.note_directions(session_id);
            self.report_end(session_id, connection.last, state);
            self.close_if_over(session_id);
        } else {
            if connection.established.is_some() && self.options.is_control_port(connection.responder.port) {
                self.attempts.note_silence();
            }
            self.remove_session(session_id);
        }
    }

    /// Counts whose packets were captured of a session that has ended.
    fn note_directions(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.get(session_id) else { return };
        let [both, client_only, server_only] = &mut self.directions;
        let count = match session.directions() {
            Directions::Both => both,
            Directions::ClientOnly => client_only,
            Directions::ServerOnly => server_only,
        };
        *count = count.saturating_add(1);
    }

    /// Notes what was lost of a session's connection because of a cap.
    fn note_limits(&mut self, session_id: SessionId, connection: &Connection, ending: Ending) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        if ending == Ending::Evicted {
            let is_half_open = connection.established.is_none();
            session.limited.insert(if is_half_open { LimitName::HalfOpen } else { LimitName::Connections });
        }
        if connection.from_originator.limited || connection.from_responder.limited {
            session.limited.insert(LimitName::Reassembly);
        }
    }

    pub(super) fn data_ended(
        &mut self,
        id: ConnectionId,
        mut data: Box<DataFlow>,
        connection: &Connection,
        ending: Ending,
    ) {
        self.note_owners_limits(&data, connection, ending);
        let mut keys = Keys { log: &self.options.key_log, resumptions: &mut self.resumptions };
        data.finish(connection.last, &mut *self.hashing, &mut keys);
        let (mut described, mut heads) = data.facts(connection, Some(&mut *self.hashing));
        if data.attempt.is_some() || self.is_watched() {
            std::mem::take(&mut heads).complete(&mut described);
        }
        let contents = [described.from_originator.kept, described.from_responder.kept];
        if let Some(attempt) = &data.attempt {
            self.forget_contents(contents);
            self.attempt_ended(attempt, *described);
            return;
        }
        let mut is_taken = false;
        let listing = data.listing().map(Arc::new);
        let copy = data.take_copy().map(Arc::new);
        let made = described.established.is_some();
        let time_wait_from = described.closed.filter(|_| described.end_state == EndState::Fin);
        let (end, last) = (described.end, data.owners.last().copied());
        let mut described = Some(described);
        for &(session_id, index) in &data.owners {
            let is_last = last == Some((session_id, index));
            let Some(session) = self.sessions.get_mut(session_id) else { continue };
            session.open_flows = session.open_flows.saturating_sub(1);
            let Some(channel) = session.channel_mut(index) else { continue };
            let Link::Open(linked, _, matched_by) = channel.link else { continue };
            if linked != id {
                continue;
            }
            let usage = channel.usage;
            // It is copied where others want it too.
            let described_here =
                if is_last && !self.is_watched() { described.take() } else { described.clone() };
            let Some(mut facts) = described_here else { continue };
            if !facts.icmp.is_empty() && !self.keep(session_id, facts.icmp.len().saturating_mul(kept::ICMP)) {
                facts.icmp = Vec::new();
            }
            if facts.trouble.is_some() && !self.keep(session_id, kept::TROUBLE) {
                facts.trouble = None;
            }
            if let Some(details) = &mut facts.tls_details
                && !self.take_room(session_id, details.beside().saturating_mul(2))
            {
                (details.certificate, details.server_name) = (None, None);
            }
            // Where there is no room to keep the first bytes, the kinds of content are found out at once.
            let ended = if self.take_room(session_id, heads.len()) {
                let heads = if is_last { std::mem::take(&mut heads) } else { heads.clone() };
                Link::Ended(facts, heads, matched_by)
            } else {
                heads.complete(&mut facts);
                Link::Ended(facts, ContentHeads::default(), matched_by)
            };
            if let Some(channel) =
                self.sessions.get_mut(session_id).and_then(|session| session.channel_mut(index))
            {
                channel.link = ended;
                is_taken = true;
            }
            if let Some(listing) = &listing
                && self.keep(session_id, listing.memory())
                && let Some(channel) =
                    self.sessions.get_mut(session_id).and_then(|session| session.channel_mut(index))
            {
                channel.listing = Some(listing.clone());
            }
            if let Some(copy) = &copy {
                self.keep_copy(session_id, index, copy);
            }
            if let Some(usage) = usage {
                self.linker.end_use(usage, end, made, time_wait_from);
            }
        }
        if !is_taken {
            self.forget_contents(contents);
        }
        if let Some(described) = described.filter(|_| self.is_watched()) {
            self.report_transfers_on(&data.owners, &described, connection.last);
        }
        for (session_id, _) in data.owners {
            self.close_if_over(session_id);
        }
    }

    /// Notes with all that own a connection what was lost of it because of a cap.
    fn note_owners_limits(&mut self, data: &DataFlow, connection: &Connection, ending: Ending) {
        for &(session_id, _) in &data.owners {
            self.note_limits(session_id, connection, ending);
            if data.is_unread {
                self.limit(session_id, LimitName::KeptBytes);
            }
        }
    }

    /// Nobody will name the contents of a connection.
    fn forget_contents(&mut self, contents: [Option<ContentId>; 2]) {
        if let Some(sink) = self.hashing.sink() {
            contents.into_iter().flatten().for_each(|id| sink.forget(id));
        }
    }

    /// Keeps a copy of what a channel carried, until its session is over or newer ones need the room.
    fn keep_copy(&mut self, session_id: SessionId, index: ChannelIndex, copy: &Arc<Vec<u8>>) {
        let allowed = self.kept.allowed_copies();
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let most = if session.wants_copies { allowed } else { allowed.min(copy::USUAL as usize) };
        let before = session.copied;
        let most = u32::try_from(most).unwrap_or(u32::MAX).max(before);
        session.keep_copy(index, copy.clone(), most);
        let (before, after) = (before as usize, session.copied as usize);
        self.kept.change(before, after);
        self.kept.change_copies(before, after);
    }

    /// An attempt that came to nothing has ended; its channel has another connection.
    #[cold]
    fn attempt_ended(&mut self, attempt: &ConnectionAttempt, described: report::Connection) {
        let (session_id, index) = (attempt.session, attempt.channel);
        let is_wanted = self
            .sessions
            .get(session_id)
            .and_then(|session| session.channel(index))
            .is_some_and(|channel| channel.rejected.len() < OTHER_ATTEMPTS);
        // It is kept by the channel and again by its report.
        if is_wanted
            && self.keep(session_id, 3 * kept::CONNECTION)
            && let Some(channel) =
                self.sessions.get_mut(session_id).and_then(|session| session.channel_mut(index))
        {
            channel.rejected.push(described);
        }
    }

    /// Ends a session to make room for another.
    #[cold]
    pub(super) fn evict_idle(&mut self, now: Timestamp) {
        if let Some(session_id) = self.sessions.most_idle(now) {
            self.end_early(session_id, LimitName::Sessions);
        }
    }

    /// Ends a session that keeps much where there is little room left, or one that no data connection came of;
    /// tells whether there was one.
    #[cold]
    pub(super) fn evict_for_room(&mut self, now: Timestamp, asking: Option<SessionId>) -> bool {
        let largest = self.sessions.largest().filter(|&(weight, _)| weight >= kept::MODEST);
        let unserved = || self.sessions.unserved(now).filter(|&id| Some(id) != asking);
        let Some(session_id) = largest.map(|(_, id)| id).or_else(unserved) else { return false };
        self.counts.reached(LimitName::KeptBytes);
        self.end_early(session_id, LimitName::KeptBytes);
        true
    }

    pub(super) fn end_early(&mut self, session_id: SessionId, because: LimitName) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.limited.insert(because);
        let (id, last) = (session.connection, session.last);
        let is_in_table = session.ended.is_none();
        session.ended.get_or_insert(Ended { state: EndState::Idle, by: None, at: None });
        let open: Vec<ConnectionId> =
            session.channels.iter().filter_map(|channel| channel.link.open()).collect();
        // Its data connections may turn out to be another session's.
        for id in open {
            if let Some(data) = self.flows.data_mut(id) {
                data.owners.retain(|(owner, _)| *owner != session_id);
            }
        }
        if is_in_table {
            self.report_end(session_id, last, EndState::Idle);
            self.remove_flow(id);
            self.let_go.push(id);
        }
        self.close(session_id);
    }

    pub(super) fn close_if_over(&mut self, session_id: SessionId) {
        let over = self
            .sessions
            .get(session_id)
            .is_some_and(|session| session.ended.is_some() && session.open_flows == 0);
        if !over || self.finishing {
            return;
        }
        // A connection that is still open may turn out to be the session's: then it is waited for.
        let newest = self
            .sessions
            .get(session_id)
            .map(|session| session.control.conversation.dialogue.commands.len().saturating_sub(1));
        if let Some(newest) = newest.and_then(CommandIndex::from_position) {
            self.infer(session_id, newest);
        }
        if self.sessions.get(session_id).is_some_and(|session| session.open_flows == 0) {
            self.close(session_id);
        }
    }

    /// The session is over: it leaves the tracker.
    pub(super) fn close(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        if !session.control.is_confirmed() {
            self.remove_session(session_id);
            return;
        }
        let weight = session.control.weight();
        // What follows from it is paid for in advance.
        let more = kept::derived(weight);
        let is_room = weight.saturating_add(more) <= self.kept.allowed();
        let (kept, paths) = if is_room { (weight.saturating_add(more), more) } else { (weight, 0) };
        if !is_room {
            self.limit(session_id, LimitName::KeptBytes);
        }
        let copied = self.sessions.get(session_id).map_or(0, |session| session.copied as usize);
        let kept = kept.saturating_add(copied);
        self.kept.leave(kept);
        if let Some(session) = self.remove_session(session_id) {
            let session = FinishedSession::new(session, self.linker.history(), &self.options, paths);
            self.done.push(Finished { session, kept });
        }
    }

    /// Takes a session out of all tables.
    pub(super) fn remove_session(&mut self, session_id: SessionId) -> Option<Box<ActiveSession>> {
        let Removed { mut session, last_between } = self.sessions.remove(session_id)?;
        let weight = session.control.weight().saturating_add(session.state_cost);
        self.kept.change(weight.saturating_add(session.copied as usize), 0);
        self.kept.change_copies(session.copied as usize, 0);
        self.twins.leave(&session.half, session_id);
        self.forget_events(session_id, &session);
        self.linker.forget(std::mem::take(&mut session.expected));
        let unclaimed = last_between.map(|hosts| self.flows.dismiss_candidates(hosts)).unwrap_or_default();
        for id in unclaimed {
            if let Some(Role::Data(mut data)) = self.remove_flow(id).map(|flow| flow.role) {
                data.discard(&mut *self.hashing);
            }
            self.let_go.push(id);
        }
        Some(session)
    }
}
