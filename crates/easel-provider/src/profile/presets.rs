//! The profiles of the presets. Each states only how it differs from OpenAI's public API.
//!
//! The table says whether the model accepts tools in a namespace, and how we know. `images.namespace_tools` of a
//! provider overrides it. In calls, Easel always accepts the flattened name too.
//!
//! | preset | namespaces | source |
//! |---|---|---|
//! | OpenAI, Codex | yes | their own clients send them |
//! | Azure, both styles | yes | reports of clients: its errors name their namespaces |
//! | LiteLLM | yes | passed on to an upstream Responses API; users report that other upstream APIs lose them |
//! | vLLM-Omni | yes | vLLM's pull request 47024; only gpt-oss refuses them (issue 49493) |
//! | SGLang | no | accepted and dropped (pull request 38359 is open) |
//! | LocalAI | no | its source takes `function` and drops the rest |
//! | xAI | no | 422, unknown variant, in reports of several gateways |
//! | sd-server | yes | it has no chat model: the built-in rule calls the tool |
//! | Together, generic | yes | unknown: a user who enables the standalone tool gets the provider's error |
//!
//! `prompt_cache_key` is a field of OpenAI's API that strict servers refuse, so only OpenAI's own servers and Azure get
//! it. `model_providers.NAME.prompt_cache_key` overrides it. Breakpoints are in OpenAI's API since GPT-5.6; users
//! report that the Codex backend refuses them.
//!
//! `keep_reasoning` is on only where it is known to work. `keep_reasoning` of a provider overrides it.
//!
//! | preset | kept | reason |
//! |---|---|---|
//! | Codex | yes | its own client asks for it in every request and sends it back, and all of its models reason |
//! | OpenAI | no | models that do not reason refuse the request, and the profile does not know the model |
//! | Azure, both styles | no | as OpenAI, and the name of a deployment does not tell its model |
//! | LiteLLM | no | the upstream decides, and may change from request to request, so nobody could decrypt |
//! | all others | no | not documented; a server of open models encrypts nothing |
//!
//! It is always or never: reasoning that only the requests of one turn contain would change the conversation before
//! the end, and the provider's cache of it would be of no use.
//!
//! `models_endpoint` follows the providers' documentation. It is off where the list is not useful: Azure lists what
//! could be deployed, and sd-server only its image model. `documents_models` is on where every version of the provider
//! has the list at its base URL.

use std::collections::{BTreeMap, BTreeSet};

use easel_imagegen::capability::{AuthKind, DEFAULT_MAX_REFERENCES, MAX_REFERENCES, Parameter};
use easel_imagegen::history::MAX_DATA_URL_IMAGE_BYTES;
use easel_imagegen::preset::Preset;
use easel_imagegen::strip::Metadata;

use super::{ApiProfile, AuthScheme, Edit, Generate, ImageEncoding, Limits, PathStyle, ResponseFormat, SizeStyle};

/// Bytes of one reference image if the provider documents no limit.
const MAX_IMAGE_BYTES: u64 = 50_000_000;

/// The first version of Azure's API with image edits. `query_params` overrides it.
const AZURE_API_VERSION: &str = "2025-04-01-preview";

/// Returns the profile of a preset.
pub(super) fn profile(preset: Preset) -> ApiProfile {
    match preset {
        Preset::Openai => openai(),
        Preset::Codex => codex(),
        Preset::Azure => azure(),
        Preset::AzureLegacy => ApiProfile {
            documents_models: false,
            prompt_cache_key: false,
            cache_breakpoints: false,
            path_style: PathStyle::AzureDeployment,
            query: BTreeMap::from([("api-version".to_owned(), AZURE_API_VERSION.to_owned())]),
            ..azure()
        },
        Preset::Litellm => ApiProfile {
            base_url: None,
            image_auth: key_or_none(),
            prompt_cache_key: false,
            cache_breakpoints: false,
            models_endpoint: true,
            partial_images: false,
            ..openai()
        },
        Preset::SdServer => sd_server(),
        Preset::Localai => localai(),
        Preset::VllmOmni => ApiProfile {
            documents_models: true,
            generate: generate(Some(ResponseFormat::B64Json), SizeStyle::TextWithoutAuto, &[SIZE, N, MASK]),
            edit: multipart(Some("mask_image")),
            ..own_server()
        },
        Preset::Sglang => ApiProfile {
            documents_models: true,
            namespace_tools: false,
            generate: generate(Some(ResponseFormat::B64Json), SizeStyle::TextWithoutAuto, &[SIZE, N]),
            edit: multipart(None),
            ..own_server()
        },
        Preset::Together => together(),
        Preset::Xai => xai(),
        // The preview is not an HTTP provider and never uses a profile.
        Preset::Generic | Preset::Preview => generic(),
    }
}

