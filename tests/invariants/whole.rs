//! What holds from a capture file to every form of report, whatever the file.

use std::io::{Cursor, Read};

use ftpscope::analyzer::{Analyzer, Batch, Conclusion, Options};
use ftpscope::base::{FrameNumber, Limits};
use ftpscope::capture::Frames;
use ftpscope::export::{self, Csv, Format, Json, JsonDocument, Jsonl, Look, Settings, Text, Tsv, What};
use ftpscope::reading::{Filed, SessionObserver};
use ftpscope::report::{Connection, File, Report, Session, Status};
use ftpscope::store::{Archive, Queue, Scratch};

/// Packets looked at: a few bytes of a compressed file may stand for millions.
const MOST_PACKETS: u64 = 20_000;

/// Settings by the last byte of a file: caps far too small for it, or as they are.
fn options(file: &[u8]) -> Options {
    let mut options = Options { show_passwords: file.len().is_multiple_of(3), ..Options::default() };
    if file.last().is_some_and(|byte| byte % 4 == 1) {
        options.limits = Limits {
            line_length: 64,
            reply_lines: 3,
            reply_bytes: 200,
            reassembly_per_stream: 2000,
            reassembly_total: 4000,
            pieces_per_stream: 3,
            connections: 4,
            half_open: 2,
            lingering: 1,
            ignored_flows: 2,
            sessions: 2,
            commands_per_session: 5,
            pending_commands: 2,
            channels_per_session: 2,
            expectations: 2,
            history: 2,
            fragmented_datagrams: 2,
            fragment_bytes: 4000,
            encapsulation_depth: 3,
            findings: 2,
            ..Limits::default()
        };
    }
    options
}

fn open(file: &[u8], limits: &Limits) -> Option<Frames> {
    let input: Box<dyn Read + Send> = Box::new(Cursor::new(file.to_vec()));
    Frames::from_readers(vec![("file".to_owned(), input)], limits).ok().map(Frames::without_threads)
}

/// Whatever the file: no panic, the report is in itself consistent and within its caps, every form of it can
/// be read, and a report that is written while the capture is read is the same as one written at the end.
pub(crate) fn hold(file: &[u8]) {
    let options = options(file);
    let Some(mut frames) = open(file, &options.limits) else { return };
    let events = file.len().is_multiple_of(2);
    let mut analyzer = Analyzer::new(Options { events, ..options.clone() });
    let mut told = 0;
    while let Some(frame) = frames.next() {
        analyzer.feed(&frame);
        told += 1;
        if told == MOST_PACKETS {
            return;
        }
        if told % 16 == 0 {
            for event in analyzer.take_events() {
                let mut line = Vec::new();
                export::event_line(&event, &mut line).unwrap();
                serde_json::from_slice::<serde_json::Value>(&line).expect("an event is JSON");
            }
            // Looking must change nothing.
            let now = analyzer.snapshot();
            assert!(now.len() <= options.limits.sessions);
            let _ = analyzer.waiting();
        }
    }
    let report = analyzer.report(frames.sources());
    consistent(&report, &options);
    let json = written(&report);
    kept(&report);
    if file.len() % 4 < 2 {
        same(&streamed(file, &options), &json);
    }
}

/// What is read back from outside of memory is what was kept there.
fn kept(report: &Report) {
    let mut archive = Archive::new(Scratch::open(None));
    for session in &report.sessions {
        archive.add(session).unwrap();
    }
    let mut sessions = report.sessions.iter();
    archive
        .each(|session| {
            assert_eq!(Some(&*session), sessions.next());
            Ok::<_, ftpscope::store::Error>(())
        })
        .unwrap();
    assert_eq!(sessions.next(), None);
}

fn same(streamed: &str, whole: &str) {
    if streamed != whole {
        let at = streamed.bytes().zip(whole.bytes()).take_while(|(one, other)| one == other).count();
        let part = |text: &str| -> String { text.chars().skip(at.saturating_sub(80)).take(200).collect() };
        panic!("written while it was read:\n{}\nat the end:\n{}", part(streamed), part(whole));
    }
}

