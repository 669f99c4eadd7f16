//! One transfer: what is known when it begins, and what only its end shows.

use std::sync::Arc;

use super::assignment::Channels;
use super::in_force::InForce;
use super::sizes::without_options;
use crate::base::{FrameNumber, Text};
use crate::ftp::{self, Verb, WorkingDirectory};
use crate::report::{
    ChannelIndex, Command, CommandIndex, Connection, Content, ContentKind, Direction, Listing, Reply, Status,
    StreamFacts, Transfer,
};

/// A transfer that has begun, with what was in force when its command was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentTransfer {
    /// Index of the transfer command.
    pub command: CommandIndex,
    /// Absolute path, where the working directory is known.
    pub path: Option<Text>,
    /// Which way.
    pub direction: Direction,
    /// A file or a listing.
    pub content: Content,
    /// `A`, `I`, `E` or `L 8`: the type in force.
    pub representation: Text,
    /// `F`, `R` or `P`: the structure in force.
    pub structure: char,
    /// `S`, `B`, `C` or `Z`: the transmission mode in force.
    pub mode: char,
    /// The REST marker in force, 0 otherwise.
    pub offset: u64,
    /// Index of the data channel.
    pub data_channel: ChannelIndex,
}

/// The channel that a transfer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Assigned {
    pub(super) channel: ChannelIndex,
    /// Whether the channel's connection is the transfer's.
    pub(super) connected: bool,
    /// Whether no transfer has taken it before.
    pub(super) is_first: bool,
}

/// What is known of a transfer without its connection.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct TransferStart {
    pub(super) command: CommandIndex,
    pub(super) path: Option<Path>,
    representation: Text,
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::letter",
            deserialize_with = "crate::base::encode::read_letter"
        )
    )]
    structure: char,
    #[cfg_attr(
        feature = "store",
        borsh(
            serialize_with = "crate::base::encode::letter",
            deserialize_with = "crate::base::encode::read_letter"
        )
    )]
    mode: char,
    offset: u64,
    /// The negotiation in force.
    pub(super) in_force: Option<ChannelIndex>,
    pub(super) assigned: Option<Assigned>,
    /// The size that SIZE or a listing stated.
    pub(super) known_size: Option<u64>,
    /// Whether the text of a listing that it moved is kept.
    pub(super) keeps_listing: bool,
    /// How many bytes RANG asked for.
    pub(super) range: Option<u64>,
}

/// Whether a command moves data, or may: of a verb that nobody knows its preliminary reply announces a data
/// connection.
pub(super) fn may_move_data(command: &Command) -> bool {
    command.verb.is_transfer() || command.replies.iter().any(|reply| matches!(reply.code, 125 | 150))
}

/// A path, as far as it is known.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) enum Path {
    /// From the root.
    Absolute(Text),
    /// From the directory in which the login ended.
    FromLogin(Text),
}

impl Path {
    pub(super) const fn text(&self) -> &Text {
        match self {
            Self::Absolute(path) | Self::FromLogin(path) => path,
        }
    }

    fn absolute(self) -> Option<Text> {
        match self {
            Self::Absolute(path) => Some(path),
            Self::FromLogin(_) => None,
        }
    }
}

/// The path of what a transfer command names.
pub(super) fn path(directory: &WorkingDirectory, command: &Command, argument: Option<&str>) -> Option<Path> {
    let name = if command.verb == Verb::Stou {
        Some(command.replies.iter().find_map(|reply| ftp::stou_name(reply.text.raw()))?)
    } else if command.verb.is_listing() {
        without_options(argument)
    } else {
        argument
    };
    named_path(directory, name)
}

/// The path of what has this name in a directory.
pub(super) fn named_path(directory: &WorkingDirectory, name: Option<&str>) -> Option<Path> {
    match directory.resolve(name) {
        Some(path) => Some(Path::Absolute(path.as_str().into())),
        None => directory.resolve_from_login(name).map(|path| Path::FromLogin(path.as_str().into())),
    }
}

/// Whether ABOR was given after a transfer command and before its completion; `later` are the commands after
/// it.
pub(super) fn aborted_after(command: &Command, later: &[Command]) -> bool {
    let until = command.completion().map_or(FrameNumber::MAX, |reply| reply.frame);
    later.iter().take_while(|other| other.frame <= until).any(|other| other.verb == Verb::Abor)
}

/// The direction that a verb states.
const fn stated_direction(verb: &Verb) -> Option<Direction> {
    if matches!(verb, Verb::Stor | Verb::Stou | Verb::Appe) {
        Some(Direction::Upload)
    } else if verb.is_transfer() {
        Some(Direction::Download)
    } else {
        None
    }
}

const fn content(verb: &Verb) -> Content {
    if verb.is_listing() { Content::Listing } else { Content::File }
}

impl TransferStart {
    pub(super) fn new(command: CommandIndex, said: &Command, in_force: &InForce) -> Self {
        Self {
            command,
            path: None,
            representation: in_force.representation.clone(),
            structure: in_force.structure,
            mode: in_force.mode,
            offset: if said.verb.is_listing() { 0 } else { in_force.offset },
            in_force: in_force.channel,
            assigned: None,
            known_size: None,
            keeps_listing: false,
            range: in_force.range.filter(|_| !said.verb.is_listing()),
        }
    }

    /// What is known while the transfer is under way; none where its direction isn't.
    pub(super) fn current(
        self,
        said: &Command,
        path: Option<Path>,
        channel: ChannelIndex,
    ) -> Option<CurrentTransfer> {
        Some(CurrentTransfer {
            command: self.command,
            path: path.and_then(Path::absolute),
            direction: stated_direction(&said.verb)?,
            content: content(&said.verb),
            representation: self.representation,
            structure: self.structure,
            mode: self.mode,
            offset: self.offset,
            data_channel: channel,
        })
    }

