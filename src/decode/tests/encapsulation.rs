//! Every way that a TCP segment may be wrapped.

use super::*;

/// A frame around an IPv4 or IPv6 packet with [`TEXT`], by a name for it.
#[derive(Clone)]
struct Wrapped {
    name: &'static str,
    link: LinkType,
    bytes: Vec<u8>,
    segment: &'static str,
}

fn wrapped(name: &'static str, link: LinkType, bytes: Vec<u8>, segment: &'static str) -> Wrapped {
    Wrapped { name, link, bytes, segment }
}

/// All wrappings: what of them is literal is what the standards print.
fn wrappings() -> Vec<Wrapped> {
    [pseudo_headers(), point_to_point(), wi_fi(), behind_ethernet(), behind_ip(), behind_udp()].concat()
}

fn in_snap(ether_type: u16, packet: &[u8]) -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0], &ether_type.to_be_bytes()[..], packet].concat()
}

fn length_of(payload: &[u8]) -> u16 {
    u16::try_from(payload.len()).expect("it fits")
}

fn pppoe(payload: &[u8]) -> Vec<u8> {
    let [high, low] = length_of(payload).to_be_bytes();
    [&[0x11, 0, 0, 5, high, low], payload].concat()
}

fn point_to_point() -> Vec<Wrapped> {
    let (v4, v6) = (&v4_packet(TEXT)[..], &v6_packet(TEXT)[..]);
    let in_pppoe = pppoe(&[&[0, 0x21], v4].concat());
    vec![
        wrapped("PPP", LinkType::PPP, [&[0x00, 0x21], v4].concat(), V4_SEGMENT),
        wrapped("PPP, protocol in one byte", LinkType::PPP, [&[0x21], v4].concat(), V4_SEGMENT),
        wrapped("PPP with address", LinkType::PPP, [&[0xff, 3, 0, 0x57], v6].concat(), V6_SEGMENT),
        wrapped("PPP in HDLC", LinkType::PPP_HDLC, [&[0xff, 3, 0x57], v6].concat(), V6_SEGMENT),
        wrapped("PPP with MPLS", LinkType::PPP, [&[2, 0x81, 0, 1, 0x11, 64], v4].concat(), V4_SEGMENT),
        wrapped("Cisco HDLC", LinkType::PPP_HDLC, [&[0x0f, 0, 8, 0], v4].concat(), V4_SEGMENT),
        wrapped("C_HDLC", LinkType::C_HDLC, [&[0x8f, 0, 0x86, 0xdd], v6].concat(), V6_SEGMENT),
        wrapped("PPPoE alone", LinkType::PPP_ETHER, in_pppoe, V4_SEGMENT),
    ]
}

