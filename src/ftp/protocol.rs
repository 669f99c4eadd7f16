//! Recognizes the protocol from the first bytes of a stream: FTP may be on any port, and other protocols on
//! FTP's.

use memchr::memchr2_iter;

use super::Verb;
use super::command::{auth_mechanism, is_known_verb, split_word};
use super::reply::{Opening, is_plausible_reply};

/// Whether the first bytes of a stream are FTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plausible {
    /// They are: no other known protocol begins like this.
    Yes,
    /// They are something else.
    No,
    /// Undecided without more bytes, or those of the other side: other protocols may begin the same way (POP3's
    /// USER, SMTP's 220).
    NeedMore,
}

/// A stream without the junk that some servers and clients send before their first line: blanks, empty lines,
/// NULs, a byte order mark.
pub fn without_leading_rubbish(mut bytes: &[u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    loop {
        bytes = match bytes {
            [b' ' | b'\t' | b'\r' | b'\n' | 0, rest @ ..] => rest,
            _ => match bytes.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) => rest,
                None => return bytes,
            },
        };
    }
}

/// Whether a server's line that is no reply belongs to another protocol. Protocols whose lines begin with a code
/// are left to [`reply_plausibility`].
pub fn names_another_protocol(line: &[u8]) -> bool {
    const GREETINGS: [&[u8]; 9] = [b"SSH-", b"+", b"-ERR", b"* ", b"HTTP/", b"RFB ", b"<", b"{", b"@RSYNCD"];
    GREETINGS.iter().any(|greeting| begins_ignoring_case(line, greeting))
}

/// Whether a client's first payload is FTP.
///
/// The first decisive line decides. Verbs that POP3, SMTP, NNTP or IRC have too (USER, QUIT, LIST, …) are not
/// decisive, nor is Telnet negotiation.
pub fn command_plausibility(prefix: &[u8]) -> Plausible {
    let mut rest = skip_telnet(prefix);
    // A client that sends this much before the server answers, and nothing decisive, is not an FTP client.
    for _ in 0..FIRST_LINES {
        let Some(length) = memchr::memchr(b'\n', rest) else { return begun_command(rest) };
        let (line, more) = rest.split_at_checked(length).unwrap_or((rest, b""));
        rest = more.get(1..).unwrap_or_default();
        let verdict = whole_command(without_blanks(line));
        if verdict != Plausible::NeedMore {
            return verdict;
        }
    }
    Plausible::No
}

/// Lines looked at for something decisive.
const FIRST_LINES: usize = 16;

/// The longest unfinished first line, in bytes: RFC 959 sets no bound, but names and passwords are shorter.
const FIRST_LINE_BYTES: usize = 512;

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// The line from its first word on. Form feeds and the like are not blanks in FTP.
fn without_blanks_before(line: &[u8]) -> &[u8] {
    let begin = line.iter().position(|&byte| !is_blank(byte)).unwrap_or(line.len());
    line.get(begin..).unwrap_or_default()
}

fn without_blanks(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|&byte| !is_blank(byte)).map_or(0, |last| last.saturating_add(1));
    without_blanks_before(line.get(..end).unwrap_or_default())
}

/// What a complete line shows.
fn whole_command(line: &[u8]) -> Plausible {
    let (word, argument) = split_word(line);
    if word.is_empty() {
        return Plausible::NeedMore;
    }
    if !is_known_verb(word) {
        return Plausible::No;
    }
    let argument = argument.unwrap_or_default().trim_ascii();
    match Verb::parse(word) {
        Verb::User if anonymous(argument) => Plausible::Yes,
        // IRC: USER name mode unused :real name
        Verb::User if argument.windows(2).any(|pair| pair == b" :") => Plausible::No,
        // SMTP and POP3 name SASL mechanisms here, Redis a password.
        Verb::Auth => match auth_mechanism(Some(argument)) {
            Some(_) => Plausible::Yes,
            None => Plausible::No,
        },
        // NNTP: MODE READER; IRC: MODE #channel.
        Verb::Mode if argument.len() != 1 => Plausible::No,
        verb if is_shared(&verb) => Plausible::NeedMore,
        _ => Plausible::Yes,
    }
}

/// Whether POP3, IRC, NNTP or SMTP has the verb too.
const fn is_shared(verb: &Verb) -> bool {
    use Verb::{Dele, Enc, Help, Lang, List, Noop, Pass, Quit, Retr, Site, Stat, User};
    matches!(verb, User | Pass | Quit | Noop | Help | Stat | List | Retr | Dele | Lang | Enc | Site)
}

