//! Creates threads: new ones, and forks of stored ones.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use easel_config::{Config, Loaded, storable_overrides};
use easel_imagegen::port::Provider;
use easel_protocol::event::{Event, ThreadStartedNotification, ThreadTokenUsageUpdatedNotification};
use easel_protocol::thread::{
    ApprovalPolicy, ApprovalsReviewer, HistoryMode, SandboxPolicy, SessionSource, Thread, ThreadForkParams,
    ThreadSettings, ThreadStartParams, ThreadStatus,
};
use easel_store::Fork;
use easel_thread::EventSink;
use serde_json::Map;
use uuid::Uuid;

use super::{QueueGuard, Threads, require_thread, validate_provider};
use crate::connections::{Client, EventFilter};
use crate::providers::default_model;
use crate::requests::RequestError;
use crate::settings::{Instructions, merge_overrides};

/// A thread that was created: the response, and what follows it.
pub(crate) struct CreatedThread {
    pub(crate) response: ThreadSettings,
    pub(crate) announcement: Announcement,
}

/// What clients receive about a created thread after the response.
pub(crate) struct Announcement {
    warnings: Vec<easel_config::Warning>,
    events: Vec<Event>,
    /// Keeps other requests of the thread waiting until its events are sent.
    guard: QueueGuard,
}

impl Threads {
    /// Creates and loads a thread, and subscribes the connection to it. The names in `params` are validated.
    ///
    /// # Errors
    /// [`RequestError::BadField`] if `config` is not allowed for a thread or the provider does not exist, and those of
    /// the store.
    pub(crate) async fn start(
        &self,
        client: &Arc<Client>,
        params: ThreadStartParams,
    ) -> Result<CreatedThread, RequestError> {
        let cwd = self.configuration.resolve(params.cwd.as_deref());
        let instructions = Instructions {
            base: params.base_instructions.as_deref(),
            developer: params.developer_instructions.as_deref(),
        };
        let overrides = merge_overrides(&Map::new(), params.config.as_ref(), &instructions)?;
        let version = self.configuration.version();
        let loaded = self.configuration.load_for_thread(cwd.clone(), overrides.clone()).await?;
        validate_provider(params.model_provider.as_deref(), &loaded.config)?;
        if params.model_provider.is_none() && loaded.config.model_provider.is_none() {
            self.accounts.wait_for_login().await;
        }
        let provider_id = params.model_provider.as_deref().unwrap_or(self.providers.default_id(&loaded.config));
        let provider = self.providers.get(provider_id, &loaded.config);
        let model = params.model.unwrap_or_else(|| default_model(provider.info(), &loaded.config));
        let thread = Thread {
            model_provider: provider_id.to_owned(),
            model: Some(model),
            cwd: cwd.display().to_string(),
            originator: client.name().map(str::to_owned),
            ephemeral: params.ephemeral.unwrap_or_default(),
            ..new_thread()
        };
        let guard = self.queue.enter(&thread.id).await;
        self.store.save_thread(thread.clone(), Some(storable_overrides(&overrides))).await?;
        if params.cwd.is_some() {
            self.store.mark_folder_named(&thread.id).await?;
        }
        if let Some(face) = client.face() {
            self.store.set_thread_face(&thread.id, face.to_owned()).await?;
        }
        self.load(&thread, &loaded, version).await?;
        self.loaded.subscribe(&thread.id, client, EventFilter::from_flag(params.experimental_raw_events));
        let thread = self.loaded.with_status(thread);
        let events = vec![started_event(&thread)];
        let announcement = Announcement { warnings: loaded.warnings, events, guard };
        Ok(CreatedThread { response: self.thread_response(thread), announcement })
    }

