//! What is said on a control connection, line by line: lines become commands and replies, and those a
//! dialogue.

use super::{LineOrigin, Notes, Occurrence};
use crate::base::{LimitName, Limits, Text, Timestamp};
use crate::ftp::{
    self, Assembled, AssembledReply, ControlLine, LineEnd, LineLayout, Party, Plausible, ReplyAssembler, Verb,
};
use crate::report::{ControlGap, LineFacts, OversizedLine, Protection, Security};
use crate::session::both::Both;
use crate::session::dialogue::{self, Answered, Dialogue, IncomingReply};
use crate::session::kept;
use crate::session::verdict::Verdict;

/// How far AUTH went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) enum Auth {
    None,
    Asked { tls: bool },
    Accepted { tls: bool },
}

/// What is said, line by line.
#[repr(C)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(in crate::session) struct Conversation {
    /// What was noted of the session, here and by the tracker, in bytes of memory.
    pub(super) kept: usize,
    pub(super) read: Both<u64>,
    /// Where the stream of the client stood when it went on although a reply was open.
    pub(super) interrupted_at: Option<u64>,
    pub(in crate::session) dialogue: Dialogue,
    pub(super) answered: Vec<(Answered, u16)>,
    pub(super) assembler: ReplyAssembler,
    /// Whether it was captured from its first byte on.
    pub(super) from_the_beginning: bool,
    pub(super) verdict: Verdict,
    pub(super) auth: Auth,
    pub(in crate::session) security: Security,
    pub(in crate::session) opaque_since: Option<Timestamp>,
    pub(in crate::session) gaps: Vec<ControlGap>,
    pub(in crate::session) oversized: Vec<OversizedLine>,
    /// A password that the client gave with its name, with the colon before it: replies may repeat it.
    pub(super) secret: Option<Box<str>>,
    /// What the assembler gives; kept empty between lines so that its memory is used again.
    #[cfg_attr(feature = "store", borsh(skip))]
    pub(super) assembled: Vec<Assembled>,
}

impl Conversation {
    /// A conversation that was captured from its first byte on, or from somewhere in its middle.
    pub(super) fn new(from_the_beginning: bool, limits: &Limits) -> Self {
        Self {
            dialogue: Dialogue::new(from_the_beginning),
            assembler: ReplyAssembler::new(limits),
            from_the_beginning,
            interrupted_at: None,
            verdict: Verdict::Open { garbage: 0, command: false, reply: false },
            auth: Auth::None,
            security: Security::None,
            opaque_since: None,
            gaps: Vec::new(),
            oversized: Vec::new(),
            read: Both::default(),
            answered: Vec::new(),
            kept: kept::SESSION,
            secret: None,
            assembled: Vec::new(),
        }
    }

    pub(super) fn line(
        &mut self,
        party: Party,
        line: &ControlLine<'_>,
        origin: LineOrigin,
        expected: bool,
        notes: &mut Notes<'_>,
    ) {
        if self.verdict == Verdict::Other {
            return;
        }
        if let Some(packet) = line.oversized {
            notes.counts.reached(LimitName::LineLength);
            if self.keep(kept::NOTE, notes) {
                self.oversized.push(OversizedLine { time: packet.time, frame: packet.frame, from: party });
            }
        }
        match party {
            Party::Client => self.command_line(line, origin, expected, notes),
            Party::Server => self.reply_line(line, origin, expected, notes),
        }
    }

