//! One session, and the questions that several rules ask about it.

use std::net::IpAddr;

use super::Options;
use super::announced::Announced;
use super::draft::excerpt;
use crate::base::{Endpoint, FrameNumber, Text, TimeDelta, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    ChannelIndex, Command, CommandIndex, Connection, DataChannel, FirstClose, Mode, Party, Reply, Session,
    Status, Transfer, TransferIndex,
};

/// A session with what its rules look up again and again.
#[derive(Debug)]
pub(super) struct Case<'a> {
    /// The session.
    pub(super) session: &'a Session,
    /// What to assume.
    pub(super) options: &'a Options,
    /// What servers announced to this and other clients.
    pub(super) announced: &'a Announced,
    /// Time of the latest packet of the capture.
    pub(super) until: Timestamp,
    /// What the capture held of data connections before.
    pub(super) progress: Progress,
    /// Whether PORT named so many different private addresses that the client searches for something.
    pub(super) scans: bool,
    /// Channel and transfer, ordered.
    transfers_by_channel: Vec<(ChannelIndex, TransferIndex)>,
    /// Command and its first channel, ordered.
    channels_by_command: Vec<(CommandIndex, ChannelIndex)>,
}

/// What a capture holds of data connections.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Data connections and attempts at one.
    pub(super) connections: u64,
    /// Transfers that completed without one, those between two servers aside.
    pub(super) completed_without: u64,
    /// When the first of these completed.
    pub(super) first: Option<(Timestamp, FrameNumber)>,
}

impl Progress {
    /// With what a further session adds.
    pub(super) fn with(mut self, session: &Session) -> Self {
        let connections =
            session.data_channels.iter().filter(|channel| channel.connection().is_some()).count();
        self.connections = self.connections.saturating_add(connections as u64);
        // Where a cap took something, that may have been the connection.
        let transfers = if session.limited.is_empty() { session.transfers.as_slice() } else { &[] };
        for transfer in transfers {
            if transfer.status == Status::Complete
                && transfer.bytes.is_none()
                && transfer.peer_session.is_none()
            {
                self.completed_without = self.completed_without.saturating_add(1);
                let reply = session.command(transfer.command).and_then(Command::completion);
                self.first = self.first.or(reply.map(|reply| (reply.time, reply.frame)));
            }
        }
        self
    }

    /// Whether data connections are left out of the capture: transfers completed, and not one was seen.
    pub(super) const fn is_filtered(&self) -> bool {
        self.connections == 0 && self.completed_without > 0
    }
}

/// Whether PORT and its kin name that many private addresses, none of them the client's.
fn scans(session: &Session, many: f64) -> bool {
    let mut different: Vec<IpAddr> = Vec::new();
    for channel in session.data_channels.iter().filter(|channel| channel.is_active()) {
        let Some(ip) = channel.advertised().and_then(|advertised| advertised.ip) else { continue };
        if is_private(ip) && !same(ip, session.client.ip) && !different.contains(&ip) {
            different.push(ip);
            if different.len() as f64 >= many {
                return true;
            }
        }
    }
    false
}

/// A data channel with its index.
pub(super) type Channel<'a> = (ChannelIndex, &'a DataChannel);

impl<'a> Case<'a> {
    /// Opens the case.
    pub(super) fn open(
        session: &'a Session,
        options: &'a Options,
        announced: &'a Announced,
        progress: Progress,
        until: Timestamp,
    ) -> Self {
        let mut transfers_by_channel: Vec<_> = TransferIndex::number(&session.transfers)
            .filter_map(|(index, transfer)| Some((transfer.data_channel?, index)))
            .collect();
        transfers_by_channel.sort_unstable();
        let mut channels_by_command: Vec<_> = ChannelIndex::number(&session.data_channels)
            .filter_map(|(index, channel)| Some((channel.command()?, index)))
            .collect();
        channels_by_command.sort_unstable();
        channels_by_command.dedup_by_key(|&mut (command, _)| command);
        Self {
            session,
            options,
            announced,
            progress: progress.with(session),
            scans: scans(session, options.thresholds.scan),
            until: until.max(session.end),
            transfers_by_channel,
            channels_by_command,
        }
    }

    /// The data channels with their indices.
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel<'a>> + use<'a> {
        ChannelIndex::number(&self.session.data_channels)
    }

