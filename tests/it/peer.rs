//! What a client of the Codex app-server would see of a whole session, against that server's own JSON Schema. The
//! schema is no part of this repository: `EASEL_PEER_SCHEMA` names the folder that its generator filled.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use easel_client::Direction;
use easel_protocol::method::{
    ThreadArchive, ThreadItemsList, ThreadList, ThreadLoadedList, ThreadNameSet, ThreadRead, ThreadResume,
    ThreadTurnsList, ThreadUnarchive,
};
use easel_protocol::thread::{
    ThreadArchiveParams, ThreadListParams, ThreadLoadedListParams, ThreadSetNameParams, ThreadUnarchiveParams,
};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::pictures::{RED, plain_png};
use crate::harness::{HOSTED, Place, STANDALONE, Server, local_image, setting, text};
use crate::threads::{items_of, resume, turns_of, whole};

#[tokio::test]
async fn a_session_satisfies_the_peers_schema_line_by_line() {
    let Some(folder) = peer_schema() else { return };
    for tool in [STANDALONE, HOSTED] {
        let place = Place::new();
        let mut server = place.server_with(tool).await;
        converse(&place, &mut server).await;
        let transcript = server.transcript();
        server.close().await;
        let (checked, problems) = check(&folder, &transcript);
        assert!(problems.is_empty(), "{tool:?}: {problems:#?}");
        assert!(checked > 50, "{tool:?}: only {checked} lines have a schema");
    }
}

/// Draws, edits, fails, and reads everything back.
async fn converse(place: &Place, server: &mut Server) {
    let attached = place.write("a.png", &plain_png(60, 40, RED));
    let thread_id = server.thread().await.id;
    server.turn(&thread_id, vec![text("draw a red square")]).await;
    server.turn(&thread_id, vec![text("make it blue"), local_image(&attached)]).await;
    let read = server.ok::<ThreadRead>(&whole(&thread_id)).await;
    let drawn = read.thread.turns[0].items.iter().find_map(crate::harness::events::as_image).expect("an image");
    std::fs::remove_file(drawn.saved_path.as_ref().expect("a path")).expect("the image's file");
    server.turn(&thread_id, vec![text("change the first image")]).await;
    server.ok::<ThreadNameSet>(&ThreadSetNameParams { thread_id: thread_id.clone(), name: "A name".to_owned() }).await;
    server.event_where("thread/name/updated", |event| event.method() == "thread/name/updated").await;
    server.ok::<ThreadRead>(&whole(&thread_id)).await;
    server.ok::<ThreadTurnsList>(&turns_of(&thread_id)).await;
    server.ok::<ThreadItemsList>(&items_of(&thread_id)).await;
    server.ok::<ThreadList>(&ThreadListParams::default()).await;
    server.ok::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await;
    for method in ["account/read", "config/read", "experimentalFeature/list", "model/list", "modelProvider/list"] {
        server.raw(method, &json!({})).await.expect(method);
    }
    server.raw("modelProvider/capabilities/read", &json!({})).await.expect("capabilities");
    server.ok::<ThreadArchive>(&ThreadArchiveParams { thread_id: thread_id.clone() }).await;
    server.event_where("thread/archived", |event| event.method() == "thread/archived").await;
    server.ok::<ThreadUnarchive>(&ThreadUnarchiveParams { thread_id: thread_id.clone() }).await;
    server.event_where("thread/unarchived", |event| event.method() == "thread/unarchived").await;
    server.ok::<ThreadResume>(&resume(&thread_id)).await;
}

/// How many lines have a schema, and what is wrong with them.
fn check(folder: &Path, transcript: &[(Direction, String)]) -> (usize, Vec<String>) {
    let notifications = read(&folder.join("ServerNotification.json"));
    let (mut asked, mut schemas) = (HashMap::new(), HashMap::new());
    let (mut checked, mut problems) = (0, Vec::new());
    for (direction, line) in transcript {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let method = line["method"].as_str().map(str::to_owned);
        let (what, message) = match (direction, method) {
            (Direction::Sent, Some(method)) => {
                asked.insert(line["id"].to_string(), method);
                continue;
            }
            (Direction::Received, Some(method)) => (method, &line),
            (Direction::Received, None) => (format!("answer to {}", asked[&line["id"].to_string()]), &line["result"]),
            (Direction::Sent, None) => continue,
        };
        let schema = schemas.entry(what.clone()).or_insert_with(|| match what.strip_prefix("answer to ") {
            Some(method) => response_schema(folder, method),
            None => notification_schema(&notifications, &what),
        });
        let found = schema.iter_errors(message).map(|error| format!("{what} at {}: {error}", error.instance_path()));
        problems.extend(found);
        checked += 1;
    }
    (checked, problems)
}

fn response_schema(folder: &Path, method: &str) -> Validator {
    let name = match method {
        "thread/name/set" => "ThreadSetName".to_owned(),
        "account/read" => "GetAccount".to_owned(),
        _ => method.split('/').map(|part| part[..1].to_uppercase() + &part[1..]).collect(),
    };
    let candidates = ["v1", "v2"].map(|version| folder.join(version).join(format!("{name}Response.json")));
    let path = candidates.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{name}Response.json"));
    validator(&read(path))
}

fn notification_schema(all: &Value, method: &str) -> Validator {
    let branches = all["oneOf"].as_array().expect("branches");
    let branch = branches.iter().find(|branch| branch["properties"]["method"]["enum"][0] == method);
    let mut branch = branch.unwrap_or_else(|| panic!("{method} is none of the peer's notifications")).clone();
    branch["$schema"] = all["$schema"].clone();
    branch["definitions"] = all["definitions"].clone();
    validator(&branch)
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("a schema")
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&crate::harness::pictures::read(path)).expect("JSON")
}

/// Without it there is nothing to compare with, and the test says nothing.
fn peer_schema() -> Option<PathBuf> {
    setting("EASEL_PEER_SCHEMA").map(PathBuf::from)
}
