//! One session: its peers and times, its negotiations and transfers, its findings.

use std::io;

use super::Numbers;
use super::findings::{AdviceGiven, Causes};
use super::page::{Page, Style, Styled};
use super::quantity::{Count, DateTime};
use super::table::{self, Column, Row};
use crate::base::{Bytes, Endpoint, FrameNumber, Text, Timestamp};
use crate::report::{
    Attempt, ChannelState, Code, Command, CommandIndex, Connection, DataChannel, EndState, FirstClose,
    InferredTransfer, MatchedBy, Mode, Party, Reply, Reuse, ReuseKind, ReuseOutcome, Session, Status,
    TlsHandshake, Transfer,
};

/// Writes the session under its number.
pub(super) fn write(
    session: &Session,
    (numbers, are_passwords_told): (&Numbers, bool),
    advised: &mut AdviceGiven,
    page: &mut Page<'_>,
) -> io::Result<()> {
    heading(session, numbers, page)?;
    let mut causes = Causes::of(&session.findings);
    if are_passwords_told {
        causes = causes.without(Code::CleartextCredentials);
    }
    // However many transfers there are, the reader sees first what went wrong.
    if let Some(((gravest, _), headline)) = session.gravest_cause().zip(session.headline()) {
        causes.write_first(gravest, &headline, advised, page)?;
    }
    table::write(&rows(session, numbers, page), page)?;
    causes.write(advised, page)
}

fn heading(session: &Session, numbers: &Numbers, page: &mut Page<'_>) -> io::Result<()> {
    let number = numbers.of(&session.uid).map_or_else(String::new, |number| format!("#{number}"));
    let mut names = vec![
        page.styled(Style::Faint, number),
        page.display(Style::Heading, format_args!("{} → {}", session.client, session.server)),
    ];
    if let Some(user) = &session.user {
        names.push(page.styled(Style::Heading, format!(" {}", first_line(user))));
    }
    page.paragraph(0, 3, &names)?;
    let time = [
        DateTime(session.start).to_string(),
        session.end.elapsed_since(session.start).to_string(),
        format!("frames {}–{}", session.frames.first, session.frames.last),
        end(session).to_owned(),
        format!("uid {}", session.uid),
    ];
    let time = time.map(|fact| page.styled(Style::Plain, fact));
    page.facts(2, 4, &time)?;
    let facts: Vec<Styled> = facts(session).iter().map(|fact| page.styled(Style::Plain, fact)).collect();
    page.facts(2, 4, &facts)?;
    let Some(details) = session.tls_details.as_deref() else { return Ok(()) };
    let facts: Vec<Styled> = details.facts().iter().map(|fact| page.styled(Style::Faint, fact)).collect();
    page.facts(2, 4, &facts)
}

/// How the control connection ended.
pub(in crate::export) const fn end(session: &Session) -> &'static str {
    match (session.end_state, session.closed_by) {
        (EndState::Open, None) => "still open when the capture ended",
        (EndState::Open, Some(Party::Client)) => "half closed by the client",
        (EndState::Open, Some(Party::Server)) => "half closed by the server",
        (EndState::Fin, None) => "closed",
        (EndState::Fin, Some(Party::Client)) => "closed by the client",
        (EndState::Fin, Some(Party::Server)) => "closed by the server",
        (EndState::Rst, None) => "reset",
        (EndState::Rst, Some(Party::Client)) => "reset by the client",
        (EndState::Rst, Some(Party::Server)) => "reset by the server",
        (EndState::Idle, _) => "idle, no close seen",
    }
}

/// What is known about the session and both peers.
pub(in crate::export) fn facts(session: &Session) -> Vec<String> {
    let mut facts = Vec::new();
    let mut add = |text: String| facts.push(text);
    if !session.limited.is_empty() {
        add(format!("incomplete, limits reached: {}", session.limited));
    }
    if !session.handshake {
        add("start not captured".into());
    }
    add(session.login.phrase().into());
    add(session.security.phrase().into());
    if session.epsv_all {
        add("EPSV ALL".into());
    }
    if let Some(greeting) = session.greeting.last() {
        add(format!("banner: {}", first_line(&greeting.text)));
    }
    if let Some(reply) = farewell(session) {
        add(format!("the server ended it with 421 “{}”", first_line(&reply.text)));
    }
    if let Some(system) = &session.system {
        add(format!("system {}", first_line(system)));
    }
    if let Some(software) = &session.client_software {
        add(format!("client {}", first_line(software)));
    }
    let allocations =
        [("client", session.port_allocation.client), ("server", session.port_allocation.server)];
    for (party, allocation) in allocations {
        if let Some(allocation) = allocation {
            add(format!("{party} data ports: {}", allocation.phrase()));
        }
    }
    facts
}

