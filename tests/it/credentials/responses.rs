//! Responses of a provider that checks credentials, and tokens of clients.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use easel_testkit::http::{Request, Response};
use easel_testkit::image::{RED, solid_png};

/// One generated image.
pub(crate) fn image() -> Response {
    let image = STANDARD.encode(solid_png(2, 2, RED));
    Response::json(200, &json!({ "created": 1, "data": [{ "b64_json": image }] }))
}

/// Whether the model is asked for its first response of a turn, before any tool output.
pub(crate) fn is_first_model_request(request: &Request) -> bool {
    let outputs = || String::from_utf8_lossy(&request.body).contains("function_call_output");
    request.path.ends_with("/responses") && !outputs()
}

/// A response of the model: image calls for a user message, and a text for tool outputs.
pub(crate) fn model(request: &Request, calls: usize) -> Response {
    let body = request.json();
    let last = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    if last["type"] == "function_call_output" {
        return Response::message("Done.");
    }
    Response::image_calls(&vec![json!({ "prompt": "a cat" }); calls])
}

pub(crate) fn unauthorized() -> Response {
    Response::json(401, &json!({ "error": { "message": "The token has expired.", "code": "token_expired" } }))
}

/// An error that repeats the credential of the request, as careless servers do.
pub(crate) fn repeat_credential(request: &Request) -> Response {
    let is_secret = |(name, value): &&(String, String)| name == "authorization" || value.contains("canary");
    let secrets = request.headers.iter().filter(is_secret).map(|(name, value)| format!("{name}: {value}"));
    let secrets = secrets.collect::<Vec<_>>().join(", ");
    assert!(!secrets.is_empty(), "the credential arrives: {request:?}");
    let error = json!({ "error": {
        "message": format!("Incorrect API key provided: {secrets}"), "type": "invalid_request_error",
        "param": secrets, "code": "invalid_api_key",
    } });
    Response::json(401, &error)
}

pub(crate) fn usage_limit_reached() -> Response {
    let error = json!({ "error": {
        "type": "usage_limit_reached", "message": "Enough.", "plan_type": "plus", "resets_at": 1_800_000_000,
    } });
    Response::json(429, &error)
}

/// A ChatGPT access token. `signature` makes it unique.
pub(crate) fn token(signature: &str) -> String {
    let claims = json!({
        "https://api.openai.com/profile": { "email": "a@example.com" },
        "https://api.openai.com/auth": { "chatgpt_plan_type": "plus", "chatgpt_user_id": "user-1" },
    });
    format!("e30.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}
