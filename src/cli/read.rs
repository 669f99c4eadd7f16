//! Reads captures into a report.

mod later;
mod stream;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::{Failure, plain};
use super::interrupts::Interrupts;
use super::options::{KeyLogFile, ReportJob};
use super::output::Output;
use super::progress::Progress;
use crate::analyzer;
use crate::base::{Bytes, LimitCounts, Limits, Printable};
use crate::capture::{self, Frames};
use crate::confine::{Needs, confine};
use crate::export::What;
use crate::filter::Filter;
use crate::reading::{Closing, Next, Pump, SessionObserver};
use crate::report::{Capture, Finding, Session, Severity};
use crate::store::Scratch;
use crate::tls::KeyLog;

/// Sessions that are handed over at a time, unless someone waits for each.
pub(super) const AT_A_TIME: usize = 64;

/// The result of reading captures.
pub(super) struct Outcome {
    /// What could not be read or kept, in words.
    pub(super) warnings: Vec<String>,
    /// How many sessions the filter left out, if none passed it.
    pub(super) all_left_out: Option<u64>,
    /// The worst finding.
    pub(super) worst: Option<Severity>,
    /// Packets read.
    pub(super) packets: u64,
}

/// Reads the captures and writes the report; `say` gets what privileges were dropped.
pub(super) fn run(
    mut job: ReportJob,
    progress: &mut Progress,
    say: &mut dyn FnMut(&str),
) -> Result<Outcome, Failure> {
    take_keys(job.keylog.as_ref(), &mut job.analyzer)?;
    let filter = job.filter.as_deref().and_then(|filter| Filter::parse(filter).ok());
    job.analyzer.filter = filter.clone().map(Arc::new);
    job.analyzer.listings = job.settings.what == What::ListingEntries;
    let interrupts = interrupts(&job.files)?;
    let frames = open(&job.files, &job.analyzer.limits)?;
    let mut output = Output::open_distinct_from(&job.target, &job.files)?;
    let scratch = Scratch::open(job.temp_dir.as_deref());
    let more_scratch = Scratch::open(job.temp_dir.as_deref());
    let needs = Needs { write_in: output.folder().into_iter().collect(), ..Needs::default() };
    for line in confine(&needs) {
        say(&line);
    }
    let reading = Reading::new(frames, progress, interrupts);
    let outcome = if job.format.needs_all_first() {
        later::run(reading, job, scratch, filter.as_ref(), &mut output)?
    } else {
        stream::run(reading, job, [scratch, more_scratch], filter.as_ref(), &mut output)?
    };
    output.finish()?;
    Ok(outcome)
}

/// The longest key log that is read, in bytes: enough for a million connections.
const KEY_LOG: u64 = 256 << 20;

/// Reads a key log for the analyzer, from a file or a pipe.
pub(super) fn take_keys(file: Option<&KeyLogFile>, analyzer: &mut analyzer::Options) -> Result<(), Failure> {
    let keys = match file {
        None => return Ok(()),
        Some(KeyLogFile::Asked(path)) => {
            let shown = path.to_string_lossy().into_owned();
            let keys = key_log(path).map_err(|error| {
                Failure::impossible(format!(
                    "can't read the key log {}: {}",
                    Printable(&shown),
                    plain(&error)
                ))
            })?;
            if keys.len() as u64 > KEY_LOG {
                return Err(Failure::impossible(format!(
                    "{} is no key log: it is longer than {}",
                    Printable(&shown),
                    Bytes(KEY_LOG)
                )));
            }
            keys
        }
        // It may be a device, or a pipe that nobody writes to.
        Some(KeyLogFile::Environment(path)) => {
            let is_regular = fs::metadata(path).is_ok_and(|about| about.is_file());
            let keys = if is_regular { key_log(path).unwrap_or_default() } else { Vec::new() };
            // One that holds nothing was not meant for this.
            let read = KeyLog::parse(&keys);
            if keys.len() as u64 <= KEY_LOG && !read.is_empty() {
                analyzer.key_log = Arc::new(read);
            }
            return Ok(());
        }
    };
    analyzer.key_log = Arc::new(KeyLog::parse(&keys));
    Ok(())
}

/// A key log, and one byte more where it is too long.
fn key_log(path: &Path) -> io::Result<Vec<u8>> {
    let mut keys = Vec::new();
    File::open(path)?.take(KEY_LOG.saturating_add(1)).read_to_end(&mut keys)?;
    Ok(keys)
}

/// Listens for signals while these files are read.
pub(super) fn interrupts(files: &[PathBuf]) -> Result<Interrupts, Failure> {
    Interrupts::watch(files.iter().any(|file| file.as_os_str() == "-"))
        .map_err(|error| Failure::impossible(format!("can't listen for signals: {}", plain(&error))))
}

