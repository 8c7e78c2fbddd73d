//! The life of a connection to an editor.

use std::io;
use std::sync::Arc;

use easel_client::{Connection, Messages};
use easel_rpc::{Limits, Outbox, Source};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::agent::{Agent, PictureMode, dispatch};
use crate::table;

/// The app-server behind the agent: two connections before `initialize`. One starts turns and gets their events, the
/// other one reads, so that a task that handles events can wait for its responses.
#[derive(Debug)]
pub struct App {
    /// Starts turns.
    pub connection: Connection,
    /// The events of its turns.
    pub messages: Messages,
    /// Reads.
    pub reads: Connection,
    /// What updates have in the place of an image.
    pub pictures: PictureMode,
    /// The version of Easel.
    pub version: &'static str,
}

/// Serves an editor until it closes the connection or `stopping` is cancelled. Prompts that run then are cancelled, and
/// their responses are sent in half of the time up to the end of the process, which `end` returns.
///
/// # Errors
/// If the reader's thread cannot be started.
pub async fn serve(
    app: App,
    source: impl Source,
    outbox: Outbox,
    limits: Limits,
    stopping: CancellationToken,
    end: impl FnOnce() -> Instant,
) -> io::Result<()> {
    let App { connection, messages, reads, pictures, version } = app;
    outbox.use_standard_messages();
    let agent = Agent::new(connection, reads, outbox.clone(), pictures, version);
    let mut tasks = JoinSet::new();
    tasks.spawn(dispatch(Arc::clone(&agent), messages));
    let table = Arc::new(table::build(limits).map_err(io::Error::other)?);
    let session = easel_rpc::serve(table, Arc::clone(&agent), source, outbox, limits)?;
    tokio::select! {
        how = session.ended() => tracing::info!(end = ?how, "the connection ended"),
        () = stopping.cancelled() => tracing::info!("a signal stops the agent"),
    }
    let grace = end().saturating_duration_since(Instant::now());
    agent.cancel_all();
    session.drain(grace * 2 / 5).await;
    session.finish(grace / 10).await;
    Ok(())
}
