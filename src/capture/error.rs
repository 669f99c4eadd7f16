//! Why a capture can't be read at all.

use std::io;
use std::path::Path;

use crate::base::Printable;
use crate::decode::LinkType;

/// Why a capture can't be read at all: one line with the file's name and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system does not let the file be opened or read.
    #[error("{}: {}", Printable(path), refusal(source))]
    Open {
        /// The file as the user named it.
        path: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// It is a directory.
    #[error("{}: is a directory; name the capture files in it", Printable(path))]
    Directory {
        /// The directory as the user named it.
        path: String,
    },
    /// It is empty.
    #[error("{}: is empty; nothing was captured into it", Printable(path))]
    Empty {
        /// The file as the user named it.
        path: String,
    },
    /// It is not a capture file.
    #[error("{}: is not a pcap or pcapng file{kind}", Printable(path))]
    NotACapture {
        /// The file as the user named it.
        path: String,
        /// What it is and what to do with it, where that is known: the end of the sentence.
        kind: &'static str,
    },
    /// It is a capture, but damaged before the first packet.
    #[error("{}: can't be read: {why}; use an intact copy", Printable(path))]
    Broken {
        /// The file as the user named it.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// It was compressed too many times.
    #[error("{}: was compressed more than {layers} times; unpack it first", Printable(path))]
    TooManyLayers {
        /// The file as the user named it.
        path: String,
        /// How often it may be compressed.
        layers: usize,
    },
    /// Its link type can't be decoded.
    #[error(
        "{}: its packets have link type {} ({}), which isn't supported; capture on an Ethernet, Wi-Fi, loopback \
         or \"any\" interface",
        Printable(path),
        link.0,
        link
    )]
    LinkType {
        /// The file as the user named it.
        path: String,
        /// The link type.
        link: LinkType,
    },
    /// Standard input was named more than once.
    #[error("-: standard input can be read only once; name it once")]
    StandardInputTwice,
    /// Standard input is a keyboard.
    #[error("-: standard input is a terminal; pipe a capture into it, as in `tcpdump -w - | ftpscope -`")]
    Terminal,
    /// Too many files.
    #[error("{count} capture files are too many to read as one; merge them first, as with `mergecap`")]
    TooMany {
        /// How many were named.
        count: usize,
    },
}

/// The operating system's error in plain words.
fn refusal(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied; ask its owner to let you read it, or read it as that user".to_owned()
        }
        _ if is_out_of_files(error) => {
            "too many files are open; allow more with `ulimit -n`, or merge some with `mergecap`".to_owned()
        }
        _ => format!("can't be opened: {error}"),
    }
}

/// Whether the process has as many files open as it may (EMFILE).
fn is_out_of_files(error: &io::Error) -> bool {
    cfg!(unix) && error.raw_os_error() == Some(24)
}

/// The name of a file for messages and reports, as the user gave it.
pub(super) fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What a file that is not a capture looks like, by its first bytes: the end of a sentence.
pub(super) fn other_kind(first: &[u8]) -> &'static str {
    const KINDS: &[(&[u8], &str)] = &[
        (b"\x89PNG", " (it is a PNG image)"),
        (b"\xff\xd8\xff", " (it is a JPEG image)"),
        (b"GIF8", " (it is a GIF image)"),
        (b"%PDF", " (it is a PDF document)"),
        (b"PK\x03\x04", " (it is a zip archive); unpack it first"),
        (b"\xfd7zXZ\0", " (it is compressed with xz); unpack it with `xz -d`"),
        (b"BZh", " (it is compressed with bzip2); unpack it with `bzip2 -d`"),
        (b"7z\xbc\xaf\x27\x1c", " (it is a 7z archive); unpack it first"),
        (b"Rar!", " (it is a RAR archive); unpack it first"),
        (b"\x7fELF", " (it is a program)"),
        (b"MZ", " (it is a Windows program)"),
        (b"snoop\0\0\0", " (it is a Solaris snoop capture); convert it with `editcap -F pcap`"),
        (b"GMBU", " (it is a Microsoft Network Monitor capture); convert it with `editcap -F pcap`"),
        (b"RTSS", " (it is a Microsoft Network Monitor capture); convert it with `editcap -F pcap`"),
        (b"XCP\0", " (it is a Sniffer capture); convert it with `editcap -F pcap`"),
    ];
    if let Some((_, kind)) = KINDS.iter().find(|(magic, _)| first.starts_with(magic)) {
        return kind;
    }
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
    if is_utf8(first) && first.iter().all(is_text) {
        return " (it looks like text); save packets with `tcpdump -w FILE` and give that file";
    }
    "; save packets with `tcpdump -w FILE` or Wireshark and give that file"
}

/// Whether bytes are UTF-8, but for a last character that may be cut.
fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}
