//! How the peers agree, and what a middlebox makes of it.

use super::{clean, findings, raises, spares};
use crate::base::{FrameNumber, Timestamp};
use crate::diagnose::Options;
use crate::ftp::{LineEnd, Party};
use crate::report::testing::{SessionBuilder, between, endpoint, session};
use crate::report::{Code, ControlGap, MatchedBy, Mode, Negotiation, Origin, Protection, Severity};

#[test]
fn epsv_all_forbids_every_other_negotiation_from_then_on() {
    let promise = || session().say("EPSV ALL", &[(200, "ok")]);
    let told = raises(
        Code::EpsvAllViolation,
        &[
            promise().pasv("203.0.113.21:50000"),
            promise().port_rejected("198.51.100.10:45000", 550),
            promise().say("LPSV", &[(228, "")]),
            session().say("EPSV all", &[(200, "ok")]).pasv("203.0.113.21:50000"),
        ],
    );
    assert!(told[1].ends_with("which the server refused (550)"), "{}", told[1]);
    spares(
        Code::EpsvAllViolation,
        &[
            promise().epsv(50_000),
            session().pasv("203.0.113.21:50000").say("EPSV ALL", &[(200, "ok")]),
            session().say("EPSV ALL", &[(500, "what?")]).pasv("203.0.113.21:50000"),
            promise().say("REIN", &[(220, "again")]).pasv("203.0.113.21:50000"),
        ],
    );
}

/// The advice on the first finding.
fn advice(told: &SessionBuilder) -> String {
    findings(told).remove(0).advice.unwrap().into_owned()
}

#[test]
fn only_a_mode_that_worked_is_recommended_instead_of_another() {
    let told = || session().say("EPSV", &[(500, "")]).channel(Mode::Epsv, None, Negotiation::Rejected);
    let advice = |told: &SessionBuilder| {
        let found = findings(told).into_iter().find(|finding| finding.code == Code::ModeFallback);
        found.unwrap().advice.unwrap()
    };
    let worked = told().pasv("203.0.113.21:50000").connected(9);
    assert!(advice(&worked).starts_with("Set the client to PASV"), "{}", advice(&worked));
    let failed = told().pasv("203.0.113.21:50000").unanswered(4);
    assert!(advice(&failed).starts_with("PASV led to no data connection either"), "{}", advice(&failed));
}

#[test]
fn protocol_unsupported_names_what_the_server_takes() {
    let refusal = |code| {
        session()
            .say("EPRT |2|2001:db8::1|45000|", &[(code, "Network protocol not supported, use (1)")])
            .channel(Mode::Eprt, Some("[2001:db8::1]:45000"), Negotiation::Rejected)
    };
    let told = raises(Code::ProtocolUnsupported, &[refusal(522)]);
    assert!(told[0].ends_with("use (1)”; it takes IPv4 (1)"), "{}", told[0]);
    assert_eq!(
        advice(&refusal(522)),
        "Have the client use IPv4 (1), or enable the other protocol on the server."
    );
    let translated = between("[2001:db8::1]:40000", "[64:ff9b::cb00:7128]:21")
        .say("EPSV 2", &[(522, "Bad network protocol.")])
        .channel(Mode::Epsv, None, Negotiation::Rejected);
    assert!(advice(&translated).starts_with("Have the client send EPSV without a protocol number"));
    let over_ipv6 = between("[2001:db8::1]:40000", "[2001:db8::2]:21")
        .say("PASV", &[(425, "You cannot use PASV on IPv6 connections.")])
        .channel(Mode::Pasv, None, Negotiation::Rejected);
    let told = raises(Code::ProtocolUnsupported, &[over_ipv6]);
    assert_eq!(
        told[0],
        "The server [2001:db8::2]:21 refused PASV of the client [2001:db8::1]:40000 with 425 “You cannot use PASV on IPv6 \
         connections.” over IPv6"
    );
    spares(
        Code::ProtocolUnsupported,
        &[
            refusal(500),
            // RFC 4217: the data connection must be protected.
            clean().say("RETR a", &[(522, "use PROT P (1)")]),
        ],
    );
}

#[test]
fn a_reply_that_belongs_to_another_command_is_named() {
    let odd = session().say("PASV", &[(229, "(|||50122|)")]).channel(
        Mode::Pasv,
        Some("203.0.113.21:50122"),
        Negotiation::Accepted,
    );
    let told = raises(Code::UnexpectedReply, &[odd]);
    assert_eq!(
        told[0],
        "The server 203.0.113.21:21 answered PASV with 229 (port 50122), the reply to EPSV; strict clients do not accept it, \
         and the client 198.51.100.10:40000 made no data connection"
    );
    spares(Code::UnexpectedReply, &[clean(), session().epsv(50_000).connected(1)]);
}

