//! The kinds of provider that a configuration can name.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// The kind of a provider: `model_providers.NAME.preset` of the configuration.
///
/// A new kind is a variant here and an arm in the table of profiles of `easel-provider`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Preset {
    /// OpenAI's public API, with an API key.
    Openai,
    /// The backend of Codex, with ChatGPT credentials.
    Codex,
    /// Azure `OpenAI` at `{resource}/openai/v1`. The model is the name of the deployment.
    Azure,
    /// Azure `OpenAI` with the deployment in the path and `api-version` in the query.
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
    /// An OpenAI-compatible server about which nothing else is known.
    Generic,
    /// The embedded renderer under another name. It needs neither network nor key.
    Preview,
}

impl Preset {
    /// Names of all presets, as a configuration spells them.
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

    /// All presets.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde() {
        let serialized: Vec<_> = Preset::ALL.iter().map(|preset| serde_json::to_value(preset).unwrap()).collect();
        assert_eq!(serialized, Preset::NAMES);
    }
}
