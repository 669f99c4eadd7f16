//! Follows a running capture and writes a line for each event or session as it happens.
//!
//! In come packets from interfaces or a pipe; out go lines to standard output or a file, packets to capture
//! files, and a [`Summary`] at the end. The loop is in [`reading`](crate::reading); this is what happens on
//! each of its turns.
//!
//! **Invariant:** decides nothing about FTP: it writes what the analyzer reports. Memory is bounded by the
//! analyzer's limits, as finished sessions are written and dropped.

mod advice;
mod filters;
mod follower;
mod keys;
mod learn;
mod line;
mod privileges;
mod signals;
mod sink;
mod stamp;
mod summary;
mod until;
mod watcher;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::analyzer;
use crate::base::Printable;
use crate::capture::{self, Intake, Recorder, Rotation, live};
use crate::confine::{Needs, confine, may_write};
use crate::extract::{self, Extraction};
use crate::filter::Filter;
use crate::reading::Pump;

use follower::{Follower, Following};
use keys::Keys;
use learn::Learner;
use sink::Sink;
use stamp::Stamps;

pub use advice::advice;
pub use privileges::{Error as PrivilegeError, relinquish};
pub use signals::Signals;
pub use sink::Target;
pub use stamp::Clock;
pub use summary::Summary;
pub use until::Until;
pub use watcher::{Now, Watcher};

/// What to do.
pub struct Job {
    /// Where packets come from.
    pub feed: Feed,
    /// The user to switch to once interfaces are open; by default the one who called sudo.
    pub user: Option<String>,
    /// Which sessions are written, where whole sessions are.
    pub filter: Option<Filter>,
    /// A TLS key log, which may grow during the capture.
    pub keys: Option<PathBuf>,
    /// How to analyze.
    pub analyzer: analyzer::Options,
    /// What to write.
    pub form: Form,
    /// Where to.
    pub target: Target,
    /// Whether to flush after every line.
    pub line_buffered: bool,
    /// Where to save what is captured.
    pub record: Option<(PathBuf, Rotation)>,
    /// The folder into which transferred files are written.
    pub extract: Option<PathBuf>,
    /// When to end.
    pub until: Until,
    /// Whether the capture filter follows the predictions.
    pub learn_ports: bool,
    /// Whether to say which privileges were dropped.
    pub is_verbose: bool,
}

/// Where packets come from.
#[derive(Clone, Debug)]
pub enum Feed {
    /// Interfaces.
    Interfaces(live::Options),
    /// Files; `-` is standard input.
    Files(Vec<PathBuf>),
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line for each event.
    Events {
        /// How times are shown.
        clock: Clock,
        /// Whether only ASCII characters are used.
        is_ascii: bool,
    },
    /// A line of JSON for each event, then a closing line.
    EventsJson,
    /// A line of JSON for each finished session, then a closing line.
    Sessions,
    /// Nothing; a [`Watcher`] watches instead.
    Nothing,
}

