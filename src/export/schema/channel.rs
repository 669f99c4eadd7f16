//! Data channels and their connections.

use super::Endpoint;
use crate::export::json::{Json, Numbered, Writer, object};
use crate::report::{
    Advertised, Connection, Connector, DataChannel, Prediction, Reuse, TimeWait, community_id,
};

impl Json for Numbered<&DataChannel> {
    fn write(&self, json: &mut Writer) {
        let Self(index, channel) = self;
        object!(json, {
            "index": index,
            "mode": channel.mode,
            "active": channel.active,
            "command": channel.command,
            "negotiation": channel.negotiation,
            "advertised": channel.advertised.map(Endpoint::from),
            "predicted": channel.predicted,
            "outcome": channel.outcome,
            "matched_by": channel.matched_by,
            "differs": channel.differs(),
            "connection": channel.connection.as_deref(),
            "time_wait": channel.time_wait,
            "reuse": channel.reuse,
            "peer_session": channel.peer_session,
        });
    }
}

impl From<Advertised> for Endpoint {
    fn from(advertised: Advertised) -> Self {
        Self { ip: advertised.ip, port: Some(advertised.port) }
    }
}

impl From<Connector> for Endpoint {
    fn from(connector: Connector) -> Self {
        Self { ip: Some(connector.ip), port: connector.port }
    }
}

impl Json for Prediction {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "listener": Endpoint::from(self.listener),
            "connector": Endpoint::from(self.connector),
        });
    }
}

impl Json for Connection {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "originator": Endpoint::from(self.originator),
            "responder": Endpoint::from(self.responder),
            "community_id": community_id(self.originator, self.responder),
            "start": self.start,
            "end": self.end,
            "frames": self.frames,
            "handshake": self.handshake,
            "syn_attempts": self.syn_attempts,
            "end_state": self.end_state,
            "first_close": self.first_close,
            "bytes_originator": self.from_originator.bytes,
            "bytes_responder": self.from_responder.bytes,
            "retransmitted_bytes": self.retransmitted_bytes(),
            "missing_bytes": self.missing_bytes(),
            "tls": self.tls,
        });
    }
}

impl Json for TimeWait {
    fn write(&self, json: &mut Writer) {
        object!(json, { "holder": self.holder, "from": self.from, "until": self.until });
    }
}

impl Json for Reuse {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "kind": self.kind,
            "previous": Previous(&self.previous),
            "gap_s": self.gap as f64 / 1e9,
            "in_time_wait": self.in_time_wait,
            "outcome": self.outcome,
        });
    }
}

struct Previous<'a>(&'a crate::report::Previous);

impl Json for Previous<'_> {
    fn write(&self, json: &mut Writer) {
        object!(json, { "session": self.0.session, "data_channel": self.0.data_channel });
    }
}
