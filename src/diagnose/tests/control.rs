//! Logins, protection, the control connection.

use super::{clean, raises, spares};
use crate::base::{FrameNumber, SecretKey, Timestamp};
use crate::diagnose::{Diagnosis, Options};
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, between, endpoint, session};
use crate::report::{
    Argument, Capture, Code, ControlAttempt, ControlGap, Login, OversizedLine, Security, Severity,
};

#[test]
fn passwords_in_the_clear_count_once_and_guests_have_none() {
    let told = raises(
        Code::CleartextCredentials,
        &[
            session().login("alice"),
            session().login("anonymous").login("root"),
            session().say("PASS secret", &[(230, "in")]),
        ],
    );
    assert_eq!(told.len(), 3);
    spares(
        Code::CleartextCredentials,
        &[
            session().login("anonymous"),
            session().login("FTP"),
            session().tls().login("alice"),
            session().say("USER alice", &[(230, "in")]),
        ],
    );
}

/// So many logins that the server rejects.
fn rejected(mut told: SessionBuilder, count: usize, text: &str) -> SessionBuilder {
    for _ in 0..count {
        told = told.say("USER alice", &[(331, "password?")]).say("PASS guess", &[(530, text)]);
    }
    told.but(|it| it.login = Login::Rejected)
}

#[test]
fn rejected_logins_are_one_notice_that_tells_when_tls_is_wanted() {
    let told = raises(
        Code::LoginRejected,
        &[
            rejected(session(), 3, "no"),
            rejected(session(), 1, "Non-anonymous sessions must use encryption."),
            rejected(session(), 1, "no").login("alice"),
        ],
    );
    assert_eq!(told.len(), 3);
    assert!(
        told[0].contains("rejected 3 logins") && told[0].ends_with("as “alice” with 530 “no”"),
        "{}",
        told[0]
    );
    assert!(
        told[1].contains("with 530 “Non-anonymous") && told[1].ends_with("it requires TLS"),
        "{}",
        told[1]
    );
    assert!(told[2].ends_with("a later one was accepted"), "{}", told[2]);
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    let lost = rejected(session(), 1, "no");
    let lost = lost.but(|it| {
        let time = it.commands[1].replies[0].time;
        it.gaps.push(ControlGap { time, ..gap });
    });
    spares(
        Code::LoginRejected,
        &[
            clean(),
            session().say("CWD /", &[(530, "log in first")]),
            clean().say("ACCT sales", &[(502, "what?")]),
            rejected(session(), 1, "Sorry, the maximum number of clients (3) are already connected."),
            lost,
        ],
    );
}

#[test]
fn five_rejected_logins_are_guessing_over_any_number_of_sessions() {
    let finish = |stories: Vec<SessionBuilder>| {
        let mut diagnosis = Diagnosis::new(Options::default());
        for mut told in stories {
            let now = told.now();
            diagnosis.session(&mut told.session, now);
        }
        diagnosis.finish(&Capture::default())
    };
    let other = || between("198.51.100.11:40000", "203.0.113.21:21");
    let found = finish(vec![rejected(session(), 2, "no"), rejected(session(), 3, "no").login("alice")]);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::BruteForce]);
    assert!(found[0].summary.starts_with("203.0.113.21:21 rejected 5 logins from 198.51.100.10 within"));
    assert!(
        found[0]
            .summary
            .contains("(2 sessions, user “alice”), then accepted one as “alice” (198.51.100.10:40000, frame")
    );
    assert_eq!(finish(vec![rejected(session(), 4, "no"), rejected(other(), 4, "no")]), []);
    // PASS after a rejected USER is no second attempt.
    let mut echoes = session();
    for _ in 0..4 {
        echoes = echoes.say("USER root", &[(530, "no")]).say("PASS x", &[(503, "log in with USER first")]);
    }
    assert_eq!(finish(vec![echoes]), []);
}

