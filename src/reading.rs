//! The one loop that reads: frames from a [`Source`] go through an [`Analyzer`], and an [`Observer`] takes
//! what it finds.
//!
//! In come capture files, pipes or a running capture; out go sessions as they end, events as they happen, and at
//! the end a [`Closing`], which merges what the reader knows (sources and their damage, limits, drops) with what
//! the analyzer knows. All packets are read through a [`Pump`], so that no report lacks any of it.
//!
//! **Invariant:** the result depends only on the frames and the settings, whatever the scheduler does: each channel
//! has one sender and one receiver, and nothing depends on which thread was faster (except when
//! [`SessionObserver::pause`] is called). Only sources and observers read clocks.

mod concurrent;
#[cfg(feature = "store")]
mod filed;
mod gauge;
mod hashing;
#[cfg(feature = "store")]
mod in_order;
mod observer;
mod source;

use crate::base::TimeDelta;
use std::convert::Infallible;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use crate::analyzer::{Analyzer, ContentSink, Options, Swap};
use crate::capture::{self, Arrival};
use crate::decode::Frame;
use crate::report::{Capture, Report};

#[cfg(feature = "store")]
pub use filed::Filed;
pub use hashing::ThreadHashing;
#[cfg(feature = "store")]
pub use in_order::InOrder;
pub use observer::{Closing, Collector, Next, Now, Observer, SessionObserver};
pub use source::{Consumer, Source};

/// How far the analyzer's time lags behind a running capture's clock: packets may take that long to arrive.
const LAG: TimeDelta = TimeDelta::from_millis(200);

/// Analyzes capture files as one capture, in order of time; `-` is standard input.
///
/// ```
/// use ftpscope::analyzer::Options;
///
/// let report = ftpscope::analyze(["samples/pasv-and-port.pcap"], &Options::default())?;
/// assert_eq!(report.sessions.len(), 2);
/// # Ok::<(), ftpscope::capture::Error>(())
/// ```
///
/// # Errors
/// If a file can't be read at all. A damaged file is read up to the damage, which
/// [`Source::damage`](crate::report::Source::damage) describes.
pub fn analyze<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
    options: &Options,
) -> Result<Report, capture::Error> {
    let paths: Vec<_> = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
    let mut frames = capture::open(&paths, &options.limits)?;
    Ok(Pump::new(options.clone()).report(&mut frames))
}

/// Reads a source to its end.
pub struct Pump {
    analyzer: Analyzer,
    options: Options,
}

impl Pump {
    /// A pump that computes long digests in a separate thread, if there is a second core.
    pub fn new(options: Options) -> Self {
        Self { analyzer: concurrent::analyzer(options.clone()), options }
    }

    /// The same, whose contents go to a sink besides.
    pub fn with_sink(options: Options, sink: Box<dyn ContentSink>) -> Self {
        Self { analyzer: concurrent::analyzer_with(options.clone(), sink), options }
    }

    /// A pump that starts no threads; the results are the same.
    pub fn without_threads(options: Options) -> Self {
        Self { analyzer: Analyzer::new(options.clone()), options }
    }

    /// Idle sessions are put aside there when there is little room for others.
    #[must_use]
    pub fn put_aside_in(mut self, swap: Box<dyn Swap>) -> Self {
        self.analyzer.put_aside_in(swap);
        self
    }

    /// Reads everything into one report.
    pub fn report(self, source: &mut impl Source) -> Report {
        let mut collector = Collector::default();
        let closing = self.run(source, &mut collector).unwrap_or_else(|never: Infallible| match never {});
        collector.report(closing)
    }

    /// Reads everything in this thread. Ends early if the observer fails or has seen enough.
    pub fn run<O: Observer>(
        mut self,
        source: &mut impl Source,
        observer: &mut O,
    ) -> Result<Closing, O::Error> {
        let mut here = Here { analyzer: &mut self.analyzer, observer, is_alert: self.options.alerts };
        if let ControlFlow::Break(failure) = drive(source, &mut here) {
            failure?;
        }
        while here.analyzer.finish_some() {
            here.report()?;
        }
        here.analyzer.finish();
        here.report()?;
        let findings = here.analyzer.closing_findings();
        for event in here.analyzer.settle_overall(&findings) {
            here.observer.overall(&event)?;
        }
        Ok(Closing {
            capture: capture_of(&self.analyzer, source),
            findings,
            drops: source.drops(),
            faults: source.take_faults(),
        })
    }
}

