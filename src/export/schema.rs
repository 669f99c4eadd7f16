//! The report contract as borrowed views: what JSON holds, field by field in the contract's order.
//!
//! The domain types stay free of serde, and a change to one of them can't change the contract unseen.

mod channel;
mod event;
mod session;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::values::{Address, Time};
use crate::base::{Endpoint, LimitCounts, Secret, Text};
use crate::report::{self, Report};

pub(super) use event::EventView;
pub(super) use session::SessionView;

/// The schema's name and version, in every report.
pub(super) const SCHEMA: &str = "ftpscope.report/1";

/// What a secret reads as that was not kept.
pub(super) const HIDDEN: &str = "***";

/// A view of one item of a list.
trait View<'a>: Serialize {
    /// What it views.
    type Of: 'a;
    /// What else it needs to know.
    type Context: Copy;

    /// The view of item number `index`.
    fn of(of: &'a Self::Of, index: usize, context: Self::Context) -> Self;
}

/// A list, as views of its items: they are made one at a time, while being written.
struct Rows<'a, V: View<'a>> {
    of: &'a [V::Of],
    context: V::Context,
}

impl<'a, V: View<'a>> Serialize for Rows<'a, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.of.iter().enumerate().map(|(index, of)| V::of(of, index, self.context)))
    }
}

/// The whole report.
#[derive(Serialize)]
pub(super) struct ReportView<'a> {
    schema: &'static str,
    tool: Tool,
    capture: CaptureView<'a>,
    sessions: Rows<'a, SessionView<'a>>,
    findings: Rows<'a, FindingView<'a>>,
}

impl<'a> ReportView<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool::THIS,
            capture: CaptureView::new(&report.capture),
            sessions: Rows { of: &report.sessions, context: () },
            findings: Rows { of: &report.findings, context: () },
        }
    }
}

/// The report but for its sessions: the last line of JSON Lines.
#[derive(Serialize)]
pub(super) struct ClosingView<'a> {
    schema: &'static str,
    tool: Tool,
    capture: CaptureView<'a>,
    findings: Rows<'a, FindingView<'a>>,
}

impl<'a> ClosingView<'a> {
    pub(super) fn new(capture: &'a report::Capture, findings: &'a [report::Finding]) -> Self {
        let EndView { capture, findings } = EndView::new(capture, findings);
        Self { schema: SCHEMA, tool: Tool::THIS, capture, findings }
    }
}

/// What is known of a report only once all sessions are.
#[derive(Serialize)]
pub(super) struct EndView<'a> {
    capture: CaptureView<'a>,
    findings: Rows<'a, FindingView<'a>>,
}

impl<'a> EndView<'a> {
    pub(super) fn new(capture: &'a report::Capture, findings: &'a [report::Finding]) -> Self {
        Self { capture: CaptureView::new(capture), findings: Rows { of: findings, context: () } }
    }
}

/// Who wrote the report.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(super) const THIS: Self = Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
}

#[derive(Serialize)]
struct CaptureView<'a> {
    sources: Rows<'a, SourceView<'a>>,
    packets: u64,
    bytes: u64,
    first: Option<Time>,
    last: Option<Time>,
    dropped: Option<u64>,
    ignored: &'a BTreeMap<&'static str, u64>,
    silent_connections: u64,
    limits: Limits<'a>,
}

impl<'a> CaptureView<'a> {
    fn new(capture: &'a report::Capture) -> Self {
        Self {
            sources: Rows { of: &capture.sources, context: () },
            packets: capture.packets,
            bytes: capture.bytes,
            first: capture.first.map(Time),
            last: capture.last.map(Time),
            dropped: capture.dropped,
            ignored: &capture.ignored,
            silent_connections: capture.silent_connections,
            limits: Limits(&capture.limits),
        }
    }
}

#[derive(Serialize)]
struct SourceView<'a> {
    path: &'a str,
    format: &'a str,
    compression: Option<&'a str>,
    link_types: &'a [String],
    packets: u64,
    bytes: u64,
    first: Option<Time>,
    last: Option<Time>,
    truncated_packets: u64,
    damage: Option<&'a str>,
}

impl<'a> View<'a> for SourceView<'a> {
    type Of = report::Source;
    type Context = ();

    fn of(source: &'a report::Source, _index: usize, (): ()) -> Self {
        Self {
            path: &source.path,
            format: source.format,
            compression: source.compression,
            link_types: &source.link_types,
            packets: source.packets,
            bytes: source.bytes,
            first: source.first.map(Time),
            last: source.last.map(Time),
            truncated_packets: source.truncated_packets,
            damage: source.damage.as_deref(),
        }
    }
}

/// The caps that were reached.
struct Limits<'a>(&'a LimitCounts);

impl Serialize for Limits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Reached {
            name: &'static str,
            count: u64,
        }
        serializer.collect_seq(self.0.iter().map(|(name, count)| Reached { name: name.name(), count }))
    }
}

#[derive(Serialize)]
struct FindingView<'a> {
    code: &'static str,
    severity: &'static str,
    summary: &'a str,
    advice: Option<&'a str>,
    time: Time,
    frames: &'a [u64],
    command: Option<u32>,
    data_channel: Option<u32>,
    transfer: Option<u32>,
}

impl<'a> View<'a> for FindingView<'a> {
    type Of = report::Finding;
    type Context = ();

    fn of(finding: &'a report::Finding, _index: usize, (): ()) -> Self {
        Self {
            code: finding.code.name(),
            severity: finding.severity.name(),
            summary: &finding.summary,
            advice: finding.advice.as_deref(),
            time: Time(finding.time),
            frames: &finding.frames,
            command: finding.command,
            data_channel: finding.data_channel,
            transfer: finding.transfer,
        }
    }
}

/// An endpoint, either half of which may be unknown.
#[derive(Serialize)]
struct EndpointView {
    ip: Option<Address>,
    port: Option<u16>,
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        Self { ip: Some(Address(endpoint.ip)), port: Some(endpoint.port) }
    }
}

#[derive(Serialize)]
struct Frames {
    first: u64,
    last: u64,
}

impl From<report::FrameSpan> for Frames {
    fn from(span: report::FrameSpan) -> Self {
        Self { first: span.first, last: span.last }
    }
}

/// A list of texts.
struct Texts<'a>(&'a [Text]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Text::raw))
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
    use crate::report::Code;

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

    fn complaint(report: &Value) -> Option<String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("report.json", strict_schema()).unwrap();
        let index = compiler.compile("report.json", &mut schemas).unwrap();
        schemas.validate(report, index).err().map(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_written_is_what_the_json_schema_promises() {
        let report = serde_json::to_value(ReportView::new(&sample_report())).unwrap();
        assert_eq!(complaint(&report), None);
        let empty = serde_json::to_value(ReportView::new(&Report::default())).unwrap();
        assert_eq!(complaint(&empty), None);
    }

    #[test]
    fn the_json_schema_rejects_what_breaks_the_contract() {
        let good = serde_json::to_value(ReportView::new(&sample_report())).unwrap();
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
    fn the_json_schema_knows_every_code_of_a_finding() {
        let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        let known = &schema["$defs"]["finding"]["properties"]["code"]["enum"];
        assert_eq!(*known, Code::ALL.iter().map(|code| code.name()).collect::<Value>());
    }
}