    /// The channel whose connection is the transfer's.
    pub(super) fn connected_channel(&self) -> Option<ChannelIndex> {
        self.assigned.filter(|assigned| assigned.connected).map(|assigned| assigned.channel)
    }

    /// The listing that it moved, if its text is kept.
    fn listing<'a>(&self, content: Content, channels: Channels<'a>) -> Option<&'a Arc<Listing>> {
        let moved = self.assigned.filter(|assigned| assigned.connected && assigned.is_first)?;
        let is_kept = self.keeps_listing && content == Content::Listing;
        channels.listing(moved.channel).filter(|_| is_kept)
    }

    /// Which way data moves; none where the command moves none after all.
    pub(super) fn direction(
        &self,
        said: &Command,
        channels: Channels<'_>,
        connection: Option<&Connection>,
    ) -> Option<Direction> {
        if let Some(direction) = stated_direction(&said.verb) {
            return Some(direction);
        }
        let channel = self.assigned.map(|assigned| assigned.channel)?;
        if !channels.has_connection(channel) {
            return None;
        }
        let active = channels.get(channel)?.origin.is_active();
        let is_download =
            connection.is_some_and(|connection| connection.moved(Direction::Download, active).bytes > 0);
        Some(if is_download { Direction::Download } else { Direction::Upload })
    }

    /// Whether what moved on a channel is this transfer's: what moved after a refusal is the next one's.
    pub(super) fn moved_data(said: &Command, channel: ChannelIndex, channels: Channels<'_>) -> bool {
        let begun = said.replies.iter().any(Reply::is_preliminary);
        let Some(refusal) = said.completion().filter(|reply| !begun && reply.is_negative()) else {
            return true;
        };
        let Some((connection, facts)) = channels.connection(channel).zip(channels.get(channel)) else {
            return false;
        };
        let direction = stated_direction(&said.verb).unwrap_or(Direction::Download);
        let first = connection.moved(direction, facts.origin.is_active()).first_payload;
        first.is_some_and(|(_, frame)| frame < refusal.frame)
    }

    /// The transfer as it is reported, with what its connection moved.
    pub(super) fn report(
        self,
        said: &Command,
        is_aborted: bool,
        channels: Channels<'_>,
        connection: Option<&Connection>,
    ) -> Option<Transfer> {
        let direction = self.direction(said, channels, connection)?;
        let channel = self.assigned.map(|assigned| assigned.channel);
        let facts = channel.and_then(|channel| channels.get(channel));
        let active = facts.is_some_and(|channel| channel.origin.is_active());
        let moved = connection.map(|connection| connection.moved(direction, active));
        let status = status(said, is_aborted);
        let announced = || {
            let mut preliminary = said.replies.iter().filter(|reply| reply.is_preliminary());
            preliminary.find_map(|reply| ftp::announced_size(reply.text.raw()))
        };
        let content = content(&said.verb);
        let known_size =
            self.known_size.filter(|_| content == Content::File && direction == Direction::Download);
        let made = connection.is_some_and(|connection| connection.established.is_some());
        let listing = self.listing(content, channels).cloned();
        let (path, path_from_login) = match self.path {
            Some(Path::Absolute(path)) => (Some(path), None),
            Some(Path::FromLogin(path)) => (None, Some(path)),
            None => (None, None),
        };
        Some(Transfer {
            command: self.command,
            path,
            path_from_login,
            direction,
            content,
            representation: self.representation,
            structure: self.structure,
            mode: self.mode,
            offset: self.offset,
            data_channel: channel,
            bytes: match moved {
                Some(moved) => Some(moved.content_bytes.unwrap_or(moved.bytes)),
                None if status == Status::Complete => None,
                None => Some(0),
            },
            missing_bytes: moved.map_or(0, |moved| moved.missing),
            expected_size: self.range.or(known_size).or_else(announced),
            sha256: moved.and_then(|moved| moved.sha256).filter(|_| made),
            decoded: moved.and_then(|moved| moved.decoded.clone()).filter(|_| self.mode != 'S'),
            verification: None,
            file: None,
            piece: None,
            listing,
            mime: moved.and_then(|moved| moved.mime.as_deref()).map(Into::into),
            kind: moved.and_then(kind),
            encrypted: connection.is_some_and(|connection| connection.tls && !connection.decrypted),
            status,
            reply_code: said.completion().map(|reply| reply.code),
            start: connection.map(|connection| connection.start),
            end: connection.map(|connection| connection.end),
            rate: moved.and_then(rate),
            peer_session: facts.and_then(|channel| channel.peer_session.clone()),
        })
    }
}

/// What a stream moved by the second while it moved anything.
fn rate(moved: &StreamFacts) -> Option<f64> {
    let bytes = moved.bytes.saturating_add(moved.missing);
    Some(bytes as f64 / (moved.content_span?.seconds()))
}

/// The kind of what a stream moved. One that is known to have carried nothing is empty.
fn kind(moved: &StreamFacts) -> Option<ContentKind> {
    let is_empty = moved.content_bytes.unwrap_or(moved.bytes) == 0 && moved.missing == 0;
    let is_whole = moved.start_seen && moved.end_seen;
    if is_empty && is_whole { Some(ContentKind::Empty) } else { moved.kind }
}

/// How a transfer ended.
fn status(said: &Command, is_aborted: bool) -> Status {
    match said.completion() {
        // Some servers answer ABOR first, and by the code that ends a transfer.
        _ if is_aborted => Status::Aborted,
        Some(reply) if reply.is_completion() => Status::Complete,
        Some(reply) if reply.code == 426 => Status::Aborted,
        Some(_) => Status::Failed,
        None => Status::Unfinished,
    }
}
