//! From a session's facts to its report.

use super::flow::Heads;
use super::history::{History, Use, UseId};
use super::live::{Channel, Link, Live};
use super::options::Options;
use super::{kept, ports, walk};
use crate::base::{Endpoint, Timestamp};
use crate::ftp::Party;
use crate::report::{
    Connection, DataChannel, EndState, FirstClose, FrameSpan, Holder, Login, MatchedBy, Outcome,
    PortAllocation, Previous, Reuse, ReuseKind, ReuseOutcome, Session, TimeWait, Transfer,
};
use crate::tcp::{ConnectionId, Side};

/// The report of a session under way; `describe` gives the facts of a data connection that is still open.
pub(super) fn session(
    live: &Live,
    history: &History,
    options: &Options,
    describe: &mut dyn FnMut(ConnectionId) -> Option<Box<Connection>>,
) -> Session {
    let connections = live
        .channels
        .iter()
        .map(|channel| match &channel.link {
            Link::None => None,
            Link::Open(id) => describe(*id),
            Link::Ended(connection, heads) => Some(heads.told(connection)),
        })
        .collect();
    let mut session = frame(live, connections, history, options);
    let talk = &live.control.talk;
    session.greeting.clone_from(&talk.dialogue.greeting);
    session.unsolicited.clone_from(&talk.dialogue.unsolicited);
    session.commands.clone_from(&talk.dialogue.commands);
    session.gaps.clone_from(&talk.gaps);
    session.oversized.clone_from(&talk.oversized);
    let mut over =
        Over { session, heads: Vec::new(), beside: walk::beside(live), room: walk::Room::of(options) };
    over.allow(kept::derived(live.control.weight()));
    over.report()
}

/// A session that is over: all that is known of it, but not yet what follows. That takes time, and can be done elsewhere.
pub struct Over {
    session: Session,
    /// What tells the kinds of its data channels' contents.
    heads: Vec<Heads>,
    beside: Vec<walk::Beside>,
    room: walk::Room,
}

impl Over {
    /// Lets paths take so many bytes of memory more than is usual.
    pub(super) const fn allow(&mut self, bytes: usize) {
        self.room.paths = self.room.paths.saturating_add(bytes);
    }

    /// Works out the report: kinds of content, login, paths, transfers.
    pub fn report(self) -> Session {
        let Self { mut session, heads, beside, room } = self;
        for (channel, heads) in session.data_channels.iter_mut().zip(&heads) {
            if let Some(connection) = &mut channel.connection {
                heads.tell(connection);
            }
        }
        walk::walk(&walk::Way {
            commands: &session.commands,
            gaps: &session.gaps,
            channels: &session.data_channels,
            beside: &beside,
            room,
        })
        .tell(&mut session);
        session.port_allocation = ports::allocation(&session.data_channels);
        session
    }
}

impl std::fmt::Debug for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.session.fmt(f)
    }
}

/// Takes a session that is over out of its own parts.
pub(super) fn over(live: &mut Live, history: &History, options: &Options) -> Over {
    let (connections, heads) = live
        .channels
        .iter_mut()
        .map(|channel| match std::mem::replace(&mut channel.link, Link::None) {
            Link::None | Link::Open(_) => (None, Heads::default()),
            Link::Ended(connection, heads) => (Some(connection), heads),
        })
        .unzip();
    let mut session = frame(live, connections, history, options);
    let talk = &mut live.control.talk;
    session.greeting = std::mem::take(&mut talk.dialogue.greeting);
    session.unsolicited = std::mem::take(&mut talk.dialogue.unsolicited);
    session.commands = std::mem::take(&mut talk.dialogue.commands);
    session.gaps = std::mem::take(&mut talk.gaps);
    session.oversized = std::mem::take(&mut talk.oversized);
    Over { session, heads, beside: walk::beside(live), room: walk::Room::of(options) }
}

/// The transfer of one command of a session under way; of data connections only that of channel `index` is told. Nothing
/// is copied of the dialogue, however long it is.
pub(super) fn transfer(
    live: &Live,
    command: u32,
    index: Option<u32>,
    mut connection: Option<Box<Connection>>,
    history: &History,
    options: &Options,
) -> Option<Transfer> {
    let connections = (0..live.channels.len())
        .map(|place| if u32::try_from(place).ok() == index { connection.take() } else { None })
        .collect();
    let session = frame(live, connections, history, options);
    let talk = &live.control.talk;
    let walked = walk::walk(&walk::Way {
        commands: &talk.dialogue.commands,
        gaps: &talk.gaps,
        channels: &session.data_channels,
        beside: &walk::beside(live),
        room: walk::Room::of(options),
    });
    walked.transfers.into_iter().find(|transfer| transfer.command == command)
}

