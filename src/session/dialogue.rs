//! Commands, and which reply answers which.
//!
//! A server answers in order, so the oldest command without a final reply gets the next reply. Three things
//! disturb that order, and each has its evidence:
//!
//! - **a transfer under way** (1yz seen): STAT, NOOP and ABOR may be answered before its completion; the code
//!   decides;
//! - **a reply lost in a gap** of the capture: the commands that were sent before the client had acknowledged
//!   the missing bytes may have been answered there, later ones can't have been;
//! - **a reply that nobody asked for**: the server had not yet received the command, as its acknowledgement
//!   shows.
//!
//! A reply may also be captured before its command (two taps): it is held back until the command's bytes were
//! seen.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::Options;
use crate::base::{LimitCounts, LimitName, Limits, PacketRef, Secret, Text};
use crate::ftp::{self, Answer, Secrecy, Verb, may_answer};
use crate::report::{Argument, Command, CommandIndex, LineFacts, Reply};

/// Room that is made for commands when the first one comes. A list that grows with them is copied again and
/// again, each time into memory that is in no cache.
pub(super) const USUAL_COMMANDS: usize = 24;

/// How many later commands may be answered before one is taken for never answered.
const OVERTAKEN: usize = 64;

/// A command that waits for its final reply.
#[derive(Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Pending {
    index: CommandIndex,
    /// An acknowledgement of this place in the client's stream, or of one behind it, shows that the server
    /// had received it.
    received_at: u64,
    /// How far the client had received the server's stream when it sent the command.
    client_had: Option<u64>,
    /// A preliminary reply was seen.
    begun: bool,
    /// Its answer may lie in a gap of the server's stream.
    maybe_lost: bool,
}

/// A reply with what its segment said of the client's stream.
#[derive(Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct IncomingReply {
    pub(super) code: u16,
    pub(super) text: Text,
    pub(super) packet: PacketRef,
    pub(super) line: LineFacts,
    /// How far the server had received the client's stream when it sent the reply.
    pub(super) server_had: Option<u64>,
    /// Whether there is room to keep it; it is an answer all the same.
    pub(super) is_kept: bool,
}

/// Whether the server's opening replies may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
enum Greeting {
    /// The server's next reply is the greeting.
    Due,
    /// The dialogue was met somewhere; nothing of the server was seen so far.
    MayCome,
    Over,
}

/// What a reply turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) enum Answered {
    Greeting,
    Command(CommandIndex),
    Nothing,
}

/// Where bytes of a stream are missing, as far as it matters and the last few.
#[derive(Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Holes(
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::list",
            deserialize_with = "crate::base::encode::read_list"
        )
    )]
    SmallVec<[u64; 1]>,
);

impl Holes {
    /// Those that are remembered.
    const MOST: usize = 64;

    /// There is one at `start`; none that begins before `since` matters any more.
    fn note(&mut self, start: u64, since: u64) {
        self.0.retain(|hole| *hole >= since);
        if self.0.len() >= Self::MOST {
            self.0.remove(0);
        }
        self.0.push(start);
    }

    /// The first one that begins there or later.
    fn first_from(&self, offset: u64) -> Option<u64> {
        self.0.iter().copied().find(|&start| start >= offset)
    }
}

/// The dialogue of one control connection; what each line needs comes first.
#[derive(Debug)]
#[repr(C)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Dialogue {
    /// How far the client's stream was read.
    client_read: u64,
    greeting_stage: Greeting,
    pub(super) commands: Vec<Command>,
    pending: VecDeque<Pending>,
    held_back: VecDeque<IncomingReply>,
    /// Where bytes of the client are missing: commands may have been among them.
    lost_commands: Holes,
    pub(super) greeting: Vec<Reply>,
    pub(super) unsolicited: Vec<Reply>,
}

impl Dialogue {
    /// A dialogue, from its beginning or from somewhere in the middle.
    pub(super) fn new(from_the_beginning: bool) -> Self {
        Self {
            commands: Vec::new(),
            greeting: Vec::new(),
            unsolicited: Vec::new(),
            pending: VecDeque::new(),
            held_back: VecDeque::new(),
            lost_commands: Holes::default(),
            client_read: 0,
            greeting_stage: if from_the_beginning { Greeting::Due } else { Greeting::MayCome },
        }
    }

