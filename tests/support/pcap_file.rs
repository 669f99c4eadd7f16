//! Capture files: pcap, little-endian, in nanoseconds, of Ethernet frames.
//!
//! Not named `pcap`: a path that begins so has the crate of that name linked, and libpcap with it, which a
//! machine may not have.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::support::{Packet, packets};

/// Begins a file.
pub(crate) fn begin(out: &mut dyn Write) -> io::Result<()> {
    for word in [0xa1b2_3c4d_u32, 4 << 16 | 2, 0, 0, 262_144, 1] {
        out.write_all(&word.to_le_bytes())?;
    }
    Ok(())
}

/// Adds a frame, captured so many nanoseconds after 1970.
pub(crate) fn frame(out: &mut dyn Write, time: i64, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).unwrap();
    let seconds = u32::try_from(time / 1_000_000_000).unwrap();
    let nanos = u32::try_from(time % 1_000_000_000).unwrap();
    let mut record = [0_u8; 16];
    for (place, word) in record.chunks_exact_mut(4).zip([seconds, nanos, length, length]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    out.write_all(&record)?;
    out.write_all(bytes)
}

/// The file of a conversation that a script tells.
pub(crate) fn of(script: &str) -> Vec<u8> {
    let mut file = Vec::new();
    begin(&mut file).unwrap();
    for Packet { time, bytes } in packets(script) {
        frame(&mut file, time, &bytes).unwrap();
    }
    file
}

/// The script of so many sessions, a second between them, in each of which the same is said.
pub(crate) fn sessions(count: u16, said: &str) -> String {
    (10_000..10_000 + count).fold(String::new(), |mut script, port| {
        write!(script, "session A C:{port} -> S:21\n{said}\nend S\nwait 1\n").unwrap();
        script
    })
}
