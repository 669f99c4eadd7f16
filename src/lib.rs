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
//! `analyzer` is the conveyor belt: the only place that names all stages in order. A module may use only modules
//! on lower floors, which a test in `tests/` enforces:
//!
//! | floor | modules |
//! | --- | --- |
//! | 12 | `cli` |
//! | 11 | `live`, `tui` |
//! | 10 | `extract`, `reading` |
//! | 9 | `capture`, `confine`, [`export`] |
//! | 8 | `store` |
//! | 7 | [`analyzer`] |
//! | 6 | [`diagnose`] |
//! | 5 | [`session`] |
//! | 4 | [`tcp`] |
//! | 3 | [`decode`], [`filter`], `picture` |
//! | 2 | [`report`] |
//! | 1 | [`ftp`], [`tls`] |
//! | 0 | [`base`] |
//!
//! **Invariant:** up to and including `analyzer` there is no clock, thread, lock, file or terminal. Time is an
//! argument, and anything odd on the wire is a value, never an error.
//!
//! # Three walks
//!
//! **A frame.** `capture` finds it in a file or takes it from an interface, and lends its bytes as a
//! [`decode::Frame`]. [`analyzer::Analyzer::feed`] has [`decode`] find the innermost TCP segment and passes it to
//! [`tcp::Table`], which finds its connection and puts its payload in order. The table calls its [`tcp::Sink`],
//! the tracker of [`session`], with bytes, gaps and ends. Most connections are irrelevant: the sink says so
//! early, and each later segment costs one look-up.
//!
//! **A 227 reply, to its row and lane.** The bytes of a control connection become lines in `session::control`,
//! decrypted by [`tls`] if need be. [`ftp`] parses the line as a reply, and the endpoint in it. The tracker
//! (`negotiate`) records the negotiation and expects a connection to that endpoint. When a SYN arrives, `linker`
//! finds the expectation that it meets; at the end of the session `assemble` turns both into one
//! [`report::DataChannel`]. That becomes a row of the CSV and a lane of the timeline in `tui`.
//!
//! **A finding, from evidence to screen.** [`diagnose`] examines a finished session, causes before consequences:
//! each rule reads evidence in the report (an unanswered attempt, a private address in the reply) and drafts a
//! [`report::Finding`] with its code, a sentence, and the frames that prove it. Findings about several sessions
//! come at the end of the capture. [`export`] and `tui` show findings as they are; [`diagnose::explain`] says what
//! a code means.
//!
//! # Fast and slow paths
//!
//! Where one frame in a thousand needs more work, the others take a fast path. Tests check that both give the same
//! result:
//!
//! - [`decode`]: plain Ethernet, IP and TCP headers are parsed in one go, perhaps by the thread that reads ahead
//!   ([`decode::Frame::quick`]). The fast path may decline a frame, which then takes the slow path, but never finds
//!   a different segment.
//! - [`tcp`]: a segment that directly follows the last one bypasses the queue. Only memory and time differ.
//! - Threads (`reading`): which thread computes a digest or diagnoses a session affects when the result is there,
//!   never the result.
//!
//! # Features
//!
//! Without default features this is the core: it analyses frames that are handed to it, and also builds for
//! `wasm32-unknown-unknown` (call `base::set_hash_keys` with random numbers first, since that target has none).
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `capture` | capture files and pipes: `capture`, `reading`, `analyze` |
//! | `compression` | capture files inside gzip, zstd or lz4 |
//! | `live` | capture from interfaces through libpcap: `live`, `confine` |
//! | `store` | finished sessions in a temporary file: `store` |
//! | `tui` | the terminal interface: `tui` |
//! | `cli` | the command line, and with it the program: `cli`, `live`, `extract`, `confine` |

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
#[cfg(all(unix, any(feature = "cli", feature = "live")))]
pub mod extract;
pub mod filter;
pub mod ftp;
#[cfg(any(feature = "cli", feature = "live"))]
pub mod live;
#[cfg_attr(not(feature = "tui"), expect(dead_code, reason = "some of it only the terminal interface shows"))]
pub(crate) mod picture;
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
