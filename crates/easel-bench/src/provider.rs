//! A provider that answers at once: it calls the image tool in the first request of a turn, and says a word in the
//! second. With the hosted tool it sends the image itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::MockServer;
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::program::Tool;

/// Tokens of a conversation that no program would compact.
const FEW_TOKENS: usize = 100;

/// Encoded images, which the provider sends in turn.
#[derive(Debug, Clone)]
pub(crate) struct Pictures(Arc<Vec<String>>);

impl Pictures {
    /// Encodes image files.
    pub(crate) fn new(files: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(Arc::new(files.into_iter().map(|file| STANDARD.encode(file)).collect()))
    }

    fn get(&self, number: usize) -> &str {
        &self.0[number % self.0.len()]
    }
}

/// A running provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) server: MockServer,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// What a provider does with the bodies of the requests to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bodies {
    Discard,
    Keep,
    /// Report a token for each four bytes. Easel then compacts a conversation at the limit of its context, as it would
    /// with a real model.
    CountTokens,
}

impl Provider {
    pub(crate) fn start(tool: Tool, pictures: Pictures, mode: Bodies) -> Self {
        let sent = AtomicUsize::new(0);
        let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let log = Arc::clone(&bodies);
        let server = MockServer::start(move |exchange| {
            let body = exchange.read_body();
            if exchange.endpoint().starts_with("images") {
                let picture = pictures.get(sent.fetch_add(1, Ordering::Relaxed));
                return exchange.respond(200, "application/json", image_response(picture).as_bytes());
            }
            if !exchange.endpoint().starts_with("responses") {
                return exchange.respond(404, "application/json", b"{}");
            }
            let tokens = if mode == Bodies::CountTokens { body.len() / 4 } else { FEW_TOKENS };
            let events = match (tool, ends_with_output(&body)) {
                (Tool::Standalone, false) => call_tool(sent.load(Ordering::Relaxed)),
                (Tool::Standalone, true) => say_done(sent.load(Ordering::Relaxed), None),
                (Tool::Hosted, _) => {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    say_done(number, Some(pictures.get(number)))
                }
            };
            let mut completed = openai::completed();
            completed["response"]["usage"]["input_tokens"] = tokens.into();
            exchange.respond_events(&[events, vec![completed]].concat());
            if mode == Bodies::Keep {
                log.lock().unwrap_or_else(PoisonError::into_inner).push(body);
            }
        });
        Self { server, bodies }
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Returns the lengths of the bodies of all requests so far, to the model and for images.
    pub(crate) fn body_lengths(&self) -> Vec<u64> {
        let posts = self.server.requests().into_iter().filter(|request| request.method == "POST");
        posts.map(|request| request.content_length).collect()
    }

    /// Takes the bodies of the requests to the model so far.
    pub(crate) fn take_bodies(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.bodies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns whether the newest item of the conversation is the output of a call. Only the order of two words is looked
/// at, because parsing megabytes of images would take longer than the measured program.
fn ends_with_output(body: &[u8]) -> bool {
    let last = |word: &[u8]| memchr::memmem::rfind(body, word);
    last(b"\"function_call_output\"") > last(b"\"role\":\"user\"")
}

pub(crate) fn image_response(picture: &str) -> String {
    json!({ "created": 1, "data": [{ "b64_json": picture }] }).to_string()
}

fn call_tool(number: usize) -> Vec<Value> {
    vec![openai::image_call(&number.to_string(), &json!({ "prompt": format!("picture number {number}") }))]
}

fn say_done(number: usize, picture: Option<&str>) -> Vec<Value> {
    let hosted = picture.map(|picture| {
        openai::item_done(&json!({ "type": "image_generation_call", "id": format!("ig_{number}"),
            "status": "completed", "result": picture }))
    });
    hosted.into_iter().chain(openai::message(&number.to_string(), "Done.")).collect()
}
