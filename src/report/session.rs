//! A session: one control connection and everything that belongs to it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::{
    Announcement, ChannelIndex, CommandIndex, Connection, DataChannel, Directions, EndState, Finding,
    FrameSpan, IcmpError, Lookup, Negotiation, StreamFacts, TlsDetails, Traffic, Transfer, TransferIndex,
    Trouble,
};
#[cfg(feature = "store")]
use crate::base::encode;
use crate::base::{Endpoint, FrameNumber, LimitSet, Secret, Text, TimeDelta, Timestamp, choices};
use crate::ftp::{LineEnd, Party, Verb};

/// The name of a session. It depends only on the session's 4-tuple and first packet, so that a re-run gives the
/// same name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
#[serde(transparent)]
pub struct Uid(pub Arc<str>);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One control connection on which FTP was spoken.
///
/// ```
/// use ftpscope::analyzer::Options;
/// use ftpscope::report::{Mode, Outcome};
///
/// let report = ftpscope::analyze(["samples/pasv-and-port.pcap"], &Options::default())?;
/// let session = &report.sessions[0];
/// assert_eq!(session.server.port, 21);
/// let channel = &session.data_channels[0];
/// assert_eq!((channel.mode(), channel.outcome()), (Some(Mode::Pasv), Some(Outcome::Connected)));
/// # Ok::<(), ftpscope::capture::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Session {
    /// Its name.
    pub uid: Uid,
    /// Who sends commands.
    pub client: Endpoint,
    /// Who replies.
    pub server: Endpoint,
    /// First packet of the control connection.
    pub start: Timestamp,
    /// Last packet of the control connection.
    pub end: Timestamp,
    /// Their frame numbers.
    pub frames: FrameSpan,
    /// Whether its SYN was captured.
    pub handshake: bool,
    /// How the control connection ended.
    pub end_state: EndState,
    /// Who ended it: the first FIN or RST, as far as seen.
    pub closed_by: Option<Party>,
    /// When that was.
    #[serde(skip)]
    pub closed_at: Option<Timestamp>,
    /// Other sessions of the same client and server that were open when it began, up to a limit.
    #[serde(skip)]
    pub others_open: u32,
    /// The same session as seen on the other side of a NAT in this capture.
    pub twin: Option<Uid>,
    /// Argument of the last USER.
    pub user: Option<Text>,
    /// Argument of the last PASS.
    pub password: Option<Secret>,
    /// Argument of the last ACCT.
    pub account: Option<Secret>,
    /// Result of the last login attempt.
    pub login: Login,
    /// The server's opening replies: 120, 220, 421.
    pub greeting: Vec<Reply>,
    /// Later replies that answer no command.
    pub unsolicited: Vec<Reply>,
    /// From SYST.
    pub system: Option<Text>,
    /// From CLNT.
    pub client_software: Option<Text>,
    /// From FEAT.
    pub features: Option<Vec<Text>>,
    /// The highest protection reached on the control connection.
    pub security: Security,
    /// What can be seen of its TLS.
    #[serde(default)]
    pub tls_details: Option<Box<TlsDetails>>,
    /// Whether the server accepted EPSV ALL.
    pub epsv_all: bool,
    /// How each side chose its successive listening ports.
    pub port_allocation: PortAllocation,
    /// ICMP errors that quote a packet of the control connection, the first few.
    pub icmp: Vec<IcmpError>,
    /// Round trip of the control connection's handshake, in seconds.
    pub rtt_s: Option<TimeDelta>,
    /// Packets, bytes and history of the control connection; its client counts as the originator.
    pub traffic: Traffic,
    /// What went wrong on the way of the control connection; its client stands for the originator.
    #[serde(skip)]
    pub trouble: Option<Box<Trouble>>,
    /// The dialogue, in the order of the commands.
    pub commands: Vec<Command>,
    /// Negotiations and data connections.
    pub data_channels: Vec<DataChannel>,
    /// Transfers, in the order of their commands.
    pub transfers: Vec<Transfer>,
    /// Findings, filled in by `diagnose`.
    pub findings: Vec<Finding>,
    /// The limits that took something from it.
    #[serde(default)]
    pub limited: LimitSet,
    /// Bytes of the control connection that are not in the capture.
    #[serde(skip)]
    pub gaps: Vec<ControlGap>,
    /// What the server asked about the client meanwhile, the latest few.
    #[serde(skip)]
    pub lookups: Vec<Lookup>,
    /// Lines longer than the limit.
    #[serde(skip)]
    pub oversized: Vec<OversizedLine>,
}

