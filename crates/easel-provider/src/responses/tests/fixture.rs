//! A provider at a test server, and its events as lines of text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Cursor};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::capability::AuthKind;
use easel_imagegen::history::History;
use easel_imagegen::model_copy::{ModelCopies, ModelCopy};
use easel_imagegen::port::{
    Files, ModelError, ModelEvent, ModelRequest, Provenance, Provider, ProviderInfo, Reasoning, ReasoningEvent,
    Reference, StagedImage,
};
use easel_protocol::record::{ImageFacts, MediaType};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use futures_util::StreamExt;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use secrecy::SecretString;

use crate::credential::{Credential, CredentialError, Credentials};
use crate::http::Endpoint;
use crate::profile::ApiProfile;
use crate::provider::HttpProvider;
use crate::settings::{Retries, Timeouts};
use crate::staging;
use easel_imagegen::preset::Preset;

/// An image of one pixel.
pub(super) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

pub(super) const PATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    stream_idle: Duration::from_secs(60),
    response: Duration::from_secs(60),
};

/// A credential that can be renewed so many times.
#[derive(Debug)]
pub(super) struct Keys {
    renewals: AtomicU32,
}

impl Credentials for Keys {
    fn kind(&self) -> AuthKind {
        AuthKind::ApiKey
    }

    fn source(&self) -> Option<String> {
        Some("a test".to_owned())
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(key("key-old-secret")))
    }

    async fn refresh(&self, rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        assert_eq!(rejected, &key("key-old-secret"));
        let renewed = self.renewals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        Ok(renewed.ok().map(|_| key("key-new-secret")))
    }
}

fn key(secret: &str) -> Credential {
    Credential { kind: AuthKind::ApiKey, secret: SecretString::from(secret.to_owned()), account_id: None }
}

/// Images in memory, by path.
#[derive(Debug, Default)]
pub(super) struct MemoryFiles(pub(super) BTreeMap<PathBuf, Vec<u8>>);

impl Files for MemoryFiles {
    type Reader = Cursor<Vec<u8>>;
    type Writer = Vec<u8>;

    fn open(&self, image: &Reference) -> io::Result<Self::Reader> {
        self.0.get(&image.path).cloned().map(Cursor::new).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open_copy(&self, copy: &ModelCopy) -> io::Result<Self::Reader> {
        self.0.get(&copy.path).cloned().map(Cursor::new).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn create(&self) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn stage(&self, writer: Vec<u8>) -> io::Result<StagedImage> {
        staging::stage(&writer)
    }

    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        self.stage(writer)
    }
}

/// An image of the thread: a PNG of one pixel, padded with `value` to `length` bytes.
pub(super) fn reference(id: &str, length: usize, value: u8) -> (Reference, Vec<u8>) {
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: MediaType::Png,
        width: 1,
        height: 1,
        bytes: length as u64,
        has_alpha: false,
    };
    let reference = Reference {
        id: Some(id.into()),
        path: PathBuf::from(format!("/{id}.png")),
        facts,
        provenance: Provenance::Generated,
    };
    let mut bytes = STANDARD.decode(PNG).unwrap();
    assert!(bytes.len() <= length, "an image has at least {} bytes", bytes.len());
    bytes.resize(length, value);
    (reference, bytes)
}

pub(super) fn request(exposure: ToolExposure) -> ModelRequest {
    let content = vec![ContentItem::InputText { text: "draw a fox".into() }];
    let input = vec![ResponseItem::Message { role: MessageRole::User, content }];
    ModelRequest {
        thread_id: "thread-1".into(),
        model: "gpt-5.5".to_owned(),
        instructions: "Draw what is \"asked\".\nNothing else.".to_owned(),
        reasoning: Reasoning::default(),
        output_schema: None,
        originator: "test".to_owned(),
        history: History { items: input.clone(), images: Vec::new() },
        input,
        copies: ModelCopies::new(),
        images: Vec::new(),
        exposure,
        tools: match exposure {
            ToolExposure::Hosted => vec![json!({"type": "image_generation"})],
            ToolExposure::Standalone | ToolExposure::None => Vec::new(),
        },
        partial_images: 0,
        gate: easel_imagegen::port::SendGate::open(),
    }
}

