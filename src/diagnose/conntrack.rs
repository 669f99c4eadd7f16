//! What Linux's connection tracking helper for FTP makes of one line of the control connection.
//!
//! The rules are those of the kernel's nf_conntrack_ftp: it looks at single packets, at their first bytes
//! alone, and only where they follow a line feed. It searches PORT and EPRT from the client, `227 ` and `229
//! ` from the server. A packet that begins like one of these and can't be read to its end is dropped, not
//! passed, lest the helper lose track.
//!
//! In comes the text of a line; out comes whether the helper can read it. Where the line lay in its packets
//! is the caller's to judge.

/// Why the helper can't use a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Flaw {
    /// The helper searches nothing of the kind.
    Unknown,
    /// EPRT for another network protocol than the control connection's.
    Family,
    /// The 227's first digit is not that of the six numbers.
    DigitsFirst,
    /// No parenthesis before the 229's delimiters.
    NoParenthesis,
    /// Anything else that is not byte for byte as the helper wants it.
    Unreadable,
    /// A carriage return must follow the last number.
    NoCarriageReturn,
}

/// Whether the kernel reads this PORT argument, with what ends the line.
pub(super) fn port(argument: &str, has_carriage_return: bool) -> Result<(), Flaw> {
    let rest = six_numbers(argument.as_bytes()).ok_or(Flaw::Unreadable)?;
    match rest {
        [] if has_carriage_return => Ok(()),
        [] => Err(Flaw::NoCarriageReturn),
        _ => Err(Flaw::Unreadable),
    }
}

/// Whether the kernel reads this EPRT argument on a control connection over IPv6 or IPv4.
pub(super) fn eprt(argument: &str, control_is_ipv6: bool) -> Result<(), Flaw> {
    let bytes = argument.as_bytes();
    let [delimiter, family, second, rest @ ..] = bytes else { return Err(Flaw::Unreadable) };
    if !is_delimiter(*delimiter) || second != delimiter {
        return Err(Flaw::Unreadable);
    }
    if *family != if control_is_ipv6 { b'2' } else { b'1' } {
        return Err(Flaw::Family);
    }
    let mut fields = rest.splitn(2, |byte| byte == delimiter);
    let (Some(address), Some(port)) = (fields.next(), fields.next()) else { return Err(Flaw::Unreadable) };
    let address = std::str::from_utf8(address).unwrap_or_default();
    let readable = if control_is_ipv6 {
        address.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        address.parse::<std::net::Ipv4Addr>().is_ok()
    };
    if readable && port_up_to(port, *delimiter) { Ok(()) } else { Err(Flaw::Unreadable) }
}

/// Whether the kernel reads the text behind `227 `.
pub(super) fn reply_227(text: &str) -> Result<(), Flaw> {
    let bytes = text.as_bytes();
    let first = bytes.iter().position(u8::is_ascii_digit).ok_or(Flaw::Unreadable)?;
    if bytes.get(first..).and_then(six_numbers).is_some() {
        return Ok(());
    }
    let elsewhere = (first..bytes.len()).filter(|&at| starts_number(bytes, at)).skip(1);
    let tuple_later =
        elsewhere.into_iter().take(64).any(|at| bytes.get(at..).and_then(six_numbers).is_some());
    Err(if tuple_later { Flaw::DigitsFirst } else { Flaw::Unreadable })
}

/// Whether the kernel reads the text behind `229 `.
pub(super) fn reply_229(text: &str) -> Result<(), Flaw> {
    let (_, inside) = text.split_once('(').ok_or(Flaw::NoParenthesis)?;
    match inside.as_bytes() {
        [a, b, c, rest @ ..] if a == b && b == c && is_delimiter(*a) && port_up_to(rest, *a) => Ok(()),
        _ => Err(Flaw::Unreadable),
    }
}

fn starts_number(bytes: &[u8], at: usize) -> bool {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    digit(at) && !at.checked_sub(1).is_some_and(digit)
}

/// Printable, and no digit.
const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 33..=126) && !byte.is_ascii_digit()
}