    /// Whether the server's next reply is its greeting.
    pub(super) fn awaits_greeting(&self) -> bool {
        self.greeting_stage == Greeting::Due
    }

    /// The client gave a command, having received the server's stream up to `client_had`; an acknowledgement
    /// of `received_at` or more shows that the server had received it.
    pub(super) fn command(
        &mut self,
        command: Command,
        received_at: u64,
        client_had: Option<u64>,
        limits: &Limits,
        counts: &mut LimitCounts,
    ) -> Option<CommandIndex> {
        if self.commands.len() >= limits.commands_per_session {
            counts.reached(LimitName::Commands);
            return None;
        }
        if self.pending.len() >= limits.pending_commands {
            counts.reached(LimitName::Commands);
            self.pending.pop_front();
        }
        self.give(command, received_at, client_had)
    }

    /// Whether another command stays within the limits.
    pub(super) fn has_room(&self, limits: &Limits) -> bool {
        self.commands.len() < limits.commands_per_session && self.pending.len() < limits.pending_commands
    }

    /// The client gave a command for which there is room.
    pub(super) fn give(
        &mut self,
        command: Command,
        received_at: u64,
        client_had: Option<u64>,
    ) -> Option<CommandIndex> {
        let index = CommandIndex::from_position(self.commands.len())?;
        if self.commands.is_empty() {
            self.commands.reserve(USUAL_COMMANDS);
        }
        self.commands.push(command);
        self.pending.push_back(Pending { index, received_at, client_had, begun: false, maybe_lost: false });
        Some(index)
    }

    /// How many commands there are from the first on of which no more replies come: all before the oldest
    /// that waits for one. Whatever waits although many later ones were answered is waited for no longer.
    pub(super) fn settled(&self) -> usize {
        let given = self.commands.len();
        let waiting = self.pending.iter().enumerate().find(|&(overtaken, pending)| {
            let later = given.saturating_sub(pending.index.position());
            later.saturating_sub(self.pending.len().saturating_sub(overtaken)) < OVERTAKEN
        });
        waiting.map_or(given, |(_, pending)| pending.index.position())
    }

    /// Whether no reply is held back.
    pub(super) fn is_in_order(&self) -> bool {
        self.held_back.is_empty()
    }

    /// The client's stream was read up to `offset`: replies that were held back for it are paired.
    pub(super) fn client_read(&mut self, offset: u64, answered: &mut Vec<(Answered, u16)>) {
        self.client_read = self.client_read.max(offset);
        while self.held_back.front().is_some_and(|reply| self.is_due(reply.server_had)) {
            if let Some(reply) = self.held_back.pop_front() {
                let code = reply.code;
                answered.push((self.pair_incoming(reply), code));
            }
        }
    }

    /// Bytes of the client are missing from `start` of its stream on.
    pub(super) fn client_gap(&mut self, start: u64) {
        let oldest = self.pending.front().map_or(start, |pending| pending.received_at);
        self.lost_commands.note(start, oldest);
    }

    /// Bytes of the server are missing up to `end` of its stream.
    pub(super) fn server_gap(&mut self, end: u64) {
        if self.greeting_stage == Greeting::MayCome {
            self.greeting_stage = Greeting::Over;
        }
        for pending in &mut self.pending {
            pending.maybe_lost |= pending.client_had.is_none_or(|had| had < end);
        }
    }

    /// The server replied.
    pub(super) fn reply(
        &mut self,
        reply: IncomingReply,
        limits: &Limits,
        answered: &mut Vec<(Answered, u16)>,
    ) {
        if self.held_back.is_empty() && self.is_due(reply.server_had)
            || self.held_back.len() >= limits.pending_commands
        {
            let code = reply.code;
            answered.push((self.pair_incoming(reply), code));
        } else {
            self.held_back.push_back(reply);
        }
    }

    /// The end: nothing more is waited for.
    pub(super) fn finish(&mut self, answered: &mut Vec<(Answered, u16)>) {
        while let Some(reply) = self.held_back.pop_front() {
            let code = reply.code;
            answered.push((self.pair_incoming(reply), code));
        }
    }

    /// Whether all that the server had received was read here too. A FIN takes one place in the sequence
    /// space.
    pub(super) fn is_due(&self, server_had: Option<u64>) -> bool {
        self.client_read == 0 || server_had.is_none_or(|had| had <= self.client_read.saturating_add(1))
    }