/// What systems put before packets that never were on a wire.
fn pseudo_headers() -> Vec<Wrapped> {
    let (v4, v6) = (&v4_packet(TEXT)[..], &v6_packet(TEXT)[..]);
    let sll = |device: [u8; 2], protocol: [u8; 2], packet: &[u8]| {
        let bytes = [&[0, 0], &device[..], &[0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &protocol, packet].concat();
        (LinkType::LINUX_SLL, bytes)
    };
    let sll2 = [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], v4].concat();
    let tagged = [&[0, 5, 8, 0], v4].concat();
    let radiotap = [&[0, 0, 8, 0, 0, 0, 0, 0, 8, 1, 0, 0], &[0; 20][..], &in_snap(0x0800, v4)].concat();
    let nflog_payload = |packet: &[u8], order: fn(u16) -> [u8; 2]| {
        [&order(length_of(packet) + 4)[..], &order(9), packet].concat()
    };
    let prefixed = [2, 0, 0, 1, 6, 0, 10, 0, b'x', 0, 0, 0];
    let nflog = [&prefixed[..], &nflog_payload(v4, u16::to_le_bytes)].concat();
    let marked = [10, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0, 1, 0, 8, 0x80, 18, 0, 0, 0, 0];
    let nflog_swapped = [&marked[..], &nflog_payload(v6, u16::to_be_bytes)].concat();
    let loopback = |family: [u8; 4], packet: &[u8]| (LinkType::NULL, [&family[..], packet].concat());
    [
        ("raw IPv4", (LinkType::RAW, v4.to_vec()), V4_SEGMENT),
        ("raw IPv6", (LinkType::RAW, v6.to_vec()), V6_SEGMENT),
        ("raw by BSD's number", (LinkType::RAW_BSD, v4.to_vec()), V4_SEGMENT),
        ("raw by OpenBSD's number", (LinkType::RAW_OPENBSD, v6.to_vec()), V6_SEGMENT),
        ("IPv4 alone", (LinkType::IPV4, v4.to_vec()), V4_SEGMENT),
        ("IPv6 alone", (LinkType::IPV6, v6.to_vec()), V6_SEGMENT),
        ("loopback, little-endian", loopback([2, 0, 0, 0], v4), V4_SEGMENT),
        ("loopback, big-endian", loopback([0, 0, 0, 2], v4), V4_SEGMENT),
        ("loopback of macOS", loopback([30, 0, 0, 0], v6), V6_SEGMENT),
        ("loopback of FreeBSD", loopback([28, 0, 0, 0], v6), V6_SEGMENT),
        ("loopback of OpenBSD", (LinkType::LOOP, [&[0, 0, 0, 24], v6].concat()), V6_SEGMENT),
        ("cooked", sll([0, 1], [8, 0], v4), V4_SEGMENT),
        ("cooked of a tunnel", sll([0xff, 0xfe], [0x86, 0xdd], v6), V6_SEGMENT),
        ("cooked with a tag", sll([0, 1], [0x81, 0], &tagged), V4_SEGMENT),
        ("cooked LLC", sll([0, 1], [0, 4], &in_snap(0x0800, v4)), V4_SEGMENT),
        ("cooked radiotap", sll([3, 35], [0, 4], &radiotap), V4_SEGMENT),
        ("cooked 802.11", sll([3, 33], [0, 4], &radiotap[8..]), V4_SEGMENT),
        ("cooked 2", (LinkType::LINUX_SLL2, sll2), V4_SEGMENT),
        ("NFLOG", (LinkType::NFLOG, nflog), V4_SEGMENT),
        ("NFLOG, big-endian", (LinkType::NFLOG, nflog_swapped), V6_SEGMENT),
        ("PFLOG", (LinkType::PFLOG, [&[61, 2], &[0; 62][..], v4].concat()), V4_SEGMENT),
        ("ENC", (LinkType::ENC, [&[2, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 0, 0, 1], v4].concat()), V4_SEGMENT),
    ]
    .into_iter()
    .map(|(name, (link, bytes), segment)| wrapped(name, link, bytes, segment))
    .collect()
}

fn wi_fi() -> Vec<Wrapped> {
    let (v4, v6) = (in_snap(0x0800, &v4_packet(TEXT)), in_snap(0x86dd, &v6_packet(TEXT)));
    // Duration, three addresses, sequence.
    let rest = [[0; 20].as_slice(), &[0x50, 0xba]].concat();
    let data = |control: [u8; 2], more: &[u8], body: &[u8]| [&control[..], &rest, more, body].concat();
    let with_qos = data([0x88, 2], &[0, 0], &v4);
    let padded = data([0x88, 2], &[0, 0, 0, 0], &v4);
    let radiotap = |header: &[u8], frame: &[u8]| (LinkType::IEEE802_11_RADIOTAP, [header, frame].concat());
    let clock_and_flags = [0, 0, 17, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20];
    let two_bitmaps = [0, 0, 13, 0, 2, 0, 0, 0x80, 0, 0, 0, 0, 0x20];
    [
        ("802.11", (LinkType::IEEE802_11, data([8, 1], &[], &v4)), V4_SEGMENT),
        ("802.11, four addresses", (LinkType::IEEE802_11, data([8, 3], &[2; 6], &v6)), V6_SEGMENT),
        ("802.11, QoS", (LinkType::IEEE802_11, with_qos.clone()), V4_SEGMENT),
        (
            "802.11, QoS, HT control",
            (LinkType::IEEE802_11, data([0x88, 0x82], &[0, 0, 1, 2, 3, 4], &v4)),
            V4_SEGMENT,
        ),
        ("radiotap", radiotap(&[0, 0, 8, 0, 0, 0, 0, 0], &with_qos), V4_SEGMENT),
        ("radiotap, clock, padding", radiotap(&clock_and_flags, &padded), V4_SEGMENT),
        ("radiotap, two bitmaps, padding", radiotap(&two_bitmaps, &padded), V4_SEGMENT),
    ]
    .into_iter()
    .map(|(name, (link, bytes), segment)| wrapped(name, link, bytes, segment))
    .collect()
}

