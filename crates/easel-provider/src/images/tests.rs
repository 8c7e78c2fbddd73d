//! Whole calls against a real server.

mod answers;
mod attempts;
mod bodies;
mod faults;
mod files;
mod links;
mod server;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{ImageJob, Made, ProviderInfo};
use easel_protocol::record::{AppliedImage, ImageAction, ImageError, RequestedImage};
use serde_json::{Value, json};

use super::make;
use crate::credential::{Credential, CredentialError, Credentials, Secret};
use crate::presets::Preset;
use crate::provider::{HttpProvider, Retries, Timeouts};
use crate::record::{Edit, Generate, Record, ResponseFormat, SizeStyle};
use crate::recorder::DIALECT;
use files::Memory;
use server::{Act, Server, answer};

const KEY: &str = "sk-canary-0123456789";

/// Gives each secret once, in order; the last one stays.
struct Keys(Mutex<Vec<&'static str>>);

impl Keys {
    fn credential(&self) -> Option<Credential> {
        let secret = Secret::new((*self.0.lock().unwrap().first()?).to_owned());
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

fn provider(port: u16, record: Record) -> HttpProvider<Keys> {
    with_keys(port, record, vec![KEY])
}

fn with_keys(port: u16, record: Record, keys: Vec<&'static str>) -> HttpProvider<Keys> {
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
fn with_dialect(mut record: Record) -> Record {
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
        record.headers.insert(DIALECT.to_owned(), Secret::new(dialect.join("; ")));
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

/// One call to a server that does `acts`, and the requests that it saw.
async fn call(record: Record, acts: Vec<Act>) -> (Result<Made<Vec<u8>>, ImageError>, Vec<server::Seen>) {
    let server = Server::start(acts).await;
    let files = Arc::new(Memory::default());
    let unfinished = Arc::clone(&files.unfinished);
    let made = make(&provider(server.port, record), job("a cat"), files).await;
    assert_eq!(unfinished.load(std::sync::atomic::Ordering::SeqCst), 0, "a file was left behind");
    (made, server.requests())
}

async fn call_openai(acts: Vec<Act>) -> (Result<Made<Vec<u8>>, ImageError>, Vec<server::Seen>) {
    call(Preset::Openai.record(), acts).await
}
