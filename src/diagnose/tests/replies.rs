//! What the server's own words tell: refused transfers, logins and sessions, and replies that took their
//! time.

use super::{clean, findings, raises, spares};
use crate::base::{FrameNumber, TimeDelta};
use crate::diagnose::{Diagnosis, Options};
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, reply, session};
use crate::report::{Capture, Code, EndState, Finding, FindingIndex, Lookup, LookupKind, Severity, Status};

/// A transfer over a connection that was made, with this reply in the end.
fn refused(verb: &str, code: u16, text: &str) -> SessionBuilder {
    let told = session().pasv("203.0.113.21:50000").connected(0);
    let told = if verb == "STOR" { told.stor("a", &[code]) } else { told.retr("a", &[code]) };
    told.but(|it| it.commands.last_mut().unwrap().replies.last_mut().unwrap().text = text.into())
}

fn one(told: &SessionBuilder, code: Code) -> Finding {
    let mut found: Vec<_> = findings(told).into_iter().filter(|finding| finding.code == code).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_failed_transfer_is_told_in_the_servers_words() {
    let told = raises(
        Code::TransferFailed,
        &[
            refused("RETR", 550, "Failed to open file."),
            refused("STOR", 452, "No space left on device."),
            session().say("RETR a", &[(425, "Use PORT or PASV first.")]).but(|it| {
                it.transfers.push(crate::report::testing::transfer(
                    crate::report::CommandIndex(0),
                    crate::report::Direction::Download,
                    Status::Failed,
                ));
            }),
        ],
    );
    assert_eq!(
        told[0],
        "The server 203.0.113.21:21 refused RETR a of the client 198.51.100.10:40000 with 550 “Failed to open file.”"
    );
    assert!(told[1].ends_with("with 452 “No space left on device.”"), "{}", told[1]);
    assert_eq!(one(&refused("RETR", 550, "no"), Code::TransferFailed).severity, Severity::Notice);
    assert_eq!(one(&refused("RETR", 451, "no"), Code::TransferFailed).severity, Severity::Warning);
    assert_eq!(one(&refused("STOR", 552, "no"), Code::TransferFailed).severity, Severity::Warning);
    assert_eq!(one(&refused("RETR", 450, "No such file"), Code::TransferFailed).severity, Severity::Notice);
    spares(
        Code::TransferFailed,
        &[
            clean(),
            session().pasv("203.0.113.21:50000").connected(9).retr("a", &[150, 426]),
            session().pasv("203.0.113.21:50000").unanswered(4).retr("a", &[425]),
            session().port("198.51.100.10:45000").retr("a", &[425]),
            session().pasv("10.0.0.5:50000").retr("a", &[425]),
        ],
    );
}

#[test]
fn the_same_refusal_again_and_again_is_one_finding() {
    let mut told = session();
    for port in [36_151, 40_333, 41_000] {
        told = told.port(&format!("198.51.100.10:{port}")).retr("a", &[425]).but(|it| {
            let text = format!("dial tcp :20->198.51.100.10:{port}: bind: address already in use");
            it.commands.last_mut().unwrap().replies.last_mut().unwrap().text = text.as_str().into();
        });
    }
    let found = one(&told, Code::TransferFailed);
    assert_eq!(found.count, 3);
    assert!(
        found.summary.contains("3 times with 425 “dial tcp")
            && found.summary.ends_with("; it never sent a SYN")
    );
    spares(Code::DataNeverAttempted, &[told]);
}

#[test]
fn login_advice_follows_the_servers_words() {
    let login = |code, text| session().say("USER alice", &[(331, "")]).say("PASS x", &[(code, text)]);
    for (code, text, word) in [
        (530, "Login incorrect.", "Check user and password."),
        (500, "OOPS: \ncannot change directory:/nonexistent", "home directory"),
        (500, "OOPS: vsftpd: refusing to run with writable root inside chroot()", "allow_writeable_chroot"),
        (530, "This FTP server is anonymous only.", "local_enable"),
        (534, "Policy requires SSL.", "AUTH TLS"),
        (550, "Segmentation fault", "not about the password"),
    ] {
        let found = one(&login(code, text), Code::LoginRejected);
        assert!(found.advice.as_deref().unwrap().contains(word), "{text}: {found:?}");
        assert_eq!(
            word == "Check user and password.",
            found.advice.as_deref() == Some("Check user and password.")
        );
    }
}

#[test]
fn too_many_connections_are_a_limit_and_no_guessing() {
    let full = "Sorry, the maximum number of clients (3) for this user are already connected.";
    let turned_away = session().but(|it| {
        it.greeting = vec![reply(it.start, 2, 421, "Too many connections (8) from this IP")];
    });
    let login = || {
        session()
            .say("USER maria", &[(331, "")])
            .say("PASS x", &[(530, full)])
            .but(|it| it.user = Some("maria".into()))
    };
    let told = raises(Code::ConnectionLimit, &[turned_away, login()]);
    assert_eq!(
        told[0],
        "The server 203.0.113.21:21 turned the client 198.51.100.10 away with 421 “Too many connections (8) from this IP”"
    );
    assert!(
        told[1].contains("refused the login of the client 198.51.100.10 as “maria” with 530"),
        "{}",
        told[1]
    );
    spares(Code::ConnectionLimit, &[clean(), session().say("USER a", &[(530, "Too many failed attempts")])]);
    let mut diagnosis = Diagnosis::new(Options::default());
    for _ in 0..6 {
        let mut told = login();
        let now = told.now();
        diagnosis.session(&mut told.session, now);
    }
    assert_eq!(diagnosis.finish(&Capture::default()), []);
}

#[test]
fn a_session_that_the_server_ends_is_a_notice_unless_it_was_in_use() {
    let timeout = |told: SessionBuilder| {
        let now = told.now();
        told.but(|it| it.unsolicited.push(reply(now, 90, 421, "Timeout.")))
    };
    let idle = timeout(clean().wait(300.0));
    let found = one(&idle, Code::SessionTimeout);
    assert_eq!(found.severity, Severity::Notice);
    assert!(
        found.summary.contains("with 421 “Timeout.” after 5 min (300.0 s) without a command"),
        "{}",
        found.summary
    );
    let went_on = one(&timeout(clean().wait(300.0)).wait(50.0).say("PASV", &[]), Code::SessionTimeout);
    assert_eq!(went_on.severity, Severity::Warning);
    assert!(went_on.summary.ends_with("the client went on with PASV 50.0 s later"), "{}", went_on.summary);
    let running = session().pasv("203.0.113.21:50000").connected(9).stor("a", &[150]).wait(601.0);
    let found = one(&timeout(running), Code::SessionTimeout);
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.summary.contains("while STOR a was running (9 bytes seen)"), "{}", found.summary);
    let closed =
        session().pasv("203.0.113.21:50000").connected(9).stor("a", &[150]).wait(600.0).closed(Party::Server);
    let found = findings(&closed);
    let cause = found.iter().position(|it| it.code == Code::SessionTimeout).unwrap();
    assert!(
        found[cause].summary.contains("without a reply 10 min (600.0 s) after the last command"),
        "{found:?}"
    );
    let effect = found.iter().find(|it| it.code == Code::CompletionMissing).unwrap();
    assert_eq!(effect.explained_by.map(FindingIndex::position), Some(cause));
    spares(
        Code::SessionTimeout,
        &[
            clean(),
            clean().wait(300.0).say("QUIT", &[(221, "bye")]).closed(Party::Server),
            clean().wait(9.0).closed(Party::Server),
            session().say("AUTH TLS", &[(234, "")]).say("?", &[(421, "TLS handshake failed")]),
        ],
    );
}

