//! Each sample shows what its name says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ftpscope::analyzer::{Analyzer, CurrentTransfer, Options};
use ftpscope::base::{FrameNumber, Limits};
use ftpscope::capture;
use ftpscope::export::{self, Json, Settings, What};
use ftpscope::report::{
    ChannelIndex, DataChannel, Differs, MatchedBy, Mode, Outcome, Report, Security, Severity, Transfer, Uid,
};
use ftpscope::tls::KeyLog;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn analyze_with(name: &str, options: &Options) -> Report {
    ftpscope::analyze([sample(name)], options).unwrap()
}

fn analyze(name: &str) -> Report {
    analyze_with(name, &Options::default())
}

fn codes(report: &Report) -> BTreeSet<&'static str> {
    let of_sessions = report.sessions.iter().flat_map(|session| &session.findings);
    of_sessions.chain(&report.findings).map(|finding| finding.code.name()).collect()
}

fn modes(report: &Report) -> BTreeSet<Mode> {
    let channels = report.sessions.iter().flat_map(|session| &session.data_channels);
    channels
        .filter(|channel| channel.outcome() == Some(Outcome::Connected))
        .filter_map(DataChannel::mode)
        .collect()
}

fn all() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(sample("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".pcap"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_four_modes_are_there() {
    let report = analyze("four-modes.pcapng.zst");
    assert_eq!(modes(&report), BTreeSet::from([Mode::Port, Mode::Pasv, Mode::Eprt, Mode::Epsv]));
    assert_eq!(modes(&analyze("epsv-over-ipv6.pcap")), BTreeSet::from([Mode::Epsv]));
    assert!(analyze("epsv-over-ipv6.pcap").sessions.iter().all(|session| session.server.ip.is_ipv6()));
    assert_eq!(modes(&analyze("pasv-and-port.pcap")), BTreeSet::from([Mode::Pasv, Mode::Port]));
    assert!(modes(&analyze("eprt.pcap")).contains(&Mode::Eprt));
}

#[test]
fn a_clean_session_raises_nothing_above_notice() {
    for name in ["pasv-and-port.pcap", "epsv-over-ipv6.pcap"] {
        let report = analyze(name);
        let worst =
            report.sessions.iter().flat_map(|session| &session.findings).map(|one| one.severity).max();
        assert!(worst <= Some(Severity::Notice), "{name}: {:?}", codes(&report));
    }
}

#[test]
fn each_trouble_is_found_where_it_is_shown() {
    for (name, code) in [
        ("blocked-data-connection.pcap", "data-unanswered"),
        ("blocked-data-connection.pcap", "mode-fallback"),
        ("nat-private-address.pcap", "address-mismatch"),
        ("time-wait-425.pcap", "time-wait-reuse"),
        ("time-wait-425.pcap", "data-never-attempted"),
        ("fxp.pcap", "fxp-transfer"),
        ("port-stealing.pcap", "foreign-data-peer"),
        ("bounce-refused.pcap", "bounce-attempt"),
        ("brute-force.pcap", "brute-force"),
    ] {
        let found = codes(&analyze(name));
        assert!(found.contains(code), "{name}: {code} is not among {found:?}");
    }
}

#[test]
fn both_sessions_of_a_transfer_between_servers_name_each_other() {
    let report = analyze("fxp.pcap");
    let linked: Vec<_> = report
        .sessions
        .iter()
        .flat_map(|session| &session.data_channels)
        .filter(|channel| channel.peer_session.is_some())
        .collect();
    assert!(linked.iter().any(|channel| channel.matched_by() == Some(MatchedBy::ThirdParty)));
    assert!(linked.iter().any(|channel| channel.matched_by() == Some(MatchedBy::Endpoint)));
}

#[test]
fn a_key_log_opens_what_tls_hides() {
    let hidden = analyze("tls-explicit.pcap");
    assert_eq!(hidden.sessions[0].security, Security::ExplicitTls);
    assert_eq!(hidden.sessions[0].user, None);
    assert!(hidden.sessions[0].data_channels.iter().all(|one| one.matched_by() == Some(MatchedBy::Inferred)));
    let keys = std::fs::read(sample("tls-explicit.keys")).unwrap();
    let options = Options { key_log: std::sync::Arc::new(KeyLog::parse(&keys)), ..Options::default() };
    let read = analyze_with("tls-explicit.pcap", &options);
    assert_eq!(read.sessions[0].user.as_ref().map(ftpscope::base::Text::raw), Some("alice"));
    assert!(read.sessions[0].transfers.iter().all(|transfer| transfer.sha256.is_some()));
}

#[test]
fn keys_that_a_capture_carries_need_no_key_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with-keys.pcapng");
    let mut writer = capture::PcapngWriter::new(std::fs::File::create(&path).unwrap()).unwrap();
    writer.tls_secrets(&std::fs::read(sample("tls-explicit.keys")).unwrap()).unwrap();
    let mut frames = capture::open(&[sample("tls-explicit.pcap")], &Limits::default()).unwrap();
    while let Some(frame) = frames.next() {
        writer.packet(&frame, None).unwrap();
    }
    writer.finish().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ftpscope"))
        .args(["export", "-T", "json"])
        .arg(&path)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["sessions"][0]["user"], "alice");
    assert!(report["sessions"][0]["transfers"][0]["sha256"].is_string());
}

