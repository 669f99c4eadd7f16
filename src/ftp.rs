//! The language of the control connection: lines, commands, replies, endpoints and paths.
//!
//! In come bytes of one direction, cut anywhere; out come lines, and from lines commands and replies.
//!
//! **Invariant:** knows bytes and lines, not packets or connections; so every test of it is a string.

mod verb;

pub use verb::Verb;
