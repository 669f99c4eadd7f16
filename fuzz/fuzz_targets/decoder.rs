//! The decoder, whatever the bytes: see `tests/invariants/decoder.rs`.

#![no_main]

#[path = "../../tests/invariants/decoder.rs"]
mod decoder;

libfuzzer_sys::fuzz_target!(|input: &[u8]| decoder::hold(input));
