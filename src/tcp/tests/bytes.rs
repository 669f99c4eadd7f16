//! Order, holes, overlaps, cuts: what is delivered, and what is counted.

use super::script::{Stage, Wishes, check_established, play};
use crate::base::{FrameNumber, Limits};

/// Behind a handshake: what is delivered, and what is given up.
fn told(script: &str) -> (String, String) {
    let told = play(&format!("c S 100\n s SA 900 101\n c A 101 901\n{script}"));
    (told.of("data"), told.of("gap"))
}

#[test]
fn bytes_come_in_order_whatever_order_they_were_captured_in() {
    for (name, script, delivered) in [
        ("in order", "c A 101 901 ab\n c A 103 901 cd", "o0 ab, o2 cd"),
        ("swapped", "c A 103 901 cd\n c A 101 901 ab", "o0 ab, o2 cd"),
        ("reversed", "c A 105 901 ef\n c A 103 901 cd\n c A 101 901 ab", "o0 ab, o2 cd, o4 ef"),
        ("repeated", "c A 101 901 ab\n +1\n c A 101 901 ab\n c A 103 901 cd", "o0 ab, o2 cd"),
        ("overlapping what was delivered", "c A 101 901 ab\n c A 102 901 bcd", "o0 ab, o2 ...cd"),
        ("overlapping what is held", "c A 103 901 cd\n c A 101 901 abcdef", "o0 ab, o2 cd, o4 ...ef"),
        (
            "in the middle of two held",
            "c A 103 901 c\n c A 107 901 g\n c A 101 901 abcdefgh",
            "o0 ab, o2 c, o3 ...def, o6 g, o7 ...h",
        ),
    ] {
        assert_eq!(told(script), (delivered.to_owned(), String::new()), "{name}");
    }
}

#[test]
fn a_chunk_names_the_packet_that_carried_it_and_what_that_had_acknowledged() {
    let told = play("c S 100\n s SA 900 101\n c A 101 901\n c A 103 950 cd\n c A 101 920 ab");
    assert_eq!(told.of("from"), "5, 4");
    assert_eq!(told.of("acked"), "19, 49");
}

#[test]
fn the_first_copy_of_a_byte_wins_and_others_that_differ_are_counted() {
    check_established(&[
        (
            "held",
            "c A 103 901 cdef\n c A 103 901 cXeX\n c A 101 901 ab",
            "1-6 syn 1 up 2 open; o 6 again 4 conflicting 2",
        ),
        (
            "partly held",
            "c A 103 901 cdef\n c A 101 901 abCD",
            "1-5 syn 1 up 2 open; o 6 again 2 conflicting 2",
        ),
        (
            "delivered: nothing to compare with",
            "c A 101 901 ab\n c A 101 901 XY",
            "1-5 syn 1 up 2 open; o 2 again 2",
        ),
    ]);
    assert_eq!(told("c A 103 901 cdef\n c A 103 901 cXeX\n c A 101 901 abXX").0, "o0 ab, o2 cdef");
}

#[test]
fn a_packet_captured_twice_is_no_retransmission() {
    check_established(&[
        ("copy", "c A 101 901 hello\n same\n s A 901 106\n same", "1-7 syn 1 up 2 open; o 5"),
        ("retransmission", "c A 101 901 hello\n c A 101 901 hello", "1-5 syn 1 up 2 open; o 5 again 5"),
    ]);
}

#[test]
fn a_keep_alive_is_no_retransmission_and_a_window_probe_is_one() {
    check_established(&[
        (
            "keep-alive with and without its byte",
            "c A 101 901 hello\n s A 901 106\n +75\n c A 105 901\n s A 901 106\n +75\n c A 105 901 o\n s A 901 106",
            "1-9 syn 1 up 2 open; o 5",
        ),
        ("before any byte", "+75\n c A 100 901\n s A 901 101\n +75\n c A 100 901 x", "1-6 syn 1 up 2 open"),
        (
            "probes of a closed window",
            "c A 101 901 hello\n s A 901 106\n c A 106 901 w\n +1\n c A 106 901 w\n +2\n c A 106 901 world",
            "1-8 syn 1 up 2 open; o 10 again 2",
        ),
    ]);
}

