//! Datagrams that come in pieces.

use crate::base::FrameNumber;
use proptest::prelude::*;

use super::*;

/// Cuts the payload of an IP packet at `cuts` (in units of 8 bytes) into packets of their own.
fn fragmented(packet: &[u8], identification: u16, cuts: &[usize]) -> Vec<Vec<u8>> {
    let is_v4 = packet[0] >> 4 == 4;
    let (header, payload) = packet.split_at(if is_v4 { 20 } else { 40 });
    let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut * 8).filter(|&cut| cut < payload.len()).collect();
    bounds.extend([0, payload.len()]);
    bounds.sort_unstable();
    bounds.dedup();
    let pieces =
        bounds.windows(2).map(|bound| (bound[0], &payload[bound[0]..bound[1]], bound[1] < payload.len()));
    pieces.map(|(offset, piece, more)| fragment(header, identification, offset, more, piece)).collect()
}

/// One fragment with the header of `packet`.
fn fragment(header: &[u8], identification: u16, offset: usize, more: bool, piece: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    let offset = u16::try_from(offset).expect("it fits");
    if header[0] >> 4 == 4 {
        let total = u16::try_from(piece.len() + 20).expect("it fits");
        header[2..4].copy_from_slice(&total.to_be_bytes());
        header[4..6].copy_from_slice(&identification.to_be_bytes());
        let bits = (offset / 8) | (u16::from(more) << 13);
        header[6..8].copy_from_slice(&bits.to_be_bytes());
    } else {
        let length = u16::try_from(piece.len() + 8).expect("it fits");
        header[4..6].copy_from_slice(&length.to_be_bytes());
        let next = std::mem::replace(&mut header[6], 44);
        header.extend([next, 0]);
        header.extend((offset | u16::from(more)).to_be_bytes());
        header.extend(u32::from(identification).to_be_bytes());
    }
    [&header[..], piece].concat()
}

fn at(seconds: i64, bytes: &[u8]) -> Frame<'_> {
    let packet = PacketRef { time: Timestamp::from_nanos(seconds * 1_000_000_000), frame: FrameNumber(1) };
    Frame { packet, ..frame(LinkType::RAW, bytes) }
}

/// What each frame decodes to, one after the other.
fn outcomes(decoder: &mut Decoder, frames: &[Vec<u8>]) -> Vec<String> {
    frames.iter().map(|bytes| in_words(decoder.decode(&frame(LinkType::RAW, bytes)))).collect()
}

fn incomplete(decoder: &Decoder) -> u64 {
    decoder.ignored().get("fragment of an incomplete datagram").copied().unwrap_or_default()
}

#[test]
fn the_last_fragment_to_arrive_carries_the_segment() {
    let mut decoder = decoder();
    let fragments = fragmented(&v4_packet(TEXT), 9, &[1, 4]);
    assert_eq!(outcomes(&mut decoder, &fragments), ["fragment", "fragment", V4_SEGMENT]);
    let backwards: Vec<_> = fragmented(&v6_packet(TEXT), 9, &[1, 4]).into_iter().rev().collect();
    assert_eq!(outcomes(&mut decoder, &backwards), ["fragment", "fragment", V6_SEGMENT]);
    assert_eq!(decoder.ignored().len(), 0);
}

#[test]
fn datagrams_are_told_apart_by_hosts_number_and_protocol() {
    let mut decoder = decoder();
    let [first, second] = &fragmented(&v4_packet(TEXT), 9, &[3])[..] else { panic!("not two") };
    let mut of_another_host = second.clone();
    of_another_host[15] += 1;
    let of_another_number = &fragmented(&v4_packet(TEXT), 10, &[3])[1];
    let mut of_another_protocol = second.clone();
    of_another_protocol[9] = 47;
    for stranger in [&of_another_host, of_another_number, &of_another_protocol] {
        assert_eq!(outcomes(&mut decoder, &[first.clone(), stranger.clone()]), ["fragment", "fragment"]);
    }
    let in_the_next_file = Frame { source: 1, ..frame(LinkType::RAW, second) };
    assert_eq!(in_words(decoder.decode(&in_the_next_file)), V4_SEGMENT);
}

#[test]
fn a_fragment_repeated_after_its_datagram_was_whole_does_not_mix_with_the_next_of_its_number() {
    let mut decoder = decoder();
    let [first, second] = &fragmented(&v4_packet(TEXT), 9, &[5])[..] else { panic!("not two") };
    let doubled = [first, first, second, second].map(Clone::clone);
    assert_eq!(outcomes(&mut decoder, &doubled), ["fragment", "fragment", V4_SEGMENT, "fragment"]);
    let next = fragmented(&v4_packet(b"QUIT ....\r\n"), 9, &[5]);
    assert_eq!(outcomes(&mut decoder, &next), ["fragment", &V4_SEGMENT.replace("USER anna", "QUIT ....")]);
    assert_eq!(incomplete(&decoder), 0);
}

