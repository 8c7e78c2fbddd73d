//! What the rule reads from a conversation: the newest user message, what came before it and what was done about it.

use std::borrow::Cow;

use easel_imagegen::output;
use easel_imagegen::port::{ModelRequest, Origin, Reference, ThreadImage};
use easel_imagegen::spec;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

/// The open end of a conversation.
#[derive(Debug, PartialEq)]
pub(crate) struct Conversation<'a> {
    /// The words of the newest user message. They are copied only when they come in several pieces.
    pub(crate) text: Cow<'a, str>,
    /// Images that this message attaches.
    pub(crate) attached: usize,
    /// Images made before it.
    pub(crate) made_before: usize,
    /// What came of it so far.
    pub(crate) done: Option<Done<'a>>,
}

/// The newest outcome of a tool after the newest user message.
#[derive(Debug, PartialEq)]
pub(crate) struct Done<'a> {
    /// The arguments of the call, when it was the standalone tool's.
    pub(crate) arguments: Option<&'a str>,
    /// The text items of the output.
    pub(crate) output: Vec<&'a str>,
}

impl<'a> Conversation<'a> {
    pub(crate) fn read(input: &'a [ResponseItem]) -> Self {
        let newest = input.iter().rposition(|item| user_content(item).is_some());
        let (before, after) = input.split_at(newest.unwrap_or(0));
        let content = after.first().and_then(user_content).unwrap_or_default();
        let words: Vec<&str> = texts(content).filter(|text| !output::names_attachment(text)).collect();
        Self {
            text: match words.as_slice() {
                [text] => Cow::Borrowed(text),
                texts => Cow::Owned(texts.join("\n")),
            },
            attached: attachments(content),
            made_before: made(before),
            done: after.iter().rev().find_map(|item| done(item, after)),
        }
    }
}

/// The images of the conversation with their place in it, as the tool's choice of references wants them.
pub(crate) fn images(request: &ModelRequest) -> Vec<ThreadImage> {
    let mut found = Vec::new();
    let mut message = 0;
    let mut add = |url: &str, origin: Origin| {
        let reference = url.strip_prefix(HANDLE_SCHEME).and_then(|handle| by_handle(&request.images, handle));
        found.extend(reference.map(|reference| ThreadImage { origin, reference: reference.clone(), prompt: None }));
    };
    for item in &request.input {
        match item {
            ResponseItem::Message { role: MessageRole::User, content } => {
                pictures(content).for_each(|url| add(url, Origin::Attached { message }));
                message += 1;
            }
            ResponseItem::FunctionCallOutput { output, .. } => {
                pictures(output).for_each(|url| add(url, Origin::Generated))
            }
            ResponseItem::ImageGenerationCall { result, .. } => add(result, Origin::Generated),
            ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, .. }
            | ResponseItem::FunctionCall { .. } => {}
        }
    }
    found
}

/// Characters of text in a conversation.
pub(crate) fn characters(input: &[ResponseItem]) -> usize {
    let count = |content: &[ContentItem]| texts(content).map(|text| text.chars().count()).sum::<usize>();
    let of_item = |item: &ResponseItem| match item {
        ResponseItem::Message { content, .. } => count(content),
        ResponseItem::FunctionCall { arguments, .. } => arguments.chars().count(),
        ResponseItem::FunctionCallOutput { output, .. } => count(output),
        ResponseItem::ImageGenerationCall { .. } => 0,
    };
    input.iter().map(of_item).sum()
}

fn by_handle<'a>(images: &'a [Reference], handle: &str) -> Option<&'a Reference> {
    images.iter().find(|image| image.id.as_deref() == Some(handle))
}

fn user_content(item: &ResponseItem) -> Option<&[ContentItem]> {
    match item {
        ResponseItem::Message { role: MessageRole::User, content } => Some(content),
        ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. } => None,
    }
}

fn texts(content: &[ContentItem]) -> impl Iterator<Item = &str> {
    content.iter().filter_map(|content| match content {
        ContentItem::InputText { text } | ContentItem::OutputText { text } => Some(&**text),
        ContentItem::InputImage { .. } => None,
    })
}

fn pictures(content: &[ContentItem]) -> impl Iterator<Item = &str> {
    content.iter().filter_map(|content| match content {
        ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    })
}

/// The line stays when the picture is left out for its size, so either counts.
fn attachments(content: &[ContentItem]) -> usize {
    pictures(content).count().max(texts(content).filter(|text| output::names_attachment(text)).count())
}

/// Images made in `items`. Of a hosted one either the call or the line beside it may be missing.
fn made(items: &[ResponseItem]) -> usize {
    let lines = |content: &[ContentItem]| texts(content).filter(|text| size_of(text).is_some()).count();
    let (mut by_function, mut hosted_calls, mut hosted_lines) = (0, 0, 0);
    for item in items {
        match item {
            ResponseItem::FunctionCallOutput { output, .. } => by_function += lines(output),
            ResponseItem::ImageGenerationCall { .. } => hosted_calls += 1,
            ResponseItem::Message { role: MessageRole::Developer, content } => hosted_lines += lines(content),
            ResponseItem::Message { role: MessageRole::User | MessageRole::Assistant, .. }
            | ResponseItem::FunctionCall { .. } => {}
        }
    }
    by_function + hosted_calls.max(hosted_lines)
}

fn done<'a>(item: &'a ResponseItem, turn: &'a [ResponseItem]) -> Option<Done<'a>> {
    match item {
        ResponseItem::FunctionCallOutput { call_id: answered, output } => {
            let arguments = turn.iter().find_map(|item| match item {
                ResponseItem::FunctionCall { call_id, namespace, name, arguments }
                    if call_id == answered && spec::is_standalone(namespace.as_deref(), name) =>
                {
                    Some(arguments.as_str())
                }
                ResponseItem::Message { .. }
                | ResponseItem::FunctionCall { .. }
                | ResponseItem::FunctionCallOutput { .. }
                | ResponseItem::ImageGenerationCall { .. } => None,
            });
            Some(Done { arguments, output: texts(output).collect() })
        }
        ResponseItem::ImageGenerationCall { .. } => Some(Done { arguments: None, output: Vec::new() }),
        ResponseItem::Message { .. } | ResponseItem::FunctionCall { .. } => None,
    }
}

/// Width and height from the text line of an image that was made; `None` when the text is another one.
pub(crate) fn size_of(line: &str) -> Option<(u32, u32)> {
    let (head, _) = line.strip_prefix("Image img_")?.split_once(" pixels, prompt: ")?;
    let (width, height) = head.rsplit_once(", ")?.1.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}
