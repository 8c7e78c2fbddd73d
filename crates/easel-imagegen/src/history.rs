//! What the model sees of a thread: the newest images as pictures, older ones as the text line that stands beside
//! each, so that the size of a request is bounded however long the thread is.

use std::collections::HashSet;

use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, ResponseItem};

use crate::port::{Reference, ThreadImage};

/// Bytes of the largest image that travels as a data URL: OpenAI's API takes URLs of at most 20,971,520 characters, four
/// for every three bytes. A larger picture in a conversation would have every later request of the thread refused.
pub const MAX_DATA_URL_IMAGE_BYTES: u64 = 15_700_000;

/// How much of the older images is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureBudget {
    pub images: u32,
    /// Of the files, before base64.
    pub bytes: u64,
}

/// The conversation with the pictures that fit, and the images they need, newest last.
pub fn for_model(
    history: &[ResponseItem],
    thread: &[ThreadImage],
    budget: PictureBudget,
) -> (Vec<ResponseItem>, Vec<Reference>) {
    let shown = within_budget(history, thread, budget);
    let handles: HashSet<&str> = shown.iter().filter_map(|reference| reference.id.as_deref()).collect();
    let visible = |image: &str| handle_of(image).is_none_or(|handle| handles.contains(handle));
    let input = history.iter().filter_map(|item| retain_pictures(item, visible)).collect();
    (input, shown)
}

/// The newest images that are shown somewhere in the conversation, as many as fit; the first that does not fit ends
/// the count, so that no older image is shown while a newer one is not. One that is too large by itself is passed over.
fn within_budget(history: &[ResponseItem], thread: &[ThreadImage], budget: PictureBudget) -> Vec<Reference> {
    let in_history: HashSet<&str> = history.iter().flat_map(pictures).filter_map(handle_of).collect();
    let mut bytes = 0;
    let mut shown: Vec<Reference> = thread
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
    shown.reverse();
    shown
}

/// The images that an item shows, as URLs.
fn pictures(item: &ResponseItem) -> Vec<&str> {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content.iter().filter_map(picture).collect()
        }
        ResponseItem::ImageGenerationCall { result, .. } => vec![result],
        ResponseItem::FunctionCall { .. } => Vec::new(),
    }
}

/// The item without the pictures that are not visible. A hosted call is nothing but its picture, and goes with it.
fn retain_pictures(item: &ResponseItem, visible: impl Fn(&str) -> bool) -> Option<ResponseItem> {
    let mut item = item.clone();
    match &mut item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content.retain(|content| picture(content).is_none_or(&visible));
        }
        ResponseItem::ImageGenerationCall { result, .. } if !visible(result) => return None,
        ResponseItem::ImageGenerationCall { .. } | ResponseItem::FunctionCall { .. } => {}
    }
    Some(item)
}

fn picture(content: &ContentItem) -> Option<&str> {
    match content {
        ContentItem::InputImage { image_url, .. } => Some(image_url),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    }
}

fn handle_of(image_url: &str) -> Option<&str> {
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
            content: vec![
                ContentItem::InputImage { image_url: format!("easel:{id}"), detail: None },
                ContentItem::InputText { text: id.into() },
            ],
        }
    }

    fn pictures_shown(sizes: &[u64], budget: PictureBudget) -> Vec<bool> {
        let thread: Vec<_> = (1..).zip(sizes).map(|(number, bytes)| image(number, *bytes)).collect();
        let history: Vec<_> = thread.iter().map(turn).collect();
        let (input, images) = for_model(&history, &thread, budget);
        let shown: Vec<bool> = input.iter().map(|item| !pictures(item).is_empty()).collect();
        assert_eq!(images.len(), shown.iter().filter(|shown| **shown).count());
        assert!(input.iter().all(|item| {
            let ResponseItem::Message { content, .. } = item else { panic!("not a message") };
            content.iter().any(|content| matches!(content, ContentItem::InputText { .. }))
        }));
        shown
    }

    #[test]
    fn the_newest_images_are_pictures_and_older_ones_text() {
        assert_eq!(pictures_shown(&[1, 1, 1], PictureBudget { images: 8, bytes: 100 }), [true, true, true]);
        assert_eq!(pictures_shown(&[1, 1, 1], PictureBudget { images: 2, bytes: 100 }), [false, true, true]);
        assert_eq!(pictures_shown(&[1, 1, 1], PictureBudget { images: 0, bytes: 100 }), [false, false, false]);
    }

    #[test]
    fn the_bytes_are_bounded_and_no_older_image_overtakes_a_newer_one() {
        assert_eq!(pictures_shown(&[1, 50, 60], PictureBudget { images: 8, bytes: 100 }), [false, false, true]);
        assert_eq!(pictures_shown(&[40, 60], PictureBudget { images: 8, bytes: 100 }), [true, true]);
        assert_eq!(pictures_shown(&[1, 101], PictureBudget { images: 8, bytes: 100 }), [false, false]);
    }

    #[test]
    fn an_image_that_no_request_can_hold_is_never_a_picture_and_hides_no_other() {
        let (most, all) = (MAX_DATA_URL_IMAGE_BYTES, PictureBudget { images: 8, bytes: u64::MAX });
        assert_eq!(pictures_shown(&[1, most, most + 1, 1], all), [true, true, false, true]);
        assert!((most.div_ceil(3) * 4) + ("data:image/jpeg;base64,".len() as u64) <= 20_971_520);
    }

    #[test]
    fn a_hosted_call_goes_with_its_picture() {
        let thread = [image(1, 10)];
        let id = thread[0].reference.id.as_deref().unwrap();
        let call = ResponseItem::ImageGenerationCall {
            id: "ig_1".into(),
            status: "completed".to_owned(),
            revised_prompt: None,
            result: format!("easel:{id}"),
        };
        let shown = |images| for_model(std::slice::from_ref(&call), &thread, PictureBudget { images, bytes: 10 });
        assert_eq!(shown(1), (vec![call.clone()], vec![thread[0].reference.clone()]));
        assert_eq!(shown(0), (vec![], vec![]));
    }

    #[test]
    fn images_that_the_conversation_does_not_show_cost_nothing() {
        let thread = [image(1, 10), image(2, 10)];
        let history = [turn(&thread[0])];
        let (_, shown) = for_model(&history, &thread, PictureBudget { images: 1, bytes: 10 });
        assert_eq!(shown, [thread[0].reference.clone()]);
    }
}
