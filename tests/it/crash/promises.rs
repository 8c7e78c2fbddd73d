//! What a server has said, and so promised to keep.

use std::collections::{BTreeMap, BTreeSet};

use easel_client::Direction;
use serde_json::Value;

/// What a client knows from the lines of a connection.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// The hash of each image of a completed item, and of each composite that was answered, by its handle.
    pub(super) images: BTreeMap<String, String>,
    /// The ids of turns whose `turn/start` has a response.
    pub(super) turns: BTreeSet<String>,
    /// The status of each turn whose end was announced.
    pub(super) ended_turns: BTreeMap<String, String>,
    /// The threads that responses have shown.
    pub(super) threads: BTreeSet<String>,
    /// The methods that have a response.
    pub(super) answered: BTreeSet<String>,
}

impl Promises {
    /// Reads the lines of a connection, in their order.
    pub(super) fn read(lines: &[(Direction, String)]) -> Self {
        let mut promises = Self::default();
        let mut methods = BTreeMap::new();
        for (direction, line) in lines {
            // The last line of a process that dies may be cut off.
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            match direction {
                Direction::Sent => drop(methods.insert(line["id"].to_string(), text(&line["method"]))),
                Direction::Received if line["method"].is_string() => promises.add_event(&line),
                Direction::Received => {
                    let method = methods.remove(&line["id"].to_string()).expect("a request has this id");
                    promises.add_response(method, &line["result"]);
                }
            }
        }
        promises
    }

    fn add_response(&mut self, method: String, result: &Value) {
        if let Some(id) = result["thread"]["id"].as_str() {
            self.threads.insert(id.to_owned());
        }
        if method == "image/composite" {
            self.images.insert(text(&result["image"]["id"]), text(&result["image"]["sha256"]));
        }
        if method == "turn/start" {
            self.turns.insert(text(&result["turn"]["id"]));
        }
        self.answered.insert(method);
    }

    fn add_event(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str() {
            Some("item/completed") => {
                for image in params["item"]["images"].as_array().into_iter().flatten() {
                    self.images.insert(text(&image["id"]), text(&image["sha256"]));
                }
            }
            Some("turn/completed") => {
                self.ended_turns.insert(text(&params["turn"]["id"]), text(&params["turn"]["status"]));
            }
            _ => {}
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
