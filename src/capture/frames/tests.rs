use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;

use proptest::prelude::*;

use super::super::testing::{Order, Packet, Pieces, packets, pcap, pcapng, read, read_with};
use super::super::{Error, Frames, open};
use crate::base::{FrameNumber, Limits, Timestamp};
use crate::report::CaptureFormat;

fn frames(files: Vec<(&str, Vec<u8>)>) -> Frames {
    let readers = files
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), Box::new(Cursor::new(bytes)) as Box<dyn Read + Send>))
        .collect();
    Frames::from_readers(readers, &Limits::default()).unwrap()
}

/// A file of packets at these seconds, each of which holds `mark`.
fn file_at(seconds: &[i64], mark: &[u8]) -> Vec<u8> {
    let packets: Vec<Packet> =
        seconds.iter().map(|second| Packet::at(second * 1_000_000_000, mark)).collect();
    pcap(Order::Little, &packets)
}

/// The packets as `second mark`.
fn told(frames: &mut Frames) -> Vec<String> {
    packets(frames)
        .iter()
        .map(|packet| format!("{}{}", packet.nanos / 1_000_000_000, String::from_utf8_lossy(&packet.bytes)))
        .collect()
}

/// Many packets of many sizes: `megabytes` of them.
fn bulk(megabytes: usize) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut total = 0;
    for index in 0_i64.. {
        let length = usize::try_from(index * 7919 % 1514).unwrap();
        let byte = u8::try_from(index % 251).unwrap();
        packets.push(Packet::at(index * 1000, &vec![byte; length]));
        total += length;
        if total > megabytes * 1024 * 1024 {
            break;
        }
    }
    packets
}

#[test]
fn sources_are_merged_by_time_and_then_by_their_order() {
    let mut merged = frames(vec![("a", file_at(&[1, 3, 3, 9], b"a")), ("b", file_at(&[1, 2, 3, 8], b"b"))]);
    assert_eq!(told(&mut merged), ["1a", "1b", "2b", "3a", "3a", "3b", "8b", "9a"]);
    assert!(merged.next().is_none(), "the end stays the end");
}

proptest! {
    #[test]
    fn packets_in_runs_are_those_that_come_one_by_one_however_many_are_taken(
        files in prop::collection::vec(prop::collection::vec(0..20_i64, 0..12), 1..4),
        at_a_time in 1..6_usize,
    ) {
        let open = || {
            let marks = [b"a", b"b", b"c"];
            frames(files.iter().zip(marks).map(|(seconds, mark)| ("file", file_at(seconds, mark))).collect())
        };
        let (mut one_by_one, mut in_runs) = (open(), open());
        let mut seen = Vec::new();
        while let Some(run) = in_runs.run() {
            let before = seen.len();
            seen.extend(run.take(at_a_time).map(|frame| format!("{frame:?}")));
            prop_assert!(before < seen.len(), "a run holds one at least");
        }
        let mut wanted = Vec::new();
        while let Some(frame) = one_by_one.next() {
            wanted.push(format!("{frame:?}"));
        }
        prop_assert_eq!(seen, wanted);
    }
}

#[test]
fn within_a_source_the_order_of_the_file_stands_even_where_its_clock_went_back() {
    let mut merged = frames(vec![("a", file_at(&[5, 2, 6], b"a")), ("b", file_at(&[3, 7], b"b"))]);
    assert_eq!(told(&mut merged), ["3b", "5a", "2a", "6a", "7b"]);
    let source = merged.sources().remove(0);
    let seconds = |time: Option<Timestamp>| time.map(|time| time.nanos() / 1_000_000_000);
    assert_eq!((seconds(source.first), seconds(source.last)), (Some(2), Some(6)));
}

