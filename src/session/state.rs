//! What a session's dialogue has brought about so far: login, directory, TYPE, MODE and REST in force, sizes,
//! transfers.
//!
//! The state takes in one exchange after the other, each once its last reply was seen. It may be brought up
//! to date after each exchange or only at the end: it is a function of the exchanges, not of when they were
//! taken in. Two things are certain only at the end, and are settled there: which connections belong to which
//! transfers, as some are captured late, and what those connections moved.
//!
//! A transfer need not wait for its last reply: [`DialogueState::begun`] gives what is known of one under
//! way.

mod assignment;
mod claims;
mod in_force;
mod sizes;
mod transfer;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::kept;
use super::options::Options;
use crate::base::{FrameNumber, Secret, Text};
use crate::ftp::{self, EpsvArgument, Party, Purpose, Verb};
use crate::report::{
    Argument, ChannelIndex, Command, CommandIndex, Connection, Content, ControlGap, Direction, Login, Piece,
    Reply, Session, Status, Transfer,
};
use assignment::Assignment;
pub(super) use assignment::Channels;
use claims::{Claims, Moved};
use in_force::InForce;
use sizes::Sizes;
pub use transfer::CurrentTransfer;
use transfer::{Assigned, TransferStart, aborted_after};

/// Commands that may follow a machine listing whose data connection is still open before it is waited for no
/// longer.
const LISTING_PATIENCE: usize = 64;

/// How a command ended, as far as its effect goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Done,
    Unknown,
    Refused,
}

fn effect(command: &Command) -> Effect {
    match command.replies.last() {
        Some(reply) if reply.is_negative() => Effect::Refused,
        Some(_) => Effect::Done,
        None => Effect::Unknown,
    }
}

/// What may be made of the dialogue, in bytes of memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Of paths, beside what is usual for one.
    paths: usize,
    /// Of the names of files whose sizes are known.
    names: usize,
    /// Whether transfers keep the text of their listings.
    listings: bool,
}

impl Budget {
    /// The usual, and so much more for paths.
    pub(super) const fn of(options: &Options, paths: usize) -> Self {
        Self { paths, names: options.limits.kept_per_session / 4, listings: options.listings }
    }

    /// The same, within what is left of memory.
    pub(super) fn within(self, left: usize) -> Self {
        Self { paths: self.paths.min(left), names: self.names.min(left), ..self }
    }
}

/// What was said, for the state to take in.
#[derive(Clone, Copy)]
pub(super) struct Dialogue<'a> {
    pub(super) commands: &'a [Command],
    pub(super) gaps: &'a [ControlGap],
}

/// What the dialogue says of the session as a whole.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Identity {
    user: Option<Text>,
    password: Option<Secret>,
    account: Option<Secret>,
    login: Login,
    /// Frame of the reply that decided it.
    login_frame: FrameNumber,
    system: Option<Text>,
    client_software: Option<Text>,
    features: Option<Vec<Text>>,
    epsv_all: bool,
}

/// What the dialogue has brought about so far.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct DialogueState {
    /// How many commands were taken in.
    taken_in: usize,
    /// How many gaps came before them.
    gaps: usize,
    in_force: InForce,
    identity: Identity,
    sizes: Sizes,
    /// What the server said of the contents of files, which in most sessions is nothing.
    claims: Option<Box<Claims>>,
    assignment: Assignment,
    transfers: Vec<TransferStart>,
    /// Whether a transfer was taken in before all connections were known.
    is_provisional: bool,
    /// What paths take that were made so far.
    paths: usize,
}

