//! The texts about images that a model reads, and how its history refers to images.
//!
//! Stored history refers to an image only by its handle. The line that describes it is written when the conversation is
//! rendered ([`crate::history`]), so that rewording a line does not touch what is stored.

use easel_protocol::id::ItemId;
use easel_protocol::input::ImageDetail;
use easel_protocol::record::{Attachment, Billed, ImageError, ImageErrorKind, ImageRecord};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

use crate::port::{Provenance, Reference, ThreadImage};

/// The text that logs contain instead of an output with images.
pub const LOG_PREVIEW: &str = "[generated image]";

/// Maximum length of the prompt in an image's line, in Unicode scalar values.
pub(crate) const PROMPT_CHARS: usize = 200;

/// Returns the images of a call as content of its output.
pub fn show_images(records: &[ImageRecord], detail: ImageDetail) -> Vec<ContentItem> {
    records.iter().map(|record| image_content(&record.id, detail)).collect()
}

/// Returns an image that the user attached as content of the user's message.
pub fn show_attachment(attachment: &Attachment, detail: ImageDetail) -> ContentItem {
    image_content(&attachment.id, detail)
}

fn image_content(handle: &str, detail: ImageDetail) -> ContentItem {
    ContentItem::InputImage { image_url: format!("{HANDLE_SCHEME}{handle}"), detail: Some(detail) }
}

/// Returns the history of a hosted call: an item for each image, and a message with what else the output says.
pub fn to_hosted_history(item_id: &ItemId, content: Vec<ContentItem>) -> Vec<ResponseItem> {
    let mut history = Vec::new();
    for content in content {
        match content {
            ContentItem::InputImage { image_url, .. } if image_url.starts_with(HANDLE_SCHEME) => {
                history.push(ResponseItem::ImageGenerationCall {
                    // The id of the call's item, which is unique in the thread.
                    id: item_id.as_str().into(),
                    status: "completed".to_owned(),
                    revised_prompt: None,
                    result: image_url,
                });
            }
            content @ (ContentItem::InputText { .. }
            | ContentItem::OutputText { .. }
            | ContentItem::InputImage { .. }) => {
                history.push(ResponseItem::Message { role: MessageRole::Developer, content: vec![content] });
            }
        }
    }
    history
}

/// Describes an image for the model, which can refer to it by its handle even when the image is not sent.
/// `attachment` is its number among the images of its user message, from 1, if it is in one.
pub(crate) fn image_line(image: &ThreadImage, attachment: Option<usize>) -> String {
    let Reference { id, path, facts, provenance } = &image.reference;
    let (id, path) = (id.as_deref().unwrap_or_default(), path.display());
    match (provenance, attachment) {
        (Provenance::Generated, _) => {
            let prompt = shorten(image.prompt.as_deref().unwrap_or_default(), PROMPT_CHARS);
            let note = image.note.as_ref().map(|note| format!("\n{note}")).unwrap_or_default();
            format!(
                "Image {id} is done and already shown to the user: saved at {path}, {}x{} pixels, prompt: {prompt}{note}",
                facts.width, facts.height,
            )
        }
        (Provenance::User, Some(number)) => format!("Attached image {number} is {id}, saved at {path}."),
        (Provenance::User, None) => format!("Image {id}, saved at {path}."),
    }
}

/// Describes an image of the conversation that the thread no longer has.
pub(crate) fn deleted_line(handle: &str) -> String {
    format!("Image {handle} was deleted by the user: it can no longer be shown or edited.")
}

/// Describes a call that failed: what happened, what it may have cost and what the model should do.
pub fn describe_failure(error: &ImageError) -> ContentItem {
    ContentItem::InputText { text: format_error("No image was made", error).into() }
}

/// Describes why a call made fewer images than it requested. It follows the images of the output.
pub fn describe_missing(error: &ImageError) -> ContentItem {
    ContentItem::InputText { text: format_error("Not all images were made", error).into() }
}

