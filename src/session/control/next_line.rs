//! The fast path for what most chunks are: one whole line in clear text, in a dialogue of which nothing is in
//! doubt.
//!
//! Most of the slow path's work is to find out that nothing about a line is unusual. The fast path has the
//! same effect as the slow one, or none: whatever is unusual is left to the slow path.

use super::conversation::{facts, received_at};
use super::{Auth, Control, Conversation, Occurrence};
use crate::base::Text;
use crate::ftp::{self, ControlLine, LineSplitter, Secrecy, Verb};
use crate::report::{Protection, Reply};
use crate::session::Options;
use crate::session::both::Both;
use crate::session::dialogue::{self, Answered};
use crate::session::kept;
use crate::session::verdict::Verdict;
use crate::tcp::Chunk;

impl Control {
    /// Takes a chunk that is just one more line, with nothing left to settle; gives what was said and how
    /// much more is kept now. Does nothing where it isn't that, or where more than `room` would be kept.
    pub(in crate::session) fn next_line(
        &mut self,
        chunk: &Chunk<'_>,
        room: usize,
        options: &Options,
    ) -> Option<(Occurrence, usize)> {
        debug_assert!(!self.orderly || self.is_orderly());
        let client = self.client_side.filter(|_| self.orderly)?;
        let room = room.checked_sub(self.weight())?;
        let limit = options.limits.line_length;
        let (line, is_plain) =
            ftp::only_line(chunk.bytes, chunk.offset, chunk.packet, chunk.leads_segment, limit)?;
        if chunk.side == client {
            self.conversation.next_command(&line, is_plain, chunk.acked, room, options)
        } else {
            self.conversation.next_reply(&line, is_plain, chunk.acked, room)
        }
    }

    /// Finds out whether the next line may take the fast path, and reckons what has not ended. To be called
    /// after all that goes the slow path.
    pub(in crate::session) fn take_stock(&mut self) {
        self.orderly = self.is_orderly();
        self.reckon();
    }

    /// Whether nothing that was said is waiting for what comes.
    fn is_orderly(&self) -> bool {
        let between =
            |both: &Both<LineSplitter>| both.client.is_between_lines() && both.server.is_between_lines();
        self.tls.is_none()
            && self.splitters.as_ref().is_some_and(between)
            && self.conversation.verdict == Verdict::Ftp
            && self.conversation.auth == Auth::None
            && !self.conversation.assembler.is_open()
            && self.conversation.dialogue.is_in_order()
    }
}

impl Conversation {
    fn next_command(
        &mut self,
        line: &ControlLine<'_>,
        is_plain: bool,
        had: Option<u64>,
        room: usize,
        options: &Options,
    ) -> Option<(Occurrence, usize)> {
        let (verb, argument) = ftp::parse_command(line.text);
        if matches!(verb, Verb::Auth | Verb::Rein | Verb::Other(_)) {
            return None;
        }
        let shown = match argument.map(|argument| (argument, ftp::secrecy(&verb, argument))) {
            Some((argument, Secrecy::None)) => argument,
            Some((argument, Secrecy::Whole | Secrecy::Part(_))) if options.show_passwords => argument,
            Some((_, Secrecy::Part(_))) => return None,
            Some((_, Secrecy::Whole)) | None => b"",
        };
        let cost = kept::known_command(&verb, kept::text_of(shown, is_plain));
        if cost.saturating_add(kept::ANSWER) > room || !self.dialogue.has_room(&options.limits) {
            return None;
        }
        let said = facts(line.layout, Protection::Clear);
        let command = dialogue::command(verb, argument, line.packet, said, options);
        let index = self.dialogue.give(command, received_at(line), had)?;
        self.dialogue.client_read(line.end_offset, &mut self.answered);
        self.read.client = line.end_offset;
        self.kept = self.kept.saturating_add(cost);
        Some((Occurrence::Command(index), cost))
    }