impl DialogueState {
    /// Takes in all exchanges up to the command at `until`, of which no more replies come; connections may
    /// still.
    pub(super) fn catch_up(
        &mut self,
        dialogue: Dialogue<'_>,
        until: usize,
        channels: Channels<'_>,
        budget: Budget,
    ) {
        self.assignment.learn(channels);
        let due = dialogue.commands.get(self.taken_in..until).unwrap_or_default();
        for command in due {
            let waits = dialogue.commands.len().saturating_sub(self.taken_in) <= LISTING_PATIENCE;
            if waits && !channels.are_final() && self.awaits_listing(command, channels) {
                return;
            }
            self.pass_gaps(dialogue.gaps, command);
            if let Some(channel) = self.assignment.uncommanded_before(command.frame, channels) {
                self.in_force.channel = Some(channel);
            }
            let Some(index) = CommandIndex::from_position(self.taken_in) else { return };
            self.take_in(index, command, channels, budget);
            self.taken_in = self.taken_in.saturating_add(1);
        }
    }

    /// A machine listing states the sizes of files that are fetched next: it must have been read by then.
    fn awaits_listing(&self, command: &Command, channels: Channels<'_>) -> bool {
        command.verb == Verb::Mlsd
            && self
                .assignment
                .pick(self.in_force.channel, command, effect(command), channels)
                .is_some_and(|channel| channels.is_open(channel))
    }

    /// A command that was lost in a gap may have been a CWD.
    fn pass_gaps(&mut self, gaps: &[ControlGap], command: &Command) {
        let is_due = |gap: &&ControlGap| gap.from == Party::Server || gap.frame <= command.frame;
        while let Some(gap) = gaps.get(self.gaps).filter(is_due) {
            if gap.from == Party::Client {
                self.in_force.directory.forget();
                self.assignment.note_gap(gap.frame);
            }
            self.gaps = self.gaps.saturating_add(1);
        }
    }

    fn take_in(&mut self, index: CommandIndex, command: &Command, channels: Channels<'_>, budget: Budget) {
        let effect = effect(command);
        self.in_force.apply(command, effect, || self.assignment.negotiated_by(index, channels));
        let argument = command.text().map(Text::raw);
        match command.verb.purpose() {
            Purpose::LogIn => self.identity.log_in(command),
            Purpose::BeginAnew => {
                if effect == Effect::Done {
                    self.identity.login = Login::None;
                }
            }
            Purpose::MeasureFile => {
                self.sizes.answered(&self.in_force.directory, command, argument, budget.names);
            }
            Purpose::ReplaceFile => {
                if effect == Effect::Done {
                    self.sizes.forget(&self.in_force.directory, argument);
                }
            }
            Purpose::Introduce => self.identity.introduce(command, effect),
            Purpose::Negotiate => self.identity.restrict(command, argument),
            Purpose::EnterDirectory
            | Purpose::LeaveDirectory
            | Purpose::NameDirectory
            | Purpose::SetUpTransfer
            | Purpose::MoveFile
            | Purpose::MoveListing => {}
            Purpose::Other => {
                if let Some(request) = ftp::digest_request(&command.verb) {
                    let claims = self.claims.get_or_insert_default();
                    claims.note((index, command), request, &self.in_force.directory, budget.names);
                }
            }
        }
        if transfer::may_move_data(command) {
            self.start_transfer(index, command, effect, channels, budget);
        }
    }

    fn start_transfer(
        &mut self,
        index: CommandIndex,
        command: &Command,
        effect: Effect,
        channels: Channels<'_>,
        budget: Budget,
    ) {
        self.is_provisional |= !channels.are_final();
        let mut start = TransferStart::new(index, command, &self.in_force);
        start.keeps_listing = budget.listings;
        self.assign(&mut start, command, effect, channels);
        let allowed =
            budget.paths.saturating_add(self.transfers.len().saturating_add(1).saturating_mul(kept::PATH));
        let argument = command.text().map(Text::raw);
        let connection = start.connected_channel().and_then(|channel| channels.connection(channel));
        if let Some(direction) = start.direction(command, channels, connection) {
            let path = transfer::path(&self.in_force.directory, command, argument);
            start.path = path.filter(|path| take(&mut self.paths, path.text().raw(), allowed));
            match direction {
                Direction::Download => {
                    start.known_size = self.sizes.known(&self.in_force.directory, argument);
                }
                Direction::Upload => self.sizes.forget(&self.in_force.directory, argument),
            }
            self.in_force.begin_transfer();
            if command.verb == Verb::Mlsd && start.assigned.is_some_and(|assigned| assigned.is_first) {
                let listing = start.assigned.and_then(|assigned| channels.listing(assigned.channel));
                let listing = listing.map(|listing| &**listing);
                self.sizes.listed(&self.in_force.directory, argument, listing, budget.names);
            }
        }
        self.transfers.push(start);
    }

