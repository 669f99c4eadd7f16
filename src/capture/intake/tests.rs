use std::io::Write as _;

use super::*;
use crate::base::{FrameNumber, Limits, TimeDelta};
use crate::capture::testing::{Order, Packet, pcap, pcapng};

const MILLISECOND: i64 = 1_000_000;

/// A parcel with packets of these times, in milliseconds, each of which carries its source and time.
fn parcel(source: u16, times: &[i64]) -> Parcel {
    let mut parcel = Parcel::default();
    for &time in times {
        let time = Timestamp::from_nanos(time * MILLISECOND);
        parcel.push(time, LinkType::ETHERNET, 1500, &source.to_be_bytes(), source);
    }
    parcel
}

fn deliver(feeder: &Feeder, source: u16, times: &[i64]) {
    assert!(feeder.send(Delivery::Packets(parcel(source, times))));
}

/// All packets that are due: time in milliseconds and source.
fn due(intake: &mut Intake) -> Vec<(i64, u16)> {
    let mut packets = Vec::new();
    while let Some(frame) = intake.next() {
        assert_eq!(frame.bytes, frame.source.to_be_bytes());
        assert_eq!(frame.wire_len, 1500);
        packets.push((frame.packet.time.nanos() / MILLISECOND, frame.source));
    }
    packets
}

#[test]
fn one_source_is_passed_on_as_it_comes() {
    let (mut intake, feeders) = Intake::with_lanes(1);
    deliver(&feeders[0], 0, &[5, 3, 9]);
    deliver(&feeders[0], 0, &[1]);
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Packets);
    assert_eq!(due(&mut intake), [(5, 0), (3, 0), (9, 0), (1, 0)]);
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Quiet);
    feeders[0].send(Delivery::Ended(Some("unplugged".to_owned())));
    assert_eq!(intake.wait(Duration::from_secs(9)), Arrival::Ended);
    assert_eq!(intake.take_faults(), ["unplugged"]);
}

#[test]
fn several_sources_are_merged_by_time_and_numbered_in_that_order() {
    let (mut intake, feeders) = Intake::with_lanes(2);
    deliver(&feeders[0], 0, &[10, 30, 50]);
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Quiet, "the other may have an earlier one");
    deliver(&feeders[1], 1, &[20, 40]);
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Packets);
    let mut numbers = Vec::new();
    let mut packets = Vec::new();
    while let Some(frame) = intake.next() {
        numbers.push(frame.packet.frame.0);
        packets.push((frame.packet.time.nanos() / MILLISECOND, frame.source));
    }
    assert_eq!(packets, [(10, 0), (20, 1), (30, 0), (40, 1)], "the last waits for what may come before it");
    assert_eq!(numbers, [1, 2, 3, 4]);
    for feeder in &feeders {
        feeder.send(Delivery::Ended(None));
    }
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Packets);
    assert_eq!(due(&mut intake), [(50, 0)]);
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Ended);
}

#[test]
fn a_silent_source_holds_others_up_only_for_a_moment() {
    let (mut intake, feeders) = Intake::with_lanes(2);
    deliver(&feeders[0], 0, &[10]);
    let begun = Instant::now();
    assert_eq!(intake.wait(Duration::from_secs(60)), Arrival::Packets);
    assert!(begun.elapsed() >= HOLD && begun.elapsed() < Duration::from_secs(30));
    assert_eq!(due(&mut intake), [(10, 0)]);
}

#[test]
fn a_source_that_has_no_room_left_waits_for_nobody() {
    let (mut intake, feeders) = Intake::with_lanes(2);
    for time in 0..i64::try_from(PARCELS).unwrap() {
        deliver(&feeders[0], 0, &[time]);
        intake.wait(Duration::ZERO);
    }
    assert!(!due(&mut intake).is_empty());
}

#[test]
fn parcels_come_back_to_be_filled_again() {
    let (mut intake, feeders) = Intake::with_lanes(1);
    for round in 0..100 {
        let mut parcel = feeders[0].empty().unwrap();
        assert!(parcel.is_empty());
        parcel.push(Timestamp::from_nanos(round), LinkType::ETHERNET, 1, b"x", 0);
        assert!(feeders[0].send(Delivery::Packets(parcel)));
        assert_eq!(intake.wait(Duration::ZERO), Arrival::Packets);
        while intake.next().is_some() {}
    }
}

