use super::super::Frames;
use super::super::testing::{
    Order, Packet, block, enhanced, interface, option, pcapng, read, read_with, section,
};
use crate::base::{LimitName, Limits};
use crate::decode::LinkType;
use crate::report::CaptureFormat;

const HELLO: &[u8] = b"hello";
const BOTH: [Order; 2] = [Order::Little, Order::Big];

#[test]
fn times_are_told_in_every_unit() {
    for (resolution, ticks, nanos) in [
        (0, 3, 3_000_000_000),
        (3, 3_007, 3_007_000_000),
        (6, 3_000_007, 3_000_007_000),
        (9, 3_000_000_007, 3_000_000_007),
        (12, 3_000_000_007_999, 3_000_000_007),
        (28, u64::MAX, 1),
        (127, u64::MAX, 0),
        (0, u64::MAX, i64::MAX),
        (9, u64::MAX, i64::MAX),
        (0x80, 3, 3_000_000_000),
        (0x8a, 3 * 1024 + 512, 3_500_000_000),
        (0xa0, (3 << 32) | (1 << 31), 3_500_000_000),
        (0xbf, u64::MAX, 1_999_999_999),
        (0xff, u64::MAX, 0),
    ] {
        for order in BOTH {
            let mut file = section(order);
            file.extend(interface(order, 1, 0, &option(order, 9, &[resolution])));
            file.extend(enhanced(order, 0, ticks, HELLO));
            assert_eq!(read(&file).unwrap().0, [Packet::at(nanos, HELLO)], "{resolution} {ticks}");
        }
    }
}

#[test]
fn times_are_in_microseconds_and_from_1970_unless_said_otherwise() {
    let order = Order::Little;
    for (seconds, nanos) in [(None, 3_000), (Some(10), 10_000_003_000), (Some(-1), -999_997_000)] {
        let options = seconds.map(|seconds: i64| option(order, 14, &seconds.to_le_bytes()));
        let mut file = section(order);
        file.extend(interface(order, 1, 0, &options.unwrap_or_default()));
        file.extend(enhanced(order, 0, 3, HELLO));
        assert_eq!(read(&file).unwrap().0[0].nanos, nanos);
    }
}

#[test]
fn options_after_the_end_or_beyond_the_block_are_passed_over() {
    let order = Order::Big;
    for options in [
        [option(order, 0, b""), option(order, 9, &[9])].concat(),
        [option(order, 2, b"eth0"), vec![0, 9, 0, 200, 9, 0, 0, 0]].concat(),
        vec![0, 9, 0],
        option(order, 9, b""),
        option(order, 14, b"short"),
    ] {
        let mut file = section(order);
        file.extend(interface(order, 1, 0, &options));
        file.extend(enhanced(order, 0, 3, HELLO));
        let (packets, source) = read(&file).unwrap();
        assert_eq!((packets, source.damage), (vec![Packet::at(3_000, HELLO)], None), "{options:?}");
    }
}

#[test]
fn each_packet_has_the_link_type_of_its_interface_and_each_section_its_own() {
    let mut file = section(Order::Little);
    file.extend(interface(Order::Little, 1, 0, b""));
    file.extend(interface(Order::Little, 101, 0, b""));
    file.extend(enhanced(Order::Little, 1, 1, HELLO));
    file.extend(enhanced(Order::Little, 0, 2, HELLO));
    file.extend(section(Order::Big));
    file.extend(interface(Order::Big, 113, 0, b""));
    file.extend(interface(Order::Big, 1, 0, b""));
    file.extend(enhanced(Order::Big, 0, 3, HELLO));
    let (packets, source) = read(&file).unwrap();
    let links: Vec<LinkType> = packets.iter().map(|packet| packet.link).collect();
    assert_eq!(links, [LinkType::RAW, LinkType::ETHERNET, LinkType::LINUX_SLL]);
    assert_eq!(source.link_types, ["ETHERNET", "RAW", "LINUX_SLL"]);
    assert_eq!((source.format, source.damage), (CaptureFormat::Pcapng, None));
}

#[test]
fn simple_packets_have_the_time_of_the_packet_before_and_the_first_interfaces_snap_length() {
    for order in BOTH {
        let mut file = section(order);
        file.extend(interface(order, 1, 4, b""));
        file.extend(interface(order, 101, 0, b""));
        file.extend(enhanced(order, 1, 5, HELLO));
        file.extend(block(order, 3, &[&order.u32(60), &b"abcd"[..]].concat()));
        file.extend(block(order, 3, &[&order.u32(3), &b"abc"[..]].concat()));
        let (packets, source) = read(&file).unwrap();
        assert_eq!(packets[1], Packet { wire_len: 60, ..Packet::at(5_000, b"abcd") });
        assert_eq!(packets[2], Packet::at(5_000, b"abc"));
        assert_eq!((source.truncated_packets, source.damage), (1, None));
    }
}

#[test]
fn obsolete_packets_are_read_like_their_successors() {
    for order in BOTH {
        let mut body = [order.u16(0), order.u16(9)].concat();
        for number in [0, 7, 5, 50] {
            body.extend(order.u32(number));
        }
        body.extend(HELLO);
        let mut file = section(order);
        file.extend(interface(order, 1, 0, b""));
        file.extend(block(order, 2, &body));
        assert_eq!(read(&file).unwrap().0, [Packet { wire_len: 50, ..Packet::at(7_000, HELLO) }]);
    }
}

