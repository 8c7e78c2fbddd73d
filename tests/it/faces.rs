//! The same image made in every way that a client has: with both tools in a turn, with `tool/call`, over MCP, and over
//! ACP.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, sha256, solid_png};
use serde_json::{Value, json};

use crate::acp::editor::Editor;
use crate::harness::normalize::normalize;
use crate::harness::{STANDALONE, Sandbox, mock_provider_config, read_file};
use crate::listen::server::{Connection, ListeningServer, Transport};
use crate::mcp::Host;

const PROMPT: &str = "a red square";

/// The model draws once in each turn, with the tool that the request offers. Every image has the same bytes.
fn provider() -> MockServer {
    MockServer::respond(|request: &Request| {
        let image = BASE64.encode(solid_png(8, 8, RED));
        if !request.path.ends_with("/responses") {
            return Response::json(200, &json!({ "data": [{ "b64_json": image }] }));
        }
        let body = request.json();
        let last = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
        if last["type"] == "function_call_output" {
            return Response::message("Done.");
        }
        let is_hosted = |tool: &Value| tool["type"] == "image_generation";
        if body["tools"].as_array().expect("tools").iter().any(is_hosted) {
            let item = json!({ "type": "image_generation_call", "id": "ig_1", "status": "completed", "result": image });
            return Response::items(&[item]);
        }
        Response::image_calls(&[json!({ "prompt": PROMPT })])
    })
}

/// What a client of the app-server sees of one image.
struct Seen {
    face: &'static str,
    /// The entry of `image/list`.
    entry: Value,
    /// The item in the thread's history.
    item: Value,
    /// The events of the item that a second connection gets. None from another process.
    events: Vec<Value>,
}

/// Draws on the first connection while the second one is subscribed to the thread.
fn draw_in_turn(connections: [&mut Connection; 2], face: &'static str, standalone: bool, method: &str) -> Seen {
    let [client, watcher] = connections;
    let config = json!({ "config": { "features.imagegenext": standalone } });
    let thread = client.request("thread/start", &config)["thread"]["id"].clone();
    assert_eq!(client.read_json()["method"], "thread/started");
    watcher.request("thread/resume", &json!({ "threadId": thread }));
    let params = match method {
        "turn/start" => json!({ "threadId": thread, "input": [{ "type": "text", "text": PROMPT }] }),
        _ => json!({ "threadId": thread, "callId": "call_0", "tool": "imagegen", "arguments": { "prompt": PROMPT } }),
    };
    client.send(&json!({ "id": method, "method": method, "params": params }));
    let read_turn = |connection: &mut Connection| {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["method"] != "turn/completed") {
            let message = connection.read_json();
            assert!(message["error"].is_null(), "{face}: {message}");
            events.push(message);
        }
        events.retain(|event| event["params"]["item"]["type"] == "imageGeneration");
        // The time at which a connection got it.
        events.iter_mut().for_each(|event| event["emittedAtMs"] = Value::Null);
        events
    };
    let (own, events) = (read_turn(client), read_turn(watcher));
    assert_eq!(own, events, "{face}: both connections get the same events");
    let methods: Vec<&Value> = events.iter().map(|event| &event["method"]).collect();
    assert_eq!(methods, ["item/started", "item/completed"], "{face}");
    Seen { events, ..read_back(watcher, face) }
}

/// Reads the newest image back, from whatever process it is.
fn read_back(watcher: &mut Connection, face: &'static str) -> Seen {
    let entry = watcher.request("image/list", &json!({}))["data"][0].clone();
    let items = watcher.request("thread/items/list", &json!({ "threadId": entry["threadId"] }));
    let items = items["data"].as_array().expect("items").iter().map(|entry| &entry["item"]);
    let mut images = items.filter(|item| item["type"] == "imageGeneration");
    let item = images.next().expect("an image item").clone();
    assert_eq!(images.next(), None, "{face}: one call");
    Seen { face, entry, item, events: Vec::new() }
}

