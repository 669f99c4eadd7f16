//! What sessions keep, in bytes, and how much of it any one may have.
//!
//! The fuller memory is, the less one session may keep: a quarter of what is left. A greedy session thus
//! never takes everything, and a later one that keeps little still finds room without any other having to
//! give something back.

use crate::base::{Limits, cost, is_plain};
use crate::ftp::Verb;
use crate::report::{self, Argument};

use super::active::Channel;
use super::dialogue::USUAL_COMMANDS;
use super::expectation;

/// A list may be twice as long as what is in it.
const LIST: usize = 2;

/// A finding with its summary: what becomes of a session later is reckoned with from the start.
const FINDING: usize = size_of::<report::Finding>() + 24 * cost::ALLOCATION;

/// A session's report, with what its shortest dialogue gives rise to.
pub(super) const SESSION: usize = size_of::<report::Session>()
    + USUAL_COMMANDS * size_of::<report::Command>()
    + 2 * FINDING
    + 8 * cost::ALLOCATION;

/// A data channel as it is expected, followed and reported, with its connection, a transfer and a finding.
pub(super) const CHANNEL: usize = LIST * (size_of::<Channel>() + expectation::KNOWN)
    + CONNECTION
    + size_of::<report::DataChannel>()
    + LIST * size_of::<report::Transfer>()
    + FINDING;

/// A data connection that is over.
pub(super) const CONNECTION: usize = size_of::<report::Connection>() + 6 * cost::ALLOCATION;

/// An ICMP error, which most connections have none of.
pub(super) const ICMP: usize = LIST * size_of::<report::IcmpError>() + cost::ALLOCATION;

/// What a server asked about its client, which with most is little.
pub(super) const LOOKUPS: usize = 2 * (report::Lookup::KEPT * size_of::<report::Lookup>() + cost::ALLOCATION);

/// What went wrong on the way of a connection, which with most is nothing.
pub(super) const TROUBLE: usize = 2 * (size_of::<report::Trouble>() + cost::ALLOCATION);

/// A line of a reply, as a text of its own.
pub(super) const LINE: usize = size_of::<crate::base::Text>() + 2 * cost::ALLOCATION;

/// A gap, or a line that was too long.
pub(super) const NOTE: usize = LIST * size_of::<report::ControlGap>();

/// A session that keeps less is not asked to make room for others, and finds some where there are others that
/// keep more.
pub(super) const MODEST: usize = 64 * 1024;

/// Room that there must be behind a command for what will answer it: a command is kept with its reply or not
/// at all.
pub(super) const ANSWER: usize = 1024;

/// What a command costs.
pub(super) fn command(command: &report::Command) -> usize {
    let argument = match &command.argument {
        Some(Argument::Text(said)) => text(said.raw()),
        Some(Argument::Secret(secret)) => secret.reveal().map_or(0, |said| text(said.raw())),
        None => 0,
    };
    let verb = match &command.verb {
        Verb::Other(name) => text(name),
        known => known.name().len(),
    };
    a_command(&command.verb, verb, argument)
}

/// What a command costs of a verb that FTP knows and an argument that costs so much.
pub(super) fn known_command(verb: &Verb, argument: usize) -> usize {
    a_command(verb, verb.name().len(), argument)
}

/// What a command costs, by what its words do.
fn a_command(verb: &Verb, name: usize, argument: usize) -> usize {
    // The transfer repeats the argument.
    let (transfer, times) =
        if verb.is_transfer() { (LIST * size_of::<report::Transfer>() + PATH, 2) } else { (0, 1) };
    (LIST * size_of::<report::Command>())
        .saturating_add(2 * cost::ALLOCATION)
        .saturating_add(name)
        .saturating_add(argument.saturating_mul(times))
        .saturating_add(transfer)
}

/// What a reply costs.
pub(super) fn reply(said: &str) -> usize {
    reply_of(text(said))
}

/// What a reply costs the text of which costs so much.
pub(super) const fn reply_of(text: usize) -> usize {
    (LIST * size_of::<report::Reply>() + 2 * cost::ALLOCATION).saturating_add(text)
}

/// What text costs, kept or written.
fn text(text: &str) -> usize {
    text_of(text.as_bytes(), is_plain(text.as_bytes()))
}

