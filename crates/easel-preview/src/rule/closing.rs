//! The sentence after a picture.

use crate::rule::Drawer;
use crate::{note, plan, text};

/// The outcome of a picture, for [`closing_sentence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
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

/// What a picture shows whose prompt has no word that the preview knows.
const ONLY_A_PATTERN: &str = "The preview knows no word of it, so it is only a pattern.";

/// Describes the outcome of a prompt in one sentence. A second one says what a picture of the preview does not show.
pub(crate) fn closing_sentence(prompt: &str, outcome: &Outcome<'_>, drawer: Drawer) -> String {
    let quoted = quote(prompt);
    let is_preview = drawer == Drawer::Preview;
    let facts = |size: &Option<(u32, u32)>| {
        let facts = size.map(|(w, h)| format!("{w}x{h}")).into_iter().chain(is_preview.then(|| "preview".to_owned()));
        let facts = facts.collect::<Vec<_>>().join(", ");
        if facts.is_empty() { facts } else { format!(" ({facts})") }
    };
    let note = || note::in_message(prompt).filter(|_| is_preview);
    match outcome {
        Outcome::Generated { size } => {
            let is_pattern = is_preview && !plan::plan(prompt, None, 0).understood;
            let notes = is_pattern.then(|| ONLY_A_PATTERN.to_owned()).into_iter().chain(note());
            append(format!("Here is your picture: {quoted}{}.", facts(size)), notes)
        }
        Outcome::Edited { size } => {
            append(format!("Here is your edited picture: {quoted}{}.", facts(size)), note().into_iter())
        }
        Outcome::Failed { reason } => {
            let reason = reason.trim().trim_end_matches('.');
            format!("I could not make the picture {quoted}: {reason}.")
        }
        Outcome::Rejected { reason } => format!("I could not make the picture {quoted}. {}", reason.trim()),
    }
}

fn append(sentence: String, notes: impl Iterator<Item = String>) -> String {
    std::iter::once(sentence).chain(notes).collect::<Vec<_>>().join(" ")
}

fn quote(prompt: &str) -> String {
    let line = text::clean(prompt);
    match line.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("\"{}…\"", line[..end].trim_end()),
        None => format!("\"{line}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_sentence_describes_the_outcome() {
        let size = Some((1024, 768));
        let say = |outcome| closing_sentence("draw a\nred square", &outcome, Drawer::Preview);
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
    fn picture_of_another_provider_is_no_preview() {
        let say = |outcome| closing_sentence("猫 fjord", &outcome, Drawer::Other);
        let size = Some((512, 512));
        assert_eq!(say(Outcome::Generated { size }), r#"Here is your picture: "猫 fjord" (512x512)."#);
        assert_eq!(say(Outcome::Edited { size: None }), r#"Here is your edited picture: "猫 fjord"."#);
    }

    #[test]
    fn long_prompt_is_cut_in_the_sentence() {
        let said = closing_sentence(&"cat ".repeat(1_000), &Outcome::Generated { size: None }, Drawer::Preview);
        assert!(said.contains("…\"") && said.chars().count() < 140, "{said}");
    }
}
