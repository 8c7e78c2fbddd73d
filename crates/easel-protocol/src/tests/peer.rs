//! Easel's messages against the Codex app-server's own JSON Schema, for its clients' strict readers. The schema is not
//! part of this repository: `EASEL_PEER_SCHEMA` names the folder that `codex app-server generate-json-schema` filled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use schemars::JsonSchema as _;
use serde_json::Value;

use super::samples::{notifications, response, round_trip, without_optional_values};
use crate::event::Event;
use crate::method::{Method, MethodVisitor, visit_methods};

/// Methods and notifications that only Easel has.
const OWN: [&str; 16] = [
    "tool/call",
    "tool/list",
    "tool/list/updated",
    "thread/settings/update",
    "thread/rollback",
    "thread/search",
    "image/list",
    "image/read",
    "image/compare",
    "image/composite",
    "image/export",
    "image/exportSet",
    "image/delete",
    "image/deleted",
    "usage/read",
    "item/imageGeneration/preview",
];

#[test]
fn responses_match_the_peer_schema() {
    let Some(folder) = peer_schema() else { return };
    let mut responses = Responses { folder, problems: Vec::new() };
    visit_methods(&mut responses);
    assert!(responses.problems.is_empty(), "{}", responses.problems.join("\n"));
}

struct Responses {
    folder: PathBuf,
    problems: Vec<String>,
}

impl MethodVisitor for Responses {
    fn visit<M: Method>(&mut self) {
        let file = M::Params::schema_name().replace("Params", "Response.json");
        // Two methods of the peer may have one response.
        let shared = format!("{}.json", M::Response::schema_name());
        let candidates =
            [("v1", &file), ("v2", &file), ("v2", &shared)].map(|(folder, file)| self.folder.join(folder).join(file));
        let found = candidates.iter().find(|path| path.exists());
        assert_eq!(found.is_none(), OWN.contains(&M::NAME), "{} and {file}", M::NAME);
        let Some(path) = found else { return };
        let schema = validator(&read(path));
        let full = response(M::NAME);
        for sample in [round_trip::<M::Response>(&full), without_optional_values::<M::Response>(&full)] {
            self.problems.extend(problems(M::NAME, &schema, &sample));
        }
    }
}

#[test]
fn notifications_match_the_peer_schema() {
    let Some(folder) = peer_schema() else { return };
    let schemas = notification_schemas(&folder);
    let mut found = Vec::new();
    for full in notifications() {
        let method = full["method"].as_str().unwrap();
        assert_eq!(!schemas.contains_key(method), OWN.contains(&method), "{method}");
        let Some(schema) = schemas.get(method) else { continue };
        for sample in [round_trip::<Event>(&full), without_optional_values::<Event>(&full)] {
            found.extend(problems(method, schema, &sample));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Samples show a few values of an enum; clients that decode strictly must know all of them.
#[test]
fn peer_schema_has_every_shared_enum_value() {
    let Some(folder) = peer_schema() else { return };
    let own: Value = serde_json::from_str(&crate::schema::json_schema()).unwrap();
    let theirs = read(&folder.join("codex_app_server_protocol.schemas.json"));
    let mut shared = 0;
    for (name, schema) in own["definitions"].as_object().unwrap() {
        let own_values = enum_values(schema);
        let peer_definition =
            [&theirs["definitions"]["v2"][name], &theirs["definitions"][name]].into_iter().find(|d| d.is_object());
        let Some(definition) = peer_definition.filter(|_| !own_values.is_empty()) else { continue };
        let peer_values = enum_values(definition);
        let unknown: Vec<&Value> = own_values.into_iter().filter(|value| !peer_values.contains(value)).collect();
        assert!(unknown.is_empty(), "{name} of the peer has no {unknown:?}");
        shared += 1;
    }
    assert!(shared > 5, "only {shared} enums have the peer's names");
}

/// The values of an enum of strings, in one list or, where single values have comments, in several.
fn enum_values(schema: &Value) -> Vec<&Value> {
    let own = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    own.filter(|value| value.is_string()).chain(alternatives.flat_map(enum_values)).collect()
}

fn notification_schemas(folder: &Path) -> BTreeMap<String, Validator> {
    let all = read(&folder.join("ServerNotification.json"));
    let mut schemas: BTreeMap<String, Validator> = all["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|branch| {
            let mut branch = branch.clone();
            branch["$schema"] = all["$schema"].clone();
            branch["definitions"] = all["definitions"].clone();
            (branch["properties"]["method"]["enum"][0].as_str().unwrap().to_owned(), validator(&branch))
        })
        .collect();
    // The peer describes this one, which needs an experimental capability, in a file of its own.
    let mut raw = read(&folder.join("v2/RawResponseItemCompletedNotification.json"));
    let definitions = raw.as_object_mut().unwrap().remove("definitions");
    let whole =
        serde_json::json!({"properties": {"params": raw}, "definitions": definitions, "$schema": all["$schema"]});
    schemas.insert("rawResponseItem/completed".to_owned(), validator(&whole));
    schemas
}

fn problems(what: &str, schema: &Validator, sample: &Value) -> Vec<String> {
    schema.iter_errors(sample).map(|error| format!("{what} at {}: {error}", error.instance_path())).collect()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

pub(super) fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a test's own input, no setting of the program")]
pub(super) fn peer_schema() -> Option<PathBuf> {
    let folder = std::env::var_os("EASEL_PEER_SCHEMA").map(PathBuf::from);
    if folder.is_none() {
        easel_testkit::skip("peer-schema", "EASEL_PEER_SCHEMA is not set");
    }
    folder
}
