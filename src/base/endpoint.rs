//! An address and a port.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::short::{ADDRESS_LENGTH, Short};

/// One end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Endpoint {
    /// The address, in the family that the packets carry: an IPv4-mapped IPv6 address stays IPv6.
    pub ip: IpAddr,
    /// The TCP port.
    pub port: u16,
}

impl Endpoint {
    /// The endpoint `ip:port`.
    pub const fn new(ip: IpAddr, port: u16) -> Self {
        Self { ip, port }
    }

    /// Its text, on the stack.
    pub(crate) fn text(self) -> Short<{ ADDRESS_LENGTH + "[]:65535".len() }> {
        let mut text = Short::new();
        match self.ip {
            IpAddr::V4(_) => text.address(self.ip),
            IpAddr::V6(_) => {
                text.byte(b'[');
                text.address(self.ip);
                text.byte(b']');
            }
        }
        text.byte(b':');
        text.number(self.port);
        text
    }
}

/// Hashed in one or two pieces; the derived implementation takes five. Tables are searched by endpoint for every
/// connection.
impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self.ip {
            IpAddr::V4(ip) => hasher.write_u64(u64::from(ip.to_bits()) << 16 | u64::from(self.port)),
            IpAddr::V6(ip) => {
                hasher.write_u128(ip.to_bits());
                hasher.write_u16(self.port);
            }
        }
    }
}

/// `192.0.2.1:21` or `[2001:db8::1]:21`, the address in RFC 5952 form.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_endpoint_reads_as_the_standard_library_says(ip: IpAddr, port: u16, small in 0..1200_u16) {
            for port in [port, small] {
                let (ours, standard) = (Endpoint::new(ip, port), SocketAddr::new(ip, port));
                prop_assert_eq!(ours.to_string(), standard.to_string());
                prop_assert_eq!(format!("{ours:>60}"), format!("{standard:>60}"));
                prop_assert_eq!(format!("{ours:-<20}"), format!("{standard:-<20}"));
            }
        }
    }

    #[test]
    fn the_longest_endpoint_fits() {
        let full = "1111:2222:3333:4444:5555:6666:7777:8888".parse().unwrap();
        assert_eq!(
            Endpoint::new(full, 65_535).to_string(),
            "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"
        );
    }
}
