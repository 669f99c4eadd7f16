//! What the user may set.

use std::sync::Arc;

use crate::base::{Limits, SecretKey, TimeDelta};
use crate::filter::Filter;
use crate::report::Thresholds;
use crate::tcp::Connection;
use crate::tls::KeyLog;

/// Settings of the analysis.
///
/// ```
/// use ftpscope::analyzer::Options;
///
/// let options = Options { control_ports: vec![21, 2121], hash: false, ..Options::default() };
/// assert!(options.is_control_port(2121) && options.is_control_port(990));
/// ```
#[derive(Clone)]
pub struct Options {
    /// Every cap.
    pub limits: Limits,
    /// 2·MSL: how long TIME_WAIT lasts.
    pub time_wait: TimeDelta,
    /// The thresholds of the findings.
    pub thresholds: Thresholds,
    /// After how long a prediction counts as not met in live events.
    pub predict_window: TimeDelta,
    /// Whether SHA-256 digests of contents are computed.
    pub hash: bool,
    /// Which sessions are asked for. All are given, but of one that this certainly leaves out, as soon as
    /// that begins, contents are not digested.
    pub filter: Option<Arc<Filter>>,
    /// Whether transfers keep the text of the listings that they move; they do where the filter reads it.
    pub listings: bool,
    /// Whether passwords and accounts are kept.
    pub show_passwords: bool,
    /// By which equal passwords are recognized without being kept.
    pub secret_key: SecretKey,
    /// Ports on which a control connection is expected; on others it is recognised by what both sides say.
    pub control_ports: Vec<u16>,
    /// Ports on which a control connection begins with TLS.
    pub implicit_tls_ports: Vec<u16>,
    /// Secrets to read TLS with.
    pub key_log: Arc<KeyLog>,
    /// Whether events are noted as they happen; whoever asks for them must take them now and then.
    pub events: bool,
    /// Whether findings become events as soon as they are proven, rather than when their sessions end.
    pub alerts: bool,
    /// Whether finished sessions are written out soon after they are taken: they count for
    /// [`Limits::kept_bytes`] no longer, and where there is little room left a session that keeps much ends
    /// early.
    pub streaming: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            time_wait: TimeDelta::from_secs(60),
            thresholds: Thresholds::default(),
            predict_window: TimeDelta::from_secs(30),
            hash: true,
            filter: None,
            listings: false,
            show_passwords: false,
            secret_key: SecretKey::default(),
            control_ports: vec![21],
            implicit_tls_ports: vec![990],
            key_log: Arc::new(KeyLog::default()),
            events: false,
            alerts: false,
            streaming: false,
        }
    }
}

impl Options {
    /// Whether a control connection is expected on this port.
    pub fn is_control_port(&self, port: u16) -> bool {
        self.control_ports.contains(&port) || self.implicit_tls_ports.contains(&port)
    }

    /// Whether a control connection would begin with TLS.
    pub(super) fn is_implicit_tls(&self, connection: &Connection) -> bool {
        self.implicit_tls_ports.contains(&connection.responder.port)
            || self.implicit_tls_ports.contains(&connection.originator.port)
    }
}
