//! The services and the resources that they share, built once per process.

use std::path::PathBuf;
use std::sync::Arc;

use easel_config::{Environment, Loaded, Loader};
use easel_rpc::HeavyWork;
use easel_store::EaselStore;
use tokio_util::task::TaskTracker;

use crate::accounts::Accounts;
use crate::connections::{Handshake, Hub};
use crate::credentials::{Account, LoginStore};
use crate::hooks::ProgramHooks;
use crate::images::{ExportWorkers, Images, Previews};
use crate::providers::{ProviderCatalog, Providers};
use crate::requests::Service;
use crate::settings::{Configuration, Settings};
use crate::threads::{LoadedThreads, ThreadQueue, Threads};
use crate::tool_calls::{RunningCalls, ToolCalls};
use crate::tools::Tools;
use crate::turns::Turns;
use crate::usage::Usage;

/// The services, by the methods that they implement, and the resources that the server itself uses.
pub(crate) struct App {
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) catalog: Arc<ProviderCatalog>,
    pub(crate) images: Arc<Images>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) threads: Arc<Threads>,
    pub(crate) tool_calls: Arc<ToolCalls>,
    pub(crate) tools: Arc<Tools>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) usage: Arc<Usage>,

    pub(crate) store: EaselStore,
    pub(crate) loaded: Arc<LoadedThreads>,
    pub(crate) queue: ThreadQueue,
    /// Runs long computations away from the runtime's workers.
    pub(crate) heavy: HeavyWork,
    /// Tasks that outlive their request or connection: writes, and what follows a response. Awaited when the server
    /// stops.
    pub(crate) tasks: TaskTracker,
}

impl App {
    /// Builds the services for the folder `home` with the configuration that `loader` has loaded.
    pub(crate) fn new(environment: &Environment, home: PathBuf, loader: Loader, loaded: Loaded) -> Self {
        let limits = &loaded.config.limits;
        let limits = easel_store::ImportLimits {
            reference_bytes: limits.reference_bytes,
            reference_pixels: limits.reference_pixels,
        };
        let max_idle = loaded.config.server.idle_threads;
        let logins = LoginStore::new(home.clone(), loaded.config.cli_auth_credentials_store);

        let store = EaselStore::open(home.clone(), limits);
        let hub = Hub::new(store.clone());
        let (queue, heavy, tasks) = (ThreadQueue::default(), HeavyWork::default(), TaskTracker::new());
        let configuration = Arc::new(Configuration::new(environment.cwd.clone(), loader, loaded));
        let account = Arc::new(Account::new(environment, logins, hub.connections().clone()));
        let providers = Arc::new(Providers::new(environment.clone(), home.clone(), Arc::clone(&account)));
        let loaded = Arc::new(LoadedThreads::new(
            store.clone(),
            hub.clone(),
            Arc::clone(&configuration),
            Arc::clone(&providers),
            queue.clone(),
            tasks.clone(),
            max_idle,
        ));

        let catalog =
            Arc::new(ProviderCatalog { configuration: Arc::clone(&configuration), providers: Arc::clone(&providers) });
        let tools = Arc::new(Tools::new(
            store.clone(),
            Arc::clone(&configuration),
            Arc::clone(&catalog),
            Arc::clone(&loaded),
            hub.connections().clone(),
        ));
        let accounts = Arc::new(Accounts {
            account,
            configuration: Arc::clone(&configuration),
            providers: Arc::clone(&providers),
            tools: Arc::clone(&tools),
            hub: hub.clone(),
        });
        let settings = Arc::new(Settings {
            configuration: Arc::clone(&configuration),
            loaded: Arc::clone(&loaded),
            tools: Arc::clone(&tools),
        });
        let threads = Arc::new(Threads {
            store: store.clone(),
            loaded: Arc::clone(&loaded),
            queue: queue.clone(),
            hub: hub.clone(),
            configuration: Arc::clone(&configuration),
            providers,
            accounts: Arc::clone(&accounts),
            heavy: heavy.clone(),
            tasks: tasks.clone(),
        });
        let images = Arc::new(Images {
            store: store.clone(),
            previews: Previews::new(store.clone()),
            exports: ExportWorkers::new(store.clone()),
            loaded: Arc::clone(&loaded),
            queue: queue.clone(),
            hub: hub.clone(),
            tasks: tasks.clone(),
            cwd: environment.cwd.clone(),
            user_home: environment.user_home.clone(),
        });
        let turns = Arc::new(Turns {
            store: store.clone(),
            loaded: Arc::clone(&loaded),
            threads: Arc::clone(&threads),
            images: Arc::clone(&images),
            hook_runner: Arc::new(ProgramHooks::new(environment, home.clone())),
        });
        let tool_calls = Arc::new(ToolCalls {
            store: store.clone(),
            loaded: Arc::clone(&loaded),
            turns: Arc::clone(&turns),
            previews: images.previews.clone(),
            running: RunningCalls::default(),
        });
        let usage = Arc::new(Usage { store: store.clone(), configuration: Arc::clone(&configuration) });
        let handshake = Arc::new(Handshake {
            home,
            configuration,
            catalog: Arc::clone(&catalog),
            accounts: Arc::clone(&accounts),
            tools: Arc::clone(&tools),
            hub,
        });
        Self {
            handshake,
            accounts,
            catalog,
            images,
            settings,
            threads,
            tool_calls,
            tools,
            turns,
            usage,
            store,
            loaded,
            queue,
            heavy,
            tasks,
        }
    }
}

macro_rules! services {
    ($($field:ident: $service:ty),+ $(,)?) => {
        $(impl Service for $service {
            fn from_app(app: &App) -> Arc<Self> {
                Arc::clone(&app.$field)
            }
        })+
    };
}

services! {
    handshake: Handshake,
    accounts: Accounts,
    catalog: ProviderCatalog,
    images: Images,
    settings: Settings,
    threads: Threads,
    tool_calls: ToolCalls,
    tools: Tools,
    turns: Turns,
    usage: Usage,
}