    /// The transfers with their indices.
    pub(super) fn transfers(&self) -> impl Iterator<Item = (TransferIndex, &'a Transfer)> + use<'a> {
        TransferIndex::number(&self.session.transfers)
    }

    /// The commands with their indices.
    pub(super) fn commands(&self) -> impl Iterator<Item = (CommandIndex, &'a Command)> + use<'a> {
        CommandIndex::number(&self.session.commands)
    }

    /// The transfers for which a channel was in force.
    pub(super) fn transfers_on(
        &self,
        channel: ChannelIndex,
    ) -> impl Iterator<Item = (TransferIndex, &'a Transfer)> + '_ {
        let from = self.transfers_by_channel.partition_point(|&(of, _)| of < channel);
        self.transfers_by_channel
            .iter()
            .skip(from)
            .take_while(move |&&(of, _)| of == channel)
            .filter_map(|&(_, index)| Some((index, self.session.transfer(index)?)))
    }

    /// The channel that a command negotiated.
    pub(super) fn channel_of(&self, command: CommandIndex) -> Option<ChannelIndex> {
        let at = self.channels_by_command.binary_search_by_key(&command, |&(of, _)| of).ok()?;
        self.channels_by_command.get(at).map(|&(_, channel)| channel)
    }

    /// The command that negotiated a channel.
    pub(super) fn negotiator(&self, channel: &DataChannel) -> Option<&'a Command> {
        self.session.command(channel.command()?)
    }

    /// When a channel was negotiated: the line that names the endpoint, else the connection's first packet.
    pub(super) fn negotiated(&self, channel: &DataChannel) -> (Timestamp, FrameNumber) {
        let command = self.negotiator(channel);
        let reply = command.and_then(Command::completion).filter(|_| !channel.is_active());
        reply
            .map(|reply| (reply.time, reply.frame))
            .or_else(|| command.map(|command| (command.time, command.frame)))
            .or_else(|| channel.connection().map(|it| (it.start, it.frames.first)))
            .unwrap_or((self.session.start, self.session.frames.first))
    }

    /// Frames of a negotiation: the command and its final reply.
    pub(super) fn negotiation_frames(
        &self,
        channel: &DataChannel,
    ) -> impl Iterator<Item = FrameNumber> + use<'a> {
        let command = self.negotiator(channel);
        command
            .map(|command| command.frame)
            .into_iter()
            .chain(command.and_then(Command::completion).map(|reply| reply.frame))
    }

    /// The transfer command.
    pub(super) fn transfer_command(&self, transfer: &Transfer) -> Option<&'a Command> {
        self.session.command(transfer.command)
    }

    /// Whether the capture may lack a command of this verb that was in force at the command at `index`: bytes
    /// of the client are missing since the last one that was captured, or none was and the session had begun before
    /// the capture.
    pub(super) fn may_have_missed(&self, verb: &Verb, index: CommandIndex) -> bool {
        let Some(command) = self.session.command(index) else { return false };
        let before = self.session.commands.get(..index.position()).unwrap_or_default();
        let last =
            before.iter().rev().find(|one| one.verb == *verb).map_or(FrameNumber::NONE, |one| one.frame);
        let mut gaps = self.session.gaps.iter();
        let is_from_before = !self.session.handshake && last == FrameNumber::NONE;
        is_from_before
            || gaps.any(|gap| gap.from == Party::Client && gap.frame > last && gap.frame <= command.frame)
    }

    /// The final reply to a transfer command.
    pub(super) fn final_reply(&self, transfer: &Transfer) -> Option<&'a Reply> {
        self.transfer_command(transfer)?.completion()
    }

    /// `RETR /pub/a.bin`, as far as the name is known.
    pub(super) fn name(&self, transfer: &Transfer) -> String {
        let command = self.transfer_command(transfer);
        let verb = command.map_or("The transfer".into(), |command| excerpt(command.verb.name()));
        match self.session.name_of(transfer) {
            Some(path) => [&*verb, " ", &*excerpt(path.raw())].concat(),
            None => verb.into_owned(),
        }
    }

    /// The data connection that a transfer ran on.
    pub(super) fn connection(&self, transfer: &Transfer) -> Option<&'a Connection> {
        self.session.data_channel(transfer.data_channel?)?.connection()
    }

    /// When the client turned to something else after a channel's negotiation: the next one, QUIT, or the
    /// end.
    pub(super) fn moved_on(&self, channel: &DataChannel) -> Option<Timestamp> {
        let number = channel.command()?;
        let later = self.session.commands.iter().skip(number.position().saturating_add(1));
        let turned = later.clone().find(|command| {
            matches!(
                command.verb,
                Verb::Port | Verb::Pasv | Verb::Eprt | Verb::Epsv | Verb::Lprt | Verb::Lpsv | Verb::Quit
            )
        });
        let closed = self.session.closed_by.map(|_| self.session.end);
        turned.map(|command| command.time).or(closed)
    }

    /// Whether replies may be missing because the capture lacks them.
    pub(super) fn replies_may_be_lost(&self) -> bool {
        let unread = self.session.tls_details.as_ref().is_some_and(|details| details.obstacle.is_some());
        unread || self.session.gaps.iter().any(|gap| gap.from == Party::Server)
    }

    /// Whether any reply of the server is in the capture: without one, the other direction was not captured
    /// at all.
    pub(super) fn server_was_heard(&self) -> bool {
        !self.session.greeting.is_empty()
            || !self.session.unsolicited.is_empty()
            || self.session.commands.iter().any(|command| !command.replies.is_empty())
    }

    /// Whether the control connection is under TLS and was not read.
    pub(super) fn is_unread(&self) -> bool {
        self.session.tls_details.as_ref().is_some_and(|details| !details.decrypted)
    }

    /// The control peer that a channel's negotiation speaks for: the one that listens.
    pub(super) const fn listening_peer(&self, channel: &DataChannel) -> Endpoint {
        if channel.is_active() { self.session.client } else { self.session.server }
    }

    /// The control peer that is to connect.
    pub(super) const fn connecting_peer(&self, channel: &DataChannel) -> Endpoint {
        if channel.is_active() { self.session.server } else { self.session.client }
    }

    /// How much of the capture followed a moment.
    pub(super) fn time_after(&self, moment: Timestamp) -> TimeDelta {
        self.until.elapsed_since(moment)
    }
}

