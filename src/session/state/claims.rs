//! What a server says of the contents of files: replies to HASH, XCRC, XMD5 and their kin, each held against what was
//! moved.

use std::collections::BTreeMap;

use super::transfer::{Path, named_path};
use crate::base::KeyedMap;
use crate::ftp::{self, DigestRange, DigestReply, DigestRequest, Purpose, WorkingDirectory};
use crate::report::{Command, CommandIndex, Content, Direction, Reply, Status, Transfer, Verification};
use crate::session::digest::{digest, hex};

/// Claims that are kept of one session.
const CLAIMS: usize = 10_000;

/// Claims about one file that are considered for a transfer, the last first.
const CONSIDERED: usize = 16;

/// What was claimed in a session.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub(super) struct Claims {
    claims: Vec<Claim>,
    /// What the paths take, in bytes.
    taken: usize,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
struct Claim {
    command: CommandIndex,
    reply: DigestReply,
    /// Of which file, and of which bytes of it, as far as the command says so: all readings of it.
    readings: Vec<(Path, Option<DigestRange>)>,
}

/// A transfer that a claim may be about.
pub(super) struct Moved<'a> {
    pub(super) transfer: &'a mut Transfer,
    /// Whether a part of the file was asked for.
    pub(super) is_part: bool,
    /// All of its content, if that was kept.
    pub(super) copy: Option<&'a [u8]>,
}

impl Claims {
    /// A command was answered that asks for a digest.
    pub(super) fn note(
        &mut self,
        (index, command): (CommandIndex, &Command),
        request: DigestRequest,
        directory: &WorkingDirectory,
        room: usize,
    ) {
        let reply = command.completion().filter(|reply| reply.is_completion());
        let Some(reply) = reply.and_then(|reply| ftp::digest_reply(request, reply.text.raw())) else {
            return;
        };
        let argument = command.text().map_or("", |text| text.raw());
        let readings: Vec<_> = ftp::digest_argument(argument)
            .filter_map(|(name, range)| Some((named_path(directory, Some(name))?, range)))
            .collect();
        let size = readings.iter().map(|(path, _)| path.text().raw().len()).fold(256, usize::saturating_add);
        let taken = self.taken.saturating_add(size);
        if self.claims.len() < CLAIMS && taken <= room {
            self.taken = taken;
            self.claims.push(Claim { command: index, reply, readings });
        }
    }

    /// What it takes in memory.
    pub(super) const fn weight(&self) -> usize {
        self.taken.saturating_mul(2)
    }

    /// Holds the claims against what was moved.
    pub(super) fn settle<'a>(&self, commands: &[Command], moved: impl Iterator<Item = Moved<'a>>) {
        let mut moved: Vec<Moved<'_>> = moved.collect();
        let changes = Changes::of(commands, moved.iter().map(|moved| &*moved.transfer));
        let mut by_path: KeyedMap<&str, Vec<(&Claim, Option<DigestRange>)>> = KeyedMap::default();
        for claim in &self.claims {
            for (path, range) in &claim.readings {
                by_path.entry(path.text().raw()).or_default().push((claim, *range));
            }
        }
        for moved in &mut moved {
            let path = moved.transfer.path.as_ref().or(moved.transfer.path_from_login.as_ref());
            let Some(claims) = path.and_then(|path| by_path.get(path.raw())) else { continue };
            let last = claims.iter().rev().take(CONSIDERED);
            let verification = last
                .filter(|(claim, _)| claim.is_of(moved.transfer, &changes))
                .find_map(|(claim, range)| claim.verify(moved, claim.reply.range.or(*range)));
            moved.transfer.verification = verification.map(Box::new);
        }
    }
}

impl Claim {
    /// Whether the file was not changed between the transfer and the claim, as far as the session shows.
    fn is_of(&self, transfer: &Transfer, changes: &Changes<'_>) -> bool {
        let path = transfer.path.as_ref().or(transfer.path_from_login.as_ref());
        let (first, second) = (self.command.min(transfer.command), self.command.max(transfer.command));
        let is_after = self.command > transfer.command;
        (is_after || transfer.direction == Direction::Download)
            && path.is_some_and(|path| !changes.between(path.raw(), first, second))
    }

