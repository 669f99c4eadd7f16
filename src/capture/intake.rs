//! Packets as they arrive from interfaces, or from a pipe that is still being written.
//!
//! In come parcels of packets from one thread for each interface; out come [`Frame`]s, merged by time.
//! Waiting has a timeout, so that the owner can do other things.
//!
//! **Invariant:** a slow owner blocks the threads, so memory is bounded; what the kernel drops meanwhile is
//! counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::base::{FrameNumber, LimitCounts, PacketRef, TimeDelta, Timestamp};
use crate::decode::{Frame, LinkType};
use crate::report;

use super::Frames;
use super::parcel::Parcel;
use super::record::Record;
use super::tally::{Count, Counters, Drops, Tally};

/// Parcels per thread: two queued, one being filled, one being read, and some for merging.
const PARCELS: usize = 8;

/// How long a packet of one interface waits for earlier ones of another: twice the time after which the
/// kernel hands packets over.
const HOLD: Duration = Duration::from_millis(2 * super::live::HAND_OVER_MILLIS as u64);

/// How long a pipe is read after Ctrl-C: its writer got the signal too, and may have something left to write.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// The result of waiting for packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// [`Intake::next`] has packets.
    Packets,
    /// Nothing came.
    Quiet,
    /// The source has ended.
    Ended,
}

/// A message from a reading thread.
pub(super) enum Delivery {
    /// Packets.
    Packets(Parcel),
    /// TLS secrets that came with packets that follow.
    Secrets(Vec<u8>),
    /// Limits that were reached so far while files were read.
    Limits(LimitCounts),
    /// What is known of the files at their end.
    Files(Vec<report::Source>),
    /// The thread has ended, because of this fault if there is one.
    Ended(Option<String>),
}

/// A thread's end of the channel.
pub(super) struct Feeder {
    number: usize,
    deliveries: SyncSender<(usize, Delivery)>,
    empties: Receiver<Parcel>,
    stop: Arc<AtomicBool>,
}

impl Feeder {
    /// Waits for an empty parcel; none if the intake is gone.
    pub(super) fn empty(&self) -> Option<Parcel> {
        self.empties.recv().ok()
    }

    /// Waits for room and sends a message; false if the intake is gone.
    pub(super) fn send(&self, delivery: Delivery) -> bool {
        self.deliveries.send((self.number, delivery)).is_ok()
    }

    /// Sends a parcel if there is room, in exchange for an empty one; else gives it back to be filled
    /// further.
    fn exchange(&self, parcel: Parcel) -> Option<Parcel> {
        use std::sync::mpsc::TrySendError;
        match self.deliveries.try_send((self.number, Delivery::Packets(parcel))) {
            Ok(()) => self.empty(),
            Err(TrySendError::Full((_, Delivery::Packets(parcel)))) => Some(parcel),
            Err(_) => None,
        }
    }

    /// Passes a parcel on: immediately if there is room, otherwise once it is full. Gives the parcel to fill
    /// next, or none if the intake is gone.
    pub(super) fn pass_on(&self, parcel: Parcel) -> Option<Parcel> {
        if parcel.is_full() {
            self.send(Delivery::Packets(parcel)).then(|| self.empty())?
        } else {
            self.exchange(parcel)
        }
    }

    /// Whether the owner asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What arrived from one thread and was not read yet.
struct Lane {
    parcels: VecDeque<(Parcel, Instant)>,
    /// Index of the next packet in the first parcel.
    next: usize,
    empties: SyncSender<Parcel>,
    is_open: bool,
}

impl Lane {
    /// The next packet, and when it arrived here.
    fn head(&self) -> Option<(Record, u16, Instant)> {
        let (parcel, arrived) = self.parcels.front()?;
        let (record, source) = parcel.get(self.next)?;
        Some((record, source, *arrived))
    }

