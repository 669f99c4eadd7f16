//! ICMP and ICMPv6 errors about a connection's packets.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::base::{Endpoint, FrameNumber, Timestamp};

/// An error that quotes a packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
#[serde(from = "IcmpErrorRow", into = "IcmpErrorRow")]
pub struct IcmpError {
    /// When it was captured.
    pub time: Timestamp,
    /// Its frame.
    pub frame: FrameNumber,
    /// Who sent it: the destination of the quoted packet, or a router or firewall on the path.
    pub from: IpAddr,
    /// What it says.
    pub message: IcmpMessage,
    /// The sender of the quoted packet.
    pub quoted_sender: Endpoint,
}

impl IcmpError {
    /// How many are kept for one connection.
    pub const KEPT: usize = 8;
}

/// What an ICMP or ICMPv6 error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct IcmpMessage {
    /// Which protocol's numbers these are.
    pub version: IcmpVersion,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// MTU of the next hop, if the error is that a packet is too big and says so.
    pub mtu: Option<u32>,
}

/// ICMP is a protocol of its own for each version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub enum IcmpVersion {
    /// ICMP (RFC 792), with IPv4.
    V4,
    /// ICMPv6 (RFC 4443).
    V6,
}

/// The JSON members of an [`IcmpError`].
#[derive(Serialize, Deserialize)]
struct IcmpErrorRow {
    time: Timestamp,
    frame: FrameNumber,
    from: IpAddr,
    #[serde(rename = "type")]
    kind: u8,
    code: u8,
    #[serde(skip_deserializing)]
    meaning: &'static str,
    mtu: Option<u32>,
    quoted_sender: Endpoint,
}

impl From<IcmpError> for IcmpErrorRow {
    fn from(error: IcmpError) -> Self {
        let IcmpError { time, frame, from, message, quoted_sender } = error;
        let IcmpMessage { version: _, kind, code, mtu } = message;
        Self { time, frame, from, kind, code, meaning: message.meaning(), mtu, quoted_sender }
    }
}

impl From<IcmpErrorRow> for IcmpError {
    fn from(row: IcmpErrorRow) -> Self {
        let IcmpErrorRow { time, frame, from, kind, code, meaning: _, mtu, quoted_sender } = row;
        let version = if from.is_ipv4() { IcmpVersion::V4 } else { IcmpVersion::V6 };
        Self { time, frame, from, message: IcmpMessage { version, kind, code, mtu }, quoted_sender }
    }
}

impl IcmpMessage {
    const UNREACHABLE: u8 = 3;
    const FRAGMENTATION_NEEDED: u8 = 4;
    const SOURCE_QUENCH: u8 = 4;
    const UNREACHABLE_V6: u8 = 1;
    const PACKET_TOO_BIG: u8 = 2;

    /// Whether this type is an error: a message that quotes the packet that caused it.
    pub const fn is_error(version: IcmpVersion, kind: u8) -> bool {
        match version {
            // Destination unreachable, source quench, time exceeded, parameter problem.
            IcmpVersion::V4 => matches!(kind, Self::UNREACHABLE | Self::SOURCE_QUENCH | 11 | 12),
            // Destination unreachable, packet too big, time exceeded, parameter problem.
            IcmpVersion::V6 => matches!(kind, 1..=4),
        }
    }

    /// Whether the packet was too big for the next hop: path MTU discovery at work.
    pub const fn is_too_big(&self) -> bool {
        match self.version {
            IcmpVersion::V4 => self.kind == Self::UNREACHABLE && self.code == Self::FRAGMENTATION_NEEDED,
            IcmpVersion::V6 => self.kind == Self::PACKET_TOO_BIG,
        }
    }

    /// Whether it ends a connection attempt: retransmitting the packet would not help.
    pub const fn refuses(&self) -> bool {
        match self.version {
            IcmpVersion::V4 => self.kind != Self::SOURCE_QUENCH && !self.is_too_big(),
            IcmpVersion::V6 => !self.is_too_big(),
        }
    }

