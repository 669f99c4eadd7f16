//! What went wrong, in plain words: findings over the session report.
//!
//! In comes a [`Session`] with everything but its findings, one at a time as each becomes final; out come its
//! findings, and at the end those that belong to no single session. A finding names the cause that the
//! packets support, and both causes where two remain possible. What a code means, how it is decided and what
//! to do is said by [`explain()`].
//!
//! One file holds one family of rules. A rule is a pure function over a `Case`; `RULES` lists all of them.
//!
//! **Invariant:** reads the report's types alone, no packet; needs time linear in a session's lists (but for
//! sorting); keeps no more than [`Options::findings`] findings of one session, the gravest first.

mod address;
mod announced;
mod case;
mod conntrack;
mod contacts;
mod control;
mod data;
mod draft;
mod elsewhere;
mod ending;
mod explain;
mod failed;
mod foreign;
mod fxp;
mod interference;
mod limited;
mod login;
mod lost;
mod middlebox;
mod negotiation;
mod oneway;
mod outage;
mod path;
mod ports;
mod refusal;
mod relate;
mod reuse;
mod slow;
mod software;
mod tls;
mod transfer;
mod verified;
mod waits;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::base::{LimitCounts, LimitName, Limits, TimeDelta, Timestamp};
use crate::report::{Announcement, Capture, DataChannel, Finding, Report, Session, Thresholds};

use announced::Announced;
use case::{Case, Progress};
use contacts::Contacts;
use draft::Sink;

pub use explain::{Explanation, explain, list_thresholds};

/// What the rules may assume of the world.
#[derive(Clone, Debug)]
pub struct Options {
    /// Control ports that Linux's nf_conntrack_ftp watches; 21 alone unless its `ports=` says otherwise.
    pub conntrack_ports: Vec<u16>,
    /// How long TIME_WAIT lasts: 2·MSL.
    pub time_wait: TimeDelta,
    /// The thresholds of the findings.
    pub thresholds: Thresholds,
    /// Findings kept of one session, and of the report ([`Limits::findings`]).
    pub findings: usize,
    /// Announcements and uses of ports remembered for what spans sessions ([`Limits::history`]).
    pub history: usize,
    /// Hosts and pairs of hosts remembered for what spans sessions ([`Limits::hosts`]).
    pub hosts: usize,
}

