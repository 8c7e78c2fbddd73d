//! `easel acp`, as an editor sees it. The published schema of the protocol is not part of this repository:
//! `EASEL_ACP_SCHEMA` names its `schema.json`, and then every message in both directions is checked.
//!
//! | likely mistake | caught by |
//! |---|---|
//! | no method of authentication | `every_version_gets_version_1_and_auth_methods` |
//! | base64 in `rawOutput`, or twice | `base64_is_in_the_content_only_and_once` |
//! | updates after the response | `updates_stay_between_their_prompt_and_its_response` |
//! | updates before the response to `session/new` | `updates_stay_between_their_prompt_and_its_response` |
//! | a cancellation is an error | `cancelled_prompt_ends_with_a_stop_reason` |
//! | `uri` is a bare path | `pictures_are_small_original_or_links` |
//! | a URI of a prompt is fetched | `prompt_uris_are_not_fetched` |
//! | the last update has only the new content | `last_update_has_the_whole_content` |
//! | `usage_update` without a size | `usage_is_never_sent_without_a_size` |
//! | `session/load` is answered before the replay | `load_replays_in_a_new_process_before_its_response` |
//! | a replay of every picture | `long_replay_shows_the_newest_pictures_only` |
//! | MCP servers of the editor are refused | `mcp_servers_of_the_editor_are_accepted` |
//! | version 2 of the protocol is refused | `every_version_gets_version_1_and_auth_methods` |
//! | a crate changes the order of JSON maps | `json_maps_are_sorted` |

mod cancel;
pub(crate) mod editor;
mod examples;
mod history;
mod permission;
mod pictures;
mod prompts;
mod protocol;
mod schema;
mod warnings;

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