#[test]
fn a_hole_is_given_up_a_second_after_the_receiver_acknowledged_past_it() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n s SA 900 101\n c A 101 901\n c A 101 901 ab\n c A 105 901 ef");
    stage.advance(5.0);
    assert_eq!(stage.told.of("gap"), "", "the receiver lacks it too: it will be sent again");
    stage.play("s A 901 107").advance(0.5);
    assert_eq!(stage.told.of("gap"), "");
    stage.advance(1.0);
    assert_eq!((stage.told.of("gap"), stage.told.of("data")), ("o2+2".to_owned(), "o0 ab, o4 ef".to_owned()));
}

#[test]
fn each_hole_is_waited_for_on_its_own() {
    let mut stage = Stage::new(Wishes::default());
    stage
        .play("c S 100\n s SA 900 101\n c A 101 901\n c A 103 901 cd\n +0.9\n c A 107 901 gh\n s A 901 109")
        .advance(0.2);
    assert_eq!(stage.told.of("gap"), "o0+2");
    stage.advance(1.0);
    assert_eq!(stage.told.of("gap"), "o0+2, o4+2");
}

#[test]
fn a_hole_in_a_stream_whose_receiver_was_never_captured_is_given_up_after_a_second() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n c A 101 901 ab\n c A 105 901 ef").advance(0.9);
    assert_eq!(stage.told.of("gap"), "");
    stage.advance(0.2);
    assert_eq!(stage.told.of("gap"), "o2+2");
}

#[test]
fn bytes_of_a_hole_that_come_after_it_was_given_up_are_counted_and_not_delivered() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n s SA 900 101\n c A 101 901\n c A 111 901 x*10\n s A 901 121").advance(2.0);
    stage.play("c A 103 901 x*3\n c A 101 901 x*4\n c A 103 901 x*3").finish();
    assert_eq!(stage.told.of("gap"), "o0+10");
    assert_eq!(stage.told.of("data"), "o10 xxxxxxxxxx");
    // Of the ten, those from 2 to 5 came first, then those from 0 to 4 (two of them again), then 2 to 5
    // again.
    assert_eq!(stage.told.facts(), ["1-8 syn 1 up 2 open; o 15 missing 5 again 5"]);
}

#[test]
fn what_is_missing_at_the_end_is_told_by_fin_or_acknowledgement() {
    check_established(&[
        ("hole", "c A 101 901 ab\n c A 105 901 ef", "1-5 syn 1 up 2 open; o 4 lost 2"),
        ("head", "c A 105 901 ef", "1-4 syn 1 up 2 open; o 2 lost 4"),
        ("tail, by FIN", "c A 101 901 ab\n c FA 105 901", "1-5 syn 1 up 2 open by o; o 2 lost 2"),
        ("tail, by ACK", "c A 101 901 ab\n s A 901 105", "1-5 syn 1 up 2 open; o 2 missing 2"),
        ("an ACK of one more: a FIN", "c A 101 901 ab\n s A 901 104", "1-5 syn 1 up 2 open; o 2"),
        ("all of it", "s A 901 151", "1-4 syn 1 up 2 open; o 0 missing 50"),
    ]);
}

#[test]
fn of_a_side_that_was_never_captured_that_is_missing_which_was_acknowledged() {
    assert_eq!(
        play("c S 100\n c A 101 901\n c A 101 5000 hi\n c FA 103 9000").facts(),
        ["1-4 syn 1 up 2 open by o; o 2; r 0 missing 8098"]
    );
}

