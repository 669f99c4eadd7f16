use std::io::{Cursor, Read, Write};

use lz4_flex::frame::{BlockSize, FrameInfo};
use proptest::prelude::*;

use super::super::compression::Compression;
use super::super::testing::{Order, Packet, Pieces, pcap, pcapng, read, read_with};
use super::super::{Error, Frames};
use crate::base::Limits;

const ALL: [Compression; 3] = [Compression::Gzip, Compression::Zstd, Compression::Lz4];

fn pack(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lz4 => {
            let size = if bytes.len() > 100_000 { BlockSize::Max64KB } else { BlockSize::Max256KB };
            let described = FrameInfo::new().content_checksum(true).block_size(size);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(described, Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}

/// Packets that do not shrink much: a megabyte of them.
fn noise() -> Vec<Packet> {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..1000).map(|index| Packet::at(index, &(0..1000).map(|_| random()).collect::<Vec<_>>())).collect()
}

#[test]
fn compression_is_known_by_content() {
    let many = [Packet::at(1, b"abc"), Packet::at(2, b"def")];
    for compression in ALL {
        for file in [pcap(Order::Big, &many), pcapng(Order::Little, &many)] {
            let (packets, source) = read(&pack(compression, &file)).unwrap();
            assert_eq!(packets, many);
            assert_eq!((source.compression, source.damage), (Some(compression), None));
        }
    }
}

#[test]
fn a_wrong_checksum_takes_nothing_with_it_that_was_unpacked_before() {
    // Compressible, so that the whole file is in one block.
    let many: Vec<Packet> = (0..100).map(|index| Packet::at(index, &[b'x'; 200])).collect();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let mut file = pack(compression, &pcap(Order::Little, &many));
        let checksum = file.len() - if compression == Compression::Gzip { 8 } else { 4 };
        file[checksum] ^= 1;
        let (packets, source) = read(&file).unwrap();
        assert_eq!(packets.len(), many.len(), "{compression:?}");
        assert!(source.damage.is_some(), "{compression:?}");
    }
}

#[test]
fn pieces_that_were_compressed_one_by_one_are_one_file() {
    let many = noise();
    let file = pcap(Order::Little, &many);
    for compression in ALL {
        for cut in [1, 24, 1000, 500_000] {
            let (front, back) = file.split_at(cut);
            let packed = [pack(compression, front), pack(compression, b""), pack(compression, back)].concat();
            let (packets, source) = read(&packed).unwrap();
            assert!(packets == many && source.damage.is_none(), "{compression:?} {:?}", source.damage);
        }
    }
}

#[test]
fn zeros_may_follow_gzip_and_skippable_frames_zstd() {
    let many = [Packet::at(1, b"abc")];
    let file = pcap(Order::Little, &many);
    let padded = [pack(Compression::Gzip, &file), vec![0; 1000]].concat();
    assert_eq!(read(&padded).unwrap().1.damage, None);
    let skippable = b"\x51\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let packed = [skippable.clone(), pack(Compression::Zstd, &file), skippable].concat();
    let (packets, source) = read(&packed).unwrap();
    assert_eq!((packets, source.damage), (many.to_vec(), None));
}

#[test]
fn something_else_behind_it_is_damage_after_all_packets() {
    let many = noise();
    for compression in ALL {
        let packed = [pack(compression, &pcap(Order::Little, &many)), b"and so on".to_vec()].concat();
        let (packets, source) = read(&packed).unwrap();
        assert!(packets == many, "{compression:?}");
        let damage = source.damage.unwrap();
        assert!(damage.contains("after packet 1000") && damage.contains(compression.name()), "{damage}");
    }
}

