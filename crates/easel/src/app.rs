//! What all connections and methods share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use easel_config::{Config, Environment, Loaded, Loader, Warning};
use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::Store;
use easel_protocol::event::{ConfigWarningNotification, Event};
use easel_protocol::thread::{Thread, ThreadStatus};
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
use crate::provider::{AnyProvider, Providers};
use crate::refusal::Refusal;
use crate::rules::thread_rules;

pub(crate) struct App {
    pub(crate) home: PathBuf,
    /// The working folder of the process.
    pub(crate) cwd: PathBuf,
    pub(crate) configuration: Configuration,
    pub(crate) store: EaselStore,
    pub(crate) hub: Hub,
    pub(crate) threads: Threads<AnyProvider>,
    pub(crate) account: Arc<Account>,
    /// Why the stored login was not taken, for people.
    login_problem: Option<String>,
    pub(crate) providers: Providers,
    /// What the connections were last told of the tools; nothing before the first handshake.
    pub(crate) offered_last: Mutex<Option<Offered>>,
    pub(crate) order: Order,
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
    pub(crate) fn new(app: Arc<App>, client: Arc<Client>, max_writes: usize) -> Self {
        let writes = Arc::new(Semaphore::new(max_writes.min(Semaphore::MAX_PERMITS)));
        Self { app, client, cancellation: CancellationToken::new(), writes }
    }
}

impl App {
    pub(crate) fn new(environment: &Environment, home: PathBuf, loader: Loader, loaded: Loaded) -> Self {
        let limits = &loaded.config.limits;
        let limits =
            easel_store::Limits { reference_bytes: limits.reference_bytes, reference_pixels: limits.reference_pixels };
        let store = EaselStore::open(home.clone(), limits);
        let hub = Hub::new(store.clone());
        let logins = LoginStore::new(home.clone(), loaded.config.cli_auth_credentials_store);
        let (account, problem) = Account::open(environment, logins, hub.connections().clone());
        let account = Arc::new(account);
        Self {
            providers: Providers::new(environment.clone(), home.clone(), Arc::clone(&account)),
            home,
            cwd: environment.cwd.clone(),
            configuration: Configuration::new(loader, loaded),
            hub,
            store,
            threads: Threads::default(),
            account,
            login_problem: problem.map(|problem| format!("The stored login is not used: {problem}.")),
            offered_last: Mutex::default(),
            order: Order::default(),
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

    /// Gives the rules of the configuration as it is now to the threads in memory, for their next turns. Their models and
    /// providers stay.
    pub(crate) async fn reload_threads(&self) -> Result<(), Refusal> {
        for thread_id in self.threads.ids() {
            let Some(stored) = self.store.settings(&thread_id).await? else { continue };
            let loaded = self.configuration.for_thread(stored.cwd.into(), stored.overrides).await?;
            if let Some(handle) = self.threads.get(&thread_id) {
                handle.rules.set(thread_rules(&loaded.config));
            }
        }
        Ok(())
    }

    /// Warnings that every connection learns after its handshake.
    pub(crate) fn warnings(&self) -> Vec<Event> {
        let mut warnings: Vec<Event> =
            self.configuration.warnings().iter().map(|warning| self.warning(warning)).collect();
        let summary = match self.default_provider().unavailable() {
            Some(reason) => Some(reason.to_owned()),
            None if self.config().model_provider.is_none() && self.account.kind() == AuthKind::None => {
                Some("No provider is configured, so pictures come from the preview, which is not a model.".to_owned())
            }
            None => None,
        };
        warnings.extend(
            self.login_problem
                .clone()
                .into_iter()
                .chain(summary)
                .map(|summary| Event::ConfigWarning(ConfigWarningNotification { summary, details: None, path: None })),
        );
        warnings
    }

    pub(crate) fn warning(&self, warning: &Warning) -> Event {
        Event::ConfigWarning(ConfigWarningNotification {
            summary: warning.to_string(),
            details: None,
            path: warning.path.as_ref().map(|path| path.display().to_string()),
        })
    }

    /// Writes one change of a thread's own data. Refused when another process has the thread.
    pub(crate) async fn change(&self, thread_id: &str, event: Event) -> Result<(), Refusal> {
        let acquired = self.store.acquire_writer(thread_id).await;
        acquired.map_err(|refused| Refusal::lease(refused, thread_id))?;
        let written = self.store.append(vec![event]).await;
        if self.threads.get(thread_id).is_none() {
            self.release(thread_id).await;
        }
        Ok(written?)
    }

    /// After history was changed below it: a thread in memory is read anew, another is given back.
    pub(crate) async fn reload_or_release(&self, thread_id: &str) -> Result<(), Refusal> {
        let stored = match self.threads.get(thread_id) {
            Some(_) => self.store.load(thread_id).await?,
            None => None,
        };
        let Some(stored) = stored else {
            self.release(thread_id).await;
            return Ok(());
        };
        let loaded = self.configuration.for_thread(stored.thread.cwd.clone().into(), stored.overrides.clone()).await?;
        // Not out of the store's hands: an ephemeral thread would end with that.
        self.threads.unload(thread_id);
        self.load(stored, &loaded.config).await?;
        Ok(())
    }

    pub(crate) async fn release(&self, thread_id: &str) {
        if let Err(error) = self.store.release_writer(thread_id).await {
            tracing::warn!(thread_id, %error, "the thread was not given back");
        }
    }

    /// A stored thread with the state it has in this process.
    pub(crate) fn with_status(&self, thread: Thread) -> Thread {
        Thread { status: self.status(&thread.id), ..thread }
    }

    fn status(&self, thread_id: &str) -> ThreadStatus {
        match self.threads.get(thread_id) {
            None => ThreadStatus::NotLoaded {},
            Some(handle) if handle.slot.running().is_some() => ThreadStatus::Active { active_flags: Vec::new() },
            Some(_) => ThreadStatus::Idle {},
        }
    }

    /// An absolute path: relative ones start at the process's working folder.
    pub(crate) fn absolute(&self, path: Option<&str>) -> PathBuf {
        path.map_or_else(|| self.cwd.clone(), |path| self.cwd.join(Path::new(path)))
    }
}
