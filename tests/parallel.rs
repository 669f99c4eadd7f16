//! Two threads give what one gives: over every sample alone, and over all of them as one capture.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use ftpscope::analyzer::Options;
use ftpscope::capture;
use ftpscope::decode::Decoder;
use ftpscope::export::{self, Json, JsonDocument, Settings};
use ftpscope::reading::{Closing, Collector, Filed, Next, Pump, SessionObserver};
use ftpscope::report::{File, Report, Session};
use ftpscope::store::{Queue, Scratch};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".pcap"))
        .collect();
    files.sort();
    assert!(files.len() > 5, "the samples are gone");
    files
}

/// What one thread writes.
fn alone(files: &[PathBuf], options: &Options) -> String {
    let mut frames = capture::open(files, &options.limits).unwrap().without_threads();
    json(&Pump::without_threads(options.clone()).report(&mut frames))
}

fn json(report: &Report) -> String {
    let mut out = Vec::new();
    export::write(report, &Json, &Settings::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Writes sessions into a document as they come.
struct Writing {
    document: JsonDocument,
    out: Vec<u8>,
}

impl SessionObserver for Writing {
    type Error = ftpscope::store::Error;

    fn session(&mut self, session: Box<Session>) -> Result<(), Self::Error> {
        self.document.session(&session, &mut self.out).unwrap();
        Ok(())
    }
}

/// What two threads write.
fn together(files: &[PathBuf], options: &Options, at_a_time: usize) -> String {
    let mut frames = capture::open(files, &options.limits).unwrap();
    let mut writing = Writing { document: JsonDocument::begin(), out: Vec::new() };
    let options = Options { streaming: true, ..options.clone() };
    let room = options.limits.handover_bytes / 2;
    let queue = Queue::new(Scratch::open(None), room);
    let mut filed = Filed::new(&mut writing, Scratch::open(None), Some(queue), None);
    let Closing { capture, findings, .. } =
        Pump::new(options).run_concurrently(&mut frames, at_a_time, &mut filed, |_| Next::GoOn).unwrap();
    let files = filed.into_files().unwrap();
    let Writing { mut document, mut out } = writing;
    let write = |file: &File| {
        document.file(file, &mut out).unwrap();
        Ok::<(), ftpscope::store::Error>(())
    };
    files.each(write).unwrap();
    document.end(&capture, &findings, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The report of two threads that is written once all is read.
fn collected(files: &[PathBuf], options: &Options) -> String {
    let mut frames = capture::open(files, &options.limits).unwrap();
    let mut collector = Collector::default();
    let Ok(closing) =
        Pump::new(options.clone()).run_concurrently(&mut frames, 2, &mut collector, |_| Next::GoOn);
    json(&collector.report(closing))
}

#[test]
fn two_threads_write_what_one_writes() {
    let options = Options::default();
    let samples = samples();
    for files in samples.chunks(1).chain([&samples[..]]) {
        let one = alone(files, &options);
        for at_a_time in [1, 3, 1000] {
            assert_eq!(together(files, &options, at_a_time), one, "{files:?}, {at_a_time} at a time");
        }
        assert_eq!(collected(files, &options), one, "{files:?}");
        assert_eq!(json(&ftpscope::analyze(files, &options).unwrap()), one, "{files:?}");
    }
}

/// The packets of all plain pcap files of Ethernet among the samples, over and over: a file that is worth a
/// thread.
fn large_file() -> tempfile::NamedTempFile {
    const HEADER: usize = 24;
    let contents = samples().into_iter().map(|path| std::fs::read(path).unwrap());
    let plain: Vec<Vec<u8>> = contents
        .filter(|bytes| bytes.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) && bytes[20..HEADER] == [1, 0, 0, 0])
        .collect();
    let mut content = plain[0][..HEADER].to_vec();
    while content.len() < 3 * 1024 * 1024 {
        for bytes in &plain {
            content.extend(&bytes[HEADER..]);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

#[test]
fn what_the_reading_thread_decodes_ahead_is_what_the_decoder_finds() {
    let file = large_file();
    let options = Options::default();
    let open = || capture::open(&[file.path().to_owned()], &options.limits).unwrap();
    let (mut ahead, mut here) = (open(), open().without_threads());
    ahead.decode_ahead();
    here.decode_ahead();
    let mut decoders = [Decoder::new(&options.limits), Decoder::new(&options.limits)];
    let (mut frames, mut decoded_ahead) = (0, 0);
    while let Some(frame) = here.next() {
        let same = ahead.next().unwrap();
        frames += 1;
        decoded_ahead += usize::from(same.quick.is_some());
        assert!(frame.quick.is_none());
        let [one, other] = [(&frame, 0), (&same, 1)].map(|(frame, which): (_, usize)| {
            let decoded = decoders[which].decode(frame);
            format!("{decoded:?}")
        });
        assert_eq!(one, other);
    }
    assert!(ahead.next().is_none());
    let has_second_core = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    assert_eq!(decoded_ahead > frames / 2, has_second_core, "{decoded_ahead} of {frames}");
    let files = [file.path().to_owned()];
    assert_eq!(together(&files, &options, 1), alone(&files, &options));
}

/// The names of sessions as they come.
struct Names(Vec<String>);

impl SessionObserver for Names {
    type Error = Infallible;

    fn session(&mut self, session: Box<Session>) -> Result<(), Infallible> {
        self.0.push(session.uid.to_string());
        Ok(())
    }
}

#[test]
fn lines_hold_the_sessions_of_the_document() {
    let options = Options::default();
    let samples = samples();
    let mut frames = capture::open(&samples, &options.limits).unwrap();
    let mut names = Names(Vec::new());
    let Ok(_closing) = Pump::new(Options { streaming: true, ..options.clone() }).run_concurrently(
        &mut frames,
        1,
        &mut names,
        |_| Next::GoOn,
    );
    let Names(names) = names;
    let document = alone(&samples, &options);
    assert!(names.len() >= samples.len());
    for name in names {
        assert!(document.contains(&format!("\"uid\":\"{name}\"")), "{name}");
    }
}

#[test]
fn what_waits_for_its_turn_outside_of_memory_comes_in_order_all_the_same() {
    let usual = Options::default();
    let mut little = usual.clone();
    little.limits.handover_bytes = 1;
    let samples = samples();
    assert_eq!(together(&samples, &little, 1), alone(&samples, &usual));
}
