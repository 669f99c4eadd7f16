//! Bytes from whoever sends packets: nothing panics, and no payload comes from elsewhere than the frame.

use proptest::prelude::*;

use super::*;

const LINKS: [LinkType; 19] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::RAW_BSD,
    LinkType::PPP_HDLC,
    LinkType::PPP_ETHER,
    LinkType::RAW,
    LinkType::C_HDLC,
    LinkType::IEEE802_11,
    LinkType::LOOP,
    LinkType::ENC,
    LinkType::LINUX_SLL,
    LinkType::PFLOG,
    LinkType::IEEE802_11_RADIOTAP,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::NFLOG,
    LinkType::LINUX_SLL2,
    LinkType(65_535),
];

/// Decodes, and holds what comes of it to the frame.
fn check(decoder: &mut Decoder, frame: &Frame<'_>) -> Result<(), TestCaseError> {
    if let Decoded::Segment(segment) = decoder.decode(frame) {
        let whole = segment.payload.len() as u64 + u64::from(segment.cut);
        prop_assert!(whole <= u64::from(frame.wire_len));
        let (frame, payload) = (frame.bytes.as_ptr_range(), segment.payload.as_ptr_range());
        let is_inside = frame.start <= payload.start && payload.end <= frame.end;
        prop_assert!(is_inside || segment.payload.is_empty());
    }
    Ok(())
}

/// Headers that lead on, so that random bytes get deep.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let ether_types = prop::sample::select(vec![
        0x0800_u16, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x8864, 0x6558, 0x880b, 0x88e7, 0x8926, 12,
    ]);
    let ports = prop::sample::select(vec![4789_u16, 8472, 6081, 2152, 3544]);
    let protocols = prop::sample::select(vec![6_u8, 4, 41, 47, 17, 51, 97, 137, 0, 43, 44, 60, 135]);
    prop_oneof![
        ether_types.prop_map(|ether_type| ethernet(ether_type, &[])),
        (protocols.clone(), any::<u16>(), 5_u8..8).prop_map(|(protocol, total, words)| {
            let [high, low] = total.to_be_bytes();
            vec![0x40 | words, 0, high & 1, low, 0, 0, 0, 0, 64, protocol, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
        }),
        (protocols, any::<u8>()).prop_map(|(next, low)| {
            [&[0x60, 0, 0, 0, 0, low, next, 64][..], &CLIENT_V6, &SERVER_V6].concat()
        }),
        (ports, any::<u8>()).prop_map(|(port, low)| {
            let [high_port, low_port] = port.to_be_bytes();
            vec![0, 1, high_port, low_port, 0, low, 0, 0]
        }),
        Just(vec![0x08, 0, 0, 0, 0, 0, 5, 0]),
        Just(vec![0x00, 0, 0x65, 0x58, 0, 0, 5, 0]),
        Just(vec![0x30, 255, 0, 40, 0, 0, 0, 9]),
        Just(vec![0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
        prop::collection::vec(any::<u8>(), 0..24),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_do_no_harm_behind_any_link(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        beyond in 0_u32..2000,
    ) {
        for link in LINKS {
            let mut decoder = decoder();
            let wire_len = u32::try_from(bytes.len()).expect("it fits") + beyond;
            check(&mut decoder, &Frame { wire_len, ..frame(link, &bytes) })?;
        }
    }

    #[test]
    fn headers_in_any_order_do_no_harm(
        headers in prop::collection::vec(header(), 0..8),
        beyond in 0_u32..100,
    ) {
        let bytes = headers.concat();
        for link in LINKS {
            let mut decoder = decoder();
            let wire_len = u32::try_from(bytes.len()).expect("it fits") + beyond;
            check(&mut decoder, &Frame { wire_len, ..frame(link, &bytes) })?;
        }
    }

    #[test]
    fn damaged_packets_do_no_harm(
        damage in prop::collection::vec((0_usize..160, any::<u8>()), 0..4),
        kept in 0_usize..160,
    ) {
        let tunnel = udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], &ethernet(0x86dd, &v6_packet(TEXT))[..]].concat());
        let mut bytes = ethernet(0x0800, &tunnel);
        for (at, value) in damage {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let kept = bytes.get(..kept).unwrap_or(&bytes);
        check(&mut decoder(), &Frame { bytes: kept, ..frame(LinkType::ETHERNET, &bytes) })?;
    }

    #[test]
    fn fragments_of_anything_keep_their_caps(
        fragments in prop::collection::vec((any::<u16>(), 0_u16..4, 0_usize..64, any::<u8>()), 1..80),
    ) {
        let limits = Limits { fragmented_datagrams: 3, fragment_bytes: 600, ..Limits::default() };
        let mut decoder = Decoder::new(&limits);
        for (bits, number, length, value) in fragments {
            let mut packet = outer_v4(6, &vec![value; length]);
            packet[4..6].copy_from_slice(&number.to_be_bytes());
            packet[6..8].copy_from_slice(&(bits & 0x200f).to_be_bytes());
            decoder.decode(&frame(LinkType::RAW, &packet));
            let (datagrams, cost) = decoder.fragments.usage();
            prop_assert!(datagrams <= 3 && cost <= 600);
        }
    }
}