#[test]
fn what_the_receiver_never_acknowledged_was_lost_on_the_network_and_not_by_the_capture() {
    // Of the client's stream: bytes missing from the capture, lost on the network, never acknowledged.
    for (name, script, expected, gaps) in [
        ("hole below the last ACK", "c A 101 901 ab\n c A 105 901 ef\n s A 901 107", (2, 0, 0), "o2+2"),
        ("hole above it", "c A 101 901 ab\n s A 901 103\n c A 105 901 ef", (0, 2, 4), "o2+2 lost"),
        (
            "hole with the last ACK in it",
            "c A 101 901 ab\n c A 111 901 ef\n s A 901 105",
            (2, 6, 8),
            "o2+2, o4+6 lost",
        ),
        ("cut, which was captured", "c A 101 901 ab cut=8\n s A 901 101", (8, 0, 10), "o2+8"),
        ("tail before a FIN", "c A 101 901 ab\n s A 901 103\n c FA 107 901", (0, 4, 4), "o2+4 lost"),
        ("nothing: the FIN itself", "c FA 101 901 ab\n s A 901 104", (0, 0, 0), ""),
        ("all of it, answered by RST", "c A 101 901 abcd\n s RA 901 101", (0, 0, 4), ""),
        ("captured after all", "c A 105 901 ef\n s A 901 101\n c A 101 901 abcd", (0, 0, 6), ""),
    ] {
        let told = play(&format!("c S 100\n s SA 900 101\n c A 101 901\n{script}"));
        let stream = &told.ended[0].0.from_originator;
        assert_eq!((stream.missing, stream.lost, stream.unacknowledged), expected, "{name}");
        assert_eq!(told.of("gap"), gaps, "{name}");
    }
}

#[test]
fn the_last_acknowledgement_of_a_dialogue_may_be_in_an_rst() {
    for (is_dialogue, number, expected) in
        [(true, 107, (2, 0)), (true, 108, (0, 2)), (true, 103, (0, 2)), (false, 107, (0, 2))]
    {
        let mut stage = Stage::new(Wishes::default());
        stage.told.is_dialogue = is_dialogue;
        stage.play("c S 100\n s SA 900 101\n c A 101 901\n c A 101 901 ab\n s A 901 103\n c A 105 901 ef");
        stage.play(&format!("s RA 901 {number}"));
        stage.finish();
        let stream = &stage.told.ended[0].0.from_originator;
        assert_eq!((stream.missing, stream.lost), expected, "{is_dialogue} {number}");
    }
}

#[test]
fn where_the_receiver_was_never_captured_nothing_can_be_said_of_what_it_got() {
    let told = play("c S 100\n c A 101 901 ab\n c A 105 901 ef");
    let stream = &told.ended[0].0.from_originator;
    assert_eq!((stream.missing, stream.lost, stream.unacknowledged), (2, 0, 0));
}

#[test]
fn a_hole_that_was_given_up_for_want_of_room_counts_as_lost_if_it_is_never_acknowledged() {
    let limits = Limits { pieces_per_stream: 1, ..Limits::default() };
    let hole = "c S 100\n s SA 900 101\n c A 101 901\n c A 103 901 cd\n c A 107 901 gh";
    for (rest, expected) in [("", (0, 4)), ("s A 901 105", (2, 2)), ("s A 901 109", (4, 0))] {
        let mut stage = Stage::with_limits(Wishes::default(), &limits);
        stage.play(hole).play(rest).finish();
        let stream = &stage.told.ended[0].0.from_originator;
        assert_eq!((stream.missing, stream.lost), expected, "{rest}");
    }
}

