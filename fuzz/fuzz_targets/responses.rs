//! Responses of the model: the events follow the rules of the port, and do not depend on where the body is cut.

#![no_main]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_fuzz::chunks::cut;
use easel_fuzz::files::MemoryFiles;
use easel_fuzz::memory::with_limit;
use easel_imagegen::port::{ModelError, ModelEvent, ReasoningEvent, ReasoningPart};
use easel_provider::fuzzing::{SECRET, read_model_response};
use futures_util::stream;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

const PNG: &[u8] = include_bytes!("../samples/still.png");
/// Items of one response.
const MAX_ITEMS: usize = 256;
/// Images of one response. How many of one chunk are kept depends on the chunk.
const MAX_IMAGES: usize = 64;
const KINDS: [&str; 18] = [
    "response.output_text.delta",
    "response.refusal.delta",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_text.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.generating",
    "response.image_generation_call.partial_image",
    "response.completed",
    "response.incomplete",
    "response.failed",
    "error",
    "other",
    "",
];
const ITEMS: [&str; 6] =
    ["message", "function_call", "reasoning", "image_generation_call", "web_search_call", "custom_tool_call"];
const STATUSES: [&str; 5] = ["completed", "failed", "in_progress", "incomplete", "generating"];
const TEXTS: [&str; 6] = ["", "a", "b", "canary-7f3a", "\u{202e}x\u{7}", "a longer text"];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    sizes: [u8; 3],
    is_json: bool,
    body: Body<'a>,
}

#[derive(Arbitrary, Debug)]
enum Body<'a> {
    Raw(&'a [u8]),
    Events(Vec<Event<'a>>),
}

#[derive(Arbitrary, Debug)]
struct Event<'a> {
    kind: u8,
    is_named: bool,
    is_typed: bool,
    index: Option<u8>,
    id: Option<u8>,
    text: u8,
    part: Option<u8>,
    image: Image<'a>,
    items: Vec<Item<'a>>,
    status: Option<u8>,
    has_error: bool,
}

#[derive(Arbitrary, Debug)]
struct Item<'a> {
    kind: u8,
    id: Option<u8>,
    status: Option<u8>,
    texts: Vec<u8>,
    name: u8,
    image: Image<'a>,
    is_encrypted: bool,
}

#[derive(Arbitrary, Debug)]
enum Image<'a> {
    None,
    Null,
    Png,
    Bytes(&'a [u8]),
}

/// The events of a response, as texts for comparisons, and its end.
type Outcome = (Vec<String>, Result<(), ModelError>);

fuzz_target!(|input: Input<'_>| {
    let body = input.body.to_bytes(input.is_json);
    let whole = read(&[&body], input.is_json);
    if let Some(max) = input.body.max_calls(input.is_json) {
        let calls = whole.0.iter().filter(|event| event.starts_with("FunctionCall(")).count();
        assert!(calls <= max, "{calls} calls at {max} positions: {:?}", whole.0);
    }
    let cut = read(&cut(&body, &input.sizes), input.is_json);
    let images = body.windows(8).filter(|window| *window == b"\"result\"" || *window == b"mage_b64").count();
    if images < MAX_IMAGES {
        assert_eq!(whole.1, cut.1);
        // After an error, more of the same chunk may have arrived.
        if whole.1.is_ok() {
            assert_eq!(whole.0, cut.0);
        }
    }
});

/// Reads a response and checks its events.
fn read(chunks: &[&[u8]], is_json: bool) -> Outcome {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime")
    });
    let bytes: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let content_type = if is_json { "application/json" } else { "text/event-stream" };
    let (events, end) = with_limit((4 << 20) + 512 * bytes, || {
        let chunks: Vec<std::io::Result<Vec<u8>>> = chunks.iter().map(|chunk| Ok(chunk.to_vec())).collect();
        let body = reqwest::Body::wrap_stream(stream::iter(chunks));
        let response = http::Response::builder().header("content-type", content_type).body(body).expect("a response");
        RUNTIME.block_on(read_model_response(response.into(), Arc::new(MemoryFiles::default())))
    });
    let is_complete = matches!(events.last(), Some(ModelEvent::Completed { .. }));
    assert_eq!(is_complete, end.is_ok(), "{events:?} {end:?}");
    if let Err(error) = &end {
        assert!(!error.message.is_empty() && !error.message.contains(SECRET), "{error}");
    }
    check_events(&events);
    (events.iter().map(to_text).collect(), end)
}

