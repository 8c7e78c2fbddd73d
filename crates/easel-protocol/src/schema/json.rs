//! One JSON Schema document (draft 7, which most code generators read) with a definition for every type of the wire.

use std::collections::BTreeMap;

use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::event::Event;
use crate::method::{Method, MethodVisitor, visit_methods, visit_server_requests};

/// The document, with `methods` and `serverRequests` (name to the names of its definitions) and `notifications` (name to
/// that of its params) beside `definitions`.
pub(super) fn bundle(comment: &str) -> String {
    let mut collector = Collector {
        received: SchemaSettings::draft07().for_deserialize().into_generator(),
        sent: SchemaSettings::draft07().for_serialize().into_generator(),
        methods: BTreeMap::new(),
    };
    visit_methods(&mut collector);
    let Collector { received, sent, methods } = collector;
    // The server asks, so what it receives is the response.
    let mut collector = Collector { received: sent, sent: received, methods: BTreeMap::new() };
    visit_server_requests(&mut collector);
    let Collector { received: mut sent, sent: mut received, methods: server_requests } = collector;
    sent.subschema_for::<Event>();

    // A type that goes both ways keeps its looser form: what may be left out on the way in is optional.
    let mut definitions = sent.take_definitions(true);
    let notifications = definitions.get("Event").map(notifications).unwrap_or_default();
    definitions.extend(received.take_definitions(true));

    let mut document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": comment,
        "title": "Easel app-server protocol",
        "definitions": definitions,
        "methods": methods,
        "serverRequests": server_requests,
        "notifications": notifications,
    });
    // Another crate of the build can switch serde_json to insertion order; the file must not depend on that.
    document.sort_all_objects();
    format!("{document:#}\n")
}

struct Collector {
    /// Params: what may be missing is optional.
    received: SchemaGenerator,
    /// Responses and notifications: what is always sent is required.
    sent: SchemaGenerator,
    methods: BTreeMap<&'static str, Value>,
}

impl MethodVisitor for Collector {
    fn visit<M: Method>(&mut self) {
        let entry = json!({
            "description": M::SUMMARY,
            "params": definition_name(&self.received.subschema_for::<M::Params>()),
            "response": definition_name(&self.sent.subschema_for::<M::Response>()),
        });
        self.methods.insert(M::NAME, entry);
    }
}

/// The variants of the adjacently tagged [`Event`], by method name.
fn notifications(event: &Value) -> Map<String, Value> {
    let variants = event["oneOf"].as_array().into_iter().flatten();
    variants
        .filter_map(|variant| {
            let properties = &variant["properties"];
            let params = Schema::try_from(properties["params"].clone()).ok()?;
            Some((properties["method"]["const"].as_str()?.to_owned(), definition_name(&params).into()))
        })
        .collect()
}

fn definition_name(reference: &Schema) -> String {
    let target = reference.get("$ref").and_then(Value::as_str).unwrap_or_default();
    target.trim_start_matches("#/definitions/").to_owned()
}
