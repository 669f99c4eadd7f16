//! The same 4-tuple again.

use super::script::{Stage, Wishes, play};

/// A connection of 5 bytes each way; the client ends at 107, the server at 907.
const OLD: &str = "c S 100\n s SA 900 101\n c A 101 901 hello\n s A 901 106 world\n c A 106 906";
/// Its close by the client.
const CLOSE: &str = "c FA 106 906\n s FA 906 107\n c A 107 907";

fn facts(script: &str) -> Vec<String> {
    play(script).facts()
}

#[test]
fn a_syn_after_the_close_is_a_new_connection_at_once() {
    let new = "c S 50000\n s SA 60000 50001\n c A 50001 60001 again";
    let second = "9-11 syn 1 up 10 open; o 5";
    assert_eq!(facts(&format!("{OLD}\n{CLOSE}\n{new}")), ["1-8 syn 1 up 2 fin by o; o 5; r 5", second]);
    let told = play(&format!("{OLD}\n c R 106\n c R 106\n c R 106\n{new}"));
    assert_eq!(told.facts(), ["1-8 syn 1 up 2 rst by o; o 5; r 5", second]);
    assert_eq!(told.of("ended"), "Replaced, EndOfCapture");
}

#[test]
fn the_former_responder_may_open_the_next_connection() {
    assert_eq!(
        facts(&format!("{OLD}\n{CLOSE}\n s S 50000\n c SA 60000 50001")),
        ["1-8 syn 1 up 2 fin by o; o 5; r 5", "9-10 syn 1 up 10 open"]
    );
}

#[test]
fn unanswered_refused_and_challenged_attempts_after_the_close_are_connections_of_their_own() {
    let old = "1-8 syn 1 up 2 fin by o; o 5; r 5";
    for (script, new) in [
        ("c S 50000\n +1\n c S 50000\n +2\n c S 50000", "9-11 syn 3 open"),
        ("c S 50000\n s RA 0 50001", "9-10 syn 1 refused 10 rst by r"),
        ("c S 50000\n s A 907 107\n c R 107\n +1\n c S 50000", "9-12 syn 2 challenged 10 open"),
        (
            "c S 50000\n s A 907 107\n c R 107\n +1\n c S 90000\n s SA 7 90001",
            "9-13 syn 2 up 13 challenged 10 open",
        ),
    ] {
        assert_eq!(facts(&format!("{OLD}\n{CLOSE}\n +3\n{script}")), [old, new], "{script}");
    }
}

#[test]
fn a_repeated_syn_is_not_a_new_connection() {
    assert_eq!(facts(&format!("{OLD}\n c S 100\n{CLOSE}\n c S 100")), ["1-9 syn 2 up 2 fin by o; o 5; r 5"]);
}

#[test]
fn a_stack_that_always_begins_with_the_same_number_is_told_apart_by_time() {
    assert_eq!(
        facts(&format!("{OLD}\n{CLOSE}\n +5\n c S 100\n s SA 900 101")),
        ["1-8 syn 1 up 2 fin by o; o 5; r 5", "9-10 syn 1 up 10 open"]
    );
}

#[test]
fn a_blind_syn_is_challenged_and_the_live_connection_goes_on() {
    assert_eq!(
        facts(&format!(
            "{OLD}\n c S 777777\n s A 906 106\n c A 106 906 more\n c S 888888\n s A 906 110\n c A 110 906\n{}",
            "c FA 110 906\n s FA 906 111"
        )),
        ["1-13 syn 1 up 2 fin by o; o 9; r 5"]
    );
}

#[test]
fn a_syn_that_meets_a_dead_connection_replaces_it_once_it_is_answered() {
    let old = "1-5 syn 1 up 2 open; o 5; r 5";
    for (name, script, new) in [
        ("accepted", "c S 50000\n s SA 60000 50001\n c A 50001 60001 hi", "6-8 syn 1 up 7 open; o 2"),
        ("repeated", "c S 50000\n +1\n c S 50000\n s SA 60000 50001", "6-8 syn 2 up 8 open"),
        ("refused", "c S 50000\n s RA 0 50001", "6-7 syn 1 refused 7 rst by r"),
        ("SYN-ACK not captured", "c S 50000\n c A 50001 60001 hi", "6-7 syn 1 up 7 open; o 2"),
        ("never answered", "c S 50000\n +1\n c S 50000", "6-7 syn 2 open"),
    ] {
        assert_eq!(facts(&format!("{OLD}\n +400\n{script}")), [old, new], "{name}");
    }
}

