//! One walk through the dialogue: what was in force when each command was given.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::kept;
use super::live::{Channel, Live};
use super::options::Options;
use crate::base::{NumberMap, Secret, Text};
use crate::ftp::{self, EpsvArgument, Party, Verb, WorkingDirectory};
use crate::report::{
    Argument, Command, Connection, Content, ControlGap, DataChannel, Direction, Login, Mode, Negotiation,
    Session, Status, StreamFacts, Transfer,
};

/// How many negotiations back a connection may belong to that came late.
const LATE: usize = 64;

/// What the dialogue says of the session as a whole.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) user: Option<Text>,
    pub(super) password: Option<Secret>,
    pub(super) account: Option<Secret>,
    pub(super) login: Login,
    pub(super) system: Option<Text>,
    pub(super) client_software: Option<Text>,
    pub(super) features: Option<Vec<Text>>,
    pub(super) epsv_all: bool,
    pub(super) transfers: Vec<Transfer>,
}

impl Walked {
    /// Puts it into the session's report.
    pub(super) fn tell(self, session: &mut Session) {
        let Self { user, password, account, login, system, client_software, features, epsv_all, transfers } =
            self;
        session.user = user;
        session.password = password;
        session.account = account;
        session.login = login;
        session.system = system;
        session.client_software = client_software;
        session.features = features;
        session.epsv_all = epsv_all;
        session.transfers = transfers;
    }
}

/// What is in force: RFC 959's defaults until the session says otherwise.
struct InForce {
    directory: WorkingDirectory,
    representation: Text,
    structure: char,
    mode: char,
    offset: u64,
    channel: Option<u32>,
}

impl Default for InForce {
    fn default() -> Self {
        Self {
            directory: WorkingDirectory::default(),
            representation: Text::from("A"),
            structure: 'F',
            mode: 'S',
            offset: 0,
            channel: None,
        }
    }
}

/// What a channel's report doesn't tell of it.
pub(super) struct Beside {
    /// The frame that made the channel.
    made: u64,
    /// The text of the listing that it carried.
    listing: Option<Arc<[u8]>>,
}

/// What the walk goes through.
pub(super) struct Way<'a> {
    pub(super) commands: &'a [Command],
    pub(super) gaps: &'a [ControlGap],
    pub(super) channels: &'a [DataChannel],
    /// One for each channel.
    pub(super) beside: &'a [Beside],
    pub(super) room: Room,
}

/// What may be made of the dialogue, in bytes of memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Of paths, beside what is usual for one.
    paths: usize,
    /// Of the names of files whose sizes are known: no longer than the walk lasts.
    names: usize,
}

impl Room {
    /// The usual, and so much more for paths.
    pub(super) const fn of(options: &Options, paths: usize) -> Self {
        Self { paths, names: options.limits.kept_per_session / 4 }
    }
}

/// What reports of a session's channels don't tell.
pub(super) fn beside(live: &Live) -> Vec<Beside> {
    let of = |channel: &Channel| Beside { made: channel.made.frame, listing: channel.listing.clone() };
    live.channels.iter().map(of).collect()
}

struct Walk<'a> {
    way: &'a Way<'a>,
    /// The channels of each negotiating command.
    by_command: NumberMap<u32, VecDeque<usize>>,
    /// Channels that no command negotiated: connections by default ports.
    by_default: VecDeque<usize>,
    in_force: InForce,
    /// Sizes by path, or by argument where the path is not known.
    sizes: HashMap<String, u64>,
    /// Channels that a transfer has used.
    used: Vec<bool>,
    room: Room,
    /// The last ABOR.
    last_abort: Option<usize>,
    walked: Walked,
}

/// Walks through the dialogue of a session whose channels are described already.
pub(super) fn walk(way: &Way<'_>) -> Walked {
    let mut walk = Walk {
        way,
        by_command: by_command(way.channels),
        by_default: by_default(way.channels),
        in_force: InForce::default(),
        sizes: HashMap::new(),
        used: vec![false; way.channels.len()],
        room: way.room,
        last_abort: way.commands.iter().rposition(|command| command.verb == Verb::Abor),
        walked: Walked::default(),
    };
    let mut gaps = way.gaps.iter().filter(|gap| gap.from == Party::Client).peekable();
    for (index, command) in (0..).zip(way.commands) {
        while gaps.next_if(|gap| gap.frame <= command.frame).is_some() {
            // A lost command may have been a CWD.
            walk.in_force.directory.forget();
        }
        walk.step(index, command);
    }
    walk.walked
}