    /// Copies a thread, loads the copy, and subscribes the connection to it. The names in `params` are validated.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::TurnNotFound`], [`RequestError::BadField`] if `config` is not
    /// allowed for a thread or the provider does not exist, and those of the store.
    pub(crate) async fn fork(
        &self,
        client: &Arc<Client>,
        params: ThreadForkParams,
    ) -> Result<CreatedThread, RequestError> {
        if let Some(handle) = self.loaded.actors.get(&params.thread_id) {
            // A turn that is still running is left out of the copy; one whose interrupt was accepted is part of it.
            handle.slot.wait_for_interrupted().await;
        }
        let source = require_thread(&self.store, &params.thread_id).await?;
        let source_settings = self.store.thread_settings(&source.id).await?;
        let folder_named = params.cwd.is_some() || source_settings.as_ref().is_some_and(|source| source.folder_named);
        let before = source_settings.map(|settings| settings.overrides).unwrap_or_default();
        let instructions = Instructions {
            base: params.base_instructions.as_deref(),
            developer: params.developer_instructions.as_deref(),
        };
        let overrides = merge_overrides(&before, params.config.as_ref(), &instructions)?;
        let mut thread = self.copy_thread(&source, &params, client.name());
        let version = self.configuration.version();
        let loaded = self.configuration.load_for_thread(thread.cwd.clone().into(), overrides.clone()).await?;
        validate_provider(params.model_provider.as_deref(), &loaded.config)?;
        if params.model.is_none() && thread.model_provider != source.model_provider {
            self.set_default_model(&mut thread, &loaded.config);
        }
        let guard = self.queue.enter(&thread.id).await;
        let thread_id = thread.id.clone();
        let last_turn = params.last_turn_id.clone();
        let overrides = storable_overrides(&overrides);
        let fork = Fork { source: source.id, thread: thread.clone(), overrides, last_turn: last_turn.clone() };
        let forked = self.store.fork_thread(fork).await;
        forked.map_err(|error| {
            RequestError::history(error, &params.thread_id, last_turn.as_deref().unwrap_or_default())
        })?;
        if folder_named {
            self.store.mark_folder_named(&thread_id).await?;
        }
        self.load(&thread, &loaded, version).await?;
        self.loaded.subscribe(&thread_id, client, EventFilter::from_flag(params.experimental_raw_events));

        let response = self.read_with_newest_turns(&thread_id, params.exclude_turns).await?;
        let mut events: Vec<Event> = Vec::new();
        if let Some((turn_id, token_usage)) = self.store.token_usage(&thread_id).await? {
            let usage = ThreadTokenUsageUpdatedNotification { thread_id: thread_id.clone(), turn_id, token_usage };
            events.push(Event::ThreadTokenUsageUpdated(usage));
        }
        events.push(started_event(&Thread { turns: Vec::new(), ..response.clone() }));
        let announcement = Announcement { warnings: loaded.warnings, events, guard };
        Ok(CreatedThread { response: self.thread_response(response), announcement })
    }

    /// Returns the response of a request that loaded `thread`.
    pub(super) fn thread_response(&self, thread: Thread) -> ThreadSettings {
        let effort = thread.reasoning_effort.clone();
        let effort = effort.or_else(|| self.loaded.reasoning(&thread.id)?.effort);
        thread_response(thread, effort)
    }

    /// Sends the warnings and events of a created thread, then lets its other requests proceed.
    pub(crate) async fn announce(&self, client: &Client, announcement: Announcement) {
        self.send_warnings(client, &announcement.warnings).await;
        for event in announcement.events {
            self.hub.publish(announcement.guard.thread_id(), event).await;
        }
        drop(announcement.guard);
    }

    /// Loads a thread that was just created.
    async fn load(&self, thread: &Thread, loaded: &Loaded, version: u64) -> Result<(), RequestError> {
        let lease = self.loaded.leases.acquire(&thread.id).await?;
        self.loaded.insert(thread, &loaded.config, version);
        lease.end().await;
        Ok(())
    }

    /// Sets the model of a thread whose provider has changed. The new one does not know the model of the one before.
    pub(super) fn set_default_model(&self, thread: &mut Thread, config: &Config) {
        let provider = self.providers.get(&thread.model_provider, config);
        thread.model = Some(default_model(provider.info(), config));
    }

    /// Returns the new thread of a fork: the source's settings, with those that the request changes.
    fn copy_thread(&self, source: &Thread, params: &ThreadForkParams, client: Option<&str>) -> Thread {
        let resolve = |cwd| self.configuration.resolve(Some(cwd)).display().to_string();
        Thread {
            forked_from_id: Some(source.id.clone()),
            preview: source.preview.clone(),
            ephemeral: params.ephemeral.unwrap_or_default(),
            model_provider: params.model_provider.clone().unwrap_or_else(|| source.model_provider.clone()),
            model: params.model.clone().or_else(|| source.model.clone()),
            reasoning_effort: source.reasoning_effort.clone(),
            reasoning_summary: source.reasoning_summary,
            cwd: params.cwd.as_deref().map_or_else(|| source.cwd.clone(), resolve),
            originator: client.map(str::to_owned),
            ..new_thread()
        }
    }
}

fn started_event(thread: &Thread) -> Event {
    Event::ThreadStarted(Box::new(ThreadStartedNotification { thread: thread.clone() }))
}

fn new_thread() -> Thread {
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
        reasoning_effort: None,
        reasoning_summary: None,
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

/// Returns the response of `thread/start`, `thread/resume` and `thread/fork`, with the effort that applies. Easel runs
/// no commands, so most of it is constant.
pub(super) fn thread_response(thread: Thread, reasoning_effort: Option<String>) -> ThreadSettings {
    ThreadSettings {
        model: thread.model.clone().unwrap_or_default(),
        model_provider: thread.model_provider.clone(),
        service_tier: None,
        cwd: thread.cwd.clone(),
        approval_policy: ApprovalPolicy::Never,
        approvals_reviewer: ApprovalsReviewer::User,
        sandbox: SandboxPolicy::ReadOnly { network_access: false },
        reasoning_effort,
        thread,
    }
}
