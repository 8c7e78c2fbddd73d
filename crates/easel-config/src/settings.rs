//! The effective configuration as types. Every field is a key of `config.toml` under the same name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider_settings::ProviderConfig;
use crate::trust::Project;

const MIB: usize = 1024 * 1024;

/// What holds after all layers are merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The chat model of a turn. Unset: the provider's default model.
    pub model: Option<String>,
    /// What the model is told to be. Unset: a text of our own. 1 to 32,768 characters.
    pub model_instructions: Option<String>,
    /// What the model is told beside that, by whoever builds on Easel. 1 to 32,768 characters.
    pub developer_instructions: Option<String>,
    /// Which provider serves turns and images: `preview`, `openai` or a name under `model_providers`.
    /// Unset: chosen from what is configured.
    pub model_provider: Option<String>,
    /// Where the built-in `openai` sends the account's API key. Unset: `https://api.openai.com/v1`.
    pub openai_base_url: Option<String>,
    /// Where the backend of ChatGPT is; `/codex` below it is where the built-in `openai` sends the account's ChatGPT
    /// tokens. Unset: `https://chatgpt.com/backend-api`.
    pub chatgpt_base_url: Option<String>,
    /// Where the login is kept. Default `file`.
    pub cli_auth_credentials_store: CredentialsStore,
    /// Providers by name, 1 to 64 characters of `A-Z a-z 0-9 - _ .`.
    pub model_providers: BTreeMap<String, ProviderConfig>,
    /// Which projects the user trusts, by their absolute paths. Only the home's own file says so.
    pub projects: BTreeMap<String, Project>,
    /// Feature switches; see [`crate::FEATURES`].
    pub features: Features,
    /// How images are made.
    pub images: Images,
    /// What the model sees of older turns.
    pub history: History,
    /// How events go out.
    pub wire: Wire,
    /// What is refused.
    pub limits: Limits,
    /// What models cost, by their names; a name is one as for providers, with `/` and `:` too. No price is built in.
    pub prices: BTreeMap<String, Price>,
    /// How the process serves.
    pub server: Server,
}

/// Where the API key of a login is kept. ChatGPT tokens are kept nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsStore {
    /// `auth.json` in the home, which its owner alone can read.
    #[default]
    File,
    /// The keychain of the operating system, and nowhere else.
    Keyring,
    /// The keychain where there is one, else the file.
    Auto,
}

/// `[features]`: switches by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// Kill switch: off means no image tool of any kind, on every face. Default true.
    pub image_generation: bool,
    /// Offers the standalone tool `image_gen.imagegen` to the model. Default false.
    pub imagegenext: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { image_generation: true, imagegenext: false }
    }
}

/// `[images]`: how images are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Images {
    /// The image model. Default `gpt-image-2`.
    pub model: String,
    /// How many image calls of one turn run side by side. 1 to 16, default 4.
    pub parallel: u8,
    /// Milliseconds that one image call may take in all. 1,000 to 3,600,000, default 600,000.
    pub timeout_ms: u64,
    /// How closely the model looks at the images it is shown. Default `high`.
    pub detail: Detail,
    /// Whether an image request that may have been accepted, and billed, is sent at most twice more. Default false.
    /// Neither a project nor one thread can turn it on.
    pub retry_uncertain: bool,
    /// Whether metadata of images that a user gave, such as the place in a photo, stays here when they are sent.
    /// Default true.
    pub strip_metadata: bool,
    /// How often an image is shown while it is made, where the provider can do that. 0 to 3, default 0.
    pub partial_images: u32,
    /// Absolute paths of folders below which a model may name pictures, beside the folder of its thread. Default empty.
    pub reference_roots: Vec<String>,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            model: "gpt-image-2".to_owned(),
            parallel: 4,
            timeout_ms: 600_000,
            detail: Detail::High,
            retry_uncertain: false,
            strip_metadata: true,
            partial_images: 0,
            reference_roots: Vec::new(),
        }
    }
}

/// The `detail` of an image that the model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// The provider decides.
    Auto,
    /// Few tokens, coarse.
    Low,
    /// Many tokens, fine.
    High,
    /// As it is, without scaling.
    Original,
}

impl Detail {
    /// The name in configuration and on the provider's wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::High => "high",
            Self::Original => "original",
        }
    }
}

/// `[history]`: what the model sees of older turns, so that a request stays bounded however long the thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// How many of the newest images go to the model as pictures, older ones as a line of text. 0 to 100, default 8.
    pub model_images: u32,
    /// Bytes of those pictures together. 0 to 512,000,000, default 24,000,000.
    pub model_image_bytes: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { model_images: 8, model_image_bytes: 24_000_000 }
    }
}

/// `[wire]`: how events go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wire {
    /// Whether `result` of a finished image carries its base64. Default `none`: clients die on long lines.
    pub image_result: ImageResult,
    /// Milliseconds between the answer to `turn/start` and the first event of the turn. 0 to 1,000, default 20:
    /// clients subscribe only after they have handled the answer.
    pub turn_event_delay_ms: u64,
}

impl Default for Wire {
    fn default() -> Self {
        Self { image_result: ImageResult::None, turn_event_delay_ms: 20 }
    }
}

/// What `result` of a finished image carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageResult {
    /// Nothing: the item says where the bytes are.
    None,
    /// The image as base64, in the live event only.
    Inline,
}

/// `[limits]`: what is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of one reference image. 1 to 1,000,000,000, default 50,000,000.
    pub reference_bytes: u64,
    /// Pixels (width times height) of one reference image. 1 to 1,000,000,000, default 50,000,000.
    pub reference_pixels: u64,
    /// Images that one turn may make. 0 to 1,000, default 16.
    pub images_per_turn: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reference_bytes: 50_000_000, reference_pixels: 50_000_000, images_per_turn: 16 }
    }
}

/// `[prices.MODEL]`: US dollars. Unset ones are not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// Of one image. 0 to 1,000,000.
    pub image: Option<f64>,
    /// Of a million tokens sent. 0 to 1,000,000.
    pub input_per_million: Option<f64>,
    /// Of a million tokens received. 0 to 1,000,000.
    pub output_per_million: Option<f64>,
}

/// `[server]`: how the process serves. One value for all threads and connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Server {
    /// Milliseconds between the end of input and the exit. 0 to 600,000, default 5,000.
    pub shutdown_grace_ms: u64,
    /// Bytes of one incoming line; a longer one is skipped. 64 KiB to 1 GiB, default 64 MiB.
    pub max_line_bytes: usize,
    /// Requests in flight at once; more are answered as overload. 1 to 65,536, default 1,024.
    pub max_in_flight: usize,
    /// Bytes that wait for a slow reader of our output. 1 MiB to 1 GiB, default 32 MiB.
    pub outbox_bytes: usize,
    /// Threads at rest whose conversations stay in memory. 0 to 65,536, default 64.
    pub idle_threads: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            shutdown_grace_ms: 5_000,
            max_line_bytes: 64 * MIB,
            max_in_flight: 1_024,
            outbox_bytes: 32 * MIB,
            idle_threads: 64,
        }
    }
}
