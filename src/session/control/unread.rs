//! What shows of a dialogue that can't be read: who spoke last, and which exchange may have announced a data
//! connection.
//!
//! PASV and EPSV are the shortest of commands, and of all that answers so short a command little is as long
//! as an endpoint with the words around it. That tells the session which opens a data connection from others
//! that speak at the same time.

use std::ops::RangeInclusive;

use smallvec::SmallVec;

use crate::base::{TimeDelta, Timestamp};
use crate::ftp::Party;
use crate::report::CommandLength;
use crate::session::sessions::SessionId;
use crate::tcp::ConnectionId;

/// `PASV` or `EPSV` with its line end.
const ASKS: RangeInclusive<usize> = 6..=6;

/// A 227 or 229 reply: from `229 Extended Passive mode OK (|||30000|)` to `227 Entering Passive Mode` with
/// six numbers of three digits.
const ANNOUNCES: RangeInclusive<usize> = 41..=56;

/// How long after its announcement a data connection begins at most: clients connect at once.
const SOON: TimeDelta = TimeDelta::from_secs(5);

/// The same after whatever was said last.
const AT_ONCE: TimeDelta = TimeDelta::from_secs(2);

/// Sessions that are told apart of those whose a connection may be.
const RIVALS: usize = 32;

/// What shows of a dialogue that can't be read.
#[derive(Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(in crate::session) struct Unread {
    last: Option<(Party, Timestamp)>,
    may_ask: bool,
    announced: Option<Timestamp>,
    /// The same, where a connection was taken for it that may be another session's.
    perhaps_met: Option<Timestamp>,
    /// Whether announcements show: a connection was taken for one before.
    is_telling: bool,
    /// Whether the client went on after that.
    goes_on: bool,
    /// Whether a connection that others may have announced as well was taken for another session's.
    is_doubtful: bool,
    /// Those others, since the last announcement.
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::list",
            deserialize_with = "crate::base::encode::read_list"
        )
    )]
    rivals: SmallVec<[SessionId; 2]>,
    /// The data connection under way.
    busy: Option<ConnectionId>,
    /// Whether that may be another session's: then its own may have ended already.
    is_busy_perhaps: bool,
    /// How long the client's last line was.
    last_command: Option<CommandLength>,
    /// Whether the client said more than one line.
    has_gone_on: bool,
    /// How long the server's first records are, until the client's second line.
    first_said: [u16; 3],
}

/// How well a new connection fits what a session said last; the best is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::session) enum Fit {
    /// Something was said just now, though another data connection seems to be under way.
    WhileBusy,
    /// Something was said just now.
    SaidJustNow,
    /// What was said last was said just now, by the side that speaks before such a connection.
    SaidByTheRightSide,
    /// It may well have been announced, but for another that may have been that one.
    PerhapsMet,
    /// It may well have been announced.
    Announced,
}

impl Unread {
    /// A record of application data of so many bytes, or up to `slack` fewer. Tells whether it may announce
    /// a data connection.
    pub(super) fn record(&mut self, party: Party, len: usize, slack: usize, time: Timestamp) -> bool {
        self.last = Some((party, time));
        let fits = |range: RangeInclusive<usize>| {
            (*range.start()..=range.end().saturating_add(slack)).contains(&len)
        };
        match party {
            Party::Client => {
                self.may_ask |= fits(ASKS);
                self.goes_on = true;
                self.has_gone_on |= self.last_command.is_some();
                self.last_command = Some(length(len, slack));
                false
            }
            Party::Server => {
                self.note_first(len);
                let asked = std::mem::take(&mut self.may_ask);
                // An answer to what came after the announcement: the client has its connection, whosesoever
                // it was taken for.
                if std::mem::take(&mut self.goes_on) {
                    (self.announced, self.perhaps_met) = (None, None);
                }
                let announces = asked && self.surely_busy().is_none() && fits(ANNOUNCES);
                if announces {
                    (self.announced, self.perhaps_met) = (Some(time), None);
                    self.is_doubtful = self.busy.is_some();
                }
                announces
            }
        }
    }

