//! Reports what happens as it happens.

use super::Tracker;
use crate::base::{LimitCounts, LimitName, PacketRef, Timestamp};
use crate::ftp::Verb;
use crate::report::{
    self, ChannelIndex, CommandIndex, ControlAttempt, EndState, Login, Session, Trouble, Uid,
};
use crate::session::active::{ActiveSession, Link};
use crate::session::assemble;
use crate::session::event::{Event, EventKind, Waiting};
use crate::session::event_log::{Deadline, EventLog, Replied};
use crate::session::flow::Role;
use crate::session::kept;
use crate::session::sessions::SessionId;
use crate::session::state::{Budget, CurrentTransfer};
use crate::tcp::{Connection, ConnectionId, Side};

impl Tracker {
    /// Takes over what is known of the control connection's packets, and what ICMP has said of them since.
    #[cold]
    pub(super) fn note_traffic(&mut self, session_id: SessionId, connection: &Connection) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        session.rtt = connection.path.rtt;
        session.traffic = connection.traffic();
        if session.control.client_side() == Some(Side::Responder) {
            session.traffic = session.traffic.swapped();
        }
        let known = session.icmp.len();
        if let Some(trouble) = &connection.trouble {
            self.note_trouble(session_id, trouble);
        }
        for error in connection.icmp.iter().skip(known) {
            if self.keep(session_id, kept::ICMP)
                && let Some(session) = self.sessions.get_mut(session_id)
            {
                session.icmp.push(*error);
            }
        }
    }

    /// Takes over what went wrong on the way of the control connection.
    fn note_trouble(&mut self, session_id: SessionId, trouble: &Trouble) {
        let Some(session) = self.sessions.get(session_id) else { return };
        if session.trouble.is_none() && !self.keep(session_id, kept::TROUBLE) {
            return;
        }
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let is_swapped = session.control.client_side() == Some(Side::Responder);
        let trouble = if is_swapped { trouble.clone().swapped() } else { trouble.clone() };
        session.trouble = Some(Box::new(trouble));
    }

    /// From now on events are noted; [`Self::take_events`] must be called now and then.
    pub fn watch(&mut self) {
        self.log.get_or_insert_default();
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.log.as_mut().map(EventLog::take).unwrap_or_default()
    }

    /// The session of this name as it stands now; `connection` looks up the facts of an open connection.
    pub fn session_now(
        &mut self,
        uid: &Uid,
        connection: &dyn Fn(ConnectionId) -> Option<Connection>,
    ) -> Option<Session> {
        let session_id = self.call_back_named(uid)?;
        let control = self.sessions.get(session_id).filter(|session| session.ended.is_none());
        if let Some(control) = control.and_then(|session| connection(session.connection)) {
            self.note_traffic(session_id, &control);
        }
        let Self { sessions, flows, linker, options, .. } = self;
        let session = sessions.get(session_id)?;
        Some(assemble::session(session, linker.history(), options, &mut |id| {
            Some(flows.data_mut(id)?.describe(&connection(id)?))
        }))
    }

    /// Predictions that still wait for their connection, the oldest first.
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut waiting: Vec<Waiting> = self
            .sessions
            .iter()
            .filter(|session| session.ended.is_none())
            .filter_map(|session| {
                let index = session.in_force?;
                let channel = session.channel(index).filter(|channel| !channel.is_linked())?;
                Some(Waiting {
                    session: session.uid.clone(),
                    channel: index,
                    mode: channel.origin.mode(),
                    prediction: channel.origin.predicted()?,
                    since: channel.made,
                })
            })
            .collect();
        waiting.sort_by_key(|one| one.since.time);
        waiting
    }

    /// Capture time has reached `now`: predictions whose time has run out are reported.
    pub fn advance(&mut self, now: Timestamp) {
        let window = self.options.predict_window;
        while let Some(due) = self.log.as_mut().and_then(|log| log.next_overdue(now)) {
            let (session_id, index) = (due.session, due.channel);
            self.call_back(session_id);
            let Some(session) = self.sessions.get_mut(session_id) else { continue };
            let Some(channel) = session.channel(index).filter(|channel| channel.made.frame == due.made)
            else {
                continue;
            };
            let (mode, linked) = (channel.origin.mode(), channel.is_linked());
            let (Some(prediction), made) = (channel.origin.predicted(), channel.made) else { continue };
            let stands = match channel.link {
                Link::Open(id, ..) => self.flows.data(id).is_some_and(|data| data.connection_reported),
                Link::None => false,
                Link::Ended(..) => true,
            };
            if !stands {
                let at = PacketRef { time: due.at, frame: made.frame };
                let kind = EventKind::TimedOut {
                    channel: index,
                    mode,
                    prediction,
                    waited: window,
                    attempted: linked,
                };
                self.emit(session_id, at, kind);
            }
        }
    }

    /// From now on sessions are noted about which evidence arrives; [`Self::take_stirred`] must be called now
    /// and then.
    pub fn note_stirred(&mut self) {
        self.stirred = Some(Vec::new());
    }

    /// The sessions about which evidence has arrived since the last call.
    pub fn take_stirred(&mut self) -> Vec<Uid> {
        let Self { stirred: Some(stirred), sessions, .. } = self else { return Vec::new() };
        let confirmed = |id| match (sessions.get(id), sessions.get_aside(id)) {
            (Some(session), _) => session.control.is_confirmed().then_some(&session.uid),
            (None, Some(aside)) => aside.is_confirmed.then_some(&aside.uid),
            (None, None) => None,
        };
        stirred.drain(..).filter_map(|id| confirmed(id).cloned()).collect()
    }

    /// Evidence about a session has arrived.
    #[inline]
    pub(super) fn stir(&mut self, session_id: SessionId) {
        if let Some(stirred) = &mut self.stirred
            && stirred.last() != Some(&session_id)
        {
            stirred.push(session_id);
        }
    }

    /// Evidence about the sessions of a data connection has arrived.
    #[inline]
    pub(super) fn stir_owners(&mut self, id: ConnectionId) {
        if self.stirred.is_some()
            && let Some(data) = self.flows.data(id)
        {
            for (session_id, _) in data.owners.clone() {
                self.stir(session_id);
            }
        }
    }

    /// Connections to control ports that never came about, those among them that were tried so long ago and
    /// are still in the table; `connection` looks those up.
    pub fn attempts_so_far<'a>(
        &self,
        not_after: Timestamp,
        connection: &dyn Fn(ConnectionId) -> Option<&'a Connection>,
    ) -> Vec<ControlAttempt> {
        let (mut attempts, mut counts) = (self.attempts.clone(), LimitCounts::default());
        for suspect in self.flows.suspects().filter_map(connection) {
            if suspect.established.is_some() {
                attempts.note_drop(suspect, &self.options.limits, &mut counts);
            } else if suspect.refusal().is_some() || suspect.first.time <= not_after {
                attempts.note_failure(suspect, &self.options.limits, &mut counts);
            }
        }
        attempts.iter().cloned().collect()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.flows.len()
    }

    /// Whether events are wanted.
    pub(super) const fn is_watched(&self) -> bool {
        self.log.is_some()
    }

    pub(super) fn emit(&mut self, session_id: SessionId, packet: PacketRef, kind: EventKind) {
        let Some(log) = &mut self.log else { return };
        let Some(session) = self.sessions.get(session_id) else { return };
        let (client, server) = (session.client(), session.server());
        log.push(Event { packet, session: session.uid.clone(), client, server, kind });
    }

    pub(super) fn report_expected(&mut self, session_id: SessionId, index: ChannelIndex, packet: PacketRef) {
        let window = self.options.predict_window;
        let Some(channel) = self.sessions.get(session_id).and_then(|session| session.channel(index)) else {
            return;
        };
        let (mode, made) = (channel.origin.mode(), channel.made);
        let Some(prediction) = channel.origin.predicted() else { return };
        let is_there = match channel.link {
            Link::Open(id, ..) => self.flows.data(id).is_some_and(|data| data.connection_reported),
            Link::None => false,
            Link::Ended(..) => true,
        };
        if is_there {
            return;
        }
        if let Some(log) = &mut self.log {
            let at = packet.time.plus(window);
            let deadline = Deadline { at, session: session_id, channel: index, made: made.frame };
            if log.wait_until(deadline, self.options.limits.expectations) {
                self.counts.reached(LimitName::Expectations);
            }
        }
        self.emit(session_id, packet, EventKind::Expecting { channel: index, mode, prediction });
    }

    /// A reply that decides a login.
    pub(super) fn report_login(
        &mut self,
        session_id: SessionId,
        index: CommandIndex,
        code: u16,
        packet: PacketRef,
    ) {
        let login = match code {
            230 | 232 => Login::Accepted,
            400..=599 => Login::Rejected,
            _ => return,
        };
        let user = self.sessions.get_mut(session_id).and_then(|session| {
            let commands = &session.control.conversation.dialogue.commands;
            let given = commands.get(..=index.position())?;
            given.iter().rev().find(|command| command.verb == Verb::User)?.text().cloned()
        });
        self.emit(session_id, packet, EventKind::LoggedIn { user, login, code });
    }

    /// The control connection is over; reported once.
    pub(super) fn report_end(&mut self, session_id: SessionId, packet: PacketRef, end_state: EndState) {
        if let Some(session) = self.sessions.get_mut(session_id).filter(|session| !session.end_reported) {
            session.end_reported = true;
            self.emit(session_id, packet, EventKind::Ended { end_state });
        }
    }

    /// The facts of a connection have changed.
    pub(super) fn report_connection(&mut self, id: ConnectionId, connection: &Connection) {
        let is_over = connection.closed.is_some() || connection.end_state == EndState::Rst;
        if let Some(Role::Control(session_id)) = self.flows.get(id).map(|flow| &flow.role) {
            let session_id = *session_id;
            let is_session =
                self.sessions.get(session_id).is_some_and(|session| session.control.is_confirmed());
            if is_over && is_session {
                self.report_end(session_id, connection.last, connection.end_state);
            }
            return;
        }
        let Some(data) = self.flows.data_mut(id) else { return };
        let owners = data.owners.clone();
        let (originator, responder) = (connection.originator, connection.responder);
        if let Some(packet) = connection.established.filter(|_| !data.connection_reported) {
            data.connection_reported = !owners.is_empty();
            for &(session_id, index) in &owners {
                let Some(channel) = self.sessions.get(session_id).and_then(|session| session.channel(index))
                else {
                    continue;
                };
                let Some(matched_by) = channel.link.matched_by() else { continue };
                let kind = EventKind::Connected {
                    channel: index,
                    mode: channel.origin.mode(),
                    originator,
                    responder,
                    matched_by,
                    differs: channel.origin.predicted().and_then(|it| it.differs(originator, responder)),
                    after: packet.time.since(channel.made.time),
                };
                self.emit(session_id, packet, kind);
            }
        } else if let Some(packet) = connection.refusal() {
            for &(session_id, index) in &owners {
                let mode = self
                    .sessions
                    .get(session_id)
                    .and_then(|session| session.channel(index))
                    .and_then(|channel| channel.origin.mode());
                self.emit(
                    session_id,
                    packet,
                    EventKind::Refused { channel: index, mode, originator, responder },
                );
            }
        }
        if is_over && !owners.is_empty() {
            let Some(data) = self.flows.data_mut(id) else { return };
            let described = data.describe(connection);
            self.report_transfers_on(&owners, &described, connection.last);
        }
    }

    /// A transfer has its final reply: it is reported once its data connection is closed.
    pub(super) fn transfer_replied(
        &mut self,
        session_id: SessionId,
        command: CommandIndex,
        packet: PacketRef,
    ) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let in_force = session.in_force;
        let Some((index, channel)) = in_force.and_then(|index| Some((index, session.channel(index)?))) else {
            return self.report_transfer(session_id, command, packet, None);
        };
        let connection = match &channel.link {
            Link::None => None,
            Link::Ended(connection, heads, _) => Some(heads.completed(connection)),
            Link::Open(..) => {
                let Some(log) = &mut self.log else { return };
                let Replied::Closed(facts) = log.replied(session_id, index, command) else { return };
                facts
            }
        };
        self.report_transfer(session_id, command, packet, connection.map(|connection| (index, connection)));
    }

    /// A data connection is closed: transfers that waited for that are reported.
    pub(super) fn report_transfers_on(
        &mut self,
        owners: &[(SessionId, ChannelIndex)],
        connection: &report::Connection,
        packet: PacketRef,
    ) {
        for &(session_id, index) in owners {
            let Some(log) = &mut self.log else { return };
            let channel = self.sessions.get(session_id).and_then(|session| session.channel(index));
            let lingers = channel.is_some_and(|channel| channel.link.open().is_some());
            // Whichever comes last, the close or the reply, reports the transfer.
            let due = log.closed(session_id, index, connection, lingers);
            for command in due {
                self.report_transfer(
                    session_id,
                    command,
                    packet,
                    Some((index, Box::new(connection.clone()))),
                );
            }
        }
    }

    fn report_transfer(
        &mut self,
        session_id: SessionId,
        command: CommandIndex,
        packet: PacketRef,
        on: Option<(ChannelIndex, Box<report::Connection>)>,
    ) {
        self.catch_up(session_id);
        let Some(session) = self.sessions.get(session_id) else { return };
        let given = command.of(&session.control.conversation.dialogue.commands);
        let transfer = session.transfer(command, |channel| {
            if let Some((_, connection)) = on.filter(|(index, _)| *index == channel) {
                return Some(connection);
            }
            match &session.channel(channel)?.link {
                Link::Ended(connection, heads, _) => Some(heads.completed(connection)),
                Link::None | Link::Open(..) => None,
            }
        });
        let (Some(given), Some(transfer)) = (given, transfer) else { return };
        let kind = EventKind::Transferred {
            verb: given.verb.clone(),
            argument: given.text().cloned(),
            transfer: Box::new(transfer),
        };
        self.emit(session_id, packet, kind);
    }

    /// Brings the state of a session's dialogue up to date.
    pub(super) fn catch_up(&mut self, session_id: SessionId) {
        let Self { sessions, options, kept, .. } = self;
        let Some(session) = sessions.get_mut(session_id) else { return };
        let budget = Budget::of(options, kept::derived(session.control.weight()));
        session.catch_up(budget.within(kept.allowed()));
        let cost = session.state.weight();
        kept.change(std::mem::replace(&mut session.state_cost, cost), cost);
    }

    /// The newest transfer on a data channel of the session of this name, with what was in force when its
    /// command was given: known from its first byte on, though its last reply may be hours away.
    pub fn current_transfer(&mut self, uid: &Uid, channel: ChannelIndex) -> Option<CurrentTransfer> {
        let session_id = self.call_back_named(uid)?;
        self.catch_up(session_id);
        self.sessions.get(session_id)?.current_transfer(channel)
    }

    /// The session is over: nothing of it is waited for any more.
    pub(super) fn forget_events(&mut self, session_id: SessionId, session: &ActiveSession) {
        if let Some(log) = &mut self.log {
            log.forget(session_id, session.channels.len());
        }
    }
}