#[test]
fn the_same_password_again_and_again_is_a_stored_one_and_no_guess() {
    let finish = |passwords: [&[u8]; 5]| {
        let (key, mut diagnosis) = (SecretKey::default(), Diagnosis::new(Options::default()));
        for password in passwords {
            let mut told = rejected(session(), 1, "Login incorrect.").but(|it| {
                it.commands[1].argument = Some(Argument::Secret(key.hide(password)));
            });
            let now = told.now();
            diagnosis.session(&mut told.session, now);
        }
        diagnosis.finish(&Capture::default())
    };
    let found = finish([b"old"; 5]);
    assert_eq!((found[0].code, found[0].severity), (Code::LoginRejected, Severity::Notice));
    assert!(
        found[0].summary.contains("rejected 5 logins")
            && found[0].summary.contains("all with the same password (530)")
    );
    let found = finish([b"old", b"old", b"old", b"old", b"new"]);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::BruteForce]);
}

#[test]
fn a_server_that_ends_its_service_judged_no_password() {
    let finish = |code, text| {
        let mut diagnosis = Diagnosis::new(Options::default());
        for _ in 0..5 {
            let mut told =
                session().say("USER alice", &[(331, "password?")]).say("PASS secret", &[(code, text)]);
            let now = told.now();
            diagnosis.session(&mut told.session, now);
        }
        diagnosis.finish(&Capture::default()).iter().map(|it| it.code).collect::<Vec<_>>()
    };
    assert_eq!(finish(530, "Login incorrect."), [Code::BruteForce]);
    assert_eq!(finish(421, "Control connection timed out."), []);
}

#[test]
fn tls_refused_needs_a_login_that_goes_on_in_the_clear() {
    let refused = || session().say("AUTH TLS", &[(502, "no")]);
    raises(Code::TlsRefused, &[refused().login("alice"), refused().say("USER anonymous", &[(230, "in")])]);
    spares(
        Code::TlsRefused,
        &[
            refused(),
            refused().say("QUIT", &[(221, "")]),
            refused().say("USER alice", &[(331, "password?")]),
            refused().tls().login("alice"),
            clean(),
        ],
    );
}

#[test]
fn data_is_unprotected_where_only_the_control_connection_is_under_tls() {
    let under_tls = || session().tls().login("alice").epsv(50_000).connected(10);
    raises(
        Code::DataUnprotected,
        &[under_tls(), session().epsv(50_000).connected(10).but(|it| it.security = Security::ImplicitTls)],
    );
    spares(
        Code::DataUnprotected,
        &[
            under_tls().connection(|it| it.tls = true),
            under_tls().connection(|it| it.from_responder.start_seen = false),
            session().tls().epsv(50_000).connected(0),
            session().login("alice").epsv(50_000).connected(10).tls(),
            clean(),
        ],
    );
}

#[test]
fn oversized_lines_are_counted_by_side() {
    let line = OversizedLine { time: Timestamp::default(), frame: FrameNumber(9), from: Party::Client };
    let told = raises(Code::OversizedLine, &[session().but(|it| it.oversized = vec![line, line])]);
    assert!(told[0].starts_with("2 lines from the client 198.51.100.10:40000"), "{}", told[0]);
    spares(Code::OversizedLine, &[clean()]);
}

#[test]
fn capture_gaps_are_told_of_control_and_data() {
    let gap =
        ControlGap { time: Timestamp::default(), frame: FrameNumber(3), from: Party::Server, bytes: 20 };
    let told = raises(
        Code::CaptureGap,
        &[
            session().but(|it| it.gaps.push(gap)),
            clean().last_transfer(|it| it.missing_bytes = 7),
            session().pasv("203.0.113.21:50000").connected(10).connection(|it| it.from_responder.missing = 7),
        ],
    );
    assert!(told[0].starts_with("20 bytes from the server"), "{}", told[0]);
    assert!(told[1].starts_with("7 bytes of the data connection"), "{}", told[1]);
    spares(Code::CaptureGap, &[clean(), session().pasv("203.0.113.21:50000").retr("a", &[150, 226])]);
}

