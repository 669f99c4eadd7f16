//! **ftpscope** reads packets and explains FTP.
//!
//! FTP negotiates a second TCP connection for every listing and file. This library follows every control connection
//! in a capture, predicts the data connection that each negotiation announces, and links what then happens.
//!
//! # How a byte travels
//!
//! ```text
//! capture ──► decode ──► tcp ──► ftp ──► session ──► diagnose ──► export | tui
//!  frames    segments  streams  lines   sessions    findings     people, programs
//! ```
//!
//! `analyzer` is the conveyor belt: the only place that names all the stages in order. A module names only modules
//! on lower floors, and a test in `tests/` holds the code to that:
//!
//! | floor | modules |
//! | --- | --- |
//! | 11 | [`cli`] |
//! | 10 | [`live`], [`tui`] |
//! | 9 | [`reading`] |
//! | 8 | [`capture`], [`confine`], [`export`] |
//! | 7 | [`analyzer`] |
//! | 6 | [`diagnose`] |
//! | 5 | [`session`] |
//! | 4 | [`tcp`] |
//! | 3 | [`decode`], [`filter`] |
//! | 2 | [`report`] |
//! | 1 | [`ftp`], [`tls`] |
//! | 0 | [`base`] |
//!
//! **Invariant:** up to and including `analyzer` there is no clock, thread, lock, file or terminal: time is an argument,
//! and what is odd on the wire is a value, never an error.
//!
//! # Features
//!
//! Without default features this is the core: it analyses frames that are handed to it, and builds for
//! `wasm32-unknown-unknown` as well (call `base::set_hash_keys` with random numbers first: that target has none).
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `capture` | capture files and pipes: `capture`, `reading`, `analyze` |
//! | `compression` | capture files inside gzip, zstd or lz4 |
//! | `live` | capture from interfaces through libpcap: `live`, `confine` |
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
pub mod tcp;
pub mod tls;
#[cfg(feature = "tui")]
pub mod tui;

#[cfg(feature = "capture")]
pub use reading::analyze;
