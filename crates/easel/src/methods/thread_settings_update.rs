use std::path::PathBuf;

use easel_protocol::event::{
    AppliedSettings, CollaborationMode, CollaborationSettings, Event, ModeKind, ThreadSettingsUpdatedNotification,
};
use easel_protocol::method::ThreadSettingsUpdate;
use easel_protocol::thread::{Thread, ThreadSettingsUpdateParams, ThreadSettingsUpdateResponse};

use crate::app::{App, Cx};
use crate::given;
use crate::methods::thread_start::settings;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadSettingsUpdate {
    /// Holds from the next turn on; the one that runs, if any, goes on as it began.
    async fn handle(
        cx: Cx,
        params: ThreadSettingsUpdateParams,
    ) -> Result<Answer<ThreadSettingsUpdateResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        let (cwd, model) = (given::path("cwd", params.cwd)?, given::name("model", params.model)?);
        let stored = app.store.thread(&thread_id).await?;
        let stored = stored.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        let thread = changed(app, &stored, cwd.as_deref(), model);
        // What is told is made first, so that nothing is changed without a word.
        let event = if thread == stored { None } else { Some(updated(app, thread.clone()).await?) };
        let change = async {
            app.store.save_thread(thread, None).await?;
            if cwd.is_some() {
                app.store.mark_folder_named(&thread_id).await?;
            }
            Ok(())
        };
        app.write(&thread_id, change).await?;
        let Some(event) = event else { return Ok(Answer::new(ThreadSettingsUpdateResponse {})) };
        Ok(Answer::then(ThreadSettingsUpdateResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
        }))
    }
}

/// The thread with another folder or model, which hold for all turns that follow.
pub(super) fn changed(app: &App, stored: &Thread, cwd: Option<&str>, model: Option<String>) -> Thread {
    Thread {
        cwd: cwd.map_or_else(|| stored.cwd.clone(), |cwd| app.absolute(Some(cwd)).display().to_string()),
        model: model.or_else(|| stored.model.clone()),
        ..stored.clone()
    }
}

/// Tells the settings as they now are. The peer tells them when they have changed, and not whenever they are given.
pub(super) async fn updated(app: &App, thread: Thread) -> Result<Event, Refusal> {
    let thread_id = thread.id.clone();
    let overrides = app.store.thread_settings(&thread_id).await?.map(|settings| settings.overrides).unwrap_or_default();
    let config = app.configuration_for(PathBuf::from(&thread.cwd), overrides).await?;
    let settings = settings(thread);
    let thread_settings = AppliedSettings {
        cwd: settings.cwd,
        approval_policy: settings.approval_policy,
        approvals_reviewer: settings.approvals_reviewer,
        sandbox_policy: settings.sandbox,
        collaboration_mode: CollaborationMode {
            mode: ModeKind::Default,
            settings: CollaborationSettings {
                model: settings.model.clone(),
                reasoning_effort: None,
                developer_instructions: config.config.developer_instructions,
            },
        },
        model: settings.model,
        model_provider: settings.model_provider,
        service_tier: None,
        effort: None,
    };
    Ok(Event::ThreadSettingsUpdated(ThreadSettingsUpdatedNotification { thread_id, thread_settings }))
}
