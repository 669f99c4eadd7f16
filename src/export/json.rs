//! JSON and JSON Lines.

mod indented;
mod writer;

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, Setting, Settings, Stream, What, csv};
use crate::analyzer::{Event, OverallEvent};
use crate::report::{Capture, File, Finding, Report, Schema, Session, Tool};
use indented::Indentation;
use writer::Writer;

/// Size of the writes to the output.
const BUFFER_SIZE: usize = 256 * 1024;

/// One JSON document as in the report contract.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn lists_files(&self) -> bool {
        true
    }

    fn help(&self) -> &'static str {
        "A single document with everything"
    }

    fn heeds(&self) -> &'static [Setting] {
        &[Setting::Pretty]
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        let document = JsonDocument::begin();
        if settings.pretty {
            Box::new(IndentedDocument { document, indentation: Indentation::default() })
        } else {
            Box::new(document)
        }
    }
}

/// JSON Lines: one session a line, then a closing line with all that belongs to no session.
#[derive(Clone, Copy, Debug)]
pub struct Jsonl;

impl Format for Jsonl {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn lists_files(&self) -> bool {
        true
    }

    fn help(&self) -> &'static str {
        "One line per session, then a closing line; from a pipe each as soon as it ends; with --what one per row"
    }

    fn heeds(&self) -> &'static [Setting] {
        &[Setting::What]
    }

    fn begin(&self, settings: &Settings) -> Box<dyn Stream> {
        match settings.what {
            // All of a session, not only what fits in a row.
            What::Sessions => Box::new(JsonLines::default()),
            what => csv::objects(what),
        }
    }
}

/// Values, each on a line of its own.
#[derive(Debug, Default)]
pub(super) struct ObjectLines(Writer);

impl ObjectLines {
    pub(super) fn add(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.0.value(value)?;
        self.0.raw(b"\n");
        Ok(())
    }

    pub(super) fn write_to(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write_to(out, 0)
    }
}

/// A report as one JSON document on one line, written as its sessions become known.
#[derive(Debug, Default)]
pub struct JsonDocument {
    json: Writer,
    has_sessions: bool,
    has_files: bool,
}

impl JsonDocument {
    /// Begins a report.
    pub fn begin() -> Self {
        Self::default()
    }

    /// Adds the next session; they belong in the order of their first packets.
    pub fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_sessions, true) {
            self.json.raw(b",");
        } else {
            self.header()?;
        }
        self.json.value(session)?;
        self.json.write_to(out, BUFFER_SIZE)
    }

    /// Adds the next file; they come in order, after all sessions.
    pub fn file(&mut self, file: &File, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_files, true) {
            self.json.raw(b",");
        } else {
            self.begin_files()?;
        }
        self.json.value(file)?;
        self.json.write_to(out, BUFFER_SIZE)
    }

    /// Adds the capture and the findings that concern more than one session, and ends the document with a
    /// line feed.
    pub fn end(mut self, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        if !self.has_files {
            self.begin_files()?;
        }
        self.json.raw(b"],\"capture\":");
        self.json.value(capture)?;
        self.json.raw(b",\"findings\":");
        self.json.value(findings)?;
        self.json.raw(b"}\n");
        self.json.write_to(out, 0)
    }

    /// Everything between the last session and the first file.
    fn begin_files(&mut self) -> io::Result<()> {
        if !self.has_sessions {
            self.header()?;
        }
        self.json.raw(b"],\"files\":[");
        Ok(())
    }

    /// Everything before the first session.
    fn header(&mut self) -> io::Result<()> {
        self.json.raw(b"{\"schema\":");
        self.json.value(&Schema::default())?;
        self.json.raw(b",\"tool\":");
        self.json.value(&Tool::default())?;
        self.json.raw(b",\"sessions\":[");
        Ok(())
    }
}

/// A document is of no use until it is complete, so a pause writes nothing.
impl Stream for JsonDocument {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        Self::session(self, session, out)
    }

    fn file(&mut self, file: &File, out: &mut dyn Write) -> io::Result<()> {
        Self::file(self, file, out)
    }

    fn end(self: Box<Self>, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        Self::end(*self, capture, findings, out)
    }
}

/// The same with each value on a line of its own.
#[derive(Debug)]
struct IndentedDocument {
    document: JsonDocument,
    indentation: Indentation,
}

