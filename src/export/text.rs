//! The report for a person at a terminal.
//!
//! The captures come first, then what went wrong in all sessions together, then each session with its findings. The
//! totals come last, because a terminal shows the end of a long report.

mod findings;
mod outcome;
mod page;
mod problems;
mod quantity;
mod session;
mod table;
mod tls;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use super::{Format, Setting, Settings, Stream};
use crate::base::{Bytes, Timestamp};
use crate::report::{Capture, Code, Direction, Finding, Session, Severity, Source, Status, Uid};

pub(super) use findings::Causes;
pub(super) use outcome::outcome as outcome_of;
pub use page::{Look, Shown};
use page::{Page, Style, Styled};
use problems::Problems;
pub(super) use quantity::{Count, Frames};
use quantity::{DateTime, Plural, TimeOfDay};
pub(super) use session::{end as end_of, facts as facts_of};

/// Size of the writes to the output.
const BUFFER_SIZE: usize = 64 * 1024;

/// The sessions' numbers in this report, counted from 1.
#[derive(Debug, Default)]
struct Numbers(HashMap<Uid, usize>);

impl Numbers {
    fn of(&self, uid: &Uid) -> Option<usize> {
        self.0.get(uid).copied()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// For people.
#[derive(Clone, Copy, Debug)]
pub struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn help(&self) -> &'static str {
        "For people"
    }

    fn heeds(&self) -> &'static [Setting] {
        &[Setting::Shown]
    }

    /// The captures come first, and what went wrong in all sessions together.
    fn needs_all_first(&self) -> bool {
        true
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        Box::new(Writing { look: settings.look, ..Writing::default() })
    }
}

/// A report that is being written.
#[derive(Debug, Default)]
struct Writing {
    look: Look,
    numbers: Numbers,
    advised: findings::AdviceGiven,
    totals: Totals,
    codes: Codes,
    problems: Problems,
    unread: tls::Unread,
    /// Sessions that were not written out.
    left_out: u64,
    /// Text that is not written yet.
    text: Vec<u8>,
}

/// Sessions that a terminal shows without being asked to.
const FITTING: usize = 50;

impl Writing {
    /// Which sessions are written out.
    fn shown(&self) -> Shown {
        match self.look.shown {
            Shown::Fitting if self.look.width.is_some() && self.numbers.len() > FITTING => Shown::Summary,
            Shown::Fitting => Shown::All,
            asked @ (Shown::All | Shown::Problems | Shown::Summary) => asked,
        }
    }

    /// Whether a session is written out.
    fn shows(&self, session: &Session) -> bool {
        match self.shown() {
            Shown::All | Shown::Fitting => true,
            Shown::Problems => session.findings.iter().any(|it| it.weight() >= Severity::Warning),
            Shown::Summary => false,
        }
    }

    /// How to see the sessions that were left out.
    fn write_left_out(&mut self) -> io::Result<()> {
        if self.left_out == 0 {
            return Ok(());
        }
        let shown = self.shown();
        let mut page = Page::new(&mut self.text, self.look);
        let left_out = Plural(self.left_out, "session");
        let hint = match shown {
            Shown::Summary => {
                format!("{left_out} not shown: --problems shows those with problems, --all shows all")
            }
            Shown::Problems | Shown::All | Shown::Fitting => {
                format!("{left_out} without a warning not shown")
            }
        };
        page.paragraph(0, 2, &[page.styled(Style::Faint, hint)])
    }

