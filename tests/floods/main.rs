//! Floods: what an attacker sends to drown an honest session, to fill the memory, or to win time.
//!
//! Each ends in time that grows as its packets do, within memory that doesn't, and the honest session in the
//! same capture is reported whole: its commands, and its transfers with size, sum and connection.
//!
//! The floods are made here and read by the program. A tenth of each runs in every test; `.ci/run` lets the
//! release build stand all of it: `FTPSCOPE_FLOODS=target/release/ftpscope cargo test --test floods`.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test stops at what it did not expect, and says what it measured"
)]

mod bombs;
mod connections;
mod costs;
mod keys;
#[path = "../support/pcap_file.rs"]
#[expect(dead_code, reason = "floods are written as they are made")]
mod pcap_file;
mod run;
mod sessions;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "scripts told elsewhere need more of it")]
mod support;
mod wire;
