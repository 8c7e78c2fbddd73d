use std::sync::Arc;

use easel_config::known_overrides;
use easel_imagegen::port::Provider;
use easel_protocol::event::Event;
use easel_protocol::method::ThreadResume;
use easel_protocol::thread::{Thread, ThreadResumeParams, ThreadSettings};
use easel_protocol::turn::Turn;

use crate::app::{App, Cx};
use crate::given;
use crate::hub::Wants;
use crate::methods::thread_start::settings;
use crate::methods::{Answer, Handler};
use crate::overrides::{self, Instructions};
use crate::refusal::Refusal;

/// Bytes of turns in the answer, so that its line stays under 64 KiB however long the thread is.
const TURN_BYTES: usize = 56 << 10;

impl Handler for ThreadResume {
    async fn handle(cx: Cx, params: ThreadResumeParams) -> Result<Answer<ThreadSettings>, Refusal> {
        let app = &cx.app;
        let params = ThreadResumeParams {
            cwd: given::path("cwd", params.cwd)?,
            model: given::name("model", params.model)?,
            model_provider: given::name("modelProvider", params.model_provider)?,
            ..params
        };
        let thread_id = &params.thread_id;
        let is_loaded = app.threads.is_loaded(thread_id);
        let rests = app.must_rest(thread_id).await;
        let mut warnings = Vec::new();
        if !is_loaded || changes_something(&params) {
            rests?;
            warnings = app.write(thread_id, load(app, &params)).await?;
        } else if rests.is_ok() && !is_current(app, thread_id).await? {
            warnings = app.write(thread_id, load(app, &params)).await?;
        }
        app.subscribe(thread_id, &cx.client, Wants::from_flag(params.experimental_raw_events));
        let thread = app.store.thread(thread_id).await?;
        let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        let turns = newest_turns(app, thread_id, params.exclude_turns).await?;
        let thread = Thread { turns, ..app.with_status(thread) };
        Ok(Answer::then(settings(thread), async move {
            for warning in warnings {
                cx.app.hub.tell(&cx.client, &warning).await;
            }
        }))
    }
}

/// Gives a thread in memory the rules of the configuration as it is now; whether its provider still is the one that the
/// configuration describes.
async fn is_current(app: &App, thread_id: &str) -> Result<bool, Refusal> {
    let version = app.configuration.version();
    let Some((rules, provider)) = app.threads.settings(thread_id) else { return Ok(true) };
    let Some(settings) = app.store.thread_settings(thread_id).await? else { return Ok(true) };
    let loaded = app.configuration_for(settings.cwd.into(), settings.overrides).await?;
    // No request of a thread at rest is on its way.
    drop(rules.set(version, app.shared_rules.of(&loaded.config), None));
    Ok(Arc::ptr_eq(&app.providers.get(&provider.info().id, &loaded.config), &provider))
}

fn changes_something(params: &ThreadResumeParams) -> bool {
    params.cwd.is_some()
        || params.model.is_some()
        || params.model_provider.is_some()
        || params.config.is_some()
        || params.base_instructions.is_some()
        || params.developer_instructions.is_some()
}

/// Loads the thread, or loads it again, with what the request changes of it; no turn may run, and this process must be its
/// writer already, or what is read here is not what the one before left. Returns the warnings of its configuration.
async fn load(app: &App, params: &ThreadResumeParams) -> Result<Vec<Event>, Refusal> {
    let thread_id = &params.thread_id;
    let thread = app.store.thread(thread_id).await?;
    let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
    let before = app.store.thread_settings(thread_id).await?.map(|settings| settings.overrides).unwrap_or_default();
    let instructions =
        Instructions { base: params.base_instructions.as_deref(), developer: params.developer_instructions.as_deref() };
    let overrides = overrides::changed(&before, params.config.as_ref(), &instructions)?;
    let thread = with_changes(thread, params, app.absolute(params.cwd.as_deref()).display().to_string());
    let version = app.configuration.version();
    let loaded = app.configuration_for(thread.cwd.clone().into(), overrides.clone()).await?;
    // Only now, so that a change that is refused leaves a loaded thread as it is.
    app.threads.evict(thread_id);
    app.store.save_thread(thread.clone(), Some(known_overrides(&overrides))).await?;
    if params.cwd.is_some() {
        app.store.mark_folder_named(thread_id).await?;
    }
    app.enter(&thread, &loaded.config, version);
    Ok(loaded.warnings.iter().map(|warning| app.warning(warning)).collect())
}

/// The turns of the answer: the newest with their items, then older ones without, as long as they fit. `thread/turns/list`
/// and `thread/items/list` have the rest. None when the request excludes them.
pub(super) async fn newest_turns(app: &App, thread_id: &str, exclude: Option<bool>) -> Result<Vec<Turn>, Refusal> {
    match exclude {
        Some(true) => Ok(Vec::new()),
        Some(false) | None => Ok(app.store.newest_turns(thread_id, TURN_BYTES).await?),
    }
}

/// The thread with what the request changes of it.
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
