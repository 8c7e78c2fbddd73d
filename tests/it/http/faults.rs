//! Every fault of the backend: what the client sees, what the model reads, and how many requests are sent.

use std::fmt::Write as _;
use std::path::Path;

use easel_protocol::event::{ErrorNotification, Event};
use easel_protocol::item::ImageStatus;
use easel_protocol::turn::TurnStatus;
use serde_json::{Value, json};

use super::backend::Backend;
use super::{provider_config, start_server_with_key, turn_status};
use crate::harness::events::{as_image, completed_image, completed_items};
use crate::harness::{STANDALONE, Sandbox, Server, text};

/// The time in milliseconds after which a stalled request fails, for modes that stall.
const SHORT_TIMEOUT_MS: u32 = 1_000;
const LONG_TIMEOUT_MS: u32 = 60_000;

/// Modes of the images endpoint.
const IMAGE_MODES: [(&str, u32); 13] = [
    ("400", LONG_TIMEOUT_MS),
    ("401", LONG_TIMEOUT_MS),
    ("403", LONG_TIMEOUT_MS),
    ("429", LONG_TIMEOUT_MS),
    ("500", LONG_TIMEOUT_MS),
    ("503", LONG_TIMEOUT_MS),
    ("badb64", LONG_TIMEOUT_MS),
    ("notpng", LONG_TIMEOUT_MS),
    ("nodata", LONG_TIMEOUT_MS),
    ("url", LONG_TIMEOUT_MS),
    ("notjson", LONG_TIMEOUT_MS),
    ("close", LONG_TIMEOUT_MS),
    ("hang", SHORT_TIMEOUT_MS),
];

/// Modes of the model.
const MODEL_MODES: [(&str, u32); 5] = [
    ("401", LONG_TIMEOUT_MS),
    ("429", LONG_TIMEOUT_MS),
    ("500", LONG_TIMEOUT_MS),
    ("incomplete", LONG_TIMEOUT_MS),
    ("hang", SHORT_TIMEOUT_MS),
];

/// A server with these timeouts for images and for the model.
async fn server(backend: &Backend, wait_ms: u32) -> (Sandbox, Server) {
    let wait = format!("images.timeout_ms = {wait_ms}\n");
    let idle = format!("stream_idle_timeout_ms = {wait_ms}\n");
    let sandbox = Sandbox::with_config(&format!("{wait}{}{idle}", provider_config(&backend.base_url())));
    let server = start_server_with_key(&sandbox, STANDALONE).await;
    (sandbox, server)
}

/// The modes that the backend offers under this key, without those that are not faults and those that it does not
/// implement.
fn offered_modes<'a>(backend: &'a Backend, key: &str) -> Vec<&'a str> {
    let list = backend.script.split(key).nth(1).and_then(|rest| rest.split(';').next()).expect("a list of modes");
    list.trim().split('|').map(str::trim).filter(|mode| !["ok", "400plain"].contains(mode)).collect()
}

