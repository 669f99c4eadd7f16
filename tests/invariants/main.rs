//! What must hold whatever anybody sends, as properties of the readers, the decoder, the connections, the
//! control language, listings, the whole analysis, and of honest dialogues among hostile traffic.
//!
//! The same checks run for longer, and with an eye on coverage, in `fuzz/`. What they once found is in
//! `tests/found/`, a folder for each of them, and runs here again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a check that fails panics, and says which input it was"
)]

mod control;
mod decoder;
mod dialogue;
mod listing;
mod readers;
mod reassembly;
mod recorded_tls;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "scripts told elsewhere need more of it")]
mod support;
mod tls;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

/// A check of bytes.
type Check = fn(&[u8]);

const CHECKS: [(&str, Check); 8] = [
    ("control", control::hold),
    ("decoder", decoder::hold),
    ("dialogue", dialogue::hold),
    ("listing", listing::hold),
    ("readers", readers::hold),
    ("reassembly", reassembly::hold),
    ("tls", tls::hold),
    ("whole", whole::hold),
];

/// Checks an input; one that fails is kept in a file, the last one being the smallest that proptest could
/// make of it.
fn checked(name: &str, input: &[u8]) {
    let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).unwrap();
    if let Err(panic) = std::panic::catch_unwind(|| check(input)) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-fails"));
        fs::write(&kept, input).unwrap();
        println!("the input is kept in {}", kept.display());
        std::panic::resume_unwind(panic);
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn what_was_found_once_holds_now() {
    for (name, check) in CHECKS {
        let Ok(files) = fs::read_dir(folder("tests/found").join(name)) else { continue };
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            check(&fs::read(path).unwrap());
        }
    }
}

/// The captures that lie beside the README, small ones only.
fn samples() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder("samples")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let captures = files.iter().filter(|path| path.to_string_lossy().contains(".pcap"));
    captures.map(|path| fs::read(path).unwrap()).filter(|bytes| bytes.len() < 40_000).collect()
}

/// So many cases, or as many as PROPTEST_CASES says. What fails is kept by hand, in a form that can be read.
fn cases(cases: u32) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: wanted.unwrap_or(cases), failure_persistence: None, ..ProptestConfig::default() }
}

/// One change to a file.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Number(usize, u32),
    End(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        2 => (at(), 1..300_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (at(), 1..300_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        2 => (at(), prop_oneof![any::<u32>(), Just(0), Just(u32::MAX), Just(1 << 31)])
            .prop_map(|(at, number)| Change::Number(at, number)),
        1 => at().prop_map(Change::End),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    match *change {
        Change::Set(at, byte) => bytes[at % length] = byte,
        Change::Flip(at, bit) => bytes[at % length] ^= 1 << bit,
        Change::Remove(at, count) => {
            let at = at % length;
            drop(bytes.drain(at..(at + count).min(length)));
        }
        Change::Repeat(at, count) => {
            let at = at % length;
            let part = bytes[at..(at + count).min(length)].to_vec();
            bytes.splice(at..at, part);
        }
        Change::Number(at, number) => {
            let at = at % length;
            for (place, byte) in bytes[at..].iter_mut().zip(number.to_le_bytes()) {
                *place = byte;
            }
        }
        Change::End(at) => bytes.truncate(at % length),
    }
}

/// A sample that was tampered with.
fn tampered() -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(samples()), prop::collection::vec(change(), 0..12)).prop_map(
        |(mut bytes, changes)| {
            for change in &changes {
                apply(&mut bytes, change);
            }
            bytes
        },
    )
}

/// A recorded TLS session that was tampered with.
fn tls_sessions() -> impl Strategy<Value = Vec<u8>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder("tests/tls/sessions")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    let inputs: Vec<Vec<u8>> =
        files.iter().map(|path| recorded_tls::input(&fs::read_to_string(path).unwrap())).collect();
    (prop::sample::select(inputs), prop::collection::vec(change(), 0..6)).prop_map(|(mut bytes, changes)| {
        for change in &changes {
            apply(&mut bytes, change);
        }
        bytes
    })
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// Bytes among which those that mean something on a control connection are frequent.
fn control_bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        3 => prop::sample::select(&[
            "220 ", "220-", "227 Entering Passive Mode (", "229 (|||", "PORT ", "EPRT |1|", "USER ", "PASV", "EPSV ALL",
            "RETR ", "250-", "211 ", "257 \"", "LPRT 4,4,", "MODE ", "SITE ",
        ][..]).prop_map(|word| word.as_bytes().to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => prop::sample::select(&["\n", "\r", "\0", " ", ",", "|", ")", "::1", "\u{202e}"][..])
            .prop_map(|word| word.as_bytes().to_vec()),
        1 => (0..300_u16).prop_map(|number| number.to_string().into_bytes()),
        1 => prop::collection::vec(prop_oneof![240..=255_u8, any::<u8>()], 0..6),
    ];
    (any::<[u8; 2]>(), prop::collection::vec(word, 0..40))
        .prop_map(|(head, words)| [head.to_vec(), words.concat()].concat())
}

/// Bytes among which the columns of listings are frequent.
fn listing_bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => prop::sample::select(&[
            "-rw-r--r-- ", "d [RWCEAFMS] ", "1 owner ", "4096 ", "Jan 12 ", "13:05 ", "2024-01-12 ", "01-12-24 ",
            "01:05PM ", "<DIR> ", "A.TXT;1 ", "1/3 1-JAN-2024 ", "o 1 1/2/24 13:05:00 *STMF ", "Volume Unit\n",
            "Name VV.MM\n", "JOBNAME JOBID\n", "N JOB01234 OUTPUT ", "type=file;modify=20240112130500; ", "name\n",
        ][..]).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::sample::select(&["\r\n", "\n", " ", ":", " -> ", "\0", "é"][..])
            .prop_map(|word| word.as_bytes().to_vec()),
        1 => bytes(6),
    ];
    (any::<u8>(), prop::collection::vec(word, 0..40))
        .prop_map(|(head, words)| [vec![head], words.concat()].concat())
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn tls_is_followed_however_it_is_cut_or_damaged(input in tls_sessions()) {
        checked("tls", &input);
    }

    #[test]
    fn the_control_language_holds(input in control_bytes()) {
        checked("control", &input);
    }

    #[test]
    fn listings_hold(input in listing_bytes()) {
        checked("listing", &input);
    }

    #[test]
    fn the_decoder_holds(input in bytes(400)) {
        checked("decoder", &input);
    }

    #[test]
    fn connections_hold(input in bytes(2000)) {
        checked("reassembly", &input);
    }

    #[test]
    fn honest_dialogues_hold(input in bytes(160)) {
        checked("dialogue", &input);
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn the_readers_hold(file in tampered()) {
        checked("readers", &file);
    }

    #[test]
    fn the_whole_analysis_holds(file in tampered()) {
        checked("whole", &file);
    }
}
