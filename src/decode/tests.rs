//! Packets built layer by layer, and what they decode to.

use etherparse::{PacketBuilder, TcpHeader, TcpOptionElement};

use super::{Decoded, Decoder, Flags, Segment};
use crate::base::{FrameNumber, Limits, PacketRef, Timestamp};
use crate::decode::{Frame, LinkType};
use crate::report::IcmpError;

mod encapsulation;
mod fragments;
mod hostile;
mod icmp;
mod lengths;

const TEXT: &[u8] = b"USER anna\r\n";
const CLIENT_V4: [u8; 4] = [192, 0, 2, 1];
const SERVER_V4: [u8; 4] = [198, 51, 100, 7];
const CLIENT_V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const SERVER_V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

/// Two Ethernet addresses; a type follows.
const MACS: [u8; 12] = [2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1];

/// A TCP header with a timestamp.
fn tcp_header() -> TcpHeader {
    let mut header = TcpHeader::new(50_000, 21, 1000, 512);
    (header.ack, header.acknowledgment_number, header.psh) = (true, 2000, true);
    header
        .set_options(&[TcpOptionElement::Noop, TcpOptionElement::Noop, TcpOptionElement::Timestamp(77, 66)])
        .expect("they fit");
    header
}

/// An IPv4 packet from the client's port 50000 to the server's port 21.
fn v4_packet(payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ip(etherparse::IpHeaders::Ipv4(
        etherparse::Ipv4Header::new(0, 64, etherparse::IpNumber::TCP, CLIENT_V4, SERVER_V4).expect("it fits"),
        etherparse::Ipv4Extensions::default(),
    ))
    .tcp_header(tcp_header());
    let mut packet = Vec::new();
    builder.write(&mut packet, payload).expect("a vector takes all");
    packet
}

/// An IPv6 packet from the client's port 50000 to the server's port 21.
fn v6_packet(payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ipv6(CLIENT_V6, SERVER_V6, 64).tcp_header(tcp_header());
    let mut packet = Vec::new();
    builder.write(&mut packet, payload).expect("a vector takes all");
    packet
}

/// The TCP header and payload of such packets, with an arbitrary checksum.
fn tcp_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = tcp_header().to_bytes().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// An IPv4 header in front of `payload`, of other hosts than the packet's own.
fn outer_v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len() + 20).expect("it fits").to_be_bytes();
    let header = [0x45, 0, high, low, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&header[..], payload].concat()
}

/// An IPv6 header in front of `payload`, with the packet's own hosts.
fn v6_header(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len()).expect("it fits").to_be_bytes();
    [&[0x60, 0, 0, 0, high, low, next_header, 64], &CLIENT_V6[..], &SERVER_V6, payload].concat()
}

/// An Ethernet header in front of `payload`.
fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&MACS[..], &ether_type.to_be_bytes(), payload].concat()
}

/// An IPv4 packet with a UDP datagram from port 49152 to `port`.
fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let [port_high, port_low] = port.to_be_bytes();
    let [high, low] = u16::try_from(payload.len() + 8).expect("it fits").to_be_bytes();
    outer_v4(17, &[&[0xc0, 0, port_high, port_low, high, low, 0, 0], payload].concat())
}

fn frame(link: LinkType, bytes: &[u8]) -> Frame<'_> {
    let packet = PacketRef { time: Timestamp::from_nanos(0), frame: FrameNumber(1) };
    Frame {
        packet,
        link,
        bytes,
        wire_len: u32::try_from(bytes.len()).expect("it fits"),
        source: 0,
        quick: None,
    }
}

fn decoder() -> Decoder {
    Decoder::new(&Limits::default())
}

/// What a frame decodes to, in words.
fn outcome(link: LinkType, bytes: &[u8]) -> String {
    in_words(decoder().decode(&frame(link, bytes)))
}

fn in_words(decoded: Decoded<'_>) -> String {
    match decoded {
        Decoded::Segment(segment) => format!(
            "{} > {} {:?}{}",
            segment.source,
            segment.destination,
            String::from_utf8_lossy(segment.payload),
            if segment.cut > 0 { format!(" and {} more", segment.cut) } else { String::new() },
        ),
        Decoded::SegmentError(about) => {
            let IcmpError { from, message, quoted_sender, .. } = about.error;
            let mtu = message.mtu.map_or(String::new(), |mtu| format!(" {mtu}"));
            let seq = about.seq.map_or(String::new(), |seq| format!(" at {seq}"));
            format!("{from}: {}{mtu}, of {quoted_sender} > {}{seq}", message.meaning(), about.destination)
        }
        Decoded::Other => "other".to_owned(),
        Decoded::Ignored(reason) => reason.to_owned(),
        Decoded::Fragment => "fragment".to_owned(),
        Decoded::NameQuery(query) => format!("{} asks for the name of {}", query.asker, query.about),
    }
}

const V4_SEGMENT: &str = r#"192.0.2.1:50000 > 198.51.100.7:21 "USER anna\r\n""#;
const V6_SEGMENT: &str = r#"[2001:db8::1]:50000 > [2001:db8::7]:21 "USER anna\r\n""#;

#[test]
fn a_segment_carries_all_that_its_header_says() {
    let packet = v4_packet(TEXT);
    let mut decoder = decoder();
    let Decoded::Segment(segment) = decoder.decode(&frame(LinkType::RAW, &packet)) else {
        panic!("no segment");
    };
    let Segment { packet, seq, ack, flags, window, timestamp, payload, cut, .. } = segment;
    assert_eq!((packet.frame.0, seq, ack, window), (1, 1000, Some(2000), 512));
    assert_eq!((flags, timestamp, payload, cut), (Flags::default(), Some(77), TEXT, 0));
}

#[test]
fn every_control_bit_is_told_and_a_segment_without_ack_acknowledges_nothing() {
    let none = Flags::default();
    for (bits, ack, flags) in [
        (0x00, None, none),
        (0x02, None, Flags { syn: true, ..none }),
        (0x12, Some(2000), Flags { syn: true, ..none }),
        (0x11, Some(2000), Flags { fin: true, ..none }),
        (0x04, None, Flags { rst: true, ..none }),
        (0x14, Some(2000), Flags { rst: true, ..none }),
        (0x38, Some(2000), none),
    ] {
        let mut packet = v4_packet(TEXT);
        packet[20 + 13] = bits;
        let mut decoder = decoder();
        let Decoded::Segment(segment) = decoder.decode(&frame(LinkType::RAW, &packet)) else {
            panic!("no segment with bits {bits:#x}");
        };
        assert_eq!((segment.ack, segment.flags), (ack, flags), "bits {bits:#x}");
    }
}
