//! Opens captures in the terminal interface.

mod live;
mod save;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::args::GeneralArgs;
use super::config::Config;
use super::exit::{ExitStatus, Failure};
use super::live::{Keep, WatchJob, explained};
use super::look::Environment;
use super::options::{ReportJob, Target};
use super::output::Output;
use super::read;
use super::say;
use crate::analyzer::{self, Analyzer};
use crate::base::{LimitName, Limits, Printable};
use crate::capture::{Frames, Ring};
use crate::confine::{Needs, confine};
use crate::export::{self, FORMATS, Format, Setting, Settings as FormatSettings, What};
use crate::live::{Form, Until};
use crate::reading::{Closing, Next, Pump, SessionObserver};
use crate::report::{Capture, Session};
use crate::store::{self, Scratch};
use crate::tui::{self, ExportRequest, Feed, Kept, Outlet, Progress, Settings, ThemeName};
use save::{FileSaver, RingSaver};

/// Sessions that are handed over at a time.
const BATCH: usize = 256;

/// Shows the captures; returns when the user leaves.
pub(super) fn show(job: ReportJob, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    if job.files.iter().any(|file| file.as_os_str() == "-") {
        return show_pipe(job, general);
    }
    let scratch = Scratch::open(job.temp_dir.as_deref());
    let frames = read::open(&job.files, &job.analyzer.limits)?;
    let title = title(&job.files);
    let limits = job.analyzer.limits.clone();
    let analysis = analyzer::Options { listings: true, ..job.analyzer };
    let source = FileSource { frames, options: analysis, room: job.screen_memory };
    let settings = Settings { title, ..settings(general, job.filter)? };
    let options = options(settings, scratch, job.files, limits);
    drop_privileges(general);
    ended(tui::run(Box::new(source), options))
}

/// Shows a capture that comes through a pipe, as it arrives.
fn show_pipe(job: ReportJob, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    let ReportJob { files, analyzer, filter, temp_dir, screen_memory, .. } = job;
    let keep = Keep { memory: Some(screen_memory), ..Keep::default() };
    let name = if files.len() > 1 { "standard input and files" } else { "standard input" };
    let job = crate::live::Job {
        feed: crate::live::Feed::Files(files),
        user: None,
        filter: None,
        keys: None,
        analyzer,
        form: Form::Nothing,
        target: crate::live::Target::Nowhere,
        line_buffered: false,
        record: None,
        extract: None,
        until: Until::default(),
        learn_ports: false,
        is_verbose: general.verbose > 0,
    };
    watch(WatchJob { job, filter, name: name.into(), saved: Vec::new(), temp_dir, keep }, general)
}

/// Shows a running capture; returns when the user leaves.
pub(super) fn watch(job: WatchJob, general: &GeneralArgs) -> Result<ExitStatus, Failure> {
    let WatchJob { mut job, filter, name, saved, temp_dir, keep } = job;
    job.analyzer.listings = true;
    // Before privileges are given up.
    let scratch = Scratch::open(temp_dir.as_deref());
    let window = job.analyzer.predict_window;
    let limits = job.analyzer.limits.clone();
    // Messages printed now would disappear with the first screen.
    let begun = crate::live::begin(job, &mut |_| {}).map_err(|failure| explained(failure, None))?;
    let ring = keep.packets.map(|room| Arc::new(Mutex::new(Ring::new(room))));
    let source = live::LiveSource { begun, name: name.clone(), window, ring: ring.clone() };
    let settings = Settings { title: name, ..settings(general, filter)? };
    let mut options = tui::Options {
        keep: tui::Keep { sessions: keep.sessions, memory: keep.memory },
        ..options(settings, scratch, saved.clone(), limits.clone())
    };
    if let Some(ring) = ring.filter(|_| options.saver.is_none()) {
        options.saver = Some(Arc::new(RingSaver { ring, limits }));
    }
    let status = ended(tui::run(Box::new(source), options))?;
    for path in &saved {
        say(&format!("saved to {}", Printable(&path.to_string_lossy())));
    }
    Ok(status)
}

