//! What the rule reads from a conversation: the newest user message, what came before it and what was done since.

use std::borrow::Cow;
use std::collections::HashSet;

use easel_imagegen::history::History;
use easel_imagegen::port::{ModelRequest, Origin, ThreadImage};
use easel_imagegen::spec;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

/// The end of a conversation, from its newest user message on.
#[derive(Debug, PartialEq)]
pub(crate) struct Conversation<'a> {
    /// What the user wrote in that message. It is copied only if it has several parts.
    pub(crate) text: Cow<'a, str>,
    /// The number of images that the message attaches.
    pub(crate) attached: usize,
    /// The number of images that were generated before the message and not deleted since.
    pub(crate) generated_before: usize,
    /// The newest output of a tool since the message.
    pub(crate) output: Option<ToolOutput<'a>>,
}

/// The output of a tool call.
#[derive(Debug, PartialEq)]
pub(crate) struct ToolOutput<'a> {
    /// The arguments of the call, if it was one of the standalone tool.
    pub(crate) arguments: Option<&'a str>,
    /// The first image, if the call generated any.
    pub(crate) image: Option<GeneratedSize>,
    /// The texts of the output: why images are missing.
    pub(crate) texts: Vec<&'a str>,
}

/// The size of a generated image in pixels; `None` if the thread no longer has the image.
pub(crate) type GeneratedSize = Option<(u32, u32)>;

impl<'a> Conversation<'a> {
    pub(crate) fn read(history: &'a History) -> Self {
        let items = history.items.as_slice();
        let newest = items.iter().rposition(|item| user_content(item).is_some());
        let (before, since) = items.split_at(newest.unwrap_or(0));
        let content = since.first().and_then(user_content).unwrap_or_default();
        Self {
            text: match texts(content).collect::<Vec<_>>().as_slice() {
                [text] => Cow::Borrowed(text),
                texts => Cow::Owned(texts.join("\n")),
            },
            attached: image_urls(content).count(),
            generated_before: count_generated(before, history),
            output: since.iter().rev().find_map(|item| tool_output(item, since, history)),
        }
    }
}

/// Returns the images that the request shows as pictures, in the order of the conversation.
pub(crate) fn shown_images(request: &ModelRequest) -> Vec<ThreadImage> {
    let mut found = Vec::new();
    let mut message = 0;
    let mut add = |url: &str, origin: Origin| {
        let handle = url.strip_prefix(HANDLE_SCHEME);
        let reference = request.images.iter().find(|image| handle.is_some() && image.id.as_deref() == handle);
        found.extend(reference.map(|reference| ThreadImage {
            origin,
            reference: reference.clone(),
            prompt: None,
            edited_from: Vec::new(),
            note: None,
        }));
    };
    for item in &request.history.items {
        match item {
            ResponseItem::Message { role: MessageRole::User, content } => {
                image_urls(content).for_each(|url| add(url, Origin::Attached { message }));
                message += 1;
            }
            ResponseItem::FunctionCallOutput { output, .. } => {
                image_urls(output).for_each(|url| add(url, Origin::Generated));
            }
            ResponseItem::ImageGenerationCall { result, .. } => add(result, Origin::Generated),
            ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::FunctionCall { .. }
            | ResponseItem::ContextCompaction(_) => {}
        }
    }
    found
}

/// Counts the characters of text in a conversation.
pub(crate) fn count_characters(input: &[ResponseItem]) -> usize {
    let count = |content: &[ContentItem]| texts(content).map(|text| text.chars().count()).sum::<usize>();
    let characters = |item: &ResponseItem| match item {
        ResponseItem::Message { content, .. } => count(content),
        ResponseItem::FunctionCall { arguments, .. } => arguments.chars().count(),
        ResponseItem::FunctionCallOutput { output, .. } => count(output),
        ResponseItem::Reasoning { .. }
        | ResponseItem::ImageGenerationCall { .. }
        | ResponseItem::ContextCompaction(_) => 0,
    };
    input.iter().map(characters).sum()
}

fn user_content(item: &ResponseItem) -> Option<&[ContentItem]> {
    match item {
        ResponseItem::Message { role: MessageRole::User, content } => Some(content),
        ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. }
        | ResponseItem::ContextCompaction(_) => None,
    }
}

fn texts(content: &[ContentItem]) -> impl Iterator<Item = &str> {
    content.iter().filter_map(|part| match part {
        ContentItem::InputText { text } | ContentItem::OutputText { text } => Some(&**text),
        ContentItem::InputImage { .. } => None,
    })
}

fn image_urls(content: &[ContentItem]) -> impl Iterator<Item = &str> {
    content.iter().filter_map(|part| match part {
        ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    })
}

fn count_generated(items: &[ResponseItem], history: &History) -> usize {
    let known: HashSet<&str> = history.images.iter().filter_map(|image| image.reference.id.as_deref()).collect();
    let exists = |url: &str| url.strip_prefix(HANDLE_SCHEME).is_some_and(|handle| known.contains(handle));
    let count = |item: &ResponseItem| match item {
        ResponseItem::FunctionCallOutput { output, .. } => image_urls(output).filter(|url| exists(url)).count(),
        ResponseItem::ImageGenerationCall { result, .. } => usize::from(exists(result)),
        ResponseItem::Message { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::ContextCompaction(_) => 0,
    };
    items.iter().map(count).sum()
}

fn tool_output<'a>(item: &'a ResponseItem, since: &'a [ResponseItem], history: &History) -> Option<ToolOutput<'a>> {
    match item {
        ResponseItem::FunctionCallOutput { call_id, output } => Some(ToolOutput {
            arguments: since.iter().find_map(|item| match item {
                ResponseItem::FunctionCall { call_id: id, namespace, name, arguments }
                    if id == call_id && spec::is_standalone(namespace.as_deref(), name) =>
                {
                    Some(arguments.as_str())
                }
                ResponseItem::Message { .. }
                | ResponseItem::Reasoning { .. }
                | ResponseItem::FunctionCall { .. }
                | ResponseItem::FunctionCallOutput { .. }
                | ResponseItem::ImageGenerationCall { .. }
                | ResponseItem::ContextCompaction(_) => None,
            }),
            image: image_urls(output).next().map(|url| size_of(url, history)),
            texts: texts(output).collect(),
        }),
        ResponseItem::ImageGenerationCall { result, .. } => {
            Some(ToolOutput { arguments: None, image: Some(size_of(result, history)), texts: Vec::new() })
        }
        ResponseItem::Message { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::ContextCompaction(_) => None,
    }
}

fn size_of(url: &str, history: &History) -> GeneratedSize {
    find(url, history).map(|image| (image.reference.facts.width, image.reference.facts.height))
}

/// Returns the image of the thread that a URL of the conversation names; `None` if it was deleted.
fn find<'a>(url: &str, history: &'a History) -> Option<&'a ThreadImage> {
    let handle = url.strip_prefix(HANDLE_SCHEME)?;
    history.images.iter().find(|image| image.reference.id.as_deref() == Some(handle))
}
