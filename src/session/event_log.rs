//! Events that were not taken yet, and what will lead to further ones.

use std::collections::VecDeque;

use super::event::Event;
use super::sessions::SessionId;
use crate::base::{FrameNumber, KeyedMap, Timestamp};
use crate::report::{self, ChannelIndex, CommandIndex};

/// Events that were not taken yet, and what will make further ones.
#[derive(Default)]
pub(super) struct EventLog {
    events: Vec<Event>,
    /// Predictions in the order in which their time runs out.
    deadlines: VecDeque<Deadline>,
    /// Transfers with a final reply whose data connection is not closed yet.
    unfinished: Vec<(SessionId, ChannelIndex, CommandIndex)>,
    /// Data connections that are closed and linger in the table, by their channels; with their facts until a
    /// transfer was reported by them.
    closed: KeyedMap<(SessionId, ChannelIndex), Option<Box<report::Connection>>>,
}

/// When a prediction's time runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    pub(super) at: Timestamp,
    pub(super) session: SessionId,
    pub(super) channel: ChannelIndex,
    /// The frame of the negotiation: the channel may have been given to a newer one.
    pub(super) made: FrameNumber,
}

impl EventLog {
    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// What happened since the last call.
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A prediction waits for its connection. Gives up the oldest if there are more than so many; returns
    /// whether it did.
    pub(super) fn wait_until(&mut self, deadline: Deadline, limit: usize) -> bool {
        let is_full = self.deadlines.len() >= limit;
        if is_full {
            self.deadlines.pop_front();
        }
        self.deadlines.push_back(deadline);
        is_full
    }

    /// The next prediction whose time has run out.
    pub(super) fn next_overdue(&mut self, now: Timestamp) -> Option<Deadline> {
        self.deadlines
            .front()
            .is_some_and(|deadline| deadline.at <= now)
            .then(|| self.deadlines.pop_front())?
    }

    /// A transfer on this channel has its final reply, and the channel's connection is still in the table:
    /// its facts if it is closed already, and no other transfer was reported by them. Otherwise the transfer
    /// waits for the close.
    pub(super) fn replied(
        &mut self,
        session: SessionId,
        channel: ChannelIndex,
        command: CommandIndex,
    ) -> Replied {
        match self.closed.get_mut(&(session, channel)) {
            Some(facts) => Replied::Closed(facts.take()),
            None => {
                self.unfinished.push((session, channel, command));
                Replied::Open
            }
        }
    }

    /// The connection of a channel is closed: gives the transfers that waited for that. Where none did, and
    /// the connection lingers in the table, its facts are kept for the reply that is to come.
    pub(super) fn closed(
        &mut self,
        session: SessionId,
        channel: ChannelIndex,
        connection: &report::Connection,
        lingers: bool,
    ) -> Vec<CommandIndex> {
        let is_due =
            |&mut (of, on, _): &mut (SessionId, ChannelIndex, CommandIndex)| (of, on) == (session, channel);
        let due: Vec<_> = self.unfinished.extract_if(.., is_due).map(|(_, _, command)| command).collect();
        if lingers {
            let facts = due.is_empty().then(|| Box::new(connection.clone()));
            self.closed.entry((session, channel)).or_insert(facts);
        }
        due
    }

    /// A session is over, which had so many channels: nothing of it is waited for any more.
    pub(super) fn forget(&mut self, session: SessionId, channels: usize) {
        for channel in (0..channels).map_while(ChannelIndex::from_position) {
            self.closed.remove(&(session, channel));
        }
        self.unfinished.retain(|&(of, _, _)| of != session);
    }
}

/// Whether a transfer that has its final reply can be reported.
#[derive(Debug)]
pub(super) enum Replied {
    /// Its connection is still open.
    Open,
    /// Its connection is closed; with the facts, unless another transfer was reported by them.
    Closed(Option<Box<report::Connection>>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Endpoint, PacketRef, TimeDelta};
    use crate::session::flow::DataFlow;
    use crate::tcp::{Connection, Onset};

    fn facts() -> Box<report::Connection> {
        let (from, to) =
            (Endpoint::new([192, 0, 2, 2].into(), 40_000), Endpoint::new([192, 0, 2, 1].into(), 1025));
        DataFlow::new().describe(&Connection::begun(from, to, Onset::Handshake, PacketRef::default()))
    }

    fn deadline(second: i64) -> Deadline {
        let at = Timestamp::MIN.plus(TimeDelta::from_secs(second));
        Deadline { at, session: SessionId::default(), channel: ChannelIndex(0), made: FrameNumber(1) }
    }

    #[test]
    fn a_transfer_whose_reply_comes_first_waits_for_the_close() {
        let (mut log, session) = (EventLog::default(), SessionId::default());
        assert!(matches!(log.replied(session, ChannelIndex(0), CommandIndex(5)), Replied::Open));
        assert!(log.closed(session, ChannelIndex(1), &facts(), true).is_empty());
        assert_eq!(log.closed(session, ChannelIndex(0), &facts(), true), [CommandIndex(5)]);
        assert!(log.closed(session, ChannelIndex(0), &facts(), true).is_empty());
    }

    #[test]
    fn the_facts_of_a_closed_connection_serve_one_transfer() {
        let (mut log, session) = (EventLog::default(), SessionId::default());
        log.closed(session, ChannelIndex(0), &facts(), true);
        assert!(matches!(log.replied(session, ChannelIndex(0), CommandIndex(5)), Replied::Closed(Some(_))));
        assert!(matches!(log.replied(session, ChannelIndex(0), CommandIndex(6)), Replied::Closed(None)));
    }

    #[test]
    fn nothing_is_left_of_a_session_that_is_over() {
        let (mut log, session) = (EventLog::default(), SessionId::default());
        log.replied(session, ChannelIndex(0), CommandIndex(5));
        log.closed(session, ChannelIndex(1), &facts(), true);
        log.forget(session, 2);
        assert!(log.unfinished.is_empty() && log.closed.is_empty());
    }

    #[test]
    fn predictions_run_out_in_their_order_and_of_too_many_the_oldest_is_given_up() {
        let mut log = EventLog::default();
        let given_up = [1, 2, 3].map(|second| log.wait_until(deadline(second), 2));
        assert_eq!(given_up, [false, false, true]);
        let now = Timestamp::MIN.plus(TimeDelta::from_secs(2));
        assert_eq!(log.next_overdue(now), Some(deadline(2)));
        assert_eq!(log.next_overdue(now), None);
    }
}