/// Checks the rules of the port.
fn check_events(events: &[ModelEvent]) {
    let mut open_images = HashSet::new();
    let mut ended_images = HashSet::new();
    let mut reasoning: HashMap<&str, ReasoningItems> = HashMap::new();
    let (mut messages, mut calls) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        match event {
            ModelEvent::RequestId { request_id } => assert!(!request_id.contains(SECRET), "{request_id}"),
            ModelEvent::HostedStarted { call_id, .. } => {
                assert!(!ended_images.contains(call_id) && open_images.insert(call_id), "{call_id} starts twice");
            }
            ModelEvent::HostedPreview { call_id, .. } => {
                assert!(open_images.contains(call_id), "a preview of no image")
            }
            ModelEvent::HostedEnded { call_id, outcome } => {
                assert!(open_images.remove(call_id) && ended_images.insert(call_id), "{call_id} ends twice");
                match outcome {
                    Ok(images) => {
                        assert_eq!(images.images.len(), 1);
                        let prompt = images.images[0].revised_prompt.as_deref().unwrap_or_default();
                        assert!(!prompt.contains(SECRET) && !prompt.contains('\u{202e}'));
                    }
                    Err(error) => assert!(!error.message.contains(SECRET), "{}", error.message),
                }
            }
            ModelEvent::Reasoning { item_id, event } => reasoning.entry(&**item_id).or_default().add(event),
            ModelEvent::TextDelta { .. } => {}
            ModelEvent::Message { .. } => messages += 1,
            // Models repeat the ids of their calls.
            ModelEvent::FunctionCall(_) => calls += 1,
            ModelEvent::Completed { .. } => assert_eq!(at + 1, events.len()),
        }
    }
    assert!(open_images.is_empty(), "every image ends");
    assert!(messages + calls + reasoning.len() <= MAX_ITEMS + 1 && ended_images.len() <= MAX_IMAGES);
}

/// The reasoning items with one id. Some servers give several items the same id, or none.
#[derive(Default)]
struct ReasoningItems {
    /// The numbers of parts of the summary and of the reasoning itself, for each item that is open.
    open: Vec<(u32, u32)>,
    /// Whether several were open at once, so that events do not say which one they are about.
    is_ambiguous: bool,
}

impl ReasoningItems {
    fn add(&mut self, event: &ReasoningEvent) {
        if let ReasoningEvent::Started = event {
            self.open.push((0, 0));
            self.is_ambiguous |= self.open.len() > 1;
            return;
        }
        if self.is_ambiguous {
            return;
        }
        let Some((summary, content)) = self.open.last_mut() else { panic!("an event of no item") };
        let parts = |part: &ReasoningPart| match part {
            ReasoningPart::Summary(number) => (*number, summary),
            ReasoningPart::Content(number) => (*number, content),
        };
        match event {
            ReasoningEvent::Started => {}
            ReasoningEvent::PartAdded(part) => {
                let (number, count) = parts(part);
                assert_eq!(number, *count);
                *count += 1;
            }
            ReasoningEvent::Delta { part, .. } => {
                let (number, count) = parts(part);
                assert!(number < *count);
            }
            ReasoningEvent::Completed { .. } => {
                self.open.pop();
            }
        }
    }
}

/// Returns the event without the time that it took.
fn to_text(event: &ModelEvent) -> String {
    match event {
        ModelEvent::HostedEnded { call_id, outcome: Err(error) } => {
            format!("{call_id} {:?} {:?} {}", error.kind, error.billed, error.message)
        }
        event => format!("{event:?}"),
    }
}

impl Body<'_> {
    fn to_bytes(&self, is_json: bool) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.to_vec(),
            Self::Events(events) if is_json => {
                events.first().map(|event| event.to_response().to_string()).unwrap_or_default().into_bytes()
            }
            Self::Events(events) => events.iter().flat_map(|event| event.to_text().into_bytes()).collect(),
        }
    }
}