pub(super) fn open(files: &[PathBuf], limits: &Limits) -> Result<Frames, Failure> {
    if files.is_empty() {
        return Err(Failure::usage(
            "no capture file given; try 'ftpscope FILE', or 'ftpscope -' to read standard input (see 'ftpscope --help')",
        ));
    }
    capture::open(files, limits).map_err(|error| Failure::impossible(error.to_string()))
}

/// What is being read, with the progress bar and the signals that end it.
pub(super) struct Reading<'r> {
    frames: Frames,
    progress: &'r mut Progress,
    interrupts: Interrupts,
}

impl<'r> Reading<'r> {
    pub(super) fn new(frames: Frames, progress: &'r mut Progress, interrupts: Interrupts) -> Self {
        Self { frames, progress, interrupts }
    }

    /// Reads all frames; sessions go to `observer`, so many at a time.
    fn run<O>(
        self,
        options: analyzer::Options,
        at_a_time: usize,
        observer: &mut O,
    ) -> Result<Closing, Failure>
    where
        O: SessionObserver<Error: Into<Failure> + Send> + Send,
    {
        self.pump(Pump::new(analyzer::Options { streaming: true, ..options }), at_a_time, observer)
    }

    /// Reads all frames through a pump.
    pub(super) fn pump<O>(self, pump: Pump, at_a_time: usize, observer: &mut O) -> Result<Closing, Failure>
    where
        O: SessionObserver<Error: Into<Failure> + Send> + Send,
    {
        let Self { mut frames, progress, interrupts } = self;
        let closing = pump.run_concurrently(&mut frames, at_a_time, observer, |now| {
            progress.show(now.progress);
            if interrupts.stop() { Next::Stop } else { Next::GoOn }
        });
        progress.clear();
        let closing = closing.map_err(Into::into)?;
        if interrupts.stop() { Err(Failure::Interrupted) } else { Ok(closing) }
    }
}

/// Counts the sessions of a report.
#[derive(Debug)]
pub(super) struct Tally<'f> {
    filter: Option<&'f Filter>,
    /// Sessions that passed the filter, and those that did not.
    passed: u64,
    left_out: u64,
    /// The worst finding of those that passed.
    worst: Option<Severity>,
    /// How many of them are incomplete because of a limit.
    limited: u64,
}

impl<'f> Tally<'f> {
    pub(super) const fn new(filter: Option<&'f Filter>) -> Self {
        Self { filter, passed: 0, left_out: 0, worst: None, limited: 0 }
    }

    /// Counts a session; whether it is to be reported.
    pub(super) fn passes(&mut self, session: &Session) -> bool {
        if self.filter.is_some_and(|filter| !filter.matches(session)) {
            self.left_out = self.left_out.saturating_add(1);
            return false;
        }
        self.passed = self.passed.saturating_add(1);
        self.worst = self.worst.max(worst(&session.findings));
        self.limited = self.limited.saturating_add(u64::from(!session.limited.is_empty()));
        true
    }

    /// The result, once all of the capture was read.
    pub(super) fn outcome(&self, capture: &Capture, findings: &[Finding]) -> Outcome {
        Outcome {
            warnings: warnings(capture, self.limited),
            all_left_out: (self.passed == 0 && self.left_out > 0).then_some(self.left_out),
            worst: self.worst.max(worst(findings)),
            packets: capture.packets,
        }
    }
}

/// The worst of some findings.
fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(Finding::weight).max()
}

/// What could not be read or kept, in words.
fn warnings(capture: &Capture, limited: u64) -> Vec<String> {
    let sources = capture.sources.iter();
    let damage = sources.filter_map(|source| {
        let damage = source.damage.as_deref()?;
        Some(format!("{}: {}", Printable(&source.path), Printable(damage)))
    });
    damage.chain(limits_reached(&capture.limits, limited)).collect()
}

/// Which limits took something from a report, in words, if any did; `limited` is how many sessions are
/// incomplete.
pub(super) fn limits_reached(limits: &LimitCounts, limited: u64) -> Option<String> {
    let reached: Vec<String> = limits
        .iter()
        .filter(|(name, _)| name.takes_something())
        .map(|(name, count)| format!("{} ×{count}", name.name()))
        .collect();
    if reached.is_empty() {
        return None;
    }
    let sessions = match limited {
        0 => String::new(),
        1 => "; 1 session is incomplete".to_owned(),
        more => format!("; {more} sessions are incomplete"),
    };
    let reached = reached.join(", ");
    Some(format!(
        "the report is incomplete, limits were reached: {reached}{sessions} (raise them with --max-memory or --limit)"
    ))
}
