//! `easel app-server`: from take-over to exit. One core serves any number of connections.

mod connection;
mod door;
mod doorstep;
mod listen;
mod stdio;
mod token;
#[cfg(unix)]
mod unix_socket;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Environment, Invocation, Loader};
use easel_rpc::{ClientWatch, Limits, Session, Signals, Table};
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::methods;
use crate::process::logging::Logging;
use crate::process::os;
use crate::requests::ConnectionContext;

pub(crate) use listen::Listen;
pub(crate) use token::{WebSocketAuth, parse_sha256};

/// Threads that run turns and handlers; the work waits more than it computes.
const WORKERS: usize = 2;

/// How long the tasks that the grace has left may take to be dropped. They are dropped at their next pause.
const LAST_DROPS: Duration = Duration::from_millis(500);

/// What all connections share.
struct Server {
    app: Arc<App>,
    table: Arc<Table<ConnectionContext>>,
    limits: Limits,
    grace: Duration,
}

/// Serves until the client of stdio is done or gone, or a signal comes.
pub(crate) fn run(environment: &Environment, invocation: Invocation, listen: Listen) -> Result<(), Box<dyn Error>> {
    let (input, output) = easel_rpc::take_over()?;
    let watch = ClientWatch::new(&output)?;
    let _logging = Logging::start(environment);
    os::raise_open_files();
    let home = easel_config::home(environment)?;
    easel_config::create_home(&home)?;
    let loader = Loader::new(environment.clone(), home.clone(), invocation);
    let loaded = loader.load();
    let config = &loaded.config.server;
    let limits = Limits {
        max_line_bytes: config.max_line_bytes,
        max_in_flight: config.max_in_flight,
        params_bytes: config.max_line_bytes.saturating_mul(2),
        outbox_bytes: config.outbox_bytes,
        ..Limits::default()
    };
    let grace = Duration::from_millis(config.shutdown_grace_ms);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let served = runtime.block_on(async {
        let signals = Signals::install()?;
        let door = listen.open(&home)?;
        let app = Arc::new(App::new(environment, home, loader, loaded));
        let mut reading = JoinSet::new();
        if app.accounts.is_login_pending() {
            reading.spawn(Arc::clone(&app.accounts).load_login());
        }
        let table = Arc::new(methods::table(limits, app.heavy.clone())?);
        let server = Server { app, table, limits, grace };
        match door {
            None => stdio::serve(&server, watch, input, output, signals).await?,
            Some(door) => listen::serve(server, door, signals).await,
        }
        Ok(())
    });
    // What still runs is dropped, and what it started with it. A read that never returns is not waited for.
    runtime.shutdown_timeout(LAST_DROPS);
    served
}

impl Server {
    /// Stops what is under way within the grace. A second signal ends the process at once.
    ///
    /// Each stage has its share of the grace, so that one request that takes long does not keep turns from being interrupted,
    /// their end from being told, and answers from being written. What a stage does not use is left for the next ones.
    async fn stop(&self, sessions: impl Future<Output = Vec<Session>>, mut signals: Signals) {
        let begun = Instant::now();
        let until = |percent: u32| begun + self.grace * percent / 100;
        let left = |percent| until(percent).saturating_duration_since(Instant::now());
        let app = &self.app;
        let stop = async {
            let sessions = sessions.await;
            // What was asked before the end is answered before turns are interrupted, so that no turn starts after.
            join_all(sessions.iter().map(|session| session.drain(left(40)))).await;
            app.loaded.interrupt_all();
            app.tasks.close();
            within(until(55), "what follows answers", app.tasks.wait()).await;
            // A turn may have begun in a request that could not be cancelled any more.
            app.loaded.interrupt_all();
            within(until(75), "running turns", app.loaded.close()).await;
            join_all(sessions.into_iter().map(|session| session.finish(left(90)))).await;
            within(until(100), "the store", app.store.close()).await;
        };
        tokio::select! {
            () = stop => {}
            () = signals.next() => tracing::warn!("asked to terminate twice"),
        }
    }
}

async fn within(deadline: Instant, what: &str, stage: impl Future<Output = ()>) {
    if tokio::time::timeout_at(deadline, stage).await.is_err() {
        tracing::warn!("{what} did not end within the grace");
    }
}
