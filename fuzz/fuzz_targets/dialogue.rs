//! Honest dialogues among hostile traffic, as the bytes decide: see `tests/invariants/dialogue.rs`.

#![no_main]

#[path = "../../tests/invariants/dialogue.rs"]
mod dialogue;
#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, reason = "scripts told elsewhere need more of it")]
mod support;
#[path = "../../tests/invariants/whole.rs"]
#[expect(dead_code, reason = "of which only the checks of a report are needed")]
mod whole;

libfuzzer_sys::fuzz_target!(|input: &[u8]| dialogue::hold(input));