/// A reply that came late.
fn late(told: SessionBuilder, seconds: f64) -> SessionBuilder {
    told.but(|it| {
        let reply = it.commands.last_mut().unwrap().replies.last_mut().unwrap();
        reply.time = reply.time.plus(TimeDelta::from_seconds(seconds));
    })
}

#[test]
fn a_slow_greeting_names_the_look_up_that_the_server_waited_for() {
    let lookup = |kind, whom: &str, begun: f64, answered: Option<f64>| {
        session().but(|it| {
            it.greeting[0].time = it.start.plus(TimeDelta::from_secs(11));
            let time = it.start.plus(TimeDelta::from_seconds(begun));
            it.lookups.push(Lookup {
                kind,
                whom: whom.parse().unwrap(),
                time,
                frame: FrameNumber(2),
                last: time,
                count: 3,
                answered: answered.map(|seconds| it.start.plus(TimeDelta::from_seconds(seconds))),
            });
        })
    };
    let ident = lookup(LookupKind::User, "198.51.100.10", 0.1, None);
    let name = lookup(LookupKind::Name, "203.0.113.53", 0.1, Some(10.1));
    let told = raises(Code::SlowReply, &[ident.clone(), name.clone()]);
    assert_eq!(
        told[0],
        "The greeting 220 of the server 203.0.113.21:21 took 11.0 s; meanwhile it asked the client's ident service \
         (port 113 of 198.51.100.10) and got no answer"
    );
    assert!(
        told[1].ends_with(
            "asked the DNS server 203.0.113.53 3 times for the client's name (reverse look-up) and was answered after \
             10.0 s"
        ),
        "{}",
        told[1]
    );
    assert!(one(&ident, Code::SlowReply).advice.unwrap().contains("ident look-ups off"));
    assert!(one(&name, Code::SlowReply).advice.unwrap().contains("reverse look-ups of clients off"));
    // Neither one that was answered at once, nor one that began when the time was almost over.
    for harmless in [
        lookup(LookupKind::Name, "203.0.113.53", 0.1, Some(0.2)),
        lookup(LookupKind::User, "198.51.100.10", 10.0, None),
        lookup(LookupKind::User, "198.51.100.10", -5.0, None),
    ] {
        assert!(one(&harmless, Code::SlowReply).summary.ends_with("took 11.0 s"));
    }
}

