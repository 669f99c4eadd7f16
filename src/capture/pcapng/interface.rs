//! Interfaces: link type, and resolution of timestamps.

use crate::base::{Timestamp, cost};
use crate::decode::LinkType;

use super::super::bytes::Fields;

const OPTION_END: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// One interface of a section (section 4.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// Snap length; the largest number if there was no limit.
    pub(super) snap_len: u32,
    unit: Unit,
    /// Nanoseconds to add to every time.
    offset: i128,
}

const _: () = assert!(2 * size_of::<Interface>() <= cost::INTERFACE);

/// What one tick of an interface's clock is.
#[derive(Clone, Copy, Debug)]
enum Unit {
    /// This many nanoseconds.
    Nanoseconds(u64),
    /// This many ticks are one nanosecond; none if the number is too large.
    PerNanosecond(Option<u64>),
    /// Two to the power of minus this many seconds.
    PowerOfTwo(u32),
}

impl Interface {
    /// Reads link type, two bytes reserved, snap length, options.
    pub(super) fn read(mut fields: Fields<'_>) -> Option<Self> {
        let link = LinkType(fields.u16()?);
        let _reserved = fields.u16()?;
        let snap_len = match fields.u32()? {
            0 => u32::MAX,
            limited => limited,
        };
        // Microseconds, unless an option says otherwise.
        let mut interface = Self { link, snap_len, unit: Unit::read(6), offset: 0 };
        while let Some((code, value)) = option(&mut fields) {
            match (code, value) {
                (OPTION_END, _) => break,
                (TIME_RESOLUTION, &[resolution, ..]) => interface.unit = Unit::read(resolution),
                (TIME_OFFSET, value) => {
                    if let Some(&seconds) = value.first_chunk() {
                        let seconds = i128::from(fields.order.u64(seconds).cast_signed());
                        interface.offset = seconds.saturating_mul(1_000_000_000);
                    }
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// The time that a number of ticks stands for.
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        let nanos = match self.unit {
            Unit::Nanoseconds(unit) => ticks.saturating_mul(unit),
            Unit::PerNanosecond(ticks_each) => {
                ticks_each.and_then(|each| ticks.checked_div(each)).unwrap_or_default()
            }
            Unit::PowerOfTwo(power) => {
                let scaled = u128::from(ticks).saturating_mul(1_000_000_000);
                u64::try_from(scaled.checked_shr(power).unwrap_or_default()).unwrap_or(u64::MAX)
            }
        };
        let nanos = i128::from(nanos).saturating_add(self.offset);
        let nearest = if nanos < 0 { Timestamp::MIN } else { Timestamp::MAX };
        i64::try_from(nanos).map_or(nearest, Timestamp::from_nanos)
    }
}

impl Unit {
    /// Reads `if_tsresol`: a power of ten, or with the highest bit a power of two, both negative.
    fn read(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return Self::PowerOfTwo(power);
        }
        match power.checked_sub(9) {
            None | Some(0) => Self::Nanoseconds(10_u64.saturating_pow(9_u32.saturating_sub(power))),
            Some(finer) => Self::PerNanosecond(10_u64.checked_pow(finer)),
        }
    }
}

/// The next option: code, length, value, padding to a multiple of four bytes. None if the options are malformed.
fn option<'a>(fields: &mut Fields<'a>) -> Option<(u16, &'a [u8])> {
    let code = fields.u16()?;
    let length = usize::from(fields.u16()?);
    let value = fields.take(length)?;
    // The last option's padding may be missing where the writer was careless.
    let padding = length.wrapping_neg() & 3;
    fields.take(padding.min(fields.rest.len()))?;
    Some((code, value))
}
