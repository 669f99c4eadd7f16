//! Sessions that carry something other than FTP from some point on.

use super::case::Case;
use super::draft::{Draft, Sink, plural};
use crate::ftp::Verb;
use crate::report::{Code, Command, CommandIndex, Protection};

/// Lines that are no commands, before they are told of.
const LINES: usize = 3;

/// The first of the lines at the end of a session that are no commands, and how many there are: none of them
/// was answered by a reply, and some are no words at all.
pub(super) fn begins<'a>(case: &Case<'a>) -> Option<(CommandIndex, &'a Command, usize)> {
    let session = case.session;
    if !session.gaps.is_empty() || !case.server_was_heard() {
        return None;
    }
    let is_foreign = |command: &Command| {
        matches!(command.verb, Verb::Other(_))
            && command.replies.is_empty()
            && command.line.protection == Protection::Clear
    };
    let count = session.commands.iter().rev().take_while(|command| is_foreign(command)).count();
    let first = session.commands.len().checked_sub(count)?;
    let begun = session.commands.get(..first)?.iter().any(|command| !command.replies.is_empty());
    let (index, command) = case.commands().nth(first)?;
    let mut foreign = session.commands.get(first..)?.iter();
    let garbage = foreign.any(|command| is_no_word(command.verb.name()));
    (begun && garbage && count >= LINES).then_some((index, command, count))
}

/// Whether no client would call a command so: verbs have three or four letters (RFC 959), extensions few
/// more.
fn is_no_word(verb: &str) -> bool {
    !(2..=8).contains(&verb.len()) || !verb.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The rule.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    let Some((index, first, count)) = begins(case) else { return };
    let session = case.session;
    let before = index
        .position()
        .checked_sub(1)
        .and_then(|before| session.commands.get(before))
        .map(|command| format!(" after {}", super::draft::excerpt(command.verb.name())))
        .unwrap_or_default();
    let last = session.commands.last().map_or(first.frame, |command| command.frame);
    let summary = format!(
        "The session of the client {} with the server {} carries something other than FTP from frame {} on{before}: {} that are \
         no commands, until frame {last}, and no replies",
        session.client,
        session.server,
        first.frame,
        plural(count as u64, "line"),
    );
    sink.push(
        Draft::new(Code::NotFtpAnymore, first.time, summary)
            .count(count as u64)
            .frames(session.commands.iter().skip(index.position()).map(|command| command.frame))
            .command(Some(index)),
    );
}
