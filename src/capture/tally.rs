//! Counters of packets and drops.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::Timestamp;
use crate::decode::LinkType;
use crate::report::{self, CaptureFormat};

use super::record::Record;

/// Counts of packets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) truncated: u64,
    /// The earliest and the latest time.
    pub(super) span: Option<(Timestamp, Timestamp)>,
}

impl Count {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut count = Self::default();
        for record in records {
            count.add(record);
        }
        count
    }

    /// Counts a packet.
    pub(super) fn add(&mut self, record: &Record) {
        self.merge(&Self {
            packets: 1,
            bytes: record.wire_len.into(),
            truncated: (record.captured < record.wire_len).into(),
            span: Some((record.time, record.time)),
        });
    }

    /// Adds another count.
    pub(super) fn merge(&mut self, other: &Self) {
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.truncated = self.truncated.saturating_add(other.truncated);
        self.span = match (self.span, other.span) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (one, other) => one.or(other),
        };
    }
}

/// What an interface delivered.
#[derive(Debug)]
pub(super) struct Tally {
    name: String,
    link: LinkType,
    count: Count,
}

impl Tally {
    pub(super) const fn new(name: String, link: LinkType) -> Self {
        let count = Count { packets: 0, bytes: 0, truncated: 0, span: None };
        Self { name, link, count }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Counts a packet.
    pub(super) fn add(&mut self, record: &Record) {
        self.count.add(record);
    }

    pub(super) fn report(&self) -> report::Source {
        report::Source {
            path: self.name.clone(),
            format: CaptureFormat::Live,
            compression: None,
            link_types: vec![self.link.to_string()],
            packets: self.count.packets,
            bytes: self.count.bytes,
            first: self.count.span.map(|(first, _)| first),
            last: self.count.span.map(|(_, last)| last),
            truncated_packets: self.count.truncated,
            damage: None,
        }
    }
}

/// Packets that an interface did not deliver since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Packets that passed the capture filter, delivered or not.
    pub received: u64,
    /// Dropped by the kernel, because the buffer was full.
    pub kernel: u64,
    /// Dropped by the interface or its driver, before the kernel saw them.
    pub interface: u64,
}

/// The kernel's counters of an interface, for all threads to see.
#[derive(Debug, Default)]
pub(super) struct Counters {
    received: AtomicU64,
    kernel: AtomicU64,
    interface: AtomicU64,
}

impl Counters {
    pub(super) fn drops(&self) -> Drops {
        Drops {
            received: self.received.load(Ordering::Relaxed),
            kernel: self.kernel.load(Ordering::Relaxed),
            interface: self.interface.load(Ordering::Relaxed),
        }
    }
}

/// Extends libpcap's 32-bit counters, which overflow within days, to 64 bits.
#[cfg(live_capture)]
#[derive(Debug, Default)]
pub(super) struct Odometer {
    last: [u32; 3],
}

#[cfg(live_capture)]
impl Odometer {
    /// Takes libpcap's current values: received, dropped by the kernel, dropped by the interface.
    pub(super) fn read(&mut self, now: [u32; 3], counters: &Counters) {
        let [received, kernel, interface] = now;
        let shown =
            [(received, &counters.received), (kernel, &counters.kernel), (interface, &counters.interface)];
        for ((now, counter), last) in shown.into_iter().zip(&mut self.last) {
            counter.fetch_add(u64::from(now.wrapping_sub(*last)), Ordering::Relaxed);
            *last = now;
        }
    }
}
