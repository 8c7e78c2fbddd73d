//! The fields for the prompt cache: where they are, and what happens when a provider refuses them.

use easel_imagegen::port::ModelRequest;
use easel_imagegen::preset::Preset;
use easel_protocol::response_item::MessageRole;
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use easel_testkit::request_log::DIALECT_HEADER;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::fixture::{MemoryFiles, PATIENT, all_with, provider, reference, request, response};
use super::sending::{COMPLETED, complete_response, image, message, text};
use crate::profile::ApiProfile;

const BREAKPOINT: &str = "prompt_cache_breakpoint";

fn request_with_image(model: &str) -> (ModelRequest, MemoryFiles) {
    let (reference, bytes) = reference("img_a", 100, 1);
    let files = MemoryFiles([(reference.path.clone(), bytes)].into());
    let input = vec![
        message(MessageRole::User, vec![text("old"), text("new")]),
        message(MessageRole::User, vec![image("img_a", None), text("behind")]),
    ];
    let request =
        ModelRequest { model: model.to_owned(), input, images: vec![reference], ..request(ToolExposure::Standalone) };
    (request, files)
}

/// Returns the profile of a preset. The field is newer than the API document that checks the requests of the tests.
fn profile(preset: Preset) -> ApiProfile {
    let mut profile = ApiProfile::from_preset(preset);
    let dialect = SecretString::from("responses: breakpoints of the prompt cache".to_owned());
    profile.headers.insert(DIALECT_HEADER.to_owned(), dialect);
    profile
}

/// Sends a request to each of the models, after these refusals. Returns the bodies.
async fn send(preset: Preset, models: &[&str], refusals: Vec<Vec<Step>>) -> Vec<Value> {
    let server = MockServer::play(refusals.into_iter().chain(models.iter().map(|_| complete_response())));
    let mut provider = provider(&server.base_url(), PATIENT, 0);
    provider.client.profile = profile(preset);
    for model in models {
        let (request, files) = request_with_image(model);
        assert_eq!(all_with(&provider, request, files).await, COMPLETED);
    }
    server.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// Returns whether a body has the key of the cache, and which of its texts have a breakpoint.
fn cache_fields(body: &Value) -> (bool, Vec<String>) {
    let parts = body["input"].as_array().unwrap().iter().flat_map(|item| item["content"].as_array().unwrap());
    let marked = parts.filter(|part| part.get(BREAKPOINT) == Some(&json!({"mode": "explicit"})));
    let marked: Vec<_> = marked.map(|part| part["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(body.to_string().matches(BREAKPOINT).count(), marked.len());
    (body["prompt_cache_key"] == "thread-1", marked)
}

fn refusal(param: &str, message: &str) -> Vec<Step> {
    let error = json!({"error": {"message": message, "param": param, "code": "unknown_parameter"}});
    vec![Step::Send(response("400 Bad Request", "content-type: application/json\r\n", error.to_string()))]
}

#[tokio::test]
async fn breakpoint_is_before_the_oldest_image() {
    let bodies = send(Preset::Openai, &["gpt-6", "gpt-5.5"], Vec::new()).await;
    assert_eq!(cache_fields(&bodies[0]), (true, vec!["new".to_owned()]));
    assert_eq!(cache_fields(&bodies[1]), (true, Vec::new()));
    let bodies = send(Preset::Generic, &["gpt-6"], Vec::new()).await;
    assert_eq!((cache_fields(&bodies[0]), bodies[0].get("prompt_cache_key")), ((false, Vec::new()), None));
}

#[tokio::test]
async fn refused_breakpoint_is_not_sent_again() {
    let by_param = refusal("input[0].content[1].prompt_cache_breakpoint", "Unknown parameter.");
    let by_message = refusal("", "prompt_cache_breakpoint is not supported by this model.");
    for refused in [by_param, by_message] {
        let bodies = send(Preset::Openai, &["gpt-6", "gpt-6"], vec![refused]).await;
        let fields: Vec<_> = bodies.iter().map(cache_fields).collect();
        assert_eq!(fields, [(true, vec!["new".to_owned()]), (true, Vec::new()), (true, Vec::new())]);
        // The images are still sent.
        assert!(bodies.iter().all(|body| body["input"][1]["content"][0]["type"] == "input_image"));
    }
}

#[tokio::test]
async fn refused_key_is_not_sent_again() {
    let refused = refusal("prompt_cache_key", "Unknown parameter: 'prompt_cache_key'.");
    let bodies = send(Preset::Openai, &["gpt-5.5", "gpt-6"], vec![refused]).await;
    let fields: Vec<_> = bodies.iter().map(cache_fields).collect();
    assert_eq!(fields, [(true, Vec::new()), (false, Vec::new()), (false, Vec::new())]);
}

#[tokio::test]
async fn refusal_of_a_field_that_was_not_sent_is_final() {
    let refused = refusal("prompt_cache_key", "Unknown parameter: 'prompt_cache_key'.");
    let server = MockServer::play([refused, complete_response()]);
    let mut provider = provider(&server.base_url(), PATIENT, 0);
    provider.client.profile = ApiProfile::from_preset(Preset::Generic);
    let (request, files) = request_with_image("gpt-6");
    let transcript = all_with(&provider, request, files).await;
    assert!(transcript.starts_with("error BadRequest: "), "{transcript}");
    assert_eq!(server.requests().len(), 1);
}
