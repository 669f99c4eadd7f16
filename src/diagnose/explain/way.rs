//! What the packets show of the way between the hosts.

use super::Row;
use crate::report::{Code, Severity};

pub(super) const fn way(code: Code) -> Row {
    match code {
        Code::ControlLost => (
            Severity::Warning,
            [
                "The path dropped the control connection, or one host went away: what the other sent was never acknowledged.",
                "A command or reply was sent again and again and never acknowledged, or the first command after a pause was \
                 answered by RST. The summary names the line and the pause before it. Not where the capture lacks lines or one \
                 direction, nor where a device changed the length of lines.",
                "After a pause: raise the idle timeout of the firewall, NAT or load balancer on the path, or turn on TCP \
                 keep-alive. Without one: look for a ban or a firewall rule that took effect, or a host that is down.",
            ],
        ),
        Code::MtuBlackHole => (
            Severity::Warning,
            [
                "Large packets do not get through while smaller ones do: the path MTU is smaller than the hosts assume.",
                "On a data connection segments of 1000 bytes and more were sent again and never acknowledged, and nothing as \
                 large had been; or they are missing at the receiver while a smaller one behind them arrived; or a router said \
                 that they are too big and the sender went on.",
                "Lower the MSS on the router or VPN (MSS clamping), and let ICMP “fragmentation needed” and “packet too big” \
                 through.",
            ],
        ),
        Code::DataHandshakeIncomplete => (
            Severity::Warning,
            [
                "The TCP handshake of a data connection did not complete at its listener.",
                "The SYN-ACK was sent again and again, and no payload went either way. Where the answer to it is in the capture, it \
                 does not reach the listener; where it is not, the SYN-ACK does not reach the other side.",
                "Look for a stateful firewall that sees only one direction of the path (asymmetric routing).",
            ],
        ),
        Code::SlowTransfer => (
            Severity::Notice,
            [
                "A transfer was slow for a reason that the packets show.",
                "The receiver announced a window of zero for a good part of the time; or many bytes were sent again; or the bytes in \
                 flight reached the largest window without scaling and the rate is that window over the round trip.",
                "Follow the summary: the receiver's disk and load, loss on the path, or window scaling that something strips.",
            ],
        ),
        Code::MiddleboxInterference => (
            Severity::Warning,
            [
                "A device between the hosts altered the session.",
                "The server acknowledged a few bytes that the client never sent, again and again: a device changed the length of a \
                 line such as PORT. Or both ends got a RST at the same time whose hop limit is not that of the other packets.",
                "Turn off or update the FTP inspection (ALG, helper) of the firewall or NAT on the path, and use passive mode.",
            ],
        ),
        _ => (
            Severity::Notice,
            [
                "Only one direction of a session is in the capture.",
                "Packets of one side only. Where the other direction is there under other addresses and with the same sequence \
                 numbers, the two are one session, captured on both sides of a NAT.",
                "Capture where both directions pass: asymmetric routing, or a mirror port that copies one direction, hides one.",
            ],
        ),
    }
}
