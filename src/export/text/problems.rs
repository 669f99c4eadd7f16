//! What went wrong, before the sessions: a report starts with the answer.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use super::Numbers;
use super::findings::{self, AdviceGiven};
use super::page::{Page, Style};
use super::quantity::Count;
use crate::base::FrameNumber;
use crate::report::{Code, Finding, Session, Severity, Uid};

/// Sessions that are listed of a kind.
const LISTED: usize = 8;

/// What went wrong in all sessions, by kind, the gravest first.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kinds: BTreeMap<(Reverse<Severity>, Code), Kind>,
    passwords: Kind,
}

/// One kind of problem.
#[derive(Debug, Default)]
struct Kind {
    /// How many sessions have it.
    sessions: u64,
    /// The first of them, and one more than will be listed, so that it shows when the list is incomplete.
    first: Vec<(FrameNumber, Uid)>,
    /// What the very first is told by.
    sentence: String,
    advice: Option<Cow<'static, str>>,
}

impl Kind {
    fn add(
        &mut self,
        session: &Session,
        advice: Option<&Cow<'static, str>>,
        sentence: impl FnOnce() -> String,
    ) {
        let one = (session.frames.first, session.uid.clone());
        if self.first.contains(&one) {
            return;
        }
        self.sessions = self.sessions.saturating_add(1);
        let place = self.first.partition_point(|known| *known < one);
        if place == 0 {
            self.sentence = sentence();
            self.advice = advice.cloned();
        }
        if place <= LISTED {
            self.first.insert(place, one);
            self.first.truncate(LISTED + 1);
        }
    }

    /// `#3`, `#3 #4 #9 …`.
    fn list(&self, numbers: &Numbers) -> String {
        let mut list: Vec<String> = (self.first.iter().take(LISTED))
            .filter_map(|(_, uid)| Some(format!("#{}", numbers.of(uid)?)))
            .collect();
        if self.first.len() > LISTED {
            list.push("…".into());
        }
        list.join(" ")
    }

    fn write(
        &self,
        (severity, code): (Severity, Code),
        numbers: &Numbers,
        advised: &mut AdviceGiven,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        let style = findings::style_of(severity);
        let times = if self.sessions > 1 { format!(" ×{}", Count(self.sessions)) } else { String::new() };
        let pieces = [
            page.styled(style, format!("{:7}", severity.name())),
            page.styled(style, format!("{code}{times}")),
            page.styled(Style::Faint, format!("({}):", self.list(numbers))),
            page.styled(Style::Plain, self.sentence.trim_end_matches('.')),
        ];
        page.paragraph(2, findings::INDENT, &pieces)?;
        findings::advice(self.advice.as_ref(), advised, page)
    }
}

impl Problems {
    /// Adds what went wrong in a session.
    pub(super) fn add(&mut self, session: &Session) {
        let gravest = session.gravest_cause().map(|(at, _)| at);
        for (at, finding) in session.findings.iter().enumerate() {
            if finding.code == Code::CleartextCredentials {
                self.passwords
                    .add(session, finding.advice.as_ref(), || "passwords were sent in the clear".to_owned());
            }
            if finding.explained_by.is_none()
                && (finding.severity >= Severity::Warning || finding.is_trouble())
            {
                let kind = self.kinds.entry((Reverse(finding.severity), finding.code)).or_default();
                kind.add(session, finding.advice.as_ref(), || {
                    let headline = if gravest == Some(at) { session.headline() } else { None };
                    headline.unwrap_or_else(|| finding.summary.clone())
                });
            }
        }
    }

    /// Whether passwords in the clear are told of once for all sessions.
    pub(super) const fn are_passwords_told(&self) -> bool {
        self.passwords.sessions > 1
    }

    /// Writes what belongs to no single session, and then what went wrong in the sessions by kind. A single session
    /// speaks for itself, unless it is not shown.
    pub(super) fn write(
        &self,
        overall: &[Finding],
        (numbers, is_summary): (&Numbers, bool),
        advised: &mut AdviceGiven,
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        let speaks_for_itself = numbers.len() <= 1 && !is_summary;
        let of_sessions = !speaks_for_itself && (!self.kinds.is_empty() || self.are_passwords_told());
        if overall.is_empty() && !of_sessions {
            return Ok(());
        }
        page.gap()?;
        let heading = if self.kinds.is_empty() && overall.iter().all(|it| it.severity < Severity::Warning) {
            "Remarks"
        } else {
            "Problems"
        };
        page.line(0, &[page.styled(Style::Heading, heading)])?;
        findings::write(overall, advised, page)?;
        if speaks_for_itself {
            return Ok(());
        }
        let is_told = |code| overall.iter().any(|finding| covers(finding.code, code));
        for (&(Reverse(severity), code), kind) in self.kinds.iter().filter(|((_, code), _)| !is_told(*code)) {
            kind.write((severity, code), numbers, advised, page)?;
        }
        if self.are_passwords_told() {
            let key = (Severity::Notice, Code::CleartextCredentials);
            self.passwords.write(key, numbers, advised, page)?;
        }
        self.hint(page)
    }

    /// How to see the sessions of a kind that has many.
    fn hint(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(((_, code), _)) = self.kinds.iter().find(|(_, kind)| kind.sessions > 1) else {
            return Ok(());
        };
        let hint = format!("The sessions of one kind: ftpscope analyze -Y 'find.id == {code}' FILE");
        page.paragraph(2, 4, &[page.styled(Style::Faint, hint)])
    }
}

/// Whether a finding over sessions tells all that there is to say of a kind in each of them.
fn covers(overall: Code, code: Code) -> bool {
    overall == code || (overall, code) == (Code::BruteForce, Code::LoginRejected)
}