/// What the interface needs besides a source; the files are those whose packets can be saved.
fn options(settings: Settings, scratch: Scratch, files: Vec<PathBuf>, limits: Limits) -> tui::Options {
    tui::Options {
        scratch,
        keep: tui::Keep::default(),
        settings,
        files: files.clone(),
        saver: (!files.is_empty())
            .then(|| Arc::new(FileSaver { files: files.clone(), limits }) as Arc<dyn tui::Saver>),
        exporter: Some(Arc::new(FileExporter { files })),
    }
}

/// Drops privileges that the interface does not need; it may still write where the user wants it to.
fn drop_privileges(general: &GeneralArgs) {
    for line in confine(&Needs { is_interactive: true, ..Needs::default() }) {
        if general.verbose > 0 {
            say(&line);
        }
    }
}

/// What to do once the terminal has been restored.
fn ended(ended: Result<tui::Ended, tui::Error>) -> Result<ExitStatus, Failure> {
    match ended {
        Ok(tui::Ended { signal: Some(signal), .. }) => {
            // Ends the program as the signal would have, so that the parent sees why. Returns where the signal is
            // ignored.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            Ok(ExitStatus::Interrupted)
        }
        Ok(tui::Ended { screen, late, .. }) => {
            if let Some(screen) = screen {
                let mut output = Output::open(&Target::Stdout)?;
                output.write(|sink| sink.write_all(screen.as_bytes()))?;
                output.finish()?;
            }
            for done in &late {
                match done {
                    Ok(text) | Err(text) => say(text),
                }
            }
            Ok(if late.iter().any(Result::is_err) { ExitStatus::Impossible } else { ExitStatus::Done })
        }
        Err(error @ tui::Error::Filter(_)) => Err(Failure::usage(error.to_string())),
        Err(error) => Err(Failure::impossible(error.to_string())),
    }
}

/// The look of the interface, by the options and by what the terminal can do.
fn settings(general: &GeneralArgs, filter: Option<String>) -> Result<Settings, Failure> {
    let config = Config::read(general.config.as_deref())?;
    let here = Environment::here();
    let color = here.color(general.color, true);
    let usual = if color { config.theme.unwrap_or(ThemeName::Dark) } else { ThemeName::Mono };
    Ok(Settings {
        theme: general.theme.unwrap_or(usual),
        depth: if color { Environment::depth() } else { tui::ColorDepth::None },
        ascii: general.ascii || config.ascii || here.ascii(),
        mouse: !general.no_mouse && config.mouse.unwrap_or(true),
        time_format: config.times,
        keymap: config.keymap,
        filter: filter.unwrap_or_default(),
        ..Settings::default()
    })
}

fn title(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Printable(&name).to_string()
    };
    match files {
        [only] => name(only),
        [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
        [] => String::new(),
    }
}

/// Reads captures on a thread of the interface.
struct FileSource {
    frames: Frames,
    options: analyzer::Options,
    /// Bytes of memory for the rows of sessions.
    room: usize,
}

impl tui::Source for FileSource {
    fn run(self: Box<Self>, outlet: &Outlet) {
        let Self { mut frames, options, room } = *self;
        let mut batches = Batches { outlet, sessions: Vec::new(), room, missed: 0 };
        let pump = Pump::new(analyzer::Options { streaming: true, ..options });
        let closing = pump.run_concurrently(&mut frames, BATCH, &mut batches, |now| {
            let progress = progress_of(now.analyzer, now.progress);
            let is_gone = outlet.offer(Feed::Progress(progress)).is_break();
            if is_gone || outlet.stopped() { Next::Stop } else { Next::GoOn }
        });
        let Closing { mut capture, findings, .. } = match closing {
            Ok(closing) => closing,
            Err(Stopped::ScreenGone) => return,
            Err(Stopped::NoRoom(error)) => {
                // What was stored before is shown all the same.
                let _ = batches.send();
                let _ = outlet.send(Feed::Failed(message_of(Failure::from(error))));
                return;
            }
        };
        capture.limits.add(LimitName::Sessions, batches.missed);
        let (bytes, total) = frames.progress();
        let progress =
            Progress { bytes, total, packets: capture.packets, time: capture.last, finished: true };
        if batches.send().is_ok() {
            let _ = outlet.send(Feed::Progress(progress));
            let _ = outlet.send(Feed::Finished { capture: Box::new(capture), findings });
            if batches.missed > 0 {
                let missed = batches.missed;
                let note =
                    format!("{missed} sessions are missing: there is no memory for them (--max-memory)");
                let _ = outlet.send(Feed::Note(note));
            }
        }
    }
}

