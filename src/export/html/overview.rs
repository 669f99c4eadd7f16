//! What stands above the sessions: what was read, what went wrong, and all sessions in a table.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::markup::Markup;
use super::super::svg::class_of_mode;
use super::super::text::{Count, limits_reached};
use super::session;
use super::words::{Wire, class, sentence};
use crate::base::Bytes;
use crate::picture::channels::mode_counts;
use crate::picture::{mode_name, words};
use crate::report::{Capture, Finding, Mode, Session, Severity, Source, Status};

/// Headlines on top of the page.
const PROBLEMS: usize = 20;
/// Sessions in the table; those beyond are counted.
const ROWS: u64 = 10_000;

/// What is gathered while the sessions are written.
#[derive(Debug, Default)]
pub(super) struct Overview {
    is_selection: bool,
    sessions: u64,
    transfers: u64,
    failed: u64,
    bytes: u64,
    /// Sessions with a warning or worse.
    troubled: u64,
    /// Sessions without a section of their own.
    listed_only: u64,
    /// The gravest headlines with their sessions' numbers, and whether there is a section to go to.
    problems: Vec<(Severity, u64, bool, String)>,
    rows: String,
}

impl Overview {
    pub(super) fn new(is_selection: bool) -> Self {
        Self { is_selection, ..Self::default() }
    }

    pub(super) fn add(&mut self, session: &Session, number: u64, is_whole: bool) {
        self.sessions = self.sessions.saturating_add(1);
        if !is_whole {
            self.listed_only = self.listed_only.saturating_add(1);
        }
        for transfer in &session.transfers {
            self.transfers = self.transfers.saturating_add(1);
            self.bytes = self.bytes.saturating_add(transfer.bytes.unwrap_or(0));
            if transfer.status != Status::Complete {
                self.failed = self.failed.saturating_add(1);
            }
        }
        let worst = session.findings.iter().map(Finding::weight).max();
        let headline = session.headline();
        if let Some(worst) = worst.filter(|&worst| worst >= Severity::Warning) {
            self.troubled = self.troubled.saturating_add(1);
            self.problem(worst, number, is_whole, headline.as_deref());
        }
        if number <= ROWS {
            self.row(session, number, is_whole, worst, headline.as_deref());
        }
    }

    fn problem(&mut self, worst: Severity, number: u64, is_whole: bool, headline: Option<&str>) {
        let Some(headline) = headline else { return };
        let place = self.problems.partition_point(|&(severity, ..)| severity >= worst);
        if place < PROBLEMS {
            self.problems.insert(place, (worst, number, is_whole, headline.to_owned()));
            self.problems.truncate(PROBLEMS);
        }
    }

    fn row(
        &mut self,
        session: &Session,
        number: u64,
        is_whole: bool,
        worst: Option<Severity>,
        told: Option<&str>,
    ) {
        let mut modes = String::new();
        for (mode, count) in mode_counts(session) {
            let gap = if modes.is_empty() { "" } else { ", " };
            _ = write!(modes, "{gap}{} {}", Count(u64::from(count)), mode_name(mode));
        }
        let user = session.user.as_ref().map(|user| Wire(user.raw()).to_string()).unwrap_or_default();
        let bytes = session.transfers.iter().fold(0_u64, |sum, it| sum.saturating_add(it.bytes.unwrap_or(0)));
        let severity = worst.filter(|&worst| worst >= Severity::Warning).map_or("", class);
        _ = writeln!(
            self.rows,
            r#"<tr><td class="tight">{}</td><td class="tight">{}</td><td class="peer">{}</td><td class="peer">{}</td><td>{user}</td><td>{modes}</td><td class="num">{}</td><td class="num">{}</td><td class="{severity}">{}</td></tr>"#,
            link(number, is_whole),
            words::date(session.start),
            session.client,
            session.server,
            session.transfers.len(),
            Bytes(bytes),
            told.map(|told| Markup(&words::raw_wire(told)).to_string()).unwrap_or_default(),
        );
    }

    /// Writes all of it.
    pub(super) fn write(
        &self,
        capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.header(capture, out)?;
        self.write_problems(out)?;
        if !findings.is_empty() {
            writeln!(out, "<section class=\"across\"><h2>Findings across sessions</h2>")?;
            session::findings(findings, out)?;
            writeln!(out, "</section>")?;
        }
        self.table(out)?;
        legend(out)
    }

    fn header(&self, capture: &Capture, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "<header><h1>{}</h1>", self.title())?;
        for source in &capture.sources {
            self::source(source, out)?;
        }
        if let Some(dropped @ 1..) = capture.dropped {
            writeln!(out, r#"<p class="bad">{} packets were dropped by the kernel.</p>"#, Count(dropped))?;
        }
        if let Some(limits) = limits_reached(capture, true) {
            writeln!(out, r#"<p class="bad">Limits reached, the report is incomplete: {limits}.</p>"#)?;
        }
        writeln!(out, "</header>")
    }

    fn title(&self) -> String {
        if self.sessions == 0 {
            let none =
                if self.is_selection { "No session matches the filter" } else { "No FTP session found" };
            return none.into();
        }
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {} not completed", Count(failed)),
        };
        let (sessions, transfers) = (words::counted(self.sessions, "FTP session"), self.transfers);
        format!("{sessions}, {}{failed}, {}", words::counted(transfers, "transfer"), Bytes(self.bytes))
    }

