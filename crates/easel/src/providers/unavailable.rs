//! A provider that is named but cannot be used.

use easel_imagegen::capability::{AuthKind, Capabilities};
use easel_imagegen::port::ProviderInfo;

/// A provider that cannot be used, with the reason. It can do nothing.
#[derive(Debug)]
pub(crate) struct UnavailableProvider {
    info: ProviderInfo,
    reason: String,
}

impl UnavailableProvider {
    /// Creates a provider that cannot be used. `reason` is a sentence for the user, with capital and full stop.
    pub(super) fn new(id: &str, name: &str, base_url: Option<String>, reason: String) -> Self {
        let capabilities = Capabilities {
            image_generation: false,
            hosted_image_generation: false,
            namespace_tools: false,
            image_auth: [AuthKind::None].into(),
            parameters: [].into(),
            max_references: 0,
            max_n: 1,
            partial_images: false,
            bills: true,
        };
        let info = ProviderInfo {
            id: id.to_owned(),
            name: name.to_owned(),
            base_url,
            models: Vec::new(),
            image_model: String::new(),
            synthetic: false,
            capabilities,
        };
        Self { info, reason }
    }

    /// Returns what clients see of the provider.
    pub(super) fn info(&self) -> &ProviderInfo {
        &self.info
    }

    /// Returns why the provider cannot be used.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }
}