/// The 421 that ended the session, where it did not greet with it.
fn farewell(session: &Session) -> Option<&Reply> {
    let answers = session.commands.iter().flat_map(|command| command.replies.iter());
    session.unsolicited.iter().chain(answers).find(|reply| reply.code == 421)
}

/// A size, to the byte where it would look like the other one.
fn size_beside(size: u64, other: u64) -> String {
    let rounded = Bytes(size).to_string();
    if rounded == Bytes(other).to_string() { format!("{} bytes", Count(size)) } else { rounded }
}

/// The first line of a text, clipped if it is long.
fn first_line(text: &Text) -> String {
    const LONGEST: usize = 60;
    let line = text.raw().lines().next().unwrap_or_default();
    let mut characters = line.chars();
    let mut start: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        start.push('…');
    }
    start
}

/// One row for each data channel with its first transfer, for each further transfer on it, and for each
/// transfer without a data channel, in order of time.
fn rows(session: &Session, numbers: &Numbers, page: &Page<'_>) -> Vec<Row> {
    let mut rows: Vec<(Timestamp, Row)> = Vec::new();
    let mut transfers_of = vec![Vec::new(); session.data_channels.len()];
    for transfer in &session.transfers {
        let own = transfer.data_channel.and_then(|index| index.of_mut(&mut transfers_of));
        if let Some(own) = own {
            own.push(transfer);
        } else {
            let row = transfer_row(Row::default(), session, transfer, page);
            rows.push((command_time(session, transfer.command), row));
        }
    }
    let verdicts = session.verdicts();
    for ((channel, verdict), transfers) in session.data_channels.iter().zip(verdicts).zip(&transfers_of) {
        let row = channel_row(session, channel, verdict.state, numbers, page);
        let time = channel.command().map_or_else(
            || channel.connection().map_or(session.start, |connection| connection.start),
            |command| command_time(session, command),
        );
        let mut transfers = transfers.iter();
        rows.push((
            time,
            match transfers.next() {
                Some(first) => transfer_row(row, session, first, page),
                None => row,
            },
        ));
        for further in transfers {
            rows.push((
                command_time(session, further.command),
                transfer_row(Row::default(), session, further, page),
            ));
        }
    }
    rows.sort_by_key(|&(time, _)| time);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn command_time(session: &Session, index: CommandIndex) -> Timestamp {
    session.command(index).map_or(session.start, |command| command.time)
}

fn channel_row(
    session: &Session,
    channel: &DataChannel,
    state: ChannelState,
    numbers: &Numbers,
    page: &Page<'_>,
) -> Row {
    let mut row = Row::default();
    let command = channel.command().and_then(|index| session.command(index));
    let place = command
        .map(|command| (command.frame, command.time))
        .or_else(|| channel.connection().map(|connection| (connection.frames.first, connection.start)));
    if let Some((frame, time)) = place {
        set_place(&mut row, session, frame, time, page);
    }
    row.set(Column::Mode, page.styled(Style::Plain, channel.mode().map_or("(TLS)", Mode::name)));
    if let Some(listener) = channel.listener() {
        row.set(Column::Listener, page.display(Style::Plain, listener));
        row.short_listener = short(session, listener);
    }
    let (style, text) = outcome(session, channel, state);
    row.set(Column::Outcome, page.styled(style, text));
    if let Some(time_wait) = channel.time_wait() {
        row.set(Column::TimeWait, page.styled(Style::Faint, time_wait.holder.name()));
    }
    row.notes = channel_notes(session, channel, numbers, page);
    if let Some(inferred) = &channel.inferred_transfer {
        inferred_transfer(&mut row, inferred, page);
    }
    row
}

/// What was probably transferred, faint: no command says so.
fn inferred_transfer(row: &mut Row, inferred: &InferredTransfer, page: &Page<'_>) {
    if inferred.bytes > 0 {
        row.set(Column::Bytes, page.styled(Style::Faint, format!("~{}", Bytes(inferred.bytes))));
    }
    if let (bytes @ 1.., Some(duration)) = (inferred.bytes, inferred.duration)
        && let Some(rate) = Bytes(bytes).per_second(duration)
    {
        row.set(Column::Rate, page.styled(Style::Faint, format!("~{rate}/s")));
    }
    row.notes.push(page.styled(Style::Faint, inferred.to_string()));
}

fn set_place(row: &mut Row, session: &Session, frame: FrameNumber, time: Timestamp, page: &Page<'_>) {
    row.set(Column::Frame, page.display(Style::Faint, frame));
    let seconds = time.since(session.start).seconds();
    row.set(Column::Time, page.styled(Style::Faint, format!("{seconds:+.3}")));
}

/// The endpoint by the role of its control peer, such as `client:5009`; `None` for third parties.
fn short(session: &Session, endpoint: Endpoint) -> Option<String> {
    let party = if endpoint.ip == session.client.ip {
        "client"
    } else if endpoint.ip == session.server.ip {
        "server"
    } else {
        return None;
    };
    Some(format!("{party}:{}", endpoint.port))
}

fn outcome(session: &Session, channel: &DataChannel, state: ChannelState) -> (Style, String) {
    let phrase = state.phrase();
    let attempts = channel.connection().map_or(0, |connection| connection.syn_attempts);
    match state {
        ChannelState::Connected => (Style::Good, phrase.into()),
        ChannelState::Unused => (Style::Faint, phrase.into()),
        ChannelState::Rejected => {
            let reply = channel.command().and_then(|index| session.command(index)?.completion());
            let code = reply.map(|reply| format!(" {}", reply.code)).unwrap_or_default();
            (Style::Bad, format!("{phrase}{code}"))
        }
        ChannelState::Refused | ChannelState::Unanswered if attempts > 1 => {
            (Style::Bad, format!("{phrase} ×{attempts}"))
        }
        ChannelState::Refused
        | ChannelState::Unanswered
        | ChannelState::Malformed
        | ChannelState::NoReply
        | ChannelState::CutShort
        | ChannelState::NeverTried => (Style::Bad, phrase.into()),
    }
}

/// What is unusual about the channel and has no column.
fn channel_notes(
    session: &Session,
    channel: &DataChannel,
    numbers: &Numbers,
    page: &Page<'_>,
) -> Vec<Styled> {
    let mut notes = Vec::new();
    if let Some(Attempt { matched_by, connection, .. }) = &channel.attempt
        && let Some(remark) = matched_by.remark(channel.differs())
    {
        let style = match matched_by {
            MatchedBy::Endpoint | MatchedBy::Default | MatchedBy::Inferred => Style::Faint,
            MatchedBy::ThirdParty => Style::Info,
            MatchedBy::Translated => Style::Warning,
        };
        let ends = format!("{} → {}", connection.originator, connection.responder);
        notes.push(page.styled(style, format!("{remark}: {ends}")));
    }
    notes.extend(tls_note(session, channel, page));
    if let Some(peer) = channel.peer_session.as_ref().and_then(|uid| numbers.of(uid)) {
        notes.push(page.styled(Style::Info, format!("other server's session: #{peer}")));
    }
    if let Some(reuse) = &channel.reuse {
        notes.extend(reuse_note(reuse, session, numbers, page));
    }
    if let Some(connection) = channel.connected()
        && connection.end_state == EndState::Rst
    {
        notes.push(page.styled(Style::Warning, reset_by(channel, connection)));
    }
    notes
}

/// The TLS of a data connection, in short where it is as that of the control connection.
fn tls_note(session: &Session, channel: &DataChannel, page: &Page<'_>) -> Option<Styled> {
    let details = channel.connection()?.tls_details.as_deref()?;
    let style = match details.handshake {
        TlsHandshake::Failed => Style::Warning,
        TlsHandshake::Complete | TlsHandshake::Incomplete => Style::Faint,
    };
    Some(page.styled(style, details.facts_beside(session.tls_details.as_deref()).join(", ")))
}

fn reset_by(channel: &DataChannel, connection: &Connection) -> &'static str {
    let client_originates = !channel.is_active();
    match connection.first_close {
        Some(FirstClose::Originator) if client_originates => "reset by the client",
        Some(FirstClose::Responder) if !client_originates => "reset by the client",
        Some(FirstClose::Originator | FirstClose::Responder) => "reset by the server",
        Some(FirstClose::Both) | None => "reset",
    }
}

