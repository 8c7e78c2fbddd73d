//! What the log says about turns and images: enough to explain a failure, and nothing that is secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use crate::harness::{STANDALONE, Sandbox};
use crate::wire::raw::RawServer;

const PROMPT: &str = "a canary on a rope";

/// Responds to the model's requests with a call of the image tool, then with words.
fn chat(sent: &Request) -> Option<Response> {
    if !sent.path.ends_with("/responses") {
        return None;
    }
    let body = sent.json();
    let newest = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    let response = match newest["type"] == "function_call_output" {
        true => Response::message("Done."),
        false => Response::image_calls(&[json!({ "prompt": PROMPT })]),
    };
    Some(response.with_header("x-request-id", "req_chat"))
}

fn draw(sent: &Request) -> Response {
    let image = || Response::json(200, &json!({ "data": [{ "b64_json": STANDARD.encode(solid_png(64, 64, RED)) }] }));
    chat(sent).unwrap_or_else(|| image().with_header("x-request-id", "req_image"))
}

fn refuse(sent: &Request) -> Response {
    let error = json!({ "error": { "message": "Slow down.", "code": "rate_limit_exceeded" } });
    let refusal = Response::json(429, &error).with_header("retry-after", "0").with_header("x-request-id", "req_image");
    chat(sent).unwrap_or(refusal)
}

