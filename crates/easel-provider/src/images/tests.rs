//! Whole calls against a real server.
//!
//! Every fault that a provider is known for has its test, here or with the tests of `responses`. Each
//! ends in a typed error, or in the image where one came, and takes one POST.
//!
//! | fault | tests |
//! |---|---|
//! | a stream with partial images | `stream_keeps_the_final_image`, |
//! | | `final_image_may_come_between_partial_ones` |
//! | JSON although a stream was requested | `json_instead_of_a_stream_is_final` |
//! | a stream truncated at every boundary | `truncated_image_stream_is_an_image_or_an_error`, |
//! | | `stream_truncated_anywhere_is_an_error` (responses) |
//! | an error event within a stream | `stream_without_an_image_is_a_typed_error` |
//! | 200 with an error, HTML with 200 | `response_without_an_image_is_a_typed_error`, |
//! | | `web_page_is_an_error` (responses) |
//! | bad base64, text instead of an image | `response_without_an_image_is_a_typed_error`, |
//! | | `valid_images_of_several_are_kept` |
//! | no image, fewer or more than requested | `response_without_an_image_is_a_typed_error`, |
//! | | `extra_images_are_dropped` |
//! | 204 | `response_without_a_body_keeps_its_status`, |
//! | | `web_page_is_an_error` (responses) |
//! | huge, endless | `endless_image_ends_the_call`, `endless_event_is_rejected` (responses), |
//! | | `texts_over_their_limits_are_rejected` (responses) |
//! | slow drip | `slow_body_ends_at_the_deadline`, |
//! | | `slow_response_ends_at_the_deadline` (responses) |
//! | nothing more comes | `deadline_ends_a_stalled_call_and_its_connection`, |
//! | | `stalled_response_times_out` (responses) |
//! | reset within the head, within the body | `reset_inside_the_response_head_is_a_lost_connection`, |
//! | | `reset_inside_an_image_is_a_lost_connection` |
//! | no HTTP, chunks that are garbage | `invalid_http_is_a_lost_connection`, |
//! | | `invalid_chunks_keep_an_image_before_them`, |
//! | | `invalid_chunks_are_an_error` (responses) |
//! | 1xx before the response | `informational_responses_are_skipped`, |
//! | | `response_may_follow_informational_ones` (responses) |
//! | a length too long or too short | `wrong_content_length_affects_one_response_only`, |
//! | | `complete_image_survives_later_errors` |
//! | 413, 401 while the request is sent | `rejection_during_upload_is_reported`, |
//! | | `rejection_with_reset_is_not_retried`, |
//! | | `connection_broken_during_upload_is_lost` |
//! | a redirect, also to a private address | `uncertain_request_is_sent_once`, |
//! | | `internal_redirect_is_not_followed`, `redirect_gets_no_credentials` (responses) |
//! | a link to a private address, over http | `link_to_an_internal_address_is_refused`, |
//! | | `name_of_an_internal_address_is_refused` |
//! | a link with a redirect, to no image | `links_do_not_redirect_and_lead_to_images_only` |

mod attempts;
mod bodies;
mod connection;
mod early;
mod faults;
mod files;
mod gate;
mod links;
mod partial;
mod previews;
mod responses;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{GeneratedImages, ImageJob, PreviewSink, Provider, ProviderInfo};
use easel_protocol::record::{AppliedImage, ImageAction, ImageError, RequestedImage};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use secrecy::SecretString;

use crate::credential::{Credential, CredentialError, Credentials};
use crate::http::Endpoint;
use crate::profile::{ApiProfile, Edit, Generate, ResponseFormat, SizeStyle};
use crate::provider::HttpProvider;
use crate::settings::{Retries, Timeouts};
use crate::staging::content;
use easel_imagegen::preset::Preset;
use easel_testkit::http::{MockServer, Request, Step};
use easel_testkit::request_log::DIALECT_HEADER;
use files::CountingFiles;

const KEY: &str = "sk-canary-0123456789";

