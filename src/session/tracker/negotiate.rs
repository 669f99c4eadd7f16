//! What commands and replies mean for data channels.

use std::net::IpAddr;

use super::Tracker;
use crate::base::{Endpoint, LimitName, PacketRef};
use crate::ftp::{self, EpsvArgument, HostPort, LineEnd, Verb};
use crate::report::{
    Announcement, Answer, ChannelIndex, Command, CommandIndex, Connector, Negotiated, NegotiatedMode, Origin,
    Party, Prediction,
};
use crate::session::active::{ActiveSession, Channel};
use crate::session::content::{Plan, copy};
use crate::session::control::Occurrence;
use crate::session::event::EventKind;
use crate::session::expectation::Expectation;
use crate::session::flow::DataFlow;
use crate::session::kept;
use crate::session::sessions::SessionId;
use crate::tcp::ConnectionId;

impl Tracker {
    #[inline]
    pub(super) fn act(&mut self, session_id: SessionId, occurrence: Occurrence, packet: PacketRef) {
        match occurrence {
            Occurrence::Confirmed => {
                self.confirm(session_id);
                self.emit(session_id, packet, EventKind::Opened);
            }
            Occurrence::Rejected => {}
            Occurrence::Announced => self.note_announcer(session_id, packet.time),
            // Of most commands and replies nothing follows.
            Occurrence::Command(index) => {
                if self
                    .verb(session_id, index)
                    .is_some_and(|verb| verb.is_negotiation() || verb.is_transfer() || prepares_content(verb))
                {
                    self.on_command(session_id, index);
                }
            }
            Occurrence::Reply { command: Some(index), code } => {
                let Some(verb) = self.verb(session_id, index).filter(|_| code >= 200) else { return };
                if verb.is_negotiation() {
                    self.on_negotiation_reply(session_id, index, code, packet);
                } else if verb.is_transfer() {
                    self.on_transfer_reply(session_id, index, code, packet);
                } else if *verb == Verb::Feat {
                    self.on_features(session_id, index);
                } else if matches!(verb, Verb::User | Verb::Pass | Verb::Acct) && self.is_watched() {
                    self.report_login(session_id, index, code, packet);
                }
            }
            Occurrence::Reply { command: None, code } => self.on_stray_reply(session_id, code, packet),
        }
    }

    fn verb(&self, session_id: SessionId, index: CommandIndex) -> Option<&Verb> {
        let session = self.sessions.get(session_id)?;
        let commands = &session.control.conversation.dialogue.commands;
        Some(&index.of(commands)?.verb)
    }

    // This one and those that few lines come to stand apart: what most lines run through stays short.
    #[inline(never)]
    pub(super) fn confirm(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.confirm(session_id) else { return };
        let (client, server) = (session.client().ip, session.server());
        self.attempts.served(client, server, session.first.time, &self.options.limits);
    }

