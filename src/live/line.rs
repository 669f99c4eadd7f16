//! One line per event, like tcpdump's: time, endpoints, what happened.

use std::fmt::{self, Write as _};

use crate::analyzer::{Change, Event, EventKind, OverallEvent};
use crate::base::{Bytes, Printable};
use crate::report::{Connector, Differs, Finding, MatchedBy, Mode, Prediction, Transfer};

use super::stamp::Stamp;

/// An event as a line, without the line feed.
pub(super) struct Line<'a> {
    pub(super) stamp: Stamp,
    pub(super) event: &'a Event,
    /// Whether only ASCII characters may be used.
    pub(super) is_ascii: bool,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { client, server, kind, .. } = self.event;
        write!(f, "{} {client} > {server}: ", self.stamp)?;
        match kind {
            EventKind::Opened => f.write_str("session opened"),
            EventKind::LoggedIn { user, login, code } => {
                f.write_str(login.phrase())?;
                if let Some(user) = user {
                    write!(f, ", user {}", user.printable())?;
                }
                write!(f, " ({code})")
            }
            EventKind::Expecting { mode, prediction, .. } => {
                let Prediction { listener, connector } = *prediction;
                write!(
                    f,
                    "expecting {} {} {listener}{}",
                    Address(connector),
                    self.arrow(),
                    NegotiatedBy(*mode)
                )
            }
            EventKind::Rejected { mode, code, .. } => write!(f, "{mode} rejected ({code})"),
            EventKind::Connected { mode, originator, responder, matched_by, differs, after, .. } => {
                match mode {
                    Some(_) => write!(f, "connected after {after}: ")?,
                    None => f.write_str("data connection: ")?,
                }
                write!(
                    f,
                    "{originator} {} {responder}{}{}",
                    self.arrow(),
                    NegotiatedBy(*mode),
                    MatchRemark(*matched_by, *differs)
                )
            }
            EventKind::Refused { mode, originator, responder, .. } => {
                write!(f, "refused: {originator} {} {responder}{}", self.arrow(), NegotiatedBy(*mode))
            }
            EventKind::TimedOut { mode, prediction, waited, attempted, .. } => {
                let listener = prediction.listener;
                if *attempted {
                    write!(f, "timed out: SYNs to {listener} unanswered for {waited}{}", NegotiatedBy(*mode))
                } else {
                    write!(f, "timed out: no SYN to {listener} in {waited}{}", NegotiatedBy(*mode))
                }
            }
            EventKind::Transferred { verb, argument, transfer } => {
                f.write_str(&Printable(verb.name()).to_string())?;
                if let Some(argument) = argument {
                    write!(f, " {}", argument.printable())?;
                }
                f.write_char(' ')?;
                transferred(f, transfer)
            }
            EventKind::Found { finding } | EventKind::Revised { finding, .. } => Told(finding).fmt(f),
            EventKind::Withdrawn { finding } => write!(f, "withdrawn: {}", Told(finding)),
            EventKind::Ended { end_state } => write!(f, "session {}", end_state.phrase()),
        }
    }
}

impl Line<'_> {
    const fn arrow(&self) -> &'static str {
        if self.is_ascii { "->" } else { "→" }
    }
}

fn transferred(f: &mut fmt::Formatter<'_>, transfer: &Transfer) -> fmt::Result {
    f.write_str(transfer.status.phrase())?;
    if let Some(code) = transfer.reply_code {
        write!(f, " ({code})")?;
    }
    // A transfer that was rejected outright moved nothing, so a byte count of 0 says nothing.
    let Some(duration) = transfer.duration() else { return Ok(()) };
    let Some(bytes) = transfer.bytes else { return Ok(()) };
    write!(f, ": {} in {}", Bytes(bytes), duration)?;
    if let Some(rate) = Bytes(bytes).per_second(duration).filter(|_| bytes > 0) {
        write!(f, ", {rate}/s")?;
    }
    if transfer.missing_bytes > 0 {
        write!(f, "; {} not captured", Bytes(transfer.missing_bytes))?;
    }
    if transfer.encrypted {
        f.write_str(", encrypted")?;
    }
    Ok(())
}

/// An event that belongs to no single session as a line, without the line feed.
pub(super) struct OverallLine<'a> {
    pub(super) stamp: Stamp,
    pub(super) event: &'a OverallEvent,
}

impl fmt::Display for OverallLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.stamp)?;
        match self.event.change {
            Change::Found | Change::Revised => {}
            Change::Withdrawn => f.write_str("withdrawn: ")?,
        }
        Told(&self.event.finding).fmt(f)
    }
}

/// A finding in a line.
struct Told<'a>(&'a Finding);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { severity, code, summary, .. } = self.0;
        write!(f, "{severity} {code}: {}", Printable(summary))
    }
}

/// The address of the side that is expected to connect. Its port is left out: RFC 959 suggests one, but few
/// implementations use it.
struct Address(Connector);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Connector { ip, .. } = self.0;
        // In brackets, like the endpoint printed next to it.
        if ip.is_ipv6() { write!(f, "[{ip}]") } else { write!(f, "{ip}") }
    }
}

/// The negotiation's mode in brackets, where it is known.
struct NegotiatedBy(Option<Mode>);

impl fmt::Display for NegotiatedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |mode| write!(f, " ({mode})"))
    }
}

/// How a connection was matched, where that is worth mentioning.
struct MatchRemark(MatchedBy, Option<Differs>);

impl fmt::Display for MatchRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(matched_by, differs) = *self;
        matched_by.remark(differs).map_or(Ok(()), |remark| write!(f, ", {remark}"))
    }
}

#[cfg(test)]
mod tests;
