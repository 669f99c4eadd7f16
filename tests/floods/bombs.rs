//! Files that unpack to far more than they are.

use std::io::Write;

use crate::run::{self, Outcome};

/// What a part of a bomb unpacks to.
const PART: usize = 16 << 20;
/// And how many parts there are: 16 GiB.
const PARTS: usize = 1024;

/// A capture of the honest session alone, and behind it nothing but packets without bytes.
fn bomb(pack: fn(&[u8]) -> Vec<u8>) -> Outcome {
    let mut capture = Vec::new();
    run::write(0, &mut |_, _| {}, &mut capture);
    let (first, part) = (pack(&capture), pack(&vec![0; PART]));
    // A byte of lz4 stands for 255 at most.
    assert!(part.len() * 250 < PART, "a part of a bomb takes {} bytes", part.len());
    run::with(&["--format", "jsonl"], |out| {
        out.write_all(&first).unwrap();
        for _ in 0..PARTS {
            // The program has had enough.
            if out.write_all(&part).is_err() {
                break;
            }
        }
        0
    })
}

fn is_defused(outcome: &Outcome) {
    println!("{} MiB, {} s", outcome.peak, outcome.seconds);
    outcome.holds_the_honest();
    assert!(outcome.peak < 200, "{} MiB", outcome.peak);
    let source = &outcome.closing["capture"]["sources"][0];
    let damage = source["damage"].as_str().unwrap();
    assert!(damage.contains("decompression bomb"), "{damage}");
    // What is free, or two hundred times what was read: each packet without bytes takes sixteen.
    let packets = source["packets"].as_u64().unwrap();
    assert!(packets < 64 << 20, "{packets} packets were unpacked");
}

#[test]
fn a_gzip_bomb() {
    is_defused(&bomb(|bytes| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }));
}

#[test]
fn a_zstd_bomb() {
    is_defused(&bomb(|bytes| zstd::encode_all(bytes, 1).unwrap()));
}

#[test]
fn an_lz4_bomb() {
    is_defused(&bomb(|bytes| {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }));
}