/// Describes a reuse, unless it was outside TIME_WAIT and worked.
fn reuse_note(reuse: &Reuse, session: &Session, numbers: &Numbers, page: &Page<'_>) -> Option<Styled> {
    let style = match reuse.outcome {
        ReuseOutcome::Accepted if !reuse.in_time_wait => return None,
        // With another port at the other end TIME_WAIT has no part in what came of it.
        _ if reuse.kind == ReuseKind::Listener => return None,
        ReuseOutcome::Accepted => Style::Faint,
        ReuseOutcome::Ignored
        | ReuseOutcome::Challenged
        | ReuseOutcome::Refused
        | ReuseOutcome::NotAttempted => Style::Warning,
    };
    let previous = &reuse.previous.session;
    let whose = match numbers.of(previous) {
        Some(number) if *previous != session.uid => format!(" (#{number})"),
        Some(_) | None => String::new(),
    };
    let within = if reuse.in_time_wait { " in TIME_WAIT" } else { "" };
    let when = reuse.gap.map_or("while still open".to_owned(), |gap| format!("{gap} later"));
    Some(page.styled(
        style,
        format!("{} reused {when}{whose}{within}: {}", reuse.kind.phrase(), reuse.outcome.phrase()),
    ))
}

fn transfer_row(mut row: Row, session: &Session, transfer: &Transfer, page: &Page<'_>) -> Row {
    let command = session.command(transfer.command);
    if let Some(command) = command {
        if row.cell(Column::Frame).is_none() {
            set_place(&mut row, session, command.frame, command.time, page);
        }
        row.set(Column::Verb, page.styled(Style::Plain, command.verb.name()));
    }
    if let Some(path) = session.name_of(transfer) {
        row.set(Column::Path, page.styled(Style::Plain, path.raw()));
    }
    match transfer.bytes {
        Some(bytes) if bytes > 0 || transfer.status == Status::Complete => {
            row.set(Column::Bytes, page.display(Style::Plain, Bytes(bytes)));
        }
        Some(_) => {}
        None => row.set(Column::Bytes, page.styled(Style::Faint, "?")),
    }
    if let (Some(bytes @ 1..), Some(seconds)) = (transfer.bytes, transfer.duration())
        && let Some(rate) = Bytes(bytes).per_second(seconds)
    {
        row.set(Column::Rate, page.styled(Style::Plain, format!("{rate}/s")));
    }
    let code = transfer.reply_code.map_or_else(String::new, |code| code.to_string());
    let said = command.and_then(Command::completion).filter(|reply| reply.is_negative());
    if let Some(text) = said.map(|reply| first_line(&reply.text)).filter(|text| !text.is_empty()) {
        row.notes.push(page.styled(Style::Warning, format!("“{text}”")));
    }
    let (style, reply) = match transfer.status {
        Status::Complete => (Style::Good, code),
        Status::Aborted | Status::Unfinished => {
            (Style::Warning, format!("{code} {}", transfer.status.phrase()))
        }
        Status::Failed => (Style::Bad, format!("{code} {}", transfer.status.phrase())),
    };
    row.set(Column::Reply, page.styled(style, reply.trim_start()));
    row.notes.extend(transfer_notes(transfer, page));
    row
}

