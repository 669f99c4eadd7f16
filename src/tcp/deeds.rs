//! What each side of a connection does, as it is counted and written into its history: by every packet once,
//! copies left out.

use super::reassembly::Budget;
use super::slab::Entry;
use super::track::Track;
use super::{Connection, Side};
use crate::base::{TimeDelta, Timestamp};
use crate::decode::Segment;
use crate::report::{Path, WindowScaling};

/// Something that is told once of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Sent an ACK and nothing else.
    Acknowledged = 1,
    /// Sent payload.
    Sent = 2,
    /// Sent a SYN together with a FIN.
    Contradicted = 4,
    /// Sent a SYN.
    Opened = 8,
    /// Sent a FIN.
    Closed = 16,
    /// Sent a RST.
    Reset = 32,
}

/// What a side has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deeds {
    /// For how long its window was 0.
    shut_for: TimeDelta,
    /// From when until when it was 0 for longest.
    longest_shut: Option<(Timestamp, Timestamp)>,
    /// Since when its window is 0 again, if it is.
    shut_since: Timestamp,
    is_shut: bool,
    once: u8,
    retransmissions: u16,
    zero_windows: u16,
    /// The sequence numbers of the last SYN, FIN and RST: only another one is told again.
    syn: u32,
    fin: u32,
    rst: u32,
    /// The lowest and the highest hop limit (time to live) of packets that are no RST: of SYNs, FINs and whatever
    /// was not simply the next in order. What somebody between the hosts sends in a side's name seldom has the
    /// same.
    hop_limits: Option<(u8, u8)>,
}

impl Deeds {
    /// Whether the side did that before.
    #[inline]
    pub(super) const fn has(&self, deed: Deed) -> bool {
        self.once & deed as u8 != 0
    }

    /// Whether its window is 0 now.
    pub(super) const fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// The lowest and the highest hop limit of its packets that are no RST.
    pub(super) const fn hop_limits(&self) -> Option<(u8, u8)> {
        self.hop_limits
    }

    fn note_hop_limit(&mut self, segment: &Segment<'_>) {
        if !segment.flags.rst {
            let hop_limit = segment.hop_limit;
            let (lowest, highest) = self.hop_limits.unwrap_or((hop_limit, hop_limit));
            self.hop_limits = Some((lowest.min(hop_limit), highest.max(hop_limit)));
        }
    }

    /// For how long its window was 0 until now.
    fn shut_until(&self, now: Timestamp) -> TimeDelta {
        let open = if self.is_shut { now.elapsed_since(self.shut_since) } else { TimeDelta::ZERO };
        self.shut_for.plus(open)
    }

    /// Notes that the side did that; says whether it is the first time.
    const fn note(&mut self, deed: Deed) -> bool {
        let is_first = !self.has(deed);
        self.once |= deed as u8;
        is_first
    }

    /// Takes note of the window that a segment announces.
    fn note_window(&mut self, segment: &Segment<'_>) {
        if segment.flags.syn || segment.flags.rst {
            return;
        }
        if segment.window == 0 && !self.is_shut {
            self.is_shut = true;
            self.shut_since = segment.packet.time;
        } else if segment.window > 0 {
            self.open_at(segment.packet.time);
        }
        if segment.flags.fin {
            self.open_at(segment.packet.time);
        }
    }

    /// Its window was 0 until now at most.
    fn open_at(&mut self, now: Timestamp) {
        self.shut_for = self.shut_until(now);
        self.longest_shut = self.longest_shut_until(now);
        self.is_shut = false;
    }

    /// From when until when its window was 0 for longest, until now.
    fn longest_shut_until(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let open = self.is_shut.then_some((self.shut_since, now));
        self.longest_shut.into_iter().chain(open).max_by_key(|(from, until)| until.elapsed_since(*from))
    }
}

/// Whether the side has not done that before, or with another sequence number.
fn is_another(deeds: &mut Deeds, deed: Deed, seq: u32) -> bool {
    let is_first = deeds.note(deed);
    let last = match deed {
        Deed::Opened => &mut deeds.syn,
        Deed::Closed => &mut deeds.fin,
        Deed::Reset => &mut deeds.rst,
        Deed::Acknowledged | Deed::Sent | Deed::Contradicted => return is_first,
    };
    std::mem::replace(last, seq) != seq || is_first
}

/// What is told the first, tenth, hundredth time.
const fn is_power_of_ten(mut count: u16) -> bool {
    while count > 1 && count.is_multiple_of(10) {
        count /= 10;
    }
    count == 1
}

