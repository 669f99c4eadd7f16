//! What a receiver throws away acts on nothing.

use super::script::{Stage, Wishes, check_established, play};
use crate::base::Limits;

/// What becomes of a connection, with the packets that were left out.
fn left_out(script: &str) -> (Vec<String>, u64, u64) {
    let mut stage = Stage::new(Wishes::default());
    stage.told.is_dialogue = true;
    stage.play(script);
    stage.finish();
    let forged = stage.table.forged();
    (stage.told.facts(), forged.wrong_checksum, forged.low_hop_limit)
}

const UP: &str = "c S 100\n s SA 900 101\n c A 101 901\n";

#[test]
fn what_others_take_the_place_of_was_thrown_away() {
    for (name, script, facts) in [
        (
            "a line",
            "c A 101 901 NONE DOUBT\n c A 101 901 ALICE\n s A 901 106 331",
            "1-6 syn 1 up 2 open; o 5; r 3",
        ),
        (
            "a FIN",
            "c FA 101 901 DOUBT\n c A 101 901 ALICE\n s A 901 106 331",
            "1-6 syn 1 up 2 open; o 5; r 3",
        ),
        ("a reset", "s R 901 DOUBT\n c A 101 901 ALICE\n s A 901 106 331", "1-6 syn 1 up 2 open; o 5; r 3"),
        (
            "a line ahead",
            "c A 103 901 XX DOUBT\n c A 101 901 ALICE\n s A 901 106 331",
            "1-6 syn 1 up 2 open; o 5; r 3",
        ),
        ("a SYN", "c S 7000 DOUBT\n s A 901 101 220\n c A 101 904 ALICE", "1-6 syn 1 up 2 open; o 5; r 3"),
        ("an acknowledgement", "c A 101 990 DOUBT\n s A 901 101 220", "1-5 syn 1 up 2 open; r 3"),
        ("nothing came of it", "c A 101 901 NONE DOUBT\n s A 901 101 220", "1-5 syn 1 up 2 open; r 3"),
    ] {
        let script = format!("{UP}{script}");
        assert_eq!(left_out(&script.replace("DOUBT", "bad")), (vec![facts.to_owned()], 1, 0), "{name}");
        assert_eq!(left_out(&script.replace("DOUBT", "hop=1")), (vec![facts.to_owned()], 0, 1), "{name}");
    }
}

#[test]
fn what_the_receiver_acknowledged_or_the_sender_went_on_from_was_received() {
    for (name, script, facts) in [
        ("acknowledged", "c A 101 901 ALICE DOUBT\n s A 901 106 331", "1-5 syn 1 up 2 open; o 5; r 3"),
        ("went on", "c A 101 901 ALICE DOUBT\n c A 106 901 BOB", "1-5 syn 1 up 2 open; o 8"),
        ("a FIN", "c FA 101 901 DOUBT\n s A 901 102", "1-5 syn 1 up 2 open by o"),
        (
            "two",
            "c A 101 901 ALICE DOUBT\n c A 106 901 BOB DOUBT\n s A 901 106\n s A 901 109",
            "1-7 syn 1 up 2 open; o 8",
        ),
        (
            "two, acknowledged at once",
            "c A 101 901 ALICE DOUBT\n c A 106 901 BOB DOUBT\n s A 901 109",
            "1-6 syn 1 up 2 open; o 8",
        ),
        (
            "two, and went on",
            "c A 101 901 ALICE DOUBT\n c A 106 901 BOB DOUBT\n c A 109 901 X",
            "1-6 syn 1 up 2 open; o 9",
        ),
    ] {
        let script = format!("{UP}{script}");
        for doubt in ["bad", "hop=1"] {
            assert_eq!(left_out(&script.replace("DOUBT", doubt)), (vec![facts.to_owned()], 0, 0), "{name}");
        }
    }
}

#[test]
fn bytes_of_another_length_than_was_acknowledged_were_thrown_away() {
    let (facts, wrong, _) = left_out(&format!("{UP}s A 901 101 garbage bad\n c A 101 904\n s A 901 101 220"));
    assert_eq!((facts, wrong), (vec!["1-6 syn 1 up 2 open; r 3".to_owned()], 1));
}

