//! A control connection: from bytes of both directions to the dialogue, through TLS where it must be.
//!
//! The end that sends replies is the server. Whether it is FTP at all is decided by what is said; until then
//! the connection is a suspect that leaves no trace.

mod conversation;
mod next_line;
mod protection;
mod recognition;
mod telnet;
mod unread;
mod weight;

use conversation::{Auth, Conversation};
use protection::{end_of, keep_text};
pub(super) use unread::{Fit, Unread};

use super::Options;
use super::both::Both;
use super::kept;
use super::tls_details::{self, Circumstances};
use super::verdict::Verdict;
use crate::base::{FrameNumber, LimitCounts, PacketRef};
use crate::ftp::{LineSplitter, Party};
use crate::report::{CommandIndex, ControlGap, Protection, TlsDetails};
use crate::tcp::{Chunk, Connection, Gap, Onset, Side};
use crate::tls;

/// What became of the connection's bytes, for the tracker to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    /// FTP was spoken: it is a session.
    Confirmed,
    /// It is something else.
    Rejected,
    /// A reply that can't be read may announce a data connection.
    Announced,
    /// A command was given.
    Command(CommandIndex),
    /// A reply came; `command` is the one that it answers.
    Reply { command: Option<CommandIndex>, code: u16 },
}

/// A control connection, or a suspect.
///
/// What each line needs comes first, here and in [`Conversation`] and [`Dialogue`]: with hundreds of sessions
/// under way, little of each is in the processor's cache.
#[repr(C)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Control {
    client_side: Option<Side>,
    /// Whether the next line may take the fast path; nothing but what goes the slow path changes that.
    orderly: bool,
    /// What lines and records that have not ended take, in bytes of memory, as it was reckoned last.
    unfinished: usize,
    pub(super) conversation: Conversation,
    midstream: bool,
    /// Whether one end is a port on which FTP is expected: then less evidence will do.
    expected: bool,
    /// Per party: whether its stream is in TLS now.
    in_tls: Both<bool>,
    splitters: Option<Both<LineSplitter>>,
    /// A session that has it is never put aside.
    #[cfg_attr(feature = "store", borsh(skip))]
    tls: Option<Box<tls::Session>>,
    /// The frame of the first fatal alert.
    alert_frame: Option<FrameNumber>,
    /// What is reported of a TLS session that has given way to clear text.
    past_tls: Option<Box<TlsDetails>>,
    decrypted: Both<u64>,
    /// What shows of what can't be read.
    pub(super) unread: Unread,
    /// First bytes of a suspect, until they show who speaks.
    first_bytes: Vec<u8>,
}

/// The settings for reading, and where the consequences are noted.
pub(super) struct Notes<'a> {
    pub(super) options: &'a Options,
    pub(super) resumptions: &'a mut tls::Resumptions,
    pub(super) counts: &'a mut LimitCounts,
    pub(super) occurrences: &'a mut Vec<Occurrence>,
    /// The most that the session may keep now, in bytes of memory.
    pub(super) room: usize,
}

