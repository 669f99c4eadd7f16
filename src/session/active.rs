//! A session under way: the facts, as they are noted.

use std::sync::Arc;

use super::control::Control;
use super::expectation::OfSession;
use super::flow::ContentHeads;
use super::history::EndpointUseId;
use super::lookups::List;
use super::state::{Budget, Channels, CurrentTransfer, Dialogue, DialogueState};
use super::twins::Half;
use crate::base::{Endpoint, FrameNumber, LimitSet, PacketRef, TimeDelta, Timestamp};
use crate::filter::{Field, Filter, Knowledge};
use crate::ftp::Verb;
use crate::report::{
    self, ChannelIndex, CommandIndex, CommandLength, Directions, EndState, FrameSpan, IcmpError, Listing,
    MatchedBy, Origin, ReuseKind, Session, Traffic, Trouble, Uid,
};
use crate::tcp::{Connection, ConnectionId, Onset, Side};

/// A session under way; what each line needs stands where the control connection begins.
#[repr(C)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct ActiveSession {
    /// The control connection's place in the table, while it is there.
    pub(super) connection: ConnectionId,
    pub(super) uid: Uid,
    pub(super) originator: Endpoint,
    pub(super) responder: Endpoint,
    pub(super) first: PacketRef,
    pub(super) handshake: bool,
    /// Whether it is certainly not asked for.
    pub(super) is_unwanted: bool,
    /// Whether either side has sent a FIN or RST.
    pub(super) is_closing: bool,
    pub(super) last: PacketRef,
    pub(super) control: Control,
    pub(super) channels: Vec<Channel>,
    /// Negotiating commands and the channels that they made, in order.
    negotiated: Vec<(CommandIndex, ChannelIndex)>,
    /// Data connections that were announced and may still come.
    pub(super) expected: OfSession,
    /// The channel of the negotiation in force.
    pub(super) in_force: Option<ChannelIndex>,
    /// The last transfer command that was given.
    pub(super) last_transfer: Option<Verb>,
    /// Whether MODE was given: contents may be sent otherwise than as they are.
    pub(super) has_mode: bool,
    /// Whether its end was reported as an event.
    pub(super) end_reported: bool,
    /// Whether digests or parts of files were asked for, or digests were offered.
    pub(super) wants_copies: bool,
    /// What copies of contents take that its channels carried, in bytes of memory.
    pub(super) copied: u32,
    /// The first channel that may have a copy.
    pub(super) oldest_copy: u32,
    /// The caps that took something from it.
    pub(super) limited: LimitSet,
    /// What matters to the same session on the other side of a NAT, and which that is.
    pub(super) half: Half,
    /// How the control connection ended; none while it is in the table.
    pub(super) ended: Option<Ended>,
    /// ICMP errors that quote a packet of the control connection.
    pub(super) icmp: Vec<IcmpError>,
    /// What the server asked about the client.
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::rare_list",
            deserialize_with = "crate::base::encode::read_rare_list"
        )
    )]
    pub(super) lookups: Option<Box<List>>,
    /// Round trip of its handshake, and what went over it.
    pub(super) rtt: Option<TimeDelta>,
    pub(super) traffic: Traffic,
    /// What went wrong on its way.
    pub(super) trouble: Option<Box<Trouble>>,
    /// Data connections of its channels that are in the table.
    pub(super) open_flows: u32,
    /// Other sessions of the same client with the same server that were open when this one began.
    pub(super) others_open: u32,
    /// What the dialogue has brought about, as far as it was brought up to date.
    pub(super) state: DialogueState,
    /// What that was reckoned with, in bytes of memory.
    pub(super) state_cost: usize,
}

/// How much of what a field is about the first packet of a session tells.
fn known_from_the_beginning(field: Field) -> Knowledge {
    match field {
        Field::SessClient
        | Field::SessClientPort
        | Field::SessServer
        | Field::SessServerPort
        | Field::SessStart
        | Field::SessUid
        | Field::Ftp => Knowledge::All,
        Field::IpAddr
        | Field::IpSrc
        | Field::IpDst
        | Field::Ipv6Addr
        | Field::Ipv6Src
        | Field::Ipv6Dst
        | Field::TcpPort
        | Field::TcpSrcPort
        | Field::TcpDstPort => Knowledge::Part,
        // Too many to name: whatever comes later.
        _ => Knowledge::Nothing,
    }
}

/// How a control connection ended.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Ended {
    pub(super) state: EndState,
    pub(super) by: Option<Side>,
    /// When the first FIN or RST came.
    pub(super) at: Option<Timestamp>,
}

/// A data channel, as facts.
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Channel {
    pub(super) origin: Origin,
    pub(super) link: Link,
    /// The earlier use of the connection's pair or listening endpoint.
    pub(super) previous: Option<(ReuseKind, EndpointUseId)>,
    /// The earlier use of the predicted pair, when the negotiation was made.
    pub(super) predicted_previous: Option<EndpointUseId>,
    pub(super) usage: Option<EndpointUseId>,
    pub(super) peer_session: Option<Uid>,
    pub(super) rejected: Vec<report::Connection>,
    /// The packet that made it: the command's, or the connection's first.
    pub(super) made: PacketRef,
    /// The listing that it carried.
    pub(super) listing: Option<Arc<Listing>>,
    /// A copy of all that it carried, where there was little of it.
    pub(super) copy: Option<Arc<Vec<u8>>>,
    /// How long the command was that began its transfer, where it could not be read.
    pub(super) asked: Option<CommandLength>,
}

