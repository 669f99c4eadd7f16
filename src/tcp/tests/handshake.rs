//! How connections begin, and whether they are wanted.

use super::script::{Stage, Wishes, play};
use crate::base::FrameNumber;
use crate::tcp::Interest;

fn facts(script: &str) -> Vec<String> {
    play(script).facts()
}

#[test]
fn a_connection_begins_with_its_syn_and_is_up_with_the_syn_ack() {
    let told = play("c S 100\n s SA 900 101\n c A 101 901");
    assert_eq!(told.facts(), ["1-3 syn 1 up 2 open"]);
    assert_eq!(told.log, ["opened by 1", "changed at 2", "ended EndOfCapture"]);
}

#[test]
fn syns_are_counted_and_copies_of_a_packet_are_not() {
    assert_eq!(facts("c S 100\n +1\n c S 100\n +2\n c S 100"), ["1-3 syn 3 open"]);
    assert_eq!(facts("c S 100\n same\n s SA 900 101\n same\n c A 101 901\n same"), ["1-6 syn 1 up 3 open"]);
    assert_eq!(facts("c S 100\n s SA 900 101\n +1\n c S 100\n s SA 900 101"), ["1-4 syn 2 up 2 open"]);
}

#[test]
fn retried_syns_with_another_number_belong_to_the_same_attempt() {
    assert_eq!(
        facts("c S 100\n +1\n c S 7000\n s SA 900 7001\n c A 7001 901 hi"),
        ["1-4 syn 2 up 3 open; o 2"]
    );
}

#[test]
fn a_syn_answered_by_rst_is_refused_and_a_later_one_is_another_connection() {
    let told = play("c S 100\n s RA 0 101\n +1\n c S 8000\n s RA 0 8001");
    assert_eq!(told.facts(), ["1-2 syn 1 refused 2 rst by r", "3-4 syn 1 refused 4 rst by r"]);
    assert_eq!(told.of("changed"), "at 2, at 4");
}

#[test]
fn the_same_syn_again_after_a_refusal_goes_on_trying() {
    assert_eq!(
        facts(
            "c S 100\n s RA 0 101\n +0.5\n c S 100\n s RA 0 101\n +0.5\n c S 100\n s SA 900 101\n c A 101 901"
        ),
        ["1-7 syn 3 up 6 refused 2 open"]
    );
}

#[test]
fn an_rst_that_does_not_acknowledge_the_syn_refuses_nothing() {
    assert_eq!(facts("c S 100\n s RA 0 5000\n s R 0\n s SA 900 101"), ["1-4 syn 1 up 4 open"]);
}

#[test]
fn a_plain_ack_to_a_syn_challenges_it_and_the_rst_that_follows_ends_nothing() {
    let told = play(
        "c S 1000000\n s A 900 555\n c R 555\n +1\n c S 1000000\n s SA 70000 1000001\n c A 1000001 70001\n
         s FA 70001 1000001 bye\n c FA 1000001 70005\n s A 70005 1000002",
    );
    assert_eq!(told.facts(), ["1-9 syn 2 up 5 challenged 2 fin by r; r 3"]);
    assert_eq!(told.of("changed"), "at 2, at 5, at 7, at 8");
    assert_eq!(told.of("data"), "r0 bye");
}

#[test]
fn a_syn_ack_that_acknowledges_another_number_is_not_an_answer() {
    assert_eq!(facts("c S 100\n s SA 900 400\n s SA 900 101"), ["1-3 syn 1 up 3 open"]);
}

#[test]
fn the_originator_is_who_sent_the_first_syn_also_when_both_did() {
    assert_eq!(
        facts("s S 900\n c S 100\n s SA 900 101\n c SA 100 901\n s A 901 101\n c A 101 901 hello"),
        ["1-6 syn 1 up 4 open; r 5"]
    );
}

#[test]
fn a_syn_ack_from_the_originator_with_a_number_not_its_own_is_nobodys() {
    assert_eq!(facts("c S 100\n s S 900\n c SA 70000 901\n s SA 900 101"), ["1-4 syn 1 up 4 open"]);
    assert_eq!(facts("c S 100\n s S 900\n c SA 70000 901"), ["1-2 syn 1 open"]);
}

