//! What goes back to the model after a call.

use easel_protocol::input::ImageDetail;
use easel_protocol::record::{Attachment, Billed, ImageError, ImageErrorKind, ImageRecord};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME};

/// What logs, traces and telemetry say in place of an output that holds images.
pub const LOG_PREVIEW: &str = "[generated image]";

/// Longest piece of a prompt that a text line repeats, in Unicode scalar values.
const PROMPT_CHARS: usize = 200;

/// Per image the picture, then its text line.
pub fn made(records: &[ImageRecord], detail: ImageDetail) -> Vec<ContentItem> {
    records
        .iter()
        .flat_map(|record| [picture(&record.id, detail), ContentItem::InputText { text: line(record).into() }])
        .collect()
}

fn line(record: &ImageRecord) -> String {
    format!(
        "Image {} is done and already shown to the user: saved at {}, {}x{} pixels, prompt: {}",
        record.id,
        record.path,
        record.facts.width,
        record.facts.height,
        shortened(&record.requested.prompt),
    )
}

/// Whether a text is the line beside a made image.
pub fn names_made(text: &str, handle: &str) -> bool {
    text.strip_prefix("Image ")
        .and_then(|rest| rest.strip_prefix(handle))
        .is_some_and(|rest| rest.starts_with(" is done "))
}

/// What stands in the place of that line once the user has deleted the image.
pub fn deleted(handle: &str) -> String {
    format!("Image {handle} was deleted by the user: it can be neither shown nor edited any more.")
}

/// An image that the user attached, with the handle by which the model can name it.
pub fn attached(number: usize, attachment: &Attachment, detail: ImageDetail) -> [ContentItem; 2] {
    let text = format!("Attached image {number} is {}, saved at {}.", attachment.id, attachment.path);
    [picture(&attachment.id, detail), ContentItem::InputText { text: text.into() }]
}

/// Whether a text is the line beside an attachment, and so no word of the user's.
pub fn names_attachment(text: &str) -> bool {
    text.strip_prefix("Attached image ")
        .and_then(|rest| rest.split_once(" is "))
        .is_some_and(|(number, rest)| number.parse::<u32>().is_ok() && rest.starts_with("img_"))
}

/// Where the path of the file stands in the line beside an image, made or attached; `None` for any other text.
pub fn path_in(text: &str) -> Option<usize> {
    let is_line = names_attachment(text)
        || text
            .strip_prefix("Image img_")
            .and_then(|rest| rest.split_once(' '))
            .is_some_and(|(_, rest)| rest.starts_with("is done and already shown to the user: saved at "));
    let before = " saved at ";
    text.find(before).filter(|_| is_line).map(|at| at + before.len())
}

fn picture(handle: &str, detail: ImageDetail) -> ContentItem {
    ContentItem::InputImage { image_url: format!("{HANDLE_SCHEME}{handle}"), detail: Some(detail) }
}

/// One sentence that says what happened and what helps.
pub fn failed(error: &ImageError) -> ContentItem {
    ContentItem::InputText { text: sentence("No image was made", error).into() }
}

/// What is said after the images of a call that made fewer than it was asked for.
pub fn missing(error: &ImageError) -> ContentItem {
    ContentItem::InputText { text: sentence("Not all images were made", error).into() }
}

fn sentence(what: &str, error: &ImageError) -> String {
    let advice = match error.kind {
        ImageErrorKind::InvalidArguments => "Call again with arguments that fit.",
        ImageErrorKind::ReferenceNotFound => "Name images of this thread by their handles.",
        ImageErrorKind::ReferenceRefused => "Only images of this thread or of the user's project can be used.",
        ImageErrorKind::ModerationBlocked => "The same prompt will be blocked again; tell the user.",
        ImageErrorKind::Unauthorized
        | ImageErrorKind::UsageLimit
        | ImageErrorKind::BudgetExceeded
        | ImageErrorKind::ApprovalDenied => "Do not call again in this turn; tell the user.",
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

/// The start of a text, with an ellipsis where it was cut.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(PROMPT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use easel_protocol::record::{ImageFacts, MediaType};

    use super::*;
    use crate::port::image_error;

    #[test]
    fn a_failure_is_one_sentence_with_what_helps() {
        let text = |kind, billed| {
            let error = ImageError { billed, ..image_error(kind, "the disk is full.") };
            let ContentItem::InputText { text } = failed(&error) else {
                panic!("not a text");
            };
            text
        };
        insta::assert_snapshot!(text(ImageErrorKind::Storage, Billed::Yes), @"No image was made: the disk is full. The provider charged for it. Do not call again by yourself; tell the user.");
        insta::assert_snapshot!(text(ImageErrorKind::InvalidArguments, Billed::No), @"No image was made: the disk is full. Call again with arguments that fit.");
        insta::assert_snapshot!(text(ImageErrorKind::Timeout, Billed::Uncertain), @"No image was made: the disk is full. The provider may have charged for it. Do not call again by yourself; tell the user.");
    }

    #[test]
    fn the_path_is_found_in_the_lines_beside_images_alone() {
        let facts = ImageFacts {
            sha256: String::new(),
            media_type: MediaType::Png,
            width: 1,
            height: 1,
            bytes: 1,
            has_alpha: false,
        };
        let attachment = Attachment { id: "img_0".into(), path: "/a".into(), facts };
        let [_, ContentItem::InputText { text }] = attached(2, &attachment, ImageDetail::High) else {
            panic!("not a text");
        };
        assert_eq!(path_in(&text).map(|at| &text[at..]), Some("/a."));
        let made = "Image img_0 is done and already shown to the user: saved at /b, 1x1 pixels, prompt: saved at /c";
        assert_eq!(path_in(made).map(|at| &made[at..at + 2]), Some("/b"));
        assert_eq!(path_in("Image img_0 is my favourite, saved at /c"), None);
        assert_eq!(path_in("saved at /c"), None);
    }

    #[test]
    fn missing_images_are_said_with_what_they_cost() {
        let error = ImageError {
            billed: Billed::Uncertain,
            ..image_error(ImageErrorKind::Timeout, "1 of 2 images arrived; the time was over")
        };
        let ContentItem::InputText { text } = missing(&error) else { panic!("not a text") };
        insta::assert_snapshot!(text, @"Not all images were made: 1 of 2 images arrived; the time was over. The provider may have charged for it. Do not call again by yourself; tell the user.");
    }

    #[test]
    fn long_prompts_are_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&"ü".repeat(PROMPT_CHARS + 1));
        assert_eq!(cut.chars().count(), PROMPT_CHARS + 1);
        assert!(cut.ends_with('…'));
    }
}
