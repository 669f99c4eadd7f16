//! Every cap holds, and says when it was reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::script::{Recorder, Stage, Wishes, server};
use crate::base::{Endpoint, FrameNumber, LimitName, Limits, PacketRef};
use crate::decode::{Flags, Segment};
use crate::tcp::{Ending, Interest, Stream};

/// What a piece of two bytes costs.
const PIECE: usize = crate::tcp::out_of_order::PIECE_COST + 2;

fn reached(stage: &Stage, name: LimitName) -> u64 {
    stage.table.limits().iter().find(|&(limit, _)| limit == name).map_or(0, |(_, count)| count)
}

/// One SYN each from so many hosts.
fn flood(stage: &mut Stage, hosts: u32, payload: &[u8]) {
    for host in 0..hosts {
        stage.wait(0.0001);
        stage.frame = stage.frame.next();
        let ip = if host % 2 == 0 {
            IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + host))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(host)))
        };
        let is_syn = payload.is_empty();
        let segment = Segment {
            packet: PacketRef { time: stage.now, frame: stage.frame },
            source: Endpoint::new(ip, 40_000),
            destination: server(),
            seq: host,
            ack: (!is_syn).then_some(1),
            flags: Flags { syn: is_syn, ..Flags::default() },
            window: 1,
            timestamp: None,
            payload,
            cut: 0,
            ip_len: 40,
            hop_limit: 64,
            header: &[],
        };
        stage.table.push(&segment, &mut stage.told);
    }
}

fn evicted(told: &Recorder) -> usize {
    told.ended.iter().filter(|(_, ending)| *ending == Ending::Evicted).count()
}

#[test]
fn of_too_many_half_open_connections_the_oldest_go() {
    let limits = Limits { half_open: 100, ..Limits::default() };
    let mut stage = Stage::with_limits(Wishes::default(), &limits);
    flood(&mut stage, 1000, b"");
    assert_eq!((reached(&stage, LimitName::HalfOpen), evicted(&stage.told)), (900, 900));
    assert_eq!(stage.told.ended[0].0.first.frame, FrameNumber(1));
    stage.finish();
    assert_eq!(stage.told.ended.len(), 1000);
}

#[test]
fn of_too_many_connections_the_oldest_go() {
    let limits = Limits { connections: 100, ..Limits::default() };
    let mut stage = Stage::with_limits(Wishes::default(), &limits);
    flood(&mut stage, 1000, b"hello");
    assert_eq!((reached(&stage, LimitName::Connections), evicted(&stage.told)), (900, 900));
    assert_eq!(stage.told.ended[0].0.first.frame, FrameNumber(1));
}

#[test]
fn more_connections_than_are_known_by_heart_are_told_apart() {
    let mut stage = Stage::with_limits(Wishes::default(), &Limits::default());
    for _ in 0..2 {
        flood(&mut stage, 20_000, b"ab");
    }
    stage.finish();
    let sent_twice = |stream: &Stream| (stream.bytes, stream.retransmitted) == (2, 2);
    let told = stage.told.ended.iter().filter(|(connection, _)| sent_twice(&connection.from_originator));
    assert_eq!((told.count(), stage.told.ended.len()), (20_000, 20_000));
}

#[test]
fn only_so_many_closed_connections_wait_for_stragglers() {
    let mut stage = Stage::with_limits(Wishes::default(), &Limits { lingering: 1, ..Limits::default() });
    stage.play("c S 100\n s RA 0 101");
    flood(&mut stage, 1, b"");
    assert_eq!(stage.told.of("ended"), "Closed");
}

#[test]
fn a_closed_connection_with_a_hole_is_kept_until_that_is_filled_or_given_up() {
    for (is_filled, told) in [(true, "o0 hello, o5 world"), (false, "o5 world")] {
        let mut stage = Stage::with_limits(Wishes::default(), &Limits { lingering: 1, ..Limits::default() });
        stage.play("c S 100\n s SA 900 101\n c A 106 901 world\n c FA 111 901\n s FA 901 112\n c A 112 902");
        flood(&mut stage, 1, b"");
        assert_eq!(stage.told.of("ended"), "");
        if is_filled {
            stage.play("c A 101 901 hello");
        } else {
            stage.advance(3.0);
        }
        flood(&mut stage, 2, b"");
        assert_eq!((stage.told.of("data"), stage.told.of("ended")), (told.to_owned(), "Closed".to_owned()));
    }
}

