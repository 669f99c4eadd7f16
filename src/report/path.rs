//! What the packets of a connection show of the way between its ends, and how many there were.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::StreamFacts;
use crate::base::{TimeDelta, Timestamp, choices};

choices! {
    /// Who offered to scale windows beyond 64 KiB (RFC 7323): it takes both.
    pub enum WindowScaling {
        /// Both.
        Both => "both",
        /// Neither.
        Neither => "none",
        /// Whoever sent the SYN; the answer lacks it, or something on the way has taken it out.
        OriginatorOnly => "originator_only",
        /// Whoever answered; something on the way has taken it out of the SYN.
        ResponderOnly => "responder_only",
    }
}

choices! {
    /// Whose packets were captured.
    #[derive(Default)]
    pub enum Directions {
        /// Those of both sides.
        #[default]
        Both => "both",
        /// The client's only.
        ClientOnly => "client_only",
        /// The server's only.
        ServerOnly => "server_only",
    }
}

impl Directions {
    /// Which directions these numbers of packets are of.
    pub const fn of(from_client: u64, from_server: u64) -> Self {
        match (from_client, from_server) {
            (1.., 0) => Self::ClientOnly,
            (0, 1..) => Self::ServerOnly,
            (0, 0) | (1.., 1..) => Self::Both,
        }
    }

    /// The directions of a whole capture, by how many of its sessions have those of the client only, those of
    /// the server only, and both: one that is captured in a few packets only may lack one by chance.
    pub const fn of_most(client_only: u64, server_only: u64, both: u64) -> Self {
        const FEW: u64 = 20;
        let (with_client, with_server) = (both.saturating_add(client_only), both.saturating_add(server_only));
        if client_only > 0 && with_server < client_only.div_ceil(FEW) {
            Self::ClientOnly
        } else if server_only > 0 && with_client < server_only.div_ceil(FEW) {
            Self::ServerOnly
        } else {
            Self::Both
        }
    }
}

impl WindowScaling {
    /// Whether the originator and the responder offered it.
    pub const fn offered(originator: bool, responder: bool) -> Self {
        match (originator, responder) {
            (true, true) => Self::Both,
            (false, false) => Self::Neither,
            (true, false) => Self::OriginatorOnly,
            (false, true) => Self::ResponderOnly,
        }
    }

    /// The same where the two are the other way round.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::Both | Self::Neither => self,
            Self::OriginatorOnly => Self::ResponderOnly,
            Self::ResponderOnly => Self::OriginatorOnly,
        }
    }
}

/// What the packets of a connection show of the way between its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Path {
    /// Round trip of the handshake.
    pub rtt: Option<TimeDelta>,
    /// Who offered to scale windows; none without a handshake.
    pub window_scaling: Option<WindowScaling>,
    /// How long the side that received most of the payload announced a window of 0.
    pub zero_window: TimeDelta,
    /// From when until when it did so for longest.
    pub longest_zero_window: Option<(Timestamp, Timestamp)>,
    /// Most payload bytes that were under way and not yet acknowledged.
    pub max_in_flight: u64,
}

impl Path {
    /// The same where originator and responder are the other way round.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { window_scaling: self.window_scaling.map(WindowScaling::swapped), ..self }
    }
}

/// What happened on a connection, a letter for each kind of event in order, as Zeek tells it: `s` SYN, `h`
/// SYN-ACK, `a` bare ACK, `d` payload, `f` FIN, `r` RST, `g` gap, `t` retransmission, `w` zero window, `i`
/// other content sent again, `q` SYN with FIN, `^` begun by an answer; in upper case where the originator
/// sent it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct History {
    letters: [u8; Self::MOST],
    len: u8,
}

impl History {
    /// More letters than these say nothing new.
    const MOST: usize = 23;

    /// Adds a letter, where there is room.
    #[cold]
    pub fn push(&mut self, letter: u8) {
        if let Some(place) = self.letters.get_mut(usize::from(self.len)) {
            *place = letter;
            self.len = self.len.saturating_add(1);
        }
    }

