//! What can't be said of a session of which a cap cut something: all that something was *not* there.

use crate::report::{Code, Finding, Session};

/// Whether a finding says that something is missing, or that too little of it is there: what was left out may
/// be it.
pub(super) fn rests_on_absence(finding: &Finding, session: &Session) -> bool {
    match finding.code {
        Code::DataUnanswered
        | Code::DataNeverAttempted
        | Code::DataNotCaptured
        | Code::NegotiationRetried
        | Code::ModeFallback
        | Code::TransferTruncated
        | Code::TransferStalled
        | Code::CompletionMissing
        | Code::ControlUnanswered
        // Neither a command nor a connection that was left out can be told from one that never was.
        | Code::UnexpectedReply
        | Code::DataClosedEarly
        | Code::TlsTruncated
        | Code::NotFtpAnymore
        | Code::ControlLost
        | Code::MtuBlackHole
        | Code::DataHandshakeIncomplete
        | Code::OneWayCapture
        | Code::CaptureFiltered
        | Code::CaptureGap => true,
        // Of the wrong address too, unless the connection shows the right one.
        Code::AddressMismatch => {
            let channel = finding.data_channel.and_then(|index| session.data_channel(index));
            channel.is_none_or(|channel| channel.connected().is_none())
        }
        Code::PrivateAddressAdvertised
        | Code::BounceAttempt
        | Code::FxpTransfer
        | Code::PrivilegedPort
        | Code::EpsvAllViolation
        | Code::ProtocolUnsupported
        | Code::MalformedEndpoint
        | Code::DataRefused
        | Code::TimeWaitReuse
        | Code::PortRangeExhausted
        | Code::ForeignDataPeer
        | Code::TransferAborted
        | Code::AsciiDamage
        | Code::IntegrityMismatch
        | Code::CleartextCredentials
        | Code::LoginRejected
        | Code::BruteForce
        | Code::TlsRefused
        | Code::DataUnprotected
        | Code::OversizedLine
        | Code::MiddleboxBlind
        | Code::ControlRefused
        | Code::AddressTranslated
        | Code::NotFromPort20
        | Code::TransferFailed
        | Code::SessionTimeout
        | Code::ConnectionLimit
        | Code::TlsReuseRequired
        | Code::TlsFailed
        | Code::TlsModeMismatch
        | Code::TlsNotDecrypted
        | Code::SlowReply
        | Code::SlowTransfer
        | Code::MiddleboxInterference
        | Code::PartialOutage => false,
    }
}