#[test]
fn a_reply_that_takes_five_seconds_is_slow() {
    let greeting = session().but(|it| it.greeting[0].time = it.start.plus(TimeDelta::from_secs(11)));
    let upload = || session().pasv("203.0.113.21:50000").connected(9).stor("a", &[150, 226]);
    let told = raises(
        Code::SlowReply,
        &[
            greeting.clone(),
            late(session().say("PASV", &[(227, "")]), 6.0),
            late(upload(), 65.0),
            late(upload(), 65.0).closed(Party::Client).but(|it| it.end_state = EndState::Rst),
            greeting.closed(Party::Client),
        ],
    );
    assert_eq!(told[0], "The greeting 220 of the server 203.0.113.21:21 took 11.0 s");
    assert!(
        told[1].contains("sent 227 for PASV of the client 198.51.100.10:40000 after 6.0 s"),
        "{}",
        told[1]
    );
    assert!(told[2].contains("sent 226 for STOR a 65.0 s after the client"), "{}", told[2]);
    assert!(told[3].contains("had given up"), "{}", told[3]);
    assert!(told[4].ends_with("had given up and closed the connection"), "{}", told[4]);
    spares(
        Code::SlowReply,
        &[
            clean(),
            late(session().say("PASV", &[(227, "")]), 4.0),
            // A transfer waits for its data connection.
            late(session().port("198.51.100.10:45000").retr("a", &[425]), 20.0),
            // A person types.
            clean().wait(90.0).say("NOOP", &[(200, "")]),
        ],
    );
}

#[test]
fn a_connection_that_its_listener_closed_before_the_transfer_was_answered_for_the_server() {
    let early = |codes: &[u16]| session().pasv("203.0.113.21:50000").connected(0).retr("a", codes);
    let found = one(&early(&[425]), Code::DataClosedEarly);
    assert!(
        found.summary.contains("closed by the other side after 20 ms, before RETR was sent"),
        "{}",
        found.summary
    );
    spares(Code::TransferFailed, &[early(&[425])]);
    spares(Code::DataClosedEarly, &[clean(), early(&[226]), early(&[150, 226])]);
}

#[test]
fn session_reuse_that_the_server_wants_is_named() {
    let told = refused("RETR", 522, "SSL connection failed: session reuse required");
    let found = one(&told, Code::TlsReuseRequired);
    assert!(
        found.summary.ends_with("with 522 “SSL connection failed: session reuse required”"),
        "{}",
        found.summary
    );
    spares(Code::TransferFailed, &[told]);
}

#[test]
fn a_server_that_counts_bare_line_feeds_warns_of_ascii_damage() {
    let told = session().pasv("203.0.113.21:50000").stor("photo.jpg", &[150, 226]).but(|it| {
        it.transfers[0].representation = "A".into();
        let reply = it.commands.last_mut().unwrap().replies.last_mut().unwrap();
        reply.text = "WARNING! 321 bare linefeeds received in ASCII mode".into();
    });
    let found = one(&told, Code::AsciiDamage);
    assert!(found.summary.contains("warned with 226 “WARNING! 321 bare linefeeds"), "{}", found.summary);
    spares(Code::AsciiDamage, &[told.last_transfer(|it| it.representation = "I".into())]);
}
