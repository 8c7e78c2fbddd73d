//! Replies to small talk and questions, which ask for no picture.

use crate::plan::names_something;
use crate::rule::Drawer;

const GREETING: &str = "Hello! Tell me what to draw, for example \"a red star over a blue mountain\".";
const WELCOME: &str = "You are welcome. Tell me what to change, or what to draw next.";
const NEXT: &str = "Tell me what to change, or what to draw next.";
const GOODBYE: &str = "Goodbye!";
const HELP: &str = "I am Easel's built-in preview: a set of rules, not a model. I draw simple scenes of about forty \
    things, with colors, numbers, sizes, positions, weather and night, and I edit them. Try \"three red stars over a \
    blue mountain\", and then \"make the stars yellow\" or \"add a dog\".";
const HELP_WITH_OTHERS: &str = "Tell me what to draw, and then what to change. A rule passes your words to the image \
    tool; no model answers here.";
const QUESTION: &str = "I cannot answer questions: I am Easel's built-in preview, which only draws. Tell me what to \
    draw, for example \"a black cat at night\".";

/// Returns the reply to a text; `None` if the text asks for a picture. What another provider can draw is unknown, so
/// then only greetings and thanks are no request.
pub(super) fn reply(text: &str, drawer: Drawer) -> Option<&'static str> {
    let lower = text.to_lowercase().replace(['\'', '’'], "");
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let first = *words.first()?;
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    // "A beautiful evening" is a picture, "beautiful" is praise.
    let names_a_thing = ["a", "an", "the"].contains(&first);
    if !names_a_thing && words.len() <= 12 && words.iter().all(|word| SMALL_TALK.contains(word)) {
        return Some(match () {
            () if has(&["thanks", "thank", "thx", "ty", "cheers"]) => WELCOME,
            () if has(&["hello", "hi", "hey", "hiya", "morning", "afternoon", "evening", "greetings"]) => GREETING,
            () if has(&["help"]) && drawer == Drawer::Other => HELP_WITH_OTHERS,
            () if has(&["help"]) => HELP,
            () if has(&["bye", "goodbye"]) => GOODBYE,
            () if first == "how" => GREETING,
            () => NEXT,
        });
    }
    if drawer == Drawer::Other || ["what about", "how about"].iter().any(|phrase| lower.starts_with(phrase)) {
        return None;
    }
    let of_itself = matches!(words.as_slice(), ["are" | "do" | "does", "you", ..] | ["who" | "what", "are", "you", ..]);
    let about_itself = of_itself || lower.starts_with("what can you") || lower.starts_with("what do you");
    if QUESTION_WORDS.contains(&first) && about_itself && !has(REQUESTS) || lower.starts_with("what can you") {
        return Some(HELP);
    }
    let is_question = QUESTION_WORDS.contains(&first) && !has(REQUESTS);
    (is_question && !names_something(text)).then_some(QUESTION)
}

const SMALL_TALK: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "hiya",
    "greetings",
    "good",
    "morning",
    "afternoon",
    "evening",
    "there",
    "easel",
    "thanks",
    "thank",
    "thx",
    "ty",
    "cheers",
    "you",
    "so",
    "very",
    "much",
    "a",
    "lot",
    "great",
    "nice",
    "cool",
    "perfect",
    "awesome",
    "wow",
    "wonderful",
    "beautiful",
    "lovely",
    "excellent",
    "amazing",
    "love",
    "i",
    "like",
    "it",
    "looks",
    "well",
    "done",
    "ok",
    "okay",
    "yes",
    "yeah",
    "no",
    "please",
    "bye",
    "goodbye",
    "see",
    "later",
    "how",
    "are",
    "is",
    "going",
    "help",
    "me",
    "fine",
    "thats",
    "that",
    "job",
    "work",
    "all",
    "now",
    "for",
    "today",
    "the",
    "and",
];

const QUESTION_WORDS: &[&str] = &[
    "what", "whats", "who", "whos", "how", "why", "when", "where", "which", "is", "are", "do", "does", "did", "can",
    "could", "would", "will", "should",
];

/// Words with which a question asks for a picture.
const REQUESTS: &[&str] = &[
    "draw", "make", "add", "remove", "paint", "create", "change", "generate", "show", "put", "turn", "edit", "give",
    "replace", "move", "sketch", "render", "design", "delete", "have", "want", "need", "crop", "rotate", "redo",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_talk_gets_words() {
        for (text, expected) in [
            ("hello", GREETING),
            ("Hi there!", GREETING),
            ("Good morning, Easel", GREETING),
            ("how are you?", GREETING),
            ("thank you!", WELCOME),
            ("Thanks a lot, that looks great", WELCOME),
            ("ok", NEXT),
            ("I love it!", NEXT),
            ("bye", GOODBYE),
            ("help", HELP),
            ("what can you do?", HELP),
            ("What can you draw?", HELP),
            ("who are you?", HELP),
            ("Are you a robot?", HELP),
            ("what's the capital of France?", QUESTION),
            ("why is the sky blue?", QUESTION),
            ("can you fly?", QUESTION),
        ] {
            assert_eq!(reply(text, Drawer::Preview), Some(expected), "{text}");
        }
    }

    #[test]
    fn request_for_a_picture_is_no_small_talk() {
        for text in [
            "",
            "hello kitty",
            "a nice house",
            "a beautiful evening",
            "a lovely morning",
            "the perfect morning",
            "can you draw a fjord?",
            "could you remove the tree?",
            "Can you make it blue?",
            "what would a cat look like on the moon?",
            "what about at night?",
            "thanks, now make it blue",
            "a hello sign",
            "draw something",
            "again",
        ] {
            assert_eq!(reply(text, Drawer::Preview), None, "{text}");
        }
    }

    #[test]
    fn question_is_a_request_if_another_provider_draws() {
        for text in ["When Harry Met Sally poster", "what is love", "can you fly?", "who are you?"] {
            assert_eq!(reply(text, Drawer::Other), None, "{text}");
        }
        assert_eq!(reply("hello", Drawer::Other), Some(GREETING));
        assert_eq!(reply("help", Drawer::Other), Some(HELP_WITH_OTHERS));
    }
}
