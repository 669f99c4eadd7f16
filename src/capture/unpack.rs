//! Decompression of gzip, zstd and lz4 files, also of several members or frames.
//!
//! Each reader returns everything that could be decompressed before it reports an error.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Decompress, FlushDecompress, Status};
use lz4_flex::frame::FrameDecoder;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::compression::Compression;
use crate::base::Limits;

/// Compressed bytes read at a time.
const INPUT: usize = 64 * 1024;
/// The default and largest deflate window, as a power of two.
const DEFLATE_WINDOW: u8 = 15;
/// Bytes of a zstd frame header that determine its length.
const ZSTD_HEADER_START: usize = 5;
/// Decompressed bytes before the ratio matters.
const FREE: u64 = 64 * 1024 * 1024;

/// Decompresses `packed`, but not a bomb: output is limited to a ratio of the `file_bytes` that were read, and the
/// window to its limit.
pub(super) fn unpack(
    compression: Compression,
    packed: Box<dyn Read + Send>,
    file_bytes: &Arc<AtomicU64>,
    limits: &Limits,
) -> io::Result<Box<dyn Read + Send>> {
    let ratio = u64::try_from(limits.decompression_ratio).unwrap_or(u64::MAX);
    let packed = BufReader::with_capacity(INPUT, packed);
    let unpacked: Box<dyn Read + Send> = match compression {
        Compression::Gzip => Box::new(Gzip::new(packed)),
        Compression::Zstd => Box::new(Zstd::new(packed, limits.decompression_window)?),
        Compression::Lz4 => Box::new(Lz4 { frame: Some(FrameDecoder::new(packed)) }),
    };
    Ok(Box::new(Guarded { unpacked, failure: None, count: 0, file_bytes: Arc::clone(file_bytes), ratio }))
}

impl Compression {
    fn cut(self) -> io::Error {
        let what = format!("the {} data ends too early", self.name());
        io::Error::new(io::ErrorKind::UnexpectedEof, what)
    }

    fn failed(self, why: &dyn std::fmt::Display) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the {} data can't be unpacked ({why})", self.name()),
        )
    }
}

/// Stops decompression bombs, and decoders after an error: they might report another one, or continue with garbage.
struct Guarded {
    unpacked: Box<dyn Read + Send>,
    failure: Option<(io::ErrorKind, String)>,
    count: u64,
    file_bytes: Arc<AtomicU64>,
    ratio: u64,
}

impl Read for Guarded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, why)) = &self.failure {
            return Err(io::Error::new(*kind, why.clone()));
        }
        let result = self.unpack(out);
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failure = Some((error.kind(), error.to_string()));
        }
        result
    }
}

impl Guarded {
    fn unpack(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = self.file_bytes.load(Ordering::Relaxed).saturating_mul(self.ratio).max(FREE);
        if self.count > most {
            let why = format!(
                "it unpacks to more than {} times its size, and is taken for a decompression bomb",
                self.ratio
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let count = self.unpacked.read(out)?;
        self.count = self.count.saturating_add(count as u64);
        Ok(count)
    }
}

/// Gzip members (RFC 1952), one after the other, and perhaps zeros after the last.
struct Gzip<R> {
    packed: R,
    /// None between members.
    member: Option<Decompress>,
    /// What went wrong while giving the last bytes before it.
    failure: Option<io::Error>,
}

impl<R: BufRead> Gzip<R> {
    const fn new(packed: R) -> Self {
        Self { packed, member: None, failure: None }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let input = self.packed.fill_buf()?;
            let Some(member) = &mut self.member else {
                match input {
                    [] => return Ok(0),
                    [0, ..] => {
                        let zeros = input.iter().take_while(|&&byte| byte == 0).count();
                        self.packed.consume(zeros);
                    }
                    [0x1f, ..] => self.member = Some(Decompress::new_gzip(DEFLATE_WINDOW)),
                    _ => return Err(Compression::Gzip.failed(&"something else follows")),
                }
                continue;
            };
            let at_end = input.is_empty();
            let (total_in, total_out) = (member.total_in(), member.total_out());
            let result = member.decompress(input, out, FlushDecompress::None);
            let consumed = usize::try_from(member.total_in().wrapping_sub(total_in)).unwrap_or_default();
            let produced = usize::try_from(member.total_out().wrapping_sub(total_out)).unwrap_or_default();
            self.packed.consume(consumed);
            match result {
                Ok(Status::StreamEnd) => self.member = None,
                Ok(_) if produced == 0 && consumed == 0 && at_end => return Err(Compression::Gzip.cut()),
                Ok(_) => {}
                // The library describes the same fault differently, depending on how much it saw at once.
                Err(_) => {
                    let failure = Compression::Gzip.failed(&"its structure is wrong");
                    if produced == 0 {
                        return Err(failure);
                    }
                    self.failure = Some(failure);
                }
            }
            if produced > 0 {
                return Ok(produced);
            }
        }
    }
}

/// Zstd frames (RFC 8878), one after the other.
struct Zstd<R> {
    packed: R,
    decoder: Decoder<'static>,
    /// How many bytes the decoder wants next: given exactly those, it decodes one block, so that a damaged block does
    /// not take an intact one with it.
    wanted: usize,
    between_frames: bool,
    /// Whether the decoder may have more output before it needs input. If the checksum after a block is wrong, that
    /// output would be lost.
    has_more: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(packed: R, window: usize) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        // What zstd itself allows: 1 KiB to 2 GiB.
        decoder.set_parameter(DParameter::WindowLogMax(window.checked_ilog2().unwrap_or(0).clamp(10, 31)))?;
        Ok(Self { packed, decoder, wanted: ZSTD_HEADER_START, between_frames: true, has_more: false })
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let input = self.packed.fill_buf()?;
            let at_end = input.is_empty();
            if at_end && self.between_frames {
                return Ok(0);
            }
            let wanted = if self.has_more { 0 } else { self.wanted };
            let mut source = InBuffer::around(input.get(..wanted).unwrap_or(input));
            let mut target = OutBuffer::around(&mut *out);
            let result = self.decoder.run(&mut source, &mut target);
            let (consumed, produced) = (source.pos(), target.pos());
            self.packed.consume(consumed);
            let wanted = result.map_err(|error| Compression::Zstd.failed(&error))?;
            self.between_frames = wanted == 0;
            self.wanted = if wanted == 0 { ZSTD_HEADER_START } else { wanted };
            let had_more = std::mem::replace(&mut self.has_more, produced == out.len());
            if produced > 0 {
                return Ok(produced);
            }
            if at_end && !had_more {
                return Err(Compression::Zstd.cut());
            }
        }
    }
}

/// Lz4 frames, one after the other.
struct Lz4<R: Read> {
    /// The current frame; there is always one.
    frame: Option<FrameDecoder<R>>,
}

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while let Some(frame) = &mut self.frame {
            match frame.read(out) {
                Ok(0) if frame.get_mut().fill_buf()?.is_empty() => break,
                // Another frame follows. It gets a decoder of its own: its blocks may have another size.
                Ok(0) => {
                    let packed = self.frame.take().map(FrameDecoder::into_inner);
                    self.frame = packed.map(FrameDecoder::new);
                }
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(Compression::Lz4.cut());
                }
                Err(error) => return Err(Compression::Lz4.failed(&error)),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests;
