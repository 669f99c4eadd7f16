//! JSON and JSON Lines.

use std::io::{self, Write};

use serde::Serialize;

use super::schema::{ClosingView, EventView, ReportView, SessionView};
use crate::analyzer::Event;
use crate::report::{Report, Session};

/// Writes the whole report as one JSON document, on one line or indented, and a line feed.
pub(super) fn write(report: &Report, pretty: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut out = buffered(out);
    let view = ReportView::new(report);
    if pretty {
        serde_json::to_writer_pretty(&mut out, &view)?;
    } else {
        serde_json::to_writer(&mut out, &view)?;
    }
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes the whole report as JSON Lines: a line for each session, then the closing line.
pub(super) fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = buffered(out);
    for session in &report.sessions {
        line(&SessionView::new(session), &mut out)?;
    }
    line(&ClosingView::new(report), &mut out)?;
    out.flush()
}

/// Writes one session as a line of JSON Lines, in one piece.
pub fn session_line(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    line(&SessionView::new(session), &mut bytes)?;
    out.write_all(&bytes)
}

/// Writes one event as a line of JSON: `time`, `frame`, `session`, `client`, `server`, `event`, and what that kind of event
/// has, under the report's names.
pub fn event_line(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    line(&EventView::new(event), &mut bytes)?;
    out.write_all(&bytes)
}

/// Writes the closing line of JSON Lines: the report but for its sessions, so `schema`, `tool`, `capture`, `findings`.
pub fn closing_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    line(&ClosingView::new(report), &mut bytes)?;
    out.write_all(&bytes)
}

fn line(view: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, view)?;
    out.write_all(b"\n")
}

/// A large buffer: JSON is written in pieces of a few bytes.
fn buffered(out: &mut dyn Write) -> io::BufWriter<&mut dyn Write> {
    const BUFFER: usize = 256 * 1024;
    io::BufWriter::with_capacity(BUFFER, out)
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