/// Reads six numbers with one comma between each; gives what follows them. Only digits and commas will do.
fn six_numbers(bytes: &[u8]) -> Option<&[u8]> {
    let mut commas = 0;
    let end = bytes
        .iter()
        .position(|&byte| {
            commas += u32::from(byte == b',');
            !byte.is_ascii_digit() && (byte != b',' || commas > 5)
        })
        .unwrap_or(bytes.len());
    let (numbers, rest) = bytes.split_at_checked(end)?;
    let all = numbers.split(|&byte| byte == b',').all(|number| !number.is_empty());
    (commas == 5 && all).then_some(rest)
}

/// A port number and the delimiter behind it.
fn port_up_to(bytes: &[u8], delimiter: u8) -> bool {
    let Some(end) = bytes.iter().position(|&byte| byte == delimiter) else { return false };
    let digits = bytes.get(..end).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_arguments_must_be_bare_numbers_and_commas_before_a_carriage_return() {
        for (argument, carriage_return, expected) in [
            ("192,0,2,1,195,80", true, Ok(())),
            ("192,0,2,1,195,80", false, Err(Flaw::NoCarriageReturn)),
            ("192, 0,2,1,195,80", true, Err(Flaw::Unreadable)),
            (" 192,0,2,1,195,80", true, Err(Flaw::Unreadable)),
            ("192,0,2,1,195,80 ", true, Err(Flaw::Unreadable)),
            ("192,0,2,1,195", true, Err(Flaw::Unreadable)),
            ("192,0,2,1,195,80,1", true, Err(Flaw::Unreadable)),
            ("192,0,2,1,,80", true, Err(Flaw::Unreadable)),
            ("", true, Err(Flaw::Unreadable)),
        ] {
            assert_eq!(port(argument, carriage_return), expected, "{argument}");
        }
    }

    #[test]
    fn eprt_must_be_of_the_control_connections_family() {
        for (argument, ipv6, expected) in [
            ("|1|192.0.2.1|50000|", false, Ok(())),
            ("|2|2001:db8::1|50000|", true, Ok(())),
            ("!1!192.0.2.1!50000!", false, Ok(())),
            ("|1|192.0.2.1|50000|", true, Err(Flaw::Family)),
            ("|2|::ffff:192.0.2.1|50000|", false, Err(Flaw::Family)),
            ("|1|192.0.2.1|50000", false, Err(Flaw::Unreadable)),
            ("|1|192.0.2.1|0|", false, Err(Flaw::Unreadable)),
            ("||192.0.2.1|50000|", false, Err(Flaw::Unreadable)),
            ("11119", false, Err(Flaw::Unreadable)),
            ("|", false, Err(Flaw::Unreadable)),
        ] {
            assert_eq!(eprt(argument, ipv6), expected, "{argument}");
        }
    }

    #[test]
    fn the_first_digit_of_a_227_must_begin_the_six_numbers() {
        for (text, expected) in [
            ("Entering Passive Mode (192,0,2,1,195,80).", Ok(())),
            ("Entering Passive Mode 192,0,2,1,195,80", Ok(())),
            ("=192,0,2,1,195,80", Ok(())),
            ("v2 ready (192,0,2,1,195,80)", Err(Flaw::DigitsFirst)),
            ("Host 192.0.2.1 listens (192,0,2,1,195,80)", Err(Flaw::DigitsFirst)),
            ("Entering Passive Mode (192, 0, 2, 1, 195, 80)", Err(Flaw::Unreadable)),
            ("Entering Passive Mode", Err(Flaw::Unreadable)),
        ] {
            assert_eq!(reply_227(text), expected, "{text}");
        }
    }

    #[test]
    fn a_229_needs_a_parenthesis_and_three_equal_delimiters() {
        for (text, expected) in [
            ("Entering Extended Passive Mode (|||50000|)", Ok(())),
            ("Entering Extended Passive Mode (!!!50000!)", Ok(())),
            ("Entering Extended Passive Mode |||50000|", Err(Flaw::NoParenthesis)),
            ("ok (1) mode (|||50000|)", Err(Flaw::Unreadable)),
            ("ok (|1|192.0.2.1|50000|)", Err(Flaw::Unreadable)),
            ("ok (||| 50000 |)", Err(Flaw::Unreadable)),
            ("ok (|||0|)", Err(Flaw::Unreadable)),
            ("ok (|||50000)", Err(Flaw::Unreadable)),
        ] {
            assert_eq!(reply_229(text), expected, "{text}");
        }
    }
}
