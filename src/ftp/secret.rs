//! Which part of a command's argument is a secret.

use std::ops::Range;

use super::Verb;
use super::command::split_word;
use crate::base::Secret;

/// The part of an argument that must not be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Nothing.
    None,
    /// These bytes of it.
    Part(Range<usize>),
    /// All of it.
    Whole,
}

/// SITE commands with a password in their argument: those that change passwords or add users, by the names that
/// servers have for them.
const SITE_COMMANDS: [&[u8]; 8] =
    [b"PSWD", b"PASS", b"PASSWD", b"PASSWORD", b"CHPASS", b"GPASS", b"ADDUSER", b"CHGPASS"];

/// Which part of a command's argument is a secret.
///
/// ```
/// use ftpscope::ftp::{Secrecy, Verb, secrecy};
///
/// assert_eq!(secrecy(&Verb::Pass, b"secret"), Secrecy::Whole);
/// assert_eq!(secrecy(&Verb::Site, b"PSWD old new"), Secrecy::Part(5..12));
/// assert_eq!(secrecy(&Verb::User, b"bob:secret@ftp.example"), Secrecy::Part(4..10));
/// assert_eq!(secrecy(&Verb::User, b"bob@ftp.example:21"), Secrecy::None);
/// ```
pub fn secrecy(verb: &Verb, argument: &[u8]) -> Secrecy {
    let part = match verb {
        Verb::User => password_in_user(argument),
        Verb::Site => password_in_site(argument),
        other if other.has_secret() => return Secrecy::Whole,
        _ => None,
    };
    part.map_or(Secrecy::None, Secrecy::Part)
}

/// An argument with `***` in place of its secret part.
pub fn without_secret(argument: &[u8], secret: Range<usize>) -> Vec<u8> {
    let before = argument.get(..secret.start).unwrap_or(argument);
    let behind = argument.get(secret.end..).unwrap_or_default();
    [before, Secret::HIDDEN.as_bytes(), behind].concat()
}

/// The password in `USER name:password@host`, as some proxies take it.
fn password_in_user(argument: &[u8]) -> Option<Range<usize>> {
    let colon = memchr::memchr2(b':', b'@', argument)?;
    let at = memchr::memrchr(b'@', argument)?;
    let start = colon.saturating_add(1);
    (argument.get(colon) == Some(&b':') && start < at).then_some(start..at)
}

/// The arguments of a SITE command that takes a password.
fn password_in_site(argument: &[u8]) -> Option<Range<usize>> {
    let trimmed = argument.trim_ascii_start();
    let (word, rest) = split_word(trimmed);
    let is_one = SITE_COMMANDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    let secret = rest?;
    (is_one && !secret.trim_ascii().is_empty())
        .then(|| argument.len().saturating_sub(secret.len())..argument.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(verb: &str, argument: &str) -> String {
        match secrecy(&Verb::parse(verb.as_bytes()), argument.as_bytes()) {
            Secrecy::None => argument.into(),
            Secrecy::Whole => Secret::HIDDEN.into(),
            Secrecy::Part(part) => String::from_utf8(without_secret(argument.as_bytes(), part)).unwrap(),
        }
    }

    #[test]
    fn passwords_are_hidden_wherever_clients_put_them() {
        for (verb, argument, expected) in [
            ("PASS", "secret", "***"),
            ("ACCT", "secret", "***"),
            ("XPASS", "secret", "***"),
            ("PASSWD", "old new", "***"),
            ("\0PASS", "secret", "***"),
            ("\u{feff}PASS", "secret", "***"),
            ("SITE", "PSWD old new", "PSWD ***"),
            ("SITE", "pass  secret", "pass ***"),
            ("SITE", "ADDUSER bob secret", "ADDUSER ***"),
            ("USER", "bob:secret@ftp.example", "bob:***@ftp.example"),
            ("USER", "bob:se@cret@ftp.example", "bob:***@ftp.example"),
        ] {
            assert_eq!(shown(verb, argument), expected, "{verb} {argument}");
        }
    }

    #[test]
    fn what_is_no_password_is_shown() {
        for (verb, argument) in [
            ("USER", "bob"),
            ("USER", "bob@ftp.example"),
            ("USER", "bob@ftp.example:2121"),
            ("USER", "DOMAIN:bob"),
            ("SITE", "CHMOD 644 passwd"),
            ("SITE", "PASSWD"),
            ("SITE", "PSWD  "),
            ("RETR", "PASS"),
            ("PASS.TXT", "x"),
            ("MIC", "YIIB"),
        ] {
            assert_eq!(shown(verb, argument), argument, "{verb} {argument}");
        }
    }
}
