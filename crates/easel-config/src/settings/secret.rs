//! The type of settings whose value may be a secret.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::keys::HIDDEN;

/// A setting whose value may be a secret, such as the value of a header.
///
/// A [`SecretString`] that configurations can compare and serialize: it prints and serializes as `***`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretValue(SecretString);

impl SecretValue {
    /// Returns the secret, to pass it on without exposing it.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }

    /// Returns the value, to send it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for SecretValue {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretValue {}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for SecretValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}