    /// Finds out which channel a transfer takes, as far as its connection is known.
    fn assign(
        &mut self,
        start: &mut TransferStart,
        command: &Command,
        effect: Effect,
        channels: Channels<'_>,
    ) {
        start.assigned = self.assignment.pick(start.in_force, command, effect, channels).map(|channel| {
            let connected =
                channels.has_connection(channel) && TransferStart::moved_data(command, channel, channels);
            let is_first = connected && self.assignment.use_up(channel, channels);
            Assigned { channel, connected, is_first }
        });
    }

    /// The commands of transfers for which a range of bytes was set.
    fn parts(&self) -> BTreeSet<CommandIndex> {
        self.transfers.iter().filter(|start| start.range.is_some()).map(|start| start.command).collect()
    }

    /// All transfers, now that all connections are known.
    fn transfers(&mut self, commands: &[Command], channels: Channels<'_>) -> Vec<Transfer> {
        let starts = std::mem::take(&mut self.transfers);
        let last_abort = commands.iter().rposition(|command| command.verb == Verb::Abor);
        let mut transfers = Vec::with_capacity(starts.len());
        transfers.extend(starts.into_iter().filter_map(|start| {
            let command = start.command.of(commands)?;
            let after = start.command.position().saturating_add(1);
            let is_aborted = last_abort.is_some_and(|last| last >= after)
                && (command.completion().is_none()
                    || aborted_after(command, commands.get(after..).unwrap_or_default()));
            let connection = start.connected_channel().and_then(|channel| channels.connection(channel));
            start.report(command, is_aborted, channels, connection)
        }));
        transfers
    }

    /// The transfer of a command that was answered, as it stands now; `connection` gives what a channel's
    /// moved.
    pub(super) fn transfer(
        &self,
        index: CommandIndex,
        dialogue: Dialogue<'_>,
        channels: Channels<'_>,
        connection: impl FnOnce(ChannelIndex) -> Option<Box<Connection>>,
    ) -> Option<Transfer> {
        let command = index.of(dialogue.commands)?;
        let start = match self.transfers.binary_search_by_key(&index, |start| start.command) {
            Ok(place) => self.transfers.get(place)?.clone(),
            Err(_) => self.ahead(index, command, dialogue, channels),
        };
        let later = dialogue.commands.get(index.position().saturating_add(1)..)?;
        let connection = start.connected_channel().and_then(connection);
        start.report(command, aborted_after(command, later), channels, connection.as_deref())
    }

    /// A transfer that is not taken in yet, as an earlier command is still to be answered.
    fn ahead(
        &self,
        index: CommandIndex,
        command: &Command,
        dialogue: Dialogue<'_>,
        channels: Channels<'_>,
    ) -> TransferStart {
        let mut in_force = self.in_force.clone();
        self.look_ahead(&mut in_force, dialogue, channels, |before, _, _| before == index);
        let mut start = TransferStart::new(index, command, &in_force);
        let argument = command.text().map(Text::raw);
        start.path = transfer::path(&in_force.directory, command, argument);
        start.known_size = self.sizes.known(&in_force.directory, argument);
        start.assigned =
            self.assignment.pick(start.in_force, command, effect(command), channels).map(|channel| {
                Assigned {
                    channel,
                    connected: channels.has_connection(channel)
                        && TransferStart::moved_data(command, channel, channels),
                    is_first: false,
                }
            });
        start
    }

