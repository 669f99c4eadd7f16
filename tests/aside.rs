//! Sessions that are put aside whenever nothing is going on in them are the same in the end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use ftpscope::analyzer::{Analyzer, Options};
use ftpscope::base::Limits;
use ftpscope::capture;
use ftpscope::export::{self, Json, Settings};
use ftpscope::store::{Scratch, SwapFile};

/// All captures in a folder and below.
fn captures(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            captures(&path, found);
        } else if path.to_string_lossy().contains(".pcap") {
            found.push(path);
        }
    }
}

/// How many frames a capture has, and how many bytes.
fn size(path: &Path) -> Option<(u64, usize)> {
    let mut frames = capture::open(&[path.to_owned()], &Limits::default()).ok()?.without_threads();
    let (mut count, mut bytes) = (0, 0);
    while let Some(frame) = frames.next() {
        count += 1;
        bytes += frame.bytes.len();
    }
    Some((count, bytes))
}

/// The report, with all sessions put aside after every so many frames.
fn report(path: &Path, options: &Options, every: Option<u64>) -> Option<(String, usize)> {
    let mut frames = capture::open(&[path.to_owned()], &options.limits).ok()?.without_threads();
    let mut analyzer = Analyzer::new(options.clone());
    analyzer.put_aside_in(Box::new(SwapFile::new(Scratch::open(None))));
    let (mut sessions, mut aside) = (Vec::new(), 0);
    while let Some(frame) = frames.next() {
        analyzer.feed(&frame);
        if every.is_some_and(|every| analyzer.packets().is_multiple_of(every)) {
            analyzer.put_all_aside();
            aside = aside.max(analyzer.aside());
        }
        sessions.extend(analyzer.take_ended());
    }
    analyzer.finish();
    sessions.extend(analyzer.take_ended());
    sessions.sort_by_key(|session| session.frames.first);
    let report = ftpscope::report::Report { sessions, ..analyzer.report(frames.sources()) };
    let mut out = Vec::new();
    export::write(&report, &Json, &Settings::default(), &mut out).unwrap();
    Some((String::from_utf8(out).unwrap(), aside))
}

#[test]
fn sessions_that_are_put_aside_again_and_again_are_the_same_in_the_end() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    captures(&root.join("samples"), &mut paths);
    let corpus = root.join("../shared/corpus/torture");
    if corpus.is_dir() {
        captures(&corpus, &mut paths);
    }
    let (mut compared, mut aside, mut options) = (0, 0, Options::default());
    assert!(options.limits.set("sessions-aside", 65_536));
    for path in paths {
        // Of long ones some moments will do.
        let every = match size(&path) {
            Some((_, 0..50_000)) => 1,
            Some((count, 0..2_000_000)) => (count / 10).max(1),
            Some(_) | None => continue,
        };
        let (as_it_is, _) = report(&path, &options, None).unwrap();
        let (from_aside, most) = report(&path, &options, Some(every)).unwrap();
        assert_eq!(from_aside, as_it_is, "{}", path.display());
        compared += 1;
        aside += usize::from(most > 0);
    }
    assert!(aside > 5 && aside > compared / 2, "{aside} of {compared}");
}