/// What an incomplete line shows. It may end in blanks.
fn begun_command(line: &[u8]) -> Plausible {
    let (word, rest) = split_word(without_blanks(line));
    let plausible = match rest {
        Some(_) => is_known_verb(word),
        None => word.len() <= 4 && word.iter().all(u8::is_ascii_alphabetic),
    };
    if plausible && line.len() <= FIRST_LINE_BYTES { Plausible::NeedMore } else { Plausible::No }
}

/// Whether a user name is one of those that need no password.
fn anonymous(user: &[u8]) -> bool {
    [&b"anonymous"[..], b"ftp"].iter().any(|name| user.eq_ignore_ascii_case(name))
}

/// Whether a server's first payload is FTP.
///
/// The first line with a code that only FTP has, or with another protocol's name in its text, decides. An
/// open 220 is a greeting of SMTP as well.
pub fn reply_plausibility(prefix: &[u8]) -> Plausible {
    let bytes = skip_telnet(prefix);
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let Some(first) = lines.next() else { return Plausible::NeedMore };
    match reply_line(first) {
        Plausible::NeedMore => {}
        verdict => return verdict,
    }
    // The lines of a long banner, as far as they have arrived; lines that are no replies are just text.
    lines
        .take(BANNER_LINES)
        .find(|line| {
            contains_ignoring_case(line, b"FTP")
                || is_plausible_reply(line.trim_ascii_end()) && reply_line(line) == Plausible::Yes
        })
        .map_or(Plausible::NeedMore, |_| Plausible::Yes)
}

/// Lines of a banner looked at for something decisive.
const BANNER_LINES: usize = 64;

/// Digits of a code.
const CODE: usize = 3;

/// What one line of a server shows.
fn reply_line(line: &[u8]) -> Plausible {
    let whole = line.ends_with(b"\n");
    let content = line.trim_ascii_end();
    match Opening::of(content) {
        // A fourth character may yet show that the three are no code.
        Opening::Final(code, _) if !whole && content.len() == CODE && is_ftp_code(code) => {
            Plausible::NeedMore
        }
        Opening::Final(code, text) | Opening::Hyphen(code, text) => match code {
            _ if is_ftp_code(code) => Plausible::Yes,
            // NNTP greets with 201, SMTP turns away with 554; FTP has neither.
            201 | 554 => Plausible::No,
            _ if whole => named_protocol(text),
            _ => Plausible::NeedMore,
        },
        Opening::Text if begins_code(line) => Plausible::NeedMore,
        Opening::Glued(..) | Opening::Text => Plausible::No,
    }
}

/// Whether these may be the first bytes of a reply.
fn begins_code(bytes: &[u8]) -> bool {
    bytes.len() < CODE
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes.first().is_none_or(|first| matches!(first, b'1'..=b'6'))
}

/// The codes that SMTP, LMTP and NNTP do not have: endpoints, passwords, protection, renaming, data
/// connections.
const fn is_ftp_code(code: u16) -> bool {
    matches!(
        code,
        120 | 125 | 150 | 202 | 213 | 225..=230 | 232 | 234 | 257 | 331 | 332 | 350 | 425 | 426 | 532
    )
}

/// Which protocol a text names, if any.
fn named_protocol(text: &[u8]) -> Plausible {
    let mut named = Plausible::NeedMore;
    for (place, byte) in text.iter().enumerate() {
        let others: &[&[u8]] = match byte.to_ascii_uppercase() {
            b'F' => &[],
            b'S' => &[b"SMTP", b"SSH-"],
            b'L' => &[b"LMTP"],
            b'N' => &[b"NNTP"],
            b'P' => &[b"POP3"],
            b'I' => &[b"InterNetNews"],
            b'H' => &[b"HTTP/"],
            _ => continue,
        };
        let rest = text.get(place..).unwrap_or_default();
        if others.iter().any(|name| begins_ignoring_case(rest, name)) {
            return Plausible::No;
        }
        if begins_ignoring_case(rest, b"FTP") {
            named = Plausible::Yes;
        }
    }
    named
}

fn begins_ignoring_case(text: &[u8], name: &[u8]) -> bool {
    text.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

fn contains_ignoring_case(text: &[u8], name: &[u8]) -> bool {
    let Some(first) = name.first() else { return true };
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text)
        .any(|place| begins_ignoring_case(text.get(place..).unwrap_or_default(), name))
}

/// What follows Telnet commands at the start of a stream.
fn skip_telnet(mut bytes: &[u8]) -> &[u8] {
    loop {
        bytes = match bytes {
            [0xff, 251..=254, _, rest @ ..] | [0xff, 240..=249, rest @ ..] => rest,
            [0xff, 251..=254] | [0xff] => return b"",
            _ => return bytes,
        };
    }
}

#[cfg(test)]
mod tests;
