//! What a provider can do with images, as data. What the tool advertises follows from it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// References that a provider takes where it declares no number.
pub const DEFAULT_MAX_REFERENCES: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// An images endpoint that the standalone tool can use.
    pub image_generation: bool,
    /// The model's own image tool.
    pub hosted_image_generation: bool,
    /// Whether the model takes tools in a namespace.
    pub namespace_tools: bool,
    /// Credential kinds that the images endpoint takes.
    pub image_auth: BTreeSet<AuthKind>,
    /// Optional parameters that the images endpoint declares; others are neither advertised nor sent.
    pub parameters: BTreeSet<Parameter>,
    /// Most reference images in one edit; 0 when the provider cannot edit.
    pub max_references: usize,
    /// Most images in one call.
    pub max_n: u32,
    /// Whether it can show an image while it is made.
    pub partial_images: bool,
    /// Whether an accepted request costs money.
    pub bills: bool,
}

/// What a request is authorised with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthKind {
    Chatgpt,
    ApiKey,
    Actor,
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
