//! Adds items of another conversation to a thread's history.

use std::collections::HashSet;

use easel_imagegen::handle;
use easel_imagegen::history::content_bytes;
use easel_imagegen::port::{ImageSource, Store};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, ResponseItem};
use serde_json::{Value, json};

use super::{Threads, require_thread};
use crate::requests::{RequestError, validate};

/// Maximum number of items of one request.
const MAX_ITEMS: usize = 256;
/// Maximum size of the items of one request as JSON without images, in bytes.
const MAX_BYTES: usize = 1 << 20;

impl Threads {
    /// Appends items to the history of a loaded thread in which no turn runs, and imports their images.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadNotLoaded`], [`RequestError::TurnRunning`],
    /// [`RequestError::BadField`] for an invalid item, and those of the store.
    pub(crate) async fn inject_items(&self, thread_id: &str, items: Vec<Value>) -> Result<(), RequestError> {
        require_thread(&self.store, thread_id).await?;
        if !self.loaded.is_loaded(thread_id) {
            return Err(self.loaded.leases.not_loaded_error(thread_id).await);
        }
        self.loaded.actors.wait_until_idle(thread_id).await?;
        let mut items = self.heavy.run(move || parse(items)).await.map_err(|_| RequestError::ShuttingDown)??;
        let used = self.store.find_used_ids(thread_id, call_ids(&items)).await?;
        check_calls(&items, used)?;
        for (index, item) in items.iter_mut().enumerate() {
            self.import_images(thread_id, index, item).await?;
        }
        if serde_json::to_string(&items).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
            return Err(too_long_error());
        }
        self.loaded
            .actors
            .rewrite(thread_id, async { Ok(self.store.append_model_items(thread_id, items).await?) })
            .await
    }

    /// Imports the images of an item into the store and replaces each by its handle.
    async fn import_images(&self, thread_id: &str, index: usize, item: &mut ResponseItem) -> Result<(), RequestError> {
        match item {
            ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
                let mut imported = Vec::with_capacity(content.len());
                for (part, content) in std::mem::take(content).into_iter().enumerate() {
                    match content {
                        ContentItem::InputImage { image_url, detail } => {
                            let field = format!("items[{index}].content[{part}].image_url");
                            let image_url = self.handle_url(thread_id, field, image_url).await?;
                            imported.push(ContentItem::InputImage { image_url, detail });
                        }
                        text @ (ContentItem::InputText { .. } | ContentItem::OutputText { .. }) => imported.push(text),
                    }
                }
                *content = imported;
            }
            ResponseItem::ImageGenerationCall { result, .. } => {
                let field = format!("items[{index}].result");
                let is_handle = result.starts_with(HANDLE_SCHEME);
                // The store detects the format from the bytes, so the declared type does not matter.
                let url = if is_handle { std::mem::take(result) } else { format!("data:image/png;base64,{result}") };
                *result = self.handle_url(thread_id, field, url).await?;
            }
            ResponseItem::Reasoning { .. } | ResponseItem::FunctionCall { .. } | ResponseItem::ContextCompaction(_) => {
            }
        }
        Ok(())
    }

    /// Returns the handle URL of an image. Leaves the handle URL of a known image unchanged, and imports a data URL.
    async fn handle_url(&self, thread_id: &str, field: String, url: String) -> Result<String, RequestError> {
        if let Some(known) = url.strip_prefix(HANDLE_SCHEME) {
            let is_known = handle::is_handle(known)
                && !self.store.find_images(thread_id, vec![known.to_owned()]).await?.is_empty();
            if is_known {
                return Ok(url);
            }
            return Err(RequestError::field(field, "refers to an image that is not in this thread"));
        }
        if !url.starts_with("data:") {
            let reason = "must be a data: URL; images are not read from a path or the network";
            return Err(RequestError::field(field, reason));
        }
        let imported = self.store.import_image(thread_id, ImageSource::DataUrl(url)).await;
        let image = imported.map_err(|error| RequestError::source(field, error))?;
        Ok(format!("{HANDLE_SCHEME}{}", image.id))
    }
}

