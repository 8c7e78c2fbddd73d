//! `easel app-server`: the life of the process, from start to exit. One set of services serves any number of
//! connections.

mod connection;
mod connection_limits;
mod listen;
mod listener;
pub(crate) mod local;
mod stdio;
mod token;

use std::error::Error;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Environment, Invocation, Loaded, Loader};
use easel_rpc::{ClientWatch, Limits, Session, Signals, Table};
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::commands::report;
use crate::methods;
use crate::os;
use crate::process::logging::{self, Logging};
use crate::requests::ConnectionContext;

pub(crate) use listen::Listen;
pub(crate) use token::{WebSocketAuth, parse_sha256};

/// Worker threads of the runtime. Turns and handlers wait more than they compute.
const WORKERS: usize = 2;

/// How long to wait for tasks that are left after the grace period. A task is dropped at its next `.await`.
const DROP_TIMEOUT: Duration = Duration::from_millis(500);

/// What a person sees who starts the server on a terminal, where it would wait without a word.
const TERMINAL_HINT: &str = "speaking JSON-RPC on standard input and output, for a client that spawns this process. Try \
                             `easel draw PROMPT` or `easel --help`. Ctrl-D ends.";

/// What all connections share.
struct Server {
    app: Arc<App>,
    table: Arc<Table<ConnectionContext>>,
    limits: Limits,
    /// The grace period of a shutdown, and of the end of one connection.
    grace: Duration,
    /// Work that the start does not wait for.
    _background: JoinSet<()>,
}

/// What is read before the runtime starts.
struct Setup {
    home: PathBuf,
    loader: Loader,
    loaded: Loaded,
}

/// Serves until the client of stdio closes the connection, or until a signal.
///
/// # Errors
/// If the home cannot be created or written to, a socket cannot be opened, or a thread cannot be started.
pub(crate) fn run(environment: &Environment, invocation: Invocation, listen: Listen) -> Result<(), Box<dyn Error>> {
    if listen == Listen::Stdio && io::stdin().is_terminal() {
        report(TERMINAL_HINT);
    }
    let (input, output) = easel_rpc::take_stdio()?;
    let watch = ClientWatch::new(&output)?;
    let _logging = Logging::start(environment, logging::SERVER_FILTER);
    let setup = Setup::load(environment, invocation)?;
    block_on(async {
        let signals = Signals::install()?;
        let listener = listen.open(&setup.home)?;
        let server = Server::new(environment, setup)?;
        match listener {
            None => stdio::serve(&server, watch, input, output, signals).await?,
            Some(listener) => listen::serve(server, listener, signals).await,
        }
        Ok(())
    })
}

/// Runs `work` on a new runtime.
fn block_on<T>(work: impl Future<Output = Result<T, Box<dyn Error>>>) -> Result<T, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let result = runtime.block_on(work);
    // Drops the remaining tasks and what they own. Does not wait for a read of standard input, which may never return.
    runtime.shutdown_timeout(DROP_TIMEOUT);
    result
}

impl Setup {
    /// Creates the home and loads the configuration.
    fn load(environment: &Environment, invocation: Invocation) -> Result<Self, Box<dyn Error>> {
        os::raise_open_files();
        let home = easel_config::home(environment)?;
        easel_config::create_home(&home)?;
        os::check_writable(&home).map_err(|error| {
            let home = home.display();
            format!("cannot write to the home folder {home}: {error}; change its permissions, or set EASEL_HOME to another folder")
        })?;
        let loader = Loader::new(environment.clone(), home.clone(), invocation);
        let loaded = loader.load();
        Ok(Self { home, loader, loaded })
    }
}

impl Server {
    /// Builds the services and the table of methods.
    fn new(environment: &Environment, setup: Setup) -> Result<Self, Box<dyn Error>> {
        let Setup { home, loader, loaded } = setup;
        let config = &loaded.config.server;
        let limits = Limits {
            max_line_bytes: config.max_line_bytes,
            max_in_flight: config.max_in_flight,
            params_bytes: config.max_line_bytes.saturating_mul(2),
            outbox_bytes: config.outbox_bytes,
            ..Limits::default()
        };
        let grace = Duration::from_millis(config.shutdown_grace_ms);
        let app = Arc::new(App::new(environment, home, loader, loaded));
        let mut background = JoinSet::new();
        if app.accounts.is_login_pending() {
            background.spawn(Arc::clone(&app.accounts).load_login());
        }
        let store = app.store.clone();
        background.spawn(async move { store.complete_recovery().await });
        let table = Arc::new(methods::build_table(limits, app.heavy.clone())?);
        Ok(Self { app, table, limits, grace, _background: background })
    }

    /// Shuts down within `grace`, the grace period or what is left of it. A second signal ends the process at once.
    ///
    /// Each stage has its share of the grace period, so that one slow request delays neither the interrupt of turns,
    /// nor their last events, nor responses. The time that a stage does not use is left for the next ones.
    async fn stop(&self, sessions: impl Future<Output = Vec<Session>>, mut signals: Signals, grace: Duration) {
        let started = Instant::now();
        let deadline = |percent: u32| started + grace * percent / 100;
        let time_left = |percent| deadline(percent).saturating_duration_since(Instant::now());
        let app = &self.app;
        let stop = async {
            let sessions = sessions.await;
            // Earlier requests are answered before turns are interrupted, so that no turn starts afterwards.
            join_all(sessions.iter().map(|session| session.drain(time_left(40)))).await;
            app.loaded.interrupt_all();
            app.tasks.close();
            wait_until(deadline(55), "follow-ups of responses", app.tasks.wait()).await;
            // A request that could no longer be cancelled may have started a turn.
            app.loaded.interrupt_all();
            wait_until(deadline(75), "running turns", app.loaded.close()).await;
            join_all(sessions.iter().map(|session| session.finish(time_left(90)))).await;
            wait_until(deadline(100), "the store", app.store.close()).await;
        };
        tokio::select! {
            () = stop => {}
            () = signals.next() => tracing::warn!("a second signal ended the shutdown early"),
        }
    }
}

/// Waits for a stage of the shutdown until the deadline.
async fn wait_until(deadline: Instant, what: &str, stage: impl Future<Output = ()>) {
    if tokio::time::timeout_at(deadline, stage).await.is_err() {
        tracing::warn!("{what} did not end within the grace period (server.shutdown_grace_ms)");
    }
}
