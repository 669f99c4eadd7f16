//! JSON and JSON Lines.

mod indented;
mod writer;

use std::io::{self, Write};

use super::schema::{Closing, SCHEMA, Tool};
use crate::analyzer::Event;
use crate::report::{Capture, Finding, Report, Session};
use indented::Indented;

pub(super) use writer::{Json, List, Numbered, Writer, members, numbered, object};

/// How much is written at a time.
const PIECE: usize = 256 * 1024;

/// Writes the whole report as one JSON document, on one line or indented, and a line feed.
pub(super) fn write(report: &Report, pretty: bool, out: &mut dyn Write) -> io::Result<()> {
    if pretty {
        let mut json = Writer::default();
        json.value(report);
        let mut out = io::BufWriter::with_capacity(PIECE, out);
        Indented::new(&mut out).write_all(json.bytes())?;
        out.write_all(b"\n")?;
        return out.flush();
    }
    let mut document = JsonDocument::begin();
    for session in &report.sessions {
        document.session(session, out)?;
    }
    document.end(&report.capture, &report.findings, out)
}

/// A report as one JSON document on one line, written as its sessions become known.
#[derive(Debug)]
pub struct JsonDocument {
    json: Writer,
    is_first: bool,
}

impl JsonDocument {
    /// Begins a report.
    pub fn begin() -> Self {
        let mut json = Writer::default();
        json.open(b'{');
        members!(&mut json, { "schema": SCHEMA, "tool": Tool });
        json.raw(b"\"sessions\":[");
        Self { json, is_first: true }
    }

    /// Adds the next session; they belong in the order of their first packets.
    pub fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.json.raw(b",");
        }
        self.json.value(session);
        write_out(&mut self.json, PIECE, out)
    }

    /// Adds all that belongs to no session, and ends the document with a line feed.
    pub fn end(mut self, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        self.json.raw(b"],\"capture\":");
        self.json.value(capture);
        self.json.raw(b",\"findings\":");
        self.json.value(findings);
        self.json.raw(b"}\n");
        write_out(&mut self.json, 0, out)
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
    json: Writer,
}

impl JsonLines {
    /// Adds a session's line.
    pub fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.line(session);
        write_out(&mut self.json, PIECE, out)
    }

    /// Writes what was not written yet, for whoever waits for it.
    pub fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write_out(&mut self.json, 0, out)
    }

    /// Adds the closing line: the report but for its sessions, so `schema`, `tool`, `capture`, `findings`.
    pub fn end(mut self, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        self.line(&Closing { capture, findings });
        self.flush(out)
    }

    fn line(&mut self, value: &impl Json) {
        self.json.value(value);
        self.json.raw(b"\n");
    }
}

/// Writes one session as a line of JSON Lines, in one piece.
pub fn session_line(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    line(session, out)
}

/// Writes one event as a line of JSON: `time`, `frame`, `session`, `client`, `server`, `event`, and what that kind of event
/// has, under the report's names.
pub fn event_line(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    line(event, out)
}

/// Writes the closing line of JSON Lines: the report but for its sessions, so `schema`, `tool`, `capture`, `findings`.
pub fn closing_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    line(&Closing { capture: &report.capture, findings: &report.findings }, out)
}

/// Writes any value as a line of JSON, in one piece.
pub(super) fn line(value: &impl Json, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    lines.line(value);
    lines.flush(out)
}

/// Writes out what there is where it is at least `enough`.
fn write_out(json: &mut Writer, enough: usize, out: &mut dyn Write) -> io::Result<()> {
    if json.bytes().len() >= enough {
        out.write_all(json.bytes())?;
        json.clear();
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
