//! How many packets and bytes each stage takes in a second: `cargo bench --bench stages`.
//!
//! Every stage includes those before it: what one costs is the difference to the line above it. By default
//! the bundled samples are read, over and over; `FTPSCOPE_CAPTURE=big.pcap` measures that file instead.
//!
//! Stages 1 to 3 read in loops of their own, because a `Pump` always runs all of the stages.

#![expect(clippy::expect_used, reason = "a benchmark that can't read its capture has nothing to say")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use divan::counter::{BytesCount, ItemsCount};
use divan::{AllocProfiler, Bencher};
use ftpscope::analyzer::Options;
use ftpscope::base::Limits;
use ftpscope::capture::{Frames, open};
use ftpscope::decode::{Decoded, Decoder};
use ftpscope::export::{self, Json, Settings};
use ftpscope::reading::Pump;
use ftpscope::tcp::{Chunk, Connection, ConnectionId, Ending, Gap, Interest, Side, Sink, Table};

#[global_allocator]
static ALLOCATOR: AllocProfiler<mimalloc::MiMalloc> = AllocProfiler::new(mimalloc::MiMalloc);

fn main() {
    divan::main();
}

/// The captures to read, each on its own.
fn captures() -> Vec<PathBuf> {
    if let Some(capture) = std::env::var_os("FTPSCOPE_CAPTURE") {
        return vec![capture.into()];
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let entries = std::fs::read_dir(samples).expect("the samples are there");
    let mut captures: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().contains(".pcap"))
        .collect();
    captures.sort();
    captures
}

fn frames(capture: &Path) -> Frames {
    open(&[capture.to_owned()], &Limits::default()).expect("it is a capture")
}

/// Measures a stage over all captures.
fn stage(bencher: Bencher<'_, '_>, read: impl Fn(&mut Frames)) {
    let captures = captures();
    let (mut packets, mut bytes) = (0_usize, 0_usize);
    for capture in &captures {
        let mut frames = frames(capture);
        while let Some(frame) = frames.next() {
            packets += 1;
            bytes += frame.bytes.len();
        }
    }
    bencher.counter(ItemsCount::new(packets)).counter(BytesCount::new(bytes)).bench_local(|| {
        for capture in &captures {
            read(&mut frames(capture));
        }
    });
}

/// Follows every connection and ignores its bytes.
struct Idle;

impl Sink for Idle {
    fn opened(&mut self, _: ConnectionId, _: &Connection) -> Interest {
        Interest::Follow
    }

    fn probed(&mut self, _: ConnectionId, _: &Connection, _: Side, _: &[u8]) -> Interest {
        Interest::Follow
    }

    fn data(&mut self, _: ConnectionId, _: &Connection, chunk: Chunk<'_>) {
        black_box(chunk.bytes);
    }

    fn gap(&mut self, _: ConnectionId, _: &Connection, _: Gap) {}

    fn changed(&mut self, _: ConnectionId, _: &Connection) {}

    fn ended(&mut self, _: ConnectionId, connection: &Connection, _: Ending) {
        black_box(connection);
    }
}

fn options() -> Options {
    Options { hash: false, ..Options::default() }
}

/// File to frames.
#[divan::bench]
fn stage_1_capture(bencher: Bencher<'_, '_>) {
    stage(bencher, |frames| {
        while let Some(frame) = frames.next() {
            black_box(frame.bytes);
        }
    });
}

/// Frames to segments.
#[divan::bench]
fn stage_2_decode(bencher: Bencher<'_, '_>) {
    stage(bencher, |frames| {
        let mut decoder = Decoder::new(&Limits::default());
        while let Some(frame) = frames.next() {
            black_box(decoder.decode(&frame));
        }
    });
}

/// Segments to the bytes of all connections.
#[divan::bench]
fn stage_3_tcp(bencher: Bencher<'_, '_>) {
    stage(bencher, |frames| {
        let mut decoder = Decoder::new(&Limits::default());
        let mut table = Table::new(&Limits::default());
        while let Some(frame) = frames.next() {
            if let Decoded::Segment(segment) = decoder.decode(&frame) {
                table.push(&segment, &mut Idle);
            }
        }
        table.finish(&mut Idle);
    });
}

/// Bytes to sessions with their findings.
#[divan::bench]
fn stage_4_session_and_diagnose(bencher: Bencher<'_, '_>) {
    stage(bencher, |frames| {
        black_box(Pump::without_threads(options()).report(frames));
    });
}

/// The same with the SHA-256 digest of every transfer, computed in this thread.
#[divan::bench]
fn stage_4_with_digests(bencher: Bencher<'_, '_>) {
    stage(bencher, |frames| {
        black_box(Pump::without_threads(Options::default()).report(frames));
    });
}

/// Sessions to JSON: all stages, in one thread.
#[divan::bench]
fn stage_5_export(bencher: Bencher<'_, '_>) {
    stage(bencher, |frames| {
        let report = Pump::without_threads(options()).report(frames);
        export::write(&report, &Json, &Settings::default(), &mut std::io::sink()).expect("a sink takes all");
    });
}
