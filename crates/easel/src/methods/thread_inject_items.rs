use std::collections::HashSet;

use easel_imagegen::handle;
use easel_imagegen::port::{ImageSource, Store, StoredThread};
use easel_protocol::method::ThreadInjectItems;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, ResponseItem};
use easel_protocol::thread::{ThreadInjectItemsParams, ThreadInjectItemsResponse};
use serde_json::{Value, json};

use crate::app::{App, Cx};
use crate::given;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Most items of one request.
const MAX_ITEMS: usize = 256;
/// Most bytes of their JSON without pictures.
const MAX_BYTES: usize = 1 << 20;

impl Handler for ThreadInjectItems {
    async fn handle(cx: Cx, params: ThreadInjectItemsParams) -> Result<Answer<ThreadInjectItemsResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        let stored = app.store.load_thread(&thread_id).await?;
        let stored = stored.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        if !app.threads.is_loaded(&thread_id) {
            return Err(app.absent(&thread_id, Refusal::ThreadNotLoaded(thread_id.clone())).await);
        }
        app.must_rest(&thread_id).await?;
        let mut items = app.heavy.run(move || read(params.items)).await.map_err(|_| Refusal::ShuttingDown)??;
        check_calls(&items, &stored)?;
        for (index, item) in items.iter_mut().enumerate() {
            take_in(app, &stored, index, item).await?;
        }
        if serde_json::to_string(&items).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
            return Err(too_long());
        }
        app.rewrite(&thread_id, async { Ok(app.store.append_model_items(&thread_id, items).await?) }).await?;
        Ok(Answer::new(ThreadInjectItemsResponse {}))
    }
}

fn read(items: Vec<Value>) -> Result<Vec<ResponseItem>, Refusal> {
    if !(1..=MAX_ITEMS).contains(&items.len()) {
        return Err(Refusal::field("items", format!("must be 1 to {MAX_ITEMS}")));
    }
    let read = |(index, item): (usize, Value)| {
        easel_rpc::read_value(&in_one_form(item)).map_err(|fault| {
            let part = if fault.field == "." { String::new() } else { format!(".{}", fault.field) };
            Refusal::field(format!("items[{index}]{part}"), fault.reason)
        })
    };
    let mut left = MAX_BYTES;
    let mut kept = Vec::with_capacity(items.len());
    for item in items.into_iter().enumerate().map(read) {
        let item = item?;
        // Before pictures are taken in and what is read becomes JSON again.
        left = left.checked_sub(text_bytes(&item)).ok_or_else(too_long)?;
        kept.push(item);
    }
    for (index, item) in kept.iter().enumerate() {
        check_names(index, item)?;
    }
    Ok(kept)
}

fn too_long() -> Refusal {
    Refusal::field("items", format!("have more than {MAX_BYTES} bytes without their pictures"))
}

/// Bytes of an item that are no picture, at least.
fn text_bytes(item: &ResponseItem) -> usize {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => content
            .iter()
            .map(|piece| match piece {
                ContentItem::InputText { text } | ContentItem::OutputText { text } => text.len(),
                ContentItem::InputImage { .. } => 0,
            })
            .sum(),
        ResponseItem::FunctionCall { arguments, .. } => arguments.len(),
        ResponseItem::ImageGenerationCall { revised_prompt, .. } => revised_prompt.as_ref().map_or(0, String::len),
    }
}

/// Ids and names are repeated wherever the item is named.
fn check_names(index: usize, item: &ResponseItem) -> Result<(), Refusal> {
    let names: &[(&str, &str)] = match item {
        ResponseItem::Message { .. } => &[],
        ResponseItem::FunctionCallOutput { call_id, .. } => &[("call_id", call_id)],
        ResponseItem::FunctionCall { call_id, namespace, name, .. } => {
            &[("call_id", call_id), ("namespace", namespace.as_deref().unwrap_or_default()), ("name", name)]
        }
        ResponseItem::ImageGenerationCall { id, status, .. } => &[("id", id), ("status", status)],
    };
    names.iter().try_for_each(|(field, name)| given::id(&format!("items[{index}].{field}"), name))
}

