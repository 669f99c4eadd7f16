//! The states of idle sessions: compressed, encrypted, a few in memory, the rest in an unnamed temporary file.
//!
//! A state holds lines that have not ended and what was said of secrets: whoever reads the disk is to learn nothing
//! from it. The key is drawn anew each time and never leaves memory.

use std::hash::BuildHasher as _;

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use lz4_flex::block;

use super::Scratch;
use super::spool::{Place, Spool};
use crate::analyzer::{Swap, SwapPlace};
use crate::base::StrongKeys;

/// Larger buffers are not kept for the next state.
const USUAL: usize = 64 * 1024;

/// Keeps the states of idle sessions.
pub struct SwapFile {
    spool: Spool,
    cipher: ChaCha20Poly1305,
    /// How many were put here so far.
    number: u64,
    buffer: Vec<u8>,
}

impl SwapFile {
    /// A place for states, in this file once there are many.
    pub fn new(scratch: Scratch) -> Self {
        let mut key = Key::default();
        for (part, number) in key.chunks_mut(8).zip(0_u64..) {
            part.copy_from_slice(&StrongKeys::default().hash_one(number).to_le_bytes());
        }
        let cipher = ChaCha20Poly1305::new(&key);
        Self { spool: Spool::new(scratch), cipher, number: 0, buffer: Vec::new() }
    }

    /// Writes a state to the buffer.
    fn encode(&mut self, state: &[u8], number: u64) -> Option<()> {
        let Self { cipher, buffer, .. } = self;
        buffer.clear();
        buffer.extend_from_slice(&u32::try_from(state.len()).ok()?.to_le_bytes());
        let head = buffer.len();
        buffer.resize(head.saturating_add(block::get_maximum_output_size(state.len())), 0);
        let length = block::compress_into(state, buffer.get_mut(head..)?).ok()?;
        buffer.truncate(head.saturating_add(length));
        cipher.encrypt_in_place(&nonce(number), b"", buffer).ok()
    }

    /// Reads a state from the buffer.
    fn decode(&mut self, number: u64, state: &mut Vec<u8>) -> Option<()> {
        let Self { cipher, buffer, .. } = self;
        cipher.decrypt_in_place(&nonce(number), b"", buffer).ok()?;
        let (length, compressed) = buffer.split_first_chunk()?;
        state.clear();
        state.resize(u32::from_le_bytes(*length) as usize, 0);
        let length = block::decompress_into(compressed, state).ok()?;
        state.truncate(length);
        Some(())
    }

    fn shrink(&mut self) {
        self.buffer.clear();
        self.buffer.shrink_to(USUAL);
    }
}

/// No two states are encrypted with the same one.
fn nonce(number: u64) -> Nonce {
    let mut nonce = Nonce::default();
    if let Some(low) = nonce.first_chunk_mut() {
        *low = number.to_le_bytes();
    }
    nonce
}

impl Swap for SwapFile {
    fn put(&mut self, state: &[u8]) -> Option<SwapPlace> {
        let number = self.number;
        self.number = number.checked_add(1)?;
        self.encode(state, number)?;
        let place = self.spool.append(&self.buffer).ok();
        self.shrink();
        place.map(|Place { at, length }| SwapPlace { at, length, number })
    }

    fn get(&mut self, place: SwapPlace, state: &mut Vec<u8>) -> bool {
        let SwapPlace { at, length, number } = place;
        let is_read = self.spool.read(Place { at, length }, &mut self.buffer).is_ok()
            && self.decode(number, state).is_some();
        self.shrink();
        is_read
    }

    fn forget(&mut self, place: SwapPlace) {
        self.spool.forget(Place { at: place.at, length: place.length });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_there_is_read_back_and_no_word_of_it_can_be_read_in_between() {
        let mut file = SwapFile::new(Scratch::open(None));
        let states = ["PASS hunter2 ".repeat(50), String::new(), "PASS hunter2".to_owned()];
        let places = states.each_ref().map(|state| file.put(state.as_bytes()).unwrap());
        for (state, place) in states.iter().zip(places) {
            let mut written = Vec::new();
            file.spool.read(Place { at: place.at, length: place.length }, &mut written).unwrap();
            assert!(!written.windows(7).any(|bytes| bytes == b"hunter2"));
            let mut read = Vec::new();
            assert!(file.get(place, &mut read));
            assert_eq!(read, state.as_bytes());
            let another = SwapPlace { number: place.number + 1, ..place };
            assert!(!file.get(another, &mut read));
        }
    }

    #[test]
    fn where_there_is_no_room_nothing_is_kept_and_what_was_kept_before_can_still_be_read() {
        let mut file =
            SwapFile { spool: Spool::with_memory(Scratch::none(), 1000), ..SwapFile::new(Scratch::none()) };
        let first = file.put(b"the first").unwrap();
        let mut dice = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (dice >> 24) as u8
        })
        .take(2000)
        .collect();
        assert_eq!(file.put(&noise), None);
        let mut read = Vec::new();
        assert!(file.get(first, &mut read));
        assert_eq!(read, b"the first");
    }
}