    fn pair_incoming(&mut self, incoming: IncomingReply) -> Answered {
        let reply = Reply {
            time: incoming.packet.time,
            frame: incoming.packet.frame,
            code: incoming.code,
            text: incoming.text,
            line: incoming.line,
        };
        self.pair(reply, incoming.server_had, incoming.is_kept)
    }

    /// Finds out what a reply answers, and keeps it there if it is to be kept.
    pub(super) fn pair(&mut self, reply: Reply, server_had: Option<u64>, is_kept: bool) -> Answered {
        if self.greeting_stage != Greeting::Over && self.is_greeting(reply.code) {
            self.greeting.extend(is_kept.then_some(reply));
            return Answered::Greeting;
        }
        let Some(position) = self.choose(&reply, server_had) else {
            self.unsolicited.extend(is_kept.then_some(reply));
            return Answered::Nothing;
        };
        let Some(pending) = self.pending.get_mut(position) else { return Answered::Nothing };
        let index = pending.index;
        pending.begun = true;
        pending.maybe_lost = false;
        if !reply.is_preliminary() {
            if position == 0 {
                self.pending.pop_front();
            } else {
                self.take_out(position);
            }
        }
        let command = index.of_mut(&mut self.commands);
        if let Some(command) = command.filter(|_| is_kept) {
            command.replies.push(reply);
        }
        Answered::Command(index)
    }

    /// Whether the next reply of the server is one of its opening replies. Where the handshake was not
    /// captured, only its very first reply can be, and only by a code that no other command asks for.
    #[cold]
    fn is_greeting(&mut self, code: u16) -> bool {
        let is_asked_for =
            |pending: &Pending| matches!(self.verb(pending.index), Some(Verb::Rein | Verb::Host));
        let is_greeting = match self.greeting_stage {
            Greeting::Due => matches!(code, 120 | 220 | 421),
            Greeting::MayCome => matches!(code, 120 | 220) && !self.pending.iter().any(is_asked_for),
            Greeting::Over => false,
        };
        self.greeting_stage = if code == 120 && is_greeting { Greeting::Due } else { Greeting::Over };
        is_greeting
    }

    /// A command behind others was answered for good.
    #[cold]
    fn take_out(&mut self, position: usize) {
        self.pending.remove(position);
        // What was skipped for a gap was answered there.
        let mut place = 0_usize;
        self.pending.retain(|one| {
            let skipped = place < position && one.maybe_lost && !one.begun;
            place = place.saturating_add(1);
            !skipped
        });
    }

    /// The pending command that a reply answers.
    fn choose(&self, reply: &Reply, server_had: Option<u64>) -> Option<usize> {
        let received = |pending: &Pending| server_had.is_none_or(|had| pending.received_at <= had);
        let fit = |pending: &Pending| match self.verb(pending.index) {
            Some(verb) => may_answer(verb, reply.code),
            None => Answer::Possible,
        };
        // Whoever opens a thousand commands makes no reply cost more than another.
        let candidates =
            || self.pending.iter().enumerate().take(OVERTAKEN).filter(|(_, pending)| received(pending));
        let oldest = self.pending.front()?;
        if received(oldest) && !oldest.begun && !oldest.maybe_lost {
            return Some(0);
        }
        let (first_position, first) = candidates().next()?;
        let overtaken = first.begun || first.maybe_lost;
        if !overtaken {
            return Some(first_position);
        }
        // What no transfer ends with answers nothing, unless it is the plain yes of a lax server.
        let is_stray = first.begun
            && !first.maybe_lost
            && reply.is_completion()
            && reply.code != 200
            && fit(first) == Answer::Unlikely;
        let best = |wanted: Answer, lost: bool| {
            candidates()
                .find(|(_, pending)| pending.maybe_lost == lost && fits(pending, reply, fit(pending), wanted))
                .map(|(position, _)| position)
        };
        best(Answer::Usual, false)
            .or_else(|| best(Answer::Usual, true))
            .or_else(|| best(Answer::Possible, false))
            .or_else(|| best(Answer::Possible, true))
            .or_else(|| (!first.maybe_lost).then_some(first_position))
            .or_else(|| candidates().find(|(_, pending)| !pending.maybe_lost).map(|(position, _)| position))
            .filter(|position| !is_stray || *position != first_position)
            .filter(|position| {
                self.pending
                    .get(*position)
                    .is_none_or(|pending| !self.is_anothers(pending, reply, server_had))
            })
    }

