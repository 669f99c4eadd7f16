//! An address and a port.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// One end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
}

/// In one or two pieces, where what is derived takes five: tables of endpoints are asked for every connection.
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
        SocketAddr::new(self.ip, self.port).fmt(f)
    }
}
