//! The effective configuration as types. Every field is a key of `config.toml` with the same name.
//!
//! The limits of each key are in the table of `keys` only; defaults are the `Default` implementations here.

mod approval;
mod features;
mod hooks;
mod images;
mod mcp;
mod project;
mod provider;
mod secret;

use std::collections::BTreeMap;

use easel_imagegen::spending::Price;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

pub use approval::Approval;
pub use features::{FEATURES, Feature, Features};
pub use hooks::{Hook, Hooks};
pub use images::{Acp, AcpImages, Detail, History, ImageResult, Images, KeepUnmasked, Pictures, Wire};
pub use mcp::Mcp;
pub use project::{Project, TrustLevel};
pub use provider::{EditStyle, ProviderAuth, ProviderConfig, ProviderImages};
pub use secret::SecretValue;

const MIB: usize = 1024 * 1024;

/// The configuration after all layers are merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The chat model of a turn. Unset: the provider's default model.
    pub model: Option<String>,
    /// The system prompt. Unset: Easel's own.
    pub model_instructions: Option<String>,
    /// The reasoning effort of the chat model. Unset: the model's default.
    pub model_reasoning_effort: Option<String>,
    /// The summary of its reasoning that the chat model writes. Unset: the provider's default.
    pub model_reasoning_summary: Option<ReasoningSummary>,
    /// Instructions that follow the system prompt, written by the developer of a client.
    pub developer_instructions: Option<String>,
    /// The number of tokens in a request to the model above which older turns are reduced to a catalogue. Unset:
    /// 100,000.
    pub model_context_tokens: Option<u64>,
    /// The provider of turns and images: `preview`, `openai` or a name under `model_providers`. Unset: chosen from
    /// what is configured.
    pub model_provider: Option<String>,
    /// The base URL to which the built-in provider `openai` sends the account's API key. Unset: OpenAI's public API.
    pub openai_base_url: Option<String>,
    /// The base URL of the ChatGPT backend. The built-in provider `openai` sends the account's ChatGPT tokens to
    /// `/codex` below it. Unset: ChatGPT's own.
    pub chatgpt_base_url: Option<String>,
    /// Where the API key of a login is stored.
    pub cli_auth_credentials_store: CredentialsStore,
    /// Providers by name.
    pub model_providers: BTreeMap<String, ProviderConfig>,
    /// Projects by absolute path, with the user's trust in each. Only the home's own file can set it.
    pub projects: BTreeMap<String, Project>,
    /// Features that can be switched; see [`crate::FEATURES`].
    pub features: Features,
    /// How images are generated.
    pub images: Images,
    /// Which image calls need an approval of the user.
    pub approval: Approval,
    /// Milliseconds until no answer to the question for an approval counts as a denial. Unset: 300,000.
    pub approval_timeout_ms: Option<u64>,
    /// Programs that run before and after image calls.
    pub hooks: Hooks,
    /// What the model sees of earlier turns.
    pub history: History,
    /// How events are sent.
    pub wire: Wire,
    /// How Easel works as an agent in an editor.
    pub acp: Acp,
    /// How `easel mcp-server` answers its host.
    pub mcp: Mcp,
    /// Limits of references, turns and spending.
    pub limits: Limits,
    /// Prices by model. No price is built in.
    pub prices: BTreeMap<String, Price>,
    /// Limits of the server process.
    pub server: Server,
}

/// The summary of its reasoning that a model writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReasoningSummary {
    /// The most detailed one that the model supports.
    Auto,
    /// A short one.
    Concise,
    /// A long one.
    Detailed,
    /// None.
    None,
}

/// Where the API key of a login is stored. ChatGPT tokens are never stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CredentialsStore {
    /// `auth.json` in the home folder, which only its owner can read.
    #[default]
    File,
    /// The keychain of the operating system.
    Keyring,
    /// The keychain if there is one, else the file.
    Auto,
}

/// `[limits]`: limits of references, turns and spending.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Maximum size of one reference image in bytes.
    pub reference_bytes: u64,
    /// Maximum number of pixels (width times height) of one reference image.
    pub reference_pixels: u64,
    /// Maximum number of images that one turn may generate.
    pub images_per_turn: u32,
    /// Maximum number of billed images in one day, in all threads. Unset: no limit.
    pub images_per_day: Option<u64>,
    /// Maximum cost of images in one day, in all threads, in US dollars. Unset: no limit.
    pub cost_per_day: Option<f64>,
    /// Maximum cost of the images of one thread, in US dollars. Unset: no limit.
    pub cost_per_thread: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reference_bytes: 50_000_000,
            reference_pixels: 50_000_000,
            images_per_turn: 16,
            images_per_day: None,
            cost_per_day: None,
            cost_per_thread: None,
        }
    }
}

/// `[server]`: limits of the server process, which all threads and connections share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Server {
    /// Milliseconds between the end of the input and the exit of the process.
    pub shutdown_grace_ms: u64,
    /// Maximum length of one incoming line in bytes. Longer lines are refused.
    pub max_line_bytes: usize,
    /// Maximum number of requests in flight. Further requests are refused as overload.
    pub max_in_flight: usize,
    /// Maximum size in bytes of the output that waits for a slow client, per connection.
    pub outbox_bytes: usize,
    /// Maximum number of idle threads whose conversations stay in memory.
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
