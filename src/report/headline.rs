//! What went wrong in a session, in one sentence.

use std::cmp::Reverse;

use super::{Code, Finding, Session, Severity, Status, Transfer};

impl Session {
    /// What went wrong in this session and why: its gravest cause; none where nothing did.
    pub fn headline(&self) -> Option<String> {
        let (_, worst) = self.gravest_cause()?;
        let failed = self.failed_transfer(worst).filter(|_| worst.code != Code::TransferFailed);
        let verb = failed.and_then(|transfer| self.command(transfer.command)).map(|command| &command.verb);
        Some(match verb {
            Some(verb) if !worst.summary.starts_with(verb.name()) => {
                format!("{verb} failed: {}", uncapitalized(&worst.summary))
            }
            Some(_) | None => worst.summary.clone(),
        })
    }

    /// The finding that the headline is about, with its place among the findings.
    pub fn gravest_cause(&self) -> Option<(usize, &Finding)> {
        let causes = self.findings.iter().enumerate().filter(|(_, finding)| is_failure(finding));
        causes.max_by_key(|&(index, finding)| (finding.severity, finding.broke_something(), Reverse(index)))
    }

    /// The transfer that failed because of a finding.
    fn failed_transfer(&self, finding: &Finding) -> Option<&Transfer> {
        let named = finding.transfer.and_then(|index| self.transfer(index));
        let on_channel = || {
            let channel = finding.data_channel?;
            self.transfers.iter().find(|transfer| transfer.data_channel == Some(channel))
        };
        named.or_else(on_channel).filter(|transfer| transfer.status != Status::Complete)
    }
}

impl Finding {
    /// Whether it tells that something was refused, slow or misunderstood, however grave that is.
    pub const fn is_trouble(&self) -> bool {
        matches!(
            self.code,
            Code::TransferFailed
                | Code::LoginRejected
                | Code::ProtocolUnsupported
                | Code::UnexpectedReply
                | Code::SlowReply
                | Code::SlowTransfer
        )
    }

    /// Whether a transfer or a login came to nothing by it: that is what people look for first.
    const fn broke_something(&self) -> bool {
        // A file that was damaged did arrive.
        !matches!(self.code, Code::AsciiDamage | Code::SlowReply | Code::SlowTransfer | Code::DataUnprotected)
    }
}

/// Whether a finding is about something that went wrong, and not a consequence.
fn is_failure(finding: &Finding) -> bool {
    finding.explained_by.is_none() && (finding.severity >= Severity::Warning || finding.is_trouble())
}

/// A sentence as it reads after a colon: an article loses its capital letter.
fn uncapitalized(sentence: &str) -> String {
    for (first, lower) in [("The ", "the "), ("A ", "a "), ("Segments ", "segments "), ("Only ", "only ")] {
        if let Some(rest) = sentence.strip_prefix(first) {
            return [lower, rest].concat();
        }
    }
    sentence.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finding, session};
    use super::super::{FindingIndex, TransferIndex};
    use super::*;

    #[test]
    fn the_gravest_cause_is_the_headline_and_names_the_transfer_that_it_broke() {
        let told = session().pasv("203.0.113.21:50000").unanswered(3).retr("a", &[425]);
        let now = told.now();
        let cause =
            finding(Code::AddressMismatch, Severity::Warning, "The server announced nonsense", now, &[1]);
        let effect = Finding {
            explained_by: Some(FindingIndex(1)),
            ..finding(Code::DataUnanswered, Severity::Warning, "3 SYNs went unanswered", now, &[1])
        };
        let notice = finding(Code::CleartextCredentials, Severity::Notice, "A password", now, &[1]);
        let told = told.but(|it| {
            let cause = Finding { transfer: Some(TransferIndex(0)), ..cause };
            it.findings = vec![effect, cause, notice.clone()];
        });
        assert_eq!(told.session.headline().as_deref(), Some("RETR failed: the server announced nonsense"));
        assert_eq!(session().but(|it| it.findings = vec![notice]).session.headline(), None);
        assert_eq!(session().session.headline(), None);
    }
}
