//! The records themselves: each says only how it differs from the public API.
//!
//! Whether a model takes tools in a namespace, and how that is known. `images.namespace_tools` of a provider says
//! otherwise where one knows better; a name that comes back flattened is understood in any case.
//!
//! | kind | takes | source |
//! |---|---|---|
//! | OpenAI, Codex | yes | their own clients send them |
//! | Azure, both styles | yes | reports of clients: it names their namespaces in its errors |
//! | LiteLLM | yes | as upstream: passed on to a Responses API; reports of loss behind other APIs |
//! | vLLM-Omni | yes | vLLM's pull request 47024; gpt-oss alone refuses (issue 49493) |
//! | SGLang | no | accepted and dropped (pull request 38359 is open) |
//! | LocalAI | no | its source takes `function` and drops the rest |
//! | xAI | no | 422, unknown variant, in reports of several gateways |
//! | sd-server | yes | it has no model that could refuse them; the tool serves faces without a model |
//! | Together, generic | yes | not known: who enables the standalone tool finds out, and is told |
//!
//! Whether it lists its models is known from the documents of each; Azure lists what could be deployed and sd-server its
//! one image model, which is no use.

use std::collections::{BTreeMap, BTreeSet};

use easel_imagegen::capability::{AuthKind, DEFAULT_MAX_REFERENCES, Parameter};
use easel_imagegen::history::MAX_DATA_URL_IMAGE_BYTES;
use easel_imagegen::strip::Metadata;

use super::Preset;
use crate::record::{AuthScheme, Edit, Generate, ImageEncoding, Limits, PathStyle, Record, ResponseFormat, SizeStyle};

/// Bytes of one reference where the provider declares no number.
const MAX_IMAGE_BYTES: u64 = 50_000_000;

/// The version of Azure's API that first has image edits; `query_params` names another.
const AZURE_API_VERSION: &str = "2025-04-01-preview";

pub(super) fn record(preset: Preset) -> Record {
    match preset {
        Preset::Openai => openai(),
        Preset::Codex => codex(),
        Preset::Azure => azure(),
        Preset::AzureLegacy => Record {
            path_style: PathStyle::AzureDeployment,
            query: BTreeMap::from([("api-version".to_owned(), AZURE_API_VERSION.to_owned())]),
            ..azure()
        },
        Preset::Litellm => {
            Record { image_auth: key_or_none(), models_endpoint: true, partial_images: false, ..openai() }
        }
        Preset::SdServer => sd_server(),
        Preset::Localai => localai(),
        Preset::VllmOmni => Record {
            generate: generate(Some(ResponseFormat::B64Json), SizeStyle::TextWithoutAuto, &[SIZE, N, MASK]),
            edit: multipart(Some("mask_image")),
            ..own_server()
        },
        Preset::Sglang => Record {
            namespace_tools: false,
            generate: generate(Some(ResponseFormat::B64Json), SizeStyle::TextWithoutAuto, &[SIZE, N]),
            edit: multipart(None),
            ..own_server()
        },
        Preset::Together => together(),
        Preset::Xai => xai(),
        Preset::Generic => generic(),
    }
}

fn openai() -> Record {
    let all = [SIZE, Parameter::Quality, Parameter::Background, Parameter::OutputFormat, N, MASK];
    Record {
        auth: AuthScheme::Bearer,
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        path_style: PathStyle::V1,
        namespace_tools: true,
        models_endpoint: false,
        hosted_image_generation: true,
        image_auth: BTreeSet::from([AuthKind::ApiKey]),
        generate: generate(None, SizeStyle::Text, &all),
        edit: multipart(Some("mask")),
        limits: Limits { max_images: 16, max_image_bytes: MAX_IMAGE_BYTES, max_n: 10 },
        metadata: Metadata::Strip,
        stream_images: false,
        partial_images: true,
        bills: true,
        allow_plain_http: false,
    }
}

/// Size and quality are ignored there, so they are not offered.
fn codex() -> Record {
    Record {
        image_auth: BTreeSet::from([AuthKind::Chatgpt, AuthKind::Actor]),
        generate: generate(None, SizeStyle::Text, &[Parameter::Background]),
        edit: Edit::JsonImages,
        limits: Limits { max_images: 5, max_image_bytes: MAX_DATA_URL_IMAGE_BYTES, max_n: 1 },
        partial_images: false,
        ..openai()
    }
}

fn azure() -> Record {
    Record { auth: AuthScheme::Header("api-key".to_owned()), ..openai() }
}

/// What is known of no server in particular. Whether it bills is not known either, and a lost call counts as if it did.
fn generic() -> Record {
    Record {
        models_endpoint: true,
        hosted_image_generation: false,
        image_auth: key_or_none(),
        generate: generate(Some(ResponseFormat::TryB64Json), SizeStyle::TextWithoutAuto, &[SIZE, N]),
        limits: Limits { max_images: DEFAULT_MAX_REFERENCES, ..openai().limits },
        partial_images: false,
        ..openai()
    }
}

/// A server that people run themselves: nobody bills for it.
fn own_server() -> Record {
    Record { bills: false, ..generic() }
}

/// It takes PNG and JPEG only, and no credential at all.
fn sd_server() -> Record {
    Record {
        auth: AuthScheme::None,
        models_endpoint: false,
        image_auth: BTreeSet::from([AuthKind::None]),
        generate: generate(None, SizeStyle::TextWithoutAuto, &[SIZE, N, MASK]),
        ..own_server()
    }
}

fn localai() -> Record {
    Record {
        namespace_tools: false,
        generate: generate(Some(ResponseFormat::B64Json), SizeStyle::TextWithoutAuto, &[SIZE, N]),
        edit: Edit::GenerateJson { field: "ref_images".to_owned(), encoding: ImageEncoding::Base64 },
        ..own_server()
    }
}

fn together() -> Record {
    Record {
        image_auth: BTreeSet::from([AuthKind::ApiKey]),
        generate: generate(Some(ResponseFormat::Base64), SizeStyle::WidthHeight, &[SIZE, N, Parameter::OutputFormat]),
        edit: Edit::GenerateJson { field: "reference_images".to_owned(), encoding: ImageEncoding::DataUrl },
        ..generic()
    }
}

fn xai() -> Record {
    Record {
        namespace_tools: false,
        image_auth: BTreeSet::from([AuthKind::ApiKey]),
        generate: generate(Some(ResponseFormat::B64Json), SizeStyle::AspectResolution, &[SIZE, N]),
        edit: Edit::JsonXai,
        limits: Limits { max_images: 3, ..generic().limits },
        ..generic()
    }
}

const SIZE: Parameter = Parameter::Size;
const N: Parameter = Parameter::N;
const MASK: Parameter = Parameter::Mask;

fn key_or_none() -> BTreeSet<AuthKind> {
    BTreeSet::from([AuthKind::ApiKey, AuthKind::None])
}

fn generate(response_format: Option<ResponseFormat>, size: SizeStyle, parameters: &[Parameter]) -> Generate {
    Generate { response_format, size, parameters: parameters.iter().copied().collect() }
}

fn multipart(mask_field: Option<&str>) -> Edit {
    Edit::Multipart { image_field: "image[]".to_owned(), mask_field: mask_field.map(str::to_owned) }
}
