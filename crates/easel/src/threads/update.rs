//! Changes a thread's name, metadata and settings.

use std::path::PathBuf;

use easel_imagegen::port::Reasoning;
use easel_protocol::event::{
    AppliedSettings, CollaborationMode, CollaborationSettings, Event, ModeKind, ThreadNameUpdatedNotification,
    ThreadSettingsUpdatedNotification,
};
use easel_protocol::model::ReasoningSummary;
use easel_protocol::thread::{GitInfo, Thread};

use super::create::thread_response;
use super::{Threads, require_thread};
use crate::requests::RequestError;
use crate::settings::to_summary;

/// A change of a thread's settings, which are validated. Absent ones stay.
#[derive(Debug, Default)]
pub(crate) struct SettingsUpdate {
    /// The new folder, absolute or relative to the server's.
    pub(crate) cwd: Option<String>,
    /// The new model.
    pub(crate) model: Option<String>,
    /// The new reasoning effort.
    pub(crate) effort: Option<String>,
    /// The new kind of reasoning summaries.
    pub(crate) summary: Option<ReasoningSummary>,
}

impl Threads {
    /// Renames a thread. Returns the event for its subscribers.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadInUse`], and those of the store.
    pub(crate) async fn rename(&self, thread_id: &str, name: &str) -> Result<Event, RequestError> {
        let event = Event::ThreadNameUpdated(ThreadNameUpdatedNotification {
            thread_id: thread_id.into(),
            thread_name: Some(name.to_owned()),
        });
        self.loaded.actors.append(thread_id, event.clone()).await?;
        Ok(event)
    }

    /// Replaces the Git information of a thread with the result of `patch`. Returns the thread.
    ///
    /// # Errors
    /// As for [`Threads::rename`], and those of `patch`.
    pub(crate) async fn patch_git_info(
        &self,
        thread_id: &str,
        patch: impl FnOnce(Option<GitInfo>) -> Result<Option<GitInfo>, RequestError>,
    ) -> Result<Thread, RequestError> {
        // Reads under the lease: the whole row is written, and another process may have changed it before.
        let change = async {
            let mut thread = require_thread(&self.store, thread_id).await?;
            thread.git_info = patch(thread.git_info)?;
            self.store.save_thread(thread.clone(), None).await?;
            Ok(thread)
        };
        let thread = self.loaded.leases.with_lease(thread_id, change).await?;
        Ok(self.loaded.with_status(thread))
    }

    /// Changes the settings of a thread from its next turn on; a running turn keeps its own. Returns the event
    /// for its subscribers if anything changed.
    ///
    /// # Errors
    /// As for [`Threads::rename`], and [`RequestError::BadField`] if the thread's overrides are no longer allowed.
    pub(crate) async fn update_settings(
        &self,
        thread_id: &str,
        update: SettingsUpdate,
    ) -> Result<Option<Event>, RequestError> {
        let names_folder = update.cwd.is_some();
        // Reads under the lease, as in `patch_git_info`.
        let change = async {
            let stored = require_thread(&self.store, thread_id).await?;
            // The event is built first: if that fails, nothing changes.
            let (thread, event) = self.apply_settings(&stored, update).await?;
            self.store.save_thread(thread, None).await?;
            if names_folder {
                self.store.mark_folder_named(thread_id).await?;
            }
            Ok(event)
        };
        self.loaded.leases.with_lease(thread_id, change).await
    }

    /// Returns the thread with other settings, and the event for its subscribers if it differs from `stored`.
    /// The Codex app-server sends the event when the settings change, not whenever a request names them.
    ///
    /// # Errors
    /// Those of the store, and [`RequestError::BadField`] if the thread's overrides are no longer allowed.
    pub(crate) async fn apply_settings(
        &self,
        stored: &Thread,
        update: SettingsUpdate,
    ) -> Result<(Thread, Option<Event>), RequestError> {
        let SettingsUpdate { cwd, model, effort, summary } = update;
        let resolve = |cwd: String| self.configuration.resolve(Some(&cwd)).display().to_string();
        let thread = Thread {
            cwd: cwd.map_or_else(|| stored.cwd.clone(), resolve),
            model: model.or_else(|| stored.model.clone()),
            reasoning_effort: effort.or_else(|| stored.reasoning_effort.clone()),
            reasoning_summary: summary.or(stored.reasoning_summary),
            ..stored.clone()
        };
        let event = if thread == *stored { None } else { Some(self.build_settings_event(thread.clone()).await?) };
        Ok((thread, event))
    }

    async fn build_settings_event(&self, thread: Thread) -> Result<Event, RequestError> {
        let thread_id = thread.id.clone();
        let overrides =
            self.store.thread_settings(&thread_id).await?.map(|settings| settings.overrides).unwrap_or_default();
        let config = self.configuration.load_for_thread(PathBuf::from(&thread.cwd), overrides).await?;
        let config = config.config;
        let (effort, summary) = (config.model_reasoning_effort, config.model_reasoning_summary.map(to_summary));
        let own = Reasoning { effort: thread.reasoning_effort.clone(), summary: thread.reasoning_summary };
        let reasoning = own.or(&Reasoning { effort, summary });
        let settings = thread_response(thread, reasoning.effort);
        let thread_settings = AppliedSettings {
            cwd: settings.cwd,
            approval_policy: settings.approval_policy,
            approvals_reviewer: settings.approvals_reviewer,
            sandbox_policy: settings.sandbox,
            collaboration_mode: CollaborationMode {
                mode: ModeKind::Default,
                settings: CollaborationSettings {
                    model: settings.model.clone(),
                    reasoning_effort: settings.reasoning_effort.clone(),
                    developer_instructions: config.developer_instructions,
                },
            },
            model: settings.model,
            model_provider: settings.model_provider,
            service_tier: None,
            effort: settings.reasoning_effort,
            summary: reasoning.summary,
        };
        Ok(Event::ThreadSettingsUpdated(ThreadSettingsUpdatedNotification { thread_id, thread_settings }))
    }
}