impl Body<'_> {
    /// Returns at how many positions there are items, if every event has one.
    fn max_calls(&self, is_json: bool) -> Option<usize> {
        let Self::Events(events) = self else { return None };
        if is_json {
            return events.first().map(|event| event.items.len());
        }
        let mut positions = HashSet::new();
        for event in events {
            let is_final = KINDS[usize::from(event.kind) % KINDS.len()].starts_with("response.completed");
            positions.insert(usize::from(event.index? % 4));
            positions.extend(0..if is_final { event.items.len() } else { 0 });
        }
        Some(positions.len())
    }
}

impl Event<'_> {
    fn to_text(&self) -> String {
        let kind = KINDS[usize::from(self.kind) % KINDS.len()];
        let mut fields = Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        add("type", self.is_typed.then(|| kind.into()));
        add("output_index", self.index.map(|index| (index % 4).into()));
        add("item_id", self.id.map(|id| to_id(id).into()));
        add("delta", kind.ends_with(".delta").then(|| to_plain(self.text).into()));
        add("text", kind.ends_with(".done").then(|| to_plain(self.text).into()));
        add("summary_index", self.part.map(|part| (part % 3).into()));
        add("content_index", self.part.map(|part| (part % 3).into()));
        add("partial_image_b64", self.image.to_json());
        add("partial_image_index", self.part.map(Value::from));
        if kind.starts_with("response.output_item") {
            add("item", self.items.first().map(Item::to_json));
        } else if matches!(kind, "response.completed" | "response.incomplete" | "response.failed") {
            add("response", Some(self.to_response()));
        }
        add("error", self.has_error.then(to_error));
        let name = if self.is_named { format!("event: {kind}\n") } else { String::new() };
        format!("{name}data: {}\n\n", Value::from(fields))
    }

    fn to_response(&self) -> Value {
        let mut response = json!({
            "output": self.items.iter().map(Item::to_json).collect::<Vec<_>>(),
            "usage": {"input_tokens": 5, "output_tokens": 7},
        });
        if let Some(status) = self.status {
            response["status"] = STATUSES[usize::from(status) % STATUSES.len()].into();
        }
        if self.has_error {
            response["error"] = to_error();
        }
        response
    }
}

impl Item<'_> {
    fn to_json(&self) -> Value {
        let kind = ITEMS[usize::from(self.kind) % ITEMS.len()];
        let texts = |kind: &str| -> Vec<Value> {
            self.texts.iter().map(|text| json!({"type": kind, "text": to_plain(*text)})).collect()
        };
        let mut item = json!({"type": kind});
        match kind {
            "message" => item["content"] = texts("output_text").into(),
            "function_call" => {
                item["name"] = TEXTS[usize::from(self.name) % TEXTS.len()].into();
                item["arguments"] = "{}".into();
                item["call_id"] = to_id(self.name).into();
            }
            "reasoning" => {
                item["summary"] = texts("summary_text").into();
                item["content"] = texts("reasoning_text").into();
                if self.is_encrypted {
                    item["encrypted_content"] = "secret".into();
                }
            }
            _ => {
                item["revised_prompt"] = self.texts.first().map(|text| to_plain(*text)).into();
                if let Some(image) = self.image.to_json() {
                    item["result"] = image;
                }
            }
        }
        if let Some(id) = self.id {
            item["id"] = to_id(id).into();
        }
        if let Some(status) = self.status {
            item["status"] = STATUSES[usize::from(status) % STATUSES.len()].into();
        }
        item
    }
}

impl Image<'_> {
    fn to_json(&self) -> Option<Value> {
        match self {
            Self::None => None,
            Self::Null => Some(Value::Null),
            Self::Png => Some(STANDARD.encode(PNG).into()),
            Self::Bytes(bytes) => Some(STANDARD.encode(bytes).into()),
        }
    }
}

fn to_error() -> Value {
    json!({"code": "server_error", "message": format!("no {SECRET}")})
}

fn to_plain(text: u8) -> &'static str {
    TEXTS[usize::from(text) % TEXTS.len()]
}

/// Few different ids; the last ones have characters that are removed, or the secret.
fn to_id(id: u8) -> String {
    match id % 7 {
        6 => SECRET.to_owned(),
        5 => "id\u{7}0".to_owned(),
        4 => String::new(),
        id => format!("id{id}"),
    }
}