/// A command's argument; empty where there is none or it is secret.
pub(super) fn argument(command: &Command) -> &str {
    command.text().map_or("", Text::raw)
}

/// Whether a command was answered by a 2yz.
pub(super) fn succeeded(command: &Command) -> bool {
    command.completion().is_some_and(Reply::is_completion)
}

/// Whether a command was answered by a 4yz or 5yz.
pub(super) fn failed(command: &Command) -> bool {
    command.completion().is_some_and(Reply::is_negative)
}

/// Whether the last command is one of these.
pub(super) fn ended_with(session: &Session, verbs: &[Verb]) -> bool {
    session.commands.last().is_some_and(|command| verbs.contains(&command.verb))
}

/// What the listening side is called.
pub(super) const fn listening_side(channel: &DataChannel) -> &'static str {
    if channel.is_active() { "client" } else { "server" }
}

/// What the connecting side is called.
pub(super) const fn connecting_side(channel: &DataChannel) -> &'static str {
    if channel.is_active() { "server" } else { "client" }
}

/// Where the endpoint of a channel was announced, or the endpoints of several like it.
pub(super) fn announcement(channel: &DataChannel, count: u64) -> String {
    let replies = |code: u16| {
        if count > 1 {
            format!("announced in {code} replies")
        } else {
            format!("announced in the {code} reply")
        }
    };
    match channel.mode() {
        Some(Mode::Pasv) => replies(227),
        Some(Mode::Epsv) => replies(229),
        Some(Mode::Lpsv) => replies(228),
        Some(mode @ (Mode::Port | Mode::Eprt | Mode::Lprt)) => format!("announced by {mode}"),
        Some(Mode::Default) => "on the default ports".to_owned(),
        None => "negotiated under TLS".to_owned(),
    }
}

/// Which party closed a data connection first.
pub(super) fn first_closer(channel: &DataChannel, connection: &Connection) -> Option<Party> {
    let (originator, responder) =
        if channel.is_active() { (Party::Server, Party::Client) } else { (Party::Client, Party::Server) };
    match connection.first_close? {
        FirstClose::Originator => Some(originator),
        FirstClose::Responder => Some(responder),
        FirstClose::Both => None,
    }
}

/// The name of a channel's mode.
pub(super) const fn mode_name(channel: &DataChannel) -> &'static str {
    match channel.mode() {
        Some(mode) => mode.name(),
        None => "an unseen negotiation",
    }
}

/// Whether the negotiation was accepted and no packet of a data connection was seen.
pub(super) fn accepted_but_unused(channel: &DataChannel) -> bool {
    channel.predicted().is_some() && channel.attempt.is_none()
}

/// The same address, an IPv4-mapped one being the IPv4 address that it carries.
pub(super) fn same(one: IpAddr, other: IpAddr) -> bool {
    one.to_canonical() == other.to_canonical()
}

/// Whether both addresses are in the same /24, or /64 of IPv6.
pub(super) fn same_network(one: IpAddr, other: IpAddr) -> bool {
    match (one.to_canonical(), other.to_canonical()) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets().iter().take(3).eq(other.octets().iter().take(3)),
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            one.segments().iter().take(4).eq(other.segments().iter().take(4))
        }
        _ => false,
    }
}

/// Whether an address means something on its own host or link only.
pub(super) fn is_loopback_or_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

/// Whether both addresses are of the same family.
pub(super) fn same_family(one: IpAddr, other: IpAddr) -> bool {
    one.to_canonical().is_ipv4() == other.to_canonical().is_ipv4()
}

/// Whether an address means nothing to the wide Internet: RFC 1918, 6598, 3927, 4193, link-local and
/// loopback. Documentation ranges count as public.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || v4.is_loopback() || (a == 100 && (64..=127).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

/// Whether an address can be one host's on the wide Internet.
pub(super) fn is_public(ip: IpAddr) -> bool {
    !is_private(ip) && !ip.is_unspecified() && !ip.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_ranges_are_private_up_to_their_edges_and_documentation_ranges_are_public() {
        for (ip, private) in [
            ("10.0.0.1", true),
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.1.1", true),
            ("100.63.255.255", false),
            ("100.64.0.0", true),
            ("100.127.255.255", true),
            ("100.128.0.0", false),
            ("169.254.7.7", true),
            ("127.0.0.1", true),
            ("192.0.2.1", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::1", true),
            ("2001:db8::1", false),
            ("::ffff:10.0.0.1", true),
            ("::ffff:192.0.2.1", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), private, "{ip}");
        }
        assert!(!is_public("0.0.0.0".parse().unwrap()));
    }
}