/// Removes ids and times, and the fields in which the hosted tool differs: see `docs/PARITY.md`.
fn comparable(sandbox: &Sandbox, item_or_image: &Value) -> Value {
    let mut value = normalize(sandbox, item_or_image);
    let mut remove = |pointer: &str, fields: &[&str]| {
        let Some(Value::Object(object)) = value.pointer_mut(pointer) else { return };
        object.retain(|name, _| !fields.contains(&name.as_str()));
    };
    remove("", &["generationId", "usage", "elapsedMs"]);
    remove("/images/0", &["usage", "elapsedMs"]);
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn image_is_one_file_and_record_on_every_face() {
    let provider = provider();
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider, "openai"));
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &["-c", "model_provider=mock"]);
    let (mut client, mut watcher) = (server.connect(), server.connect());
    let mut turn = |face, standalone, method| draw_in_turn([&mut client, &mut watcher], face, standalone, method);
    let mut seen = vec![
        turn("standalone tool", true, "turn/start"),
        turn("hosted tool", false, "turn/start"),
        turn("tool/call", true, "tool/call"),
    ];

    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    assert_eq!(host.call(json!({ "prompt": PROMPT })).await["isError"], false);
    seen.push(read_back(&mut watcher, "MCP"));
    host.close().await;

    let mut editor = Editor::open(&sandbox, STANDALONE).await;
    let session = editor.new_session(&sandbox).await;
    let (_, response) = editor.prompt(&session, PROMPT).await;
    assert_eq!(response["result"]["stopReason"], "end_turn", "{response}");
    seen.push(read_back(&mut watcher, "ACP"));
    editor.close().await;

    let listed = watcher.request("image/list", &json!({}))["data"].as_array().expect("images").len();
    assert_eq!(listed, seen.len(), "one record for each face");
    let folders = std::fs::read_dir(sandbox.home().join("generated_images")).expect("a folder");
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.expect("a folder").path()).expect("a folder"));
    let files = files.map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    let mut paths: Vec<_> = seen.iter().map(|seen| seen.entry["image"]["path"].as_str().expect("a path")).collect();
    files.sort();
    paths.sort_unstable();
    assert!(files.iter().map(|file| file.as_path()).eq(paths.iter().map(std::path::Path::new)), "{files:#?}");

    let bytes = solid_png(8, 8, RED);
    let (entry, item) = (comparable(&sandbox, &seen[0].entry["image"]), comparable(&sandbox, &seen[0].item));
    for of_face in &seen {
        let face = of_face.face;
        let image = &of_face.entry["image"];
        assert_eq!(read_file(image["path"].as_str().expect("a path")), bytes, "{face}");
        assert_eq!(image["sha256"], sha256(&bytes), "{face}");
        assert_eq!(of_face.item["images"], json!([image]), "{face}: the record of the item is the one in the list");
        assert_eq!(comparable(&sandbox, image), entry, "{face}");
        assert_eq!(comparable(&sandbox, &of_face.item), item, "{face}");
        if let [begin, end] = of_face.events.as_slice() {
            assert_eq!(end["params"]["item"], of_face.item, "{face}: history is what the event said");
            let first = &seen[0].events[0]["params"]["item"];
            assert_eq!(comparable(&sandbox, &begin["params"]["item"]), comparable(&sandbox, first), "{face}");
        }
    }
    drop((client, watcher));
    server.stop();
}

/// Sends these messages to a face that logs everything, waits for the response to the last one, and closes the input.
/// Every line of the output must be a message.
fn assert_output_is_messages(sandbox: &Sandbox, arguments: &[&str], messages: &[Value]) {
    let mut command = sandbox.command(arguments);
    let command = command.as_std_mut().env("RUST_LOG", "trace").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    for message in messages {
        writeln!(input, "{message}").expect("the face reads");
    }
    let last = &messages.last().expect("messages")["id"];
    let mut input = Some(input);
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("text");
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{arguments:?} printed {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        if message["id"] == *last {
            assert!(message["error"].is_null(), "{line}");
            input.take();
        }
    }
    assert!(input.is_none() && child.wait().expect("the face ends").success(), "{arguments:?}");
}

#[cfg(unix)]
#[test]
fn output_of_a_face_is_messages_of_its_protocol_only() {
    let provider = provider();
    let hook = "hooks.pre_tool_use = [{ command = [\"/bin/echo\", \"stray\"] }]\n";
    let sandbox = Sandbox::with_config(&format!("{hook}{}", mock_provider_config(&provider, "openai")));
    let message = |id: i64, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let client = json!({ "name": "test", "version": "1" });
    let mcp = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let call = json!({ "name": "imagegen", "arguments": { "prompt": PROMPT } });
    let messages = [message(1, "initialize", mcp), message(2, "tools/call", call)];
    assert_output_is_messages(&sandbox, &["mcp-server"], &messages);

    let session = json!({ "cwd": sandbox.project(), "mcpServers": [] });
    let messages = [message(1, "initialize", json!({ "protocolVersion": 1 })), message(2, "session/new", session)];
    assert_output_is_messages(&sandbox, &["acp"], &messages);
}
