//! `easel app-server`: one connection over stdio, from take-over to exit.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Environment, Invocation, Loader};
use easel_rpc::{ClientWatch, Limits, Outbox, Session, Signals};
use tokio::time::Instant;

use crate::app::{App, Cx};
use crate::client::Client;
use crate::logging::Logging;
use crate::methods;
use crate::os;

/// Threads that run turns and handlers; the work waits more than it computes.
const WORKERS: usize = 2;

/// Serves until the client is done, gone, or a signal comes.
pub(crate) fn run(environment: &Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let (input, output) = easel_rpc::take_over()?;
    let watch = ClientWatch::new(&output)?;
    let _logging = Logging::start(environment);
    os::no_core_dumps();
    let home = easel_config::home(environment)?;
    easel_config::create_home(&home)?;
    let loader = Loader::new(environment.clone(), home.clone(), invocation);
    let loaded = loader.load();
    let grace = Duration::from_millis(loaded.config.server.shutdown_grace_ms);
    let limits = Limits {
        max_line_bytes: loaded.config.server.max_line_bytes,
        max_in_flight: loaded.config.server.max_in_flight,
        outbox_bytes: loaded.config.server.outbox_bytes,
        ..Limits::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let served = runtime.block_on(async {
        let signals = Signals::install()?;
        let outbox = Outbox::start_ready(output, limits.outbox_bytes)?;
        let gone = outbox.clone();
        watch.start(move |reason| {
            tracing::info!(?reason, "the client is gone");
            gone.close();
        })?;
        let app = Arc::new(App::new(environment, home, loader, loaded));
        let client = Arc::new(Client::new(outbox.clone()));
        let context = Cx { app: Arc::clone(&app), client };
        let session = easel_rpc::serve(Arc::new(methods::table()?), context, input, outbox, limits)?;
        until_end(&app, session, signals, grace).await;
        Ok(())
    });
    // The reader may still sit in a read that never returns; the process ends without it.
    runtime.shutdown_background();
    served
}

/// Waits for the end, then stops what is under way within the grace. A second signal ends the process at once.
async fn until_end(app: &App, session: Session, mut signals: Signals, grace: Duration) {
    tokio::select! {
        end = session.ended() => tracing::info!(?end, "the connection ended"),
        () = signals.next() => tracing::info!("asked to terminate"),
    }
    let deadline = Instant::now() + grace;
    let stop = async {
        // What was asked before the end is answered before turns are interrupted, so that no turn starts after.
        session.drain(deadline.saturating_duration_since(Instant::now())).await;
        app.threads.interrupt_all();
        app.threads.close().await;
        app.sequels.close();
        app.sequels.wait().await;
        session.finish(deadline.saturating_duration_since(Instant::now())).await;
        app.store.close().await;
    };
    tokio::select! {
        stopped = tokio::time::timeout_at(deadline, stop) => if stopped.is_err() {
            tracing::warn!("not everything was done within the grace");
        },
        () = signals.next() => tracing::warn!("asked to terminate twice"),
    }
}
