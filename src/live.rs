//! Follows a capture that is still going on: a line for each event or session as it happens.
//!
//! In come packets from interfaces or a pipe; out go lines to standard output or a file, what is captured into other files,
//! and a [`Summary`] at the end. One loop owns everything: it takes packets, tells the analyzer how time passes where none
//! come, and sees to signals, limits and counters.
//!
//! **Invariant:** decides nothing about FTP; what is written here is what the analyzer says of the packets so far. Memory is
//! bounded by the analyzer's limits: ended sessions are written and dropped.

mod advice;
mod filters;
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
use std::time::{Duration, Instant};

use crate::analyzer::{self, Analyzer, Event, EventKind};
use crate::base::{PacketRef, Printable};
use crate::capture::{self, Arrival, Intake, Recorder, Rotation, live};
use crate::confine::{Needs, confine};
use crate::export;
use crate::filter::Filter;
use crate::report::Session;

use keys::Keys;
use learn::Learner;
use line::Line;
use sink::Sink;
use stamp::Stamps;
use until::Progress;

pub use advice::advice;
pub use privileges::{Error as PrivilegeError, relinquish};
pub use signals::Signals;
pub use sink::Target;
pub use stamp::Clock;
pub use summary::Summary;
pub use until::Until;
pub use watcher::{Now, Watcher};

/// How long the loop waits for packets before it sees to other things.
const TICK: Duration = Duration::from_millis(100);
/// How often lines and packets are handed on to whoever reads them, and drops are looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// By how much the analyzer's time stays behind, in nanoseconds: packets may be on their way for that long.
const LAG: i64 = 200_000_000;
/// How long a pipe is still read after Ctrl-C: who writes into it got the signal too, and has something left to write.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What to do.
pub struct Job {
    /// Where packets come from.
    pub feed: Feed,
    /// Whom to become once interfaces are open; by default whoever called sudo.
    pub user: Option<String>,
    /// Which sessions are written, where whole sessions are.
    pub filter: Option<Filter>,
    /// A TLS key log, which may still grow.
    pub keys: Option<PathBuf>,
    /// How to analyze.
    pub analyzer: analyzer::Options,
    /// What to write.
    pub form: Form,
    /// Where to.
    pub target: Target,
    /// Whether each line is handed on at once.
    pub line_buffered: bool,
    /// Where to save what is captured.
    pub record: Option<(PathBuf, Rotation)>,
    /// When to end.
    pub until: Until,
    /// Whether the capture filter follows the predictions.
    pub learn_ports: bool,
    /// Whether it is said which rights were given up.
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
        /// How times are told.
        clock: Clock,
        /// Whether only ASCII characters are used.
        is_ascii: bool,
    },
    /// A line of JSON for each event, then a closing line.
    EventsJson,
    /// A line of JSON for each session once it is over, then a closing line.
    Sessions,
    /// Nothing: a [`Watcher`] is told.
    Nothing,
}

