//! Where frames come from: files and pipes that are read to their end, or a capture that is still running.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::base::{LimitCounts, Timestamp};
use crate::capture::{Arrival, Drops, Frames, Intake};
use crate::decode::Frame;
use crate::report;

/// Most frames that are read between two looks at the observer.
const FRAMES_PER_LOOK: u64 = 8192;

/// Takes what a [`Source`] reads.
pub trait Consumer {
    /// Why it takes no more.
    type Break;

    /// Takes the TLS key log lines that capture files carry, of all that was read so far. They come before
    /// the frames that need them.
    fn secrets(&mut self, known: &[u8]) -> ControlFlow<Self::Break>;

    /// Takes the next frame.
    fn frame(&mut self, frame: &Frame<'_>) -> ControlFlow<Self::Break>;
}

/// Frames in order, and what their reader knows of them.
pub trait Source {
    /// Prepares to read. Called once, before the first frame is asked for.
    fn begin(&mut self) {}

    /// Gives `consumer` the frames that are at hand, up to some thousand. Where there are none it waits: a
    /// running capture no longer than `patience`, a file or pipe until there is something.
    fn read<C: Consumer>(&mut self, patience: Duration, consumer: &mut C) -> ControlFlow<C::Break, Arrival>;

    /// Asks for no more frames. Gives `Continue` where some are still on their way, which [`Self::read`] then
    /// gives.
    fn stop(&mut self) -> ControlFlow<()>;

    /// The time by the capture's clock, where it goes on without packets.
    fn now(&self) -> Option<Timestamp>;

    /// Bytes read so far, and in all where that is known.
    fn progress(&self) -> (u64, Option<u64>);

    /// What ended an interface early, each reported once.
    fn take_faults(&mut self) -> Vec<String>;

    /// What interfaces dropped so far; none where there are no interfaces.
    fn drops(&self) -> Option<Drops>;

    /// What is known of each file or interface, of packets those that were read.
    fn sources(&self) -> Vec<report::Source>;

    /// Limits that were reached while reading.
    fn limits(&self) -> LimitCounts;
}

impl Source for Frames {
    fn begin(&mut self) {
        self.decode_ahead();
    }

    // Reading and analyzing are one loop, as if it were written by hand.
    #[inline]
    fn read<C: Consumer>(&mut self, _patience: Duration, consumer: &mut C) -> ControlFlow<C::Break, Arrival> {
        let mut left = FRAMES_PER_LOOK;
        while left > 0 {
            let before = self.delivered();
            let Some(run) = self.run() else { return ControlFlow::Continue(Arrival::Ended) };
            consumer.secrets(run.tls_secrets())?;
            for frame in run.take(usize::try_from(left).unwrap_or(usize::MAX)) {
                consumer.frame(&frame)?;
            }
            left = left.saturating_sub(self.delivered().saturating_sub(before));
        }
        ControlFlow::Continue(Arrival::Packets)
    }

    fn stop(&mut self) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn now(&self) -> Option<Timestamp> {
        None
    }

    fn progress(&self) -> (u64, Option<u64>) {
        self.progress()
    }

    fn take_faults(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn drops(&self) -> Option<Drops> {
        None
    }

    fn sources(&self) -> Vec<report::Source> {
        self.sources()
    }

    fn limits(&self) -> LimitCounts {
        self.limits().clone()
    }
}

impl Source for Intake {
    fn read<C: Consumer>(&mut self, patience: Duration, consumer: &mut C) -> ControlFlow<C::Break, Arrival> {
        let arrival = self.wait(patience);
        if arrival == Arrival::Packets {
            consumer.secrets(self.tls_secrets())?;
            let mut left = FRAMES_PER_LOOK;
            while left > 0
                && let Some(frame) = self.next()
            {
                consumer.frame(&frame)?;
                left = left.saturating_sub(1);
            }
        }
        ControlFlow::Continue(arrival)
    }

    fn stop(&mut self) -> ControlFlow<()> {
        self.stop();
        ControlFlow::Continue(())
    }

    fn now(&self) -> Option<Timestamp> {
        self.now()
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (0, None)
    }

    fn take_faults(&mut self) -> Vec<String> {
        self.take_faults()
    }

    fn drops(&self) -> Option<Drops> {
        self.is_live().then(|| {
            self.drops().into_iter().fold(Drops::default(), |sum, (_, drops)| Drops {
                received: sum.received.saturating_add(drops.received),
                kernel: sum.kernel.saturating_add(drops.kernel),
                interface: sum.interface.saturating_add(drops.interface),
            })
        })
    }

    fn sources(&self) -> Vec<report::Source> {
        self.sources()
    }

    fn limits(&self) -> LimitCounts {
        self.limits().clone()
    }
}