    pub(super) fn command_line(
        &mut self,
        line: &ControlLine<'_>,
        origin: LineOrigin,
        expected: bool,
        notes: &mut Notes<'_>,
    ) {
        let (verb, argument) = ftp::parse_command(line.text);
        if verb.name().is_empty() {
            return;
        }
        if self.verdict != Verdict::Ftp {
            let plausible = ftp::command_plausibility(&whole(line));
            self.weigh(plausible, Party::Client, expected, false);
        }
        let (end, received_at) = match origin.protection {
            Protection::Clear => (line.end_offset, received_at(line)),
            Protection::Tls => (origin.end, origin.end),
        };
        if self.assembler.is_open() && origin.had.is_some_and(|had| had >= self.read.server) {
            self.assembler.interrupted();
            self.interrupted_at.get_or_insert(end.saturating_sub(1));
        }
        if let Some(mechanism) = argument.filter(|_| verb == Verb::Auth) {
            self.auth = Auth::Asked { tls: !mechanism.eq_ignore_ascii_case(b"GSSAPI") };
        } else if verb == Verb::Rein && self.security != Security::ImplicitTls {
            self.auth = Auth::None;
        }
        let secret = argument.filter(|_| verb == Verb::User && !notes.options.show_passwords);
        self.remember_secret(&verb, secret.unwrap_or_default());
        let command = dialogue::command(
            verb,
            argument,
            line.packet,
            facts(line.layout, origin.protection),
            notes.options,
        );
        // With room for what will answer it: a command without its reply would mislead.
        let cost =
            kept::command(&command).saturating_add(self.secret.as_ref().map_or(0, |secret| secret.len()));
        if !self.keep(cost.saturating_add(kept::ANSWER), notes) {
            return;
        }
        self.kept = self.kept.saturating_sub(kept::ANSWER);
        if let Some(index) =
            self.dialogue.command(command, received_at, origin.had, &notes.options.limits, notes.counts)
        {
            notes.occurrences.push(Occurrence::Command(index));
        }
    }

    pub(super) fn reply_line(
        &mut self,
        line: &ControlLine<'_>,
        origin: LineOrigin,
        expected: bool,
        notes: &mut Notes<'_>,
    ) {
        let line = &if self.awaits_greeting() { without_rubbish(*line) } else { *line };
        if self.verdict != Verdict::Ftp {
            let plausible = ftp::reply_plausibility(&whole(line));
            let is_banner =
                !line.text.first().is_some_and(u8::is_ascii_digit) && !ftp::names_another_protocol(line.text);
            self.weigh(
                if self.opens_otherwise(line.text, expected) { Plausible::No } else { plausible },
                Party::Server,
                expected,
                is_banner,
            );
        }
        let mut assembled = std::mem::take(&mut self.assembled);
        self.assembler.push(line, &mut |item| assembled.push(item));
        for item in assembled.drain(..) {
            self.assembled_reply(item, origin, notes);
        }
        self.assembled = assembled;
        if !self.assembler.is_open() {
            self.interrupted_at = None;
        }
    }

    pub(super) fn assembled_reply(&mut self, item: Assembled, origin: LineOrigin, notes: &mut Notes<'_>) {
        let Assembled::Reply(reply) = item else { return };
        if reply.truncated {
            notes.counts.reached(LimitName::ReplyLines);
        }
        self.note_security(&reply);
        let line = facts(reply.last_line, origin.protection);
        // The assembler gives a reply that it held back once the client has gone on; it was sent before that.
        let was_held_back = reply.packet.frame < origin.packet.frame;
        let server_had = self.interrupted_at.filter(|_| was_held_back).or(origin.had);
        let mut text = self.without_secret(reply.text);
        // Each line of many may become a feature.
        let lines = if reply.lines > 1 { reply.lines.saturating_mul(kept::LINE) } else { 0 };
        let mut is_kept = self.keep(kept::reply(text.raw()).saturating_add(lines), notes);
        if !is_kept {
            text = Text::default();
            is_kept = self.keep(kept::reply(""), notes);
        }
        let incoming =
            IncomingReply { code: reply.code, text, packet: reply.packet, line, server_had, is_kept };
        self.dialogue.reply(incoming, &notes.options.limits, &mut self.answered);
        self.report_answers(notes.occurrences);
    }

