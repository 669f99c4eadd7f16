//! Lengths that disagree: padding, cuts, offload, lies.

use super::*;

#[test]
fn padding_and_trailers_are_no_payload() {
    for (ether_type, packet, segment) in [
        (0x0800, v4_packet(b""), "v4"),
        (0x86dd, v6_packet(b""), "v6"),
        (0x0800, v4_packet(TEXT), "v4 with text"),
    ] {
        let trailed = [ethernet(ether_type, &packet), vec![0; 6], vec![0xde, 0xad, 0xbe, 0xef]].concat();
        let (bare, trailed) = (
            outcome(LinkType::ETHERNET, &ethernet(ether_type, &packet)),
            outcome(LinkType::ETHERNET, &trailed),
        );
        assert_eq!(bare, trailed, "{segment}");
        assert!(bare.contains(" > "), "{segment}: {bare}");
    }
}

#[test]
fn a_total_length_of_zero_means_the_frames_own() {
    let mut v4 = v4_packet(TEXT);
    v4[2..4].fill(0);
    assert_eq!(outcome(LinkType::ETHERNET, &ethernet(0x0800, &v4)), V4_SEGMENT);
    let mut v6 = v6_packet(TEXT);
    v6[4..6].fill(0);
    assert_eq!(outcome(LinkType::ETHERNET, &ethernet(0x86dd, &v6)), V6_SEGMENT);
}

#[test]
fn a_length_beyond_the_wire_changes_nothing() {
    let mut v4 = v4_packet(TEXT);
    v4[2..4].fill(0xff);
    assert_eq!(outcome(LinkType::RAW, &v4), V4_SEGMENT);
    let mut v6 = v6_packet(TEXT);
    v6[4..6].fill(0xff);
    assert_eq!(outcome(LinkType::RAW, &v6), V6_SEGMENT);
}

#[test]
fn a_snap_length_cut_within_the_options_still_tells_the_payloads_length() {
    let packet = v4_packet(TEXT);
    let cut = Frame { bytes: &packet[..20 + 20], ..frame(LinkType::RAW, &packet) };
    let mut decoder = decoder();
    assert_eq!(in_words(decoder.decode(&cut)), r#"192.0.2.1:50000 > 198.51.100.7:21 "" and 11 more"#);
}

#[test]
fn a_snap_length_cut_before_tcp_tells_whether_it_would_have_come() {
    let options_behind = |protocol: u8| {
        let mut packet = outer_v4(protocol, &[1; 60]);
        packet[0] = 0x4f;
        packet
    };
    for (whole, kept, expected) in [
        (options_behind(6), 19, "cut short"),
        (options_behind(6), 30, "cut short"),
        (options_behind(1), 30, "other"),
        (v6_packet(TEXT), 7, "cut short"),
        (v6_packet(TEXT), 39, "cut short"),
        (v6_header(58, &[0; 8]), 39, "other"),
        (v6_header(0, &[6, 1]), 41, "cut short"),
        (v6_header(0, &[&[58, 1], &[0; 14][..]].concat()), 42, "other"),
    ] {
        let cut = Frame { bytes: &whole[..kept], ..frame(LinkType::RAW, &whole) };
        assert_eq!(in_words(decoder().decode(&cut)), expected, "{kept} of {whole:02x?}");
    }
}

#[test]
fn a_cut_counts_what_the_ip_header_announces_and_not_the_padding() {
    let packet = [ethernet(0x0800, &v4_packet(TEXT)), vec![0; 6]].concat();
    let cut = Frame { bytes: &packet[..14 + 20 + 32 + 4], ..frame(LinkType::ETHERNET, &packet) };
    assert_eq!(in_words(decoder().decode(&cut)), r#"192.0.2.1:50000 > 198.51.100.7:21 "USER" and 7 more"#);
}

#[test]
fn headers_that_contradict_themselves_are_malformed() {
    let changed = |packet: Vec<u8>, at: usize, value: u8| {
        let mut packet = packet;
        packet[at] = value;
        packet
    };
    let shortened = |length: usize| {
        let mut packet = v4_packet(TEXT);
        packet.truncate(length);
        packet[3] = u8::try_from(length).expect("it fits");
        packet
    };
    for (bytes, reason) in [
        (vec![], "malformed IP header"),
        (vec![0x45], "malformed IPv4 header"),
        (changed(v4_packet(TEXT), 0, 0x55), "malformed IP header"),
        (changed(v4_packet(TEXT), 0, 0x44), "malformed IPv4 header"),
        (changed(v4_packet(TEXT), 3, 19), "malformed IPv4 header"),
        (changed(shortened(50), 0, 0x4f), "malformed IPv4 header"),
        (shortened(20), "malformed TCP header"),
        (shortened(39), "malformed TCP header"),
        (shortened(51), "malformed TCP header"),
        (changed(v4_packet(TEXT), 20 + 12, 0x40), "malformed TCP header"),
        (changed(v4_packet(TEXT), 20 + 12, 0xf0), "malformed TCP header"),
        (v6_packet(TEXT)[..39].to_vec(), "malformed IPv6 header"),
        (v6_header(0, &[6, 9, 1, 4, 0, 0, 0, 0]), "malformed IPv6 extension header"),
        (v6_header(60, &[6]), "malformed IPv6 extension header"),
        (outer_v4(47, &[0xff, 0xff, 8, 0]), "other"),
        (outer_v4(47, &[0xb0, 0, 8, 0, 1, 2, 3, 4]), "malformed GRE header"),
        (outer_v4(17, &[0, 1, 0x12, 0xb5, 0, 7, 0, 0]), "malformed UDP header"),
    ] {
        assert_eq!(outcome(LinkType::RAW, &bytes), reason, "{bytes:02x?}");
    }
    assert_eq!(outcome(LinkType::ETHERNET, &ethernet(0x0800, &v6_packet(TEXT))), "malformed IPv4 header");
    assert_eq!(outcome(LinkType::ETHERNET, &ethernet(0x86dd, &v4_packet(TEXT))), "malformed IPv6 header");
}

#[test]
fn reasons_are_counted_and_well_formed_others_are_not() {
    let mut decoder = decoder();
    for (link, bytes) in [
        (LinkType::ETHERNET, vec![1, 2, 3]),
        (LinkType::ETHERNET, vec![]),
        (LinkType(147), vec![1, 2, 3]),
        (LinkType::ETHERNET, ethernet(0x0806, &[0; 28])),
        (LinkType::ETHERNET, ethernet(0x0800, &v4_packet(TEXT))),
    ] {
        decoder.decode(&frame(link, &bytes));
    }
    let counts: Vec<_> = decoder.ignored().into_iter().collect();
    assert_eq!(counts, [("malformed Ethernet header", 2), ("unknown link type", 1)]);
}