#[test]
fn what_the_capture_cut_off_is_missing_at_once_unless_another_packet_brings_it() {
    assert_eq!(
        told("c A 101 901 ab cut=8\n c A 111 901 cd"),
        ("o0 ab, o10 cd".to_owned(), "o2+8".to_owned())
    );
    check_established(&[
        ("in order", "c A 101 901 ab cut=8", "1-4 syn 1 up 2 open; o 2 missing 8"),
        ("nothing kept", "c A 101 901 cut=8\n c A 109 901 x", "1-5 syn 1 up 2 open; o 1 missing 8"),
        (
            "out of order",
            "c A 111 901 cd cut=8\n c A 101 901 ab cut=8",
            "1-5 syn 1 up 2 open; o 4 missing 16",
        ),
        ("then FIN", "c A 101 901 ab cut=8\n c FA 111 901", "1-5 syn 1 up 2 open by o; o 2 missing 8"),
        ("sent again whole", "c A 101 901 ab cut=3\n c A 101 901 abcde", "1-5 syn 1 up 2 open; o 5 again 2"),
        (
            "sent again cut",
            "c A 101 901 ab cut=3\n c A 101 901 ab cut=3",
            "1-5 syn 1 up 2 open; o 2 missing 3 again 2",
        ),
        ("a lie", "c A 101 901 ab cut=4000000000\n c A 103 901 cd", "1-5 syn 1 up 2 open; o 4"),
        ("FIN in the cut packet", "c FA 101 901 ab cut=3", "1-4 syn 1 up 2 open by o; o 2 missing 3"),
    ]);
}

#[test]
fn the_frame_before_a_gap_is_reported() {
    let told = play("c S 100\n s SA 900 101\n c A 101 901\n c A 101 901 ab\n c A 105 901 ef\n s A 950 107 z");
    let (connection, _) = &told.ended[0];
    assert_eq!(connection.from_originator.gap_frame, Some(FrameNumber(4)));
    assert_eq!(connection.from_responder.gap_frame, Some(FrameNumber(1)), "nothing of this side came before");
}

#[test]
fn a_stream_knows_whether_its_start_and_end_were_captured() {
    for (script, start, end) in [
        ("c S 100\n s SA 900 101\n c A 101 901 ab\n c FA 103 901", true, true),
        ("c S 100\n s SA 900 101\n c A 103 901 cd\n c FA 105 901", false, true),
        ("c A 101 901 ab", false, false),
        ("s SA 900 101\n c A 101 901 ab", false, false),
    ] {
        let told = play(script);
        let stream = &told.ended[0].0.from_originator;
        assert_eq!((stream.start_seen, stream.end_seen), (start, end), "{script}");
    }
}

#[test]
fn sequence_numbers_wrap_also_inside_a_hole() {
    let told = play(
        "c S 4294967290\n s SA 4294967295 4294967291\n c A 4294967291 0\n c A 1 0 ghij\n c A 4294967291 0 abcdef\n
         s A 0 5 xyz\n c FA 5 3\n s FA 3 6\n c A 6 4",
    );
    assert_eq!(told.of("data"), "o0 abcdef, o6 ghij, r0 xyz");
    assert_eq!(told.facts(), ["1-9 syn 1 up 2 fin by o; o 10; r 3"]);
}

#[test]
fn segments_without_ack_carry_nothing_after_the_handshake() {
    check_established(&[("no ACK", "c - 101 evil\n c A 101 901 good", "1-5 syn 1 up 2 open; o 4")]);
}

#[test]
fn data_far_outside_the_window_touches_nothing() {
    check_established(&[
        ("ahead", "c A 1073741925 901 evil\n c A 101 901 good", "1-5 syn 1 up 2 open; o 4"),
        ("behind", "c A 3000000000 901 evil\n c A 101 901 good", "1-5 syn 1 up 2 open; o 4"),
        (
            "right place, impossible acknowledgement",
            "c A 101 800000000 evil\n c A 101 901 good",
            "1-5 syn 1 up 2 open; o 4",
        ),
        ("before the stream", "c A 50 901 evil\n c A 101 901 good", "1-5 syn 1 up 2 open; o 4"),
    ]);
}

