//! A control connection: from bytes of both directions to the dialogue, through TLS where it must be.
//!
//! Which end is the server is decided by who speaks replies. Whether it is FTP at all is decided by what is said; until
//! then the connection is a suspect that leaves no trace.

mod held;
mod next_line;
mod telnet;

use super::Options;
use super::both::Both;
use super::dialogue::{self, Answered, Dialogue, IncomingReply};
use super::kept;
use super::verdict::Verdict;
use crate::base::{LimitCounts, LimitName, PacketRef, Text, Timestamp};
use crate::ftp::{
    self, Assembled, AssembledReply, ControlLine, LineEnd, LineLayout, LineSplitter, Party, Plausible,
    ReplyAssembler, Verb,
};
use crate::report::{ControlGap, LineFacts, OversizedLine, Protection, Security};
use crate::tcp::{Chunk, Connection, Gap, Onset, Side};
use crate::tls;

/// Bytes of a suspect's first line that are waited for.
const FIRST_LINE: usize = 2048;

/// What became of the connection's bytes, for the tracker to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    /// FTP was spoken: it is a session.
    Confirmed,
    /// It is something else.
    Rejected,
    /// A command was given.
    Command(u32),
    /// A reply came; `command` is the one that it answers.
    Reply { command: Option<u32>, code: u16 },
}

/// How far AUTH went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Auth {
    None,
    Asked { tls: bool },
    Accepted { tls: bool },
}

/// A control connection, or a suspect.
///
/// What each line needs comes first, here and in [`Conversation`] and [`Dialogue`]: hundreds of sessions are under way, and of each a
/// processor has little at hand.
#[repr(C)]
pub(super) struct Control {
    client_side: Option<Side>,
    /// Whether the next line may take the fast path; nothing but what goes the slow path changes that.
    orderly: bool,
    /// What is held of what has not ended, in bytes of memory, as it was reckoned last.
    unfinished: usize,
    pub(super) talk: Conversation,
    midstream: bool,
    /// Whether one end is a port on which FTP is expected: then less evidence will do.
    expected: bool,
    /// Per party: whether its stream is in TLS now.
    in_tls: Both<bool>,
    splitters: Option<Both<LineSplitter>>,
    tls: Option<Box<tls::Session>>,
    decrypted: Both<u64>,
    held: Vec<u8>,
}

/// What is said, line by line.
#[repr(C)]
pub(super) struct Conversation {
    /// What was noted of the session, here and by the tracker, in bytes of memory.
    kept: usize,
    read: Both<u64>,
    /// Where the stream of the client stood when it went on although a reply was open.
    interrupted_at: Option<u64>,
    pub(super) dialogue: Dialogue,
    answered: Vec<(Answered, u16)>,
    assembler: ReplyAssembler,
    /// Whether it is heard from its first byte on.
    from_the_beginning: bool,
    verdict: Verdict,
    auth: Auth,
    pub(super) security: Security,
    pub(super) opaque_since: Option<Timestamp>,
    pub(super) gaps: Vec<ControlGap>,
    pub(super) oversized: Vec<OversizedLine>,
    /// What the assembler gives, in memory that is used again.
    heard: Vec<Assembled>,
}

/// What is read by, and where its consequences are noted.
pub(super) struct Notes<'a> {
    pub(super) options: &'a Options,
    pub(super) counts: &'a mut LimitCounts,
    pub(super) occurrences: &'a mut Vec<Occurrence>,
    /// The most that the session may keep now, in bytes of memory.
    pub(super) room: usize,
}

/// What a line came in, for those who read it.
#[derive(Clone, Copy)]
struct LineOrigin {
    packet: PacketRef,
    /// How far the sender had received the other stream.
    had: Option<u64>,
    /// Where the carrying bytes end in the sender's stream.
    end: u64,
    protection: Protection,
}