/// Why there is nothing to follow, or no more.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An interface can't be captured on.
    #[error(transparent)]
    Interface(#[from] live::Error),
    /// A file can't be read.
    #[error(transparent)]
    File(#[from] capture::Error),
    /// The rights of root can't be given up.
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

/// Follows a capture to its end; `say` is told what the user should know meanwhile, a line at a time.
pub fn run(job: Job, say: &mut dyn FnMut(&str)) -> Result<Summary, Failure> {
    let signals = Signals::catch().map_err(Failure::Start)?;
    let Begun { follower, intake } = begin(job, say)?;
    follower.follow(intake, &signals, say)
}

/// A capture that has begun, and that nobody follows yet.
pub struct Begun {
    follower: Follower,
    intake: Intake,
}

impl Begun {
    /// Follows it to its end, which is when the watcher wants it at the latest; signals are left to others.
    pub fn watched(self, watcher: Box<dyn Watcher>, say: &mut dyn FnMut(&str)) -> Result<Summary, Failure> {
        let Self { mut follower, intake } = self;
        follower.watcher = Some(watcher);
        follower.follow(intake, &Signals::default(), say)
    }
}

/// Opens all that a capture needs: packets come from now on.
pub fn begin(job: Job, say: &mut dyn FnMut(&str)) -> Result<Begun, Failure> {
    let taps = match &job.feed {
        Feed::Interfaces(options) => {
            let note = options
                .filter
                .as_deref()
                .and_then(|filter| filters::note_on(filter, &job.analyzer.control_ports));
            if let Some(note) = note {
                say(&format!("note: {note}"));
            }
            Some(live::open(options)?)
        }
        Feed::Files(_) => None,
    };
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
    let keys = job.keys.as_deref().map(open_keys).transpose()?;
    let stamps = Stamps::new(match job.form {
        Form::Events { clock, .. } => clock,
        Form::EventsJson | Form::Sessions | Form::Nothing => Clock::Epoch,
    });
    let frames = match job.feed {
        Feed::Files(files) => Some(capture::open(&files, &job.analyzer.limits)?),
        Feed::Interfaces(_) => None,
    };
    // Before there are other threads: they have what this one has then.
    let write_in =
        [sink.folder(), recorder.as_ref().and_then(Recorder::folder)].into_iter().flatten().collect();
    // Who watches may ask for files at any time.
    let whatever_is_asked = matches!(job.form, Form::Nothing);
    rights.extend(confine(&Needs { write_in, whatever_is_asked, ..Needs::default() }));
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
    let mut analyzer = Analyzer::new(job.analyzer);
    analyzer.watch();
    analyzer.stream();
    let follower = Follower {
        analyzer,
        sink,
        target: job.target.name(),
        recorder,
        learner,
        keys,
        form: job.form,
        filter: job.filter,
        stamps,
        until: job.until,
        begun: Instant::now(),
        summary: Summary::default(),
        packets: 0,
        bytes: 0,
        drops: 0,
        watcher: None,
    };
    Ok(Begun { follower, intake })
}

fn open_keys(path: &Path) -> Result<Keys, Failure> {
    Keys::open(path).map_err(|source| Failure::Keys { path: path.to_string_lossy().into_owned(), source })
}

/// Everything that goes on while packets come.
struct Follower {
    analyzer: Analyzer,
    sink: Sink,
    target: String,
    recorder: Option<Recorder>,
    learner: Option<Learner>,
    keys: Option<Keys>,
    form: Form,
    filter: Option<Filter>,
    stamps: Stamps,
    until: Until,
    begun: Instant,
    summary: Summary,
    packets: u64,
    /// As on the wire.
    bytes: u64,
    /// Drops that the user was told of.
    drops: u64,
    watcher: Option<Box<dyn Watcher>>,
}

impl Follower {
    fn follow(
        mut self,
        mut intake: Intake,
        signals: &Signals,
        say: &mut dyn FnMut(&str),
    ) -> Result<Summary, Failure> {
        let mut kept = Instant::now();
        let mut stopping: Option<Instant> = None;
        loop {
            let enough = self.watcher.as_ref().is_some_and(|watcher| watcher.is_stop_wanted());
            if stopping.is_none() && (enough || signals.is_stop_wanted()) {
                intake.stop();
                stopping = Some(Instant::now());
            }
            if signals.take_reopen() {
                self.reopen(say);
            }
            let arrival = intake.wait(self.until.patience(self.begun, TICK));
            match arrival {
                Arrival::Packets => {
                    if self.packets(&mut intake)? {
                        break;
                    }
                }
                Arrival::Quiet => self.quiet(&intake)?,
                Arrival::Over => break,
            }
            if self.until.is_time_up(self.progress()) {
                break;
            }
            self.look(&intake);
            let is_pipe_done = |since: Instant| {
                !intake.is_live() && (arrival == Arrival::Quiet || since.elapsed() >= LAST_WORDS)
            };
            if stopping.is_some_and(is_pipe_done) {
                break;
            }
            if kept.elapsed() >= HOUSEKEEPING {
                self.keep_house(&mut intake, say)?;
                kept = Instant::now();
            }
        }
        self.keep_house(&mut intake, say)?;
        self.finish(&intake)
    }

    /// Takes all packets that have come; says whether that is enough.
    fn packets(&mut self, intake: &mut Intake) -> Result<bool, Failure> {
        // A key comes with the first packets that need it, or never.
        if let Some(more) = self.keys.as_mut().and_then(Keys::more) {
            self.analyzer.add_keys(&more);
        }
        let carried = intake.take_secrets();
        if !carried.is_empty() {
            self.analyzer.add_keys(&carried);
        }
        while let Some(frame) = intake.next() {
            if let Some(recorder) = &mut self.recorder {
                let written = recorder.packet(&frame);
                written.map_err(|error| Failure::writing(recorder.path().to_string_lossy())(error))?;
            }
            self.stamps.begin(frame.packet.time);
            self.analyzer.feed(&frame);
            self.packets = self.packets.saturating_add(1);
            self.bytes = self.bytes.saturating_add(u64::from(frame.wire_len));
            self.tell()?;
            if self.until.is_reached(self.progress()) {
                return Ok(true);
            }
        }
        self.learn()?;
        Ok(false)
    }

    /// Nothing came for a while.
    fn quiet(&mut self, intake: &Intake) -> Result<(), Failure> {
        if let Some(now) = intake.now() {
            self.analyzer.advance(now.plus(-LAG));
            self.tell()?;
        }
        self.learn()?;
        // Whoever reads along has time now.
        self.sink.flush().map_err(Failure::writing(&*self.target))
    }

    /// Lets the capture filter follow.
    fn learn(&mut self) -> Result<(), Failure> {
        self.learner.as_mut().map_or(Ok(()), |learner| Ok(learner.follow(Instant::now())?))
    }

    /// Lets the watcher look.
    fn look(&mut self, intake: &Intake) {
        if let Some(watcher) = &mut self.watcher {
            let drops = intake.drops();
            let dropped = drops.iter().map(|(_, drops)| drops.kernel.saturating_add(drops.interface));
            watcher.look(Now {
                analyzer: &mut self.analyzer,
                time: intake.now(),
                packets: self.packets,
                bytes: self.bytes,
                dropped: dropped.sum(),
                recording: self.recorder.as_ref().map(|recorder| (recorder.path(), recorder.bytes())),
            });
        }
    }

    /// Tells what has happened.
    fn tell(&mut self) -> Result<(), Failure> {
        for event in self.analyzer.take_events() {
            if let Some(learner) = &mut self.learner {
                learner.see(&event);
            }
            if let Some(watcher) = &mut self.watcher {
                watcher.event(&event);
            }
            self.write_event(&event)?;
        }
        for session in self.analyzer.take_ended() {
            self.session(&session)?;
            if let Some(watcher) = &mut self.watcher {
                watcher.session(session);
            }
        }
        Ok(())
    }

    /// A session is over, and all is known of it.
    fn session(&mut self, session: &Session) -> Result<(), Failure> {
        if self.filter.as_ref().is_some_and(|filter| !filter.matches(session)) {
            return Ok(());
        }
        self.summary.count_session(session);
        if self.form == Form::Sessions {
            let mut line = Vec::new();
            export::session_line(session, &mut line).map_err(Failure::writing(&*self.target))?;
            return self.write(&line);
        }
        for finding in &session.findings {
            let event = Event {
                packet: PacketRef {
                    time: finding.time,
                    frame: finding.frames.last().copied().unwrap_or_default(),
                },
                session: session.uid.clone(),
                client: session.client,
                server: session.server,
                kind: EventKind::Found(Box::new(finding.clone())),
            };
            self.write_event(&event)?;
        }
        Ok(())
    }

    fn write_event(&mut self, event: &Event) -> Result<(), Failure> {
        let mut line = Vec::new();
        match self.form {
            Form::Events { is_ascii, .. } => {
                let stamp = self.stamps.next(event.packet.time);
                line = format!("{}\n", Line { stamp, event, is_ascii }).into_bytes();
            }
            Form::EventsJson => {
                export::event_line(event, &mut line).map_err(Failure::writing(&*self.target))?;
            }
            Form::Sessions | Form::Nothing => return Ok(()),
        }
        self.write(&line)
    }

    fn write(&mut self, line: &[u8]) -> Result<(), Failure> {
        self.sink.write(line).map_err(Failure::writing(&*self.target))
    }

    fn reopen(&mut self, say: &mut dyn FnMut(&str)) {
        if let Err(error) = self.sink.reopen() {
            say(&format!(
                "warning: can't reopen {}: {error}; writing goes on where it was",
                Printable(&self.target)
            ));
        }
    }

    /// Hands on what was written, and looks at the counters.
    fn keep_house(&mut self, intake: &mut Intake, say: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        self.sink.flush().map_err(Failure::writing(&*self.target))?;
        if let Some(recorder) = &mut self.recorder {
            let flushed = recorder.flush();
            flushed.map_err(|error| Failure::writing(recorder.path().to_string_lossy())(error))?;
        }
        for fault in intake.take_faults() {
            say(&format!("warning: {}", Printable(&fault)));
            self.summary.faults.push(fault);
        }
        let dropped: u64 =
            intake.drops().iter().map(|(_, drops)| drops.kernel.saturating_add(drops.interface)).sum();
        if dropped > self.drops {
            let more = dropped.saturating_sub(self.drops);
            say(&format!(
                "warning: {more} packets were dropped, {dropped} in all: what they carried is missing from here on \
                 (-B makes the kernel's buffer larger, -f or --learn-ports lets less come)"
            ));
            self.drops = dropped;
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress {
            packets: self.packets,
            sessions: self.summary.sessions,
            begun: self.begun,
            bytes: self.recorder.as_ref().map_or(0, Recorder::bytes),
        }
    }

    /// The capture is over.
    fn finish(mut self, intake: &Intake) -> Result<Summary, Failure> {
        self.analyzer.finish();
        self.tell()?;
        // All that ended was told: the report has no sessions any more.
        let mut report = self.analyzer.report(intake.sources());
        let drops = intake.drops();
        report.capture.dropped = intake.is_live().then(|| drops.iter().map(|(_, drops)| drops.kernel).sum());
        let mut sink = self.sink;
        let written = match self.form {
            Form::Events { .. } | Form::Nothing => Ok(()),
            Form::EventsJson | Form::Sessions => {
                let mut line = Vec::new();
                export::closing_line(&report, &mut line).and_then(|()| sink.write(&line))
            }
        };
        written.and_then(|()| sink.flush()).map_err(Failure::writing(self.target))?;
        if let Some(mut recorder) = self.recorder {
            let finished = recorder.finish();
            finished.map_err(|error| Failure::writing(recorder.path().to_string_lossy())(error))?;
            self.summary.saved = recorder.files().map(|path| path.to_string_lossy().into_owned()).collect();
            self.summary.saved_bytes = recorder.bytes();
        }
        self.summary.is_live = intake.is_live();
        for (_, drops) in drops {
            self.summary.drops.received = self.summary.drops.received.saturating_add(drops.received);
            self.summary.drops.kernel = self.summary.drops.kernel.saturating_add(drops.kernel);
            self.summary.drops.interface = self.summary.drops.interface.saturating_add(drops.interface);
        }
        self.summary.learning = self.learner.map(|learner| learner.to_string());
        if let Some(mut watcher) = self.watcher {
            watcher.over(report.capture.clone(), report.findings.clone());
        }
        Ok(self.summary.close(report))
    }
}
