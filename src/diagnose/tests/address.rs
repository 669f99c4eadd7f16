//! Whose addresses.

use super::{findings, raises, spares};
use crate::diagnose::Options;
use crate::report::testing::{SessionBuilder, between, endpoint, session};
use crate::report::{Code, EndState, MatchedBy, Mode, Negotiation, Report, Uid};

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
            // Seen from inside: the server was told the public address that NAT gives it.
            between("10.0.0.9:40000", "10.0.0.5:21").pasv("203.0.113.5:50000").retr("a", &[150, 226]),
        ],
    );
    assert_eq!(
        told[0],
        "The server 203.0.113.21:21 advertised the address 10.0.0.5 (port 50000), which is not its own; the data \
         connection was made with 203.0.113.21 instead"
    );
    spares(
        Code::AddressMismatch,
        &[
            session().pasv("203.0.113.21:50000").connected(10),
            session().pasv("203.0.113.99:50000"),
            session().pasv("0.0.0.0:50000"),
            session().port("10.0.0.5:45000").connected(10),
            session().say("EPRT |2|::ffff:198.51.100.10|45000|", &[(200, "ok")]).channel(
                Mode::Eprt,
                Some("[::ffff:198.51.100.10]:45000"),
                Negotiation::Accepted,
            ),
            between("10.0.0.9:40000", "10.0.0.5:21").pasv("10.0.0.6:50000"),
        ],
    );
}

#[test]
fn the_same_foreign_address_again_and_again_is_one_finding() {
    let mut told = session();
    for port in 50_000..50_020 {
        told = told.port_rejected(&format!("192.168.1.10:{port}"), 500);
    }
    let found: Vec<_> = findings(&told).into_iter().filter(|it| it.code == Code::AddressMismatch).collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].summary.contains("20 times"), "{}", found[0].summary);
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
        ],
    );
    assert_eq!(
        told[0],
        "PORT of the client 198.51.100.10:40000 told the server 203.0.113.21:21 to connect to the third host \
         192.0.2.7 (port 25), and the server connected there"
    );
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
