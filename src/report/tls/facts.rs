//! TLS in words, for people.

use super::{TlsCertificate, TlsDetails, TlsHandshake};

impl TlsDetails {
    /// What is visible of it, each fact in a few words, the most telling first. They may quote a peer.
    pub fn facts(&self) -> Vec<String> {
        let mut facts = vec![self.version.as_deref().unwrap_or("TLS").to_owned()];
        facts.extend(self.cipher.as_deref().map(str::to_owned));
        facts.push(self.course().to_owned());
        if let Some(alert) = &self.alert {
            let name = alert.description.as_deref().unwrap_or("unread");
            facts.push(format!("{name} alert from the {} (frame {})", alert.from.name(), alert.frame));
        }
        if self.client_certificate == Some(true) {
            facts.push("client certificate".into());
        }
        if let Some(name) = &self.server_name {
            facts.push(format!("server name {}", name.raw()));
        }
        facts.extend(self.certificate.as_deref().map(TlsCertificate::fact));
        facts.extend(self.obstacle.as_deref().map(|obstacle| format!("not decrypted: {obstacle}")));
        facts
    }

    /// The facts of a data connection but for those that the control connection shares.
    pub fn facts_beside(&self, control: Option<&Self>) -> Vec<String> {
        let Some(control) = control else { return self.facts() };
        let mut differing = self.clone();
        if (&self.version, &self.cipher) == (&control.version, &control.cipher) {
            differing.cipher = None;
        }
        if self.server_name == control.server_name {
            differing.server_name = None;
        }
        if self.certificate == control.certificate {
            differing.certificate = None;
        }
        if self.client_certificate == control.client_certificate {
            differing.client_certificate = None;
        }
        if self.obstacle == control.obstacle {
            differing.obstacle = None;
        }
        differing.facts()
    }

    /// How the handshake went.
    const fn course(&self) -> &'static str {
        match (self.handshake, self.resumed) {
            (TlsHandshake::Complete, Some(true)) => "resumed",
            (TlsHandshake::Complete, Some(false)) => "full handshake",
            (TlsHandshake::Complete, None) => "handshake complete",
            (TlsHandshake::Failed, _) => "handshake failed",
            (TlsHandshake::Incomplete, _) => "handshake incomplete",
        }
    }
}

impl TlsCertificate {
    /// Whose it is, who signed it, and when it is valid.
    fn fact(&self) -> String {
        let subject = self.subject.as_ref().map_or("?", |subject| subject.raw());
        let issuer = match (self.self_signed, &self.issuer) {
            (Some(true), _) => ", self-signed".to_owned(),
            (_, Some(issuer)) => format!(", issued by {}", issuer.raw()),
            (_, None) => String::new(),
        };
        let validity = match (date(self.not_before.as_deref()), date(self.not_after.as_deref())) {
            (Some(from), Some(until)) => format!(", valid {from} to {until}"),
            _ => String::new(),
        };
        format!("certificate {subject}{issuer}{validity}")
    }
}

/// The date of a time of RFC 3339.
fn date(time: Option<&str>) -> Option<&str> {
    time?.split('T').next()
}

#[cfg(test)]
mod tests {
    use super::super::TlsAlert;
    use super::*;
    use crate::base::FrameNumber;
    use crate::report::Party;

    fn details() -> TlsDetails {
        TlsDetails {
            version: Some("TLS 1.2".into()),
            cipher: Some("TLS_RSA_WITH_AES_128_CBC_SHA".into()),
            server_name: Some("ftp.example".into()),
            resumed: Some(false),
            client_certificate: Some(true),
            certificate: Some(Box::new(TlsCertificate {
                subject: Some("CN=ftp.example".into()),
                issuer: Some("CN=Example CA".into()),
                not_before: Some("2026-01-01T00:00:00Z".into()),
                not_after: Some("2027-01-01T00:00:00Z".into()),
                self_signed: Some(false),
                sha256: None,
            })),
            handshake: TlsHandshake::Complete,
            ..TlsDetails::default()
        }
    }

    #[test]
    fn all_that_is_visible_is_said_in_a_few_words() {
        assert_eq!(
            details().facts().join(" · "),
            "TLS 1.2 · TLS_RSA_WITH_AES_128_CBC_SHA · full handshake · client certificate · server name ftp.example · \
             certificate CN=ftp.example, issued by CN=Example CA, valid 2026-01-01 to 2027-01-01"
        );
        let alert = TlsAlert {
            from: Party::Client,
            level: Some("fatal".into()),
            description: Some("certificate_expired".into()),
            frame: FrameNumber(9),
        };
        let failed =
            TlsDetails { alert: Some(alert), handshake: TlsHandshake::Failed, ..TlsDetails::default() };
        assert_eq!(
            failed.facts().join(" · "),
            "TLS · handshake failed · certificate_expired alert from the client (frame 9)"
        );
    }

    #[test]
    fn of_a_data_connection_only_what_differs_from_the_control_connection_is_said() {
        let control = details();
        let data = TlsDetails { resumed: Some(true), certificate: None, ..details() };
        assert_eq!(data.facts_beside(Some(&control)), ["TLS 1.2", "resumed"]);
        let other = TlsDetails { cipher: Some("TLS_AES_128_GCM_SHA256".into()), ..data };
        assert_eq!(other.facts_beside(Some(&control)), ["TLS 1.2", "TLS_AES_128_GCM_SHA256", "resumed"]);
        assert_eq!(other.facts_beside(None), other.facts());
    }
}
