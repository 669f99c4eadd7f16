//! A report as lines of text, one for each thing, begun by the letter of its kind.
//!
//! ```text
//! S C:40000>S:21 alice accepted none     a session: its ends, user, login, security
//! G 220                                  replies that greet, and below those that answer no command
//! U 421
//! C RETR f 150 226                       a command and its replies
//! D PASV accepted connected endpoint C:41000>S:50000     a data channel
//! W server                               who holds its TIME_WAIT
//! R fourtuple accepted in TIME_WAIT      what it uses again
//! T RETR /f 1000 complete 226 via 0      a transfer: path (~/f from the login on), bytes, status, reply, channel
//! O I S at 500 of 1500 lacks 0           its type, mode, offset, expected size, missing bytes
//! H 2c26b46b text/plain                 its sum and media type
//! F time-wait-reuse                      a finding
//! ```

use std::fmt::{Debug, Display};

use ftpscope::base::Endpoint;
use ftpscope::report::{
    Argument, Command, DataChannel, InferredTransfer, Reply, Report, Reuse, Session, Transfer,
};

/// What must not depend on how lines lie in segments: all but the findings, of which one says what a
/// middlebox sees.
pub(crate) fn facts(report: &Report) -> Vec<String> {
    told(report).into_iter().filter(|line| !line.starts_with('F')).collect()
}

/// All that the report holds, a line for each thing.
pub(crate) fn told(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.sessions.iter().flat_map(session).collect();
    lines.extend(report.findings.iter().map(|finding| format!("F {}", finding.code)));
    lines
}

fn session(session: &Session) -> Vec<String> {
    let Session { client, server, login, security, .. } = session;
    let user = session.user.as_ref().map_or("-", |user| user.raw());
    let ends = ends(*client, *server);
    let mut lines = vec![format!("S {ends} {user} {} {}", lower(login), lower(security))];
    lines.extend(session.greeting.iter().map(|reply| format!("G {}", reply.code)));
    lines.extend(session.unsolicited.iter().map(|reply| format!("U {}", reply.code)));
    lines.extend(session.commands.iter().map(command));
    lines.extend(session.data_channels.iter().flat_map(channel));
    lines.extend(session.transfers.iter().flat_map(|one| transfer(session, one)));
    lines.extend(session.findings.iter().map(|finding| format!("F {}", finding.code)));
    lines
}

fn command(command: &Command) -> String {
    let mut line = format!("C {}", command.verb);
    match &command.argument {
        Some(Argument::Text(text)) => line.extend([" ", &text.raw().escape_debug().to_string()]),
        Some(Argument::Secret(_)) => line.push_str(" ***"),
        None => {}
    }
    command.replies.iter().fold(line, |line, Reply { code, .. }| format!("{line} {code}"))
}

fn channel(channel: &DataChannel) -> Vec<String> {
    let connection = channel.connection();
    vec![
        format!(
            "D {} {} {} {} {}",
            or_dash(channel.mode()),
            lower_or_dash(channel.negotiation()),
            lower_or_dash(channel.outcome()),
            lower_or_dash(channel.matched_by()),
            connection.map_or("-".into(), |connection| ends(connection.originator, connection.responder)),
        ),
        format!("W {}", lower_or_dash(channel.time_wait().map(|wait| wait.holder))),
        format!("R {}", channel.reuse.as_ref().map_or("-".into(), reuse)),
        format!("I {}", channel.inferred_transfer.as_deref().map_or("-".into(), inferred)),
    ]
}

fn inferred(transfer: &InferredTransfer) -> String {
    let (direction, content) = (lower_or_dash(transfer.direction), lower_or_dash(transfer.content));
    format!("{direction} {content} {}", transfer.bytes)
}

fn reuse(Reuse { kind, outcome, in_time_wait, .. }: &Reuse) -> String {
    let when = if *in_time_wait { "in" } else { "after" };
    format!("{} {} {when} TIME_WAIT", lower(kind), lower(outcome))
}

fn transfer(session: &Session, transfer: &Transfer) -> Vec<String> {
    vec![
        format!(
            "T {} {} {} {} {} via {}",
            or_dash(session.command(transfer.command).map(|command| &command.verb)),
            path(transfer),
            or_dash(transfer.bytes),
            lower(&transfer.status),
            or_dash(transfer.reply_code),
            or_dash(transfer.data_channel),
        ),
        format!(
            "O {} {} at {} of {} lacks {}",
            transfer.representation.raw(),
            transfer.mode,
            transfer.offset,
            or_dash(transfer.expected_size),
            transfer.missing_bytes,
        ),
        format!(
            "H {} {}",
            transfer.sha256.map_or("-".into(), |[a, b, c, d, ..]| format!("{a:02x}{b:02x}{c:02x}{d:02x}")),
            or_dash(transfer.mime.as_deref()),
        ),
    ]
}

/// The path, with `~/` before one from the directory of the login.
fn path(transfer: &Transfer) -> String {
    let path = transfer.path.as_ref().map(|path| path.raw().to_owned());
    let from_login = || transfer.path_from_login.as_ref().map(|path| format!("~/{}", path.raw()));
    path.or_else(from_login).unwrap_or("-".into())
}

/// `C:40000>S:21`: the hosts of the script by their letters.
fn ends(from: Endpoint, to: Endpoint) -> String {
    let mut text = format!("{from}>{to}");
    for (ip, name) in
        [("198.51.100.1:", "C:"), ("198.51.100.2:", "S:"), ("198.51.100.3:", "T:"), ("203.0.113.9:", "X:")]
    {
        text = text.replace(ip, name);
    }
    text
}

fn lower(value: &impl Debug) -> String {
    format!("{value:?}").to_lowercase()
}

fn lower_or_dash(value: Option<impl Debug>) -> String {
    value.map_or("-".into(), |value| lower(&value))
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or("-".into(), |value| value.to_string())
}
