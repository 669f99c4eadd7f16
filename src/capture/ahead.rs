//! A thread that reads ahead, so that reading and decompression run in parallel with the analysis.
//!
//! **Invariant:** batches come in file order and hold what they would hold without the thread.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::batch::{Batch, Batcher};
use super::record::Fault;

/// Batches queued between the threads, besides the one being filled and the one being read.
const WAITING: usize = 2;

/// The consumer's side of a reading thread.
#[derive(Debug)]
pub(super) struct Ahead {
    full: Option<Receiver<Batch>>,
    used: Option<SyncSender<Batch>>,
    thread: Option<JoinHandle<()>>,
    /// Whether reading never blocks, so that the thread can be joined.
    ends_soon: bool,
}

impl Ahead {
    /// Lets `batcher` read ahead; gives it back if no thread can be started.
    pub(super) fn start(batcher: Box<Batcher>, ends_soon: bool) -> Result<Self, Box<Batcher>> {
        let (full_sender, full) = sync_channel(WAITING);
        let (used, used_receiver) = sync_channel::<Batch>(WAITING.saturating_add(2));
        for _ in 0..=WAITING {
            // There is room for all: the channel is new.
            drop(used.try_send(Batch::default()));
        }
        // The batcher is sent through a channel, so that it is still here if no thread starts.
        let (handover, taken) = sync_channel::<Box<Batcher>>(1);
        let run = move || {
            if let Ok(batcher) = taken.recv() {
                read(*batcher, &used_receiver, &full_sender);
            }
        };
        let Ok(thread) = thread::Builder::new().name("capture-reader".to_owned()).spawn(run) else {
            return Err(batcher);
        };
        match handover.send(batcher) {
            Ok(()) => Ok(Self { full: Some(full), used: Some(used), thread: Some(thread), ends_soon }),
            Err(back) => Err(back.0),
        }
    }

    /// The next batch, in exchange for a used one.
    pub(super) fn exchange(&self, done: Batch) -> Batch {
        if let Some(used) = &self.used {
            drop(used.try_send(done));
        }
        self.full.as_ref().and_then(|full| full.recv().ok()).unwrap_or_else(|| Batch {
            last: true,
            damage: Some(Fault::ReaderGone.to_string()),
            ..Batch::default()
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Without the other end the thread stops at its next batch.
        self.full = None;
        self.used = None;
        if let Some(thread) = self.thread.take().filter(|_| self.ends_soon) {
            // Everything was received; how the thread ended no longer matters.
            drop(thread.join());
        }
    }
}

/// What the thread does.
fn read(mut batcher: Batcher, used: &Receiver<Batch>, full: &SyncSender<Batch>) {
    while let Ok(mut batch) = used.recv() {
        batcher.refill(&mut batch);
        let last = batch.last;
        if full.send(batch).is_err() || last {
            break;
        }
    }
}