#[test]
fn a_missing_fragment_gives_nothing_and_is_counted() {
    let mut decoder = decoder();
    let fragments = fragmented(&v4_packet(TEXT), 9, &[1, 2, 3]);
    assert_eq!(
        outcomes(&mut decoder, &[fragments[0].clone(), fragments[3].clone()]),
        ["fragment", "fragment"]
    );
    assert_eq!(incomplete(&decoder), 2);
}

#[test]
fn fragments_wait_thirty_seconds_of_capture_time_and_no_longer() {
    let [first, second] = &fragmented(&v4_packet(TEXT), 9, &[3])[..] else { panic!("not two") };
    for (seconds, expected) in [(30, V4_SEGMENT), (31, "fragment"), (-30, V4_SEGMENT), (-3600, "fragment")] {
        let mut decoder = decoder();
        decoder.decode(&at(0, first));
        assert_eq!(in_words(decoder.decode(&at(seconds, second))), expected, "{seconds} s");
    }
}

#[test]
fn the_cap_on_datagrams_gives_up_the_oldest() {
    let mut decoder = Decoder::new(&Limits { fragmented_datagrams: 2, ..Limits::default() });
    let datagrams: Vec<_> = (0..3).map(|number| fragmented(&v4_packet(TEXT), number, &[3])).collect();
    for datagram in &datagrams {
        assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &datagram[0]))), "fragment");
    }
    let limits: Vec<_> = decoder.limits().iter().map(|(name, count)| (name.name(), count)).collect();
    assert_eq!(limits, [("fragments", 1)]);
    let outcomes =
        [2, 1].map(|number: usize| in_words(decoder.decode(&frame(LinkType::RAW, &datagrams[number][1]))));
    assert_eq!(outcomes, [V4_SEGMENT, V4_SEGMENT]);
    assert_eq!(incomplete(&decoder), 1);
}

#[test]
fn the_cap_on_bytes_gives_up_the_oldest() {
    let mut decoder = Decoder::new(&Limits { fragment_bytes: 4000, ..Limits::default() });
    let long = v4_packet(&[b'x'; 2500]);
    let datagrams: Vec<_> = (0..2).map(|number| fragmented(&long, number, &[300])).collect();
    for datagram in &datagrams {
        assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &datagram[0]))), "fragment");
    }
    assert!(in_words(decoder.decode(&frame(LinkType::RAW, &datagrams[1][1]))).contains(" > "));
    assert_eq!((decoder.limits().iter().count(), incomplete(&decoder)), (1, 1));
}

#[test]
fn fragments_of_udp_that_is_no_tunnel_are_other_and_cost_no_cap() {
    let mut decoder = Decoder::new(&Limits { fragment_bytes: 1000, ..Limits::default() });
    let fragments = fragmented(&udp(2049, &[0; 4000]), 9, &[100, 200, 300]);
    assert_eq!(outcomes(&mut decoder, &fragments), ["other"; 4]);
    let backwards: Vec<_> = fragmented(&udp(2049, &[0; 400]), 9, &[10, 20]).into_iter().rev().collect();
    assert_eq!(outcomes(&mut decoder, &backwards), ["fragment", "fragment", "other"]);
    assert!(decoder.limits().iter().count() == 0 && decoder.ignored().is_empty());
}

#[test]
fn tunnels_may_be_fragmented_outside_and_inside() {
    let mut decoder = decoder();
    let inside = fragmented(&v4_packet(TEXT), 1, &[3]);
    let vxlan =
        |packet: &[u8]| udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], &ethernet(0x0800, packet)[..]].concat());
    let outside: Vec<_> =
        inside.iter().zip(2..).flat_map(|(piece, number)| fragmented(&vxlan(piece), number, &[5])).collect();
    assert_eq!(outcomes(&mut decoder, &outside), ["fragment", "fragment", "fragment", V4_SEGMENT]);
    let thrice =
        outside.iter().zip(7..).flat_map(|(piece, number)| fragmented(&outer_v4(4, piece), number, &[3]));
    let last = outcomes(&mut Decoder::new(&Limits::default()), &thrice.collect::<Vec<_>>()).pop();
    assert_eq!(last.as_deref(), Some("nested too deep"));
}

#[test]
fn impossible_fragments_are_malformed() {
    let packet = v4_packet(TEXT);
    let (header, payload) = packet.split_at(20);
    let mut decoder = decoder();
    let frames = [
        fragment(header, 1, 0, true, &payload[..13]),
        fragment(header, 2, 0, true, b""),
        fragment(header, 3, 65_528, false, &payload[..16]),
        fragment(header, 4, 16, false, &payload[16..]),
        fragment(header, 4, 16, false, &payload[16..24]),
        fragment(header, 4, 80, true, &payload[..8]),
        fragment(header, 5, 32, true, &payload[..8]),
        fragment(header, 5, 16, false, &payload[..8]),
    ];
    let malformed = "malformed fragment";
    let expected = [malformed, malformed, malformed, "fragment", malformed, malformed, "fragment", malformed];
    assert_eq!(outcomes(&mut decoder, &frames), expected);
    assert_eq!(outcomes(&mut decoder, &[fragment(header, 4, 0, true, &payload[..16])]), [V4_SEGMENT]);
}

