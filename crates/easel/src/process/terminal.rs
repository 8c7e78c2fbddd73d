//! Text for a terminal, without anything that a terminal obeys.

use std::borrow::Cow;

/// The text in one line, with each character that a terminal would obey or hide as its JSON escape, such as `\u001b`.
///
/// Models, providers and servers write much of what commands print. A line of JSON stays the same JSON, because such
/// characters stand only inside its strings.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_active(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| plain.push_str(&format!("\\u{unit:04x}")));
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// Control characters, C1 ones too, and format characters that reorder, join or hide text.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_and_hidden_characters_are_shown_as_escapes() {
        let shown = plain("a\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202e}b\nc\u{e0041}é✓");
        assert_eq!(shown, "a\\u001b]52;c;eA==\\u0007\\u009b2J\\u202eb\\u000ac\\udb40\\udc41é✓");
        assert!(matches!(plain("plain é ✓"), Cow::Borrowed(_)));
    }

    #[test]
    fn line_of_json_keeps_its_meaning() {
        let value = serde_json::json!({ "text": "\u{202e}\u{9b}\u{e0041}\u{1b}\u{7f}" });
        let line = value.to_string();
        let shown = plain(&line);
        assert!(!shown.contains(is_active));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
