//! Whole conversations, written as text, and what the analysis makes of them.
//!
//! [`check`] takes a script (its language is described in `support`) and what the report must hold: a line
//! for each thing, in order, begun by the letter of its kind. Kinds that are not mentioned are not compared;
//! `D none` says that there is nothing of a kind.
//!
//! The letters are those of `support::told`.

#![expect(clippy::string_slice, reason = "a test's scripts are its own")]

mod contents;
mod files;
mod framing;
mod limits;
mod linking;
mod listings;
mod nat;
mod negotiation;
mod paths;
mod replies;
mod security;
mod sinks;
#[path = "../support/mod.rs"]
mod support;
mod time_wait;
mod verification;

use ftpscope::analyzer::Options;

use support::told::{facts, told};
use support::{analyse, packets_cut, report};

/// Analyses a script, and compares what came out with what is expected of it; then with its control bytes cut
/// otherwise.
#[track_caller]
fn check(script: &str, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let kinds: Vec<&str> = expected.iter().map(|line| &line[..1]).collect();
    let nothing = |line: &&str| line.len() == 6 && line.ends_with(" none");
    let found: Vec<String> =
        told(&analyse(script)).into_iter().filter(|line| kinds.contains(&&line[..1])).collect();
    let expected: Vec<&str> = expected.into_iter().filter(|line| !nothing(line)).collect();
    assert_eq!(found, expected, "found, expected of {script}");
    for size in [1, 3, 1400] {
        let cut = report(&packets_cut(script, &mut |_| size), Options::default());
        assert_eq!(facts(&cut), facts(&analyse(script)), "cut into {size} bytes a segment: {script}");
    }
}
