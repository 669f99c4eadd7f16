//! A network interface as the system describes it.

use std::net::IpAddr;

use serde::Serialize;

/// An interface on which packets can be captured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its description, as libpcap gives it.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is switched on.
    #[serde(rename = "up")]
    pub is_up: bool,
    /// Whether it is on and connected.
    #[serde(rename = "running")]
    pub is_running: bool,
    /// Whether it is a loopback interface.
    #[serde(rename = "loopback")]
    pub is_loopback: bool,
    /// Whether it is wireless.
    #[serde(rename = "wireless")]
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