#[test]
fn frames_say_which_source_they_are_from_and_empty_sources_do_no_harm() {
    let files = vec![("empty", file_at(&[], b"")), ("a", file_at(&[2], b"a")), ("b", file_at(&[1], b"b"))];
    let mut merged = frames(files);
    assert_eq!(merged.next().map(|frame| (frame.packet.frame, frame.source)), Some((FrameNumber(1), 2)));
    assert_eq!(merged.next().map(|frame| (frame.packet.frame, frame.source)), Some((FrameNumber(2), 1)));
    assert!(merged.next().is_none());
    assert_eq!(merged.sources()[0].first, None);
    assert!(frames(Vec::new()).next().is_none());
}

#[test]
fn damage_of_one_source_does_not_stop_the_others() {
    let mut broken = file_at(&[1, 2, 3], b"a");
    broken.truncate(broken.len() - 1);
    let mut merged = frames(vec![("a", broken), ("b", file_at(&[1, 5], b"b"))]);
    assert_eq!(told(&mut merged), ["1a", "1b", "2a", "5b"]);
    let damaged: Vec<bool> = merged.sources().iter().map(|source| source.damage.is_some()).collect();
    assert_eq!(damaged, [true, false]);
}

#[test]
fn sources_tell_what_was_delivered_so_far() {
    let mut reading = frames(vec![("a", file_at(&[1, 2], b"abc"))]);
    assert_eq!((reading.sources()[0].packets, reading.sources()[0].format), (0, CaptureFormat::Pcap));
    reading.next();
    assert_eq!((reading.sources()[0].packets, reading.sources()[0].bytes), (1, 3));
    assert_eq!(reading.sources()[0].path, "a");
}

#[test]
fn a_reader_that_fails_is_damage_after_all_it_gave() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let file = file_at(&[1, 2], b"a");
    let (packets, source) =
        read_with(Box::new(Cursor::new(file).chain(Failing)), &Limits::default()).unwrap();
    assert_eq!(packets.len(), 2);
    assert_eq!(source.damage.unwrap(), "reading stopped after packet 2, at byte 58: the disk is gone");
    let error = read_with(Box::new(Failing), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "a file: can't be opened: the disk is gone");
}

#[test]
fn what_is_no_capture_is_named_in_one_line() {
    for (content, line) in [
        (&b""[..], "a file: is empty; nothing was captured into it"),
        (b"\x89PNG\r\n\x1a\n", "a file: is not a pcap or pcapng file (it is a PNG image)"),
        (
            b"220 ready\r\n",
            "a file: is not a pcap or pcapng file (it looks like text); save packets with `tcpdump -w FILE` and give that file",
        ),
        (
            "grüße".as_bytes(),
            "a file: is not a pcap or pcapng file (it looks like text); save packets with `tcpdump -w FILE` and give that file",
        ),
        (
            b"\xfd7zXZ\0\0\x04",
            "a file: is not a pcap or pcapng file (it is compressed with xz); unpack it with `xz -d`",
        ),
        (
            b"\xde\xad\xbe\xef\0\x01",
            "a file: is not a pcap or pcapng file; save packets with `tcpdump -w FILE` or Wireshark and give that file",
        ),
        (
            b"\xa1\xb2\xc3\xd4\0\x02",
            "a file: can't be read: the file ends in the middle of its header (6 of 24 bytes are there); use an intact copy",
        ),
    ] {
        assert_eq!(read(content).unwrap_err().to_string(), line);
    }
}

#[test]
fn files_that_can_not_be_opened_are_named_and_defused() {
    let folder = tempfile::tempdir().unwrap();
    let line = |path: PathBuf| {
        open(&[path], &Limits::default())
            .map(|_| ())
            .unwrap_err()
            .to_string()
            .replace(&*folder.path().to_string_lossy(), "~")
    };
    assert_eq!(
        line(folder.path().join("nothing\x1b[31m.pcap")),
        r"~/nothing\x1b[31m.pcap: there is no such file"
    );
    assert_eq!(line(folder.path().to_owned()), "~: is a directory; name the capture files in it");
    let twice = open(&["-".into(), "-".into()], &Limits::default()).map(|_| ()).unwrap_err();
    assert!(matches!(twice, Error::StandardInputTwice));
    assert!(matches!(
        open(&vec![PathBuf::new(); 70_000], &Limits::default()),
        Err(Error::TooMany { count: 70_000 })
    ));
}

