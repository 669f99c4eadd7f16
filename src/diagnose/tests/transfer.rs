//! How transfers ended.

use super::{clean, raises, spares};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, session};
use crate::report::{Code, Content, ControlGap, Direction, EndState, FrameSpan, Stall};

#[test]
fn truncated_is_what_the_server_called_complete_and_the_capture_has_whole() {
    let announced = |size| clean().last_transfer(|it| it.expected_size = Some(size));
    let reset = |told: SessionBuilder| {
        told.connection(|it| {
            it.end_state = EndState::Rst;
            it.from_responder.end_seen = false;
            it.from_originator.end_seen = false;
        })
    };
    let unheard = |told: SessionBuilder| told.connection(|it| it.from_responder.unacknowledged = 7);
    let told =
        raises(Code::TransferTruncated, &[announced(1001), reset(announced(2000)), unheard(reset(clean()))]);
    assert!(told[0].contains("delivered 1000 of 1001 bytes: the server 203.0.113.21 closed"), "{}", told[0]);
    assert!(told[2].contains("the server 203.0.113.21 reset the data connection"), "{}", told[2]);
    spares(
        Code::TransferTruncated,
        &[
            announced(1000),
            announced(999),
            announced(3000).last_transfer(|it| it.offset = 2000),
            announced(100).last_transfer(|it| it.offset = 2000),
            announced(1001).last_transfer(|it| it.missing_bytes = 1),
            announced(1001).last_transfer(|it| it.encrypted = true),
            announced(1001).last_transfer(|it| it.content = Content::Listing),
            announced(1001).last_transfer(|it| it.direction = Direction::Upload),
            announced(1001).connection(|it| it.handshake = false),
            announced(1001).connection(|it| {
                it.end_state = EndState::Open;
                it.from_responder.end_seen = false;
            }),
            // All had arrived before the reset.
            reset(clean()),
            // The receiver reset after the sender had closed.
            reset(announced(1000)),
            reset(clean()).connection(|it| it.from_responder.end_seen = true),
            session().pasv("203.0.113.21:50000").connected(10).retr("a", &[150, 426]),
        ],
    );
}

#[test]
fn aborted_is_426_or_abor_and_nothing_else() {
    let download = |codes: &[u16]| session().pasv("203.0.113.21:50000").connected(10).retr("a", codes);
    let told = raises(
        Code::TransferAborted,
        &[
            download(&[150, 426]).say("ABOR", &[(226, "ok")]),
            download(&[150, 426]).connection(|it| it.end_state = EndState::Rst),
        ],
    );
    assert!(told[0].contains("by the client's ABOR (426)"), "{}", told[0]);
    assert!(told[1].contains("was reset"), "{}", told[1]);
    spares(
        Code::TransferAborted,
        &[download(&[150, 451]), download(&[150]), clean().say("ABOR", &[(225, "")])],
    );
}

#[test]
fn stalled_is_five_seconds_of_silence_inside_a_transfer() {
    let second = |seconds: f64| session().at(seconds).now();
    let stall = |from: f64, until: f64| Stall {
        from: second(from),
        until: second(until),
        frames: FrameSpan { first: FrameNumber(7), last: FrameNumber(8) },
    };
    // The transfer's command comes first here, so that the transfer spans the connection.
    let long = |from: f64, until: f64| {
        clean()
            .connection(|it| it.stall = Some(stall(from, until)))
            .but(|it| {
                let command = it.commands.last_mut().unwrap();
                command.time = second(1.0);
                command.replies[0].time = second(1.0);
                command.replies[1].time = second(60.0);
            })
            .connection(|it| {
                it.established = Some(second(1.0));
                it.close = Some((second(60.0), FrameNumber(9)));
                it.from_responder.first_payload = Some((second(1.1), FrameNumber(6)));
                it.from_responder.last_payload = Some((second(59.0), FrameNumber(9)));
            })
    };
    let told = raises(
        Code::TransferStalled,
        &[
            long(10.0, 15.0),
            long(2.0, 2.1)
                .connection(|it| it.from_responder.first_payload = Some((second(7.0), FrameNumber(6)))),
            long(2.0, 2.1)
                .connection(|it| it.from_responder.last_payload = Some((second(50.0), FrameNumber(6)))),
        ],
    );
    assert!(
        told[0].contains("stood still for 5.0 s in the middle: the server 203.0.113.21 sent nothing new"),
        "{}",
        told[0]
    );
    // Who held it up is told by what happened in that time, and by nothing before.
    let shut = |from: f64, until: f64| {
        long(10.0, 22.0).connection(|it| {
            it.path.zero_window = TimeDelta::from_secs(30);
            it.path.longest_zero_window = Some((second(from), second(until)));
        })
    };
    let held_up = raises(Code::TransferStalled, &[shut(11.0, 22.0), shut(2.0, 9.5), shut(9.0, 13.0)]);
    assert!(
        held_up[0].contains("the client 198.51.100.10 announced a receive window of zero for 11.0 s"),
        "{}",
        held_up[0]
    );
    for other in &held_up[1..] {
        assert!(other.contains("the server 203.0.113.21 sent nothing new"), "{other}");
    }
    assert!(told[1].contains("before the first byte"), "{}", told[1]);
    assert!(told[2].contains("10.0 s after the last byte"), "{}", told[2]);
    spares(
        Code::TransferStalled,
        &[
            clean(),
            long(10.0, 14.9),
            // Between two transfers on one connection (MODE B).
            long(0.0, 5.5),
            long(57.0, 90.0),
        ],
    );
}

