//! In which order the lanes of a timeline stand.

use std::cmp::Reverse;

use crate::picture::lanes::Lane;

/// In which order lanes stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LaneOrder {
    #[default]
    Time,
    Port,
    Mode,
    Problem,
}

impl LaneOrder {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Time => Self::Port,
            Self::Port => Self::Mode,
            Self::Mode => Self::Problem,
            Self::Problem => Self::Time,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Port => "port",
            Self::Mode => "mode",
            Self::Problem => "problem",
        }
    }

    /// Sorts lanes.
    pub(super) fn sort(self, lanes: &mut [Lane]) {
        match self {
            Self::Time => lanes.sort_by_key(Lane::first),
            Self::Port => lanes.sort_by_key(|lane| {
                (lane.endpoint.is_none(), lane.endpoint.map(|endpoint| (endpoint.ip, endpoint.port)))
            }),
            Self::Mode => {
                lanes.sort_by_key(|lane| (lane.mode.map(|mode| !mode.is_active()), lane.mode, lane.first()));
            }
            Self::Problem => lanes.sort_by_key(|lane| {
                let problem = lane.worst.filter(|state| state.is_problem());
                (Reverse((problem, lane.severity)), lane.first())
            }),
        }
    }
}
