//! Which transfer takes which data channel.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Effect;
use crate::base::{FrameNumber, NumberMap};
use crate::report::{
    ChannelIndex, Command, CommandIndex, Connection, DataChannel, Listing, Negotiation, Origin,
};
use crate::session::active::Channel;

/// How many negotiations back a connection may belong to that came late.
const LATE: usize = 64;

/// A session's data channels, with what is known of their connections.
#[derive(Clone, Copy)]
pub(in crate::session) struct Channels<'a> {
    facts: &'a [Channel],
    /// As they are reported, once that is settled.
    reported: Option<&'a [DataChannel]>,
}

impl<'a> Channels<'a> {
    /// As they are now.
    pub(in crate::session) const fn under_way(facts: &'a [Channel]) -> Self {
        Self { facts, reported: None }
    }

    /// With all that will be known of them.
    pub(in crate::session) const fn reported(facts: &'a [Channel], reported: &'a [DataChannel]) -> Self {
        Self { facts, reported: Some(reported) }
    }

    /// Whether no more will be known of them.
    pub(super) const fn are_final(self) -> bool {
        self.reported.is_some()
    }

    pub(super) fn get(self, channel: ChannelIndex) -> Option<&'a Channel> {
        channel.of(self.facts)
    }

    /// The connection of a channel, where its facts are known.
    pub(super) fn connection(self, channel: ChannelIndex) -> Option<&'a Connection> {
        match self.reported {
            Some(reported) => channel.of(reported)?.connection(),
            None => self.get(channel)?.link.ended(),
        }
    }

    pub(super) fn has_connection(self, channel: ChannelIndex) -> bool {
        match self.reported {
            Some(_) => self.connection(channel).is_some(),
            None => self.get(channel).is_some_and(Channel::is_linked),
        }
    }

    /// Whether a transfer that begins with the negotiation `in_force` may take this channel: the
    /// negotiation's own, or one of a further connection on it, or without any negotiation one by default
    /// ports.
    pub(super) fn may_take(self, in_force: Option<ChannelIndex>, channel: ChannelIndex) -> bool {
        let Some(in_force) = in_force else {
            return self.get(channel).is_some_and(|channel| channel.origin == Origin::DefaultPorts);
        };
        let command = |channel| self.get(channel).and_then(|channel: &Channel| channel.origin.command());
        in_force == channel || command(channel).is_some() && command(channel) == command(in_force)
    }

    /// Whether a channel's connection is there and not over yet.
    pub(super) fn is_open(self, channel: ChannelIndex) -> bool {
        self.reported.is_none() && self.get(channel).is_some_and(|channel| channel.link.open().is_some())
    }

    /// The first frame of a channel's connection.
    fn first_frame(self, channel: ChannelIndex) -> Option<FrameNumber> {
        match self.reported {
            Some(_) => Some(self.connection(channel)?.frames.first),
            None => self.get(channel)?.link.first_frame(),
        }
    }

    /// The listing that a channel carried.
    pub(super) fn listing(self, channel: ChannelIndex) -> Option<&'a Arc<Listing>> {
        self.get(channel)?.listing.as_ref()
    }
}

/// Which channels transfers have taken, and which are still to be had.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Assignment {
    /// The channels of each negotiating command: the negotiation's own, then those of further connections.
    by_command: NumberMap<CommandIndex, VecDeque<ChannelIndex>>,
    /// Channels that no command negotiated: connections by default ports.
    by_default: VecDeque<ChannelIndex>,
    /// Channels of negotiations of which only the reply was captured, that no command came after yet.
    uncommanded: VecDeque<ChannelIndex>,
    /// Channels whose negotiation was not captured at all: a transfer's, by when their connections were
    /// there.
    unseen: VecDeque<ChannelIndex>,
    /// The frame after the last gap in what the client said: all others lie before it.
    lost_command: Option<FrameNumber>,
    /// For each channel whether a transfer has used it. As many are in the lists above, or were.
    used: Vec<bool>,
}

impl Assignment {
    /// Takes note of channels that are new.
    pub(super) fn learn(&mut self, channels: Channels<'_>) {
        let new = channels.facts.get(self.used.len()..).unwrap_or_default();
        self.by_command.reserve(new.len());
        for channel in new {
            let Some(index) = ChannelIndex::from_position(self.used.len()) else { return };
            match channel.origin {
                Origin::DefaultPorts => self.by_default.push_back(index),
                Origin::Unseen { .. } => self.unseen.push_back(index),
                Origin::Negotiated(negotiated) => match negotiated.command {
                    Some(command) => self.by_command.entry(command).or_default().push_back(index),
                    None => self.uncommanded.push_back(index),
                },
            }
            self.used.push(false);
        }
    }

    /// Commands may be missing before this frame.
    pub(super) fn note_gap(&mut self, frame: FrameNumber) {
        self.lost_command = self.lost_command.max(Some(frame));
    }

    /// The newest negotiation before a command's frame of which only the reply was captured, if there is one
    /// since the last command.
    pub(super) fn uncommanded_before(
        &mut self,
        frame: FrameNumber,
        channels: Channels<'_>,
    ) -> Option<ChannelIndex> {
        let is_earlier =
            |channel: ChannelIndex| channels.get(channel).is_some_and(|channel| channel.made.frame < frame);
        let mut newest = None;
        while let Some(&channel) = self.uncommanded.front().filter(|&&channel| is_earlier(channel)) {
            self.uncommanded.pop_front();
            newest = Some(channel);
        }
        newest
    }