    /// The server has said what it can do.
    #[cold]
    fn on_features(&mut self, session_id: SessionId, index: CommandIndex) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let command = index.of(&session.control.conversation.dialogue.commands);
        let features = command.and_then(Command::completion).filter(|reply| reply.code == 211);
        session.wants_copies |= features.is_some_and(|reply| ftp::offers_digests(reply.text.raw()));
    }

    #[inline(never)]
    fn on_command(&mut self, session_id: SessionId, index: CommandIndex) {
        self.infer_one_way(session_id);
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let Some(command) = index.of(&session.control.conversation.dialogue.commands) else {
            return;
        };
        let made = PacketRef { time: command.time, frame: command.frame };
        let argument = command.text().map(|text| text.raw().as_bytes());
        let mode = match command.verb {
            Verb::Port => NegotiatedMode::Port,
            Verb::Eprt => NegotiatedMode::Eprt,
            Verb::Lprt => NegotiatedMode::Lprt,
            Verb::Pasv => NegotiatedMode::Pasv,
            Verb::Lpsv => NegotiatedMode::Lpsv,
            Verb::Epsv if ftp::epsv_argument(argument) == EpsvArgument::All => return,
            Verb::Epsv => NegotiatedMode::Epsv,
            Verb::Retr | Verb::Stor | Verb::Stou | Verb::Appe | Verb::List | Verb::Nlst | Verb::Mlsd => {
                session.last_transfer = Some(command.verb.clone());
                session.wants_copies |= command.verb == Verb::Appe;
                if session.last_transfer == Some(Verb::Mlsd) || session.has_mode || session.wants_copies {
                    self.plan_contents(session_id);
                }
                return;
            }
            Verb::Mode => {
                session.has_mode = true;
                return;
            }
            _ => {
                // Parts of files are asked for, or digests.
                session.wants_copies = true;
                return;
            }
        };
        let named = ftp::active_argument(&command.verb, argument);
        let answer =
            if mode.is_active() && named.is_none() { Answer::Malformed } else { Answer::Unanswered(named) };
        let origin = Origin::Negotiated(Negotiated { mode, command: Some(index), answer });
        let Some(channel) = self.add_channel(session_id, Channel::new(origin, made)) else { return };
        if let Some(endpoint) = named {
            self.expect(session_id, channel, endpoint, made);
        }
    }

    /// A transfer command may be given after its data connection was opened, and says how what comes from now
    /// on is sent.
    fn plan_contents(&mut self, session_id: SessionId) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let newest = session.channels.iter().enumerate().rev().take(2);
        let open: Vec<(ConnectionId, ChannelIndex)> = newest
            .filter_map(|(place, channel)| Some((channel.link.open()?, ChannelIndex::from_position(place)?)))
            .collect();
        for (id, channel) in open {
            self.plan_content(session_id, id, channel);
        }
    }

    /// Notes on a data connection how its content is sent and what is wanted of it, unless it is too late.
    pub(super) fn plan_content(&mut self, session_id: SessionId, id: ConnectionId, channel: ChannelIndex) {
        if self.flows.data(id).is_none_or(DataFlow::has_payload) {
            return;
        }
        let Some(session) = self.sessions.get(session_id) else { return };
        let has_mode = session.has_mode;
        let keep_listing = session.last_transfer.as_ref().is_some_and(|verb| {
            // The facts of a machine listing are wanted in any case: they tell sizes.
            *verb == Verb::Mlsd || self.options.listings && verb.is_listing()
        });
        let copy = if session.wants_copies { copy::LARGE } else { copy::USUAL };
        let mut plan =
            Plan { keep_listing, copy: if self.options.hash { copy } else { 0 }, ..Plan::default() };
        if has_mode {
            self.catch_up(session_id);
            let transfer =
                self.sessions.get(session_id).and_then(|session| session.current_transfer(channel));
            if let Some(transfer) = transfer {
                plan.mode = transfer.mode;
                plan.filler = Plan::filler_of(transfer.representation.raw());
                plan.ratio = u32::try_from(self.options.limits.decompression_ratio).unwrap_or(u32::MAX);
            }
        }
        if let Some(data) = self.flows.data_mut(id) {
            data.plan = plan;
        }
    }

    /// The listening endpoint that an advertised one stands for.
    pub(super) fn listener(session: &ActiveSession, active: bool, advertised: HostPort) -> Endpoint {
        let peer = if active { session.client().ip } else { session.server().ip };
        let ip = match advertised.ip {
            None => peer,
            Some(ip) if ip.is_unspecified() => peer,
            Some(IpAddr::V6(ip)) if peer.is_ipv4() => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
            Some(ip) => ip,
        };
        Endpoint::new(ip, advertised.port)
    }

    /// From now on a connection to the advertised endpoint is expected; it may have been captured already.
    pub(super) fn expect(
        &mut self,
        session_id: SessionId,
        channel: ChannelIndex,
        advertised: HostPort,
        made: PacketRef,
    ) {
        let Self { sessions, linker, options, counts, .. } = self;
        let Some(session) = sessions.get_mut(session_id) else { return };
        let (client, server) = (session.client(), session.server());
        let active = session.channel(channel).is_some_and(|channel| channel.origin.is_active());
        let listener = Self::listener(session, active, advertised);
        if active && let Some(channel) = session.channel_mut(channel) {
            let default_port = Endpoint::new(server.ip, server.port.saturating_sub(1));
            channel.predicted_previous = linker.latest_use(default_port, listener);
        }
        let expectation = Expectation {
            session: session_id,
            channel,
            listener,
            listener_peer: if active { client.ip } else { server.ip },
            connector: if active { server.ip } else { client.ip },
            active,
            made,
            superseded: false,
            met: false,
        };
        let deprived = linker.expect(&mut session.expected, expectation.clone(), &options.limits, counts);
        for session_id in deprived {
            sessions.limit(session_id, LimitName::Expectations);
        }
        self.look_back(&expectation);
    }

    #[inline(never)]
    fn on_transfer_reply(
        &mut self,
        session_id: SessionId,
        index: CommandIndex,
        code: u16,
        packet: PacketRef,
    ) {
        if matches!(code, 200..=299) {
            self.infer_under_way(session_id);
            self.infer(session_id, index);
        }
        if self.is_watched() {
            self.transfer_replied(session_id, index, packet);
        }
    }

    #[inline(never)]
    fn on_negotiation_reply(
        &mut self,
        session_id: SessionId,
        index: CommandIndex,
        code: u16,
        packet: PacketRef,
    ) {
        // Looking for the channel takes time: only a reply that decides something is worth it.
        if !matches!(code, 200..=299 | 400..=599) {
            return;
        }
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let commands = &session.control.conversation.dialogue.commands;
        let command = index.of(commands);
        let Some(reply) = command.and_then(|command| command.replies.last()) else { return };
        // Where the line was cut, the port may have been cut too.
        let is_whole = reply.line.end != LineEnd::None;
        let endpoint = ftp::passive_reply(code, reply.text.raw()).filter(|_| is_whole);
        let at = PacketRef { time: reply.time, frame: reply.frame };
        let Some(channel_index) = session.channel_of_command(index) else { return };
        let Some(channel) = session.channel_mut(channel_index) else { return };
        let Origin::Negotiated(negotiated) = &mut channel.origin else { return };
        match (code, negotiated.answer) {
            (200..=299, Answer::Unanswered(Some(named))) => {
                self.accept(session_id, channel_index, named, packet);
            }
            (200..=299, Answer::Unanswered(None)) => match endpoint {
                Some(named) => {
                    self.expect(session_id, channel_index, named, at);
                    self.accept(session_id, channel_index, named, packet);
                }
                None => {
                    negotiated.answer = Answer::Malformed;
                    session.in_force = Some(channel_index);
                }
            },
            (200..=299, _) if negotiated.mode.is_active() => session.in_force = Some(channel_index),
            (400..=599, Answer::Unanswered(named)) => {
                negotiated.answer = Answer::Rejected(named);
                let mode = negotiated.mode;
                if mode.is_active() {
                    self.linker.withdraw(&mut session.expected, channel_index);
                }
                let kind = EventKind::Rejected { channel: channel_index, mode: mode.mode(), code };
                self.emit(session_id, packet, kind);
            }
            _ => {}
        }
    }

    /// A negotiation was accepted: its prediction holds, and earlier ones no longer do.
    pub(super) fn accept(
        &mut self,
        session_id: SessionId,
        index: ChannelIndex,
        advertised: HostPort,
        packet: PacketRef,
    ) {
        let Self { sessions, linker, announced, .. } = self;
        let Some(session) = sessions.get_mut(session_id) else { return };
        let (client, server) = (session.client(), session.server());
        let Some(active) = session.channel(index).map(|channel| channel.origin.is_active()) else { return };
        let listener = Self::listener(session, active, advertised);
        let connector = Connector {
            ip: if active { server.ip } else { client.ip },
            port: if active { server.port.checked_sub(1) } else { None },
        };
        if let Some(Channel { origin: Origin::Negotiated(negotiated), .. }) = session.channel_mut(index) {
            let predicted = Prediction { listener, connector };
            negotiated.answer = Answer::Accepted { advertised, predicted };
        }
        session.in_force = Some(index);
        if !active {
            announced.push(Announcement { client: client.ip, listener, by: Party::Server });
        } else if listener.ip != client.ip {
            announced.push(Announcement { client: client.ip, listener, by: Party::Client });
        }
        linker.supersede(&mut session.expected, index);
        if active && listener.ip != client.ip && listener.ip != server.ip {
            self.note_partner(session_id, index, server, listener);
        }
        if self.is_watched() {
            self.report_expected(session_id, index, packet);
        }
    }

    /// A client's PORT names a third host: a server that announced this endpoint to the same client is the
    /// partner.
    #[cold]
    fn note_partner(&mut self, mine: SessionId, index: ChannelIndex, server: Endpoint, listener: Endpoint) {
        let Some((partner, announced)) = self.linker.announced_partner(mine, server, listener) else {
            return;
        };
        self.call_back(partner);
        let client = |id| self.sessions.get(id).map(|session| session.client().ip);
        if client(mine) != client(partner) {
            return;
        }
        for (session_id, channel, other) in [(mine, index, partner), (partner, announced, mine)] {
            let uid = self.uid_of(other);
            let channel = self.sessions.get_mut(session_id).and_then(|session| session.channel_mut(channel));
            if let Some(channel) = channel.filter(|channel| !channel.is_linked()) {
                channel.peer_session = uid;
            }
        }
    }

    /// A 227, 228 or 229 whose command is not in the capture is a negotiation too.
    #[inline(never)]
    fn on_stray_reply(&mut self, session_id: SessionId, code: u16, packet: PacketRef) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let mode = match code {
            227 => NegotiatedMode::Pasv,
            228 => NegotiatedMode::Lpsv,
            229 => NegotiatedMode::Epsv,
            226 | 250 | 426 => return self.infer_under_way(session_id),
            _ => return,
        };
        let conversation = &session.control.conversation;
        if conversation.gaps.is_empty() && !conversation.dialogue.commands.is_empty() {
            return;
        }
        let Some(reply) = conversation.dialogue.unsolicited.last() else { return };
        let Some(endpoint) = ftp::passive_reply(code, reply.text.raw()) else { return };
        // That nothing asked for it may be known only later.
        let made = PacketRef { time: reply.time, frame: reply.frame };
        let origin = Origin::Negotiated(Negotiated { mode, command: None, answer: Answer::Unanswered(None) });
        if let Some(index) = self.add_channel(session_id, Channel::new(origin, made)) {
            self.expect(session_id, index, endpoint, made);
            self.accept(session_id, index, endpoint, packet);
        }
    }

    pub(super) fn add_channel(&mut self, session_id: SessionId, channel: Channel) -> Option<ChannelIndex> {
        let cap = self.options.limits.channels_per_session;
        let session = self.sessions.get_mut(session_id)?;
        if session.channels.len() >= cap {
            self.limit(session_id, LimitName::Channels);
            return None;
        }
        if !self.keep(session_id, kept::CHANNEL) {
            return None;
        }
        self.sessions.get_mut(session_id)?.add_channel(channel)
    }
}

/// Whether a command says how contents are sent, or what of them will be wanted.
fn prepares_content(verb: &Verb) -> bool {
    matches!(verb, Verb::Mode | Verb::Rest | Verb::Rang) || ftp::digest_request(verb).is_some()
}
