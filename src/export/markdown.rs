//! The report for tickets and wikis: Markdown, with a Mermaid sequence diagram for each session, as GitHub, GitLab
//! and others draw them.
//!
//! Text from the wire stands in code spans whose fences are longer than any run of backticks inside, or is
//! escaped for the diagram.

mod mermaid;

use std::borrow::Cow;
use std::io::{self, Write};

use super::text::{Causes, Count, Frames, end_of, facts_of, limits_reached, outcome_of};
use super::{Format, Settings, Stream};
use crate::base::{Bytes, hex::Hex};
use crate::picture::words;
use crate::report::{Capture, Finding, Session, Severity};

/// Sessions with a diagram; sites draw only so many on a page, and nobody reads more.
const DIAGRAMS: u64 = 20;
/// Transfers and findings of a session that are listed; those beyond are counted.
const LISTED: usize = 100;
/// Headlines at the end.
const PROBLEMS: usize = 20;

/// For tickets.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn help(&self) -> &'static str {
        "For tickets and wikis, with Mermaid sequence diagrams"
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        Box::new(Writing { is_selection: settings.look.is_selection, ..Writing::default() })
    }
}

/// A report that is being written.
#[derive(Debug, Default)]
struct Writing {
    is_selection: bool,
    sessions: u64,
    transfers: u64,
    bytes: u64,
    problems: Vec<(Severity, u64, String)>,
}

impl Stream for Writing {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.sessions = self.sessions.saturating_add(1);
        self.transfers = self.transfers.saturating_add(session.transfers.len() as u64);
        let bytes = session.transfers.iter().filter_map(|transfer| transfer.bytes);
        self.bytes = bytes.fold(self.bytes, u64::saturating_add);
        let headline = session.headline();
        let worst = session.findings.iter().map(Finding::weight).max();
        if let (Some(worst), Some(told)) = (worst.filter(|&it| it >= Severity::Warning), &headline) {
            let place = self.problems.partition_point(|&(severity, ..)| severity >= worst);
            self.problems.insert(place, (worst, self.sessions, told.clone()));
            self.problems.truncate(PROBLEMS);
        }
        heading(session, self.sessions, headline.as_deref(), out)?;
        findings(&session.findings, out)?;
        transfers(session, out)?;
        if self.sessions <= DIAGRAMS {
            writeln!(out, "<details><summary>Sequence</summary>\n\n```mermaid")?;
            out.write_all(mermaid::diagram(session).as_bytes())?;
            writeln!(out, "```\n\n</details>\n")?;
        }
        Ok(())
    }

    fn end(self: Box<Self>, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        if !findings.is_empty() {
            writeln!(out, "## Findings across sessions\n")?;
            self::findings(findings, out)?;
        }
        writeln!(out, "## Summary\n")?;
        let told = match self.sessions {
            0 if self.is_selection => "No session matches the filter".to_owned(),
            0 => "No FTP session found".to_owned(),
            sessions => format!(
                "{}, {}, {}",
                words::counted(sessions, "session"),
                words::counted(self.transfers, "transfer"),
                Bytes(self.bytes)
            ),
        };
        writeln!(out, "{told}.\n")?;
        for (severity, number, headline) in &self.problems {
            writeln!(out, "- #{number} **{severity}** {}", escaped(headline))?;
        }
        if !self.problems.is_empty() {
            writeln!(out)?;
        }
        for source in &capture.sources {
            let packets = words::counted(source.packets, "packet");
            writeln!(
                out,
                "- {} ({}, {packets}, {})",
                code(&source.path),
                source.format,
                Bytes(source.bytes)
            )?;
            if let Some(damage) = &source.damage {
                writeln!(out, "  - damaged: {}", escaped(damage))?;
            }
        }
        if let Some(limits) = limits_reached(capture, true) {
            writeln!(out, "- limits reached, the report is incomplete: {limits}")?;
        }
        Ok(())
    }
}

