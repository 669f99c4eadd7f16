//! What is captured is what the clients saw, and what a file of the same packets says.

use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::lab::{CABLE, Lab, SERVER, Seen};
use crate::server::{Errand, Shelf, curl, lftp, pyftpdlib, vsftpd, ways};

/// Sizes of files: nothing, less than a packet, many packets.
const SIZES: [usize; 3] = [0, 1000, 2_000_000];

#[test]
fn curl_against_pyftpdlib_in_every_mode_over_both_families() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &SIZES);
    pyftpdlib(&mut lab, &shelf);
    let file = lab.path("all.pcapng");
    let mut sniffer = lab.sniff(&["-T", "jsonl", "-w", file.to_str().unwrap()]);
    let mut expected = Vec::new();
    for (address, mode) in ways() {
        for errand in
            [Errand::Get(0), Errand::Get(1000), Errand::Get(2_000_000), Errand::Put(300_000), Errand::List]
        {
            expected.push(curl(&lab, address, mode, errand));
        }
    }
    expected.sort();
    sniffer.stop();
    let live = Seen::lines(&sniffer.wrote());
    assert_eq!(live.transfers(), expected);
    assert_eq!(live.closing["capture"]["dropped"], 0);
    assert_eq!(live.closing["capture"]["sources"][0]["path"], CABLE);
    // By chance the server may choose a port twice within a minute, and curl may read late on a busy machine.
    let mut findings: Vec<_> = live.findings().into_keys().collect();
    findings.retain(|code| code != "time-wait-reuse" && code != "slow-transfer");
    // The server lacks the right to use port 20.
    assert_eq!(findings, ["cleartext-credentials", "not-from-port-20"]);
    live.assert_same(&Seen::files(&[&file]));
}

#[test]
fn lftp_against_vsftpd_in_every_mode_over_both_families() {
    let Some(mut lab) = Lab::with(&["vsftpd", "lftp", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &SIZES);
    vsftpd(&mut lab, &shelf);
    let file = lab.path("all.pcap");
    let mut sniffer = lab.sniff(&["-T", "jsonl", "-w", file.to_str().unwrap()]);
    let mut expected = Vec::new();
    // lftp speaks EPRT over IPv6 only.
    for (address, mode) in ways().into_iter().filter(|&way| way != (SERVER[0], "EPRT")) {
        expected.extend(lftp(&lab, address, mode, &SIZES[1..]));
    }
    expected.sort();
    sniffer.stop();
    let live = Seen::lines(&sniffer.wrote());
    assert_eq!(live.transfers(), expected);
    assert_eq!(live.closing["capture"]["dropped"], 0);
    live.assert_same(&Seen::files(&[&file]));
}

#[test]
fn tcpdump_through_a_pipe_and_the_any_interface_tell_the_same_transfers() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss", "tcpdump"]) else { return };
    let shelf = Shelf::fill(&lab, &SIZES);
    pyftpdlib(&mut lab, &shelf);
    let mut tcpdump = lab
        .in_server("tcpdump")
        .args(["-i", CABLE, "-B", "16384", "--immediate-mode", "-U", "-w", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = lab.in_server(env!("CARGO_BIN_EXE_ftpscope"));
    reader.stdin(tcpdump.stdout.take().unwrap());
    let mut piped = lab.start(reader, &["live", "-r", "-", "-T", "jsonl"]);
    let mut greeting = [0_u8; 1];
    tcpdump.stderr.as_mut().unwrap().read_exact(&mut greeting).unwrap();
    let mut any =
        lab.start(lab.in_server(env!("CARGO_BIN_EXE_ftpscope")), &["live", "-i", "any", "-T", "jsonl"]);
    lab.wait_for("ftpscope to listen", || any.said().contains("LINUX_SLL"));
    let mut expected: Vec<_> =
        ways().into_iter().map(|(address, mode)| curl(&lab, address, mode, Errand::Get(1000))).collect();
    expected.sort();
    // tcpdump ends where it is, and on a busy machine it may be behind. The pipe ends: no signal for
    // ftpscope.
    std::thread::sleep(Duration::from_secs(1));
    let id = nix::unistd::Pid::from_raw(i32::try_from(tcpdump.id()).unwrap());
    nix::sys::signal::kill(id, Signal::SIGINT).unwrap();
    tcpdump.wait().unwrap();
    assert!(piped.end().success(), "{}", piped.said());
    any.stop();
    assert_eq!(Seen::lines(&piped.wrote()).transfers(), expected);
    assert_eq!(Seen::lines(&any.wrote()).transfers(), expected);
}

#[test]
fn files_in_rotation_read_back_as_one_capture() {
    let Some(mut lab) = Lab::with(&["python3:pyftpdlib", "curl", "ss"]) else { return };
    let shelf = Shelf::fill(&lab, &SIZES);
    pyftpdlib(&mut lab, &shelf);
    let mut sniffer =
        lab.sniff(&["-T", "jsonl", "-w", lab.path("part.pcapng").to_str().unwrap(), "-b", "filesize:500"]);
    for (address, mode) in ways() {
        curl(&lab, address, mode, Errand::Get(2_000_000));
    }
    sniffer.stop();
    let mut parts: Vec<_> = std::fs::read_dir(lab.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("part_"))
        .collect();
    parts.sort();
    assert!(parts.len() > 6, "{parts:?}");
    let parts: Vec<_> = parts.iter().map(std::path::PathBuf::as_path).collect();
    Seen::lines(&sniffer.wrote()).assert_same(&Seen::files(&parts));
}
