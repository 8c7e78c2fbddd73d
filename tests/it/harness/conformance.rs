//! Every message that any test sees, against the Codex app-server's own JSON Schema. The schema is no part of this
//! repository: `EASEL_PEER_SCHEMA` names the folder that its generator filled (`just conformance`), and without it
//! nothing is judged. What that server lacks is judged by Easel's own schema.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::pictures::read;
use super::setting;

/// Longer lines are about size, and tests that send them say nothing new to a schema.
const LONGEST: usize = 1 << 20;

static SCHEMAS: LazyLock<Option<Schemas>> =
    LazyLock::new(|| setting("EASEL_PEER_SCHEMA").map(|folder| Schemas::load(PathBuf::from(folder))));

/// Follows one connection.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// The method of each request that is not answered; `None` when its id was used twice.
    asked: HashMap<String, Option<String>>,
    /// The beginning of a line that is not whole yet.
    begun: Vec<u8>,
    judged: usize,
}

impl Judge {
    /// How many messages were judged.
    pub(crate) fn judged(&self) -> usize {
        self.judged
    }

    /// Bytes towards the server, in any pieces.
    pub(crate) fn sent_bytes(&mut self, bytes: &[u8]) {
        if SCHEMAS.is_none() {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.begun.len() <= LONGEST {
                self.begun.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                self.sent(&String::from_utf8_lossy(&line));
            }
        }
    }

    /// One message towards the server; it may be anything. `$/` is JSON-RPC's own and in no schema.
    pub(crate) fn sent(&mut self, line: &str) {
        if SCHEMAS.is_none() || line.len() > LONGEST {
            return;
        }
        let Ok(Value::Object(message)) = serde_json::from_str(line) else { return };
        if let (Some(id), Some(method)) = (message.get("id"), message.get("method").and_then(Value::as_str)) {
            let method = Some(method.to_owned()).filter(|method| !method.starts_with("$/"));
            self.asked.entry(id.to_string()).and_modify(|known| *known = None).or_insert(method);
        }
    }

    /// One message of the server, which must be as both servers' clients expect it.
    pub(crate) fn received(&mut self, line: &str) {
        let Some(schemas) = &*SCHEMAS else { return };
        if line.len() > LONGEST {
            return;
        }
        // What is no JSON is for the test to judge.
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        let (what, schema, said) = match (message["method"].as_str(), message.get("result")) {
            // A request of the server's own.
            (Some(_), _) if message.get("id").is_some() => return,
            (Some(method), _) => (format!("notification {method}"), schemas.notification(method), &message),
            (None, result) => {
                let Some(Some(method)) = self.asked.remove(&message["id"].to_string()) else { return };
                let Some(result) = result else { return };
                (format!("answer to {method}"), schemas.response(&method), result)
            }
        };
        let problems: Vec<String> =
            schema.iter_errors(said).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(problems.is_empty(), "{what} does not conform: {problems:#?} in {line}");
        self.judged += 1;
    }
}

/// Validators, each made once in the process.
struct Schemas {
    folder: PathBuf,
    peer: Value,
    own: Value,
    made: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    fn load(folder: PathBuf) -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/easel_app_server.schemas.json");
        let peer = json_file(&folder.join("ServerNotification.json"));
        Self { folder, peer, own: json_file(&own), made: Mutex::default() }
    }

    fn notification(&self, method: &str) -> Arc<Validator> {
        self.once(method, || {
            let branches = self.peer["oneOf"].as_array().expect("branches");
            let branch = branches.iter().find(|branch| branch["properties"]["method"]["enum"][0] == method);
            match branch {
                Some(branch) => with_definitions(branch, &self.peer),
                None => json!({
                    "properties": { "params": self.own_reference(&self.own["notifications"][method], method) },
                    "definitions": self.own["definitions"],
                }),
            }
        })
    }

    fn response(&self, method: &str) -> Arc<Validator> {
        self.once(&format!("answer to {method}"), || {
            let ours = &self.own["methods"][method];
            let name = |key: &str| ours[key].as_str().unwrap_or_default();
            // Two methods of the peer may have one response, and not every response is named after its params.
            let names = [name("params").replace("Params", "Response"), name("response").to_owned()];
            let paths =
                names.iter().flat_map(|name| ["v1", "v2"].map(|v| self.folder.join(v).join(format!("{name}.json"))));
            match paths.into_iter().find(|path| path.exists()) {
                Some(path) => json_file(&path),
                None => with_definitions(&self.own_reference(&ours["response"], method), &self.own),
            }
        })
    }

    fn own_reference(&self, name: &Value, method: &str) -> Value {
        let name = name.as_str().unwrap_or_else(|| panic!("{method} is in no schema"));
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    fn once(&self, what: &str, schema: impl FnOnce() -> Value) -> Arc<Validator> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = made
            .entry(what.to_owned())
            .or_insert_with(|| Arc::new(jsonschema::validator_for(&schema()).expect("a schema")));
        Arc::clone(validator)
    }
}

fn with_definitions(schema: &Value, document: &Value) -> Value {
    let mut whole = schema.clone();
    whole["$schema"] = document["$schema"].clone();
    whole["definitions"] = document["definitions"].clone();
    // In this draft nothing beside a reference counts.
    if let Some(reference) = whole.as_object_mut().and_then(|whole| whole.remove("$ref")) {
        whole["allOf"] = json!([{ "$ref": reference }]);
    }
    whole
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).expect("JSON")
}