    /// Goes through the commands that are not taken in yet, until `is_it` says so.
    fn look_ahead(
        &self,
        in_force: &mut InForce,
        dialogue: Dialogue<'_>,
        channels: Channels<'_>,
        mut is_it: impl FnMut(CommandIndex, &Command, &InForce) -> bool,
    ) {
        for (index, command) in CommandIndex::number(dialogue.commands).skip(self.taken_in) {
            if is_it(index, command, in_force) {
                return;
            }
            in_force.apply(command, effect(command), || self.assignment.negotiated_by(index, channels));
            if command.verb.is_transfer() {
                in_force.begin_transfer();
            }
        }
    }

    /// The newest transfer on a channel, with what was in force when its command was given. It may have had
    /// no reply yet, or only a preliminary one.
    pub(super) fn current(
        &self,
        channel: ChannelIndex,
        dialogue: Dialogue<'_>,
        channels: Channels<'_>,
    ) -> Option<CurrentTransfer> {
        let is_on_channel = |in_force| channels.may_take(in_force, channel);
        let taken_in = self.transfers.last().filter(|start| is_on_channel(start.in_force));
        let mut newest = taken_in.and_then(|start| {
            start.clone().current(start.command.of(dialogue.commands)?, start.path.clone(), channel)
        });
        self.look_ahead(&mut self.in_force.clone(), dialogue, channels, |index, command, in_force| {
            if command.verb.is_transfer() && is_on_channel(in_force.channel) {
                let path = transfer::path(&in_force.directory, command, command.text().map(Text::raw));
                let start = TransferStart::new(index, command, in_force);
                newest = start.current(command, path, channel);
            }
            false
        });
        newest
    }

    /// What was learnt takes so much memory.
    pub(super) fn weight(&self) -> usize {
        let paths = self.paths.saturating_sub(self.transfers.len().saturating_mul(kept::PATH));
        let claims = self.claims.as_ref().map_or(0, |claims| claims.weight());
        paths.saturating_add(self.sizes.weight()).saturating_add(claims)
    }

    /// Takes in the rest of the dialogue, and puts all that it says into the session's report, whose dialogue
    /// and channels are there already.
    pub(super) fn conclude(
        mut self,
        session: &mut Session,
        facts: &[super::active::Channel],
        budget: Budget,
    ) {
        let channels = Channels::reported(facts, &session.data_channels);
        let dialogue = Dialogue { commands: &session.commands, gaps: &session.gaps };
        if self.is_provisional {
            // A connection that came late may be a transfer's that seemed to have none; offsets and sizes
            // depend on that.
            self = Self::default();
        }
        self.catch_up(dialogue, dialogue.commands.len(), channels, budget);
        let claims = self.claims.take();
        let parts = if claims.is_some() { self.parts() } else { BTreeSet::new() };
        session.transfers = self.transfers(&session.commands, channels);
        attach_pieces(&mut session.transfers, &session.commands, facts);
        if let Some(claims) = claims {
            let Session { commands, transfers, .. } = &mut *session;
            claims.settle(
                commands,
                transfers.iter_mut().map(|transfer| Moved {
                    is_part: parts.contains(&transfer.command),
                    copy: transfer.data_channel.and_then(|channel| copy_of(facts, channel)),
                    transfer,
                }),
            );
        }
        self.identity.settle_login(session);
        let Identity { user, password, account, login, system, client_software, features, epsv_all, .. } =
            self.identity;
        session.user = user;
        session.password = password;
        session.account = account;
        session.login = login;
        session.system = system;
        session.client_software = client_software;
        session.features = features;
        session.epsv_all = epsv_all;
    }
}

