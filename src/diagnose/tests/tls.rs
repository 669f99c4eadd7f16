//! TLS that failed, that nobody asked for, that was cut short, that could not be read.

use super::{clean, findings, raises, spares};
use crate::base::FrameNumber;
use crate::ftp::Party;
use crate::report::testing::{SessionBuilder, between, reply, session};
use crate::report::{
    Certainty, Code, EndState, FindingIndex, FirstClose, Security, Severity, TlsAlert, TlsDetails,
    TlsHandshake,
};

fn failed(from: Party, description: &'static str) -> TlsDetails {
    let alert = TlsAlert {
        from,
        level: Some("fatal".into()),
        description: Some(description.into()),
        frame: FrameNumber(7),
    };
    TlsDetails {
        offered: Some("TLS 1.3".into()),
        alert: Some(alert),
        handshake: TlsHandshake::Failed,
        ..TlsDetails::default()
    }
}

/// TLS that was set up and moved so many records of the client and of the server.
fn complete(records: [u64; 2]) -> TlsDetails {
    TlsDetails {
        version: Some("TLS 1.2".into()),
        offered: Some("TLS 1.2".into()),
        resumed: Some(true),
        handshake: TlsHandshake::Complete,
        records,
        closed: [true, true],
        shows_alerts: true,
        ..TlsDetails::default()
    }
}

fn control(details: TlsDetails) -> SessionBuilder {
    session().tls().but(|it| it.tls_details = Some(Box::new(details)))
}

/// A download whose data connection has this TLS.
fn data(details: TlsDetails, codes: &[u16]) -> SessionBuilder {
    control(complete([9, 9]))
        .pasv("203.0.113.21:50000")
        .connected(900)
        .connection(|it| {
            it.tls = true;
            it.tls_details = Some(Box::new(details));
        })
        .retr("a", codes)
}

#[test]
fn a_handshake_that_failed_is_told_with_its_alert_and_what_the_server_then_said() {
    let refused = control(failed(Party::Server, "handshake_failure")).but(|it| {
        it.unsolicited.push(reply(it.end, 9, 500, "OOPS: SSL: no shared cipher"));
    });
    let old =
        control(TlsDetails { offered: Some("TLS 1.0".into()), ..failed(Party::Server, "protocol_version") });
    let silent = control(TlsDetails { alert: None, ..failed(Party::Server, "") }).closed(Party::Server);
    let told = raises(
        Code::TlsFailed,
        &[refused, control(failed(Party::Client, "unknown_ca")), old, silent.clone()],
    );
    assert_eq!(
        told[0],
        "The TLS handshake of the control connection failed: the server 203.0.113.21:21 sent the fatal alert \
         handshake_failure, then 500 “OOPS: SSL: no shared cipher” in the clear"
    );
    assert!(
        told[1].ends_with(
            "the client 198.51.100.10:40000 refused the certificate of the server 203.0.113.21 with the fatal alert unknown_ca"
        ),
        "{}",
        told[1]
    );
    assert!(told[2].ends_with("protocol_version to a client that offers TLS 1.0 at most"), "{}", told[2]);
    assert!(
        told[3].contains("the server 203.0.113.21:21 closed the connection during the handshake"),
        "{}",
        told[3]
    );
    assert_eq!(findings(&silent)[0].certainty, Certainty::Likely);
    spares(Code::TlsFailed, &[clean(), control(complete([3, 3]))]);
}

#[test]
fn a_data_connection_whose_handshake_failed_explains_the_transfer() {
    let told = data(failed(Party::Client, "unknown_ca"), &[150, 425]);
    let found = raises(Code::TlsFailed, std::slice::from_ref(&told));
    assert!(
        found[0].starts_with("The TLS handshake of the data connection 198.51.100.10:50000"),
        "{}",
        found[0]
    );
    assert!(found[0].ends_with("; the transfer failed with 425"), "{}", found[0]);
    // A client that gave up its transfer is no failure of TLS.
    let left = TlsDetails { alert: None, ..failed(Party::Client, "") };
    spares(Code::TransferFailed, &[told]);
    spares(Code::TlsFailed, &[data(left, &[150, 226])]);
}