/// Runs a turn at a server that responds like this. Returns the lines of the log as JSON.
fn log_of_turn(filter: Option<&str>, respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Vec<Value> {
    let backend = MockServer::respond(respond);
    let sandbox = Sandbox::with_config(&super::provider_config(&backend.base_url()));
    let log = sandbox.root().join("log");
    let mut command = sandbox.server_command(STANDALONE).into_std();
    command.env("LOG_FORMAT", "json").env("MOCK_KEY", "sk-canary").env_remove("RUST_LOG");
    command.envs(filter.map(|filter| ("RUST_LOG", filter)));
    command.stderr(std::fs::File::create(&log).expect("a file"));
    let mut server = RawServer::spawn(command);
    server.initialize();
    let thread_id = server.start_thread();
    let input = json!([{ "type": "text", "text": PROMPT }]);
    server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    server.read_until("turn/completed");
    server.close();
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(!log.contains("canary"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for line in &lines {
        assert!(line["target"].as_str().is_some_and(|target| target.starts_with("easel")), "{line}");
    }
    lines
}

/// Returns the lines with this message.
fn lines_of<'a>(log: &'a [Value], message: &str) -> Vec<&'a Value> {
    log.iter().filter(|line| line["fields"]["message"] == message).collect()
}

#[test]
fn failed_image_is_explained_at_the_default_level() {
    let log = log_of_turn(None, refuse);
    let [line] = &log[..] else { panic!("one line: {log:#?}") };
    let fields = &line["fields"];
    assert_eq!((line["level"].as_str(), fields["message"].as_str()), (Some("WARN"), Some("an image call failed")));
    for (field, value) in [
        ("provider", json!("mock")),
        ("kind", json!("RateLimited")),
        ("status", json!(429)),
        ("code", json!("rate_limit_exceeded")),
        ("request_id", json!("req_image")),
        ("attempts", json!(3)),
        ("billed", json!("No")),
    ] {
        assert_eq!(fields[field], value, "{field}: {fields}");
    }
    for id in ["thread_id", "turn_id", "item_id"] {
        assert!(fields[id].as_str().is_some_and(|id| !id.is_empty()), "{id}: {fields}");
    }
    assert!(fields["error"].as_str().is_some_and(|error| error.contains("Slow down.")), "{fields}");
}

#[test]
fn failed_turn_is_explained_at_the_default_level() {
    let missing =
        |_: &Request| Response::json(404, &json!({ "error": { "code": "model_not_found", "message": "No." } }));
    let log = log_of_turn(None, missing);
    let lines = lines_of(&log, "a turn failed");
    assert_eq!((log.len(), lines.len()), (1, 1), "{log:#?}");
    assert!(lines[0]["fields"]["error"].as_str().is_some_and(|error| error.contains("does not know the model")));
}

#[test]
fn nothing_is_logged_by_default_if_nothing_fails() {
    assert_eq!(log_of_turn(None, draw), [] as [Value; 0]);
}

#[test]
fn each_step_of_a_turn_has_one_line() {
    let log = log_of_turn(Some("info"), draw);
    let started = lines_of(&log, "a turn started");
    let ended = lines_of(&log, "a turn ended");
    let images = lines_of(&log, "an image call completed");
    let answered = lines_of(&log, "a request was answered");
    let counts = [started.len(), ended.len(), images.len(), answered.len(), lines_of(&log, "an image call ran").len()];
    assert_eq!(counts, [1, 1, 1, 3, 1], "{log:#?}");
    let ids = |line: &Value| (line["fields"]["thread_id"].clone(), line["fields"]["turn_id"].clone());
    assert_eq!(ids(started[0]), ids(ended[0]));
    assert_eq!(ids(started[0]), ids(images[0]));
    let image = answered.iter().find(|line| line["fields"]["path"] == "images/generations").expect("an image request");
    for (field, value) in [("provider", json!("mock")), ("status", json!(200)), ("request_id", json!("req_image"))] {
        assert_eq!(image["fields"][field], value, "{field}: {image}");
    }
    for time in ["connect_ms", "upload_ms", "first_byte_ms", "body_ms"] {
        assert!(image["fields"][time].is_u64(), "{time}: {image}");
    }
    // The spans around the request join it to its turn and its image.
    let spans: Vec<&str> =
        image["spans"].as_array().expect("spans").iter().filter_map(|span| span["name"].as_str()).collect();
    assert_eq!(spans, ["turn", "image_call"]);
    assert_eq!(image["spans"][1]["item_id"], images[0]["fields"]["item_id"]);
    assert_eq!(image["spans"][0]["turn_id"], images[0]["fields"]["turn_id"]);
}

#[test]
fn texts_that_may_quote_a_prompt_are_not_logged() {
    let call = |arguments: Value| {
        move |sent: &Request| match chat(sent) {
            Some(_) if !sent.body.windows(20).any(|bytes| bytes == b"function_call_output") => {
                Response::image_calls(std::slice::from_ref(&arguments))
            }
            response => response.unwrap_or_else(|| {
                let entry = json!({ "type": "value_error", "loc": ["body", "prompt"], "input": PROMPT });
                Response::json(422, &json!({ "detail": [entry] }))
            }),
        }
    };
    for (arguments, kind) in [
        (json!({ "prompt": PROMPT, "size": { "canary": PROMPT } }), "InvalidArguments"),
        (json!({ "prompt": "a cat", "n": PROMPT }), "InvalidArguments"),
        (json!({ "prompt": "a cat", "images": ["/home/canary/photo.png"] }), "Reference"),
        (json!({ "prompt": PROMPT }), "InvalidArguments"),
    ] {
        // `log_of_turn` fails if the log has the prompt.
        let log = log_of_turn(Some("info"), call(arguments));
        let failed = lines_of(&log, "an image call failed");
        let fields = &failed[0]["fields"];
        assert!(fields["kind"].as_str().is_some_and(|own| own.starts_with(kind)), "{fields}");
        assert!(fields.get("error").is_none(), "{fields}");
    }
}

#[test]
fn each_failed_attempt_has_a_line() {
    let log = log_of_turn(Some("info"), refuse);
    let failed = lines_of(&log, "a request failed");
    let numbers: Vec<&Value> = failed.iter().map(|line| &line["fields"]["attempt"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(2), &json!(3)]);
    assert!(failed.iter().all(|line| line["fields"]["status"] == 429 && line["fields"]["request_id"] == "req_image"));
}

#[test]
fn details_of_libraries_are_not_logged_at_debug() {
    // `log_of_turn` fails if there is a line of a library.
    assert!(!log_of_turn(Some("debug"), draw).is_empty());
}
