//! Rejections that are about images.

use super::super::body::{ConversationBody, ConversationImage};
use crate::rejection::Rejection;

/// Statuses of a rejection that may be about an image. 200 is an error inside a response that began with success.
const STATUSES: [u16; 5] = [400, 413, 415, 422, 200];
/// Words for images in the codes and messages of servers.
const IMAGE_WORDS: [&str; 5] = ["image", "picture", "vision", "multimodal", "multi-modal"];

/// The images that a rejection is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct ImageRefusal {
    pub(in super::super) handles: Vec<String>,
    /// Whether the provider named these images. Otherwise they are all images that were sent.
    pub(in super::super) are_named: bool,
}

/// Finds the images that a rejection is about: those that it names, or all if it is about images without naming one.
/// Returns no images if it is about something else.
pub(in super::super) fn find_refused_images(rejection: &Rejection, body: &ConversationBody) -> ImageRefusal {
    let param = rejection.param.as_deref().unwrap_or_default();
    if !STATUSES.contains(&rejection.status) || param.starts_with("tool") {
        return ImageRefusal::default();
    }
    let position = RequestPosition::find(param).or_else(|| RequestPosition::find(&rejection.message));
    let named = body.images().filter(|image| position.is_some_and(|position| position.contains(image)));
    let named: Vec<String> = named.map(|image| image.handle().to_owned()).collect();
    if !named.is_empty() {
        return ImageRefusal { handles: named, are_named: true };
    }
    let handles = if is_about_images(rejection) { body.handles() } else { Vec::new() };
    ImageRefusal { handles, are_named: false }
}

/// A position in the request: the index of an item, and of a part of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RequestPosition {
    item: usize,
    part: Option<usize>,
}

impl RequestPosition {
    /// Finds a position such as `input[3].content[1].image_url` in a text.
    fn find(text: &str) -> Option<Self> {
        let (item, rest) = split_index(text.split_once("input[")?.1)?;
        let part = [".content[", ".output["].iter().find_map(|list| split_index(rest.strip_prefix(list)?));
        Some(Self { item, part: part.map(|(part, _)| part) })
    }

    fn contains(self, image: &ConversationImage) -> bool {
        let is_same_part = self.part.zip(image.part).is_none_or(|(named, part)| named == part);
        image.item == self.item && is_same_part
    }
}

/// Splits a text into the number before a bracket and the text after it.
fn split_index(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

/// Returns whether a rejection is about images by its code, its type, its parameter or its message. The message does
/// not count for an error inside a response that began with success.
fn is_about_images(rejection: &Rejection) -> bool {
    let Rejection { code, error_type, param, .. } = rejection;
    let message = Some(&rejection.message).filter(|_| rejection.status != 200);
    [code, error_type, param].into_iter().flatten().chain(message).any(|text| mentions_image(text))
}

/// Returns whether a text mentions an image, other than in the name of the image tool.
fn mentions_image(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_image = |(at, word): (usize, &str)| {
        // The image tool is called `image_generation`, `image_gen` or `imagegen`.
        let rest = text[at + word.len()..].trim_start_matches(['_', '-', ' ']);
        !rest.starts_with("gen")
    };
    IMAGE_WORDS.iter().any(|word| text.match_indices(word).any(is_image))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_is_found_in_params_and_messages() {
        let at = |item, part| Some(RequestPosition { item, part });
        assert_eq!(RequestPosition::find("input[3].content[1].image_url"), at(3, Some(1)));
        assert_eq!(RequestPosition::find("Invalid 'input[12].output[0]'. Expected an image."), at(12, Some(0)));
        assert_eq!(RequestPosition::find("input[4].result"), at(4, None));
        assert_eq!(RequestPosition::find("input[4]"), at(4, None));
        for none in ["", "input", "input[", "input[x]", "input[-1]", "messages[1].content"] {
            assert_eq!(RequestPosition::find(none), None, "{none}");
        }
    }

    #[test]
    fn name_of_the_image_tool_is_not_an_image() {
        for image in
            ["invalid_image", "Image too large", "image_parse_error", "no vision here", "is not a multimodal model"]
        {
            assert!(mentions_image(image), "{image}");
        }
        for other in ["image_generation_user_error", "Tool 'image_gen' is unknown", "imagegen", "image generation", ""]
        {
            assert!(!mentions_image(other), "{other}");
        }
    }
}
