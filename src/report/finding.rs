//! A finding: something odd, in plain words, with the frames that prove it.

use std::borrow::Cow;
use std::fmt;

use crate::base::Timestamp;

/// Something odd.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// One plain sentence that names the addresses and ports involved. Text from the wire in it is not yet defused.
    pub summary: String,
    /// What to do about it.
    pub advice: Option<Cow<'static, str>>,
    /// When it showed.
    pub time: Timestamp,
    /// The frames that prove it, ascending.
    pub frames: Vec<u64>,
    /// Index of the command concerned.
    pub command: Option<u32>,
    /// Index of the data channel concerned.
    pub data_channel: Option<u32>,
    /// Index of the transfer concerned.
    pub transfer: Option<u32>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Notice,
    /// Something went wrong.
    Warning,
    /// Somebody may mean harm.
    Alert,
}

impl Severity {
    /// The name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Alert => "alert",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// The kinds of findings, in the order of the report contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the report.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    /// The advertised address is not the control peer's.
    AddressMismatch => "address-mismatch",
    /// The advertised address is private and the other peer's is public.
    PrivateAddressAdvertised => "private-address-advertised",
    /// PORT or EPRT names a third host.
    BounceAttempt => "bounce-attempt",
    /// A data connection between two servers.
    FxpTransfer => "fxp-transfer",
    /// A listening port below 1024.
    PrivilegedPort => "privileged-port",
    /// Another negotiation after EPSV ALL.
    EpsvAllViolation => "epsv-all-violation",
    /// 522.
    ProtocolUnsupported => "protocol-unsupported",
    /// No readable endpoint.
    MalformedEndpoint => "malformed-endpoint",
    /// The same mode again.
    NegotiationRetried => "negotiation-retried",
    /// Another mode instead.
    ModeFallback => "mode-fallback",
    /// SYN, no answer.
    DataUnanswered => "data-unanswered",
    /// SYN, RST.
    DataRefused => "data-refused",
    /// No SYN at all.
    DataNeverAttempted => "data-never-attempted",
    /// Completed unseen.
    DataNotCaptured => "data-not-captured",
    /// Used again inside TIME_WAIT.
    TimeWaitReuse => "time-wait-reuse",
    /// Too few listening ports.
    PortRangeExhausted => "port-range-exhausted",
    /// A stranger on the data connection.
    ForeignDataPeer => "foreign-data-peer",
    /// Fewer bytes than announced.
    TransferTruncated => "transfer-truncated",
    /// ABOR or 426.
    TransferAborted => "transfer-aborted",
    /// No payload for seconds.
    TransferStalled => "transfer-stalled",
    /// No final reply.
    CompletionMissing => "completion-missing",
    /// Binary in TYPE A.
    AsciiDamage => "ascii-damage",
    /// A password in the clear.
    CleartextCredentials => "cleartext-credentials",
    /// A rejected login.
    LoginRejected => "login-rejected",
    /// Many rejected logins.
    BruteForce => "brute-force",
    /// AUTH refused.
    TlsRefused => "tls-refused",
    /// Data in the clear beside a protected control connection.
    DataUnprotected => "data-unprotected",
    /// A line beyond the limit.
    OversizedLine => "oversized-line",
    /// A negotiation that connection tracking would miss.
    MiddleboxBlind => "middlebox-blind",
    /// SYNs to a control port without answer.
    ControlUnanswered => "control-unanswered",
    /// SYNs to a control port answered by RST.
    ControlRefused => "control-refused",
    /// Bytes missing from the capture.
    CaptureGap => "capture-gap",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