#[test]
fn a_second_syn_ack_with_another_number_counts_as_long_as_none_was_acknowledged() {
    let told = play("c S 100\n s SA 900 101\n +3\n s SA 5000 101\n c A 101 5001\n s A 5001 101 hello");
    assert_eq!(told.facts(), ["1-5 syn 1 up 2 open; r 5"]);
    assert_eq!(told.of("changed"), "at 2");
}

#[test]
fn data_in_the_syn_is_the_beginning_of_the_stream() {
    let told = play("c S 100 GET\n s SA 900 104\n c A 104 901 more");
    assert_eq!(told.of("data"), "o0 GET, o3 more");
    let told = play("c S 100 GET\n s SA 900 101\n c A 101 901 GET\n c A 104 901 more");
    assert_eq!(told.facts(), ["1-4 syn 1 up 2 open; o 7 again 3"]);
}

#[test]
fn a_syn_ack_alone_makes_a_connection_whose_originator_is_its_receiver() {
    let told = play("s SA 900 101\n s A 901 101 220\n s A 904 106 331");
    assert_eq!(told.facts(), ["1-3 syn 0 up 1 open; o 0 missing 5; r 6"]);
    assert_eq!(told.of("acked"), "0, 5");
}

#[test]
fn a_syn_captured_behind_its_syn_ack_is_counted() {
    assert_eq!(facts("s SA 900 101\n c S 100\n c A 101 901 hi"), ["1-3 syn 1 up 1 open; o 2"]);
}

#[test]
fn without_a_syn_ack_the_first_sign_of_the_responder_establishes() {
    assert_eq!(facts("c S 100\n s A 901 101 220"), ["1-2 syn 1 up 2 open; r 3"]);
    assert_eq!(
        facts("c S 100\n c A 101 901\n c A 101 904 USER"),
        ["1-3 syn 1 up 2 open; o 4; r 0 missing 3"]
    );
}

#[test]
fn what_the_other_side_acknowledged_is_told_even_where_it_was_never_captured() {
    let told = play("c S 100\n c A 101 901\n c A 101 921 USER\n c A 105 944 PASS");
    assert_eq!(told.of("acked"), "20, 43");
}

#[test]
fn amid_a_connection_the_higher_port_is_the_originators() {
    let told = play("s A 901 101 220\n c A 101 904 USER");
    assert_eq!(told.facts(), ["1-2 mid-stream up 1 open; o 4; r 3"]);
    assert_eq!(told.of("data"), "r0 220, o0 USER");
    assert_eq!(play("c A 101 901 USER\n s A 901 105 331").facts(), ["1-2 mid-stream up 1 open; o 4; r 3"]);
}

#[test]
fn amid_a_connection_bytes_that_passed_before_the_capture_are_not_missing() {
    let told = play("c A 101 901 USER\n s A 950 105 331\n s A 953 105 more");
    assert_eq!(told.facts(), ["1-3 mid-stream up 1 open; o 4; r 7"]);
    assert_eq!(told.of("data"), "o0 USER, r49 331, r52 more");
    assert_eq!(told.of("gap"), "");
}

#[test]
fn amid_a_connection_the_other_side_begins_with_its_own_first_bytes_even_where_they_were_acknowledged_before()
{
    let told = play("c A 101 920 USER\n s A 901 101 220\n s A 904 105 331");
    assert_eq!(told.of("data"), "o0 USER, r0 220, r3 331");
    assert_eq!(told.facts(), ["1-3 mid-stream up 1 open; o 4; r 6"]);
}

#[test]
fn amid_a_connection_bytes_before_the_first_captured_one_have_no_place() {
    let told = play("c A 1000 901 world\n c A 995 901 hello\n c A 998 901 loworld!");
    assert_eq!(told.of("data"), "o0 world, o5 ...!");
    assert_eq!(told.facts(), ["1-3 mid-stream up 1 open; o 6 again 5"]);
}

#[test]
fn a_lone_ack_fin_or_rst_of_an_unknown_flow_makes_no_connection() {
    for packet in
        ["c A 101 901", "c FA 101 901", "c R 101", "s RA 0 101", "c - 101 data", "c RA 101 901 text"]
    {
        assert_eq!(facts(packet), [""; 0], "{packet}");
    }
}