/// All of a report but the dialogue and what follows from it.
fn frame(
    live: &Live,
    connections: Vec<Option<Box<Connection>>>,
    history: &History,
    options: &Options,
) -> Session {
    let channels: Vec<DataChannel> = live
        .channels
        .iter()
        .zip(connections)
        .map(|(channel, connection)| data_channel(channel, connection, history, options))
        .collect();
    let (end_state, closed_by) = live.ended.map_or((EndState::Open, None), |ended| (ended.state, ended.by));
    let party = |side: Side| match live.control.client_side() {
        Some(client) if client == side => Party::Client,
        _ => Party::Server,
    };
    Session {
        uid: live.uid.clone(),
        client: live.client(),
        server: live.server(),
        start: live.first.time,
        end: live.last.time,
        frames: FrameSpan { first: live.first.frame, last: live.last.frame },
        handshake: live.handshake,
        end_state,
        closed_by: closed_by.map(party),
        user: None,
        password: None,
        account: None,
        login: Login::default(),
        greeting: Vec::new(),
        unsolicited: Vec::new(),
        system: None,
        client_software: None,
        features: None,
        security: live.control.talk.security,
        epsv_all: false,
        port_allocation: PortAllocation::default(),
        commands: Vec::new(),
        data_channels: channels,
        transfers: Vec::new(),
        findings: Vec::new(),
        gaps: Vec::new(),
        oversized: Vec::new(),
    }
}

fn data_channel(
    channel: &Channel,
    connection: Option<Box<Connection>>,
    history: &History,
    options: &Options,
) -> DataChannel {
    let outcome = match &connection {
        Some(connection) => Some(outcome(connection)),
        None => channel.prediction.map(|_| Outcome::Unused),
    };
    DataChannel {
        mode: channel.mode,
        active: channel.active,
        command: channel.command,
        negotiation: channel.negotiation,
        advertised: channel.advertised,
        predicted: channel.prediction,
        outcome,
        matched_by: channel.matched_by,
        time_wait: connection.as_deref().and_then(|connection| time_wait(channel, connection, options)),
        reuse: reuse(channel, connection.as_deref(), history, options),
        connection,
        peer_session: channel.peer_session.clone(),
        other_attempts: channel.rejected.clone(),
    }
}

fn outcome(connection: &Connection) -> Outcome {
    if connection.established.is_some() || !connection.handshake {
        Outcome::Connected
    } else if connection.refused_frame.is_some() {
        Outcome::Refused
    } else {
        Outcome::Unanswered
    }
}

/// Who holds the pair: whoever sent the first FIN (RFC 9293 section 3.6.1). A reset leaves nothing to hold.
fn time_wait(channel: &Channel, connection: &Connection, options: &Options) -> Option<TimeWait> {
    let from = connection.closed.filter(|_| connection.end_state == EndState::Fin)?;
    let (originator, responder) = match (channel.active, channel.matched_by, &channel.peer_session) {
        (false, Some(MatchedBy::ThirdParty), _) => (Holder::Partner, Holder::Server),
        (true, _, Some(_)) => (Holder::Server, Holder::Partner),
        (true, _, None) => (Holder::Server, Holder::Client),
        (false, _, _) => (Holder::Client, Holder::Server),
    };
    let holder = match connection.first_close? {
        FirstClose::Originator => originator,
        FirstClose::Responder => responder,
        FirstClose::Both => Holder::Both,
    };
    Some(TimeWait { holder, from, until: from.plus(options.time_wait) })
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
    let gap = connection.start.since(previous.last);
    Some(Reuse {
        kind: if same_pair { ReuseKind::FourTuple } else { ReuseKind::Listener },
        previous: Previous { session: previous.session.clone(), data_channel: previous.channel },
        gap,
        in_time_wait: is_in_time_wait(previous, connection.start, options),
        outcome: reuse_outcome(connection),
    })
}

fn ends(connection: &Connection) -> (Endpoint, Endpoint) {
    (connection.originator, connection.responder)
}

/// The latest earlier use that came about: an attempt that failed used nothing.
fn made_use(history: &History, id: UseId) -> Option<&Use> {
    let mut one = history.get(id)?;
    while !one.made {
        one = history.get(one.before?)?;
    }
    Some(one)
}

fn is_in_time_wait(previous: &Use, now: Timestamp, options: &Options) -> bool {
    previous.time_wait_from.is_some_and(|from| now < from.plus(options.time_wait))
}

fn reuse_outcome(connection: &Connection) -> ReuseOutcome {
    if connection.refused_frame.is_some() && connection.established.is_none() {
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
    channel.prediction?;
    is_in_time_wait(previous, channel.made.time, options).then(|| Reuse {
        kind: ReuseKind::FourTuple,
        previous: Previous { session: previous.session.clone(), data_channel: previous.channel },
        gap: channel.made.time.since(previous.last),
        in_time_wait: true,
        outcome: ReuseOutcome::NotAttempted,
    })
}