    fn write_to(&mut self, out: &mut dyn Write, threshold: usize) -> io::Result<()> {
        if self.text.len() > threshold {
            out.write_all(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }
}

impl Stream for Writing {
    fn preview(&mut self, session: &Session) {
        self.problems.add(session);
    }

    fn heading(
        &mut self,
        capture: &Capture,
        findings: &[Finding],
        names: &mut dyn Iterator<Item = Uid>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.numbers = Numbers(names.zip(1..).collect());
        let mut page = Page::new(&mut self.text, self.look);
        for source in &capture.sources {
            self::source(source, &mut page)?;
        }
        if let [_, _, ..] = capture.sources.as_slice() {
            amounts("total", capture.packets, capture.bytes, capture.first.zip(capture.last), &mut page)?;
        }
        let is_summary = self.shown() == Shown::Summary;
        let mut page = Page::new(&mut self.text, self.look);
        self.problems.write(findings, (&self.numbers, is_summary), &mut self.advised, &mut page)?;
        self.write_to(out, 0)
    }

    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        let is_shown = self.shows(session);
        let Self { look, numbers, advised, totals, codes, problems, unread, text, left_out } = self;
        totals.add(session);
        codes.add(&session.findings, Some(totals.sessions));
        unread.add(session);
        if is_shown {
            let mut page = Page::new(text, *look);
            page.gap()?;
            session::write(session, (numbers, problems.are_passwords_told()), advised, &mut page)?;
        } else {
            *left_out = left_out.saturating_add(1);
        }
        self.write_to(out, BUFFER_SIZE)
    }

    fn end(
        mut self: Box<Self>,
        capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Self { look, totals, codes, unread, text, .. } = &mut *self;
        let mut page = Page::new(text, *look);
        page.gap()?;
        totals.write(look.is_selection, &mut page)?;
        codes.add(findings, None);
        codes.write(&mut page)?;
        omissions(capture, &mut page)?;
        unread.write(&mut page)?;
        self.write_left_out()?;
        self.write_to(out, 0)
    }
}

fn source(source: &Source, page: &mut Page<'_>) -> io::Result<()> {
    let mut format = source.format.to_string();
    if let Some(compression) = &source.compression {
        format.push_str(", ");
        format.push_str(compression.name());
    }
    if !source.link_types.is_empty() {
        format.push_str(", ");
        format.push_str(&source.link_types.join(", "));
    }
    let name = format!("{} ({format})", source.path);
    amounts(&name, source.packets, source.bytes, source.first.zip(source.last), page)?;
    if source.truncated_packets > 0 {
        let truncated = Plural(source.truncated_packets, "packet");
        let truncated =
            page.styled(Style::Warning, format!("{truncated} truncated by the capture (snap length)"));
        page.paragraph(2, 4, &[truncated])?;
    }
    if let Some(damage) = &source.damage {
        let damage = page.styled(Style::Bad, format!("damaged: {damage}"));
        page.paragraph(2, 4, &[damage])?;
    }
    Ok(())
}

fn amounts(
    name: &str,
    packets: u64,
    bytes: u64,
    times: Option<(Timestamp, Timestamp)>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let mut facts = vec![name.to_owned(), Plural(packets, "packet").to_string(), Bytes(bytes).to_string()];
    if let Some((first, last)) = times {
        let until = if first.date() == last.date() {
            TimeOfDay(last).to_string()
        } else {
            DateTime(last).to_string()
        };
        facts.push(format!("{} to {until} UTC ({})", DateTime(first), last.since(first)));
    }
    let facts: Vec<Styled> = facts.iter().map(|fact| page.styled(Style::Plain, fact)).collect();
    page.facts(0, 2, &facts)
}

/// How much there was of everything.
#[derive(Debug, Default)]
struct Totals {
    sessions: u64,
    transfers: u64,
    bytes: u64,
    by_status: [u64; Status::ALL.len()],
}

impl Totals {
    fn add(&mut self, session: &Session) {
        self.sessions = self.sessions.saturating_add(1);
        // What was seen on both sides of a NAT, or told by both servers, happened once.
        let is_told_twice = session.twin.as_ref().is_some_and(|twin| *twin < session.uid);
        let transfers = session.transfers.iter().filter(|_| !is_told_twice);
        for transfer in
            transfers.filter(|it| it.peer_session.is_none() || it.direction == Direction::Download)
        {
            self.transfers = self.transfers.saturating_add(1);
            self.bytes = self.bytes.saturating_add(transfer.bytes.unwrap_or(0));
            if let Some(count) = self.by_status.get_mut(transfer.status as usize) {
                *count = count.saturating_add(1);
            }
        }
    }

