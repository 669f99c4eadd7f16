//! Contents as a sink takes them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};

use ftpscope::analyzer::{Analyzer, ContentSink, InlineHashing, Options, Tapped};
use ftpscope::base::PacketRef;
use ftpscope::report::{ContentId, Report};

use super::support::{feed, packets};

/// What a sink was given of one content.
#[derive(Clone, Debug, Default, PartialEq)]
struct Taken {
    /// The bytes; `?` for one that is missing.
    bytes: Vec<u8>,
    has_ended: bool,
    is_forgotten: bool,
}

/// Keeps all it is given.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeMap<u64, Taken>>>);

impl Recorder {
    fn change(&self, id: ContentId, change: impl FnOnce(&mut Taken)) {
        change(self.0.lock().unwrap().get_mut(&id.0.get()).unwrap());
    }
}

impl ContentSink for Recorder {
    fn begin(&mut self, _at: PacketRef) -> Option<ContentId> {
        let mut all = self.0.lock().unwrap();
        let number = all.len() as u64 + 1;
        all.insert(number, Taken::default());
        NonZeroU64::new(number).map(ContentId)
    }

    fn bytes(&mut self, id: ContentId, offset: u64, bytes: &[u8]) {
        self.change(id, |taken| {
            assert_eq!(taken.bytes.len() as u64, offset);
            assert!(!taken.has_ended && !taken.is_forgotten);
            taken.bytes.extend_from_slice(bytes);
        });
    }

    fn gap(&mut self, id: ContentId, offset: u64, len: u64) {
        self.change(id, |taken| {
            assert_eq!(taken.bytes.len() as u64, offset);
            taken.bytes.extend((0..len).map(|_| b'?'));
        });
    }

    fn end(&mut self, id: ContentId) {
        self.change(id, |taken| {
            assert!(!taken.has_ended && !taken.is_forgotten);
            taken.has_ended = true;
        });
    }

    fn forget(&mut self, id: ContentId) {
        self.change(id, |taken| taken.is_forgotten = true);
    }
}

/// A report of a script, and what a sink was given.
fn recorded(script: &str) -> (Report, Vec<Taken>) {
    let recorder = Recorder::default();
    let hashing = Tapped::new(Box::new(InlineHashing::default()), Box::new(recorder.clone()));
    let mut analyzer = Analyzer::with_hashing(Options::default(), Box::new(hashing));
    for (packet, frame) in packets(script).iter().zip(1..) {
        feed(&mut analyzer, packet, frame);
    }
    let report = analyzer.report(Vec::new());
    let all = recorder.0.lock().unwrap().values().cloned().collect();
    (report, all)
}

/// What each transfer of a script moved, as its session names it.
fn moved(script: &str) -> Vec<Option<String>> {
    let (report, all) = recorded(script);
    let transfers =
        report.sessions.iter().flat_map(|session| session.transfers.iter().map(move |one| (session, one)));
    transfers
        .map(|(session, transfer)| {
            let id = session.moved_by(transfer)?.kept?;
            let taken = &all[usize::try_from(id.0.get()).unwrap() - 1];
            assert!(taken.has_ended && !taken.is_forgotten);
            Some(String::from_utf8(taken.bytes.clone()).unwrap())
        })
        .collect()
}

const NEGOTIATED: &str = r"
    C: PASV
    S: 227 (198,51,100,2,195,80)
";

#[test]
fn each_transfer_names_its_content() {
    let script = r"
        C: PASV
        S: 227 (198,51,100,2,195,80)
        C: RETR a
        S: 150 now
        open C:41000 -> S:50000
        put S one
        put S  two
        close S
        S: 226 done
        C: PORT 198,51,100,1,160,1
        S: 200 ok
        C: STOR b
        S: 150 now
        open S:20 -> C:40961
        put C three
        close C
        S: 226 done
        C: PASV
        S: 227 (198,51,100,2,195,81)
        C: RETR empty
        S: 150 now
        open C:41001 -> S:50001
        close S
        S: 226 done
    ";
    assert_eq!(moved(script), [Some("one two".to_owned()), Some("three".to_owned()), None]);
}

#[test]
fn what_a_transmission_mode_hides_is_taken_without_it() {
    let script = format!(
        r"
        C: MODE B
        S: 200 ok
        {NEGOTIATED}
        C: RETR a
        S: 150 now
        open C:41000 -> S:50000
        put S \x00\x00\x03abc
        put S \x40\x00\x02de
        close S
        S: 226 done
        "
    );
    assert_eq!(moved(&script), [Some("abcde".to_owned())]);
}

#[test]
fn what_is_missing_is_told_with_its_place() {
    let script = format!(
        r"
        {NEGOTIATED}
        C: RETR a
        S: 150 now
        open C:41000 -> S:50000
        lost put S abc
        put S def
        lost put S gh
        put S i
        close S
        S: 226 done
        "
    );
    assert_eq!(moved(&script), [Some("???def??i".to_owned())]);
}

#[test]
fn what_belongs_to_no_transfer_is_forgotten() {
    let (report, all) = recorded(
        r"
        C: NOOP
        S: 200 ok
        open C:41000 -> S:50000
        put S stray
        close S
        wait 500
        open C:41001 -> S:50001
        put C another
        C: QUIT
        S: 221 bye
        end S
        ",
    );
    assert_eq!(report.sessions.len(), 1);
    assert_eq!(all.len(), 2, "both may have been announced out of sight");
    assert!(all.iter().all(|taken| taken.is_forgotten), "{all:?}");
}

#[test]
fn records_of_tls_are_no_content() {
    let script = format!(
        r"
        {NEGOTIATED}
        C: RETR a
        S: 150 now
        open C:41000 -> S:50000
        hello C
        hello S
        sealed S 100
        close S
        S: 226 done
        "
    );
    let (report, all) = recorded(&script);
    assert!(report.sessions[0].transfers[0].encrypted);
    assert!(all.iter().all(|taken| taken.is_forgotten), "{all:?}");
    assert_eq!(moved(&script), [None]);
}
