//! FIN, RST and silence.

use super::script::{Stage, Wishes, check_established, play};
use crate::base::{FrameNumber, TimeDelta};

#[test]
fn who_closes_first_is_told_by_the_fins_and_their_acknowledgements() {
    check_established(&[
        ("originator", "c FA 101 901\n s A 901 102\n s FA 901 102\n c A 102 902", "1-7 syn 1 up 2 fin by o"),
        ("responder", "s FA 901 101\n c A 101 902\n c FA 101 902\n s A 902 102", "1-7 syn 1 up 2 fin by r"),
        (
            "both at once",
            "c FA 101 901\n s FA 901 101\n c A 102 902\n s A 902 102",
            "1-7 syn 1 up 2 fin by both",
        ),
        (
            "the wrong way round in the capture",
            "c FA 101 902\n s FA 901 101\n s A 902 102",
            "1-6 syn 1 up 2 fin by r",
        ),
        ("only one", "c FA 101 901\n s A 901 102", "1-5 syn 1 up 2 open by o"),
        ("reset", "s RA 901 101", "1-4 syn 1 up 2 rst by r"),
        ("reset after one FIN", "c FA 101 901\n s RA 901 102", "1-5 syn 1 up 2 rst by o"),
        ("reset after both", "c FA 101 901\n s FA 901 102\n c RA 102 902", "1-6 syn 1 up 2 fin by o"),
    ]);
}

#[test]
fn the_time_of_the_close_is_that_of_the_second_fin_however_often_it_is_sent() {
    let told = play(
        "c S 100\n s SA 900 101\n c A 101 901\n c FA 101 901\n +1\n s FA 901 102\n +1\n s FA 901 102\n c A 102 902",
    );
    let (connection, _) = &told.ended[0];
    let lasted = connection.closed.map(|closed| closed.since(connection.first.time));
    assert_eq!(lasted, Some(TimeDelta::from_millis(1040)));
    assert_eq!(connection.close.map(|close| close.frame), Some(FrameNumber(4)));
    assert_eq!(connection.last.frame, FrameNumber(7));
}

#[test]
fn each_change_is_told_once() {
    let told = play(
        "c S 100\n s SA 900 101\n c A 101 901\n c FA 101 901\n c FA 101 901\n s FA 901 102\n s FA 901 102\n c A 102 902\n
         c R 102\n c R 102",
    );
    assert_eq!(told.of("changed"), "at 2, at 4, at 6");
    let told = play("c S 100\n s SA 900 101\n c R 101\n c R 101");
    assert_eq!(told.of("changed"), "at 2, at 3");
}

#[test]
fn a_fin_may_carry_data_and_be_sent_again() {
    check_established(&[
        ("once", "c FA 101 901 bye\n s FA 901 105", "1-5 syn 1 up 2 fin by o; o 3"),
        (
            "twice",
            "c FA 101 901 bye\n c FA 101 901 bye\n s FA 901 105",
            "1-6 syn 1 up 2 fin by o; o 3 again 3",
        ),
    ]);
}

#[test]
fn a_fin_is_no_byte_of_what_was_acknowledged() {
    let told = play("c S 100\n s SA 900 101\n c A 101 901\n c FA 101 901 bye\n s A 901 105 ok");
    assert_eq!(told.of("acked"), "0, 3");
}

#[test]
fn a_fin_captured_before_the_last_data_loses_nothing() {
    let told = play(
        "c S 100\n s SA 900 101\n c A 101 901\n c FA 105 901\n c A 103 901 cd\n c A 101 901 ab\n s FA 901 106",
    );
    assert_eq!(told.of("data"), "o0 ab, o2 cd");
    assert_eq!(told.facts(), ["1-7 syn 1 up 2 fin by o; o 4"]);
}

#[test]
fn data_after_the_other_sides_fin_belongs_to_a_half_closed_connection() {
    check_established(&[(
        "half-closed",
        "s FA 901 101\n c A 101 902 data\n s A 902 105\n c FA 105 902\n s A 902 106",
        "1-8 syn 1 up 2 fin by r; o 4",
    )]);
}

#[test]
fn a_reset_counts_only_where_its_receiver_would_take_it() {
    check_established(
        &[
            ("exact", "c A 101 901 hello\n s A 901 106\n c R 106", "1-6 syn 1 up 2 rst by o; o 5"),
            (
                "a lost segment further on",
                "c A 101 901 hello\n c R 1500",
                "1-5 syn 1 up 2 rst by o; o 5 missing 0",
            ),
            (
                "below what was acknowledged",
                "c A 101 901 hello\n s A 901 106\n c R 101",
                "1-5 syn 1 up 2 open; o 5",
            ),
            ("far ahead", "c R 400000000\n s RA 4000000 101", "1-3 syn 1 up 2 open"),
        ]
        .map(|(name, script, expected)| (name, script, expected.trim_end_matches(" missing 0"))),
    );
}

