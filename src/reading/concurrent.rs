//! Work for a second core: digests, and the diagnosis of sessions that have ended.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvError, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use super::gauge::{self, Gauge};
use super::hashing::ThreadHashing;
use super::observer::TICK;
use super::{Closing, Consumer, Driver, Next, Now, Pump, SessionObserver, Source, capture_of, drive, now};
use crate::analyzer::{
    Analyzer, Batch, Conclusion, ContentSink, Hashing, InlineHashing, NoHashing, Options, Tapped,
};
use crate::capture::Arrival;
use crate::decode::Frame;

/// Batches that wait for the second thread.
const WAITING: usize = 16;

impl Pump {
    /// Reads everything. Sessions go to `observer`, in a thread of its own where the system starts one, at
    /// least `at_a_time` of them: more cost less, one comes soonest. `look` is called now and then in this
    /// thread. Ends early where the observer fails or `look` says so.
    pub fn run_concurrently<O>(
        self,
        source: &mut impl Source,
        at_a_time: usize,
        observer: &mut O,
        look: impl FnMut(Now<'_>) -> Next,
    ) -> Result<Closing, O::Error>
    where
        O: SessionObserver<Error: Send> + Send,
    {
        let thread = thread::Builder::new().name("diagnosis".to_owned());
        self.run_beside(thread, source, at_a_time, observer, look)
    }

    /// The same with a second thread as `thread` describes it.
    fn run_beside<O>(
        self,
        thread: thread::Builder,
        source: &mut impl Source,
        at_a_time: usize,
        observer: &mut O,
        look: impl FnMut(Now<'_>) -> Next,
    ) -> Result<Closing, O::Error>
    where
        O: SessionObserver<Error: Send> + Send,
    {
        let Self { mut analyzer, options } = self;
        let mut conclusion = Conclusion::new(&options);
        let gauge = Gauge::new(options.limits.handover_bytes / 2);
        let at_a_time = at_a_time.max(1);
        let most_kept = gauge.share();
        let mut first = First { analyzer: &mut analyzer, at_a_time, most_kept, look };
        let concluded = thread::scope(|scope| {
            let (batches, inbox) = sync_channel(WAITING);
            let (gauge, conclusion, observer) = (&gauge, &mut conclusion, &mut *observer);
            let second = thread.spawn_scoped(scope, move || {
                let exit = gauge.exit();
                conclude_all(&inbox, &exit, conclusion, observer)
            });
            let second = second.ok()?;
            let reported = first.read(source, &mut |batch| {
                gauge.enter(batch.kept);
                batches.send(batch).map_or(ControlFlow::Break(()), ControlFlow::Continue)
            });
            drop(batches);
            let concluded = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            debug_assert!(reported.is_continue() || concluded.is_err(), "an observer that stops says why");
            Some(concluded)
        });
        match concluded {
            Some(concluded) => concluded?,
            // The system refused a thread: this one does all of the work, with the same results.
            None => first.read_alone(source, &mut conclusion, observer)?,
        }
        let findings = conclusion.finish(&analyzer.capture(Vec::new()));
        let mut capture = capture_of(&analyzer, source);
        capture.limits.merge(conclusion.limits());
        Ok(Closing { capture, findings, drops: source.drops(), faults: source.take_faults() })
    }
}

/// An analyzer that makes digests in another thread, where there is another core.
pub(super) fn analyzer(options: Options) -> Analyzer {
    let hashing = hashing(&options);
    Analyzer::with_hashing(options, hashing)
}

/// The same, whose contents go to a sink besides.
pub(super) fn analyzer_with(options: Options, sink: Box<dyn ContentSink>) -> Analyzer {
    let hashing = Tapped::new(hashing(&options), sink);
    Analyzer::with_hashing(options, Box::new(hashing))
}

fn hashing(options: &Options) -> Box<dyn Hashing> {
    if !options.hash {
        return Box::new(NoHashing);
    }
    let has_second_core = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    match has_second_core.then(ThreadHashing::start).flatten() {
        Some(hashing) => Box::new(hashing),
        None => Box::new(InlineHashing::default()),
    }
}

/// The first thread: follows packets, and hands over the sessions that have ended.
struct First<'p, L> {
    analyzer: &'p mut Analyzer,
    at_a_time: usize,
    /// Memory of finished sessions, in bytes, above which they are handed over at once.
    most_kept: usize,
    look: L,
}

/// Takes a batch; breaks where no more are wanted.
type Recipient<'r> = &'r mut dyn FnMut(Batch) -> ControlFlow<()>;

impl<L: FnMut(Now<'_>) -> Next> First<'_, L> {
    /// Reads everything. Breaks where the recipient does.
    fn read(&mut self, source: &mut impl Source, recipient: Recipient<'_>) -> ControlFlow<()> {
        let mut reading = Reading { first: self, recipient };
        drive(source, &mut reading)?;
        while reading.first.analyzer.finish_some() {
            reading.hand_over()?;
        }
        reading.first.analyzer.finish();
        reading.hand_over()
    }

    /// Reads everything and does in this thread what the second one is for.
    fn read_alone<O: SessionObserver>(
        &mut self,
        source: &mut impl Source,
        conclusion: &mut Conclusion,
        observer: &mut O,
    ) -> Result<(), O::Error> {
        let mut concluded = Ok(());
        let _ = self.read(source, &mut |batch| {
            concluded = conclude(batch, conclusion, observer).and_then(|()| observer.pause());
            if concluded.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        concluded
    }
}

/// The first thread while it reads.
struct Reading<'f, 'p, 'r, L> {
    first: &'f mut First<'p, L>,
    recipient: Recipient<'r>,
}

impl<L> Reading<'_, '_, '_, L> {
    #[inline(never)]
    fn hand_over(&mut self) -> ControlFlow<()> {
        (self.recipient)(self.first.analyzer.take_batch())
    }
}

impl<L> Consumer for Reading<'_, '_, '_, L> {
    type Break = ();

    #[inline]
    fn secrets(&mut self, known: &[u8]) -> ControlFlow<()> {
        self.first.analyzer.add_keys_of(known);
        ControlFlow::Continue(())
    }

    #[expect(clippy::inline_always, reason = "every packet goes this way, and a call is a hundredth of it")]
    #[inline(always)]
    fn frame(&mut self, frame: &Frame<'_>) -> ControlFlow<()> {
        let First { analyzer, at_a_time, most_kept, .. } = &mut *self.first;
        analyzer.feed(frame);
        if analyzer.ended() >= *at_a_time || analyzer.kept() > *most_kept {
            self.hand_over()?;
        }
        ControlFlow::Continue(())
    }
}

impl<L: FnMut(Now<'_>) -> Next> Driver for Reading<'_, '_, '_, L> {
    fn patience(&self) -> Duration {
        TICK
    }

    fn look(&mut self, source: &mut impl Source, _arrival: Arrival) -> ControlFlow<(), Next> {
        if self.first.analyzer.ended() > 0 {
            self.hand_over()?;
        }
        let First { analyzer, look, .. } = &mut *self.first;
        ControlFlow::Continue(look(now(analyzer, source)))
    }
}

/// The second thread: diagnosis of all sessions that have ended.
fn conclude_all<O: SessionObserver>(
    inbox: &Receiver<Batch>,
    exit: &gauge::Exit<'_>,
    conclusion: &mut Conclusion,
    observer: &mut O,
) -> Result<(), O::Error> {
    while let Ok(batch) = next(inbox, observer)? {
        let kept = batch.kept;
        conclude(batch, conclusion, observer)?;
        exit.leave(kept);
    }
    Ok(())
}

/// Diagnoses the sessions of a batch and reports them.
fn conclude<O: SessionObserver>(
    batch: Batch,
    conclusion: &mut Conclusion,
    observer: &mut O,
) -> Result<(), O::Error> {
    for session in batch.pending.into_iter().filter_map(|pending| conclusion.conclude(pending)) {
        observer.session(session)?;
    }
    observer.settled(batch.settled_before)
}

fn next<O: SessionObserver>(
    inbox: &Receiver<Batch>,
    observer: &mut O,
) -> Result<Result<Batch, RecvError>, O::Error> {
    match inbox.try_recv() {
        Ok(batch) => Ok(Ok(batch)),
        Err(TryRecvError::Disconnected) => Ok(Err(RecvError)),
        Err(TryRecvError::Empty) => {
            observer.pause()?;
            Ok(inbox.recv())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::ThreadId;

    use super::*;
    use crate::base::{FrameNumber, Limits};
    use crate::capture;
    use crate::report::Session;

    /// Notes which thread reports a session, and fails after `left` of them.
    #[derive(Default)]
    struct Witness<const LEFT: usize> {
        sessions: Vec<(ThreadId, FrameNumber)>,
    }

    impl<const LEFT: usize> SessionObserver for Witness<LEFT> {
        type Error = &'static str;

        fn session(&mut self, session: Box<Session>) -> Result<(), Self::Error> {
            if self.sessions.len() == LEFT {
                return Err("enough");
            }
            self.sessions.push((thread::current().id(), session.frames.first));
            Ok(())
        }
    }

    /// Asks for a stack larger than any address space, so that the system refuses the thread.
    fn refused() -> thread::Builder {
        thread::Builder::new().stack_size(usize::MAX / 8)
    }

    fn run<const LEFT: usize>(thread: thread::Builder) -> (Witness<LEFT>, Result<Closing, &'static str>) {
        let mut frames = capture::open(&["samples/pasv-and-port.pcap".into()], &Limits::default()).unwrap();
        let mut witness = Witness::default();
        let options = Options { streaming: true, ..Options::default() };
        let closing =
            Pump::without_threads(options).run_beside(thread, &mut frames, 1, &mut witness, |_| Next::GoOn);
        (witness, closing)
    }

    #[test]
    fn where_no_thread_can_be_started_this_one_reports_the_same() {
        let (beside, with_thread) = run::<100>(thread::Builder::new());
        let (alone, without) = run::<100>(refused());
        let here = thread::current().id();
        assert!(beside.sessions.iter().all(|&(thread, _)| thread != here));
        assert!(alone.sessions.iter().all(|&(thread, _)| thread == here), "the thread was not refused");
        let frames = |witness: &Witness<100>| -> Vec<FrameNumber> {
            witness.sessions.iter().map(|&(_, first)| first).collect()
        };
        assert_eq!(frames(&alone).len(), 2);
        assert_eq!(frames(&alone), frames(&beside));
        let (with_thread, without) = (with_thread.unwrap(), without.unwrap());
        assert_eq!(without.capture, with_thread.capture);
        assert_eq!(without.findings, with_thread.findings);
    }

    #[test]
    fn an_observer_that_fails_ends_the_reading_with_and_without_a_thread() {
        for thread in [thread::Builder::new(), refused()] {
            let (witness, closing) = run::<1>(thread);
            assert_eq!(witness.sessions.len(), 1);
            assert_eq!(closing.unwrap_err(), "enough");
        }
    }
}