impl Stream for IndentedDocument {
    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.document.session(session, &mut self.indentation.on(out))
    }

    fn file(&mut self, file: &File, out: &mut dyn Write) -> io::Result<()> {
        self.document.file(file, &mut self.indentation.on(out))
    }

    fn end(
        mut self: Box<Self>,
        capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.document.end(capture, findings, &mut self.indentation.on(out))
    }
}

/// A report as JSON Lines, written as its sessions become known.
#[derive(Debug, Default)]
pub struct JsonLines {
    json: Writer,
    has_files: bool,
}

impl JsonLines {
    /// Adds a session's line.
    pub fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        self.line(session)?;
        self.json.write_to(out, BUFFER_SIZE)
    }

    /// Writes what is still buffered.
    pub fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.json.write_to(out, 0)
    }

    /// Adds a file to the closing line; they come in order, after all sessions.
    pub fn file(&mut self, file: &File, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_files, true) {
            self.json.raw(b",");
        } else {
            self.begin_closing()?;
        }
        self.json.value(file)?;
        self.json.write_to(out, BUFFER_SIZE)
    }

    /// Adds the closing line: the report without its sessions, that is `schema`, `tool`, `files`, `capture` and
    /// `findings`.
    pub fn end(mut self, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        if !self.has_files {
            self.begin_closing()?;
        }
        self.json.raw(b"],");
        self.end_closing(capture, findings, out)
    }

    /// The closing line where files were not put together: it says nothing of them.
    pub fn end_without_files(
        mut self,
        capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.begin_line()?;
        self.end_closing(capture, findings, out)
    }

    fn end_closing(
        &mut self,
        capture: &Capture,
        findings: &[Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.json.raw(b"\"capture\":");
        self.json.value(capture)?;
        self.json.raw(b",\"findings\":");
        self.json.value(findings)?;
        self.json.raw(b"}\n");
        self.flush(out)
    }

    /// Everything before the first file.
    fn begin_closing(&mut self) -> io::Result<()> {
        self.begin_line()?;
        self.json.raw(b"\"files\":[");
        Ok(())
    }

    fn begin_line(&mut self) -> io::Result<()> {
        self.json.raw(b"{\"schema\":");
        self.json.value(&Schema::default())?;
        self.json.raw(b",\"tool\":");
        self.json.value(&Tool::default())?;
        self.json.raw(b",");
        Ok(())
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.json.value(value)?;
        self.json.raw(b"\n");
        Ok(())
    }
}

impl Stream for JsonLines {
    fn is_ordered(&self) -> bool {
        false
    }

    fn session(&mut self, session: &Session, out: &mut dyn Write) -> io::Result<()> {
        Self::session(self, session, out)
    }

    fn file(&mut self, file: &File, out: &mut dyn Write) -> io::Result<()> {
        Self::file(self, file, out)
    }

    /// Readers of lines wait for them.
    fn pause(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.flush(out)?;
        out.flush()
    }

    fn end(self: Box<Self>, capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
        Self::end(*self, capture, findings, out)
    }
}

/// A line of JSON, for whoever writes one at a time.
#[derive(Debug, Default)]
pub(super) struct JsonLine {
    json: Writer,
}

impl JsonLine {
    /// Writes a value on a line of its own.
    pub(super) fn write(&mut self, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        self.json.value(value)?;
        self.json.raw(b"\n");
        self.json.write_to(out, 0)
    }
}

/// Writes one session as a line of JSON Lines, in a single write.
pub fn session_line(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    line(session, out)
}

/// Writes one event as a line of JSON: `time`, `frame`, `session`, `client`, `server`, `event`, then the
/// members of that kind of event, named as in the report.
pub fn event_line(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    line(event, out)
}

/// Writes what happened to a finding that belongs to no single session as a line of JSON: `time`, `frame`,
/// `event`, `finding`.
pub fn overall_event_line(event: &OverallEvent, out: &mut dyn Write) -> io::Result<()> {
    line(event, out)
}

/// Writes the closing line of a running capture, whose files are not put together.
pub fn live_closing_line(capture: &Capture, findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    JsonLines::default().end_without_files(capture, findings, out)
}

/// Writes the closing line of JSON Lines: the report without its sessions.
pub fn closing_line(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    report.files.iter().try_for_each(|file| lines.file(file, out))?;
    lines.end(&report.capture, &report.findings, out)
}