/// The data connection of a channel, and how it was matched.
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) enum Link {
    None,
    /// Still in the table; it began with this frame.
    Open(ConnectionId, FrameNumber, MatchedBy),
    /// What is reported of it, once its first bytes have shown the kinds of content.
    Ended(Box<report::Connection>, ContentHeads, MatchedBy),
}

impl Link {
    /// The connection, while it is in the table.
    pub(super) const fn open(&self) -> Option<ConnectionId> {
        match self {
            Self::Open(id, ..) => Some(*id),
            Self::None | Self::Ended(..) => None,
        }
    }

    /// The connection's first frame.
    pub(super) const fn first_frame(&self) -> Option<FrameNumber> {
        match self {
            Self::None => None,
            Self::Open(_, first, _) => Some(*first),
            Self::Ended(connection, ..) => Some(connection.frames.first),
        }
    }

    /// What is known of the connection, once it has left the table.
    pub(super) const fn ended(&self) -> Option<&report::Connection> {
        match self {
            Self::None | Self::Open(..) => None,
            Self::Ended(connection, ..) => Some(connection),
        }
    }

    /// How the connection was matched to the channel.
    pub(super) const fn matched_by(&self) -> Option<MatchedBy> {
        match self {
            Self::None => None,
            Self::Open(.., matched_by) | Self::Ended(.., matched_by) => Some(*matched_by),
        }
    }

    /// It turns out to belong to the channel for another reason.
    pub(super) const fn rematch(&mut self, because: MatchedBy) {
        match self {
            Self::None => {}
            Self::Open(.., matched_by) | Self::Ended(.., matched_by) => *matched_by = because,
        }
    }
}

impl Channel {
    pub(super) const fn new(origin: Origin, made: PacketRef) -> Self {
        Self {
            origin,
            link: Link::None,
            previous: None,
            predicted_previous: None,
            usage: None,
            peer_session: None,
            rejected: Vec::new(),
            made,
            listing: None,
            copy: None,
            asked: None,
        }
    }

    /// A further channel on the same negotiation.
    pub(super) const fn further(&self, made: PacketRef) -> Self {
        Self::new(self.origin, made)
    }

    pub(super) const fn is_linked(&self) -> bool {
        !matches!(self.link, Link::None)
    }
}

impl ActiveSession {
    pub(super) fn new(id: ConnectionId, connection: &Connection, control: Control) -> Self {
        Self {
            connection: id,
            uid: uid(connection),
            originator: connection.originator,
            responder: connection.responder,
            first: connection.first,
            last: connection.last,
            handshake: connection.onset == Onset::Handshake,
            is_unwanted: false,
            control,
            channels: Vec::new(),
            negotiated: Vec::new(),
            expected: OfSession::default(),
            in_force: None,
            last_transfer: None,
            has_mode: false,
            wants_copies: false,
            copied: 0,
            oldest_copy: 0,
            limited: LimitSet::default(),
            others_open: 0,
            half: Half::of(connection),
            ended: None,
            icmp: Vec::new(),
            lookups: None,
            rtt: None,
            traffic: Traffic::default(),
            trouble: None,
            is_closing: false,
            end_reported: false,
            open_flows: 0,
            state: DialogueState::default(),
            state_cost: 0,
        }
    }

    /// Whether a filter certainly leaves it out, whichever side the client is on.
    pub(super) fn is_left_out_by(&self, filter: &Filter) -> bool {
        let (originator, responder) = (self.originator, self.responder);
        let frames = FrameSpan { first: self.first.frame, last: self.first.frame };
        [(originator, responder), (responder, originator)].into_iter().all(|between| {
            let begun = Session::begun(self.uid.clone(), between, (self.first.time, frames));
            filter.decides(&begun, known_from_the_beginning) == Some(false)
        })
    }

    /// Whether it can be put aside: its connection is there, and all of it can be written down.
    pub(super) fn is_at_rest(&self) -> bool {
        self.ended.is_none() && self.control.can_be_written()
    }

    fn client_side(&self) -> Side {
        self.control.client_side().unwrap_or(Side::Originator)
    }

    /// Whether neither side has closed its control connection.
    pub(super) const fn is_open(&self) -> bool {
        self.ended.is_none() && !self.is_closing
    }

    /// Who gives commands.
    pub(super) fn client(&self) -> Endpoint {
        match self.client_side() {
            Side::Originator => self.originator,
            Side::Responder => self.responder,
        }
    }

    /// Who replies.
    pub(super) fn server(&self) -> Endpoint {
        match self.client_side() {
            Side::Originator => self.responder,
            Side::Responder => self.originator,
        }
    }