    /// Takes note of a password that comes with a user's name.
    fn remember_secret(&mut self, verb: &Verb, argument: &[u8]) {
        if let ftp::Secrecy::Part(secret) = ftp::secrecy(verb, argument)
            && let Some(password) = argument.get(secret)
        {
            self.secret = Some(format!(":{}", Text::from_wire(password).raw()).into());
        }
    }

    /// What a reply says, without the password that it repeats.
    fn without_secret(&self, text: Text) -> Text {
        match &self.secret {
            Some(secret) if text.raw().contains(&**secret) => {
                Text::from_wire(text.raw().replace(&**secret, ":***").as_bytes())
            }
            Some(_) | None => text,
        }
    }

    pub(super) fn note_security(&mut self, reply: &AssembledReply) {
        if let Auth::Asked { tls } = self.auth {
            match reply.code {
                234 | 235 => {
                    self.auth = Auth::Accepted { tls };
                    self.security = if tls { Security::ExplicitTls } else { Security::Gssapi };
                }
                400..=599 => self.auth = Auth::None,
                // 334 asks for more; anything else decides nothing.
                _ => {}
            }
        }
    }

    pub(super) fn read_up_to(&mut self, party: Party, offset: u64, occurrences: &mut Vec<Occurrence>) {
        *self.read.of_mut(party) = offset;
        if party == Party::Client {
            self.dialogue.client_read(offset, &mut self.answered);
            self.report_answers(occurrences);
        }
    }

    pub(super) fn report_answers(&mut self, occurrences: &mut Vec<Occurrence>) {
        for (answered, code) in self.answered.drain(..) {
            let command = match answered {
                Answered::Command(index) => Some(index),
                Answered::Greeting | Answered::Nothing => None,
            };
            occurrences.push(Occurrence::Reply { command, code });
        }
    }

    /// Whether a server's first line is the greeting of another protocol: FTP opens with 120, 220 or an
    /// error.
    pub(super) fn opens_otherwise(&self, line: &[u8], expected: bool) -> bool {
        let opening =
            matches!(self.verdict, Verdict::Open { reply: false, .. }) && self.dialogue.awaits_greeting();
        opening
            && !expected
            && !matches!(line.get(..3), Some(b"120" | b"220"))
            && !matches!(line.first(), Some(b'4' | b'5'))
    }

    /// Weighs one more line of a suspect.
    pub(super) fn weigh(&mut self, plausible: Plausible, party: Party, expected: bool, is_banner: bool) {
        self.verdict = self.verdict.after(plausible, party, expected, self.from_the_beginning, is_banner);
    }

    /// Whether the server has said nothing that counts.
    fn awaits_greeting(&self) -> bool {
        self.dialogue.awaits_greeting() && !self.assembler.is_open()
    }
}

/// Which acknowledgement shows that a command's line was received. A receiver acknowledges whole segments:
/// where one holds the line, an acknowledgement that ends inside it was altered on the way, as by a NAT
/// helper that has made it longer or shorter.
pub(super) const fn received_at(line: &ControlLine<'_>) -> u64 {
    if line.layout.split { line.end_offset } else { line.start_offset.saturating_add(1) }
}

/// A server's first line without what stands before its code by mistake.
fn without_rubbish(line: ControlLine<'_>) -> ControlLine<'_> {
    let text = ftp::without_leading_rubbish(line.text);
    if text.first().is_some_and(u8::is_ascii_digit) { ControlLine { text, ..line } } else { line }
}

/// A line with its end, which says that nothing more of it comes.
fn whole(line: &ControlLine<'_>) -> Vec<u8> {
    let end: &[u8] = if line.layout.end == LineEnd::None { b"" } else { b"\n" };
    [line.text, end].concat()
}

pub(super) const fn facts(layout: LineLayout, protection: Protection) -> LineFacts {
    LineFacts { end: layout.end, split: layout.split, leads_segment: layout.leads_segment, protection }
}
