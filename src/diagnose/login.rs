//! Who logs in, and how: passwords in the clear, rejected logins, guessing.

use std::collections::HashMap;
use std::net::IpAddr;

use super::case::{Case, argument};
use super::draft::{Draft, Sink, duration, excerpt, plural};
use crate::base::{Endpoint, Timestamp, cost};
use crate::ftp::Verb;
use crate::report::{Code, Command, CommandIndex, Login, Protection, Reply};

/// So many rejected logins are guessing.
const GUESSES: u64 = 5;

/// Users whose password is no secret.
const GUESTS: [&str; 4] = ["anonymous", "ftp", "ftpuser", "guest"];

/// The rules of this family.
pub(super) fn rules(case: &Case<'_>, sink: &mut Sink) {
    cleartext(case, sink);
    rejected(case, sink);
}

fn user_of(command: &Command) -> Option<&str> {
    Some(argument(command).trim()).filter(|user| !user.is_empty())
}

fn cleartext(case: &Case<'_>, sink: &mut Sink) {
    let mut user = None;
    let mut first = None;
    let mut count = 0_u64;
    for (index, command) in case.commands() {
        match command.verb {
            Verb::User => user = user_of(command),
            Verb::Pass if command.line.protection == Protection::Clear => {
                let guest =
                    user.is_some_and(|user| GUESTS.iter().any(|guest| guest.eq_ignore_ascii_case(user)));
                if !guest {
                    first = first.or(Some((index, command, user)));
                    count += 1;
                }
            }
            _ => {}
        }
    }
    let Some((index, command, user)) = first else { return };
    let whose = user.map(|user| format!(" of the user “{}”", excerpt(user))).unwrap_or_default();
    let more =
        if count > 1 { format!(", the first of {}", plural(count, "password")) } else { String::new() };
    let summary = format!(
        "The client {} sent the password{whose} to the server {} in the clear{more}",
        case.session.client, case.session.server,
    );
    sink.push(
        Draft::new(Code::CleartextCredentials, command.time, summary)
            .frames([command.frame])
            .command(Some(index)),
    );
}

/// A rejected login attempt.
struct Rejection<'a> {
    index: CommandIndex,
    command: &'a Command,
    reply: &'a Reply,
    user: Option<&'a str>,
}

fn rejections<'a>(case: &Case<'a>) -> impl Iterator<Item = Rejection<'a>> {
    let mut rejected_user = false;
    let mut user = None;
    case.commands().filter_map(move |(index, command)| {
        if !matches!(command.verb, Verb::User | Verb::Pass | Verb::Acct) {
            return None;
        }
        let reply = command.completion().filter(|reply| reply.is_negative());
        // A client that sends PASS although USER was rejected makes no second attempt.
        let echo =
            command.verb != Verb::User && rejected_user && reply.is_some_and(|reply| reply.code == 503);
        if command.verb == Verb::User {
            user = user_of(command);
            rejected_user = reply.is_some();
        }
        reply.filter(|_| !echo).map(|reply| Rejection { index, command, reply, user })
    })
}

fn rejected(case: &Case<'_>, sink: &mut Sink) {
    let mut count = 0_u64;
    let mut last = None;
    let mut frames = Vec::new();
    for Rejection { index, command, reply, user } in rejections(case) {
        count += 1;
        last = Some((index, reply, user));
        if frames.len() < 16 {
            frames.extend([command.frame, reply.frame]);
        }
    }
    let Some((index, reply, user)) = last else { return };
    let user = user.map(|user| format!(" as “{}”", excerpt(user))).unwrap_or_default();
    let tls = if wants_tls(reply) { ", which asks for TLS" } else { "" };
    let later = if case.session.login == Login::Accepted { ", and then accepted one" } else { "" };
    let summary = format!(
        "The server {} rejected {} of the client {}{user} ({}{tls}){later}",
        case.session.server,
        plural(count, "login"),
        case.session.client,
        reply.code,
    );
    let draft = Draft::new(Code::LoginRejected, reply.time, summary).frames(frames).command(Some(index));
    sink.push(if wants_tls(reply) {
        draft.advice("The reply says that the server wants TLS: set the client to explicit FTPS (AUTH TLS).")
    } else {
        draft
    });
}

