//! What a server's refusal is about, by its code first and then by its words.

use crate::report::Reply;

/// What a reply of 4yz or 5yz is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Refusal {
    /// Too many connections, users or sessions.
    Limit,
    /// Protection by TLS is missing.
    WantsTls,
    /// The TLS session of the control connection has to be reused.
    WantsReuse,
    /// A transfer without PORT or PASV before it.
    NoNegotiation,
    /// The server could not open its own side of the data connection.
    LocalBind,
    /// No space, or no quota.
    DiskFull,
    /// The root directory is writable for the user, which vsftpd does not allow.
    WritableRoot,
    /// The user's directory can't be entered.
    HomeDirectory,
    /// Only guests are let in.
    AnonymousOnly,
    /// The client, or the user, is shut out.
    Banned,
    /// The server ends its service.
    ShuttingDown,
    /// No such file.
    NotFound,
    /// The file or directory may not be used so.
    Permission,
    /// It is in use.
    Busy,
    /// User or password.
    BadCredentials,
    /// Anything else.
    Other,
}

/// Words, lower case and with a single space between and around them, so that a word is found as ` word `.
struct Words(String);

impl Words {
    fn of(text: &str) -> Self {
        let mut words = String::with_capacity(text.len().saturating_add(2));
        words.push(' ');
        for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
            if !word.is_empty() {
                words.push_str(&word.to_ascii_lowercase());
                words.push(' ');
            }
        }
        Self(words)
    }

    /// Whether one of these words or phrases is among them.
    fn any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| {
            self.0.match_indices(phrase).any(|(at, found)| {
                let ends_before = self.0.get(..at).is_some_and(|before| before.ends_with(' '));
                let after = at.saturating_add(found.len());
                ends_before && self.0.get(after..).is_some_and(|rest| rest.starts_with(' '))
            })
        })
    }
}

/// Much: `too many`, `the maximum`.
const MUCH: &[&str] = &[
    "too many",
    "maximum",
    "max",
    "limit",
    "exceeded",
    "no more than",
    "already logged in",
    "already connected",
    "reached",
];

/// Of what there is too much.
const OF_SESSIONS: &[&str] = &[
    "connection",
    "connections",
    "client",
    "clients",
    "user",
    "users",
    "session",
    "sessions",
    "host",
    "hosts",
    "login",
    "logins",
    "logged",
    "instances",
];

/// What makes it something other than too many sessions.
const NO_LIMIT: &[&str] = &[
    "failed",
    "failure",
    "failures",
    "attempt",
    "attempts",
    "incorrect",
    "invalid",
    "wrong",
    "errors",
    "commands",
    "idle",
    "timeout",
    "time",
];

impl Refusal {
    /// What a reply is about. Most refuse nothing, and their words are not looked at.
    pub(super) fn of(reply: &Reply) -> Self {
        if reply.is_negative() { Self::read(reply.code, reply.text.raw()) } else { Self::Other }
    }

    /// Whether a reply turns the client away for too many connections, users or sessions. The words of others, which are many,
    /// are not looked at.
    pub(super) fn is_limit(reply: &Reply) -> bool {
        matches!(reply.code, 421 | 530) && Self::of(reply) == Self::Limit
    }

    fn read(code: u16, text: &str) -> Self {
        let words = Words::of(text);
        if matches!(code, 421 | 530) && words.any(MUCH) && words.any(OF_SESSIONS) && !words.any(NO_LIMIT) {
            return Self::Limit;
        }
        if code >= 400
            && words.any(&["session reuse", "session resumption", "reuse required", "session not resumed"])
        {
            return Self::WantsReuse;
        }
        let about_tls = words.any(&["tls", "ssl", "ftps", "encryption", "encrypted", "cleartext", "prot p"])
            && !words.any(&["handshake", "negotiation"]);
        if code == 534 || about_tls {
            return Self::WantsTls;
        }
        if code == 425 {
            return Self::of_data_connection(&words);
        }
        Self::by_words(code, &words)
    }

    /// 425: the data connection could not be opened.
    fn of_data_connection(words: &Words) -> Self {
        if words.any(&[
            "port or pasv",
            "pasv or port",
            "use port",
            "use pasv",
            "epsv or",
            "pasv first",
            "port first",
        ]) {
            Self::NoNegotiation
        } else if words.any(&[
            "bind",
            "in use",
            "permission",
            "cannot assign",
            "can t assign",
            "no ports",
            "socket",
        ]) {
            Self::LocalBind
        } else {
            Self::Other
        }
    }

