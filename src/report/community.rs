//! Community ID version 1: the flow identifier that Zeek, Suricata and Arkime share.

use std::net::IpAddr;

use base64::Engine as _;
use sha1::{Digest as _, Sha1};

use crate::base::Endpoint;

const TCP: u8 = 6;

/// The Community ID v1 of a TCP connection, with seed 0: direction doesn't matter.
pub fn community_id(one: Endpoint, other: Endpoint) -> String {
    // Address before port, as bytes: and an IPv4 address before an IPv6 one only where the families are mixed.
    let (low, high) = if (one.ip, one.port) <= (other.ip, other.port) { (one, other) } else { (other, one) };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for ip in [low.ip, high.ip] {
        match ip {
            IpAddr::V4(v4) => hash.update(v4.octets()),
            IpAddr::V6(v6) => hash.update(v6.octets()),
        }
    }
    hash.update([TCP, 0]);
    hash.update(low.port.to_be_bytes());
    hash.update(high.port.to_be_bytes());
    let mut id = String::from("1:");
    base64::engine::general_purpose::STANDARD.encode_string(hash.finalize(), &mut id);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_come_out_in_either_direction() {
        let client = Endpoint::new("192.168.4.76".parse().unwrap(), 53380);
        let server = Endpoint::new("196.216.2.24".parse().unwrap(), 21);
        assert_eq!(community_id(client, server), "1:lEESxqaSVYqFZvWNb4OccTa9sTs=");
        assert_eq!(community_id(server, client), "1:lEESxqaSVYqFZvWNb4OccTa9sTs=");
    }
}
