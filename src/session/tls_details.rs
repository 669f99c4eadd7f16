//! What is reported of a connection's TLS.

use crate::base::FrameNumber;
use std::borrow::Cow;

use crate::report::{OpaqueData, Party, TlsAlert, TlsCertificate, TlsDetails, TlsHandshake};
use crate::tls::{Alert, Certificate, End, Facts, Obstacle, Version, suite_name};

/// What is known of the connection beside its TLS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// The frame of the first fatal alert.
    pub(super) alert_frame: Option<FrameNumber>,
    /// Whether a key log was given.
    pub(super) has_keys: bool,
    /// Application data of the ends A and B that could not be read.
    pub(super) opaque: [OpaqueData; 2],
    /// Whether the connection was closed, and nothing of it is missing: what did not come never will.
    pub(super) is_over: bool,
}

/// What is reported of TLS with these facts; none where neither hello nor alert was seen.
pub(super) fn details(facts: &Facts, around: Circumstances) -> Option<Box<TlsDetails>> {
    if facts.client.is_none() && facts.fatal.is_none() {
        return None;
    }
    // Without a hello, the end that the others call the client.
    let client = facts.client.unwrap_or(End::A);
    let [of_a, of_b] = [client == End::A, client == End::B];
    let by_party = |[a, b]: [u64; 2]| if of_a { [a, b] } else { [b, a] };
    let alert = facts.fatal.map(|(end, alert)| TlsAlert {
        from: if (end == End::B) == of_b { Party::Client } else { Party::Server },
        level: (alert != Alert::Unread).then_some("fatal".into()),
        description: description(alert),
        frame: around.alert_frame.unwrap_or_default(),
    });
    let ([closed_a, closed_b], [opaque_a, opaque_b]) = (facts.closed, around.opaque);
    Some(Box::new(TlsDetails {
        version: facts.version.map(version_name),
        cipher: facts.cipher_suite.map(cipher_name),
        server_name: facts.server_name.clone(),
        resumed: facts.resumed,
        client_certificate: facts.client_certificate,
        certificate: facts.certificate.as_deref().map(certificate),
        alert,
        handshake: handshake(facts, around.is_over),
        decrypted: facts.decrypted,
        obstacle: facts.obstacle.filter(|_| around.has_keys).map(|obstacle| words(obstacle).into()),
        offered: facts.offered.map(version_name),
        records: by_party(facts.data_records),
        opaque: if of_a { [opaque_a, opaque_b] } else { [opaque_b, opaque_a] },
        closed: if of_a { [closed_a, closed_b] } else { [closed_b, closed_a] },
        shows_alerts: facts.version < Some(Version::TLS13) || facts.decrypted && facts.obstacle.is_none(),
    }))
}

fn certificate(seen: &Certificate) -> Box<TlsCertificate> {
    Box::new(TlsCertificate {
        subject: seen.subject.clone(),
        issuer: seen.issuer.clone(),
        not_before: seen.not_before.clone(),
        not_after: seen.not_after.clone(),
        self_signed: seen.self_signed,
        sha256: Some(seen.sha256),
    })
}

fn handshake(facts: &Facts, is_over: bool) -> TlsHandshake {
    let has_carried = facts.data_records != [0, 0];
    // In TLS 1.3 a server may yet refuse what the client's last flight holds.
    if facts.established && (has_carried || facts.fatal.is_none()) {
        TlsHandshake::Complete
    } else if facts.fatal.is_some() || is_over {
        TlsHandshake::Failed
    } else {
        TlsHandshake::Incomplete
    }
}

fn version_name(version: Version) -> Cow<'static, str> {
    match version.0 {
        0x0300 => "SSL 3.0".into(),
        0x0301 => "TLS 1.0".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        0x0304 => "TLS 1.3".into(),
        _ => version.to_string().into(),
    }
}

fn cipher_name(number: u16) -> Cow<'static, str> {
    suite_name(number).map_or_else(|| format!("{number:#06x}").into(), Cow::Borrowed)
}

/// The name of an alert; none for one that could not be read.
fn description(alert: Alert) -> Option<Cow<'static, str>> {
    match (alert.name(), alert) {
        (Some(name), _) => Some(name.into()),
        (None, Alert::Fatal(number)) => Some(number.to_string().into()),
        (None, Alert::CloseNotify | Alert::Unread) => None,
    }
}

/// Why application data could not be read although there were keys.
const fn words(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NoKeys => "the key log holds no secret for it",
        Obstacle::EmptyKeyLog => "the key log is empty",
        Obstacle::NoKeyLog => "nothing in the key log reads as a secret",
        Obstacle::NoResumed => "the key log holds no secret of the session that it resumes",
        Obstacle::NoHello => "its handshake is not in the capture",
        Obstacle::UnsupportedVersion => "only TLS 1.0 and later versions are decrypted",
        Obstacle::UnsupportedSuite => "its cipher suite is not one that is decrypted",
        Obstacle::Gap => "bytes of it are missing from the capture",
        Obstacle::Undecipherable => "its records do not decrypt with the secrets of the key log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPAQUE: OpaqueData = OpaqueData { bytes: 0, leading: [0; 2], span: None };
    const CLOSED: Circumstances = Circumstances {
        alert_frame: Some(FrameNumber(7)),
        has_keys: true,
        opaque: [OPAQUE; 2],
        is_over: true,
    };
    const OPEN: Circumstances = Circumstances { is_over: false, ..CLOSED };

    fn facts(established: bool, records: [u64; 2], fatal: Option<(End, Alert)>) -> Facts {
        Facts { client: Some(End::B), established, data_records: records, fatal, ..Facts::default() }
    }

    #[test]
    fn a_handshake_fails_by_an_alert_or_by_a_close_before_its_end() {
        let refused = Some((End::A, Alert::Fatal(40)));
        for (established, records, fatal, around, outcome) in [
            (true, [0, 0], None, CLOSED, TlsHandshake::Complete),
            (false, [0, 0], None, CLOSED, TlsHandshake::Failed),
            (false, [0, 0], None, OPEN, TlsHandshake::Incomplete),
            (false, [0, 0], refused, OPEN, TlsHandshake::Failed),
            (true, [0, 0], refused, OPEN, TlsHandshake::Failed),
            (true, [1, 0], refused, CLOSED, TlsHandshake::Complete),
        ] {
            let details = details(&facts(established, records, fatal), around).unwrap();
            assert_eq!(details.handshake, outcome, "{established} {records:?} {fatal:?} {around:?}");
        }
        assert_eq!(details(&Facts::default(), CLOSED), None);
    }

    #[test]
    fn the_client_is_who_sent_the_hello_and_an_obstacle_counts_only_beside_keys() {
        let mut seen = facts(true, [1, 2], Some((End::A, Alert::Fatal(48))));
        seen.closed = [true, false];
        seen.obstacle = Some(Obstacle::NoKeys);
        let with_keys = details(&seen, CLOSED).unwrap();
        assert_eq!((with_keys.records, with_keys.closed), ([2, 1], [false, true]));
        let alert = with_keys.alert.unwrap();
        assert_eq!(
            (alert.from, alert.description.as_deref(), alert.frame),
            (Party::Server, Some("unknown_ca"), FrameNumber(7))
        );
        assert_eq!(with_keys.obstacle.as_deref(), Some("the key log holds no secret for it"));
        let without = details(&seen, Circumstances { has_keys: false, ..CLOSED }).unwrap();
        assert_eq!(without.obstacle, None);
    }
}
