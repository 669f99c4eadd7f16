//! Work for a second core: SHA-256 sums, and all that follows on a session once it is over.
//!
//! In come frames; out come finished sessions, in another thread than the one that follows the packets. It stands above
//! [`analyzer`](crate::analyzer) because up to there nothing knows of threads.
//!
//! **Invariant:** what comes out is what one thread alone would give, in the same order, whatever the scheduler does: each
//! channel has one sender and one receiver, and nothing asks which thread was faster (but when to let [`Heard::Pause`]
//! be heard).

mod gauge;
mod hashing;

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::thread;

use crate::analyzer::{Analyzer, Batch, Conclusion, Hashing, Options};
use crate::capture::Frames;
use crate::report::{Capture, Finding, Session};

use gauge::Gauge;

pub use hashing::ThreadHashing;

/// Batches that wait for the second thread.
const WAITING: usize = 16;

/// How many frames are read between two looks at the reader.
const FRAMES_PER_LOOK: usize = 8192;

/// In what order sessions are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By their first packets, as a report has them.
    FirstPacket,
    /// As they end.
    End,
}

/// How sessions are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// In what order.
    pub order: Order,
    /// How many are handed over at a time, at least one: more cost less, one comes soonest.
    pub at_a_time: usize,
}

/// What the second thread tells.
#[derive(Debug)]
pub enum Heard {
    /// A session with its findings.
    Session(Box<Session>),
    /// No further session is over yet.
    Pause,
}

/// What belongs to no session.
#[derive(Debug)]
pub struct Closing {
    /// What was read.
    pub capture: Capture,
    /// The findings of the whole capture.
    pub findings: Vec<Finding>,
}

/// Reads all frames. Sessions go to `hear`, in a thread of its own; `look` is called now and then in this one. Reading
/// stops early where `hear` fails or `look` breaks.
pub fn analyze<E: Send>(
    frames: &mut Frames,
    options: Options,
    wish: Wish,
    mut look: impl FnMut(&Frames) -> ControlFlow<()>,
    mut hear: impl FnMut(Heard) -> Result<(), E> + Send,
) -> Result<Closing, E> {
    let mut conclusion = Conclusion::new(&options);
    let gauge = Gauge::new(options.limits.handover_bytes / 2);
    let mut analyzer = analyzer(options);
    analyzer.stream();
    frames.decode_ahead();
    thread::scope(|scope| {
        let (batches, inbox) = sync_channel(WAITING);
        let gauge = &gauge;
        let second = scope.spawn(move || {
            let exit = gauge.exit();
            conclude(&inbox, &exit, wish.order, &mut conclusion, &mut hear).map(|()| conclusion)
        });
        let told = tell(frames, &mut analyzer, wish, (&batches, gauge), &mut look);
        drop(batches);
        let mut conclusion = match second.join() {
            Ok(conclusion) => conclusion?,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        // Who was not heard out has said why.
        debug_assert!(told.is_continue());
        let findings = conclusion.finish(&analyzer.capture(Vec::new()));
        let mut capture = analyzer.capture(frames.sources());
        capture.limits.merge(&conclusion.limits());
        capture.limits.merge(frames.limits());
        Ok(Closing { capture, findings })
    })
}

/// An analyzer that makes its sums beside itself, where there is another core.
pub fn analyzer(options: Options) -> Analyzer {
    let has_second_core = thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    match ThreadHashing::start().filter(|_| options.hash && has_second_core) {
        Some(hashing) => Analyzer::with_hashing(options, Box::new(hashing) as Box<dyn Hashing>),
        None => Analyzer::new(options),
    }
}

/// The first thread: follows packets, and hands over the sessions that are over.
fn tell(
    frames: &mut Frames,
    analyzer: &mut Analyzer,
    wish: Wish,
    (batches, gauge): (&SyncSender<Batch>, &Gauge),
    look: &mut impl FnMut(&Frames) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let hand_over = |analyzer: &mut Analyzer| {
        let batch = analyzer.take_batch();
        gauge.enter(batch.kept);
        match batches.send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let mut until_look = FRAMES_PER_LOOK;
    while let Some(run) = frames.run() {
        analyzer.add_keys_of(run.tls_secrets());
        for frame in run.take(until_look) {
            analyzer.feed(&frame);
            until_look = until_look.saturating_sub(1);
            if analyzer.ended() >= wish.at_a_time.max(1) || analyzer.kept() > gauge.share() {
                hand_over(analyzer)?;
            }
        }
        if until_look == 0 {
            until_look = FRAMES_PER_LOOK;
            if look(frames).is_break() {
                break;
            }
        }
    }
    analyzer.finish();
    hand_over(analyzer)
}

/// The second thread: what follows on a session's end.
fn conclude<E>(
    inbox: &Receiver<Batch>,
    exit: &gauge::Exit<'_>,
    order: Order,
    conclusion: &mut Conclusion,
    hear: &mut impl FnMut(Heard) -> Result<(), E>,
) -> Result<(), E> {
    while let Ok(batch) = next(inbox, hear)? {
        let kept = batch.kept;
        match order {
            Order::FirstPacket => {
                conclusion.in_order(batch, |session| hear(Heard::Session(session)))?;
            }
            Order::End => {
                for told in batch.told {
                    if let Some(session) = conclusion.conclude(told) {
                        hear(Heard::Session(session))?;
                    }
                }
            }
        }
        exit.leave(kept);
    }
    Ok(())
}

fn next<E>(
    inbox: &Receiver<Batch>,
    hear: &mut impl FnMut(Heard) -> Result<(), E>,
) -> Result<Result<Batch, RecvError>, E> {
    match inbox.try_recv() {
        Ok(batch) => Ok(Ok(batch)),
        Err(TryRecvError::Disconnected) => Ok(Err(RecvError)),
        Err(TryRecvError::Empty) => {
            hear(Heard::Pause)?;
            Ok(inbox.recv())
        }
    }
}
