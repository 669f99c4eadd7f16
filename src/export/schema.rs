//! The report contract: what JSON holds, field by field in the contract's order.
//!
//! The domain types know nothing of JSON, and a change to one of them can't change the contract unseen.

mod channel;
mod event;
mod session;

use std::net::IpAddr;

use super::json::{Json, List, Writer, object};
use crate::base::{LimitCounts, LimitName, Secret, Text};
use crate::report::{Capture, CommunityId, Finding, FrameSpan, Report, Source, Uid};

/// The schema's name and version, in every report.
pub(super) const SCHEMA: &str = "ftpscope.report/1";

/// What a secret reads as that was not kept.
pub(super) const HIDDEN: &str = "***";

/// The whole report.
impl Json for Report {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "schema": SCHEMA,
            "tool": Tool,
            "capture": self.capture,
            "sessions": self.sessions,
            "findings": self.findings,
        });
    }
}

/// The report but for its sessions: the last line of JSON Lines.
pub(super) struct Closing<'a> {
    pub(super) capture: &'a Capture,
    pub(super) findings: &'a [Finding],
}

impl Json for Closing<'_> {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "schema": SCHEMA,
            "tool": Tool,
            "capture": self.capture,
            "findings": self.findings,
        });
    }
}

/// Who wrote the report.
pub(super) struct Tool;

impl Json for Tool {
    fn write(&self, json: &mut Writer) {
        object!(json, { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") });
    }
}

impl Json for Capture {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "sources": self.sources,
            "packets": self.packets,
            "bytes": self.bytes,
            "first": self.first,
            "last": self.last,
            "dropped": self.dropped,
            "ignored": Ignored(self),
            "silent_connections": self.silent_connections,
            "limits": self.limits,
        });
    }
}

/// What was not decoded, by reason.
struct Ignored<'a>(&'a Capture);

impl Json for Ignored<'_> {
    fn write(&self, json: &mut Writer) {
        json.open(b'{');
        for (reason, count) in &self.0.ignored {
            json.member(reason, count);
        }
        json.close(b'{', b'}');
    }
}

impl Json for Source {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "path": self.path,
            "format": self.format,
            "compression": self.compression,
            "link_types": self.link_types,
            "packets": self.packets,
            "bytes": self.bytes,
            "first": self.first,
            "last": self.last,
            "truncated_packets": self.truncated_packets,
            "damage": self.damage,
        });
    }
}

/// The caps that were reached.
impl Json for LimitCounts {
    fn write(&self, json: &mut Writer) {
        let reached: Vec<_> = self.iter().map(|(name, count)| Reached { name, count }).collect();
        List(reached.iter()).write(json);
    }
}

struct Reached {
    name: LimitName,
    count: u64,
}

impl Json for Reached {
    fn write(&self, json: &mut Writer) {
        object!(json, { "name": self.name.name(), "count": self.count });
    }
}

impl Json for Finding {
    fn write(&self, json: &mut Writer) {
        object!(json, {
            "code": self.code,
            "severity": self.severity,
            "summary": self.summary,
            "advice": self.advice,
            "time": self.time,
            "frames": self.frames,
            "command": self.command,
            "data_channel": self.data_channel,
            "transfer": self.transfer,
        });
    }
}

/// An endpoint, either half of which may be unknown.
struct Endpoint {
    ip: Option<IpAddr>,
    port: Option<u16>,
}

impl From<crate::base::Endpoint> for Endpoint {
    fn from(endpoint: crate::base::Endpoint) -> Self {
        Self { ip: Some(endpoint.ip), port: Some(endpoint.port) }
    }
}

impl Json for Endpoint {
    fn write(&self, json: &mut Writer) {
        object!(json, { "ip": self.ip, "port": self.port });
    }
}

impl Json for Uid {
    fn write(&self, json: &mut Writer) {
        self.0.as_ref().write(json);
    }
}

impl Json for CommunityId {
    fn write(&self, json: &mut Writer) {
        self.as_str().write(json);
    }
}

impl Json for FrameSpan {
    fn write(&self, json: &mut Writer) {
        object!(json, { "first": self.first, "last": self.last });
    }
}

