//! Values that fields are compared with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::field::Kind;
use crate::base::{TimeDelta, Timestamp};
use crate::report::Code;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(u64),
    Duration(TimeDelta),
    Net {
        address: IpAddr,
        prefix: u8,
    },
    Flag(bool),
    /// The first and the last moment meant: `2026-04-12 09` is an hour.
    Time(Timestamp, Timestamp),
    /// A word of a choice, by its place there.
    Word(usize),
    Code(Code),
}

impl Literal {
    /// Parses a value of this kind.
    pub(super) fn parse(text: &str, kind: Kind) -> Option<Self> {
        match kind {
            Kind::Text => Some(Self::Text(text.to_owned())),
            Kind::Number | Kind::Frames => text.parse().ok().map(Self::Number),
            Kind::Duration => duration(text).map(Self::Duration),
            Kind::Bytes => bytes(text).map(Self::Number),
            Kind::Address => net(text),
            Kind::Ipv4 => net(text).filter(|net| matches!(net, Self::Net { address: IpAddr::V4(_), .. })),
            Kind::Ipv6 => net(text).filter(|net| matches!(net, Self::Net { address: IpAddr::V6(_), .. })),
            Kind::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(Self::Flag(true)),
                "false" | "no" | "0" => Some(Self::Flag(false)),
                _ => None,
            },
            Kind::Time => time(text),
            Kind::Choice(words) | Kind::Scale(words) => {
                words.iter().position(|word| word.eq_ignore_ascii_case(text)).map(Self::Word)
            }
            Kind::Code => Code::from_name(&text.to_ascii_lowercase()).map(Self::Code),
            Kind::Presence => None,
        }
    }
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| character.is_ascii_alphabetic() || !character.is_ascii())
        .unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default())
}

fn duration(text: &str) -> Option<TimeDelta> {
    let (number, unit) = split_unit(text);
    let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
    let factor = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "ns" => 1e-9,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Some(TimeDelta::from_seconds(number * factor))
}

fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text);
    let shift = match unit.to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift);
    }
    let number: f64 = number.parse().ok().filter(|number: &f64| (0.0..1e6).contains(number))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below 2^60")]
    Some((number * (1_u64 << shift) as f64) as u64)
}

fn net(text: &str) -> Option<Literal> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(most);
    (prefix <= most).then_some(Literal::Net { address, prefix })
}

/// Whether an address lies in a network.
pub(super) fn is_within(address: IpAddr, net: IpAddr, prefix: u8) -> bool {
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => {
            let mask =
                |ip: Ipv4Addr| u32::from(ip).checked_shr(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
            mask(address) == mask(net)
        }
        (IpAddr::V6(address), IpAddr::V6(net)) => {
            let mask =
                |ip: Ipv6Addr| u128::from(ip).checked_shr(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
            mask(address) == mask(net)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// `2026-04-12`, `2026-04-12 09:31`, `2026-04-12T09:31:07.114Z`: from its first to its last nanosecond, UTC.
fn time(text: &str) -> Option<Literal> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock.trim()),
        None => (text, ""),
    };
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let mut from = Timestamp::midnight(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let mut span = TimeDelta::from_secs(86_400);
    if !clock.is_empty() {
        let (whole, fraction) = clock.split_once('.').map_or((clock, None), |(a, b)| (a, Some(b)));
        let mut units = [(3600, 23), (60, 59), (1, 59)].into_iter();
        for part in whole.split(':') {
            let (seconds, most) = units.next()?;
            let number = part.parse().ok().filter(|number| (0..=most).contains(number))?;
            span = TimeDelta::from_secs(seconds);
            from = from.plus(span.times(number));
        }
        if let Some(fraction) = fraction {
            let digits = u32::try_from(fraction.len()).ok().filter(|digits| (1..=9).contains(digits))?;
            let is_of_a_second = units.next().is_none();
            let number: u32 = fraction.parse().ok().filter(|_| is_of_a_second)?;
            span = TimeDelta::from_nanos(10_i64.pow(9 - digits));
            from = from.plus(span.times(number.into()));
        }
    }
    Some(Literal::Time(from, from.plus(span).minus(TimeDelta::from_nanos(1))))
}