#[test]
fn another_port_than_20_is_a_notice_only_where_the_connection_failed() {
    let from = |port: &str| {
        let (server, client) = (endpoint(&format!("203.0.113.21:{port}")), endpoint("198.51.100.10:45000"));
        session().port("198.51.100.10:45000").connected_between(server, client, 10)
    };
    let blocked =
        session().port("198.51.100.10:45000").unanswered(4).connection(|it| it.originator.port = 34_951);
    let told = raises(Code::NotFromPort20, &[from("46497"), blocked.clone()]);
    assert_eq!(
        told[0],
        "The server 203.0.113.21:21 made 1 data connection to the client 198.51.100.10 from port 46497 instead of 20"
    );
    assert!(told[1].contains("from port 34951, not from 20, and its 4 SYNs went unanswered"), "{}", told[1]);
    let severity = |told: &SessionBuilder| {
        findings(told).iter().find(|it| it.code == Code::NotFromPort20).unwrap().severity
    };
    assert_eq!((severity(&from("46497")), severity(&blocked)), (Severity::Info, Severity::Notice));
    spares(Code::NotFromPort20, &[from("20"), clean()]);
}

#[test]
fn malformed_endpoint_is_quoted_unless_the_capture_cut_it() {
    let bad_port =
        || session().say("PORT 1,2,3", &[(501, "what?")]).channel(Mode::Port, None, Negotiation::Malformed);
    let bad_reply =
        || session().say("PASV", &[(227, "Entering")]).channel(Mode::Pasv, None, Negotiation::Malformed);
    let told = raises(Code::MalformedEndpoint, &[bad_port(), bad_reply()]);
    assert!(told[0].contains("sent PORT “1,2,3”"), "{}", told[0]);
    assert!(told[1].contains("answered PASV with 227 “Entering”"), "{}", told[1]);
    let again =
        bad_reply().say("PASV", &[(227, "Entering")]).channel(Mode::Pasv, None, Negotiation::Malformed);
    let told = raises(Code::MalformedEndpoint, &[again]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("answered PASV twice with 227"), "{}", told[0]);
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    spares(
        Code::MalformedEndpoint,
        &[
            clean(),
            session().port_rejected("198.51.100.10:45000", 501),
            bad_reply().line(|line| line.end = LineEnd::None).but(|it| it.gaps.push(gap)),
        ],
    );
}

#[test]
fn a_retry_has_the_same_mode_after_an_endpoint_that_led_to_nothing() {
    raises(
        Code::NegotiationRetried,
        &[
            session().pasv("203.0.113.21:50000").refused().pasv("203.0.113.21:50001"),
            session().pasv("203.0.113.21:50000").unanswered(3).pasv("203.0.113.21:50001"),
            session().port("198.51.100.10:45000").retr("a", &[425]).port("198.51.100.10:45001"),
            session().pasv("203.0.113.21:50000").wait(5.0).pasv("203.0.113.21:50001"),
            session()
                .say("PASV", &[(227, "?")])
                .channel(Mode::Pasv, None, Negotiation::Malformed)
                .pasv("203.0.113.21:1025"),
        ],
    );
    spares(
        Code::NegotiationRetried,
        &[
            clean().pasv("203.0.113.21:50001"),
            session().pasv("203.0.113.21:50000").pasv("203.0.113.21:50001"),
            session()
                .pasv("203.0.113.21:50000")
                .retr("nothing-here", &[550])
                .wait(9.0)
                .pasv("203.0.113.21:50001"),
            session().port_rejected("198.51.100.10:513", 500).port("198.51.100.10:45000"),
            session().pasv("203.0.113.21:50000").refused().epsv(50_001),
        ],
    );
}

