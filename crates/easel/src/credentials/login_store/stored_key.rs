//! An API key and its origin, in the form in which a login is stored.

use easel_provider::CredentialError;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::super::origin::Origin;
use super::super::{credential_error, is_same_secret, parse_token};

/// Maximum length of an API key, in bytes. Real keys have a few hundred.
pub(crate) const MAX_KEY_LEN: usize = 4_096;

/// The origin of a key that was stored without one, by Codex or by an older version of Easel.
const PUBLIC_API: &str = "https://api.openai.com";

/// A key that is sent to one origin only, whatever the configuration says later.
#[derive(Debug, Clone)]
pub(crate) struct StoredKey {
    pub(crate) key: SecretString,
    pub(crate) origin: Origin,
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &Self) -> bool {
        is_same_secret(&self.key, &other.key) && self.origin == other.origin
    }
}

impl Eq for StoredKey {}

/// The `auth.json` of Codex, with a field of Easel's that Codex ignores.
#[derive(Serialize, Deserialize)]
struct AuthJson {
    #[serde(rename = "OPENAI_API_KEY")]
    openai_api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    easel_origin: Option<String>,
}

impl StoredKey {
    /// Parses the text of a login; `None` if it has no key.
    ///
    /// # Errors
    /// The error has no content, because both the parser's message and the text may contain the key.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, ()> {
        let AuthJson { openai_api_key, easel_origin } = serde_json::from_str(text).map_err(|_| ())?;
        let origin = Origin::parse(easel_origin.as_deref().unwrap_or(PUBLIC_API)).ok_or(())?;
        let key = openai_api_key.map(|key| key.trim().to_owned());
        let key = key.filter(|key| !key.is_empty() && key.len() <= MAX_KEY_LEN).map(SecretString::from);
        Ok(key.map(|key| Self { key, origin }))
    }

    /// Parses an entry of the keychain, which may be a bare key that an older version of Easel stored.
    ///
    /// # Errors
    /// As for [`StoredKey::parse`].
    pub(crate) fn parse_entry(text: &str) -> Result<Option<Self>, ()> {
        match parse_token(text, MAX_KEY_LEN).filter(|token| !token.starts_with('{')) {
            Some(key) => {
                let origin = Origin::parse(PUBLIC_API).ok_or(())?;
                Ok(Some(Self { key: SecretString::from(key.to_owned()), origin }))
            }
            None => Self::parse(text),
        }
    }

    /// Returns the text to store.
    ///
    /// # Errors
    /// If the key cannot be written as JSON.
    pub(crate) fn to_text(&self) -> Result<SecretString, CredentialError> {
        let text = AuthJson {
            openai_api_key: Some(self.key.expose_secret().to_owned()),
            easel_origin: Some(self.origin.as_str().to_owned()),
        };
        let text = serde_json::to_string(&text);
        text.map(SecretString::from).map_err(|_| credential_error("the key cannot be written as JSON"))
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
    fn keychain_entry_may_be_a_bare_key() {
        let bare = StoredKey::parse_entry("sk-1").unwrap().unwrap();
        assert_eq!((bare.key.expose_secret(), bare.origin.as_str()), ("sk-1", PUBLIC_API));
        assert_eq!(StoredKey::parse_entry(bare.to_text().unwrap().expose_secret()), Ok(Some(bare)));
        assert_eq!(StoredKey::parse_entry("{canary"), Err(()));
        assert_eq!(StoredKey::parse_entry("two canaries"), Err(()));
    }

    #[test]
    fn damaged_text_is_refused() {
        for text in
            ["", "sk-canary", r#"{"OPENAI_API_KEY":7}"#, r#"{"OPENAI_API_KEY":"sk","easel_origin":"not a URL"}"#]
        {
            assert_eq!(StoredKey::parse(text), Err(()), "{text}");
        }
    }
}
