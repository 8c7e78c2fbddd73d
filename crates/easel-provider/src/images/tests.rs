//! Whole calls against a real server.
//!
//! Every fault that a provider is known for has its test, here or beside the answers of the model (`responses`). Each
//! ends in a typed error, or in the image where one came, and takes one POST.
//!
//! | fault | tests |
//! |---|---|
//! | a stream with partial images | `of_a_stream_the_final_image_counts_whether_its_event_has_a_name_or_not`, |
//! | | `the_final_image_counts_wherever_it_stands_among_the_partial_ones` |
//! | JSON although a stream was asked for | `json_is_final_although_a_stream_was_asked_for` |
//! | a stream cut at every boundary | `a_stream_of_images_that_is_cut_anywhere_is_the_whole_image_or_a_typed_error`, |
//! | | `a_stream_that_is_cut_at_any_event_or_within_one_is_an_error` (responses) |
//! | an error event within a stream | `a_stream_that_ends_without_an_image_is_a_typed_error` |
//! | 200 with an error, HTML with 200 | `an_answer_without_an_image_is_a_typed_error`, |
//! | | `a_page_instead_of_an_answer_is_an_error` (responses) |
//! | bad base64, text instead of an image | `an_answer_without_an_image_is_a_typed_error`, |
//! | | `of_several_images_those_that_are_well_are_kept` |
//! | no image, fewer or more than asked for | `an_answer_without_an_image_is_a_typed_error`, |
//! | | `no_more_images_are_kept_than_were_asked_for` |
//! | 204 | `an_answer_without_a_body_has_its_own_status`, |
//! | | `a_page_instead_of_an_answer_is_an_error` (responses) |
//! | huge, endless | `an_endless_image_ends_the_call`, `an_event_without_end_is_refused_at_its_bound` (responses), |
//! | | `texts_over_their_bounds_are_refused` (responses) |
//! | slow drip | `a_body_that_only_drips_ends_at_the_deadline`, |
//! | | `an_answer_that_only_drips_ends_at_the_total_deadline` (responses) |
//! | nothing more comes | `the_deadline_ends_a_call_that_stalls_anywhere_and_closes_its_connection`, |
//! | | `an_answer_that_stands_still_is_given_up` (responses) |
//! | reset within the head, within the body | `a_connection_that_is_reset_within_the_head_of_the_answer_is_lost`, |
//! | | `a_connection_that_is_reset_within_an_image_is_lost` |
//! | no HTTP, chunks that are garbage | `what_is_no_http_is_a_lost_connection`, |
//! | | `chunks_that_are_garbage_are_a_lost_connection_unless_the_image_came_before_them`, |
//! | | `chunks_that_are_garbage_are_an_error` (responses) |
//! | 1xx before the answer | `what_is_said_before_the_answer_is_passed_over`, |
//! | | `an_answer_may_be_announced` (responses) |
//! | a length too long or too short | `an_answer_shorter_than_its_length_is_cut_and_a_longer_one_spoils_no_other`, |
//! | | `a_whole_image_is_kept_whatever_breaks_after_it` |
//! | 413, 401 while the request is sent | `a_refusal_that_comes_while_the_request_is_sent_is_that_refusal`, |
//! | | `a_refusal_whose_sender_resets_the_connection_is_never_sent_again`, |
//! | | `a_connection_that_breaks_while_the_request_is_sent_is_lost` |
//! | a redirect, also to a private address | `what_may_have_been_accepted_is_sent_once`, |
//! | | `a_redirect_within_is_not_followed`, `a_redirect_takes_no_credential_elsewhere` (responses) |
//! | a link to a private place, over http | `a_link_to_any_other_place_within_is_refused_before_a_connection_is_made`, |
//! | | `a_name_that_leads_within_is_refused_when_it_is_looked_up` |
//! | a link with a redirect, to no image | `a_redirect_is_not_followed_and_what_is_no_image_is_refused` |

mod answers;
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
mod server;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{GeneratedImages, ImageJob, PreviewSink, ProviderInfo};
use easel_protocol::record::{AppliedImage, ImageAction, ImageError, RequestedImage};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use secrecy::SecretString;

use crate::credential::{Credential, CredentialError, Credentials};
use crate::profile::{ApiProfile, Edit, Generate, ResponseFormat, SizeStyle};
use crate::provider::{HttpProvider, Retries, Timeouts};
use crate::staging::content;
use easel_imagegen::preset::Preset;
use easel_testkit::request_log::DIALECT_HEADER;
use files::Memory;
use server::{Act, Server, answer};

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

