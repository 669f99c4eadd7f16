//! Frames from capture files and interfaces.
//!
//! In come files, pipes and devices; out come [`Frame`](crate::decode::Frame)s, borrowed from the buffer that
//! was read, in order of time. A file's format is recognised by its content, never by its name: pcap or
//! pcapng, perhaps inside gzip, zstd or lz4.
//!
//! A damaged file gives all packets before the damage, and [`report::Source::damage`](crate::report::Source)
//! says where and why; an [`Error`] is for what can't be read at all.
//!
//! **Invariant:** knows file formats, not what is inside a frame, except that a thread that reads ahead may call
//! the decoder's fast path. Memory does not depend on the size of a file. Threads change how soon a frame comes,
//! never which.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod ahead;
mod batch;
mod bytes;
mod compression;
mod error;
mod frames;
mod intake;
pub mod live;
mod parcel;
mod pcap;
mod pcapng;
mod record;
mod recorder;
mod ring;
mod run;
mod scanner;
mod source;
mod tally;
#[cfg(feature = "compression")]
mod unpack;
mod write;

#[cfg(test)]
mod testing;

pub use error::Error;
pub use frames::{Frames, open};
pub use intake::{Arrival, Intake};
pub use recorder::{Recorder, Rotation};
pub use ring::Ring;
pub use run::Run;
pub use tally::Drops;
pub use write::PcapngWriter;