    /// The meaning in the words of the standards (RFC 792, RFC 1122, RFC 1812, RFC 4443).
    pub const fn meaning(&self) -> &'static str {
        match self.version {
            IcmpVersion::V4 => self.meaning_v4(),
            IcmpVersion::V6 => self.meaning_v6(),
        }
    }

    const fn meaning_v4(&self) -> &'static str {
        match (self.kind, self.code) {
            (Self::UNREACHABLE, 0) => "network unreachable",
            (Self::UNREACHABLE, 1) => "host unreachable",
            (Self::UNREACHABLE, 2) => "protocol unreachable",
            (Self::UNREACHABLE, 3) => "port unreachable",
            (Self::UNREACHABLE, Self::FRAGMENTATION_NEEDED) => "fragmentation needed",
            (Self::UNREACHABLE, 5) => "source route failed",
            (Self::UNREACHABLE, 6) => "destination network unknown",
            (Self::UNREACHABLE, 7) => "destination host unknown",
            (Self::UNREACHABLE, 8) => "source host isolated",
            (Self::UNREACHABLE, 9) => "communication with destination network administratively prohibited",
            (Self::UNREACHABLE, 10) => "communication with destination host administratively prohibited",
            (Self::UNREACHABLE, 11) => "network unreachable for type of service",
            (Self::UNREACHABLE, 12) => "host unreachable for type of service",
            (Self::UNREACHABLE, 13) => "communication administratively prohibited",
            (Self::UNREACHABLE, 14) => "host precedence violation",
            (Self::UNREACHABLE, 15) => "precedence cutoff in effect",
            (Self::UNREACHABLE, _) => "destination unreachable",
            (Self::SOURCE_QUENCH, _) => "source quench",
            (11, 0) => "time to live exceeded in transit",
            (11, 1) => "fragment reassembly time exceeded",
            (11, _) => "time exceeded",
            (12, _) => "parameter problem",
            (_, _) => "unknown error",
        }
    }

    const fn meaning_v6(&self) -> &'static str {
        match (self.kind, self.code) {
            (Self::UNREACHABLE_V6, 0) => "no route to destination",
            (Self::UNREACHABLE_V6, 1) => "communication with destination administratively prohibited",
            (Self::UNREACHABLE_V6, 2) => "beyond scope of source address",
            (Self::UNREACHABLE_V6, 3) => "address unreachable",
            (Self::UNREACHABLE_V6, 4) => "port unreachable",
            (Self::UNREACHABLE_V6, 5) => "source address failed ingress/egress policy",
            (Self::UNREACHABLE_V6, 6) => "reject route to destination",
            (Self::UNREACHABLE_V6, 7) => "error in source routing header",
            (Self::UNREACHABLE_V6, 8) => "headers too long",
            (Self::UNREACHABLE_V6, _) => "destination unreachable",
            (Self::PACKET_TOO_BIG, _) => "packet too big",
            (3, 0) => "hop limit exceeded in transit",
            (3, 1) => "fragment reassembly time exceeded",
            (3, _) => "time exceeded",
            (4, 0) => "erroneous header field encountered",
            (4, 1) => "unrecognized next header type encountered",
            (4, 2) => "unrecognized IPv6 option encountered",
            (4, _) => "parameter problem",
            (_, _) => "unknown error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(version: IcmpVersion, kind: u8, code: u8) -> IcmpMessage {
        IcmpMessage { version, kind, code, mtu: None }
    }

    #[test]
    fn every_error_refuses_a_connection_but_those_that_a_sender_heeds_and_goes_on() {
        for (version, kind, code, refuses) in [
            (IcmpVersion::V4, 3, 1, true),
            (IcmpVersion::V4, 3, 4, false),
            (IcmpVersion::V4, 3, 13, true),
            (IcmpVersion::V4, 4, 0, false),
            (IcmpVersion::V4, 11, 0, true),
            (IcmpVersion::V6, 1, 4, true),
            (IcmpVersion::V6, 2, 0, false),
            (IcmpVersion::V6, 3, 0, true),
        ] {
            assert_eq!(message(version, kind, code).refuses(), refuses, "{version:?} {kind} {code}");
        }
    }

    #[test]
    fn every_type_that_is_an_error_has_a_meaning() {
        for version in [IcmpVersion::V4, IcmpVersion::V6] {
            for (kind, code) in (0..=255).flat_map(|kind| (0..=255).map(move |code| (kind, code))) {
                let is_known = message(version, kind, code).meaning() != "unknown error";
                assert_eq!(is_known, IcmpMessage::is_error(version, kind), "{version:?} {kind} {code}");
            }
        }
    }
}