    /// Adds a letter that is not there yet.
    #[cold]
    pub fn push_once(&mut self, letter: u8) {
        if !self.as_str().as_bytes().contains(&letter) {
            self.push(letter);
        }
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.len)).unwrap_or_default();
        str::from_utf8(letters).unwrap_or_default()
    }

    /// The same where originator and responder are the other way round.
    #[must_use]
    pub fn swapped(mut self) -> Self {
        for letter in &mut self.letters {
            *letter = if letter.is_ascii_uppercase() {
                letter.to_ascii_lowercase()
            } else {
                letter.to_ascii_uppercase()
            };
        }
        self
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Letters;
        impl de::Visitor<'_> for Letters {
            type Value = History;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("history letters")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<History, E> {
                let mut history = History::default();
                text.bytes().filter(u8::is_ascii).for_each(|letter| history.push(letter));
                Ok(history)
            }
        }
        deserializer.deserialize_str(Letters)
    }
}

/// How many packets of a connection were captured, copies of the same packet left out, and what they carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Traffic {
    /// Packets of the originator.
    pub packets_originator: u64,
    /// Packets of the responder.
    pub packets_responder: u64,
    /// Bytes of the originator's packets, IP headers included.
    pub ip_bytes_originator: u64,
    /// Bytes of the responder's packets, IP headers included.
    pub ip_bytes_responder: u64,
    /// Unique payload bytes of the originator.
    pub bytes_originator: u64,
    /// Unique payload bytes of the responder.
    pub bytes_responder: u64,
    /// What happened.
    pub history: History,
}

impl Traffic {
    /// No packet at all.
    pub const NONE: Self = Self {
        packets_originator: 0,
        packets_responder: 0,
        ip_bytes_originator: 0,
        ip_bytes_responder: 0,
        bytes_originator: 0,
        bytes_responder: 0,
        history: History { letters: [0; History::MOST], len: 0 },
    };

    /// The same where originator and responder are the other way round.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self {
            packets_originator: self.packets_responder,
            packets_responder: self.packets_originator,
            ip_bytes_originator: self.ip_bytes_responder,
            ip_bytes_responder: self.ip_bytes_originator,
            bytes_originator: self.bytes_responder,
            bytes_responder: self.bytes_originator,
            history: self.history.swapped(),
        }
    }

    /// The traffic of a connection with these streams.
    pub(super) const fn of(originator: &StreamFacts, responder: &StreamFacts, history: History) -> Self {
        Self {
            packets_originator: originator.packets,
            packets_responder: responder.packets,
            ip_bytes_originator: originator.ip_bytes,
            ip_bytes_responder: responder.ip_bytes,
            bytes_originator: originator.bytes,
            bytes_responder: responder.bytes,
            history,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(letters: &str) -> History {
        let mut history = History::default();
        letters.bytes().for_each(|letter| history.push(letter));
        history
    }

    #[test]
    fn a_history_swaps_its_sides_and_stays_short() {
        assert_eq!(history("ShADad").swapped().as_str(), "sHadAD");
        assert_eq!(history("^hCADad").swapped().as_str(), "^HcadAD");
        assert_eq!(history(&"Sh".repeat(100)).as_str().len(), History::MOST);
    }

    #[test]
    fn a_capture_has_one_direction_where_almost_all_sessions_have() {
        for (counts, expected) in [
            ((0, 0, 0), Directions::Both),
            ((1, 0, 0), Directions::ClientOnly),
            ((0, 1, 0), Directions::ServerOnly),
            ((1, 0, 1), Directions::Both),
            ((1, 1, 0), Directions::Both),
            ((100, 0, 4), Directions::ClientOnly),
            ((100, 0, 5), Directions::Both),
            ((1, 99, 1), Directions::ServerOnly),
            ((0, 0, 9), Directions::Both),
        ] {
            let (client_only, server_only, both) = counts;
            assert_eq!(Directions::of_most(client_only, server_only, both), expected, "{counts:?}");
        }
    }

    #[test]
    fn window_scaling_takes_both() {
        let all = [(true, true), (false, false), (true, false), (false, true)];
        for (one, other) in all {
            let offered = WindowScaling::offered(one, other);
            assert_eq!(offered.swapped(), WindowScaling::offered(other, one));
            assert_eq!(offered == WindowScaling::Both, one && other);
        }
    }
}