#[test]
fn a_fallback_has_another_mode_after_one_that_was_rejected_or_led_to_nothing() {
    let epsv_rejected =
        |code| session().say("EPSV", &[(code, "no")]).channel(Mode::Epsv, None, Negotiation::Rejected);
    let told = raises(
        Code::ModeFallback,
        &[
            epsv_rejected(500).pasv("203.0.113.21:50000"),
            session().pasv("203.0.113.21:50000").unanswered(3).port("198.51.100.10:45000"),
            session().pasv("203.0.113.21:50000").wait(3.0).port("198.51.100.10:45000"),
            session()
                .say("EPSV", &[])
                .channel(Mode::Epsv, None, Negotiation::Unanswered)
                .pasv("203.0.113.21:50000"),
            // At once, and nothing was tried: the client's own side would not have it.
            session().epsv(50_000).port("198.51.100.10:45000"),
        ],
    );
    assert!(told[4].contains("no SYN was seen"), "{}", told[4]);
    assert!(told[0].contains("fell back from EPSV to PASV"), "{}", told[0]);
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    spares(
        Code::ModeFallback,
        &[
            epsv_rejected(530).login("alice").pasv("203.0.113.21:50000"),
            clean().port("198.51.100.10:45000"),
            session()
                .say("EPSV", &[])
                .channel(Mode::Epsv, None, Negotiation::Unanswered)
                .pasv("203.0.113.21:50000")
                .but(|it| it.gaps.push(gap)),
        ],
    );
}

#[test]
fn middlebox_is_blind_to_lines_that_are_not_as_the_kernel_wants_them() {
    let lf_only = |told: SessionBuilder| told.line(|line| line.end = LineEnd::Lf);
    let multi_line = session()
        .say("PASV", &[(227, "Entering Passive Mode\n(203,0,113,21,195,80)")])
        .channel(Mode::Pasv, Some("203.0.113.21:50000"), Negotiation::Accepted)
        .line(|line| line.leads_segment = false);
    let told = raises(
        Code::MiddleboxBlind,
        &[
            session().pasv("203.0.113.21:50000").line(|line| line.split = true),
            session().port("198.51.100.10:45000").line(|line| line.leads_segment = false),
            lf_only(session().port("198.51.100.10:45000")),
            multi_line,
            between("198.51.100.10:40000", "203.0.113.21:2121").pasv("203.0.113.21:50000"),
            session().say("EPRT |2|::ffff:198.51.100.10|45000|", &[(200, "ok")]).channel(
                Mode::Eprt,
                Some("198.51.100.10:45000"),
                Negotiation::Accepted,
            ),
            session().say("PASV", &[(227, "v2 ready (203,0,113,21,195,80)")]).channel(
                Mode::Pasv,
                Some("203.0.113.21:50000"),
                Negotiation::Accepted,
            ),
            session().pasv("10.0.0.5:50000"),
            session().say("LPSV", &[(228, "(4,4,203,0,113,21,2,195,80)")]).channel(
                Mode::Lpsv,
                Some("203.0.113.21:50000"),
                Negotiation::Accepted,
            ),
            session()
                .tls()
                .epsv(50_000)
                .connected(10)
                .but(|it| {
                    it.data_channels[0].origin =
                        Origin::Unseen { active: false, certainty: crate::report::Certainty::Likely }
                })
                .attempt(|it| it.matched_by = MatchedBy::Inferred),
        ],
    );
    for (summary, part) in told.iter().zip([
        "would drop the packet with the reply 227 to PASV (port 50000)",
        "would miss PORT 198,51,100,10,175,200",
        "without the carriage return",
        "behind others of the same reply",
        "doesn't watch this control port",
        "network protocol is not that of the control connection",
        "first digit in the text",
        "not that of its sender",
        "knows PORT, EPRT, 227 and 229 only",
        "under TLS",
    ]) {
        assert!(summary.contains(part), "{summary} lacks {part}");
    }
    spares(
        Code::MiddleboxBlind,
        &[
            clean(),
            session().port("198.51.100.10:45000"),
            session().epsv(50_000),
            lf_only(session().pasv("203.0.113.21:50000")),
            between("[2001:db8::1]:40000", "[2001:db8::2]:21")
                .say("EPRT |2|2001:db8::1|45000|", &[(200, "ok")])
                .channel(Mode::Eprt, Some("[2001:db8::1]:45000"), Negotiation::Accepted),
            session().port_rejected("192.0.2.9:45000", 500),
            // Read with the keys: nobody on the way can, by design.
            session().tls().epsv(50_000).connected(10),
            session().pasv("203.0.113.21:50000").line(|line| line.protection = Protection::Tls),
        ],
    );
    let mut watched = Options::default();
    watched.conntrack_ports.push(2121);
    let told = between("198.51.100.10:40000", "203.0.113.21:2121").pasv("203.0.113.21:50000");
    assert_eq!(crate::diagnose::session(&told.session, &watched, told.now()), []);
}
