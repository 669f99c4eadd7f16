//! Causes before consequences: which finding of a list follows from which.

use std::collections::HashMap;

use super::draft::Draft;
use crate::report::{ChannelIndex, Code, CommandIndex, Finding, FindingIndex, Severity};

/// What keeps a data connection from coming about.
const NO_CONNECTION: &[Code] = &[
    Code::AddressMismatch,
    Code::ForeignDataPeer,
    Code::DataUnanswered,
    Code::DataRefused,
    Code::DataNeverAttempted,
    Code::DataClosedEarly,
    Code::DataHandshakeIncomplete,
    Code::TlsReuseRequired,
    Code::TlsFailed,
    Code::MalformedEndpoint,
    Code::UnexpectedReply,
    Code::ProtocolUnsupported,
    Code::TransferFailed,
];

/// The codes that a finding of this code may follow from, the nearest cause first. What stands in a row never
/// leads back to it, so that no chain of causes is a circle.
pub(super) const fn causes(code: Code) -> &'static [Code] {
    match code {
        Code::DataUnanswered | Code::DataRefused => {
            &[Code::AddressMismatch, Code::ForeignDataPeer, Code::TimeWaitReuse]
        }
        Code::DataNeverAttempted => {
            &[Code::AddressMismatch, Code::TimeWaitReuse, Code::ControlLost, Code::SessionTimeout]
        }
        Code::MiddleboxBlind => &[Code::AddressMismatch],
        Code::NegotiationRetried | Code::ModeFallback => NO_CONNECTION,
        Code::CompletionMissing => &[Code::ControlLost, Code::MtuBlackHole, Code::SessionTimeout],
        Code::TransferTruncated => &[Code::SessionTimeout],
        Code::TransferAborted => {
            &[Code::MtuBlackHole, Code::TlsTruncated, Code::SessionTimeout, Code::TransferStalled]
        }
        Code::TransferFailed => &[Code::MtuBlackHole, Code::TransferStalled],
        Code::IntegrityMismatch => &[Code::TransferTruncated, Code::AsciiDamage],
        _ => &[],
    }
}

/// Names the cause of each finding that has one in the list.
pub(super) fn relate(mut drafts: Vec<Draft>) -> Vec<Finding> {
    let places = Places::of(&drafts);
    for draft in &mut drafts {
        draft.finding.explained_by = places.cause(draft);
    }
    drafts.into_iter().map(|draft| draft.finding).collect()
}

/// Where the findings of each code are, by what they are about; the first one counts.
#[derive(Default)]
struct Places {
    by_channel: HashMap<(Code, ChannelIndex), FindingIndex>,
    by_command: HashMap<(Code, CommandIndex), FindingIndex>,
}

impl Places {
    fn of(drafts: &[Draft]) -> Self {
        let mut places = Self::default();
        // Most sessions have nothing to relate.
        if drafts.iter().all(|draft| draft.causes.is_empty()) {
            return places;
        }
        for (index, draft) in FindingIndex::number(drafts) {
            let Finding { code, severity, command, .. } = draft.finding;
            // A pair in TIME_WAIT that was accepted hindered nobody.
            if code == Code::TimeWaitReuse && severity < Severity::Warning {
                continue;
            }
            for channel in draft.channels() {
                places.by_channel.entry((code, channel)).or_insert(index);
            }
            if let Some(command) = command {
                places.by_command.entry((code, command)).or_insert(index);
            }
        }
        places
    }

    fn cause(&self, effect: &Draft) -> Option<FindingIndex> {
        let mut channels = effect.channels().peekable();
        if channels.peek().is_none() {
            let command = effect.finding.command?;
            return effect.causes.iter().find_map(|&code| self.by_command.get(&(code, command)).copied());
        }
        effect.causes.iter().find_map(|&code| {
            effect.channels().find_map(|channel| self.by_channel.get(&(code, channel)).copied())
        })
    }
}
