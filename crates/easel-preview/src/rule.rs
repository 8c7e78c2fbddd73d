//! The rule that replaces a model: it plans a picture from the text of a turn, and writes the closing sentence.

use easel_imagegen::arguments::MAX_PROMPT_CHARS;

/// What the rule does with the text of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It draws a new picture.
    Generate { prompt: String },
    /// It edits the images that the turn attaches, or those of the thread.
    Edit { prompt: String },
    /// It asks the user, because there is neither text nor image.
    Ask,
}

/// The outcome of a picture, for [`closing_sentence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// A new picture, with its width and height in pixels if they are known.
    Generated { size: Option<(u32, u32)> },
    /// An edited picture, with its width and height in pixels if they are known.
    Edited { size: Option<(u32, u32)> },
    /// No picture, for a reason that completes a sentence.
    Failed { reason: &'a str },
    /// No picture; the tool explains itself in sentences of its own.
    Rejected { reason: &'a str },
}

/// Maximum length of the prompt in a sentence, in characters.
const QUOTED_CHARS: usize = 80;

/// Plans what to draw for a text with `attached` images, in a thread with `generated_before` generated images.
///
/// The result is an edit if the turn attaches images, or if the thread has generated some and the text refers to one
/// ("make it", "the last image", "again", "add … to it"). Only whole words count, in upper or lower
/// case. A role before the text (`User: `) is removed, and the prompt is cut at the tool's limit.
pub fn plan(text: &str, attached: usize, generated_before: usize) -> Rule {
    let prompt: String = strip_role(text).chars().take(MAX_PROMPT_CHARS).collect();
    let prompt = prompt.trim().to_owned();
    match (prompt.is_empty(), attached) {
        (true, 0) => Rule::Ask,
        (true, 1) => Rule::Edit { prompt: "a variation of the attached image".to_owned() },
        (true, _) => Rule::Edit { prompt: "a combination of the attached images".to_owned() },
        (false, 0) if generated_before == 0 || !refers_to_an_image(&prompt) => Rule::Generate { prompt },
        (false, _) => Rule::Edit { prompt },
    }
}

/// Describes the outcome of a prompt in one sentence.
pub fn closing_sentence(prompt: &str, outcome: &Outcome<'_>) -> String {
    let quoted = quote(prompt);
    let pixels = |size: &Option<(u32, u32)>| size.map(|(w, h)| format!("{w}x{h}, ")).unwrap_or_default();
    match outcome {
        Outcome::Generated { size } => format!("Here is your picture: {quoted} ({}preview).", pixels(size)),
        Outcome::Edited { size } => format!("Here is your edited picture: {quoted} ({}preview).", pixels(size)),
        Outcome::Failed { reason } => {
            let reason = reason.trim().trim_end_matches('.');
            format!("I could not make the picture {quoted}: {reason}.")
        }
        Outcome::Rejected { reason } => format!("I could not make the picture {quoted}. {}", reason.trim()),
    }
}

fn quote(prompt: &str) -> String {
    let line = crate::text::clean(prompt);
    match line.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("\"{}…\"", line[..end].trim_end()),
        None => format!("\"{line}\""),
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

/// Words that refer to an existing image.
const REFERRING: &[&str] = &[
    "again", "edit", "change", "modify", "adjust", "tweak", "redo", "redraw", "recolor", "recolour", "retouch",
    "refine", "upscale", "crop",
];
/// Words that refer to an existing image at the start of the text ("Remove the hat").
const OPENING: &[&str] = &[
    "add", "remove", "delete", "erase", "replace", "swap", "brighten", "darken", "sharpen", "blur", "flip", "rotate",
    "mirror", "move", "extend", "keep",
];
const OPENING_FILLERS: &[&str] = &["please", "now", "and", "then", "also", "ok", "okay", "can", "could", "you"];
/// Words that refer to an existing image before a pronoun ("make it darker").
const HANDLING: &[&str] = &[
    "make",
    "turn",
    "paint",
    "draw",
    "color",
    "colour",
    "render",
    "give",
    "put",
    "use",
    "show",
    "convert",
    "transform",
];
const PRONOUNS: &[&str] = &["it", "them", "this", "that", "these", "those"];
/// Words that refer to an existing image before a word for an image.
const POINTING: &[&str] = &[
    "last", "latest", "previous", "prior", "earlier", "first", "second", "same", "that", "this", "existing", "original",
];
const IMAGES: &[&str] =
    &["image", "images", "picture", "pictures", "photo", "drawing", "illustration", "version", "result", "one"];

fn refers_to_an_image(prompt: &str) -> bool {
    let lower = prompt.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let pair = |first: &[&str], second: &[&str]| {
        words.windows(2).any(|pair| first.contains(&pair[0]) && second.contains(&pair[1]))
    };
    if pair(&["new", "another", "different"], IMAGES) {
        return false;
    }
    let opening = words.iter().find(|word| !OPENING_FILLERS.contains(word));
    let adds_to_it = words.iter().position(|word| OPENING.contains(word)).is_some_and(|verb| {
        words[verb..].windows(2).any(|pair| matches!(pair, ["to" | "from" | "in" | "on" | "behind", "it" | "them"]))
    });
    // "The picture" refers to an existing image, but "the picture of a cat" is a new one.
    let the_image = words.windows(2).enumerate().any(|(at, pair)| {
        pair[0] == "the" && IMAGES.contains(&pair[1]) && pair[1] != "one" && words.get(at + 2) != Some(&"of")
    });
    words.iter().any(|word| REFERRING.contains(word))
        || opening.is_some_and(|word| OPENING.contains(word))
        || adds_to_it
        || the_image
        || pair(HANDLING, PRONOUNS)
        || pair(POINTING, IMAGES)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "recolour the roof",
            "User: make it blue",
        ] {
            assert!(matches!(plan(text, 0, 1), Rule::Edit { .. }), "{text}");
            assert!(matches!(plan(text, 0, 0), Rule::Generate { .. }), "without an image: {text}");
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
        ] {
            assert!(matches!(plan(text, 0, 3), Rule::Generate { .. }), "{text}");
        }
    }

    #[test]
    fn attached_image_makes_any_text_an_edit() {
        assert_eq!(plan("a red square", 1, 0), Rule::Edit { prompt: "a red square".to_owned() });
        assert_eq!(plan(" \n", 1, 0), Rule::Edit { prompt: "a variation of the attached image".to_owned() });
        assert_eq!(plan("", 2, 0), Rule::Edit { prompt: "a combination of the attached images".to_owned() });
        assert_eq!(plan(" \n", 0, 5), Rule::Ask);
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
            assert_eq!(plan(text, 0, 0), Rule::Generate { prompt: prompt.to_owned() }, "{text:?}");
        }
        assert_eq!(plan("User: ", 0, 0), Rule::Ask);
    }

    #[test]
    fn prompt_is_cut_at_the_tool_limit() {
        let Rule::Generate { prompt } = plan(&"ü".repeat(MAX_PROMPT_CHARS + 5), 0, 0) else { panic!("not generated") };
        assert_eq!(prompt.chars().count(), MAX_PROMPT_CHARS);
    }

    #[test]
    fn closing_sentence_describes_the_outcome() {
        let size = Some((1024, 768));
        let say = |outcome| closing_sentence("draw a\nred square", &outcome);
        assert_eq!(
            say(Outcome::Generated { size }),
            r#"Here is your picture: "draw a red square" (1024x768, preview)."#
        );
        assert_eq!(say(Outcome::Generated { size: None }), r#"Here is your picture: "draw a red square" (preview)."#);
        assert_eq!(
            say(Outcome::Edited { size }),
            r#"Here is your edited picture: "draw a red square" (1024x768, preview)."#
        );
        assert_eq!(
            say(Outcome::Failed { reason: "the disk is full." }),
            r#"I could not make the picture "draw a red square": the disk is full."#
        );
    }

    #[test]
    fn long_prompt_is_cut_in_the_sentence() {
        let said = closing_sentence(&"word ".repeat(1_000), &Outcome::Generated { size: None });
        assert!(said.contains("…\"") && said.chars().count() < 140, "{said}");
    }
}
