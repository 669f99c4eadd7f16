//! A finding: something unusual, in plain words, with the frames that prove it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{ChannelIndex, CommandIndex, FindingIndex, TransferIndex};
use crate::base::{FrameNumber, Timestamp, choices};

/// Something unusual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// One plain sentence that names the addresses and ports involved. Text from the wire in it is not yet
    /// escaped.
    pub summary: String,
    /// What to do about it.
    pub advice: Option<Cow<'static, str>>,
    /// When it became visible.
    pub time: Timestamp,
    /// The frames that prove it, ascending.
    pub frames: Vec<FrameNumber>,
    /// Index of the command concerned.
    pub command: Option<CommandIndex>,
    /// Index of the data channel concerned.
    pub data_channel: Option<ChannelIndex>,
    /// Index of the transfer concerned.
    pub transfer: Option<TransferIndex>,
    /// How many occurrences it stands for.
    #[serde(default = "once")]
    pub count: u64,
    /// Whether the frames show it, or it is inferred from them.
    #[serde(default)]
    pub certainty: Certainty,
    /// Index, in the same list, of the finding that causes this one.
    #[serde(default)]
    pub explained_by: Option<FindingIndex>,
}

const fn once() -> u64 {
    1
}

impl Finding {
    /// The severity that counts for `--fail-on`: at most a notice for what another finding explains.
    pub fn weight(&self) -> Severity {
        match self.explained_by {
            Some(_) => self.severity.min(Severity::Notice),
            None => self.severity,
        }
    }
}

choices! {
    /// How sure a finding is.
    #[derive(Default)]
    pub enum Certainty {
        /// The frames show it.
        #[default]
        Proven => "proven",
        /// The frames show most of it.
        Likely => "likely",
        /// One of several explanations.
        Possible => "possible",
    }
}

choices! {
    /// How bad a finding is.
    pub enum Severity {
        /// Worth knowing.
        Info => "info",
        /// Worth a look.
        Notice => "notice",
        /// Something went wrong.
        Warning => "warning",
        /// Possible attack.
        Alert => "alert",
    }
}

choices! {
    /// The kinds of findings, in the order of the report contract.
    #[non_exhaustive]
    pub enum Code {
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
        /// NAT in front of a server that announces its outer address rightly.
        AddressTranslated => "address-translated",
        /// An active data connection from another port than the control port − 1.
        NotFromPort20 => "not-from-port-20",
        /// A reply code that does not belong to its command.
        UnexpectedReply => "unexpected-reply",
        /// 4yz or 5yz to a transfer.
        TransferFailed => "transfer-failed",
        /// The server ended the session by 421, or by closing it.
        SessionTimeout => "session-timeout",
        /// Turned away for a limit of connections.
        ConnectionLimit => "connection-limit",
        /// A reply after seconds, or never.
        SlowReply => "slow-reply",
        /// Some data connections to one server fail, others work.
        PartialOutage => "partial-outage",
        /// No data connection in the capture at all.
        CaptureFiltered => "capture-filtered",
        /// Accepted, and closed without payload before the transfer began.
        DataClosedEarly => "data-closed-early",
        /// A data connection whose TLS session was not that of the control connection.
        TlsReuseRequired => "tls-reuse-required",
        /// A TLS handshake that failed.
        TlsFailed => "tls-failed",
        /// Client and server disagree on when TLS begins.
        TlsModeMismatch => "tls-mode-mismatch",
        /// A TLS data connection closed without close_notify.
        TlsTruncated => "tls-truncated",
        /// TLS that could not be read although keys were given.
        TlsNotDecrypted => "tls-not-decrypted",
        /// Something else than FTP from some frame on.
        NotFtpAnymore => "not-ftp-anymore",
        /// The path, or one host, dropped the control connection.
        ControlLost => "control-lost",
        /// Large packets do not get through, smaller ones do.
        MtuBlackHole => "mtu-black-hole",
        /// SYN-ACKs again and again, and no third packet.
        DataHandshakeIncomplete => "data-handshake-incomplete",
        /// A rate that is bound by what the packets show.
        SlowTransfer => "slow-transfer",
        /// Something between the hosts altered the session.
        MiddleboxInterference => "middlebox-interference",
        /// One direction only in the capture.
        OneWayCapture => "one-way-capture",
        /// A content that is not what the server says of it.
        IntegrityMismatch => "integrity-mismatch",
    }
}