/// The API has two forms of some things: text alone for a list of one text, and `system` for what is now `developer`.
fn in_one_form(mut item: Value) -> Value {
    let text_kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
    if item["role"] == "system" {
        item["role"] = json!("developer");
    }
    for key in ["content", "output"] {
        if let Some(text) = item[key].as_str() {
            item[key] = json!([{ "type": text_kind, "text": text }]);
        }
    }
    item
}

/// A model refuses a conversation in which a call has no output, an output no call, or two calls one id.
fn check_calls(items: &[ResponseItem], stored: &StoredThread) -> Result<(), Refusal> {
    let mut known: HashSet<&str> = stored.item_ids.iter().map(String::as_str).collect();
    known.extend(stored.history.iter().filter_map(call_id));
    let mut open: HashSet<&str> = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let problem = match item {
            ResponseItem::FunctionCall { call_id, .. } => {
                open.insert(call_id);
                (!known.insert(call_id)).then_some("is a call whose id the thread has already")
            }
            ResponseItem::FunctionCallOutput { call_id, .. } => {
                (!open.remove(call_id.as_str())).then_some("is an output without its call before it")
            }
            ResponseItem::Message { .. } | ResponseItem::ImageGenerationCall { .. } => None,
        };
        if let Some(problem) = problem {
            return Err(Refusal::field(format!("items[{index}]"), problem));
        }
    }
    match open.into_iter().next() {
        Some(call) => Err(Refusal::field("items", format!("have no output of the call {call:?}"))),
        None => Ok(()),
    }
}

fn call_id(item: &ResponseItem) -> Option<&str> {
    match item {
        ResponseItem::FunctionCall { call_id, .. } => Some(call_id),
        ResponseItem::Message { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. } => None,
    }
}

/// Takes the pictures of an item into the store; each is named by its handle from then on.
async fn take_in(app: &App, stored: &StoredThread, index: usize, item: &mut ResponseItem) -> Result<(), Refusal> {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            let mut named = Vec::with_capacity(content.len());
            for (piece, content) in std::mem::take(content).into_iter().enumerate() {
                match content {
                    ContentItem::InputImage { image_url, detail } => {
                        let field = format!("items[{index}].content[{piece}].image_url");
                        let image_url = handle_url(app, stored, field, image_url).await?;
                        // The line by which the model can speak of the picture, also when it is too old to be shown.
                        let text = format!("Image {}", image_url.trim_start_matches(HANDLE_SCHEME));
                        named.push(ContentItem::InputImage { image_url, detail });
                        named.push(ContentItem::InputText { text: text.into() });
                    }
                    text @ (ContentItem::InputText { .. } | ContentItem::OutputText { .. }) => named.push(text),
                }
            }
            *content = named;
        }
        ResponseItem::ImageGenerationCall { result, .. } => {
            let field = format!("items[{index}].result");
            // The store tells the kind of the picture from its bytes.
            let is_known = result.starts_with(HANDLE_SCHEME);
            let url = if is_known { std::mem::take(result) } else { format!("data:image/png;base64,{result}") };
            *result = handle_url(app, stored, field, url).await?;
        }
        ResponseItem::FunctionCall { .. } => {}
    }
    Ok(())
}

async fn handle_url(app: &App, stored: &StoredThread, field: String, url: String) -> Result<String, Refusal> {
    if let Some(known) = url.strip_prefix(HANDLE_SCHEME) {
        let has_it = |image: &easel_imagegen::port::ThreadImage| image.reference.id.as_deref() == Some(known);
        if handle::is_handle(known) && stored.images.iter().any(has_it) {
            return Ok(url);
        }
        return Err(Refusal::field(field, "names an image that the thread does not have"));
    }
    if !url.starts_with("data:") {
        return Err(Refusal::field(field, "only data: URLs are taken; nothing is read from a path or the network"));
    }
    let taken = app.store.import_image(&stored.thread.id, ImageSource::DataUrl(url)).await;
    let image = taken.map_err(|refused| Refusal::source(field, refused))?;
    Ok(format!("{HANDLE_SCHEME}{}", image.id))
}
