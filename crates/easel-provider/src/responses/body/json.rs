//! The JSON of a request around its images.

mod shapes;
mod writer;

use easel_imagegen::port::ModelRequest;
use easel_protocol::response_item::{MessageRole, ResponseItem};

use self::writer::BodyWriter;
use super::{BodyError, CacheField, CacheFields, Segment};
use crate::responses::prompt_cache::find_breakpoint;

/// Returns the segments of the body of `request`, with or without the reasoning that was kept for the provider.
///
/// # Errors
///
/// Fails if the conversation names an unknown image.
pub(super) fn build_segments(
    request: &ModelRequest,
    cache_fields: CacheFields,
    keep_reasoning: bool,
) -> Result<Vec<Segment>, BodyError> {
    let input = select_items(&request.input, keep_reasoning);
    let breakpoint = if cache_fields.breakpoint { find_breakpoint(input.iter().copied()) } else { None };
    let mut writer = BodyWriter::new(request, breakpoint);
    writer.write_raw(r#"{"model":"#);
    writer.write_value(&request.model)?;
    writer.write_raw(r#","instructions":"#);
    writer.write_value(&request.instructions)?;
    // The provider must not store the conversation.
    writer.write_raw(r#","stream":true,"store":false"#);
    if cache_fields.key {
        let key = serde_json::to_string(&request.thread_id)?;
        writer.write_cache_field(CacheField::Key, format!(r#","prompt_cache_key":{key}"#));
    }
    writer.write_reasoning_params(&request.reasoning)?;
    if keep_reasoning {
        writer.write_reasoning(br#","include":["reasoning.encrypted_content"]"#.to_vec(), false);
    }
    if !request.tools.is_empty() {
        writer.write_raw(r#","tool_choice":"auto","parallel_tool_calls":true,"tools":"#);
        writer.write_value(&request.tools)?;
    }
    if let Some(schema) = &request.output_schema {
        writer.write_raw(r#","text":{"format":{"type":"json_schema","name":"output","strict":true,"schema":"#);
        writer.write_value(schema)?;
        writer.write_raw("}}");
    }
    writer.write_raw(r#","input":["#);
    for (index, item) in input.into_iter().enumerate() {
        writer.write_item(index, item)?;
    }
    writer.write_raw("]}");
    Ok(writer.finish())
}

/// Returns the items that are sent.
///
/// An image without a result was never generated, and the API has no item for that. Reasoning is sent only before an
/// item of the model, without which the API refuses it; the image after it may have become a line of text.
fn select_items(input: &[ResponseItem], keep_reasoning: bool) -> Vec<&ResponseItem> {
    let mut is_followed = false;
    let mut items: Vec<&ResponseItem> = Vec::with_capacity(input.len());
    for item in input.iter().rev().filter(|item| !is_empty(item)) {
        if let ResponseItem::Reasoning { .. } = item {
            items.extend((keep_reasoning && is_followed).then_some(item));
        } else {
            is_followed = is_of_model(item);
            items.push(item);
        }
    }
    items.reverse();
    items
}

/// Returns whether the model wrote the item.
fn is_of_model(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::Message { role, .. } => *role == MessageRole::Assistant,
        ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::ImageGenerationCall { .. } => true,
        ResponseItem::FunctionCallOutput { .. } | ResponseItem::ContextCompaction(_) => false,
    }
}

fn is_empty(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::ImageGenerationCall { result, .. } => result.is_empty(),
        // Rendered as a message before the request is built.
        ResponseItem::ContextCompaction(_) => true,
        ResponseItem::Message { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. } => false,
    }
}
