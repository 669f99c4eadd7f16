//! Endpoints out of arguments and replies.

use std::net::IpAddr;

use super::Verb;

/// An endpoint as written in a command or reply. The port is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The address, an IPv4-mapped one as written; none where the notation carries none.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

/// The endpoint of PORT, EPRT or LPRT; none where the argument carries none that can be read, and for other verbs.
pub fn active_argument(verb: &Verb, argument: Option<&[u8]>) -> Option<HostPort> {
    let argument = argument?;
    match verb {
        Verb::Port => port_argument(argument),
        Verb::Eprt => eprt_argument(argument),
        Verb::Lprt => lprt_argument(argument),
        _ => None,
    }
}

/// The argument of PORT (RFC 959 section 4.1.2).
pub fn port_argument(argument: &[u8]) -> Option<HostPort> {
    let _ = argument;
    None
}

/// The argument of EPRT (RFC 2428 section 2).
pub fn eprt_argument(argument: &[u8]) -> Option<HostPort> {
    let _ = argument;
    None
}

/// The argument of LPRT (RFC 1639 section 3).
pub fn lprt_argument(argument: &[u8]) -> Option<HostPort> {
    let _ = argument;
    None
}

/// The endpoint of a 227, 228 or 229 reply, whichever command it answers; none where the text carries none that can
/// be read, and for other codes.
pub fn passive_reply(code: u16, text: &str) -> Option<HostPort> {
    match code {
        227 => pasv_reply(text),
        228 => lpsv_reply(text),
        229 => epsv_reply(text),
        _ => None,
    }
}

/// The text of 227 (RFC 959 section 4.1.2, RFC 1123 section 4.1.2.6).
pub fn pasv_reply(text: &str) -> Option<HostPort> {
    let _ = text;
    None
}

/// The text of 228 (RFC 1639 section 3).
pub fn lpsv_reply(text: &str) -> Option<HostPort> {
    let _ = text;
    None
}

/// The text of 229 (RFC 2428 section 3).
pub fn epsv_reply(text: &str) -> Option<HostPort> {
    let _ = text;
    None
}
