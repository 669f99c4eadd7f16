//! What each code means, how it is decided, and what to do: the text of `ftpscope explain`.

mod replies;
mod way;

use crate::report::{Code, Severity, Threshold, Thresholds};
use replies::replies;
use way::way;

/// Columns of a page: what any terminal has.
const COLUMNS: usize = 80;

/// All about one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// The usual severity; where it varies, `decided` says when.
    pub severity: Severity,
    /// What it means.
    pub means: &'static str,
    /// How it is decided from the packets.
    pub decided: &'static str,
    /// What to do.
    pub advice: &'static str,
}

impl Explanation {
    /// A page of text, no wider than 80 columns, with the thresholds that the code depends on.
    pub fn page(&self, thresholds: &Thresholds) -> String {
        let mut page = format!("{} ({})\n", self.code, self.severity);
        for (title, text) in
            [("Meaning", self.means), ("How it is decided", self.decided), ("What to do", self.advice)]
        {
            page.push('\n');
            page.push_str(title);
            paragraph(&mut page, text);
        }
        let rows = Thresholds::ALL.iter().filter(|threshold| threshold.codes.contains(&self.code));
        let rows: String = rows.map(|threshold| row(threshold, thresholds)).collect();
        if !rows.is_empty() {
            page.push_str("\nThresholds (--threshold NAME=VALUE)\n");
            page.push_str(&rows);
        }
        page
    }
}

/// All thresholds with the values in force.
pub fn list_thresholds(thresholds: &Thresholds) -> String {
    Thresholds::ALL.iter().map(|threshold| row(threshold, thresholds)).collect()
}

fn row(threshold: &Threshold, thresholds: &Thresholds) -> String {
    let value = threshold.text(threshold.of(thresholds));
    let mut row = format!("  {:14} {value}", threshold.name);
    paragraph(&mut row, threshold.about);
    row
}

/// Adds an indented paragraph.
fn paragraph(page: &mut String, text: &str) {
    let mut column = COLUMNS;
    for word in text.split(' ') {
        // What holds a word apart from the one before: a space, or a new, indented line.
        if column + 1 + word.len() > COLUMNS {
            page.push_str("\n  ");
            column = 2;
        } else {
            page.push(' ');
            column += 1;
        }
        page.push_str(word);
        column += word.len();
    }
    page.push('\n');
}

/// What a code means, how it is decided, and what to do.
pub const fn explain(code: Code) -> Explanation {
    let (severity, [means, decided, advice]) = match code {
        Code::AddressMismatch
        | Code::PrivateAddressAdvertised
        | Code::BounceAttempt
        | Code::FxpTransfer
        | Code::PrivilegedPort
        | Code::ForeignDataPeer
        | Code::AddressTranslated => address(code),
        Code::EpsvAllViolation
        | Code::ProtocolUnsupported
        | Code::MalformedEndpoint
        | Code::NegotiationRetried
        | Code::ModeFallback
        | Code::MiddleboxBlind
        | Code::PortRangeExhausted => negotiation(code),
        Code::DataUnanswered
        | Code::DataRefused
        | Code::DataNeverAttempted
        | Code::DataNotCaptured
        | Code::CaptureFiltered
        | Code::DataClosedEarly
        | Code::PartialOutage
        | Code::TimeWaitReuse => data(code),
        Code::TransferTruncated
        | Code::TransferAborted
        | Code::TransferStalled
        | Code::TransferFailed
        | Code::CompletionMissing
        | Code::IntegrityMismatch
        | Code::AsciiDamage => transfer(code),
        Code::CleartextCredentials
        | Code::LoginRejected
        | Code::BruteForce
        | Code::TlsRefused
        | Code::DataUnprotected
        | Code::OversizedLine
        | Code::ControlUnanswered
        | Code::ControlRefused
        | Code::CaptureGap => control(code),
        Code::TlsReuseRequired
        | Code::TlsFailed
        | Code::TlsModeMismatch
        | Code::TlsTruncated
        | Code::TlsNotDecrypted => tls(code),
        Code::ControlLost
        | Code::MtuBlackHole
        | Code::DataHandshakeIncomplete
        | Code::SlowTransfer
        | Code::MiddleboxInterference
        | Code::OneWayCapture => way(code),
        Code::NotFromPort20
        | Code::UnexpectedReply
        | Code::SessionTimeout
        | Code::ConnectionLimit
        | Code::NotFtpAnymore
        | Code::SlowReply => replies(code),
    };
    Explanation { code, severity, means, decided, advice }
}