impl Entry {
    /// Counts a packet of the connection, and writes down what it does.
    pub(super) fn note_packet(&mut self, segment: &Segment<'_>, side: Side, budget: &mut Budget) {
        let Self { connection, track, .. } = self;
        let stream = connection.stream_mut(side);
        stream.packets = stream.packets.saturating_add(1);
        stream.ip_bytes = stream.ip_bytes.saturating_add(u64::from(segment.ip_len));
        if connection.history.as_str().is_empty() && segment.flags.syn && segment.ack.is_some() {
            connection.history.push(b'^');
        }
        track.note_handshake(connection, segment, side);
        track.learn_checksum(segment, side);
        if connection.numbers.is_none() {
            connection.numbers = track.originator.base().zip(track.responder.base());
        }
        let (half, _) = track.halves(side);
        half.deeds.note_window(segment);
        let is_again = half.is_sent_again(segment);
        self.note_trouble(segment, side, is_again, budget);
        let Self { connection, track, .. } = self;
        let deeds = &mut track.halves(side).0.deeds;
        deeds.note_hop_limit(segment);
        let mut tell = |letter: u8, is_news: bool| {
            if is_news {
                connection.history.push(match side {
                    Side::Originator => letter.to_ascii_uppercase(),
                    Side::Responder => letter,
                });
            }
        };
        let flags = segment.flags;
        let has_payload = !segment.payload.is_empty() || segment.cut > 0;
        if flags.syn && flags.fin {
            tell(b'q', deeds.note(Deed::Contradicted));
        } else if flags.syn {
            let letter = if segment.ack.is_some() { b'h' } else { b's' };
            tell(letter, is_another(deeds, Deed::Opened, segment.seq));
        }
        if is_again {
            deeds.retransmissions = deeds.retransmissions.saturating_add(1);
            tell(b't', is_power_of_ten(deeds.retransmissions));
        }
        if has_payload {
            tell(b'd', deeds.note(Deed::Sent));
        } else if !flags.syn && !flags.fin && !flags.rst {
            tell(b'a', deeds.note(Deed::Acknowledged));
        }
        if segment.window == 0 && !flags.syn && !flags.rst {
            deeds.zero_windows = deeds.zero_windows.saturating_add(1);
            tell(b'w', is_power_of_ten(deeds.zero_windows));
        }
        if flags.fin && !flags.syn {
            tell(b'f', is_another(deeds, Deed::Closed, segment.seq));
        }
        if flags.rst {
            tell(b'r', is_another(deeds, Deed::Reset, segment.seq));
        }
    }
}

impl Entry {
    /// Counts acknowledgements that a side had sent before the connection was known.
    #[cold]
    pub(super) fn note_acknowledgements(&mut self, side: Side, packets: u64, ip_bytes: u64) {
        if packets == 0 {
            return;
        }
        let stream = self.connection.stream_mut(side);
        stream.packets = stream.packets.saturating_add(packets);
        stream.ip_bytes = stream.ip_bytes.saturating_add(ip_bytes);
        if self.track.halves(side).0.deeds.note(Deed::Acknowledged) {
            self.connection.history.push(if side == Side::Originator { b'A' } else { b'a' });
        }
    }
}

impl Track {
    /// Measures the round trip: from the last SYN to its answer, and from that to the third packet. So it is
    /// right wherever between the two hosts the capture was made.
    fn note_handshake(&mut self, connection: &mut Connection, segment: &Segment<'_>, side: Side) {
        let now = segment.packet.time;
        match (segment.flags.syn, segment.ack.is_some()) {
            (true, false) => self.syn_at = Some(now),
            (true, true) => {
                if let Some(syn_at) = self.syn_at.filter(|_| connection.path.rtt.is_none()) {
                    let after = self.syn_ack.map_or_else(|| now.since(syn_at), |(after, _)| after);
                    self.syn_ack = Some((after, now));
                }
            }
            (false, _) => {
                if let Some((after, at)) = self.syn_ack.take() {
                    let rtt = after.plus(now.since(at));
                    connection.path.rtt = Some(rtt).filter(|&rtt| {
                        side == Side::Originator && !segment.flags.rst && rtt >= TimeDelta::ZERO
                    });
                }
            }
        }
    }

    /// Completes the connection by what is known of the way only in the end, or now.
    pub(super) fn conclude(&self, connection: &mut Connection) {
        self.note_unheard(connection);
        if connection.from_originator.conflicting > 0 {
            connection.history.push_once(b'I');
        }
        if connection.from_responder.conflicting > 0 {
            connection.history.push_once(b'i');
        }
        let (originator, responder) = (&connection.from_originator, &connection.from_responder);
        let receiver = if originator.bytes > responder.bytes { &self.responder } else { &self.originator };
        connection.path = Path {
            rtt: connection.path.rtt,
            window_scaling: self
                .originator
                .scales
                .zip(self.responder.scales)
                .map(|(originator, responder)| WindowScaling::offered(originator, responder)),
            zero_window: receiver.deeds.shut_until(connection.last.time),
            longest_zero_window: receiver.deeds.longest_shut_until(connection.last.time),
            max_in_flight: self.originator.max_in_flight.max(self.responder.max_in_flight),
        };
    }
}