#[test]
fn the_rst_that_answers_a_challenge_ends_the_old_connection_and_not_the_new() {
    assert_eq!(
        facts(&format!(
            "{OLD}\n +400\n c S 50000\n s A 906 106\n c R 106\n +1\n c S 50000\n s SA 60000 50001"
        )),
        ["1-5 syn 1 up 2 rst by o; o 5; r 5", "6-10 syn 2 up 10 challenged 7 open"]
    );
}

#[test]
fn an_attempt_beside_a_connection_comes_to_light_when_that_one_is_reset() {
    let mut stage = Stage::new(Wishes::default());
    stage.play(&format!("{OLD}\n c S 50000\n s RA 906 106"));
    assert_eq!(stage.told.of("opened"), "by 1, by 6");
    assert_eq!(stage.told.of("ended"), "Replaced");
    stage.play("c S 50000\n s SA 60000 50001").finish();
    assert_eq!(stage.told.facts(), ["1-7 syn 1 up 2 rst by r; o 5; r 5", "6-9 syn 2 up 9 open"]);
}

#[test]
fn a_half_closed_connection_survives_a_blind_syn_and_yields_to_an_answered_one() {
    let half = "s FA 906 106\n c A 106 907";
    assert_eq!(
        facts(&format!("{OLD}\n{half}\n c S 50000\n c A 106 907 rest\n c FA 110 907")),
        ["1-10 syn 1 up 2 fin by r; o 9; r 5"]
    );
    assert_eq!(
        facts(&format!("{OLD}\n{half}\n c S 50000\n s SA 60000 50001")),
        ["1-7 syn 1 up 2 open by r; o 5; r 5", "8-9 syn 1 up 9 open"]
    );
}

#[test]
fn stragglers_of_the_old_connection_do_not_touch_the_new() {
    let new = "c S 50000\n s FA 906 107\n s A 901 107 world\n s SA 60000 50001\n s A 901 106 world\n c A 50001 60001\n
               c R 107\n c FA 106 906\n s A 60001 50001 fresh\n s FA 906 107\n s RA 906 107";
    assert_eq!(
        facts(&format!("{OLD}\n{CLOSE}\n +3\n{new}")),
        ["1-8 syn 1 up 2 fin by o; o 5; r 5", "9-17 syn 1 up 12 open; r 5"]
    );
}

#[test]
fn stragglers_are_known_by_the_old_end_where_the_new_numbers_lie_right_below_it() {
    // The new client begins so that the old server's packets acknowledge its SYN, and the new server below
    // the old end.
    let new =
        "c S 106\n s FA 906 107\n s SA 880 107\n c A 107 881 new\n s A 901 107 world\n s A 881 110 answer";
    assert_eq!(
        facts(&format!("{OLD}\n{CLOSE}\n +3\n{new}")),
        ["1-8 syn 1 up 2 fin by o; o 5; r 5", "9-14 syn 1 up 11 open; o 3; r 6"]
    );
}

#[test]
fn timestamps_tell_stragglers_where_numbers_cannot() {
    let told = play(
        "c S 100 ts=1000\n s SA 900 101 ts=5000\n c A 101 901 ts=1001\n c FA 101 901 ts=1001\n s FA 901 102 ts=5001\n
         c S 200 ts=2000\n s SA 700 201 ts=6000\n c A 201 701 ts=2001\n s A 750 201 evil ts=5001\n s A 701 201 good ts=6001",
    );
    assert_eq!(told.facts(), ["1-5 syn 1 up 2 fin by o", "6-10 syn 1 up 7 open; r 4"]);
}

#[test]
fn an_attempt_that_was_never_resolved_is_told_at_the_end_of_the_capture() {
    let told = play(&format!("{OLD}\n +10\n c S 50000\n s A 906 106"));
    assert_eq!(told.facts(), ["1-5 syn 1 up 2 open; o 5; r 5", "6-7 syn 1 challenged 7 open"]);
    assert_eq!(told.of("opened"), "by 1, by 6");
}

#[test]
fn timestamps_that_go_back_prove_nothing_where_no_connection_was_before() {
    assert_eq!(
        facts("c S 100 ts=900000\n s SA 900 101 ts=5000\n c A 101 901 ts=900001\n c A 101 901 hello ts=7"),
        ["1-4 syn 1 up 2 open; o 5"]
    );
}