    fn note_first(&mut self, len: usize) {
        let free = self.first_said.iter_mut().find(|record| **record == 0);
        if let Some(record) = free.filter(|_| !self.has_gone_on) {
            *record = u16::try_from(len).unwrap_or(u16::MAX);
        }
    }

    /// How long the session tickets were that the server sent first, if it speaks TLS 1.3; 0 where there were
    /// fewer. They come before its first reply, whether the client waited for them or not.
    pub(in crate::session) const fn tickets(&self) -> [u16; 2] {
        match self.first_said {
            [_, 0, _] => [0, 0],
            [first, _, 0] => [first, 0],
            [first, second, _] => [first, second],
        }
    }

    /// How long the client's last line was.
    pub(in crate::session) const fn last_command(&self) -> Option<CommandLength> {
        self.last_command
    }

    /// How well a connection fits that begins now; `passive`: the client opens it.
    pub(in crate::session) fn fit(&self, passive: bool, now: Timestamp) -> Option<Fit> {
        let (speaker, time) = self.last?;
        if passive && self.announced_at(now).is_some() {
            return Some(Fit::Announced);
        }
        if passive && self.perhaps_met.is_some_and(|time| now.since(time) <= SOON) {
            return Some(Fit::PerhapsMet);
        }
        if passive && self.is_telling && self.busy.is_none() {
            return None;
        }
        let speaks_before = if passive { Party::Server } else { Party::Client };
        (now.since(time) <= AT_ONCE).then_some(match (self.busy, speaker == speaks_before) {
            (Some(_), _) => Fit::WhileBusy,
            (None, false) => Fit::SaidJustNow,
            (None, true) => Fit::SaidByTheRightSide,
        })
    }

    /// When a data connection was announced that may still come.
    pub(in crate::session) fn announced_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.announced.filter(|&time| self.surely_busy().is_none() && now.since(time) <= SOON)
    }

    /// When something was said last.
    pub(in crate::session) fn last_said(&self) -> Option<Timestamp> {
        self.last.map(|(_, time)| time)
    }

    /// A connection is taken for the session's; gives when it was announced, and whether another's may have
    /// been taken for it.
    pub(in crate::session) fn claim(
        &mut self,
        id: ConnectionId,
        is_ambiguous: bool,
    ) -> (Option<Timestamp>, bool) {
        let is_doubtful = is_ambiguous || self.is_doubtful;
        self.busy = Some(id);
        self.is_busy_perhaps = is_doubtful;
        let announced = self.announced.take();
        self.is_telling |= announced.is_some();
        if announced.is_none() {
            self.stay_doubtful();
        }
        if is_doubtful && announced.is_some() {
            self.perhaps_met = announced;
        }
        (announced, is_doubtful)
    }

    /// The data connection under way, where it is no other session's.
    pub(in crate::session) fn surely_busy(&self) -> Option<ConnectionId> {
        self.busy.filter(|_| !self.is_busy_perhaps)
    }

    /// One connection may be this session's or another's, whichever it was taken for.
    pub(in crate::session) fn doubt(&mut self, other: SessionId) {
        self.is_doubtful = true;
        if self.rivals.len() >= RIVALS {
            self.stay_doubtful();
        } else if !self.rivals.contains(&other) {
            self.rivals.push(other);
        }
    }

    /// Whose the connection is that was taken for this session's will not be found out: no session is a rival
    /// that never gives way.
    pub(in crate::session) fn stay_doubtful(&mut self) {
        let nobody = SessionId::default();
        if !self.rivals.contains(&nobody) {
            self.rivals.push(nobody);
        }
    }

    /// The sessions whose data connection the last one may have been, which are forgotten.
    pub(in crate::session) fn take_rivals(&mut self) -> SmallVec<[SessionId; 2]> {
        std::mem::take(&mut self.rivals)
    }

    /// Another session has gone on: it has its own connection, or else that may be this one's for good. Tells
    /// whether this one's may still be another's.
    pub(in crate::session) fn dismiss(&mut self, other: SessionId, has_its_own: bool) -> bool {
        let before = self.rivals.len();
        self.rivals.retain(|rival| *rival != other);
        if !has_its_own && self.rivals.len() < before {
            self.stay_doubtful();
        }
        self.is_busy_perhaps &= !self.rivals.is_empty();
        !self.rivals.is_empty()
    }

    /// The connection that was taken for the session's is not, or has ended.
    pub(in crate::session) fn release(&mut self, id: ConnectionId) {
        self.busy.take_if(|busy| *busy == id);
    }

    /// The announcement that was taken to be met is open again.
    pub(in crate::session) fn reopen(&mut self, announced: Option<Timestamp>) {
        self.announced = announced;
        self.perhaps_met = None;
        self.stay_doubtful();
    }

    /// The data connection under way.
    pub(in crate::session) const fn busy(&self) -> Option<ConnectionId> {
        self.busy
    }
}