fn openai() -> ApiProfile {
    let all = [SIZE, Parameter::Quality, Parameter::Background, Parameter::OutputFormat, N, MASK];
    ApiProfile {
        base_url: Some("https://api.openai.com/v1"),
        auth: AuthScheme::Bearer,
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        path_style: PathStyle::V1,
        chat_model: true,
        namespace_tools: true,
        prompt_cache_key: true,
        cache_breakpoints: true,
        keep_reasoning: false,
        models_endpoint: false,
        documents_models: true,
        hosted_image_generation: true,
        image_auth: BTreeSet::from([AuthKind::ApiKey]),
        generate: generate(None, SizeStyle::Text, &all),
        edit: multipart(Some("mask")),
        limits: Limits { max_images: MAX_REFERENCES, max_image_bytes: MAX_IMAGE_BYTES, max_n: 10 },
        metadata: Metadata::Strip,
        stream_images: false,
        partial_images: true,
        bills: true,
        allow_plain_http: false,
    }
}

/// The Codex backend. It ignores size and quality, so they are not offered.
fn codex() -> ApiProfile {
    ApiProfile {
        base_url: Some("https://chatgpt.com/backend-api/codex"),
        image_auth: BTreeSet::from([AuthKind::Chatgpt, AuthKind::Actor]),
        generate: generate(None, SizeStyle::Text, &[Parameter::Background]),
        keep_reasoning: true,
        edit: Edit::JsonImages,
        limits: Limits { max_images: 5, max_image_bytes: MAX_DATA_URL_IMAGE_BYTES, max_n: 1 },
        cache_breakpoints: false,
        documents_models: false,
        partial_images: false,
        ..openai()
    }
}

fn azure() -> ApiProfile {
    ApiProfile { base_url: None, auth: AuthScheme::Header("api-key".to_owned()), ..openai() }
}

/// A server about which nothing else is known. It may bill, so a lost call counts as possibly billed.
fn generic() -> ApiProfile {
    ApiProfile {
        base_url: None,
        prompt_cache_key: false,
        cache_breakpoints: false,
        models_endpoint: true,
        documents_models: false,
        hosted_image_generation: false,
        image_auth: key_or_none(),
        generate: generate(Some(ResponseFormat::TryB64Json), SizeStyle::TextWithoutAuto, &[SIZE, N]),
        limits: Limits { max_images: DEFAULT_MAX_REFERENCES, ..openai().limits },
        partial_images: false,
        ..openai()
    }
}

/// A server that users run themselves. It does not bill.
fn own_server() -> ApiProfile {
    ApiProfile { bills: false, ..generic() }
}

/// `sd-server`, which takes PNG and JPEG only, and no credential.
fn sd_server() -> ApiProfile {
    ApiProfile {
        auth: AuthScheme::None,
        chat_model: false,
        models_endpoint: false,
        image_auth: BTreeSet::from([AuthKind::None]),
        generate: generate(None, SizeStyle::TextWithoutAuto, &[SIZE, N, MASK]),
        ..own_server()
    }
}

fn localai() -> ApiProfile {
    ApiProfile {
        documents_models: true,
        namespace_tools: false,
        generate: generate(Some(ResponseFormat::B64Json), SizeStyle::TextWithoutAuto, &[SIZE, N]),
        edit: Edit::GenerateJson { field: "ref_images".to_owned(), encoding: ImageEncoding::Base64 },
        ..own_server()
    }
}

fn together() -> ApiProfile {
    ApiProfile {
        documents_models: true,
        image_auth: BTreeSet::from([AuthKind::ApiKey]),
        generate: generate(Some(ResponseFormat::Base64), SizeStyle::WidthHeight, &[SIZE, N, Parameter::OutputFormat]),
        edit: Edit::GenerateJson { field: "reference_images".to_owned(), encoding: ImageEncoding::DataUrl },
        ..generic()
    }
}

fn xai() -> ApiProfile {
    ApiProfile {
        documents_models: true,
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
