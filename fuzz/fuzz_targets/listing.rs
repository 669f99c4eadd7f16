//! Listings, whatever the bytes: see `tests/invariants/listing.rs`.

#![no_main]

#[path = "../../tests/invariants/listing.rs"]
mod listing;

libfuzzer_sys::fuzz_target!(|input: &[u8]| listing::hold(input));
