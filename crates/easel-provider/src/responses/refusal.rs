//! Which pictures of a request a provider refused. A thread would come to its end with a picture that its provider does
//! not take, if every later request showed it again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::body::{Body, Picture};
use crate::failure::Refused;

/// Statuses of a refusal that may be about a picture, and of an answer in which an error stands.
const STATUSES: [u16; 5] = [400, 413, 415, 422, 200];
/// Words for pictures, in the codes and messages of servers.
const WORDS: [&str; 5] = ["image", "picture", "vision", "multimodal", "multi-modal"];

/// A place in the request: the number of an item, and of a part of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    item: usize,
    part: Option<usize>,
}

/// The pictures that a refusal is about, by their handles.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Blamed {
    pub(super) handles: Vec<String>,
    /// The provider named them; else they are all that were sent.
    pub(super) are_named: bool,
}

/// The pictures that a refusal names, or all where it is about a picture and names none; none when it is about something
/// else.
pub(super) fn blamed(refused: &Refused, body: &Body) -> Blamed {
    let param = refused.param.as_deref().unwrap_or_default();
    if !STATUSES.contains(&refused.status) || param.starts_with("tool") {
        return Blamed::default();
    }
    let place = place_in(param).or_else(|| place_in(&refused.message));
    let named = body.pictures().filter(|picture| place.is_some_and(|place| place.is_of(picture)));
    let named: Vec<String> = named.map(|picture| picture.handle().to_owned()).collect();
    if !named.is_empty() {
        return Blamed { handles: named, are_named: true };
    }
    let handles = if is_about_pictures(refused) { body.handles() } else { Vec::new() };
    Blamed { handles, are_named: false }
}

/// Pictures that a provider named when it refused a request, and the models that were to see them. They are not sent
/// again: each would cost one more request.
#[derive(Debug, Default)]
pub(crate) struct RefusedPictures(Mutex<VecDeque<(String, String)>>);

impl RefusedPictures {
    /// The oldest are forgotten.
    const MOST: usize = 256;

    pub(super) fn add(&self, model: &str, handles: &[String]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for handle in handles {
            known.push_back((model.to_owned(), handle.clone()));
            if known.len() > Self::MOST {
                known.pop_front();
            }
        }
    }

    pub(super) fn of(&self, model: &str) -> Vec<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|(of, _)| of == model).map(|(_, handle)| handle.clone()).collect()
    }
}

impl Place {
    fn is_of(self, picture: &Picture) -> bool {
        let part = self.part.zip(picture.part).is_none_or(|(named, part)| named == part);
        picture.item == self.item && part
    }
}

/// The place in `input[3].content[1].image_url`, wherever it stands in a text.
fn place_in(text: &str) -> Option<Place> {
    let (item, rest) = index(text.split_once("input[")?.1)?;
    let part = [".content[", ".output["].iter().find_map(|list| index(rest.strip_prefix(list)?));
    Some(Place { item, part: part.map(|(part, _)| part) })
}

/// The number before a bracket, and what follows.
fn index(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

/// By its code and its type, or in plain words. An error in an answer that began well is believed by its code alone.
fn is_about_pictures(refused: &Refused) -> bool {
    let message = Some(&refused.message).filter(|_| refused.status != 200);
    [&refused.code, &refused.error_type, &refused.param].into_iter().flatten().chain(message).any(|text| says(text))
}

fn says(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_picture = |(at, word): (usize, &str)| {
        // The tool that makes images is called `image_generation`, `image_gen` or `imagegen`.
        let rest = text[at + word.len()..].trim_start_matches(['_', '-', ' ']);
        !rest.starts_with("gen")
    };
    WORDS.iter().any(|word| text.match_indices(word).any(is_picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_parameters_and_messages() {
        let at = |item, part| Some(Place { item, part });
        assert_eq!(place_in("input[3].content[1].image_url"), at(3, Some(1)));
        assert_eq!(place_in("Invalid 'input[12].output[0]'. Expected an image."), at(12, Some(0)));
        assert_eq!(place_in("input[4].result"), at(4, None));
        assert_eq!(place_in("input[4]"), at(4, None));
        for none in ["", "input", "input[", "input[x]", "input[-1]", "messages[1].content"] {
            assert_eq!(place_in(none), None, "{none}");
        }
    }

    #[test]
    fn as_many_refused_pictures_are_remembered_as_there_is_room_for() {
        let refused = RefusedPictures::default();
        for number in 0..300 {
            refused.add(if number % 2 == 0 { "a" } else { "b" }, &[format!("img_{number}")]);
        }
        assert_eq!((refused.of("a").len(), refused.of("b").len(), refused.of("c").len()), (128, 128, 0));
        assert_eq!(refused.of("a").last().map(String::as_str), Some("img_298"));
    }

    #[test]
    fn words_for_pictures_are_told_from_the_name_of_the_tool() {
        for picture in
            ["invalid_image", "Image too large", "image_parse_error", "no vision here", "is not a multimodal model"]
        {
            assert!(says(picture), "{picture}");
        }
        for other in ["image_generation_user_error", "Tool 'image_gen' is unknown", "imagegen", "image generation", ""]
        {
            assert!(!says(other), "{other}");
        }
    }
}