/// Writes any value as a line of JSON, in a single write.
pub(super) fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    lines.line(value)?;
    lines.flush(out)
}

#[cfg(test)]
mod tests {
    use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
    use serde_json::Value;

    use super::super::fixture::{self, at, passive_download, sample_report};
    use super::*;
    use crate::analyzer::{Change, EventKind};
    use crate::base::{FrameNumber, PacketRef, Secret, Text, TimeDelta};
    use crate::export;
    use crate::ftp::Verb;
    use crate::report::{
        Argument, ChannelIndex, Code, Connection, Connector, EndState, Login, MatchedBy, Mode, Prediction,
        Report, Severity, StreamFacts, SynFrames, Uid, testing,
    };

    fn write(report: &Report, pretty: bool, out: &mut Vec<u8>) -> io::Result<()> {
        export::write(report, &Json, &Settings { pretty, ..Settings::default() }, out)
    }

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
    fn compact_and_indented_json_hold_the_same_values() {
        let (mut compact, mut indented) = (Vec::new(), Vec::new());
        write(&sample_report(), false, &mut compact).unwrap();
        write(&sample_report(), true, &mut indented).unwrap();
        let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(parse(&compact), parse(&indented));
        assert_eq!(String::from_utf8(compact).unwrap().lines().count(), 1);
    }

    #[test]
    fn a_report_reads_back_into_the_same_values_and_writes_the_same_bytes() {
        let report = sample_report();
        for (pretty, kept) in [(false, "hunter2"), (true, "***")] {
            let mut report = report.clone();
            report.sessions[0].password = Some(Secret::from(Text::from(kept)));
            let mut bytes = Vec::new();
            write(&report, pretty, &mut bytes).unwrap();
            let back: Report = serde_json::from_slice(&bytes).unwrap();
            for channel in report.sessions.iter_mut().flat_map(|session| &mut session.data_channels) {
                if let Some(attempt) = &mut channel.attempt {
                    *attempt.connection = as_reported(&attempt.connection);
                }
            }
            assert_eq!(back, report);
            let mut again = Vec::new();
            write(&back, pretty, &mut again).unwrap();
            assert_eq!(again, bytes);
        }
    }

    /// The connection, reduced to what a report shows.
    fn as_reported(full: &Connection) -> Connection {
        let mut bare = testing::syn(full.originator, full.responder, full.start, 1);
        (bare.end, bare.frames, bare.handshake, bare.syn_attempts) =
            (full.end, full.frames, full.handshake, full.syn_attempts);
        (bare.end_state, bare.first_close, bare.tls) = (full.end_state, full.first_close, full.tls);
        bare.from_originator = StreamFacts { bytes: full.from_originator.bytes, ..StreamFacts::default() };
        bare.from_responder = StreamFacts { bytes: full.from_responder.bytes, ..StreamFacts::default() };
        (bare.established, bare.syn_frames) = (None, SynFrames::default());
        bare.icmp.clone_from(&full.icmp);
        (bare.path, bare.history) = (full.path, full.history);
        bare
    }

    #[test]
    fn another_version_of_the_schema_is_refused() {
        let mut json = json(&Report::default());
        json["schema"] = "ftpscope.report/2".into();
        assert!(serde_json::from_value::<Report>(json).is_err());
    }

    #[test]
    fn durations_keep_their_nanoseconds() {
        let json = json(&sample_report());
        assert_eq!(json["sessions"][0]["transfers"][0]["duration_s"].to_string(), "0.28");
        assert_eq!(json["sessions"][2]["data_channels"][1]["reuse"]["gap_s"].to_string(), "10.0");
    }

    #[test]
    fn passwords_are_written_only_if_they_were_kept() {
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
        export::write(&report, &Jsonl, &Settings::default(), &mut lines).unwrap();
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
        for field in ["schema", "tool", "files", "capture", "findings"] {
            assert_eq!(closing[field], whole[field], "{field}");
        }
    }

    /// The members of an event of this kind, beyond those that all events begin with.
    fn event_members(kind: EventKind) -> Vec<String> {
        let event = Event {
            packet: PacketRef { time: at(0), frame: FrameNumber(7) },
            session: Uid("S00000".into()),
            client: testing::endpoint("192.0.2.1:5000"),
            server: testing::endpoint("192.0.2.2:21"),
            kind,
        };
        let mut line = Vec::new();
        event_line(&event, &mut line).unwrap();
        let members: Vec<String> = serde_json::from_slice::<Members>(&line).unwrap().0;
        let (common, own) = members.split_at(6);
        assert_eq!(common, ["time", "frame", "session", "client", "server", "event"]);
        own.to_vec()
    }

