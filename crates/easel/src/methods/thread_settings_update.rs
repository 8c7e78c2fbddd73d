use std::path::PathBuf;

use easel_protocol::event::{
    AppliedSettings, CollaborationMode, CollaborationSettings, Event, ModeKind, ThreadSettingsUpdatedNotification,
};
use easel_protocol::method::ThreadSettingsUpdate;
use easel_protocol::thread::{ThreadSettingsUpdateParams, ThreadSettingsUpdateResponse};

use crate::app::Cx;
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
        let thread = app.store.thread(&thread_id).await?;
        let mut thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        if params.cwd.is_some() {
            thread.cwd = app.absolute(params.cwd.as_deref()).display().to_string();
        }
        if params.model.is_some() {
            thread.model = params.model;
        }
        app.write(&thread_id, async { Ok(app.store.put_thread(thread.clone(), None).await?) }).await?;
        let overrides = app.store.settings(&thread_id).await?.map(|settings| settings.overrides).unwrap_or_default();
        let config = app.configuration_for(PathBuf::from(&thread.cwd), overrides).await?;
        let settings = settings(thread);
        let event = Event::ThreadSettingsUpdated(ThreadSettingsUpdatedNotification {
            thread_id: thread_id.clone(),
            thread_settings: AppliedSettings {
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
            },
        });
        Ok(Answer::then(ThreadSettingsUpdateResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
        }))
    }
}
