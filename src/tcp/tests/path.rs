//! What the packets show of the way, and what is counted of them.

use super::script::{Stage, Wishes, play};
use crate::base::{FrameNumber, Limits, TimeDelta};
use crate::report::Trouble;
use crate::tcp::Connection;

const HANDSHAKE: &str = "c S 100 wscale\n s SA 900 101 wscale\n c A 101 901\n";

fn connection(script: &str) -> Connection {
    play(script).ended.remove(0).0
}

#[test]
fn the_round_trip_is_that_of_the_handshake_wherever_the_capture_was_made() {
    const MS: i64 = 1_000_000;
    for (name, script, expected) in [
        ("plain", "c S 100\n s SA 900 101\n c A 101 901", Some(20 * MS)),
        ("payload in the third packet", "c S 100\n +0.05\n s SA 900 101\n c A 101 901 USER", Some(70 * MS)),
        ("SYN sent again", "c S 100\n +1\n c S 100\n s SA 900 101\n c A 101 901", Some(20 * MS)),
        ("SYN-ACK sent again", "c S 100\n s SA 900 101\n +1\n s SA 900 101\n c A 101 901", Some(20 * MS)),
        ("no third packet", "c S 100\n s SA 900 101\n s A 901 101 220", None),
        ("no SYN", "s SA 900 101\n c A 101 901", None),
        ("answered by RST", "c S 100\n s SA 900 101\n c R 101", None),
        ("mid-stream", "c A 101 901 hello\n s A 901 106", None),
    ] {
        assert_eq!(connection(script).path.rtt.map(TimeDelta::nanos), expected, "{name}");
    }
}

#[test]
fn window_scaling_is_told_by_both_ends_of_the_handshake() {
    for (script, expected) in [
        ("c S 100 wscale\n s SA 900 101 wscale", Some("both")),
        ("c S 100 wscale\n s SA 900 101", Some("originator_only")),
        ("c S 100\n s SA 900 101 wscale", Some("responder_only")),
        ("c S 100\n s SA 900 101", Some("none")),
        ("c S 100 wscale\n s A 901 101 220", None),
    ] {
        let scaling = connection(script).path.window_scaling;
        assert_eq!(scaling.map(crate::report::WindowScaling::name), expected, "{script}");
    }
}

#[test]
fn a_zero_window_lasts_until_the_receiver_opens_it_or_ends() {
    const MS: i64 = 1_000_000;
    for (name, script, expected) in [
        ("opened", "c A 101 901 data\n s A 901 105 win=0\n +2\n s A 901 105\n c A 105 901 x", 2010 * MS),
        (
            "probed meanwhile",
            "c A 101 901 data\n s A 901 105 win=0\n +1\n s A 901 105 win=0\n s A 901 105",
            1020 * MS,
        ),
        (
            "twice",
            "c A 101 901 ab\n s A 901 103 win=0\n s A 901 103\n s A 901 103 win=0\n s A 901 103",
            20 * MS,
        ),
        ("never opened", "c A 101 901 data\n s A 901 105 win=0\n +2\n c A 105 901 x", 2010 * MS),
        ("the sender's own", "c A 101 901 data win=0\n +2\n c A 105 901 x", 0),
        ("of a reset", "c A 101 901 data\n s R 901 win=0\n +2", 0),
    ] {
        assert_eq!(connection(&format!("{HANDSHAKE}{script}")).path.zero_window.nanos(), expected, "{name}");
    }
}

#[test]
fn in_flight_is_what_was_sent_and_not_yet_acknowledged() {
    let sent = "c A 101 901 x*100\n c A 201 901 x*100\n s A 901 201\n c A 301 901 x*50\n s A 901 351\n c A 351 901 x*20";
    assert_eq!(connection(&format!("{HANDSHAKE}{sent}")).path.max_in_flight, 200);
    assert_eq!(
        connection("c S 100\n c A 101 901 x*100").path.max_in_flight,
        0,
        "nobody is heard to acknowledge"
    );
}

#[test]
fn packets_are_counted_by_direction_and_copies_of_one_are_not() {
    let script = "c A 101 901 hello\n same\n s A 901 106\n same\n s A 901 106 220\n c FA 106 904\n s FA 904 107\n c A 107 905";
    let traffic = connection(&format!("{HANDSHAKE}{script}")).traffic();
    assert_eq!((traffic.packets_originator, traffic.packets_responder), (5, 4));
    assert_eq!((traffic.ip_bytes_originator, traffic.ip_bytes_responder), (5 * 40 + 5, 4 * 40 + 3));
    assert_eq!((traffic.bytes_originator, traffic.bytes_responder), (5, 3));
    assert_eq!(traffic.history.as_str(), "ShADadFf");
}

