//! Events, as they happen: a line of JSON each. They are no part of the report; the words are.

use super::Endpoint;
use super::session::moved;
use crate::analyzer::{Event, EventKind};
use crate::export::json::{Json, Writer, members};

/// One event: what all have, then what kind it is and what that kind has.
impl Json for Event {
    fn write(&self, json: &mut Writer) {
        json.open(b'{');
        members!(json, {
            "time": self.packet.time,
            "frame": self.packet.frame,
            "session": self.session,
            "client": Endpoint::from(self.client),
            "server": Endpoint::from(self.server),
        });
        kind(&self.kind, json);
        json.close(b'{', b'}');
    }
}

fn kind(kind: &EventKind, json: &mut Writer) {
    match kind {
        EventKind::Opened => members!(json, { "event": "opened" }),
        EventKind::LoggedIn { user, login, code } => {
            members!(json, { "event": "login", "user": user, "login": login, "code": code });
        }
        EventKind::Expecting { channel, mode, prediction } => members!(json, {
            "event": "expecting",
            "data_channel": channel,
            "mode": mode,
            "listener": Endpoint::from(prediction.listener),
            "connector": Endpoint::from(prediction.connector),
        }),
        EventKind::Rejected { channel, mode, code } => members!(json, {
            "event": "rejected",
            "data_channel": channel,
            "mode": mode,
            "code": code,
        }),
        EventKind::Connected { channel, mode, originator, responder, matched_by, differs, after } => {
            members!(json, {
                "event": "connected",
                "data_channel": channel,
                "mode": mode,
                "originator": Endpoint::from(*originator),
                "responder": Endpoint::from(*responder),
                "matched_by": matched_by,
                "differs": differs,
                "after_s": seconds(*after),
            });
        }
        EventKind::Refused { channel, mode, originator, responder } => members!(json, {
            "event": "refused",
            "data_channel": channel,
            "mode": mode,
            "originator": Endpoint::from(*originator),
            "responder": Endpoint::from(*responder),
        }),
        EventKind::TimedOut { channel, mode, prediction, waited, attempted } => members!(json, {
            "event": "timed_out",
            "data_channel": channel,
            "mode": mode,
            "listener": Endpoint::from(prediction.listener),
            "connector": Endpoint::from(prediction.connector),
            "waited_s": seconds(*waited),
            "attempted": attempted,
        }),
        EventKind::Transferred { verb, argument, transfer } => {
            members!(json, {
                "event": "transferred",
                "verb": verb,
                "argument": argument,
                "path": transfer.path,
                "direction": transfer.direction,
                "content": transfer.content,
                "data_channel": transfer.data_channel,
            });
            moved(transfer, json);
        }
        EventKind::Found(finding) => members!(json, { "event": "found", "finding": **finding }),
        EventKind::Ended { end_state } => {
            members!(json, { "event": "ended", "end_state": end_state });
        }
    }
}

fn seconds(nanos: i64) -> f64 {
    let nanos = nanos as f64;
    nanos / 1e9
}
