//! Checks every message that a test sees against the JSON Schema of the Codex app-server.
//!
//! The schema is not part of this repository. `EASEL_PEER_SCHEMA` names the folder that its generator wrote (`just
//! conformance`). Without it nothing is checked. Messages that the Codex app-server does not have are checked against
//! Easel's schema. [`SchemaChecker::own`] uses Easel's schema only.

pub(crate) mod schemas;

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::Value;

use schemas::{OWN, PEER, Schemas, Side};

/// Longer lines are not checked. Tests that send them are about size.
const MAX_LEN: usize = 1 << 20;

/// Checks the messages of one connection.
#[derive(Debug)]
pub(crate) struct SchemaChecker {
    /// `None` checks nothing.
    schemas: Option<&'static Schemas>,
    /// The method of each request without a response yet, or `None` if its id was used twice.
    pending: HashMap<String, Option<String>>,
    /// The start of a line whose end has not been seen.
    partial_line: Vec<u8>,
    checked: usize,
}

impl Default for SchemaChecker {
    /// Uses the schema of the Codex app-server, if it is known.
    fn default() -> Self {
        Self::new(PEER.as_ref())
    }
}

impl SchemaChecker {
    /// Uses Easel's schema.
    pub(crate) fn own() -> Self {
        Self::new(Some(&OWN))
    }

    fn new(schemas: Option<&'static Schemas>) -> Self {
        Self { schemas, pending: HashMap::new(), partial_line: Vec::new(), checked: 0 }
    }

    /// The number of messages that were checked.
    pub(crate) fn checked_count(&self) -> usize {
        self.checked
    }

    /// Records bytes that are sent to the server, in pieces of any length.
    pub(crate) fn record_sent_bytes(&mut self, bytes: &[u8]) {
        if self.schemas.is_none() {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.partial_line.len() <= MAX_LEN {
                self.partial_line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.partial_line);
                self.record_sent(&String::from_utf8_lossy(&line));
            }
        }
    }

    /// Records one message to the server, which may be invalid. Methods that begin with `$/` belong to JSON-RPC and are
    /// in no schema.
    pub(crate) fn record_sent(&mut self, line: &str) {
        if self.schemas.is_none() || line.len() > MAX_LEN {
            return;
        }
        let Ok(Value::Object(message)) = serde_json::from_str(line) else { return };
        if let (Some(id), Some(method)) = (message.get("id"), message.get("method").and_then(Value::as_str)) {
            let method = Some(method.to_owned()).filter(|method| !method.starts_with("$/"));
            self.pending.entry(id.to_string()).and_modify(|known| *known = None).or_insert(method);
        }
    }

    /// Records and checks one request of a test that sends only valid requests.
    pub(crate) fn check_request(&mut self, line: &str) {
        self.record_sent(line);
        let (Some(schemas), Ok(message)) = (self.schemas, serde_json::from_str::<Value>(line)) else { return };
        if let (Some(method), true) = (message["method"].as_str(), message.get("id").is_some()) {
            self.check(&format!("request {method}"), &schemas.request(Side::Client, method), &message);
        }
    }

    /// Checks one message of the server.
    pub(crate) fn check_received(&mut self, line: &str) {
        let Some(schemas) = self.schemas else { return };
        if line.len() > MAX_LEN {
            return;
        }
        // Whether output must be JSON is for the test to check.
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        match (message["method"].as_str(), message.get("result")) {
            (Some(method), _) if message.get("id").is_some() => {
                self.check(&format!("request {method}"), &schemas.request(Side::Server, method), &message);
            }
            (Some(method), _) => {
                self.check(&format!("notification {method}"), &schemas.notification(method), &message);
            }
            (None, None) => {
                self.pending.remove(&message["id"].to_string());
                self.check("error response", &schemas.error_response(), &message);
            }
            (None, Some(result)) => {
                let Some(Some(method)) = self.pending.remove(&message["id"].to_string()) else { return };
                self.check(&format!("response to {method}"), &schemas.response(&method), result);
            }
        }
    }

    fn check(&mut self, name: &str, schema: &Validator, value: &Value) {
        let problems: Vec<String> =
            schema.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(problems.is_empty(), "{name} does not conform: {problems:#?} in {value}");
        self.checked += 1;
    }
}
