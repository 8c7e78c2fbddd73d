//! `[model_providers.NAME]`: who serves turns and images, and how its API differs from what its preset says.

use std::collections::BTreeMap;
use std::fmt;

use easel_imagegen::capability::Parameter;
use easel_imagegen::preset::Preset;
use serde::{Deserialize, Serialize, Serializer};

/// One entry of `[model_providers.NAME]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderConfig {
    /// The name shown to people. Unset: the entry's own name.
    pub name: Option<String>,
    /// The capability record to start from. Unset: `generic`.
    pub preset: Option<Preset>,
    /// `http` or `https` URL without user name, query or fragment, at most 2,048 characters. Unset: the preset's own,
    /// where there is only one place.
    pub base_url: Option<String>,
    /// Whether a key may go to another machine over plain `http`, where anybody on the way can read it. Default false.
    pub allow_plain_http: bool,
    /// The model API that the provider speaks; only `responses` is known.
    pub wire_api: Option<String>,
    /// The name of the environment variable that holds the API key, never the key itself.
    pub env_key: Option<String>,
    /// Whether the provider takes the stored credential of the account. Default false.
    pub requires_openai_auth: bool,
    /// A program that prints the credential, in place of `env_key`.
    pub auth: ProviderAuth,
    /// Headers of every request, by name.
    pub http_headers: BTreeMap<String, Hidden>,
    /// Headers whose values are in environment variables: name of the header, name of the variable. One whose variable
    /// is unset is left out.
    pub env_http_headers: BTreeMap<String, String>,
    /// Added to the query of every URL.
    pub query_params: BTreeMap<String, Hidden>,
    /// Milliseconds until a connection must stand. 100 to 120,000. Unset: 10,000.
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds between two pieces of the model's answer. 1,000 to 3,600,000. Unset: 300,000.
    pub stream_idle_timeout_ms: Option<u64>,
    /// How often a request to the model that brought no answer is sent again. 0 to 100. Unset: 2. Image requests take no
    /// notice of it.
    pub request_max_retries: Option<u32>,
    /// How often an answer of the model that was cut before it said anything is asked for again. 0 to 100. Unset: 2.
    pub stream_max_retries: Option<u32>,
    /// Whether `GET {base_url}/models` lists its models. Unset: what the preset says.
    pub models_endpoint: Option<bool>,
    /// The image model at this provider. Unset: `images.model`.
    pub image_model: Option<String>,
    /// Where the images API differs from the preset.
    pub images: ProviderImages,
    /// Extra milliseconds before every picture of a `preview` provider, to rehearse a slow one. 0 to 600,000, default 0.
    pub delay_ms: u64,
    /// Whether a `preview` provider counts as one that bills, to rehearse what a lost answer costs. Default false.
    pub bills: bool,
}

/// `[model_providers.NAME.auth]`: a program whose output is the credential. It is run without a shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderAuth {
    /// The program: a name that is looked up in `PATH`, an absolute path, or one relative to `cwd`.
    pub command: Option<String>,
    /// Its arguments, which may be secret.
    pub args: Vec<Hidden>,
    /// Milliseconds that it may take. 100 to 120,000. Unset: 5,000.
    pub timeout_ms: Option<u64>,
    /// Milliseconds after which it is run again; 0 keeps the credential until a provider refuses it. 0 to 86,400,000.
    /// Unset: 300,000.
    pub refresh_interval_ms: Option<u64>,
    /// Where it runs. Unset: Easel's home, from which a relative path starts too.
    pub cwd: Option<String>,
    /// Environment variables that it gets besides the usual ones, by their names.
    pub env_vars: Vec<String>,
}

/// `[model_providers.NAME.images]`: single fields over those of the preset. Unset ones are the preset's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderImages {
    /// How references are sent.
    pub edit: Option<EditStyle>,
    /// Reference images in one edit. 1 to 64.
    pub max_images: Option<usize>,
    /// Images in one call. 1 to 10.
    pub max_n: Option<u32>,
    /// Optional parameters that the images endpoint takes; others are neither advertised nor sent.
    pub parameters: Option<Vec<Parameter>>,
    /// Whether the model has a hosted image tool.
    pub hosted: Option<bool>,
    /// Whether the model takes tools in a namespace, which the standalone tool is.
    pub namespace_tools: Option<bool>,
}

/// How reference images are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditStyle {
    /// Not at all.
    None,
    /// `images/edits` as multipart.
    Multipart,
    /// `images/edits` as JSON, `images: [{"image_url": …}]`.
    Json,
    /// `images/edits` as JSON, `image: {"url": …}`.
    JsonXai,
}

/// A value that may be a secret, such as that of a header: it prints and serializes as `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// What stands for every hidden value.
    pub(crate) const SHOWN: &str = "***";

    /// The value itself, for the request that it belongs to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Hidden {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::SHOWN)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::SHOWN)
    }
}
