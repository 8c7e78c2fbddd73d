//! The service of `config/…` and `experimentalFeature/…`, and the configuration that all services read.
//!
//! [`Configuration`] is the current configuration; [`Settings`] implements the methods.

mod configuration;
mod description;
mod overrides;
mod thread_config;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use easel_config::{Config, Edit, Features, Merge};
use easel_protocol::configuration::{
    ConfigBatchWriteParams, ConfigEdit, ConfigReadParams, ConfigReadResponse, ConfigWriteResponse, MergeStrategy,
    WriteStatus,
};
use serde_json::Map;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::hooks::hooks_from_config;
use crate::requests::RequestError;
use crate::threads::LoadedThreads;
use crate::tools::Tools;
use thread_config::{approval_policy, spending_policy};

pub(crate) use configuration::Configuration;
pub(crate) use overrides::{Instructions, merge_overrides};
pub(crate) use thread_config::{ThreadConfigCache, derive_thread_config, to_summary};

/// Maximum number of edits of one request.
const MAX_EDITS: usize = 256;

/// The service of `config/…` and `experimentalFeature/…`.
pub(crate) struct Settings {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) loaded: Arc<LoadedThreads>,
    pub(crate) tools: Arc<Tools>,
}

/// Keeps running turns from sending events about a change until the response to the change is queued; dropping it lets
/// them continue.
pub(crate) struct BeforeResponse {
    _cancels: DropGuard,
}

impl BeforeResponse {
    fn new() -> (Self, CancellationToken) {
        let response_sent = CancellationToken::new();
        (Self { _cancels: response_sent.clone().drop_guard() }, response_sent)
    }
}

impl Settings {
    /// Describes the configuration of a folder: the values, and the layers that they come from.
    ///
    /// # Errors
    /// [`RequestError::ShuttingDown`], and [`RequestError::Description`] for a bug in Easel.
    pub(crate) async fn read(&self, params: ConfigReadParams) -> Result<ConfigReadResponse, RequestError> {
        let cwd = self.configuration.resolve(params.cwd.as_deref());
        let loaded = self.configuration.load_for_thread(cwd, Map::new()).await?;
        description::describe(&loaded, params.include_layers == Some(true))
    }

    /// Writes the home's `config.toml`. New threads use it; loaded ones do if the client requests it, or if the change
    /// makes them stricter.
    ///
    /// # Errors
    /// [`RequestError::BadField`] for too many edits, [`RequestError::ConfigReadOnly`] for another file,
    /// [`RequestError::Config`] if the edits are refused or the file cannot be written, and those of the store.
    pub(crate) async fn write(
        &self,
        params: ConfigBatchWriteParams,
    ) -> Result<(ConfigWriteResponse, BeforeResponse), RequestError> {
        if params.edits.len() > MAX_EDITS {
            let reason = format!("has {} changes; at most {MAX_EDITS} are allowed", params.edits.len());
            return Err(RequestError::field("edits", reason));
        }
        if let Some(path) = &params.file_path {
            self.configuration.require_home_file(Path::new(path)).await?;
        }
        let edits = params.edits.into_iter().map(to_edit).collect();
        let (written, loaded, before) = self.configuration.write(edits, params.expected_version).await?;
        let (before_response, response_sent) = BeforeResponse::new();
        if params.reload_user_config == Some(true) || is_stricter(&loaded.config, &before) {
            self.loaded.actors.reload_all(&response_sent).await?;
        }
        let overridden = loaded.find_override(&written.keys).and_then(description::to_overridden_metadata);
        let response = ConfigWriteResponse {
            status: if overridden.is_some() { WriteStatus::OkOverridden } else { WriteStatus::Ok },
            version: written.version,
            file_path: written.file.display().to_string(),
            overridden_metadata: overridden,
        };
        Ok((response, before_response))
    }

    /// Turns features on and off until the process ends, in running turns too: once this returns, no image request
    /// begins that a feature forbids. Returns those of `enablement` that exist.
    ///
    /// # Errors
    /// [`RequestError::ShuttingDown`], and those of the store.
    pub(crate) async fn set_features(
        &self,
        enablement: BTreeMap<String, bool>,
    ) -> Result<(BTreeMap<String, bool>, BeforeResponse), RequestError> {
        let enablement = self.configuration.set_features(enablement).await?;
        let (before_response, response_sent) = BeforeResponse::new();
        self.loaded.actors.reload_all(&response_sent).await?;
        Ok((enablement, before_response))
    }

    /// Lets turns send their events about a change, and announces tools that it changed.
    pub(crate) async fn announce(&self, before_response: BeforeResponse) {
        drop(before_response);
        self.tools.announce_changes().await;
    }

    /// Returns which features are on, in a loaded thread or for new ones.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadNotLoaded`], [`RequestError::ThreadInUse`], and those of
    /// the store.
    pub(crate) async fn features(&self, thread_id: Option<&str>) -> Result<Features, RequestError> {
        let Some(thread_id) = thread_id else { return Ok(self.configuration.config().features) };
        let Some((config, _)) = self.loaded.actors.config_and_provider(thread_id).await? else {
            return Err(self.loaded.leases.not_loaded_error(thread_id).await);
        };
        Ok(Features { image_generation: config.image_generation, imagegenext: config.imagegenext })
    }
}

/// Returns whether a change turns image generation off, selects another provider for the images, lowers a limit of a
/// turn or of spending, adds a hook before calls, or lets fewer calls pass without an approval. Such a change applies
/// to loaded threads even if the client does not request it.
fn is_stricter(config: &Config, before: &Config) -> bool {
    let known_hooks = hooks_from_config(before).pre;
    let (approval, approval_before) = (approval_policy(config), approval_policy(before));
    (before.features.image_generation && !config.features.image_generation)
        || config.images.provider != before.images.provider
        || config.limits.images_per_turn < before.limits.images_per_turn
        || approval.is_stricter_than(approval_before)
        || hooks_from_config(config).pre.iter().any(|hook| !known_hooks.contains(hook))
        || spending_policy(config).limits.is_stricter_than(spending_policy(before).limits)
}

fn to_edit(edit: ConfigEdit) -> Edit {
    let merge = match edit.merge_strategy {
        MergeStrategy::Replace => Merge::Replace,
        MergeStrategy::Upsert => Merge::Upsert,
    };
    Edit { key_path: edit.key_path, value: edit.value, merge }
}
