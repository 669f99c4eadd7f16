//! Counts the packets of captures, and how long that takes: `cargo run --release --example capture_speed -- FILE...`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use ftpscope::base::Limits;
use ftpscope::capture;

fn main() -> ExitCode {
    let (options, paths): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument == "--without-threads");
    let paths: Vec<PathBuf> = paths.into_iter().map(PathBuf::from).collect();
    let begin = Instant::now();
    let mut frames = match capture::open(&paths, &Limits::default()) {
        Ok(frames) => frames,
        Err(error) => {
            eprintln!("capture_speed: {error}");
            return ExitCode::FAILURE;
        }
    };
    if !options.is_empty() {
        frames = frames.without_threads();
    }
    let (mut packets, mut bytes) = (0_u64, 0_u64);
    while let Some(frame) = frames.next() {
        packets = packets.saturating_add(1);
        bytes = bytes.saturating_add(frame.bytes.len() as u64);
        std::hint::black_box(frame.bytes.first());
    }
    let seconds = begin.elapsed().as_secs_f64();
    for source in frames.sources() {
        println!("{source:?}");
    }
    println!(
        "{packets} packets, {bytes} bytes in {seconds:.3} s: {:.1} ns each, {:.2} GB/s",
        seconds * 1e9 / packets as f64,
        bytes as f64 / seconds / 1e9
    );
    ExitCode::SUCCESS
}
