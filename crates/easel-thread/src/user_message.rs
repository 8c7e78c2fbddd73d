//! User messages as the model reads them.

use std::sync::Arc;

use easel_imagegen::output;
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::record::Attachment;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

/// Returns the text, then each image with the line that names it. `attachments` are the images of `content`, in order.
pub fn for_model(content: &[UserInput], attachments: &[Attachment], detail: ImageDetail) -> ResponseItem {
    let mut pieces = Vec::new();
    let mut images = attachments.iter().zip(1..);
    for piece in content {
        match piece {
            UserInput::Text { text, .. } => pieces.push(ContentItem::InputText { text: Arc::clone(text) }),
            UserInput::Skill { name, path } | UserInput::Mention { name, path } => {
                pieces.push(ContentItem::InputText { text: format!("[{name}]({path})").into() });
            }
            UserInput::Image { detail: wanted, .. } | UserInput::LocalImage { detail: wanted, .. } => {
                if let Some((image, number)) = images.next() {
                    pieces.extend(output::attached(number, image, wanted.unwrap_or(detail)));
                }
            }
        }
    }
    ResponseItem::Message { role: MessageRole::User, content: pieces }
}
