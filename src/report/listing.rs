//! What listings told of files: those that transfers moved, and those within replies to STAT and MLST.

use std::borrow::Cow;

use super::{Command, CommandIndex, Content, Session, Transfer, TransferIndex};
use crate::base::Text;
use crate::ftp::listing::{self, Entry, EntryKind, Form, Line};
use crate::ftp::{self, Verb};

/// The text of a listing that a transfer moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "store", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Listing {
    /// Its lines.
    pub text: Text,
    /// Whether lines are missing: they were not captured, or are more than are kept.
    pub is_cut: bool,
}

/// A listing, and where in its session it stands.
#[derive(Clone, Copy, Debug)]
pub struct Told<'s> {
    /// The transfer that moved it; none where it stood in a reply.
    pub transfer: Option<TransferIndex>,
    /// The command that asked for it.
    pub command: CommandIndex,
    /// Whether lines of it are missing.
    pub is_cut: bool,
    /// What was asked for: the path that was listed, where it is known.
    pub path: Option<&'s str>,
    text: &'s str,
    form: Form,
}

/// An entry of a listing, and which directory it was told to be in.
#[derive(Clone, Debug)]
pub struct Listed<'s> {
    /// The listing.
    pub told: Told<'s>,
    /// What it tells.
    pub entry: Entry<'s>,
    /// The absolute path of the entry, where it is known.
    pub path: Option<Cow<'s, str>>,
}

impl Session {
    /// The listings of the session whose text was kept, in the order of their commands.
    pub fn listings(&self) -> impl Iterator<Item = Told<'_>> {
        let mut transfers = TransferIndex::number(&self.transfers).peekable();
        CommandIndex::number(&self.commands).filter_map(move |(index, command)| {
            while transfers.next_if(|(_, transfer)| transfer.command < index).is_some() {}
            match transfers.next_if(|(_, transfer)| transfer.command == index) {
                Some((at, transfer)) => transfer.told(at, command),
                None => of_reply(index, command),
            }
        })
    }
}

impl Transfer {
    /// The listing that it moved, if its text was kept; `index` and `command` are the transfer's.
    pub fn told(&self, index: TransferIndex, command: &Command) -> Option<Told<'_>> {
        let listing = self.listing.as_ref().filter(|_| self.content == Content::Listing)?;
        let form = match command.verb {
            Verb::Mlsd => Form::Facts,
            Verb::Nlst => Form::Names,
            _ => Form::People,
        };
        Some(Told {
            transfer: Some(index),
            command: self.command,
            is_cut: listing.is_cut,
            path: self.path.as_ref().map(Text::raw),
            text: listing.text.raw(),
            form,
        })
    }
}

/// The listing in the reply to STAT with a path, or to MLST.
fn of_reply(index: CommandIndex, command: &Command) -> Option<Told<'_>> {
    let reply = command.completion()?;
    let argument = command.text().map(Text::raw);
    let form = match (&command.verb, reply.code) {
        (Verb::Stat, 211..=213) if argument.is_some() => Form::People,
        (Verb::Mlst, 250) => Form::Facts,
        _ => return None,
    };
    let text = listing::within_reply(reply.text.raw());
    let path = argument.filter(|argument| argument.starts_with('/'));
    (!text.is_empty()).then_some(Told { transfer: None, command: index, is_cut: false, path, text, form })
}

impl<'s> Told<'s> {
    /// Its lines.
    pub fn lines(self) -> impl Iterator<Item = Line<'s>> {
        listing::read(self.text, self.form)
    }

    /// Its entries, without what they say of their paths.
    pub fn entries(self) -> impl Iterator<Item = Entry<'s>> {
        self.lines().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Continued | Line::Directory(_) | Line::Heading | Line::Unknown => None,
        })
    }

    /// Its entries with their paths.
    pub fn listed(self) -> impl Iterator<Item = Listed<'s>> {
        // A listing of one file has nothing but that file in it.
        let mut first = self.entries();
        let is_alone = match (first.next(), first.next()) {
            (Some(only), None) => only.kind != Some(EntryKind::Directory) && self.names_itself(only.name),
            _ => false,
        };
        let mut directory = self.path.map(Cow::Borrowed);
        self.lines().filter_map(move |line| match line {
            Line::Entry(entry) => {
                let path = if is_alone {
                    self.path.map(Cow::Borrowed)
                } else {
                    self.path_of(directory.as_deref(), entry.name)
                };
                Some(Listed { told: self, entry, path })
            }
            Line::Directory(below) => {
                directory = ftp::join(self.path, below).map(Cow::Owned);
                None
            }
            Line::Continued | Line::Heading | Line::Unknown => None,
        })
    }

    /// Whether what was listed is called this.
    fn names_itself(self, name: &str) -> bool {
        let path = self.path.unwrap_or_default();
        path == name || path.rsplit('/').next() == Some(name)
    }

    /// The path of what is called this in a directory. Of a name that is itself a path nobody knows from where
    /// it leads, and a pattern is no directory.
    fn path_of(self, directory: Option<&str>, name: &'s str) -> Option<Cow<'s, str>> {
        if name.starts_with('/') {
            return Some(Cow::Borrowed(name));
        }
        let is_pattern = self.path.is_some_and(|path| path.contains(['*', '?']));
        if is_pattern || name.contains('/') {
            return None;
        }
        ftp::join(Some(directory?), name).map(Cow::Owned)
    }
}