    /// Holds it against a content, where it is about the bytes that were moved and they are all known.
    fn verify(&self, moved: &Moved<'_>, range: Option<DigestRange>) -> Option<Verification> {
        let transfer = &*moved.transfer;
        let (length, sha256) = content(transfer)?;
        let ends = ends(transfer, moved.is_part, length, range)?;
        let DigestReply { algorithm, digest: claimed, .. } = &self.reply;
        let is_of_all = moved.copy.is_some_and(|copy| copy.len() as u64 == length);
        let copy = if length == 0 { Some(&[][..]) } else { moved.copy.filter(|_| is_of_all) };
        let computed = match (copy, algorithm) {
            (None, ftp::Algorithm::Sha256) => hex(&sha256),
            (None, _) => return None,
            (Some(copy), &algorithm) => {
                let whole = digest(algorithm, copy);
                let others = || {
                    let without_last =
                        copy.split_last().map(|(_, rest)| rest).filter(|_| ends == Ends::OrOneLess);
                    let without_last = without_last.map(|rest| digest(algorithm, rest));
                    let is_text = transfer.representation.raw().starts_with('A');
                    without_last.into_iter().chain(is_text.then(|| digest(algorithm, &with_line_feeds(copy))))
                };
                if whole == *claimed {
                    whole
                } else {
                    others().find(|other| other == claimed).unwrap_or(whole)
                }
            }
        };
        Some(Verification {
            algorithm: *algorithm,
            claimed: claimed.clone(),
            computed,
            command: self.command,
        })
    }
}

/// How many bytes a transfer's content has, and its SHA-256; none where not all is known.
fn content(transfer: &Transfer) -> Option<(u64, [u8; 32])> {
    if transfer.content != Content::File || transfer.status != Status::Complete || transfer.encrypted {
        return None;
    }
    if transfer.mode == 'S' {
        return Some((transfer.bytes?, transfer.sha256?));
    }
    let decoded = transfer.decoded.as_ref()?;
    Some((decoded.bytes, decoded.sha256?))
}

/// Where the bytes end that a claim is about, compared with those that were moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    There,
    /// There, or one byte before: the server may count the end in or not.
    OrOneLess,
}

/// Whether a claim is about what was moved: none where it is about other bytes of the file.
fn ends(transfer: &Transfer, is_part: bool, length: u64, range: Option<DigestRange>) -> Option<Ends> {
    let is_whole = transfer.offset == 0 && !is_part;
    let Some(DigestRange { start, end }) = range else { return is_whole.then_some(Ends::There) };
    if start != transfer.offset {
        return None;
    }
    let Some(end) = end else { return (!is_part).then_some(Ends::There) };
    let moved = transfer.offset.saturating_add(length);
    // Line ends make another size of a text.
    let is_text = transfer.representation.raw().starts_with('A');
    if end == moved || is_whole && (is_text || transfer.expected_size == Some(end)) {
        Some(Ends::There)
    } else {
        (end.checked_add(1) == Some(moved)).then_some(Ends::OrOneLess)
    }
}

/// A text of TYPE A as it is on a system that ends lines by a line feed.
fn with_line_feeds(text: &[u8]) -> Vec<u8> {
    let is_kept = |place: usize, byte: u8| byte != b'\r' || text.get(place.saturating_add(1)) != Some(&b'\n');
    text.iter().enumerate().filter(|&(place, &byte)| is_kept(place, byte)).map(|(_, &byte)| byte).collect()
}

/// Commands that put something else in a file's place, by the last part of its name.
struct Changes<'a>(BTreeMap<&'a str, Vec<CommandIndex>>);

impl<'a> Changes<'a> {
    fn of<'t>(commands: &'a [Command], transfers: impl Iterator<Item = &'t Transfer>) -> Self {
        let mut changes: BTreeMap<&str, Vec<CommandIndex>> = BTreeMap::new();
        let uploads = transfers.filter(|transfer| transfer.direction == Direction::Upload);
        let uploads = uploads.map(|transfer| transfer.command);
        let is_change = |command: &Command| {
            command.verb.purpose() == Purpose::ReplaceFile
                && !command.replies.last().is_some_and(Reply::is_negative)
        };
        let others = CommandIndex::number(commands).filter(|(_, command)| is_change(command));
        for index in uploads.chain(others.map(|(index, _)| index)) {
            if let Some(name) = index.of(commands).and_then(Command::text) {
                changes.entry(last_part(name.raw())).or_default().push(index);
            }
        }
        Self(changes)
    }

    fn between(&self, path: &str, first: CommandIndex, second: CommandIndex) -> bool {
        let of_name = self.0.get(last_part(path));
        of_name.is_some_and(|of_name| of_name.iter().any(|&change| first < change && change < second))
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
