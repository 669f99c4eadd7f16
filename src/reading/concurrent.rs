//! Work for a second core: digests, and all that follows on a session once it has ended.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use super::gauge::{self, Gauge};
use super::hashing::ThreadHashing;
use super::observer::TICK;
use super::{Closing, Consumer, Driver, Next, Now, Pump, SessionObserver, Source, capture_of, drive, now};
use crate::analyzer::{Analyzer, Batch, Conclusion, Hashing, Options};
use crate::capture::Arrival;
use crate::decode::Frame;

/// Batches that wait for the second thread.
const WAITING: usize = 16;

/// In what order sessions are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By their first packets, as a report has them.
    FirstPacket,
    /// As they end.
    End,
}

/// How sessions are handed over to the second thread.
#[derive(Clone, Copy, Debug)]
pub struct HandOver {
    /// In what order.
    pub order: Order,
    /// How many at a time, at least one: more cost less, one comes soonest.
    pub at_a_time: usize,
}

impl Pump {
    /// Reads everything. Sessions go to `observer`, in a thread of its own; `look` is called now and then in this one. Ends
    /// early where the observer fails or `look` says so.
    pub fn run_concurrently<O>(
        self,
        source: &mut impl Source,
        hand_over: HandOver,
        observer: &mut O,
        look: impl FnMut(Now<'_>) -> Next,
    ) -> Result<Closing, O::Error>
    where
        O: SessionObserver<Error: Send> + Send,
    {
        let Self { mut analyzer, options } = self;
        let mut conclusion = Conclusion::new(&options);
        let gauge = Gauge::new(options.limits.handover_bytes / 2);
        thread::scope(|scope| {
            let (batches, inbox) = sync_channel(WAITING);
            let gauge = &gauge;
            let second = scope.spawn(move || {
                let exit = gauge.exit();
                conclude(&inbox, &exit, hand_over.order, &mut conclusion, observer).map(|()| conclusion)
            });
            let at_a_time = hand_over.at_a_time.max(1);
            let mut first = First { analyzer: &mut analyzer, batches, gauge, at_a_time, look };
            let reported = drive(source, &mut first).is_continue() && first.finish().is_continue();
            drop(first);
            let mut conclusion = match second.join() {
                Ok(conclusion) => conclusion?,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            debug_assert!(reported, "an observer that stops listening says why");
            let findings = conclusion.finish(&analyzer.capture(Vec::new()));
            let mut capture = capture_of(&analyzer, source);
            capture.limits.merge(&conclusion.limits());
            Ok(Closing { capture, findings, drops: source.drops(), faults: source.take_faults() })
        })
    }
}

/// An analyzer that makes digests in another thread, where there is another core.
pub(super) fn analyzer(options: Options) -> Analyzer {
    let has_second_core = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    let hashing = (options.hash && has_second_core).then(ThreadHashing::start).flatten();
    match hashing {
        Some(hashing) => Analyzer::with_hashing(options, Box::new(hashing) as Box<dyn Hashing>),
        None => Analyzer::new(options),
    }
}

/// The first thread: follows packets, and hands over the sessions that have ended.
struct First<'p, L> {
    analyzer: &'p mut Analyzer,
    batches: SyncSender<Batch>,
    gauge: &'p Gauge,
    at_a_time: usize,
    look: L,
}

impl<L> First<'_, L> {
    /// Breaks where the second thread has ended.
    #[inline(never)]
    fn hand_over(&mut self) -> ControlFlow<()> {
        let batch = self.analyzer.take_batch();
        self.gauge.enter(batch.kept);
        match self.batches.send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn finish(&mut self) -> ControlFlow<()> {
        self.analyzer.finish();
        self.hand_over()
    }
}

impl<L> Consumer for First<'_, L> {
    type Break = ();

    #[inline]
    fn secrets(&mut self, known: &[u8]) -> ControlFlow<()> {
        self.analyzer.add_keys_of(known);
        ControlFlow::Continue(())
    }

    #[expect(clippy::inline_always, reason = "every packet goes this way, and a call is a hundredth of it")]
    #[inline(always)]
    fn frame(&mut self, frame: &Frame<'_>) -> ControlFlow<()> {
        self.analyzer.feed(frame);
        if self.analyzer.ended() >= self.at_a_time || self.analyzer.kept() > self.gauge.share() {
            self.hand_over()?;
        }
        ControlFlow::Continue(())
    }
}

impl<L: FnMut(Now<'_>) -> Next> Driver for First<'_, L> {
    fn patience(&self) -> Duration {
        TICK
    }

    fn look(&mut self, source: &mut impl Source, _arrival: Arrival) -> ControlFlow<(), Next> {
        if self.analyzer.ended() > 0 {
            self.hand_over()?;
        }
        ControlFlow::Continue((self.look)(now(self.analyzer, source)))
    }
}

/// The second thread: what follows on a session's end.
fn conclude<O: SessionObserver>(
    inbox: &Receiver<Batch>,
    exit: &gauge::Exit<'_>,
    order: Order,
    conclusion: &mut Conclusion,
    observer: &mut O,
) -> Result<(), O::Error> {
    while let Ok(batch) = next(inbox, observer)? {
        let kept = batch.kept;
        match order {
            Order::FirstPacket => conclusion.in_order(batch, |session| observer.session(session))?,
            Order::End => {
                let sessions = batch.pending.into_iter().filter_map(|pending| conclusion.conclude(pending));
                for session in sessions {
                    observer.session(session)?;
                }
            }
        }
        exit.leave(kept);
    }
    Ok(())
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