fn behind_ethernet() -> Vec<Wrapped> {
    let (v4, v6) = (&v4_packet(TEXT)[..], &v6_packet(TEXT)[..]);
    let inner = ethernet(0x0800, v4);
    let snap = in_snap(0x0800, v4);
    let bridged_snap = [&[0xaa, 0xaa, 3, 0, 0, 0xf8, 0x86, 0xdd], v6].concat();
    let llc_ip = [&[6, 6, 3], v4].concat();
    let padded_pppoe = [&pppoe(&[&[0, 0x21], v4].concat())[..], &[0; 9]].concat();
    [
        ("plain", ethernet(0x0800, v4), V4_SEGMENT),
        ("plain IPv6", ethernet(0x86dd, v6), V6_SEGMENT),
        ("802.1Q", ethernet(0x8100, &[&[0, 5, 8, 0], v4].concat()), V4_SEGMENT),
        ("802.1ad", ethernet(0x88a8, &[&[0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], v6].concat()), V6_SEGMENT),
        ("old QinQ", ethernet(0x9100, &[&[0, 5, 0x81, 0, 0, 6, 8, 0], v4].concat()), V4_SEGMENT),
        ("802.1ah", ethernet(0x88e7, &[&[0, 0, 0, 9], &inner[..]].concat()), V4_SEGMENT),
        ("VN-Tag", ethernet(0x8926, &[&[0, 1, 0, 2, 8, 0], v4].concat()), V4_SEGMENT),
        ("SNAP", ethernet(length_of(&snap), &snap), V4_SEGMENT),
        ("bridged SNAP", ethernet(length_of(&bridged_snap), &bridged_snap), V6_SEGMENT),
        ("LLC's own IP", ethernet(length_of(&llc_ip), &llc_ip), V4_SEGMENT),
        (
            "SNAP in a tag",
            ethernet(0x8100, &[&[0, 5], &length_of(&snap).to_be_bytes()[..], &snap].concat()),
            V4_SEGMENT,
        ),
        ("MPLS", ethernet(0x8847, &[&[0, 1, 1, 64], v4].concat()), V4_SEGMENT),
        (
            "3 MPLS labels",
            ethernet(0x8848, &[&[0, 1, 0, 64, 0, 2, 0, 64, 0, 3, 1, 64], v6].concat()),
            V6_SEGMENT,
        ),
        ("pseudowire", ethernet(0x8847, &[&[0, 1, 1, 64], &inner[..]].concat()), V4_SEGMENT),
        (
            "pseudowire, control word",
            ethernet(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 1], &inner[..]].concat()),
            V4_SEGMENT,
        ),
        ("PPPoE", ethernet(0x8864, &padded_pppoe), V4_SEGMENT),
    ]
    .into_iter()
    .map(|(name, bytes, segment)| wrapped(name, LinkType::ETHERNET, bytes, segment))
    .collect()
}