/// Of how many bytes a line is at least and at most.
fn length(most: usize, slack: usize) -> CommandLength {
    let of = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
    CommandLength { least: of(most.saturating_sub(slack)), most: of(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: ConnectionId = ConnectionId::new(1, 1);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    /// A session in which PASV was asked and answered at 0.
    fn announced() -> Unread {
        let mut unread = Unread::default();
        assert!(!unread.record(Party::Client, 6, 0, at(0)));
        assert!(unread.record(Party::Server, 50, 0, at(0)));
        unread
    }

    #[test]
    fn a_long_answer_to_a_short_command_announces_a_connection_for_a_while() {
        let unread = announced();
        assert_eq!(unread.fit(true, at(4000)), Some(Fit::Announced));
        assert_eq!(unread.fit(true, at(6000)), None);
        assert_eq!(
            unread.fit(false, at(1)),
            Some(Fit::SaidJustNow),
            "the server's own is no such connection"
        );
        for (asked, answered) in [(6, 24), (6, 80), (12, 50)] {
            let mut unread = Unread::default();
            unread.record(Party::Client, asked, 0, at(0));
            assert!(!unread.record(Party::Server, answered, 0, at(0)), "{asked} {answered}");
            assert_eq!(unread.fit(true, at(1)), Some(Fit::SaidByTheRightSide));
        }
    }

    #[test]
    fn an_answer_to_another_command_announces_nothing() {
        let mut unread = Unread::default();
        unread.record(Party::Client, 6, 0, at(0));
        unread.record(Party::Server, 14, 0, at(1));
        unread.record(Party::Client, 20, 0, at(2));
        assert!(!unread.record(Party::Server, 50, 0, at(3)));
    }

    #[test]
    fn a_session_has_one_data_connection_at_a_time() {
        let mut unread = announced();
        assert_eq!(unread.claim(DATA, false), (Some(at(0)), false));
        unread.record(Party::Client, 6, 0, at(10));
        assert!(!unread.record(Party::Server, 50, 0, at(11)), "that is what begins its transfer");
        assert_eq!(unread.fit(true, at(12)), Some(Fit::WhileBusy));
        unread.release(DATA);
        assert_eq!(unread.fit(true, at(12)), None, "it would have been announced like the first");
    }

    #[test]
    fn a_session_that_may_have_got_anothers_connection_may_announce_its_next_meanwhile() {
        let mut unread = announced();
        assert_eq!(unread.claim(DATA, true), (Some(at(0)), true));
        unread.record(Party::Client, 6, 0, at(10));
        assert!(unread.record(Party::Server, 50, 0, at(11)));
        assert_eq!(unread.fit(true, at(12)), Some(Fit::Announced));
        assert!(unread.claim(ConnectionId::new(2, 1), false).1, "that is in doubt as well");
    }
}
