//! TCP connections, whatever the bytes: see `tests/invariants/reassembly.rs`.

#![no_main]

#[path = "../../tests/invariants/reassembly.rs"]
mod reassembly;

libfuzzer_sys::fuzz_target!(|input: &[u8]| reassembly::hold(input));
