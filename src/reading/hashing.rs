//! SHA-256 digests in a separate thread.
//!
//! Most streams are short: their digests are made in place, because handing them over would cost more. A
//! stream that turns out long moves to the thread with all that was hashed so far; from then on its bytes are
//! copied into chunks.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::analyzer::Hashing;

/// Bytes of a stream that are hashed in place.
const IN_PLACE: u64 = 256 * 1024;

/// Bytes that are handed over at a time.
const CHUNK: usize = 256 * 1024;

/// Chunks that wait for the thread.
const WAITING: usize = 4;

/// Makes digests, in another thread for long streams.
pub struct ThreadHashing {
    /// By number; numbers are used again.
    digests: Vec<Option<DigestState>>,
    free: Vec<u64>,
    filling: Chunk,
    work: SyncSender<Work>,
    used: Receiver<Chunk>,
    answers: Receiver<Option<[u8; 32]>>,
}

/// Where a digest is made.
enum DigestState {
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
    fn add(&mut self, digest: u64, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        match self.pieces.last_mut() {
            Some((last, until)) if *last == digest => *until = end,
            _ => self.pieces.push((digest, end)),
        }
    }
}

impl ThreadHashing {
    /// Starts the thread; none where the system refuses one. It ends when this is dropped.
    pub fn start() -> Option<Self> {
        let (work, inbox) = sync_channel(WAITING);
        let (give_back, used) = sync_channel(WAITING.saturating_add(2));
        let (answer, answers) = sync_channel(1);
        let run = move || serve(&inbox, &give_back, &answer);
        thread::Builder::new().name("hashing".to_owned()).spawn(run).ok()?;
        Some(Self { digests: Vec::new(), free: Vec::new(), filling: Chunk::default(), work, used, answers })
    }

    fn slot(&mut self, digest: u64) -> Option<&mut Option<DigestState>> {
        self.digests.get_mut(usize::try_from(digest).ok()?)
    }

    fn hand_over(&mut self) {
        if !self.filling.pieces.is_empty() {
            let next = self.used.try_recv().unwrap_or_default();
            let full = std::mem::replace(&mut self.filling, next);
            self.ask(Work::Update(full));
        }
    }

    /// If the thread has ended, no answer comes and there is no digest.
    fn ask(&self, work: Work) {
        drop(self.work.send(work));
    }
}

/// The thread.
fn serve(inbox: &Receiver<Work>, give_back: &SyncSender<Chunk>, answer: &SyncSender<Option<[u8; 32]>>) {
    let mut states: HashMap<u64, Box<Sha256>> = HashMap::new();
    for work in inbox {
        match work {
            Work::Adopt(digest, state) => {
                states.insert(digest, state);
            }
            Work::Update(mut chunk) => {
                let mut from = 0;
                for &(digest, until) in &chunk.pieces {
                    if let (Some(state), Some(bytes)) =
                        (states.get_mut(&digest), chunk.bytes.get(from..until))
                    {
                        state.update(bytes);
                    }
                    from = until;
                }
                chunk.bytes.clear();
                chunk.pieces.clear();
                // Dropped if enough of them are waiting to be reused.
                drop(give_back.try_send(chunk));
            }
            Work::Finish(digest) => {
                let result = states.remove(&digest).map(|state| state.finalize().into());
                if answer.send(result).is_err() {
                    return;
                }
            }
        }
    }
}

impl Hashing for ThreadHashing {
    fn start(&mut self) -> u64 {
        let digest = Some(DigestState::Here { state: Sha256::new(), bytes: 0 });
        let Some(number) = self.free.pop() else {
            self.digests.push(digest);
            return self.digests.len() as u64 - 1;
        };
        if let Some(slot) = self.slot(number) {
            *slot = digest;
        }
        number
    }

    fn update(&mut self, digest: u64, update: &[u8]) {
        let Some(Some(place)) = self.slot(digest) else { return };
        match place {
            DigestState::Here { state, bytes } => {
                state.update(update);
                *bytes = bytes.saturating_add(update.len() as u64);
                if *bytes >= IN_PLACE {
                    let state = Box::new(std::mem::take(state));
                    *place = DigestState::InThread;
                    self.ask(Work::Adopt(digest, state));
                }
            }
            DigestState::InThread => {
                self.filling.add(digest, update);
                if self.filling.bytes.len() >= CHUNK {
                    self.hand_over();
                }
            }
        }
    }

    fn finish(&mut self, digest: u64) -> Option<[u8; 32]> {
        let place = self.slot(digest)?.take()?;
        self.free.push(digest);
        match place {
            DigestState::Here { state, .. } => Some(state.finalize().into()),
            DigestState::InThread => {
                self.hand_over();
                self.ask(Work::Finish(digest));
                self.answers.recv().ok().flatten()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::InlineHashing;

    /// The digests of streams of these lengths, their bytes given in turns of `step`.
    fn digests(hashing: &mut dyn Hashing, lengths: &[usize], step: usize) -> Vec<Option<[u8; 32]>> {
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
    fn digests_are_those_made_in_place_whatever_the_lengths() {
        let lengths = [0, 1, 1000, 262_143, 262_144, 262_145, 700_001, 2_000_000];
        for step in [997, 65_536, 1_000_000] {
            let mut in_thread = ThreadHashing::start().unwrap();
            let in_place = digests(&mut InlineHashing::default(), &lengths, step);
            // Twice: numbers are used again.
            for _ in 0..2 {
                assert_eq!(digests(&mut in_thread, &lengths, step), in_place, "in steps of {step}");
            }
        }
    }
}
