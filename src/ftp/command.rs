//! Parses lines into commands.

use super::Verb;
use super::protocol::without_leading_rubbish;

/// What follows the verb EPSV (RFC 2428 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpsvArgument {
    /// Nothing, or a network protocol number: a negotiation.
    Negotiation,
    /// `ALL`: no negotiation, but a promise to use only EPSV.
    All,
}

/// What the argument of AUTH asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMechanism {
    /// TLS or SSL by any of its names (RFC 4217 section 17 and the drafts before it).
    Tls,
    /// GSSAPI or Kerberos (RFC 2228 appendices I and II).
    Gssapi,
}

/// The verb of a command line, and its argument: all that follows the one space after it, if anything.
///
/// ```text
/// command = verb [ SP argument ]        (RFC 959 section 5.3; RFC 2640 section 2: exactly one space)
/// ```
///
/// Leading blanks, NULs and byte order marks are skipped; a tab separates as well as a space. The verb of a
/// blank line is empty.
pub fn parse_command(line: &[u8]) -> (Verb, Option<&[u8]>) {
    let (verb, rest) = split_word(without_leading_rubbish(line.trim_ascii_start()));
    (Verb::parse(verb), rest.filter(|argument| !argument.is_empty()))
}

/// Whether a whole line reads as a command that FTP clients send: a known verb, then a blank or nothing.
pub(super) fn is_plausible_command(line: &[u8]) -> bool {
    let (verb, _) = split_word(line.trim_ascii_start());
    is_known_verb(verb)
}

/// Whether a word is a known verb.
pub(super) fn is_known_verb(word: &[u8]) -> bool {
    // Known verbs have at most four letters.
    word.len() <= 4 && !matches!(Verb::parse(word), Verb::Other(_))
}

/// What EPSV asks for.
pub fn epsv_argument(argument: Option<&[u8]>) -> EpsvArgument {
    match argument {
        Some(argument) if argument.trim_ascii().eq_ignore_ascii_case(b"ALL") => EpsvArgument::All,
        _ => EpsvArgument::Negotiation,
    }
}

/// What AUTH asks for; none where the mechanism is not one of FTP's.
pub fn auth_mechanism(argument: Option<&[u8]>) -> Option<AuthMechanism> {
    const MECHANISMS: [(&str, AuthMechanism); 6] = [
        ("TLS", AuthMechanism::Tls),
        ("TLS-C", AuthMechanism::Tls),
        ("TLS-P", AuthMechanism::Tls),
        ("SSL", AuthMechanism::Tls),
        ("GSSAPI", AuthMechanism::Gssapi),
        ("KERBEROS_V4", AuthMechanism::Gssapi),
    ];
    let name = argument?.trim_ascii();
    MECHANISMS
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))
        .map(|(_, mechanism)| *mechanism)
}

/// The first word, and what follows the one blank after it.
pub(super) fn split_word(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match line.iter().position(|byte| matches!(byte, b' ' | b'\t')) {
        Some(end) => (line.get(..end).unwrap_or_default(), line.get(end.saturating_add(1)..)),
        None => (line, None),
    }
}

#[cfg(test)]
mod tests;
