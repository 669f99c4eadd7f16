//! JSON and JSON Lines.

mod pretty;
mod serializer;

use std::io::{self, Write};

use serde::Serialize;

use super::schema::{ClosingView, EndView, EventView, ReportView, SCHEMA, SessionView, Tool};
use crate::analyzer::Event;
use crate::report::{Capture, Finding, Report, Session};

/// How much is written at a time.
const PIECE: usize = 64 * 1024;

/// Writes the whole report as one JSON document, on one line or indented, and a line feed.
pub(super) fn write(report: &Report, pretty: bool, out: &mut dyn Write) -> io::Result<()> {
    if pretty {
        let mut out = io::BufWriter::with_capacity(PIECE, out);
        ReportView::new(report).serialize(&mut pretty::serializer(&mut out))?;
        out.write_all(b"\n")?;
        return out.flush();
    }
    let mut document = JsonDocument::begin()?;
    for session in &report.sessions {
        document.session(session, out)?;
    }
    document.end(&report.capture, &report.findings, out)
}

/// A report as one JSON document on one line, written as its sessions become known.
#[derive(Debug)]
pub struct JsonDocument {
    bytes: Vec<u8>,
    is_first: bool,
}

impl JsonDocument {
    /// Begins a report.
    pub fn begin() -> io::Result<Self> {
        let mut bytes = b"{\"schema\":".to_vec();
        append(&mut bytes, SCHEMA)?;
        bytes.extend_from_slice(b",\"tool\":");
        append(&mut bytes, &Tool::THIS)?;
        bytes.extend_from_slice(b",\"sessions\":[");
        Ok(Self { bytes, is_first: true })
    }

    /// Adds the next session; they belong in the order of their first packets.
    pub fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.bytes.push(b',');
        }
        append(&mut self.bytes, &SessionView::new(session))?;
        write_out(&mut self.bytes, PIECE, out)
    }

    /// Adds all that belongs to no session, and ends the document with a line feed.
    pub fn end(mut self, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        self.bytes.push(b']');
        let mut rest = Vec::new();
        append(&mut rest, &EndView::new(capture, findings))?;
        // What is left is an object of its own: its members go into the document's.
        self.bytes.push(b',');
        self.bytes.extend_from_slice(rest.get(1..).unwrap_or_default());
        self.bytes.push(b'\n');
        write_out(&mut self.bytes, 0, out)
    }
}

/// Writes the whole report as JSON Lines: a line for each session, then the closing line.
pub(super) fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    for session in &report.sessions {
        lines.session(session, out)?;
    }
    lines.end(&report.capture, &report.findings, out)
}

/// A report as JSON Lines, written as its sessions become known.
#[derive(Debug, Default)]
pub struct JsonLines {
    bytes: Vec<u8>,
}

impl JsonLines {
    /// Adds a session's line.
    pub fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.line(&SessionView::new(session))?;
        write_out(&mut self.bytes, PIECE, out)
    }

    /// Writes what was not written yet, for whoever waits for it.
    pub fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write_out(&mut self.bytes, 0, out)
    }

    /// Adds the closing line: the report but for its sessions, so `schema`, `tool`, `capture`, `findings`.
    pub fn end(mut self, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        self.line(&ClosingView::new(capture, findings))?;
        self.flush(out)
    }

    fn line(&mut self, view: &impl Serialize) -> io::Result<()> {
        append(&mut self.bytes, view)?;
        self.bytes.push(b'\n');
        Ok(())
    }
}

/// Writes one session as a line of JSON Lines, in one piece.
pub fn session_line(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    lines.line(&SessionView::new(session))?;
    lines.flush(out)
}

/// Writes one event as a line of JSON: `time`, `frame`, `session`, `client`, `server`, `event`, and what that kind of event
/// has, under the report's names.
pub fn event_line(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    lines.line(&EventView::new(event))?;
    lines.flush(out)
}

/// Writes the closing line of JSON Lines: the report but for its sessions, so `schema`, `tool`, `capture`, `findings`.
pub fn closing_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    JsonLines::default().end(&report.capture, &report.findings, out)
}

fn append(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    serializer::append(bytes, value).map_err(|_unheard| io::ErrorKind::InvalidData.into())
}

/// Writes the bytes out where there are at least `enough` of them.
fn write_out(bytes: &mut Vec<u8>, enough: usize, out: &mut dyn Write) -> io::Result<()> {
    if bytes.len() >= enough {
        out.write_all(bytes)?;
        bytes.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::fixture::{passive_download, sample_report};
    use super::*;
    use crate::base::{Secret, Text};
    use crate::report::{Argument, Report};

    fn json(report: &Report) -> Value {
        let mut bytes = Vec::new();
        write(report, false, &mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_session_without_problems_reads_as_in_the_contract() {
        let mut bytes = Vec::new();
        let report = Report { sessions: vec![passive_download()], ..Report::default() };
        write(&report, true, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }

    #[test]
    fn compact_and_indented_say_the_same() {
        let (mut compact, mut indented) = (Vec::new(), Vec::new());
        write(&sample_report(), false, &mut compact).unwrap();
        write(&sample_report(), true, &mut indented).unwrap();
        let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(parse(&compact), parse(&indented));
        assert_eq!(String::from_utf8(compact).unwrap().lines().count(), 1);
    }

    #[test]
    fn durations_keep_their_nanoseconds() {
        let json = json(&sample_report());
        assert_eq!(json["sessions"][0]["transfers"][0]["duration_s"].to_string(), "0.28");
        assert_eq!(json["sessions"][2]["data_channels"][1]["reuse"]["gap_s"].to_string(), "10.0");
    }

    #[test]
    fn passwords_show_only_where_they_were_kept() {
        let mut report = sample_report();
        let hidden = json(&report);
        assert_eq!(hidden["sessions"][0]["password"], "***");
        assert_eq!(hidden["sessions"][0]["commands"][1]["argument"], "***");
        let kept = Secret::shown(Text::from("hunter2"));
        report.sessions[0].commands[1].argument = Some(Argument::Secret(kept.clone()));
        report.sessions[0].account = Some(kept);
        let shown = json(&report);
        assert_eq!(shown["sessions"][0]["commands"][1]["argument"], "hunter2");
        assert_eq!(shown["sessions"][0]["account"], "hunter2");
    }

    #[test]
    fn text_from_the_wire_survives_unchanged() {
        let json = json(&sample_report());
        assert_eq!(json["sessions"][3]["transfers"][3]["argument"], "a\r\nb\tc\0d");
        assert_eq!(json["sessions"][3]["system"], "\u{1b}]0;owned\u{7}UNIX");
    }

    #[test]
    fn json_lines_are_the_sessions_of_the_report_and_a_closing_line() {
        let report = sample_report();
        let mut lines = Vec::new();
        write_lines(&report, &mut lines).unwrap();
        let mut one_by_one = Vec::new();
        for session in &report.sessions {
            session_line(session, &mut one_by_one).unwrap();
        }
        closing_line(&report, &mut one_by_one).unwrap();
        assert_eq!(lines, one_by_one);

        let whole = json(&report);
        let lines = String::from_utf8(lines).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (closing, sessions) = lines.split_last().unwrap();
        assert_eq!(whole["sessions"], Value::from(sessions.to_vec()));
        for field in ["schema", "tool", "capture", "findings"] {
            assert_eq!(closing[field], whole[field], "{field}");
        }
    }
}