impl Control {
    /// A suspect of which nothing was heard yet.
    pub(super) fn new(connection: &Connection, options: &Options) -> Self {
        let midstream = connection.onset == Onset::MidStream;
        let expected = options.is_control_port(connection.responder.port)
            || options.is_control_port(connection.originator.port);
        Self {
            client_side: None,
            midstream,
            expected,
            splitters: None,
            tls: None,
            in_tls: Both::default(),
            decrypted: Both::default(),
            held: Vec::new(),
            unfinished: 0,
            orderly: false,
            talk: Conversation {
                dialogue: Dialogue::new(!midstream),
                assembler: ReplyAssembler::new(&options.limits),
                from_the_beginning: !midstream,
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
                heard: Vec::new(),
            },
        }
    }

    /// Whether FTP was spoken.
    pub(super) fn is_confirmed(&self) -> bool {
        self.talk.verdict == Verdict::Ftp
    }

    /// Which side of the connection is the client, once that is known.
    pub(super) const fn client_side(&self) -> Option<Side> {
        self.client_side
    }

    /// Whether what is said can't be read now.
    pub(super) fn is_opaque(&self) -> bool {
        (self.in_tls.client || self.in_tls.server)
            && self.tls.as_ref().is_some_and(|tls| tls.facts().obstacle.is_some())
    }

    /// Takes more bytes of the connection.
    pub(super) fn data(&mut self, connection: &Connection, chunk: Chunk<'_>, notes: &mut Notes<'_>) {
        if self.talk.verdict == Verdict::Other {
            return;
        }
        let Some(client) = self.client_side.or_else(|| self.recognise(connection, &chunk, notes.options))
        else {
            if self.talk.verdict == Verdict::Other {
                notes.occurrences.push(Occurrence::Rejected);
            }
            return;
        };
        let confirmed_before = self.is_confirmed() && self.client_side.is_some();
        if self.client_side.is_none() {
            self.client_side = Some(client);
            let mut splitters = Both {
                client: LineSplitter::new(Party::Client, &notes.options.limits),
                server: LineSplitter::new(Party::Server, &notes.options.limits),
            };
            if self.midstream {
                splitters.client.gap();
                splitters.server.gap();
            }
            self.splitters = Some(splitters);
        }
        let party = if chunk.side == client { Party::Client } else { Party::Server };
        let end = chunk.offset.saturating_add(chunk.bytes.len() as u64);
        if self.starts_tls(party, chunk.bytes) {
            self.enter_tls(chunk.packet.time);
        }
        let origin =
            LineOrigin { packet: chunk.packet, had: chunk.acked, end, protection: Protection::Clear };
        if *self.in_tls.of(party) {
            self.protected(party, chunk.bytes, origin, notes);
        } else {
            self.clear(party, chunk.bytes, (chunk.offset, chunk.leads_segment), origin, notes);
        }
        // Behind a line a FIN may take the next place in the sequence space, amid one the next byte does.
        let amid_line = !self.in_tls.of(party) && chunk.bytes.last() != Some(&b'\n');
        self.talk.read_up_to(party, end.saturating_sub(u64::from(amid_line)), notes.occurrences);
        match self.talk.verdict {
            Verdict::Ftp if !confirmed_before => notes.occurrences.insert(0, Occurrence::Confirmed),
            Verdict::Other => notes.occurrences.push(Occurrence::Rejected),
            Verdict::Ftp | Verdict::Open { .. } => {}
        }
    }

