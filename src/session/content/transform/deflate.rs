//! MODE Z: the content is one zlib stream (RFC 1950; the draft "Deflate transmission mode for FTP").

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::{Output, Transform, Unreadable};
use crate::session::content::Plan;

/// How much is inflated at a time, in bytes.
const PIECE: usize = 8 * 1024;

struct Deflate {
    state: Box<InflateState>,
    has_ended: bool,
}

pub(super) fn transform(_plan: Plan) -> Box<dyn Transform> {
    Box::new(Deflate { state: InflateState::new_boxed(DataFormat::Zlib), has_ended: false })
}

impl Transform for Deflate {
    fn push(&mut self, mut bytes: &[u8], out: &mut Output<'_>) -> Result<(), Unreadable> {
        let mut piece = [0; PIECE];
        while !self.has_ended {
            let result = inflate(&mut self.state, bytes, &mut piece, MZFlush::None);
            out(piece.get(..result.bytes_written).unwrap_or_default())?;
            bytes = bytes.get(result.bytes_consumed..).unwrap_or_default();
            let has_moved = result.bytes_written > 0 || result.bytes_consumed > 0;
            match result.status {
                Ok(MZStatus::StreamEnd) => self.has_ended = true,
                Ok(MZStatus::Ok) if has_moved => {}
                // It wants more than there is.
                Ok(MZStatus::Ok) | Err(MZError::Buf) if bytes.is_empty() => return Ok(()),
                Ok(_) | Err(_) => return Err(Unreadable),
            }
        }
        if bytes.is_empty() { Ok(()) } else { Err(Unreadable) }
    }

    fn is_complete(&self) -> bool {
        self.has_ended
    }

    fn weight(&self) -> usize {
        size_of::<InflateState>()
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::super::undone;
    use super::*;

    const PLAN: Plan = Plan { keep_listing: false, mode: 'Z', filler: 0, ratio: 1, copy: 0 };

    #[test]
    fn a_zlib_stream_is_inflated() {
        let content = b"one line and the same line again\r\n".repeat(1000);
        let wire = compress_to_vec_zlib(&content, 6);
        assert_eq!(undone(PLAN, &wire), Some((content, true)));
        assert_eq!(undone(PLAN, &compress_to_vec_zlib(b"", 6)), Some((Vec::new(), true)));
    }

    #[test]
    fn a_stream_that_breaks_off_is_not_complete() {
        let wire = compress_to_vec_zlib(b"some words that end too early", 6);
        let (cut, _) = wire.split_at(wire.len() - 5);
        assert!(undone(PLAN, cut).is_some_and(|(_, complete)| !complete));
    }

    #[test]
    fn what_is_no_zlib_stream_is_not_read() {
        assert_eq!(undone(PLAN, b"plain text"), None);
        let wire = compress_to_vec_zlib(b"words", 6);
        assert_eq!(undone(PLAN, &[&wire[..], b"more"].concat()), None, "nothing follows the stream's end");
    }
}
