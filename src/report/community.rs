//! Community ID version 1: the flow identifier that Zeek, Suricata and Arkime share.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha1::{Digest as _, Sha1};

use crate::base::Endpoint;

const TCP: u8 = 6;

/// A Community ID: `1:` and a SHA-1 in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommunityId([u8; LENGTH]);

const LENGTH: usize = "1:lEESxqaSVYqFZvWNb4OccTa9sTs=".len();

impl CommunityId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for CommunityId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CommunityId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = text.as_bytes().try_into().ok().filter(|_| text.is_ascii());
        id.map(Self).ok_or_else(|| serde::de::Error::custom("not a Community ID"))
    }
}

impl fmt::Display for CommunityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The Community ID v1 of a TCP connection, with seed 0: direction doesn't matter.
pub fn community_id(one: Endpoint, other: Endpoint) -> CommunityId {
    // Address before port, as bytes: and an IPv4 address before an IPv6 one only where the families are
    // mixed.
    let (low, high) = if (one.ip, one.port) <= (other.ip, other.port) { (one, other) } else { (other, one) };
    // The seed, two addresses, the protocol and a byte of padding, two ports.
    let mut flow = [0; 2 + 16 + 16 + 2 + 4];
    let mut length = 2;
    let mut add = |bytes: &[u8]| {
        if let Some(slots) = flow.get_mut(length..length + bytes.len()) {
            slots.copy_from_slice(bytes);
            length += bytes.len();
        }
    };
    for ip in [low.ip, high.ip] {
        match ip {
            IpAddr::V4(v4) => add(&v4.octets()),
            IpAddr::V6(v6) => add(&v6.octets()),
        }
    }
    add(&[TCP, 0]);
    add(&low.port.to_be_bytes());
    add(&high.port.to_be_bytes());
    let hash = Sha1::digest(flow.get(..length).unwrap_or_default());
    let mut id = [0; LENGTH];
    if let Some((version, text)) = id.split_first_chunk_mut() {
        *version = *b"1:";
        // Twenty bytes are 28 characters, for which there is room.
        let _ = base64::engine::general_purpose::STANDARD.encode_slice(hash, text);
    }
    CommunityId(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_identifier_is_that_of_the_specification_step_by_step(
            one: (IpAddr, u16),
            other: (IpAddr, u16),
        ) {
            let ((low, low_port), (high, high_port)) = (one.min(other), one.max(other));
            let octets = |ip| match ip {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            let ports = [low_port.to_be_bytes(), high_port.to_be_bytes()].concat();
            let flow = [&[0, 0][..], &octets(low), &octets(high), &[TCP, 0], &ports].concat();
            let want = format!("1:{}", base64::engine::general_purpose::STANDARD.encode(Sha1::digest(flow)));
            let id = community_id(Endpoint::new(one.0, one.1), Endpoint::new(other.0, other.1));
            prop_assert_eq!(id.as_str(), want);
        }
    }

    #[test]
    fn the_published_examples_come_out_in_either_direction() {
        let client = Endpoint::new("192.168.4.76".parse().unwrap(), 53380);
        let server = Endpoint::new("196.216.2.24".parse().unwrap(), 21);
        assert_eq!(community_id(client, server).as_str(), "1:lEESxqaSVYqFZvWNb4OccTa9sTs=");
        assert_eq!(community_id(server, client).as_str(), "1:lEESxqaSVYqFZvWNb4OccTa9sTs=");
    }
}
