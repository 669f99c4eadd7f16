//! The list of findings: kinds, and under an open kind each one with its session.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::report::{Code, Finding, Severity};
use crate::tui::cursor::Cursor;
use crate::tui::data::Data;
use crate::tui::rows::{FindingRow, LISTED_FINDING};
use crate::tui::screens::making::Making;
use crate::tui::sorting::{Progress, Sorting};
use crate::tui::state::Version;

/// One finding: the session's index (none for the report's own), and its own in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FindingRef {
    pub(super) session: Option<u32>,
    pub(super) finding: u32,
}

impl FindingRef {
    /// What the list shows of it.
    pub(super) fn row(self, data: &Data) -> Option<&FindingRow> {
        let findings = match self.session {
            Some(session) => &*data.row(session)?.findings,
            None => data.finding_rows(),
        };
        findings.get(usize::try_from(self.finding).ok()?)
    }

    /// The whole of it.
    pub(super) fn get(self, data: &Data) -> Option<Finding> {
        let at = usize::try_from(self.finding).ok()?;
        match self.session {
            Some(session) => data.session(session)?.findings.get(at).cloned(),
            None => data.findings().get(at).cloned(),
        }
    }
}

/// All findings of a kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) findings: Vec<FindingRef>,
    /// How many sessions have one.
    pub(super) sessions: usize,
}

/// Adds the findings of a session, or of none, to their kinds.
fn note_all(kinds: &mut Vec<Kind>, session: Option<u32>, rows: &[FindingRow]) {
    if kinds.is_empty() {
        let kind = |&code| Kind { code, severity: Severity::Info, findings: Vec::new(), sessions: 0 };
        kinds.extend(Code::ALL.iter().map(kind));
    }
    for (at, finding) in (0..).zip(rows) {
        let Some(kind) = kinds.get_mut(finding.code as usize) else { continue };
        if session.is_some() && kind.findings.last().is_none_or(|last| last.session != session) {
            kind.sessions += 1;
        }
        kind.severity = kind.severity.max(finding.severity);
        kind.findings.push(FindingRef { session, finding: at });
    }
}

const _: () = assert!(2 * (size_of::<FindingRef>() + size_of::<Line>()) <= LISTED_FINDING);

/// A row of the list, by places in `kinds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Kind(usize),
    Finding { kind: usize, at: usize },
}

/// What kinds are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FindingSort {
    #[default]
    Severity,
    Count,
    Code,
}

impl FindingSort {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Severity => Self::Count,
            Self::Count => Self::Code,
            Self::Code => Self::Severity,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Count => "count",
            Self::Code => "code",
        }
    }
}

/// The list.
#[derive(Debug, Default)]
pub(in crate::tui) struct Findings {
    pub(super) kinds: Vec<Kind>,
    pub(super) rows: Vec<Line>,
    pub(super) cursor: Cursor,
    pub(super) sort: FindingSort,
    pub(super) reversed: bool,
    open: BTreeSet<Code>,
    pub(super) ignored: BTreeSet<Code>,
    /// Only those of one session.
    pub(super) only: Option<u32>,
    /// The session that the rows which are there are limited to.
    made_for: Option<u32>,
    made_from: Option<Version>,
    making: Option<Making<(), Vec<Kind>>>,
}

impl Findings {
    /// Makes the rows anew if the sessions or their selection changed, a part of them at a time.
    pub(super) fn make(&mut self, data: &Data, sessions: &[u32], version: Version) {
        let making = match self.making.take() {
            Some(making) if making.is_wanted(version, data) => making,
            _ if self.made_from == Some(version) => return,
            _ => {
                let sessions = self.only.as_ref().map_or(sessions, std::slice::from_ref);
                Making::new(version, sessions, Sorting::new(false))
            }
        };
        self.made_from = Some(making.version);
        let find = |index, _: &mut Sorting<()>, kinds: &mut Vec<Kind>| {
            let rows = data.row(index).map_or(&[][..], |row| &row.findings);
            note_all(kinds, Some(index), rows);
            rows.len()
        };
        match making.step(find, |_, _, ()| {}) {
            ControlFlow::Continue(making) => self.making = Some(making),
            ControlFlow::Break(kinds) => self.show(kinds, data),
        }
    }