    pub(super) fn channel(&self, index: ChannelIndex) -> Option<&Channel> {
        index.of(&self.channels)
    }

    pub(super) fn channel_mut(&mut self, index: ChannelIndex) -> Option<&mut Channel> {
        index.of_mut(&mut self.channels)
    }

    /// Keeps a copy of what a channel carried, where older ones leave room for it.
    pub(super) fn keep_copy(&mut self, index: ChannelIndex, copy: Arc<Vec<u8>>, most: u32) {
        let size = |copy: &Vec<u8>| u32::try_from(copy.capacity()).unwrap_or(u32::MAX);
        while self.copied.saturating_add(size(&copy)) > most && self.oldest_copy < index.0 {
            let oldest = ChannelIndex(self.oldest_copy).of_mut(&mut self.channels);
            let oldest = oldest.and_then(|channel| channel.copy.take());
            self.copied = self.copied.saturating_sub(oldest.map_or(0, |oldest| size(&oldest)));
            self.oldest_copy = self.oldest_copy.saturating_add(1);
        }
        if self.copied.saturating_add(size(&copy)) <= most
            && let Some(channel) = index.of_mut(&mut self.channels)
        {
            self.copied = self.copied.saturating_add(size(&copy));
            channel.copy = Some(copy);
        }
    }

    /// Adds a channel; gives its index.
    pub(super) fn add_channel(&mut self, channel: Channel) -> Option<ChannelIndex> {
        let index = ChannelIndex::from_position(self.channels.len())?;
        if let Some(command) = channel.origin.command() {
            // A further channel on the same negotiation stands behind the negotiation's own.
            let is_further = self.negotiated.last().is_some_and(|&(last, _)| command <= last);
            if !is_further {
                self.negotiated.push((command, index));
            }
        }
        self.channels.push(channel);
        Some(index)
    }

    /// What was said so far.
    fn dialogue(&self) -> Dialogue<'_> {
        Dialogue {
            commands: &self.control.conversation.dialogue.commands,
            gaps: &self.control.conversation.gaps,
        }
    }

    /// Brings the state of the dialogue up to date: with all exchanges of which no more replies come.
    pub(super) fn catch_up(&mut self, budget: Budget) {
        let Self { control, channels, state, .. } = self;
        let conversation = &control.conversation;
        let dialogue = Dialogue { commands: &conversation.dialogue.commands, gaps: &conversation.gaps };
        state.catch_up(dialogue, conversation.dialogue.settled(), Channels::under_way(channels), budget);
    }

    /// The newest transfer on a channel, with what was in force when its command was given.
    pub(super) fn current_transfer(&self, channel: ChannelIndex) -> Option<CurrentTransfer> {
        self.state.current(channel, self.dialogue(), Channels::under_way(&self.channels))
    }

    /// The transfer of a command that was answered; `connection` gives what a channel's moved.
    pub(super) fn transfer(
        &self,
        command: CommandIndex,
        connection: impl FnOnce(ChannelIndex) -> Option<Box<report::Connection>>,
    ) -> Option<report::Transfer> {
        self.state.transfer(command, self.dialogue(), Channels::under_way(&self.channels), connection)
    }

    /// Whose packets of the control connection were captured so far.
    pub(super) const fn directions(&self) -> Directions {
        Directions::of(self.traffic.packets_originator, self.traffic.packets_responder)
    }

    /// The channel that the command at `index` negotiated.
    pub(super) fn channel_of_command(&self, index: CommandIndex) -> Option<ChannelIndex> {
        let place = self.negotiated.binary_search_by_key(&index, |&(command, _)| command).ok()?;
        self.negotiated.get(place).map(|&(_, channel)| channel)
    }
}

/// A name out of the first packet's time and number and the 4-tuple: letters and digits, begun with an `F`.
fn uid(connection: &Connection) -> Uid {
    use sha2::Digest as _;
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut hash = sha2::Sha256::new();
    hash.update(connection.first.time.nanos().to_be_bytes());
    hash.update(connection.opening.to_be_bytes());
    for endpoint in [connection.originator, connection.responder] {
        match endpoint.ip {
            std::net::IpAddr::V4(ip) => hash.update(ip.octets()),
            std::net::IpAddr::V6(ip) => hash.update(ip.octets()),
        }
        hash.update(endpoint.port.to_be_bytes());
    }
    let mut name = [b'F'; 16];
    for (letter, byte) in name.iter_mut().skip(1).zip(hash.finalize()) {
        *letter = DIGITS.get(usize::from(byte) % DIGITS.len()).copied().unwrap_or_default();
    }
    Uid(String::from_utf8_lossy(&name).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sessions_of_a_4_tuple_within_one_tick_of_the_clock_have_names_of_their_own() {
        let name = |opening| {
            let ends = [40_000, 21].map(|port| Endpoint::new([192, 0, 2, 1].into(), port));
            let begun = Connection::begun(ends[0], ends[1], Onset::Handshake, PacketRef::default());
            uid(&Connection { opening, ..begun })
        };
        assert_eq!(name(1), name(1));
        assert_ne!(name(1), name(2));
    }
}
