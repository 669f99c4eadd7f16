//! From a session's facts to its report.

use super::active::{ActiveSession, Channel, Link};
use super::history::{EndpointUse, EndpointUseId, History};
use super::options::Options;
use super::state::Budget;
use super::{inferred, kept, ports};
use crate::base::{Endpoint, TimeDelta, Timestamp};
use crate::ftp::Party;
use crate::report::{
    Attempt, AttemptResult, Connection, DataChannel, EndState, FirstClose, FrameSpan, Holder, MatchedBy,
    Previous, Reuse, ReuseKind, ReuseOutcome, Session, TimeWait,
};
use crate::tcp::{ConnectionId, Side};

/// A data connection, and how it was matched to its channel.
type Linked = (MatchedBy, Box<Connection>);

/// The report of a session under way; `describe` gives the facts of a data connection that is still open.
pub(super) fn session(
    facts: &ActiveSession,
    history: &History,
    options: &Options,
    describe: &mut dyn FnMut(ConnectionId) -> Option<Box<Connection>>,
) -> Session {
    let connections: Vec<Option<Linked>> = facts
        .channels
        .iter()
        .map(|channel| match &channel.link {
            Link::None => None,
            Link::Open(id, _, matched_by) => Some((*matched_by, describe(*id)?)),
            Link::Ended(connection, heads, matched_by) => Some((*matched_by, heads.completed(connection))),
        })
        .collect();
    let described = connections.iter().map(|linked| linked.as_ref().map(|(_, connection)| &**connection));
    let reuses = reuses(facts, described, history, options);
    let mut session = frame(facts, connections, reuses, Assumptions::of(options));
    let conversation = &facts.control.conversation;
    session.greeting.clone_from(&conversation.dialogue.greeting);
    session.unsolicited.clone_from(&conversation.dialogue.unsolicited);
    session.commands.clone_from(&conversation.dialogue.commands);
    session.gaps.clone_from(&conversation.gaps);
    session.oversized.clone_from(&conversation.oversized);
    let budget = Budget::of(options, kept::derived(facts.control.weight()));
    facts.state.clone().conclude(&mut session, &facts.channels, budget);
    inferred::add(&mut session, facts);
    session.port_allocation = ports::allocation(&session.data_channels);
    session
}

/// A session that is over: the facts, but not yet what follows from them. That takes time, and can be done
/// elsewhere.
pub struct FinishedSession {
    facts: Box<ActiveSession>,
    /// What was on its data channels' endpoints before, as far as that matters.
    reuses: Vec<Option<Reuse>>,
    assumptions: Assumptions,
    budget: Budget,
}

/// What a report assumes of the world.
#[derive(Clone, Copy)]
struct Assumptions {
    /// 2·MSL, in nanoseconds.
    time_wait: TimeDelta,
    /// Whether a key log was given.
    has_keys: bool,
}

impl Assumptions {
    fn of(options: &Options) -> Self {
        Self { time_wait: options.time_wait, has_keys: options.key_log.is_given() }
    }
}

impl FinishedSession {
    /// A session that has left the tracker, of which paths may take so many bytes of memory more than is
    /// usual.
    pub(super) fn new(facts: Box<ActiveSession>, history: &History, options: &Options, paths: usize) -> Self {
        let connections = facts.channels.iter().map(|channel| channel.link.ended());
        let reuses = reuses(&facts, connections, history, options);
        Self { facts, reuses, assumptions: Assumptions::of(options), budget: Budget::of(options, paths) }
    }

    /// Works out the report: kinds of content, login, paths, transfers.
    pub fn report(self) -> Box<Session> {
        let Self { mut facts, reuses, assumptions, budget } = self;
        let connections = facts
            .channels
            .iter_mut()
            .map(|channel| match std::mem::replace(&mut channel.link, Link::None) {
                Link::None | Link::Open(..) => None,
                Link::Ended(mut connection, heads, matched_by) => {
                    heads.complete(&mut connection);
                    Some((matched_by, connection))
                }
            })
            .collect();
        let mut session = Box::new(frame(&facts, connections, reuses, assumptions));
        let conversation = &mut facts.control.conversation;
        session.greeting = std::mem::take(&mut conversation.dialogue.greeting);
        session.unsolicited = std::mem::take(&mut conversation.dialogue.unsolicited);
        session.commands = std::mem::take(&mut conversation.dialogue.commands);
        session.gaps = std::mem::take(&mut conversation.gaps);
        session.oversized = std::mem::take(&mut conversation.oversized);
        std::mem::take(&mut facts.state).conclude(&mut session, &facts.channels, budget);
        inferred::add(&mut session, &facts);
        session.port_allocation = ports::allocation(&session.data_channels);
        session
    }
}

