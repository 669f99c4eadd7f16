//! Passwords and accounts.

use std::fmt;

use super::Text;

/// The argument of PASS or ACCT. It never prints: `Debug` and `Display` give `***`, in every build.
///
/// What was said is kept only where the user asked for secrets; otherwise it is gone as soon as the line was read.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Option<Text>);

impl Secret {
    /// A secret of which only its existence is kept.
    pub const fn hidden() -> Self {
        Self(None)
    }

    /// A secret that the user asked to see.
    pub const fn shown(text: Text) -> Self {
        Self(Some(text))
    }

    /// The text, if it was kept; the caller answers for where it goes.
    pub fn reveal(&self) -> Option<&Text> {
        self.0.as_ref()
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
}
