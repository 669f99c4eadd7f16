//! Passwords and accounts.

use std::fmt;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;
use super::hash_keys::StrongKeys;

/// The argument of PASS or ACCT. `Debug` and `Display` never print it, only `***`.
///
/// The text is kept only if the user asked for secrets; otherwise it is dropped once the line is parsed.
/// Reports show it where it was kept, and [`Secret::HIDDEN`] otherwise.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Secret(Kept);

/// What is kept of a secret.
#[derive(Clone, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
enum Kept {
    #[default]
    Nothing,
    /// A keyed hash by which equal secrets are recognized while the program runs; never part of a report.
    Fingerprint(u64),
    All(Text),
}

/// A fingerprint means nothing outside the run that made it.
impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(one), Self::All(other)) => one == other,
            (Self::All(_), _) | (_, Self::All(_)) => false,
            (Self::Nothing | Self::Fingerprint(_), Self::Nothing | Self::Fingerprint(_)) => true,
        }
    }
}

impl Eq for Kept {}

/// A random key by which equal secrets are recognized without being kept.
#[derive(Clone, Debug, Default)]
pub struct SecretKey(StrongKeys);

impl SecretKey {
    /// A secret of which only a fingerprint is kept.
    pub(crate) fn hide(&self, secret: &[u8]) -> Secret {
        Secret(Kept::Fingerprint(self.0.hash_one(secret)))
    }
}

impl Secret {
    /// Shown in place of a secret that was not kept.
    pub const HIDDEN: &str = "***";

    /// A secret whose text is not kept.
    pub const fn hidden() -> Self {
        Self(Kept::Nothing)
    }

    /// A secret that the user asked to see.
    pub const fn shown(text: Text) -> Self {
        Self(Kept::All(text))
    }

    /// A number that equal secrets of this run share; none where it was read from a report.
    pub(crate) fn fingerprint(&self) -> Option<u64> {
        match &self.0 {
            Kept::Nothing => None,
            Kept::Fingerprint(fingerprint) => Some(*fingerprint),
            // Whoever sees the text needs no key.
            Kept::All(text) => {
                let mut hasher = DefaultHasher::new();
                text.raw().hash(&mut hasher);
                Some(hasher.finish())
            }
        }
    }

    /// The text, if it was kept; the caller must take care where it goes.
    pub fn reveal(&self) -> Option<&Text> {
        match &self.0 {
            Kept::All(text) => Some(text),
            Kept::Nothing | Kept::Fingerprint(_) => None,
        }
    }

    /// The text if it was kept, else [`Secret::HIDDEN`], as reports show it.
    pub fn as_reported(&self) -> &str {
        self.reveal().map_or(Self::HIDDEN, Text::raw)
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
    fn equal_secrets_are_recognized_under_one_key_and_under_no_other() {
        let (key, other) = (SecretKey::default(), SecretKey::default());
        let fingerprint = |key: &SecretKey, secret: &[u8]| key.hide(secret).fingerprint();
        assert_eq!(fingerprint(&key, b"hunter2"), fingerprint(&key.clone(), b"hunter2"));
        assert_ne!(fingerprint(&key, b"hunter2"), fingerprint(&key, b"hunter3"));
        assert_ne!(fingerprint(&key, b"hunter2"), fingerprint(&other, b"hunter2"));
        let known = key.hide(b"hunter2");
        assert!(known == Secret::hidden() && known != Secret::shown("hunter2".into()));
        assert_eq!(serde_json::to_string(&known).unwrap(), r#""***""#);
        let shown = |text: &'static str| Secret::shown(text.into()).fingerprint();
        assert!(
            shown("a") == shown("a") && shown("a") != shown("b") && Secret::hidden().fingerprint().is_none()
        );
    }

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