fn heading(session: &Session, number: u64, told: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let user = session.user.as_ref().map(|user| format!(" {}", code(user.raw()))).unwrap_or_default();
    writeln!(out, "## #{number} {} → {}{user}\n", session.client, session.server)?;
    if let Some(told) = told {
        writeln!(out, "**{}**\n", escaped(told))?;
    }
    let facts: Vec<String> = facts_of(session).iter().map(|fact| escaped(fact)).collect();
    writeln!(
        out,
        "{} UTC · {} · frames {}–{} · {} · uid `{}`  \n{}\n",
        words::date(session.start),
        session.end.elapsed_since(session.start),
        session.frames.first,
        session.frames.last,
        end_of(session),
        session.uid,
        facts.join(" · ")
    )
}

fn findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let causes = Causes::of(findings);
    if causes.count() == 0 {
        return Ok(());
    }
    for (finding, effects) in causes.each().take(LISTED) {
        let frames = Frames(&finding.frames).to_string();
        let frames = if frames.is_empty() { frames } else { format!(" ({frames})") };
        let told = escaped(&finding.summary);
        writeln!(out, "- **{}** `{}`: {told}{frames}", finding.severity, finding.code)?;
        if let Some(advice) = &finding.advice {
            writeln!(out, "  - → {}", escaped(advice))?;
        }
        for effect in effects.iter().take(LISTED) {
            writeln!(out, "  - ↳ `{}`: {}", effect.code, escaped(&effect.summary))?;
        }
    }
    if let more @ 1.. = causes.count().saturating_sub(LISTED) {
        writeln!(out, "- {more} more")?;
    }
    writeln!(out)
}

fn transfers(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    if session.transfers.is_empty() {
        return Ok(());
    }
    writeln!(out, "| frame | command | path | bytes | reply | SHA-256 |")?;
    writeln!(out, "| ---: | --- | --- | ---: | --- | --- |")?;
    for transfer in session.transfers.iter().take(LISTED) {
        let command = session.command(transfer.command);
        let frame = command.map(|command| command.frame.to_string()).unwrap_or_default();
        let verb = command.map(|command| cell(command.verb.name())).unwrap_or_default();
        let path = session.name_of(transfer).map(|path| cell(path.raw())).unwrap_or_default();
        let bytes = transfer.bytes.map_or_else(|| "?".to_owned(), |bytes| Count(bytes).to_string());
        let hash = transfer.sha256.as_ref().map(|hash| format!("`{}`", Hex(hash))).unwrap_or_default();
        let told = outcome_of(transfer, command, &cell);
        writeln!(out, "| {frame} | {verb} | {path} | {bytes} | {told} | {hash} |")?;
    }
    if let more @ 1.. = session.transfers.len().saturating_sub(LISTED) {
        writeln!(out, "\n{more} more transfers")?;
    }
    writeln!(out)
}

/// A code span: nothing inside is markup.
fn code(text: &str) -> String {
    let text = words::raw_wire(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.saturating_add(1));
    // A span may neither be empty nor begin with a backtick.
    let gap = if text.is_empty() || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// A code span in a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A sentence that may quote text from the wire.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in words::raw_wire(text).chars() {
        let special = matches!(
            character,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '@' | '!' | '$'
        );
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    // What looks like an address would become a link.
    let parts: Vec<Cow<'_, str>> = escaped.split("://").map(Cow::Borrowed).collect();
    parts.join(":\\//")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sample_report;
    use super::*;
    use crate::export;
    use crate::report::Report;

    fn written(report: &Report) -> String {
        let mut bytes = Vec::new();
        export::write(report, &Markdown, &Settings::default(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_report_as_markdown() {
        insta::assert_snapshot!(written(&sample_report()));
    }

    #[test]
    fn no_text_ends_its_code_span_or_its_cell() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(
            escaped("see <b>http://evil.example</b> @all"),
            "see \\<b\\>http:\\//evil.example\\</b\\> \\@all"
        );
    }

    #[test]
    fn a_page_has_no_more_diagrams_than_are_drawn() {
        let one = sample_report().sessions.remove(0);
        let report = Report { sessions: vec![one; 25], ..Report::default() };
        let text = written(&report);
        assert_eq!(text.matches("```mermaid").count(), 20);
        assert_eq!(text.matches("\n## #").count() + 1, 25);
    }
}