/// Gives each secret once, in order; the last one stays.
struct Keys(Mutex<Vec<&'static str>>);

impl Keys {
    fn credential(&self) -> Option<Credential> {
        let secret = SecretString::from((*self.0.lock().unwrap().first()?).to_owned());
        Some(Credential { kind: AuthKind::ApiKey, secret, account_id: None })
    }
}

impl Credentials for Keys {
    fn kind(&self) -> AuthKind {
        AuthKind::ApiKey
    }

    fn source(&self) -> Option<String> {
        Some("a test".to_owned())
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Ok(self.credential())
    }

    async fn refresh(&self, _rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        if self.0.lock().unwrap().len() < 2 {
            return Ok(None);
        }
        self.0.lock().unwrap().remove(0);
        Ok(self.credential())
    }
}

fn provider(port: u16, profile: ApiProfile) -> HttpProvider<Keys> {
    with_keys(port, profile, vec![KEY])
}

fn with_keys(port: u16, profile: ApiProfile, keys: Vec<&'static str>) -> HttpProvider<Keys> {
    let info = ProviderInfo {
        id: "test".to_owned(),
        name: "Test".to_owned(),
        base_url: None,
        models: Vec::new(),
        image_model: "gpt-image-2".to_owned(),
        synthetic: false,
        capabilities: profile.capabilities(),
    };
    let profile = with_dialect_header(profile);
    let base = format!("http://127.0.0.1:{port}/v1").parse().unwrap();
    let endpoint = Endpoint::new(base, Duration::from_secs(5));
    HttpProvider::new(info, profile, endpoint, Keys(Mutex::new(keys)), Timeouts::default(), Retries::default())
}

/// Adds a header that names the endpoints at which the profile differs from OpenAI's API by design. The check of all
/// recorded requests skips these endpoints.
fn with_dialect_header(mut profile: ApiProfile) -> ApiProfile {
    let Generate { size, response_format, .. } = &profile.generate;
    let mut dialect = Vec::new();
    if matches!(size, SizeStyle::WidthHeight | SizeStyle::AspectResolution)
        || *response_format == Some(ResponseFormat::Base64)
        || matches!(profile.edit, Edit::GenerateJson { .. })
    {
        dialect.push(format!("images/generations: {size:?}, {response_format:?}, {:?}", profile.edit));
    }
    let edits_depart = match &profile.edit {
        Edit::Multipart { image_field, mask_field } => {
            image_field != "image[]" || mask_field.as_ref().is_some_and(|field| field != "mask")
        }
        Edit::JsonXai => true,
        Edit::None | Edit::JsonImages | Edit::GenerateJson { .. } => false,
    };
    if edits_depart {
        dialect.push(format!("images/edits: {:?}", profile.edit));
    }
    if !dialect.is_empty() {
        profile.headers.insert(DIALECT_HEADER.to_owned(), SecretString::from(dialect.join("; ")));
    }
    profile
}

fn job(prompt: &str) -> ImageJob {
    ImageJob {
        item_id: "call_1".into(),
        idempotency_key: "key-1".to_owned(),
        originator: "Client".to_owned(),
        requested: RequestedImage {
            action: ImageAction::Generate,
            prompt: prompt.to_owned(),
            parameters: AppliedImage::default(),
        },
        references: Vec::new(),
        mask: None,
        deadline: Duration::from_secs(30),
        partial_images: 0,
        gate: easel_imagegen::port::SendGate::open(),
    }
}

/// The smallest thing that the header of an image can say, and `more` bytes after it.
fn png(more: usize) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\0IDAT".to_vec();
    png.extend((0..more).map(|i| (i * 7 % 256) as u8));
    png
}

fn image_response(image: &[u8]) -> Value {
    json!({"created": 1, "data": [{"b64_json": STANDARD.encode(image)}]})
}

fn ok(json: &Value) -> Script {
    respond(http_response(
        "200 OK",
        &[("content-type", "application/json"), ("x-request-id", "req_1")],
        json.to_string(),
    ))
}

fn failed(status: &str, headers: &[(&str, &str)], code: &str) -> Script {
    respond(http_response(status, headers, json!({"error": {"message": "No.", "code": code}}).to_string()))
}

/// What a server does with one request.
type Script = Vec<Step>;

/// Runs each script for one request, in order, and the last one for all requests after them.
fn start(scripts: Vec<Script>) -> MockServer {
    start_on_port(0, scripts)
}

fn start_on_port(port: u16, scripts: Vec<Script>) -> MockServer {
    MockServer::choose_on_port(port, move |count, _| scripts[count.min(scripts.len() - 1)].clone())
}

fn respond(bytes: Vec<u8>) -> Script {
    vec![Step::Send(bytes)]
}

fn respond_and_close(bytes: Vec<u8>) -> Script {
    vec![Step::Send(bytes), Step::Close]
}

fn respond_and_reset(bytes: Vec<u8>) -> Script {
    vec![Step::Send(bytes), Step::Reset]
}

fn respond_and_stall(bytes: Vec<u8>) -> Script {
    vec![Step::Send(bytes), Step::AwaitDisconnect]
}

/// Sends `bytes`, and then `chunk` again and again.
fn respond_slowly(bytes: Vec<u8>, chunk: &'static [u8]) -> Script {
    vec![Step::Send(bytes), Step::Repeat(chunk)]
}

/// A response with a head.
fn http_response(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut response = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        response.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut response = (response + "\r\n").into_bytes();
    response.extend_from_slice(body);
    response
}

/// Runs a call that nobody stops.
async fn make(
    provider: &HttpProvider<Keys>,
    job: ImageJob,
    files: Arc<CountingFiles>,
    previews: PreviewSink,
) -> Result<GeneratedImages, ImageError> {
    provider.make(job, files, previews, CancellationToken::new()).await
}

/// Runs one call to a server with these scripts. Returns the requests that the server received too.
async fn call(profile: ApiProfile, scripts: Vec<Script>) -> (Result<GeneratedImages, ImageError>, Vec<Request>) {
    let server = start(scripts);
    let files = Arc::new(CountingFiles::default());
    let unfinished = Arc::clone(&files.unfinished);
    let generated = make(&provider(server.address().port(), profile), job("a cat"), files, Arc::new(drop)).await;
    assert_eq!(unfinished.load(std::sync::atomic::Ordering::SeqCst), 0, "a file was left behind");
    (generated, server.requests())
}

async fn call_openai(scripts: Vec<Script>) -> (Result<GeneratedImages, ImageError>, Vec<Request>) {
    call(ApiProfile::from_preset(Preset::Openai), scripts).await
}

#[test]
fn table_of_faults_names_existing_tests() {
    let table = include_str!("tests.rs").lines().take_while(|line| line.starts_with("//!"));
    let rows: String = table.filter(|line| line.starts_with("//! |")).collect();
    let named: Vec<&str> = rows.split('`').skip(1).step_by(2).collect();
    let tests = [
        include_str!("tests/responses.rs"),
        include_str!("tests/attempts.rs"),
        include_str!("tests/connection.rs"),
        include_str!("tests/early.rs"),
        include_str!("tests/faults.rs"),
        include_str!("tests/links.rs"),
        include_str!("../responses/tests/faults.rs"),
    ];
    let is_there = |name: &str| tests.iter().any(|file| file.contains(&format!("#[tokio::test]\nasync fn {name}()")));
    let missing: Vec<&str> = named.iter().copied().filter(|name| !is_there(name)).collect();
    assert!(named.len() > 30 && missing.is_empty(), "{missing:#?}");
}