/// Writes sessions as they come.
struct Written {
    document: JsonDocument,
    out: Vec<u8>,
}

impl SessionObserver for Written {
    type Error = ftpscope::store::Error;

    fn session(&mut self, session: Box<Session>) -> Result<(), Self::Error> {
        self.document.session(&session, &mut self.out).unwrap();
        Ok(())
    }
}

/// The report as it is written session by session.
fn streamed(file: &[u8], options: &Options) -> String {
    let mut frames = open(file, &options.limits).expect("it was opened before");
    let mut analyzer = Analyzer::new(options.clone());
    let mut conclusion = Conclusion::new(options);
    let mut written = Written { document: JsonDocument::begin(), out: Vec::new() };
    // Some wait in memory, the others outside of it.
    let queue = Queue::new(Scratch::open(None), 20_000);
    let mut filed = Filed::new(&mut written, Scratch::open(None), Some(queue), None);
    let mut write = |batch: Batch| {
        for session in batch.pending.into_iter().filter_map(|pending| conclusion.conclude(pending)) {
            filed.session(session).unwrap();
        }
        filed.settled(batch.settled_before).unwrap();
    };
    while let Some(frame) = frames.next() {
        let number = frame.packet.frame;
        analyzer.feed(&frame);
        if number.0 % 7 == 0 {
            write(analyzer.take_batch());
        }
    }
    analyzer.finish();
    write(analyzer.take_batch());
    let findings = conclusion.finish(&analyzer.capture(Vec::new()));
    let mut capture = analyzer.capture(frames.sources());
    capture.limits.merge(conclusion.limits());
    let files = filed.into_files().unwrap();
    let Written { mut document, mut out } = written;
    let write = |file: &File| {
        document.file(file, &mut out).unwrap();
        Ok::<_, ftpscope::store::Error>(())
    };
    files.each(write).unwrap();
    document.end(&capture, &findings, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The report in every form; gives its JSON.
fn written(report: &Report) -> String {
    let usual = Settings::default();
    let write = |format: &dyn Format, settings: Settings| {
        let mut out = Vec::new();
        export::write(report, format, &settings, &mut out).unwrap();
        String::from_utf8(out).expect("a report is UTF-8")
    };
    let json = write(&Json, usual);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["sessions"].as_array().map(Vec::len), Some(report.sessions.len()));
    let pretty: serde_json::Value =
        serde_json::from_str(&write(&Json, Settings { pretty: true, ..usual })).expect("JSON");
    assert_eq!(pretty, value, "indented, it says the same");
    let lines = write(&Jsonl, usual);
    assert_eq!(lines.lines().count(), report.sessions.len() + 1);
    for line in lines.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
    }
    for look in [
        Look { width: Some(80), ..Look::default() },
        Look { width: Some(30), ascii: true, ..Look::default() },
        Look::default(),
    ] {
        let text = write(&Text, Settings { look, ..usual });
        let odd = text.chars().find(|&character| character != '\n' && is_odd(character));
        assert_eq!(odd, None, "a terminal would obey this");
        if look.ascii {
            assert!(text.is_ascii());
        }
    }
    for &what in What::ALL {
        commas(&write(&Csv, Settings { what, ..usual }), false);
        commas(&write(&Csv, Settings { what, raw: true, ..usual }), true);
        tabs(&write(&Tsv, Settings { what, ..usual }));
    }
    json
}

