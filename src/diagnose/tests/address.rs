//! Whose addresses.

use super::{findings, raises, spares};
use crate::diagnose::Options;
use crate::report::testing::{SessionBuilder, between, endpoint, session};
use crate::report::{Code, EndState, FindingIndex, MatchedBy, Mode, Negotiation, Report, Severity, Uid};

#[test]
fn address_mismatch_is_a_foreign_address_that_nobody_used_or_could_use() {
    let server = endpoint("203.0.113.21:50000");
    let client = endpoint("198.51.100.10:45000");
    let told = raises(
        Code::AddressMismatch,
        &[
            session().pasv("10.0.0.5:50000").connected_between(client, server, 10),
            session().pasv("203.0.113.99:50000").connected_between(client, server, 10),
            session().pasv("10.0.0.5:50000").unanswered(3),
            session().port_rejected("192.168.1.10:45000", 500),
            // Whatever the ranges of both: a container's address, a loopback address, an address out of date.
            between("10.0.0.9:40000", "10.0.0.5:21").pasv("203.0.113.5:50000").retr("a", &[150, 226]),
            between("10.0.0.9:40000", "10.0.0.5:21").pasv("10.0.0.6:50000"),
            session().pasv("203.0.113.99:50000").unanswered(4),
            between("10.0.0.9:40000", "10.0.0.5:21").pasv("127.0.0.1:50000"),
            between("192.168.1.50:40000", "192.168.1.10:21").port_rejected("10.0.2.15:29419", 500),
            between("172.20.0.1:40000", "172.20.0.2:21").port_rejected("127.0.0.1:53605", 500),
        ],
    );
    assert_eq!(
        told[0],
        "The server 203.0.113.21:21 announced 10.0.0.5:50000 in its 227 reply, which is not the address the client talks \
         to (203.0.113.21); the data connection was made with 203.0.113.21 instead"
    );
    assert_eq!(
        told[3],
        "The client 198.51.100.10:40000 announced 192.168.1.10:45000 in PORT, but its packets come from 198.51.100.10; the \
         server refused with 500 “no”"
    );
    assert!(told[6].ends_with("; 4 SYNs of the client 198.51.100.10 to it went unanswered"), "{}", told[6]);
    assert!(told[7].contains("the loopback address 127.0.0.1:50000"), "{}", told[7]);
    spares(
        Code::AddressMismatch,
        &[
            session().pasv("203.0.113.21:50000").connected(10),
            // Another machine was announced, and is there.
            session().pasv("203.0.113.99:50000").connected(10),
            session().pasv("0.0.0.0:50000"),
            session().port("10.0.0.5:45000").connected(10),
            session().say("EPRT |2|::ffff:198.51.100.10|45000|", &[(200, "ok")]).channel(
                Mode::Eprt,
                Some("[::ffff:198.51.100.10]:45000"),
                Negotiation::Accepted,
            ),
        ],
    );
}

#[test]
fn a_server_that_announces_its_outer_address_rightly_is_no_mismatch() {
    let (client, server) = (endpoint("198.51.100.10:45000"), endpoint("192.168.88.21:30301"));
    let behind_nat = || between("198.51.100.10:40000", "192.168.88.21:21").pasv("203.0.113.1:30301");
    let told = raises(Code::AddressTranslated, &[behind_nat().connected_between(client, server, 10)]);
    assert_eq!(
        told[0],
        "The server 192.168.88.21:21 is behind NAT and announced its outer address 203.0.113.1 (port 30301); the \
         connection arrived there as intended"
    );
    let right = behind_nat().connected_between(client, server, 10);
    spares(Code::AddressMismatch, std::slice::from_ref(&right));
    spares(Code::MiddleboxBlind, &[right]);
    // Another port than the announced one, or none at all: that is not how it was meant.
    let other_port = endpoint("192.168.88.21:30302");
    let wrong = [behind_nat().connected_between(client, other_port, 10), behind_nat()];
    raises(Code::AddressMismatch, &wrong);
    spares(Code::AddressTranslated, &wrong);
}

#[test]
fn what_follows_from_a_wrong_address_is_explained_by_it() {
    let told = session().pasv("10.0.0.5:50000").unanswered(5).pasv("203.0.113.21:50001");
    let found = findings(&told);
    let position = |code| found.iter().position(|finding| finding.code == code).unwrap();
    let cause = position(Code::AddressMismatch);
    for effect in [Code::DataUnanswered, Code::MiddleboxBlind, Code::NegotiationRetried] {
        let finding = &found[position(effect)];
        assert_eq!(finding.explained_by.map(FindingIndex::position), Some(cause), "{effect}");
        assert!(finding.weight() <= Severity::Notice);
    }
    assert_eq!(found[cause].explained_by, None);
    assert_eq!(found[cause].weight(), Severity::Warning);
}