#[test]
fn tls_at_once_against_a_greeting_in_the_clear_is_a_mismatch_of_modes() {
    let at_once =
        session().but(|it| it.tls_details = Some(Box::new(failed(Party::Client, "protocol_version"))));
    let waited =
        between("198.51.100.10:40000", "203.0.113.21:990").wait(8.0).closed(Party::Client).but(|it| {
            it.greeting.clear();
            it.security = Security::ImplicitTls;
            let alert = TlsDetails { offered: None, ..failed(Party::Server, "unexpected_message") };
            it.tls_details = Some(Box::new(alert));
        });
    let told = raises(Code::TlsModeMismatch, &[at_once.clone(), waited.clone()]);
    assert!(told[0].ends_with("greets in the clear (220)"), "{}", told[0]);
    assert!(told[1].contains("on port 990 of the server 203.0.113.21, which waits for TLS"), "{}", told[1]);
    spares(Code::TlsFailed, &[at_once, waited]);
    spares(Code::TlsModeMismatch, &[clean(), control(failed(Party::Server, "unexpected_message"))]);
}

#[test]
fn content_that_ends_without_close_notify_is_cut_short_in_the_eyes_of_tls() {
    let cut = |records| TlsDetails { closed: [true, false], ..complete(records) };
    let ended = |told: SessionBuilder| told.connection(|it| it.from_responder.end_seen = true);
    let told = raises(
        Code::TlsTruncated,
        &[ended(data(cut([0, 9]), &[150, 226])), ended(data(cut([0, 9]), &[150, 426]))],
    );
    assert!(
        told[0].starts_with(
            "The server 203.0.113.21 closed the TLS data connection of RETR to 203.0.113.21:50000 without"
        ),
        "{}",
        told[0]
    );
    assert!(told[1].ends_with("and the server failed the transfer with 426"), "{}", told[1]);
    let grave = findings(&ended(data(cut([0, 9]), &[150, 426])));
    let cause = grave.iter().position(|it| it.code == Code::TlsTruncated).unwrap();
    assert_eq!(grave[cause].severity, Severity::Warning);
    let effect = grave.iter().find(|it| it.code == Code::TransferAborted).unwrap();
    assert_eq!(effect.explained_by.map(FindingIndex::position), Some(cause));
    spares(
        Code::TlsTruncated,
        &[
            clean(),
            ended(data(complete([0, 9]), &[150, 226])),
            // Nothing was sent.
            ended(data(cut([0, 0]), &[150, 226])),
            // TLS 1.3 without keys.
            ended(data(TlsDetails { shows_alerts: false, ..cut([0, 9]) }, &[150, 226])),
            // The capture lacks the end.
            ended(data(cut([0, 9]), &[150, 226])).connection(|it| {
                it.end_state = EndState::Open;
                it.from_responder.end_seen = false;
            }),
        ],
    );
}

#[test]
fn what_keys_did_not_open_is_told_once_with_the_reason() {
    let unread = |reason: &'static str| TlsDetails { obstacle: Some(reason.into()), ..complete([5, 5]) };
    let no_secret = "the key log holds no secret for it";
    let both =
        data(unread(no_secret), &[150, 226]).but(|it| it.tls_details = Some(Box::new(unread(no_secret))));
    let told = raises(Code::TlsNotDecrypted, &[both, data(unread(no_secret), &[150, 226])]);
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("The control connection of the client"), "{}", told[0]);
    assert!(told[1].starts_with("1 data connection of the client"), "{}", told[1]);
    spares(Code::TlsNotDecrypted, &[clean(), data(complete([0, 5]), &[150, 226])]);
}

#[test]
fn a_bare_full_handshake_that_the_server_ends_wants_the_session_resumed() {
    let bare = TlsDetails { resumed: Some(false), ..complete([0, 0]) };
    let unread = |told: SessionBuilder| {
        told.but(|it| {
            it.commands.clear();
            it.transfers.clear();
            it.end_state = EndState::Rst;
        })
    };
    let silent = unread(data(bare.clone(), &[]));
    let told = raises(Code::TlsReuseRequired, &[silent.clone(), data(bare.clone(), &[150, 425])]);
    assert!(told[0].ends_with("it probably requires TLS session reuse"), "{}", told[0]);
    assert!(
        told[1].contains("with 425; the data connection to 203.0.113.21:50000 made a full TLS handshake"),
        "{}",
        told[1]
    );
    spares(
        Code::TlsReuseRequired,
        &[
            clean(),
            unread(data(complete([0, 0]), &[])),
            unread(data(TlsDetails { records: [0, 4], ..bare.clone() }, &[])),
            // The client left.
            silent.clone().connection(|it| it.first_close = Some(FirstClose::Originator)),
            // The session went on.
            silent.but(|it| it.end_state = EndState::Open),
        ],
    );
}
