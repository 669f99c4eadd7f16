//! A session as lanes: one for each negotiated listening endpoint, so that reuse of a port shows in one lane.
//! It knows time, not columns: where a bar is drawn is up to whoever draws it.

use std::collections::HashMap;

use super::channels::{Channel, Summary, open_span, short_endpoint};
use super::{letter, mode_name, words};
use crate::base::{Bytes, Endpoint, Timestamp};
use crate::report::{ChannelIndex, ChannelState, DataChannel, Mode, Reply, ReuseKind, Session, Severity};

/// One listening endpoint over time.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// None for negotiations that named no readable endpoint.
    pub(crate) endpoint: Option<Endpoint>,
    /// The letters of its modes, then the endpoint in short.
    pub(crate) label: String,
    /// The mode of its first bar.
    pub(crate) mode: Option<Mode>,
    /// Ascending by their first moment.
    pub(crate) bars: Vec<Bar>,
    /// The worst that came of its channels.
    pub(crate) worst: Option<ChannelState>,
    pub(crate) severity: Option<Severity>,
}

/// One channel in its lane.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) channel: ChannelIndex,
    pub(crate) mode: Option<Mode>,
    pub(crate) state: ChannelState,
    /// From here the endpoint waits.
    pub(crate) announced: Timestamp,
    /// Until here.
    pub(crate) settled: Timestamp,
    /// The connection's first and last packet.
    pub(crate) open: Option<(Timestamp, Timestamp)>,
    pub(crate) time_wait: Option<(Timestamp, Timestamp)>,
    pub(crate) reuse: Option<Reused>,
    /// Text for the bar, the longest first; the first that fits is drawn.
    pub(crate) words: [String; 3],
    /// Text after the bar: the failing reply, RST.
    pub(crate) tail: Option<String>,
    /// The last moment of this bar and all before it in the lane.
    reach: Timestamp,
}

/// How a bar's endpoint was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reused {
    /// The listening endpoint, by another pair, or the pair after TIME_WAIT.
    Listener,
    /// The pair was still in TIME_WAIT.
    PairInTimeWait,
}

impl Bar {
    /// Its first moment.
    pub(crate) fn first(&self) -> Timestamp {
        self.announced
    }

    /// Its last moment.
    pub(crate) fn last(&self) -> Timestamp {
        let busy = self.open.map_or(self.settled, |(_, until)| until);
        self.time_wait.map_or(busy, |(_, until)| until.max(busy))
    }
}

impl Lane {
    /// The bars that touch a window.
    pub(crate) fn bars_between(&self, from: Timestamp, to: Timestamp) -> &[Bar] {
        let begin = self.bars.partition_point(|bar| bar.reach < from);
        let end = self.bars.partition_point(|bar| bar.first() <= to);
        self.bars.get(begin..end.max(begin)).unwrap_or_default()
    }

    /// The first moment of its first bar.
    pub(crate) fn first(&self) -> Timestamp {
        self.bars.first().map_or(Timestamp::MAX, Bar::first)
    }
}

/// The lanes of a session, in order of their first moments.
pub(crate) fn of(session: &Session, summary: &Summary) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut by_endpoint: HashMap<Option<Endpoint>, usize> = HashMap::new();
    for ((index, channel), channel_summary) in
        ChannelIndex::number(&session.data_channels).zip(&summary.channels)
    {
        let at = *by_endpoint.entry(channel_summary.listener).or_insert_with(|| {
            lanes.push(Lane {
                endpoint: channel_summary.listener,
                label: String::new(),
                mode: channel.mode(),
                bars: Vec::new(),
                worst: None,
                severity: None,
            });
            lanes.len() - 1
        });
        if let Some(lane) = lanes.get_mut(at) {
            lane.worst = lane.worst.max(Some(channel_summary.state));
            lane.severity = lane.severity.max(channel_summary.worst);
            lane.bars.push(bar(session, index, channel, channel_summary));
        }
    }
    for lane in &mut lanes {
        lane.bars.sort_by_key(Bar::first);
        let mut reach = Timestamp::MIN;
        for bar in &mut lane.bars {
            reach = reach.max(bar.last());
            bar.reach = reach;
        }
        lane.label = label(session, lane);
    }
    lanes.sort_by_key(Lane::first);
    lanes
}

fn label(session: &Session, lane: &Lane) -> String {
    let mut letters = String::new();
    for bar in &lane.bars {
        let letter = letter(bar.mode);
        if !letters.contains(letter) && letters.len() < 3 {
            letters.push_str(letter);
        }
    }
    match lane.endpoint {
        Some(endpoint) => format!("{letters} {}", short_endpoint(session, endpoint)),
        None => format!("{letters} (no port)"),
    }
}

fn bar(session: &Session, index: ChannelIndex, channel: &DataChannel, channel_summary: &Channel) -> Bar {
    let transfer = channel_summary.transfer.and_then(|index| session.transfer(index));
    let command = transfer.and_then(|transfer| session.command(transfer.command));
    let mode = mode_name(channel.mode());
    let verb = command.map(|command| words::raw_wire(command.verb.name()));
    // Without a connection there is nothing to count.
    let moved = channel_summary.state.is_connected();
    let size = channel.connection().filter(|_| moved).map(|connection| Bytes(connection.bytes()));
    let middle = match &verb {
        Some(verb) => format!("{mode} {verb}"),
        None => mode.to_owned(),
    };
    let long = match &size {
        Some(size) => format!("{middle} {size}"),
        None => middle.clone(),
    };
    let open = open_span(channel);
    Bar {
        channel: index,
        mode: channel.mode(),
        state: channel_summary.state,
        announced: channel_summary.announced,
        settled: channel_summary.settled,
        open,
        time_wait: channel.time_wait().map(|wait| (wait.from, wait.until)),
        reuse: channel.reuse.as_ref().map(|reuse| {
            if reuse.kind == ReuseKind::FourTuple && reuse.in_time_wait {
                Reused::PairInTimeWait
            } else {
                Reused::Listener
            }
        }),
        words: [long, middle, mode.to_owned()],
        tail: tail(channel_summary.state, command.and_then(|command| command.completion())),
        reach: Timestamp::MIN,
    }
}

/// What went wrong: the state where it says more than the transfer's reply, and the code of that reply.
fn tail(state: ChannelState, reply: Option<&Reply>) -> Option<String> {
    let failed = reply.filter(|reply| reply.is_negative()).map(|reply| reply.code.to_string());
    match state {
        ChannelState::Connected => None,
        ChannelState::CutShort | ChannelState::Unused => failed,
        ChannelState::Rejected | ChannelState::Malformed | ChannelState::NoReply => {
            Some(state.phrase().into())
        }
        ChannelState::NeverTried => failed.or_else(|| Some(state.phrase().into())),
        ChannelState::Refused | ChannelState::Unanswered => {
            let phrase = state.phrase();
            Some(failed.map_or_else(|| phrase.into(), |code| format!("{phrase} {code}")))
        }
    }
}