#[test]
fn the_same_foreign_address_again_and_again_is_one_finding() {
    let mut told = session();
    for port in 50_000..50_020 {
        told = told.port_rejected(&format!("192.168.1.10:{port}"), 500);
    }
    let found: Vec<_> = findings(&told).into_iter().filter(|it| it.code == Code::AddressMismatch).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].count, 20);
    assert!(found[0].summary.contains("192.168.1.10 (ports 50000"), "{}", found[0].summary);
}

#[test]
fn private_address_is_advertised_to_a_public_peer_only() {
    raises(
        Code::PrivateAddressAdvertised,
        &[
            between("192.168.1.10:40000", "203.0.113.21:21").port("192.168.1.10:45000").connected(10),
            between("198.51.100.10:40000", "10.0.0.5:21").pasv("10.0.0.5:50000").connected(10),
            between("192.168.1.10:40000", "203.0.113.21:21").port_rejected("192.168.1.10:45000", 500),
        ],
    );
    // Where the address is the mismatch, that it is private is nothing more.
    spares(Code::PrivateAddressAdvertised, &[session().pasv("10.0.0.5:50000").unanswered(3)]);
    spares(
        Code::PrivateAddressAdvertised,
        &[
            between("192.168.1.10:40000", "10.0.0.5:21").port("192.168.1.10:45000"),
            between("192.168.1.10:40000", "203.0.113.21:21").pasv("203.0.113.21:50000"),
            between("192.168.1.10:40000", "203.0.113.21:21").epsv(50_000),
        ],
    );
}

#[test]
fn bounce_names_a_third_host_that_neither_nat_nor_fxp_explains() {
    let told = raises(
        Code::BounceAttempt,
        &[
            session().port("192.0.2.7:25").connected(10),
            session().port("192.0.2.7:8080"),
            session().port_rejected("192.0.2.7:8080", 500),
            session().port("203.0.113.21:22"),
            between("192.168.1.10:40000", "192.168.1.21:21").port("192.168.1.99:25"),
            // Three inner addresses are a search.
            between("192.168.1.10:40000", "203.0.113.21:21")
                .port_rejected("10.0.0.1:8080", 500)
                .port_rejected("10.0.0.2:8080", 500)
                .port_rejected("10.0.0.3:8080", 500),
        ],
    );
    assert_eq!(
        told[0],
        "PORT of the client 198.51.100.10:40000 told the server 203.0.113.21:21 to connect to the third host \
         192.0.2.7 (port 25); the server connected there"
    );
    let severity = |told: &SessionBuilder| {
        findings(told).iter().find(|it| it.code == Code::BounceAttempt).unwrap().severity
    };
    assert_eq!(severity(&session().port_rejected("192.0.2.7:8080", 500)), Severity::Warning);
    assert_eq!(severity(&session().port("192.0.2.7:8080")), Severity::Warning);
    assert_eq!(severity(&session().port("192.0.2.7:8080").refused()), Severity::Alert);
    assert_eq!(severity(&session().port("192.0.2.7:8080").retr("a", &[150])), Severity::Alert);
    assert_eq!(severity(&session().port_rejected("192.0.2.7:80", 500)), Severity::Alert);
    let partner =
        |told: SessionBuilder| told.but(|it| it.data_channels[0].peer_session = Some(Uid("Fother".into())));
    spares(
        Code::BounceAttempt,
        &[
            session().port("198.51.100.10:45000"),
            session().port_rejected("192.168.1.10:45000", 500),
            partner(session().port("192.0.2.7:8080").connected(10)),
            session().pasv("192.0.2.7:50000"),
            between("[2001:db8::1]:40000", "[2001:db8::2]:21").port("192.0.2.7:45000"),
        ],
    );
}

#[test]
fn fxp_joins_two_sessions_over_one_data_connection() {
    let fxp = session().pasv("203.0.113.21:50000").connected_between(
        endpoint("192.0.2.7:20"),
        endpoint("203.0.113.21:50000"),
        10,
    );
    let partner =
        |told: SessionBuilder| told.but(|it| it.data_channels[0].peer_session = Some(Uid("Fother".into())));
    let told = raises(Code::FxpTransfer, &[partner(fxp.clone().retr("a", &[150, 226]))]);
    assert!(
        told[0].contains("192.0.2.7:20 to 203.0.113.21:50000") && told[0].contains("Fother"),
        "{}",
        told[0]
    );
    spares(Code::FxpTransfer, &[fxp, partner(session().pasv("203.0.113.21:50000"))]);
}

