//! The session report: what ftpscope knows in the end, as plain data.
//!
//! Exporters, rules and the terminal interface all read these types; only `session`, `diagnose` and `analyzer` make
//! them. The meaning of a field is that of the report contract (`ftpscope schema`), under the same name where it has
//! one; fields beyond it carry the evidence that findings and the timeline need.
//!
//! **Invariant:** no behaviour but small questions about itself; nothing here reads packets or writes text.

mod capture;
mod channel;
mod community;
mod finding;
mod interface;
mod session;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod transfer;

pub use crate::ftp::{HostPort as Advertised, LineEnd, Party};
pub use capture::{Capture, ControlAttempt, Source};
pub use channel::{
    Announcement, Connection, Connector, DataChannel, Differs, EndState, FirstClose, FrameSpan, Holder,
    MatchedBy, Mode, Negotiation, Outcome, Prediction, Previous, Reuse, ReuseKind, ReuseOutcome, Stall,
    StreamFacts, SynFrames, TimeWait,
};
pub use community::{CommunityId, community_id};
pub use finding::{Code, Finding, Severity};
pub use interface::Interface;
pub use session::{
    Allocation, Argument, Command, ControlGap, LineFacts, Login, OversizedLine, PortAllocation, Protection,
    Reply, Security, Session, Uid,
};
pub use state::{ChannelState, Verdict};
pub use transfer::{Content, Direction, Status, Transfer};

/// Everything that was found in one capture, of one file or several.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was read.
    pub capture: Capture,
    /// One for each control connection, in order of first packet.
    pub sessions: Vec<Session>,
    /// What belongs to no single session.
    pub findings: Vec<Finding>,
}
