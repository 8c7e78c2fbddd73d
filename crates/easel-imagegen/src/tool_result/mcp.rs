//! The result for the Model Context Protocol. Hosts show its text in any case, so that has everything but the pictures.

use easel_protocol::record::ImageRecord;
use easel_protocol::tool::{McpAnnotations, McpContent, McpMeta, McpToolResult};
use serde_json::{Value, json};

use super::{ToolOutput, texts};
use crate::host_call::canonical_json;
use crate::output::{PROMPT_CHARS, shorten};

/// The start of the URI of an image, before its handle.
const URI: &str = "easel://image/";

/// Maximum number of reference images in the short record.
const MAX_INPUTS: usize = 8;

/// Returns the text, whose last line is the short records as JSON, then the pictures, then a link to each file.
pub(super) fn format(result: ToolOutput<'_>) -> McpToolResult {
    let ToolOutput { call_id, images, pictures, error, replayed, .. } = result;
    let mut text: Vec<String> =
        images.iter().zip(&pictures).map(|(record, picture)| texts::describe_image(record, picture.as_ref())).collect();
    text.extend(texts::describe_error(images, error).map(|text| text.to_string()));
    let records: Vec<Value> = images.iter().map(short_record).collect();
    let error = error.map(|error| {
        json!({"kind": error.kind, "message": error.message, "retryable": error.retryable, "billed": error.billed})
    });
    text.push(canonical_json(&json!({"images": records, "error": error, "replayed": replayed})));
    let mut content = vec![McpContent::Text { text: text.join("\n").into() }];
    content.extend(pictures.into_iter().flatten().map(|picture| McpContent::Image {
        data: picture.base64,
        mime_type: picture.media_type,
        annotations: McpAnnotations { audience: vec!["user".to_owned(), "assistant".to_owned()], priority: 1.0 },
    }));
    content.extend(images.iter().filter(|record| !record.deleted).map(to_link));
    let meta = McpMeta { call_id: call_id.clone(), images: images.to_vec() };
    McpToolResult { content, is_error: images.is_empty(), meta }
}

/// Returns what a model may need of a record, in at most about 2 KiB.
fn short_record(record: &ImageRecord) -> Value {
    let inputs: Vec<_> = record.inputs.iter().filter_map(|input| input.id.as_deref()).take(MAX_INPUTS).collect();
    json!({
        "id": record.id,
        "path": record.path,
        "mediaType": record.facts.media_type,
        "width": record.facts.width,
        "height": record.facts.height,
        "bytes": record.facts.bytes,
        "provider": record.provider,
        "model": record.model,
        "action": record.requested.action,
        "prompt": shorten(&record.requested.prompt, PROMPT_CHARS),
        "inputs": inputs,
    })
}

fn to_link(record: &ImageRecord) -> McpContent {
    let name = record.path.rsplit(['/', '\\']).next().unwrap_or_default();
    McpContent::ResourceLink {
        uri: format!("{URI}{}", record.id),
        name: name.to_owned(),
        mime_type: record.facts.media_type,
        size: record.facts.bytes,
    }
}
