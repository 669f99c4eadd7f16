//! Enums of named values: one macro makes the enum, the names that programs read, the phrases that people read,
//! and the serde implementations.

/// An enum whose values all have a name. Made by `choices!`.
pub trait Choice: Copy + Eq + std::fmt::Debug + 'static {
    /// All values, in order.
    const ALL: &'static [Self];
    /// Their names, in the same order.
    const NAMES: &'static [&'static str];

    /// The position in `ALL` and `NAMES`.
    fn position(self) -> usize;

    /// The name that programs read: in JSON, CSV, filters and options.
    fn name(self) -> &'static str {
        Self::NAMES.get(self.position()).copied().unwrap_or_default()
    }

    /// The value of that name.
    fn from_name(name: &str) -> Option<Self> {
        let position = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(position).copied()
    }
}

/// Makes enums of named values. A value is written `Variant => "name"`, or `Variant => "name" | "phrase"` if
/// people read something else than programs.
///
/// Each enum gets `ALL`, `NAMES`, `name()`, `phrase()`, `from_name()`, `Display` (by name), `FromStr`,
/// [`Choice`], and serde's `Serialize` and `Deserialize` by name.
macro_rules! choices {
    ($($(#[$meta:meta])* $vis:vis enum $choice:ident {
        $($(#[$about:meta])* $variant:ident => $name:literal $(| $phrase:literal)?,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
        $vis enum $choice {
            $($(#[$about])* #[serde(rename = $name)] $variant,)+
        }

        impl $choice {
            /// All values, in order.
            $vis const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// Their names, in the same order.
            $vis const NAMES: &'static [&'static str] = &[$($name,)+];

            /// The name that programs read: in JSON, CSV, filters and options.
            $vis const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The phrase that people read.
            $vis const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $crate::base::phrase!($name $(| $phrase)?),)+ }
            }

            /// The value of that name.
            $vis fn from_name(name: &str) -> Option<Self> {
                <Self as $crate::base::Choice>::from_name(name)
            }
        }

        impl $crate::base::Choice for $choice {
            const ALL: &'static [Self] = Self::ALL;
            const NAMES: &'static [&'static str] = Self::NAMES;

            fn position(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                self.name()
            }
        }

        impl ::std::fmt::Display for $choice {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $choice {
            type Err = $crate::base::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::from_name(name).ok_or($crate::base::UnknownName(Self::NAMES))
            }
        }
    )+};
}

/// The phrase of a value: its name where it has none of its own.
macro_rules! phrase {
    ($name:literal) => {
        $name
    };
    ($name:literal | $phrase:literal) => {
        $phrase
    };
}

pub(crate) use {choices, phrase};

/// The error for an unknown name; it lists the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}", .0.join(", "))]
pub struct UnknownName(pub(crate) &'static [&'static str]);

#[cfg(test)]
mod tests {
    choices! {
        /// For the tests.
        #[derive(Default)]
        enum Weather {
            /// None at all.
            #[default]
            Calm => "calm",
            /// Much of it.
            HeavyRain => "heavy_rain" | "heavy rain",
        }
    }

    #[test]
    fn every_value_is_found_by_its_name_and_by_no_other() {
        for (value, name) in Weather::ALL.iter().zip(Weather::NAMES) {
            assert_eq!(value.name(), *name);
            assert_eq!(Weather::from_name(name), Some(*value));
            assert_eq!(name.parse(), Ok(*value));
        }
        assert_eq!(Weather::from_name("heavy rain"), None);
        let error = "storm".parse::<Weather>().unwrap_err();
        assert_eq!(error.to_string(), "expected one of calm, heavy_rain");
    }

    #[test]
    fn people_read_the_phrase_and_programs_the_name() {
        assert_eq!(Weather::HeavyRain.phrase(), "heavy rain");
        assert_eq!(Weather::default().phrase(), "calm");
        assert_eq!(format!("{:>11}", Weather::HeavyRain), " heavy_rain");
        let json = serde_json::to_string(&Weather::HeavyRain).unwrap();
        assert_eq!(json, "\"heavy_rain\"");
        assert_eq!(serde_json::from_str::<Weather>(&json).unwrap(), Weather::HeavyRain);
        assert!(serde_json::from_str::<Weather>("\"heavy rain\"").is_err());
    }
}