#[test]
fn an_undecided_connection_is_asked_about_at_its_first_payload_and_then_delivered_from_there() {
    let wishes = Wishes { opened: Interest::Undecided, probed: Interest::Follow };
    let mut stage = Stage::new(wishes);
    stage.play("c S 100\n s SA 900 101\n c A 101 901\n s A 901 101 220\n c A 101 904 USER").finish();
    assert_eq!(
        stage
            .told
            .log
            .iter()
            .filter(|line| line.starts_with("probed") || line.starts_with("data"))
            .collect::<Vec<_>>(),
        ["probed r 220", "data r0 220", "data o0 USER"]
    );
}

#[test]
fn a_connection_that_stays_undecided_is_asked_about_at_each_payload_and_counted() {
    let wishes = Wishes { opened: Interest::Undecided, probed: Interest::Undecided };
    let mut stage = Stage::new(wishes);
    stage.play("c S 100\n s SA 900 101\n c A 101 901\n s A 901 101 220\n s A 901 101 220\n c A 101 904 USER");
    assert_eq!(stage.told.of("probed"), "r 220, o USER");
    stage.table.follow(stage.told.opened[0]);
    stage.play("s A 904 105 331").finish();
    assert_eq!(stage.told.of("data"), "r3 331");
    assert_eq!(stage.told.facts(), ["1-7 syn 1 up 2 open; o 4; r 6 again 3"]);
}

#[test]
fn an_ignored_connection_is_never_spoken_of_again() {
    for wishes in [
        Wishes { opened: Interest::Ignore, probed: Interest::Follow },
        Wishes { opened: Interest::Undecided, probed: Interest::Ignore },
    ] {
        let mut stage = Stage::new(wishes);
        stage
            .play("c S 100\n s SA 900 101\n c A 101 901 GET\n +1\n c S 100\n s A 901 104 200\n c FA 104 904");
        assert!(stage.table.get(stage.told.opened[0]).is_none());
        stage.finish();
        assert_eq!(stage.told.of("opened"), "by 1");
        assert_eq!(stage.told.of("data"), "");
        assert_eq!(stage.told.facts(), [""; 0]);
    }
}

#[test]
fn a_new_syn_on_an_ignored_flow_is_asked_about_again() {
    let mut stage = Stage::new(Wishes { opened: Interest::Ignore, probed: Interest::Follow });
    stage.play("c S 100\n s SA 900 101\n c A 101 901 GET");
    stage.told.wishes = Wishes::default();
    stage.play("c S 7000\n s SA 8000 7001\n c A 7001 8001 USER").finish();
    assert_eq!(stage.told.facts(), ["4-6 syn 1 up 5 open; o 4"]);
}

#[test]
fn an_ignored_flow_is_forgotten_once_it_is_closed() {
    for (closing, opened) in [
        ("c FA 104 901\n c FA 104 901", "by 1"),
        ("c FA 104 901\n s FA 901 105", "by 1, by 6"),
        ("c R 104\n c A 104 901", "by 1, by 5"),
    ] {
        let mut stage = Stage::new(Wishes { opened: Interest::Ignore, probed: Interest::Follow });
        stage
            .play("c S 100\n s SA 900 101\n c A 101 901 GET")
            .play(closing)
            .play("s A 901 105 data")
            .finish();
        assert_eq!(stage.told.of("opened"), opened, "{closing}");
    }
}

#[test]
fn a_connection_that_its_owner_ignores_later_is_gone() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n s SA 900 101\n c A 101 901 GET\n c A 200 901 held");
    stage.table.ignore(stage.told.opened[0]);
    stage.play("c A 104 901 more\n c FA 204 901").finish();
    assert_eq!(stage.told.of("data"), "o0 GET");
    assert_eq!(stage.told.of("ended"), "");
}

#[test]
fn what_was_said_before_a_challenge_is_not_said_again_behind_it() {
    let told = play("c S 100\n s S 900 cut=39\n s A 950 5000\n s S 700 cut=39");
    assert_eq!((told.of("challenged"), told.of("gap")), (String::new(), "r0+39".to_owned()));
}

