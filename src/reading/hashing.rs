//! SHA-256 sums in a thread of their own.
//!
//! Most streams are short: their sums are made in place, for a hand-over costs more than they do. A stream that turns out
//! long moves to the thread with all that was summed so far; from then on its bytes are copied into chunks.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::analyzer::Hashing;

/// Bytes of a stream that are summed in place.
const IN_PLACE: u64 = 256 * 1024;

/// Bytes that are handed over at a time.
const CHUNK: usize = 256 * 1024;

/// Chunks that wait for the thread.
const WAITING: usize = 4;

/// Makes sums, those of long streams in another thread.
pub struct ThreadHashing {
    /// By number; numbers are used again.
    sums: Vec<Option<Sum>>,
    free: Vec<u64>,
    filling: Chunk,
    work: SyncSender<Work>,
    used: Receiver<Chunk>,
    answers: Receiver<Option<[u8; 32]>>,
}

/// Where a sum is made.
enum Sum {
    Here { state: Sha256, bytes: u64 },
    InThread,
}

/// What the thread is asked to do, in order.
enum Work {
    Adopt(u64, Box<Sha256>),
    Update(Chunk),
    Finish(u64),
}

/// Bytes of several streams, one piece after the other.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Whose bytes, and up to where.
    pieces: Vec<(u64, usize)>,
}

impl Chunk {
    fn add(&mut self, sum: u64, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        match self.pieces.last_mut() {
            Some((last, until)) if *last == sum => *until = end,
            _ => self.pieces.push((sum, end)),
        }
    }
}

impl ThreadHashing {
    /// Starts the thread; none where none can be started. It ends when this is dropped.
    pub fn start() -> Option<Self> {
        let (work, inbox) = sync_channel(WAITING);
        let (give_back, used) = sync_channel(WAITING.saturating_add(2));
        let (answer, answers) = sync_channel(1);
        let run = move || serve(&inbox, &give_back, &answer);
        thread::Builder::new().name("hashing".to_owned()).spawn(run).ok()?;
        Some(Self { sums: Vec::new(), free: Vec::new(), filling: Chunk::default(), work, used, answers })
    }

    fn slot(&mut self, sum: u64) -> Option<&mut Option<Sum>> {
        self.sums.get_mut(usize::try_from(sum).ok()?)
    }

    fn hand_over(&mut self) {
        if !self.filling.pieces.is_empty() {
            let next = self.used.try_recv().unwrap_or_default();
            let full = std::mem::replace(&mut self.filling, next);
            self.ask(Work::Update(full));
        }
    }

    /// Where the thread is gone nobody will answer, and there is no sum.
    fn ask(&self, work: Work) {
        drop(self.work.send(work));
    }
}

/// The thread.
fn serve(inbox: &Receiver<Work>, give_back: &SyncSender<Chunk>, answer: &SyncSender<Option<[u8; 32]>>) {
    let mut states: HashMap<u64, Box<Sha256>> = HashMap::new();
    for work in inbox {
        match work {
            Work::Adopt(sum, state) => {
                states.insert(sum, state);
            }
            Work::Update(mut chunk) => {
                let mut from = 0;
                for &(sum, until) in &chunk.pieces {
                    if let (Some(state), Some(bytes)) = (states.get_mut(&sum), chunk.bytes.get(from..until)) {
                        state.update(bytes);
                    }
                    from = until;
                }
                chunk.bytes.clear();
                chunk.pieces.clear();
                // Where too many lie about already, this one goes.
                drop(give_back.try_send(chunk));
            }
            Work::Finish(sum) => {
                let result = states.remove(&sum).map(|state| state.finalize().into());
                if answer.send(result).is_err() {
                    return;
                }
            }
        }
    }
}

impl Hashing for ThreadHashing {
    fn start(&mut self) -> u64 {
        let sum = Some(Sum::Here { state: Sha256::new(), bytes: 0 });
        let Some(number) = self.free.pop() else {
            self.sums.push(sum);
            return self.sums.len() as u64 - 1;
        };
        if let Some(slot) = self.slot(number) {
            *slot = sum;
        }
        number
    }

    fn update(&mut self, sum: u64, update: &[u8]) {
        let Some(Some(place)) = self.slot(sum) else { return };
        match place {
            Sum::Here { state, bytes } => {
                state.update(update);
                *bytes = bytes.saturating_add(update.len() as u64);
                if *bytes >= IN_PLACE {
                    let state = Box::new(std::mem::take(state));
                    *place = Sum::InThread;
                    self.ask(Work::Adopt(sum, state));
                }
            }
            Sum::InThread => {
                self.filling.add(sum, update);
                if self.filling.bytes.len() >= CHUNK {
                    self.hand_over();
                }
            }
        }
    }

    fn finish(&mut self, sum: u64) -> Option<[u8; 32]> {
        let place = self.slot(sum)?.take()?;
        self.free.push(sum);
        match place {
            Sum::Here { state, .. } => Some(state.finalize().into()),
            Sum::InThread => {
                self.hand_over();
                self.ask(Work::Finish(sum));
                self.answers.recv().ok().flatten()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::InlineHashing;

    /// The sums of streams of these lengths, their bytes given in turns of `step`.
    fn sums(hashing: &mut dyn Hashing, lengths: &[usize], step: usize) -> Vec<Option<[u8; 32]>> {
        let names: Vec<u64> = lengths.iter().map(|_| hashing.start()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        for from in (0..longest).step_by(step) {
            for (place, (&name, &length)) in names.iter().zip(lengths).enumerate() {
                let bytes: Vec<u8> =
                    (from..length.min(from + step)).map(|at| ((at + place) % 251).to_le_bytes()[0]).collect();
                hashing.update(name, &bytes);
            }
        }
        names.into_iter().rev().map(|name| hashing.finish(name)).collect()
    }

    #[test]
    fn sums_are_those_made_in_place_whatever_the_lengths() {
        let lengths = [0, 1, 1000, 262_143, 262_144, 262_145, 700_001, 2_000_000];
        for step in [997, 65_536, 1_000_000] {
            let mut beside = ThreadHashing::start().unwrap();
            let in_place = sums(&mut InlineHashing::default(), &lengths, step);
            // Twice: numbers are used again.
            for _ in 0..2 {
                assert_eq!(sums(&mut beside, &lengths, step), in_place, "in steps of {step}");
            }
        }
    }
}