#[test]
fn time_goes_on_while_nothing_comes() {
    let (mut intake, feeders) = Intake::with_lanes(1);
    assert_eq!(intake.now(), None);
    deliver(&feeders[0], 0, &[1000, 900]);
    intake.wait(Duration::ZERO);
    due(&mut intake);
    let at_least = Timestamp::from_nanos(1000 * MILLISECOND);
    let first = intake.now().unwrap();
    thread::sleep(Duration::from_millis(5));
    assert!(first >= at_least && intake.now().unwrap().since(first) >= TimeDelta::from_millis(5));
}

#[test]
fn a_pipe_is_read_as_it_is_written() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let packets = [Packet::at(1, b"first"), Packet::at(2, b"second")];
    let file = pcap(Order::Little, &packets);
    // All but the last packet, which has 16 bytes of header.
    let (head, tail) = file.split_at(file.len() - b"second".len() - 16);
    writer.write_all(head).unwrap();
    let readers: Vec<(String, Box<dyn std::io::Read + Send>)> = vec![("-".to_owned(), Box::new(reader))];
    let frames = Frames::from_readers(readers, &Limits::default()).unwrap();
    let mut intake = Intake::from_frames(frames).unwrap();
    assert_eq!(intake.wait(Duration::from_secs(60)), Arrival::Packets);
    assert_eq!(intake.next().map(|frame| frame.bytes.to_vec()), Some(b"first".to_vec()));
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Quiet);
    writer.write_all(tail).unwrap();
    drop(writer);
    assert_eq!(intake.wait(Duration::from_secs(60)), Arrival::Packets);
    assert_eq!(intake.next().map(|frame| frame.packet.frame), Some(FrameNumber(2)));
    assert_eq!(intake.wait(Duration::from_secs(60)), Arrival::Ended);
    assert_eq!(intake.sources()[0].packets, 2);
    assert!(!intake.is_live());
}

#[test]
fn a_reading_that_ends_before_the_file_counts_what_was_delivered() {
    let packets = [Packet::at(1_000, b"first"), Packet::at(2_000, b"second"), Packet::at(3_000, b"third")];
    let file = pcapng(Order::Little, &packets);
    let readers: Vec<(String, Box<dyn std::io::Read + Send>)> =
        vec![("-".to_owned(), Box::new(std::io::Cursor::new(file)))];
    let frames = Frames::from_readers(readers, &Limits::default()).unwrap();
    let mut intake = Intake::from_frames(frames).unwrap();
    for _ in 0..2 {
        while intake.next().is_none() {
            assert_eq!(intake.wait(Duration::from_secs(60)), Arrival::Packets);
        }
    }
    let source = intake.sources().remove(0);
    assert_eq!((source.packets, source.bytes), (2, 11));
    assert_eq!(source.link_types, ["ETHERNET"]);
    assert_eq!(source.first.map(Timestamp::nanos), Some(1_000));
    assert_eq!(source.last.map(Timestamp::nanos), Some(2_000));
}

#[test]
fn limits_are_known_before_the_file_ends() {
    let (mut intake, feeders) = Intake::with_lanes(1);
    let mut limits = LimitCounts::default();
    limits.reached(crate::base::LimitName::TlsSecrets);
    feeders[0].send(Delivery::Limits(limits.clone()));
    deliver(&feeders[0], 0, &[1]);
    assert_eq!(intake.wait(Duration::ZERO), Arrival::Packets);
    assert_eq!(*intake.limits(), limits);
}

#[test]
fn counters_that_overflow_go_on() {
    #[cfg(live_capture)]
    {
        use crate::capture::tally::Odometer;
        let (mut odometer, counters) = (Odometer::default(), Counters::default());
        odometer.read([u32::MAX, 1, 0], &counters);
        odometer.read([9, 3, 0], &counters);
        let drops = Drops { received: u64::from(u32::MAX) + 10, kernel: 3, interface: 0 };
        assert_eq!(counters.drops(), drops);
    }
}
