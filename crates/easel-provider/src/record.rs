//! How one provider's API differs from the others', as data.

use std::collections::{BTreeMap, BTreeSet};

use easel_imagegen::capability::{AuthKind, Parameter};
use easel_imagegen::strip::Metadata;
use easel_protocol::record::Billed;

/// Everything that the one implementation needs to know of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub auth: AuthScheme,
    /// Added to every URL.
    pub query: BTreeMap<String, String>,
    /// Added to every request; values may be secret.
    pub headers: BTreeMap<String, crate::credential::Secret>,
    pub path_style: PathStyle,
    /// The model has the Responses API with tools in a namespace.
    pub namespace_tools: bool,
    /// `{base}/models` lists its models.
    pub models_endpoint: bool,
    pub hosted_image_generation: bool,
    /// Credential kinds that the images endpoint takes.
    pub image_auth: BTreeSet<AuthKind>,
    pub generate: Generate,
    pub edit: Edit,
    pub limits: Limits,
    /// What becomes of the metadata of images that were given.
    pub metadata: Metadata,
    /// Asks for images as a stream, where the provider takes that.
    pub stream_images: bool,
    /// The images endpoint takes `partial_images` with `stream`, and the hosted tool takes it too.
    pub partial_images: bool,
    /// Whether an accepted request costs money.
    pub bills: bool,
    /// The user accepts that a credential goes over plain HTTP to another machine.
    pub allow_plain_http: bool,
}

/// The header by which a backend knows whom a request acts for. Clients of the Codex backend take a provider that has it
/// for authorised by it, whatever else it sends.
pub const ACTOR_AUTHORIZATION: &str = "x-openai-actor-authorization";

impl Record {
    /// What a call costs here that cost `billed` at a provider that bills.
    pub(crate) const fn billed(&self, billed: Billed) -> Billed {
        if self.bills { billed } else { Billed::No }
    }

    /// Whether a header of the configuration authorises the requests.
    pub(crate) fn authorises_an_actor(&self) -> bool {
        self.headers.keys().any(|name| name.eq_ignore_ascii_case(ACTOR_AUTHORIZATION))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthScheme {
    Bearer,
    /// The credential alone, in a header of this name.
    Header(String),
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStyle {
    /// `{base}/images/generations`, the model in the body.
    V1,
    /// `{base}/openai/deployments/{model}/images/generations`, and `{base}/openai/responses` with the model in the body.
    AzureDeployment,
}

/// `images/generations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generate {
    /// `response_format`, left out when `None`.
    pub response_format: Option<ResponseFormat>,
    pub size: SizeStyle,
    /// Optional fields that may be sent; nothing else ever is.
    pub parameters: BTreeSet<Parameter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// `"b64_json"`
    B64Json,
    /// `"base64"`
    Base64,
    /// `"b64_json"`, and once more without it when refused with 400 `unknown_parameter`, which is not billed.
    TryB64Json,
}

/// How the size of an image is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeStyle {
    /// `size: "WxH"` or `"auto"`
    Text,
    /// `size: "WxH"`, left out for `auto`.
    TextWithoutAuto,
    /// `width` and `height` as integers, left out for `auto`.
    WidthHeight,
    /// `aspect_ratio` and `resolution`.
    AspectResolution,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    None,
    /// Multipart with the images in fields of this name.
    Multipart {
        image_field: String,
        mask_field: Option<String>,
    },
    /// JSON `images: [{"image_url": data URL}]`.
    JsonImages,
    /// JSON `image: {"url": data URL}`, or `images` for several.
    JsonXai,
    /// `images/generations` with the images in a field of this name, raw base64 or data URLs.
    GenerateJson {
        field: String,
        encoding: ImageEncoding,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageEncoding {
    Base64,
    DataUrl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Reference images in one edit.
    pub max_images: usize,
    /// Bytes of one reference image.
    pub max_image_bytes: u64,
    /// Images in one call.
    pub max_n: u32,
}
