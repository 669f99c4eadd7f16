//! Reads captures into a report.

use std::fs;
use std::sync::Arc;

use super::interrupts::Interrupts;
use super::options::{KeyLogFile, ReportJob};
use super::output::Output;
use super::progress::Progress;
use super::verdict::{Failure, plain};
use crate::analyzer::{self, Analyzer};
use crate::base::Printable;
use crate::capture::{self, Frames};
use crate::export::{self, Format};
use crate::filter::Filter;
use crate::report::{Report, Session, Severity};
use crate::tls::KeyLog;

/// How many frames are read between two looks at the clock.
const FRAMES_PER_LOOK: u64 = 8192;

/// What a run over captures came to.
pub(super) struct Outcome {
    /// Damage of each damaged source, in words.
    pub(super) damage: Vec<String>,
    /// The worst finding.
    pub(super) worst: Option<Severity>,
    /// Packets read.
    pub(super) packets: u64,
}

/// Reads the captures and writes the report.
pub(super) fn run(mut job: ReportJob, progress: &mut Progress) -> Result<Outcome, Failure> {
    take_keys(job.keylog.as_ref(), &mut job.analyzer)?;
    let filter = job.filter.as_deref().and_then(|filter| Filter::parse(filter).ok());
    let interrupts = Interrupts::watch(job.files.iter().any(|file| file.as_os_str() == "-"))
        .map_err(|error| Failure::impossible(format!("can't listen for signals: {}", plain(&error))))?;
    let frames = open(&job)?;
    let mut output = Output::open_beside(&job.target, &job.files)?;
    let analyzer = Analyzer::new(job.analyzer);
    let mut reading = Reading { frames, analyzer, progress, interrupts, read: 0 };
    let outcome = if job.format == Format::Jsonl {
        stream(reading, filter.as_ref(), &mut output)?
    } else {
        while reading.step()? {}
        let mut report = reading.report();
        if let Some(filter) = &filter {
            report.sessions.retain(|session| filter.matches(session));
        }
        output.write(|sink| export::write(&report, job.format, sink))?;
        let outcome =
            Outcome { damage: damage(&report), worst: worst(&report), packets: report.capture.packets };
        // The program ends now, which gives back all of it at once; piece by piece takes a tenth of the whole run.
        std::mem::forget(report);
        outcome
    };
    output.finish()?;
    Ok(outcome)
}

/// Has the analyzer take in the keys of a key log.
pub(super) fn take_keys(file: Option<&KeyLogFile>, analyzer: &mut analyzer::Options) -> Result<(), Failure> {
    let keys = match file {
        None => return Ok(()),
        Some(KeyLogFile::Asked(path)) => fs::read(path).map_err(|error| {
            let path = path.to_string_lossy();
            Failure::impossible(format!("can't read the key log {}: {}", Printable(&path), plain(&error)))
        })?,
        Some(KeyLogFile::Environment(path)) => fs::read(path).unwrap_or_default(),
    };
    analyzer.key_log = Arc::new(KeyLog::parse(&keys));
    Ok(())
}

pub(super) fn open(job: &ReportJob) -> Result<Frames, Failure> {
    if job.files.is_empty() {
        return Err(Failure::usage(
            "no capture named; try 'ftpscope FILE', or 'ftpscope -' to read standard input ('ftpscope --help' tells more)",
        ));
    }
    capture::open(&job.files, &job.analyzer.limits).map_err(|error| Failure::impossible(error.to_string()))
}

/// What is read from where, until when.
struct Reading<'r> {
    frames: Frames,
    analyzer: Analyzer,
    progress: &'r mut Progress,
    interrupts: Interrupts,
    read: u64,
}

impl Reading<'_> {
    /// Analyzes the next frame; false after the last one.
    fn step(&mut self) -> Result<bool, Failure> {
        let Some(frame) = self.frames.next() else { return Ok(false) };
        self.analyzer.feed(&frame);
        self.read = self.read.saturating_add(1);
        if self.read.is_multiple_of(FRAMES_PER_LOOK) {
            self.progress.show(self.frames.progress());
            if self.interrupts.stop() {
                self.progress.clear();
                return Err(Failure::Interrupted);
            }
        }
        Ok(true)
    }

    fn report(self) -> Report {
        self.progress.clear();
        self.analyzer.report(self.frames.sources())
    }
}

/// Writes each session as soon as it is over, then the closing line.
fn stream(
    mut reading: Reading<'_>,
    filter: Option<&Filter>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let wanted = |session: &Session| filter.is_none_or(|filter| filter.matches(session));
    let mut worst_of_ended = None;
    while reading.step()? {
        for session in reading.analyzer.take_ended() {
            if wanted(&session) {
                worst_of_ended =
                    worst_of_ended.max(session.findings.iter().map(|finding| finding.severity).max());
                output.write(|sink| export::session_line(&session, sink))?;
            }
        }
    }
    let mut report = reading.report();
    report.sessions.retain(wanted);
    output.write(|sink| export::write(&report, Format::Jsonl, sink))?;
    let worst = worst_of_ended.max(worst(&report));
    Ok(Outcome { damage: damage(&report), worst, packets: report.capture.packets })
}

fn worst(report: &Report) -> Option<Severity> {
    let of_sessions = report.sessions.iter().flat_map(|session| &session.findings);
    of_sessions.chain(&report.findings).map(|finding| finding.severity).max()
}

fn damage(report: &Report) -> Vec<String> {
    let sources = report.capture.sources.iter();
    sources
        .filter_map(|source| {
            let damage = source.damage.as_deref()?;
            Some(format!("{}: {}", Printable(&source.path), Printable(damage)))
        })
        .collect()
}
