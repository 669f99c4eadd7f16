//! What the lists show of a session and of its transfers, data channels and findings, sort by and filter by:
//! so that none of that reads sessions from the store.
//!
//! **Invariant:** the row of a session takes at most 1 KiB beside the rows of what is in it; text from
//! the wire in rows is cut where it is very long, and is not yet defused.

use std::sync::Arc;

use super::glyphs;
use super::scale::{TimeScale, Window};
use super::sorting;
use crate::base::{Endpoint, FrameNumber, LimitSet, Text, TimeDelta, Timestamp, cost};
use crate::filter::{Field, Knowledge};
use crate::ftp::Verb;
use crate::picture::channels::{self, Summary};
use crate::report::{
    Answer, Certainty, ChannelIndex, ChannelState, Code, DataChannel, Finding, FrameSpan, Login, Mode,
    Negotiated, NegotiatedMode, Origin, Security, Session, Severity, Status, Transfer, Uid,
};

/// Cells of the miniature timeline in the session list.
pub(super) const CELLS: usize = 10;
const COLUMNS: u16 = 10;

/// Bytes of a user's name that are kept.
const LONGEST_USER: usize = 64;
/// Bytes of any other text that are kept.
const LONGEST_TEXT: usize = 600;

/// What a transfer, a data channel and a finding take in the list of them: twice, since the old list stays
/// until a new one is there.
pub(super) const LISTED_TRANSFER: usize = 2 * 8;
pub(super) const LISTED_CHANNEL: usize = 2 * 72;
pub(super) const LISTED_FINDING: usize = 2 * 36;

/// What a shared text takes beside its bytes: two counters, and what the allocator adds.
const SHARED: usize = 16 + cost::ALLOCATION;

/// A session in the list.
#[derive(Clone, Debug)]
pub(super) struct SessionRow {
    pub(super) uid: Uid,
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    /// Argument of the last USER, cut where it is very long.
    pub(super) user: Option<Arc<str>>,
    pub(super) login: Login,
    pub(super) security: Security,
    /// The first and the last packet of the control connection.
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// The frames of the control connection.
    pub(super) frames: FrameSpan,
    /// Its data channels over time, in tenths of its duration.
    pub(super) cells: [Cell; CELLS],
    /// Transfers that are not complete.
    pub(super) failed: u32,
    /// Payload of its data connections, both directions.
    pub(super) bytes: u64,
    /// Findings of severity notice and above.
    pub(super) notable: u32,
    /// The weightiest finding, and how much it weighs.
    pub(super) worst: Option<(Severity, Code)>,
    headline: Headline,
    /// The first and the last packet of it and its data connections.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Whether it is still open in a live capture.
    pub(super) live: bool,
    /// The caps that took something from it.
    pub(super) limited: LimitSet,
    pub(super) transfers: Box<[TransferRow]>,
    pub(super) channels: Box<[ChannelRow]>,
    pub(super) findings: Box<[FindingRow]>,
}

/// What is wrong in one sentence.
#[derive(Clone, Debug)]
enum Headline {
    None,
    /// The summary of the first finding with the weightiest one's code.
    OfFinding,
    Own(Box<str>),
}

/// What a tenth of a session shows: the most important of what happened in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cell {
    #[default]
    Nothing,
    Carried(Option<Mode>),
    /// Predicted; no connection came, and no command needed one.
    Unused,
    /// Predicted; a command needed a connection that did not come.
    Unmet,
    /// Refused, rejected, cut short.
    Failed,
}

/// A transfer in the list.
#[derive(Clone, Debug)]
pub(super) struct TransferRow {
    /// Its first packet, else its command's.
    pub(super) time: Option<Timestamp>,
    /// The frame of its command.
    pub(super) frame: Option<FrameNumber>,
    pub(super) verb: Option<Verb>,
    pub(super) has_channel: bool,
    /// How its data channel was negotiated, where that was seen.
    pub(super) mode: Option<Mode>,
    /// The path as far as it is known, else the command's argument.
    pub(super) path: Option<Arc<str>>,
    pub(super) bytes: Option<u64>,
    /// From its first to its last packet.
    pub(super) took: Option<TimeDelta>,
    pub(super) status: Status,
    pub(super) reply_code: Option<u16>,
    pub(super) digest: Digest,
    /// Media type.
    pub(super) mime: Option<Box<str>>,
}

