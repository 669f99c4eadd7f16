//! TLS seen from outside, whatever the bytes: see `tests/invariants/tls.rs`.

#![no_main]

#[path = "../../tests/invariants/tls.rs"]
mod tls;

libfuzzer_sys::fuzz_target!(|input: &[u8]| tls::hold(input));
