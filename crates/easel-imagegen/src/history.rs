//! Renders the conversation of a thread. Only the newest images are sent, so that the size of a request is bounded.
//! Every image, sent or not, is described by a line of text.

use std::collections::{HashMap, HashSet};

use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

use crate::output::{deleted_line, image_line};
use crate::port::{Reference, ThreadImage};

/// Maximum size of an image that is sent as a data URL, in bytes. OpenAI's API accepts URLs of at most 20,971,520
/// characters, and base64 has four characters for three bytes. A larger image in a conversation would make every
/// later request of the thread fail.
pub const MAX_DATA_URL_IMAGE_BYTES: u64 = 15_700_000;

/// The limits for the images that a request sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageBudget {
    /// Maximum number of images.
    pub images: u32,
    /// Maximum total size of the files in bytes, before base64.
    pub bytes: u64,
}

/// A conversation as it is stored: its items refer to images by their handles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Oldest first.
    pub items: Vec<ResponseItem>,
    /// The images of the thread, oldest first, without those that were deleted.
    pub images: Vec<ThreadImage>,
}

impl History {
    /// Returns what the user wrote in the newest user message, one part a line.
    pub fn last_user_text(&self) -> String {
        let content = self.items.iter().rev().find_map(|item| match item {
            ResponseItem::Message { role: MessageRole::User, content } => Some(content.as_slice()),
            ResponseItem::Message { .. }
            | ResponseItem::FunctionCall { .. }
            | ResponseItem::FunctionCallOutput { .. }
            | ResponseItem::ImageGenerationCall { .. } => None,
        });
        let texts = content.unwrap_or_default().iter().filter_map(|part| match part {
            ContentItem::InputText { text } => Some(&**text),
            ContentItem::OutputText { .. } | ContentItem::InputImage { .. } => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// Renders a stored conversation for a model: with the newest images that fit the budget, and with a line of text for
/// each image, sent or not. Also returns the images that are sent, oldest first.
pub fn render_for_model(
    history: &[ResponseItem],
    thread: &[ThreadImage],
    budget: ImageBudget,
) -> (Vec<ResponseItem>, Vec<Reference>) {
    let sent = select_within_budget(history, thread, budget);
    let handles: HashSet<&str> = sent.iter().filter_map(|reference| reference.id.as_deref()).collect();
    let by_handle: HashMap<&str, &ThreadImage> =
        thread.iter().filter_map(|image| Some((image.reference.id.as_deref()?, image))).collect();
    let lookup = |handle: &str| by_handle.get(handle).copied();
    let is_sent = |handle: &str| handles.contains(handle);
    (history.iter().flat_map(|item| render(item, &lookup, &is_sent)).collect(), sent)
}

/// Renders a stored item for a client: with a line after each image. A call of the hosted tool becomes two items.
pub fn render_item(item: &ResponseItem, thread: &[ThreadImage]) -> Vec<ResponseItem> {
    let lookup = |handle: &str| thread.iter().rev().find(|image| image.reference.id.as_deref() == Some(handle));
    render(item, &lookup, &|handle| lookup(handle).is_some())
}

fn render<'a>(
    item: &ResponseItem,
    lookup: &dyn Fn(&str) -> Option<&'a ThreadImage>,
    is_sent: &dyn Fn(&str) -> bool,
) -> Vec<ResponseItem> {
    let line = |handle: &str, attachment: Option<usize>| {
        let text = lookup(handle).map_or_else(|| deleted_line(handle), |image| image_line(image, attachment));
        ContentItem::InputText { text: text.into() }
    };
    let content = |parts: &[ContentItem], in_user_message: bool| {
        let (mut rendered, mut images) = (Vec::with_capacity(parts.len()), 0);
        for part in parts {
            match image_url(part).and_then(to_handle) {
                Some(handle) => {
                    images += 1;
                    rendered.extend(is_sent(handle).then(|| part.clone()));
                    rendered.push(line(handle, in_user_message.then_some(images)));
                }
                None => rendered.push(part.clone()),
            }
        }
        rendered
    };
    match item {
        ResponseItem::Message { role, content: parts } => {
            vec![ResponseItem::Message { role: *role, content: content(parts, *role == MessageRole::User) }]
        }
        ResponseItem::FunctionCallOutput { call_id, output } => {
            vec![ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output: content(output, false) }]
        }
        ResponseItem::ImageGenerationCall { result, .. } => match to_handle(result) {
            // The call has no content besides its image.
            Some(handle) => {
                let line = ResponseItem::Message { role: MessageRole::Developer, content: vec![line(handle, None)] };
                is_sent(handle).then(|| item.clone()).into_iter().chain([line]).collect()
            }
            None => vec![item.clone()],
        },
        ResponseItem::FunctionCall { .. } => vec![item.clone()],
    }
}

/// Returns the newest images of the conversation that fit the budget. The first image that does not fit ends the
/// selection, so that no older image is sent without a newer one. Images that are too large for any request are
/// skipped.
fn select_within_budget(history: &[ResponseItem], thread: &[ThreadImage], budget: ImageBudget) -> Vec<Reference> {
    let in_history: HashSet<&str> = history.iter().flat_map(image_urls).filter_map(to_handle).collect();
    let mut bytes = 0;
    let mut selected: Vec<Reference> = thread
        .iter()
        .rev()
        .map(|image| &image.reference)
        .filter(|reference| reference.id.as_deref().is_some_and(|id| in_history.contains(id)))
        .filter(|reference| reference.facts.bytes <= MAX_DATA_URL_IMAGE_BYTES)
        .take(budget.images as usize)
        .take_while(|reference| {
            bytes += reference.facts.bytes;
            bytes <= budget.bytes
        })
        .cloned()
        .collect();
    selected.reverse();
    selected
}

/// Returns the URLs of the images in an item.
fn image_urls(item: &ResponseItem) -> Vec<&str> {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content.iter().filter_map(image_url).collect()
        }
        ResponseItem::ImageGenerationCall { result, .. } => vec![result],
        ResponseItem::FunctionCall { .. } => Vec::new(),
    }
}

