//! ICMP errors that quote segments.

use super::*;

const ROUTER_V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe];

/// An ICMP message of the router 10.0.0.1.
fn v4(kind: u8, code: u8, rest: [u8; 4], quote: &[u8]) -> Vec<u8> {
    outer_v4(1, &[&[kind, code, 0, 0], &rest[..], quote].concat())
}

/// An ICMPv6 message of a router.
fn v6(kind: u8, code: u8, rest: [u8; 4], quote: &[u8]) -> Vec<u8> {
    let mut packet = v6_header(58, &[&[kind, code, 0, 0], &rest[..], quote].concat());
    packet[8..24].copy_from_slice(&ROUTER_V6);
    packet
}

#[test]
fn errors_name_the_segment_that_they_quote_and_who_could_not_deliver_it() {
    const OF_V4: &str = "of 192.0.2.1:50000 > 198.51.100.7:21 at 1000";
    const OF_V6: &str = "of [2001:db8::1]:50000 > [2001:db8::7]:21 at 1000";
    let (quote_v4, quote_v6) = (&v4_packet(TEXT)[..], &v6_packet(TEXT)[..]);
    for (bytes, expected) in [
        (v4(3, 1, [0; 4], quote_v4), format!("10.0.0.1: host unreachable, {OF_V4}")),
        (v4(3, 3, [0; 4], quote_v4), format!("10.0.0.1: port unreachable, {OF_V4}")),
        (
            v4(3, 13, [0; 4], quote_v4),
            format!("10.0.0.1: communication administratively prohibited, {OF_V4}"),
        ),
        (v4(3, 99, [0; 4], quote_v4), format!("10.0.0.1: destination unreachable, {OF_V4}")),
        (v4(3, 4, [0, 0, 5, 0x14], quote_v4), format!("10.0.0.1: fragmentation needed 1300, {OF_V4}")),
        (v4(3, 4, [0; 4], quote_v4), format!("10.0.0.1: fragmentation needed, {OF_V4}")),
        // The same bytes mean nothing in another error.
        (v4(3, 1, [0, 0, 5, 0x14], quote_v4), format!("10.0.0.1: host unreachable, {OF_V4}")),
        (v4(11, 0, [0; 4], quote_v4), format!("10.0.0.1: time to live exceeded in transit, {OF_V4}")),
        (v6(1, 4, [0; 4], quote_v6), format!("2001:db8::fe: port unreachable, {OF_V6}")),
        (v6(1, 0, [0; 4], quote_v6), format!("2001:db8::fe: no route to destination, {OF_V6}")),
        (v6(2, 0, [0, 0, 5, 0], quote_v6), format!("2001:db8::fe: packet too big 1280, {OF_V6}")),
        (v6(3, 0, [0; 4], quote_v6), format!("2001:db8::fe: hop limit exceeded in transit, {OF_V6}")),
    ] {
        assert_eq!(outcome(LinkType::RAW, &bytes), expected);
    }
}

#[test]
fn a_quote_may_end_anywhere_behind_the_ports() {
    let (quote_v4, quote_v6) = (v4_packet(TEXT), v6_packet(TEXT));
    for (message, quote, header) in
        [(v4 as fn(u8, u8, [u8; 4], &[u8]) -> Vec<u8>, quote_v4, 20), (v6, quote_v6, 40)]
    {
        for end in 0..=quote.len() {
            let told =
                outcome(LinkType::RAW, &message(if header == 20 { 3 } else { 1 }, 0, [0; 4], &quote[..end]));
            assert_eq!(told.contains(":21"), end >= header + 4, "{end} bytes: {told}");
            assert_eq!(told.contains("at 1000"), end >= header + 8, "{end} bytes: {told}");
            assert_eq!(told == "other", end < header + 4, "{end} bytes: {told}");
        }
    }
}

#[test]
fn a_quote_is_followed_through_the_headers_that_the_packet_had() {
    const OF_V4: &str = "10.0.0.1: host unreachable, of 192.0.2.1:50000 > 198.51.100.7:21 at 1000";
    let tcp = tcp_bytes(TEXT);
    let with_options = {
        let mut packet = v4_packet(TEXT);
        packet[0] = 0x46;
        packet.splice(20..20, [1, 1, 1, 1]);
        packet
    };
    let first_fragment = {
        let mut packet = v4_packet(TEXT);
        packet[6..8].copy_from_slice(&0x2000_u16.to_be_bytes());
        packet
    };
    let later_fragment = {
        let mut packet = v4_packet(TEXT);
        packet[6..8].copy_from_slice(&0x0010_u16.to_be_bytes());
        packet
    };
    let behind_options = v6_header(60, &[&[6, 0, 1, 4, 0, 0, 0, 0], &tcp[..]].concat());
    let in_tunnel = outer_v4(47, &[&[0, 0, 8, 0], &v4_packet(TEXT)[..]].concat());
    for (name, bytes, expected) in [
        ("IPv4 options", v4(3, 1, [0; 4], &with_options), OF_V4),
        ("the first fragment", v4(3, 1, [0; 4], &first_fragment), OF_V4),
        ("a later fragment", v4(3, 1, [0; 4], &later_fragment), "other"),
        ("a tunnel", v4(3, 1, [0; 4], &in_tunnel), OF_V4),
        (
            "an extension header",
            v6(1, 3, [0; 4], &behind_options),
            "2001:db8::fe: address unreachable, of [2001:db8::1]:50000 > [2001:db8::7]:21 at 1000",
        ),
        ("UDP", v4(3, 3, [0; 4], &udp(53, TEXT)), "other"),
        ("an error about an error", v4(3, 1, [0; 4], &v4(3, 1, [0; 4], &v4_packet(TEXT))), "other"),
        ("IPv6 in ICMP", v4(3, 1, [0; 4], &v6_packet(TEXT)), "other"),
        ("nonsense", v4(3, 1, [0; 4], &[0xff; 64]), "other"),
        ("an echo reply", v4(0, 0, [0; 4], &v4_packet(TEXT)), "other"),
        ("a redirect", v4(5, 1, [0; 4], &v4_packet(TEXT)), "other"),
        ("an echo request", v6(128, 0, [0; 4], &v6_packet(TEXT)), "other"),
    ] {
        assert_eq!(outcome(LinkType::RAW, &bytes), expected, "{name}");
        assert_eq!(
            outcome(LinkType::ETHERNET, &ethernet(if bytes[0] >> 4 == 4 { 0x0800 } else { 0x86dd }, &bytes)),
            expected
        );
    }
}

#[test]
fn a_bad_quote_is_not_counted_as_a_bad_packet() {
    let bytes = v4(3, 1, [0; 4], &[0x45, 0, 0]);
    let mut decoder = decoder();
    assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &bytes))), "other");
    assert!(decoder.ignored().is_empty());
}