fn format_error(what: &str, error: &ImageError) -> String {
    let advice = match error.kind {
        ImageErrorKind::InvalidArguments => "Call again with arguments that fit.",
        ImageErrorKind::ReferenceNotFound => "Name images of this thread by their handles.",
        ImageErrorKind::ReferenceRefused => "Only images of this thread or of the user's project can be used.",
        ImageErrorKind::ModerationBlocked => "The same prompt will be blocked again; tell the user.",
        ImageErrorKind::Unauthorized
        | ImageErrorKind::Configuration
        | ImageErrorKind::UsageLimit
        | ImageErrorKind::BudgetExceeded
        | ImageErrorKind::ApprovalDenied
        | ImageErrorKind::HookDenied => "Do not call again in this turn; tell the user.",
        ImageErrorKind::RateLimited => "Tell the user to try again later.",
        ImageErrorKind::Timeout
        | ImageErrorKind::Network
        | ImageErrorKind::BadResponse
        | ImageErrorKind::Storage
        | ImageErrorKind::Interrupted
        | ImageErrorKind::Internal => "Do not call again by yourself; tell the user.",
    };
    let billed = match error.billed {
        Billed::No => "",
        Billed::Yes => " The provider charged for it.",
        Billed::Uncertain => " The provider may have charged for it.",
    };
    format!("{what}: {}.{billed} {advice}", error.message.trim_end_matches('.'))
}

/// Returns the start of a text, with an ellipsis if it was cut.
pub(crate) fn shorten(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::image_error;
    use crate::tool_result::tests::record;

    #[test]
    fn failure_says_what_helps() {
        let text = |kind, billed| {
            let error = ImageError { billed, ..image_error(kind, "the disk is full.") };
            let ContentItem::InputText { text } = describe_failure(&error) else {
                panic!("not a text");
            };
            text
        };
        insta::assert_snapshot!(text(ImageErrorKind::Storage, Billed::Yes), @"No image was made: the disk is full. The provider charged for it. Do not call again by yourself; tell the user.");
        insta::assert_snapshot!(text(ImageErrorKind::InvalidArguments, Billed::No), @"No image was made: the disk is full. Call again with arguments that fit.");
        insta::assert_snapshot!(text(ImageErrorKind::Timeout, Billed::Uncertain), @"No image was made: the disk is full. The provider may have charged for it. Do not call again by yourself; tell the user.");
    }

    #[test]
    fn missing_images_say_what_they_cost() {
        let error = ImageError {
            billed: Billed::Uncertain,
            ..image_error(ImageErrorKind::Timeout, "1 of 2 images arrived; the time was over")
        };
        let ContentItem::InputText { text } = describe_missing(&error) else { panic!("not a text") };
        insta::assert_snapshot!(text, @"Not all images were made: 1 of 2 images arrived; the time was over. The provider may have charged for it. Do not call again by yourself; tell the user.");
    }

    #[test]
    fn history_refers_to_images_by_their_handles() {
        let records = [record("a", 1, 4), record("b", 1, 4)];
        let expected = ["easel:img_a", "easel:img_b"]
            .map(|url| ContentItem::InputImage { image_url: url.to_owned(), detail: Some(ImageDetail::High) });
        assert_eq!(show_images(&records, ImageDetail::High), expected);
    }

    #[test]
    fn hosted_image_is_a_call_in_the_history() {
        let link = ContentItem::InputImage { image_url: "https://example.com/a.png".to_owned(), detail: None };
        let content = vec![image_content("img_a", ImageDetail::High), link];
        let history = to_hosted_history(&"ig_1".into(), content);
        let [ResponseItem::ImageGenerationCall { id, result, .. }, ResponseItem::Message { .. }] = &history[..] else {
            panic!("an image and a message")
        };
        assert_eq!((&**id, &**result), ("ig_1", "easel:img_a"));
    }

    #[test]
    fn long_prompt_is_cut_between_characters() {
        assert_eq!(shorten("short", PROMPT_CHARS), "short");
        let cut = shorten(&"ü".repeat(PROMPT_CHARS + 1), PROMPT_CHARS);
        assert_eq!(cut.chars().count(), PROMPT_CHARS + 1);
        assert!(cut.ends_with('…'));
    }
}