#[cfg(test)]
mod tests {
    use super::super::{Look, Shown, Text};
    use crate::base::FrameNumber;
    use crate::export::{self, Settings};
    use crate::report::testing::{SessionBuilder, finding, session};
    use crate::report::{Code, Finding, Report, Session, Severity, Uid};

    fn text(report: &Report, look: Look) -> String {
        let mut bytes = Vec::new();
        export::write(report, &Text, &Settings { look, ..Settings::default() }, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// A report of sessions with these findings.
    fn report(findings: impl IntoIterator<Item = Vec<Finding>>) -> Report {
        let number = |(number, findings): (u64, Vec<Finding>)| {
            let told = session().but(|it| {
                it.uid = Uid(number.to_string().into());
                it.frames.first = FrameNumber(number);
                it.findings = findings;
            });
            told.session
        };
        let sessions: Vec<Session> = (1..).zip(findings).map(number).collect();
        Report { sessions, ..Report::default() }
    }

    fn found(code: Code, severity: Severity, summary: &str) -> Finding {
        let told: SessionBuilder = session();
        Finding { advice: Some("Do it.".into()), ..finding(code, severity, summary, told.now(), &[1]) }
    }

    fn passwords() -> Finding {
        found(Code::CleartextCredentials, Severity::Notice, "The client sent the password")
    }

    fn refused(whom: &str) -> Finding {
        found(Code::ConnectionLimit, Severity::Warning, &format!("The server turned {whom} away"))
    }

    /// What stands above the first session.
    fn above(text: &str) -> &str {
        text.split_once("\n\n#1 ").unwrap().0
    }

    #[test]
    fn the_answer_comes_first_with_each_kind_once() {
        let told = report([vec![passwords()], vec![refused("a"), passwords()], vec![refused("b")]]);
        assert_eq!(
            above(&text(&told, Look::default())),
            "\nProblems\n  warning connection-limit ×2 (#2 #3): The server turned a away\n          → Do it.\n  notice  \
             cleartext-credentials ×2 (#1 #2): passwords were sent in the clear\n  The sessions of one kind: ftpscope \
             analyze -Y 'find.id == connection-limit' FILE"
        );
    }

    #[test]
    fn passwords_in_the_clear_are_one_line_however_many_sessions_there_are() {
        let told = report((0..46).map(|_| vec![passwords()]));
        let many = text(&told, Look::default());
        assert!(many.contains("cleartext-credentials ×46 (#1 #2 #3 #4 #5 #6 #7 #8 …)"), "{many}");
        assert!(!many.contains("The client sent the password"), "{many}");
        let one = text(&report([vec![passwords()]]), Look::default());
        assert!(one.contains("notice  cleartext-credentials: The client sent the password"), "{one}");
    }

    #[test]
    fn what_is_said_of_all_sessions_together_is_not_said_of_each_kind_again() {
        let rejected = |summary| found(Code::LoginRejected, Severity::Notice, summary);
        let sessions = [vec![rejected("one login")], vec![rejected("another login")]];
        let findings = vec![rejected("two logins, always with the same password")];
        let told = text(&Report { findings, ..report(sessions) }, Look::default());
        assert!(above(&told).contains("always with the same password"), "{told}");
        assert!(!above(&told).contains("one login"), "{told}");
    }

    #[test]
    fn a_single_session_speaks_for_itself_and_begins_with_its_cause() {
        let trouble = found(Code::SlowReply, Severity::Notice, "The greeting took 11 s");
        let told = text(&report([vec![passwords(), trouble]]), Look::default());
        assert!(!told.contains("Problems"), "{told}");
        let slow = told.find("slow-reply: The greeting took 11 s").unwrap();
        assert!(slow < told.find("cleartext-credentials").unwrap(), "{told}");
        assert_eq!(told.matches("The greeting took 11 s").count(), 1, "{told}");
    }

    #[test]
    fn only_what_was_asked_for_is_written_out_and_a_terminal_shows_no_more_than_fits() {
        let told = report([vec![], vec![refused("a")], vec![]]);
        let show = |shown| text(&told, Look { shown, ..Look::default() });
        assert!(show(Shown::Fitting).contains("\n#1 ") && show(Shown::All).contains("\n#3 "));
        let problems = show(Shown::Problems);
        assert!(problems.contains("\n#2 ") && !problems.contains("\n#1 "), "{problems}");
        assert!(problems.ends_with("2 sessions without a warning not shown\n"), "{problems}");
        let summary = show(Shown::Summary);
        assert!(!summary.contains("\n#2 ") && summary.contains("The server turned a away"), "{summary}");

        let many = report((0..51).map(|_| Vec::new()));
        let on_terminal = |shown| text(&many, Look { shown, width: Some(80), ..Look::default() });
        assert!(!on_terminal(Shown::Fitting).contains("\n#1 "));
        assert!(on_terminal(Shown::Fitting).contains("51 sessions not shown: --problems"));
        assert!(on_terminal(Shown::All).contains("\n#51 "));
        assert!(text(&many, Look::default()).contains("\n#51 "), "a pipe takes everything");
    }

    #[test]
    fn a_failed_row_and_a_session_that_was_ended_carry_the_servers_words() {
        let told = session().pasv("203.0.113.21:50000").connected(0).retr("a", &[550]);
        let told = told.but(|it| {
            it.commands.last_mut().unwrap().replies.last_mut().unwrap().text = "No such file.".into();
            let mut timeout = it.greeting[0].clone();
            timeout.code = 421;
            timeout.text = "Timeout.".into();
            it.unsolicited.push(timeout);
        });
        let told = text(&Report { sessions: vec![told.session], ..Report::default() }, Look::default());
        assert!(told.contains("└ “No such file.”"), "{told}");
        assert!(told.contains("the server ended it with 421 “Timeout.”"), "{told}");
    }
}
