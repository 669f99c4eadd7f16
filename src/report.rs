//! The session report: what ftpscope knows in the end, as plain data.
//!
//! Exporters, rules and the terminal interface all read these types; only `session`, `diagnose` and
//! `analyzer` make them. The meaning of a field is that of the report contract (`ftpscope schema`), under the
//! same name where it has one; fields beyond it carry the evidence that findings and the timeline need.
//!
//! **Invariant:** no behaviour but small questions about itself; nothing here reads packets or writes text.

mod capture;
mod channel;
mod community;
mod finding;
mod headline;
mod icmp;
mod index;
mod interface;
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

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use crate::ftp::{HostPort as Advertised, LineEnd, Party};
pub use capture::{Capture, CaptureFormat, Compression, ControlAttempt, Source};
pub use channel::{
    Attempt, AttemptResult, Connection, DataChannel, Decoded, EndState, FirstClose, FrameSpan, Holder,
    MatchedBy, Outcome, PayloadSpan, Previous, Reuse, ReuseKind, ReuseOutcome, Stall, StreamFacts, SynFrames,
    TimeWait,
};
pub use community::{CommunityId, community_id};
pub use finding::{Certainty, Code, Finding, Severity};
pub use icmp::{IcmpError, IcmpMessage, IcmpVersion};
pub use index::{ChannelIndex, CommandIndex, FindingIndex, TransferIndex};
pub use interface::Interface;
pub use negotiation::{
    Announcement, Answer, Connector, Differs, Mode, Negotiated, NegotiatedMode, Negotiation, Origin,
    Prediction,
};
pub use path::{Directions, History, HopLimits, Path, Traffic, WindowScaling};
pub use session::{
    Allocation, Argument, Command, ControlGap, LineFacts, Login, OversizedLine, PortAllocation, Protection,
    Reply, Security, Session, Uid,
};
pub use state::{ChannelState, Verdict};
pub use thresholds::{Threshold, Thresholds, Unit};
pub use tls::{TlsAlert, TlsCertificate, TlsDetails, TlsHandshake};
pub use transfer::{Content, Direction, Status, Transfer};

/// Everything that was found in one capture, of one file or several.
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
    /// What its JSON looks like.
    pub schema: Schema,
    /// The program that made it.
    pub tool: Tool,
    /// What was read.
    pub capture: Capture,
    /// One for each control connection, in order of first packet.
    pub sessions: Vec<Session>,
    /// What belongs to no single session.
    pub findings: Vec<Finding>,
}

/// The name and version of what a report's JSON looks like (`ftpscope schema`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// Version 1, which may grow new members.
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
