//! What the report says of a transfer's content, as far as extraction needs it.

use super::contents::Content;
use crate::base::{Text, Timestamp};
use crate::export::FileState;
use crate::ftp::Verb;
use crate::report::{self, Command, Connection, EndState, Session, Status, StreamFacts, Transfer};

/// A transfer with all that its content is known by.
#[derive(Clone, Copy)]
pub(super) struct Facts<'s> {
    pub(super) session: &'s Session,
    pub(super) transfer: &'s Transfer,
    pub(super) connection: Option<&'s Connection>,
    pub(super) stream: Option<&'s StreamFacts>,
}

impl<'s> Facts<'s> {
    pub(super) fn of(session: &'s Session, transfer: &'s Transfer) -> Self {
        let connection = session.connection_of(transfer);
        Self { session, transfer, connection, stream: session.moved_by(transfer) }
    }

    /// How complete a content is; none where nothing was transferred.
    pub(super) fn state(&self, content: Option<&Content>) -> Option<FileState> {
        let Self { transfer, .. } = *self;
        let Some((connection, stream)) = self.connection.zip(self.stream) else {
            return (transfer.bytes.is_none()).then_some(FileState::NotCaptured);
        };
        if transfer.encrypted {
            return Some(FileState::Encrypted);
        }
        let is_complete = transfer.status == Status::Complete;
        if stream.bytes == 0 && stream.missing == 0 && !is_complete {
            return None;
        }
        let is_missing = content.is_some_and(|content| !content.missing.is_empty());
        let has_ended = stream.end_seen || matches!(connection.end_state, EndState::Fin | EndState::Rst);
        Some(if content.is_some_and(|content| content.failed.is_some()) {
            FileState::NotWritten
        } else if content.is_some_and(|content| content.is_cut) {
            FileState::Limit
        } else if is_missing || stream.missing > 0 || stream.lost > 0 {
            FileState::Gaps
        } else if !stream.start_seen {
            FileState::StartUnknown
        } else if transfer.mode != 'S' && stream.bytes > 0 && transfer.decoded.is_none() {
            FileState::Undecoded
        } else if matches!(transfer.status, Status::Aborted | Status::Failed) {
            FileState::Aborted
        } else if !has_ended {
            FileState::EndUnknown
        } else if transfer.offset > 0 {
            FileState::Rest
        } else {
            FileState::Complete
        })
    }

    /// SHA-256 of the content, its transmission mode undone.
    pub(super) fn sha256(&self) -> Option<[u8; 32]> {
        match &self.transfer.decoded {
            Some(decoded) => decoded.sha256,
            None => self.transfer.sha256,
        }
    }

    /// The transfer's command.
    pub(super) fn command(&self) -> Option<&'s Command> {
        self.session.command(self.transfer.command)
    }

    /// What was transferred, as far as it is known.
    pub(super) fn path(&self) -> Option<&'s Text> {
        let Transfer { path, path_from_login, .. } = self.transfer;
        path.as_ref().or(path_from_login.as_ref()).or_else(|| self.command()?.text())
    }

    /// The path by which the content is filed.
    pub(super) fn raw_path(&self) -> String {
        let path = self.path().map_or("", Text::raw);
        match self.transfer.content {
            report::Content::File => path.to_owned(),
            report::Content::Listing => {
                let verb = self.command().map_or("LIST", |command| command.verb.name());
                format!("{path}/{verb}.txt")
            }
        }
    }

    /// When the file was last modified, where the dialogue says so in sight of the transfer: MDTM and MLST
    /// ask for that, MFMT sets it.
    pub(super) fn modified(&self) -> Option<Timestamp> {
        if self.transfer.content == report::Content::Listing {
            return None;
        }
        let name = self.command()?.text()?.raw();
        let mut latest = self.session.commands.iter().rev().filter(|command| {
            matches!(command.verb, Verb::Mdtm | Verb::Mfmt | Verb::Mlst)
                && command.completion().is_some_and(report::Reply::is_completion)
        });
        latest.find_map(|command| modified(command, name))
    }
}

/// The time that a command with its reply states for a file of this name.
fn modified(command: &Command, name: &str) -> Option<Timestamp> {
    let argument = command.text()?.raw();
    let said = command.completion()?.text.raw();
    let is_of = |other: &str| last_component(other) == last_component(name);
    match command.verb {
        Verb::Mlst => {
            let fact = said.lines().find(|line| line.contains(';') && line.contains('='))?;
            if !is_of(argument) {
                return None;
            }
            let lower = fact.to_ascii_lowercase();
            let (_, after) = lower.split_once("modify=")?;
            time(after)
        }
        // With a time MDTM sets it, as MFMT does.
        _ => match argument.split_once(' ').and_then(|(stated, file)| Some((time(stated)?, file))) {
            Some((stated, file)) if is_of(file) => Some(stated),
            _ if command.verb == Verb::Mdtm && is_of(argument) => time(said.trim_start()),
            _ => None,
        },
    }
}

fn last_component(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Fourteen digits: a time in UTC (RFC 3659 section 2.3).
fn time(text: &str) -> Option<Timestamp> {
    let digits = text.get(..14).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let part = |range| digits.get(range).unwrap_or_default();
    let (date, clock) =
        ([part(0..4), part(4..6), part(6..8)].join("-"), [part(8..10), part(10..12), part(12..14)].join(":"));
    format!("{date}T{clock}.000000000Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_fourteen_digits() {
        let shown = |text| time(text).map(|time| time.to_string());
        assert_eq!(shown("20260301120000.5"), Some("2026-03-01T12:00:00.000000000Z".to_owned()));
        for text in ["", "2026030112000", "2026030112000x", "20261301120000"] {
            assert_eq!(shown(text), None, "{text:?}");
        }
    }
}
