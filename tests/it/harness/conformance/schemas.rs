//! The schema of each kind of message: the one of the Codex app-server if it has the message, else Easel's.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::env_setting;
use crate::harness::read_file;

pub(super) static PEER: LazyLock<Option<Schemas>> =
    LazyLock::new(|| env_setting("EASEL_PEER_SCHEMA").map(|folder| Schemas::load(Some(PathBuf::from(folder)))));
pub(super) static OWN: LazyLock<Schemas> = LazyLock::new(|| Schemas::load(None));

/// Easel's schema, from the repository.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    json_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/easel_app_server.schemas.json"))
});

/// The side that sends a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Client,
    Server,
}

/// Whether a message must have params.
#[derive(Debug, Clone, Copy)]
enum Params {
    Always,
    Never,
}

/// Validators, each compiled once per process.
#[derive(Debug)]
pub(super) struct Schemas {
    peer: Option<Peer>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The schema folder of the Codex app-server, with the files that many messages share.
#[derive(Debug)]
struct Peer {
    folder: PathBuf,
    notifications: Value,
    client_requests: Value,
    server_requests: Value,
}

impl Schemas {
    fn load(folder: Option<PathBuf>) -> Self {
        let peer = folder.map(|folder| Peer {
            notifications: json_file(&folder.join("ServerNotification.json")),
            client_requests: json_file(&folder.join("ClientRequest.json")),
            server_requests: json_file(&folder.join("ServerRequest.json")),
            folder,
        });
        Self { peer, validators: Mutex::default() }
    }

    pub(super) fn notification(&self, method: &str) -> Arc<Validator> {
        self.cached_validator(method, || {
            let peers = self.peer.as_ref().and_then(|peer| branch(&peer.notifications, method));
            peers.unwrap_or_else(|| with_definitions(&own_reference(&"Event".into(), method), &DOCUMENT))
        })
    }

    pub(super) fn error_response(&self) -> Arc<Validator> {
        self.cached_validator("error response", || {
            with_definitions(&own_reference(&"ErrorResponse".into(), "an error"), &DOCUMENT)
        })
    }

    pub(super) fn request(&self, side: Side, method: &str) -> Arc<Validator> {
        self.cached_validator(&format!("{side:?} {method}"), || {
            let (peers, own) = match side {
                Side::Client => (self.peer.as_ref().map(|peer| &peer.client_requests), &DOCUMENT["methods"]),
                Side::Server => (self.peer.as_ref().map(|peer| &peer.server_requests), &DOCUMENT["serverRequests"]),
            };
            let peers = peers.and_then(|peers| branch(peers, method));
            peers.unwrap_or_else(|| {
                let name = &own[method]["params"];
                let definition = &DOCUMENT["definitions"][name.as_str().unwrap_or_default()];
                let takes_nothing = definition.get("required").is_none() && definition.get("oneOf").is_none();
                own_message(name, method, if takes_nothing { Params::Never } else { Params::Always })
            })
        })
    }

    pub(super) fn response(&self, method: &str) -> Arc<Validator> {
        self.cached_validator(&format!("response to {method}"), || {
            let ours = &DOCUMENT["methods"][method];
            let name = |key: &str| ours[key].as_str().unwrap_or_default();
            // Two methods may share a response, and not every response is named after its params.
            let names = [name("params").replace("Params", "Response"), name("response").to_owned()];
            let folder = self.peer.as_ref().map(|peer| &peer.folder);
            let paths = folder.into_iter().flat_map(|folder| {
                names.iter().flat_map(|name| ["v1", "v2"].map(|v| folder.join(v).join(format!("{name}.json"))))
            });
            match paths.into_iter().find(|path| path.exists()) {
                Some(path) => json_file(&path),
                None => with_definitions(&own_reference(&ours["response"], method), &DOCUMENT),
            }
        })
    }

    fn cached_validator(&self, what: &str, schema: impl FnOnce() -> Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators
            .entry(what.to_owned())
            .or_insert_with(|| Arc::new(jsonschema::validator_for(&schema()).expect("a schema")));
        Arc::clone(validator)
    }
}

/// The schema of one method in a file that has all of them.
fn branch(document: &Value, method: &str) -> Option<Value> {
    let branches = document["oneOf"].as_array().expect("branches");
    let branch = branches.iter().find(|branch| branch["properties"]["method"]["enum"][0] == method);
    branch.map(|branch| with_definitions(branch, document))
}

/// A message with params of one of Easel's types. If no field is required, the params may be absent or `null`.
fn own_message(params: &Value, method: &str, needed: Params) -> Value {
    let mut schema = json!({ "definitions": DOCUMENT["definitions"] });
    let reference = own_reference(params, method);
    match needed {
        Params::Always => {
            schema["properties"] = json!({ "params": reference });
            schema["required"] = json!(["params"]);
        }
        Params::Never => schema["properties"] = json!({ "params": { "anyOf": [reference, { "type": "null" }] } }),
    }
    schema
}

fn own_reference(name: &Value, method: &str) -> Value {
    let name = name.as_str().unwrap_or_else(|| panic!("{method} is in no schema"));
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A part of a schema as a document of its own.
pub(crate) fn with_definitions(schema: &Value, document: &Value) -> Value {
    let mut whole = schema.clone();
    whole["$schema"] = document["$schema"].clone();
    whole["definitions"] = document["definitions"].clone();
    // In this draft of JSON Schema, keywords next to `$ref` are ignored.
    if let Some(reference) = whole.as_object_mut().and_then(|whole| whole.remove("$ref")) {
        whole["allOf"] = json!([{ "$ref": reference }]);
    }
    whole
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&read_file(path)).expect("JSON")
}
