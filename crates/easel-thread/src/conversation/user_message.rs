//! User messages as history stores them for the model.

use std::sync::Arc;

use easel_imagegen::output;
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::record::Attachment;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

/// Converts a user message to the item that history stores: texts and images in their order.
/// `attachments` are the images of `content`, in order. The texts are shared, not copied.
pub fn to_model_message(content: &[UserInput], attachments: &[Attachment], detail: ImageDetail) -> ResponseItem {
    let mut items = Vec::new();
    let mut images = attachments.iter();
    for input in content {
        match input {
            UserInput::Text { text, .. } => items.push(ContentItem::InputText { text: Arc::clone(text) }),
            UserInput::Skill { name, path } | UserInput::Mention { name, path } => {
                items.push(ContentItem::InputText { text: format!("[{name}]({path})").into() });
            }
            UserInput::Image { detail: requested, .. } | UserInput::LocalImage { detail: requested, .. } => {
                if let Some(image) = images.next() {
                    items.push(output::show_attachment(image, requested.unwrap_or(detail)));
                }
            }
        }
    }
    ResponseItem::Message { role: MessageRole::User, content: items }
}
