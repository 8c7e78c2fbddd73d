//! How one provider's API differs from the others, as data.

mod presets;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use easel_imagegen::capability::{AuthKind, Capabilities, Parameter};
use easel_imagegen::preset::Preset;
use easel_imagegen::strip::Metadata;
use easel_protocol::record::Billed;
use secrecy::SecretString;

/// The API of one provider: where it is, how requests are authorized, what it accepts and what it bills.
#[derive(Debug, Clone)]
pub struct ApiProfile {
    /// The base URL of a provider that has only one.
    pub base_url: Option<&'static str>,
    /// How requests carry the credential.
    pub auth: AuthScheme,
    /// Parameters in the query of every URL.
    pub query: BTreeMap<String, String>,
    /// Headers of every request. Their values may be secret.
    pub headers: BTreeMap<String, SecretString>,
    /// How URLs are built from the base URL.
    pub path_style: PathStyle,
    /// Whether the provider has a model that answers. One without only makes images.
    pub chat_model: bool,
    /// Whether the model takes tools in a namespace.
    pub namespace_tools: bool,
    /// Whether a request to the model may carry `prompt_cache_key`, which groups requests for the prompt cache.
    pub prompt_cache_key: bool,
    /// Whether newer models accept `prompt_cache_breakpoint` (see the module `responses`).
    pub cache_breakpoints: bool,
    /// Whether the model's reasoning is kept in encrypted form, and sent back with each later request.
    pub keep_reasoning: bool,
    /// Whether `{base}/models` lists the models.
    pub models_endpoint: bool,
    /// Whether the provider documents `{base}/models`, so that another answer means a wrong base URL.
    pub documents_models: bool,
    /// Whether the model has an image tool of its own.
    pub hosted_image_generation: bool,
    /// Kinds of credential that the images endpoint accepts.
    pub image_auth: BTreeSet<AuthKind>,
    /// The request for new images.
    pub generate: Generate,
    /// The request for edits.
    pub edit: Edit,
    /// Limits of one image call.
    pub limits: Limits,
    /// What happens to the metadata of user images.
    pub metadata: Metadata,
    /// Whether images are requested as a stream even without previews.
    pub stream_images: bool,
    /// Whether the images endpoint takes `partial_images` with `stream`. The hosted tool then takes it too.
    pub partial_images: bool,
    /// Whether an accepted request costs money.
    pub bills: bool,
    /// Whether the user accepts that a credential goes over plain HTTP to another machine.
    pub allow_plain_http: bool,
}

/// The header that names the user or service on whose behalf a request is made.
///
/// Clients of the Codex backend treat a provider with this header as authorized, whatever its other credentials.
pub const ACTOR_AUTHORIZATION: &str = "x-openai-actor-authorization";

impl ApiProfile {
    /// Returns the profile of a preset.
    ///
    /// [`Preset::Preview`] has no HTTP API and gets the profile of [`Preset::Generic`].
    pub fn from_preset(preset: Preset) -> Self {
        presets::profile(preset)
    }

    /// Returns what the image tool can advertise at this provider.
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

    /// Returns `billed` if this provider bills, and [`Billed::No`] otherwise.
    pub(crate) const fn apply_billing(&self, billed: Billed) -> Billed {
        if self.bills { billed } else { Billed::No }
    }

    /// Returns whether a configured header authorizes the requests.
    pub(crate) fn has_actor_authorization(&self) -> bool {
        self.headers.keys().any(|name| name.eq_ignore_ascii_case(ACTOR_AUTHORIZATION))
    }
}

/// How requests carry the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthScheme {
    /// `authorization: Bearer {credential}`
    Bearer,
    /// The bare credential in a header of this name.
    Header(String),
    /// Requests carry no credential.
    None,
}

/// How the URL of an endpoint is built from the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStyle {
    /// `{base}/images/generations`, with the model in the body.
    V1,
    /// `{base}/openai/deployments/{model}/images/generations`, and `{base}/openai/responses` with the model in the
    /// body.
    AzureDeployment,
}

/// The request of `images/generations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generate {
    /// The field `response_format`, omitted if `None`.
    pub response_format: Option<ResponseFormat>,
    /// How the size is written.
    pub size: SizeStyle,
    /// Optional fields that the endpoint accepts. No others are sent.
    pub parameters: BTreeSet<Parameter>,
}

/// The value of the field `response_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// `"b64_json"`
    B64Json,
    /// `"base64"`
    Base64,
    /// `"b64_json"`, and one more request without the field after 400 `unknown_parameter`, which is not billed.
    TryB64Json,
}

/// How the size of an image is written in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeStyle {
    /// `size: "WxH"` or `"auto"`
    Text,
    /// `size: "WxH"`, omitted for `auto`.
    TextWithoutAuto,
    /// `width` and `height` as integers, omitted for `auto`.
    WidthHeight,
    /// `aspect_ratio` and `resolution`, omitted for `auto`.
    AspectResolution,
    /// The size is not sent.
    Never,
}

/// How a request for an edit carries the reference images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The provider cannot edit.
    None,
    /// `images/edits` as multipart.
    Multipart {
        /// The field of each reference image.
        image_field: String,
        /// The field of the mask. `None` if the provider takes no mask.
        mask_field: Option<String>,
    },
    /// `images/edits` as JSON with `images: [{"image_url": data URL}]`.
    JsonImages,
    /// `images/edits` as JSON with `image: {"url": data URL}`, or `images` for several.
    JsonXai,
    /// `images/generations` as JSON with the images in one more field.
    GenerateJson {
        /// The field of the list of images.
        field: String,
        /// How each image is written.
        encoding: ImageEncoding,
    },
}

/// How an image is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageEncoding {
    /// Base64 only.
    Base64,
    /// A data URL.
    DataUrl,
}

/// Limits of one image call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Reference images in one edit.
    pub max_images: usize,
    /// Bytes of one reference image.
    pub max_image_bytes: u64,
    /// Images in one call.
    pub max_n: u32,
}
