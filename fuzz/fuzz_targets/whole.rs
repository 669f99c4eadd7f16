//! From a capture file to every form of report, whatever the bytes: see `tests/invariants/whole.rs`.

#![no_main]

#[path = "../../tests/invariants/whole.rs"]
mod whole;

libfuzzer_sys::fuzz_target!(|input: &[u8]| whole::hold(input));