fn behind_ip() -> Vec<Wrapped> {
    let (v4, v6) = (&v4_packet(TEXT)[..], &v6_packet(TEXT)[..]);
    let tcp = tcp_bytes(TEXT);
    let inner = ethernet(0x0800, v4);
    let gre = |header: &[u8], payload: &[u8]| outer_v4(47, &[header, payload].concat());
    let with_extension =
        |next_header: u8, extension: &[u8]| v6_header(next_header, &[extension, &tcp].concat());
    let all_extensions = [
        &[60, 0, 1, 4, 0, 0, 0, 0][..],
        &[43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[44, 0, 0, 0, 0, 0, 0, 0],
        &[51, 0, 0, 0, 0, 0, 0, 7],
        &[135, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2],
        &[6, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let with_options = {
        let mut packet = v4.to_vec();
        packet[0] = 0x47;
        packet[3] += 8;
        packet.splice(20..20, [0x94, 4, 0, 0, 1, 1, 1, 0]);
        packet
    };
    [
        ("IPv4 options", with_options, V4_SEGMENT),
        ("hop-by-hop", with_extension(0, &[6, 0, 1, 4, 0, 0, 0, 0]), V6_SEGMENT),
        ("all extension headers", with_extension(0, &all_extensions), V6_SEGMENT),
        ("atomic fragment", with_extension(44, &[6, 0, 0, 0, 1, 2, 3, 4]), V6_SEGMENT),
        ("AH", outer_v4(51, &[&[4, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], v4].concat()), V4_SEGMENT),
        ("IP in IP", outer_v4(4, v4), V4_SEGMENT),
        ("6in4", outer_v4(41, v6), V6_SEGMENT),
        ("4in6", v6_header(4, v4), V4_SEGMENT),
        ("EtherIP", outer_v4(97, &[&[0x30, 0], &inner[..]].concat()), V4_SEGMENT),
        ("MPLS in IP", outer_v4(137, &[&[0, 1, 1, 64], v4].concat()), V4_SEGMENT),
        ("GRE", gre(&[0, 0, 8, 0], v4), V4_SEGMENT),
        ("GRE, all fields", gre(&[0xb0, 0, 0x86, 0xdd, 9, 9, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6], v6), V6_SEGMENT),
        ("GRE, Ethernet", gre(&[0x20, 0, 0x65, 0x58, 0, 0, 0, 5], &inner), V4_SEGMENT),
        ("GRE, MPLS", gre(&[0, 0, 0x88, 0x47, 0, 1, 1, 64], v4), V4_SEGMENT),
        (
            "PPTP",
            gre(&[0x30, 0x81, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xff, 3, 0, 0x21], v4),
            V4_SEGMENT,
        ),
        ("ERSPAN I", gre(&[0, 0, 0x88, 0xbe], &inner), V4_SEGMENT),
        ("ERSPAN II", gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 1, 0, 0, 0, 2], &inner), V4_SEGMENT),
        (
            "ERSPAN III",
            gre(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0], &inner),
            V4_SEGMENT,
        ),
        (
            "ERSPAN III, subheader",
            gre(
                &[
                    0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 8, 7, 6, 5, 4, 3,
                    2, 1,
                ],
                &inner,
            ),
            V4_SEGMENT,
        ),
    ]
    .into_iter()
    .map(|(name, bytes, segment)| wrapped(name, LinkType::RAW, bytes, segment))
    .collect()
}

fn behind_udp() -> Vec<Wrapped> {
    let (v4, v6) = (&v4_packet(TEXT)[..], &v6_packet(TEXT)[..]);
    let inner = ethernet(0x0800, v4);
    let with = |port: u16, header: &[u8], payload: &[u8]| udp(port, &[header, payload].concat());
    let gtp = |flags: u8, optional: &[u8], payload: &[u8]| {
        let [high, low] = u16::try_from(optional.len() + payload.len()).expect("it fits").to_be_bytes();
        with(2152, &[&[flags, 255, high, low, 0, 0, 0, 9], optional].concat(), payload)
    };
    [
        ("VXLAN", with(4789, &[8, 0, 0, 0, 0, 0, 5, 0], &inner), V4_SEGMENT),
        ("VXLAN of old", with(8472, &[8, 0, 0, 0, 0, 0, 5, 0], &inner), V4_SEGMENT),
        ("VXLAN, group policy", with(4789, &[0x88, 0x40, 1, 2, 0, 0, 5, 0], &inner), V4_SEGMENT),
        ("Geneve", with(6081, &[0, 0, 0x65, 0x58, 0, 0, 5, 0], &inner), V4_SEGMENT),
        (
            "Geneve, options",
            with(6081, &[2, 0x40, 0x65, 0x58, 0, 0, 5, 0, 1, 2, 3, 1, 9, 9, 9, 9], &inner),
            V4_SEGMENT,
        ),
        ("Geneve, IPv4", with(6081, &[0, 0, 8, 0, 0, 0, 5, 0], v4), V4_SEGMENT),
        ("Geneve, IPv6", with(6081, &[0, 0, 0x86, 0xdd, 0, 0, 5, 0], v6), V6_SEGMENT),
        ("GTP-U", gtp(0x30, &[], v4), V4_SEGMENT),
        ("GTP-U, sequence", gtp(0x32, &[0, 1, 0, 0], v6), V6_SEGMENT),
        ("GTP-U, extensions", gtp(0x36, &[0, 1, 0, 0x85, 1, 0x10, 5, 0xc0, 1, 1, 2, 0], v4), V4_SEGMENT),
        ("Teredo", with(3544, &[], v6), V6_SEGMENT),
        ("Teredo, origin", with(3544, &[0, 0, 1, 2, 3, 4, 5, 6], v6), V6_SEGMENT),
        (
            "Teredo, authentication",
            with(3544, &[0, 1, 0, 2, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0], v6),
            V6_SEGMENT,
        ),
    ]
    .into_iter()
    .map(|(name, bytes, segment)| wrapped(name, LinkType::RAW, bytes, segment))
    .collect()
}