    /// The names of an object's members, in order.
    struct Members(Vec<String>);

    impl<'de> Deserialize<'de> for Members {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Names;
            impl<'de> Visitor<'de> for Names {
                type Value = Members;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut names = Vec::new();
                    while let Some((name, IgnoredAny)) = map.next_entry()? {
                        names.push(name);
                    }
                    Ok(Members(names))
                }
            }
            deserializer.deserialize_map(Names)
        }
    }

    #[test]
    fn events_of_the_dialogue_have_their_members_in_order() {
        let prediction = Prediction {
            listener: testing::endpoint("192.0.2.2:6000"),
            connector: Connector { ip: "192.0.2.1".parse().unwrap(), port: None },
        };
        let (channel, mode) = (ChannelIndex(0), Some(Mode::Pasv));
        assert!(event_members(EventKind::Opened).is_empty());
        let login = EventKind::LoggedIn { user: Some("alice".into()), login: Login::Accepted, code: 230 };
        assert_eq!(event_members(login), ["user", "login", "code"]);
        let expecting = EventKind::Expecting { channel, mode, prediction };
        assert_eq!(event_members(expecting), ["data_channel", "mode", "listener", "connector"]);
        let rejected = EventKind::Rejected { channel, mode: Mode::Pasv, code: 502 };
        assert_eq!(event_members(rejected), ["data_channel", "mode", "code"]);
        let timed_out = EventKind::TimedOut {
            channel,
            mode,
            prediction,
            waited: TimeDelta::from_nanos(30),
            attempted: true,
        };
        assert_eq!(
            event_members(timed_out),
            ["data_channel", "mode", "listener", "connector", "waited_s", "attempted"]
        );
        assert_eq!(event_members(EventKind::Ended { end_state: EndState::Fin }), ["end_state"]);
        let finding = fixture::finding(Code::BruteForce, Severity::Alert, "seven logins", &[9]);
        let finding = Box::new(finding);
        assert_eq!(event_members(EventKind::Found { finding: finding.clone() }), ["finding"]);
        assert_eq!(event_members(EventKind::Withdrawn { finding: finding.clone() }), ["finding"]);
        let revised = EventKind::Revised { finding: finding.clone(), is_graver: true };
        assert_eq!(event_members(revised), ["finding", "graver"]);
        let packet = PacketRef { time: at(1), frame: FrameNumber(9) };
        let overall = OverallEvent { packet, change: Change::Withdrawn, finding };
        let mut line = Vec::new();
        overall_event_line(&overall, &mut line).unwrap();
        let members: Members = serde_json::from_slice(&line).unwrap();
        assert_eq!(members.0, ["time", "frame", "event", "finding"]);
    }

    #[test]
    fn events_of_data_connections_have_their_members_in_order() {
        let originator = testing::endpoint("192.0.2.1:5001");
        let responder = testing::endpoint("192.0.2.2:6000");
        let (channel, mode) = (ChannelIndex(0), Some(Mode::Pasv));
        let (matched_by, differs) = (MatchedBy::Endpoint, None);
        let connected = EventKind::Connected {
            channel,
            mode,
            originator,
            responder,
            matched_by,
            differs,
            after: TimeDelta::from_nanos(30),
        };
        assert_eq!(
            event_members(connected),
            ["data_channel", "mode", "originator", "responder", "matched_by", "differs", "after_s"]
        );
        let refused = EventKind::Refused { channel, mode, originator, responder };
        assert_eq!(event_members(refused), ["data_channel", "mode", "originator", "responder"]);
        let session = passive_download();
        let transferred = EventKind::Transferred {
            verb: Verb::Retr,
            argument: Some("report.pdf".into()),
            transfer: Box::new(session.transfers[0].clone()),
        };
        let row = serde_json::to_string(&session.transfers[0]).unwrap();
        let row: Members = serde_json::from_str(&row).unwrap();
        assert_eq!(
            event_members(transferred),
            [vec!["verb".to_owned(), "argument".to_owned()], row.0].concat()
        );
    }
}
