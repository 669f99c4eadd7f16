use super::codec::Codec;
use super::spool::Spool;
use super::*;
use crate::base::{FrameNumber, Secret, Timestamp};
use crate::report::Session;
use crate::report::testing::silent_session;

/// A session that began with this frame.
fn session(first: u64) -> Session {
    let uid = format!("session {first}");
    let mut session = silent_session(&uid, "192.0.2.1:50000", "192.0.2.2:21", Timestamp::from_nanos(0));
    session.frames.first = FrameNumber(first);
    session.password = Some(Secret::shown("hunter2".into()));
    session
}

/// First frames in some other order.
const ENDS: [u64; 7] = [30, 10, 70, 20, 60, 50, 40];

#[test]
fn pieces_are_read_back_from_memory_and_from_the_file() {
    for in_memory in [0, 1, 100, 1 << 20] {
        let mut spool = Spool::with_memory(Scratch::open(None), in_memory);
        let pieces: Vec<Vec<u8>> = (0..50_u8).map(|length| vec![length; usize::from(length)]).collect();
        let places: Vec<_> = pieces.iter().map(|piece| spool.append(piece).unwrap()).collect();
        assert_eq!(spool.written() > 0, in_memory < 1 << 20);
        let mut read = Vec::new();
        for (piece, place) in pieces.iter().zip(places).rev() {
            spool.read(place, &mut read).unwrap();
            assert_eq!(read, *piece);
        }
    }
}

#[test]
fn a_spool_that_was_cleared_begins_anew() {
    let mut spool = Spool::with_memory(Scratch::open(None), 10);
    for _ in 0..3 {
        let places = [spool.append(b"some bytes and more").unwrap(), spool.append(b"few").unwrap()];
        let mut read = Vec::new();
        for (place, bytes) in places.into_iter().zip([&b"some bytes and more"[..], b"few"]) {
            spool.read(place, &mut read).unwrap();
            assert_eq!(read, bytes);
        }
        spool.clear();
        assert_eq!(spool.written(), 0);
    }
}

#[test]
fn an_archive_gives_all_sessions_in_the_order_of_their_first_packets() {
    let mut archive = Archive::new(Scratch::open(None));
    for first in ENDS {
        archive.add(&session(first)).unwrap();
    }
    for _ in 0..2 {
        let mut read = Vec::new();
        let keep = |session: Box<Session>| {
            read.push(*session);
            Ok::<_, Error>(())
        };
        archive.each(keep).unwrap();
        assert_eq!(read, [10, 20, 30, 40, 50, 60, 70].map(session));
    }
    let names: Vec<u64> = archive.index().iter().map(|entry| entry.first.0).collect();
    assert_eq!(names, [10, 20, 30, 40, 50, 60, 70]);
}

#[test]
fn a_queue_gives_each_session_once_none_can_precede_it_wherever_it_waits() {
    for room in [0, session(0).memory() * 3, 1 << 20] {
        let mut queue = Queue::new(Scratch::open(None), room);
        for _ in 0..3 {
            let mut given = Vec::new();
            for first in ENDS {
                queue.add(Box::new(session(first))).unwrap();
                // Of those that have not come yet the first began with frame 10.
                assert_eq!(queue.next_before(FrameNumber(10)).unwrap(), None);
            }
            for settled in [10, 11, 45, u64::MAX].map(FrameNumber) {
                while let Some(next) = queue.next_before(settled).unwrap() {
                    assert!(next.frames.first < settled);
                    given.push(*next);
                }
            }
            assert_eq!(given, [10, 20, 30, 40, 50, 60, 70].map(session));
        }
    }
}

#[test]
fn where_there_is_no_room_that_is_an_error_and_nothing_is_left_out() {
    let mut codec = Codec::new(Spool::with_memory(Scratch::none(), 5000));
    let failed = (0..1000).find_map(|first| codec.put(&session(first)).err());
    let error = failed.unwrap();
    assert!(matches!(error, Error::Write { .. }), "{error:?}");
    assert_eq!(error.to_string(), "can't keep sessions in a temporary file in nowhere");
}

#[test]
fn lists_that_are_longer_than_usual_are_kept_whole() {
    let mut codec = Codec::new(Spool::new(Scratch::open(None)));
    let mut one = session(1);
    let mut channel = crate::report::testing::unnegotiated_channel();
    if let Some(attempt) = &mut channel.attempt {
        attempt.connection.syn_frames = (0..100).map(FrameNumber).collect();
    }
    one.data_channels = vec![channel; 50];
    let place = codec.put(&one).unwrap();
    assert_eq!(*codec.get::<Session>(place).unwrap(), one);
}

#[test]
fn a_piece_behind_one_that_was_dropped_before_it_was_written_is_read_back() {
    let mut spool = Spool::with_memory(Scratch::open(None), 2000);
    let dropped = spool.append(&[1; 1500]).unwrap();
    spool.forget(dropped);
    let piece: Vec<u8> = (0..1600_u32).map(|number| (number % 251) as u8).collect();
    let place = spool.append(&piece).unwrap();
    let mut read = Vec::new();
    spool.read(place, &mut read).unwrap();
    assert_eq!(read, piece);
}