fn provider(port: u16, record: ApiProfile) -> HttpProvider<Keys> {
    with_keys(port, record, vec![KEY])
}

fn with_keys(port: u16, record: ApiProfile, keys: Vec<&'static str>) -> HttpProvider<Keys> {
    let info = ProviderInfo {
        id: "test".to_owned(),
        name: "Test".to_owned(),
        base_url: None,
        models: Vec::new(),
        image_model: "gpt-image-2".to_owned(),
        synthetic: false,
        capabilities: record.capabilities(),
    };
    let record = with_dialect(record);
    let base = format!("http://127.0.0.1:{port}/v1").parse().unwrap();
    let endpoint = crate::endpoint::Endpoint::new(base, Duration::from_secs(5));
    HttpProvider::new(info, record, endpoint, Keys(Mutex::new(keys)), Timeouts::default(), Retries::default())
}

/// The record with a header that tells the judge of requests where it departs from OpenAI's API by design.
fn with_dialect(mut record: ApiProfile) -> ApiProfile {
    let Generate { size, response_format, .. } = &record.generate;
    let mut dialect = Vec::new();
    if matches!(size, SizeStyle::WidthHeight | SizeStyle::AspectResolution)
        || *response_format == Some(ResponseFormat::Base64)
        || matches!(record.edit, Edit::GenerateJson { .. })
    {
        dialect.push(format!("images/generations: {size:?}, {response_format:?}, {:?}", record.edit));
    }
    let edits_depart = match &record.edit {
        Edit::Multipart { image_field, mask_field } => {
            image_field != "image[]" || mask_field.as_ref().is_some_and(|field| field != "mask")
        }
        Edit::JsonXai => true,
        Edit::None | Edit::JsonImages | Edit::GenerateJson { .. } => false,
    };
    if edits_depart {
        dialect.push(format!("images/edits: {:?}", record.edit));
    }
    if !dialect.is_empty() {
        record.headers.insert(DIALECT_HEADER.to_owned(), SecretString::from(dialect.join("; ")));
    }
    record
}

fn job(prompt: &str) -> ImageJob {
    ImageJob {
        call_id: "call_1".to_owned(),
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

fn drawn(image: &[u8]) -> Value {
    json!({"created": 1, "data": [{"b64_json": STANDARD.encode(image)}]})
}

fn ok(json: &Value) -> Act {
    Act::Answer(answer("200 OK", &[("content-type", "application/json"), ("x-request-id", "req_1")], json.to_string()))
}

fn failed(status: &str, headers: &[(&str, &str)], code: &str) -> Act {
    Act::Answer(answer(status, headers, json!({"error": {"message": "No.", "code": code}}).to_string()))
}

/// A call that nobody stops.
async fn make(
    provider: &HttpProvider<Keys>,
    job: ImageJob,
    files: Arc<Memory>,
    previews: PreviewSink,
) -> Result<GeneratedImages, ImageError> {
    super::make(provider, job, files, previews, CancellationToken::new()).await
}

/// One call to a server that does `acts`, and the requests that it saw.
async fn call(record: ApiProfile, acts: Vec<Act>) -> (Result<GeneratedImages, ImageError>, Vec<server::Seen>) {
    let server = Server::start(acts).await;
    let files = Arc::new(Memory::default());
    let unfinished = Arc::clone(&files.unfinished);
    let made = make(&provider(server.port, record), job("a cat"), files, Arc::new(drop)).await;
    assert_eq!(unfinished.load(std::sync::atomic::Ordering::SeqCst), 0, "a file was left behind");
    (made, server.requests())
}

async fn call_openai(acts: Vec<Act>) -> (Result<GeneratedImages, ImageError>, Vec<server::Seen>) {
    call(ApiProfile::from_preset(Preset::Openai), acts).await
}

#[test]
fn every_test_of_the_table_of_faults_is_there() {
    let table = include_str!("tests.rs").lines().take_while(|line| line.starts_with("//!"));
    let rows: String = table.filter(|line| line.starts_with("//! |")).collect();
    let named: Vec<&str> = rows.split('`').skip(1).step_by(2).collect();
    let tests = [
        include_str!("tests/answers.rs"),
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
