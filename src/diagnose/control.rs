//! The control connection itself: oversized lines, bytes missing from the capture, connections that never
//! came about.

use super::Options;
use super::case::Case;
use super::contacts::Contacts;
use super::draft::{Draft, Sink, duration, plural};
use crate::base::{FrameNumber, TimeDelta, Timestamp};
use crate::report::{Capture, Certainty, Code, ControlAttempt, Party, Severity};

/// The rules of this family, as far as they are about one session.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    for party in [Party::Client, Party::Server] {
        oversized(case, party, sink);
        control_gap(case, party, sink);
    }
    transfer_gaps(case, sink);
}

fn name(case: &Case<'_>, party: Party) -> String {
    match party {
        Party::Client => format!("the client {}", case.session.client),
        Party::Server => format!("the server {}", case.session.server),
    }
}

fn oversized(case: &Case<'_>, party: Party, sink: &mut Sink) {
    let mut lines = case.session.oversized.iter().filter(|line| line.from == party).peekable();
    let Some(first) = lines.peek().copied() else { return };
    let frames: Vec<FrameNumber> = lines.clone().map(|line| line.frame).take(16).collect();
    let count = lines.count() as u64;
    let summary = format!(
        "{} from {} to {} went beyond the limit and was cut",
        plural(count, "line"),
        name(case, party),
        name(case, party.other()),
    );
    sink.push(Draft::new(Code::OversizedLine, first.time, summary).frames(frames));
}

fn control_gap(case: &Case<'_>, party: Party, sink: &mut Sink) {
    let gaps = case.session.gaps.iter().filter(|gap| gap.from == party);
    let Some(first) = gaps.clone().next() else { return };
    let bytes = gaps.clone().fold(0_u64, |sum, gap| sum.saturating_add(gap.bytes));
    let summary = format!(
        "{} from {} on the control connection to {} are not in the capture, in {}",
        plural(bytes, "byte"),
        name(case, party),
        name(case, party.other()),
        plural(gaps.clone().count() as u64, "gap"),
    );
    sink.push(Draft::new(Code::CaptureGap, first.time, summary).frames(gaps.map(|gap| gap.frame)));
}

fn transfer_gaps(case: &Case<'_>, sink: &mut Sink) {
    for (index, channel) in case.channels() {
        let Some(connection) = channel.connection() else { continue };
        let mut transfers = case.transfers_on(index).peekable();
        let alone = transfers.peek().is_none();
        let lacking = transfers.find(|(_, transfer)| transfer.missing_bytes > 0);
        let missing = match lacking {
            Some((_, transfer)) => transfer.missing_bytes,
            None if alone => connection.missing_bytes(),
            None => 0,
        };
        if missing == 0 {
            continue;
        }
        let gaps = [connection.from_originator.gap_frame, connection.from_responder.gap_frame];
        let summary = format!(
            "{} of the data connection {} to {} are not in the capture",
            plural(missing, "byte"),
            connection.originator,
            connection.responder,
        );
        sink.push(
            Draft::new(Code::CaptureGap, connection.start, summary)
                .frames(gaps.into_iter().flatten())
                .frames([connection.frames.first])
                .command(lacking.map(|(_, transfer)| transfer.command))
                .channel(Some(index))
                .transfer(lacking.map(|(transfer, _)| transfer)),
        );
    }
}

/// The rules about control connections that never came about.
pub(super) fn attempts(capture: &Capture, contacts: &Contacts, options: &Options, sink: &mut Sink) {
    for attempt in &capture.attempts {
        let sessions = contacts.between(attempt.client, attempt.server);
        let soon = |start: &Timestamp| {
            *start >= attempt.first && start.elapsed_since(attempt.last) <= options.thresholds.session_after
        };
        // What works a minute later was no lasting obstacle.
        if sessions.iter().any(soon) {
            continue;
        }
        let before = sessions.iter().filter(|start| **start < attempt.first).max().copied();
        let lasted = attempt.last.elapsed_since(attempt.first);
        // A SYN at the very end of the capture may yet be answered.
        let followed = capture.last.map_or(TimeDelta::ZERO, |last| last.elapsed_since(attempt.first));
        let is_settled = lasted > TimeDelta::ZERO || followed >= options.thresholds.answer;
        let unanswered = if is_settled { attempt.unanswered } else { 0 };
        for (code, count, what) in [
            (Code::ControlUnanswered, unanswered, "went unanswered"),
            (Code::ControlRefused, attempt.refused, "ended in RST"),
        ] {
            // A single one beside sessions that work is chance.
            if count > u64::from(before.is_some()) {
                sink.push(failed_attempts(attempt, code, count, what, before));
            }
        }
        if attempt.dropped > 0 {
            sink.push(dropped(attempt));
        }
    }
}

fn within(attempt: &ControlAttempt) -> String {
    let lasted = attempt.last.elapsed_since(attempt.first);
    if lasted > TimeDelta::ZERO { format!(" within {}", duration(lasted)) } else { String::new() }
}

fn failed_attempts(
    attempt: &ControlAttempt,
    code: Code,
    count: u64,
    what: &str,
    before: Option<Timestamp>,
) -> Draft {
    let history = match before {
        Some(start) => format!(
            "although a session that began {} before had worked",
            duration(attempt.first.elapsed_since(start))
        ),
        None => "and no session followed".to_owned(),
    };
    let summary = format!(
        "{} from {} to the control port {}{} {what}, {history}",
        plural(count, "connection attempt"),
        attempt.client,
        attempt.server,
        within(attempt),
    );
    // A single RST may be a scan, or a server that was just started.
    let single = code == Code::ControlRefused && count == 1;
    let severity = if single { Severity::Notice } else { Severity::Warning };
    let draft = Draft::new(code, attempt.first, summary)
        .severity(severity)
        .count(count)
        .frames(attempt.frames.iter().copied());
    match before {
        Some(_) => draft.advice(
            "The server is there and probably blocks this address since then (too many connections): check its ban list or \
             the firewall's connection limit.",
        ),
        None => draft,
    }
}

/// Connections that the server accepted, and closed before anybody had said anything.
fn dropped(attempt: &ControlAttempt) -> Draft {
    let summary = format!(
        "The server {} accepted {} of the client {}{} and closed {} at once, without a greeting",
        attempt.server,
        plural(attempt.dropped, "connection"),
        attempt.client,
        within(attempt),
        if attempt.dropped == 1 { "it" } else { "each" },
    );
    let severity = if attempt.dropped == 1 { Severity::Notice } else { Severity::Warning };
    Draft::new(Code::ConnectionLimit, attempt.first, summary)
        .severity(severity)
        .certainty(Certainty::Likely)
        .advice(
            "A connection limit, a ban or an access list on the server (hosts.allow, fail2ban, MaxConnectionsPerHost) is the \
             usual cause.",
        )
        .count(attempt.dropped)
        .frames(attempt.frames.iter().copied())
}
