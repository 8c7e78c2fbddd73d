//! What all connections and methods share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use easel_config::{Config, Environment, Loaded, Loader, Warning};
use easel_imagegen::capability::AuthKind;
use easel_protocol::event::{ConfigWarningNotification, Event};
use easel_protocol::thread::{Thread, ThreadStatus};
use easel_rpc::HeavyWork;
use easel_store::EaselStore;
use easel_thread::registry::Threads;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Client;
use crate::configuration::Configuration;
use crate::credentials::Account;
use crate::credentials::store::LoginStore;
use crate::hub::Hub;
use crate::offer::Offered;
use crate::order::Order;
use crate::provider::{AnyProvider, Providers, api_origin};
use crate::refusal::Refusal;
use crate::rules::SharedRules;

pub(crate) struct App {
    pub(crate) home: PathBuf,
    /// The working folder of the process.
    pub(crate) cwd: PathBuf,
    pub(crate) user_home: Option<PathBuf>,
    pub(crate) configuration: Configuration,
    pub(crate) store: EaselStore,
    pub(crate) hub: Hub,
    pub(crate) threads: Threads<AnyProvider>,
    pub(crate) shared_rules: SharedRules,
    /// Threads at rest that keep their actor.
    pub(crate) idle_threads: usize,
    pub(crate) account: Arc<Account>,
    pub(crate) providers: Providers,
    /// What the connections were last told of the tools; nothing before the first handshake.
    pub(crate) offered_last: Mutex<Option<Offered>>,
    pub(crate) order: Order,
    /// What computes for long, away from the runtime's workers.
    pub(crate) heavy: HeavyWork,
    /// What goes on without the request or the connection that began it: writes, and what follows an answer. Awaited at
    /// the end.
    pub(crate) tasks: TaskTracker,
}

/// What a handler works with: the program and the connection that asks.
#[derive(Clone)]
pub(crate) struct Cx {
    pub(crate) app: Arc<App>,
    pub(crate) client: Arc<Client>,
    /// Cancelled when nobody waits for the answer any more. A write that is about to cost something looks at it once
    /// more; others run to their end.
    pub(crate) cancellation: CancellationToken,
    /// Writes of the connection that are under way, those included that nobody waits for any more.
    pub(crate) writes: Arc<Semaphore>,
}

impl Cx {
    /// The context of a connection, before its first request.
    pub(crate) fn new(app: Arc<App>, client: Arc<Client>, max_in_flight: usize) -> Self {
        // As many again as requests in flight: a write that was just answered is no reason to refuse the next one.
        let writes = Arc::new(Semaphore::new(max_in_flight.saturating_mul(2).min(Semaphore::MAX_PERMITS)));
        Self { app, client, cancellation: CancellationToken::new(), writes }
    }
}

impl App {
    pub(crate) fn new(environment: &Environment, home: PathBuf, loader: Loader, loaded: Loaded) -> Self {
        let limits = &loaded.config.limits;
        let limits = easel_store::ImportLimits {
            reference_bytes: limits.reference_bytes,
            reference_pixels: limits.reference_pixels,
        };
        let store = EaselStore::open(home.clone(), limits);
        let hub = Hub::new(store.clone());
        let logins = LoginStore::new(home.clone(), loaded.config.cli_auth_credentials_store);
        let account = Arc::new(Account::new(environment, logins, hub.connections().clone()));
        Self {
            providers: Providers::new(environment.clone(), home.clone(), Arc::clone(&account)),
            home,
            cwd: environment.cwd.clone(),
            user_home: environment.user_home.clone(),
            hub,
            store,
            threads: Threads::default(),
            shared_rules: SharedRules::default(),
            idle_threads: loaded.config.server.idle_threads,
            account,
            offered_last: Mutex::default(),
            order: Order::default(),
            configuration: Configuration::new(loader, loaded),
            heavy: HeavyWork::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// The configuration without project and thread, as it is now.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.configuration.config()
    }

    /// The provider that a thread with the defaults uses.
    pub(crate) fn default_provider(&self) -> Arc<AnyProvider> {
        let config = self.config();
        self.providers.get(self.providers.default_id(&config), &config)
    }

    /// The configuration of a thread: with its project's file and its own overrides.
    pub(crate) async fn configuration_for(
        &self,
        cwd: PathBuf,
        overrides: Map<String, Value>,
    ) -> Result<Loaded, Refusal> {
        if easel_config::names_secret(&overrides) {
            let reason = "http_headers, query_params and programs may hold secrets, and a thread's configuration is stored; \
                          set them in config.toml, or name variables in env_http_headers";
            return Err(Refusal::field("config", reason));
        }
        self.configuration.for_thread(cwd, overrides).await
    }

    /// Warnings that every connection learns after its handshake.
    pub(crate) fn warnings(&self) -> Vec<Event> {
        let mut warnings: Vec<Event> =
            self.configuration.warnings().iter().map(|warning| self.warning(warning)).collect();
        let unavailable = self.default_provider().unavailable().map(ToOwned::to_owned);
        let problem = self.account.problem(api_origin(&self.config()).ok().as_ref());
        warnings.extend(
            [problem, unavailable, self.preview_stands_in()]
                .into_iter()
                .flatten()
                .map(|summary| Event::ConfigWarning(ConfigWarningNotification { summary, details: None, path: None })),
        );
        warnings
    }

    /// Says so, if threads that name no provider are drawn by the preview.
    pub(crate) fn preview_stands_in(&self) -> Option<String> {
        let is_preview = self.config().model_provider.is_none() && self.account.kind() == AuthKind::None;
        let summary = "No provider is configured, so pictures come from the preview, which is not a model.";
        is_preview.then(|| summary.to_owned())
    }

    /// Asks the keychain for the stored login while the server serves already, and tells every connection what changed.
    /// The future is dropped at the end.
    pub(crate) async fn read_login(self: Arc<Self>) {
        let account = Arc::clone(&self.account);
        if tokio::task::spawn_blocking(move || account.read()).await.is_err() {
            return;
        }
        self.announce_tools().await;
        let problem = self.account.problem(api_origin(&self.config()).ok().as_ref());
        for summary in [problem, self.preview_stands_in()].into_iter().flatten() {
            let warning = ConfigWarningNotification { summary, details: None, path: None };
            self.hub.connections().announce(&Event::ConfigWarning(warning)).await;
        }
    }

    pub(crate) fn warning(&self, warning: &Warning) -> Event {
        Event::ConfigWarning(ConfigWarningNotification {
            summary: warning.to_string(),
            details: None,
            path: warning.path.as_ref().map(|path| path.display().to_string()),
        })
    }

    /// A stored thread with the state it has in this process.
    pub(crate) fn with_status(&self, thread: Thread) -> Thread {
        Thread { status: self.status(&thread.id), ..thread }
    }

    fn status(&self, thread_id: &str) -> ThreadStatus {
        if self.threads.get(thread_id).is_some_and(|handle| handle.slot.running().is_some()) {
            return ThreadStatus::Active { active_flags: Vec::new() };
        }
        // With an actor or without one: clients see no difference.
        if self.threads.is_loaded(thread_id) { ThreadStatus::Idle {} } else { ThreadStatus::NotLoaded {} }
    }

    /// An absolute path: relative ones start at the process's working folder.
    pub(crate) fn absolute(&self, path: Option<&str>) -> PathBuf {
        path.map_or_else(|| self.cwd.clone(), |path| self.cwd.join(Path::new(path)))
    }
}
