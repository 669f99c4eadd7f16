//! `ftpscope extract`.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::{ExtractArgs, ExtractionArgs, GeneralArgs, InMemory};
use super::exit::{ExitStatus, Failure, plain};
use super::options::{KeyLogFile, analyzer_options, check_filter};
use super::progress::Progress;
use super::read::{self, AT_A_TIME, Tally};
use super::say;
use crate::analyzer;
use crate::base::Printable;
use crate::confine::{Needs, confine, may_write};
use crate::extract::{Extraction, Layout, Options};
use crate::filter::Filter;
use crate::reading::{Pump, SessionObserver};
use crate::report::Session;

/// Everything about one extraction.
pub(super) struct ExtractJob {
    files: Vec<PathBuf>,
    keylog: Option<KeyLogFile>,
    analyzer: analyzer::Options,
    filter: Option<String>,
    folder: PathBuf,
    options: Options,
}

/// Validates what was typed.
pub(super) fn understand(args: ExtractArgs) -> Result<ExtractJob, Failure> {
    let ExtractArgs { input, analysis, extraction } = args;
    let mut files = input.read_files;
    files.extend(input.files);
    check_filter(analysis.filter.as_deref())?;
    let (folder, options) = extraction_options(extraction);
    if analysis.no_hash && options.layout == Layout::Hash {
        return Err(Failure::usage("--by hash needs the digests that --no-hash leaves out"));
    }
    Ok(ExtractJob {
        files,
        keylog: KeyLogFile::find(input.keylog),
        filter: analysis.filter.clone(),
        analyzer: analyzer_options(analysis, InMemory::OneSession),
        folder,
        options,
    })
}

fn extraction_options(args: ExtractionArgs) -> (PathBuf, Options) {
    let options = Options {
        wanted: args.what,
        name: args.name,
        min_size: args.min_size.map_or(0, |size| size.bytes as u64),
        max_file: args.max_file.map(|size| size.bytes as u64),
        max_total: args.max_total.map(|size| size.bytes as u64),
        mime: args.mime,
        layout: args.by,
        keep_duplicates: args.keep_duplicates,
        old_digests: args.old_digests,
        form: args.format,
    };
    (args.output, options)
}

/// Files what sessions moved.
struct Filing<'f> {
    extraction: Extraction,
    tally: Tally<'f>,
    folder: &'f str,
}

impl Filing<'_> {
    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::writing(format!("{}/manifest", self.folder), error)
    }
}

impl SessionObserver for Filing<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        if self.tally.passes(&session) {
            self.extraction.session(&session).map_err(|error| self.failed(&error))
        } else {
            self.extraction.leave_out(&session);
            Ok(())
        }
    }
}

/// Extracts; tells what came of it on standard error.
pub(super) fn run(mut job: ExtractJob, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    read::take_keys(job.keylog.as_ref(), &mut job.analyzer)?;
    let filter = job.filter.as_deref().and_then(|filter| Filter::parse(filter).ok());
    job.analyzer.filter = filter.clone().map(Arc::new);
    let interrupts = read::interrupts(&job.files)?;
    let frames = read::open(&job.files, &job.analyzer.limits)?;
    let shown = Printable(&job.folder.to_string_lossy()).to_string();
    let extraction = may_write(&job.folder)
        .and_then(|()| Extraction::begin(&job.folder, job.options))
        .map_err(|error| beginning(&shown, &error))?;
    let needs = Needs { grow_in: vec![job.folder.clone()], ..Needs::default() };
    for line in confine(&needs) {
        if general.verbose > 0 {
            say(&line);
        }
    }
    outlive_file_size_limits();
    let sink = Box::new(extraction.feeder());
    let mut filing = Filing { extraction, tally: Tally::new(filter.as_ref()), folder: &shown };
    let mut progress = Progress::new(general.progress);
    let pump = Pump::with_sink(analyzer::Options { streaming: true, ..job.analyzer }, sink);
    let reading = read::Reading::new(frames, &mut progress, interrupts);
    let closing = reading.pump(pump, AT_A_TIME, &mut filing);
    let Filing { extraction, tally, .. } = filing;
    // What was extracted until a failure is told too.
    let summary = extraction.finish().map_err(|error| Failure::writing(format!("{shown}/manifest"), &error));
    let closing = closing?;
    let summary = summary?;
    let outcome = tally.outcome(&closing.capture, &closing.findings);
    if general.quiet == 0 {
        for warning in &outcome.warnings {
            say(&format!("warning: {warning}"));
        }
        say(&format!("{summary} into {shown}"));
    }
    if let Some(why) = &summary.full {
        let not_kept = summary.not_kept;
        return Err(Failure::impossible(format!(
            "can't write to {shown}: {}; {not_kept} {} in its manifest were not kept",
            Printable(why),
            if not_kept == 1 { "file" } else { "files" }
        )));
    }
    let is_whole = outcome.warnings.is_empty() && summary.not_kept == 0;
    Ok(if is_whole { ExitStatus::Done } else { ExitStatus::Partial })
}

/// A file that grows beyond what the system allows is a file that can't be written, not the end.
fn outlive_file_size_limits() {
    use signal_hook::{consts::SIGXFSZ, flag};
    // Where it can't be caught, it ends the program as it would have before.
    let _ = flag::register(SIGXFSZ, Arc::default());
}

/// Why an extraction can't begin.
fn beginning(folder: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return Failure::impossible(format!(
            "{folder} holds the manifest of an earlier extraction; name another folder, or remove it"
        ));
    }
    Failure::impossible(format!("can't write to {folder}: {}", plain(error)))
}