fn by_default(channels: &[DataChannel]) -> VecDeque<usize> {
    let channels = channels.iter().enumerate();
    channels
        .filter(|(_, channel)| channel.mode == Some(Mode::Default))
        .map(|(position, _)| position)
        .collect()
}

fn by_command(channels: &[DataChannel]) -> NumberMap<u32, VecDeque<usize>> {
    let mut by_command: NumberMap<u32, VecDeque<usize>> = NumberMap::default();
    by_command.reserve(channels.len());
    for (position, channel) in channels.iter().enumerate() {
        if let Some(command) = channel.command {
            by_command.entry(command).or_default().push_back(position);
        }
    }
    by_command
}

/// How a command ended, as far as its effect goes.
#[derive(Clone, Copy, PartialEq, Eq)]
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

impl<'a> Walk<'a> {
    fn step(&mut self, index: u32, command: &Command) {
        let argument = command.text().map(Text::raw);
        let effect = effect(command);
        match command.verb {
            Verb::User | Verb::Pass | Verb::Acct => self.log_in(command),
            Verb::Rein if effect == Effect::Done => {
                self.in_force = InForce::default();
                self.walked.login = Login::None;
            }
            Verb::Cwd | Verb::Xcwd => match effect {
                Effect::Done => self.in_force.directory.enter(argument),
                Effect::Unknown => self.in_force.directory.forget(),
                Effect::Refused => {}
            },
            Verb::Cdup | Verb::Xcup => match effect {
                Effect::Done => self.in_force.directory.leave(),
                Effect::Unknown => self.in_force.directory.forget(),
                Effect::Refused => {}
            },
            Verb::Pwd | Verb::Xpwd => {
                if let Some(reply) = command.completion().filter(|reply| reply.code == 257) {
                    self.in_force.directory.reported(reply.text.raw());
                }
            }
            Verb::Type | Verb::Stru | Verb::Mode | Verb::Rest if effect != Effect::Refused => {
                self.represent(command, argument.unwrap_or_default());
            }
            Verb::Size | Verb::Mlst => self.learn_size(command, argument),
            Verb::Dele | Verb::Rnto if effect == Effect::Done => {
                self.forget_size(argument);
            }
            Verb::Syst => {
                if let Some(reply) = command.completion().filter(|reply| reply.code == 215) {
                    self.walked.system = ftp::system_name(reply.text.raw());
                }
            }
            Verb::Clnt if effect == Effect::Done => self.walked.client_software = command.text().cloned(),
            Verb::Feat => {
                if let Some(reply) = command.completion().filter(|reply| reply.code == 211) {
                    self.walked.features = Some(ftp::features(reply.text.raw()));
                }
            }
            Verb::Epsv if ftp::epsv_argument(argument.map(str::as_bytes)) == EpsvArgument::All => {
                self.walked.epsv_all |= command.completion().is_some_and(crate::report::Reply::is_completion);
            }
            Verb::Port | Verb::Eprt | Verb::Lprt | Verb::Pasv | Verb::Epsv | Verb::Lpsv => {
                self.negotiate(index, effect);
            }
            _ => {}
        }
        if let Some(direction) = self.direction(command) {
            self.transfer(index, command, direction);
        }
    }

    fn log_in(&mut self, command: &Command) {
        let walked = &mut self.walked;
        if command.verb == Verb::User && command.argument.is_none() {
            // Nobody tried to log in.
            return;
        }
        match (&command.verb, &command.argument) {
            (Verb::User, Some(Argument::Text(text))) => walked.user = Some(text.clone()),
            (Verb::Pass, argument) => {
                walked.password = Some(match argument {
                    Some(Argument::Secret(secret)) => secret.clone(),
                    Some(Argument::Text(_)) | None => Secret::hidden(),
                });
            }
            (Verb::Acct, Some(Argument::Secret(secret))) => walked.account = Some(secret.clone()),
            _ => {}
        }
        match command.completion().map(|reply| reply.code) {
            Some(230 | 232) => walked.login = Login::Accepted,
            // "Already logged in" rejects no login.
            Some(503) if walked.login == Login::Accepted => {}
            Some(400..=599) => walked.login = Login::Rejected,
            _ => {}
        }
    }

