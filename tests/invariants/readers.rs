//! What holds for the capture readers, whatever the file.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};

use ftpscope::base::{Limits, Timestamp};
use ftpscope::capture::{Frames, PcapngWriter};
use ftpscope::decode::LinkType;

/// Packets looked at: a few bytes of a compressed file may stand for millions.
const MOST_PACKETS: usize = 20_000;

/// Gives its bytes in pieces of `most` at a time, as a pipe may.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    most: usize,
}

impl Read for Dribble {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.len().min(self.most).min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

/// A packet as it was read; its bytes as their number and a hash.
#[derive(Debug, PartialEq)]
struct Packet {
    time: Timestamp,
    link: LinkType,
    wire_len: u32,
    bytes: (usize, u64),
}

/// Everything that reading a file returned.
#[derive(Debug, PartialEq)]
struct Story {
    packets: Vec<Packet>,
    source: String,
    secrets: Vec<u8>,
}

fn limits() -> Limits {
    Limits { packet_bytes: 65_536, interfaces: 64, tls_secret_bytes: 4096, ..Limits::default() }
}

fn open(file: &[u8], most: usize) -> Result<Frames, String> {
    let input: Box<dyn Read + Send> = Box::new(Dribble { bytes: file.to_vec(), at: 0, most });
    let frames = Frames::from_readers(vec![("file".to_owned(), input)], &limits());
    frames.map(Frames::without_threads).map_err(|error| error.to_string())
}

/// Reads a file that comes in pieces of `most` bytes; `copy` is written anew with what it holds.
fn read(file: &[u8], most: usize, mut copy: Option<&mut Vec<u8>>) -> Result<Story, String> {
    let mut frames = open(file, most)?;
    let mut writer = copy.take().map(|copy| PcapngWriter::new(copy).unwrap());
    let mut packets = Vec::new();
    let mut wire_bytes = 0;
    while let Some(frame) = frames.next() {
        assert_eq!(
            frame.packet.frame.0,
            packets.len() as u64 + 1,
            "frames are numbered from 1, without a hole"
        );
        assert!(frame.bytes.len() <= limits().packet_bytes, "a packet of {} bytes", frame.bytes.len());
        assert!(frame.bytes.len() <= frame.wire_len as usize, "more was kept than there was");
        if let Some(writer) = &mut writer {
            writer.packet(&frame, None).unwrap();
        }
        let mut hasher = DefaultHasher::new();
        frame.bytes.hash(&mut hasher);
        wire_bytes += u64::from(frame.wire_len);
        packets.push(Packet {
            time: frame.packet.time,
            link: frame.link,
            wire_len: frame.wire_len,
            bytes: (frame.bytes.len(), hasher.finish()),
        });
        if packets.len() == MOST_PACKETS {
            return Ok(Story { packets, source: String::new(), secrets: Vec::new() });
        }
    }
    assert!(frames.next().is_none(), "the end is the end");
    let source = frames.sources().remove(0);
    assert_eq!(
        (source.packets, source.bytes),
        (packets.len() as u64, wire_bytes),
        "what is told was delivered"
    );
    let truncated = packets.iter().filter(|packet| packet.bytes.0 < packet.wire_len as usize).count();
    assert_eq!(source.truncated_packets, truncated as u64);
    assert_eq!(source.first, packets.iter().map(|packet| packet.time).min());
    assert_eq!(source.last, packets.iter().map(|packet| packet.time).max());
    assert!(frames.tls_secrets().len() <= limits().tls_secret_bytes);
    Ok(Story { packets, source: format!("{source:?}"), secrets: frames.tls_secrets().to_vec() })
}

/// Whatever the file: no panic, limits hold, what is reported is what was delivered, how it comes in pieces
/// makes no difference (but to the words of what is said of one that can't be read), and what was read can be
/// written and read again.
pub(crate) fn hold(file: &[u8]) {
    let mut copy = Vec::new();
    let whole = read(file, usize::MAX, Some(&mut copy));
    let pieces = 1 + file.len() % 13;
    let in_pieces = read(file, pieces, None);
    if let (Ok(one), Ok(other)) = (&whole, &in_pieces) {
        assert_eq!(
            (one.packets.len(), &one.source),
            (other.packets.len(), &other.source),
            "in pieces of {pieces}"
        );
    }
    // What is wrong with a file that is no capture may be found out sooner or later, and that it is wrong
    // always.
    if in_pieces.is_ok() || whole.is_ok() {
        assert_eq!(in_pieces, whole, "in pieces of {pieces}");
    }
    if let Ok(story) = whole {
        let again = read(&copy, usize::MAX, None).map(|story| story.packets);
        assert_eq!(again, Ok(story.packets), "written and read again");
    }
}