/// What is known of a transfer's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    /// There is none.
    Empty,
    /// TLS hides it.
    Hidden,
    /// Not all of it was captured.
    Partial,
    /// The first two bytes of its SHA-256, and the last one.
    Whole([u8; 3]),
}

/// A data channel in the list of ports.
#[derive(Clone, Debug)]
pub(super) struct ChannelRow {
    pub(super) announced: Timestamp,
    pub(super) settled: Timestamp,
    /// Who was expected to receive the SYN.
    pub(super) listener: Option<Endpoint>,
    pub(super) mode: Option<Mode>,
    pub(super) is_active: bool,
    pub(super) state: ChannelState,
    pub(super) worst: Option<Severity>,
    /// Used before.
    pub(super) reused: bool,
    /// Used while the pair was in TIME_WAIT.
    pub(super) in_time_wait: bool,
    /// The frames of its connection, and of attempts before it.
    pub(super) frames: Option<FrameSpan>,
}

/// A finding in the list.
#[derive(Clone, Debug)]
pub(super) struct FindingRow {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) time: Timestamp,
    pub(super) summary: Box<str>,
}

// However many sessions there are, each may take so much, with its name, its user, its headline and its handle beside it.
const _: () = assert!(size_of::<SessionRow>() <= 256);

impl SessionRow {
    pub(super) fn of(session: &Session, live: bool) -> Self {
        let summary = Summary::of(session);
        let (mut first, mut last) = (session.start, session.end.max(session.start));
        let mut bytes = 0_u64;
        for channel in &session.data_channels {
            if let Some(connection) = channel.connection() {
                first = first.min(connection.start);
                last = last.max(connection.end);
                bytes = bytes.saturating_add(connection.bytes());
            }
        }
        let findings: Box<[FindingRow]> = session.findings.iter().map(FindingRow::of).collect();
        let worst = worst(&session.findings);
        let failed = session.transfers.iter().filter(|transfer| transfer.status != Status::Complete).count();
        let notable = session.findings.iter().filter(|finding| finding.severity >= Severity::Notice).count();
        Self {
            uid: session.uid.clone(),
            client: session.client,
            server: session.server,
            user: session.user.as_ref().map(|user| cut(user.raw(), LONGEST_USER).into()),
            login: session.login,
            security: session.security,
            start: session.start,
            end: session.end,
            frames: session.frames,
            cells: cells(session, &summary, first, last),
            failed: u32::try_from(failed).unwrap_or(u32::MAX),
            bytes,
            notable: u32::try_from(notable).unwrap_or(u32::MAX),
            worst,
            headline: Headline::of(session, worst.and_then(|(_, code)| summary_of(&findings, code))),
            first,
            last,
            live,
            limited: session.limited,
            transfers: session.transfers.iter().map(|transfer| TransferRow::of(session, transfer)).collect(),
            channels: session
                .data_channels
                .iter()
                .zip(&summary.channels)
                .map(|(channel, found)| ChannelRow::of(channel, found))
                .collect(),
            findings,
        }
    }

    /// What is wrong in one sentence.
    pub(super) fn headline(&self) -> Option<&str> {
        match &self.headline {
            Headline::None => None,
            Headline::OfFinding => summary_of(&self.findings, self.worst?.1),
            Headline::Own(text) => Some(text),
        }
    }

    /// How bad the weightiest finding is.
    pub(super) fn severity(&self) -> Option<Severity> {
        self.worst.map(|(severity, _)| severity)
    }

    /// The session as far as the row tells of it, for a filter.
    pub(super) fn sketch(&self) -> Session {
        let between = (self.client, self.server);
        Session {
            end: self.end,
            user: self.user.as_deref().map(Text::from),
            login: self.login,
            security: self.security,
            data_channels: self.channels.iter().map(ChannelRow::sketch).collect(),
            findings: self.findings.iter().map(FindingRow::sketch).collect(),
            ..Session::begun(self.uid.clone(), between, (self.start, self.frames))
        }
    }

