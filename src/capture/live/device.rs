//! libpcap: one interface, read by one thread.

mod filter;

use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ::pcap::{Active, Capture, Device, Packet, Precision};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::interface::chosen;
use super::{Error, HAND_OVER_MILLIS, Options};
use crate::base::Timestamp;
use crate::capture::intake::{Delivery, Feeder};
use crate::capture::parcel::Parcel;
use crate::capture::tally::{Counters, Odometer};
use crate::decode::LinkType;
use crate::report::Interface;

pub(super) use filter::Filter;

/// The most bytes that libpcap captures of a packet.
const MAX_SNAP_LENGTH: u32 = 262_144;
/// Packets taken from libpcap at a time; with receive offload, each may have 64 KiB.
const PACKETS_PER_DISPATCH: usize = 64;
/// How long a thread waits for packets before it checks whether it should stop.
const STOP_CHECK_MILLIS: u16 = 100;
/// How often the kernel's drop counters are read.
const STATS_INTERVAL: Duration = Duration::from_millis(250);
/// How long to wait before an interface that is down is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Beginnings of names that libpcap lists besides network interfaces: nothing on them can be decoded as TCP.
const NOT_NETWORK: [&str; 5] = ["bluetooth", "dbus-", "nflog", "nfqueue", "usbmon"];

/// The interfaces of this machine.
pub(super) fn interfaces() -> Result<Vec<Interface>, Error> {
    let devices = Device::list().map_err(|error| Error::List(words(error)))?;
    let is_network = |device: &Device| !NOT_NETWORK.iter().any(|odd| device.name.starts_with(odd));
    Ok(devices.into_iter().filter(is_network).map(describe).collect())
}

fn describe(device: Device) -> Interface {
    let flags = device.flags;
    Interface {
        is_up: flags.is_up(),
        is_running: flags.is_running(),
        is_loopback: flags.is_loopback(),
        is_wireless: flags.is_wireless(),
        addresses: device.addresses.iter().map(|address| address.addr).collect(),
        name: device.name,
        description: device.desc,
    }
}

/// An open interface.
pub(super) struct Tap {
    name: String,
    link: LinkType,
    capture: Capture<Active>,
    counters: Arc<Counters>,
    odometer: Odometer,
    /// The user's own capture filter.
    wanted: Option<String>,
}

