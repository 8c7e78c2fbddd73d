//! Text from a provider, made safe to show.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use easel_imagegen::invisible::is_invisible;
use form_urlencoded::byte_serialize;
use secrecy::{ExposeSecret, SecretString};

use crate::credential::Credential;
use crate::profile::ApiProfile;

/// Characters of a provider's message.
const MAX_MESSAGE: usize = 500;
/// Characters of a code, a type or a size.
const MAX_LABEL: usize = 100;
/// Characters of a prompt that the provider rewrote. Prompts of users have the same limit.
const MAX_PROMPT: usize = 32_000;
/// Bytes of the shortest secret that is redacted. Three characters are a word in many languages: redacting
/// them would make every message unreadable, and they are easy to guess anyway.
const MIN_SECRET: usize = 4;
/// The query parameter with the version of an API. It is not secret, and error messages mention it.
const API_VERSION: &str = "api-version";

/// The beginning of what OpenAI encrypts (a Fernet token of this century), which its error messages repeat in part.
const ENCRYPTED_START: &str = "gAAAAA";

/// Cleans text from a provider: one line, without control characters, terminal sequences, invisible characters, the
/// secrets of the request and encrypted reasoning.
///
/// Secrets are sorted from the longest to the shortest, because one may be part of another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<SecretString>,
}

impl Redactor {
    /// Creates a redactor for the secrets of a request: the secret and the account of `credential`, and the values of
    /// the configured headers, with what they contain, and of the query parameters.
    pub(crate) fn new(profile: &ApiProfile, credential: Option<&Credential>) -> Self {
        let headers: Vec<String> =
            profile.headers.values().flat_map(|value| header_secrets(value.expose_secret())).collect();
        let headers = headers.iter().map(String::as_str);
        let query = profile.query.iter().filter(|(name, _)| *name != API_VERSION).map(|(_, value)| value.as_str());
        let account = credential.and_then(|credential| credential.account_id.as_deref());
        let credential = credential.map(|credential| credential.secret.expose_secret());
        Self::from_secrets(headers.chain(query).chain(account).chain(credential))
    }

    fn from_secrets<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let secrets = secrets.flat_map(to_spellings).filter(|secret| secret.len() >= MIN_SECRET);
        let mut secrets: Vec<SecretString> = secrets.map(SecretString::from).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets }
    }

    /// Cleans a message and truncates it to 500 characters.
    pub(crate) fn clean_message(&self, text: &str) -> String {
        self.clean_text(text, MAX_MESSAGE)
    }

    /// Cleans a code, an id or a size and truncates it to 100 characters. Returns `None` if nothing is left.
    pub(crate) fn clean_label(&self, text: &str) -> Option<String> {
        Some(self.clean_text(text, MAX_LABEL)).filter(|label| !label.is_empty())
    }

    /// Cleans a prompt that the provider rewrote. Returns `None` if nothing is left.
    pub(crate) fn clean_prompt(&self, text: &str) -> Option<String> {
        Some(self.clean_text(text, MAX_PROMPT)).filter(|prompt| !prompt.is_empty())
    }

    /// Cleans a text and truncates it to `limit` characters.
    pub(crate) fn clean_text(&self, text: &str, limit: usize) -> String {
        let mut text = to_plain_line(text);
        // Secrets are removed before truncation, or a part of one could remain at the end.
        for secret in &self.secrets {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), "***");
            }
        }
        hide_encrypted(&mut text);
        match text.char_indices().nth(limit) {
            None => text,
            Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        }
    }
}

/// Returns the value of a header, and what follows the scheme of `Authorization` in it, which providers repeat alone.
fn header_secrets(value: &str) -> Vec<String> {
    let mut secrets = vec![value.to_owned()];
    if let Some((scheme, credential)) = value.trim().split_once(char::is_whitespace) {
        secrets.push(credential.trim().to_owned());
        let login = BASE64_STANDARD.decode(credential.trim()).ok().and_then(|login| String::from_utf8(login).ok());
        if let Some(login) = login.filter(|_| scheme.eq_ignore_ascii_case("basic")) {
            secrets.extend(login.split_once(':').map(|(_, password)| password.to_owned()));
            secrets.push(login);
        }
    }
    secrets
}

/// Replaces encrypted reasoning with `***`.
fn hide_encrypted(text: &mut String) {
    while let Some(at) = text.find(ENCRYPTED_START) {
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=');
        let len = text[at..].find(|c| !is_base64(c)).unwrap_or(text.len() - at);
        text.replace_range(at..at + len, "***");
    }
}