impl std::fmt::Debug for FinishedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FinishedSession").field("uid", &self.facts.uid).finish_non_exhaustive()
    }
}

/// All of a report but the dialogue and what follows from it.
fn frame(
    facts: &ActiveSession,
    connections: Vec<Option<Linked>>,
    reuses: Vec<Option<Reuse>>,
    Assumptions { time_wait, has_keys }: Assumptions,
) -> Session {
    let channels: Vec<DataChannel> = facts
        .channels
        .iter()
        .zip(connections)
        .zip(reuses.into_iter().chain(std::iter::repeat_with(|| None)))
        .map(|((channel, connection), reuse)| data_channel(channel, connection, reuse, time_wait))
        .collect();
    let (end_state, closed_by) = facts.ended.map_or((EndState::Open, None), |ended| (ended.state, ended.by));
    let party = |side: Side| {
        if facts.control.client_side() == Some(side) { Party::Client } else { Party::Server }
    };
    let frames = FrameSpan { first: facts.first.frame, last: facts.last.frame };
    Session {
        end: facts.last.time,
        handshake: facts.handshake,
        end_state,
        closed_by: closed_by.map(party),
        closed_at: facts.ended.and_then(|ended| ended.at),
        others_open: facts.others_open,
        twin: facts.half.twin().map(|twin| twin.uid.clone()),
        security: facts.control.conversation.security,
        tls_details: facts.control.tls_details(has_keys, end_state != EndState::Open),
        icmp: facts.icmp.clone(),
        lookups: facts.lookups.as_deref().map_or_else(Vec::new, |known| known.to_vec()),
        rtt_s: facts.rtt,
        traffic: facts.traffic,
        trouble: facts.trouble.clone(),
        data_channels: channels,
        limited: facts.limited,
        ..Session::begun(facts.uid.clone(), (facts.client(), facts.server()), (facts.first.time, frames))
    }
}

fn data_channel(
    channel: &Channel,
    connection: Option<Linked>,
    reuse: Option<Reuse>,
    linger: TimeDelta,
) -> DataChannel {
    let attempt = connection.map(|(matched_by, connection)| Attempt {
        matched_by,
        result: result(channel, matched_by, &connection, linger),
        connection,
    });
    DataChannel {
        origin: channel.origin,
        attempt,
        reuse,
        peer_session: channel.peer_session.clone(),
        inferred_transfer: None,
        other_attempts: channel.rejected.clone(),
    }
}

fn result(
    channel: &Channel,
    matched_by: MatchedBy,
    connection: &Connection,
    linger: TimeDelta,
) -> AttemptResult {
    if connection.established.is_some() || !connection.handshake {
        AttemptResult::Connected { time_wait: time_wait(channel, matched_by, connection, linger) }
    } else if connection.is_refused() {
        AttemptResult::Refused
    } else {
        AttemptResult::Unanswered
    }
}

/// Who holds the pair: whoever sent the first FIN (RFC 9293 section 3.6.1). A reset leaves nothing to hold.
fn time_wait(
    channel: &Channel,
    matched_by: MatchedBy,
    connection: &Connection,
    linger: TimeDelta,
) -> Option<TimeWait> {
    let from = connection.closed.filter(|_| connection.end_state == EndState::Fin)?;
    let (originator, responder) = match (channel.origin.is_active(), matched_by, &channel.peer_session) {
        (false, MatchedBy::ThirdParty, _) => (Holder::Partner, Holder::Server),
        (true, _, Some(_)) => (Holder::Server, Holder::Partner),
        (true, _, None) => (Holder::Server, Holder::Client),
        (false, _, _) => (Holder::Client, Holder::Server),
    };
    let holder = match connection.first_close? {
        FirstClose::Originator => originator,
        FirstClose::Responder => responder,
        FirstClose::Both => Holder::Both,
    };
    Some(TimeWait { holder, from, until: from.plus(linger) })
}

/// What was on the endpoints of a session's data channels before, as far as that matters; of those behind the
/// last in the list nothing was. `connections` are those of the channels.
fn reuses<'a>(
    facts: &ActiveSession,
    connections: impl Iterator<Item = Option<&'a Connection>>,
    history: &History,
    options: &Options,
) -> Vec<Option<Reuse>> {
    let is_first = |channel: &Channel| channel.previous.is_none() && channel.predicted_previous.is_none();
    if facts.channels.iter().all(is_first) {
        return Vec::new();
    }
    let channels = facts.channels.iter().zip(connections);
    channels.map(|(channel, connection)| reuse(channel, connection, history, options)).collect()
}

