//! Packets by the million: Ethernet frames, made in place and given away one by one.

use std::net::Ipv4Addr;

/// A side of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct End {
    pub(crate) ip: Ipv4Addr,
    pub(crate) port: u16,
}

/// The side of this address and port.
pub(crate) fn end(ip: impl Into<Ipv4Addr>, port: u16) -> End {
    End { ip: ip.into(), port }
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const ACK: u8 = 16;

/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000_000_000;

/// The wire: every packet on it goes to one taker, with its time.
pub(crate) struct Wire<'a> {
    now: i64,
    /// Nanoseconds between two packets.
    pub(crate) pace: i64,
    pub(crate) packets: u64,
    frame: Vec<u8>,
    take: &'a mut dyn FnMut(i64, &[u8]),
}

impl<'a> Wire<'a> {
    pub(crate) fn new(take: &'a mut dyn FnMut(i64, &[u8])) -> Self {
        Self { now: BEGIN, pace: 1000, packets: 0, frame: Vec::new(), take }
    }

    /// Puts a whole frame onto the wire.
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        self.now += self.pace;
        self.packets += 1;
        (self.take)(self.now, frame);
    }

    /// Lets so many nanoseconds pass.
    pub(crate) fn wait(&mut self, nanos: i64) {
        self.now += nanos;
    }

    /// Puts a TCP segment onto the wire; `ack` counts where `flags` has ACK.
    pub(crate) fn tcp(&mut self, (from, to): (End, End), (seq, ack): (u32, u32), flags: u8, payload: &[u8]) {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        frame.extend_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        let length = u16::try_from(40 + payload.len()).unwrap();
        frame.extend_from_slice(&[0x45, 0]);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend_from_slice(&from.ip.octets());
        frame.extend_from_slice(&to.ip.octets());
        frame.extend_from_slice(&from.port.to_be_bytes());
        frame.extend_from_slice(&to.port.to_be_bytes());
        frame.extend_from_slice(&seq.to_be_bytes());
        frame.extend_from_slice(&(if flags & ACK == 0 { 0 } else { ack }).to_be_bytes());
        frame.extend_from_slice(&[0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        frame.extend_from_slice(payload);
        self.frame(&frame);
        self.frame = frame;
    }
}

/// An open TCP connection and its next sequence numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) next: [u32; 2],
}

impl Talk {
    /// Opens a connection.
    pub(crate) fn open(wire: &mut Wire<'_>, client: End, server: End) -> Self {
        Self::open_at(wire, client, server, 1000)
    }

    /// Opens a connection whose client begins with this number.
    pub(crate) fn open_at(wire: &mut Wire<'_>, client: End, server: End, isn: u32) -> Self {
        wire.tcp((client, server), (isn, 0), SYN, b"");
        wire.tcp((server, client), (5000, isn.wrapping_add(1)), SYN | ACK, b"");
        let next = [isn.wrapping_add(1), 5001];
        wire.tcp((client, server), (next[0], next[1]), ACK, b"");
        Self { client, server, next }
    }

    pub(crate) fn client(&mut self, wire: &mut Wire<'_>, bytes: &[u8]) {
        wire.tcp((self.client, self.server), (self.next[0], self.next[1]), ACK, bytes);
        self.next[0] = self.next[0].wrapping_add(u32::try_from(bytes.len()).unwrap());
    }

    pub(crate) fn server(&mut self, wire: &mut Wire<'_>, bytes: &[u8]) {
        wire.tcp((self.server, self.client), (self.next[1], self.next[0]), ACK, bytes);
        self.next[1] = self.next[1].wrapping_add(u32::try_from(bytes.len()).unwrap());
    }

    /// The client closes, then the server.
    pub(crate) fn close(&mut self, wire: &mut Wire<'_>) {
        wire.tcp((self.client, self.server), (self.next[0], self.next[1]), FIN | ACK, b"");
        wire.tcp((self.server, self.client), (self.next[1], self.next[0].wrapping_add(1)), FIN | ACK, b"");
    }
}

/// Numbers that look like chance (splitmix64), the same in each run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// Some address and port.
    pub(crate) fn end(&mut self) -> End {
        let number = self.roll();
        // 10.0.0.0/8 and beyond, never the honest hosts' 198.51.100.0/24.
        let ip = Ipv4Addr::from_bits(0x0a00_0000 | (number & 0x7fff_ffff) as u32 & 0x3fff_ffff);
        end(ip, 1024 + ((number >> 40) % 60_000) as u16)
    }
}
