//! The capabilities of a provider as data. The tool advertises what follows from them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// Maximum number of reference images of a provider that does not declare its own.
pub const DEFAULT_MAX_REFERENCES: usize = 5;

/// Maximum number of reference images of any provider.
pub const MAX_REFERENCES: usize = 16;

/// What a provider can do with images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it has an images endpoint, which the standalone tool uses.
    pub image_generation: bool,
    /// Whether its model has an image tool of its own.
    pub hosted_image_generation: bool,
    /// Whether the model accepts tools in a namespace.
    pub namespace_tools: bool,
    /// The kinds of credential that the images endpoint accepts.
    pub image_auth: BTreeSet<AuthKind>,
    /// The optional parameters of the images endpoint. Others are neither advertised nor sent.
    pub parameters: BTreeSet<Parameter>,
    /// Maximum number of reference images in one edit; 0 if the provider cannot edit.
    pub max_references: usize,
    /// Maximum number of images in one call.
    pub max_n: u32,
    /// Whether it can send previews of an unfinished image.
    pub partial_images: bool,
    /// Whether it charges for an accepted request.
    pub bills: bool,
}

/// The kind of credential that authorizes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthKind {
    /// A ChatGPT login.
    Chatgpt,
    /// An API key.
    ApiKey,
    /// The header `x-openai-actor-authorization`, which no images endpoint accepts.
    Actor,
    /// No credential.
    None,
}

/// An optional argument of the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Parameter {
    /// Width and height.
    Size,
    /// How much effort the model makes.
    Quality,
    /// Opaque or transparent.
    Background,
    /// PNG, JPEG or WebP.
    OutputFormat,
    /// How many images.
    N,
    /// Which part of the image an edit may change.
    Mask,
}

impl Parameter {
    /// Names of all parameters, as a configuration spells them.
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;
}