    /// Decides by its first bytes which side is the client; bytes that tell nothing are thrown away.
    fn recognise(&mut self, connection: &Connection, chunk: &Chunk<'_>, options: &Options) -> Option<Side> {
        if options.is_implicit_tls(connection) {
            if tls::looks_like_tls(chunk.bytes) == tls::Sniff::No {
                self.talk.verdict = Verdict::Other;
                return None;
            }
            self.talk.verdict = Verdict::Ftp;
            self.talk.security = Security::ImplicitTls;
            self.talk.auth = Auth::Accepted { tls: true };
            let server_is_originator = options.implicit_tls_ports.contains(&connection.originator.port);
            return Some(if server_is_originator { Side::Responder } else { Side::Originator });
        }
        self.held.extend_from_slice(chunk.bytes.get(..FIRST_LINE).unwrap_or(chunk.bytes));
        let telnet = telnet::prefix(&self.held);
        self.held.drain(..telnet.min(self.held.len()));
        if self.held.is_empty() {
            return None;
        }
        let begins_with_digit = self.held.first().is_some_and(u8::is_ascii_digit);
        let plausible = if begins_with_digit {
            ftp::reply_plausibility(&self.held)
        } else {
            ftp::command_plausibility(&self.held)
        };
        self.held.clear();
        if plausible != Plausible::No {
            return Some(if begins_with_digit { chunk.side.other() } else { chunk.side });
        }
        if self.midstream && self.expected {
            // Amid a line: the port must do until a line begins.
            let server_is_originator = options.is_control_port(connection.originator.port);
            return Some(if server_is_originator { Side::Responder } else { Side::Originator });
        }
        self.talk.verdict = Verdict::Other;
        None
    }

    fn starts_tls(&self, party: Party, bytes: &[u8]) -> bool {
        let asked = matches!(self.talk.auth, Auth::Asked { tls: true } | Auth::Accepted { tls: true });
        asked
            && !self.in_tls.of(party)
            && tls::looks_like_tls(bytes) != tls::Sniff::No
            && bytes.first().is_some_and(|byte| (0x14..=0x17).contains(byte))
    }

    fn enter_tls(&mut self, now: Timestamp) {
        if self.tls.is_none() {
            self.tls = Some(Box::default());
        }
        self.in_tls = Both { client: true, server: true };
        self.talk.opaque_since.get_or_insert(now);
        if self.talk.security == Security::None {
            self.talk.security = Security::ExplicitTls;
        }
    }

    fn clear(
        &mut self,
        party: Party,
        bytes: &[u8],
        (offset, leads_segment): (u64, bool),
        origin: LineOrigin,
        notes: &mut Notes<'_>,
    ) {
        let Some(splitters) = &mut self.splitters else { return };
        let talk = &mut self.talk;
        splitters.of_mut(party).push(bytes, offset, origin.packet, leads_segment, &mut |line| {
            talk.line(party, &line, origin, self.expected, notes);
        });
    }

    fn protected(&mut self, party: Party, bytes: &[u8], origin: LineOrigin, notes: &mut Notes<'_>) {
        let Some(session) = &mut self.tls else { return };
        let mut plain = Vec::new();
        session.push(end_of(party), bytes, &notes.options.key_log, &mut |end, event| {
            keep_text(&mut plain, end, event);
        });
        self.unwrapped(plain, origin, notes);
    }

    /// Reads what came out of TLS, or after it.
    fn unwrapped(
        &mut self,
        plain: Vec<(Party, Protection, Vec<u8>)>,
        origin: LineOrigin,
        notes: &mut Notes<'_>,
    ) {
        for (speaker, protection, text) in plain {
            if protection == Protection::Clear {
                *self.in_tls.of_mut(speaker) = false;
            }
            let offset = *self.decrypted.of(speaker);
            *self.decrypted.of_mut(speaker) = offset.saturating_add(text.len() as u64);
            let origin = LineOrigin { protection, ..origin };
            self.clear(speaker, &text, (offset, true), origin, notes);
        }
        if self.in_tls == Both::default() {
            self.tls = None;
        }
    }

    /// Bytes of one side are missing.
    pub(super) fn gap(&mut self, gap: Gap, notes: &mut Notes<'_>) {
        let Some(client) = self.client_side else { return };
        let party = if gap.side == client { Party::Client } else { Party::Server };
        let end = gap.offset.saturating_add(gap.len);
        if self.talk.keep(kept::NOTE, notes) {
            self.talk.gaps.push(ControlGap {
                time: gap.packet.time,
                frame: gap.packet.frame,
                from: party,
                bytes: gap.len,
            });
        }
        if *self.in_tls.of(party) {
            if let Some(session) = &mut self.tls {
                session.gap(end_of(party), gap.len, &notes.options.key_log, &mut |_, _| {});
            }
        } else if let Some(splitter) = self.splitters.as_mut().map(|both| both.of_mut(party)) {
            splitter.gap();
        }
        if party == Party::Server {
            self.talk.assembler.gap();
            self.talk.dialogue.server_gap(end);
        }
        self.talk.read_up_to(party, end, notes.occurrences);
    }