#[test]
fn a_transfer_that_stands_still_is_told_before_anything_ends_it() {
    let standing = |seconds: f64| {
        let told = session().pasv("203.0.113.21:50000").connected(1000).connection(|it| {
            (it.end_state, it.first_close, it.close) = (EndState::Open, None, None);
        });
        told.retr("a", &[150]).wait(seconds)
    };
    let told = raises(Code::TransferStalled, &[standing(5.5)]);
    assert!(told[0].contains(" so far: the server 203.0.113.21 sent nothing new"), "{}", told[0]);
    let over = standing(5.5).connection(|it| it.end_state = EndState::Rst);
    spares(Code::TransferStalled, &[standing(4.0), over]);
}

#[test]
fn completion_is_missing_only_if_the_capture_would_show_it() {
    let unfinished = || session().pasv("203.0.113.21:50000").connected(10).retr("a", &[150]);
    let told = raises(
        Code::CompletionMissing,
        &[
            unfinished().closed(Party::Server),
            unfinished().wait(9.0),
            unfinished().wait(200.0).connection(|it| it.end = it.end.plus(TimeDelta::from_secs(100))),
        ],
    );
    assert!(told[0].contains("the server closed the control connection instead"), "{}", told[0]);
    let killed = unfinished()
        .connection(|it| it.first_close = Some(crate::report::FirstClose::Originator))
        .closed(Party::Client);
    let of_client = raises(Code::CompletionMissing, &[killed]);
    assert!(of_client[0].contains("ended early: the client 198.51.100.10 closed"), "{}", of_client[0]);
    assert!(told[1].contains("stopped responding"), "{}", told[1]);
    assert!(told[2].contains("idle for 100.0 s"), "{}", told[2]);
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    spares(
        Code::CompletionMissing,
        &[
            clean(),
            // The capture just ends.
            unfinished(),
            unfinished().wait(9.0).but(|it| it.gaps.push(gap)),
            unfinished().wait(9.0).connection(|it| it.end_state = EndState::Open),
            // Only the client's direction was captured.
            session().pasv("203.0.113.21:50000").connected(10).retr("a", &[]).wait(9.0).but(|it| {
                it.greeting.clear();
                it.commands.iter_mut().for_each(|command| command.replies.clear());
            }),
        ],
    );
}

#[test]
fn ascii_damage_is_a_binary_file_in_type_a() {
    let ascii = |binary: bool, representation: &'static str| {
        clean()
            .connection(|it| it.from_responder.binary = binary)
            .last_transfer(|it| it.representation = representation.into())
    };
    raises(Code::AsciiDamage, &[ascii(true, "A"), ascii(true, "A N")]);
    spares(
        Code::AsciiDamage,
        &[
            ascii(false, "A"),
            ascii(true, "I"),
            ascii(true, "A").last_transfer(|it| it.content = Content::Listing),
            ascii(true, "A").last_transfer(|it| it.encrypted = true),
            // TYPE may have been given before the capture began.
            ascii(true, "A").but(|it| it.handshake = false),
        ],
    );
}
