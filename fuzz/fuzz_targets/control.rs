//! The language of the control connection, whatever the bytes: see `tests/invariants/control.rs`.

#![no_main]

#[path = "../../tests/invariants/control.rs"]
mod control;

libfuzzer_sys::fuzz_target!(|input: &[u8]| control::hold(input));
