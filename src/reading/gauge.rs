//! Limits how many bytes are in flight from one thread to another: a sender waits for room.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is in flight.
#[derive(Debug)]
pub(super) struct Gauge {
    state: Mutex<State>,
    changed: Condvar,
    cap: usize,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    is_open: bool,
}

impl Gauge {
    pub(super) fn new(cap: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), cap }
    }

    /// How much should be sent at a time, at most.
    pub(super) const fn share(&self) -> usize {
        self.cap / 4
    }

    /// Waits until there is room, or until nothing else is in flight: what is larger than the limit passes
    /// alone.
    pub(super) fn enter(&self, bytes: usize) {
        let is_full = |state: &mut State| {
            !state.is_open && state.under_way > 0 && state.under_way.saturating_add(bytes) > self.cap
        };
        let state = self.changed.wait_while(self.state(), is_full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.under_way = state.under_way.saturating_add(bytes);
    }

    /// The receiving end. Once it is dropped, no sender waits.
    pub(super) const fn exit(&self) -> Exit<'_> {
        Exit(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Exit<'g>(&'g Gauge);

impl Exit<'_> {
    /// This much was received and dealt with.
    pub(super) fn leave(&self, bytes: usize) {
        let mut state = self.0.state();
        state.under_way = state.under_way.saturating_sub(bytes);
        self.0.changed.notify_all();
    }
}

impl Drop for Exit<'_> {
    fn drop(&mut self) {
        self.0.state().is_open = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn no_more_is_under_way_than_may_be_but_for_what_is_larger_than_that() {
        let gauge = Gauge::new(100);
        let under_way = AtomicUsize::new(0);
        let (sender, inbox) = std::sync::mpsc::channel::<usize>();
        thread::scope(|scope| {
            scope.spawn(|| {
                let exit = gauge.exit();
                for bytes in inbox {
                    let most = under_way.fetch_sub(bytes, Ordering::SeqCst);
                    assert!(most <= 100 || most == 500, "{most}");
                    exit.leave(bytes);
                }
            });
            for bytes in [60, 40, 30, 500, 80, 10, 10, 10].repeat(50) {
                gauge.enter(bytes);
                under_way.fetch_add(bytes, Ordering::SeqCst);
                sender.send(bytes).unwrap();
            }
            drop(sender);
        });
    }

    #[test]
    fn nobody_waits_for_an_exit_that_is_gone() {
        let gauge = Gauge::new(10);
        drop(gauge.exit());
        gauge.enter(8);
        gauge.enter(8);
    }
}