#[test]
fn a_history_tells_each_kind_of_event() {
    for (name, script, expected) in [
        ("refused", "c S 100\n s RA 0 101", "Sr"),
        ("SYN again", "c S 100\n c S 100", "S"),
        ("another SYN", "c S 100\n c S 700", "SS"),
        ("answer first", "s SA 900 101\n c A 101 901", "^hA"),
        ("retransmission", "c S 100\n s SA 900 101\n c A 101 901 ab\n +1\n c A 101 901 ab", "ShDT"),
        ("zero window", "c S 100\n s SA 900 101\n c A 101 901 ab\n s A 901 103 win=0", "ShDaw"),
        ("gap", "c S 100\n s SA 900 101\n c A 101 901\n c A 103 901 ab\n s A 901 105", "ShADaG"),
        ("reset by the client", "c S 100\n s SA 900 101\n c A 101 901\n c RA 101 901", "ShAR"),
    ] {
        assert_eq!(connection(script).history.as_str(), expected, "{name}");
    }
}

fn trouble(script: &str) -> Trouble {
    connection(&format!("{HANDSHAKE}{script}")).trouble.as_deref().cloned().unwrap_or_default()
}

#[test]
fn resets_that_count_only_in_the_end_leave_room_for_the_trouble_of_others() {
    let mut stage = Stage::with_limits(Wishes::default(), &Limits { connections: 16, ..Limits::default() });
    for time in 1..=8 {
        let (client, server) = (time * 1_000_000, time * 2_000_000);
        let (first, second) = (client + 1, server + 1);
        stage.play(&format!(
            "c S {client}\n s SA {server} {first}\n c A {first} {second}\n s R {second} hop=3\n +300"
        ));
    }
    let recorded = stage.finish();
    assert_eq!(recorded.ended.len(), 8);
    let with: Vec<bool> = recorded.ended.iter().map(|(connection, _)| connection.trouble.is_some()).collect();
    assert_eq!(with, [true; 8], "{:?}", recorded.facts());
}

#[test]
fn a_reset_whose_hop_limit_is_none_of_its_sides_stands_apart() {
    let script = "c A 101 901 hello hop=63\n s A 901 106 hop=57\n s R 901 hop=250";
    let [client, server] = trouble(script).odd_resets;
    assert_eq!(client, None);
    let server = server.unwrap();
    assert_eq!((server.hop_limit, server.usual, server.packet.1), (250, 57, FrameNumber(6)));
    for usual in ["s R 901 hop=57", "s R 901 hop=58", "s R 901 hop=56", "s R 901 hop=65"] {
        let script = format!("c A 101 901 hello\n s A 901 106 hop=57\n {usual}");
        assert_eq!(trouble(&script).odd_resets, [None, None], "{usual}");
    }
}

#[test]
fn what_is_sent_again_and_never_acknowledged_is_counted_until_it_arrives() {
    let again = "c A 101 901 hello\n +1\n c A 101 901 hello\n +2\n c A 101 901 hello\n";
    let [client, server] = trouble(again).unheard;
    let client = client.unwrap();
    assert_eq!((client.len, client.times, client.acknowledged), (5, 2, 0));
    assert_eq!((client.first.1, client.last.1), (FrameNumber(5), FrameNumber(6)));
    assert_eq!(server, None);
    let arrived = format!("{again} s A 901 106");
    assert_eq!(trouble(&arrived), Trouble::default());
    let other_again = format!("{arrived}\n c A 106 901 more\n +1\n c A 106 901 more");
    assert_eq!(trouble(&other_again).unheard[0].map(|it| (it.times, it.acknowledged)), Some((1, 5)));
}

#[test]
fn a_syn_ack_that_is_sent_again_tells_whether_it_had_been_answered() {
    let again = "+1\n s SA 900 101 wscale\n +2\n s SA 900 101 wscale";
    let syn_acks = trouble(again).syn_acks.unwrap();
    assert_eq!((syn_acks.count, syn_acks.last.1, syn_acks.was_answered), (3, FrameNumber(5), true));
    let unanswered =
        connection("c S 100\n s SA 900 101\n +1\n s SA 900 101").trouble.unwrap().syn_acks.unwrap();
    assert_eq!((unanswered.count, unanswered.was_answered), (2, false));
}

#[test]
fn acknowledgements_beyond_what_was_sent_are_proven_by_what_is_sent_next() {
    let beyond = "c A 101 901 hello\n s A 901 107\n s A 901 107 x\n";
    let overshoot = trouble(beyond).overshoot[0].unwrap();
    assert_eq!((overshoot.bytes, overshoot.times, overshoot.is_contradicted), (1, 2, false));
    let went_on = trouble(&format!("{beyond} c A 106 902 more")).overshoot[0].unwrap();
    assert!(went_on.is_contradicted);
    let repeated = trouble(&format!("{beyond} c A 101 901 hello")).overshoot[0].unwrap();
    assert!(repeated.is_contradicted);
    // What was not captured may be what was acknowledged.
    let lost = trouble(&format!("{beyond} c A 107 902 more")).overshoot[0].unwrap();
    assert!(!lost.is_contradicted);
    // Those of a FIN, and those far beyond, are none.
    assert_eq!(trouble("c FA 101 901\n s A 901 102").overshoot, [None, None]);
    assert_eq!(trouble("c A 101 901 hello\n s A 901 9107").overshoot, [None, None]);
}
