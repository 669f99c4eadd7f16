use crate::base::FrameNumber;
use proptest::prelude::*;

use super::*;
use crate::ftp::{LineSplitter, Party};

/// What a server says, and what else the assembler is told, in order.
enum Event<'a> {
    /// Bytes of the server, in a frame of their own.
    Says(&'a str),
    /// The client gives another command.
    Interrupted,
    /// Bytes of the server are missing.
    Gap,
}
use Event::{Gap, Interrupted, Says};

fn assemble_with(limits: &Limits, events: &[Event<'_>]) -> Vec<Assembled> {
    let mut splitter = LineSplitter::new(Party::Server, limits);
    let mut assembler = ReplyAssembler::new(limits);
    let mut assembled = Vec::new();
    let (mut offset, mut frame) = (0, 0);
    for event in events {
        match event {
            Says(text) => {
                frame += 1;
                let packet = PacketRef { frame: FrameNumber(frame), ..PacketRef::default() };
                splitter.push(text.as_bytes(), offset, packet, true, &mut |line| {
                    assembler.push(&line, &mut |item| assembled.push(item));
                });
                offset += text.len() as u64;
            }
            Interrupted => assembler.interrupted(),
            Gap => {
                splitter.gap();
                assembler.gap();
                offset += 100;
            }
        }
    }
    splitter.finish(&mut |line| assembler.push(&line, &mut |item| assembled.push(item)));
    assembler.finish(&mut |item| assembled.push(item));
    assembled
}

/// Codes and texts; garbage has the code 0.
fn assemble(events: &[Event<'_>]) -> Vec<(u16, String)> {
    assemble_with(&Limits::default(), events)
        .into_iter()
        .map(|item| match item {
            Assembled::Reply(reply) => (reply.code, reply.text.raw().to_owned()),
            Assembled::Garbage(line) => (0, line.text.raw().to_owned()),
        })
        .collect()
}

#[track_caller]
fn expect(events: &[Event<'_>], expected: &[(u16, &str)]) {
    let assembled = assemble(events);
    let seen: Vec<(u16, &str)> = assembled.iter().map(|(code, text)| (*code, text.as_str())).collect();
    assert_eq!(seen, expected);
}

#[test]
fn each_line_with_a_code_is_a_reply() {
    expect(
        &[Says("200 Type set to I.\r\n227 x (10,0,0,2,4,5)\r\n226\r\n226\n150 \r\n631 QUJD\r\n")],
        &[(200, "Type set to I."), (227, "x (10,0,0,2,4,5)"), (226, ""), (226, ""), (150, ""), (631, "QUJD")],
    );
}

#[test]
fn a_code_without_a_space_is_a_reply_where_letters_follow() {
    expect(
        &[Says("226Transfer complete\r\n220welcome\r\n")],
        &[(226, "Transfer complete"), (220, "welcome")],
    );
}

#[test]
fn other_lines_are_garbage() {
    for line in [
        "99 bottles",
        "2264 x",
        "*** restart soon ***",
        "",
        "  220 x",
        "700 x",
        "099 x",
        "22x y",
        "192.168.0.1",
    ] {
        expect(&[Says(&format!("{line}\r\n")), Says("200 ok\r\n")], &[(0, line), (200, "ok")]);
    }
}

#[test]
fn a_multi_line_reply_ends_at_its_own_code_and_a_space() {
    expect(
        &[Says(
            "220-Welcome to the archive\r\n    indented text\r\n230 is not the end of this\r\n220-nor is this\r\n \
             220 nor this with a leading space\r\n221-another code\r\n\r\n2200 five digits\r\n220x\r\n220 ready\r\n",
        )],
        &[(
            220,
            "Welcome to the archive\n    indented text\n230 is not the end of this\nnor is this\n 220 nor this with a \
             leading space\n221-another code\n\n2200 five digits\n220x\nready",
        )],
    );
    expect(
        &[Says("214-The following\r\n 214 are\r\n200 known\r\n214\r\n")],
        &[(214, "The following\n 214 are\n200 known\n")],
    );
    expect(&[Says("227-\r\n227 (1,2,3,4,5,6)\r\n")], &[(227, "\n(1,2,3,4,5,6)")]);
}

#[test]
fn a_multi_line_reply_knows_its_first_and_last_line() {
    let events = [Says("200 x\r\n211-Features:\r\n EP"), Says("SV\r\n"), Says("211 End\n")];
    let assembled = assemble_with(&Limits::default(), &events);
    let Some(Assembled::Reply(reply)) = assembled.last() else { panic!("no reply") };
    assert_eq!((reply.start_offset, reply.end_offset, reply.lines), (7, 37, 3));
    assert_eq!(reply.packet.frame.0, 3);
    assert_eq!((reply.first_line.leads_segment, reply.last_line.leads_segment), (false, true));
    assert_eq!(
        (reply.first_line.end, reply.last_line.end),
        (crate::ftp::LineEnd::CrLf, crate::ftp::LineEnd::Lf)
    );
}

#[test]
fn a_warning_closed_by_another_code_is_two_replies_once_the_client_goes_on() {
    let warned = Says("230-WARNING: 12 bare line feeds\r\n    in ASCII mode\r\n226 Transfer complete\r\n");
    let expected = [(230, "WARNING: 12 bare line feeds\n    in ASCII mode"), (226, "Transfer complete")];
    expect(&[warned, Interrupted, Says("221 Goodbye\r\n")], &[expected[0], expected[1], (221, "Goodbye")]);
    // Nothing else comes: the last line looked like an end.
    expect(
        &[Says("230-WARNING: 12 bare line feeds\r\n    in ASCII mode\r\n226 Transfer complete\r\n")],
        &expected,
    );
}

#[test]
fn an_error_that_never_ends_does_not_swallow_the_replies_behind_it() {
    expect(
        &[
            Says("500-'FEAT': command not understood\r\n"),
            Interrupted,
            Says("200 Type set\r\n"),
            Says("227 x (10,0,0,2,4,5)\r\n"),
        ],
        &[(500, "'FEAT': command not understood"), (200, "Type set"), (227, "x (10,0,0,2,4,5)")],
    );
}

#[test]
fn several_replies_held_back_come_out_one_by_one() {
    expect(
        &[
            Says("230-a\r\n230-b\r\n226-c\r\n text\r\n226 d\r\n250 e\r\nnoise\r\n"),
            Interrupted,
            Says("150-f\r\n150 g\r\n"),
        ],
        &[(230, "a\nb"), (226, "c\n text\nd"), (250, "e"), (0, "noise"), (150, "f\ng")],
    );
}

#[test]
fn a_client_that_does_not_wait_does_not_break_a_reply_that_ends_well() {
    expect(
        &[Says("211-Features\r\n250 is text\r\n"), Interrupted, Says(" UTF8\r\n211 End\r\n200 ok\r\n")],
        &[(211, "Features\n250 is text\n UTF8\nEnd"), (200, "ok")],
    );
}

#[test]
fn a_gap_ends_a_multi_line_reply_at_the_next_other_reply() {
    expect(
        &[Says("211-Features\r\n250 is text\r\n"), Gap, Says("200 ok\r\n226 done\r\n")],
        &[(211, "Features\n250 is text"), (200, "ok"), (226, "done")],
    );
    expect(&[Says("211-a\r\n"), Gap, Says("211-b\r\n211 c\r\n")], &[(211, "a\nb\nc")]);
}

#[test]
fn a_reply_without_an_end_is_handed_over_as_far_as_it_came() {
    expect(&[Says("220-Welcome\r\n230 is text\r\nmore")], &[(220, "Welcome\n230 is text\nmore")]);
}

#[test]
fn marks_without_an_open_reply_mean_nothing() {
    expect(
        &[Interrupted, Gap, Says("211-a\r\n"), Says("250 b\r\n211 c\r\n"), Interrupted],
        &[(211, "a\n250 b\nc")],
    );
}

#[test]
fn a_reply_beyond_the_limits_is_cut_and_the_dialogue_goes_on() {
    let limits = Limits { reply_lines: 5, reply_bytes: 100, ..Limits::default() };
    let mut assembler = ReplyAssembler::new(&limits);
    let mut assembled = Vec::new();
    let layout = LineLayout::default();
    let mut say = |text: &[u8]| {
        let line = ControlLine {
            text,
            layout,
            packet: PacketRef::default(),
            start_offset: 0,
            end_offset: 0,
            oversized: None,
        };
        assembler.push(&line, &mut |item| assembled.push(item));
        if let Some(open) = &assembler.open {
            assert!(open.lines.len() <= 5 && open.bytes.len() <= 100);
        }
    };
    say(b"211-first");
    for _ in 0..100_000 {
        say(b" line");
    }
    say(b"211 last");
    say(b"200 ok");
    say(b"214-x");
    say(&[b'y'; 200]);
    say(b"z");
    say(b"214 end");
    let seen: Vec<_> = assembled
        .iter()
        .map(|item| match item {
            Assembled::Reply(reply) => (reply.code, reply.text.raw(), reply.lines, reply.truncated),
            Assembled::Garbage(line) => (0, line.text.raw(), 1, false),
        })
        .collect();
    assert_eq!(
        seen,
        [
            (211, "first\n line\n line\n line\n line", 100_002, true),
            (200, "ok", 1, false),
            (214, "x", 4, true),
        ]
    );
}

proptest! {
    #[test]
    fn every_line_ends_up_in_one_reply_or_as_garbage(
        lines in prop::collection::vec("(220|226|230|99|2264)?[- x]?[a-c]{0,3}", 0..20),
        marks in prop::collection::vec(any::<bool>(), 20),
    ) {
        let said: Vec<String> = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let mut events = Vec::new();
        for (line, marked) in said.iter().zip(marks) {
            events.push(Says(line));
            if marked {
                events.push(Interrupted);
            }
        }
        let mut count = 0;
        let mut end = 0;
        for item in assemble_with(&Limits::default(), &events) {
            let (lines, start, next) = match item {
                Assembled::Reply(reply) => {
                    prop_assert!((100..700).contains(&reply.code));
                    (reply.lines, reply.start_offset, reply.end_offset)
                }
                Assembled::Garbage(line) => (1, line.start_offset, line.end_offset),
            };
            prop_assert_eq!(start, end);
            end = next;
            count += lines;
        }
        prop_assert_eq!(count, lines.len());
    }

    #[test]
    fn well_formed_replies_come_out_as_they_were_meant(
        replies in prop::collection::vec((100_u16..700, prop::collection::vec("[ a-z][ -~]{0,20}", 1..5)), 0..6),
    ) {
        let mut said = String::new();
        for (code, lines) in &replies {
            for (index, line) in lines.iter().enumerate() {
                let text = match index {
                    _ if index + 1 == lines.len() => format!("{code} {line}\r\n"),
                    0 => format!("{code}-{line}\r\n"),
                    _ => format!("{line}\r\n"),
                };
                said.push_str(&text);
            }
        }
        let expected: Vec<_> = replies.iter().map(|(code, lines)| (*code, lines.join("\n"))).collect();
        prop_assert_eq!(assemble(&[Says(&said)]), expected);
    }
}
