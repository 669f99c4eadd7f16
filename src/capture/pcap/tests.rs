use super::super::testing::{MICROSECONDS, NANOSECONDS, Order, Packet, pcap, pcap_header, pcap_record, read};
use super::MODIFIED;
use crate::decode::LinkType;
use crate::report::CaptureFormat;

const HELLO: &[u8] = b"hello";

#[test]
fn times_are_told_in_both_byte_orders_and_both_units() {
    for order in [Order::Little, Order::Big] {
        for (magic, fraction, nanos) in [
            (MICROSECONDS, 7, 3_000_007_000),
            (NANOSECONDS, 7, 3_000_000_007),
            // A fraction of more than a second is still a time.
            (MICROSECONDS, 1_500_000, 4_500_000_000),
            (NANOSECONDS, u32::MAX, 7_294_967_295),
        ] {
            let mut file = pcap_header(order, magic, 1);
            file.extend(pcap_record(order, (3, fraction), (5, 5), HELLO));
            let (packets, source) = read(&file).unwrap();
            assert_eq!(packets, [Packet::at(nanos, HELLO)], "{order:?} {magic:x}");
            assert_eq!((source.format, source.compression, source.damage), (CaptureFormat::Pcap, None, None));
        }
    }
}

#[test]
fn seconds_go_on_after_2038() {
    let mut file = pcap_header(Order::Big, MICROSECONDS, 1);
    file.extend(pcap_record(Order::Big, (u32::MAX, 999_999), (5, 5), HELLO));
    assert_eq!(read(&file).unwrap().0, [Packet::at(4_294_967_295_999_999_000, HELLO)]);
}

#[test]
fn modified_pcap_has_longer_packet_headers() {
    for order in [Order::Little, Order::Big] {
        let mut file = pcap_header(order, MODIFIED, 1);
        for second in 1..=2 {
            let mut tail = b"\x02\0\0\0\x08\0\0\0".to_vec();
            tail.extend(HELLO);
            file.extend(pcap_record(order, (second, 0), (5, 9), &tail));
        }
        let (packets, source) = read(&file).unwrap();
        assert_eq!(packets.iter().map(|packet| &*packet.bytes).collect::<Vec<_>>(), [HELLO, HELLO]);
        assert_eq!((source.truncated_packets, source.damage), (2, None));
        // Cut inside the longer header.
        let (packets, source) = read(&file[..file.len() - 9]).unwrap();
        assert_eq!(packets.len(), 1);
        assert!(source.damage.unwrap().contains("20 of 29 bytes"));
    }
}

/// A file of which each packet header is followed by these bytes.
fn with_longer_headers(order: Order, magic: u32, extra: &[u8], packets: &[&[u8]]) -> Vec<u8> {
    let mut file = pcap_header(order, magic, 1);
    for (second, bytes) in (1_700_000_000..).zip(packets) {
        let length = u32::try_from(bytes.len()).unwrap();
        file.extend(pcap_record(order, (second, 7), (length, length), &[extra, bytes].concat()));
    }
    file
}

const INTERFACE: &[u8] = b"\x02\0\0\0\x08\0\x04\0";
const INTERFACE_AND_PROCESSORS: &[u8] = b"\x02\0\0\0\x08\0\x04\x01\0\0\0\0";
const PACKET: &[u8] = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\x45\0\0\x2c\0\0\x40\0\x40\x06";

#[test]
fn longer_packet_headers_than_the_magic_number_says_are_known_by_the_packets() {
    for order in [Order::Little, Order::Big] {
        for (name, magic, extra, least) in [
            ("usual", MICROSECONDS, &b""[..], 1),
            ("Red Hat 6.1", MICROSECONDS, INTERFACE, 1),
            ("Nokia", MICROSECONDS, b"\xa5\x5a\xff\x01", 2),
            ("Kuznetzov", MODIFIED, INTERFACE, 1),
            ("SuSE 6.3", MODIFIED, INTERFACE_AND_PROCESSORS, 1),
        ] {
            for count in least..40 {
                let file = with_longer_headers(order, magic, extra, &vec![PACKET; count]);
                let (packets, source) = read(&file).unwrap();
                assert_eq!(source.damage, None, "{name} {order:?} {count}");
                assert!(packets.iter().all(|packet| &*packet.bytes == PACKET), "{name} {order:?} {count}");
                assert_eq!(packets.len(), count, "{name} {order:?}");
            }
        }
    }
}

#[test]
fn packets_of_all_lengths_are_read_behind_longer_headers() {
    let long: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let packets: Vec<&[u8]> = vec![PACKET, b"", &long, HELLO, PACKET, &long[..60]];
    let file = with_longer_headers(Order::Little, MICROSECONDS, INTERFACE, &packets);
    let (read, source) = read(&file).unwrap();
    assert_eq!(read.iter().map(|packet| &*packet.bytes).collect::<Vec<_>>(), packets);
    assert_eq!(source.damage, None);
}

