//! Sessions as bytes: all fields in sequence, compressed.

use std::io;

use borsh::{BorshDeserialize, BorshSerialize};
use lz4_flex::block;

use super::Error;
use super::spool::{Place, Spool};

/// Larger buffers are not kept for the next session.
const USUAL: usize = 64 * 1024;

/// Writes sessions to a spool and reads them back.
#[derive(Debug)]
pub(super) struct Codec {
    pub(super) spool: Spool,
    /// Buffers, reused from session to session.
    plain: Vec<u8>,
    compressed: Vec<u8>,
}

impl Codec {
    pub(super) const fn new(spool: Spool) -> Self {
        Self { spool, plain: Vec::new(), compressed: Vec::new() }
    }

    /// Adds a session.
    pub(super) fn put<T: BorshSerialize>(&mut self, session: &T) -> Result<Place, Error> {
        let Self { spool, plain, compressed } = self;
        encode(session, plain, compressed).map_err(|error| spool.unreadable(error))?;
        let place = spool.append(compressed);
        self.shrink();
        place
    }

    /// The session at a place.
    pub(super) fn get<T: BorshDeserialize>(&mut self, place: Place) -> Result<Box<T>, Error> {
        let Self { spool, plain, compressed } = self;
        spool.read(place, compressed)?;
        let session = decode(compressed, plain).map_err(|error| spool.unreadable(error));
        self.shrink();
        session
    }

    /// Releases the memory of a very large session.
    fn shrink(&mut self) {
        for buffer in [&mut self.plain, &mut self.compressed] {
            buffer.clear();
            buffer.shrink_to(USUAL);
        }
    }
}

/// Writes a session to `compressed`, by way of `plain`. Both are overwritten.
pub(super) fn encode<T: BorshSerialize>(
    session: &T,
    plain: &mut Vec<u8>,
    compressed: &mut Vec<u8>,
) -> io::Result<()> {
    plain.clear();
    // Writing to memory can't fail.
    session.serialize(plain)?;
    compressed.clear();
    compressed.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_le_bytes());
    let head = compressed.len();
    compressed.resize(head.saturating_add(block::get_maximum_output_size(plain.len())), 0);
    let room = compressed.get_mut(head..).unwrap_or_default();
    let length = block::compress_into(plain, room).map_err(invalid)?;
    compressed.truncate(head.saturating_add(length));
    Ok(())
}

/// Reads a session from what [`encode`] wrote.
pub(super) fn decode<T: BorshDeserialize>(compressed: &[u8], plain: &mut Vec<u8>) -> io::Result<Box<T>> {
    let (length, compressed) = compressed.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
    plain.clear();
    plain.resize(u32::from_le_bytes(*length) as usize, 0);
    let length = block::decompress_into(compressed, plain).map_err(invalid)?;
    let mut plain = plain.get(..length).unwrap_or_default();
    Ok(Box::new(T::deserialize(&mut plain)?))
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