    /// Returns parcels that were read.
    fn tidy(&mut self) {
        while self.parcels.front().is_some_and(|(parcel, _)| parcel.get(self.next).is_none()) {
            if let Some((mut parcel, _)) = self.parcels.pop_front() {
                parcel.clear();
                // Fails only if the thread has ended.
                drop(self.empties.try_send(parcel));
            }
            self.next = 0;
        }
    }
}

/// What was delivered of a file. Its reader may be far ahead, and reading may end before the file does.
#[derive(Default)]
struct Delivered {
    count: Count,
    links: Vec<LinkType>,
}

impl Delivered {
    fn add(&mut self, record: &Record) {
        self.count.add(record);
        if !self.links.contains(&record.link) {
            self.links.push(record.link);
        }
    }

    /// What is known of the file, counting what was delivered.
    fn report(&self, file: &report::Source) -> report::Source {
        let mut link_types = file.link_types.clone();
        for link in self.links.iter().map(ToString::to_string) {
            if !link_types.contains(&link) {
                link_types.push(link);
            }
        }
        let Count { packets, bytes, truncated: truncated_packets, span } = self.count;
        let (first, last) = span.unzip();
        report::Source { link_types, packets, bytes, first, last, truncated_packets, ..file.clone() }
    }
}

/// Packets as they arrive.
pub struct Intake {
    deliveries: Receiver<(usize, Delivery)>,
    lanes: Vec<Lane>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// Interfaces, each with a thread of its own and counters; none where files are read.
    tallies: Vec<(Tally, Arc<Counters>)>,
    /// What is known of the files: from their headers, and more once they were read to their end.
    files: Vec<report::Source>,
    /// What was delivered of each of them.
    delivered: Vec<Delivered>,
    /// Limits that were reached while they were read.
    limits: LimitCounts,
    faults: Vec<String>,
    /// TLS secrets of everything delivered so far, which the reader keeps within their limit.
    secrets: Vec<u8>,
    /// Number of the frame delivered last.
    number: FrameNumber,
    /// The latest packet's time, and when it arrived.
    latest: Option<(Timestamp, Instant)>,
    /// Since when no more packets are wanted.
    stopped: Option<Instant>,
}

impl Intake {
    /// Reads files, `-` being standard input, on a thread of their own.
    pub fn from_frames(frames: Frames) -> std::io::Result<Self> {
        let files = frames.sources();
        let (mut intake, mut feeders) = Self::with_lanes(1);
        intake.delivered.resize_with(files.len(), Delivered::default);
        intake.files = files;
        if let Some(feeder) = feeders.pop() {
            intake.start("capture-pipe", move || read(frames, &feeder))?;
        }
        Ok(intake)
    }

    /// An intake for `count` threads, and their ends.
    pub(super) fn with_lanes(count: usize) -> (Self, Vec<Feeder>) {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, deliveries) = sync_channel(count.saturating_mul(2).max(1));
        let mut lanes = Vec::new();
        let mut feeders = Vec::new();
        for number in 0..count {
            let (empties, taken) = sync_channel(PARCELS);
            for _ in 0..PARCELS {
                // There is room for all: the channel is new.
                drop(empties.try_send(Parcel::default()));
            }
            lanes.push(Lane { parcels: VecDeque::new(), next: 0, empties, is_open: true });
            let (deliveries, stop) = (sender.clone(), Arc::clone(&stop));
            feeders.push(Feeder { number, deliveries, empties: taken, stop });
        }
        let intake = Self {
            deliveries,
            lanes,
            stop,
            threads: Vec::new(),
            tallies: Vec::new(),
            files: Vec::new(),
            delivered: Vec::new(),
            limits: LimitCounts::default(),
            faults: Vec::new(),
            secrets: Vec::new(),
            number: FrameNumber(0),
            latest: None,
            stopped: None,
        };
        (intake, feeders)
    }