#[test]
fn a_cut_gives_all_that_came_before_it() {
    let many = noise();
    let file = pcap(Order::Little, &many);
    for compression in ALL {
        let packed = pack(compression, &file);
        let (packets, source) = read(&packed[..packed.len() / 2]).unwrap();
        // What is lost is less than the largest block of any of the three.
        assert!(
            packets.len() > 350 && packets[..] == many[..packets.len()],
            "{compression:?} {}",
            packets.len()
        );
        let damage = source.damage.unwrap();
        let wanted = format!("of the unpacked data: the {} data ends too early", compression.name());
        assert!(damage.contains(&wanted), "{damage}");
    }
}

#[test]
fn a_broken_block_takes_none_of_those_before_it_with_it() {
    let many = noise();
    let file = pcap(Order::Little, &many);
    for compression in ALL {
        let mut packed = pack(compression, &file);
        let half = packed.len() / 2;
        packed[half..half + 300].fill(0x55);
        let (packets, source) = read(&packed).unwrap();
        let damage = source.damage.unwrap();
        assert!(packets.len() > 350, "{compression:?} {} {damage}", packets.len());
        let intact = packets.iter().zip(&many).take_while(|(one, other)| one == other).count();
        assert!(intact > 350, "{compression:?} {intact}");
    }
}

#[test]
fn a_wrong_checksum_is_damage() {
    let many = noise();
    for compression in ALL {
        let mut packed = pack(compression, &pcap(Order::Little, &many));
        let place = packed.len() - if compression == Compression::Gzip { 8 } else { 1 };
        packed[place] ^= 1;
        let (packets, source) = read(&packed).unwrap();
        assert!(packets == many && source.damage.is_some(), "{compression:?} {:?}", source.damage);
    }
}

#[test]
fn a_compressed_file_may_be_compressed_once_more_but_not_twice() {
    let many = [Packet::at(1, b"abc")];
    for outer in ALL {
        for inner in ALL {
            let once = pack(inner, &pcap(Order::Little, &many));
            let twice = pack(outer, &once);
            let (packets, source) = read(&twice).unwrap();
            assert_eq!((packets, source.compression), (many.to_vec(), Some(outer)));
            let error = read(&pack(inner, &twice)).unwrap_err();
            assert!(matches!(error, Error::TooManyLayers { .. }), "{error}");
        }
    }
}

#[test]
fn what_is_packed_but_no_capture_is_an_error() {
    for compression in ALL {
        let of_text = read(&pack(compression, b"Dear Sir or Madam")).unwrap_err().to_string();
        assert!(of_text.contains("looks like text"), "{of_text}");
        assert!(matches!(read(&pack(compression, b"")), Err(Error::Empty { .. })));
        let header = pack(compression, &pcap(Order::Little, &[]));
        let cut = read(&header[..5]).unwrap_err().to_string();
        assert!(cut.contains("ends too early") || cut.contains("empty"), "{compression:?} {cut}");
    }
}

#[test]
fn bombs_end_soon() {
    let mut plain = pcap(Order::Little, &[]);
    plain.resize(200 << 20, 0);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let bomb: Box<dyn Read + Send> = Box::new(Cursor::new(pack(compression, &plain)));
        let mut frames = Frames::from_readers(vec![("bomb".to_owned(), bomb)], &Limits::default()).unwrap();
        let mut count = 0;
        while frames.next().is_some() {
            count += 1;
        }
        assert!(count < 6_000_000, "{compression:?} {count}");
        assert!(frames.sources()[0].damage.as_ref().unwrap().contains("more than 200 times its size"));
    }
}

proptest! {
    #[test]
    fn any_cut_into_reads_unpacks_the_same(
        sizes in proptest::collection::vec(1..300_usize, 1..20), which in 0..3_usize,
    ) {
        let many = [Packet::at(1, b"abc"), Packet::at(2, &[7; 700]), Packet::at(3, &[])];
        let packed = pack(ALL[which], &pcapng(Order::Big, &many));
        let (packets, source) = read_with(Box::new(Pieces::new(packed, sizes)), &Limits::default()).unwrap();
        prop_assert_eq!(&packets[..], &many[..]);
        prop_assert_eq!(source.damage, None);
    }
}