    /// The connection is over: what was begun is handed over as it is.
    pub(super) fn finish(&mut self, last: PacketRef, notes: &mut Notes<'_>) {
        let confirmed_before = self.is_confirmed();
        if let Some(session) = &mut self.tls {
            let mut plain = Vec::new();
            for end in [tls::End::A, tls::End::B] {
                session.finish(end, &notes.options.key_log, &mut |end, event| {
                    keep_text(&mut plain, end, event);
                });
            }
            let origin = LineOrigin { packet: last, had: None, end: 0, protection: Protection::Tls };
            self.unwrapped(plain, origin, notes);
        }
        let talk = &mut self.talk;
        for party in [Party::Client, Party::Server] {
            let end = *talk.read.of(party);
            let origin = LineOrigin { packet: last, had: None, end, protection: Protection::Clear };
            if let Some(splitter) = self.splitters.as_mut().map(|both| both.of_mut(party)) {
                splitter.finish(&mut |line| {
                    talk.line(party, &line, origin, self.expected, notes);
                });
            }
        }
        let mut heard = Vec::new();
        talk.assembler.finish(&mut |item| heard.push(item));
        let origin = LineOrigin { packet: last, had: None, end: 0, protection: Protection::Clear };
        for item in heard {
            talk.assembled(item, origin, notes);
        }
        talk.dialogue.finish(&mut talk.answered);
        talk.tell(notes.occurrences);
        if self.is_confirmed() && !confirmed_before {
            notes.occurrences.insert(0, Occurrence::Confirmed);
        }
    }
}

/// A line as it was sent: its end tells that nothing more of it comes.
fn whole(line: &ControlLine<'_>) -> Vec<u8> {
    let end: &[u8] = if line.layout.end == LineEnd::None { b"" } else { b"\n" };
    [line.text, end].concat()
}

/// Takes what can be read of an event of TLS.
fn keep_text(plain: &mut Vec<(Party, Protection, Vec<u8>)>, end: tls::End, event: tls::Event<'_>) {
    match event {
        tls::Event::Plaintext(text) => plain.push((party_of(end), Protection::Tls, text.to_vec())),
        tls::Event::Clear(text) => plain.push((party_of(end), Protection::Clear, text.to_vec())),
        tls::Event::HandshakeDone
        | tls::Event::Opaque { .. }
        | tls::Event::Gap { .. }
        | tls::Event::Closed(_) => {}
    }
}

const fn end_of(party: Party) -> tls::End {
    match party {
        Party::Client => tls::End::A,
        Party::Server => tls::End::B,
    }
}

const fn party_of(end: tls::End) -> Party {
    match end {
        tls::End::A => Party::Client,
        tls::End::B => Party::Server,
    }
}

impl Conversation {
    fn line(
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

    fn command_line(
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
            self.weigh(plausible, Party::Client, expected);
        }
        let end = match origin.protection {
            Protection::Clear => line.end_offset,
            Protection::Tls => origin.end,
        };
        if self.assembler.is_open() && origin.had.is_some_and(|had| had >= self.read.server) {
            self.assembler.interrupted();
            self.interrupted_at.get_or_insert(end.saturating_sub(1));
        }
        match (&verb, argument) {
            (Verb::Auth, Some(mechanism)) => {
                self.auth = Auth::Asked { tls: !mechanism.eq_ignore_ascii_case(b"GSSAPI") };
            }
            (Verb::Rein, _) if self.security != Security::ImplicitTls => self.auth = Auth::None,
            _ => {}
        }
        let command = dialogue::command(
            verb,
            argument,
            line.packet,
            facts(line.layout, origin.protection),
            notes.options.show_passwords,
        );
        // With room for what will answer it: half a command tells wrong tales.
        let cost = kept::command(&command);
        if !self.keep(cost.saturating_add(kept::ANSWER), notes) {
            return;
        }
        self.kept = self.kept.saturating_sub(kept::ANSWER);
        if let Some(index) =
            self.dialogue.command(command, end, origin.had, &notes.options.limits, notes.counts)
        {
            notes.occurrences.push(Occurrence::Command(index));
        }
    }