/// Whether a rejection is about protection, not about the user.
fn wants_tls(reply: &Reply) -> bool {
    let text = reply.text.raw().to_ascii_lowercase();
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    reply.code == 534
        || words
            .into_iter()
            .any(|word| matches!(word, "tls" | "ssl" | "ftps" | "cleartext" | "encryption" | "encrypted"))
}

/// Rejected logins by client and server address, over all sessions.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pairs: HashMap<(IpAddr, IpAddr), Guesses>,
}

#[derive(Debug)]
struct Guesses {
    count: u64,
    sessions: u64,
    first: Timestamp,
    last: Timestamp,
    frames: Vec<u64>,
    users: Vec<String>,
    port: u16,
    accepted: bool,
}

// A pair with its frames (a list of 8) and three user names of 80 characters, beside a listener of `ports`.
const _: () = assert!(
    cost::in_hash_table(size_of::<((IpAddr, IpAddr), Guesses)>())
        + size_of::<[u64; 8]>()
        + 3 * (size_of::<String>() + 81 * 4)
        + 6 * cost::ALLOCATION
        + super::ports::LISTENER_COST
        <= cost::HOST
);

impl Ledger {
    /// Adds a session's rejected logins; gives how many pairs could not be remembered.
    pub(super) fn add(&mut self, case: &Case<'_>) -> u64 {
        let session = case.session;
        let mut counted = false;
        for Rejection { reply, user, .. } in rejections(case) {
            // The server ends its service, because of a timeout or a full server: it did not check a password.
            if reply.code == 421 {
                continue;
            }
            let key = (session.client.ip, session.server.ip);
            if self.pairs.len() >= case.options.hosts && !self.pairs.contains_key(&key) {
                return 1;
            }
            let guesses = self.pairs.entry(key).or_insert_with(|| Guesses {
                count: 0,
                sessions: 0,
                first: reply.time,
                last: reply.time,
                frames: Vec::new(),
                users: Vec::new(),
                port: session.server.port,
                accepted: false,
            });
            guesses.add(reply, user, !counted);
            counted = true;
        }
        if counted
            && session.login == Login::Accepted
            && let Some(guesses) = self.pairs.get_mut(&(session.client.ip, session.server.ip))
        {
            guesses.accepted = true;
        }
        0
    }

    /// The pairs with enough rejected logins.
    pub(super) fn close(&mut self, sink: &mut Sink) {
        let mut pairs: Vec<_> = self.pairs.drain().filter(|(_, guesses)| guesses.count >= GUESSES).collect();
        pairs.sort_unstable_by_key(|&(key, _)| key);
        for ((client, server), guesses) in pairs {
            let users = match guesses.users.as_slice() {
                [] => String::new(),
                [one] => format!(" for the user “{one}”"),
                many => format!(" for users such as “{}”", many.join("”, “")),
            };
            let sessions = if guesses.sessions > 1 {
                format!(" over {} sessions", guesses.sessions)
            } else {
                String::new()
            };
            let accepted = if guesses.accepted { "; a login was accepted in the end" } else { "" };
            let summary = format!(
                "{client} had {} logins rejected by {} within {}{sessions}{users}{accepted}",
                guesses.count,
                Endpoint::new(server, guesses.port),
                duration(guesses.last.seconds_since(guesses.first)),
            );
            sink.push(Draft::new(Code::BruteForce, guesses.last, summary).frames(guesses.frames));
        }
    }
}

impl Guesses {
    fn add(&mut self, reply: &Reply, user: Option<&str>, new_session: bool) {
        self.count = self.count.saturating_add(1);
        self.sessions = self.sessions.saturating_add(u64::from(new_session));
        self.first = self.first.min(reply.time);
        self.last = self.last.max(reply.time);
        if self.frames.len() < 8 {
            self.frames.push(reply.frame);
        }
        if let Some(user) = user.map(excerpt)
            && self.users.len() < 3
            && !self.users.iter().any(|known| *known == user)
        {
            self.users.push(user.into_owned());
        }
    }
}