#[test]
fn finds_the_innermost_segment_in_every_wrapping() {
    for Wrapped { name, link, bytes, segment } in wrappings() {
        assert_eq!(outcome(link, &bytes), segment, "{name}");
    }
}

#[test]
fn a_cut_anywhere_leaves_a_beginning_of_the_payload_and_the_rest_as_cut() {
    for Wrapped { name, link, bytes, .. } in wrappings() {
        let mut segments = 0;
        for kept in 0..bytes.len() {
            let cut_frame = Frame { bytes: &bytes[..kept], ..frame(link, &bytes) };
            match decoder().decode(&cut_frame) {
                Decoded::Segment(segment) => {
                    segments += 1;
                    assert!(TEXT.starts_with(segment.payload), "{name} cut to {kept}");
                    let whole = segment.payload.len() + segment.cut as usize;
                    assert_eq!(whole, TEXT.len(), "{name} cut to {kept}");
                }
                Decoded::Ignored(reason) => assert_eq!(reason, "cut short", "{name} cut to {kept}"),
                Decoded::Other => assert!(bytes.len() - kept > TEXT.len(), "{name} cut to {kept}"),
                Decoded::Fragment => panic!("{name} cut to {kept}: a fragment"),
                Decoded::SegmentError(_) | Decoded::NameQuery(_) => {
                    panic!("{name} cut to {kept}: no TCP segment")
                }
            }
        }
        assert!(segments >= TEXT.len(), "{name}: payload was given up");
    }
}

#[test]
fn a_wrapping_inside_a_wrapping_is_followed_too() {
    for Wrapped { name, link, bytes, segment } in wrappings() {
        let is_network_layer = link == LinkType::RAW;
        if is_network_layer {
            let ether_type = if bytes[0] >> 4 == 4 { 0x0800 } else { 0x86dd };
            let in_ethernet = ethernet(ether_type, &bytes);
            let vxlan = udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], &in_ethernet[..]].concat());
            assert_eq!(outcome(LinkType::RAW, &vxlan), segment, "{name} in VXLAN");
        }
    }
}

#[test]
fn a_routing_header_with_hops_to_go_names_the_last_of_them() {
    let last = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let to_last = V6_SEGMENT.replace("::7", "::9");
    let tcp = tcp_bytes(TEXT);
    for (name, kind, hops_left, addresses, segment) in [
        ("source route", 0, 2, [SERVER_V6, last], to_last.as_str()),
        ("segment list", 4, 1, [last, SERVER_V6], &to_last),
        ("home address", 2, 1, [last, last], &to_last),
        ("arrived", 4, 0, [last, SERVER_V6], V6_SEGMENT),
        ("unknown kind", 253, 1, [last, last], V6_SEGMENT),
    ] {
        let routing = [&[6, 4, kind, hops_left, 0, 0, 0, 0], addresses.concat().as_slice(), &tcp].concat();
        assert_eq!(outcome(LinkType::RAW, &v6_header(43, &routing)), segment, "{name}");
    }
}

#[test]
fn what_is_not_tcp_is_other() {
    let v4 = &v4_packet(TEXT)[..];
    let data_frame = [&[0x08, 0x01, 0, 0], &[2; 18][..], &[0x50, 0xba]].concat();
    let null_data = [&[0x48], &data_frame[1..]].concat();
    for (name, link, bytes) in [
        ("ARP", LinkType::ETHERNET, ethernet(0x0806, &[0; 28])),
        ("spanning tree", LinkType::ETHERNET, ethernet(3, &[0x42, 0x42, 3])),
        ("SNAP of a vendor", LinkType::ETHERNET, ethernet(8, &[0xaa, 0xaa, 3, 0, 0, 0xc, 0x20, 0])),
        ("PPPoE's keep-alive", LinkType::ETHERNET, ethernet(0x8864, &pppoe(&[0xc0, 0x21, 9, 0]))),
        ("ICMP", LinkType::RAW, outer_v4(1, &[8, 0, 0, 0])),
        ("ICMPv6", LinkType::RAW, v6_header(58, &[128, 0, 0, 0])),
        ("no next header", LinkType::RAW, v6_header(59, &[])),
        ("ESP", LinkType::RAW, outer_v4(50, &[0; 32])),
        ("DNS", LinkType::RAW, udp(53, v4)),
        ("GRE's keep-alive", LinkType::RAW, outer_v4(47, &[0, 0, 0, 0])),
        ("a fragment of ICMP", LinkType::RAW, with_fragment_bits(outer_v4(1, &[0; 32]), 0x2000)),
        ("netlink", LinkType::LINUX_SLL, [&[0, 4, 3, 56], &[0; 12][..]].concat()),
        ("ISO loopback", LinkType::NULL, vec![7, 0, 0, 0, 1, 2, 3, 4]),
        ("beacon", LinkType::IEEE802_11, vec![0x80, 0, 0, 0]),
        ("null data", LinkType::IEEE802_11, null_data),
    ] {
        assert_eq!(outcome(link, &bytes), "other", "{name}");
    }
}

