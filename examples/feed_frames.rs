//! Feeds frames by hand, as a program does that has its own source of packets. Needs the core alone:
//!
//! ```sh
//! cargo run --example feed_frames --no-default-features
//! ```
//!
//! The frames are those of a passive transfer whose data connection a firewall drops.

use std::io::{self, Write};

use ftpscope::analyzer::{Analyzer, Options};
use ftpscope::base::{FrameNumber, PacketRef, Timestamp};
use ftpscope::decode::{Frame, LinkType};
use ftpscope::report::Report;

const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x18;

/// The last byte of an address in 192.0.2.0/24, and a port.
type Host = (u8, u16);
const CLIENT: Host = (1, 40_000);
const SERVER: Host = (2, 21);

fn main() -> io::Result<()> {
    run(&mut io::stdout().lock())
}

pub(crate) fn run(out: &mut impl Write) -> io::Result<()> {
    let report = analyze(&[
        segment(CLIENT, SERVER, SYN, (0, 0), ""),
        segment(SERVER, CLIENT, SYN_ACK, (0, 1), ""),
        segment(SERVER, CLIENT, ACK, (1, 1), "220 ready\r\n"),
        segment(CLIENT, SERVER, ACK, (1, 12), "PASV\r\n"),
        // 195 × 256 + 80 = 50000
        segment(SERVER, CLIENT, ACK, (12, 7), "227 Entering Passive Mode (192,0,2,2,195,80)\r\n"),
        segment((1, 40_001), (2, 50_000), SYN, (0, 0), ""),
        segment((1, 40_001), (2, 50_000), SYN, (0, 0), ""),
    ]);
    for finding in report.sessions.iter().flat_map(|session| &session.findings) {
        writeln!(out, "{}: {}", finding.code.name(), finding.summary)?;
    }
    Ok(())
}

/// Feeds the frames as if one came each second.
fn analyze(frames: &[Vec<u8>]) -> Report {
    let mut analyzer = Analyzer::new(Options::default());
    for (number, bytes) in (1_u32..).zip(frames) {
        let time = Timestamp::from_nanos(i64::from(number) * 1_000_000_000);
        analyzer.feed(&Frame {
            packet: PacketRef { time, frame: FrameNumber(u64::from(number)) },
            link: LinkType::ETHERNET,
            bytes,
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            source: 0,
            quick: None,
        });
    }
    analyzer.report(Vec::new())
}

/// A TCP segment in an Ethernet frame. The analyzer does not verify checksums, so there are none.
fn segment(from: Host, to: Host, flags: u8, (seq, ack): (u32, u32), text: &str) -> Vec<u8> {
    let total = u16::try_from(40 + text.len()).unwrap_or(u16::MAX);
    let mut frame = vec![2, 0, 0, 0, 0, to.0, 2, 0, 0, 0, 0, from.0, 0x08, 0x00];
    frame.extend([0x45, 0]);
    frame.extend(total.to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, from.0, 192, 0, 2, to.0]);
    frame.extend(from.1.to_be_bytes());
    frame.extend(to.1.to_be_bytes());
    frame.extend(seq.to_be_bytes());
    frame.extend(ack.to_be_bytes());
    frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(text.as_bytes());
    frame
}