fn reuse(
    channel: &Channel,
    connection: Option<&Connection>,
    history: &History,
    options: &Options,
) -> Option<Reuse> {
    let Some(connection) = connection else { return reuse_without_attempt(channel, history, options) };
    let (_, id) = channel.previous?;
    let previous = made_use(history, id)?;
    let (connector, listener) = ends(connection);
    let same_pair = previous.connector == connector && previous.listener == listener;
    Some(Reuse {
        kind: if same_pair { ReuseKind::FourTuple } else { ReuseKind::Listener },
        previous: Previous { session: previous.session.clone(), data_channel: previous.channel },
        gap: gap(previous, connection.start),
        in_time_wait: is_in_time_wait(previous, connection.start, options),
        outcome: reuse_outcome(connection),
    })
}

fn ends(connection: &Connection) -> (Endpoint, Endpoint) {
    (connection.originator, connection.responder)
}

/// The latest earlier use that came about: an attempt that failed used nothing.
fn made_use(history: &History, id: EndpointUseId) -> Option<&EndpointUse> {
    let mut one = history.get(id)?;
    while !one.made {
        one = history.get(one.before?)?;
    }
    Some(one)
}

fn is_in_time_wait(previous: &EndpointUse, now: Timestamp, options: &Options) -> bool {
    previous.time_wait_from.is_some_and(|from| from <= now && now < from.plus(options.time_wait))
}

/// How long ago the last packet of the earlier connection was; none where it was still open. Once both sides
/// had closed, what came of it later keeps nothing open.
fn gap(previous: &EndpointUse, now: Timestamp) -> Option<TimeDelta> {
    let gap = now.since(previous.last);
    match previous.time_wait_from {
        Some(from) if from <= now => Some(gap.max(TimeDelta::ZERO)),
        Some(_) | None => Some(gap).filter(|gap| *gap >= TimeDelta::ZERO),
    }
}

fn reuse_outcome(connection: &Connection) -> ReuseOutcome {
    if connection.is_refused() {
        ReuseOutcome::Refused
    } else if connection.challenge_frame.is_some() {
        ReuseOutcome::Challenged
    } else if connection.syn_attempts > 1 || connection.established.is_none() && connection.handshake {
        ReuseOutcome::Ignored
    } else {
        ReuseOutcome::Accepted
    }
}

/// No SYN was seen, and the pair that was predicted was still held: whoever had to connect could not.
fn reuse_without_attempt(channel: &Channel, history: &History, options: &Options) -> Option<Reuse> {
    let previous = made_use(history, channel.predicted_previous?)?;
    channel.origin.predicted()?;
    is_in_time_wait(previous, channel.made.time, options).then(|| Reuse {
        kind: ReuseKind::FourTuple,
        previous: Previous { session: previous.session.clone(), data_channel: previous.channel },
        gap: gap(previous, channel.made.time),
        in_time_wait: true,
        outcome: ReuseOutcome::NotAttempted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ChannelIndex, Uid};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::default().plus(TimeDelta::from_secs(seconds))
    }

    /// A connection whose last packet was seen then, and that both sides had closed then.
    fn used(last: i64, closed: Option<i64>) -> EndpointUse {
        let end = Endpoint::new([192, 0, 2, 1].into(), 50_000);
        EndpointUse {
            session: Uid::default(),
            channel: ChannelIndex(0),
            connector: end,
            listener: end,
            last: at(last),
            made: true,
            time_wait_from: closed.map(at),
            before: None,
        }
    }

    #[test]
    fn only_what_has_ended_is_in_time_wait_or_ended_some_time_ago() {
        let options = Options::default();
        let cases = [
            ("closed before", used(10, Some(9)), Some(2), true),
            ("closed long before", used(-900, Some(-900)), Some(912), false),
            ("reset before", used(10, None), Some(2), false),
            ("still open", used(20, None), None, false),
            ("closed later", used(20, Some(19)), None, false),
            ("closed before, with a packet that came late", used(13, Some(11)), Some(0), true),
        ];
        for (name, previous, since, in_time_wait) in cases {
            assert_eq!(gap(&previous, at(12)), since.map(TimeDelta::from_secs), "{name}");
            assert_eq!(is_in_time_wait(&previous, at(12), &options), in_time_wait, "{name}");
        }
    }
}
