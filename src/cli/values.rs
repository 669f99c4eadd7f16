//! Option values with a syntax of their own.

use std::str::FromStr;

use crate::base::{Limit, Limits, TimeDelta};
use crate::report::{Threshold, Thresholds, Unit};

/// A length of time as an option takes it: 60s, 1.5s, 500ms or 2m.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub TimeDelta);

/// Units by name, in nanoseconds. None at all means seconds.
const UNITS: [(&str, f64); 6] = [("", 1e9), ("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9)];

/// The longest duration that makes sense for any option.
const DAY: f64 = 86_400e9;

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let number: f64 = number
            .trim_end()
            .parse()
            .map_err(|_error| format!("'{text}' is not a duration; write it as 60s, 1.5s, 500ms or 2m"))?;
        let (_, factor) = UNITS
            .into_iter()
            .find(|&(name, _)| name == unit)
            .ok_or_else(|| format!("'{unit}' is not a unit of time; use ns, us, ms, s or m"))?;
        let nanos = number * factor;
        if !(0.0..=DAY).contains(&nanos) {
            return Err("the duration must be between 0 and one day".into());
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most a day")]
        Ok(Self(TimeDelta::from_nanos(nanos.round() as i64)))
    }
}

/// A rule of tshark's `-d` that makes a port a control port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeAs {
    /// The port.
    pub port: u16,
}

impl FromStr for DecodeAs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a supported rule; use tcp.port==PORT,ftp");
        let (layer, protocol) = text.split_once(',').ok_or_else(wrong)?;
        let (field, port) = layer.split_once("==").ok_or_else(wrong)?;
        if field.trim() != "tcp.port" || protocol.trim() != "ftp" {
            return Err(wrong());
        }
        match port.trim().parse() {
            Ok(port) if port > 0 => Ok(Self { port }),
            _ => Err(format!("'{}' is not a TCP port", port.trim())),
        }
    }
}

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In bytes.
    pub bytes: usize,
}

/// Units by name, in bytes.
const SIZES: [(&str, usize); 4] = [("", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit = unit.to_ascii_lowercase();
        let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit);
        let number: usize = number
            .parse()
            .map_err(|_error| format!("'{text}' is not a number; write it as 5000, 64K, 200M or 1G"))?;
        let (_, factor) = SIZES
            .into_iter()
            .find(|&(name, _)| name == unit)
            .ok_or_else(|| format!("'{unit}' is not a unit; use K, M or G"))?;
        number.checked_mul(factor).map(|bytes| Self { bytes }).ok_or_else(|| format!("'{text}' is too large"))
    }
}

/// Parses the memory budget.
pub(super) fn max_memory(text: &str) -> Result<Size, String> {
    let size: Size = text.parse()?;
    if size.bytes < Limits::LEAST_MEMORY {
        return Err(format!("the memory budget must be at least {}M", Limits::LEAST_MEMORY >> 20));
    }
    Ok(size)
}

/// A value of `--limit`.
#[derive(Clone, Copy, Debug)]
pub enum LimitSetting {
    /// `help`: list the limits.
    Help,
    /// One limit is set.
    Set {
        /// Which.
        limit: &'static Limit,
        /// To what.
        value: usize,
    },
}

impl PartialEq for LimitSetting {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Help, Self::Help) => true,
            (Self::Set { limit, value }, Self::Set { limit: other_limit, value: other_value }) => {
                limit.name == other_limit.name && value == other_value
            }
            _ => false,
        }
    }
}

impl FromStr for LimitSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "help" {
            return Ok(Self::Help);
        }
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("'{text}' is not a setting; write it as NAME=VALUE"))?;
        let name = name.trim().replace('-', "_");
        let limit = Limits::ALL.iter().find(|limit| limit.name == name).ok_or_else(|| {
            let names: Vec<&str> = Limits::ALL.iter().map(|limit| limit.name).collect();
            format!("unknown limit {name:?}; known are {}", names.join(", "))
        })?;
        let Size { bytes: value } = value.trim().parse()?;
        if value == 0 {
            return Err("a limit must be at least 1".to_owned());
        }
        Ok(Self::Set { limit, value })
    }
}

