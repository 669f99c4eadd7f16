//! The capture readers, whatever the bytes: see `tests/invariants/readers.rs`.

#![no_main]

#[path = "../../tests/invariants/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|input: &[u8]| readers::hold(input));