fn progress_of(analyzer: &Analyzer, (bytes, total): (u64, Option<u64>)) -> Progress {
    Progress { bytes, total, packets: analyzer.packets(), time: analyzer.latest(), finished: false }
}

/// Hands sessions over to the screen, many at a time, as long as it has room for them.
struct Batches<'o> {
    outlet: &'o Outlet,
    sessions: Vec<Kept>,
    /// Bytes of memory that are left for the rows of sessions.
    room: usize,
    /// Sessions for which there was no room.
    missed: u64,
}

/// Why no more sessions are wanted.
enum Stopped {
    ScreenGone,
    NoRoom(store::Error),
}

impl Batches<'_> {
    fn send(&mut self) -> Result<(), Stopped> {
        if self.sessions.is_empty() {
            return Ok(());
        }
        match self.outlet.send(Feed::Sessions(std::mem::take(&mut self.sessions))) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stopped::ScreenGone),
        }
    }
}

impl SessionObserver for Batches<'_> {
    type Error = Stopped;

    fn session(&mut self, session: Box<Session>) -> Result<(), Stopped> {
        let kept = self.outlet.keep(&session).map_err(Stopped::NoRoom)?;
        let Some(room) = self.room.checked_sub(kept.memory()) else {
            self.missed = self.missed.saturating_add(1);
            return Ok(());
        };
        self.room = room;
        self.sessions.push(kept);
        if self.sessions.len() < BATCH { Ok(()) } else { self.send() }
    }

    fn pause(&mut self) -> Result<(), Stopped> {
        self.send()
    }
}

/// A failure as the interface shows it.
fn in_words(done: Result<(), Failure>) -> Result<(), String> {
    done.map_err(message_of)
}

fn message_of(failure: Failure) -> String {
    match failure {
        Failure::Said { message, .. } => message,
        Failure::ReaderGone | Failure::Interrupted => "the reader is gone".to_owned(),
    }
}

/// Writes reports of chosen sessions.
struct FileExporter {
    /// What is being read, and must not be written to.
    files: Vec<PathBuf>,
}

impl tui::Exporter for FileExporter {
    fn formats(&self) -> Vec<&'static str> {
        FORMATS.iter().map(|format| format.name()).collect()
    }

    fn export(&self, request: &ExportRequest) -> Result<String, String> {
        let format = export::format_named(&request.format)
            .ok_or_else(|| format!("'{}' is no format", Printable(&request.format)))?;
        let written = Output::open_distinct_from(&Target::File(request.path.clone()), &self.files).and_then(
            |mut output| {
                write(request, format, &mut output)?;
                output.finish()
            },
        );
        in_words(written)?;
        let path = request.path.display().to_string();
        Ok(format!("wrote {} to {}", amount(request, format), Printable(&path)))
    }
}

/// Writes a report.
fn write(request: &ExportRequest, format: &dyn Format, output: &mut Output) -> Result<(), Failure> {
    let unread = Capture::default();
    let capture = request.capture.as_ref().unwrap_or(&unread);
    let settings = FormatSettings { what: request.table, ..FormatSettings::default() };
    let mut stream = format.begin(&settings);
    if format.needs_all_first() {
        request.sessions.each(|session| {
            stream.preview(session);
            Ok::<_, Failure>(())
        })?;
    }
    let mut names = request.sessions.uids();
    output.write(|sink| stream.heading(capture, &request.findings, &mut names, sink))?;
    request.sessions.each(|session| output.write(|sink| stream.session(session, sink)))?;
    output.write(|sink| stream.end(capture, &request.findings, sink))
}

/// How much was written, in words.
fn amount(request: &ExportRequest, format: &dyn Format) -> String {
    let sessions = match request.sessions.len() {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    };
    if !format.heeds().contains(&Setting::What) {
        return sessions;
    }
    match request.table {
        What::Sessions => sessions,
        table @ (What::Transfers
        | What::Channels
        | What::Commands
        | What::Findings
        | What::ListingEntries) => {
            format!("the {} of {sessions}", table.phrase())
        }
    }
}
