//! Sessions, commands, replies and transfers.

use super::{Endpoint, secret};
use crate::base::Secret;
use crate::export::json::{Json, List, Numbered, Writer, members, numbered, object};
use crate::export::values::Hex;
use crate::ftp::Verb;
use crate::report::{Argument, Command, Reply, Session, Transfer, community_id};

impl Json for Session {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "uid": self.uid,
            "client": Endpoint::from(self.client),
            "server": Endpoint::from(self.server),
            "community_id": community_id(self.client, self.server),
            "start": self.start,
            "end": self.end,
            "frames": self.frames,
            "handshake": self.handshake,
            "end_state": self.end_state,
            "closed_by": self.closed_by,
            "user": self.user,
            "password": self.password,
            "account": self.account,
            "login": self.login,
            "greeting": self.greeting,
            "unsolicited": self.unsolicited,
            "system": self.system,
            "client_software": self.client_software,
            "features": self.features,
            "security": self.security,
            "epsv_all": self.epsv_all,
            "port_allocation": PortAllocation(self),
            "commands": numbered(&self.commands),
            "data_channels": numbered(&self.data_channels),
            "transfers": List(self.transfers.iter().enumerate().map(|(index, transfer)| {
                Numbered(index, TransferOf { session: self, transfer })
            })),
            "findings": self.findings,
        });
    }
}

struct PortAllocation<'a>(&'a Session);

impl Json for PortAllocation<'_> {
    fn write(&self, json: &mut Writer) {
        let allocation = &self.0.port_allocation;
        object!(json, {
            "client": allocation.client,
            "server": allocation.server,
        });
    }
}

impl Json for Secret {
    fn write(&self, json: &mut Writer) {
        secret(self).write(json);
    }
}

impl Json for Reply {
    fn write(&self, json: &mut Writer) {
        object!(json, { "time": self.time, "frame": self.frame, "code": self.code, "text": self.text });
    }
}

impl Json for Verb {
    fn write(&self, json: &mut Writer) {
        match self {
            Self::Other(name) => name.write(json),
            known => json.plain(known.name().as_bytes()),
        }
    }
}

impl Json for Argument {
    fn write(&self, json: &mut Writer) {
        match self {
            Self::Text(text) => text.write(json),
            Self::Secret(secret) => secret.write(json),
        }
    }
}

impl Json for Numbered<&Command> {
    fn write(&self, json: &mut Writer) {
        let Self(index, command) = self;
        object!(json, {
            "index": index,
            "time": command.time,
            "frame": command.frame,
            "verb": command.verb,
            "argument": command.argument,
            "replies": *command.replies,
        });
    }
}

/// A transfer, whose verb and argument are its command's.
struct TransferOf<'a> {
    session: &'a Session,
    transfer: &'a Transfer,
}

impl Json for Numbered<TransferOf<'_>> {
    fn write(&self, json: &mut Writer) {
        let Self(index, TransferOf { session, transfer }) = self;
        let command = session.command(transfer.command);
        json.open(b'{');
        members!(json, {
            "index": index,
            "command": transfer.command,
            "verb": command.map(|command| &command.verb),
            "argument": command.and_then(|command| command.argument.as_ref()),
            "path": transfer.path,
            "direction": transfer.direction,
            "content": transfer.content,
            "type": transfer.representation,
            "structure": transfer.structure,
            "mode": transfer.mode,
            "offset": transfer.offset,
            "data_channel": transfer.data_channel,
        });
        moved(transfer, json);
        members!(json, { "peer_session": transfer.peer_session });
        json.close(b'{', b'}');
    }
}

/// Writes what a transfer moved and what came of it, the same in reports and in events.
pub(super) fn moved(transfer: &Transfer, json: &mut Writer) {
    members!(json, {
        "bytes": transfer.bytes,
        "missing_bytes": transfer.missing_bytes,
        "expected_size": transfer.expected_size,
        "sha256": transfer.sha256.as_ref().map(Hex),
        "mime": transfer.mime,
        "encrypted": transfer.encrypted,
        "status": transfer.status,
        "reply_code": transfer.reply_code,
        "start": transfer.start,
        "end": transfer.end,
        "duration_s": transfer.duration(),
    });
}
