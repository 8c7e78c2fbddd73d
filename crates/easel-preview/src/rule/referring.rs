//! Whether a text refers to an existing image.

/// Words that refer to an existing image.
const REFERRING: &[&str] = &[
    "again", "edit", "change", "modify", "adjust", "tweak", "redo", "redraw", "recolor", "recolour", "retouch",
    "refine", "upscale", "crop",
];
/// Words that refer to an existing image at the start of the text ("Remove the hat").
const OPENING: &[&str] = &[
    "add", "remove", "delete", "erase", "replace", "swap", "brighten", "darken", "sharpen", "blur", "flip", "rotate",
    "mirror", "move", "extend", "keep", "enlarge", "shrink", "more", "fewer", "less", "bigger", "smaller", "darker",
    "brighter", "lighter", "without", "put", "place",
];
/// Words that refer to an existing image as the first word of the text ("with a hat", "and a dog").
const FIRST: &[&str] = &["and", "also", "with", "at", "but", "plus", "only"];
/// Words that refer to an existing image after "now" ("now in the rain").
const AFTER_NOW: &[&str] = &["with", "without", "in", "at", "on", "as", "it"];
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
/// Words that refer to an existing image before an article at the start ("make the star yellow").
const CHANGING: &[&str] =
    &["make", "turn", "paint", "color", "colour", "give", "convert", "transform", "tint", "dye", "swap"];
const PRONOUNS: &[&str] = &["it", "them", "this", "that", "these", "those"];
/// Words that refer to an existing image before a word for an image.
const POINTING: &[&str] = &[
    "last", "latest", "previous", "prior", "earlier", "first", "second", "same", "that", "this", "existing", "original",
];
const IMAGES: &[&str] =
    &["image", "images", "picture", "pictures", "photo", "drawing", "illustration", "version", "result", "one"];

/// Returns whether a prompt refers to an existing image.
pub(super) fn refers_to_an_image(prompt: &str) -> bool {
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
    // "Make the star yellow", "the star should be yellow", "what about snow", "a dog instead".
    let opens = |phrases: &[[&str; 2]]| phrases.iter().any(|phrase| words.starts_with(phrase));
    let changes_the = words.iter().position(|word| !OPENING_FILLERS.contains(word)).is_some_and(|at| {
        let verb = CHANGING.contains(&words[at]);
        verb && words.get(at + 1).is_some_and(|word| ["the", "its", "his", "her", "their", "all"].contains(word))
    });
    let wishes = words.first() == Some(&"the") && words.contains(&"should");
    let ends = words.len() > 1 && words.last().is_some_and(|word| ["instead", "too"].contains(word));
    let continues = words.first().is_some_and(|word| FIRST.contains(word) || (*word == "no" && words.len() <= 4))
        || words.get(1) == Some(&"more")
        || words.first() == Some(&"now") && words.get(1).is_some_and(|word| AFTER_NOW.contains(word));
    words.iter().any(|word| REFERRING.contains(word))
        || changes_the && !of_a_new_image(&words)
        || opens(&[["what", "about"], ["how", "about"]])
        || wishes
        || ends
        || continues
        || opening.is_some_and(|word| OPENING.contains(word))
        || adds_to_it
        || the_image
        || pair(HANDLING, PRONOUNS)
        || pair(POINTING, IMAGES)
}

/// Returns whether the text asks for "the picture of" something.
fn of_a_new_image(words: &[&str]) -> bool {
    words.windows(3).any(|three| three[0] == "the" && IMAGES.contains(&three[1]) && three[2] == "of")
}