fn image_url(content: &ContentItem) -> Option<&str> {
    match content {
        ContentItem::InputImage { image_url, .. } => Some(image_url),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    }
}

fn to_handle(image_url: &str) -> Option<&str> {
    image_url.strip_prefix(HANDLE_SCHEME)
}

#[cfg(test)]
mod tests {
    use easel_protocol::record::{ImageFacts, MediaType};
    use easel_protocol::response_item::MessageRole;

    use super::*;
    use crate::port::{Origin, Provenance};

    fn image(number: u8, bytes: u64) -> ThreadImage {
        let facts = ImageFacts {
            sha256: String::new(),
            media_type: MediaType::Png,
            width: 1,
            height: 1,
            bytes,
            has_alpha: false,
        };
        let reference = Reference {
            id: Some(crate::handle::from_bits([number; 16]).into()),
            path: "/x.png".into(),
            facts,
            provenance: Provenance::User,
        };
        ThreadImage { origin: Origin::Generated, reference, prompt: None }
    }

    fn turn(image: &ThreadImage) -> ResponseItem {
        let id = image.reference.id.as_deref().unwrap();
        ResponseItem::Message {
            role: MessageRole::User,
            content: vec![ContentItem::InputImage { image_url: format!("easel:{id}"), detail: None }],
        }
    }

