//! Makes text safe to print on a terminal.

use std::borrow::Cow;

use easel_imagegen::invisible::is_invisible;

/// Returns the text as one line, in which JSON escapes such as `\u001b` replace the characters that a terminal would
/// interpret or hide.
///
/// Much of what commands print comes from models, providers and servers. A line of JSON keeps its meaning, because such
/// characters occur only inside its strings.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_invisible(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_sequences_and_hidden_characters() {
        let shown = escape("a\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202e}b\nc\u{e0041}é✓");
        assert_eq!(shown, "a\\u001b]52;c;eA==\\u0007\\u009b2J\\u202eb\\u000ac\\udb40\\udc41é✓");
        assert!(matches!(escape("plain é ✓"), Cow::Borrowed(_)));
    }

    #[test]
    fn line_of_json_keeps_its_meaning() {
        let value = serde_json::json!({ "text": "\u{202e}\u{9b}\u{e0041}\u{1b}\u{7f}" });
        let line = value.to_string();
        let shown = escape(&line);
        assert!(!shown.contains(is_invisible));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
