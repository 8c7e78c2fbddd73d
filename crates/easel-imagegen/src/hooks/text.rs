//! Texts for hooks, and texts of hooks for people.

use serde::Serialize;

/// A text of bounded length without data URLs. It is the only kind of value from outside that a hook reads, so that a
/// hook cannot be sent the bytes of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct HookText(String);

/// What ends the data of a data URL in a longer text.
const DATA_ENDS: &[char] = &['"', '\'', '<', '>', '(', ')', '`', '|', '\\'];

impl HookText {
    /// Creates a text that takes at most `max_bytes` in JSON. A longer one ends with an ellipsis.
    pub(super) fn new(text: &str, max_bytes: usize) -> Self {
        Self(cut(&replace_data_urls(text), max_bytes))
    }
}

/// Replaces each data URL with a note about its length.
fn replace_data_urls(text: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((start, end)) = find_data_url(rest) {
        replaced.push_str(&rest[..start]);
        replaced.push_str(&format!("[data URL of {} bytes]", end - start));
        rest = &rest[end..];
    }
    replaced.push_str(rest);
    replaced
}

/// Returns the byte range of the first data URL.
fn find_data_url(text: &str) -> Option<(usize, usize)> {
    const SCHEME: &[u8] = b"data:";
    let starts = text.as_bytes().windows(SCHEME.len()).enumerate();
    let mut starts = starts.filter(|(_, window)| window.eq_ignore_ascii_case(SCHEME)).map(|(start, _)| start);
    starts.find_map(|start| {
        let header = &text[start + SCHEME.len()..];
        let comma = header.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$&-^_.+/;=\"%".contains(c)))?;
        let data = header[comma..].strip_prefix(',')?;
        let length = data.find(|c: char| c.is_whitespace() || DATA_ENDS.contains(&c)).unwrap_or(data.len());
        Some((start, text.len() - data.len() + length))
    })
}

/// Returns the start of a text that takes at most `max_bytes` in JSON, with an ellipsis if it was cut.
fn cut(text: &str, max_bytes: usize) -> String {
    const ELLIPSIS: char = '…';
    if json_len(text) <= max_bytes {
        return text.to_owned();
    }
    let mut room = max_bytes.saturating_sub(ELLIPSIS.len_utf8());
    let mut start: String = text
        .chars()
        .take_while(|c| {
            let len = json_len(c.encode_utf8(&mut [0; 4]));
            let fits = len <= room;
            room -= len.min(room);
            fits
        })
        .collect();
    start.push(ELLIPSIS);
    start
}

/// Returns the length of a text in JSON, without the quotes around it.
fn json_len(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\u{8}' | '\u{c}' | '\n' | '\r' | '\t' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_in_json_is_that_of_the_encoder() {
        for c in (0..0x250).chain([0x2028, 0xfffd, 0x1d11e]).filter_map(char::from_u32) {
            let encoded = serde_json::to_string(&c.to_string()).unwrap();
            assert_eq!(json_len(&c.to_string()), encoded.len() - 2, "{c:?}");
        }
    }

    #[test]
    fn data_urls_become_notes() {
        let table = [
            ("a cat", "a cat"),
            ("data: a, b", "data: a, b"),
            ("see data:image/png;base64,AAAA= now", "see [data URL of 27 bytes] now"),
            ("<img src=\"DATA:image/png;base64,AA\">", "<img src=\"[data URL of 24 bytes]\">"),
            ("data:,x data:;base64,y", "[data URL of 7 bytes] [data URL of 14 bytes]"),
            ("datadata:text/plain;charset=\"utf-8\",z", "data[data URL of 33 bytes]"),
            ("ü data:", "ü data:"),
        ];
        for (text, expected) in table {
            assert_eq!(replace_data_urls(text), expected);
        }
    }

    #[test]
    fn long_text_is_cut_by_its_length_in_json() {
        for text in ["a".repeat(50), "\u{1}".repeat(50), "ü\n\"".repeat(50), "𝄞".repeat(50)] {
            for max in 3..60 {
                let HookText(short) = HookText::new(&text, max);
                let json = serde_json::to_string(&short).unwrap();
                assert_eq!(json.len() - 2, json_len(&short));
                assert!(json.len() - 2 <= max, "{json} for {max}");
                assert!(short == text || short.ends_with('…'));
            }
        }
    }
}
