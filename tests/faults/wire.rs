//! Captures of control connections, from lines that both sides say.

use std::net::Ipv4Addr;

use etherparse::PacketBuilder;

/// Who sends a line.
#[derive(Clone, Copy)]
pub(crate) enum Sender {
    Client,
    Server,
}

/// A client's line, or a server's.
pub(crate) fn line(text: &str) -> (Sender, &[u8]) {
    let (who, text) = text.split_once(": ").unwrap();
    (if who == "C" { Sender::Client } else { Sender::Server }, text.as_bytes())
}

/// A pcap file of so many sessions one after the other, each with these lines, from SYN to FIN.
pub(crate) fn capture(sessions: u16, lines: &[(Sender, &[u8])]) -> Vec<u8> {
    let mut file = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 1].map(u32::to_le_bytes).concat();
    for number in 0..sessions {
        session(&mut file, number, lines);
    }
    file
}

fn session(file: &mut Vec<u8>, number: u16, lines: &[(Sender, &[u8])]) {
    const SYN: u8 = 1;
    const FIN: u8 = 2;
    let second = 1_772_366_400 + u32::from(number);
    let mut microsecond = 0_u32;
    let mut next = [1000_u32, 5000];
    let mut packet = |from: Sender, flags: u8, payload: &[u8]| {
        let client = (Ipv4Addr::new(10, 1, 7, 33), 10_000 + number);
        let server = (Ipv4Addr::new(192, 0, 2, 8), 21);
        let ((source, source_port), (target, target_port), own, other) = match from {
            Sender::Client => (client, server, 0, 1),
            Sender::Server => (server, client, 1, 0),
        };
        let mut tcp = PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(source.octets(), target.octets(), 64)
            .tcp(source_port, target_port, next[own], 65_000);
        if flags & SYN != 0 {
            tcp = tcp.syn();
        }
        if flags & FIN != 0 {
            tcp = tcp.fin();
        }
        if flags & SYN == 0 || own == 1 {
            tcp = tcp.ack(next[other]);
        }
        let mut bytes = Vec::new();
        tcp.write(&mut bytes, payload).unwrap();
        next[own] += u32::try_from(payload.len()).unwrap() + u32::from(flags != 0);
        let length = u32::try_from(bytes.len()).unwrap();
        file.extend([second, microsecond, length, length].map(u32::to_le_bytes).concat());
        file.extend(bytes);
        microsecond += 1000;
    };
    packet(Sender::Client, SYN, b"");
    packet(Sender::Server, SYN, b"");
    packet(Sender::Client, 0, b"");
    for (from, line) in lines {
        packet(*from, 0, &[line, &b"\r\n"[..]].concat());
    }
    packet(Sender::Server, FIN, b"");
    packet(Sender::Client, FIN, b"");
    packet(Sender::Server, 0, b"");
}

/// A session in which a file is asked for and refused.
pub(crate) fn plain() -> Vec<(Sender, &'static [u8])> {
    [
        "S: 220 ready",
        "C: USER alice",
        "S: 331 password?",
        "C: PASS secret-word",
        "S: 230 welcome",
        "C: CWD /pub",
        "S: 250 done",
        "C: RETR file",
        "S: 550 no such file",
        "C: QUIT",
        "S: 221 bye",
    ]
    .map(line)
    .to_vec()
}
