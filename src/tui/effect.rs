//! What the state asks of the world: performed by the loop only.

use std::path::PathBuf;

use crate::base::Endpoint;
use crate::report::{FrameSpan, Uid};

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Leave; with the last screen left in the scrollback.
    Quit { keep: bool },
    /// Put text on the clipboard.
    Copy(String),
    /// Open Wireshark at a frame, or copy the command that does.
    Wireshark { frame: u64, filter: String },
    /// Write packets of sessions to a file.
    Save(SaveRequest),
    /// Write a report of sessions to a file.
    Export { format: String, path: PathBuf, sessions: Vec<u32> },
    /// Take hold of the mouse, or let go.
    Mouse(bool),
    /// Tell the source to stop.
    Stop,
    /// Draw everything anew.
    Redraw,
    /// Go behind the shell.
    Suspend,
}

/// Which packets to write, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    /// The file to make.
    pub path: PathBuf,
    /// The connections, control and data, of all sessions asked for.
    pub flows: Vec<Flow>,
    /// The sessions they belong to.
    pub sessions: Vec<Uid>,
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
    /// Reads the capture again and writes the frames asked for. Says in a few words what was written.
    fn save(&self, request: &SaveRequest) -> Result<String, String>;
}

/// Writes reports.
pub trait Exporter {
    /// The formats it knows, by name.
    fn formats(&self) -> &[&'static str];

    /// Writes sessions, in a format, to a file. Says in a few words what was written.
    fn export(&self, request: &ExportRequest<'_>) -> Result<String, String>;
}

/// What to export.
#[derive(Debug)]
pub struct ExportRequest<'a> {
    /// The format's name.
    pub format: &'a str,
    /// The file to make.
    pub path: &'a std::path::Path,
    /// What was read; none while reading goes on.
    pub capture: Option<&'a crate::report::Capture>,
    /// The sessions, by first packet.
    pub sessions: Vec<&'a crate::report::Session>,
    /// What belongs to no single session.
    pub findings: &'a [crate::report::Finding],
}
