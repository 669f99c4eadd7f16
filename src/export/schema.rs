//! The JSON Schema of the report. Tests keep it in step with what the report types serialize.

/// The JSON Schema of the report.
pub const JSON_SCHEMA: &str = include_str!("ftpscope.report.schema.json");

#[cfg(test)]
mod tests {
    use boon::{Compiler, Schemas};
    use serde_json::{Value, json};

    use super::super::fixture::sample_report;
    use super::*;
    use crate::report::{
        CaptureFormat, Certainty, Code, Compression, Content, Differs, Direction, Directions, EndState,
        FirstClose, Holder, Login, MatchedBy, Mode, Negotiation, Outcome, Report, ReuseKind, ReuseOutcome,
        Security, Severity, Status, TlsHandshake, WindowScaling,
    };

    /// The schema, made to refuse members that it does not name.
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
        serde_json::to_value(report).unwrap()
    }

    fn violation(report: &Value) -> Option<String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("report.json", strict_schema()).unwrap();
        let index = compiler.compile("report.json", &mut schemas).unwrap();
        schemas.validate(report, index).err().map(|error| format!("{error:#}"))
    }

    #[test]
    fn reports_satisfy_the_json_schema() {
        let report = written(&sample_report());
        assert_eq!(violation(&report), None);
        let empty = written(&Report::default());
        assert_eq!(violation(&empty), None);
    }

    #[test]
    fn the_json_schema_rejects_violations_of_the_contract() {
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
            assert!(violation(&bad).is_some(), "{pointer}");
        }
    }

    #[test]
    fn the_json_schema_knows_every_value_of_every_choice() {
        let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        for (place, names) in [
            ("capture/properties/sources/items/properties/format", CaptureFormat::NAMES),
            ("capture/properties/sources/items/properties/compression", Compression::NAMES),
            ("finding/properties/code", Code::NAMES),
            ("finding/properties/severity", Severity::NAMES),
            ("session/properties/end_state", EndState::NAMES),
            ("session/properties/login", Login::NAMES),
            ("session/properties/security", Security::NAMES),
            ("data_channel/properties/mode", Mode::NAMES),
            ("data_channel/properties/negotiation", Negotiation::NAMES),
            ("data_channel/properties/outcome", Outcome::NAMES),
            ("data_channel/properties/matched_by", MatchedBy::NAMES),
            ("data_channel/properties/certainty", Certainty::NAMES),
            ("data_channel/properties/differs", Differs::NAMES),
            ("connection/properties/end_state", EndState::NAMES),
            ("connection/properties/first_close", FirstClose::NAMES),
            ("tls_details/anyOf/0/properties/handshake", TlsHandshake::NAMES),
            ("connection/properties/window_scaling", WindowScaling::NAMES),
            ("directions", Directions::NAMES),
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
