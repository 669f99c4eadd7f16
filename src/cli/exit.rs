//! How a run ends: exit statuses and the errors behind them.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::base::Printable;
use crate::store;

/// The exit statuses, as documented in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ExitStatus {
    /// Done.
    Done = 0,
    /// Failed: no such file, not a capture, no permission, disk full.
    Impossible = 1,
    /// Wrong usage.
    Usage = 2,
    /// Done, but something could not be read or kept.
    Partial = 3,
    /// A finding is as severe as `--fail-on` says.
    Found = 4,
    /// Ended by a signal, before the report was made.
    Interrupted = 130,
}

/// Their descriptions in the help.
pub(super) const EXIT_STATUSES: [(u8, &str); 6] = [
    (ExitStatus::Done as u8, "done"),
    (ExitStatus::Impossible as u8, "failed: no such file, not a capture, no permission, disk full"),
    (ExitStatus::Usage as u8, "wrong usage"),
    (
        ExitStatus::Partial as u8,
        "done, but something could not be read (a damaged capture) or kept (a limit was reached)",
    ),
    (ExitStatus::Found as u8, "--fail-on matched"),
    (ExitStatus::Interrupted as u8, "ended by a signal before the report was made"),
];

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why there is no report.
#[derive(Debug)]
pub(super) enum Failure {
    /// A message for standard error: what failed, and what to do.
    Said {
        /// The message.
        message: String,
        /// The exit status.
        status: ExitStatus,
    },
    /// The reader of standard output has closed it, and wants no more.
    ReaderGone,
    /// Interrupted by the user.
    Interrupted,
}

impl From<Infallible> for Failure {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let said = error.to_string();
        let said = Printable(&said);
        Self::impossible(match &error {
            store::Error::Write { source, .. } => {
                format!(
                    "{said}: {}; make room there, or name another directory with --temp-dir",
                    plain(source)
                )
            }
            store::Error::Read { source, .. } => format!("{said}: {}", plain(source)),
        })
    }
}

impl Failure {
    pub(super) fn impossible(message: impl Into<String>) -> Self {
        Self::Said { message: message.into(), status: ExitStatus::Impossible }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Said { message: message.into(), status: ExitStatus::Usage }
    }

    /// Failing to write to `target`.
    pub(super) fn writing(target: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            let target = target.to_string();
            Self::impossible(format!("can't write to {}: {}", Printable(&target), plain(error)))
        }
    }
}

/// An error of the operating system without its number.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let (words, _) = text.split_at(end);
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
