//! The session report: everything ftpscope knows at the end, as plain data.
//!
//! Exporters, rules and the terminal interface read these types; only `session`, `diagnose` and `analyzer` make
//! them. Fields that are in the report contract (`ftpscope schema`) have its names and meanings; others carry the
//! evidence that findings and the timeline need.
//!
//! **Invariant:** plain data that answers small questions about itself; nothing here reads packets or writes text.

mod capture;
mod channel;
mod community;
mod file;
mod finding;
mod headline;
mod icmp;
mod index;
mod inferred;
mod interface;
mod kind;
mod listing;
mod lookup;
mod memory;
mod negotiation;
mod numbered;
mod path;
mod rows;
mod session;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod thresholds;
mod tls;
mod transfer;
mod trouble;
mod verification;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use crate::ftp::{Algorithm, HostPort as Advertised, LineEnd, Party};
pub use capture::{Capture, CaptureFormat, Compression, ControlAttempt, Source};
pub use channel::{
    Attempt, AttemptResult, Connection, ContentId, DataChannel, Decoded, EndState, FirstClose, FrameSpan,
    Holder, MatchedBy, Outcome, PayloadSpan, Previous, Reuse, ReuseKind, ReuseOutcome, Stall, StreamFacts,
    SynFrames, TimeWait,
};
pub use community::{CommunityId, community_id};
pub use file::{File, FilePart, Piece};
pub use finding::{Certainty, Code, Finding, Severity};
pub use icmp::{IcmpError, IcmpMessage, IcmpVersion};
pub use index::{ChannelIndex, CommandIndex, FindingIndex, TransferIndex};
pub use inferred::{CommandLength, InferredTransfer};
pub use interface::Interface;
pub use kind::ContentKind;
pub use listing::{Listed, Listing, Told};
pub use lookup::{Lookup, LookupKind};
pub use negotiation::{
    Announcement, Answer, Connector, Differs, Mode, Negotiated, NegotiatedMode, Negotiation, Origin,
    Prediction,
};
pub use path::{Directions, History, Path, Traffic, WindowScaling};
pub use session::{
    Allocation, Argument, Command, ControlGap, LineFacts, Login, OversizedLine, PortAllocation, Protection,
    Reply, Security, Session, Uid,
};
pub use state::{ChannelState, Verdict};
pub use thresholds::{Threshold, Thresholds, Unit};
pub use tls::{OpaqueData, TlsAlert, TlsCertificate, TlsDetails, TlsHandshake};
pub use transfer::{Content, Direction, Status, Transfer};
pub use trouble::{Mark, OddReset, Overshoot, SynAcks, Trouble, Unheard};
pub use verification::Verification;

/// Everything that was found in one capture, which may be several files.
///
/// ```
/// use ftpscope::analyzer::Options;
/// use ftpscope::report::Code;
///
/// let report = ftpscope::analyze(["samples/blocked-data-connection.pcap"], &Options::default())?;
/// let worst = report.sessions[0].findings.iter().max_by_key(|finding| finding.severity);
/// assert!(worst.is_some_and(|finding| finding.code == Code::DataUnanswered));
/// # Ok::<(), ftpscope::capture::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of its JSON.
    pub schema: Schema,
    /// The program that made it.
    pub tool: Tool,
    /// What was read.
    pub capture: Capture,
    /// One for each control connection, in order of first packet.
    pub sessions: Vec<Session>,
    /// Files put together from the transfers that carried their parts, in order of their first packets.
    #[serde(default)]
    pub files: Vec<File>,
    /// Findings that belong to no single session.
    pub findings: Vec<Finding>,
}

/// The name and version of a report's JSON schema (`ftpscope schema`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// Version 1; members may be added to it.
    #[default]
    #[serde(rename = "ftpscope.report/1")]
    Report1,
}

/// The program that made a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its version.
    pub version: Cow<'static, str>,
}

/// This program.
impl Default for Tool {
    fn default() -> Self {
        Self { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}