/// Parses and validates the items, which takes long for items with images.
fn parse(items: Vec<Value>) -> Result<Vec<ResponseItem>, RequestError> {
    if !(1..=MAX_ITEMS).contains(&items.len()) {
        return Err(RequestError::field("items", format!("must be 1 to {MAX_ITEMS}")));
    }
    let parse_item = |(index, item): (usize, Value)| {
        easel_rpc::read_value(&normalize(item)).map_err(|error| {
            let part = if error.field == "." { String::new() } else { format!(".{}", error.field) };
            RequestError::field(format!("items[{index}]{part}"), error.reason)
        })
    };
    // Serde also accepts an array for an object, field by field, which no client intends.
    if let Some(index) = items.iter().position(|item| !item.is_object()) {
        return Err(RequestError::field(format!("items[{index}]"), "expected an object"));
    }
    let is_reasoning = |item: &Value| item["type"] == "reasoning";
    if let Some(index) = items.iter().position(is_reasoning) {
        let reason = "is reasoning, which only the provider and account that made it can read; leave it out";
        return Err(RequestError::field(format!("items[{index}]"), reason));
    }
    let mut bytes_left = MAX_BYTES;
    let mut parsed = Vec::with_capacity(items.len());
    for item in items.into_iter().enumerate().map(parse_item) {
        let item = item?;
        // A first check, before images are imported and the items are serialized again.
        bytes_left = bytes_left.checked_sub(text_bytes(&item)).ok_or_else(too_long_error)?;
        parsed.push(item);
    }
    for (index, item) in parsed.iter().enumerate() {
        check_names(index, item)?;
    }
    Ok(parsed)
}

fn too_long_error() -> RequestError {
    RequestError::field("items", format!("have more than {MAX_BYTES} bytes without their images"))
}

/// Returns a lower bound of the size of an item without its images, in bytes.
fn text_bytes(item: &ResponseItem) -> usize {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content_bytes(content)
        }
        ResponseItem::Reasoning { .. } => 0,
        ResponseItem::FunctionCall { arguments, .. } => arguments.len(),
        ResponseItem::ImageGenerationCall { revised_prompt, .. } => revised_prompt.as_ref().map_or(0, String::len),
        ResponseItem::ContextCompaction(_) => 0,
    }
}

/// Validates the ids and names of an item, which events and other items repeat.
fn check_names(index: usize, item: &ResponseItem) -> Result<(), RequestError> {
    let names: &[(&str, &str)] = match item {
        ResponseItem::ContextCompaction(_) => {
            return Err(RequestError::field(format!("items[{index}].type"), "is not an item that a client can add"));
        }
        ResponseItem::Message { .. } | ResponseItem::Reasoning { .. } => &[],
        ResponseItem::FunctionCallOutput { call_id, .. } => &[("call_id", call_id)],
        ResponseItem::FunctionCall { call_id, namespace, name, .. } => {
            &[("call_id", call_id), ("namespace", namespace.as_deref().unwrap_or_default()), ("name", name)]
        }
        ResponseItem::ImageGenerationCall { id, status, .. } => &[("id", id), ("status", status)],
    };
    names.iter().try_for_each(|(field, name)| validate::id(&format!("items[{index}].{field}"), name))
}

/// Converts the alternative forms of the Responses API: a plain string for a list with one text, and the role `system`,
/// which is now called `developer`.
fn normalize(mut item: Value) -> Value {
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

/// Checks that each call has one output after it and an id of its own. A model refuses a conversation with a call
/// without output, an output without call, or two calls with the same id. `used` has those ids of the items' calls that
/// the thread has already.
fn check_calls(items: &[ResponseItem], mut used: HashSet<String>) -> Result<(), RequestError> {
    let mut open: HashSet<&str> = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let problem = match item {
            ResponseItem::FunctionCall { call_id, .. } => {
                open.insert(call_id);
                (!used.insert(call_id.to_string())).then_some("has a call id that the thread already uses")
            }
            ResponseItem::FunctionCallOutput { call_id, .. } => {
                (!open.remove(call_id.as_str())).then_some("is an output without a preceding call")
            }
            ResponseItem::Message { .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::ImageGenerationCall { .. }
            | ResponseItem::ContextCompaction(_) => None,
        };
        if let Some(problem) = problem {
            return Err(RequestError::field(format!("items[{index}]"), problem));
        }
    }
    match open.into_iter().next() {
        Some(call) => Err(RequestError::field("items", format!("lack the output of the call {call:?}"))),
        None => Ok(()),
    }
}

fn call_ids(items: &[ResponseItem]) -> Vec<String> {
    let call_id = |item: &ResponseItem| match item {
        ResponseItem::FunctionCall { call_id, .. } => Some(call_id.to_string()),
        ResponseItem::Message { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. }
        | ResponseItem::ContextCompaction(_) => None,
    };
    items.iter().filter_map(call_id).collect()
}
