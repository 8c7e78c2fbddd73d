use std::time::{SystemTime, UNIX_EPOCH};

use easel_config::known_overrides;
use easel_imagegen::port::Provider;
use easel_protocol::event::{Event, ThreadStartedNotification};
use easel_protocol::method::ThreadStart;
use easel_protocol::thread::{
    ApprovalPolicy, ApprovalsReviewer, HistoryMode, SandboxPolicy, SessionSource, Thread, ThreadSettings,
    ThreadStartParams, ThreadStatus,
};
use easel_thread::Audience;
use serde_json::Map;
use uuid::Uuid;

use crate::app::Cx;
use crate::given;
use crate::hub::Wants;
use crate::methods::model_list::default_model;
use crate::methods::{Answer, Handler};
use crate::overrides::{self, Instructions};
use crate::refusal::Refusal;

impl Handler for ThreadStart {
    async fn handle(cx: Cx, params: ThreadStartParams) -> Result<Answer<ThreadSettings>, Refusal> {
        let app = &cx.app;
        let params = ThreadStartParams {
            cwd: given::path("cwd", params.cwd)?,
            model: given::name("model", params.model)?,
            model_provider: given::name("modelProvider", params.model_provider)?,
            ..params
        };
        let cwd = app.absolute(params.cwd.as_deref());
        let instructions = Instructions {
            base: params.base_instructions.as_deref(),
            developer: params.developer_instructions.as_deref(),
        };
        let overrides = overrides::changed(&Map::new(), params.config.as_ref(), &instructions)?;
        let version = app.configuration.version();
        let loaded = app.configuration_for(cwd.clone(), overrides.clone()).await?;
        if params.model_provider.is_none() && loaded.config.model_provider.is_none() {
            app.account.settled().await;
        }
        let provider_id = params.model_provider.as_deref().unwrap_or(app.providers.default_id(&loaded.config));
        let provider = app.providers.get(provider_id, &loaded.config);
        let model = params.model.unwrap_or_else(|| default_model(provider.info(), &loaded.config));
        let thread = Thread {
            model_provider: provider_id.to_owned(),
            model: Some(model),
            cwd: cwd.display().to_string(),
            originator: cx.client.name().map(str::to_owned),
            ephemeral: params.ephemeral.unwrap_or_default(),
            ..new_thread()
        };
        let place = app.order.take(&thread.id).await;
        app.store.save_thread(thread.clone(), Some(known_overrides(&overrides))).await?;
        if params.cwd.is_some() {
            app.store.mark_folder_named(&thread.id).await?;
        }
        let lease = app.lease(&thread.id).await?;
        app.enter(&thread, &loaded.config, version);
        lease.end().await;
        app.subscribe(&thread.id, &cx.client, Wants::from_flag(params.experimental_raw_events));

        let thread = app.with_status(thread);
        let warnings: Vec<Event> = loaded.warnings.iter().map(|warning| app.warning(warning)).collect();
        let started = Event::ThreadStarted(Box::new(ThreadStartedNotification { thread: thread.clone() }));
        Ok(Answer::then(settings(thread), async move {
            let thread_id = place.thread_id().to_owned();
            for warning in warnings {
                cx.app.hub.tell(&cx.client, &warning).await;
            }
            cx.app.hub.publish(&thread_id, started).await;
            drop(place);
        }))
    }
}

pub(super) fn new_thread() -> Thread {
    let id = Uuid::now_v7().to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    Thread {
        session_id: id.clone().into(),
        id: id.into(),
        forked_from_id: None,
        preview: String::new(),
        ephemeral: false,
        model_provider: String::new(),
        model: None,
        created_at: now,
        updated_at: now,
        status: ThreadStatus::NotLoaded {},
        path: None,
        cwd: String::new(),
        cli_version: env!("CARGO_PKG_VERSION").to_owned(),
        originator: None,
        source: SessionSource::AppServer,
        name: None,
        project_id: None,
        git_info: None,
        history_mode: HistoryMode::Paginated,
        turns: Vec::new(),
    }
}

/// What `thread/start`, `thread/resume` and `thread/fork` answer. Easel runs no commands, so most of it is constant.
pub(super) fn settings(thread: Thread) -> ThreadSettings {
    ThreadSettings {
        model: thread.model.clone().unwrap_or_default(),
        model_provider: thread.model_provider.clone(),
        service_tier: None,
        cwd: thread.cwd.clone(),
        approval_policy: ApprovalPolicy::Never,
        approvals_reviewer: ApprovalsReviewer::User,
        sandbox: SandboxPolicy::ReadOnly { network_access: false },
        reasoning_effort: None,
        thread,
    }
}