#[test]
fn checksums_that_are_left_to_the_network_card_and_those_of_edited_captures_prove_nothing() {
    let taken = "1-5 syn 1 up 2 open; o 5; r 3";
    for script in [
        // All that one host sends, and now and then a right one.
        "c S 100 card\n s SA 900 101\n c A 101 901 ALICE card\n s A 901 106\n s A 901 106 331",
        "c S 100 card\n s SA 900 101\n c A 101 901 ALICE bad\n s A 901 106\n s A 901 106 331",
        "c S 100 bad\n s SA 900 101 bad\n c A 101 901 ALICE bad\n s A 901 106\n s A 901 106 331",
        // Segments that the receiving host has merged.
        "c S 100\n s SA 900 101\n c A 101 901 ALICE card\n s A 901 106\n s A 901 106 331",
    ] {
        assert_eq!(left_out(script), (vec![taken.to_owned()], 0, 0), "{script}");
    }
    let unanswered = format!("{UP}c A 101 901 ALICE card");
    assert_eq!(left_out(&unanswered), (vec!["1-4 syn 1 up 2 open; o 5".to_owned()], 0, 0));
}

#[test]
fn a_reset_with_a_low_hop_limit_is_the_end_where_nothing_comes_after_it() {
    let reset = vec!["1-4 syn 1 up 2 rst by r".to_owned()];
    assert_eq!(left_out(&format!("{UP}s R 901 hop=3")), (reset.clone(), 0, 0));
    // What was on the way when it was sent.
    assert_eq!(
        left_out(&format!("{UP}s R 901 hop=3\n c A 101 901 ALICE")).0,
        ["1-5 syn 1 up 2 rst by r; o 5"]
    );
    // A firewall on the way has as many hops left as its packet needs.
    assert_eq!(left_out(&format!("{UP}s R 901 hop=50\n c A 101 901")).0, ["1-5 syn 1 up 2 rst by r"]);
    let checksum = vec!["1-3 syn 1 up 2 open".to_owned()];
    assert_eq!(left_out(&format!("{UP}s R 901 bad")), (checksum, 1, 0));
}

#[test]
fn of_a_content_only_what_ends_it_is_looked_at() {
    check_established(&[
        ("payload", "c A 101 901 hello bad\n s A 901 106", "1-5 syn 1 up 2 open; o 5"),
        ("FIN", "c FA 101 901 bad\n c A 101 901 hello\n s A 901 106", "1-6 syn 1 up 2 open; o 5"),
        ("reset", "s R 901 bad\n c A 101 901 hello\n s A 901 106", "1-6 syn 1 up 2 open; o 5"),
    ]);
}

#[test]
fn a_host_whose_checksums_are_right_opens_nothing_with_a_wrong_one() {
    let mut stage = Stage::new(Wishes::default());
    stage.told.is_dialogue = true;
    stage.play(UP).play("c A 101 901 QUIT\n s FA 901 105\n c FA 105 902\n s A 902 106\n +20");
    stage.told.is_dialogue = false;
    stage.play("c S 7000 bad\n +1\n c S 7000 bad");
    stage.finish();
    assert_eq!((stage.told.opened.len(), stage.table.forged().wrong_checksum), (1, 2));
    // Of another, nothing is known.
    assert_eq!(play("c S 7000 bad").opened.len(), 1);
}

#[test]
fn what_is_held_is_little_and_counts_as_held() {
    let mut stage = Stage::with_limits(Wishes::default(), &Limits::default());
    stage.told.is_dialogue = true;
    stage.play(UP);
    for _ in 0..100 {
        stage.frame = stage.frame.next();
    }
    for place in 0..50 {
        stage.play(&format!("c A {} 901 x*1000 bad", 200 + 1000 * place));
    }
    assert!((4000..6000).contains(&stage.table.held()), "{}", stage.table.held());
    stage.finish();
    assert_eq!((stage.table.held(), stage.table.forged().wrong_checksum), (0, 50));
}
