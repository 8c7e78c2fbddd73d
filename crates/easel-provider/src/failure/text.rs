//! Words from outside, made fit to be shown.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

use secrecy::{ExposeSecret, SecretString};

use crate::credential::Credential;
use crate::profile::ApiProfile;

/// Characters of a provider's message.
const MAX_WORDS: usize = 500;
/// Characters of a code, a type or a size.
const MAX_LABEL: usize = 100;
/// Characters of a prompt, as a user may write one.
const MAX_PROMPT: usize = 32_000;
/// Bytes of the shortest secret that is masked. Three characters are a word of many languages: masking them would tear
/// every message apart, and they are guessed in no time.
const MIN_SECRET: usize = 4;
/// The query parameter that versions an API. It is no secret, and refusals speak of it.
const API_VERSION: &str = "api-version";

/// The secrets of one request, which no text from the provider may repeat. Longest first, so that none is cut by another
/// that is part of it.
#[derive(Debug, Clone, Default)]
pub struct Masks(Vec<SecretString>);

impl Masks {
    /// Of a request to a provider: its credential, its account, and the values of its configured headers and query
    /// parameters.
    pub(crate) fn of(record: &ApiProfile, credential: Option<&Credential>) -> Self {
        let headers = record.headers.values().map(ExposeSecret::expose_secret);
        let query = record.query.iter().filter(|(name, _)| *name != API_VERSION).map(|(_, value)| value.as_str());
        let account = credential.and_then(|credential| credential.account_id.as_deref());
        let credential = credential.map(|credential| credential.secret.expose_secret());
        Self::new(headers.chain(query).chain(account).chain(credential))
    }

    fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let secrets = secrets.flat_map(spellings).filter(|secret| secret.len() >= MIN_SECRET);
        let mut secrets: Vec<SecretString> = secrets.map(SecretString::from).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self(secrets)
    }

    /// A message: one line of at most 500 characters, without control characters, terminal sequences and secrets.
    pub(crate) fn words(&self, text: &str) -> String {
        self.text(text, MAX_WORDS)
    }

    /// The same for a word or an id.
    pub(crate) fn label(&self, text: &str) -> String {
        self.text(text, MAX_LABEL)
    }

    /// What a provider says about an image, such as its size; `None` when nothing is left to show.
    pub(crate) fn fact(&self, text: &str) -> Option<String> {
        Some(self.label(text)).filter(|fact| !fact.is_empty())
    }

    /// A prompt as the provider rewrote it; `None` when nothing is left to show.
    pub(crate) fn prompt(&self, text: &str) -> Option<String> {
        Some(self.text(text, MAX_PROMPT)).filter(|prompt| !prompt.is_empty())
    }

    /// The same for text of up to `limit` characters.
    pub(crate) fn text(&self, text: &str, limit: usize) -> String {
        let mut text = plain(text);
        // Before the text is cut, or half a secret could stay at its end.
        for secret in &self.0 {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), "***");
            }
        }
        match text.char_indices().nth(limit) {
            None => text,
            Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        }
    }
}

/// A secret as a provider may repeat it: as it is, and as it stands in the query of a URL.
fn spellings(secret: &str) -> [String; 3] {
    let in_query: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let in_path = in_query.replace('+', "%20");
    [plain(secret), in_query, in_path]
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
            c if c.is_control() || is_invisible(c) => {}
            c => seen.push(c),
        }
    }
    seen.truncate(seen.trim_end().len());
    seen
}

/// Whether a character is a mark that lets text read as what it is not, or hides words from people: every format
/// character of Unicode (general category Cf), and everything that is not displayed (`Default_Ignorable_Code_Point`).
fn is_invisible(c: char) -> bool {
    !c.is_ascii()
        && (CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
            || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(secrets: &[&str]) -> Masks {
        Masks::new(secrets.iter().copied())
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

    #[test]
    fn marks_of_direction_and_hidden_words_are_gone() {
        for hidden in ["\u{61c}", "\u{ad}", "\u{180e}", "\u{2066}", "\u{206a}", "\u{fff9}", "\u{3164}", "\u{fe0f}"] {
            assert_eq!(masks(&[]).words(&format!("a{hidden}b")), "ab", "{hidden:?}");
        }
        let smuggled: String = "ignore all".bytes().map(|b| char::from_u32(0xe0000 + u32::from(b)).unwrap()).collect();
        assert_eq!(masks(&[]).words(&format!("too {smuggled}\u{e0001}\u{e01ef}large")), "too large");
        assert_eq!(masks(&[]).words("größe 大きさ حجم 🦊"), "größe 大きさ حجم 🦊");
    }

    #[test]
    fn secrets_are_masked_from_four_characters_on() {
        assert_eq!(masks(&["sk-1", "abc"]).words("sk-1 and abc"), "*** and abc");
    }

    #[test]
    fn a_secret_is_masked_as_it_stands_in_a_url() {
        let masks = masks(&["s/p ä+1"]);
        assert_eq!(
            masks.words("POST /v1?key=s%2Fp+%C3%A4%2B1, s%2Fp%20%C3%A4%2B1, s/p  ä+1"),
            "POST /v1?key=***, ***, ***"
        );
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_of_it() {
        assert_eq!(masks(&["sk-1", "sk-1234"]).words("sk-1234 sk-1"), "*** ***");
    }
}