/// A value of `--threshold`.
#[derive(Clone, Copy, Debug)]
pub struct ThresholdSetting {
    /// Which.
    pub threshold: &'static Threshold,
    /// To what.
    pub value: f64,
}

impl FromStr for ThresholdSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("'{text}' is not a setting; write it as NAME=VALUE"))?;
        let name = name.trim().replace('-', "_");
        let threshold = Threshold::named(&name).ok_or_else(|| {
            let names: Vec<&str> = Thresholds::ALL.iter().map(|threshold| threshold.name).collect();
            format!("unknown threshold {name:?}; known are {}", names.join(", "))
        })?;
        let value = value.trim();
        let value = match threshold.unit {
            Unit::Seconds => value.parse::<Duration>()?.0.seconds(),
            Unit::Count => value
                .parse::<u32>()
                .map(f64::from)
                .map_err(|_error| format!("'{value}' is not a whole number"))?,
        };
        Ok(Self { threshold, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_a_unit() {
        for (text, bytes) in [("1", 1), ("64K", 65_536), ("64kib", 65_536), ("2M", 2 << 20), ("1gb", 1 << 30)]
        {
            assert_eq!(text.parse(), Ok(Size { bytes }), "{text}");
        }
        for wrong in ["", "K", "-1", "1.5G", "1T", "99999999999999999999", "99999999999G", "1 M"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
        assert!(max_memory("63M").is_err() && max_memory("64M").is_ok());
    }

    #[test]
    fn limits_are_set_by_name() {
        let Ok(LimitSetting::Set { limit, value }) = "line-length=4K".parse() else { panic!() };
        assert_eq!((limit.name, value), ("line_length", 4096));
        assert_eq!("help".parse(), Ok(LimitSetting::Help));
        for wrong in ["", "sessions", "sessions=", "sessions=0", "session=5", "=5", "max-memory=1G"] {
            assert!(wrong.parse::<LimitSetting>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_numbers_with_a_unit() {
        for (text, nanos) in [
            ("60s", 60_000_000_000),
            ("60", 60_000_000_000),
            ("1.5 s", 1_500_000_000),
            ("500ms", 500_000_000),
            ("2m", 120_000_000_000),
            ("7us", 7_000),
            ("0", 0),
        ] {
            assert_eq!(text.parse(), Ok(Duration(TimeDelta::from_nanos(nanos))), "{text}");
        }
        for wrong in ["", "s", "-1s", "1h", "1 s s", "inf", "nan", "1e30", "25000m", "é"] {
            assert!(wrong.parse::<Duration>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn decode_as_rules_are_those_of_tshark_for_tcp_ports_and_ftp() {
        assert_eq!("tcp.port==2121,ftp".parse(), Ok(DecodeAs { port: 2121 }));
        for wrong in
            ["", "2121", "tcp.port==2121", "udp.port==2121,ftp", "tcp.port==0,ftp", "tcp.port==65536,ftp"]
        {
            assert!(wrong.parse::<DecodeAs>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn thresholds_are_set_by_name_in_their_unit() {
        let stall: ThresholdSetting = "stall=1.5s".parse().unwrap();
        assert_eq!((stall.threshold.name, stall.value.to_string().as_str()), ("stall", "1.5"));
        let slow: ThresholdSetting = "slow-reply = 500ms".parse().unwrap();
        assert_eq!((slow.threshold.name, slow.value.to_string().as_str()), ("slow_reply", "0.5"));
        assert_eq!("guesses=8".parse::<ThresholdSetting>().unwrap().value.to_string(), "8");
        for wrong in ["", "stall", "stall=", "stall=x", "guesses=1.5", "guesses=-1", "stal=5s"] {
            assert!(wrong.parse::<ThresholdSetting>().is_err(), "{wrong}");
        }
    }
}