    fn show(&mut self, mut kinds: Vec<Kind>, data: &Data) {
        self.made_for = self.only;
        if self.only.is_none() {
            note_all(&mut kinds, None, data.finding_rows());
        }
        kinds.retain(|kind| !kind.findings.is_empty());
        self.kinds = kinds;
        self.order();
    }

    pub(super) fn stale(&mut self) {
        self.made_from = None;
        self.making = None;
    }

    /// How many rows there are.
    #[cfg(test)]
    pub(in crate::tui) const fn rows_len(&self) -> usize {
        self.rows.len()
    }

    pub(in crate::tui) fn progress(&self) -> Option<Progress> {
        self.making.as_ref().map(Making::progress)
    }

    /// Leaves the rows as they are; whether others were being made.
    pub(super) fn give_up(&mut self) -> bool {
        let is_making = self.making.take().is_some();
        if is_making {
            self.only = self.made_for;
        }
        is_making
    }

    /// Sorts the kinds and lays the rows out, the cursor staying on its row.
    pub(super) fn order(&mut self) {
        let here = self.selected().map(|row| (self.kind_of(row).map(|kind| kind.code), row));
        match self.sort {
            FindingSort::Severity => {
                self.kinds.sort_by_key(|kind| std::cmp::Reverse((kind.severity, kind.findings.len())));
            }
            FindingSort::Count => self.kinds.sort_by_key(|kind| std::cmp::Reverse(kind.findings.len())),
            FindingSort::Code => self.kinds.sort_by_key(|kind| kind.code.name()),
        }
        if self.reversed {
            self.kinds.reverse();
        }
        self.rows.clear();
        for (kind, group) in self.kinds.iter().enumerate() {
            if self.ignored.contains(&group.code) {
                continue;
            }
            self.rows.push(Line::Kind(kind));
            if self.open.contains(&group.code) {
                self.rows.extend((0..group.findings.len()).map(|at| Line::Finding { kind, at }));
            }
        }
        if let Some((Some(code), row)) = here {
            let at = self.rows.iter().position(|&other| {
                let same_kind = self.kind_of(other).is_some_and(|kind| kind.code == code);
                same_kind
                    && match (row, other) {
                        (Line::Finding { at, .. }, Line::Finding { at: other, .. }) => at == other,
                        (Line::Kind(_), Line::Kind(_)) => true,
                        _ => false,
                    }
            });
            if let Some(at) = at {
                self.cursor.at = at;
            }
        }
    }

    pub(super) fn is_open(&self, code: Code) -> bool {
        self.open.contains(&code)
    }

    /// Opens or closes the kind under the cursor.
    pub(super) fn toggle(&mut self) {
        if let Some(Line::Kind(kind)) = self.selected()
            && let Some(code) = self.kinds.get(kind).map(|kind| kind.code)
        {
            if !self.open.remove(&code) {
                self.open.insert(code);
            }
            self.order();
        }
    }

    /// Hides the kind under the cursor, or shows all again where there is none.
    pub(super) fn ignore(&mut self) -> Option<Code> {
        let code = self.selected().and_then(|row| self.kind_of(row)).map(|kind| kind.code);
        match code {
            Some(code) => _ = self.ignored.insert(code),
            None => self.ignored.clear(),
        }
        self.order();
        code
    }

    /// Shows all kinds again.
    pub(in crate::tui) fn unignore(&mut self) {
        self.ignored.clear();
        self.order();
    }

    pub(super) fn selected(&self) -> Option<Line> {
        self.rows.get(self.cursor.at).copied()
    }

