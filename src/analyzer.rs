//! Stands in for the conveyor belt until it exists.

use crate::base::Limits;
use crate::capture::Frame;
use crate::report::{Report, Session};

/// What the user may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Caps.
    pub limits: Limits,
    /// Length of TIME_WAIT, in nanoseconds.
    pub time_wait: i64,
    /// How long a prediction waits, in nanoseconds.
    pub predict_window: i64,
    /// Whether contents are hashed.
    pub hash: bool,
    /// Whether passwords are kept.
    pub show_passwords: bool,
    /// Further control ports.
    pub control_ports: Vec<u16>,
    /// Text of a TLS key log.
    pub key_log: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            time_wait: 60_000_000_000,
            predict_window: 30_000_000_000,
            hash: true,
            show_passwords: false,
            control_ports: Vec::new(),
            key_log: None,
        }
    }
}

/// Frames in, a report out.
#[derive(Debug)]
pub struct Analyzer {
    report: Report,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    pub fn new(_options: Options) -> Self {
        Self { report: Report::default() }
    }

    /// Takes the next frame.
    pub fn feed(&mut self, frame: &Frame<'_>) {
        self.report.capture.packets += 1;
        self.report.capture.bytes += u64::from(frame.wire_len);
    }

    /// The sessions that are final.
    pub fn take_ended(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.report.sessions)
    }

    /// The report.
    pub fn finish(self) -> Report {
        self.report
    }
}
