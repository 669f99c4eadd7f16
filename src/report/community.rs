//! Community ID version 1: the flow identifier that Zeek, Suricata and Arkime share.

use std::net::IpAddr;

use base64::Engine as _;
use sha1::{Digest as _, Sha1};

use crate::base::Endpoint;

const TCP: u8 = 6;

/// The Community ID v1 of a TCP connection, with seed 0: direction doesn't matter.
pub fn community_id(one: Endpoint, other: Endpoint) -> String {
    let (low, high) = if (address_bytes(one.ip), one.port) <= (address_bytes(other.ip), other.port) {
        (one, other)
    } else {
        (other, one)
    };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    hash.update(address_bytes(low.ip));
    hash.update(address_bytes(high.ip));
    hash.update([TCP, 0]);
    hash.update(low.port.to_be_bytes());
    hash.update(high.port.to_be_bytes());
    format!("1:{}", base64::engine::general_purpose::STANDARD.encode(hash.finalize()))
}

fn address_bytes(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
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