#[test]
fn a_cut_within_a_fragment_cuts_the_datagram_there() {
    let fragments = fragmented(&v4_packet(TEXT), 9, &[4]);
    for (cut_first, cut_second, expected) in [
        (0, 4, r#"192.0.2.1:50000 > 198.51.100.7:21 "USER an" and 4 more"#),
        (0, 11, r#"192.0.2.1:50000 > 198.51.100.7:21 "" and 11 more"#),
        (8, 0, r#"192.0.2.1:50000 > 198.51.100.7:21 "" and 11 more"#),
        (20, 0, "cut short"),
    ] {
        let mut decoder = decoder();
        let mut last = String::new();
        for (bytes, cut) in fragments.iter().zip([cut_first, cut_second]) {
            let kept = &bytes[..bytes.len() - cut];
            last = in_words(decoder.decode(&Frame { bytes: kept, ..frame(LinkType::RAW, bytes) }));
        }
        assert_eq!(last, expected, "cut by {cut_first} and {cut_second}");
    }
}

prop_compose! {
    /// A packet's payload, where to cut it, and in which order (some twice) the pieces come.
    fn arrivals()(
        payload in prop::collection::vec(any::<u8>(), 0..400),
        cuts in prop::collection::vec(1_usize..60, 0..12),
    )(
        order in Just((0..=cuts.len()).collect::<Vec<_>>()).prop_shuffle(),
        twice in prop::collection::vec(0..=cuts.len(), 0..8),
        payload in Just(payload),
        cuts in Just(cuts),
    ) -> (Vec<u8>, Vec<usize>, Vec<usize>) {
        (payload, cuts, [twice, order].concat())
    }
}

proptest! {
    #[test]
    fn any_order_and_duplication_gives_what_the_whole_packet_gives((payload, cuts, order) in arrivals(), v6: bool) {
        let packet = if v6 { v6_packet(&payload) } else { v4_packet(&payload) };
        let expected = outcome(LinkType::RAW, &packet);
        let fragments = fragmented(&packet, 9, &cuts);
        let mut decoder = decoder();
        let mut segments = 0;
        for bytes in order.iter().filter_map(|&index| fragments.get(index)) {
            match in_words(decoder.decode(&frame(LinkType::RAW, bytes))).as_str() {
                "fragment" => {}
                segment => {
                    prop_assert_eq!(segment, &expected);
                    segments += 1;
                }
            }
        }
        let is_one_piece = fragments.len() == 1;
        let expected_segments = if is_one_piece { order.iter().filter(|&&index| index == 0).count() } else { 1 };
        prop_assert_eq!((segments, incomplete(&decoder)), (expected_segments, 0));
    }

    #[test]
    fn where_fragments_overlap_the_first_to_come_wins(
        pieces in prop::collection::vec((0_usize..12, 1_usize..8, any::<u8>()), 1..30),
    ) {
        // A header of 24 bytes, whose 4 bytes of options keep what overlaps it out of the header proper.
        let mut tcp = TcpHeader::new(50_000, 21, 1000, 512).to_bytes().to_vec();
        tcp[12] = 0x60;
        tcp.extend([1; 4]);
        let packet = outer_v4(6, &tcp);
        let header = &packet[..20];
        let length = 24 + 12 * 8 + 5;
        let mut oracle: Vec<Option<u8>> = tcp.iter().copied().map(Some).collect();
        oracle.resize(length, None);
        let mut decoder = decoder();
        decoder.decode(&frame(LinkType::RAW, &fragment(header, 9, 0, true, &tcp)));
        for &(begin, eighths, value) in &pieces {
            let begin = 24 + begin * 8;
            let end = (begin + eighths * 8).min(length - 5);
            let bytes = fragment(header, 9, begin, true, &vec![value; end - begin]);
            prop_assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &bytes))), "fragment");
            oracle[begin..end].iter_mut().for_each(|byte| { byte.get_or_insert(value); });
        }
        let gaps: Vec<usize> = (0..12).map(|index| 24 + index * 8).filter(|&begin| oracle[begin].is_none()).collect();
        for begin in gaps {
            let bytes = fragment(header, 9, begin, true, &[0xee; 8]);
            prop_assert_eq!(in_words(decoder.decode(&frame(LinkType::RAW, &bytes))), "fragment");
            oracle[begin..begin + 8].fill(Some(0xee));
        }
        oracle[length - 5..].fill(Some(b'!'));
        let last = fragment(header, 9, length - 5, false, b"!!!!!");
        let Decoded::Segment(segment) = decoder.decode(&frame(LinkType::RAW, &last)) else {
            return Err(TestCaseError::fail("not whole"));
        };
        prop_assert_eq!(segment.payload.iter().copied().map(Some).collect::<Vec<_>>(), &oracle[24..]);
    }
}
