//! What is known of each kind of provider, by name. Where a provider declares no number, Easel's own stands.

mod table;

#[cfg(test)]
mod tests;

use crate::record::{Edit, Record};

use easel_imagegen::capability::Capabilities;

/// A kind of provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// OpenAI's public API, with an API key.
    Openai,
    /// The backend of Codex, with ChatGPT credentials.
    Codex,
    /// Azure `OpenAI`, `{resource}/openai/v1`: the model is the deployment.
    Azure,
    /// Azure `OpenAI` with the deployment in the path.
    AzureLegacy,
    /// A `LiteLLM` proxy.
    Litellm,
    /// `sd-server` of stable-diffusion.cpp.
    SdServer,
    /// `LocalAI`.
    Localai,
    /// `vLLM-Omni`.
    VllmOmni,
    /// `SGLang` diffusion.
    Sglang,
    /// Together.
    Together,
    /// `xAI`.
    Xai,
    /// An OpenAI-compatible server of which nothing more is known.
    Generic,
}

impl Preset {
    /// How its API differs from the others'.
    pub fn record(self) -> Record {
        table::record(self)
    }

    /// Where it is, for a kind that is in one place only.
    pub const fn base_url(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("https://api.openai.com/v1"),
            Self::Codex => Some("https://chatgpt.com/backend-api/codex"),
            Self::Azure
            | Self::AzureLegacy
            | Self::Litellm
            | Self::SdServer
            | Self::Localai
            | Self::VllmOmni
            | Self::Sglang
            | Self::Together
            | Self::Xai
            | Self::Generic => None,
        }
    }
}

impl Record {
    /// What the tool can advertise with such a provider.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            image_generation: true,
            hosted_image_generation: self.hosted_image_generation,
            namespace_tools: self.namespace_tools,
            image_auth: self.image_auth.clone(),
            parameters: self.generate.parameters.clone(),
            max_references: if self.edit == Edit::None { 0 } else { self.limits.max_images },
            max_n: self.limits.max_n,
            partial_images: self.partial_images,
            bills: self.bills,
        }
    }
}
