use super::*;
use crate::base::{FrameNumber, Limits, PacketRef, TimeDelta};
use crate::capture::open;
use crate::decode::LinkType;
use crate::report::CaptureFormat;

const SECOND: i64 = 1_000_000_000;

/// Saves packets of 100 bytes, one each second.
fn save(path: &Path, rotation: Rotation, packets: u64) -> Vec<PathBuf> {
    let mut recorder = Recorder::create(path.to_owned(), rotation).unwrap();
    for number in 1..=packets {
        recorder.packet(&frame(number, LinkType::ETHERNET)).unwrap();
    }
    recorder.finish().unwrap();
    recorder.files().map(Path::to_owned).collect()
}

fn frame(number: u64, link: LinkType) -> Frame<'static> {
    let time = Timestamp::from_nanos(i64::try_from(number).unwrap() * SECOND + 123_456_789);
    Frame {
        packet: PacketRef { time, frame: FrameNumber(number) },
        link,
        bytes: &[7; 100],
        wire_len: 1500,
        source: 0,
        quick: None,
    }
}

/// Times of all packets in files.
fn times(files: &[PathBuf]) -> Vec<i64> {
    let mut frames = open(files, &Limits::default()).unwrap();
    let mut times = Vec::new();
    while let Some(frame) = frames.next() {
        assert_eq!((frame.bytes, frame.wire_len), (&[7; 100][..], 1500));
        times.push(frame.packet.time.nanos());
    }
    assert!(frames.sources().iter().all(|source| source.damage.is_none()));
    times
}

fn expected(numbers: impl IntoIterator<Item = i64>) -> Vec<i64> {
    numbers.into_iter().map(|number| number * SECOND + 123_456_789).collect()
}

#[test]
fn both_formats_give_back_what_was_saved_to_the_nanosecond() {
    let directory = tempfile::tempdir().unwrap();
    for (name, format) in
        [("a.pcapng", CaptureFormat::Pcapng), ("a.pcap", CaptureFormat::Pcap), ("a", CaptureFormat::Pcapng)]
    {
        let path = directory.path().join(name);
        let files = save(&path, Rotation::default(), 5);
        assert_eq!(files, [path]);
        assert_eq!(times(&files), expected(1..=5), "{name}");
        assert_eq!(open(&files, &Limits::default()).unwrap().sources()[0].format, format);
    }
}

#[test]
fn a_file_without_packets_is_still_a_capture() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["none.pcapng", "none.pcap"] {
        let files = save(&directory.path().join(name), Rotation::default(), 0);
        assert_eq!(times(&files), expected([]), "{name}");
    }
}

#[test]
fn a_pcap_file_holds_one_link_type() {
    let directory = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(directory.path().join("mixed.pcap"), Rotation::default()).unwrap();
    recorder.packet(&frame(1, LinkType::ETHERNET)).unwrap();
    let error = recorder.packet(&frame(2, LinkType::LINUX_SLL)).unwrap_err();
    assert!(error.to_string().contains("LINUX_SLL; name the file .pcapng"), "{error}");
}

#[test]
fn a_full_file_is_followed_by_the_next_and_no_packet_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    for rotation in [
        Rotation { bytes: Some(400), ..Rotation::default() },
        Rotation { span: Some(TimeDelta::from_secs(3)), ..Rotation::default() },
        Rotation { bytes: Some(1), span: Some(TimeDelta::from_secs(2)), ..Rotation::default() },
    ] {
        let files = save(&directory.path().join("x.pcapng"), rotation, 10);
        assert!(files.len() > 2, "{rotation:?} gives {files:?}");
        assert_eq!(times(&files), expected(1..=10), "{rotation:?}");
    }
}

#[test]
fn of_a_ring_the_last_files_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let rotation = Rotation { span: Some(TimeDelta::from_secs(3)), files: Some(2), ..Rotation::default() };
    let files = save(&directory.path().join("ring.pcap"), rotation, 10);
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(names, ["ring_00003_19700101000007.pcap", "ring_00004_19700101000010.pcap"]);
    assert_eq!(times(&files), expected(7..=10));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn a_directory_that_is_not_there_is_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("x.pcapng");
    for rotation in [Rotation::default(), Rotation { bytes: Some(1), ..Rotation::default() }] {
        assert!(Recorder::create(path.clone(), rotation).is_err());
    }
}
