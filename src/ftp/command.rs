//! Commands out of lines.

use super::Verb;

/// Whether the first bytes of a stream may be FTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plausible {
    /// They are.
    Yes,
    /// They are something else.
    No,
    /// More bytes must tell; so it is too where another protocol would begin alike (POP3's USER, SMTP's 220).
    NeedMore,
}

/// What follows the verb EPSV (RFC 2428 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpsvArgument {
    /// Nothing, or a network protocol number: a negotiation.
    Negotiation,
    /// `ALL`: no negotiation, but a promise to use none but EPSV.
    All,
}

/// The verb of a command line, and what follows the one space after it, as it is; none where nothing follows.
///
/// Leading spaces are skipped; a tab separates as well as a space.
pub fn parse_command(line: &[u8]) -> (Verb, Option<&[u8]>) {
    (Verb::parse(line), None)
}

/// Whether a whole line reads as a command that FTP clients send.
pub fn is_plausible_command(line: &[u8]) -> bool {
    let _ = line;
    false
}

/// Whether a client's first payload may be FTP.
pub fn command_plausibility(prefix: &[u8]) -> Plausible {
    let _ = prefix;
    Plausible::NeedMore
}

/// What EPSV asks for.
pub fn epsv_argument(argument: Option<&[u8]>) -> EpsvArgument {
    let _ = argument;
    EpsvArgument::Negotiation
}
