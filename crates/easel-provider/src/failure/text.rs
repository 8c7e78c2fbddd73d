//! Words from outside, made fit to be shown.

use crate::credential::{Credential, Secret};
use crate::record::Record;

/// Characters of a provider's message.
const MAX_WORDS: usize = 500;
/// Characters of a code, a type or an id.
const MAX_LABEL: usize = 100;
/// A shorter value of a header is no secret, and masking it would tear words apart.
const MIN_SECRET: usize = 8;

/// The secrets of one request, which no text from the provider may repeat.
#[derive(Debug, Clone, Default)]
pub struct Masks(Vec<Secret>);

impl Masks {
    /// Of a request to a provider: its credential and its configured headers.
    pub(crate) fn of(record: &Record, credential: Option<&Credential>) -> Self {
        let headers = record.headers.values().cloned();
        let credential = credential.map(|credential| credential.secret.clone());
        Self(headers.chain(credential).filter(|secret| secret.expose().len() >= MIN_SECRET).collect())
    }

    /// A message: one line of at most 500 characters, without control characters, terminal sequences and secrets.
    pub(crate) fn words(&self, text: &str) -> String {
        self.text(text, MAX_WORDS)
    }

    /// The same for a word or an id.
    pub(crate) fn label(&self, text: &str) -> String {
        self.text(text, MAX_LABEL)
    }

    /// The same for text of up to `limit` characters.
    pub(crate) fn text(&self, text: &str, limit: usize) -> String {
        let mut text = plain(text);
        // Before the text is cut, or half a secret could stay at its end.
        for secret in &self.0 {
            text = text.replace(secret.expose(), "***");
        }
        match text.char_indices().nth(limit) {
            None => text,
            Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        }
    }
}

/// Without terminal sequences, characters that are not seen, and doubled white space.
fn plain(text: &str) -> String {
    let mut seen = String::with_capacity(text.len().min(4 * MAX_WORDS));
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // Parameters and intermediates, up to and with the final byte.
                while chars.next_if(|c| matches!(c, '\u{20}'..='\u{3f}')).is_some() {}
                chars.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
            }
            c if c.is_whitespace() => {
                if !seen.is_empty() && !seen.ends_with(' ') {
                    seen.push(' ');
                }
            }
            c if c.is_control() || turns_text_around(c) => {}
            c => seen.push(c),
        }
    }
    seen.truncate(seen.trim_end().len());
    seen
}

/// Unicode's invisible marks that let text read as what it is not.
const fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(secrets: &[&str]) -> Masks {
        Masks(secrets.iter().map(|secret| Secret::new((*secret).to_owned())).collect())
    }

    #[test]
    fn terminal_sequences_and_invisible_characters_are_gone() {
        let said = "\u{1b}[31;1mRed\u{1b}[0m\u{7}\n\n and\t\u{202e}back\u{0}\u{feff} ";
        assert_eq!(masks(&[]).words(said), "Red and back");
        assert_eq!(masks(&[]).words("\u{1b}]0;title\u{7}"), "]0;title");
    }

    #[test]
    fn a_message_is_cut_at_500_characters_and_not_within_one() {
        let shown = masks(&[]).words(&"é".repeat(501));
        assert_eq!(shown.chars().count(), 500);
        assert!(shown.ends_with("é…"));
        assert_eq!(masks(&[]).words(&"é".repeat(500)), "é".repeat(500));
    }

    #[test]
    fn a_secret_is_masked_even_where_the_cut_or_a_control_character_would_split_it() {
        let masks = masks(&["sk-canary-0123456789"]);
        assert_eq!(masks.words("key sk-canary-\u{0}0123456789 is wrong"), "key *** is wrong");
        let shown = masks.words(&format!("{}sk-canary-0123456789", "x".repeat(490)));
        assert!(!shown.contains("sk-"), "{shown}");
    }
}
