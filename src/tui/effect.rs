//! What `update` asks for: performed by the loop only.

use std::path::PathBuf;

use super::chosen::Chosen;
use crate::base::{Endpoint, FrameNumber};
use crate::export::What;
use crate::report::{Capture, Finding, FrameSpan, Uid};

/// Something that `update` itself cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Quit; `keep` leaves the last screen in the scrollback.
    Quit { keep: bool },
    /// Put text on the clipboard.
    Copy(String),
    /// Open Wireshark at a frame, or copy the command that does.
    Wireshark { frame: FrameNumber, filter: String },
    /// Write packets of sessions to a file.
    Save { path: PathBuf, sessions: Vec<u32>, replace: bool },
    /// Write a report of sessions to a file, or one table of it.
    Export { format: String, table: What, path: PathBuf, sessions: Vec<u32>, replace: bool },
    /// Capture the mouse, or release it.
    Mouse(bool),
    /// Tell the source to stop.
    Stop,
    /// Redraw everything.
    Redraw,
    /// Suspend, as Ctrl-Z does.
    Suspend,
}

/// Which packets to write, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    /// The file to create.
    pub path: PathBuf,
    /// The control and data connections of the chosen sessions.
    pub flows: Vec<Flow>,
    /// The sessions they belong to.
    pub sessions: Vec<Uid>,
    /// Whether an existing file may be replaced.
    pub replace: bool,
}

/// One connection: packets between its endpoints, in either direction, within its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// One end.
    pub a: Endpoint,
    /// The other.
    pub b: Endpoint,
    /// First and last frame.
    pub frames: FrameSpan,
}

/// Writes packets of chosen connections; it runs on a thread of its own.
pub trait Saver: Send + Sync {
    /// Reads the capture again and writes the requested frames. Returns in a few words what was written.
    fn save(&self, request: &SaveRequest) -> Result<String, String>;
}

/// Writes reports; it runs on a thread of its own.
pub trait Exporter: Send + Sync {
    /// The formats it knows, by name.
    fn formats(&self) -> Vec<&'static str>;

    /// Writes sessions, in a format, to a file. Returns in a few words what was written.
    fn export(&self, request: &ExportRequest) -> Result<String, String>;
}

/// What to export.
#[derive(Debug)]
pub struct ExportRequest {
    /// The format's name.
    pub format: String,
    /// Which table it is where the format is one.
    pub table: What,
    /// The file to create.
    pub path: PathBuf,
    /// What was read; none while reading goes on.
    pub capture: Option<Capture>,
    /// The sessions, by first packet.
    pub sessions: Chosen,
    /// What belongs to no single session.
    pub findings: Vec<Finding>,
}

/// The format that is proposed for a table: a list is a table; sessions have more to them than fits in one.
pub(super) const fn usual_format(table: What) -> &'static str {
    match table {
        What::Sessions | What::Commands => "json",
        What::Transfers | What::Findings | What::Channels | What::ListingEntries => "csv",
    }
}
