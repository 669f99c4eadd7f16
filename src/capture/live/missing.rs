//! Replaces libpcap if it was not found when the program was built.

use std::sync::Arc;

use super::{Error, Options};
use crate::capture::intake::Feeder;
use crate::capture::tally::Counters;
use crate::decode::LinkType;
use crate::report::Interface;

/// No interface can be captured on.
pub(super) fn interfaces() -> Result<Vec<Interface>, Error> {
    Err(Error::NotBuilt)
}

/// An open interface: there is never one.
pub(super) enum Tap {}

impl Tap {
    pub(super) fn open(_name: &str, _options: &Options) -> Result<Self, Error> {
        Err(Error::NotBuilt)
    }

    pub(super) fn name(&self) -> &str {
        match *self {}
    }

    pub(super) fn link(&self) -> LinkType {
        match *self {}
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        match *self {}
    }

    pub(super) fn filter(&self) -> Result<Filter, Error> {
        match *self {}
    }

    pub(super) fn run(self, _source: u16, _feeder: &Feeder) {
        match self {}
    }
}

/// The filter of an open interface: there is never one.
pub(super) enum Filter {}

impl Filter {
    pub(super) fn set(&mut self, _expression: &str) -> Result<(), Error> {
        match *self {}
    }
}