    /// The channel that the command at `index` negotiated, and what came of that.
    pub(super) fn negotiated_by(
        &self,
        index: CommandIndex,
        channels: Channels<'_>,
    ) -> Option<(ChannelIndex, Option<Negotiation>)> {
        let channel = *self.by_command.get(&index)?.front()?;
        Some((channel, channels.get(channel)?.origin.negotiation()))
    }

    fn is_unused(&self, channel: ChannelIndex) -> bool {
        channel.of(&self.used).is_some_and(|used| !used)
    }

    /// The channel of a transfer that begins with the negotiation `in_force`.
    ///
    /// That is the negotiation's own; where it has had its transfer, that of a further connection on it;
    /// where it has no connection, an earlier negotiation's that came late; without any negotiation, the next
    /// one by default ports; and where the negotiation was not captured, the one that was there when the
    /// transfer was completed.
    pub(super) fn pick(
        &self,
        in_force: Option<ChannelIndex>,
        command: &Command,
        effect: Effect,
        channels: Channels<'_>,
    ) -> Option<ChannelIndex> {
        let Some(in_force) = in_force else {
            let by_default = self.by_default.iter().copied().find(|&channel| self.is_unused(channel));
            return by_default.or_else(|| self.unseen_at(command, channels));
        };
        let negotiated = channels.get(in_force)?;
        let on_it = negotiated.origin.command().and_then(|command| self.by_command.get(&command));
        let further = on_it
            .into_iter()
            .flatten()
            .copied()
            .filter(|&channel| channels.has_connection(channel) && self.is_unused(channel))
            .find(|&channel| !self.is_too_early(channel, command, channels));
        if further.is_some() {
            return further;
        }
        if !channels.has_connection(in_force) && effect != Effect::Refused {
            let late = self.late(in_force, negotiated, channels);
            if late.is_some() {
                return late;
            }
        }
        let is_spent = !self.is_unused(in_force) || self.is_too_early(in_force, command, channels);
        let is_over = channels.connection(in_force).is_some_and(|it| it.frames.last < command.frame);
        if !is_spent || !is_over {
            return Some(in_force);
        }
        // That connection was over by then: the negotiation of this transfer was not captured.
        self.unseen_at(command, channels)
    }

    /// Whether a channel's connection had moved something and was over before a command was given, and an
    /// earlier command that it may have served is in a gap. Without one it was captured early.
    fn is_too_early(&self, channel: ChannelIndex, command: &Command, channels: Channels<'_>) -> bool {
        channels.connection(channel).is_some_and(|it| {
            let moved = it.from_originator.bytes > 0 || it.from_responder.bytes > 0;
            moved && it.frames.last < command.frame && self.lost_command > Some(it.frames.first)
        })
    }

    /// A channel whose negotiation was not captured, and whose connection was there between a transfer's
    /// command and its completion.
    fn unseen_at(&self, command: &Command, channels: Channels<'_>) -> Option<ChannelIndex> {
        let completed = command.completion()?.frame;
        self.unseen.iter().copied().find(|&channel| {
            let begun = channels.first_frame(channel).is_some_and(|first| first < completed);
            let is_over = channels.connection(channel).is_some_and(|it| it.frames.last < command.frame);
            begun && !is_over && self.is_unused(channel)
        })
    }

    /// The newest of the earlier negotiations whose connection began only after that of `in_force` was made.
    fn late(
        &self,
        in_force: ChannelIndex,
        negotiated: &Channel,
        channels: Channels<'_>,
    ) -> Option<ChannelIndex> {
        let made = negotiated.made.frame;
        (0..=in_force.0).rev().map(ChannelIndex).take(LATE).find(|&channel| {
            let is_late = channels.first_frame(channel).is_some_and(|first| first > made);
            let command = channels.get(channel).and_then(|channel| channel.origin.command());
            is_late && command.is_some() && command < negotiated.origin.command() && self.is_unused(channel)
        })
    }

    /// A transfer has used this channel: it is looked for no more. Returns whether it is the first one that
    /// has.
    pub(super) fn use_up(&mut self, channel: ChannelIndex, channels: Channels<'_>) -> bool {
        let Some(used) = channel.of_mut(&mut self.used) else { return false };
        let is_first = !std::mem::replace(used, true);
        let Self { used, by_command, by_default, unseen, .. } = self;
        let command = channels.get(channel).and_then(|channel| channel.origin.command());
        let of_command = command.and_then(|command| by_command.get_mut(&command));
        for waiting in of_command.into_iter().chain([by_default, unseen]) {
            // A further connection is found only where the negotiation's own was, or was given up for good.
            let is_spent = |channel: ChannelIndex| {
                channel.of(used).is_none_or(|&used| used)
                    || channels.are_final() && !channels.has_connection(channel)
            };
            while waiting.front().is_some_and(|&channel| is_spent(channel)) {
                waiting.pop_front();
            }
        }
        is_first
    }
}