    /// Adds the thread of an interface or a pipe.
    pub(super) fn start(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        self.threads.push(thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
    }

    /// Adds the counters of an interface.
    pub(super) fn count(&mut self, name: String, link: LinkType, counters: Arc<Counters>) {
        self.tallies.push((Tally::new(name, link), counters));
    }

    /// Waits for packets, but not longer than `patience`.
    pub fn wait(&mut self, patience: Duration) -> Arrival {
        let arrival = self.wait_for(patience);
        let is_drained = |since: Instant| arrival == Arrival::Quiet || since.elapsed() >= DRAIN_TIME;
        let has_pipe_ended = !self.is_live() && self.stopped.is_some_and(is_drained);
        if has_pipe_ended { Arrival::Ended } else { arrival }
    }

    fn wait_for(&mut self, patience: Duration) -> Arrival {
        for lane in &mut self.lanes {
            lane.tidy();
        }
        let end = Instant::now().checked_add(patience);
        loop {
            self.take_all();
            if self.due().is_some() {
                return Arrival::Packets;
            }
            if self.lanes.iter().all(|lane| !lane.is_open) {
                return Arrival::Ended;
            }
            let left = end.map_or(patience, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Arrival::Quiet;
            }
            // Packets that are held come due by themselves.
            let is_holding = self.lanes.iter().any(|lane| lane.head().is_some());
            let left = if is_holding { left.min(HOLD) } else { left };
            match self.deliveries.recv_timeout(left) {
                Ok((lane, delivery)) => self.take(lane, delivery),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.close_all(),
            }
        }
    }

    /// The next packet of those that have come; it does not wait.
    #[expect(clippy::should_implement_trait, reason = "an iterator can't lend what it gives")]
    pub fn next(&mut self) -> Option<Frame<'_>> {
        for lane in &mut self.lanes {
            lane.tidy();
        }
        let lane = self.due()?;
        let lane = self.lanes.get_mut(lane)?;
        let (record, source, arrived) = lane.head()?;
        lane.next = lane.next.saturating_add(1);
        self.number = self.number.next();
        if self.latest.is_none_or(|(latest, _)| latest <= record.time) {
            self.latest = Some((record.time, arrived));
        }
        if let Some((tally, _)) = self.tallies.get_mut(usize::from(source)) {
            tally.add(&record);
        } else if let Some(delivered) = self.delivered.get_mut(usize::from(source)) {
            delivered.add(&record);
        }
        let (parcel, _) = lane.parcels.front()?;
        Some(Frame {
            packet: PacketRef { time: record.time, frame: self.number },
            link: record.link,
            bytes: parcel.bytes(&record),
            wire_len: record.wire_len,
            source,
            quick: None,
        })
    }

    /// The time by the capture's clock: the latest packet's time plus the time since it arrived. The machine's
    /// own clock may be set meanwhile, or be years ahead of an old capture that comes through a pipe.
    pub fn now(&self) -> Option<Timestamp> {
        let (time, arrived) = self.latest?;
        Some(
            time.plus(TimeDelta::from_nanos(i64::try_from(arrived.elapsed().as_nanos()).unwrap_or(i64::MAX))),
        )
    }

