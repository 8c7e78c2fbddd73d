//! The JSON of items in history: without image bytes, and with relative paths.

use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, ResponseItem};

use crate::error::Error;
use crate::home::Home;

/// Returns an item as the database stores it.
pub(crate) fn item_to_json(home: &Home, item: &ThreadItem) -> Result<String, Error> {
    home.to_json(item_without_bytes(item))
}

/// Returns a conversation item as the database stores it.
pub(crate) fn model_item_to_json(item: &ResponseItem) -> Result<String, Error> {
    Ok(serde_json::to_string(&model_item_without_bytes(item))?)
}

/// Removes base64 from an item. An event may have it for a client that asked for it, but history must not.
fn item_without_bytes(item: &ThreadItem) -> ThreadItem {
    let mut item = item.clone();
    match &mut item {
        ThreadItem::ImageGeneration(image) => image.result.clear(),
        ThreadItem::UserMessage(message) => {
            for input in &mut message.content {
                if let UserInput::Image { url, .. } = input {
                    cut_data_url(url);
                }
            }
        }
        ThreadItem::AgentMessage(_) | ThreadItem::Reasoning(_) | ThreadItem::ContextCompaction(_) => {}
    }
    item
}

fn model_item_without_bytes(item: &ResponseItem) -> ResponseItem {
    let mut item = item.clone();
    match &mut item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            for part in content {
                if let ContentItem::InputImage { image_url, .. } = part {
                    cut_data_url(image_url);
                }
            }
        }
        ResponseItem::ImageGenerationCall { result, .. } if !result.starts_with(HANDLE_SCHEME) => result.clear(),
        ResponseItem::ImageGenerationCall { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::ContextCompaction(_) => {}
    }
    item
}

fn cut_data_url(url: &mut String) {
    if url.starts_with("data:") {
        url.truncate(url.find(',').map_or("data:".len(), |comma| comma + 1));
    }
}
