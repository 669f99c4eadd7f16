//! Reads captures into a report.

mod stream;

use std::path::Path;

use super::options::ReportJob;
use super::output::Output;
use super::progress::Progress;
use super::verdict::{Failure, plain};
use crate::analyzer;
use crate::base::Printable;
use crate::capture::{self, Frames};
use crate::export;
use crate::filter::Filter;
use crate::parallel;
use crate::report::{Capture, Report, Severity};
use crate::tls::KeyLog;

/// How many frames are read between two looks at the clock.
const FRAMES_PER_LOOK: u64 = 8192;

/// What a run over captures came to.
pub(super) struct Outcome {
    /// Damage of each damaged source, in words.
    pub(super) damage: Vec<String>,
    /// The worst finding.
    pub(super) worst: Option<Severity>,
}

/// Reads the captures and writes the report.
pub(super) fn run(mut job: ReportJob, progress: &mut Progress) -> Result<Outcome, Failure> {
    take_keys(&mut job)?;
    let filter = job.filter.as_deref().and_then(|filter| Filter::parse(filter).ok());
    let mut frames = open(&job)?;
    let mut output = Output::open(&job.target)?;
    let outcome = if let Some(form) = stream::Form::of(job.format)? {
        stream::run(&mut frames, job, form, filter.as_ref(), progress, &mut output)?
    } else {
        let mut report = read(&mut frames, job.analyzer, progress);
        if let Some(filter) = &filter {
            report.sessions.retain(|session| filter.matches(session));
        }
        output.write(|sink| export::write(&report, job.format, sink))?;
        let worst = worst(&report);
        Outcome { damage: damage(&report.capture), worst }
    };
    output.finish()?;
    Ok(outcome)
}

/// Reads the key log that the job names.
pub(super) fn take_keys(job: &mut ReportJob) -> Result<(), Failure> {
    if let Some(path) = &job.keylog {
        job.analyzer.key_log = std::sync::Arc::new(KeyLog::parse(&read_key_log(path)?));
    }
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

fn read_key_log(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        let path = path.to_string_lossy();
        Failure::impossible(format!("can't read the key log {}: {}", Printable(&path), plain(&error)))
    })
}

/// Reads all frames into one report.
fn read(frames: &mut Frames, options: analyzer::Options, progress: &mut Progress) -> Report {
    let mut analyzer = parallel::analyzer(options);
    let mut number = 0_u64;
    while let Some(frame) = frames.next() {
        analyzer.feed(&frame);
        number += 1;
        if number.is_multiple_of(FRAMES_PER_LOOK) {
            progress.show(frames.progress());
        }
    }
    progress.clear();
    analyzer.report(frames.sources())
}

fn worst(report: &Report) -> Option<Severity> {
    let of_sessions = report.sessions.iter().flat_map(|session| &session.findings);
    of_sessions.chain(&report.findings).map(|finding| finding.severity).max()
}

fn damage(capture: &Capture) -> Vec<String> {
    let sources = capture.sources.iter();
    sources
        .filter_map(|source| {
            let damage = source.damage.as_deref()?;
            Some(format!("{}: {}", Printable(&source.path), Printable(damage)))
        })
        .collect()
}
