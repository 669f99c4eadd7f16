//! Connections to control ports on which no session came about.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::base::{
    Endpoint, FrameNumber, LimitCounts, LimitName, Limits, PacketRef, TimeDelta, Timestamp, cost,
};
use crate::report::{ControlAttempt, FirstClose};
use crate::tcp::{Connection, Onset};

/// Frames that prove an attempt.
const FRAMES: usize = 8;

/// An attempt that was followed by a session so soon led to it.
const SOON: TimeDelta = TimeDelta::from_secs(60);

/// By client and server.
type Ends = (IpAddr, Endpoint);

const _: () = assert!(
    cost::in_tree(size_of::<Ends>() + size_of::<ControlAttempt>())
        + cost::in_tree(size_of::<Ends>() + size_of::<Timestamp>())
        + 2 * FRAMES * size_of::<FrameNumber>()
        + cost::ALLOCATION
        <= cost::ATTEMPT
);

/// What came to nothing, by client and server.
#[derive(Clone, Default)]
pub(super) struct Attempts {
    by_ends: BTreeMap<Ends, ControlAttempt>,
    /// When the latest sessions between two began, as attempts may be known to have failed only later.
    served: BTreeMap<Ends, Timestamp>,
    silent: u64,
}

impl Attempts {
    /// A connection to a control port stood, and nobody spoke FTP on it.
    pub(super) const fn note_silence(&mut self) {
        self.silent = self.silent.saturating_add(1);
    }

    /// How many connections to control ports stood on which nobody spoke FTP.
    pub(super) const fn silent(&self) -> u64 {
        self.silent
    }

    /// A connection to a control port has ended that never stood.
    #[cold]
    pub(super) fn note_failure(
        &mut self,
        connection: &Connection,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) {
        if connection.onset == Onset::MidStream || connection.syn_attempts == 0 {
            return;
        }
        let refusal = connection.refusal();
        let Some(attempt) = self.attempt(connection, limits, counts) else { return };
        match refusal {
            Some(_) => attempt.refused = attempt.refused.saturating_add(1),
            None => attempt.unanswered = attempt.unanswered.saturating_add(1),
        }
        prove(attempt, connection, refusal);
    }

    /// A connection to a control port stood, and the server closed it before anybody had said anything.
    #[cold]
    pub(super) fn note_drop(&mut self, connection: &Connection, limits: &Limits, counts: &mut LimitCounts) {
        let unspoken = [&connection.from_originator, &connection.from_responder]
            .iter()
            .all(|stream| stream.bytes == 0 && stream.missing == 0 && stream.start_seen);
        if connection.first_close != Some(FirstClose::Responder) || !unspoken {
            return;
        }
        let Some(attempt) = self.attempt(connection, limits, counts) else { return };
        attempt.dropped = attempt.dropped.saturating_add(1);
        prove(attempt, connection, connection.close);
    }

    /// What is noted of the two ends of a connection that came to nothing; none where a session came of it
    /// after all, or where there is no room.
    fn attempt(
        &mut self,
        connection: &Connection,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) -> Option<&mut ControlAttempt> {
        let key = (connection.originator.ip, connection.responder);
        let is_served = |begun: &Timestamp| leads_to(connection.first.time, connection.last.time, *begun);
        if self.served.get(&key).is_some_and(is_served) {
            return None;
        }
        if self.by_ends.len() >= limits.attempts && !self.by_ends.contains_key(&key) {
            counts.reached(LimitName::Attempts);
            return None;
        }
        Some(self.by_ends.entry(key).or_insert_with(|| ControlAttempt {
            client: connection.originator.ip,
            server: connection.responder,
            unanswered: 0,
            refused: 0,
            dropped: 0,
            first: connection.first.time,
            last: connection.last.time,
            frames: Vec::new(),
        }))
    }

    /// A session between the two began: what failed right before was no lasting obstacle.
    pub(super) fn served(&mut self, client: IpAddr, server: Endpoint, begun: Timestamp, limits: &Limits) {
        let ends = (client, server);
        if self.by_ends.get(&ends).is_some_and(|attempt| leads_to(attempt.first, attempt.last, begun)) {
            self.by_ends.remove(&ends);
        }
        if self.served.len() >= limits.attempts && !self.served.contains_key(&ends) {
            // What was served long ago can't be what a late attempt led to.
            self.served.clear();
        }
        let latest = self.served.entry(ends).or_insert(begun);
        *latest = begun.max(*latest);
    }

    /// All attempts that failed, by client and server.
    pub(super) fn iter(&self) -> impl Iterator<Item = &ControlAttempt> {
        self.by_ends.values()
    }
}

/// Adds the frames of one more connection that came to nothing.
fn prove(attempt: &mut ControlAttempt, connection: &Connection, end: Option<PacketRef>) {
    attempt.last = attempt.last.max(connection.last.time);
    let room = FRAMES.saturating_sub(attempt.frames.len());
    let end = end.map(|packet| packet.frame);
    attempt.frames.extend(connection.syn_frames.iter().copied().chain(end).take(room));
}