impl Tap {
    /// Opens the interface of that name or number.
    pub(super) fn open(name: &str, options: &Options) -> Result<Self, Error> {
        let known = interfaces().unwrap_or_default();
        let name = chosen(&known, name).map_or(name, |interface| &interface.name).to_owned();
        let capture = activate(&name, options).map_err(|error| refusal(&name, &known, words(error)))?;
        let failed = |error| Error::Open { name: name.clone(), why: words(error) };
        let mut capture = capture.setnonblock().map_err(failed)?;
        let link = u16::try_from(capture.get_datalink().0).unwrap_or(u16::MAX);
        // libpcap's own number of raw IP, on this kind of system, differs from that of files.
        let link = if link == 12 { LinkType::RAW } else { LinkType(link) };
        if link.name().is_none() {
            return Err(Error::LinkType { name, link });
        }
        if let Some(filter) = &options.filter {
            capture
                .filter(filter, true)
                .map_err(|error| Error::Filter { filter: filter.clone(), why: words(error) })?;
        }
        Ok(Self {
            name,
            link,
            capture,
            counters: Arc::default(),
            odometer: Odometer::default(),
            wanted: options.filter.clone(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn link(&self) -> LinkType {
        self.link
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// A handle to the kernel's filter.
    pub(super) fn filter(&self) -> Result<Filter, Error> {
        Filter::of(&self.name, &self.capture, self.wanted.clone())
    }

    /// What its thread does.
    pub(super) fn run(mut self, source: u16, feeder: &Feeder) {
        let fault = self.read(source, feeder);
        self.count();
        feeder.send(Delivery::Ended(fault.map(|fault| format!("{}: {fault}", self.name))));
    }

    /// Reads until it is asked to stop, or can't go on; gives the reason if it wasn't asked.
    fn read(&mut self, source: u16, feeder: &Feeder) -> Option<String> {
        let mut parcel = feeder.empty()?;
        let mut counted = Instant::now();
        let mut last_orders = None;
        loop {
            if feeder.is_stopped() {
                // What the kernel holds by now is still wanted, and it hands that over before long.
                let since = *last_orders.get_or_insert_with(Instant::now);
                if since.elapsed() >= Duration::from_millis(2 * u64::from(HAND_OVER_MILLIS)) {
                    if !parcel.is_empty() {
                        feeder.send(Delivery::Packets(parcel));
                    }
                    return None;
                }
            }
            let link = self.link;
            match self
                .capture
                .dispatch(Some(PACKETS_PER_DISPATCH), |packet| take(&mut parcel, &packet, link, source))
            {
                Ok(0) => self.await_packets(!parcel.is_empty()),
                Ok(_) => {}
                Err(error) => {
                    let why = words(error);
                    if !is_temporary(&why) {
                        if !parcel.is_empty() {
                            feeder.send(Delivery::Packets(parcel));
                        }
                        return Some(why);
                    }
                    thread::sleep(RETRY_INTERVAL);
                }
            }
            if counted.elapsed() >= STATS_INTERVAL {
                self.count();
                counted = Instant::now();
            }
            if !parcel.is_empty() {
                parcel = feeder.pass_on(parcel)?;
            }
        }
    }

    /// Waits for packets, but not for long while others wait to be passed on.
    fn await_packets(&self, is_pressing: bool) {
        let patience = if is_pressing { STOP_CHECK_MILLIS / 10 } else { STOP_CHECK_MILLIS };
        let mut descriptors = [PollFd::new(self.capture.as_fd(), PollFlags::POLLIN)];
        // A signal may interrupt it; an error of the interface shows when packets are read.
        let ready = poll(&mut descriptors, PollTimeout::from(patience));
        let is_broken = descriptors
            .iter()
            .filter_map(PollFd::revents)
            .any(|events| events.intersects(PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL));
        if ready.is_err() || is_broken {
            thread::sleep(Duration::from_millis(u64::from(patience)));
        }
    }

    fn count(&mut self) {
        // Where the counters can't be read, the last values stand.
        if let Ok(stat) = self.capture.stats() {
            self.odometer.read([stat.received, stat.dropped, stat.if_dropped], &self.counters);
        }
    }
}

fn activate(name: &str, options: &Options) -> Result<Capture<Active>, pcap::Error> {
    const MIB: u32 = 1024 * 1024;
    let snap_length = match options.snap_length {
        0 => MAX_SNAP_LENGTH,
        some => some.min(MAX_SNAP_LENGTH),
    };
    let buffer = options.buffer.saturating_mul(MIB);
    Capture::from_device(name)?
        // "any" has no promiscuous mode, and libpcap would warn.
        .promisc(options.promiscuous && name != "any")
        .snaplen(i32::try_from(snap_length).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(buffer).unwrap_or(i32::MAX))
        .timeout(i32::from(HAND_OVER_MILLIS))
        .immediate_mode(options.immediate)
        .precision(PRECISION)
        .open()
}

/// Only Linux delivers nanoseconds on request; elsewhere libpcap would refuse without an error.
const PRECISION: Precision = if cfg!(target_os = "linux") { Precision::Nano } else { Precision::Micro };

/// Copies a packet, for the only time on its way.
fn take(parcel: &mut Parcel, packet: &Packet<'_>, link: LinkType, source: u16) {
    let header = packet.header;
    let fraction = match PRECISION {
        Precision::Nano => header.ts.tv_usec,
        Precision::Micro => header.ts.tv_usec.saturating_mul(1000),
    };
    let nanos = header.ts.tv_sec.saturating_mul(1_000_000_000).saturating_add(fraction);
    parcel.push(Timestamp::from_nanos(nanos), link, header.len, packet.data, source);
}

/// libpcap's message, without the prefix that the crate adds.
fn words(error: pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text,
        other => other.to_string(),
    }
}

/// Why an interface could not be opened, from libpcap's message: its status code is not available.
fn refusal(name: &str, known: &[Interface], why: String) -> Error {
    let name = name.to_owned();
    let says = |part: &str| why.contains(part);
    if says("Operation not permitted") || says("ermission denied") || says("CAP_NET_RAW") {
        Error::Permission { name, why }
    } else if says("No such device") || says("SIOCGIFHWADDR") {
        let known = known.iter().map(|interface| interface.name.clone()).collect();
        Error::NoSuchInterface { name, known }
    } else {
        Error::Open { name, why }
    }
}

/// Whether the interface is only down, and may come back.
fn is_temporary(why: &str) -> bool {
    why.contains("went down") || why.contains("etwork is down")
}
