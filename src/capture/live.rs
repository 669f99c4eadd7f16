//! Interfaces: which there are, and capturing on them through libpcap.
//!
//! In come names and settings; out comes an [`Intake`] of frames. Opening and starting are separate steps, so that
//! a program started by root can drop its privileges in between: [`open`] needs them, [`Taps::start`] does not.
//!
//! **Invariant:** only `device` uses libpcap, and only if it was found when the program was built; without it
//! everything here still compiles and reports an error.

#[cfg(live_capture)]
mod device;
mod error;
mod interface;
#[cfg(not(live_capture))]
mod missing;

use crate::decode::LinkType;
use crate::report::Interface;
#[cfg(live_capture)]
use device as system;
#[cfg(not(live_capture))]
use missing as system;

pub use error::Error;

use super::Intake;

/// Whether this build can capture: whether libpcap was found when it was built.
pub const IS_BUILT: bool = cfg!(live_capture);

/// Milliseconds after which the kernel delivers packets that do not fill a block of its buffer.
pub(super) const HAND_OVER_MILLIS: u16 = 50;

/// How to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Names of interfaces, or their numbers in [`interfaces`]; `any` is all of them at once.
    pub interfaces: Vec<String>,
    /// The capture filter, in libpcap's language; none passes everything.
    pub filter: Option<String>,
    /// Bytes to capture of each packet; 0 means all.
    pub snap_length: u32,
    /// Whether to capture packets for other machines too.
    pub promiscuous: bool,
    /// The kernel's buffer for each interface, in MiB.
    pub buffer: u32,
    /// Whether to deliver packets immediately instead of in blocks.
    pub immediate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            filter: None,
            snap_length: 0,
            promiscuous: true,
            buffer: DEFAULT_BUFFER,
            immediate: false,
        }
    }
}

/// Default size of the kernel's buffer, in MiB: holds a tenth of a second at 1 Gbit/s.
pub const DEFAULT_BUFFER: u32 = 16;

/// The interfaces that can be captured on, in libpcap's order.
pub fn interfaces() -> Result<Vec<Interface>, Error> {
    system::interfaces()
}

/// Opens interfaces. From now on the kernel buffers packets, which are read once the capture is started.
pub fn open(options: &Options) -> Result<Taps, Error> {
    let taps =
        options.interfaces.iter().map(|name| system::Tap::open(name, options)).collect::<Result<_, _>>()?;
    Ok(Taps { taps })
}

/// Open interfaces that are not read yet.
pub struct Taps {
    taps: Vec<system::Tap>,
}

impl Taps {
    /// Their names and link types.
    pub fn names(&self) -> impl Iterator<Item = (&str, LinkType)> {
        self.taps.iter().map(|tap| (tap.name(), tap.link()))
    }

    /// Handles of the kernel's filters, to change them while packets are read.
    pub fn filters(&self) -> Result<Filters, Error> {
        let filters = self.taps.iter().map(system::Tap::filter).collect::<Result<_, _>>()?;
        Ok(Filters { filters })
    }

    /// Starts to read, with a thread for each interface.
    pub fn start(self) -> Result<Intake, Error> {
        let (mut intake, feeders) = Intake::with_lanes(self.taps.len());
        for (source, (tap, feeder)) in self.taps.into_iter().zip(feeders).enumerate() {
            let source = u16::try_from(source).unwrap_or(u16::MAX);
            let name = tap.name().to_owned();
            intake.count(name.clone(), tap.link(), tap.counters());
            intake
                .start("capture-live", move || tap.run(source, &feeder))
                .map_err(|error| Error::Open { name, why: error.to_string() })?;
        }
        Ok(intake)
    }
}

/// The kernel's filters of open interfaces.
pub struct Filters {
    filters: Vec<system::Filter>,
}

impl Filters {
    /// Passes only packets that match `expression`. No packet that passes both the old and the new filter is
    /// lost.
    pub fn set(&mut self, expression: &str) -> Result<(), Error> {
        self.filters.iter_mut().try_for_each(|filter| filter.set(expression))
    }
}
