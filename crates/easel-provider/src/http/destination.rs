//! Where a request goes and with which key: what an error says besides the words of the provider.

use std::fmt;

/// The destination of a request. Its text contains no secret, so errors show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The name of the provider in the configuration; empty if unknown.
    pub(crate) provider_id: String,
    /// Host and path, such as `api.openai.com/v1/responses`.
    pub(crate) address: String,
    /// The model that the request names.
    pub(crate) model: String,
    /// Whether the provider uses other models too for the request, as its hosted tool does.
    pub(crate) has_other_models: bool,
    /// The setting that names the model.
    pub(crate) model_setting: String,
    /// Where the key comes from; `None` if the provider needs none.
    pub(crate) key_source: Option<String>,
    /// The proxy between Easel and the provider.
    pub(crate) proxy: Option<Proxy>,
}

/// A proxy that the environment configures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host and port, without user and password. No port is the default of the proxy's scheme.
    pub address: String,
    /// Its host. An IPv6 address has no brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The variables that may name it.
    pub variables: &'static str,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", self.address, self.variables)
    }
}

impl Destination {
    /// Returns whether the provider is known. It is not in tests and in errors without a request.
    pub(crate) fn is_known(&self) -> bool {
        !self.provider_id.is_empty()
    }

    /// Returns the provider as the subject of a sentence.
    pub(crate) fn provider(&self) -> String {
        if self.is_known() { format!("provider `{}`", self.provider_id) } else { "the provider".to_owned() }
    }
}