    fn write_problems(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.sessions == 0 {
            return Ok(());
        }
        writeln!(out, "<section class=\"problems\"><h2>Problems</h2>")?;
        if self.problems.is_empty() {
            writeln!(out, r#"<p class="good">No session has a warning.</p>"#)?;
        } else {
            writeln!(out, "<ul>")?;
            for (severity, number, is_whole, headline) in &self.problems {
                let (link, told) = (link(*number, *is_whole), sentence(headline));
                writeln!(out, r#"<li>{link} <span class="{0}">{0}</span> {told}</li>"#, class(*severity))?;
            }
            writeln!(out, "</ul>")?;
        }
        let more = self.troubled.saturating_sub(self.problems.len() as u64);
        if more > 0 {
            let more = words::counted(more, "more session");
            writeln!(out, r#"<p class="faint">{more} with a warning or an alert.</p>"#)?;
        }
        writeln!(out, "</section>")
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.sessions == 0 {
            return Ok(());
        }
        writeln!(
            out,
            r#"<section class="list"><h2>Sessions</h2><table><thead><tr><th>#</th><th>start (UTC)</th><th>client</th><th>server</th><th>user</th><th>data channels</th><th class="num">transfers</th><th class="num">size</th><th>what went wrong</th></tr></thead><tbody>"#
        )?;
        out.write_all(self.rows.as_bytes())?;
        writeln!(out, "</tbody></table>")?;
        if self.listed_only > 0 {
            let unlisted = self.sessions.saturating_sub(ROWS);
            let listed = self.listed_only.saturating_sub(unlisted);
            let verb = if listed == 1 { "is" } else { "are" };
            writeln!(
                out,
                r#"<p class="bad">{} {verb} listed without their details{}: a filter (<code>-Y</code>) chooses which are shown.</p>"#,
                words::counted(listed, "session"),
                if unlisted > 0 { format!(", {} are only counted", Count(unlisted)) } else { String::new() },
            )?;
        }
        writeln!(out, "</section>")
    }
}

/// The number of a session, and the way to it where it is on the page.
fn link(number: u64, is_whole: bool) -> String {
    if is_whole { format!(r##"<a href="#n{number}">#{number}</a>"##) } else { format!("#{number}") }
}

fn source(source: &Source, out: &mut dyn Write) -> io::Result<()> {
    let times = match source.first.zip(source.last) {
        Some((first, last)) => {
            format!(", {} to {} UTC ({})", words::date(first), words::date(last), last.since(first))
        }
        None => String::new(),
    };
    writeln!(
        out,
        "<p>{} <span class=\"faint\">{}, {}, {}{times}</span></p>",
        Wire(&source.path),
        source.format,
        words::counted(source.packets, "packet"),
        Bytes(source.bytes),
    )?;
    if let Some(damage) = &source.damage {
        writeln!(out, r#"<p class="bad">Damaged: {}</p>"#, sentence(damage))?;
    }
    Ok(())
}

fn legend(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<footer class="small faint legend"><h2>Legend</h2><p>"#)?;
    for mode in [Mode::Pasv, Mode::Epsv, Mode::Port, Mode::Eprt] {
        writeln!(
            out,
            r#"<span><svg class="ftp" width="28" height="12" viewBox="0 0 28 12"><rect class="{}" width="28" height="12"/></svg> {}</span>"#,
            class_of_mode(Some(mode)),
            mode.name()
        )?;
    }
    writeln!(
        out,
        r#"<span><svg class="ftp" width="12" height="12" viewBox="0 0 12 12"><path class="matched" d="M1 6 L6 1 L11 6 L6 11 Z"/></svg> announced, and a connection came</span>
<span><svg class="ftp" width="12" height="12" viewBox="0 0 12 12"><path class="predicted" d="M1 6 L6 1 L11 6 L6 11 Z"/></svg> announced, and none came</span>
<span><svg class="ftp" width="12" height="12" viewBox="0 0 12 12"><path class="reuse" d="M1 6 L6 1 L11 6 L6 11 Z"/></svg> the 4-tuple of an earlier connection, still in TIME_WAIT</span>
<span><svg class="ftp" width="28" height="12" viewBox="0 0 28 12"><line class="waiting" x1="0" y1="6" x2="28" y2="6"/></svg> waiting</span>
<span><svg class="ftp" width="28" height="12" viewBox="0 0 28 12"><line class="wait" x1="0" y1="6" x2="28" y2="6"/></svg> TIME_WAIT</span>
<span><svg class="ftp" width="28" height="12" viewBox="0 0 28 12"><rect class="band" width="28" height="12"/></svg> idle time, not to scale</span></p>
<p>ftpscope {}</p></footer>"#,
        env!("CARGO_PKG_VERSION")
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use super::super::super::fixture::sample_report;
    use super::*;

    #[test]
    fn the_gravest_problems_stand_first_and_only_so_many() {
        let session = &sample_report().sessions[1];
        let mut overview = Overview::new(false);
        for number in 1..=40 {
            let mut session = session.clone();
            if number == 39 {
                session.findings.iter_mut().for_each(|finding| finding.severity = Severity::Alert);
            }
            overview.add(&session, number, true);
        }
        assert_eq!(overview.problems.len(), PROBLEMS);
        assert_eq!(
            overview.problems.first().map(|problem| (problem.0, problem.1)),
            Some((Severity::Alert, 39))
        );
        assert!(overview.problems.is_sorted_by_key(|problem| Reverse(problem.0)));
        let mut page = Vec::new();
        overview.write(&Capture::default(), &[], &mut page).unwrap();
        assert!(String::from_utf8(page).unwrap().contains("20 more sessions with a warning or an alert."));
    }
}