#[test]
fn names_statistics_and_unknown_blocks_are_passed_over_in_silence() {
    let order = Order::Little;
    let mut file = section(order);
    file.extend(interface(order, 1, 0, b""));
    for kind in [4, 5, 9, 0xbad, 0x4000_0bad, 0x8000_0001] {
        file.extend(block(order, kind, b"whatever it is"));
    }
    file.extend(enhanced(order, 0, 1, HELLO));
    let (packets, source) = read(&file).unwrap();
    assert_eq!((packets.len(), source.damage), (1, None));
}

#[test]
fn a_packet_that_contradicts_its_block_is_passed_over_and_told() {
    let order = Order::Little;
    let mut lying = enhanced(order, 0, 1, HELLO);
    lying[20..24].copy_from_slice(&order.u32(5000));
    for (bad, why) in [
        (enhanced(order, 7, 1, HELLO), "interface 7"),
        (lying, "5000 bytes in a block that has room for 8"),
        (block(order, 6, b"short"), "interface 1919903859"),
        (block(order, 6, &[0; 8]), "too short"),
        (block(order, 2, b""), "too short"),
        (block(order, 3, b""), "too short"),
    ] {
        let good = pcapng(order, &[Packet::at(1, HELLO)]);
        let at = good.len();
        let file = [good, bad.clone(), enhanced(order, 0, 2, HELLO), bad].concat();
        let (packets, source) = read(&file).unwrap();
        assert_eq!(packets, [Packet::at(1, HELLO), Packet::at(2, HELLO)]);
        let damage = source.damage.unwrap();
        let place = format!("passed over a block after packet 1, at byte {at}: ");
        assert!(damage.starts_with(&place) && damage.contains(why), "{damage}");
    }
}

#[test]
fn a_block_whose_frame_does_not_hold_ends_the_reading() {
    let order = Order::Little;
    let mut differing = block(order, 4, b"");
    *differing.last_mut().unwrap() = 1;
    let raw = |length: u32| [order.u32(4), order.u32(length), [0; 4]].concat();
    let mut other_magic = section(order);
    other_magic[8] = 0;
    let mut other_version = section(order);
    other_version[12] = 2;
    for (bad, why) in [
        (raw(0), "claims to have 0 bytes, which"),
        (raw(8), "claims to have 8 bytes, which"),
        (raw(17), "claims to have 17 bytes, which"),
        (raw(u32::MAX - 3), "4294967292 bytes, and 2097152 are allowed"),
        (raw(100), "in the middle of a block (29 of 100 bytes"),
        (differing, "begins with length 12 and ends with length 16777228"),
        (other_magic, "byte-order"),
        (other_version, "pcapng version 2.0"),
        (interface(order, 1, 0, b"")[..14].to_vec(), "in the middle of a block"),
        (block(order, 1, b"shor"), "too short"),
    ] {
        let good = pcapng(order, &[Packet::at(1, HELLO)]);
        let at = good.len();
        let rest = if why.contains("middle of a block (29") { vec![0; 17] } else { Vec::new() };
        let (packets, source) = read(&[good, bad, rest].concat()).unwrap();
        assert_eq!(packets.len(), 1);
        let damage = source.damage.unwrap();
        let place = format!("reading stopped after packet 1, at byte {at}: ");
        assert!(damage.starts_with(&place) && damage.contains(why), "{damage}");
    }
}

#[test]
fn the_first_oddity_and_the_end_are_both_told() {
    let order = Order::Little;
    let mut file = pcapng(order, &[]);
    file.extend(enhanced(order, 7, 1, HELLO));
    file.extend([1, 2, 3]);
    let damage = read(&file).unwrap().1.damage.unwrap();
    let (oddity, end) = damage.split_once("; ").unwrap();
    assert!(oddity.starts_with("passed over a block before the first packet, at byte "), "{oddity}");
    assert!(end.starts_with("reading stopped before the first packet, at byte "), "{end}");
}

#[test]
fn interfaces_are_capped() {
    let order = Order::Little;
    let file = [section(order), interface(order, 1, 0, b"").repeat(5)].concat();
    let limits = Limits { interfaces: 4, ..Limits::default() };
    let (_, source) = read_with(Box::new(std::io::Cursor::new(file)), &limits).unwrap();
    assert!(source.damage.unwrap().contains("more than 4 interfaces"));
}

#[test]
fn tls_secrets_are_handed_out_and_capped() {
    let order = Order::Big;
    let secret = |kind: u32, text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap();
        block(order, 10, &[&order.u32(kind)[..], &order.u32(length), text].concat())
    };
    let mut file = pcapng(order, &[]);
    file.extend(secret(0x544c_534b, b"CLIENT_RANDOM 01 02"));
    file.extend(secret(0x544c_534b, b"CLIENT_RANDOM 03 04\n"));
    file.extend(secret(0x5747_4b4c, b"WireGuard"));
    file.extend(enhanced(order, 0, 1, HELLO));
    for (cap, kept, lost) in [(1000, &b"CLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 04\n"[..], 0), (10, b"", 1)] {
        let limits = Limits { tls_secret_bytes: cap, ..Limits::default() };
        let reader = Box::new(std::io::Cursor::new(file.clone()));
        let mut frames = Frames::from_readers(vec![("a".to_owned(), reader)], &limits).unwrap();
        let run = frames.run().unwrap();
        assert_eq!(run.tls_secrets(), kept, "they are known before the packets behind them");
        assert_eq!(run.count(), 1);
        assert!(frames.next().is_none());
        assert_eq!(frames.tls_secrets(), kept);
        let counts: Vec<_> = frames.limits().iter().collect();
        assert_eq!(counts, [(LimitName::TlsSecrets, 1)][..lost]);
    }
}
