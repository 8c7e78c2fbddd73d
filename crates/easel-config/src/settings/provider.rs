//! `[model_providers.NAME]`: a provider of turns and images, and how its API differs from its preset.

use std::collections::BTreeMap;

use easel_imagegen::capability::Parameter;
use easel_imagegen::preset::Preset;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

use super::SecretValue;

/// `[model_providers.NAME]`: one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderConfig {
    /// The display name. Unset: the name of the table.
    pub name: Option<String>,
    /// The preset to start from. Unset: `generic`.
    pub preset: Option<Preset>,
    /// The base URL of the API. Unset: the preset's own, if it has one.
    pub base_url: Option<String>,
    /// Whether credentials may be sent to another machine over plain `http`, where others on the network can read them.
    pub allow_plain_http: bool,
    /// The model API of the provider. Only `responses` is supported.
    pub wire_api: Option<String>,
    /// The name of the environment variable that contains the API key. Never the key itself.
    pub env_key: Option<String>,
    /// Whether the provider uses the credential of the account.
    pub requires_openai_auth: bool,
    /// A program that prints the credential, instead of `env_key`.
    pub auth: ProviderAuth,
    /// Headers of every request, by name.
    pub http_headers: BTreeMap<String, SecretValue>,
    /// Headers whose values are in environment variables: names of variables by names of headers. A header whose
    /// variable is unset is left out.
    pub env_http_headers: BTreeMap<String, String>,
    /// Parameters that are added to the query of every URL.
    pub query_params: BTreeMap<String, SecretValue>,
    /// Milliseconds until a connection attempt times out. Unset: the default of `easel-provider`.
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds without data until the model's response times out. Unset: the default of `easel-provider`.
    pub stream_idle_timeout_ms: Option<u64>,
    /// How many times a model request without a response is sent again. Does not apply to image requests. Unset: the
    /// default of `easel-provider`.
    pub request_max_retries: Option<u32>,
    /// How many times a model request is sent again because its response broke off before it contained any output.
    /// Unset: the default of `easel-provider`.
    pub stream_max_retries: Option<u32>,
    /// Whether `GET {base_url}/models` lists the provider's models. Unset: the preset decides.
    pub models_endpoint: Option<bool>,
    /// Whether the provider has a model that answers. Without one, Easel's built-in rule calls the image tool. Unset:
    /// the preset decides.
    pub chat_model: Option<bool>,
    /// Whether requests to the model carry `prompt_cache_key`. Unset: the preset decides.
    pub prompt_cache_key: Option<bool>,
    /// Whether the model's reasoning is kept in encrypted form, and sent back with each later request. Unset: the
    /// preset decides.
    pub keep_reasoning: Option<bool>,
    /// The image model of this provider. Unset: `images.model`.
    pub image_model: Option<String>,
    /// Differences of the images API from the preset.
    pub images: ProviderImages,
    /// Extra milliseconds before each image of a `preview` provider, to simulate a slow one.
    pub delay_ms: u64,
    /// Whether a `preview` provider reports that it bills, to simulate the cost of a lost response.
    pub bills: bool,
}

/// `[model_providers.NAME.auth]`: a program whose output is the credential. It runs without a shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderAuth {
    /// The program: a name to look up in `PATH`, an absolute path, or a path relative to `cwd`.
    pub command: Option<String>,
    /// The arguments of the program, which may be secret.
    pub args: Vec<SecretValue>,
    /// Milliseconds until the program times out. Unset: 5,000.
    pub timeout_ms: Option<u64>,
    /// Milliseconds after which the program runs again. 0 keeps the credential until a provider refuses it. Unset:
    /// 300,000.
    pub refresh_interval_ms: Option<u64>,
    /// The working directory of the program, and the base of its relative path. Unset: Easel's home.
    pub cwd: Option<String>,
    /// Names of environment variables that the program gets besides the usual ones.
    pub env_vars: Vec<String>,
}

/// `[model_providers.NAME.images]`: differences of the images API from the preset. Unset fields are the preset's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderImages {
    /// How reference images are sent.
    pub edit: Option<EditStyle>,
    /// Maximum number of reference images in one edit.
    pub max_images: Option<usize>,
    /// Maximum number of images in one call.
    pub max_n: Option<u32>,
    /// Optional parameters that the images endpoint accepts. Others are neither advertised nor sent.
    pub parameters: Option<Vec<Parameter>>,
    /// Whether the model has a hosted image tool.
    pub hosted: Option<bool>,
    /// Whether the model accepts tools in a namespace, which the standalone tool needs.
    pub namespace_tools: Option<bool>,
}

/// How reference images are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum EditStyle {
    /// They cannot be sent.
    None,
    /// To `images/edits` as multipart.
    Multipart,
    /// To `images/edits` as JSON, `images: [{"image_url": …}]`.
    Json,
    /// To `images/edits` as JSON, `image: {"url": …}`.
    JsonXai,
}