    fn write(&self, is_selection: bool, page: &mut Page<'_>) -> io::Result<()> {
        let mut facts = vec![match self.sessions {
            0 if is_selection => "No session matches the filter".to_owned(),
            0 => "No FTP session found".to_owned(),
            sessions => Plural(sessions, "session").to_string(),
        }];
        if self.transfers > 0 {
            let of = |status: Status| self.by_status.get(status as usize).copied().unwrap_or(0);
            let shares: Vec<String> = [Status::Complete, Status::Failed, Status::Aborted, Status::Unfinished]
                .into_iter()
                .filter(|&status| of(status) > 0)
                .map(|status| format!("{} {}", Count(of(status)), status.name()))
                .collect();
            facts.push(format!("{}: {}", Plural(self.transfers, "transfer"), shares.join(", ")));
            facts.push(Bytes(self.bytes).to_string());
        }
        let facts: Vec<Styled> = facts.iter().map(|fact| page.styled(Style::Heading, fact)).collect();
        page.facts(0, 2, &facts)
    }
}

/// The number of findings by code, the most severe first, each with the first few sessions that have it.
#[derive(Debug, Default)]
struct Codes(BTreeMap<(Reverse<Severity>, Code), (u64, Vec<u64>)>);

impl Codes {
    /// Sessions of a code that are listed.
    const LISTED: usize = 8;

    /// Counts findings, of the session of this number or of none.
    fn add(&mut self, findings: &[Finding], number: Option<u64>) {
        for finding in findings {
            let key = (Reverse(finding.weight()), finding.code);
            let (count, sessions) = self.0.entry(key).or_default();
            *count = count.saturating_add(1);
            if let Some(number) = number {
                // One more than will be listed, so that it shows when the list is incomplete.
                if sessions.last() != Some(&number) && sessions.len() <= Self::LISTED {
                    sessions.push(number);
                }
            }
        }
    }

    fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        let widest = self.0.values().map(|(count, _)| Count(*count).to_string().len()).max().unwrap_or(0);
        for (&(Reverse(severity), code), (count, sessions)) in &self.0 {
            let style = findings::style_of(severity);
            let mut pieces = vec![
                page.styled(Style::Plain, format!("{:>widest$} ", Count(*count).to_string())),
                page.styled(style, format!("{:8}", severity.name())),
                page.styled(style, format!("{:27}", code.name())),
            ];
            let mut listed: Vec<String> =
                sessions.iter().take(Self::LISTED).map(|number| format!("#{number}")).collect();
            if sessions.len() > Self::LISTED {
                listed.push("…".into());
            }
            pieces.push(page.styled(Style::Faint, listed.join(" ")));
            page.line(2, &pieces)?;
        }
        Ok(())
    }
}

/// The limits that were reached and took something from the report, or only let go of what is old.
pub(super) fn limits_reached(capture: &Capture, takes_something: bool) -> Option<String> {
    let limits = capture.limits.iter().filter(|(name, _)| name.takes_something() == takes_something);
    let limits: Vec<String> =
        limits.map(|(name, count)| format!("{} ×{}", name.name(), Count(count))).collect();
    (!limits.is_empty()).then(|| limits.join(", "))
}

