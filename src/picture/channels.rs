//! The state and times of each data channel of a session, and which command belongs to which channel: what
//! lists, timelines, ladders and views of ports all need.

use crate::base::{Endpoint, Timestamp};
use crate::report::{
    ChannelIndex, ChannelState, CommandIndex, Connection, DataChannel, Mode, Party, Reply, Session, Severity,
    Status, TransferIndex, Verdict,
};

/// One data channel.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) state: ChannelState,
    /// The worst finding about it, or about its transfer.
    pub(crate) worst: Option<Severity>,
    /// Index of its first transfer.
    pub(crate) transfer: Option<TransferIndex>,
    /// When the endpoint became known: at the reply that settles the negotiation.
    pub(crate) announced: Timestamp,
    /// When the listener stopped waiting: at the first SYN, a failing reply, the next negotiation or the
    /// session's end.
    pub(crate) settled: Timestamp,
    /// The endpoint that was expected to receive the SYN.
    pub(crate) listener: Option<Endpoint>,
}

/// The data channels of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) channels: Vec<Channel>,
    /// The channel that each command negotiates or uses.
    by_command: Vec<Option<ChannelIndex>>,
}

impl Summary {
    pub(crate) fn of(session: &Session) -> Self {
        let mut by_command = vec![None; session.commands.len()];
        for transfer in &session.transfers {
            if let Some(channel) = transfer.data_channel {
                assign(&mut by_command, transfer.command, channel);
            }
        }
        for (index, channel) in ChannelIndex::number(&session.data_channels) {
            if let Some(command) = channel.command() {
                assign(&mut by_command, command, index);
            }
        }
        let channels = session.data_channels.iter().zip(session.verdicts()).zip(next_negotiations(session));
        let channels =
            channels.map(|((channel, verdict), next)| summarize(session, channel, verdict, next)).collect();
        Self { channels, by_command }
    }

    pub(crate) fn channel(&self, index: ChannelIndex) -> Option<&Channel> {
        index.of(&self.channels)
    }

    /// The channel that a command negotiates or uses.
    pub(crate) fn channel_of_command(&self, command: CommandIndex) -> Option<ChannelIndex> {
        command.of(&self.by_command).copied().flatten()
    }
}

/// Sets a slot unless it is set already: the first one counts.
fn assign(slots: &mut [Option<ChannelIndex>], at: CommandIndex, value: ChannelIndex) {
    if let Some(slot) = at.of_mut(slots) {
        slot.get_or_insert(value);
    }
}

/// For each channel, when the next negotiation replaced it.
fn next_negotiations(session: &Session) -> Vec<Timestamp> {
    let mut next = vec![session.end; session.data_channels.len()];
    let mut upcoming = session.end;
    let mut upcoming_command = None;
    for (slot, channel) in next.iter_mut().zip(&session.data_channels).rev() {
        *slot = upcoming;
        if channel.command() != upcoming_command {
            upcoming_command = channel.command();
            if let Some(command) = channel.command().and_then(|index| session.command(index)) {
                // A further connection on the same negotiation replaces nothing.
                upcoming = command.time;
            }
        }
    }
    next
}

fn summarize(session: &Session, channel: &DataChannel, verdict: Verdict, next: Timestamp) -> Channel {
    let Verdict { state, worst, transfer } = verdict;
    let used_by = transfer.and_then(|index| session.transfer(index));
    let announced = announced(session, channel);
    let last_reply = used_by
        .filter(|transfer| transfer.status != Status::Complete)
        .and_then(|transfer| session.command(transfer.command)?.completion())
        .map(|reply| reply.time);
    let settled = match (channel.connection(), last_reply) {
        (Some(connection), _) => connection.start,
        (None, Some(time)) => time.min(next.max(announced)),
        (None, None) => next,
    };
    Channel {
        state,
        worst,
        transfer,
        announced,
        settled: settled.max(announced),
        listener: channel.listener(),
    }
}

fn announced(session: &Session, channel: &DataChannel) -> Timestamp {
    let command = channel.command().and_then(|index| session.command(index));
    let settled = command.map(|command| command.completion().map_or(command.time, |reply| reply.time));
    let connected = channel.connection().map(|connection| connection.start);
    match (settled, connected) {
        // The SYN may have been captured before the reply that announces its endpoint.
        (Some(settled), Some(connected)) => settled.min(connected),
        (Some(time), None) | (None, Some(time)) => time,
        (None, None) => session.start,
    }
}

/// The reply that settled a channel's negotiation.
pub(crate) fn settling_reply<'a>(session: &'a Session, channel: &DataChannel) -> Option<&'a Reply> {
    channel.command().and_then(|index| session.command(index)?.completion())
}

/// An endpoint in short: the side that listens there and the port, or the whole of a third party's.
pub(crate) fn short_endpoint(session: &Session, endpoint: Endpoint) -> String {
    if endpoint.ip == session.client.ip && endpoint.ip == session.server.ip {
        format!(":{}", endpoint.port)
    } else if endpoint.ip == session.client.ip {
        format!("cli:{}", endpoint.port)
    } else if endpoint.ip == session.server.ip {
        format!("srv:{}", endpoint.port)
    } else {
        endpoint.to_string()
    }
}

/// Which party an endpoint of a data connection belongs to.
pub(crate) fn party_of(channel: &DataChannel, originator: bool) -> Party {
    if channel.is_active() == originator { Party::Server } else { Party::Client }
}

/// The number of data channels of each mode that a session used, passive modes first.
pub(crate) fn mode_counts(session: &Session) -> Vec<(Option<Mode>, u32)> {
    let mut counts: Vec<(Option<Mode>, u32)> = Vec::new();
    for channel in &session.data_channels {
        match counts.iter_mut().find(|(mode, _)| *mode == channel.mode()) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((channel.mode(), 1)),
        }
    }
    counts.sort_by_key(|(mode, _)| (mode.is_none(), mode.map(|mode| !mode.is_active()), *mode));
    counts
}

/// From the first to the last packet of a channel's connection, if there was one.
pub(crate) fn open_span(channel: &DataChannel) -> Option<(Timestamp, Timestamp)> {
    let connection = channel.connection()?;
    Some(extents(connection))
}

/// The first and the last packet of a connection.
pub(crate) fn extents(connection: &Connection) -> (Timestamp, Timestamp) {
    (connection.start, connection.end.max(connection.start))
}
