//! Who logs in, and how: passwords in the clear, rejected logins, guessing.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::case::{Case, argument};
use super::draft::{Draft, Groups, Sink, beginning, duration, excerpt, plural};
use super::refusal::Refusal;
use super::words::quote;
use crate::base::{Address, Endpoint, FrameNumber, Timestamp, cost};
use crate::ftp::Verb;
use crate::report::{
    Argument, Certainty, ChannelIndex, Code, Command, CommandIndex, ControlGap, Login, Party, Protection,
    Reply,
};

/// Characters remembered of a user's name.
const USER: usize = 40;

/// Users whose password is no secret.
const GUESTS: [&str; 2] = ["anonymous", "ftp"];

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
                let is_unknown = user.is_none() && case.may_have_missed(&Verb::User, index);
                if !guest && !is_unknown {
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

/// The rejections that judge a login: none for a limit of connections or the end of the session, none after
/// the login was accepted.
fn rejections<'a>(case: &Case<'a>) -> impl Iterator<Item = Rejection<'a>> {
    let mut rejected_user = false;
    let mut accepted = false;
    let mut user = None;
    let gaps = &case.session.gaps;
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
            accepted = false;
        }
        accepted |= command.completion().is_some_and(|reply| matches!(reply.code, 230 | 232));
        let surplus = command.verb == Verb::Acct && accepted;
        let reply = reply.filter(|_| !echo && !surplus)?;
        let between = |gap: &&ControlGap| {
            gap.from == Party::Server && gap.time >= command.time && gap.time <= reply.time
        };
        let other =
            reply.code == 421 || Refusal::of(reply) == Refusal::Limit || gaps.iter().any(|gap| between(&gap));
        (!other).then_some(Rejection { index, command, reply, user })
    })
}

fn rejected(case: &Case<'_>, sink: &mut Sink) {
    let mut groups: Groups<(Option<&str>, u16, &str)> = Groups::new(case.options.findings);
    for Rejection { index, command, reply, user } in rejections(case) {
        let key = (user, reply.code, reply.text.raw());
        if let Some(group) = groups.add(key, ChannelIndex::default(), reply.time) {
            group.prove([command.frame, reply.frame]);
            group.command.get_or_insert(index);
        }
    }
    for ((user, ..), group) in groups.into_iter() {
        let Some(command) = group.command.and_then(|index| case.session.command(index)) else { continue };
        let Some(reply) = command.completion() else { continue };
        let refusal = Refusal::of(reply);
        let (client, server) = (case.session.client, case.session.server);
        let whose = user.map(|user| format!(" as “{}”", excerpt(user))).unwrap_or_default();
        let later = if case.session.login == Login::Accepted { "; a later one was accepted" } else { "" };
        let summary = match (refusal, &command.verb) {
            (Refusal::WantsTls, Verb::User) => format!(
                "The server {server} refused USER{} of the client {client} with {}: it requires TLS{later}",
                user.map(|user| format!(" {}", excerpt(user))).unwrap_or_default(),
                quote(reply),
            ),
            (Refusal::WantsTls, _) => format!(
                "The server {server} refused the login of the client {client}{whose} with {}: it requires TLS{later}",
                quote(reply),
            ),
            (_, Verb::Pass) if reply.code >= 500 && reply.code != 530 => format!(
                "The server {server} ended the login of the client {client}{whose} with {}{later}",
                quote(reply),
            ),
            _ => format!(
                "The server {server} rejected {} of the client {client}{whose} with {}{later}",
                if group.count > 1 { plural(group.count, "login") } else { "the login".to_owned() },
                quote(reply),
            ),
        };
        let mut draft = Draft::of_group(Code::LoginRejected, &group, summary)
            .advice(advice(refusal))
            .channel(None)
            .command(group.command);
        draft.channels.clear();
        sink.push(draft);
    }
}

