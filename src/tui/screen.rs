//! Which screens there are, and what they are called.

/// Makes the list of screens: for each its tab, the same in little room, its name in `[keys]`, and what its
/// key does.
macro_rules! screens {
    ($($(#[$doc:meta])* $screen:ident: $name:literal, $short:literal, $key:literal, $help:literal;)+) => {
        /// The screens, in the order of their numbers.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Screen {
            $($(#[$doc])* $screen,)+
        }

        impl Screen {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$screen),+];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$screen => $name),+ }
            }

            /// The short name, for narrow screens.
            pub(super) const fn short(self) -> &'static str {
                match self { $(Self::$screen => $short),+ }
            }

            /// The name of its key in the configuration.
            pub(super) const fn key_name(self) -> &'static str {
                match self { $(Self::$screen => $key),+ }
            }

            /// What its key does.
            pub(super) const fn help(self) -> &'static str {
                match self { $(Self::$screen => $help),+ }
            }
        }
    };
}

screens! {
    /// All sessions.
    #[default]
    Sessions: "Sessions", "Sess", "sessions", "sessions";
    /// One session over time.
    Timeline: "Timeline", "Time", "timeline", "timeline of the session";
    /// One session as a sequence diagram.
    Ladder: "Ladder", "Ladder", "ladder", "ladder of the session";
    /// What was transferred.
    Transfers: "Transfers", "Xfer", "transfers", "transfers";
    /// Findings.
    Findings: "Findings", "Find", "findings", "findings";
    /// Negotiated endpoints.
    Ports: "Ports", "Ports", "ports", "negotiated ports";
}

impl Screen {
    pub(super) fn next(self) -> Self {
        Self::ALL.iter().copied().cycle().skip_while(|&screen| screen != self).nth(1).unwrap_or(self)
    }

    pub(super) fn previous(self) -> Self {
        Self::ALL.iter().copied().rev().cycle().skip_while(|&screen| screen != self).nth(1).unwrap_or(self)
    }

    /// Whether it shows one session.
    pub(super) const fn is_of_session(self) -> bool {
        matches!(self, Self::Timeline | Self::Ladder)
    }
}