/// A secret where it was kept because the user asked for it, else that there is one.
pub(super) fn secret(secret: &Secret) -> &str {
    secret.reveal().map_or(HIDDEN, Text::raw)
}

#[cfg(test)]
mod tests {
    use boon::{Compiler, Schemas};
    use serde_json::{Value, json};

    use super::super::fixture::sample_report;
    use super::*;
    use crate::export::JSON_SCHEMA;
    use crate::report::{
        Code, Content, Differs, Direction, EndState, FirstClose, Holder, Login, MatchedBy, Mode, Negotiation,
        Outcome, ReuseKind, ReuseOutcome, Security, Severity, Status,
    };

    /// The JSON Schema, here also against members that it does not name.
    fn strict_schema() -> Value {
        fn close(value: &mut Value) {
            match value {
                Value::Object(members) => {
                    if members.contains_key("properties") {
                        members.insert("additionalProperties".into(), false.into());
                    }
                    members.values_mut().for_each(close);
                }
                Value::Array(items) => items.iter_mut().for_each(close),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let mut schema = serde_json::from_str(JSON_SCHEMA).unwrap();
        close(&mut schema);
        schema
    }

    fn written(report: &Report) -> Value {
        let mut json = Writer::default();
        json.value(report);
        serde_json::from_slice(json.bytes()).unwrap()
    }

    fn complaint(report: &Value) -> Option<String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("report.json", strict_schema()).unwrap();
        let index = compiler.compile("report.json", &mut schemas).unwrap();
        schemas.validate(report, index).err().map(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_written_is_what_the_json_schema_promises() {
        let report = written(&sample_report());
        assert_eq!(complaint(&report), None);
        let empty = written(&Report::default());
        assert_eq!(complaint(&empty), None);
    }

    #[test]
    fn the_json_schema_rejects_what_breaks_the_contract() {
        let good = written(&sample_report());
        for (pointer, wrong) in [
            ("/schema", json!("ftpscope.report/2")),
            ("/sessions/0/start", json!("2026-03-01T12:00:00Z")),
            ("/sessions/0/login", json!("maybe")),
            ("/sessions/0/data_channels/0/connection/first_close", json!("client")),
            ("/sessions/1/findings/0/code", json!("no-such-code")),
            ("/sessions/0/transfers/0/bytes", json!("4096")),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = wrong;
            assert!(complaint(&bad).is_some(), "{pointer}");
        }
    }

    #[test]
    fn the_json_schema_knows_every_value_of_every_choice() {
        let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        for (place, names) in [
            ("finding/properties/code", Code::NAMES),
            ("finding/properties/severity", Severity::NAMES),
            ("session/properties/end_state", EndState::NAMES),
            ("session/properties/login", Login::NAMES),
            ("session/properties/security", Security::NAMES),
            ("data_channel/properties/mode", Mode::NAMES),
            ("data_channel/properties/negotiation", Negotiation::NAMES),
            ("data_channel/properties/outcome", Outcome::NAMES),
            ("data_channel/properties/matched_by", MatchedBy::NAMES),
            ("data_channel/properties/differs", Differs::NAMES),
            ("connection/properties/end_state", EndState::NAMES),
            ("connection/properties/first_close", FirstClose::NAMES),
            ("data_channel/properties/time_wait/anyOf/0/properties/holder", Holder::NAMES),
            ("data_channel/properties/reuse/anyOf/0/properties/kind", ReuseKind::NAMES),
            ("data_channel/properties/reuse/anyOf/0/properties/outcome", ReuseOutcome::NAMES),
            ("transfer/properties/direction", Direction::NAMES),
            ("transfer/properties/content", Content::NAMES),
            ("transfer/properties/status", Status::NAMES),
        ] {
            let known = schema.pointer(&format!("/$defs/{place}/enum"));
            let known = known.unwrap_or_else(|| panic!("no {place}")).as_array().unwrap();
            let known: Vec<&Value> = known.iter().filter(|name| !name.is_null()).collect();
            assert_eq!(known, names.iter().collect::<Vec<_>>(), "{place}");
        }
    }
}
