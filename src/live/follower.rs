//! What happens as packets arrive: lines are written, packets saved, and signals, limits and counters checked.

use std::time::{Duration, Instant};

use super::keys::Keys;
use super::learn::Learner;
use super::line::{Line, OverallLine};
use super::sink::Sink;
use super::stamp::Stamps;
use super::until::Progress;
use super::watcher::Watcher;
use super::{Failure, Form, Signals, Summary, Until, watcher};
use crate::analyzer::{Analyzer, Change, Event, EventKind, OverallEvent};
use crate::base::Printable;
use crate::capture::{Drops, Recorder};
use crate::decode::Frame;
use crate::export;
use crate::extract::Extraction;
use crate::filter::Filter;
use crate::reading::{Closing, Next, Now, Observer, SessionObserver};
use crate::report::{Report, Session};

/// How long to wait for packets before other things are checked.
const TICK: Duration = Duration::from_millis(100);
/// How often output is flushed and drop counters are checked.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// What can't be written where an extraction fails.
const MANIFEST: &str = "the manifest of extracted files";

/// The outputs of a capture and when it ends.
pub(super) struct Follower {
    pub(super) sink: Sink,
    pub(super) target: String,
    pub(super) recorder: Option<Recorder>,
    pub(super) extraction: Option<Extraction>,
    pub(super) learner: Option<Learner>,
    pub(super) keys: Option<Keys>,
    pub(super) form: Form,
    pub(super) filter: Option<Filter>,
    pub(super) stamps: Stamps,
    pub(super) until: Until,
    pub(super) begun: Instant,
    /// Time of the last housekeeping.
    pub(super) housekept: Instant,
    pub(super) summary: Summary,
    /// Drops that the user was warned about.
    pub(super) reported_drops: u64,
    pub(super) watcher: Option<Box<dyn Watcher>>,
}

impl Follower {
    /// Writes a finished session.
    fn session(&mut self, session: &Session) -> Result<(), Failure> {
        let is_left_out = self.filter.as_ref().is_some_and(|filter| !filter.matches(session));
        if let Some(extraction) = &mut self.extraction {
            if is_left_out {
                extraction.leave_out(session);
            } else {
                extraction.session(session).map_err(Failure::writing(MANIFEST))?;
            }
        }
        if is_left_out {
            return Ok(());
        }
        self.summary.count_session(session);
        if self.form == Form::Sessions {
            let mut line = Vec::new();
            export::session_line(session, &mut line).map_err(Failure::writing(&*self.target))?;
            return self.write(&line);
        }
        Ok(())
    }

    /// Writes what happened to a finding that belongs to no single session.
    fn write_overall(&mut self, event: &OverallEvent) -> Result<(), Failure> {
        let mut line = Vec::new();
        match self.form {
            // Other words say nothing new to people.
            Form::Events { .. } if event.change == Change::Revised => {}
            Form::Events { .. } => {
                let stamp = self.stamps.next(event.packet.time);
                line = format!("{}\n", OverallLine { stamp, event }).into_bytes();
            }
            Form::EventsJson => {
                export::overall_event_line(event, &mut line).map_err(Failure::writing(&*self.target))?;
            }
            Form::Sessions | Form::Nothing => {}
        }
        self.write(&line)
    }

    fn write_event(&mut self, event: &Event) -> Result<(), Failure> {
        let mut line = Vec::new();
        match self.form {
            // Other words say nothing new to people.
            Form::Events { .. } if matches!(event.kind, EventKind::Revised { is_graver: false, .. }) => {
                return Ok(());
            }
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

    fn progress(&self, analyzer: &Analyzer) -> Progress {
        Progress {
            packets: analyzer.packets(),
            sessions: self.summary.sessions,
            begun: self.begun,
            bytes: self.recorder.as_ref().map_or(0, Recorder::bytes),
        }
    }

    /// Writes the end of the capture.
    pub(super) fn finish(mut self, closing: Closing) -> Result<Summary, Failure> {
        let Closing { capture, findings, drops, .. } = closing;
        // All sessions were written as they ended.
        let report = Report { capture, sessions: Vec::new(), findings, ..Report::default() };
        let written = match self.form {
            Form::Events { .. } | Form::Nothing => Ok(()),
            Form::EventsJson | Form::Sessions => {
                let mut line = Vec::new();
                export::live_closing_line(&report.capture, &report.findings, &mut line)
                    .and_then(|()| self.sink.write(&line))
            }
        };
        written.and_then(|()| self.sink.flush()).map_err(Failure::writing(self.target))?;
        if let Some(extraction) = self.extraction {
            self.summary.extracted = Some(extraction.finish().map_err(Failure::writing(MANIFEST))?);
        }
        if let Some(mut recorder) = self.recorder {
            let finished = recorder.finish();
            finished.map_err(|error| Failure::writing(recorder.path().to_string_lossy())(error))?;
            self.summary.saved = recorder.files().map(|path| path.to_string_lossy().into_owned()).collect();
            self.summary.saved_bytes = recorder.bytes();
        }
        self.summary.is_live = drops.is_some();
        self.summary.drops = drops.unwrap_or_default();
        self.summary.learning = self.learner.map(|learner| learner.to_string());
        if let Some(mut watcher) = self.watcher {
            watcher.over(report.capture.clone(), report.findings.clone());
        }
        Ok(self.summary.close(report))
    }
}

const fn dropped(drops: Drops) -> u64 {
    drops.kernel.saturating_add(drops.interface)
}

/// A [`Follower`] while it reads.
pub(super) struct Following<'f> {
    pub(super) follower: &'f mut Follower,
    pub(super) signals: &'f Signals,
    /// Takes messages for the user, a line at a time.
    pub(super) say: &'f mut dyn FnMut(&str),
}

impl Following<'_> {
    fn reopen(&mut self) {
        if let Err(error) = self.follower.sink.reopen() {
            (self.say)(&format!(
                "warning: can't reopen {}: {error}; still writing to the old file",
                Printable(&self.follower.target)
            ));
        }
    }