#[test]
fn a_stream_is_found_again_after_the_capture_lost_more_than_any_window() {
    check_established(&[(
        "the receiver acknowledges what came from afar",
        "c A 101 901 ab\n s A 901 103\n c A 300000103 901 cdef\n s A 901 300000107\n c A 300000107 901 gh\n s A 901 300000109",
        "1-9 syn 1 up 2 open; o 4 missing 300000004",
    )]);
    let told = play(
        "c S 100\n c A 101 901 ab\n c A 300000103 901 c\n c A 300000104 901 d\n c A 300000105 901 e\n c A 300000106 901 f",
    );
    assert_eq!(
        told.facts(),
        ["1-6 syn 1 up 2 open; o 4 missing 300000002"],
        "nobody to ask: three in a row are enough"
    );
}

#[test]
fn bytes_beyond_the_end_that_the_receiver_acknowledged_are_not_the_streams() {
    check_established(&[(
        "injected far ahead, inside the window",
        "c A 101 901 ab\n c A 900101 901 junk\n c FA 103 901\n s A 901 104\n s FA 901 104\n c A 104 902",
        "1-9 syn 1 up 2 fin by o; o 2",
    )]);
}

#[test]
fn bytes_that_wait_stay_at_their_place_whatever_syn_ack_comes_after_them() {
    let told = play("c S 100\n s SA 900 101\n s A 911 101 klm\n s SA 904 101\n s A 901 101 abcdefghij");
    assert_eq!(told.of("data"), "r0 abcdefghij, r10 klm");
    assert_eq!(told.facts(), ["1-5 syn 1 up 2 open; r 13"]);
}

#[test]
fn a_dialogue_does_not_wait_for_what_was_received_unless_the_capture_brings_packets_late() {
    let told = |script: &str| {
        let mut stage = Stage::new(Wishes::default());
        stage.told.is_dialogue = true;
        stage.play("c S 100\n s SA 900 101\n c A 101 901").play(script);
        stage.told.of("gap")
    };
    assert_eq!(told("s A 904 101 two\n c A 101 904"), "r0+3");
    assert_eq!(told("c A 101 904\n s A 904 101 two"), "r0+3");
    // The acknowledgement of both was captured before either.
    assert_eq!(told("c A 101 907\n s A 904 101 two\n s A 901 101 one"), "");
    assert_eq!(told("c A 101 907\n s A 904 101 two\n +1.2\n c A 101 907 x"), "r0+3");
}

#[test]
fn what_only_a_selective_acknowledgement_covers_is_missing_in_the_capture_and_unacknowledged_all_the_same() {
    let told = |script: &str| {
        let told = play(&format!("c S 100\n s SA 900 101\n c A 101 901\n{script}"));
        let (connection, _) = &told.ended[0];
        let it = &connection.from_originator;
        (told.of("gap"), it.missing, it.unacknowledged)
    };
    let hole = "c A 101 901 one\n c A 107 901 three\n c A 112 901 four";
    // Bytes 104 to 107 are not in the capture, and the receiver lacks those before 104.
    assert_eq!(told(&format!("{hole}\n s A 901 101")), ("o3+3 lost".into(), 0, 15));
    assert_eq!(told(&format!("{hole}\n s A 901 101 sack=104-116")), ("o3+3".into(), 0, 15));
    assert_eq!(told(&format!("{hole}\n s A 901 101 sack=107-116")), ("o3+3 lost".into(), 0, 15));
    assert_eq!(told(&format!("{hole}\n s A 901 116")), ("o3+3".into(), 3, 0));
    // It also shows that more was sent than was captured; what is out of all windows shows nothing.
    assert_eq!(told(&format!("{hole}\n s A 901 101 sack=107-120")).2, 19);
    assert_eq!(told(&format!("{hole}\n s A 901 101 sack=107-990000000")).2, 15);
    assert_eq!(told(&format!("{hole}\n s A 901 101 sack=116-107")).2, 15);
}
