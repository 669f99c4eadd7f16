//! Captures of FTPS. They lie outside the repository; where they are absent the tests say so and pass, except
//! in CI.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use ftpscope::tls::{End, KeyLog, Sniff, Version, looks_like_tls};
use sha2::{Digest as _, Sha256};

use crate::{observe, text};

type Endpoint = (IpAddr, u16);

/// One TCP connection: the originator, the responder, and what they sent in capture order without
/// repetitions.
struct Connection {
    ends: [Endpoint; 2],
    next: [Option<u32>; 2],
    sent: Vec<(End, Vec<u8>)>,
}

fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/real");
    if corpus.is_dir() {
        return Some(corpus);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", corpus.display());
    println!("skipped: {} is missing", corpus.display());
    None
}

/// The packets of a little-endian pcap file.
fn packets(file: &[u8]) -> Vec<&[u8]> {
    assert!(matches!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1]), "a pcap file");
    let mut packets = Vec::new();
    let mut rest = &file[24..];
    while let Some((header, after)) = rest.split_at_checked(16) {
        let captured = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        let (packet, after) = after.split_at(captured);
        packets.push(packet);
        rest = after;
    }
    packets
}

/// The connections of a capture, in order of their first packet; segments that are not the next ones are left
/// out.
fn connections(path: &Path) -> Vec<Connection> {
    let file = std::fs::read(path).unwrap();
    let mut order = Vec::new();
    let mut connections = BTreeMap::new();
    for packet in packets(&file) {
        let Ok(sliced) = SlicedPacket::from_ethernet(packet) else { continue };
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { continue };
        let (source, destination): (IpAddr, IpAddr) = match sliced.net {
            Some(NetSlice::Ipv4(ip)) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into())
            }
            Some(NetSlice::Ipv6(ip)) => {
                (ip.header().source_addr().into(), ip.header().destination_addr().into())
            }
            _ => continue,
        };
        let source = (source, tcp.source_port());
        let destination = (destination, tcp.destination_port());
        let key = (source.min(destination), source.max(destination));
        let connection = connections.entry(key).or_insert_with(|| {
            order.push(key);
            Connection { ends: [source, destination], next: [None; 2], sent: Vec::new() }
        });
        let (end, index) = if connection.ends[0] == source { (End::A, 0) } else { (End::B, 1) };
        let sequence = tcp.sequence_number();
        let next = connection.next[index].get_or_insert(sequence.wrapping_add(u32::from(tcp.syn())));
        if !tcp.payload().is_empty() && *next == sequence {
            *next = sequence.wrapping_add(u32::try_from(tcp.payload().len()).unwrap());
            connection.sent.push((end, tcp.payload().to_vec()));
        }
    }
    order.iter().map(|key| connections.remove(key).unwrap()).collect()
}

/// What was sent from the first TLS record on.
fn tls_part(connection: &Connection) -> impl Iterator<Item = (End, &[u8])> {
    let sent = connection.sent.iter().map(|(end, bytes)| (*end, bytes.as_slice()));
    sent.skip_while(|(_, bytes)| looks_like_tls(bytes) != Sniff::Yes)
}

#[test]
fn without_keys_the_text_after_ccc_is_found() {
    let Some(corpus) = corpus() else { return };
    let connections = connections(&corpus.join("tls-ccc.pcap"));
    let (seen, facts) = observe(tls_part(&connections[0]), &KeyLog::default());
    let [client, server] = &seen.clear;
    assert!(text(client).starts_with("TYPE I\r\nSIZE a.bin\r\n"), "{}", text(client));
    assert!(text(client).ends_with("QUIT\r\n"));
    assert!(text(server).starts_with("200 Type set to I\r\n213 33000\r\n"), "{}", text(server));
    assert!(text(server).ends_with("221 Goodbye.\r\n"));
    assert_eq!(seen.order, ["A HandshakeDone", "B Closed(Unread)", "A Closed(Unread)"]);
    assert_eq!(facts.version, Some(Version::TLS13));
    assert_eq!(facts.client, Some(End::A));
    assert!(facts.established && !facts.decrypted && facts.fatal.is_none());
}

/// What the expectations of a capture say.
struct Expected {
    user: String,
    transfers: Vec<Transfer>,
}

struct Transfer {
    originator_port: u64,
    is_upload: bool,
    sha256: String,
}

fn expected(path: &Path) -> Expected {
    let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let session = &expected["sessions"][0];
    let transfers = session["transfers"].as_array().unwrap().iter();
    let transfers = transfers.filter(|transfer| transfer["sha256"].is_string()).map(|transfer| {
        let channel = usize::try_from(transfer["data_channel"].as_u64().unwrap()).unwrap();
        let connection = &session["data_channels"][channel]["connection"];
        Transfer {
            originator_port: connection["originator"]["port"].as_u64().unwrap(),
            is_upload: transfer["direction"] == "upload",
            sha256: transfer["sha256"].as_str().unwrap().to_owned(),
        }
    });
    Expected { user: session["user"].as_str().unwrap().to_owned(), transfers: transfers.collect() }
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    })
}

/// Captures, and how many of their transfers are under TLS.
const WITH_KEYS: [(&str, usize); 6] = [
    ("tls-ccc", 1),
    ("tls-explicit-curl", 3),
    ("tls-explicit-tls12", 3),
    ("tls-implicit", 3),
    ("tls-lftp", 3),
    ("tls-prot-c", 0),
];

#[test]
fn with_keys_the_dialogue_and_the_files_are_read() {
    let Some(corpus) = corpus() else { return };
    for (name, under_tls) in WITH_KEYS {
        let keys = KeyLog::parse(&std::fs::read(corpus.join(format!("{name}.keys"))).unwrap());
        let expected = expected(&corpus.join(format!("{name}.expect-keys.json")));
        let connections = connections(&corpus.join(format!("{name}.pcap")));
        let (seen, facts) = observe(tls_part(&connections[0]), &keys);
        let [client, server] = seen.plain.each_ref().map(|bytes| text(bytes));
        assert!(client.contains(&format!("USER {}\r\nPASS ", expected.user)), "{name}: {client}");
        assert!(server.contains("\r\n230 "), "{name}: {server}");
        assert_eq!(seen.opaque, [0, 0], "{name}");
        assert!(facts.decrypted && facts.obstacle.is_none(), "{name}: {facts:?}");
        if name != "tls-ccc" {
            assert!(client.ends_with("QUIT\r\n") && server.contains("\r\n221"), "{name}: {server}");
        }

        let mut read = 0;
        for transfer in expected.transfers {
            let connection = connections
                .iter()
                .find(|connection| u64::from(connection.ends[0].1) == transfer.originator_port)
                .unwrap();
            let (seen, facts) = observe(tls_part(connection), &keys);
            if facts.client.is_none() {
                continue;
            }
            read += 1;
            let plain = &seen.plain[usize::from(!transfer.is_upload)];
            assert_eq!(sha256(plain), transfer.sha256, "{name}: {facts:?}");
            assert_eq!(seen.opaque, [0, 0], "{name}");
            assert!(seen.order.iter().any(|event| event.ends_with("Closed(CloseNotify)")), "{name}");
        }
        assert_eq!(read, under_tls, "{name}");
    }
}
