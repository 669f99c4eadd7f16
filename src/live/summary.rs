//! Summary of a capture, for people.

use std::fmt;

use crate::base::{Bytes, LimitCounts, Printable};
use crate::capture::Drops;
use crate::extract;
use crate::report::{Finding, Report, Session, Severity, Status};

/// Summary of a capture.
#[derive(Debug, Default)]
pub struct Summary {
    /// Sessions that ended.
    pub sessions: u64,
    /// Transfers of these sessions.
    pub transfers: u64,
    /// Transfers that were completed.
    pub complete: u64,
    /// Data connections that were expected.
    pub expected: u64,
    /// Those of them that were made.
    pub connected: u64,
    /// Findings of all sessions, by severity: info, notice, warning, alert.
    pub findings: [u64; 4],
    /// The worst finding; what another finding explains counts as a notice.
    pub worst: Option<Severity>,
    /// Findings that belong to no single session.
    pub overall: Vec<Finding>,
    /// Packets analyzed.
    pub packets: u64,
    /// Whether they came from interfaces.
    pub is_live: bool,
    /// What the interfaces dropped.
    pub drops: Drops,
    /// Files that were saved.
    pub saved: Vec<String>,
    /// Bytes saved in total, including files that were deleted by rotation.
    pub saved_bytes: u64,
    /// What was extracted.
    pub extracted: Option<extract::Summary>,
    /// What the filter of `--learn-ports` did.
    pub learning: Option<String>,
    /// What ended an interface early.
    pub faults: Vec<String>,
    /// Damage of each damaged source, in words.
    pub damage: Vec<String>,
    /// Limits that were reached.
    pub limits: LimitCounts,
    /// Sessions that are incomplete because of a limit.
    pub limited: u64,
}

impl Summary {
    pub(super) fn count_session(&mut self, session: &Session) {
        self.sessions = self.sessions.saturating_add(1);
        self.limited = self.limited.saturating_add(u64::from(!session.limited.is_empty()));
        self.transfers = self.transfers.saturating_add(session.transfers.len() as u64);
        let complete =
            session.transfers.iter().filter(|transfer| transfer.status == Status::Complete).count();
        self.complete = self.complete.saturating_add(complete as u64);
        for channel in session.data_channels.iter().filter(|channel| channel.predicted().is_some()) {
            self.expected = self.expected.saturating_add(1);
            if channel.connected().is_some() {
                self.connected = self.connected.saturating_add(1);
            }
        }
        session.findings.iter().for_each(|finding| self.count_finding(finding));
    }

    fn count_finding(&mut self, finding: &Finding) {
        self.worst = self.worst.max(Some(finding.weight()));
        if let Some(count) = self.findings.get_mut(finding.severity as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds what is known only at the end.
    pub(super) fn close(mut self, report: Report) -> Self {
        self.packets = report.capture.packets;
        for finding in &report.findings {
            self.count_finding(finding);
        }
        self.overall = report.findings;
        self.limits = report.capture.limits;
        for source in report.capture.sources {
            if let Some(damage) = source.damage {
                self.damage.push(format!("{}: {}", Printable(&source.path), Printable(&damage)));
            }
        }
        self
    }
}

/// Some lines, without the last line feed.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.overall {
            writeln!(f, "{} {}: {}", finding.severity, finding.code, Printable(&finding.summary))?;
        }
        write!(
            f,
            "{}, {} ({} complete), {} of {} expected data connections made",
            Count(self.sessions, "session"),
            Count(self.transfers, "transfer"),
            self.complete,
            self.connected,
            self.expected
        )?;
        let [info, notice, warning, alert] = self.findings;
        let findings: Vec<String> =
            [(alert, "alert"), (warning, "warning"), (notice, "notice"), (info, "remark")]
                .into_iter()
                .filter(|&(count, _)| count > 0)
                .map(|(count, what)| Count(count, what).to_string())
                .collect();
        if !findings.is_empty() {
            write!(f, "; {}", findings.join(", "))?;
        }
        write!(f, "\n{} analyzed", Count(self.packets, "packet"))?;
        if self.is_live {
            let Drops { received, kernel, interface } = self.drops;
            write!(
                f,
                ", {received} passed the capture filter, {kernel} dropped by the kernel, {interface} dropped by the \
                 interface"
            )?;
        }
        if let Some(learning) = &self.learning {
            write!(f, "\n{learning}")?;
        }
        if let Some(extracted) = &self.extracted {
            write!(f, "\n{extracted}")?;
        }
        match self.saved.as_slice() {
            [] => {}
            [file] => write!(f, "\nsaved to {} ({})", Printable(file), Bytes(self.saved_bytes))?,
            [first, .., last] => write!(
                f,
                "\nsaved to {} files, {} to {} ({})",
                self.saved.len(),
                Printable(first),
                Printable(last),
                Bytes(self.saved_bytes)
            )?,
        }
        Ok(())
    }
}

/// A number of things.
struct Count(u64, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, what) = *self;
        write!(f, "{count} {what}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{finding, session};
    use crate::report::{Code, FindingIndex};

    #[test]
    fn the_worst_finding_is_one_that_no_other_explains() {
        let told = session();
        let now = told.now();
        let cause = finding(Code::ModeFallback, Severity::Info, "a cause", now, &[1]);
        let effect = Finding {
            explained_by: Some(FindingIndex(0)),
            ..finding(Code::DataUnanswered, Severity::Warning, "an effect", now, &[1])
        };
        let mut summary = Summary::default();
        summary.count_session(&told.but(|it| it.findings = vec![cause, effect]).session);
        assert_eq!(summary.worst, Some(Severity::Notice));
        assert_eq!(summary.findings, [1, 0, 1, 0], "what is shown is counted by severity");
    }
}
