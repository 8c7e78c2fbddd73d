//! SQL functions for the migration of conversations that had a text line after each image (version 9 and earlier).
//!
//! The functions keep the image and remove the line. Today the line is written when a conversation is rendered
//! ([`easel_imagegen::history`]). Only this module knows its former wording.

use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::error::Error;

/// Adds `is_image_line(json)` and `without_image_lines(json)`, for items of a conversation, to a connection.
pub(crate) fn register_functions(connection: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("is_image_line", 1, flags, |context| {
        Ok(read_item(context)?.is_some_and(|item| is_image_line(&item)))
    })?;
    connection.create_scalar_function("without_image_lines", 1, flags, |context| {
        let json: String = context.get(0)?;
        let rewritten = read_item(context)?.and_then(|item| serde_json::to_string(&without_image_lines(item)).ok());
        Ok(rewritten.unwrap_or(json))
    })?;
    Ok(())
}

/// Reads the item of a row. Returns `None` if it cannot be read; the row is then left unchanged.
fn read_item(context: &Context<'_>) -> rusqlite::Result<Option<ResponseItem>> {
    let json: String = context.get(0)?;
    Ok(serde_json::from_str(&json).ok())
}

/// Returns whether the item has only the line of a hosted image.
fn is_image_line(item: &ResponseItem) -> bool {
    let ResponseItem::Message { role: MessageRole::Developer, content } = item else { return false };
    let [ContentItem::InputText { text }] = content.as_slice() else { return false };
    let shown =
        text.strip_prefix("Image img_").is_some_and(|rest| rest.contains(" is done and already shown to the user: "));
    shown || deleted_image(text).is_some()
}

/// Removes the line after each image. Replaces the line of a deleted image by the image.
fn without_image_lines(mut item: ResponseItem) -> ResponseItem {
    let (ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. }) = &mut item
    else {
        return item;
    };
    let mut image: Option<String> = None;
    content.retain_mut(|part| match part {
        ContentItem::InputImage { image_url, .. } => {
            image = image_url.strip_prefix(HANDLE_SCHEME).map(str::to_owned);
            true
        }
        ContentItem::InputText { text } => {
            if image.take().is_some_and(|handle| is_line_of(text, &handle)) {
                return false;
            }
            if let Some(handle) = deleted_image(text) {
                *part = ContentItem::InputImage { image_url: format!("{HANDLE_SCHEME}{handle}"), detail: None };
            }
            true
        }
        ContentItem::OutputText { .. } => {
            image = None;
            true
        }
    });
    item
}

/// Returns whether the text is the line of this image.
fn is_line_of(text: &str, handle: &str) -> bool {
    if let Some(attached) = text.strip_prefix("Attached image ") {
        return attached.split_once(" is ").is_some_and(|(_, rest)| rest.starts_with(&format!("{handle}, saved at ")));
    }
    let rest = text.strip_prefix("Image ").and_then(|rest| rest.strip_prefix(handle));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" is done "))
}

/// Returns the handle in the line of a deleted image.
fn deleted_image(text: &str) -> Option<&str> {
    let (handle, rest) = text.strip_prefix("Image ")?.split_once(' ')?;
    (easel_imagegen::handle::is_handle(handle) && rest.starts_with("was deleted by the user: ")).then_some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "img_0000000000000000000000000000000a";

    fn text(text: &str) -> ContentItem {
        ContentItem::InputText { text: text.into() }
    }

    fn image() -> ContentItem {
        ContentItem::InputImage { image_url: format!("easel:{A}"), detail: None }
    }

    fn message(role: MessageRole, content: Vec<ContentItem>) -> ResponseItem {
        ResponseItem::Message { role, content }
    }

    #[test]
    fn lines_after_their_images_are_removed() {
        let lines = [
            format!("Image {A} is done and already shown to the user: saved at /x.png, 1x1 pixels, prompt: p"),
            format!("Attached image 1 is {A}, saved at /x.png."),
            format!("Image {A}"),
        ];
        for line in lines {
            let item = message(MessageRole::User, vec![text("look"), image(), text(&line), text("here")]);
            let content = vec![text("look"), image(), text("here")];
            assert_eq!(without_image_lines(item), message(MessageRole::User, content), "{line}");
        }
    }

    #[test]
    fn deleted_image_comes_back_as_its_handle() {
        let line = format!("Image {A} was deleted by the user: it can be neither shown nor edited any more.");
        let output = vec![text(&line)];
        let item = ResponseItem::FunctionCallOutput { call_id: "c1".into(), output };
        let expected = ResponseItem::FunctionCallOutput { call_id: "c1".into(), output: vec![image()] };
        assert_eq!(without_image_lines(item), expected);
    }

    #[test]
    fn text_of_the_user_stays() {
        let line = format!("Attached image 1 is {A}, saved at /x.png.");
        let item = message(MessageRole::User, vec![text(&line), image(), text("Image img_1 is done ")]);
        assert_eq!(without_image_lines(item.clone()), item);
        assert!(!is_image_line(&message(MessageRole::User, vec![text(&line)])));
    }

    #[test]
    fn line_of_a_hosted_image_is_an_item() {
        let line = format!("Image {A} is done and already shown to the user: saved at /x.png, 1x1 pixels, prompt: p");
        assert!(is_image_line(&message(MessageRole::Developer, vec![text(&line)])));
        assert!(!is_image_line(&message(MessageRole::Developer, vec![text("No image was made: the disk is full.")])));
    }
}