    /// How much of what a field is about the sketch tells.
    pub(super) fn knows(&self, field: Field) -> Knowledge {
        match field {
            Field::SessUser if self.user.as_ref().is_some_and(|user| user.len() > LONGEST_USER - 4) => {
                Knowledge::Nothing
            }
            Field::SessUser
            | Field::SessMode
            | Field::SessClient
            | Field::SessClientPort
            | Field::SessServer
            | Field::SessServerPort
            | Field::SessLogin
            | Field::SessSecurity
            | Field::SessDuration
            | Field::SessStart
            | Field::SessEnd
            | Field::SessChannels
            | Field::SessFindings
            | Field::SessUid
            | Field::DataMode
            | Field::DataActive
            | Field::FindId
            | Field::FindSeverity
            | Field::Ftp => Knowledge::All,
            Field::IpAddr
            | Field::IpSrc
            | Field::IpDst
            | Field::Ipv6Addr
            | Field::Ipv6Src
            | Field::Ipv6Dst
            | Field::TcpPort
            | Field::TcpSrcPort
            | Field::TcpDstPort
            | Field::FrameNumber => Knowledge::Part,
            // Too many to name: whatever only the whole session tells.
            _ => Knowledge::Nothing,
        }
    }

    /// Whether a frame lies within one of its connections.
    pub(super) fn spans(&self, frame: FrameNumber) -> bool {
        let channels = self.channels.iter().filter_map(|channel| channel.frames);
        channels.chain([self.frames]).any(|span| (span.first..=span.last).contains(&frame))
    }

    /// The bytes of memory that it takes, in every list that shows something of it.
    pub(super) fn memory(&self) -> usize {
        let text = |text: &str| text.len().saturating_add(cost::ALLOCATION);
        let shared = |text: Option<&str>| text.map_or(0, |text| text.len().saturating_add(SHARED));
        let transfers = self.transfers.iter().map(|transfer| {
            (size_of::<TransferRow>() + LISTED_TRANSFER)
                .saturating_add(shared(transfer.path.as_deref()))
                .saturating_add(transfer.mime.as_deref().map_or(0, text))
        });
        let findings = self
            .findings
            .iter()
            .map(|finding| (size_of::<FindingRow>() + LISTED_FINDING).saturating_add(text(&finding.summary)));
        let headline = match &self.headline {
            Headline::Own(own) => text(own),
            Headline::None | Headline::OfFinding => 0,
        };
        let channels = self.channels.len().saturating_mul(size_of::<ChannelRow>() + LISTED_CHANNEL);
        // One list at a time is on its way.
        let most = self.transfers.len().max(self.channels.len()).max(1);
        let own = size_of::<Self>()
            .saturating_add(headline)
            .saturating_add(shared(self.user.as_deref()))
            .saturating_add(self.uid.0.len())
            .saturating_add(channels)
            .saturating_add(most.saturating_mul(sorting::COST))
            .saturating_add(4 * cost::ALLOCATION);
        transfers.chain(findings).fold(own, usize::saturating_add)
    }
}

impl Cell {
    const fn weight(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Unused => 1,
            Self::Carried(_) => 2,
            Self::Unmet => 3,
            Self::Failed => 4,
        }
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Nothing => glyphs::DOT,
            Self::Carried(mode) => glyphs::letter(mode),
            Self::Unused | Self::Unmet => glyphs::NEVER,
            Self::Failed => glyphs::FAILED,
        }
    }
}

impl TransferRow {
    fn of(session: &Session, transfer: &Transfer) -> Self {
        let command = session.command(transfer.command);
        let path = session.name_of(transfer);
        let channel = transfer.data_channel.and_then(|index: ChannelIndex| session.data_channel(index));
        Self {
            time: transfer.start.or_else(|| Some(command?.time)),
            frame: command.map(|command| command.frame),
            verb: command.map(|command| command.verb.clone()),
            has_channel: channel.is_some(),
            mode: channel.and_then(DataChannel::mode),
            path: path.map(|path| cut(path.raw(), LONGEST_TEXT).into()),
            bytes: transfer.bytes,
            took: transfer.start.zip(transfer.end).map(|(start, end)| end.elapsed_since(start)),
            status: transfer.status,
            reply_code: transfer.reply_code,
            digest: Digest::of(transfer),
            mime: transfer.mime.clone(),
        }
    }
}

impl Digest {
    fn of(transfer: &Transfer) -> Self {
        match (&transfer.sha256, transfer.bytes) {
            (Some([first, second, .., last]), _) => Self::Whole([*first, *second, *last]),
            (None, Some(0) | None) => Self::Empty,
            (None, Some(_)) if transfer.encrypted => Self::Hidden,
            (None, Some(_)) => Self::Partial,
        }
    }
}

