//! The images of a conversation that a request shows as copies.

use std::collections::HashMap;

use easel_protocol::input::ImageDetail;
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::tool::ToolExposure;

use super::render::{image_url, to_handle};
use super::window::first_by_number;
use super::{History, ImageBudget};
use crate::model_copy::{CopySize, choose_size};
use crate::port::Reference;

/// Returns the images for which [`render_for_model`](super::render_for_model) needs copies, oldest first, each with the
/// size of its copy: those that the number of images in `budget` allows. An image that is shown several times gets the
/// largest size that it needs.
pub fn images_to_copy(history: &History, budget: ImageBudget, exposure: ToolExposure) -> Vec<(Reference, CopySize)> {
    let first = first_by_number(&history.items, budget);
    let shown = history.items.iter().flat_map(shown_images).skip(first);
    let mut details: HashMap<&str, Vec<Option<ImageDetail>>> = HashMap::new();
    for (handle, detail) in shown {
        details.entry(handle).or_default().push(detail);
    }
    let to_copy = |image: &Reference| {
        let sizes = details.get(image.id.as_deref()?)?.iter();
        // One place that needs the file is enough.
        let sizes: Option<Vec<CopySize>> =
            sizes.map(|detail| choose_size(&image.facts, (*detail)?, exposure)).collect();
        Some((image.clone(), sizes?.into_iter().max()?))
    };
    history.images.iter().filter_map(|image| to_copy(&image.reference)).collect()
}

/// Returns the handles of the images in an item, each with its detail. An image that the hosted tool made has none: the
/// item is the provider's own.
fn shown_images(item: &ResponseItem) -> Vec<(&str, Option<ImageDetail>)> {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content.iter().filter_map(|part| Some((image_url(part).and_then(to_handle)?, Some(detail(part))))).collect()
        }
        ResponseItem::ImageGenerationCall { result, .. } => {
            to_handle(result).map(|handle| (handle, None)).into_iter().collect()
        }
        ResponseItem::FunctionCall { .. } | ResponseItem::Reasoning { .. } | ResponseItem::ContextCompaction(_) => {
            Vec::new()
        }
    }
}

/// Returns the detail of an image; without one, it is the default of the API.
fn detail(part: &ContentItem) -> ImageDetail {
    match part {
        ContentItem::InputImage { detail, .. } => detail.unwrap_or(ImageDetail::Auto),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => ImageDetail::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::image;
    use super::*;
    use crate::port::ThreadImage;
    use easel_protocol::response_item::MessageRole;

    const BUDGET: ImageBudget = ImageBudget { images: 8, bytes: 100 };
    const STANDALONE: ToolExposure = ToolExposure::Standalone;

    fn message(images: &[(&ThreadImage, Option<ImageDetail>)]) -> ResponseItem {
        let part = |(image, detail): &(&ThreadImage, Option<ImageDetail>)| ContentItem::InputImage {
            image_url: format!("easel:{}", image.reference.id.as_deref().unwrap()),
            detail: *detail,
        };
        ResponseItem::Message { role: MessageRole::User, content: images.iter().map(part).collect() }
    }

    fn hosted_call(image: &ThreadImage) -> ResponseItem {
        ResponseItem::ImageGenerationCall {
            id: "ig_1".into(),
            status: "completed".to_owned(),
            revised_prompt: None,
            result: format!("easel:{}", image.reference.id.as_deref().unwrap()),
        }
    }

    /// Returns the sizes of the copies of the images 1 and 2.
    fn sizes(items: Vec<ResponseItem>, exposure: ToolExposure) -> Vec<CopySize> {
        let images = vec![image(1, 1 << 20), image(2, 1 << 20)];
        let copies = images_to_copy(&History { items, images }, BUDGET, exposure);
        copies.into_iter().map(|(_, size)| size).collect()
    }

    #[test]
    fn largest_detail_of_an_image_decides() {
        let first = image(1, 1 << 20);
        let of = |details: &[ImageDetail]| {
            let items = details.iter().map(|detail| message(&[(&first, Some(*detail))])).collect();
            sizes(items, STANDALONE)
        };
        use ImageDetail::{Auto, High, Low, Original};
        assert_eq!(of(&[Low]), [CopySize::Low]);
        assert_eq!(of(&[Low, Auto, Low]), [CopySize::High]);
        assert_eq!(of(&[High, Low]), [CopySize::High]);
        assert_eq!(of(&[High, Original, Low]), []);
        assert_eq!(sizes(vec![message(&[(&first, None)])], STANDALONE), [CopySize::High]);
    }

    #[test]
    fn hosted_images_and_requests_get_files() {
        let (first, second) = (image(1, 1 << 20), image(2, 1 << 20));
        let items = vec![hosted_call(&first), message(&[(&first, None), (&second, None)])];
        assert_eq!(sizes(items.clone(), STANDALONE), [CopySize::High], "the second image only");
        assert_eq!(sizes(items, ToolExposure::Hosted), []);
    }

    #[test]
    fn only_images_of_the_window_are_copied() {
        let images: Vec<_> = (1..=9).map(|number| image(number, 1 << 20)).collect();
        let items = images.iter().map(|image| message(&[(image, None)])).collect();
        let copies = images_to_copy(&History { items, images: images.clone() }, BUDGET, STANDALONE);
        let expected: Vec<_> = images[5..].iter().map(|image| (image.reference.clone(), CopySize::High)).collect();
        assert_eq!(copies, expected);
    }
}
