//! Stands in for reading files until that exists: classic little-endian pcap only.

use std::path::{Path, PathBuf};

use super::{Frame, LinkType};
use crate::base::{Limits, PacketRef, Timestamp};
use crate::report::Source;

/// Why a capture can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The frames of all files.
#[derive(Debug)]
pub struct Frames {
    files: Vec<(Vec<u8>, usize, Source)>,
    number: u64,
}

/// Opens captures.
pub fn open(paths: &[PathBuf], _limits: &Limits) -> Result<Frames, Error> {
    let files = paths.iter().map(|path| open_one(path)).collect::<Result<_, _>>()?;
    Ok(Frames { files, number: 0 })
}

fn open_one(path: &Path) -> Result<(Vec<u8>, usize, Source), Error> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    }
    .map_err(|error| Error(format!("{}: {error}", path.display())))?;
    if !bytes.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) {
        return Err(Error(format!("{}: not a capture file", path.display())));
    }
    Ok((bytes, 24, Source { path: path.display().to_string(), format: "pcap", ..Source::default() }))
}

impl Frames {
    /// The next frame.
    #[expect(clippy::should_implement_trait, reason = "it lends")]
    pub fn next(&mut self) -> Option<Frame<'_>> {
        let (bytes, at, source) = self.files.iter_mut().find(|(bytes, at, _)| *at < bytes.len())?;
        let word = |offset: usize| {
            let four = bytes.get(offset..offset + 4)?;
            Some(u32::from_le_bytes(four.try_into().ok()?))
        };
        let record = word(*at + 8).zip(word(*at + 12)).zip(word(*at).zip(word(*at + 4)));
        let kept = record.and_then(|((kept, _), _)| {
            let start = *at + 16;
            bytes.get(start..start + usize::try_from(kept).ok()?)
        });
        let (Some(((kept_len, wire_len), (seconds, micros))), Some(kept)) = (record, kept) else {
            source.damage = Some(format!("ends in the middle of packet {}", source.packets + 1));
            *at = bytes.len();
            return None;
        };
        *at += 16 + usize::try_from(kept_len).unwrap_or_default();
        source.packets += 1;
        self.number += 1;
        let time = Timestamp::from_nanos(i64::from(seconds) * 1_000_000_000 + i64::from(micros) * 1000);
        Some(Frame {
            packet: PacketRef { time, frame: self.number },
            link: LinkType::ETHERNET,
            bytes: kept,
            wire_len,
            source: 0,
        })
    }

    /// The sources.
    pub fn sources(&self) -> Vec<Source> {
        self.files.iter().map(|(_, _, source)| source.clone()).collect()
    }

    /// Bytes read, of how many.
    pub fn progress(&self) -> (u64, Option<u64>) {
        (self.files.iter().map(|(_, at, _)| *at as u64).sum(), None)
    }
}