const fn advice(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::BadCredentials => "Check user and password.",
        Refusal::WantsTls => "Set the client to explicit FTPS (AUTH TLS).",
        Refusal::HomeDirectory => {
            "The server could not enter the user's home directory: see that it exists and is readable."
        }
        Refusal::WritableRoot => {
            "Make the root directory read-only for the user, or set allow_writeable_chroot=YES (vsftpd)."
        }
        Refusal::AnonymousOnly => "Allow local users on the server (vsftpd local_enable=YES).",
        Refusal::Banned => {
            "The account or the client's address is shut out: see the server's ban list and access rules."
        }
        Refusal::Permission => {
            "The server's access rules forbid this user or address: see its configuration."
        }
        Refusal::Limit
        | Refusal::WantsReuse
        | Refusal::NoNegotiation
        | Refusal::LocalBind
        | Refusal::DiskFull
        | Refusal::ShuttingDown
        | Refusal::NotFound
        | Refusal::Busy
        | Refusal::Other => "This is not about the password: see the server's log.",
    }
}

/// Whether a rejection may come of a wrong guess.
fn is_guess(reply: &Reply) -> bool {
    matches!(
        Refusal::of(reply),
        Refusal::BadCredentials | Refusal::Other | Refusal::Permission | Refusal::Banned
    )
}

/// Rejected logins by client and server address, over all sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pairs: HashMap<(IpAddr, IpAddr), Box<Guesses>>,
}

#[derive(Clone, Debug)]
struct Guesses {
    count: u64,
    sessions: u64,
    first: Timestamp,
    last: Timestamp,
    frames: Vec<FrameNumber>,
    users: Vec<String>,
    port: u16,
    /// When it became guessing.
    alarming: Option<Timestamp>,
    accepted: Option<Accepted>,
    /// What the passwords have in common, while all are equal.
    password: Option<u64>,
    /// Whether they differ, or could not be compared.
    varied: bool,
    code: u16,
}

/// A login that was accepted after the guessing.
#[derive(Clone, Debug)]
struct Accepted {
    user: String,
    client: Endpoint,
    frame: FrameNumber,
}

// A pair with its frames (a list of 8) and the names of three users, beside a listener of `ports`.
const _: () = assert!(
    cost::in_hash_table(size_of::<((IpAddr, IpAddr), Box<Guesses>)>())
        + size_of::<Guesses>()
        + size_of::<[FrameNumber; 8]>()
        + 2 * size_of::<String>()
        + 3 * (USER + 1) * 4
        + 7 * cost::ALLOCATION
        + super::ports::LISTENER_COST
        + super::contacts::CONTACT_COST
        <= cost::HOST
);

impl Ledger {
    /// Adds a session's rejected logins; gives how many pairs could not be remembered.
    pub(super) fn add(&mut self, case: &Case<'_>) -> u64 {
        let session = case.session;
        let mut counted = false;
        for Rejection { command, reply, user, .. } in rejections(case) {
            if !is_guess(reply) {
                continue;
            }
            let key = (session.client.ip, session.server.ip);
            if self.pairs.len() >= case.options.hosts && !self.pairs.contains_key(&key) {
                return 1;
            }
            let guesses = self.pairs.entry(key).or_insert_with(|| {
                Box::new(Guesses {
                    count: 0,
                    sessions: 0,
                    first: reply.time,
                    last: reply.time,
                    frames: Vec::new(),
                    users: Vec::new(),
                    port: session.server.port,
                    alarming: None,
                    accepted: None,
                    password: None,
                    varied: false,
                    code: reply.code,
                })
            });
            guesses.add(reply, user, !counted, case.options.thresholds.guesses);
            guesses.compare(command);
            counted = true;
        }
        if let Some(guesses) = self.pairs.get_mut(&(session.client.ip, session.server.ip)) {
            guesses.accept(case);
        }
        0
    }

    /// What is known between these clients and servers.
    pub(super) fn of(&self, between: &BTreeSet<(IpAddr, IpAddr)>) -> Self {
        let known = |ends: &(IpAddr, IpAddr)| Some((*ends, self.pairs.get(ends)?.clone()));
        Self { pairs: between.iter().filter_map(known).collect() }
    }

