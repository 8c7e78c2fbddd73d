use easel_config::known_overrides;
use easel_protocol::event::{Event, ThreadStartedNotification, ThreadTokenUsageUpdatedNotification};
use easel_protocol::method::ThreadFork;
use easel_protocol::thread::{Thread, ThreadForkParams, ThreadSettings};
use easel_store::Fork;
use easel_thread::Audience;

use crate::app::Cx;
use crate::given;
use crate::hub::Wants;
use crate::methods::thread_resume::newest_turns;
use crate::methods::thread_start::{new_thread, settings};
use crate::methods::{Answer, Handler};
use crate::overrides::{self, Instructions};
use crate::refusal::Refusal;

impl Handler for ThreadFork {
    async fn handle(cx: Cx, params: ThreadForkParams) -> Result<Answer<ThreadSettings>, Refusal> {
        let app = &cx.app;
        let params = ThreadForkParams {
            cwd: given::path("cwd", params.cwd)?,
            model: given::name("model", params.model)?,
            model_provider: given::name("modelProvider", params.model_provider)?,
            ..params
        };
        if let Some(handle) = app.threads.get(&params.thread_id) {
            // A turn that goes on is left out of the copy; one whose interrupt was accepted is part of it.
            handle.slot.interrupted().await;
        }
        let source = app.store.thread(&params.thread_id).await?;
        let source = source.ok_or_else(|| Refusal::ThreadNotFound(params.thread_id.clone()))?;
        let settings_of_source = app.store.thread_settings(&source.id).await?;
        let folder_named = params.cwd.is_some() || settings_of_source.as_ref().is_some_and(|of| of.folder_named);
        let before = settings_of_source.map(|settings| settings.overrides).unwrap_or_default();
        let instructions = Instructions {
            base: params.base_instructions.as_deref(),
            developer: params.developer_instructions.as_deref(),
        };
        let overrides = overrides::changed(&before, params.config.as_ref(), &instructions)?;
        let thread = copy_of(&source, &params, cx.client.name(), |cwd| app.absolute(Some(cwd)).display().to_string());
        let version = app.configuration.version();
        let loaded = app.configuration_for(thread.cwd.clone().into(), overrides.clone()).await?;
        let place = app.order.take(&thread.id).await;
        let thread_id = thread.id.clone();
        let last_turn = params.last_turn_id.clone();
        let overrides = known_overrides(&overrides);
        let fork = Fork { source: source.id, thread: thread.clone(), overrides, last_turn: last_turn.clone() };
        let forked = app.store.fork_thread(fork).await;
        forked.map_err(|refused| {
            Refusal::history(refused, &params.thread_id, last_turn.as_deref().unwrap_or_default())
        })?;
        if folder_named {
            app.store.mark_folder_named(&thread_id).await?;
        }
        let lease = app.lease(&thread_id).await?;
        app.enter(&thread, &loaded.config, version);
        lease.end().await;
        let thread = app.store.thread(&thread_id).await?;
        let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone()))?;
        app.subscribe(&thread_id, &cx.client, Wants::from_flag(params.experimental_raw_events));

        let thread = app.with_status(thread);
        let turns = newest_turns(app, &thread_id, params.exclude_turns).await?;
        let mut events: Vec<Event> = Vec::new();
        if let Some((turn_id, token_usage)) = app.store.token_usage(&thread_id).await? {
            let used = ThreadTokenUsageUpdatedNotification {
                thread_id: thread_id.clone(),
                turn_id: turn_id.into(),
                token_usage,
            };
            events.push(Event::ThreadTokenUsageUpdated(used));
        }
        events.push(Event::ThreadStarted(Box::new(ThreadStartedNotification { thread: thread.clone() })));
        let warnings: Vec<Event> = loaded.warnings.iter().map(|warning| app.warning(warning)).collect();
        Ok(Answer::then(settings(Thread { turns, ..thread }), async move {
            for warning in warnings {
                cx.app.hub.tell(&cx.client, &warning).await;
            }
            for event in events {
                cx.app.hub.publish(place.thread_id(), event).await;
            }
            drop(place);
        }))
    }
}

/// The new thread, with what the request changes of the old one.
fn copy_of(
    source: &Thread,
    params: &ThreadForkParams,
    client: Option<&str>,
    absolute: impl Fn(&str) -> String,
) -> Thread {
    Thread {
        forked_from_id: Some(source.id.clone()),
        preview: source.preview.clone(),
        ephemeral: params.ephemeral.unwrap_or_default(),
        model_provider: params.model_provider.clone().unwrap_or_else(|| source.model_provider.clone()),
        model: params.model.clone().or_else(|| source.model.clone()),
        cwd: params.cwd.as_deref().map_or_else(|| source.cwd.clone(), absolute),
        originator: client.map(str::to_owned),
        ..new_thread()
    }
}
