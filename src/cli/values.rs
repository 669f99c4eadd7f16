//! Values that are more than a number or a name.

use std::str::FromStr;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// In nanoseconds.
    pub nanos: i64,
}

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
            .map_err(|_error| format!("'{text}' is no duration; write it as 60s, 1.5s, 500ms or 2m"))?;
        let (_, factor) = UNITS
            .into_iter()
            .find(|&(name, _)| name == unit)
            .ok_or_else(|| format!("'{unit}' is no unit of time; use ns, us, ms, s or m"))?;
        let nanos = number * factor;
        if !(0.0..=DAY).contains(&nanos) {
            return Err("a duration is between 0 and one day".into());
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most a day")]
        Ok(Self { nanos: nanos.round() as i64 })
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
        let wrong = || format!("'{text}' is no rule; only tcp.port==PORT,ftp is understood");
        let (layer, protocol) = text.split_once(',').ok_or_else(wrong)?;
        let (field, port) = layer.split_once("==").ok_or_else(wrong)?;
        if field.trim() != "tcp.port" || protocol.trim() != "ftp" {
            return Err(wrong());
        }
        match port.trim().parse() {
            Ok(port) if port > 0 => Ok(Self { port }),
            _ => Err(format!("'{}' is no TCP port", port.trim())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(text.parse(), Ok(Duration { nanos }), "{text}");
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
}