#[test]
fn a_large_file_reads_the_same_with_and_without_a_thread_and_progress_reaches_its_end() {
    let expected = bulk(3);
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in
        [("plain", pcap(Order::Little, &expected)), ("next", pcapng(Order::Big, &expected))]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, &content).unwrap();
        let paths = [path];
        for threads in [false, true] {
            let mut reading = open(&paths, &Limits::default()).unwrap();
            if !threads {
                reading = reading.without_threads();
            }
            let size = content.len() as u64;
            assert_eq!(reading.progress().1, Some(size));
            assert!(reading.progress().0 < size);
            assert!(packets(&mut reading) == expected, "{name}, threads: {threads}");
            assert_eq!(reading.progress(), (size, Some(size)));
            assert_eq!(reading.sources()[0].damage, None);
        }
    }
}

/// A plain TCP frame with this sequence number, which the fast path decodes.
fn plain_frame(seq: u32) -> Vec<u8> {
    let [a, b, c, d] = seq.to_be_bytes();
    let ip = [0x45, 0, 0, 40, 0, 7, 0x40, 0, 64, 6, 1, 2, 192, 0, 2, 1, 192, 0, 2, 2];
    let tcp = [195, 80, 0, 21, a, b, c, d, 0, 0, 0, 9, 0x50, 0x10, 1, 0, 0, 0, 0, 0];
    [&[2; 12][..], &[8, 0], &ip, &tcp].concat()
}

#[test]
fn headers_that_a_thread_decoded_ahead_come_with_the_frame_that_they_are_of() {
    let many: Vec<Packet> = (0..40_000_i64)
        .map(|index| match index % 10 {
            0 => Packet::at(index, b"not plain"),
            _ => Packet::at(index, &plain_frame(u32::try_from(index).unwrap())),
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("plain", pcap(Order::Little, &many)), ("next", pcapng(Order::Big, &many))] {
        let path = folder.path().join(name);
        std::fs::write(&path, &content).unwrap();
        for threads in [false, true] {
            let mut reading = open(std::slice::from_ref(&path), &Limits::default()).unwrap();
            reading.decode_ahead();
            if !threads {
                reading = reading.without_threads();
            }
            let has_threads = reading.threads > 0;
            let mut decoded = 0;
            while let Some(frame) = reading.next() {
                if let Some(quick) = frame.quick {
                    decoded += 1;
                    assert_eq!(i64::from(quick.seq), frame.packet.time.nanos(), "{name}");
                }
            }
            // All plain ones but those of the first batch.
            assert_eq!(decoded > many.len() / 10 * 6, has_threads, "{name}: {decoded} of {}", many.len());
            assert!(has_threads || decoded == 0);
        }
    }
}

#[test]
fn dropping_the_frames_ends_the_thread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bulk");
    std::fs::write(&path, pcap(Order::Little, &bulk(6))).unwrap();
    for wanted in [0, 1, 100, 2000] {
        let mut reading = open(std::slice::from_ref(&path), &Limits::default()).unwrap();
        for _ in 0..wanted {
            assert!(reading.next().is_some());
        }
        // Joins the thread: if that did not end, neither would this test.
        drop(reading);
    }
}

#[test]
fn many_sources_of_many_batches_are_merged_like_few() {
    let all = bulk(4);
    let count = 20;
    let dealt = |which: usize| all.iter().skip(which).step_by(count).cloned().collect::<Vec<_>>();
    let mut merged = frames((0..count).map(|which| ("a", pcap(Order::Little, &dealt(which)))).collect());
    assert!(packets(&mut merged) == all);
}

#[test]
fn frames_may_be_read_on_another_thread() {
    let mut reading = frames(vec![("a", file_at(&[1, 2], b"abc"))]);
    let count = std::thread::spawn(move || packets(&mut reading).len()).join().unwrap();
    assert_eq!(count, 2);
}

