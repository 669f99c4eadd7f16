//! Makes seeds for every target out of captures: `seeds CORPUS CAPTURE...`.

#[path = "../../tests/invariants/recorded_tls.rs"]
mod recorded_tls;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use ftpscope::base::Limits;
use ftpscope::capture::{self};
use ftpscope::decode::{Decoded, Decoder, LinkType};

/// Larger files teach a fuzzer nothing that smaller ones don't.
const LARGEST: usize = 60_000;
/// And for the whole analysis, with every form of its report, small ones take long enough.
const LARGEST_WHOLE: usize = 12_000;
/// Bytes kept of a stream or a row of frames.
const ENOUGH: usize = 4000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let corpus = arguments.next().ok_or("the folder of corpora is missing")?;
    for path in arguments {
        let bytes = fs::read(&path)?;
        if bytes.len() <= LARGEST {
            keep(&corpus, "readers", &bytes)?;
        }
        if bytes.len() <= LARGEST_WHOLE {
            keep(&corpus, "whole", &bytes)?;
        }
        if let Err(error) = from_packets(&corpus, &path) {
            eprintln!("{}: {error}", path.display());
        }
    }
    for recorded in fs::read_dir("../tests/tls/sessions")? {
        let path = recorded?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            keep(&corpus, "tls", &recorded_tls::input(&fs::read_to_string(&path)?))?;
        }
    }
    // These two make of chance what they need: any bytes will do.
    let mut state = 1_u64;
    for length in [200, 500, 1000, 2000] {
        for _ in 0..8 {
            let mut byte = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            };
            let bytes: Vec<u8> = (0..length).map(|_| byte()).collect();
            keep(&corpus, "reassembly", &bytes)?;
            keep(&corpus, "dialogue", &bytes)?;
        }
    }
    Ok(())
}

/// The frames of a capture for the decoder, and what is said on its port 21 for the control language.
fn from_packets(corpus: &Path, path: &Path) -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let mut frames = capture::open(&[path.to_path_buf()], &limits)?;
    let mut decoder = Decoder::new(&limits);
    let mut rows: BTreeMap<LinkType, Vec<u8>> = BTreeMap::new();
    let mut streams: BTreeMap<_, (bool, Vec<u8>)> = BTreeMap::new();
    while let Some(frame) = frames.next() {
        let row = rows.entry(frame.link).or_insert_with(|| frame.link.0.to_be_bytes().to_vec());
        if let Ok(length) = u16::try_from(frame.bytes.len())
            && row.len() < ENOUGH
        {
            row.extend_from_slice(&length.to_be_bytes());
            let cut = frame.wire_len.saturating_sub(u32::from(length));
            row.push(u8::try_from(cut).unwrap_or(u8::MAX));
            row.extend_from_slice(frame.bytes);
        }
        if let Decoded::Segment(segment) = decoder.decode(&frame)
            && (segment.source.port == 21 || segment.destination.port == 21)
        {
            let is_server = segment.source.port == 21;
            let stream = streams
                .entry((segment.source, segment.destination))
                .or_insert_with(|| (is_server, vec![u8::from(is_server), 9]));
            if stream.1.len() < ENOUGH {
                stream.1.extend_from_slice(segment.payload);
            }
        }
    }
    for row in rows.values() {
        keep(corpus, "decoder", row)?;
    }
    for (_, stream) in streams.values().filter(|(_, stream)| stream.len() > 2) {
        keep(corpus, "control", stream)?;
    }
    Ok(())
}

fn keep(corpus: &Path, target: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("seed-{:016x}", hasher.finish())), bytes)
}