#[test]
fn control_connections_that_never_came_about_belong_to_the_report() {
    let attempt = |unanswered, refused, seconds: i64| ControlAttempt {
        client: "198.51.100.10".parse().unwrap(),
        server: endpoint("203.0.113.21:21"),
        unanswered,
        refused,
        dropped: 0,
        first: Timestamp::default(),
        last: Timestamp::from_nanos(seconds * 1_000_000_000),
        frames: vec![FrameNumber(1), FrameNumber(2)],
    };
    let raised = |attempt: ControlAttempt, end: i64| -> Vec<Code> {
        let last = Some(Timestamp::from_nanos(end * 1_000_000_000));
        let capture = Capture { attempts: vec![attempt], last, ..Capture::default() };
        Diagnosis::new(Options::default()).finish(&capture).iter().map(|it| it.code).collect()
    };
    assert_eq!(raised(attempt(1, 0, 3), 3), [Code::ControlUnanswered]);
    assert_eq!(raised(attempt(1, 0, 0), 60), [Code::ControlUnanswered]);
    assert_eq!(raised(attempt(0, 2, 0), 0), [Code::ControlRefused]);
    assert_eq!(raised(attempt(3, 2, 9), 9), [Code::ControlUnanswered, Code::ControlRefused]);
    // The capture ends right after the SYN.
    assert_eq!(raised(attempt(1, 0, 0), 0), []);
}

#[test]
fn attempts_beside_sessions_that_work_count_only_where_the_server_stopped_answering() {
    let after = |unanswered, refused, first: i64, session_at: i64| {
        let second = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let attempt = ControlAttempt {
            client: "198.51.100.10".parse().unwrap(),
            server: endpoint("203.0.113.21:21"),
            unanswered,
            refused,
            dropped: 0,
            first: second(first),
            last: second(first + 3),
            frames: vec![FrameNumber(1), FrameNumber(2)],
        };
        let mut diagnosis = Diagnosis::new(Options::default());
        let mut told = session().but(|it| it.start = second(session_at));
        diagnosis.session(&mut told.session, second(900));
        let capture = Capture { attempts: vec![attempt], last: Some(second(900)), ..Capture::default() };
        diagnosis.finish(&capture)
    };
    // Within the minute after.
    assert_eq!(after(1, 0, 10, 69), []);
    assert_eq!(after(0, 3, 10, 15), []);
    assert_eq!(after(3, 0, 10, 200)[0].code, Code::ControlUnanswered);
    // Before: one is chance, several are a server that blocks.
    assert_eq!(after(1, 0, 100, 10), []);
    let blocked = after(3, 0, 100, 10);
    assert!(
        blocked[0].summary.ends_with("although a session that began 90.0 s before had worked"),
        "{blocked:?}"
    );
    assert!(blocked[0].advice.as_deref().unwrap().contains("ban list"));
}

#[test]
fn a_shell_on_the_control_connection_is_no_ftp_any_more() {
    let exploited = |lines: &[&str]| {
        let begun = session().login("ftp").say("SITE EXEC 7 %.f", &[(200, "-7")]);
        lines.iter().fold(begun, |told, line| told.say(line, &[]))
    };
    let shell = ["\u{90}\u{90}\u{90}/bin/uname -a;/usr/bin/id;", "w", "cat /etc/passwd", "cd /dev; ls"];
    let told = raises(Code::NotFtpAnymore, &[exploited(&shell)]);
    assert!(told[0].contains("from frame 9 on after SITE: 4 lines that are no commands"), "{}", told[0]);
    spares(
        Code::NotFtpAnymore,
        &[
            clean(),
            exploited(&shell[..2]),
            exploited(&["FROB", "HELO", "EHLO x"]),
            exploited(&shell).say("QUIT", &[(221, "")]),
            exploited(&shell).but(|it| {
                it.gaps.push(ControlGap {
                    time: Timestamp::default(),
                    frame: FrameNumber(3),
                    from: Party::Server,
                    bytes: 20,
                });
            }),
        ],
    );
}