/// Why a capture can't start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An interface can't be captured on.
    #[error(transparent)]
    Interface(#[from] live::Error),
    /// A file can't be read.
    #[error(transparent)]
    File(#[from] capture::Error),
    /// Root privileges can't be dropped.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    /// Lines or packets can't be written.
    #[error("can't write to {}: {source}", Printable(target))]
    Write {
        /// Where to.
        target: String,
        /// What the system says.
        source: io::Error,
    },
    /// The key log can't be read.
    #[error("can't read the key log {}: {source}", Printable(path))]
    Keys {
        /// The key log.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A thread or a signal handler can't be had.
    #[error("can't start: {0}")]
    Start(io::Error),
}

impl Failure {
    fn writing(target: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let target = target.into();
        |source| Self::Write { target, source }
    }
}

/// Follows a capture to its end; `say` gets messages for the user, a line at a time.
pub fn run(job: Job, say: &mut dyn FnMut(&str)) -> Result<Summary, Failure> {
    let signals = Signals::catch().map_err(Failure::Start)?;
    begin(job, say)?.follow(&signals, say)
}

/// A capture that has started and is not followed yet.
pub struct Begun {
    pump: Pump,
    follower: Follower,
    intake: Intake,
}

impl Begun {
    /// Follows it until it ends or the watcher stops it; signals are left to the caller.
    pub fn watched(
        mut self,
        watcher: Box<dyn Watcher>,
        say: &mut dyn FnMut(&str),
    ) -> Result<Summary, Failure> {
        self.follower.watcher = Some(watcher);
        self.follow(&Signals::default(), say)
    }

    fn follow(self, signals: &Signals, say: &mut dyn FnMut(&str)) -> Result<Summary, Failure> {
        let Self { pump, mut follower, mut intake } = self;
        let mut following = Following { follower: &mut follower, signals, say };
        let closing = pump.run(&mut intake, &mut following)?;
        following.take_faults(&closing.faults);
        following.do_housekeeping(closing.drops)?;
        follower.finish(closing)
    }
}

/// Opens the interfaces that are captured from; none where files are read.
fn open_taps(job: &Job, say: &mut dyn FnMut(&str)) -> Result<Option<live::Taps>, Failure> {
    let Feed::Interfaces(options) = &job.feed else { return Ok(None) };
    let note =
        options.filter.as_deref().and_then(|filter| filters::note_on(filter, &job.analyzer.control_ports));
    if let Some(note) = note {
        say(&format!("note: {note}"));
    }
    Ok(Some(live::open(options)?))
}

/// Opens everything that a capture needs: from now on packets are captured.
pub fn begin(job: Job, say: &mut dyn FnMut(&str)) -> Result<Begun, Failure> {
    let taps = open_taps(&job, say)?;
    let mut rights = Vec::new();
    if taps.is_some() {
        rights.extend(relinquish(job.user.as_deref())?.map(|user| format!("runs as {}", Printable(&user))));
    }
    let sink = Sink::open(&job.target, job.line_buffered).map_err(Failure::writing(job.target.name()))?;
    let recorder = match job.record {
        Some((path, rotation)) => {
            let name = path.to_string_lossy().into_owned();
            Some(Recorder::create(path, rotation).map_err(Failure::writing(name))?)
        }
        None => None,
    };
    let extraction = job.extract.as_deref().map(extraction).transpose()?;
    let keys = job.keys.as_deref().map(open_keys).transpose()?;
    let stamps = Stamps::new(match job.form {
        Form::Events { clock, .. } => clock,
        Form::EventsJson | Form::Sessions | Form::Nothing => Clock::Epoch,
    });
    let frames = match job.feed {
        Feed::Files(files) => Some(capture::open(&files, &job.analyzer.limits)?),
        Feed::Interfaces(_) => None,
    };
    // Before other threads start: they inherit the privileges of this one.
    let write_in =
        [sink.folder(), recorder.as_ref().and_then(Recorder::folder)].into_iter().flatten().collect();
    // The terminal interface, which watches then, may open files at any time.
    let is_interactive = matches!(job.form, Form::Nothing);
    let read = keys.as_ref().and_then(Keys::awaited_in).into_iter().collect();
    rights.extend(confine(&Needs {
        write_in,
        grow_in: job.extract.into_iter().collect(),
        read,
        is_interactive,
    }));
    if job.is_verbose {
        for line in &rights {
            say(line);
        }
    }
    let mut learner = None;
    let intake = match (taps, frames) {
        (Some(taps), _) => {
            if job.learn_ports {
                learner = Some(Learner::begin(taps.filters()?, &job.analyzer)?);
            }
            for (name, link) in taps.names() {
                say(&format!("listening on {}, link type {link}", Printable(name)));
            }
            taps.start()?
        }
        (None, Some(frames)) => Intake::from_frames(frames).map_err(Failure::Start)?,
        (None, None) => return Err(live::Error::NotBuilt.into()),
    };
    let alerts = !matches!(job.form, Form::Sessions);
    let options = analyzer::Options { events: true, alerts, streaming: true, ..job.analyzer };
    let pump = pump(options, extraction.as_ref());
    let follower = Follower {
        sink,
        extraction,
        target: job.target.name(),
        recorder,
        learner,
        keys,
        form: job.form,
        filter: job.filter,
        stamps,
        until: job.until,
        begun: Instant::now(),
        housekept: Instant::now(),
        summary: Summary::default(),
        reported_drops: 0,
        watcher: None,
    };
    Ok(Begun { pump, follower, intake })
}

/// What reads the packets, and passes contents on where they are extracted.
fn pump(options: analyzer::Options, extraction: Option<&Extraction>) -> Pump {
    match extraction {
        Some(extraction) => Pump::with_sink(options, Box::new(extraction.feeder())),
        None => Pump::new(options),
    }
}

/// Begins to write transferred files into a folder.
fn extraction(folder: &Path) -> Result<Extraction, Failure> {
    let begun = may_write(folder).and_then(|()| Extraction::begin(folder, extract::Options::default()));
    begun.map_err(Failure::writing(folder.to_string_lossy()))
}

fn open_keys(path: &Path) -> Result<Keys, Failure> {
    Keys::open(path).map_err(|source| Failure::Keys { path: path.to_string_lossy().into_owned(), source })
}