impl Options {
    /// The usual assumptions, within these limits.
    pub fn within(limits: &Limits) -> Self {
        Self {
            conntrack_ports: vec![21],
            time_wait: TimeDelta::from_secs(60),
            thresholds: Thresholds::default(),
            findings: limits.findings,
            history: limits.history,
            hosts: limits.hosts,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::within(&Limits::default())
    }
}

/// The rules of one session.
const RULES: &[fn(&Case<'_>, &mut Sink)] = &[
    address::rules,
    fxp::rules,
    elsewhere::rules,
    negotiation::rules,
    middlebox::rules,
    ports::rules,
    data::rules,
    reuse::rules,
    path::rules,
    slow::rules,
    transfer::rules,
    verified::rules,
    failed::rules,
    ending::rules,
    waits::rules,
    login::rules,
    tls::rules,
    foreign::rules,
    interference::rules,
    lost::rules,
    oneway::rules,
    control::rules,
];

/// The findings of one capture in the making: takes the sessions one by one, and keeps what spans several of
/// them.
#[derive(Debug, Default)]
pub struct Diagnosis {
    options: Options,
    announced: Announced,
    contacts: Contacts,
    logins: login::Ledger,
    ports: ports::Ledger,
    one_way: oneway::Ledger,
    progress: Progress,
    limits: LimitCounts,
}

impl Diagnosis {
    /// A diagnosis that has seen no session yet.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Notes that a server announced an endpoint to a client. With two sessions of one client, a PORT in one
    /// that names what the other server announced is meant for a transfer between the servers: report each
    /// announcement as it happens, as either session may end first.
    pub fn announce(&mut self, announcement: Announcement) {
        let forgotten = self.announced.add(announcement, self.options.history);
        self.limits.add(LimitName::History, forgotten);
    }

    /// Fills in the findings of a session that is final. `until` is the time of the latest packet of the
    /// capture so far: how long nothing followed is known only by it.
    pub fn session(&mut self, session: &mut Session, until: Timestamp) {
        let Self { options, announced, contacts, logins, ports, one_way, progress, .. } = self;
        let case = Case::open(session, options, announced, *progress, until);
        let (findings, dropped) = examine(&case).into_findings();
        let forgotten = logins.add(&case) + ports.add(&case) + contacts.add(&case);
        one_way.add(&case);
        *progress = case.progress;
        self.limits.add(LimitName::Hosts, forgotten);
        if dropped > 0 {
            self.limits.add(LimitName::Findings, dropped);
            session.limited.insert(LimitName::Findings);
        }
        session.findings = findings;
    }

    /// The findings of a session under way, as it stands.
    pub fn session_so_far(&self, session: &Session, until: Timestamp) -> Vec<Finding> {
        let case = Case::open(session, &self.options, &self.announced, self.progress, until);
        examine(&case).into_findings().0
    }

    /// The findings that belong to no single session as things stand, with these sessions under way: those
    /// about these clients and their servers. That nothing of a kind was seen is said in the end only.
    pub fn so_far(
        &self,
        between: &BTreeSet<(IpAddr, IpAddr)>,
        sessions: &[Session],
        capture: &Capture,
        until: Timestamp,
    ) -> Vec<Finding> {
        let mut part = Self {
            options: self.options.clone(),
            contacts: self.contacts.of(between),
            logins: self.logins.of(between),
            ports: self.ports.of(between),
            one_way: self.one_way.clone(),
            ..Self::default()
        };
        for session in sessions {
            let case = Case::open(session, &self.options, &self.announced, self.progress, until);
            part.logins.add(&case);
            part.ports.add(&case);
            part.contacts.add(&case);
            part.one_way.add(&case);
        }
        part.finish(capture)
    }

    /// The findings that belong to no single session, once all sessions were given.
    pub fn finish(&mut self, capture: &Capture) -> Vec<Finding> {
        let mut sink = Sink::new(self.options.findings);
        control::attempts(capture, &self.contacts, &self.options, &mut sink);
        data::capture_filtered(&self.progress, &mut sink);
        self.logins.close(&mut sink);
        self.ports.close(&self.options, &mut sink);
        self.one_way.close(&mut sink);
        let (findings, dropped) = sink.into_findings();
        self.limits.add(LimitName::Findings, dropped);
        findings
    }

    /// The caps that were reached so far.
    pub const fn limits(&self) -> &LimitCounts {
        &self.limits
    }
}

/// The findings of one session as it stands, beside any [`Diagnosis`]: for a session that is not final yet.
pub fn session(session: &Session, options: &Options, until: Timestamp) -> Vec<Finding> {
    let announced = Announced::default();
    let case = Case::open(session, options, &announced, Progress::default(), until);
    examine(&case).into_findings().0
}

fn examine(case: &Case<'_>) -> Sink {
    let mut sink = Sink::new(case.options.findings);
    for rule in RULES {
        rule(case, &mut sink);
    }
    sink.soften(|channel| case.session.data_channel(channel).is_some_and(DataChannel::is_ambiguous));
    if !case.session.limited.is_empty() {
        sink.retain(|finding| !limited::rests_on_absence(finding, case.session));
    }
    sink
}

/// Fills in all findings of a whole report.
pub fn report(report: &mut Report, options: &Options) {
    let mut diagnosis = Diagnosis::new(options.clone());
    let last_of_sessions = report.sessions.iter().map(|session| session.end).max();
    let until = report.capture.last.max(last_of_sessions).unwrap_or_default();
    for announcement in report.sessions.iter().flat_map(Session::announcements) {
        diagnosis.announce(announcement);
    }
    for session in &mut report.sessions {
        diagnosis.session(session, until);
    }
    report.findings = diagnosis.finish(&report.capture);
    report.capture.limits.merge(diagnosis.limits());
}
