//! Notes that say what a picture does not show.

use std::collections::BTreeMap;

use crate::base::Base;
use crate::text::missing_characters;

const UNKNOWN_PROMPT: &str = "No word of this prompt is known to the preview, so this is only a pattern.";
const UNKNOWN_EDIT: &str = "The preview found nothing to change, so the scene is as it was.";
/// Maximum number of characters that a sentence lists.
const MAX_LISTED: usize = 12;

/// Returns the note on a picture; empty if it shows what was asked for.
pub(crate) fn on_picture(prompt: &str, understood: bool, base: &Base) -> String {
    let unknown = match (understood || prompt.is_empty(), &base.scene) {
        (true, _) => None,
        (false, None) => Some(UNKNOWN_PROMPT.to_owned()),
        (false, Some(_)) => Some(UNKNOWN_EDIT.to_owned()),
    };
    let missing = missing_characters(prompt);
    let boxes = (!missing.is_empty()).then(|| format!("Boxes stand for what this font lacks: {}.", count(&missing)));
    unknown.into_iter().chain(boxes).collect::<Vec<_>>().join(" ")
}

/// Returns the sentence about the characters of a prompt that its picture does not show.
pub(crate) fn in_message(prompt: &str) -> Option<String> {
    let mut missing = missing_characters(prompt);
    missing.sort_unstable();
    missing.dedup();
    let more = if missing.len() > MAX_LISTED { " …" } else { "" };
    let listed: Vec<String> = missing.iter().take(MAX_LISTED).map(char::to_string).collect();
    (!listed.is_empty())
        .then(|| format!("The font of the preview cannot show {}{more}: boxes take their place.", listed.join(" ")))
}

/// Counts characters by script: the font cannot show the characters themselves.
fn count(missing: &[char]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for c in missing {
        *counts.entry(name_script(*c)).or_default() += 1;
    }
    let rest = counts.len().saturating_sub(4);
    let named = counts.into_iter().take(4).map(|(script, count)| format!("{count} {script}"));
    let more = (rest > 0).then(|| "others".to_owned());
    named.chain(more).collect::<Vec<_>>().join(", ")
}

fn name_script(c: char) -> String {
    let name = match c {
        '\u{900}'..='\u{97f}' => "Devanagari",
        '\u{980}'..='\u{9ff}' => "Bengali",
        '\u{a00}'..='\u{a7f}' => "Gurmukhi",
        '\u{a80}'..='\u{aff}' => "Gujarati",
        '\u{b80}'..='\u{bff}' => "Tamil",
        '\u{c00}'..='\u{c7f}' => "Telugu",
        '\u{c80}'..='\u{cff}' => "Kannada",
        '\u{d00}'..='\u{d7f}' => "Malayalam",
        '\u{d80}'..='\u{dff}' => "Sinhala",
        '\u{e00}'..='\u{e7f}' => "Thai",
        '\u{f00}'..='\u{fff}' => "Tibetan",
        '\u{1000}'..='\u{109f}' => "Burmese",
        '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}' => "Korean",
        '\u{1200}'..='\u{137f}' => "Ethiopic",
        '\u{1780}'..='\u{17ff}' => "Khmer",
        '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => "East Asian marks",
        '\u{3040}'..='\u{30ff}' => "Japanese kana",
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => "Chinese characters",
        '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => "emoji",
        _ => return format!("U+{:04X}", u32::from(c)),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn note_says_which_characters_are_boxes() {
        let note = |prompt: &str| on_picture(prompt, true, &Base::default());
        assert_eq!(note("a cat, кошка, γάτα, قطة"), "");
        assert_eq!(
            note("猫が🦊"),
            "Boxes stand for what this font lacks: 1 Chinese characters, 1 Japanese kana, 1 emoji."
        );
        assert_eq!(note("\u{10330}"), "Boxes stand for what this font lacks: 1 U+10330.");
        assert_eq!(in_message("a cat"), None);
        let said = "The font of the preview cannot show 猫 🦊: boxes take their place.";
        assert_eq!(in_message("猫🦊猫").as_deref(), Some(said));
        assert!(
            in_message(&(0..99).filter_map(|i| char::from_u32(0x4e00 + i)).collect::<String>()).unwrap().contains("…")
        );
    }

    #[test]
    fn note_says_that_no_word_is_known() {
        assert_eq!(on_picture("a fjord", false, &Base::default()), UNKNOWN_PROMPT);
        assert_eq!(on_picture("", false, &Base::default()), "");
    }
}