#[test]
fn every_report_is_valid_under_its_schema() {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let schema = serde_json::from_str(export::JSON_SCHEMA).unwrap();
    compiler.add_resource("report.json", schema).unwrap();
    let schema = compiler.compile("report.json", &mut schemas).unwrap();
    for name in all() {
        let mut bytes = Vec::new();
        export::write(&analyze(&name), &Json, &Settings::default(), &mut bytes).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        if let Err(error) = schemas.validate(&report, schema) {
            panic!("{name}: {error:#}");
        }
    }
}

#[test]
fn every_report_reads_back_and_is_written_again_as_the_same_bytes() {
    let written = |report: &Report| {
        let mut bytes = Vec::new();
        export::write(report, &Json, &Settings::default(), &mut bytes).unwrap();
        bytes
    };
    for name in all() {
        let bytes = written(&analyze(&name));
        let back: Report = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(String::from_utf8(written(&back)), String::from_utf8(bytes), "{name}");
    }
}

#[test]
fn every_sample_is_described() {
    let text = std::fs::read_to_string(sample("README.md")).unwrap();
    for name in all() {
        assert!(text.contains(&format!("`{name}`")), "samples/README.md says nothing of {name}");
    }
    assert!((8..=14).contains(&all().len()));
}

/// What the program writes of a sample in a format.
fn exported(name: &str, format: &[&str]) -> String {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_ftpscope"));
    let out = program.arg("export").args(format).arg(sample(name)).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_stolen_port_is_a_strangers_connection_and_no_translation() {
    let report = analyze("port-stealing.pcap");
    let channel = &report.sessions[0].data_channels[0];
    assert_eq!(channel.matched_by(), Some(MatchedBy::Translated));
    assert_eq!(channel.differs(), Some(Differs::Connector));
    for finding in &report.sessions[0].findings {
        let words = format!("{} {}", finding.summary, finding.advice.as_deref().unwrap_or_default());
        assert!(!words.contains("translat") && !words.contains("NAT"), "{words}");
    }
    let text = exported("port-stealing.pcap", &["-T", "text"]);
    assert!(text.contains("from another host: 198.51.100.11:59184"), "{text}");
    assert!(!text.contains("translat"), "{text}");
    // The contract's word for the match is the only one that speaks of it.
    let json = exported("port-stealing.pcap", &["-T", "json"]);
    assert!(json.contains("\"matched_by\":\"translated\",\"differs\":\"connector\""), "{json}");
    assert_eq!(json.matches("translat").count(), 1, "{json}");
    for what in What::NAMES {
        let table = exported("port-stealing.pcap", &["-T", "csv", "--what", what]);
        let matches = usize::from(*what == "channels");
        assert_eq!(table.matches("translat").count(), matches, "{table}");
    }
    let channels = exported("port-stealing.pcap", &["-T", "csv", "--what", "channels"]);
    assert!(channels.contains(",connected,connected,translated,connector,"), "{channels}");
}

/// What a transfer is, as far as its beginning says: command, path, type, structure, mode, offset and
/// channel.
fn beginning(it: &Transfer) -> CurrentTransfer {
    CurrentTransfer {
        command: it.command,
        path: it.path.clone(),
        direction: it.direction,
        content: it.content,
        representation: it.representation.clone(),
        structure: it.structure,
        mode: it.mode,
        offset: it.offset,
        data_channel: it.data_channel.unwrap_or(ChannelIndex(u32::MAX)),
    }
}

/// The first transfer of each data channel, by the frame with the first byte that it moved; but for such as
/// moved some before their command was seen.
fn first_bytes(report: &Report) -> BTreeMap<FrameNumber, Vec<(&Uid, &Transfer)>> {
    let mut by_frame = BTreeMap::<FrameNumber, Vec<(&Uid, &Transfer)>>::new();
    for session in &report.sessions {
        let mut taken = BTreeSet::new();
        let firsts = session.transfers.iter().filter(|it| it.data_channel.is_some_and(|at| taken.insert(at)));
        for transfer in firsts.collect::<Vec<_>>() {
            let channel = session.data_channel(transfer.data_channel.unwrap()).unwrap();
            let Some(connection) = channel.connected() else { continue };
            let streams = [&connection.from_originator, &connection.from_responder];
            let first =
                streams.into_iter().filter_map(|stream| stream.first_payload).map(|(_, frame)| frame).min();
            let given = session.command(transfer.command).unwrap().frame;
            if let Some(frame) = first.filter(|&frame| frame > given) {
                by_frame.entry(frame).or_default().push((&session.uid, transfer));
            }
        }
    }
    by_frame
}

#[test]
fn a_transfer_is_known_from_its_first_byte_on_as_the_report_has_it() {
    let mut known = 0;
    for name in all() {
        let report = analyze(&name);
        let due = first_bytes(&report);
        let options = Options::default();
        let mut analyzer = Analyzer::new(options.clone());
        let mut frames = capture::open(&[sample(&name)], &options.limits).unwrap();
        while let Some(run) = frames.run() {
            analyzer.add_keys_of(run.tls_secrets());
            for frame in run {
                analyzer.feed(&frame);
                for &(uid, transfer) in due.get(&frame.packet.frame).into_iter().flatten() {
                    let now = analyzer.current_transfer(uid, transfer.data_channel.unwrap());
                    assert_eq!(now, Some(beginning(transfer)), "{name}, frame {}", frame.packet.frame);
                    known += 1;
                }
            }
        }
    }
    assert!(known > 20, "only {known} transfers were looked at");
}
