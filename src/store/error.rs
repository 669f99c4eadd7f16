//! Why sessions can't be stored or read back.

use std::io;
use std::path::PathBuf;

/// Why sessions can't be stored or read back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no temporary file, or no room for it.
    #[error("can't keep sessions in a temporary file in {}", folder.display())]
    Write {
        /// Where it is.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was written can't be read.
    #[error("can't read back sessions from a temporary file in {}", folder.display())]
    Read {
        /// Where it is.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