#[test]
fn a_pipe_gives_a_packet_as_soon_as_it_is_there() {
    let (reader, mut writer) = io::pipe().unwrap();
    let file = file_at(&[1, 2, 3], b"abc");
    writer.write_all(&file[..30]).unwrap();
    // The header is enough to begin; a packet that isn't there is not waited for.
    let readers = vec![("pipe".to_owned(), Box::new(reader) as Box<dyn Read + Send>)];
    let mut reading = Frames::from_readers(readers, &Limits::default()).unwrap();
    let mut sent = 30;
    for end in [24 + 19, 24 + 2 * 19 + 5, 24 + 3 * 19] {
        writer.write_all(&file[sent..end]).unwrap();
        sent = end;
        assert_eq!(reading.next().map(|frame| frame.bytes.to_vec()), Some(b"abc".to_vec()));
    }
    drop(writer);
    assert!(reading.next().is_none());
    assert_eq!(reading.progress(), (file.len() as u64, None));
}

fn any_packets() -> impl Strategy<Value = Vec<Packet>> {
    let packet = (0..4_000_000_000_000_000_000_i64, proptest::collection::vec(any::<u8>(), 0..120));
    proptest::collection::vec(packet.prop_map(|(nanos, bytes)| Packet::at(nanos, &bytes)), 0..40)
}

fn any_order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Little), Just(Order::Big)]
}

/// Sizes of the pieces in which a reader gives a file; 0 is an interruption.
fn any_sizes() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(prop_oneof![0..4_usize, 0..200_usize], 1..20)
        .prop_filter("something must come", |sizes| sizes.iter().any(|&size| size > 0))
}

proptest! {
    #[test]
    fn any_cut_into_reads_gives_the_same(
        many in any_packets(), order in any_order(), sizes in any_sizes(), newer in any::<bool>(), lost in 0..9_usize,
    ) {
        let mut file = if newer { pcapng(order, &many) } else { pcap(order, &many) };
        file.truncate(file.len() - lost.min(file.len() - 80.min(file.len())));
        let pieces = Box::new(Pieces::new(file.clone(), sizes));
        match (read(&file), read_with(pieces, &Limits::default())) {
            (Ok((whole, source)), Ok((cut, cut_source))) => {
                prop_assert_eq!(&cut, &whole);
                prop_assert_eq!(cut_source.damage, source.damage);
                prop_assert!(lost > 0 || whole == many);
            }
            (Err(whole), Err(cut)) => prop_assert_eq!(whole.to_string(), cut.to_string()),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn bytes_changed_anywhere_never_panic(
        many in any_packets(), order in any_order(), newer in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = if newer { pcapng(order, &many) } else { pcap(order, &many) };
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok((packets, _)) = read(&file) {
            prop_assert!(packets.iter().all(|packet| packet.wire_len as usize >= packet.bytes.len()));
        }
    }

    #[test]
    fn random_bytes_behind_any_magic_never_panic(
        magic in prop::sample::select(vec![
            &b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..], b"\xa1\xb2\x3c\x4d\0\x02\0\x04", b"\xa1\xb2\xcd\x34\0\x02\0\x02",
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0", b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\x01\0\0",
            b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18", b"\x50\x2a\x4d\x18", b"",
        ]),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        drop(read(&[magic, &rest].concat()));
    }

    #[test]
    fn merging_sorted_sources_sorts_them(files in proptest::collection::vec(any_packets(), 1..5)) {
        let sorted: Vec<Vec<Packet>> = files
            .into_iter()
            .map(|mut packets| { packets.sort_by_key(|packet| packet.nanos); packets })
            .collect();
        let sources = sorted.iter().map(|packets| ("a file", pcap(Order::Little, packets))).collect();
        let mut expected = sorted.concat();
        expected.sort_by_key(|packet| packet.nanos);
        prop_assert_eq!(packets(&mut frames(sources)), expected);
    }
}