#[test]
fn a_damaged_file_has_usual_headers_unless_longer_ones_lead_from_packet_to_packet() {
    let mut file = with_longer_headers(Order::Little, MICROSECONDS, b"", &[PACKET, PACKET]);
    file.extend([0xff; 40]);
    let (packets, source) = read(&file).unwrap();
    assert_eq!(packets.len(), 2);
    assert!(source.damage.is_some());
    // A file that ends within a header, as one does that is still being written.
    let file = with_longer_headers(Order::Little, MICROSECONDS, b"", &[PACKET, PACKET, PACKET]);
    for end in 24..file.len() {
        let (packets, _) = read(&file[..end]).unwrap();
        assert_eq!(packets.len(), (end - 24) / 40, "{end}");
    }
}

#[test]
fn the_wire_length_is_never_less_than_what_was_kept() {
    for (claimed, told) in [(0, 5), (4, 5), (5, 5), (1500, 1500), (u32::MAX, u32::MAX)] {
        let mut file = pcap_header(Order::Little, MICROSECONDS, 1);
        file.extend(pcap_record(Order::Little, (1, 0), (5, claimed), HELLO));
        let (packets, source) = read(&file).unwrap();
        assert_eq!(packets[0].wire_len, told);
        assert_eq!(source.bytes, u64::from(told));
        assert_eq!(source.truncated_packets, u64::from(told > 5));
    }
}

#[test]
fn old_versions_may_have_the_two_lengths_the_other_way_round() {
    for (minor, swapped) in [(3, true), (2, true), (4, false)] {
        let mut file = pcap_header(Order::Little, MICROSECONDS, 1);
        file[6] = minor;
        file.extend(pcap_record(Order::Little, (1, 0), if swapped { (60, 5) } else { (5, 60) }, HELLO));
        let (packets, source) = read(&file).unwrap();
        assert_eq!((packets[0].wire_len, source.damage), (60, None), "2.{minor}");
    }
}

#[test]
fn versions_that_nobody_wrote_are_refused() {
    for (major, minor, known) in [(2, 0, true), (543, 0, true), (2, 5, false), (1, 4, false), (9, 9, false)] {
        let mut file = pcap_header(Order::Little, MICROSECONDS, 1);
        file[4..6].copy_from_slice(&u16::to_le_bytes(major));
        file[6..8].copy_from_slice(&u16::to_le_bytes(minor));
        match read(&file) {
            Ok((packets, _)) => assert!(known && packets.is_empty()),
            Err(error) => {
                let version = format!("pcap version {major}.{minor}");
                assert!(!known && error.to_string().contains(&version), "{error}");
            }
        }
    }
}

#[test]
fn the_upper_half_of_the_link_type_tells_of_check_sequences() {
    let file = pcap_header(Order::Little, MICROSECONDS, 0x2400_0071);
    assert_eq!(read(&file).unwrap().1.link_types, ["LINUX_SLL"]);
    let error = read(&pcap_header(Order::Little, MICROSECONDS, 254)).unwrap_err();
    assert!(error.to_string().contains("link type 254"), "{error}");
    assert_eq!(LinkType(254).name(), None);
}

#[test]
fn a_cut_file_gives_every_whole_packet_and_says_where_it_ends() {
    let packets: Vec<Packet> = (1..4).map(|second| Packet::at(second * 1_000_000_000, HELLO)).collect();
    let file = pcap(Order::Little, &packets);
    for end in 0..=file.len() {
        let cut = read(&file[..end]);
        if end < 24 {
            assert!(cut.is_err(), "{end} bytes");
            continue;
        }
        let (read, source) = cut.unwrap();
        assert_eq!(read, packets[..(end - 24) / 21], "{end} bytes");
        let whole = (end - 24) % 21 == 0;
        assert_eq!(source.damage.is_none(), whole, "{end} bytes: {:?}", source.damage);
        if !whole {
            let damage = source.damage.unwrap();
            let place = format!("at byte {}:", end - (end - 24) % 21);
            assert!(damage.contains(&place) && damage.contains("in the middle"), "{damage}");
        }
    }
}

#[test]
fn a_packet_longer_than_any_packet_is_damage() {
    let mut file = pcap(Order::Big, &[Packet::at(1, HELLO)]);
    file.extend(pcap_record(Order::Big, (1, 0), (1024 * 1024 + 1, 60), HELLO));
    file.extend(pcap_record(Order::Big, (1, 0), (5, 5), HELLO));
    let (packets, source) = read(&file).unwrap();
    assert_eq!(packets.len(), 1);
    assert_eq!(
        source.damage.unwrap(),
        "reading stopped after packet 1, at byte 45: the next packet claims to have 1048577 bytes, and 1048576 \
         are allowed"
    );
}

#[test]
fn a_packet_as_long_as_allowed_is_read() {
    let long = vec![7; 1024 * 1024];
    let file = pcap(Order::Little, &[Packet::at(1, HELLO), Packet::at(2, &long), Packet::at(3, HELLO)]);
    let (packets, source) = read(&file).unwrap();
    assert_eq!(packets.iter().map(|packet| packet.bytes.len()).collect::<Vec<_>>(), [5, long.len(), 5]);
    assert_eq!(source.damage, None);
}