#[test]
fn a_server_whose_listener_the_client_names_to_another_one_takes_part_in_fxp_as_well() {
    let across = |stories: [SessionBuilder; 2]| {
        let mut diagnosis = crate::diagnose::Diagnosis::new(Options::default());
        for announcement in stories.iter().flat_map(|told| told.session.announcements()) {
            diagnosis.announce(announcement);
        }
        let mut told = stories.into_iter().next().unwrap();
        let now = told.now();
        diagnosis.session(&mut told.session, now);
        let fxp = told.session.findings.into_iter().filter(|it| it.code == Code::FxpTransfer);
        fxp.map(|it| it.summary).collect::<Vec<_>>()
    };
    let passive = || session().pasv("203.0.113.21:50000").stor("a", &[150, 226]);
    let told = across([passive(), session().port("203.0.113.21:50000").retr("a", &[150, 226])]);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("203.0.113.21:21 announced 203.0.113.21:50000, which PORT"), "{}", told[0]);
    assert_eq!(across([passive(), session().port("203.0.113.21:50001")]), [""; 0]);
    assert_eq!(across([passive().connected(5), session().port("203.0.113.21:50000")]), [""; 0]);
}

#[test]
fn privileged_port_is_an_agreed_one_below_1024() {
    raises(
        Code::PrivilegedPort,
        &[session().pasv("203.0.113.21:1023"), session().port("198.51.100.10:80").connected(1)],
    );
    spares(
        Code::PrivilegedPort,
        &[session().pasv("203.0.113.21:1024"), session().port_rejected("198.51.100.10:513", 500)],
    );
}

#[test]
fn foreign_peer_is_nobody_known_and_was_let_in() {
    let (stranger, listener) = (endpoint("192.0.2.66:6000"), endpoint("203.0.113.21:50000"));
    let stolen = || session().pasv("203.0.113.21:50000").connected_between(stranger, listener, 10);
    raises(
        Code::ForeignDataPeer,
        &[
            stolen().retr("secret", &[150, 226]),
            session().port("198.51.100.10:45000").connected_between(
                stranger,
                endpoint("198.51.100.10:45000"),
                10,
            ),
        ],
    );
    // One that the server refused in words is more likely address translation than theft.
    let refused = session()
        .pasv("203.0.113.21:50000")
        .connected_between(stranger, listener, 0)
        .connection(|it| it.end_state = EndState::Rst)
        .retr("a", &[425]);
    let told = raises(Code::ForeignDataPeer, std::slice::from_ref(&refused));
    assert_eq!(
        told[0],
        "The data connection to 203.0.113.21:50000 came from 192.0.2.66, but the control connection comes from \
         198.51.100.10; the server refused it with 425"
    );
    assert_eq!(findings(&refused)[0].severity, Severity::Warning);
    spares(Code::TransferFailed, &[refused]);
    spares(
        Code::ForeignDataPeer,
        &[
            session().pasv("203.0.113.21:50000").connected(10),
            // Nobody's address, but the advertised one.
            session().pasv("203.0.113.99:50000").connected(10),
            stolen().but(|it| it.data_channels[0].peer_session = Some(Uid("Fother".into()))),
            stolen().attempt(|it| it.matched_by = MatchedBy::ThirdParty),
            session()
                .pasv("203.0.113.21:50000")
                .connected_between(stranger, listener, 0)
                .connection(|it| it.end_state = EndState::Rst),
        ],
    );
}

#[test]
fn a_port_that_another_server_announced_to_the_same_client_is_no_bounce() {
    let report = |client: &str| {
        let there = between(client, "192.0.2.7:21").pasv("192.0.2.7:50000");
        let here = session().port_rejected("192.0.2.7:50000", 500);
        let sessions = vec![here.session, there.session];
        let mut report = Report { sessions, ..Report::default() };
        crate::diagnose::report(&mut report, &Options::default());
        report.sessions[0].findings.iter().any(|finding| finding.code == Code::BounceAttempt)
    };
    assert!(!report("198.51.100.10:40001"));
    assert!(report("198.51.100.11:40001"));
}