/// Gives transfers that may be one of several parts of a file what they carried, as far as that was kept.
fn attach_pieces(transfers: &mut [Transfer], commands: &[Command], facts: &[super::active::Channel]) {
    for transfer in transfers {
        let is_part = transfer.offset > 0
            || transfer.status != Status::Complete
            || transfer.command.of(commands).is_some_and(|command| command.verb == Verb::Appe);
        if is_part && transfer.content == Content::File {
            let channel = transfer.data_channel.and_then(|channel| channel.of(facts));
            transfer.piece = channel.and_then(|channel| channel.copy.clone()).map(Piece);
        }
    }
}

/// All of what a channel carried, where a copy of that was kept.
fn copy_of(facts: &[super::active::Channel], channel: ChannelIndex) -> Option<&[u8]> {
    channel.of(facts)?.copy.as_deref().map(Vec::as_slice)
}

/// Takes room for a text, if so much is allowed of all.
fn take(taken: &mut usize, text: &str, allowed: usize) -> bool {
    let after = taken.saturating_add(text.len());
    let is_room = after <= allowed;
    if is_room {
        *taken = after;
    }
    is_room
}

impl Identity {
    fn log_in(&mut self, command: &Command) {
        if command.verb == Verb::User && command.argument.is_none() {
            // Nobody tried to log in.
            return;
        }
        let secret = match &command.argument {
            Some(Argument::Secret(secret)) => Some(secret),
            Some(Argument::Text(_)) | None => None,
        };
        if command.verb == Verb::User {
            self.user = command.text().cloned();
        } else if command.verb == Verb::Pass {
            self.password = Some(secret.cloned().unwrap_or_else(Secret::hidden));
        } else if let Some(secret) = secret {
            self.account = Some(secret.clone());
        }
        let completion = command.completion();
        self.login_frame = completion.map_or(command.frame, |reply| reply.frame);
        match completion.map(|reply| reply.code) {
            Some(230 | 232) => self.login = Login::Accepted,
            // "Already logged in" rejects no login.
            Some(503) if self.login == Login::Accepted => {}
            // Nor does it take one back that no account is wanted.
            Some(500..=599) if self.login == Login::Accepted && command.verb == Verb::Acct => {}
            Some(400..=599) => self.login = Login::Rejected,
            _ => {}
        }
    }

    /// What only the whole session shows: a 230 may answer a command that the capture lacks, and a rejection
    /// was not the last word where something behind it is lacking.
    fn settle_login(&mut self, session: &Session) {
        let ended = session.commands.iter().rfind(|command| command.verb == Verb::Rein);
        let since = ended.map_or(FrameNumber::NONE, |command| command.frame).max(self.login_frame);
        if session.unsolicited.iter().any(|reply| reply.accepts_login() && reply.frame > since) {
            self.login = Login::Accepted;
        }
        if self.login == Login::Rejected && session.gaps.iter().any(|gap| gap.frame > self.login_frame) {
            self.login = Login::None;
        }
    }

    /// What SYST, CLNT and FEAT say.
    fn introduce(&mut self, command: &Command, effect: Effect) {
        let reply = |code| command.completion().filter(|reply| reply.code == code);
        if command.verb == Verb::Clnt {
            if effect == Effect::Done {
                self.client_software = command.text().cloned();
            }
        } else if command.verb == Verb::Syst {
            if let Some(reply) = reply(215) {
                self.system = ftp::system_name(reply.text.raw());
            }
        } else if let Some(reply) = reply(211) {
            self.features = Some(ftp::features(reply.text.raw()));
        }
    }

    /// EPSV ALL rules out all other negotiations.
    fn restrict(&mut self, command: &Command, argument: Option<&str>) {
        if command.verb == Verb::Epsv && ftp::epsv_argument(argument.map(str::as_bytes)) == EpsvArgument::All
        {
            self.epsv_all |= command.completion().is_some_and(Reply::is_completion);
        }
    }
}