#[test]
fn a_lone_nul_that_is_the_first_of_an_unknown_flow_is_a_keep_alive() {
    let told = play("c A 100 901 \0\n s A 901 101\n c A 101 901 PWD\n s A 901 104 257");
    assert_eq!(told.of("data"), "o0 PWD, r0 257");
    assert_eq!(told.facts(), ["1-4 mid-stream up 1 open; o 3; r 3"]);
    let told = play("c A 100 901 \0\n c A 100 901 xPWD");
    assert_eq!(told.of("data"), "o0 ...PWD");
    assert_eq!(play("c A 100 901 P\n c A 101 901 WD").of("data"), "o0 P, o1 WD");
}

#[test]
fn an_icmp_error_belongs_to_the_connection_whose_packet_it_quotes() {
    let told = play("c S 100\n icmp c 100 13\n +1\n c S 100\n icmp c 100 13");
    assert_eq!(told.facts(), ["1-3 syn 2 open icmp 13 of o icmp 13 of o"]);
    assert_eq!(told.of("changed"), "at 1, at 3");
    // Nobody can tell the number of a segment from so short a quote.
    assert_eq!(facts("c S 100\n icmp c - 1"), ["1-1 syn 1 open icmp 1 of o"]);
    assert_eq!(
        facts("c S 100\n s SA 900 101\n c A 101 901 hello\n s A 901 106 world\n icmp s 901 4\n icmp c 101 4"),
        ["1-4 syn 1 up 2 open icmp 4 of r icmp 4 of o; o 5; r 5"]
    );
}

#[test]
fn an_icmp_error_about_what_was_never_sent_is_nobodys() {
    assert_eq!(facts("c S 100\n icmp c 90000000 1\n icmp c 102 1\n icmp s 900 1"), ["1-1 syn 1 open"]);
    assert_eq!(facts("icmp c 100 1\n c S 100"), ["2-2 syn 1 open"]);
}

#[test]
fn copies_of_an_icmp_error_count_once_and_no_more_than_a_few_are_kept() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c S 100\n icmp c 100 1");
    for _ in 0..40 {
        stage.wait(-0.01);
        stage.play("icmp c 100 1");
    }
    stage.play(&"icmp c 100 1\n".repeat(40));
    stage.finish();
    assert_eq!(stage.told.ended[0].0.icmp.len(), 8);
    assert_eq!(stage.told.ended[0].0.icmp[1].frame, FrameNumber(43));
}

#[test]
fn a_connection_met_in_the_middle_begins_with_the_acknowledgements_before_its_first_payload() {
    let traffic = |script: &str| {
        let told = play(script);
        let traffic = told.ended.iter().map(|(connection, _)| {
            let it = connection.traffic();
            format!(
                "{} {}+{} {}",
                connection.first.frame,
                it.packets_originator,
                it.packets_responder,
                it.history.as_str()
            )
        });
        traffic.collect::<Vec<_>>()
    };
    assert_eq!(
        traffic("c A 101 901\n same\n s A 901 101\n +5\n c A 101 901 NOOP\n s A 901 105 200"),
        ["1 2+2 AaDd"]
    );
    // A keep-alive's number stands before the next byte: nothing is missing.
    assert_eq!(facts("c A 100 901\n +5\n c A 101 901 NOOP"), ["1-2 mid-stream up 2 open; o 4"]);
    // What is about to close, or comes before a SYN, is no beginning; nor is what was long ago.
    assert_eq!(traffic("c FA 101 901\n c A 102 901 NOOP"), ["2 1+0 D"]);
    assert_eq!(traffic("c A 101 901\n c S 700"), ["2 1+0 S"]);
    assert_eq!(traffic("c A 101 901\n +301\n s A 901 101\n c A 101 901 NOOP"), ["2 1+1 aD"]);
}

#[test]
fn what_may_yet_begin_keeps_later_connections_waiting_and_the_end_of_the_capture_does_not() {
    let mut stage = Stage::new(Wishes::default());
    stage.play("c A 101 901");
    assert_eq!(stage.table.first_unopened(), Some(FrameNumber(1)));
    stage.play("c A 101 901 NOOP");
    assert_eq!(stage.table.first_unopened(), None);
    let mut stage = Stage::new(Wishes::default());
    stage.play("c A 101 901").finish();
    assert_eq!(stage.table.first_unopened(), None);
}
