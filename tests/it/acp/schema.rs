//! Checks messages against the published schema of the protocol.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema, if `EASEL_ACP_SCHEMA` names its file.
static SCHEMA: LazyLock<Option<Value>> = LazyLock::new(|| {
    let path = crate::harness::env_setting("EASEL_ACP_SCHEMA")?;
    let text = std::fs::read_to_string(path).expect("the file that EASEL_ACP_SCHEMA names");
    Some(serde_json::from_str(&text).expect("JSON"))
});

static VALIDATORS: Mutex<Option<HashMap<String, &'static Validator>>> = Mutex::new(None);

/// Checks the messages of one connection.
#[derive(Default)]
pub(super) struct Checker {
    /// The methods of requests without a response, by the direction and the id.
    pending: HashMap<(bool, String), String>,
}

impl Checker {
    pub(super) fn sent(&mut self, message: &Value) {
        self.check(message, true);
    }

    pub(super) fn received(&mut self, message: &Value) {
        self.check(message, false);
    }

    fn check(&mut self, message: &Value, sent: bool) {
        let id = message.get("id").map(Value::to_string);
        match (message["method"].as_str(), id) {
            (Some(method), Some(id)) => {
                self.pending.insert((sent, id), method.to_owned());
                check(method, "Request", &message["params"]);
            }
            (Some(method), None) => check(method, "Notification", &message["params"]),
            (None, Some(id)) => {
                if let Some(method) = self.pending.remove(&(!sent, id))
                    && let Some(result) = message.get("result")
                {
                    check(&method, "Response", result);
                }
            }
            (None, None) => panic!("neither a request nor a response: {message}"),
        }
    }
}

/// Checks a message whose method the schema has. Tests also send others.
fn check(method: &str, kind: &str, content: &Value) {
    let Some(schema) = &*SCHEMA else { return };
    let types = schema["$defs"].as_object().expect("definitions");
    let name = types.iter().find(|(name, value)| name.ends_with(kind) && value["x-method"] == method);
    let Some((name, _)) = name else { return };
    let mut validators = VALIDATORS.lock().expect("no test fails here");
    let validator = *validators.get_or_insert_default().entry(name.clone()).or_insert_with(|| {
        let own = json!({ "$ref": format!("#/$defs/{name}"), "$defs": types });
        Box::leak(Box::new(jsonschema::validator_for(&own).expect("a schema")))
    });
    drop(validators);
    if let Err(error) = validator.validate(content) {
        panic!("{name} is invalid: {error}");
    }
}