impl Session {
    /// A session of which only the endpoints and the first packet are known.
    pub const fn begun(
        uid: Uid,
        (client, server): (Endpoint, Endpoint),
        (start, frames): (Timestamp, FrameSpan),
    ) -> Self {
        Self {
            uid,
            client,
            server,
            start,
            end: start,
            frames,
            handshake: true,
            end_state: EndState::Open,
            closed_by: None,
            closed_at: None,
            others_open: 0,
            twin: None,
            user: None,
            password: None,
            account: None,
            login: Login::None,
            greeting: Vec::new(),
            unsolicited: Vec::new(),
            system: None,
            client_software: None,
            features: None,
            security: Security::None,
            tls_details: None,
            epsv_all: false,
            port_allocation: PortAllocation { client: None, server: None },
            icmp: Vec::new(),
            rtt_s: None,
            traffic: Traffic::NONE,
            trouble: None,
            commands: Vec::new(),
            data_channels: Vec::new(),
            transfers: Vec::new(),
            findings: Vec::new(),
            limited: LimitSet::NONE,
            gaps: Vec::new(),
            lookups: Vec::new(),
            oversized: Vec::new(),
        }
    }

    /// The command that a transfer, channel or finding names by index.
    pub fn command(&self, index: CommandIndex) -> Option<&Command> {
        index.of(&self.commands)
    }

    /// Which directions of the control connection were captured.
    pub const fn directions(&self) -> Directions {
        Directions::of(self.traffic.packets_originator, self.traffic.packets_responder)
    }

    /// The best known name of what a transfer moved: its absolute path, its path from the login directory, or the
    /// argument of its command.
    pub fn name_of<'a>(&'a self, transfer: &'a Transfer) -> Option<&'a Text> {
        let from_login = || transfer.path_from_login.as_ref().filter(|path| !path.raw().is_empty());
        let named = || self.command(transfer.command)?.text();
        transfer.path.as_ref().or_else(from_login).or_else(named)
    }

    /// What the server announced, and what the client named that is not its own, in order.
    pub fn announcements(&self) -> impl Iterator<Item = Announcement> + '_ {
        let accepted = |channel: &&DataChannel| channel.negotiation() == Some(Negotiation::Accepted);
        let client = self.client.ip;
        self.data_channels.iter().filter(accepted).filter_map(move |channel| {
            let listener = channel.predicted()?.listener;
            let by = if channel.is_active() { Party::Client } else { Party::Server };
            (by == Party::Server || listener.ip != client).then_some(Announcement { client, listener, by })
        })
    }

    /// The data channel that a transfer or finding names by index.
    pub fn data_channel(&self, index: ChannelIndex) -> Option<&DataChannel> {
        index.of(&self.data_channels)
    }

    /// The connection that a transfer's content went over.
    pub fn connection_of(&self, transfer: &Transfer) -> Option<&Connection> {
        transfer.start?;
        Some(&self.data_channel(transfer.data_channel?)?.attempt.as_ref()?.connection)
    }

    /// What went over it in the transfer's direction.
    pub fn moved_by(&self, transfer: &Transfer) -> Option<&StreamFacts> {
        let is_active = self.data_channel(transfer.data_channel?)?.origin.is_active();
        Some(self.connection_of(transfer)?.moved(transfer.direction, is_active))
    }

    /// The transfer that a finding names by index.
    pub fn transfer(&self, index: TransferIndex) -> Option<&Transfer> {
        index.of(&self.transfers)
    }
}

choices! {
    /// Result of the last login attempt.
    #[derive(Default)]
    pub enum Login {
        /// There was none, or its reply was not seen.
        #[default]
        None => "none" | "no login seen",
        /// 230 or 232.
        Accepted => "accepted" | "logged in",
        /// 530 or another 4yz or 5yz to USER, PASS or ACCT.
        Rejected => "rejected" | "login rejected",
    }
}

choices! {
    /// The highest protection that a control connection reached.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Security {
        /// All in the clear.
        #[default]
        None => "none" | "in the clear",
        /// AUTH TLS was accepted (RFC 4217).
        ExplicitTls => "explicit_tls" | "explicit TLS",
        /// TLS from the first byte.
        ImplicitTls => "implicit_tls" | "implicit TLS",
        /// AUTH GSSAPI and its kin were accepted (RFC 2228).
        Gssapi => "gssapi" | "GSSAPI",
    }
}

choices! {
    /// How a side chose its successive listening ports.
    pub enum Allocation {
        /// Each a little above the previous one.
        Sequential => "sequential",
        /// Always the same.
        Fixed => "fixed" | "always the same",
        /// No pattern.
        Scattered => "scattered" | "random",
    }
}