    /// Warns about interfaces that ended early.
    pub(super) fn take_faults(&mut self, faults: &[String]) {
        for fault in faults {
            (self.say)(&format!("warning: {}", Printable(fault)));
            self.follower.summary.faults.push(fault.clone());
        }
    }

    /// Flushes the outputs and checks the drop counters.
    pub(super) fn do_housekeeping(&mut self, drops: Option<Drops>) -> Result<(), Failure> {
        let Self { follower, say, .. } = self;
        follower.sink.flush().map_err(Failure::writing(&*follower.target))?;
        if let Some(extraction) = &mut follower.extraction {
            extraction.flush().map_err(Failure::writing(MANIFEST))?;
        }
        if let Some(recorder) = &mut follower.recorder {
            let flushed = recorder.flush();
            flushed.map_err(|error| Failure::writing(recorder.path().to_string_lossy())(error))?;
        }
        let dropped = drops.map_or(0, dropped);
        if dropped > follower.reported_drops {
            let more = dropped.saturating_sub(follower.reported_drops);
            say(&format!(
                "warning: {more} packets were dropped, {dropped} in total; results may be incomplete (-B enlarges the \
                 kernel's buffer, -f or --learn-ports reduces the traffic)"
            ));
            follower.reported_drops = dropped;
        }
        follower.housekept = Instant::now();
        Ok(())
    }
}

impl SessionObserver for Following<'_> {
    type Error = Failure;

    fn session(&mut self, session: Box<Session>) -> Result<(), Failure> {
        self.follower.session(&session)?;
        if let Some(watcher) = &mut self.follower.watcher {
            watcher.session(*session);
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.follower.sink.flush().map_err(Failure::writing(&*self.follower.target))
    }
}

impl Observer for Following<'_> {
    fn patience(&self) -> Duration {
        self.follower.until.patience(self.follower.begun, TICK)
    }

    // Keys are logged before the packets that need them, or not at all.
    fn key_log(&mut self) -> Option<Vec<u8>> {
        self.follower.keys.as_mut().and_then(Keys::more)
    }

    fn packet(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        if let Some(recorder) = &mut self.follower.recorder {
            let written = recorder.packet(frame);
            written.map_err(|error| Failure::writing(recorder.path().to_string_lossy())(error))?;
        }
        if let Some(watcher) = &mut self.follower.watcher {
            watcher.packet(frame);
        }
        self.follower.stamps.begin(frame.packet.time);
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), Failure> {
        if let Some(learner) = &mut self.follower.learner {
            learner.see(event);
        }
        if let Some(watcher) = &mut self.follower.watcher {
            watcher.event(event);
        }
        self.follower.write_event(event)
    }

    fn overall(&mut self, event: &OverallEvent) -> Result<(), Failure> {
        if let Some(watcher) = &mut self.follower.watcher {
            watcher.overall(event);
        }
        self.follower.write_overall(event)
    }

    fn is_enough(&self, analyzer: &Analyzer) -> bool {
        self.follower.until.is_reached(self.follower.progress(analyzer))
    }

    fn look(&mut self, now: Now<'_>) -> Result<Next, Failure> {
        if self.signals.take_reopen() {
            self.reopen();
        }
        if let Some(learner) = &mut self.follower.learner {
            learner.follow(Instant::now())?;
        }
        if self.follower.until.is_time_up(self.follower.progress(now.analyzer)) {
            return Ok(Next::Stop);
        }
        self.take_faults(&now.faults);
        let Follower { watcher, recorder, .. } = &mut *self.follower;
        let mut is_enough = false;
        if let Some(watcher) = watcher {
            let recording = recorder.as_ref().map(|recorder| (recorder.path(), recorder.bytes()));
            let dropped = now.drops.map_or(0, dropped);
            watcher.look(watcher::Now { analyzer: now.analyzer, time: now.time, dropped, recording });
            is_enough = watcher.is_stop_wanted();
        }
        if self.follower.housekept.elapsed() >= HOUSEKEEPING {
            self.do_housekeeping(now.drops)?;
        }
        Ok(if is_enough || self.signals.is_stop_wanted() { Next::Drain } else { Next::GoOn })
    }
}
