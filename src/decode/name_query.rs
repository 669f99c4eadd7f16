//! Reverse look-ups in the DNS: who asks for the name of which address.
//!
//! Servers that look up their clients' names are slow where nobody answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::layer::Trail;
use super::span::Span;
use crate::base::PacketRef;

/// Where name servers listen.
pub(super) const PORT: u16 = 53;

/// A question for the name of an address, or the answer to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameQuery {
    /// Its packet.
    pub packet: PacketRef,
    /// Who asks.
    pub asker: IpAddr,
    /// The name server.
    pub resolver: IpAddr,
    /// The address whose name is asked for.
    pub about: IpAddr,
    /// Whether this is the answer.
    pub is_answer: bool,
}

/// The question for the name of an address in a DNS message (RFC 1035 section 4); none if it asks something else.
pub(super) fn read(mut span: Span<'_>, trail: &Trail, packet: PacketRef) -> Option<NameQuery> {
    const HEADER: usize = 12;
    let &[_, _, flags, _, 0, 1, ..] = span.peek::<HEADER>()? else { return None };
    span.skip(HEADER, "").continue_value()?;
    let is_answer = flags & 0x80 != 0;
    let is_standard_query = flags & 0x78 == 0;
    let about = reversed(span.kept()).filter(|_| is_standard_query)?;
    let (asker, resolver) =
        if is_answer { (trail.destination, trail.source) } else { (trail.source, trail.destination) };
    Some(NameQuery { packet, asker, resolver, about, is_answer })
}

/// The address that a question for a PTR record names: `4.3.2.1.in-addr.arpa`, or 32 nibbles and `ip6.arpa`.
fn reversed(question: &[u8]) -> Option<IpAddr> {
    /// Nibbles of an IPv6 address, and the two labels behind them.
    const LABELS: usize = 34;
    /// The type of the record, and the Internet.
    const PTR_IN: [u8; 4] = [0, 12, 0, 1];
    let mut labels: [&[u8]; LABELS] = [&[]; LABELS];
    let (mut rest, mut count) = (question, 0);
    loop {
        let (&length, behind) = rest.split_first()?;
        if length == 0 {
            rest = behind;
            break;
        }
        // A length of 64 and more is a pointer, which no question has.
        let (label, behind) = behind.split_at_checked(usize::from(length).min(64))?;
        *labels.get_mut(count)? = label;
        count += 1;
        rest = behind;
    }
    if rest.first_chunk() != Some(&PTR_IN) {
        return None;
    }
    match labels.get(..count)? {
        [numbers @ .., zone, arpa] if numbers.len() == 4 && is(zone, b"in-addr") && is(arpa, b"arpa") => {
            v4(numbers)
        }
        [nibbles @ .., zone, arpa] if nibbles.len() == 32 && is(zone, b"ip6") && is(arpa, b"arpa") => {
            v6(nibbles)
        }
        _ => None,
    }
}

fn is(label: &[u8], name: &[u8]) -> bool {
    label.eq_ignore_ascii_case(name)
}

fn v4(numbers: &[&[u8]]) -> Option<IpAddr> {
    let mut octets = [0; 4];
    for (octet, number) in octets.iter_mut().zip(numbers.iter().rev()) {
        *octet = str::from_utf8(number).ok()?.parse().ok()?;
    }
    Some(IpAddr::V4(Ipv4Addr::from(octets)))
}

fn v6(nibbles: &[&[u8]]) -> Option<IpAddr> {
    let mut address = 0_u128;
    for nibble in nibbles.iter().rev() {
        let &[digit] = *nibble else { return None };
        address = address << 4 | u128::from(char::from(digit).to_digit(16)?);
    }
    Some(IpAddr::V6(Ipv6Addr::from(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.extend_from_slice(&[0, 0, kind, 0, 1]);
        bytes
    }

    #[test]
    fn a_question_for_a_name_tells_the_address() {
        let six = "7.".to_owned() + &"0.".repeat(23) + "8.b.d.0.1.0.0.2.IP6.arpa";
        for (name, kind, address) in [
            ("23.100.51.198.in-addr.arpa", 12, Some("198.51.100.23")),
            ("23.100.51.198.IN-ADDR.ARPA", 12, Some("198.51.100.23")),
            (&*six, 12, Some("2001:db8::7")),
            ("23.100.51.198.in-addr.arpa", 1, None),
            ("100.51.198.in-addr.arpa", 12, None),
            ("256.100.51.198.in-addr.arpa", 12, None),
            ("23.100.51.198.in-addr.example", 12, None),
            ("example.org", 12, None),
        ] {
            let bytes = question(name, kind);
            assert_eq!(reversed(&bytes), address.map(|text| text.parse().unwrap()), "{name}");
            for length in 0..bytes.len() {
                assert_eq!(reversed(&bytes[..length]), None, "{name} up to {length}");
            }
        }
        assert_eq!(reversed(&[0xc0, 12, 0, 12, 0, 1]), None);
    }
}
