//! The origin of a URL, which limits where a credential may be sent.

use std::fmt;

use reqwest::Url;

/// The origin of a URL: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Parses a URL and returns its origin; `None` if the text is not a URL with a host.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        Url::parse(url).ok().filter(Url::has_host).map(|url| Self::from_url(&url))
    }

    /// Returns the origin of a URL.
    pub(crate) fn from_url(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// Returns the origin as text, such as `https://api.openai.com`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