#[test]
fn silence_ends_all_connections_whichever_were_taken_from_between_them() {
    for taken in [[0, 1], [1, 2], [2, 1], [1, 0], [2, 3], [3, 2]] {
        let mut stage = Stage::new(Wishes::default());
        flood(&mut stage, 4, b"");
        for number in taken {
            stage.table.ignore(stage.told.opened[number]);
        }
        stage.play("c S 100").advance(1000.0);
        assert_eq!(stage.told.of("ended"), "Idle, Idle, Idle", "{taken:?}");
    }
}

#[test]
fn a_name_is_of_no_use_once_its_connection_has_gone_whoever_takes_its_place() {
    let mut stage = Stage::with_limits(Wishes::default(), &Limits { connections: 1, ..Limits::default() });
    flood(&mut stage, 3, b"");
    let [first, second, third] = stage.told.opened[..] else { panic!("{:?}", stage.told.opened) };
    assert_eq!(stage.told.of("ended"), "Evicted, Evicted");
    stage.table.ignore(first);
    stage.table.ignore(second);
    assert!(stage.table.get(first).is_none() && stage.table.get(second).is_none());
    assert!(stage.table.get(third).is_some());
}

#[test]
fn an_eviction_makes_room_even_where_another_connection_was_tried_beside() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let mut stage = Stage::with_limits(Wishes::default(), &limits);
    stage.play("c S 100\n s SA 900 101\n c A 101 901 hello\n c S 50000");
    flood(&mut stage, 1, b"hello");
    assert_eq!(stage.told.of("opened"), "by 1, by 5");
    assert_eq!(stage.told.of("ended"), "Evicted");
}

#[test]
fn of_too_many_ignored_flows_the_oldest_are_forgotten() {
    let limits = Limits { ignored_flows: 100, ..Limits::default() };
    let mut stage = Stage::with_limits(Wishes { opened: Interest::Ignore, ..Wishes::default() }, &limits);
    flood(&mut stage, 1000, b"");
    assert_eq!(reached(&stage, LimitName::IgnoredFlows), 900);
    assert_eq!(stage.told.log.len(), 1000);
}

#[test]
fn a_stream_of_holes_is_held_within_bounds_and_goes_on() {
    for limits in [
        Limits { pieces_per_stream: 50, ..Limits::default() },
        Limits { reassembly_per_stream: 50 * PIECE, ..Limits::default() },
        // One stream may hold as much as it leaves to others, and an eighth is for what is given up.
        Limits { reassembly_total: 2 * 50 * PIECE * 8 / 7 + 8, ..Limits::default() },
    ] {
        let mut stage = Stage::with_limits(Wishes::default(), &limits);
        stage.play("c S 100\n s SA 900 101\n c A 101 901");
        for piece in 0..1000_u32 {
            stage.play(&format!("c A {} 901 xy", 103 + piece * 4));
        }
        let held = 50..=51;
        let delivered = stage.told.of("data").split(", ").count();
        assert!(held.contains(&(1000 - delivered)), "{delivered} of 1000 were delivered");
        // Where no more given-up ranges can be remembered, that counts too.
        let forgotten = if limits.reassembly_total < 1 << 20 { delivered as u64 } else { 0 };
        let counted = reached(&stage, LimitName::Reassembly);
        assert!((delivered as u64..=delivered as u64 + forgotten).contains(&counted), "{counted}");
        stage.finish();
        assert_eq!(stage.told.facts(), ["1-1003 syn 1 up 2 open; o 2000 lost 2000"]);
    }
}

#[test]
fn what_was_held_is_free_again_when_a_connection_ends_or_is_ignored() {
    let limits = Limits { reassembly_total: 3 * 10 * PIECE, ..Limits::default() };
    let mut stage = Stage::with_limits(Wishes::default(), &limits);
    for round in 0..20_u32 {
        let isn = 1_000_000 * (round + 1);
        stage.play(&format!("c S {isn}\n s SA 900 {}", isn + 1));
        for piece in 1..9 {
            stage.play(&format!("c A {} 901 xy", isn + 4 * piece));
        }
        if round % 2 == 0 {
            stage.play("s R 901");
        } else {
            stage.table.ignore(*stage.told.opened.last().unwrap());
        }
    }
    assert_eq!(reached(&stage, LimitName::Reassembly), 0);
}
