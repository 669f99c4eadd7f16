//! Sessions: one for each control connection, with its negotiations, data connections and transfers.
//!
//! In come the events of TCP connections ([`Tracker`] is a [`tcp::Sink`](crate::tcp::Sink)); out come
//! [`report::Session`](crate::report::Session)s, without findings, each as soon as it is over.
//!
//! The tracker is made of parts that know nothing of each other: `sessions` (the dialogues under way, and how
//! one is found), `flows` (the connections and what each is for), `linker` (what is expected and what was
//! used: facts in, decisions out), `attempts` (control connections that failed) and `event_log`. The tracker
//! passes facts between them and carries out what is decided.
//!
//! While a session is under way facts are noted: lines, replies, which connection answers which negotiation.
//! What the dialogue brings about (login, paths, transfers) is its `state`, which takes in one exchange after
//! the other whenever somebody asks. What may change as long as connections come late (which one is whose,
//! TIME_WAIT, reuse) is settled in one pass at the end (`assemble`), so that what is learnt late is never too
//! late.
//!
//! **Invariant:** no clock, no output; keeps no payload but control lines and the first bytes of files.

#![warn(clippy::indexing_slicing)]

mod active;
mod assemble;
mod attempts;
mod both;
mod content;
mod control;
mod dialogue;
mod digest;
mod event;
mod event_log;
mod expectation;
mod files;
mod flow;
mod flows;
mod history;
mod inferred;
mod kept;
mod linker;
mod lookups;
mod options;
mod ports;
mod sessions;
mod state;
mod swap;
mod tls_details;
mod tracker;
mod twins;
mod verdict;

pub use assemble::FinishedSession;
pub use content::{ContentSink, Hashing, InlineHashing, NoHashing, Tapped};
pub use event::{Event, EventKind, Waiting};
pub use files::{Files, files};
pub use options::Options;
pub use state::CurrentTransfer;
pub use swap::{Swap, SwapPlace};
pub use tracker::{Finished, Tracker};
