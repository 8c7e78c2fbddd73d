//! One JSON Schema document with a definition for every type of the protocol. Draft 7, which most code generators read.

mod variants;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::message::{
    ClientNotification, EMITTED_AT, EMITTED_AT_MS, ErrorResponse, MESSAGE, MESSAGES, SuccessResponse,
};
use crate::event::Event;
use crate::method::{Method, MethodVisitor, visit_methods, visit_server_requests};

/// Returns the document, whose root is any message. Besides `definitions` it has `methods` and `serverRequests` (from
/// a name to the definitions of its params and response) and `notifications` (from a name to the definition of its
/// params).
pub(super) fn bundle(comment: &str) -> String {
    let mut collector = Collector {
        received: SchemaSettings::draft07().for_deserialize().into_generator(),
        sent: SchemaSettings::draft07().for_serialize().into_generator(),
        methods: BTreeMap::new(),
    };
    visit_methods(&mut collector);
    let Collector { received, sent, methods } = collector;
    // For these requests the server sends the params and receives the response.
    let mut collector = Collector { received: sent, sent: received, methods: BTreeMap::new() };
    visit_server_requests(&mut collector);
    let Collector { received: mut sent, sent: mut received, methods: server_requests } = collector;
    sent.subschema_for::<Event>();
    sent.subschema_for::<SuccessResponse>();
    sent.subschema_for::<ErrorResponse>();
    received.subschema_for::<ClientNotification>();

    // A type that is both sent and received keeps its looser form, in which fields that a client may omit are optional.
    let mut definitions = sent.take_definitions(true);
    let notifications = definitions.get("Event").map(notifications).unwrap_or_default();
    definitions.extend(received.take_definitions(true));

    definitions.values_mut().for_each(list_values);
    if let Some(event) = definitions.get_mut("Event") {
        add_time(event);
    }
    definitions.insert("ClientRequest".to_owned(), requests("A request of a client.", &methods));
    definitions.insert("ServerRequest".to_owned(), requests("A request of the server.", &server_requests));
    variants::extract(&mut definitions);
    for (name, definition) in &mut definitions {
        definition["title"] = name.as_str().into();
    }

    let mut document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": comment,
        "title": "Message",
        "description": MESSAGE,
        "oneOf": MESSAGES.map(|name| json!({ "$ref": format!("#/definitions/{name}") })),
        "definitions": definitions,
        "methods": methods,
        "serverRequests": server_requests,
        "notifications": notifications,
    });
    // Another crate of the build can switch serde_json to insertion order. The file must not depend on that.
    document.sort_all_objects();
    format!("{document:#}\n")
}

struct Collector {
    /// For params: fields that a client may omit are optional.
    received: SchemaGenerator,
    /// For responses and notifications: fields that are always sent are required.
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

/// Returns the definition of each notification's params, from the variants of the adjacently tagged [`Event`].
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

/// Adds the member that `easel-rpc` writes into every notification.
fn add_time(event: &mut Value) {
    for variant in event["oneOf"].as_array_mut().into_iter().flatten() {
        variant["properties"][EMITTED_AT_MS] =
            json!({ "type": "integer", "format": "int64", "description": EMITTED_AT });
        if let Some(required) = variant["required"].as_array_mut() {
            required.push(EMITTED_AT_MS.into());
        }
    }
}

/// Returns the union of the requests with these methods.
fn requests(description: &str, methods: &BTreeMap<&'static str, Value>) -> Value {
    let variants = methods.iter().map(|(name, method)| {
        json!({
            "type": "object",
            "description": format!("`{name}`: {}.", method["description"].as_str().unwrap_or_default()),
            "properties": {
                "id": { "allOf": [{ "$ref": "#/definitions/RequestId" }], "description": "The id of the request." },
                "method": { "type": "string", "const": name },
                "params": { "$ref": format!("#/definitions/{}", method["params"].as_str().unwrap_or_default()) },
            },
            "required": ["id", "method", "params"],
        })
    });
    json!({ "description": description, "oneOf": variants.collect::<Vec<_>>() })
}

/// Turns an enum whose values have comments, which schemars writes as one schema for each value, into a list of values.
/// Code generators make an enum of a list only. The comments move into the description of the enum.
fn list_values(definition: &mut Value) {
    let Some(schemas) = definition.get("oneOf").and_then(Value::as_array) else { return };
    let mut values = Vec::new();
    let mut comments = String::new();
    for schema in schemas {
        let own = schema.get("const").into_iter().chain(schema["enum"].as_array().into_iter().flatten());
        let own: Vec<&str> = own.filter_map(Value::as_str).collect();
        if own.is_empty() {
            return;
        }
        if let ([value], Some(comment)) = (own.as_slice(), schema["description"].as_str()) {
            let _ = write!(comments, "\n- `{value}`: {comment}");
        }
        values.extend(own.into_iter().map(Value::from));
    }
    let description = definition["description"].as_str().unwrap_or_default();
    *definition = json!({ "type": "string", "enum": values, "description": format!("{description}\n{comments}") });
}

fn definition_name(reference: &Schema) -> String {
    let target = reference.get("$ref").and_then(Value::as_str).unwrap_or_default();
    target.trim_start_matches("#/definitions/").to_owned()
}
