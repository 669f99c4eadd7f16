//! The detail lines of a session.

use std::fmt::Write as _;

use super::{DetailLine, line, tls};
use crate::base::Bytes;
use crate::picture::{channels, events};
use crate::report::{Allocation, DataChannel, EndState, Finding, Session, Severity, Status};
use crate::tui::rows::SessionRow;
use crate::tui::theme::Role;
use crate::tui::{glyphs, words};

/// The lines of a session: findings of warning and above first, then login, data and minor findings.
pub(in crate::tui) fn session(session: &Session, row: &SessionRow) -> Vec<DetailLine> {
    let mut findings: Vec<&Finding> = session.findings.iter().collect();
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.weight()), finding.time));
    let loud = findings.partition_point(|finding| finding.weight() >= Severity::Warning);
    let mut lines: Vec<DetailLine> = incomplete(session).into_iter().collect();
    for (at, finding) in findings.iter().enumerate().take(LINES) {
        if at == loud {
            lines.extend([login(session), channels(session, row)]);
        }
        let mark = if at < loud { glyphs::PROBLEM } else { glyphs::DOT };
        let when = words::offset(finding.time.since(session.start));
        // The gravest cause comes first: it is the headline, which names what it broke.
        let headline = if at == 0 && at < loud { session.headline() } else { None };
        let told = headline.as_deref().unwrap_or(&finding.summary);
        let text = format!("{}  ({when})", words::raw_wire(told));
        lines.push(line(mark, Role::Severity(finding.severity), finding.code.name(), text));
        if at == 0
            && at < loud
            && let Some(advice) = &finding.advice
        {
            lines.push(line(glyphs::ARROW, Role::Text, "advice", words::raw_wire(advice)));
        }
    }
    if loud >= findings.len().min(LINES) {
        lines.extend([login(session), channels(session, row)]);
    }
    lines.extend(session.tls_details.as_deref().map(|details| tls(&details.facts())));
    lines.push(ending(session, row.live));
    lines
}

/// Which limits took something from a session.
pub(in crate::tui) fn incomplete(session: &Session) -> Option<DetailLine> {
    let text = format!("limits reached: {}", session.limited);
    let is_complete = session.limited.is_empty();
    (!is_complete).then(|| line(glyphs::INCOMPLETE, Role::Bad, "incomplete", text))
}

/// Findings listed for one session: more than any panel has lines.
const LINES: usize = 20;

fn login(session: &Session) -> DetailLine {
    use crate::report::{Login, Security};
    let role = match session.login {
        Login::None => Role::Dim,
        Login::Accepted => Role::Good,
        Login::Rejected => Role::Bad,
    };
    let came = session.login.phrase();
    let mut text = session.user.as_ref().map(|user| words::wire(user) + " ").unwrap_or_default() + came;
    if session.security != Security::None {
        _ = write!(text, ", {}", session.security.phrase());
    }
    if let Some(greeting) = session.greeting.last() {
        _ = write!(text, "  {}", events::reply_text(greeting));
    }
    if let Some(software) = &session.client_software {
        _ = write!(text, "  client {}", words::wire(software));
    }
    line(glyphs::DOT, role, "login", text)
}

fn channels(session: &Session, row: &SessionRow) -> DetailLine {
    let (mut text, mut ports) = (String::new(), String::new());
    for (mode, number) in channels::mode_counts(session) {
        _ = write!(text, "{} {number}  ", glyphs::mode_name(mode));
    }
    if text.is_empty() {
        text.push_str("no data channels  ");
    }
    let transfers = u32::try_from(row.transfers.len()).unwrap_or(u32::MAX);
    let ok = transfers.saturating_sub(row.failed);
    match (transfers, row.failed) {
        (0, _) => text.push_str("no transfers"),
        (_, 0) => _ = write!(text, "{} complete", words::counted(u64::from(ok), "transfer")),
        (_, failed) => {
            let running = if row.live { running(session) } else { 0 };
            _ = write!(text, "{} complete", words::counted(u64::from(ok), "transfer"));
            for (count, status) in [(failed.saturating_sub(running), "incomplete"), (running, "running")] {
                if count > 0 {
                    _ = write!(text, ", {count} {status}");
                }
            }
        }
    }
    for (side, allocation) in
        [("client", session.port_allocation.client), ("server", session.port_allocation.server)]
    {
        if let Some(allocation) = allocation {
            _ = write!(ports, "  {side} data ports: {}", allocation.phrase());
            if let Some(port) = next_port(session, side == "client") {
                _ = write!(ports, ", likely next: {side}:{port}");
            }
        }
    }
    if row.bytes > 0 {
        _ = write!(text, "  {}", Bytes(row.bytes));
    }
    text.push_str(&ports);
    line(glyphs::DOT, if row.failed > 0 { Role::Bad } else { Role::Text }, "data", text)
}

/// Transfers that have no final reply yet.
fn running(session: &Session) -> u32 {
    let running = session.transfers.iter().filter(|transfer| transfer.status == Status::Unfinished).count();
    u32::try_from(running).unwrap_or(u32::MAX)
}

/// The port that a side will probably listen on next, if it allocates ports sequentially.
pub(in crate::tui) fn next_port(session: &Session, client: bool) -> Option<u16> {
    let allocation = if client { session.port_allocation.client } else { session.port_allocation.server };
    if allocation != Some(Allocation::Sequential) {
        return None;
    }
    let of_side = session.data_channels.iter().rev().filter(|channel| channel.is_active() == client);
    let last = of_side.filter_map(DataChannel::advertised).map(|endpoint| endpoint.port).next()?;
    last.checked_add(1)
}

/// How a session ended.
pub(super) fn ending(session: &Session, live: bool) -> DetailLine {
    let who = session.closed_by.map(|party| format!(" by the {}", party.name())).unwrap_or_default();
    let text = match session.end_state {
        EndState::Open if live => "open".to_owned(),
        EndState::Open | EndState::Idle => session.end_state.phrase().to_owned(),
        EndState::Fin | EndState::Rst => format!("{}{who}", session.end_state.phrase()),
    };
    let role = if session.end_state == EndState::Rst { Role::Bad } else { Role::Dim };
    line(glyphs::DOT, role, "control", text)
}

/// User, client and server.
pub(in crate::tui) fn parties(session: &Session) -> DetailLine {
    let user = session.user.as_ref().map(|user| format!("{} at ", words::wire(user))).unwrap_or_default();
    let text = format!("{user}{} {} {}", session.client, glyphs::ARROW, session.server);
    line(glyphs::DOT, Role::Dim, "session", text)
}