    /// The pairs with enough rejected logins.
    pub(super) fn close(&mut self, sink: &mut Sink) {
        let mut pairs: Vec<_> =
            self.pairs.drain().filter(|(_, guesses)| guesses.alarming.is_some()).collect();
        pairs.sort_unstable_by_key(|&(key, _)| key);
        for ((client, server), guesses) in pairs {
            if let ([user], false) = (guesses.users.as_slice(), guesses.varied) {
                sink.push(stored_password(client, server, user, &guesses));
                continue;
            }
            let users = match guesses.users.as_slice() {
                [] => String::new(),
                [one] => format!(", user “{one}”"),
                many => format!(", users such as “{}”", many.join("”, “")),
            };
            let accepted = guesses.accepted.as_ref().map(|it| {
                format!(", then accepted one as “{}” ({}, frame {})", it.user, it.client, it.frame)
            });
            let summary = format!(
                "{} rejected {} logins from {} within {} ({}{users}){}",
                Endpoint::new(server, guesses.port),
                guesses.count,
                Address(client),
                duration(guesses.last.elapsed_since(guesses.first)),
                plural(guesses.sessions, "session"),
                accepted.unwrap_or_default(),
            );
            let draft = Draft::new(Code::BruteForce, guesses.last, summary)
                .count(guesses.count)
                .frames(guesses.frames)
                .frames(guesses.accepted.as_ref().map(|it| it.frame));
            sink.push(match guesses.accepted {
                Some(it) => draft.advice(format!(
                    "Possible password guessing that succeeded: change the password of “{}” and look at what this session \
                     did.",
                    it.user
                )),
                None => draft.advice("Possible password guessing: block the address and limit login attempts."),
            });
        }
    }
}

/// Nobody guesses with the same password.
fn stored_password(client: IpAddr, server: IpAddr, user: &str, guesses: &Guesses) -> Draft {
    let summary = format!(
        "The server {} rejected {} of the client {} as “{user}” within {}, all with the same password ({}): probably a stored \
         password that is out of date",
        Endpoint::new(server, guesses.port),
        plural(guesses.count, "login"),
        Address(client),
        duration(guesses.last.elapsed_since(guesses.first)),
        guesses.code,
    );
    Draft::new(Code::LoginRejected, guesses.last, summary)
        .certainty(Certainty::Likely)
        .count(guesses.count)
        .frames(guesses.frames.iter().copied())
        .advice("Update the password in the job or client that logs in from this address.")
}

impl Guesses {
    /// Takes note of the password of a rejected login.
    fn compare(&mut self, command: &Command) {
        let fingerprint = match &command.argument {
            Some(Argument::Secret(secret)) => secret.fingerprint(),
            Some(Argument::Text(_)) | None => None,
        };
        self.varied |= fingerprint.is_none() || self.password.is_some_and(|known| Some(known) != fingerprint);
        self.password = self.password.or(fingerprint);
    }

    fn add(&mut self, reply: &Reply, user: Option<&str>, new_session: bool, enough: f64) {
        self.count = self.count.saturating_add(1);
        if self.count as f64 >= enough {
            self.alarming.get_or_insert(reply.time);
        }
        self.sessions = self.sessions.saturating_add(u64::from(new_session));
        self.first = self.first.min(reply.time);
        self.last = self.last.max(reply.time);
        if self.frames.len() < 8 {
            self.frames.push(reply.frame);
        }
        if let Some(user) = user.map(|user| beginning(user, USER))
            && self.users.len() < 2
            && !self.users.iter().any(|known| *known == user)
        {
            self.users.push(user.into_owned());
        }
    }

    /// Takes note of the first login that was accepted once it had become guessing.
    fn accept(&mut self, case: &Case<'_>) {
        let Some(since) = self.alarming.filter(|_| self.accepted.is_none()) else { return };
        let mut user = None;
        for (_, command) in case.commands() {
            if command.verb == Verb::User {
                user = user_of(command);
            }
            let accepted =
                command.completion().filter(|reply| matches!(reply.code, 230 | 232) && reply.time >= since);
            if let Some(reply) =
                accepted.filter(|_| matches!(command.verb, Verb::User | Verb::Pass | Verb::Acct))
            {
                let user = user.map(|user| beginning(user, USER)).unwrap_or_default().into_owned();
                self.accepted = Some(Accepted { user, client: case.session.client, frame: reply.frame });
                return;
            }
        }
    }
}
