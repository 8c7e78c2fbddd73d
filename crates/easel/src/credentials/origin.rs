//! Where a credential may go.

use std::fmt;

use reqwest::Url;

/// The origin of a URL: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// `None` for a text that is no URL with a host.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        Url::parse(url).ok().filter(Url::has_host).map(|url| Self::of(&url))
    }

    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
