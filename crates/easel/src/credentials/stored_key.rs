//! An API key with the origin that it was given for, as a login keeps them.

use easel_provider::CredentialError;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::one_word;
use super::origin::Origin;

/// Bytes of a key; real ones have a few hundred.
pub(super) const LONGEST_KEY: usize = 4_096;

/// What a key is for that was stored without an origin, by the peer or by an Easel before origins.
const PUBLIC_API: &str = "https://api.openai.com";

/// A key that leaves for one origin and no other, whatever the configuration says later.
#[derive(Debug, Clone)]
pub(crate) struct StoredKey {
    pub(crate) key: SecretString,
    pub(crate) origin: Origin,
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &Self) -> bool {
        self.key.expose_secret() == other.key.expose_secret() && self.origin == other.origin
    }
}

impl Eq for StoredKey {}

/// The peer's `auth.json`, with a field of ours that the peer ignores.
#[derive(Serialize, Deserialize)]
struct Text {
    #[serde(rename = "OPENAI_API_KEY")]
    openai_api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    easel_origin: Option<String>,
}

impl StoredKey {
    /// The key in the text of a login; `None` when there is none in it.
    ///
    /// # Errors
    /// Unit, since neither the parser's message nor the text may be repeated: both may hold the key.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, ()> {
        let Text { openai_api_key, easel_origin } = serde_json::from_str(text).map_err(|_| ())?;
        let origin = Origin::parse(easel_origin.as_deref().unwrap_or(PUBLIC_API)).ok_or(())?;
        let key = openai_api_key.map(|key| key.trim().to_owned());
        let key = key.filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY).map(SecretString::from);
        Ok(key.map(|key| Self { key, origin }))
    }

    /// The key in an entry of the keychain, which an Easel before origins wrote as it is.
    pub(super) fn parse_entry(text: &str) -> Result<Option<Self>, ()> {
        match one_word(text, LONGEST_KEY).filter(|word| !word.starts_with('{')) {
            Some(key) => {
                let origin = Origin::parse(PUBLIC_API).ok_or(())?;
                Ok(Some(Self { key: SecretString::from(key.to_owned()), origin }))
            }
            None => Self::parse(text),
        }
    }

    pub(super) fn to_text(&self) -> Result<SecretString, CredentialError> {
        let text = Text {
            openai_api_key: Some(self.key.expose_secret().to_owned()),
            easel_origin: Some(self.origin.as_str().to_owned()),
        };
        let text = serde_json::to_string(&text);
        text.map(SecretString::from)
            .map_err(|_| CredentialError { message: "the key cannot be written as JSON".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, String)> {
        let key = StoredKey::parse(text).unwrap()?;
        Some((key.key.expose_secret().to_owned(), key.origin.to_string()))
    }

    #[test]
    fn key_without_an_origin_is_for_the_public_api() {
        let public = Some(("sk-1".to_owned(), PUBLIC_API.to_owned()));
        assert_eq!(parsed(r#"{"OPENAI_API_KEY":"sk-1"}"#), public);
        assert_eq!(parsed(r#"{"auth_mode":"apikey","OPENAI_API_KEY":" sk-1\n","tokens":null}"#), public);
        assert_eq!(parsed(r#"{"OPENAI_API_KEY":null,"tokens":{"id_token":"x"}}"#), None);
        assert_eq!(parsed("{}"), None);
    }

    #[test]
    fn key_and_origin_survive_storage() {
        let origin = Origin::parse("http://[::1]:4000/openai/v1").unwrap();
        let stored = StoredKey { key: SecretString::from("sk-1".to_owned()), origin };
        let text = stored.to_text().unwrap();
        assert_eq!(text.expose_secret(), r#"{"OPENAI_API_KEY":"sk-1","easel_origin":"http://[::1]:4000"}"#);
        assert_eq!(StoredKey::parse(text.expose_secret()), Ok(Some(stored)));
    }

    #[test]
    fn entry_of_the_keychain_may_be_a_bare_key() {
        let bare = StoredKey::parse_entry("sk-1").unwrap().unwrap();
        assert_eq!((bare.key.expose_secret(), bare.origin.as_str()), ("sk-1", PUBLIC_API));
        assert_eq!(StoredKey::parse_entry(bare.to_text().unwrap().expose_secret()), Ok(Some(bare)));
        assert_eq!(StoredKey::parse_entry("{canary"), Err(()));
        assert_eq!(StoredKey::parse_entry("two canaries"), Err(()));
    }

    #[test]
    fn damaged_text_is_no_login_for_the_public_api() {
        for text in ["", "sk-canary", r#"{"OPENAI_API_KEY":7}"#, r#"{"OPENAI_API_KEY":"sk","easel_origin":"nowhere"}"#]
        {
            assert_eq!(StoredKey::parse(text), Err(()), "{text}");
        }
    }
}
