//! The sentence after a picture.

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

/// Describes the outcome of a prompt in one sentence, and in a second one what the picture does not show.
pub(crate) fn closing_sentence(prompt: &str, outcome: &Outcome<'_>) -> String {
    let quoted = quote(prompt);
    let pixels = |size: &Option<(u32, u32)>| size.map(|(w, h)| format!("{w}x{h}, ")).unwrap_or_default();
    match outcome {
        Outcome::Generated { size } => {
            let unknown = (!plan::plan(prompt, None, 0).understood).then_some(ONLY_A_PATTERN.to_owned());
            let notes = unknown.into_iter().chain(note::in_message(prompt));
            append(format!("Here is your picture: {quoted} ({}preview).", pixels(size)), notes)
        }
        Outcome::Edited { size } => {
            let notes = note::in_message(prompt).into_iter();
            append(format!("Here is your edited picture: {quoted} ({}preview).", pixels(size)), notes)
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
        let said = closing_sentence(&"cat ".repeat(1_000), &Outcome::Generated { size: None });
        assert!(said.contains("…\"") && said.chars().count() < 140, "{said}");
    }
}