    fn represent(&mut self, command: &Command, argument: &str) {
        let letter = argument.trim().chars().next().map(|letter| letter.to_ascii_uppercase());
        match (&command.verb, letter) {
            (Verb::Type, _) => {
                if let Some(kind) = ftp::type_argument(argument) {
                    self.in_force.representation = Text::from(kind.as_str());
                }
            }
            (Verb::Stru, Some(letter @ ('F' | 'R' | 'P'))) => self.in_force.structure = letter,
            (Verb::Mode, Some(letter @ ('S' | 'B' | 'C' | 'Z'))) => self.in_force.mode = letter,
            (Verb::Rest, _) => self.in_force.offset = argument.trim().parse().unwrap_or(0),
            _ => {}
        }
    }

    /// The path that an argument names, or the argument itself where the path can't be known.
    fn key(&self, argument: Option<&str>) -> String {
        let argument = argument.unwrap_or_default();
        self.in_force.directory.resolve(Some(argument)).unwrap_or_else(|| argument.to_owned())
    }

    /// The size that was told of what an argument names. Its path is made out only where there is any to look for.
    fn known_size(&self, argument: Option<&str>) -> Option<u64> {
        if self.sizes.is_empty() { None } else { self.sizes.get(&self.key(argument)).copied() }
    }

    fn forget_size(&mut self, argument: Option<&str>) {
        if !self.sizes.is_empty() {
            self.sizes.remove(&self.key(argument));
        }
    }

    fn learn_size(&mut self, command: &Command, argument: Option<&str>) {
        let Some(reply) = command.completion() else { return };
        let size = match (&command.verb, reply.code) {
            (Verb::Size, 213) => ftp::size_reply(reply.text.raw()),
            (Verb::Mlst, 250) => reply.text.raw().lines().find_map(|line| ftp::mlst_facts(line)?.size),
            _ => None,
        };
        let key = self.key(argument);
        match size.filter(|_| take(&mut self.room.names, &key)) {
            Some(size) => self.sizes.insert(key, size),
            None => self.sizes.remove(&key),
        };
    }

    fn negotiate(&mut self, index: u32, effect: Effect) {
        let first = self.by_command.get(&index).and_then(|positions| positions.front());
        let Some(channel) = first.and_then(|&position| u32::try_from(position).ok()) else { return };
        match (self.channel(channel).and_then(|channel| channel.negotiation), effect) {
            (None | Some(Negotiation::Rejected), _) | (Some(Negotiation::Malformed), Effect::Refused) => {}
            (Some(Negotiation::Accepted | Negotiation::Unanswered | Negotiation::Malformed), _) => {
                self.in_force.channel = Some(channel);
            }
        }
    }

    /// Which way a command moves data; none where it moves none.
    fn direction(&self, command: &Command) -> Option<Direction> {
        match command.verb {
            Verb::Retr | Verb::List | Verb::Nlst | Verb::Mlsd => Some(Direction::Download),
            Verb::Stor | Verb::Stou | Verb::Appe => Some(Direction::Upload),
            _ => {
                command.replies.iter().find(|reply| matches!(reply.code, 125 | 150))?;
                let (_, connection) = self.connection_for(command)?;
                let connection = connection?;
                Some(if from_server(self.channel_active(command)?, connection).bytes > 0 {
                    Direction::Download
                } else {
                    Direction::Upload
                })
            }
        }
    }

    fn channel_active(&self, command: &Command) -> Option<bool> {
        let (channel, _) = self.connection_for(command)?;
        Some(self.channel(channel)?.active)
    }

