//! Passwords and accounts.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;

/// The argument of PASS or ACCT. It never prints: `Debug` and `Display` give `***`, in every build.
///
/// The text is kept only where the user asked for secrets; otherwise it is dropped once the line is parsed.
/// Reports show it where it was kept, and [`Secret::HIDDEN`] otherwise.
#[derive(Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Secret(Option<Text>);

impl Secret {
    /// Shown in place of a secret that was not kept.
    pub const HIDDEN: &str = "***";

    /// A secret whose text is not kept.
    pub const fn hidden() -> Self {
        Self(None)
    }

    /// A secret that the user asked to see.
    pub const fn shown(text: Text) -> Self {
        Self(Some(text))
    }

    /// The text, if it was kept; the caller is responsible for where it goes.
    pub fn reveal(&self) -> Option<&Text> {
        self.0.as_ref()
    }

    /// The text if it was kept, else [`Secret::HIDDEN`], as reports show it.
    pub fn as_reported(&self) -> &str {
        self.0.as_ref().map_or(Self::HIDDEN, Text::raw)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_reported())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Text::deserialize(deserializer)?.into())
    }
}

/// Reads a secret as a report shows it.
impl From<Text> for Secret {
    fn from(text: Text) -> Self {
        if text.raw() == Self::HIDDEN { Self::hidden() } else { Self::shown(text) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_even_where_it_is_kept() {
        let secret = Secret::shown(Text::from_wire(b"hunter2"));
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.reveal().map(Text::raw), Some("hunter2"));
    }

    #[test]
    fn a_report_shows_a_secret_only_where_it_was_kept_and_reads_it_back() {
        for (secret, json) in
            [(Secret::hidden(), r#""***""#), (Secret::shown("hunter2".into()), r#""hunter2""#)]
        {
            assert_eq!(serde_json::to_string(&secret).unwrap(), json);
            assert!(serde_json::from_str::<Secret>(json).unwrap() == secret);
        }
    }
}
