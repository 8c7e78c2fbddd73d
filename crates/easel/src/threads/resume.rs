//! Loads a stored thread, with the settings that the request changes.

use std::sync::Arc;

use easel_config::{Warning, storable_overrides};
use easel_protocol::thread::{Thread, ThreadResumeParams, ThreadResumeResponse};

use super::{Threads, require_thread, validate_provider};
use crate::connections::{Client, EventFilter};
use crate::requests::RequestError;
use crate::settings::{Instructions, merge_overrides};

impl Threads {
    /// Loads a thread, or loads it again if its configuration changed, and subscribes the connection to it. Returns the
    /// response and the warnings about the thread's configuration. The names in `params` are validated.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadInUse`] if another process uses the thread,
    /// [`RequestError::TurnRunning`] if the request changes settings of a thread in which a turn runs,
    /// [`RequestError::BadField`] if `config` is not allowed for a thread or the provider does not exist, and those of
    /// the store.
    pub(crate) async fn resume(
        &self,
        client: &Arc<Client>,
        params: ThreadResumeParams,
    ) -> Result<(ThreadResumeResponse, Vec<Warning>), RequestError> {
        let thread_id = &params.thread_id;
        let is_loaded = self.loaded.is_loaded(thread_id);
        let idle = self.loaded.actors.wait_until_idle(thread_id).await;
        let mut warnings = Vec::new();
        if !is_loaded || has_changes(&params) {
            idle?;
            warnings = self.loaded.leases.with_lease(thread_id, self.reload(&params)).await?;
        } else if idle.is_ok() {
            let has_current_provider = self.loaded.refresh_config(thread_id).await?;
            if !has_current_provider {
                warnings = self.loaded.leases.with_lease(thread_id, self.reload(&params)).await?;
            }
        }
        self.loaded.subscribe(thread_id, client, EventFilter::from_flag(params.experimental_raw_events));
        let thread = self.read_with_newest_turns(thread_id, params.exclude_turns).await?;
        let (turns_backwards_cursor, items_backwards_cursor) = self.newest_cursors(thread_id).await?;
        let settings = self.thread_response(thread);
        Ok((ThreadResumeResponse { settings, turns_backwards_cursor, items_backwards_cursor }, warnings))
    }

    /// Loads the thread with the changes of the request, and replaces it in memory if it is loaded. No turn runs, and
    /// this process is the thread's writer already: otherwise it could read turns that an earlier writer has not ended.
    async fn reload(&self, params: &ThreadResumeParams) -> Result<Vec<Warning>, RequestError> {
        let thread_id = &params.thread_id;
        let thread = require_thread(&self.store, thread_id).await?;
        let before =
            self.store.thread_settings(thread_id).await?.map(|settings| settings.overrides).unwrap_or_default();
        let instructions = Instructions {
            base: params.base_instructions.as_deref(),
            developer: params.developer_instructions.as_deref(),
        };
        let overrides = merge_overrides(&before, params.config.as_ref(), &instructions)?;
        let cwd = self.configuration.resolve(params.cwd.as_deref()).display().to_string();
        let had_provider = thread.model_provider.clone();
        let mut thread = with_changes(thread, params, cwd);
        let version = self.configuration.version();
        let loaded = self.configuration.load_for_thread(thread.cwd.clone().into(), overrides.clone()).await?;
        if thread.model_provider != had_provider {
            validate_provider(params.model_provider.as_deref(), &loaded.config)?;
        }
        if params.model.is_none() && thread.model_provider != had_provider {
            self.set_default_model(&mut thread, &loaded.config);
        }
        // The actor ends only after all checks, so that a refused change leaves a loaded thread unchanged.
        self.loaded.actors.evict(thread_id)?;
        self.store.save_thread(thread.clone(), Some(storable_overrides(&overrides))).await?;
        if params.cwd.is_some() {
            self.store.mark_folder_named(thread_id).await?;
        }
        self.loaded.insert(&thread, &loaded.config, version);
        Ok(loaded.warnings)
    }
}

/// Returns whether the request changes settings of the thread.
fn has_changes(params: &ThreadResumeParams) -> bool {
    params.cwd.is_some()
        || params.model.is_some()
        || params.model_provider.is_some()
        || params.config.is_some()
        || params.base_instructions.is_some()
        || params.developer_instructions.is_some()
}

/// Sets the folder, model and provider that the request names.
fn with_changes(mut thread: Thread, params: &ThreadResumeParams, cwd: String) -> Thread {
    if params.cwd.is_some() {
        thread.cwd = cwd;
    }
    if let Some(model) = &params.model {
        thread.model = Some(model.clone());
    }
    if let Some(provider) = &params.model_provider {
        thread.model_provider.clone_from(provider);
    }
    thread
}
