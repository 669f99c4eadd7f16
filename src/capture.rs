//! Frames from capture files and interfaces.
//!
//! In come files, pipes and devices; out come [`Frame`]s, borrowed from the buffer that was read, in order of time.
//!
//! **Invariant:** knows file formats and link types by number, not what is inside a frame.

mod frame;
mod standin;

pub use frame::{Frame, LinkType};
pub use standin::{Error, Frames, open};