/// What the capture had that the report lacks.
fn omissions(capture: &Capture, page: &mut Page<'_>) -> io::Result<()> {
    let mut lines = Vec::new();
    if let Some(dropped @ 1..) = capture.dropped {
        lines.push((Style::Warning, format!("{} dropped by the kernel", Plural(dropped, "packet"))));
    }
    let ignored: u64 = capture.ignored.values().fold(0, |sum, count| sum.saturating_add(*count));
    if ignored > 0 {
        let reasons: Vec<String> =
            capture.ignored.iter().map(|(reason, count)| format!("{} {reason}", Count(*count))).collect();
        lines.push((Style::Faint, format!("{} left out: {}", Plural(ignored, "packet"), reasons.join(", "))));
    }
    if capture.silent_connections > 0 {
        let silent = Plural(capture.silent_connections, "connection");
        lines.push((Style::Faint, format!("{silent} to a control port carried no FTP")));
    }
    for (takes_something, style, what) in [
        (true, Style::Warning, "limits reached, the report is incomplete"),
        (false, Style::Faint, "limits reached, older endpoints, hosts or flows were forgotten"),
    ] {
        if let Some(limits) = limits_reached(capture, takes_something) {
            lines.push((style, format!("{what}: {limits}")));
        }
    }
    for (style, text) in lines {
        let text = page.styled(style, text);
        page.paragraph(0, 2, &[text])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample_report;
    use super::*;
    use crate::base::LimitName;
    use crate::export;
    use crate::report::{Report, TlsDetails, TlsHandshake};

    fn text(report: &Report, look: Look) -> String {
        let mut bytes = Vec::new();
        export::write(report, &Text, &Settings { look, ..Settings::default() }, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_are_as_long_as_they_need_where_there_is_no_terminal() {
        insta::assert_snapshot!(text(&sample_report(), Look::default()));
    }

    #[test]
    fn in_eighty_columns() {
        let text = text(&sample_report(), Look { width: Some(80), ..Look::default() });
        for line in text.lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn in_ascii() {
        let text = text(&sample_report(), Look { width: Some(100), ascii: true, ..Look::default() });
        assert!(text.is_ascii());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let plain = text(&sample_report(), Look { width: Some(80), ..Look::default() });
        let colored = text(&sample_report(), Look { width: Some(80), color: true, ..Look::default() });
        assert_ne!(colored, plain);
        let mut bare = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once("\x1b[") {
            bare.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        assert_eq!(bare + rest, plain);
    }

    #[test]
    fn tls_is_shown_and_how_to_read_it_is_said_once_where_no_keys_were_given() {
        let hint = "2 sessions under TLS can't be read without keys";
        let mut report = sample_report();
        let details = TlsDetails {
            version: Some("TLS 1.3".into()),
            resumed: Some(true),
            handshake: TlsHandshake::Complete,
            server_name: Some("ftp\u{1b}[2J.example".into()),
            records: [1, 1],
            ..TlsDetails::default()
        };
        for session in report.sessions.iter_mut().take(2) {
            session.tls_details = Some(Box::new(details.clone()));
        }
        let shown = text(&report, Look::default());
        assert!(shown.contains("\n  TLS 1.3 · resumed · server name ftp\\x1b[2J.example\n"), "{shown}");
        assert_eq!(shown.matches(hint).count(), 1, "{shown}");
        assert!(shown.contains("SSLKEYLOGFILE") && shown.contains("--keylog"));
        for session in report.sessions.iter_mut().take(2) {
            let obstacle = Some("the key log is empty".into());
            session.tls_details = Some(Box::new(TlsDetails { obstacle, ..details.clone() }));
        }
        let shown = text(&report, Look::default());
        assert!(!shown.contains("--keylog"), "keys were given: {shown}");
    }

    #[test]
    fn text_from_the_wire_moves_no_cursor() {
        for look in [Look::default(), Look { width: Some(60), ..Look::default() }] {
            let text = text(&sample_report(), look);
            assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text}");
        }
    }

    #[test]
    fn the_same_advice_is_given_once() {
        let mut report = sample_report();
        for session in &mut report.sessions {
            for finding in &mut session.findings {
                finding.advice = Some(format!("mind the {}", finding.severity).into());
            }
        }
        let again = report.sessions[1].clone();
        report.sessions.push(again);
        let text = text(&report, Look::default());
        assert_eq!(text.matches("→ mind the notice").count(), 1, "{text}");
        assert_eq!(text.matches("→ mind the warning").count(), 1, "{text}");
    }

    #[test]
    fn a_report_is_called_incomplete_only_where_a_limit_took_something() {
        let mut report = Report::default();
        report.capture.limits.add(LimitName::History, 1234);
        let before = text(&report, Look::default());
        assert!(before.contains("were forgotten: history ×1,234\n"), "{before}");
        assert!(!before.contains("incomplete"), "{before}");
        report.capture.limits.add(LimitName::Sessions, 2);
        assert!(text(&report, Look::default()).contains("the report is incomplete: sessions ×2\n"));
    }

    #[test]
    fn a_capture_without_ftp_and_a_filter_that_matches_nothing_are_reported_as_such() {
        let report = Report { capture: sample_report().capture, ..Report::default() };
        assert!(text(&report, Look::default()).contains("\nNo FTP session found\n"));
        let look = Look { is_selection: true, ..Look::default() };
        assert!(text(&report, look).contains("\nNo session matches the filter\n"));
    }
}
