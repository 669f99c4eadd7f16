//! Durations in nanoseconds, which reports show as a number of seconds.

use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

const NANOS_PER_SECOND: f64 = 1e9;

/// Writes nanoseconds as seconds.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes every field by reference")]
pub(crate) fn serialize<S: Serializer>(nanos: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    from_nanos(*nanos).serialize(serializer)
}

/// Reads seconds as nanoseconds, the nearest ones where they are a fraction.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    // The fraction apart: with whole seconds before it, the product would be rounded once more.
    let (whole, fraction) = (seconds.trunc(), (seconds.fract() * NANOS_PER_SECOND).round());
    #[expect(clippy::cast_possible_truncation, reason = "the casts saturate, as arithmetic with times does")]
    Ok((whole as i64).saturating_mul(1_000_000_000).saturating_add(fraction as i64))
}

/// Nanoseconds in seconds.
pub(crate) fn from_nanos(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_SECOND
}

/// The same for durations that may be unknown.
pub(crate) mod optional {
    use serde::Serialize as _;

    use super::{Deserialize, Deserializer, Serializer, from_nanos};

    /// Writes nanoseconds as seconds.
    #[expect(clippy::ref_option, reason = "serde passes every field by reference")]
    pub(crate) fn serialize<S: Serializer>(nanos: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        nanos.map(from_nanos).serialize(serializer)
    }

    /// Reads seconds as nanoseconds.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        #[derive(Deserialize)]
        struct Known(#[serde(with = "super")] i64);
        Ok(Option::<Known>::deserialize(deserializer)?.map(|Known(nanos)| nanos))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NINETY_DAYS: i64 = 90 * 86_400 * 1_000_000_000;

    proptest! {
        #[test]
        fn durations_of_up_to_ninety_days_keep_their_nanoseconds(nanos in -NINETY_DAYS..NINETY_DAYS) {
            let json = serde_json::to_string(&from_nanos(nanos)).unwrap();
            let known = optional::deserialize(&mut serde_json::Deserializer::from_str(&json)).unwrap();
            prop_assert_eq!(known, Some(nanos));
            prop_assert_eq!(deserialize(&mut serde_json::Deserializer::from_str(&json)).unwrap(), nanos);
        }
    }

    #[test]
    fn what_is_unknown_stays_so() {
        assert_eq!(optional::deserialize(&mut serde_json::Deserializer::from_str("null")).unwrap(), None);
    }
}