    fn texts(items: &[ResponseItem]) -> Vec<&str> {
        let content = items.iter().flat_map(|item| match item {
            ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
                content.as_slice()
            }
            ResponseItem::FunctionCall { .. } | ResponseItem::ImageGenerationCall { .. } => &[],
        });
        content
            .filter_map(|part| match part {
                ContentItem::InputText { text } | ContentItem::OutputText { text } => Some(&**text),
                ContentItem::InputImage { .. } => None,
            })
            .collect()
    }

    fn images_sent(sizes: &[u64], budget: ImageBudget) -> Vec<bool> {
        let thread: Vec<_> = (1..).zip(sizes).map(|(number, bytes)| image(number, *bytes)).collect();
        let history: Vec<_> = thread.iter().map(turn).collect();
        let (input, images) = render_for_model(&history, &thread, budget);
        let shown: Vec<bool> = input.iter().map(|item| !image_urls(item).is_empty()).collect();
        assert_eq!(images.len(), shown.iter().filter(|shown| **shown).count());
        assert_eq!(texts(&input).len(), sizes.len());
        shown
    }

    #[test]
    fn only_newest_images_are_sent() {
        assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 8, bytes: 100 }), [true, true, true]);
        assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 2, bytes: 100 }), [false, true, true]);
        assert_eq!(images_sent(&[1, 1, 1], ImageBudget { images: 0, bytes: 100 }), [false, false, false]);
    }

    #[test]
    fn no_older_image_replaces_a_newer_one() {
        assert_eq!(images_sent(&[1, 50, 60], ImageBudget { images: 8, bytes: 100 }), [false, false, true]);
        assert_eq!(images_sent(&[40, 60], ImageBudget { images: 8, bytes: 100 }), [true, true]);
        assert_eq!(images_sent(&[1, 101], ImageBudget { images: 8, bytes: 100 }), [false, false]);
    }

    #[test]
    fn oversized_image_is_skipped() {
        let (most, all) = (MAX_DATA_URL_IMAGE_BYTES, ImageBudget { images: 8, bytes: u64::MAX });
        assert_eq!(images_sent(&[1, most, most + 1, 1], all), [true, true, false, true]);
        assert!((most.div_ceil(3) * 4) + ("data:image/jpeg;base64,".len() as u64) <= 20_971_520);
    }

    #[test]
    fn hosted_call_is_sent_with_its_image_only() {
        let thread = [image(1, 10)];
        let id = thread[0].reference.id.as_deref().unwrap();
        let call = ResponseItem::ImageGenerationCall {
            id: "ig_1".into(),
            status: "completed".to_owned(),
            revised_prompt: None,
            result: format!("easel:{id}"),
        };
        let shown = |images| render_for_model(std::slice::from_ref(&call), &thread, ImageBudget { images, bytes: 10 });
        let (with_image, _) = shown(1);
        assert_eq!(with_image[0], call);
        let (without_image, images) = shown(0);
        assert_eq!((without_image.as_slice(), images), (&with_image[1..], vec![]));
        assert!(matches!(without_image[0], ResponseItem::Message { role: MessageRole::Developer, .. }));
    }

    #[test]
    fn line_depends_on_the_origin_of_the_image() {
        let mut generated = image(2, 10);
        generated.reference.provenance = Provenance::Generated;
        generated.prompt = Some("a".to_owned());
        let thread = [image(1, 10), generated, image(3, 10)];
        let output = |image: &ThreadImage| {
            let ResponseItem::Message { content, .. } = turn(image) else { panic!("not a message") };
            ResponseItem::FunctionCallOutput { call_id: "call_1".into(), output: content }
        };
        let history = [turn(&thread[0]), output(&thread[1]), output(&thread[2]), output(&image(4, 10))];
        let (input, _) = render_for_model(&history, &thread, ImageBudget { images: 8, bytes: 100 });
        let short = |text: String, number: u8| text.replace(&format!("{number:02x}").repeat(16), &number.to_string());
        insta::assert_snapshot!((1..=4).fold(texts(&input).join("\n"), short), @"
        Attached image 1 is img_1, saved at /x.png.
        Image img_2 is done and already shown to the user: saved at /x.png, 1x1 pixels, prompt: a
        Image img_3, saved at /x.png.
        Image img_4 was deleted by the user: it can no longer be shown or edited.
        ");
        let rendered: Vec<_> = history.iter().flat_map(|item| render_item(item, &thread)).collect();
        assert_eq!(rendered, input, "a client and a model read the same");
    }

    #[test]
    fn user_text_is_never_mistaken_for_a_line() {
        let line = "Attached image 1 is img_01010101010101010101010101010101, saved at /x.png.";
        let ResponseItem::Message { role, mut content } = turn(&image(1, 10)) else { panic!("not a message") };
        content.push(ContentItem::InputText { text: line.into() });
        let history = History { items: vec![ResponseItem::Message { role, content }], images: vec![image(1, 10)] };
        assert_eq!(history.last_user_text(), line);
        let (input, _) = render_for_model(&history.items, &history.images, ImageBudget { images: 8, bytes: 100 });
        assert_eq!(texts(&input), [line, line]);
    }

    #[test]
    fn images_outside_the_conversation_cost_nothing() {
        let thread = [image(1, 10), image(2, 10)];
        let history = [turn(&thread[0])];
        let (_, shown) = render_for_model(&history, &thread, ImageBudget { images: 1, bytes: 10 });
        assert_eq!(shown, [thread[0].reference.clone()]);
    }
}