type Row = (Severity, [&'static str; 3]);

const fn address(code: Code) -> Row {
    match code {
        Code::AddressMismatch => (
            Severity::Warning,
            [
                "One side announced an address at which the other can't reach it: it is behind NAT or in a \
                 container, or its configuration is out of date.",
                "The address in PORT, EPRT or the 227 differs from the control peer's, and no connection \
                 to it succeeded. In active mode only a loopback, link-local or private \
                 address of another network counts; other hosts are a bounce-attempt.",
                "Set the address that clients can reach in the server's configuration, or use EPSV, which carries no address; \
                 for a client, use passive mode.",
            ],
        ),
        Code::PrivateAddressAdvertised => (
            Severity::Notice,
            [
                "A private address was advertised to a peer with a public one; this works only if a NAT \
                 helper on the path rewrites it.",
                "The advertised address is private (RFC 1918, 6598, 3927, 4193, link-local, loopback) and the other control \
             peer's is not. Seen from inside the NAT this is normal as long as the helper works.",
                "If transfers fail, check that the NAT between the two has an FTP helper and that the control connection is \
             not under TLS; or use EPSV.",
            ],
        ),
        Code::BounceAttempt => (
            Severity::Alert,
            [
                "Possible attack: the client told the server to connect to a third host (FTP bounce, RFC \
                 2577), which makes the server scan or attack that host.",
                "PORT or EPRT names an address that is not the client's, and neither NAT (address-mismatch) nor a \
             server-to-server transfer (fxp-transfer) explains it. A warning where the server refused, unless the port is \
             below 1024.",
                "Have the server refuse foreign addresses in PORT and EPRT, and find out who this client is.",
            ],
        ),
        Code::AddressTranslated => (
            Severity::Info,
            [
                "The server is behind NAT and announces its outer address, as it should.",
                "The announced address is public, the server's own is private, and the data connection arrived at the \
                 server on the announced port.",
                "No action: this is how passive mode behind NAT is meant to work.",
            ],
        ),
        Code::FxpTransfer => (
            Severity::Info,
            [
                "Two servers exchanged a file directly, steered by one client (FXP).",
                "One server's PASV or EPSV and the other's PORT or EPRT lead to one data connection between the two.",
                "No action if this is intended; otherwise have the servers reject foreign addresses.",
            ],
        ),
        Code::PrivilegedPort => (
            Severity::Alert,
            [
                "A data connection was announced on a port that belongs to system services, which is typical of a bounce \
             attack on mail or other servers.",
                "The listening port of an accepted negotiation is below 1024.",
                "Have the server refuse ports below 1024 in PORT and EPRT (RFC 2577 section 3), and keep passive port \
             ranges above.",
            ],
        ),
        _ => (
            Severity::Alert,
            [
                "A third host was at the other end of the data connection: port stealing, or a proxy with \
                 several addresses.",
                "The data connection came from, or went to, a host that is neither control peer, nor advertised, nor the \
             partner of a server-to-server transfer. Attempts that were reset and carried nothing do not count.",
                "Have the server accept passive connections only from the control peer's address, and use \
                 TLS; if a proxy with several addresses is on the path, pin it to one.",
            ],
        ),
    }
}

const fn negotiation(code: Code) -> Row {
    match code {
        Code::EpsvAllViolation => (
            Severity::Warning,
            [
                "The client promised to use only EPSV (EPSV ALL) and then negotiated in another way.",
                "PORT, PASV, EPRT, LPRT or LPSV after an accepted EPSV ALL (RFC 2428 section 4).",
                "Fix the client: NAT devices may have stopped translating this session, as EPSV ALL allows \
                 them to.",
            ],
        ),
        Code::ProtocolUnsupported => (
            Severity::Notice,
            [
                "The server does not speak the network protocol that the client asked for.",
                "EPRT or EPSV was answered by 522, which lists the protocols that the server supports: 1 \
                 is IPv4, 2 is IPv6.",
                "Have the client use one of those, or enable the other one on the server.",
            ],
        ),
        Code::MalformedEndpoint => (
            Severity::Warning,
            [
                "A line that should announce an endpoint contains no valid address and port.",
                "The argument of PORT, EPRT or LPRT, or the 227, 228 or 229, has too few or too many numbers, a number out \
             of range, port 0, or none at all.",
                "Fix or replace the software that sent it; other software on the path will not understand \
                 it either.",
            ],
        ),
        Code::NegotiationRetried => (
            Severity::Notice,
            [
                "The client negotiated the same mode again because the first endpoint led to nothing.",
                "The connection to the first one was refused, never answered or never seen, or the line was unreadable, and \
             the next negotiation has the same mode.",
                "See the related findings for why the first attempt failed.",
            ],
        ),
        Code::ModeFallback => (
            Severity::Notice,
            [
                "The client fell back to another mode because the first one failed.",
                "The negotiation was rejected, or led to no connection, and the next one has another mode.",
                "Set the client to the mode that works, or open what blocks the other one. Every attempt adds a timeout.",
            ],
        ),
        Code::MiddleboxBlind => (
            Severity::Notice,
            [
                "Linux's connection tracking helper for FTP would not understand this negotiation, so that a firewall or \
             NAT that relies on it blocks the data connection.",
                "By the helper's own rules: it looks at single packets and only at their first line, \
                 accepts PORT, EPRT, 227 and 229 in narrow forms, on the ports that it \
                 watches and never under TLS, and drops packets that it understands only \
                 in part.",
                "Where data connections fail behind a Linux firewall, open a fixed passive port range rather than rely on \
             the helper.",
            ],
        ),
        _ => (
            Severity::Warning,
            [
                "A side has too few listening ports for the rate of its transfers.",
                "More connections within one TIME_WAIT than different ports in use, each port having served twice on \
             average or all of them lying close together, and at least one reuse inside TIME_WAIT.",
                "Widen the port range to at least the number of transfers within one TIME_WAIT, better \
                 twice that.",
            ],
        ),
    }
}

const fn data(code: Code) -> Row {
    match code {
        Code::DataUnanswered => (
            Severity::Warning,
            [
                "The SYNs of the data connection went unanswered.",
                "SYNs to the predicted endpoint went unanswered; a single SYN counts only if the capture \
                 goes on for seconds or the client gave up. Summary and advice depend on \
                 what else worked: other ports, the other mode.",
                "Look for the firewall that drops the SYNs; open the listening side's port range, or use the other mode.",
            ],
        ),
        Code::DataRefused => (
            Severity::Warning,
            [
                "The data connection was refused.",
                "A SYN to the predicted endpoint was answered by RST: nobody listens there (any more), a firewall rejects \
             it, or the pair is in TIME_WAIT.",
                "Compare with a capture on the listener: if no SYN arrives there, a firewall on the path \
                 sends the RST; otherwise find out why it stopped listening.",
            ],
        ),
        Code::DataNeverAttempted => (
            Severity::Warning,
            [
                "A transfer failed, and no attempt at its data connection was seen.",
                "The transfer command was answered by 425, 426 or 421, or not at all, and there is no SYN to the predicted \
             endpoint. Either it was blocked before this capture point, or the connecting side could not start.",
                "Capture on the connecting side as well: if the SYN shows up there, something on the path \
                 blocks it.",
            ],
        ),
        Code::CaptureFiltered => (
            Severity::Notice,
            [
                "The capture holds no data connection at all, although transfers completed.",
                "At least one transfer (server-to-server ones aside) got a 2yz reply, and not one data connection or attempt of \
                 any session was captured.",
                "Capture all TCP traffic between the two hosts, not only port 21.",
            ],
        ),
        Code::DataClosedEarly => (
            Severity::Warning,
            [
                "The data connection was accepted and closed at once, before the transfer began, and the transfer failed.",
                "The listener sent the first FIN or RST without any payload before the transfer command was answered, and the \
                 final reply is 4yz or 5yz.",
                "Something answered for the server, such as a port proxy or a load balancer: forward the passive ports to the \
                 server itself.",
            ],
        ),
        Code::PartialOutage => (
            Severity::Warning,
            [
                "Some data connections to one server failed while others worked.",
                "Over all sessions of a client and a listener, data connections went unanswered or were \
                 refused while others were made, in a pattern: every second one, one port, \
                 ports outside the range that works, or all from some time on.",
                "Follow the pattern: one port is filtered on the path, ports outside the range are closed on the firewall, every \
                 second one points to several machines behind one address.",
            ],
        ),
        Code::DataNotCaptured => (
            Severity::Notice,
            [
                "A transfer succeeded, but its data connection is not in the capture.",
                "The final reply is 2yz and no connection to the predicted endpoint was seen.",
                "Capture all of both hosts' TCP traffic, not only port 21, at a point that both connections pass.",
            ],
        ),
        _ => (
            Severity::Info,
            [
                "A pair of endpoints, or a listening endpoint, was used again while an earlier connection on it was still in \
             TIME_WAIT.",
                "The earlier connection closed by FIN less than 2·MSL (60 s unless set otherwise) before. Info where the new \
             one was accepted at once, warning where it cost retries or the transfer.",
                "Use a new port for every data connection; widen the port range if it wraps within a minute.",
            ],
        ),
    }
}

const fn transfer(code: Code) -> Row {
    match code {
        Code::TransferTruncated => (
            Severity::Warning,
            [
                "A transfer was reported as complete, but the file is incomplete.",
                "Fewer bytes than SIZE, a listing or the 150 announced (less the REST offset), or the data \
                 connection was reset before its sender closed it, while the final reply \
                 is 2yz. Never reported if the capture lacks bytes.",
                "Transfer the file again and compare sizes; check the server's log for the reset.",
            ],
        ),
        Code::TransferAborted => (
            Severity::Notice,
            [
                "A transfer was aborted.",
                "ABOR, or the final reply 426.",
                "No action if this is intended; otherwise see which side closed the data connection first, and why.",
            ],
        ),
        Code::TransferStalled => (
            Severity::Warning,
            [
                "A transfer stalled for seconds.",
                "No payload for 5 s or more between the beginning of the transfer and its end.",
                "Look at the sender first: unless the receiver's window was zero or the path lost packets, \
                 it had nothing to send.",
            ],
        ),
        Code::TransferFailed => (
            Severity::Warning,
            [
                "The server refused or failed a transfer; its reply says why.",
                "The final reply to a transfer command is 4yz or 5yz, and no other finding explains it. Notice for permanent \
                 refusals such as 550 and 553, warning for 4yz and 552.",
                "Act on the reply: it names the file, the permission, the disk or the command that is the \
                 problem.",
            ],
        ),
        Code::CompletionMissing => (
            Severity::Warning,
            [
                "The data connection closed, and the server never said whether the transfer succeeded.",
                "No final reply, although the control connection ended or seconds passed, and the capture lacks none of the \
             server's replies.",
                "Turn on TCP keep-alive for control connections if transfers are long; otherwise check the \
                 server's log. The file itself may be complete.",
            ],
        ),
        Code::IntegrityMismatch => (
            Severity::Warning,
            [
                "What was moved is not what the server says it has.",
                "The last digest that the server stated of this file and of the bytes that were moved (in reply to HASH, XCRC, \
                 XMD5, MD5, XSHA, XSHA1, XSHA256 or XSHA512), before or after the transfer and with no change of the file in \
                 between, is not that of the captured content. Never reported if the capture lacks bytes.",
                "Transfer the file again, in TYPE I and from its beginning. If it differs again, it changes meanwhile, or \
                 something on the way alters it.",
            ],
        ),
        _ => (
            Severity::Warning,
            [
                "A binary file was moved as text, which changes its bytes wherever they look like line ends.",
                "The transfer was in TYPE A and its first bytes are those of a binary file.",
                "Set the client to TYPE I (binary) and transfer the file again.",
            ],
        ),
    }
}

const fn control(code: Code) -> Row {
    match code {
        Code::CleartextCredentials => (
            Severity::Notice,
            [
                "A password crossed the network in the clear.",
                "PASS without TLS; reported once per session, and not for the users anonymous and ftp.",
                "Use explicit FTPS (AUTH TLS) or SFTP, and change the password.",
            ],
        ),
        Code::LoginRejected => (
            Severity::Notice,
            [
                "The server rejected a login.",
                "USER, PASS or ACCT was answered by 530 or another 4yz or 5yz, which is quoted. A 421, or \
                 a reply about too many connections, does not count.",
                "Read the reply: it tells a wrong password from missing TLS, a missing directory or a ban.",
            ],
        ),
        Code::BruteForce => (
            Severity::Alert,
            [
                "Possible password guessing.",
                "Five or more logins rejected for their user or password from one client address to one server, over all \
                 sessions of the capture. A login that was accepted afterwards is named.",
                "Block the address, limit login attempts on the server, and change any password that was \
                 accepted afterwards.",
            ],
        ),
        Code::TlsRefused => (
            Severity::Warning,
            [
                "The client wanted TLS, did not get it, and logged in anyway.",
                "AUTH was answered by 4yz or 5yz, and PASS followed in the clear (or USER was enough).",
                "Set up TLS on the server, and set the client to require it.",
            ],
        ),
        Code::DataUnprotected => (
            Severity::Warning,
            [
                "Files travel in the clear although the control connection is under TLS.",
                "A data connection of a session under TLS carried something other than TLS (PROT C).",
                "Have the client send PBSZ 0 and PROT P, and the server require it.",
            ],
        ),
        Code::OversizedLine => (
            Severity::Notice,
            [
                "A control line is longer than any real command or reply.",
                "A line beyond the limit (8 KiB unless set otherwise); it was cut there.",
                "Find out who sent it: an attack on a line buffer, or a binary protocol on the control \
                 port.",
            ],
        ),
        Code::ControlUnanswered => (
            Severity::Warning,
            [
                "An FTP server does not answer.",
                "SYNs from one client address to a control port went unanswered, and no session followed.",
                "Check that the host is up and that no firewall drops port 21.",
            ],
        ),
        Code::ControlRefused => (
            Severity::Warning,
            [
                "Nothing is listening on the FTP port.",
                "SYNs from one client address to a control port were answered by RST, and no session followed.",
                "Check that the server runs and listens on this address and port, and that no firewall rejects it.",
            ],
        ),
        _ => (
            Severity::Notice,
            [
                "Packets are missing from the capture; results may be incomplete.",
                "Sequence numbers or acknowledgements show bytes of the control connection or of a transfer that no captured \
             packet carries.",
                "Capture with a full snap length and a larger buffer, and at a point that sees both directions.",
            ],
        ),
    }
}

const fn tls(code: Code) -> Row {
    match code {
        Code::TlsReuseRequired => (
            Severity::Warning,
            [
                "The server refused a data connection because its TLS session was not that of the control connection.",
                "A transfer was refused by a reply that speaks of session reuse or resumption, or by 425 after a data connection \
                 that carried nothing but a full handshake. Where the replies cannot be read: the server closed such a data \
                 connection at once, and the session ended with it.",
                "Have the client resume the TLS session of the control connection, or lift the requirement on the server \
                 (vsftpd require_ssl_reuse=NO, ProFTPD TLSOptions NoSessionReuseRequired).",
            ],
        ),
        Code::TlsFailed => (
            Severity::Warning,
            [
                "A TLS handshake of the control connection or of a data connection failed.",
                "A fatal alert, or a close, came before application data could flow. The summary names who \
                 sent which alert, and what the server then said in the clear. unknown_ca \
                 and similar alerts mean that the certificate was rejected; \
                 handshake_failure and protocol_version mean that the sides have no cipher \
                 suite or version in common.",
                "Follow the alert: let the client trust the certificate, give it the client certificate that the server wants, or \
                 widen the versions and cipher suites of one side.",
            ],
        ),
        Code::TlsModeMismatch => (
            Severity::Warning,
            [
                "Client and server disagree on when TLS begins.",
                "The client began with a ClientHello and the server greeted in the clear; or the client said nothing on a port \
                 for implicit TLS until it left, and the server ended by a TLS alert.",
                "Use explicit TLS (AUTH TLS) on the port where the server greets in the clear, implicit TLS on the other (usually \
                 990).",
            ],
        ),
        Code::TlsTruncated => (
            Severity::Notice,
            [
                "A TLS data connection was closed without the close_notify alert that distinguishes an end \
                 from a truncation.",
                "The side that sent content closed the connection, and the last record was not an alert. \
                 In TLS 1.3 alerts can be told from data only with keys. A warning where \
                 the server then failed the transfer or ended the session.",
                "Update the TLS library of that side, or have the other accept it (vsftpd strict_ssl_read_eof=NO).",
            ],
        ),
        _ => (
            Severity::Notice,
            [
                "Keys were given, but a TLS connection could not be decrypted.",
                "The key log lacks a secret of this session, or the capture lacks the handshake or bytes of the connection, or the \
                 version or cipher suite is not one that is decrypted.",
                "Give the key log of the client or server that made this very session, and capture the session from its \
                 beginning. curl, lftp and FileZilla write a key log if the environment variable SSLKEYLOGFILE names \
                 one, Python if ssl.SSLContext.keylog_filename does; a server with OpenSSL needs a library such as \
                 sslkeylog.so preloaded.",
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_its_own_words() {
        let mut seen = std::collections::HashSet::new();
        for &code in Code::ALL {
            let explanation = explain(code);
            assert_eq!(explanation.code, code);
            for text in [explanation.means, explanation.decided, explanation.advice] {
                assert!(text.ends_with('.') && text.len() > 20, "{code}: {text}");
                assert!(!text.contains("  "), "{code}: {text}");
            }
            assert!(seen.insert(explanation.means), "{code} shares its meaning with another code");
        }
        assert_eq!(seen.len(), Code::ALL.len());
    }

    #[test]
    fn pages_fit_80_columns() {
        for &code in Code::ALL {
            let page = explain(code).page(&Thresholds::default());
            assert!(page.starts_with(code.name()));
            assert!(page.lines().all(|line| line.len() <= 80 && line.trim_end() == line), "{page}");
        }
    }
}
