//! A network interface as the system describes it.

use std::net::IpAddr;

/// An interface on which packets can be captured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its description, as libpcap gives it.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is switched on.
    pub is_up: bool,
    /// Whether it is on and connected.
    pub is_running: bool,
    /// Whether it is a loopback interface.
    pub is_loopback: bool,
    /// Whether it is wireless.
    pub is_wireless: bool,
}

impl Interface {
    /// Its state in a word.
    pub const fn state(&self) -> &'static str {
        match (self.is_up, self.is_running) {
            (true, true) => "up",
            (true, false) => "no link",
            (false, _) => "down",
        }
    }
}
