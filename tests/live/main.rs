//! Captures real traffic, live: namespaces with a cable between them, real servers, real clients.
//!
//! Needs Linux, root, `ip` (iproute2), Python's pyftpdlib (and pyOpenSSL), vsftpd, ProFTPD, Pure-FTPd, openssl,
//! curl, lftp and tcpdump. Where something is missing a test says so and passes, unless the variable CI is set: then it fails. All packets stay inside
//! the namespaces.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::unused_self,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "plain beats fast in a test"
)]

mod alerts;
mod conduct;
mod filter;
mod lab;
#[path = "../terminal/pty.rs"]
#[expect(dead_code, reason = "not everything that a terminal can do is done here")]
mod pty;
mod rights;
mod screen;
mod server;
mod tls;
mod transfers;