impl fmt::Debug for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump").field("analyzer", &self.analyzer).finish_non_exhaustive()
    }
}

/// Takes frames, and sees to other things in between.
trait Driver: Consumer {
    fn patience(&self) -> Duration;

    /// Frames were read, or none came.
    fn look(&mut self, source: &mut impl Source, arrival: Arrival) -> ControlFlow<Self::Break, Next>;
}

/// The loop: all that reads goes through here.
fn drive<D: Driver>(source: &mut impl Source, driver: &mut D) -> ControlFlow<D::Break> {
    source.begin();
    loop {
        let arrival = source.read(driver.patience(), driver)?;
        if arrival == Arrival::Ended {
            return ControlFlow::Continue(());
        }
        let is_over = match driver.look(source, arrival)? {
            Next::GoOn => false,
            Next::Drain => source.stop().is_break(),
            Next::Stop => true,
        };
        if is_over {
            return ControlFlow::Continue(());
        }
    }
}

/// All that is known of what was read: by its analyzer and by its reader.
fn capture_of(analyzer: &Analyzer, source: &impl Source) -> Capture {
    let mut capture = analyzer.capture(source.sources());
    capture.limits.merge(&source.limits());
    capture.dropped = source.drops().map(|drops| drops.kernel);
    capture
}

fn now<'n>(analyzer: &'n mut Analyzer, source: &mut impl Source) -> Now<'n> {
    Now {
        analyzer,
        time: source.now(),
        progress: source.progress(),
        drops: source.drops(),
        faults: source.take_faults(),
    }
}

/// Analyzes and reports in one thread.
struct Here<'p, O> {
    analyzer: &'p mut Analyzer,
    observer: &'p mut O,
    /// Whether findings are told at once.
    is_alert: bool,
}

impl<O: Observer> Here<'_, O> {
    /// Reports what has happened.
    fn report(&mut self) -> Result<(), O::Error> {
        for event in self.analyzer.take_events() {
            self.observer.event(&event)?;
        }
        if !self.is_alert {
            return self.analyzer.drain_ended(|session| self.observer.session(session));
        }
        for session in self.analyzer.take_ended() {
            for event in self.analyzer.settle_alerts(&session) {
                self.observer.event(&event)?;
            }
            self.observer.session(Box::new(session))?;
        }
        let (events, overall) = self.analyzer.take_alerts();
        for event in events {
            self.observer.event(&event)?;
        }
        overall.iter().try_for_each(|event| self.observer.overall(event))
    }

    #[inline]
    fn take(&mut self, frame: &Frame<'_>) -> Result<bool, O::Error> {
        self.observer.packet(frame)?;
        self.analyzer.feed(frame);
        self.report()?;
        Ok(self.observer.is_enough(self.analyzer))
    }
}

impl<O: Observer> Consumer for Here<'_, O> {
    type Break = Result<(), O::Error>;

    #[inline]
    fn secrets(&mut self, known: &[u8]) -> ControlFlow<Self::Break> {
        if let Some(lines) = self.observer.key_log() {
            self.analyzer.add_keys(&lines);
        }
        self.analyzer.add_keys_of(known);
        ControlFlow::Continue(())
    }

    #[inline]
    fn frame(&mut self, frame: &Frame<'_>) -> ControlFlow<Self::Break> {
        match self.take(frame) {
            Ok(false) => ControlFlow::Continue(()),
            Ok(true) => ControlFlow::Break(Ok(())),
            Err(error) => ControlFlow::Break(Err(error)),
        }
    }
}

impl<O: Observer> Driver for Here<'_, O> {
    fn patience(&self) -> Duration {
        self.observer.patience()
    }

    fn look(&mut self, source: &mut impl Source, arrival: Arrival) -> ControlFlow<Self::Break, Next> {
        let looked = (|| {
            if arrival == Arrival::Quiet {
                if let Some(now) = source.now() {
                    self.analyzer.advance(now.minus(LAG));
                    self.report()?;
                }
                self.observer.pause()?;
            }
            self.observer.look(now(self.analyzer, source))
        })();
        match looked {
            Ok(next) => ControlFlow::Continue(next),
            Err(error) => ControlFlow::Break(Err(error)),
        }
    }
}