#[test]
fn data_in_flight_behind_a_reset_is_still_counted() {
    check_established(&[("in flight", "c R 101\n s A 901 101 late", "1-5 syn 1 up 2 rst by o; r 4")]);
}

#[test]
fn a_closed_connection_waits_ten_seconds_for_stragglers_and_then_passes_over_them() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n s SA 900 101\n c A 101 901\n c FA 101 901\n s FA 901 102\n +5\n s FA 901 102\n c A 102 902");
    stage.advance(9.0);
    assert_eq!(stage.told.of("ended"), "");
    stage.advance(12.0);
    assert_eq!(stage.told.of("ended"), "Closed");
    assert_eq!(stage.told.facts(), ["1-7 syn 1 up 2 fin by o"]);
    stage.play("s FA 901 102 again\n c A 102 902").finish();
    assert_eq!(stage.told.of("opened"), "by 1");
}

#[test]
fn silence_ends_a_connection_by_what_was_seen_of_it() {
    for (script, alive, gone) in
        [("c S 100", 115.0, 300.0), ("c S 100\n s SA 900 101\n c A 101 901 hi", 4.0 * 3600.0, 13.0 * 3600.0)]
    {
        let mut stage = Stage::new(Wishes::default());
        stage.play(script).advance(alive);
        assert_eq!(stage.told.of("ended"), "", "{script}");
        stage.advance(gone);
        assert_eq!(stage.told.of("ended"), "Idle", "{script}");
        assert!(stage.told.facts()[0].contains("idle"), "{script}");
    }
}

#[test]
fn a_control_connection_that_idles_for_hours_is_one() {
    let told = play("c S 100\n s SA 900 101\n c A 101 901\n s A 901 101 220\n +8000\n c A 101 904 QUIT");
    assert_eq!(told.facts(), ["1-5 syn 1 up 2 open; o 4; r 3"]);
}

#[test]
fn what_a_side_sends_at_its_fin_or_behind_it_is_no_payload() {
    check_established(&[
        (
            "keep-alive probes",
            "c FA 101 901 bye\n s A 901 105\n +45\n c A 104 901 x\n s A 901 105\n +45\n c A 104 901 x\n s FA 901 105",
            "1-9 syn 1 up 2 fin by o; o 3",
        ),
        (
            "probes after both FINs",
            "c FA 101 901\n s FA 901 102\n c A 101 902 x\n c A 102 902 yz",
            "1-7 syn 1 up 2 fin by o",
        ),
        (
            "more behind it",
            "c FA 101 901 bye\n c A 105 901 more\n s A 901 105",
            "1-6 syn 1 up 2 open by o; o 3",
        ),
        (
            "sent again with more",
            "c A 101 901 hello\n c FA 106 901\n c A 104 901 loXX\n s A 901 107",
            "1-7 syn 1 up 2 open by o; o 5 again 2",
        ),
        (
            "late bytes before it",
            "c FA 106 901\n c A 101 901 hello\n s A 901 107",
            "1-6 syn 1 up 2 open by o; o 5",
        ),
        (
            "cut off before it",
            "c FA 106 901\n c A 101 901 hel cut=9",
            "1-5 syn 1 up 2 open by o; o 3 missing 2",
        ),
    ]);
}

#[test]
fn a_lone_octet_that_was_acknowledged_long_before_is_a_probe_where_the_fin_is_not_in_the_capture() {
    check_established(&[
        (
            "in the place of the FIN",
            "c A 101 901 bye\n s A 901 105\n +45\n c A 104 901 x\n s A 901 105",
            "1-7 syn 1 up 2 open; o 3",
        ),
        (
            "captured behind its acknowledgement",
            "s A 901 102\n c A 101 901 x\n c A 102 901 yz",
            "1-6 syn 1 up 2 open; o 3",
        ),
    ]);
}

#[test]
fn a_fin_that_is_not_acknowledged_is_waited_for_like_a_syn() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n s SA 900 101\n c A 101 901\n c FA 101 901\n s FA 901 101\n c A 102 902");
    for pause in [0.6, 0.9, 1.8, 3.5, 7.0, 14.0, 28.0, 56.0] {
        stage.wait(pause);
        stage.play("c FA 101 902");
    }
    stage.advance(110.0);
    assert_eq!(stage.told.of("ended"), "");
    stage.play("c RA 102 902").advance(11.0);
    stage.finish();
    assert_eq!(stage.told.facts(), ["1-15 syn 1 up 2 fin by both"]);
}
