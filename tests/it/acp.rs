//! `easel acp`, as an editor sees it. The published schema of the protocol is not part of this repository:
//! `EASEL_ACP_SCHEMA` names its `schema.json`, and then every message in both directions is checked.

mod cancel;
mod editor;
mod examples;
mod history;
mod permission;
mod pictures;
mod prompts;
mod protocol;
mod schema;

use easel_testkit::http::{MockServer, Request, Response, Step};
use serde_json::{Value, json};

use crate::credentials::responses;
use crate::harness::{STANDALONE, Sandbox, mock_provider_config};
use editor::Editor;

/// A provider whose model makes one image in each turn.
fn provider() -> MockServer {
    MockServer::respond(|request: &Request| {
        if request.path.ends_with("/responses") { responses::model(request, 1) } else { responses::image() }
    })
}

/// An editor of an agent with this provider and these settings, which come first.
async fn with_provider(backend: &MockServer, settings: &str) -> (Sandbox, Editor) {
    let sandbox = Sandbox::with_config(&format!("{settings}\n{}", mock_provider_config(backend, "generic")));
    let editor = Editor::open(&sandbox, STANDALONE).await;
    (sandbox, editor)
}

/// A provider that never answers a request for an image, and whose model asks for one in each turn.
fn endless_provider() -> MockServer {
    MockServer::choose(|_, request: &Request| {
        if request.path.ends_with("/responses") {
            vec![Step::Send(Response::image_calls(&[json!({ "prompt": "a cat" })]).to_bytes()), Step::Close]
        } else {
            vec![Step::AwaitDisconnect]
        }
    })
}

/// The parameters of a prompt of one text.
fn text_prompt(session: &Value, text: &str) -> Value {
    json!({ "sessionId": session, "prompt": [{ "type": "text", "text": text }] })
}

/// The kinds of these updates, each run of equal ones as one.
fn kinds(updates: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = updates.iter().filter_map(|update| update["sessionUpdate"].as_str()).collect();
    kinds.dedup();
    kinds
}

/// The content blocks of the last update of a tool call.
fn last_content(updates: &[Value]) -> Vec<&Value> {
    let contents = updates.iter().rev().find_map(|update| update["content"].as_array()).expect("content");
    contents.iter().map(|content| &content["content"]).collect()
}
