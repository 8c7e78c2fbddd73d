//! The rule that replaces a model: it decides from the text of a turn whether to draw, to edit or to talk.

mod closing;
mod referring;
mod small_talk;

use easel_imagegen::arguments::MAX_PROMPT_CHARS;

pub(crate) use self::closing::{Outcome, closing_sentence};
use self::referring::refers_to_an_image;

/// The reply to an empty message.
pub(crate) const NOTHING_TO_DRAW: &str = "Tell me what to draw, or attach an image to edit.";

/// Who draws the pictures that the rule asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawer {
    /// The preview, whose vocabulary, sizes and font the rule knows.
    #[default]
    Preview,
    /// Another provider.
    Other,
}

/// What the rule does with the text of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It draws a new picture.
    Generate { prompt: String },
    /// It edits the images that the turn attaches, or those of the thread.
    Edit { prompt: String },
    /// It replies with words, because the text asks for no picture.
    Reply { text: &'static str },
}

/// Decides what to do with a text with `attached` images, in a thread with `generated_before` generated images.
///
/// Small talk without an image gets a reply. The result is an edit if the turn attaches images, or if the thread has
/// generated some and the text refers to one ("make it", "the last image", "again", "add … to it"). Only whole words
/// count, in upper or lower case. A role before the text (`User: `) is removed, and the prompt is cut at the tool's
/// limit.
pub(crate) fn decide(text: &str, attached: usize, generated_before: usize, drawer: Drawer) -> Rule {
    let prompt: String = strip_role(text).chars().take(MAX_PROMPT_CHARS).collect();
    let prompt = prompt.trim().to_owned();
    if attached == 0
        && let Some(text) = small_talk::reply(&prompt, drawer)
    {
        return Rule::Reply { text };
    }
    match (prompt.is_empty(), attached) {
        (true, 0) => Rule::Reply { text: NOTHING_TO_DRAW },
        (true, 1) => Rule::Edit { prompt: "a variation of the attached image".to_owned() },
        (true, _) => Rule::Edit { prompt: "a combination of the attached images".to_owned() },
        (false, 0) if generated_before == 0 || !refers_to_an_image(&prompt) => Rule::Generate { prompt },
        (false, _) => Rule::Edit { prompt },
    }
}

/// Returns the text after the last line that begins with the user's role. Some clients send whole transcripts.
fn strip_role(text: &str) -> &str {
    let mut rest = text;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(after) = text_after_role(line) {
            rest = &text[start + line.len() - after.len()..];
        }
        start += line.len();
    }
    rest.trim()
}

fn text_after_role(line: &str) -> Option<&str> {
    let (role, text) = line.split_once(':')?;
    let role = role.trim_matches(|c: char| !c.is_alphanumeric());
    ["user", "human", "prompt"].iter().any(|name| role.eq_ignore_ascii_case(name)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(text: &str, attached: usize, generated_before: usize) -> Rule {
        super::decide(text, attached, generated_before, Drawer::Preview)
    }

    #[test]
    fn text_about_an_existing_image_is_an_edit() {
        for text in [
            "make it blue",
            "Make it BLUE!",
            "now make them smaller",
            "edit: more contrast",
            "Change the sky to green",
            "add a hat to it",
            "and then add a moon behind it",
            "Please add a hat",
            "remove the tree",
            "could you remove the tree?",
            "the last image, but at night",
            "use the previous picture as a poster",
            "the same picture with snow",
            "once again, with more light",
            "turn this into a watercolor",
            "crop to the face",
            "put a frame round the picture",
            "in the first one, swap the colors",
            "recolor the roof",
            "make the star yellow",
            "now paint the house blue",
            "give the cat a hat",
            "turn the cat into a dog",
            "put it on a car",
            "the star should be yellow",
            "and a dog",
            "with a hat",
            "without the mountain",
            "no mountain",
            "now at night",
            "what about snow?",
            "a dog instead",
            "two more stars",
            "recolour the roof",
            "User: make it blue",
        ] {
            assert!(matches!(decide(text, 0, 1), Rule::Edit { .. }), "{text}");
            assert!(matches!(decide(text, 0, 0), Rule::Generate { .. }), "without an image: {text}");
        }
    }

    #[test]
    fn text_about_something_new_is_no_edit() {
        for text in [
            "draw a red square",
            "a cat in a hat",
            "Draw the picture of a lighthouse",
            "a house with a tree next to it",
            "exchange office at night",
            "an editor at her desk",
            "against the wind",
            "make a new picture: it is raining",
            "another image, a green one",
            "itinerary for a trip",
            "draw an addition table",
            "The first snow",
            "now draw a dog",
            "make a house",
            "three stars",
        ] {
            assert!(matches!(decide(text, 0, 3), Rule::Generate { .. }), "{text}");
        }
    }

    #[test]
    fn attached_image_makes_any_text_an_edit() {
        assert_eq!(decide("a red square", 1, 0), Rule::Edit { prompt: "a red square".to_owned() });
        assert_eq!(decide(" \n", 1, 0), Rule::Edit { prompt: "a variation of the attached image".to_owned() });
        assert_eq!(decide("", 2, 0), Rule::Edit { prompt: "a combination of the attached images".to_owned() });
        assert_eq!(decide(" \n", 0, 5), Rule::Reply { text: NOTHING_TO_DRAW });
    }

    #[test]
    fn role_before_the_text_is_removed() {
        for (text, prompt) in [
            ("User: draw a fox", "draw a fox"),
            ("user:draw a fox", "draw a fox"),
            ("[User]: draw a fox", "draw a fox"),
            ("Human: draw a fox\n", "draw a fox"),
            ("System: be brief\n\nUser: draw a fox\non a hill", "draw a fox\non a hill"),
            ("User: a\nAssistant: done\nUser: draw: a fox", "draw: a fox"),
            ("sign: User entrance", "sign: User entrance"),
            ("  draw a fox  ", "draw a fox"),
        ] {
            assert_eq!(decide(text, 0, 0), Rule::Generate { prompt: prompt.to_owned() }, "{text:?}");
        }
        assert_eq!(decide("User: ", 0, 0), Rule::Reply { text: NOTHING_TO_DRAW });
    }

    #[test]
    fn prompt_is_cut_at_the_tool_limit() {
        let Rule::Generate { prompt } = decide(&"ü".repeat(MAX_PROMPT_CHARS + 5), 0, 0) else {
            panic!("not generated")
        };
        assert_eq!(prompt.chars().count(), MAX_PROMPT_CHARS);
    }
}