fn transfer_notes(transfer: &Transfer, page: &Page<'_>) -> Vec<Styled> {
    let mut notes = Vec::new();
    if transfer.offset > 0 {
        notes.push(page.styled(Style::Faint, format!("from byte {}", transfer.offset)));
    }
    if transfer.encrypted {
        notes.push(page.styled(Style::Faint, "encrypted"));
    }
    if transfer.missing_bytes > 0 {
        let missing = Bytes(transfer.missing_bytes);
        notes.push(page.styled(Style::Warning, format!("{missing} not in the capture")));
    }
    if let (Some(expected), Some(bytes)) = (transfer.expected_size, transfer.bytes) {
        let moved = bytes.saturating_add(transfer.missing_bytes).saturating_add(transfer.offset);
        let was_to_move = transfer.status != Status::Failed && !transfer.encrypted;
        // Line ends make the size of a text another one in each representation.
        let is_text = transfer.representation.raw().starts_with(['A', 'E']);
        if was_to_move && moved != expected && !is_text {
            notes.push(page.styled(Style::Warning, format!("expected {}", size_beside(expected, moved))));
        }
    }
    if let Some(verification) = &transfer.verification {
        let style = if verification.matches() { Style::Faint } else { Style::Warning };
        notes.push(page.styled(style, verification.phrase()));
    }
    notes
}