    pub(super) fn kind_of(&self, row: Line) -> Option<&Kind> {
        match row {
            Line::Kind(kind) | Line::Finding { kind, .. } => self.kinds.get(kind),
        }
    }

    /// The finding of a row; of a kind its first one.
    pub(super) fn finding_of(&self, row: Line) -> Option<FindingRef> {
        let kind = self.kind_of(row)?;
        match row {
            Line::Kind(_) => kind.findings.first().copied(),
            Line::Finding { at, .. } => kind.findings.get(at).copied(),
        }
    }
}

/// What a kind of finding is about, in a few words.
pub(super) const fn title(code: Code) -> &'static str {
    match code {
        Code::AddressMismatch => "announced address is not the peer's: NAT without a helper",
        Code::PrivateAddressAdvertised => "private address announced to a public peer",
        Code::BounceAttempt => "PORT names a third host",
        Code::FxpTransfer => "transfer between two servers",
        Code::PrivilegedPort => "listening port below 1024",
        Code::EpsvAllViolation => "another mode after EPSV ALL",
        Code::ProtocolUnsupported => "network protocol not supported (522)",
        Code::MalformedEndpoint => "no valid address and port",
        Code::NegotiationRetried => "same mode negotiated again",
        Code::ModeFallback => "fell back to another mode",
        Code::DataUnanswered => "data connection never answered: SYNs dropped",
        Code::DataRefused => "data connection refused: RST",
        Code::DataNeverAttempted => "data connection never attempted",
        Code::DataNotCaptured => "data connection not in the capture",
        Code::TimeWaitReuse => "endpoint reused inside TIME_WAIT",
        Code::PortRangeExhausted => "too few listening ports",
        Code::ForeignDataPeer => "a stranger on the data connection",
        Code::TransferTruncated => "transfer cut short",
        Code::TransferAborted => "transfer aborted",
        Code::TransferStalled => "transfer stalled",
        Code::CompletionMissing => "no final reply after the transfer",
        Code::AsciiDamage => "binary file moved as text",
        Code::IntegrityMismatch => "not what the server says it has",
        Code::CleartextCredentials => "password in the clear",
        Code::LoginRejected => "login rejected",
        Code::BruteForce => "possible password guessing",
        Code::TlsRefused => "TLS refused, went on in the clear",
        Code::DataUnprotected => "data in the clear beside TLS",
        Code::OversizedLine => "line beyond the limit",
        Code::MiddleboxBlind => "negotiation that a firewall helper would miss",
        Code::ControlUnanswered => "server does not answer",
        Code::ControlRefused => "server refuses connections",
        Code::CaptureGap => "bytes missing from the capture",
        Code::AddressTranslated => "server behind NAT, announced rightly",
        Code::NotFromPort20 => "active data connection not from port 20",
        Code::UnexpectedReply => "reply that belongs to another command",
        Code::TransferFailed => "transfer refused or failed by the server",
        Code::SessionTimeout => "session ended by the server",
        Code::ConnectionLimit => "too many connections or users",
        Code::SlowReply => "reply took seconds",
        Code::PartialOutage => "some data connections fail, others work",
        Code::DataClosedEarly => "data connection accepted and closed at once",
        Code::TlsReuseRequired => "TLS session of the control connection not reused",
        Code::TlsFailed => "TLS handshake failed",
        Code::TlsModeMismatch => "TLS at once against a greeting in the clear",
        Code::TlsTruncated => "TLS closed without close_notify",
        Code::TlsNotDecrypted => "TLS not decrypted although keys were given",
        Code::NotFtpAnymore => "something other than FTP in the session",
        Code::ControlLost => "control connection lost on the way",
        Code::MtuBlackHole => "large packets do not get through",
        Code::DataHandshakeIncomplete => "handshake of a data connection incomplete",
        Code::SlowTransfer => "slow for its window, loss or reader",
        Code::MiddleboxInterference => "a device altered the session",
        Code::OneWayCapture => "only one direction captured",
        Code::CaptureFiltered => "no data connection in the capture",
    }
}
