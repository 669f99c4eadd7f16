//! Parses endpoints in arguments and replies.
//!
//! Parsers of arguments are strict, as servers are; parsers of replies find the endpoint in any surrounding
//! text, as clients do. Numbers are decimal even with leading zeros. A port is never 0.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Verb;

/// An endpoint as written in a command or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct HostPort {
    /// The address, an IPv4-mapped one as it is written; none where the notation carries none.
    pub ip: Option<IpAddr>,
    /// The port, never 0.
    pub port: u16,
}

/// The endpoint of PORT, EPRT or LPRT; none where the argument carries none that can be read, and for other
/// verbs.
pub fn active_argument(verb: &Verb, argument: Option<&[u8]>) -> Option<HostPort> {
    let argument = argument?;
    match verb {
        Verb::Port => port_argument(argument),
        Verb::Eprt => eprt_argument(argument),
        Verb::Lprt => lprt_argument(argument),
        _ => None,
    }
}

/// The argument of PORT.
///
/// ```text
/// h1,h2,h3,h4,p1,p2        (RFC 959 section 4.1.2; each 0 to 255; blanks around a number are tolerated)
/// ```
pub fn port_argument(argument: &[u8]) -> Option<HostPort> {
    short_endpoint(&octets(argument)?)
}

/// The argument of EPRT.
///
/// ```text
/// d net-prt d net-addr d tcp-port d        (RFC 2428 section 2; d: one of the characters 33 to 126, but no digit)
/// net-prt: 1 (IPv4) | 2 (IPv6)
/// ```
///
/// The address must be of the family that the protocol number names; a zone (`%eth0`) behind it is left out.
pub fn eprt_argument(argument: &[u8]) -> Option<HostPort> {
    let (&delimiter, rest) = argument.trim_ascii().split_first()?;
    if !is_delimiter(delimiter) {
        return None;
    }
    let mut fields = rest.split(|&byte| byte == delimiter);
    let (family, address, port) = (fields.next()?, fields.next()?, fields.next()?);
    if !fields.next()?.is_empty() || fields.next().is_some() {
        return None;
    }
    match (number(family)?, ip_address(address)?) {
        (1, ip @ IpAddr::V4(_)) | (2, ip @ IpAddr::V6(_)) => {
            Some(HostPort { ip: Some(ip), port: port_number(port)? })
        }
        _ => None,
    }
}

/// The argument of LPRT.
///
/// ```text
/// af,hal,h1,...,hn,pal,p1,...,pm        (RFC 1639 section 3; af: 4 | 6, hal: 4 | 16, pal: 2)
/// ```
pub fn lprt_argument(argument: &[u8]) -> Option<HostPort> {
    long_endpoint(&octets(argument)?)
}

/// The endpoint of a 227, 228 or 229 reply, whichever command it answers; none where the text carries none
/// that can be read, and for other codes.
///
/// The text must be that of a complete line: one that was cut may have been cut inside the port.
pub fn passive_reply(code: u16, text: &str) -> Option<HostPort> {
    match code {
        227 => pasv_reply(text),
        228 => lpsv_reply(text),
        229 => epsv_reply(text),
        _ => None,
    }
}

/// The text of 227.
///
/// ```text
/// text (h1,h2,h3,h4,p1,p2) text        (RFC 959 section 4.1.2)
/// ```
///
/// Parentheses can't be relied upon (RFC 1123 section 4.1.2.6): of the runs of exactly six numbers separated by
/// commas, the first after a `(` counts, otherwise the first of all.
pub fn pasv_reply(text: &str) -> Option<HostPort> {
    tuple_in_text(text, short_endpoint)
}

/// The text of 228.
///
/// ```text
/// text (af,hal,h1,...,hn,pal,p1,...,pm) text        (RFC 1639 section 3)
/// ```
pub fn lpsv_reply(text: &str) -> Option<HostPort> {
    tuple_in_text(text, long_endpoint)
}

/// The text of 229.
///
/// ```text
/// text (d d d tcp-port d) text        (RFC 2428 section 3; d as in EPRT)
/// ```
///
/// By the RFC nothing is between the first three delimiters. Servers that fill that in are understood, as are
/// those that omit a delimiter, the parentheses, or the last delimiter before the `)`, or that add blanks.
pub fn epsv_reply(text: &str) -> Option<HostPort> {
    let bytes = text.as_bytes();
    let after_parenthesis =
        (0..bytes.len()).filter(|&at| bytes.get(at) == Some(&b'(')).map(|at| at.saturating_add(1));
    let anywhere = (0..bytes.len()).filter(|&at| bytes.get(at).is_some_and(u8::is_ascii_punctuation));
    after_parenthesis.chain(anywhere).find_map(|at| extended_port(bytes.get(at..)?))
}

/// `d [net-prt] d [net-addr] d tcp-port d`, or `d d tcp-port d`, at the start of `text`.
fn extended_port(text: &[u8]) -> Option<HostPort> {
    // Longer than any three meaningful fields.
    const WINDOW: usize = 160;
    let text = text.trim_ascii_start();
    let (&delimiter, rest) = text.get(..text.len().min(WINDOW))?.split_first()?;
    if !is_delimiter(delimiter) || matches!(delimiter, b'(' | b')') {
        return None;
    }
    // The port's field ends at the delimiter, or at the parenthesis where the delimiter was forgotten.
    let mut fields = rest.split(|&byte| byte == delimiter || byte == b')');
    let (first, second) = (fields.next()?.trim_ascii(), fields.next()?.trim_ascii());
    let third = fields.next()?;
    let ended = fields.next().is_some();
    if first.is_empty() && !second.is_empty() {
        return Some(HostPort { ip: None, port: port_number(second)? });
    }
    if !ended || !first.is_empty() && number(first).is_none() {
        return None;
    }
    let ip = match second {
        [] => None,
        address => Some(ip_address(address)?),
    };
    Some(HostPort { ip, port: port_number(third)? })
}