fn with_fragment_bits(mut packet: Vec<u8>, bits: u16) -> Vec<u8> {
    packet[6..8].copy_from_slice(&bits.to_be_bytes());
    packet
}

#[test]
fn a_tunnels_port_without_its_content_is_other() {
    let v4 = &v4_packet(TEXT)[..];
    let inner = &ethernet(0x0800, v4)[..];
    let length = u8::try_from(v4.len()).expect("it fits");
    for (name, port, header, payload) in [
        ("VXLAN without its flag", 4789, &[0, 0, 0, 0, 0, 0, 5, 0][..], inner),
        ("VXLAN with reserved bits", 4789, &[8, 0, 0, 0, 0, 0, 5, 1], inner),
        ("VXLAN of one byte", 4789, &[8], &[]),
        ("Geneve of another version", 6081, &[0x40, 0, 0x65, 0x58, 0, 0, 5, 0], inner),
        ("Geneve's own control", 6081, &[0, 0x80, 0x65, 0x58, 0, 0, 5, 0], inner),
        ("Geneve with options beyond", 6081, &[0x3f, 0, 8, 0, 0, 0, 5, 0], v4),
        ("Geneve with ARP", 6081, &[0, 0, 8, 6, 0, 0, 5, 0], v4),
        ("GTP-U's echo", 2152, &[0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0], &[]),
        ("GTP-U longer than its datagram", 2152, &[0x30, 255, 1, length, 0, 0, 0, 9], v4),
        (
            "GTP-U with an empty extension",
            2152,
            &[0x34, 255, 0, 8, 0, 0, 0, 9, 0, 0, 0, 0x85, 0, 0, 0, 0],
            &[],
        ),
        ("GTP-U with Ethernet", 2152, &[0x30, 255, 0, length, 0, 0, 0, 9], inner),
        ("Teredo with IPv4", 3544, &[], v4),
        ("Teredo's bubble of nothing", 3544, &[0, 0, 1, 2, 3, 4, 5, 6], &[]),
    ] {
        assert_eq!(outcome(LinkType::RAW, &udp(port, &[header, payload].concat())), "other", "{name}");
    }
}

#[test]
fn wi_fi_frames_that_hide_their_content_say_why() {
    let data_frame = |kind: u8, flags: u8, sequence: u8, qos: &[u8]| {
        [&[kind, flags, 0, 0], &[2; 18][..], &[sequence, 0xba], qos, &[0xaa; 64]].concat()
    };
    for (bytes, reason) in [
        (data_frame(0x08, 0x41, 0x50, &[]), "encrypted Wi-Fi frame"),
        (data_frame(0x08, 0x05, 0x50, &[]), "fragmented Wi-Fi frame"),
        (data_frame(0x08, 0x01, 0x51, &[]), "fragmented Wi-Fi frame"),
        (data_frame(0x88, 0x01, 0x50, &[0x80, 0]), "aggregated Wi-Fi frame"),
    ] {
        assert_eq!(outcome(LinkType::IEEE802_11, &bytes), reason);
    }
}

#[test]
fn headers_nested_deeper_than_the_limit_are_given_up_and_counted() {
    let nested = |layers: usize| (0..layers).fold(v4_packet(TEXT), |packet, _| outer_v4(4, &packet));
    let mut decoder = Decoder::new(&Limits { encapsulation_depth: 16, ..Limits::default() });
    // The packet's own two headers count too.
    assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &nested(14)))), V4_SEGMENT);
    assert_eq!(decoder.limits().iter().count(), 0);
    assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &nested(15)))), "nested too deep");
    let limits: Vec<_> = decoder.limits().iter().map(|(name, count)| (name.name(), count)).collect();
    assert_eq!(limits, [("encapsulation", 1)]);
    assert_eq!(decoder.ignored().into_iter().collect::<Vec<_>>(), [("nested too deep", 1)]);
}