    fn channel(&self, index: u32) -> Option<&'a DataChannel> {
        self.way.channels.get(usize::try_from(index).ok()?)
    }

    fn beside(&self, index: u32) -> Option<&'a Beside> {
        self.way.beside.get(usize::try_from(index).ok()?)
    }

    fn is_unused(&self, position: usize) -> bool {
        self.used.get(position).is_some_and(|used| !used)
    }

    /// The channel of a transfer, with its connection where one was made.
    ///
    /// That is the negotiation in force; where it has had its transfer, a further connection on it; where it has no
    /// connection, an earlier negotiation's that came late; and without any negotiation, the next one by default ports.
    fn connection_for(&self, command: &Command) -> Option<(u32, Option<&'a Connection>)> {
        let Some(in_force) = self.in_force.channel else {
            let position = *self.by_default.iter().find(|&&position| self.is_unused(position))?;
            let channel = self.way.channels.get(position)?;
            return Some((u32::try_from(position).ok()?, channel.connection.as_deref()));
        };
        let negotiated = self.channel(in_force)?;
        let on_it = negotiated.command.and_then(|command| self.by_command.get(&command));
        let further = on_it.into_iter().flatten().find_map(|&position| {
            let channel = self.way.channels.get(position)?;
            (channel.connection.is_some() && self.is_unused(position)).then_some((position, channel))
        });
        if let Some((position, channel)) = further {
            return Some((u32::try_from(position).ok()?, channel.connection.as_deref()));
        }
        if negotiated.connection.is_none() && effect(command) != Effect::Refused {
            let in_force_at = usize::try_from(in_force).unwrap_or(usize::MAX);
            let until = self.way.channels.get(..=in_force_at).unwrap_or(self.way.channels);
            let late = until.iter().enumerate().rev().take(LATE).find(|(position, channel)| {
                let made =
                    channel.connection.as_deref().is_some_and(|one| one.frames.first > self.made(in_force));
                made && channel.command < negotiated.command
                    && channel.command.is_some()
                    && self.is_unused(*position)
            });
            if let Some((position, channel)) = late {
                return Some((u32::try_from(position).ok()?, channel.connection.as_deref()));
            }
        }
        Some((in_force, negotiated.connection.as_deref()))
    }

    fn made(&self, channel: u32) -> u64 {
        self.beside(channel).map_or(0, |beside| beside.made)
    }

    fn transfer(&mut self, index: u32, command: &Command, direction: Direction) {
        let argument = command.text().map(Text::raw);
        let linked = self.connection_for(command);
        let completion = command.completion();
        let begun = command.replies.iter().any(crate::report::Reply::is_preliminary);
        let is_refusal = !begun && completion.is_some_and(crate::report::Reply::is_negative);
        let channel = linked.map(|(channel, _)| channel);
        let active = channel.and_then(|channel| self.channel(channel)).is_some_and(|channel| channel.active);
        let stream = |connection| match direction {
            Direction::Download => from_server(active, connection),
            Direction::Upload => from_client(active, connection),
        };
        // What moved after a refusal is the next command's.
        let moved_before = |connection| {
            let first = stream(connection).first_payload;
            first.zip(completion).is_some_and(|((_, frame), refusal)| frame < refusal.frame)
        };
        let connection: Option<&Connection> = linked
            .and_then(|(_, connection)| connection)
            .filter(|connection| !is_refusal || moved_before(*connection));
        let facts = connection.map(stream);
        let status = self.status(index, command);
        self.room.paths = self.room.paths.saturating_add(kept::PATH);
        let path = self.path(command, argument).filter(|path| take(&mut self.room.paths, path));
        let announced = command
            .replies
            .iter()
            .filter(|reply| reply.is_preliminary())
            .find_map(|reply| ftp::announced_size(reply.text.raw()));
        let known_size = if direction == Direction::Download { self.known_size(argument) } else { None };
        let offset = self.in_force.offset;
        let moves_file = !matches!(command.verb, Verb::List | Verb::Nlst | Verb::Mlsd);
        let made = connection.is_some_and(|connection| connection.established.is_some());
        let bytes = match facts {
            Some(facts) => Some(facts.content_bytes.unwrap_or(facts.bytes)),
            None if status == Status::Complete => None,
            None => Some(0),
        };
        let transfer = Transfer {
            command: index,
            path: path.map(|path| Text::from(path.as_str())),
            direction,
            content: if moves_file { Content::File } else { Content::Listing },
            representation: self.in_force.representation.clone(),
            structure: self.in_force.structure,
            mode: self.in_force.mode,
            offset: if moves_file { offset } else { 0 },
            data_channel: channel,
            bytes,
            missing_bytes: facts.map_or(0, |facts| facts.missing),
            expected_size: known_size.filter(|_| moves_file).or(announced),
            sha256: facts.and_then(|facts| facts.sha256).filter(|_| made),
            mime: facts.and_then(|facts| facts.mime),
            encrypted: connection.is_some_and(|connection| connection.tls && !connection.decrypted),
            status,
            reply_code: completion.map(|reply| reply.code),
            start: connection.map(|connection| connection.start),
            end: connection.map(|connection| connection.end),
            peer_session: channel
                .and_then(|channel| self.channel(channel))
                .and_then(|channel| channel.peer_session.clone()),
        };
        self.in_force.offset = 0;
        if direction == Direction::Upload {
            self.forget_size(argument);
        }
        if let Some(channel) = channel.filter(|_| connection.is_some()) {
            let position = usize::try_from(channel).unwrap_or(usize::MAX);
            if command.verb == Verb::Mlsd && self.is_unused(position) {
                self.learn_listing(channel, argument);
            }
            self.use_up(position);
        }
        self.walked.transfers.push(transfer);
    }

    /// How a transfer ended.
    fn status(&self, index: u32, command: &Command) -> Status {
        let completion = command.completion();
        let after = usize::try_from(index).unwrap_or(usize::MAX).saturating_add(1);
        let aborted = || {
            self.last_abort.is_some_and(|last| last >= after)
                && completion.is_none_or(|reply| {
                    let later = self.way.commands.get(after..).into_iter().flatten();
                    later.take_while(|other| other.frame <= reply.frame).any(|other| other.verb == Verb::Abor)
                })
        };
        match completion {
            Some(reply) if reply.is_completion() => Status::Complete,
            Some(reply) if reply.code == 426 || aborted() => Status::Aborted,
            Some(_) => Status::Failed,
            None if aborted() => Status::Aborted,
            None => Status::Unfinished,
        }
    }

    /// A transfer has used this channel: it is looked for no more.
    fn use_up(&mut self, position: usize) {
        let Self { way, used, by_command, by_default, .. } = self;
        let channels = way.channels;
        let Some(channel) = channels.get(position) else { return };
        if let Some(used) = used.get_mut(position) {
            *used = true;
        }
        let is_spent = |position: usize| {
            let has_connection = channels.get(position).is_some_and(|channel| channel.connection.is_some());
            !has_connection || used.get(position).is_none_or(|&used| used)
        };
        let of_command = channel.command.and_then(|command| by_command.get_mut(&command));
        for waiting in of_command.into_iter().chain([by_default]) {
            while waiting.front().is_some_and(|&position| is_spent(position)) {
                waiting.pop_front();
            }
        }
    }

    fn path(&self, command: &Command, argument: Option<&str>) -> Option<String> {
        match command.verb {
            Verb::Stou => {
                let name = command.replies.iter().find_map(|reply| ftp::stou_name(reply.text.raw()))?;
                self.in_force.directory.resolve(Some(name))
            }
            Verb::List | Verb::Nlst | Verb::Mlsd => {
                self.in_force.directory.resolve(without_options(argument))
            }
            _ => self.in_force.directory.resolve(argument),
        }
    }

    /// The sizes that a machine listing states.
    fn learn_listing(&mut self, channel: u32, argument: Option<&str>) {
        let Some(text) = self.beside(channel).and_then(|beside| beside.listing.as_deref()) else {
            return;
        };
        let directory = self.in_force.directory.resolve(without_options(argument));
        for line in Text::from_wire(text).raw().lines() {
            let Some(facts) = ftp::mlst_facts(line) else { continue };
            let Some(size) = facts.size.filter(|_| facts.kind.as_deref().is_none_or(|kind| kind == "file"))
            else {
                continue;
            };
            let path = match &directory {
                Some(directory) => ftp::join(Some(directory), &facts.name),
                None if argument.is_none() => Some(facts.name.to_string()),
                None => None,
            };
            if let Some(path) = path.filter(|path| take(&mut self.room.names, path)) {
                self.sizes.insert(path, size);
            }
        }
    }
}

/// `LIST -la /pub` lists `/pub`: what begins with a hyphen are options of the server's `ls`.
fn without_options(argument: Option<&str>) -> Option<&str> {
    let mut rest = argument?.trim_start();
    while rest.starts_with('-') {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest).trim_start();
    }
    (!rest.is_empty()).then_some(rest)
}

/// Takes room for a text, if there is enough.
fn take(room: &mut usize, text: &str) -> bool {
    let left = room.checked_sub(text.len());
    *room = left.unwrap_or(*room);
    left.is_some()
}

/// What the server sent: it connects in active mode and listens in passive mode.
fn from_server(active: bool, connection: &Connection) -> &StreamFacts {
    if active { &connection.from_originator } else { &connection.from_responder }
}

fn from_client(active: bool, connection: &Connection) -> &StreamFacts {
    if active { &connection.from_responder } else { &connection.from_originator }
}