impl ChannelRow {
    fn of(channel: &DataChannel, found: &channels::Channel) -> Self {
        Self {
            announced: found.announced,
            settled: found.settled,
            listener: found.listener,
            mode: channel.mode(),
            is_active: channel.is_active(),
            state: found.state,
            worst: found.worst,
            reused: channel.reuse.is_some(),
            in_time_wait: channel.reuse.as_ref().is_some_and(|reuse| reuse.in_time_wait),
            frames: frames_of(channel),
        }
    }
}

impl ChannelRow {
    /// The channel as far as the row tells of it.
    fn sketch(&self) -> DataChannel {
        let negotiated = |mode| Negotiated { mode, command: None, answer: Answer::Malformed };
        let origin = match self.mode {
            None => Origin::Unseen { active: self.is_active, certainty: Certainty::Likely },
            Some(mode) => NegotiatedMode::of(mode)
                .map_or(Origin::DefaultPorts, |mode| Origin::Negotiated(negotiated(mode))),
        };
        DataChannel {
            origin,
            attempt: None,
            reuse: None,
            peer_session: None,
            inferred_transfer: None,
            other_attempts: Vec::new(),
        }
    }
}

impl FindingRow {
    /// The finding as far as the row tells of it.
    fn sketch(&self) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            summary: String::new(),
            advice: None,
            time: self.time,
            frames: Vec::new(),
            command: None,
            data_channel: None,
            transfer: None,
            count: 1,
            certainty: Certainty::default(),
            explained_by: None,
        }
    }

    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            code: finding.code,
            severity: finding.severity,
            time: finding.time,
            summary: cut(&finding.summary, LONGEST_TEXT).into(),
        }
    }
}

/// The beginning of a text, where it is long.
fn cut(text: &str, longest: usize) -> &str {
    let whole = text.len() <= longest;
    let end = if whole { None } else { (0..=longest).rev().find(|&end| text.is_char_boundary(end)) };
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The summary of the first finding with this code.
fn summary_of(findings: &[FindingRow], code: Code) -> Option<&str> {
    findings.iter().find(|finding| finding.code == code).map(|finding| &*finding.summary)
}

impl Headline {
    /// A session's headline; kept only where it is not the summary that is known already.
    fn of(session: &Session, known: Option<&str>) -> Self {
        match session.headline().as_deref().map(|text| cut(text, LONGEST_TEXT)) {
            None => Self::None,
            Some(text) if Some(text) == known => Self::OfFinding,
            Some(text) => Self::Own(text.into()),
        }
    }
}

/// The weightiest finding, the first where several weigh the same.
fn worst(findings: &[Finding]) -> Option<(Severity, Code)> {
    let mut worst = None;
    for finding in findings {
        if worst.is_none_or(|(severity, _)| finding.weight() > severity) {
            worst = Some((finding.weight(), finding.code));
        }
    }
    worst
}

/// From the first frame of a channel's connections to the last one.
fn frames_of(channel: &DataChannel) -> Option<FrameSpan> {
    let connections = channel.connection().into_iter().chain(&channel.other_attempts);
    connections
        .map(|connection| connection.frames)
        .reduce(|a, b| FrameSpan { first: a.first.min(b.first), last: a.last.max(b.last) })
}

fn cells(session: &Session, summary: &Summary, first: Timestamp, last: Timestamp) -> [Cell; CELLS] {
    let scale = TimeScale::new(Window::new(first, last), COLUMNS);
    let mut cells = [Cell::Nothing; CELLS];
    for (channel, channel_summary) in session.data_channels.iter().zip(&summary.channels) {
        let cell = match channel_summary.state {
            ChannelState::Connected => Cell::Carried(channel.mode()),
            ChannelState::Unused => Cell::Unused,
            ChannelState::NeverTried | ChannelState::Unanswered => Cell::Unmet,
            ChannelState::Rejected
            | ChannelState::Malformed
            | ChannelState::NoReply
            | ChannelState::CutShort
            | ChannelState::Refused => Cell::Failed,
        };
        let (from, until) = match (channel.connection(), cell) {
            (Some(connection), Cell::Carried(_)) => channels::extents(connection),
            _ => (channel_summary.announced, channel_summary.announced),
        };
        let (from, until) = (scale.nearest(from), scale.nearest(until));
        for slot in cells.iter_mut().take(usize::from(until) + 1).skip(usize::from(from)) {
            if cell.weight() > slot.weight() {
                *slot = cell;
            }
        }
    }
    cells
}