/// `h1,h2,h3,h4,p1,p2`.
fn short_endpoint(octets: &[u8]) -> Option<HostPort> {
    let &[h1, h2, h3, h4, p1, p2] = octets else { return None };
    endpoint(Ipv4Addr::new(h1, h2, h3, h4).into(), [p1, p2])
}

/// `4,4,h1,…,h4,2,p1,p2` or `6,16,h1,…,h16,2,p1,p2`.
fn long_endpoint(octets: &[u8]) -> Option<HostPort> {
    match octets {
        [4, 4, h1, h2, h3, h4, 2, p1, p2] => endpoint(Ipv4Addr::new(*h1, *h2, *h3, *h4).into(), [*p1, *p2]),
        [6, 16, address @ .., 2, p1, p2] => {
            endpoint(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).into(), [*p1, *p2])
        }
        _ => None,
    }
}

fn endpoint(ip: IpAddr, port: [u8; 2]) -> Option<HostPort> {
    let port = u16::from_be_bytes(port);
    (port != 0).then_some(HostPort { ip: Some(ip), port })
}

/// More numbers than any endpoint has.
const MOST_OCTETS: usize = 24;

/// The numbers of an endpoint.
type Octets = SmallVec<[u8; MOST_OCTETS]>;

/// Numbers from 0 to 255 with commas in between, and nothing else.
fn octets(argument: &[u8]) -> Option<Octets> {
    argument
        .split(|&byte| byte == b',')
        .take(MOST_OCTETS)
        .map(|field| u8::try_from(number(field.trim_ascii())?).ok())
        .collect()
}

/// The first run of numbers in a text that `read` understands; one after a `(` wins over others.
fn tuple_in_text(text: &str, read: fn(&[u8]) -> Option<HostPort>) -> Option<HostPort> {
    let mut bare = None;
    let mut bytes = text.as_bytes();
    let mut before = None;
    while let Some(start) = bytes.iter().position(u8::is_ascii_digit) {
        if let Some(last) = start.checked_sub(1) {
            // A blank between the parenthesis and the first number is tolerated.
            let lead = bytes.get(..start).unwrap_or_default();
            before = lead.trim_ascii_end().last().filter(|byte| **byte == b'(').or(lead.get(last)).copied();
        }
        let run = bytes.get(start..).unwrap_or_default();
        let (length, found) = run_of_numbers(run);
        // Part of another number: a sign, a decimal point.
        let whole = !matches!(before, Some(b'-' | b'.' | b','));
        if let Some(endpoint) = found.filter(|_| whole).and_then(|octets| read(&octets)) {
            if before == Some(b'(') {
                return Some(endpoint);
            }
            bare = bare.or(Some(endpoint));
        }
        let end = length.max(1);
        before = run.get(end.saturating_sub(1)).copied();
        bytes = run.get(end..).unwrap_or_default();
    }
    bare
}

/// The comma-separated numbers at the start of `text`: the length of the run, and the numbers if all of them are
/// octets.
fn run_of_numbers(text: &[u8]) -> (usize, Option<Octets>) {
    let mut numbers = Octets::new();
    let mut all_octets = true;
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match number(rest.get(..digits).unwrap_or_default()).and_then(|number| u8::try_from(number).ok()) {
            Some(octet) if numbers.len() < MOST_OCTETS => numbers.push(octet),
            _ => all_octets = false,
        }
        let end = at.saturating_add(digits);
        let Some(next) = next_in_run(text, end) else {
            // `5,80.1` and `5,80,x` are no run that ends here.
            let cut = match text.get(end..) {
                Some([b'.', digit, ..]) => digit.is_ascii_digit(),
                Some([b',', ..]) => true,
                _ => false,
            };
            return (end, Some(numbers).filter(|_| all_octets && !cut));
        };
        at = next;
    }
}

/// Where the next number begins, if a comma (with or without blanks) is at `end`.
fn next_in_run(text: &[u8], end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let comma = blanks(rest);
    if rest.get(comma) != Some(&b',') {
        return None;
    }
    let behind = rest.get(comma.saturating_add(1)..)?;
    let digit = blanks(behind);
    behind
        .get(digit)?
        .is_ascii_digit()
        .then(|| end.saturating_add(comma).saturating_add(1).saturating_add(digit))
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Whether RFC 2428 allows it as a delimiter.
const fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_graphic() && !byte.is_ascii_digit()
}

/// A decimal number of digits alone; one that is too large saturates.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0_u32, |number, &digit| {
        number.saturating_mul(10).saturating_add(u32::from(digit.wrapping_sub(b'0')))
    }))
}

fn port_number(field: &[u8]) -> Option<u16> {
    u16::try_from(number(field.trim_ascii())?).ok().filter(|&port| port != 0)
}

/// An address of either family in its usual notation; leading zeros in IPv4 are decimal, a zone is left out.
fn ip_address(field: &[u8]) -> Option<IpAddr> {
    let field = field.trim_ascii();
    if field.contains(&b':') {
        let address = field.split(|&byte| byte == b'%').next()?;
        return std::str::from_utf8(address).ok()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut octets = [0_u8; 4];
    let mut fields = field.split(|&byte| byte == b'.');
    for octet in &mut octets {
        *octet = u8::try_from(number(fields.next()?)?).ok()?;
    }
    fields.next().is_none().then(|| Ipv4Addr::from(octets).into())
}

#[cfg(test)]
mod tests;