    /// Whether a reply behind a gap may as well be another command's: the reply to this one may lie in the
    /// gap, and a later command is lost too, or a transfer that has begun ends otherwise than by being told
    /// that a command failed.
    fn is_anothers(&self, pending: &Pending, reply: &Reply, server_had: Option<u64>) -> bool {
        let says_little = matches!(reply.code, 421 | 500..=504);
        let lost_later = self
            .lost_commands
            .first_from(pending.received_at)
            .is_some_and(|start| server_had.is_none_or(|had| had > start));
        pending.maybe_lost && (lost_later || says_little && pending.begun)
    }

    fn verb(&self, index: CommandIndex) -> Option<&Verb> {
        Some(&index.of(&self.commands)?.verb)
    }
}

/// Whether a reply fits a pending command as well as wanted; a transfer may have several preliminary replies,
/// anything else that has begun waits for its completion.
fn fits(pending: &Pending, reply: &Reply, fit: Answer, wanted: Answer) -> bool {
    let again = pending.begun && reply.is_preliminary() && pending.maybe_lost;
    fit >= wanted && !again
}

/// A command as the report shows it; of a secret argument only that it was there, unless secrets are wanted.
pub(super) fn command(
    verb: Verb,
    argument: Option<&[u8]>,
    packet: PacketRef,
    line: LineFacts,
    options: &Options,
) -> Command {
    let argument = argument.map(|bytes| match (ftp::secrecy(&verb, bytes), options.show_passwords) {
        (Secrecy::Whole, false) => Argument::Secret(options.secret_key.hide(bytes)),
        (Secrecy::Whole, true) => Argument::Secret(Secret::shown(Text::from_wire(bytes))),
        (Secrecy::Part(secret), false) => {
            Argument::Text(Text::from_wire(&ftp::without_secret(bytes, secret)))
        }
        (Secrecy::Part(_), true) | (Secrecy::None, _) => Argument::Text(Text::from_wire(bytes)),
    });
    Command { time: packet.time, frame: packet.frame, verb, argument, replies: SmallVec::new(), line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FrameNumber, Timestamp};
    use crate::ftp::LineEnd;

    fn line() -> LineFacts {
        let protection = crate::report::Protection::Clear;
        LineFacts { end: LineEnd::CrLf, split: false, leads_segment: true, protection }
    }

    fn packet() -> PacketRef {
        PacketRef { time: Timestamp::from_nanos(0), frame: FrameNumber(1) }
    }

    /// What a 200 of a server answers that had received so much, where the reply to a NOOP is missing, and bytes of the
    /// client from these places on.
    fn answered(gaps: &[u64], server_had: u64) -> Answered {
        let mut dialogue = Dialogue::new(false);
        let noop = command(Verb::Noop, None, packet(), line(), &Options::default());
        dialogue.give(noop, 10, Some(0));
        dialogue.server_gap(20);
        for &gap in gaps {
            dialogue.client_gap(gap);
        }
        let packet = packet();
        let reply =
            Reply { time: packet.time, frame: packet.frame, code: 200, text: Text::default(), line: line() };
        dialogue.pair(reply, Some(server_had), true)
    }

    #[test]
    fn of_several_gaps_any_may_hold_the_command_that_a_reply_behind_a_gap_answers() {
        let noop = Answered::Command(CommandIndex(0));
        for (gaps, had, expected) in [
            (&[][..], 50, noop),
            (&[16], 50, Answered::Nothing),
            (&[16, 60], 50, Answered::Nothing),
            (&[16, 60, 70], 65, Answered::Nothing),
            (&[60, 70], 50, noop),
            (&[5], 50, noop),
        ] {
            assert_eq!(answered(gaps, had), expected, "{gaps:?} {had}");
        }
    }

    #[test]
    fn gaps_that_matter_no_more_are_forgotten_and_there_are_never_many() {
        let mut holes = Holes::default();
        for start in 0..1000 {
            holes.note(start, 0);
        }
        assert_eq!(
            (holes.0.len(), holes.first_from(0), holes.first_from(2000)),
            (Holes::MOST, Some(936), None)
        );
        holes.note(1000, 990);
        assert_eq!(holes.0.len(), 11);
    }
}
