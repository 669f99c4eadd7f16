//! A session as pictures show it, on a terminal or on a page: its events in order, its lanes over time, and the
//! words for them.
//!
//! In comes a finished [`Session`](crate::report::Session); out come events and lanes that know time, not columns
//! or colours.
//!
//! **Invariant:** adds nothing to the report; only brings together what it has in several places.

pub(crate) mod axis;
pub(crate) mod channels;
pub(crate) mod events;
pub(crate) mod lanes;
pub(crate) mod tone;
pub(crate) mod words;

use crate::report::Mode;

/// The letter of a mode: capital is classic, small is extended; `T` is a data connection negotiated under
/// TLS.
pub(crate) const fn letter(mode: Option<Mode>) -> &'static str {
    match mode {
        Some(Mode::Pasv) => "V",
        Some(Mode::Epsv) => "v",
        Some(Mode::Port) => "P",
        Some(Mode::Eprt) => "p",
        Some(Mode::Lprt) => "L",
        Some(Mode::Lpsv) => "l",
        Some(Mode::Default) => "D",
        None => "T",
    }
}

/// The name of a mode.
pub(crate) const fn mode_name(mode: Option<Mode>) -> &'static str {
    match mode {
        Some(mode) => mode.name(),
        None => "TLS",
    }
}
