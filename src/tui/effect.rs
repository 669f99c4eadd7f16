//! What the state asks of the world: performed by the loop only.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::Endpoint;
use crate::report::{Capture, Finding, FrameSpan, Session, Uid};

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
    /// Write a report of sessions to a file, or one table of it.
    Export { format: String, table: Table, path: PathBuf, sessions: Vec<u32>, replace: bool },
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
    /// Whether a file that is there may be replaced.
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
    /// Reads the capture again and writes the frames asked for. Says in a few words what was written.
    fn save(&self, request: &SaveRequest) -> Result<String, String>;
}

/// Writes reports; it runs on a thread of its own.
pub trait Exporter: Send + Sync {
    /// The formats it knows, by name.
    fn formats(&self) -> Vec<&'static str>;

    /// Writes sessions, in a format, to a file. Says in a few words what was written.
    fn export(&self, request: &ExportRequest) -> Result<String, String>;
}

/// What to export.
#[derive(Debug)]
pub struct ExportRequest {
    /// The format's name.
    pub format: String,
    /// Which table it is where the format is one.
    pub table: Table,
    /// The file to make.
    pub path: PathBuf,
    /// What was read; none while reading goes on.
    pub capture: Option<Capture>,
    /// The sessions, by first packet.
    pub sessions: Vec<Arc<Session>>,
    /// What belongs to no single session.
    pub findings: Vec<Finding>,
}

/// The tables of a report, by what is a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// Sessions.
    #[default]
    Sessions,
    /// Transfers.
    Transfers,
    /// Data channels.
    Channels,
    /// Commands.
    Commands,
    /// Findings.
    Findings,
}

impl Table {
    /// The format that is proposed: a list is a table; sessions have more to them than fits in one.
    pub(super) const fn usual_format(self) -> &'static str {
        match self {
            Self::Sessions | Self::Commands => "json",
            Self::Transfers | Self::Findings | Self::Channels => "csv",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Transfers => "transfers",
            Self::Channels => "channels",
            Self::Commands => "commands",
            Self::Findings => "findings",
        }
    }
}