/// How each side chose its listening ports; none where fewer than three were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct PortAllocation {
    /// By PORT, EPRT, LPRT.
    pub client: Option<Allocation>,
    /// By PASV, EPSV, LPSV.
    pub server: Option<Allocation>,
}

/// One command and its replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
#[serde(from = "CommandAsRead")]
pub struct Command {
    /// Time of the packet that completes the line.
    pub time: Timestamp,
    /// Frame that completes the line.
    pub frame: FrameNumber,
    /// The verb.
    pub verb: Verb,
    /// Everything after the one space that follows the verb.
    pub argument: Option<Argument>,
    /// Preliminary and final replies, in order. A single one takes no memory of its own.
    #[cfg_attr(
        feature = "store",
        borsh(serialize_with = "encode::list", deserialize_with = "encode::read_list")
    )]
    pub replies: SmallVec<[Reply; 1]>,
    /// How its line appeared on the wire.
    #[serde(skip)]
    pub line: LineFacts,
}

/// A command as a report has it: the verb tells whether the argument is a secret.
#[derive(Deserialize)]
struct CommandAsRead {
    time: Timestamp,
    frame: FrameNumber,
    verb: Verb,
    argument: Option<Argument>,
    replies: SmallVec<[Reply; 1]>,
}

impl From<CommandAsRead> for Command {
    fn from(read: CommandAsRead) -> Self {
        Self {
            time: read.time,
            frame: read.frame,
            argument: read.argument.map(|argument| argument.of(&read.verb)),
            verb: read.verb,
            replies: read.replies,
            line: LineFacts::default(),
        }
    }
}

impl Command {
    /// The last reply that is not preliminary (1yz).
    pub fn completion(&self) -> Option<&Reply> {
        self.replies.iter().rev().find(|reply| !reply.is_preliminary())
    }

    /// The argument as text; none where there is none or it is secret.
    pub fn text(&self) -> Option<&Text> {
        match self.argument.as_ref()? {
            Argument::Text(text) => Some(text),
            Argument::Secret(_) => None,
        }
    }
}

/// A command's argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
#[serde(untagged)]
pub enum Argument {
    /// Text; a password that is only a part of it is replaced by `***`.
    Text(Text),
    /// A secret as a whole ([`Verb::has_secret`]).
    Secret(Secret),
}

impl Argument {
    /// The argument of this verb: text is a secret if the verb says so.
    pub(super) fn of(self, verb: &Verb) -> Self {
        match self {
            Self::Text(text) if verb.has_secret() => Self::Secret(text.into()),
            Self::Text(_) | Self::Secret(_) => self,
        }
    }
}

/// One reply, of one line or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Reply {
    /// Time of the packet that completes its last line.
    pub time: Timestamp,
    /// Frame that completes its last line.
    pub frame: FrameNumber,
    /// The three digits.
    pub code: u16,
    /// All lines joined by a line feed, without codes.
    pub text: Text,
    /// How its (last) line appeared on the wire.
    #[serde(skip)]
    pub line: LineFacts,
}

impl Reply {
    /// 1yz: the action has begun, another reply follows.
    pub const fn is_preliminary(&self) -> bool {
        matches!(self.code, 100..=199)
    }

    /// 2yz: done.
    pub const fn is_completion(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    /// 230 or 232: the user is logged in.
    pub const fn accepts_login(&self) -> bool {
        matches!(self.code, 230 | 232)
    }

    /// 4yz or 5yz: not done.
    pub const fn is_negative(&self) -> bool {
        matches!(self.code, 400..=599)
    }
}

/// How a control line appeared on the wire, as a middlebox that inspects single packets sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct LineFacts {
    /// What ended it.
    pub end: LineEnd,
    /// Whether it spans more than one segment.
    pub split: bool,
    /// Whether it began at the first payload byte of a segment.
    pub leads_segment: bool,
    /// How the line was protected on the wire.
    pub protection: Protection,
}

choices! {
    /// How a line was protected on the wire.
    #[derive(Default)]
    pub enum Protection {
        /// In the clear.
        #[default]
        Clear => "clear",
        /// Read with the keys of its TLS session.
        Tls => "tls",
    }
}

/// Bytes of the control connection that are not in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct ControlGap {
    /// When the gap was noticed.
    pub time: Timestamp,
    /// The frame after it.
    pub frame: FrameNumber,
    /// Whose bytes are missing.
    pub from: Party,
    /// How many.
    pub bytes: u64,
}

/// A line longer than the limit: it was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct OversizedLine {
    /// When the limit was reached.
    pub time: Timestamp,
    /// The frame that reached it.
    pub frame: FrameNumber,
    /// Whose line.
    pub from: Party,
}
