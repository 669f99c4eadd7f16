//! The screens: each a module that owns all there is to it.

pub(in crate::tui) mod findings;
pub(in crate::tui) mod ladder;
pub(in crate::tui) mod ports;
pub(in crate::tui) mod sessions;
pub(in crate::tui) mod timeline;
pub(in crate::tui) mod transfers;