    /// Asks for no more packets: those on the way still come, then it is [`Arrival::Ended`]. A pipe is read
    /// until it is silent, but no longer than a second.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.stopped.get_or_insert_with(Instant::now);
    }

    /// What is known of each source, counting the packets delivered so far.
    pub fn sources(&self) -> Vec<report::Source> {
        if self.tallies.is_empty() {
            let files = self.files.iter().zip(&self.delivered);
            return files.map(|(file, delivered)| delivered.report(file)).collect();
        }
        self.tallies.iter().map(|(tally, _)| tally.report()).collect()
    }

    /// What each interface dropped so far, by name; nothing where files are read.
    pub fn drops(&self) -> Vec<(&str, Drops)> {
        self.tallies.iter().map(|(tally, counters)| (tally.name(), counters.drops())).collect()
    }

    /// What ended an interface early, each reported once.
    pub fn take_faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    /// TLS key log lines that came with the packets, of all that was delivered so far: it only ever grows.
    pub fn tls_secrets(&self) -> &[u8] {
        &self.secrets
    }

    /// Limits that were reached so far while files were read.
    pub const fn limits(&self) -> &LimitCounts {
        &self.limits
    }

    /// Whether packets come from interfaces.
    pub const fn is_live(&self) -> bool {
        !self.tallies.is_empty()
    }

    /// Takes in everything delivered so far, without waiting.
    fn take_all(&mut self) {
        loop {
            match self.deliveries.try_recv() {
                Ok((lane, delivery)) => self.take(lane, delivery),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => return self.close_all(),
            }
        }
    }

    fn take(&mut self, lane: usize, delivery: Delivery) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        match delivery {
            Delivery::Packets(parcel) => lane.parcels.push_back((parcel, Instant::now())),
            Delivery::Secrets(secrets) => self.secrets.extend(secrets),
            Delivery::Limits(limits) => self.limits = limits,
            Delivery::Files(files) => self.files = files,
            Delivery::Ended(fault) => {
                lane.is_open = false;
                self.faults.extend(fault);
            }
        }
    }

    fn close_all(&mut self) {
        for lane in &mut self.lanes {
            lane.is_open = false;
        }
    }

    /// The lane whose next packet is the earliest, if it need not wait for others.
    fn due(&self) -> Option<usize> {
        let heads = self.lanes.iter().enumerate().filter_map(|(number, lane)| Some((number, lane.head()?)));
        let (number, (_, _, arrived)) = heads.min_by_key(|(number, (record, ..))| (record.time, *number))?;
        let all_have_spoken = || self.lanes.iter().all(|lane| !lane.is_open || lane.head().is_some());
        // A thread without an empty parcel can't go on.
        let is_pressing = || self.lanes.iter().any(|lane| lane.parcels.len() >= PARCELS / 2);
        let is_alone = self.lanes.len() == 1;
        (is_alone || all_have_spoken() || is_pressing() || arrived.elapsed() >= HOLD).then_some(number)
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.stop();
        if !self.is_live() {
            // It may block on a pipe forever.
            return;
        }
        self.lanes.clear();
        while self.deliveries.try_recv().is_ok() {}
        for thread in self.threads.drain(..) {
            while !thread.is_finished() {
                // It may be blocked on sending.
                while self.deliveries.try_recv().is_ok() {}
                thread::sleep(Duration::from_millis(1));
            }
            drop(thread.join());
        }
    }
}

/// The thread that reads files: packets are sent immediately, unless the owner is busy; then parcels fill up.
fn read(mut frames: Frames, feeder: &Feeder) {
    let Some(mut parcel) = feeder.empty() else { return };
    let mut sent = 0_usize;
    let mut limits = LimitCounts::default();
    while let Some(frame) = frames.next() {
        parcel.push_frame(&frame);
        let more = frames.tls_secrets().get(sent..).unwrap_or_default();
        if !more.is_empty() {
            sent = sent.saturating_add(more.len());
            if !feeder.send(Delivery::Secrets(more.to_vec())) {
                return;
            }
        }
        if *frames.limits() != limits {
            limits = frames.limits().clone();
            if !feeder.send(Delivery::Limits(limits.clone())) {
                return;
            }
        }
        if feeder.is_stopped() {
            break;
        }
        match feeder.pass_on(parcel) {
            Some(next) => parcel = next,
            None => return,
        }
        // What the owner had no room for must not wait for the next packets, which may take long to arrive.
        if !parcel.is_empty() && !frames.is_next_at_hand() {
            if !feeder.send(Delivery::Packets(parcel)) {
                return;
            }
            match feeder.empty() {
                Some(next) => parcel = next,
                None => return,
            }
        }
    }
    if !parcel.is_empty() {
        feeder.send(Delivery::Packets(parcel));
    }
    feeder.send(Delivery::Limits(frames.limits().clone()));
    feeder.send(Delivery::Files(frames.sources()));
    feeder.send(Delivery::Ended(None));
}

#[cfg(test)]
mod tests;