fn is_odd(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every row has as many cells as the heading, split by tabs and lines alone.
fn tabs(text: &str) {
    let columns = |line: &str| line.matches('\t').count();
    let mut lines = text.lines();
    let heading = columns(lines.next().expect("a heading"));
    assert!(lines.all(|line| columns(line) == heading), "a row of other length");
    assert!(!text.chars().any(|character| !matches!(character, '\n' | '\t') && character.is_control()));
}

/// Every row has as many cells as the heading, and no cell is a formula where a spreadsheet reads it.
fn commas(text: &str, is_raw: bool) {
    for row in csv::Reader::from_reader(text.as_bytes()).records() {
        let row = row.expect("rows are of one length");
        for cell in row.iter().filter(|_| !is_raw) {
            let formula = cell.starts_with(['=', '+', '@', '\t', '\r']);
            let negative = cell.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_err());
            assert!(!formula && !negative, "a formula: {cell}");
            assert!(!cell.chars().any(is_odd), "an odd character: {cell}");
        }
    }
}

/// What holds within every report.
pub(crate) fn consistent(report: &Report, options: &Options) {
    let limits = &options.limits;
    assert!(report.findings.len() <= limits.findings);
    let firsts = report.sessions.iter().map(|session| session.frames.first);
    assert!(firsts.is_sorted(), "sessions come in order of their first packets");
    let mut uids: Vec<_> = report.sessions.iter().map(|session| &session.uid).collect();
    uids.sort();
    assert!(uids.windows(2).all(|pair| pair[0] != pair[1]), "two sessions of one name");
    let last_frame = FrameNumber(report.capture.packets);
    for finding in &report.findings {
        assert!(finding.frames.is_sorted() && finding.frames.iter().all(|&frame| frame <= last_frame));
    }
    for session in &report.sessions {
        of_session(session, last_frame, limits);
        if !options.show_passwords {
            let secret = session.password.as_ref().or(session.account.as_ref());
            assert!(
                secret.is_none_or(|secret| *secret == ftpscope::base::Secret::hidden()),
                "a secret is kept"
            );
        }
    }
}

fn of_session(session: &Session, last: FrameNumber, limits: &Limits) {
    assert!(
        (FrameNumber(1)..=last).contains(&session.frames.first)
            && session.frames.first <= session.frames.last
    );
    assert!(session.commands.len() <= limits.commands_per_session);
    assert!(session.data_channels.len() <= limits.channels_per_session);
    assert!(session.findings.len() <= limits.findings);
    let replies = session.commands.iter().flat_map(|command| &command.replies);
    for reply in replies.chain(&session.greeting).chain(&session.unsolicited) {
        assert!((FrameNumber(1)..=last).contains(&reply.frame));
        assert!(reply.text.raw().matches('\n').count() <= limits.reply_lines);
    }
    for channel in &session.data_channels {
        assert!(channel.command().is_none_or(|index| session.command(index).is_some()));
        for connection in channel.connection().into_iter().chain(&channel.other_attempts) {
            of_connection(connection, last);
        }
    }
    for transfer in &session.transfers {
        assert!(session.command(transfer.command).is_some());
        assert!(transfer.data_channel.is_none_or(|index| session.data_channel(index).is_some()));
        assert!(transfer.sha256.is_none() || transfer.missing_bytes == 0 && transfer.bytes.is_some());
        assert!(transfer.status != Status::Complete || transfer.reply_code.is_some());
    }
    for finding in &session.findings {
        assert!(
            finding.frames.is_sorted()
                && finding.frames.iter().all(|frame| (FrameNumber(1)..=last).contains(frame))
        );
        assert!(finding.command.is_none_or(|index| session.command(index).is_some()));
        assert!(finding.data_channel.is_none_or(|index| session.data_channel(index).is_some()));
        assert!(finding.transfer.is_none_or(|index| session.transfer(index).is_some()));
        assert!(!finding.summary.is_empty());
    }
}

fn of_connection(connection: &Connection, last: FrameNumber) {
    assert!((FrameNumber(1)..=last).contains(&connection.frames.first));
    assert!(connection.frames.first <= connection.frames.last && connection.frames.last <= last);
    for stream in [&connection.from_originator, &connection.from_responder] {
        assert!(stream.sha256.is_none() || stream.missing == 0, "a sum of what is not all there");
    }
}