pub(super) fn provider(base: &str, timeouts: Timeouts, renewals: u32) -> HttpProvider<Keys> {
    let record = ApiProfile::from_preset(Preset::Openai);
    let info = ProviderInfo {
        id: "test".to_owned(),
        name: "Test".to_owned(),
        base_url: Some(base.to_owned()),
        models: Vec::new(),
        image_model: "gpt-image-2".to_owned(),
        synthetic: false,
        capabilities: record.capabilities(),
    };
    let endpoint = Endpoint::new(base.parse().unwrap(), timeouts.connect);
    HttpProvider::new(info, record, endpoint, Keys { renewals: AtomicU32::new(renewals) }, timeouts, Retries::default())
}

/// Everything that is transcript, a line each.
pub(super) async fn all(provider: &HttpProvider<Keys>, request: ModelRequest) -> String {
    all_with(provider, request, MemoryFiles::default()).await
}

pub(super) async fn all_with(provider: &HttpProvider<Keys>, request: ModelRequest, files: MemoryFiles) -> String {
    let events: Vec<_> = provider.respond(request, Arc::new(files), CancellationToken::new()).collect().await;
    let is_request_id = |event: &&Result<ModelEvent, ModelError>| matches!(event, Ok(ModelEvent::RequestId { .. }));
    // Every attempt that gets a response begins with the id of its request.
    events.iter().filter(|event| !is_request_id(event)).map(|event| line(event) + "\n").collect()
}

pub(super) fn line(event: &Result<ModelEvent, ModelError>) -> String {
    match event {
        Ok(ModelEvent::RequestId { request_id }) => format!("request {request_id}"),
        Ok(ModelEvent::Reasoning { item_id, event }) => match event {
            ReasoningEvent::Started => format!("reasoning {item_id}"),
            ReasoningEvent::PartAdded(part) => format!("part {item_id} {part:?}"),
            ReasoningEvent::Delta { part, delta } => format!("delta {item_id} {part:?} {delta:?}"),
            ReasoningEvent::Completed { summary, content, model_item } => {
                let kept = model_item.as_ref().map(|item| serde_json::to_string(item).unwrap());
                format!("reasoned {item_id} {summary:?} {content:?} {}", kept.unwrap_or_default())
            }
        },
        Ok(ModelEvent::TextDelta { item_id, delta }) => format!("delta {item_id} {delta:?}"),
        Ok(ModelEvent::Message { item_id, text }) => format!("message {item_id} {text:?}"),
        Ok(ModelEvent::FunctionCall(call)) => {
            format!("call {} {:?} {} {}", call.call_id, call.namespace, call.name, call.arguments)
        }
        Ok(ModelEvent::HostedStarted { call_id, requested, references }) => {
            let shown: Vec<_> = references.iter().filter_map(|reference| reference.id.as_deref()).collect();
            format!("started {call_id} {:?} {:?} {shown:?}", requested.action, requested.prompt)
        }
        Ok(ModelEvent::HostedPreview { call_id, preview }) => {
            format!("preview {call_id} {} {} bytes", preview.index, preview.staged.facts().bytes)
        }
        Ok(ModelEvent::HostedEnded { call_id, outcome: Ok(made) }) => {
            let mut line = format!("ended {call_id} {:?} {:?}", made.request_id, made.generation_id);
            for image in &made.images {
                let (applied, revised) = (&image.applied, &image.revised_prompt);
                let _ = write!(
                    line,
                    " {} bytes {revised:?} {:?} {:?}",
                    image.staged.facts().bytes,
                    applied.size,
                    applied.quality
                );
            }
            line
        }
        Ok(ModelEvent::HostedEnded { call_id, outcome: Err(error) }) => {
            format!("failed {call_id} {:?} billed {:?}: {}", error.kind, error.billed, error.message)
        }
        Ok(ModelEvent::Completed { usage }) => format!(
            "completed {} = {} ({} cached) + {} ({} reasoning)",
            usage.total_tokens,
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.output_tokens,
            usage.reasoning_output_tokens
        ),
        Err(error) => format!("error {:?}: {}", error.info, without_port(&error.message)),
    }
}

/// Returns the text with `HOST` in place of a test server.
fn without_port(text: &str) -> String {
    let Some((before, after)) = text.split_once("127.0.0.1:") else { return text.to_owned() };
    format!("{before}HOST{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Builds a response that ends with the connection.
pub(super) fn response(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\nx-request-id: req_7\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body.as_ref());
    bytes
}

/// Builds a response with an event stream.
pub(super) fn stream(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", "content-type: text/event-stream\r\n", body)
}

/// Formats events as a server sends them.
pub(super) fn events(events: &[serde_json::Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("x"))).collect()
}