/// The result of a call that the model read last.
fn last_output(log: &Path) -> String {
    let log = std::fs::read_to_string(log).expect("a log");
    let requests = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut requests =
        requests.filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/responses")));
    let input = requests.next_back().expect("a request to the model")["body"]["input"].take();
    let output = input.as_array().and_then(|items| items.iter().rfind(|item| item["type"] == "function_call_output"));
    output.expect("an output")["output"][0]["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn each_images_endpoint_fault_is_one_typed_error() {
    let Some(backend) = Backend::start().await else { return };
    let known = IMAGE_MODES.map(|(mode, _)| mode);
    assert!(
        offered_modes(&backend, "image_mode ").iter().all(|mode| known.contains(mode)),
        "all that the backend offers"
    );
    let mut found = String::new();
    for (mode, wait_ms) in IMAGE_MODES {
        let (sandbox, mut server) = server(&backend, wait_ms).await;
        let log = sandbox.root().join("log");
        backend.configure(&json!({"image_mode": mode, "reset_timing": true, "logfile": log}).to_string());
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Completed), "{mode}: the turn goes on without its image");
        let item = completed_image(&events);
        let error = item.error.as_ref().expect("an error");
        assert_eq!(item.status, ImageStatus::Failed, "{mode}");
        let posts = backend.posts().len();
        assert_eq!(error.attempts as usize, posts, "{mode}");
        let http = error.http_status.map_or_else(|| "no response".to_owned(), |status| format!("HTTP {status}"));
        let output = last_output(&log).replace(error.request_id.as_deref().unwrap_or("no id"), "[id]");
        let output = output.replace(&backend.host(), "[host]");
        let (kind, billed) = (error.kind, error.billed);
        writeln!(found, "{mode}: {kind:?}, {http}, billed {billed:?}, POSTs {posts}: {output}").expect("a string");
        server.close().await;
    }
    insta::assert_snapshot!(found, @r"
    400: ModerationBlocked, HTTP 400, billed No, POSTs 1: No image was made: the moderation of provider `mock` blocked the request: Your request was rejected by the safety system. safety_violations=[sexual]. [HTTP 400, moderation_blocked, request [id], POST [host]/v1/images/generations]. The same prompt will be blocked again; tell the user.
    401: Unauthorized, HTTP 401, billed No, POSTs 1: No image was made: provider `mock` did not accept the key from the environment variable MOCK_KEY (env_key): Incorrect API key provided [HTTP 401, invalid_api_key, request [id], POST [host]/v1/images/generations]; check that the key is valid for this provider. Do not call again in this turn; tell the user.
    403: Unauthorized, HTTP 403, billed No, POSTs 1: No image was made: provider `mock` does not allow the request with the key from the environment variable MOCK_KEY (env_key): forbidden [HTTP 403, forbidden, request [id], POST [host]/v1/images/generations]; check the permissions of the key. Do not call again in this turn; tell the user.
    429: RateLimited, HTTP 429, billed No, POSTs 3: No image was made: the rate limit of provider `mock` is reached: Rate limit reached [HTTP 429, rate_limit_exceeded, request [id], POST [host]/v1/images/generations]. Tell the user to try again later.
    500: BadResponse, HTTP 500, billed Uncertain, POSTs 1: No image was made: provider `mock` failed: The server had an error [HTTP 500, x, request [id], POST [host]/v1/images/generations]. The provider may have charged for it. Do not call again by yourself; tell the user.
    503: BadResponse, HTTP 503, billed Uncertain, POSTs 1: No image was made: provider `mock` failed: overloaded [HTTP 503, x, request [id], POST [host]/v1/images/generations]. The provider may have charged for it. Do not call again by yourself; tell the user.
    badb64: BadResponse, HTTP 200, billed Yes, POSTs 1: No image was made: the provider's image is not base64. The provider charged for it. Do not call again by yourself; tell the user.
    notpng: BadResponse, HTTP 200, billed Yes, POSTs 1: No image was made: the provider's image is not a PNG, JPEG, WebP or GIF. The provider charged for it. Do not call again by yourself; tell the user.
    nodata: BadResponse, HTTP 200, billed Yes, POSTs 1: No image was made: the provider's response contains no image. The provider charged for it. Do not call again by yourself; tell the user.
    url: BadResponse, HTTP 200, billed Yes, POSTs 1: No image was made: the provider's link to the image is not https. The provider charged for it. Do not call again by yourself; tell the user.
    notjson: BadResponse, HTTP 200, billed Uncertain, POSTs 1: No image was made: provider `mock` at [host] sent a response that is not valid JSON; check its base_url. The provider may have charged for it. Do not call again by yourself; tell the user.
    close: Network, no response, billed Uncertain, POSTs 1: No image was made: the connection to provider `mock` at [host] was lost before it answered: connection closed before message completed. The provider may have charged for it. Do not call again by yourself; tell the user.
    hang: Timeout, no response, billed Uncertain, POSTs 1: No image was made: provider `mock` at [host] took longer than 1 s (images.timeout_ms). The provider may have charged for it. Do not call again by yourself; tell the user.
    ");
}

#[tokio::test]
async fn model_faults_end_the_turn_and_are_retried_when_safe() {
    let Some(backend) = Backend::start().await else { return };
    let known = MODEL_MODES.map(|(mode, _)| mode);
    assert!(
        offered_modes(&backend, "resp_mode ").iter().all(|mode| known.contains(mode)),
        "all that the backend offers"
    );
    let mut found = String::new();
    for (mode, wait_ms) in MODEL_MODES {
        let (_sandbox, mut server) = server(&backend, wait_ms).await;
        backend.configure(&json!({"resp_mode": mode, "reset_timing": true}).to_string());
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("MOCK:{\"say\": \"hello\"}")]).await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Failed), "{mode}");
        assert!(completed_items(&events).into_iter().all(|item| as_image(item).is_none()), "{mode}");
        let error = events.iter().find_map(|event| {
            if let Event::Error(ErrorNotification { error, .. }) = event { Some(error) } else { None }
        });
        let error = error.expect("an error");
        // The backend logs a successful request only after its response.
        let mut posts = 0;
        while posts == 0 {
            posts = backend.posts_to("/responses").len();
        }
        let info = error.codex_error_info;
        let message = error.message.replace(&backend.host(), "[host]");
        writeln!(found, "{mode}: {info:?}, POSTs {posts}: {message}").expect("a string");
        server.close().await;
    }
    insta::assert_snapshot!(found, @r"
    401: Some(Unauthorized), POSTs 1: provider `mock` did not accept the key from the environment variable MOCK_KEY (env_key): mock 401 [HTTP 401, x, POST [host]/v1/responses]; check that the key is valid for this provider
    429: Some(RateLimitExceeded), POSTs 3: the rate limit of provider `mock` is reached: mock 429 [HTTP 429, x, POST [host]/v1/responses]
    500: Some(InternalServerError), POSTs 3: provider `mock` failed: mock 500 [HTTP 500, x, POST [host]/v1/responses]
    incomplete: Some(InternalServerError), POSTs 1: the provider's response ended early
    hang: Some(Other), POSTs 1: provider `mock` at [host] sent nothing for 1 s (stream_idle_timeout_ms)
    ");
}