    fn by_words(code: u16, words: &Words) -> Self {
        const TABLE: &[(Refusal, &[&str])] = &[
            (Refusal::WritableRoot, &["writable root", "writeable root"]),
            (
                Refusal::HomeDirectory,
                &["home directory", "cannot change directory", "can t change directory", "login directory"],
            ),
            (
                Refusal::DiskFull,
                &["no space", "disk full", "quota", "insufficient storage", "exceeded storage"],
            ),
            (Refusal::AnonymousOnly, &["anonymous only", "only anonymous", "anonymous access only"]),
            (
                Refusal::Banned,
                &["banned", "blocked", "locked out", "account locked", "disabled", "blacklisted"],
            ),
            (Refusal::ShuttingDown, &["shutting down", "shutdown", "going down", "maintenance"]),
            (Refusal::Busy, &["busy", "in use", "locked", "try again"]),
            (
                Refusal::NotFound,
                &[
                    "no such file",
                    "no such",
                    "not found",
                    "does not exist",
                    "doesn t exist",
                    "failed to open",
                    "could not open",
                    "can t open",
                    "cannot open",
                    "not a regular file",
                    "not a plain file",
                    "no files",
                ],
            ),
            (
                Refusal::Permission,
                &["permission", "denied", "not allowed", "not permitted", "forbidden", "could not create"],
            ),
        ];
        match TABLE.iter().find(|(_, phrases)| words.any(phrases)) {
            Some(&(refusal, _)) => refusal,
            None if matches!(code, 452 | 552) => Self::DiskFull,
            None if code == 450 => Self::Busy,
            None if code == 530 => Self::BadCredentials,
            None => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_the_words_of_common_servers() {
        for (code, text, refusal) in [
            (421, "There are too many connected users, please try later.", Refusal::Limit),
            (421, "There are too many connections from your internet address.", Refusal::Limit),
            (421, "Too many connections (8) from this IP", Refusal::Limit),
            (421, "8 users (the maximum) are already logged in, sorry", Refusal::Limit),
            (
                530,
                "Sorry, the maximum number of clients (3) for this user are already connected.",
                Refusal::Limit,
            ),
            (
                530,
                "Sorry, the maximum number of hosts (10) for this user are already connected.",
                Refusal::Limit,
            ),
            (421, "Too many users are connected, please try again later.", Refusal::Limit),
            (421, "No more than 10 connections allowed", Refusal::Limit),
            (421, "Too many connections. Service temporarily unavailable.", Refusal::Limit),
            (421, "Timeout (300 seconds): closing control connection.", Refusal::Other),
            (421, "Too many failed login attempts", Refusal::Other),
            (530, "Maximum login attempts exceeded", Refusal::BadCredentials),
            (550, "too many users", Refusal::Other),
            (530, "Non-anonymous sessions must use encryption.", Refusal::WantsTls),
            (534, "Policy requires SSL.", Refusal::WantsTls),
            (521, "PROT P required", Refusal::WantsTls),
            (530, "SSL required on the control channel", Refusal::WantsTls),
            (522, "SSL connection failed: session reuse required", Refusal::WantsReuse),
            (425, "Use PORT or PASV first.", Refusal::NoNegotiation),
            (425, "dial tcp :20->198.51.100.23:36151: bind: address already in use", Refusal::LocalBind),
            (425, "Can't bind to local port", Refusal::LocalBind),
            (425, "Failed to establish connection.", Refusal::Other),
            (425, "Security: Bad IP connecting.", Refusal::Other),
            (425, "Unable to build data connection: Operation not permitted", Refusal::Other),
            (452, "Error writing file: No space left on device.", Refusal::DiskFull),
            (552, "Quota exceeded", Refusal::DiskFull),
            (452, "sorry", Refusal::DiskFull),
            (500, "OOPS: \ncannot change directory:/nonexistent", Refusal::HomeDirectory),
            (530, "User alice home directory not accessible", Refusal::HomeDirectory),
            (500, "OOPS: vsftpd: refusing to run with writable root inside chroot()", Refusal::WritableRoot),
            (530, "This FTP server is anonymous only.", Refusal::AnonymousOnly),
            (421, "Service not available, the server is shutting down", Refusal::ShuttingDown),
            (530, "Account disabled", Refusal::Banned),
            (550, "Failed to open file.", Refusal::NotFound),
            (550, "/: Not a regular file", Refusal::NotFound),
            (550, "No such file or directory", Refusal::NotFound),
            (550, "a.bin: Permission denied", Refusal::Permission),
            (553, "Could not create file.", Refusal::Permission),
            (450, "File is locked", Refusal::Busy),
            (450, "", Refusal::Busy),
            (530, "Login incorrect.", Refusal::BadCredentials),
            (530, "Login authentication failed", Refusal::BadCredentials),
            (530, "", Refusal::BadCredentials),
            (550, "Maxwell's limits", Refusal::Other),
        ] {
            assert_eq!(Refusal::read(code, text), refusal, "{code} {text}");
        }
    }
}
