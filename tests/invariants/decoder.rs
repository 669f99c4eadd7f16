//! What holds for the decoder, whatever the frames.
//!
//! The input is a link type (two bytes, most significant first), then frames: their length (two bytes), how
//! much longer they were on the wire (one byte), their bytes.

use ftpscope::base::{FrameNumber, Limits, PacketRef, Timestamp};
use ftpscope::decode::{Decoded, Decoder, Frame, LinkType, Segment};

fn limits() -> Limits {
    Limits { fragmented_datagrams: 4, fragment_bytes: 8192, encapsulation_depth: 6, ..Limits::default() }
}

/// One frame of the input.
#[derive(Clone, Copy)]
struct Piece<'a> {
    bytes: &'a [u8],
    cut: u32,
}

fn pieces(mut input: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let [high, low, cut, rest @ ..] = input {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        pieces.push(Piece { bytes, cut: u32::from(*cut) });
        input = rest;
    }
    pieces
}

fn frame(link: LinkType, bytes: &[u8], wire_len: u32, number: u64) -> Frame<'_> {
    let time = Timestamp::from_nanos(i64::try_from(number).unwrap() * 1_000_000);
    Frame {
        packet: PacketRef { time, frame: FrameNumber(number) },
        link,
        bytes,
        wire_len,
        source: 0,
        quick: None,
    }
}

/// Whatever the frames: no panic, no byte that was not there, every frame is accounted for, and a frame cut
/// short tells nothing else than the whole one.
pub(crate) fn hold(input: &[u8]) {
    let [high, low, rest @ ..] = input else { return };
    let link = LinkType(u16::from_be_bytes([*high, *low]));
    let mut decoder = Decoder::new(&limits());
    let (mut seen, mut ignored, mut fragments, mut count) = (0, 0, 0, 0);
    for (piece, number) in pieces(rest).into_iter().zip(1..) {
        let wire_len = u32::try_from(piece.bytes.len()).unwrap() + piece.cut;
        let frame = frame(link, piece.bytes, wire_len, number);
        seen += piece.bytes.len();
        count += 1;
        match decoder.decode(&frame) {
            Decoded::Segment(segment) => {
                assert!(segment.payload.len() <= seen, "more payload than bytes");
                assert_eq!(segment.packet, frame.packet);
            }
            Decoded::Ignored(_) => ignored += 1,
            Decoded::Fragment => fragments += 1,
            Decoded::Other | Decoded::NameQuery(_) | Decoded::SegmentError(_) => {}
        }
        cut_short(&frame);
    }
    let told: u64 = decoder.ignored().values().sum();
    assert!(told >= ignored, "{told} of {ignored} ignored frames were counted");
    assert!(
        told <= ignored + fragments,
        "{told} frames were counted of {ignored} ignored and {fragments} fragments"
    );
    assert!(told <= count);
}

/// A capture with a smaller snap length shows less, and nothing different.
fn cut_short(whole: &Frame<'_>) {
    let short = Frame { bytes: &whole.bytes[..whole.bytes.len() * 3 / 4], ..*whole };
    let (mut one, mut other) = (Decoder::new(&limits()), Decoder::new(&limits()));
    if let (Decoded::Segment(whole), Decoded::Segment(short)) = (one.decode(whole), other.decode(&short)) {
        let head = |segment: &Segment<'_>| {
            (segment.source, segment.destination, segment.seq, segment.ack, segment.flags)
        };
        assert_eq!(head(&whole), head(&short));
        assert!(whole.payload.starts_with(short.payload));
        let length = |segment: &Segment<'_>| segment.payload.len() + segment.cut as usize;
        assert_eq!(length(&whole), length(&short), "bytes on the wire are the same, however few were kept");
    }
}