/// Whether a session that began then came of attempts from `first` to `last`.
fn leads_to(first: Timestamp, last: Timestamp, begun: Timestamp) -> bool {
    first <= begun && begun <= last.plus(SOON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{IcmpError, IcmpMessage, IcmpVersion};

    fn failed(client: u8, refused: bool) -> Connection {
        let (from, to) =
            (Endpoint::new([192, 0, 2, client].into(), 50_000), Endpoint::new([192, 0, 2, 1].into(), 21));
        let first = PacketRef { frame: FrameNumber(7), ..PacketRef::default() };
        let mut connection = Connection::begun(from, to, Onset::Handshake, first);
        connection.syn_attempts = 1;
        connection.syn_frames.push(FrameNumber(7));
        connection.refused = refused.then_some(PacketRef { frame: FrameNumber(8), ..first });
        connection
    }

    fn noted(connections: &[Connection], limit: usize) -> (Attempts, u64) {
        let limits = Limits { attempts: limit, ..Limits::default() };
        let (mut attempts, mut counts) = (Attempts::default(), LimitCounts::default());
        for connection in connections {
            attempts.note_failure(connection, &limits, &mut counts);
        }
        (attempts, counts.iter().map(|(_, count)| count).sum())
    }

    #[test]
    fn attempts_between_the_same_two_are_counted_together_and_proved_by_a_few_frames() {
        let connections: Vec<Connection> = (0..9).map(|number| failed(2, number % 3 == 0)).collect();
        let (attempts, _) = noted(&connections, 10);
        let found: Vec<_> =
            attempts.iter().map(|one| (one.refused, one.unanswered, one.frames.len())).collect();
        assert_eq!(found, [(3, 6, FRAMES)]);
    }

    #[test]
    fn an_icmp_error_refuses_as_a_reset_does_but_not_one_that_a_sender_heeds() {
        let error = |code: u8| {
            let connection = failed(2, false);
            let message = IcmpMessage { version: IcmpVersion::V4, kind: 3, code, mtu: None };
            let quoted_sender = connection.originator;
            let (time, from) = (connection.first.time, connection.responder.ip);
            let icmp = vec![IcmpError { time, frame: FrameNumber(9), from, message, quoted_sender }];
            Connection { icmp, ..connection }
        };
        let (attempts, _) = noted(&[error(13), error(4)], 10);
        let found: Vec<_> =
            attempts.iter().map(|one| (one.refused, one.unanswered, one.frames.clone())).collect();
        assert_eq!(found, [(1, 1, [7, 9, 7].map(FrameNumber).to_vec())]);
    }

    #[test]
    fn beyond_the_limit_only_those_that_are_known_are_counted() {
        let (attempts, reached) = noted(&[failed(2, true), failed(3, true), failed(2, true)], 1);
        assert_eq!(attempts.iter().map(|one| one.refused).collect::<Vec<_>>(), [2]);
        assert_eq!(reached, 1);
    }

    #[test]
    fn a_connection_met_in_the_middle_is_no_attempt() {
        let met = Connection { onset: Onset::MidStream, ..failed(2, false) };
        assert_eq!(noted(&[met], 10).0.iter().count(), 0);
    }

    fn serve(attempts: &mut Attempts, client: u8, seconds: i64, limit: usize) {
        let limits = Limits { attempts: limit, ..Limits::default() };
        let begun = Timestamp::from_nanos(seconds * 1_000_000_000);
        attempts.served([192, 0, 2, client].into(), Endpoint::new([192, 0, 2, 1].into(), 21), begun, &limits);
    }

    #[test]
    fn a_session_takes_back_what_failed_within_the_minute_before() {
        for (seconds, left) in [(0, 1), (56, 1), (60, 1), (61, 2)] {
            let (mut attempts, _) = noted(&[failed(2, true), failed(3, true)], 10);
            serve(&mut attempts, 2, seconds, 10);
            assert_eq!(attempts.iter().count(), left, "{seconds}");
        }
    }

    #[test]
    fn an_attempt_that_is_known_to_have_failed_only_after_the_session_began_led_to_it_too() {
        let (mut attempts, mut counts) = (Attempts::default(), LimitCounts::default());
        serve(&mut attempts, 2, 5, 10);
        attempts.note_failure(&failed(2, false), &Limits::default(), &mut counts);
        assert_eq!(attempts.iter().count(), 0);
        let mut later = failed(2, false);
        later.first.time = Timestamp::from_nanos(6_000_000_000);
        later.last.time = later.first.time;
        attempts.note_failure(&later, &Limits::default(), &mut counts);
        assert_eq!(attempts.iter().count(), 1);
    }

    #[test]
    fn no_more_sessions_are_remembered_than_attempts() {
        let mut attempts = Attempts::default();
        for client in 2..50 {
            serve(&mut attempts, client, 0, 10);
        }
        assert!(attempts.served.len() <= 10, "{}", attempts.served.len());
    }
}
