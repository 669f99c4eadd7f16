use proptest::prelude::*;

use crate::base::{FrameNumber, PacketRef, Timestamp};
use crate::decode::{Frame, LinkType};

use super::super::Frames;
use super::super::testing::{Packet, packets, read};
use super::PcapngWriter;

fn frame(packet: &Packet) -> Frame<'_> {
    let packet_ref = PacketRef { time: Timestamp::from_nanos(packet.nanos), frame: FrameNumber(77) };
    let (link, bytes, wire_len) = (packet.link, &packet.bytes[..], packet.wire_len);
    Frame { packet: packet_ref, link, bytes, wire_len, source: 3, quick: None }
}

fn written(packets: &[(Packet, Option<String>)]) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new()).unwrap();
    for (packet, comment) in packets {
        writer.packet(&frame(packet), comment.as_deref()).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_comment_is_an_option_of_its_packet() {
    let packet = Packet::at(1, b"abc");
    let without = written(&[(packet.clone(), None)]);
    let with = written(&[(packet.clone(), Some("hi!".to_owned()))]);
    // Comment, padding, end of options, and the block's length four bytes before the end of the file.
    assert!(with.ends_with(b"abc\0\x01\0\x03\0hi!\0\0\0\0\0\x30\0\0\0"));
    assert_eq!(with.len(), without.len() + 12);
    assert_eq!(read(&with).unwrap().0, [packet]);
}

#[test]
fn a_comment_longer_than_an_option_is_cut_between_characters() {
    let packet = Packet::at(1, b"");
    let file = written(&[(packet.clone(), Some("é".repeat(40_000)))]);
    assert_eq!(read(&file).unwrap().0, [packet]);
    let comment = file.windows(2).filter(|pair| pair == &"é".as_bytes()).count();
    assert_eq!(comment, 65_534 / 2);
}

#[test]
fn packets_of_one_link_type_share_an_interface() {
    let raw = Packet { link: LinkType::RAW, ..Packet::at(2, b"b") };
    let many = [Packet::at(1, b"a"), raw.clone(), Packet::at(3, b"c"), raw].map(|packet| (packet, None));
    let file = written(&many);
    let descriptions = file.chunks(4).filter(|word| word == b"\x09\0\x01\0").count();
    assert_eq!(descriptions, 2);
    assert_eq!(read(&file).unwrap().1.link_types, ["ETHERNET", "RAW"]);
}

#[test]
fn tls_secrets_come_back() {
    let mut writer = PcapngWriter::new(Vec::new()).unwrap();
    writer.tls_secrets(b"CLIENT_RANDOM 1 2\n").unwrap();
    let reader = Box::new(std::io::Cursor::new(writer.finish().unwrap()));
    let mut frames =
        Frames::from_readers(vec![("a".to_owned(), reader)], &crate::base::Limits::default()).unwrap();
    assert!(packets(&mut frames).is_empty());
    assert_eq!(frames.tls_secrets(), b"CLIENT_RANDOM 1 2\n");
}

fn any_packet() -> impl Strategy<Value = (Packet, Option<String>)> {
    let nanos = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0)];
    let link = prop_oneof![Just(1), Just(101), Just(113), any::<u16>()];
    let bytes = proptest::collection::vec(any::<u8>(), 0..90);
    (nanos, link, bytes, any::<u32>(), proptest::option::of(".{0,20}")).prop_map(
        |(nanos, link, bytes, wire_len, comment)| {
            let wire_len = wire_len.max(u32::try_from(bytes.len()).unwrap());
            (Packet { nanos, link: LinkType(link), bytes, wire_len }, comment)
        },
    )
}

proptest! {
    #[test]
    fn what_is_read_back_is_what_was_written(many in proptest::collection::vec(any_packet(), 0..30)) {
        let (packets, source) = read(&written(&many)).unwrap();
        let expected: Vec<Packet> = many.into_iter().map(|(packet, _)| packet).collect();
        // A single source gives its packets in file order, whatever their times.
        prop_assert_eq!(packets, expected);
        prop_assert_eq!(source.damage, None);
    }
}