    fn next_reply(
        &mut self,
        line: &ControlLine<'_>,
        is_plain: bool,
        had: Option<u64>,
        room: usize,
    ) -> Option<(Occurrence, usize)> {
        if self.secret.is_some() {
            return None;
        }
        let (code, text) = ftp::single_line_reply(line.text)?;
        let cost = kept::reply_of(kept::text_of(text, is_plain));
        if cost > room || !self.dialogue.is_due(had) {
            return None;
        }
        let line_facts = facts(line.layout, Protection::Clear);
        let packet = line.packet;
        let reply = Reply {
            time: packet.time,
            frame: packet.frame,
            code,
            text: Text::from_wire(text),
            line: line_facts,
        };
        let command = match self.dialogue.pair(reply, had, true) {
            Answered::Command(index) => Some(index),
            Answered::Greeting | Answered::Nothing => None,
        };
        self.interrupted_at = None;
        self.read.server = line.end_offset;
        self.kept = self.kept.saturating_add(cost);
        Some((Occurrence::Reply { command, code }, cost))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Notes;
    use super::*;
    use crate::base::{Endpoint, FrameNumber, LimitCounts, Limits, PacketRef, Timestamp};
    use crate::tcp::{Absence, Connection, Gap, Onset, Side};

    /// A connection to port 21 of which the handshake was captured.
    fn connection() -> Connection {
        let (client, server) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let first = PacketRef { time: Timestamp::from_nanos(1), frame: FrameNumber(1) };
        Connection::begun(Endpoint::new(client, 40_000), Endpoint::new(server, 21), Onset::Handshake, first)
    }

    /// What one end sends in a segment.
    #[derive(Clone, Debug)]
    struct Said {
        by_client: bool,
        bytes: Vec<u8>,
        /// How far from the other stream's end its acknowledgement is.
        off: Option<i64>,
        is_lost: bool,
    }

    fn said() -> impl Strategy<Value = Said> {
        let command = prop_oneof![
            12 => prop::sample::select(vec![
                "USER anna", "PASS secret", "ACCT x", "PASV", "EPSV ALL", "PORT 192,0,2,1,4,5", "RETR a b", "LIST", "STAT",
                "ABOR", "NOOP", "QUIT", "pwd", "CWD", " TYPE I", "FEAT", "SITE HELP",
            ]),
            1 => prop::sample::select(vec!["AUTH TLS", "REIN", "XYZZY 1", "", "STOR \"q\"", "RETR caf\u{e9}", "RETR a\tb"]),
        ]
        .prop_map(|line| (true, line));
        let reply = prop_oneof![
            12 => prop::sample::select(vec![
                "220 Hello", "331 Password", "230 Welcome", "200 Yes", "227 Entering (192,0,2,2,4,5)", "150 Opening", "226",
                "425 No", "500 What", "221 Bye",
            ]),
            2 => prop::sample::select(vec![
                "120 Wait", "230-Hello", "230 there", "230-", "more", "257 \"/\"", "226done", "234 Go", "534 No", "?",
                "421 Too many", "950 what",
            ]),
        ]
        .prop_map(|line| (false, line));
        let end = prop_oneof![30 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r\nNOOP\r\n"), 1 => Just(""), 1 => Just("\r\0\r\n")];
        let off = prop_oneof![8 => Just(Some(0)), 1 => (-40..40_i64).prop_map(Some), 1 => Just(None)];
        (prop_oneof![command, reply], end, off, prop::bool::weighted(0.02)).prop_map(
            |((by_client, line), end, off, is_lost)| Said {
                by_client,
                bytes: [line, end].concat().into_bytes(),
                off,
                is_lost,
            },
        )
    }

    /// All that is known after a conversation and what was reported on the way; and how many lines took the
    /// fast path.
    fn outcome(
        conversation: &[Said],
        room: usize,
        options: &Options,
        takes_fast_path: bool,
    ) -> (String, usize) {
        let connection = connection();
        let mut control = Control::new(&connection, options);
        let mut counts = LimitCounts::default();
        let (mut occurrences, mut reported, mut fast) = (Vec::new(), Vec::new(), 0);
        let mut sent = [0_u64; 2];
        for (frame, said) in (2..).zip(conversation) {
            let (side, from, to) =
                if said.by_client { (Side::Originator, 0, 1) } else { (Side::Responder, 1, 0) };
            let packet = PacketRef {
                time: Timestamp::from_nanos(i64::try_from(frame).unwrap()),
                frame: FrameNumber(frame),
            };
            let len = said.bytes.len() as u64;
            let offset = sent[from];
            sent[from] += len;
            let mut resumptions = crate::tls::Resumptions::default();
            let mut notes = Notes {
                options,
                resumptions: &mut resumptions,
                counts: &mut counts,
                occurrences: &mut occurrences,
                room,
            };
            if said.is_lost {
                control.gap(
                    Gap { side, offset, len, packet, is_received: true, absence: Absence::Gap },
                    &mut notes,
                );
                control.take_stock();
            } else {
                let acked = said.off.map(|off| sent[to].saturating_add_signed(off));
                let chunk = Chunk { side, offset, bytes: &said.bytes, packet, acked, leads_segment: true };
                match takes_fast_path.then(|| control.next_line(&chunk, room, options)).flatten() {
                    Some((occurrence, _)) => {
                        fast += 1;
                        reported.push(occurrence);
                    }
                    None => {
                        control.data(&connection, chunk, &mut notes);
                        control.take_stock();
                    }
                }
            }
            reported.append(&mut occurrences);
        }
        let mut resumptions = crate::tls::Resumptions::default();
        let mut notes = Notes {
            options,
            resumptions: &mut resumptions,
            counts: &mut counts,
            occurrences: &mut occurrences,
            room,
        };
        control.finish(PacketRef::default(), &mut notes);
        let conversation = &control.conversation;
        let known = (
            &conversation.dialogue,
            conversation.kept,
            conversation.read,
            conversation.interrupted_at,
            conversation.security,
            &conversation.gaps,
        );
        (format!("{reported:?} {occurrences:?} {known:?} {counts:?}"), fast)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn the_fast_path_has_the_effect_of_the_slow_path(
            conversation in prop::collection::vec(said(), 0..40),
            room in prop_oneof![3 => Just(1_usize << 20), 1 => 0..40_000_usize],
            show_passwords in any::<bool>(),
            commands_per_session in prop_oneof![3 => Just(1000_usize), 1 => 1..12_usize],
            pending_commands in prop_oneof![3 => Just(100_usize), 1 => 1..4_usize],
        ) {
            let limits = Limits { commands_per_session, pending_commands, ..Limits::default() };
            let options = Options { limits, show_passwords, ..Options::default() };
            let greeting =
                Said { by_client: false, bytes: b"220 Hello\r\n".to_vec(), off: Some(0), is_lost: false };
            let conversation = [vec![greeting], conversation].concat();
            prop_assert_eq!(
                outcome(&conversation, room, &options, true).0,
                outcome(&conversation, room, &options, false).0,
            );
        }
    }

    #[test]
    fn all_of_a_usual_dialogue_but_its_greeting_takes_the_fast_path() {
        let lines = [
            (false, "220 Hello"),
            (true, "USER anna"),
            (false, "331 Password"),
            (true, "PASS secret"),
            (false, "230 Welcome"),
            (true, "PASV"),
            (false, "227 Entering Passive Mode (192,0,2,2,4,5)."),
            (true, "RETR a"),
            (false, "150 Opening"),
            (false, "226 Done"),
            (true, "QUIT"),
            (false, "221 Bye"),
        ];
        let conversation = lines.map(|(by_client, line)| Said {
            by_client,
            bytes: format!("{line}\r\n").into_bytes(),
            off: Some(0),
            is_lost: false,
        });
        let (_, fast) = outcome(&conversation, 1 << 20, &Options::default(), true);
        assert_eq!(fast, lines.len() - 1);
    }
}
