use easel_imagegen::port::StoredThread;
use easel_protocol::method::ThreadResume;
use easel_protocol::thread::{Thread, ThreadResumeParams, ThreadSettings};
use easel_protocol::turn::TurnItemsView;

use crate::app::Cx;
use crate::hub::Wants;
use crate::methods::thread_start::settings;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadResume {
    async fn handle(cx: Cx, params: ThreadResumeParams) -> Result<Answer<ThreadSettings>, Refusal> {
        let app = &cx.app;
        let thread_id = &params.thread_id;
        let mut warnings = Vec::new();
        if app.threads.get(thread_id).is_none() {
            let stored = app.store.load(thread_id).await?;
            let stored = stored.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
            let stored = with_changes(stored, &params, app.absolute(params.cwd.as_deref()).display().to_string());
            let loaded = app.configuration_for(stored.thread.cwd.clone().into(), stored.overrides.clone()).await?;
            app.load(stored.clone(), &loaded.config).await?;
            app.store.put_thread(stored.thread, Some(stored.overrides)).await?;
            warnings.extend(loaded.warnings.iter().map(|warning| app.warning(warning)));
        }
        app.hub.subscribe(thread_id, &cx.client, Wants::from_flag(params.experimental_raw_events));
        let thread = app.store.thread(thread_id).await?;
        let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        let turns = match params.exclude_turns {
            Some(true) => Vec::new(),
            Some(false) | None => app.store.all_turns(thread_id, TurnItemsView::Full).await?,
        };
        let thread = Thread { turns, ..app.with_status(thread) };
        Ok(Answer::then(settings(thread), async move {
            for warning in warnings {
                cx.app.hub.tell(&cx.client, &warning).await;
            }
        }))
    }
}

/// The thread with what the request changes of it.
fn with_changes(mut stored: StoredThread, params: &ThreadResumeParams, cwd: String) -> StoredThread {
    if params.cwd.is_some() {
        stored.thread.cwd = cwd;
    }
    if let Some(model) = &params.model {
        stored.thread.model = Some(model.clone());
    }
    if let Some(provider) = &params.model_provider {
        stored.thread.model_provider.clone_from(provider);
    }
    if let Some(overrides) = &params.config {
        stored.overrides.clone_from(overrides);
    }
    stored
}
