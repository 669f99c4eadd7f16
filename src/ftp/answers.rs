//! Which replies may answer which commands.

use super::Verb;

/// Whether a reply may answer a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// No server is known to: it answers another command.
    Unlikely,
    /// Some servers do.
    Possible,
    /// RFC 959 section 5.4 or the RFC of the command names it.
    Usual,
}

/// Whether a reply of `code` may answer `verb`.
pub fn may_answer(verb: &Verb, code: u16) -> Answer {
    let _ = (verb, code);
    Answer::Possible
}