impl Notes<'_> {
    /// What TLS is read with.
    fn keys(&mut self) -> tls::Keys<'_> {
        tls::Keys { log: &self.options.key_log, resumptions: self.resumptions }
    }
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
    /// A suspect that has not said anything yet.
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
            alert_frame: None,
            past_tls: None,
            unread: Unread::default(),
            in_tls: Both::default(),
            decrypted: Both::default(),
            first_bytes: Vec::new(),
            unfinished: 0,
            orderly: false,
            conversation: Conversation::new(!midstream, &options.limits),
        }
    }

    /// Whether FTP was spoken.
    pub(super) fn is_confirmed(&self) -> bool {
        self.conversation.verdict == Verdict::Ftp
    }

    /// Whether all that is known of it can be written down: TLS that is being read can't.
    pub(super) const fn can_be_written(&self) -> bool {
        self.tls.is_none()
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

    /// The full handshake that its TLS goes back to.
    pub(super) fn lineage(&self) -> Option<tls::Lineage> {
        self.tls.as_ref().and_then(|tls| tls.facts().lineage)
    }

    /// What is reported of its TLS. `is_over`: the connection was closed.
    pub(super) fn tls_details(&self, has_keys: bool, is_over: bool) -> Option<Box<TlsDetails>> {
        let server_spoke = !self.conversation.dialogue.greeting.is_empty()
            || self.tls.as_ref().is_some_and(|tls| tls.facts().version.is_some());
        let around = Circumstances {
            alert_frame: self.alert_frame,
            has_keys,
            opaque: Default::default(),
            is_over: is_over && server_spoke && self.conversation.gaps.is_empty(),
        };
        let current = self.tls.as_ref().and_then(|tls| tls_details::details(tls.facts(), around));
        current.or_else(|| self.past_tls.clone())
    }

    /// Takes more bytes of the connection.
    pub(super) fn data(&mut self, connection: &Connection, chunk: Chunk<'_>, notes: &mut Notes<'_>) {
        if self.conversation.verdict == Verdict::Other {
            return;
        }
        let Some(client) = self.client_side.or_else(|| self.recognize(connection, &chunk, notes)) else {
            if self.conversation.verdict == Verdict::Other {
                notes.occurrences.push(Occurrence::Rejected);
            }
            return;
        };
        if self.has_unasked_tls() && chunk.side == client {
            self.unasked(chunk.bytes, chunk.packet, notes);
            return;
        }
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
        // Behind a line a FIN may take the next place in the sequence space; in the middle of a line its next
        // byte does.
        let in_the_middle = !self.in_tls.of(party) && chunk.bytes.last() != Some(&b'\n');
        self.conversation.read_up_to(party, end.saturating_sub(u64::from(in_the_middle)), notes.occurrences);
        match self.conversation.verdict {
            Verdict::Ftp if !confirmed_before => notes.occurrences.insert(0, Occurrence::Confirmed),
            Verdict::Other => notes.occurrences.push(Occurrence::Rejected),
            Verdict::Ftp | Verdict::Open { .. } => {}
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
        let conversation = &mut self.conversation;
        splitters.of_mut(party).push(bytes, offset, origin.packet, leads_segment, &mut |line| {
            conversation.line(party, &line, origin, self.expected, notes);
        });
    }

    /// Bytes of one side are missing.
    pub(super) fn gap(&mut self, gap: Gap, notes: &mut Notes<'_>) {
        let Some(client) = self.client_side else { return };
        let party = if gap.side == client { Party::Client } else { Party::Server };
        let end = gap.offset.saturating_add(gap.len);
        // What the network lost is no gap of the capture.
        if gap.is_received && self.conversation.keep(kept::NOTE, notes) {
            self.conversation.gaps.push(ControlGap {
                time: gap.packet.time,
                frame: gap.packet.frame,
                from: party,
                bytes: gap.len,
            });
        }
        if *self.in_tls.of(party) {
            if let Some(session) = &mut self.tls {
                session.gap(end_of(party), gap.len, &mut notes.keys(), &mut |_, _| {});
            }
        } else if let Some(splitter) = self.splitters.as_mut().map(|both| both.of_mut(party)) {
            splitter.gap();
        }
        match party {
            Party::Server => {
                self.conversation.assembler.gap();
                self.conversation.dialogue.server_gap(end);
            }
            Party::Client => self.conversation.dialogue.client_gap(gap.offset),
        }
        self.conversation.read_up_to(party, end, notes.occurrences);
    }

    /// The connection is over: what was begun is handed over as it is.
    pub(super) fn finish(&mut self, last: PacketRef, notes: &mut Notes<'_>) {
        let confirmed_before = self.is_confirmed();
        if let Some(session) = self.tls.as_mut().filter(|_| self.in_tls != Both::default()) {
            let mut plain = Vec::new();
            for end in [tls::End::A, tls::End::B] {
                session.finish(end, &mut notes.keys(), &mut |end, event| {
                    keep_text(&mut plain, end, event);
                });
            }
            let origin = LineOrigin { packet: last, had: None, end: 0, protection: Protection::Tls };
            self.unwrapped(plain, origin, notes);
        }
        let conversation = &mut self.conversation;
        for party in [Party::Client, Party::Server] {
            let end = *conversation.read.of(party);
            let origin = LineOrigin { packet: last, had: None, end, protection: Protection::Clear };
            if let Some(splitter) = self.splitters.as_mut().map(|both| both.of_mut(party)) {
                splitter.finish(&mut |line| {
                    conversation.line(party, &line, origin, self.expected, notes);
                });
            }
        }
        let mut assembled = Vec::new();
        conversation.assembler.finish(&mut |item| assembled.push(item));
        let origin = LineOrigin { packet: last, had: None, end: 0, protection: Protection::Clear };
        for item in assembled {
            conversation.assembled_reply(item, origin, notes);
        }
        conversation.dialogue.finish(&mut conversation.answered);
        conversation.report_answers(notes.occurrences);
        if self.is_confirmed() && !confirmed_before {
            notes.occurrences.insert(0, Occurrence::Confirmed);
        }
    }
}