    fn reply_line(
        &mut self,
        line: &ControlLine<'_>,
        origin: LineOrigin,
        expected: bool,
        notes: &mut Notes<'_>,
    ) {
        if self.verdict != Verdict::Ftp {
            let told = ftp::reply_plausibility(&whole(line));
            self.weigh(
                if self.opens_otherwise(line.text, expected) { Plausible::No } else { told },
                Party::Server,
                expected,
            );
        }
        let mut heard = std::mem::take(&mut self.heard);
        self.assembler.push(line, &mut |item| heard.push(item));
        for item in heard.drain(..) {
            self.assembled(item, origin, notes);
        }
        self.heard = heard;
        if !self.assembler.is_open() {
            self.interrupted_at = None;
        }
    }

    fn assembled(&mut self, item: Assembled, origin: LineOrigin, notes: &mut Notes<'_>) {
        let Assembled::Reply(reply) = item else { return };
        if reply.truncated {
            notes.counts.reached(LimitName::ReplyLines);
        }
        self.note_security(&reply);
        let line = facts(reply.last_line, origin.protection);
        // What was held back until the client went on was said before that.
        let was_held = reply.packet.frame < origin.packet.frame;
        let server_had = self.interrupted_at.filter(|_| was_held).or(origin.had);
        let mut text = reply.text;
        // Each line of many may become a feature.
        let lines = if reply.lines > 1 { reply.lines.saturating_mul(kept::LINE) } else { 0 };
        let mut is_kept = self.keep(kept::reply(text.raw()).saturating_add(lines), notes);
        if !is_kept {
            text = Text::default();
            is_kept = self.keep(kept::reply(""), notes);
        }
        let heard = IncomingReply { code: reply.code, text, packet: reply.packet, line, server_had, is_kept };
        self.dialogue.reply(heard, &notes.options.limits, &mut self.answered);
        self.tell(notes.occurrences);
    }

    fn note_security(&mut self, reply: &AssembledReply) {
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

    fn read_up_to(&mut self, party: Party, offset: u64, occurrences: &mut Vec<Occurrence>) {
        *self.read.of_mut(party) = offset;
        if party == Party::Client {
            self.dialogue.client_read(offset, &mut self.answered);
            self.tell(occurrences);
        }
    }

    fn tell(&mut self, occurrences: &mut Vec<Occurrence>) {
        for (answered, code) in self.answered.drain(..) {
            let command = match answered {
                Answered::Command(index) => Some(index),
                Answered::Greeting | Answered::Nothing => None,
            };
            occurrences.push(Occurrence::Reply { command, code });
        }
    }

    /// Whether a server's first line is the greeting of another protocol: FTP opens with 120, 220 or an error.
    fn opens_otherwise(&self, line: &[u8], expected: bool) -> bool {
        let opening =
            matches!(self.verdict, Verdict::Open { reply: false, .. }) && self.dialogue.awaits_greeting();
        opening
            && !expected
            && !matches!(line.get(..3), Some(b"120" | b"220"))
            && !matches!(line.first(), Some(b'4' | b'5'))
    }

    /// Weighs one more line of a suspect.
    fn weigh(&mut self, plausible: Plausible, party: Party, expected: bool) {
        self.verdict = self.verdict.after(plausible, party, expected, self.from_the_beginning);
    }
}

const fn facts(layout: LineLayout, protection: Protection) -> LineFacts {
    LineFacts { end: layout.end, split: layout.split, leads_segment: layout.leads_segment, protection }
}
