//! What one transfer moved of a file.

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::{Text, Timestamp};
use crate::ftp::{self, Verb};
use crate::report::{Content, Direction, EndState, FrameSpan, Session, Status, Transfer, TransferIndex, Uid};

/// By what parts of a file are recognized as such.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub(super) server: IpAddr,
    pub(super) direction: Direction,
    pub(super) path: Text,
    /// Whose login directory the path begins in; none for an absolute one.
    user: Option<Text>,
}

/// Where a part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this byte.
    At(u64),
    /// At the file's end, wherever that was: APPE.
    End,
}

/// What one transfer moved.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) server: IpAddr,
    pub(super) direction: Direction,
    pub(super) path: Option<Text>,
    pub(super) name: Option<Name>,
    pub(super) session: Uid,
    pub(super) transfer: TransferIndex,
    pub(super) frames: FrameSpan,
    pub(super) place: Place,
    /// Bytes from its place on, those that are missing among them.
    pub(super) length: u64,
    pub(super) missing: u64,
    /// Whether the file ends with it, as far as its transfer tells.
    pub(super) reaches_end: bool,
    /// The file's size, as far as this transfer tells.
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) mime: Option<Box<str>>,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    /// All of it, where that was kept.
    pub(super) piece: Option<Arc<Vec<u8>>>,
}

impl Part {
    /// What a transfer moved of a file; none where it moved none that can be read.
    pub(super) fn of(session: &mut Session, index: TransferIndex) -> Option<Self> {
        let piece = index.of_mut(&mut session.transfers)?.piece.take();
        let session = &*session;
        let transfer = session.transfer(index)?;
        let connection = session.data_channel(transfer.data_channel?)?.connection()?;
        let (bytes, sha256) = if transfer.mode == 'S' {
            (transfer.bytes?, transfer.sha256)
        } else {
            let decoded = transfer.decoded.as_ref()?;
            (decoded.bytes, decoded.sha256)
        };
        if transfer.content != Content::File
            || transfer.encrypted
            || bytes == 0 && transfer.status != Status::Complete
        {
            return None;
        }
        let is_over = connection.handshake
            && transfer.missing_bytes == 0
            && matches!(connection.end_state, EndState::Fin | EndState::Rst);
        let missing = if transfer.mode == 'S' { transfer.missing_bytes } else { 0 };
        let length = bytes.saturating_add(missing);
        let place = place(session, transfer);
        let path = transfer.path.as_ref().or(transfer.path_from_login.as_ref());
        let server = session.server.ip;
        Some(Self {
            server,
            direction: transfer.direction,
            path: path.cloned(),
            name: path.map(|path| Name {
                server,
                direction: transfer.direction,
                path: path.clone(),
                user: session.user.clone().filter(|_| transfer.path.is_none()),
            }),
            session: session.uid.clone(),
            transfer: index,
            frames: connection.frames,
            place,
            length,
            missing,
            reaches_end: is_over && transfer.status == Status::Complete,
            size: size(session, transfer, place, is_over.then_some(length)),
            sha256,
            mime: transfer.mime.clone(),
            start: transfer.start,
            end: transfer.end,
            piece: piece
                .map(|piece| piece.0)
                .filter(|piece| sha256.is_some() && piece.len() as u64 == length),
        })
    }
}

/// Where a transfer's content begins in its file.
fn place(session: &Session, transfer: &Transfer) -> Place {
    let Some(command) = session.command(transfer.command) else { return Place::At(transfer.offset) };
    if command.verb != Verb::Appe || transfer.offset > 0 {
        return Place::At(transfer.offset);
    }
    // What SIZE said just before is where it goes on; there is no such file where it was refused.
    let before = session.commands.get(..transfer.command.position()).unwrap_or_default();
    let asked = before.iter().rev().take_while(|other| !other.verb.is_transfer());
    let mut asked = asked.filter(|other| other.verb == Verb::Size && other.text() == command.text());
    match asked.next().and_then(|asked| asked.completion()) {
        Some(reply) if reply.code == 213 => ftp::size_reply(reply.text.raw()).map_or(Place::End, Place::At),
        Some(reply) if reply.code == 550 => Place::At(0),
        Some(_) | None => Place::End,
    }
}

/// The size of the whole file, as far as a transfer tells; `length` is that of all that it moved, where that is known.
fn size(session: &Session, transfer: &Transfer, place: Place, length: Option<u64>) -> Option<u64> {
    let Place::At(offset) = place else { return None };
    let length = length.filter(|_| transfer.status == Status::Complete);
    let reached = length.map(|length| offset.saturating_add(length));
    if transfer.direction == Direction::Upload {
        return reached;
    }
    let before = session.commands.get(..transfer.command.position()).unwrap_or_default();
    let mut since = before.iter().rev().take_while(|other| !other.verb.is_transfer());
    let is_range = since.any(|other| other.verb == Verb::Rang);
    let is_text = transfer.representation.raw().starts_with('A');
    // What the 150 announces may be what is left of the file.
    let is_stated =
        offset == 0 || before.iter().any(|other| matches!(other.verb, Verb::Size | Verb::Mlst | Verb::Mlsd));
    let stated =
        transfer.expected_size.filter(|_| is_stated && !is_range && !is_text && transfer.mode == 'S');
    match stated {
        None if is_range => None,
        None => reached,
        // The file may have grown since its size was asked for.
        Some(stated) => Some(reached.map_or(stated, |reached| reached.max(stated))),
    }
}