/// What the bytes of a text cost of which it is known whether they are plain, in the sense of [`is_plain`]:
/// JSON makes six characters of one that must be escaped.
pub(super) fn text_of(bytes: &[u8], is_plain: bool) -> usize {
    if is_plain {
        return bytes.len();
    }
    let is_escaped = |byte: u8| matches!(byte, 0..0x20 | 0x7f | b'"' | b'\\');
    let more = |byte: u8| 5 * usize::from(is_escaped(byte)) + 2 * usize::from(byte >= 0x80);
    bytes.iter().map(|&byte| more(byte)).sum::<usize>().saturating_add(bytes.len())
}

/// What texts may take in a session's report that were made of others: paths, features.
pub(super) const fn derived(weight: usize) -> usize {
    weight / 4
}

/// What a transfer's path takes, usually.
pub(super) const PATH: usize = 128;

/// The part of all room that is set aside for sessions that are over and were not taken yet: so that ending
/// one that was left makes room for another at once.
const SET_ASIDE: usize = 16;

/// The part of all room that copies of contents may take: one in this many. They are given up first.
const COPIES: usize = 8;

/// What all sessions keep.
#[derive(Debug)]
pub(super) struct Kept {
    total: usize,
    /// How much of it is of sessions that are over.
    leaving: usize,
    /// How much of it is of copies of contents.
    copies: usize,
    cap: usize,
    per_session: usize,
}

impl Kept {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { total: 0, leaving: 0, copies: 0, cap: limits.kept_bytes, per_session: limits.kept_per_session }
    }

    /// The most that copies of contents may take which one session or one connection keeps.
    pub(super) fn allowed_copies(&self) -> usize {
        ((self.cap / COPIES).saturating_sub(self.copies) / 2).min(self.allowed() / 2)
    }

    /// What copies of contents take has changed; it is part of what is kept.
    pub(super) const fn change_copies(&mut self, before: usize, after: usize) {
        self.copies = self.copies.saturating_sub(before).saturating_add(after);
    }

    /// The most that any one session may keep now.
    pub(super) fn allowed(&self) -> usize {
        let set_aside = self.cap / SET_ASIDE;
        let taken = self.total.saturating_sub(self.leaving.min(set_aside));
        self.per_session.min(self.cap.saturating_sub(set_aside).saturating_sub(taken) / 4)
    }

    /// A session that keeps so much is over.
    pub(super) const fn leave(&mut self, kept: usize) {
        self.change(0, kept);
        self.leaving = self.leaving.saturating_add(kept);
    }

    /// Whether ending a session makes room at once.
    pub(super) const fn frees_at_once(&self) -> bool {
        self.leaving < self.cap / SET_ASIDE
    }

    /// Sessions that were over were taken.
    pub(super) const fn release(&mut self, kept: usize) {
        self.change(kept, 0);
        self.leaving = self.leaving.saturating_sub(kept);
    }

    /// What a session keeps has changed.
    pub(super) const fn change(&mut self, before: usize, after: usize) {
        self.total = self.total.saturating_sub(before).saturating_add(after);
    }

    /// What is kept of all.
    #[cfg(test)]
    pub(super) const fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_take_all_they_may_the_whole_is_never_exceeded() {
        let limits = Limits { kept_bytes: 1_000_000, kept_per_session: 200_000, ..Limits::default() };
        let mut kept = Kept::new(&limits);
        let mut sessions = vec![0_usize; 1000];
        for _ in 0..3 {
            for session in &mut sessions {
                let allowed = kept.allowed().max(*session);
                kept.change(*session, allowed);
                *session = allowed;
                assert!(kept.total() <= limits.kept_bytes);
            }
        }
        assert_eq!(sessions.iter().sum::<usize>(), kept.total());
    }

    #[test]
    fn a_session_that_ends_makes_room_at_once_and_the_whole_is_still_never_exceeded() {
        let limits = Limits { kept_bytes: 1_600_000, kept_per_session: 200_000, ..Limits::default() };
        let mut kept = Kept::new(&limits);
        while kept.allowed() > 0 {
            kept.change(0, kept.allowed().min(1000));
        }
        assert!(kept.total() <= 1_500_000);
        kept.change(40_000, 0);
        kept.leave(40_000);
        assert_eq!(kept.allowed(), 10_000);
        kept.change(0, 40_000);
        assert!(kept.total() <= limits.kept_bytes && kept.allowed() == 0);
        kept.release(40_000);
        assert_eq!(kept.allowed(), 0);
    }

    #[test]
    fn a_few_greedy_ones_leave_room_for_one_that_keeps_little() {
        let limits = Limits::default();
        let mut kept = Kept::new(&limits);
        for _ in 0..20 {
            kept.change(0, kept.allowed());
        }
        assert!(kept.allowed() > 100_000, "{}", kept.allowed());
    }
}
