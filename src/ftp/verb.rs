//! The verbs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::Text;

macro_rules! verbs {
    ($($variant:ident => $name:literal,)*) => {
        /// A command's verb. Verbs that no RFC defines are kept as sent, in upper case.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
        #[expect(missing_docs, reason = "the variants are the words of the protocol")]
        pub enum Verb { $($variant,)* Other(Box<str>) }

        impl Verb {
            /// The verb of these bytes, in any case. Bytes that aren't valid UTF-8 read as Latin-1.
            pub fn parse(bytes: &[u8]) -> Self {
                let (mut upper, length) = match *bytes {
                    [a, b, c] => ([a, b, c, 0], 3),
                    [a, b, c, d] => ([a, b, c, d], 4),
                    _ => ([0; 4], 0),
                };
                upper.make_ascii_uppercase();
                match upper.split_at(length).0 {
                    $($name => return Self::$variant,)*
                    _ => {}
                }
                let text = Text::from_wire(bytes);
                Self::Other(text.raw().to_uppercase().into())
            }

            /// The verb in upper case. [`Verb::Other`] is text from the wire: escape it before showing it.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => const { name_of($name) },)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

impl Verb {
    /// What the command is for.
    pub const fn purpose(&self) -> Purpose {
        match self {
            Self::User | Self::Pass | Self::Acct => Purpose::LogIn,
            Self::Rein => Purpose::BeginAnew,
            Self::Cwd | Self::Xcwd => Purpose::EnterDirectory,
            Self::Cdup | Self::Xcup => Purpose::LeaveDirectory,
            Self::Pwd | Self::Xpwd => Purpose::NameDirectory,
            Self::Type | Self::Stru | Self::Mode | Self::Rest | Self::Rang => Purpose::SetUpTransfer,
            Self::Port | Self::Pasv | Self::Eprt | Self::Epsv | Self::Lprt | Self::Lpsv => Purpose::Negotiate,
            Self::Retr | Self::Stor | Self::Stou | Self::Appe => Purpose::MoveFile,
            Self::List | Self::Nlst | Self::Mlsd => Purpose::MoveListing,
            Self::Size | Self::Mlst => Purpose::MeasureFile,
            Self::Dele | Self::Rnto => Purpose::ReplaceFile,
            Self::Syst | Self::Feat | Self::Clnt => Purpose::Introduce,
            Self::Smnt
            | Self::Quit
            | Self::Allo
            | Self::Rnfr
            | Self::Abor
            | Self::Rmd
            | Self::Mkd
            | Self::Site
            | Self::Stat
            | Self::Help
            | Self::Noop
            | Self::Xmkd
            | Self::Xrmd
            | Self::Auth
            | Self::Adat
            | Self::Prot
            | Self::Pbsz
            | Self::Ccc
            | Self::Mic
            | Self::Conf
            | Self::Enc
            | Self::Opts
            | Self::Lang
            | Self::Mdtm
            | Self::Algs
            | Self::Host
            | Self::Mfmt
            | Self::Other(_) => Purpose::Other,
        }
    }

    /// Whether the command moves a file or a listing over a data connection.
    pub const fn is_transfer(&self) -> bool {
        matches!(self, Self::Retr | Self::Stor | Self::Stou | Self::Appe) || self.is_listing()
    }

    /// Whether the command negotiates a data connection.
    pub const fn is_negotiation(&self) -> bool {
        matches!(self, Self::Port | Self::Pasv | Self::Eprt | Self::Epsv | Self::Lprt | Self::Lpsv)
    }

    /// Whether the whole argument is a secret: a password or an account.
    ///
    /// Stray bytes before PASS, such as a NUL or a byte order mark, do not make the password public.
    pub fn has_secret(&self) -> bool {
        const OTHERS: [&str; 4] = ["PASS", "ACCT", "XPASS", "PASSWD"];
        match self {
            Self::Other(name) => {
                let letters = || name.chars().filter(char::is_ascii_alphabetic);
                OTHERS.iter().any(|other| letters().eq(other.chars()))
            }
            known => matches!(known, Self::Pass | Self::Acct),
        }
    }

    /// Whether the command moves a listing over a data connection.
    pub const fn is_listing(&self) -> bool {
        matches!(self, Self::List | Self::Nlst | Self::Mlsd)
    }
}

/// What a command is for, as far as later commands depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To log in.
    LogIn,
    /// To start over, as another user.
    BeginAnew,
    /// To go to another directory.
    EnterDirectory,
    /// To go to the parent directory.
    LeaveDirectory,
    /// To learn the working directory's name.
    NameDirectory,
    /// To say how, or from where on, the next transfers move data.
    SetUpTransfer,
    /// To agree on a data connection.
    Negotiate,
    /// To move a file over a data connection.
    MoveFile,
    /// To move a listing over a data connection.
    MoveListing,
    /// To learn a file's size.
    MeasureFile,
    /// To remove a file, or to put another in its place.
    ReplaceFile,
    /// To learn what the peer is and can do, or to say it.
    Introduce,
    /// Anything else, on which nothing depends.
    Other,
}

/// The text of an ASCII literal.
const fn name_of(ascii: &'static [u8]) -> &'static str {
    match std::str::from_utf8(ascii) {
        Ok(text) => text,
        Err(_) => "",
    }
}

verbs! {
    // RFC 959
    User => b"USER", Pass => b"PASS", Acct => b"ACCT", Cwd => b"CWD", Cdup => b"CDUP", Smnt => b"SMNT",
    Rein => b"REIN", Quit => b"QUIT", Port => b"PORT", Pasv => b"PASV", Type => b"TYPE", Stru => b"STRU",
    Mode => b"MODE", Retr => b"RETR", Stor => b"STOR", Stou => b"STOU", Appe => b"APPE", Allo => b"ALLO",
    Rest => b"REST", Rnfr => b"RNFR", Rnto => b"RNTO", Abor => b"ABOR", Dele => b"DELE", Rmd => b"RMD",
    Mkd => b"MKD", Pwd => b"PWD", List => b"LIST", Nlst => b"NLST", Site => b"SITE", Syst => b"SYST",
    Stat => b"STAT", Help => b"HELP", Noop => b"NOOP",
    // RFC 775 and 1123
    Xcwd => b"XCWD", Xcup => b"XCUP", Xmkd => b"XMKD", Xrmd => b"XRMD", Xpwd => b"XPWD",
    // RFC 1639
    Lprt => b"LPRT", Lpsv => b"LPSV",
    // RFC 2228
    Auth => b"AUTH", Adat => b"ADAT", Prot => b"PROT", Pbsz => b"PBSZ", Ccc => b"CCC", Mic => b"MIC",
    Conf => b"CONF", Enc => b"ENC",
    // RFC 2389
    Feat => b"FEAT", Opts => b"OPTS",
    // RFC 2428
    Eprt => b"EPRT", Epsv => b"EPSV",
    // RFC 2640
    Lang => b"LANG",
    // RFC 3659
    Mdtm => b"MDTM", Size => b"SIZE", Mlst => b"MLST", Mlsd => b"MLSD",
    // RFC 6384, 7151, and what servers understand without an RFC
    Algs => b"ALGS", Host => b"HOST", Clnt => b"CLNT", Mfmt => b"MFMT", Rang => b"RANG",
}

impl Serialize for Verb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Verb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Text::deserialize(deserializer)?;
        Ok(match Self::parse(name.raw().as_bytes()) {
            Self::Other(_) => Self::Other(name.raw().into()),
            known => known,
        })
    }
}

/// The verb as it was sent, in upper case; text from the wire is not escaped.
impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_known_in_any_case_and_unknown_ones_are_kept() {
        assert_eq!(Verb::parse(b"pAsV"), Verb::Pasv);
        assert_eq!(Verb::parse(b"pwd"), Verb::Pwd);
        assert_eq!(Verb::parse(b"xsha256").name(), "XSHA256");
        assert_eq!(Verb::parse(b"PASS.txt").name(), "PASS.TXT");
        assert_eq!(Verb::parse(b"caf\xe9").name(), "CAFÉ");
        assert_eq!(Verb::parse(b""), Verb::Other("".into()));
    }

    #[test]
    fn transfers_use_a_data_connection_and_some_of_them_move_listings() {
        let of = |kind: fn(&Verb) -> bool| {
            let all = [
                "RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD", "MLST", "STAT", "SIZE", "XRETR",
                "PASV", "EPRT",
            ];
            all.into_iter().filter(|name| kind(&Verb::parse(name.as_bytes()))).collect::<Vec<_>>()
        };
        assert_eq!(of(Verb::is_transfer), ["RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD"]);
        assert_eq!(of(Verb::is_listing), ["LIST", "NLST", "MLSD"]);
        assert_eq!(of(Verb::is_negotiation), ["PASV", "EPRT"]);
    }
}