/// Returns the forms in which a provider may repeat a secret: plain, and encoded for the query and the path of a URL.
fn to_spellings(secret: &str) -> [String; 3] {
    let in_query: String = byte_serialize(secret.as_bytes()).collect();
    let in_path = in_query.replace('+', "%20");
    [to_plain_line(secret), in_query, in_path]
}

/// Removes terminal sequences, control and invisible characters, and repeated white space.
fn to_plain_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(4 * MAX_MESSAGE));
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // Parameters and intermediates up to the final byte (ECMA-48, section 5.4).
                while chars.next_if(|c| matches!(c, '\u{20}'..='\u{3f}')).is_some() {}
                chars.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
            }
            c if c.is_whitespace() => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            c if is_invisible(c) => {}
            c => line.push(c),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        Redactor::from_secrets(secrets.iter().copied())
    }

    #[test]
    fn terminal_sequences_and_control_characters_are_removed() {
        let text = "\u{1b}[31;1mRed\u{1b}[0m\u{7}\n\n and\t\u{202e}back\u{0}\u{feff} ";
        assert_eq!(redactor(&[]).clean_message(text), "Red and back");
        assert_eq!(redactor(&[]).clean_message("\u{1b}]0;title\u{7}"), "]0;title");
    }

    #[test]
    fn message_is_cut_at_500_characters() {
        let shown = redactor(&[]).clean_message(&"é".repeat(501));
        assert_eq!(shown.chars().count(), 500);
        assert!(shown.ends_with("é…"));
        assert_eq!(redactor(&[]).clean_message(&"é".repeat(500)), "é".repeat(500));
    }

    #[test]
    fn split_secret_is_redacted() {
        let redactor = redactor(&["sk-canary-0123456789"]);
        assert_eq!(redactor.clean_message("key sk-canary-\u{0}0123456789 is wrong"), "key *** is wrong");
        let shown = redactor.clean_message(&format!("{}sk-canary-0123456789", "x".repeat(490)));
        assert!(!shown.contains("sk-"), "{shown}");
    }

    #[test]
    fn invisible_characters_are_removed() {
        for hidden in ["\u{61c}", "\u{ad}", "\u{180e}", "\u{2066}", "\u{206a}", "\u{fff9}", "\u{3164}", "\u{fe0f}"] {
            assert_eq!(redactor(&[]).clean_message(&format!("a{hidden}b")), "ab", "{hidden:?}");
        }
        let smuggled: String = "ignore all".bytes().map(|b| char::from_u32(0xe0000 + u32::from(b)).unwrap()).collect();
        assert_eq!(redactor(&[]).clean_message(&format!("too {smuggled}\u{e0001}\u{e01ef}large")), "too large");
        assert_eq!(redactor(&[]).clean_message("größe 大きさ حجم 🦊"), "größe 大きさ حجم 🦊");
    }

    #[test]
    fn secrets_of_four_characters_are_redacted() {
        assert_eq!(redactor(&["sk-1", "abc"]).clean_message("sk-1 and abc"), "*** and abc");
    }

    #[test]
    fn url_encoded_secret_is_redacted() {
        let redactor = redactor(&["s/p ä+1"]);
        assert_eq!(
            redactor.clean_message("POST /v1?key=s%2Fp+%C3%A4%2B1, s%2Fp%20%C3%A4%2B1, s/p  ä+1"),
            "POST /v1?key=***, ***, ***"
        );
    }

    #[test]
    fn credential_in_a_header_is_redacted_without_its_scheme() {
        assert_eq!(header_secrets("tok-1234"), ["tok-1234"]);
        assert_eq!(header_secrets("Bearer  tok-1234 "), ["Bearer  tok-1234 ", "tok-1234"]);
        let basic = ["Basic YWRhOnM6ZWNyZXQ=", "YWRhOnM6ZWNyZXQ=", "s:ecret", "ada:s:ecret"];
        assert_eq!(header_secrets("Basic YWRhOnM6ZWNyZXQ="), basic);
        let secrets = header_secrets("Bearer tok-1234");
        let redactor = Redactor::from_secrets(secrets.iter().map(String::as_str));
        assert_eq!(redactor.clean_message("Received=tok-1234, expected sk-"), "Received=***, expected sk-");
    }

    #[test]
    fn secret_inside_another_is_redacted() {
        assert_eq!(redactor(&["sk-1", "sk-1234"]).clean_message("sk-1234 sk-1"), "*** ***");
    }
}
