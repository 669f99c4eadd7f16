//! Each rule raised, and nearly raised.

mod address;
mod control;
mod data;
mod limited;
mod negotiation;
mod property;
mod replies;
mod tls;
mod transfer;
mod way;

use std::collections::BTreeSet;

use super::{Diagnosis, Options};
use crate::base::LimitName;
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, session};
use crate::report::{ChannelIndex, Code, CommandIndex, Finding, Origin, Severity};

fn findings(told: &SessionBuilder) -> Vec<Finding> {
    super::session(&told.session, &Options::default(), told.now())
}

fn codes(told: &SessionBuilder) -> BTreeSet<Code> {
    findings(told).iter().map(|finding| finding.code).collect()
}

/// Checks that each story raises the code, and gives the summaries.
#[track_caller]
fn raises(code: Code, stories: &[SessionBuilder]) -> Vec<String> {
    let mut summaries = Vec::new();
    for (number, told) in stories.iter().enumerate() {
        let raised: Vec<_> = findings(told).into_iter().filter(|finding| finding.code == code).collect();
        assert!(!raised.is_empty(), "story {number} raises {:?}", codes(told));
        for finding in raised {
            assert!(!finding.frames.is_empty(), "{finding:?} names no frame");
            assert!(finding.frames.is_sorted_by(|one, other| one < other), "{finding:?}");
            summaries.push(finding.summary);
        }
    }
    summaries
}

/// The one finding of this code.
#[track_caller]
fn one(told: &SessionBuilder, code: Code) -> Finding {
    let mut found: Vec<_> = findings(told).into_iter().filter(|finding| finding.code == code).collect();
    assert_eq!(found.len(), 1, "{:?}", codes(told));
    found.remove(0)
}

#[track_caller]
fn spares(code: Code, stories: &[SessionBuilder]) {
    for (number, told) in stories.iter().enumerate() {
        assert!(!codes(told).contains(&code), "story {number} raises {:?}", findings(told));
    }
}

/// A login and a download that went well.
fn clean() -> SessionBuilder {
    session().login("alice").pasv("203.0.113.21:50000").connected(1000).retr("a.bin", &[150, 226])
}

#[test]
fn a_clean_session_raises_nothing_above_notice() {
    let stories = [
        clean().say("QUIT", &[(221, "bye")]).closed(Party::Server),
        session().login("anonymous").port("198.51.100.10:41000").connected(5).retr("a", &[150, 226]),
        session().login("bob").epsv(50_001).connected(0).stor("empty", &[150, 226]),
        session()
            .tls()
            .login("bob")
            .epsv(50_001)
            .connected(9)
            .connection(|it| it.tls = true)
            .retr("a", &[226]),
        session().login("bob").pasv("203.0.113.21:50000").retr("nothing-here", &[550]),
    ];
    for told in &stories {
        let worst = findings(told).iter().map(|finding| finding.severity).max();
        assert!(worst <= Some(Severity::Notice), "{:?}", findings(told));
    }
    assert_eq!(codes(&stories[1]), BTreeSet::new());
}

#[test]
fn a_flood_of_notices_hides_no_alert() {
    let mut told = session();
    for host in 100..130 {
        told = told.pasv(&format!("203.0.113.{host}:50000")).refused();
    }
    told = told.port("192.0.2.7:25");
    let options = Options { findings: 5, ..Options::default() };
    let mut diagnosis = Diagnosis::new(options);
    let now = told.now();
    diagnosis.session(&mut told.session, now);
    let found = &told.session.findings;
    assert_eq!(found.len(), 5);
    assert!(found.iter().any(|it| it.code == Code::BounceAttempt), "{found:?}");
    assert!(found.is_sorted_by_key(|it| it.time));
    assert!(diagnosis.limits().iter().any(|(name, count)| name == LimitName::Findings && count > 0));
}

#[test]
fn an_empty_session_is_no_trouble() {
    let mut told = session().but(|it| it.greeting.clear());
    told.session.data_channels.clear();
    assert_eq!(findings(&told), []);
    // Indices that lead nowhere.
    let lost = clean().but(|it| {
        it.transfers[0].command = CommandIndex(99);
        it.transfers[0].data_channel = Some(ChannelIndex(99));
        let Origin::Negotiated(negotiated) = &mut it.data_channels[0].origin else { panic!() };
        negotiated.command = Some(CommandIndex(77));
    });
    assert!(findings(&lost).iter().all(|it| it.severity <= Severity::Notice));
}
