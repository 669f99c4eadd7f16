//! **ftpscope** reads packets and explains FTP.
//!
//! FTP negotiates a second TCP connection for every listing and file. This library follows every control
//! connection in a capture, predicts the data connection that each negotiation announces, and links what then
//! happens.
//!
//! ```
//! use ftpscope::analyzer::Options;
//!
//! let report = ftpscope::analyze(["samples/blocked-data-connection.pcap"], &Options::default())?;
//! for finding in report.sessions.iter().flat_map(|session| &session.findings) {
//!     println!("{}: {}", finding.code.name(), finding.summary);
//! }
//! # Ok::<(), ftpscope::capture::Error>(())
//! ```
//!
//! # How a byte travels
//!
//! ```text
//! capture ──► decode ──► tcp ──► ftp ──► session ──► diagnose ──► export | tui
//!  frames    segments  streams  lines   sessions    findings     people, programs
//! ```
//!
//! `analyzer` is the conveyor belt: the only place that names all the stages in order. A module names only
//! modules on lower floors, and a test in `tests/` holds the code to that:
//!
//! | floor | modules |
//! | --- | --- |
//! | 12 | `cli` |
//! | 11 | `live`, `tui` |
//! | 10 | `reading` |
//! | 9 | `capture`, `confine`, [`export`] |
//! | 8 | `store` |
//! | 7 | [`analyzer`] |
//! | 6 | [`diagnose`] |
//! | 5 | [`session`] |
//! | 4 | [`tcp`] |
//! | 3 | [`decode`], [`filter`] |
//! | 2 | [`report`] |
//! | 1 | [`ftp`], [`tls`] |
//! | 0 | [`base`] |
//!
//! **Invariant:** up to and including `analyzer` there is no clock, thread, lock, file or terminal: time is
//! an argument, and what is odd on the wire is a value, never an error.
//!
//! # Three walks
//!
//! **A frame.** `capture` finds it in a file or takes it from an interface, and lends its bytes as a
//! [`decode::Frame`]. [`analyzer::Analyzer::feed`] has [`decode`] look for the innermost TCP segment, and
//! gives that to [`tcp::Table`], which finds its connection and puts its payload into order. The table calls
//! its [`tcp::Sink`], the tracker of [`session`], with bytes, gaps and ends. Most connections are irrelevant:
//! the sink says so early, and their later segments cost one look-up.
//!
//! **A 227 reply, until its row and lane.** The bytes of a control connection become lines in
//! `session::control`, perhaps after [`tls`] decrypted them. [`ftp`] reads the line as a reply and the
//! endpoint in it. The tracker (`negotiate`) notes the negotiation and expects a connection to that endpoint.
//! When a SYN comes, `linker` finds the expectation that it meets; at the session's end `assemble` writes
//! both down as one [`report::DataChannel`]. That is a row of the CSV and a lane of the timeline in `tui`,
//! which only read it.
//!
//! **A finding, from evidence to screen.** [`diagnose`] looks at a finished session, causes before
//! consequences: each rule reads evidence in the report (an attempt without an answer, a private address in
//! the reply) and drafts a [`report::Finding`] with its code, a sentence, and the frames that prove it. What
//! belongs to several sessions is said at the end of the capture. [`export`] and `tui` show findings as they
//! are; [`diagnose::explain`] says what a code means.
//!
//! # Fast and slow paths
//!
//! Where one frame in a thousand needs more work, the others take a fast path, and a test holds both to the
//! same result:
//!
//! - [`decode`]: plain Ethernet, IP and TCP headers are read in one go, if need be by the thread that reads
//!   ahead ([`decode::Frame::quick`]). The fast path may decline a frame, and then the slow path takes it; it
//!   never finds another segment.
//! - [`tcp`]: a segment that follows the last one is handed on without a queue. What comes out is the same;
//!   only memory and time differ.
//! - Threads (`reading`): which one makes a digest or diagnoses a session changes when a result is there,
//!   never which.
//!
//! # Features
//!
//! Without default features this is the core: it analyses frames that are handed to it, and builds for
//! `wasm32-unknown-unknown` as well (call `base::set_hash_keys` with random numbers first: that target has
//! none).
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `capture` | capture files and pipes: `capture`, `reading`, `analyze` |
//! | `compression` | capture files inside gzip, zstd or lz4 |
//! | `live` | capture from interfaces through libpcap: `live`, `confine` |
//! | `store` | finished sessions in a temporary file: `store` |
//! | `tui` | the terminal interface: `tui` |
//! | `cli` | the command line, and with it the program: `cli`, `live`, `confine` |

pub mod analyzer;
pub mod base;
#[cfg(feature = "capture")]
pub mod capture;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(feature = "cli", feature = "live"))]
pub mod confine;
pub mod decode;
pub mod diagnose;
pub mod export;
pub mod filter;
pub mod ftp;
#[cfg(any(feature = "cli", feature = "live"))]
pub mod live;
#[cfg(feature = "capture")]
pub mod reading;
pub mod report;
pub mod session;
#[cfg(feature = "store")]
pub mod store;
pub mod tcp;
pub mod tls;
#[cfg(feature = "tui")]
pub mod tui;

#[cfg(feature = "capture")]
pub use reading::analyze;
