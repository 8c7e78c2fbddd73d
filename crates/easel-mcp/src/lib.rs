//! The image tool as a server of the Model Context Protocol (MCP).
//!
//! The server is a client of the app-server in the same process: each call becomes `tool/call`, so it has the gate,
//! limits, hooks, approvals and journal of every other call. The crate translates, and knows neither the store nor a
//! provider. `rmcp` implements the protocol, in its version with a handshake and in the one without; what it gets and
//! sends passes [`easel_rpc::relay`], which bounds lines and requests.
//!
//! Start at [`serve`], then read `server` for the requests and `call` for the life of a call, which may outlive its
//! request: an image that was paid for but never delivered is the result of the next call with equal arguments.

mod app;
mod approval;
mod call;
mod canonical;
mod pictures;
mod requests;
mod resources;
mod result;
mod server;
mod tools;
mod transport;
mod undelivered;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use easel_client::{Connection, Messages};
use easel_rpc::{Relay, Relayed};
use rmcp::ServiceExt;
use rmcp::service::{QuitReason, ServerInitializeError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::requests::Requests;
use crate::server::Server;
use crate::transport::RelayTransport;

/// How long the last responses may take to be written.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// The settings of the server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that the host has started the server in. Models may name images below it.
    pub cwd: String,
    /// How long a call may take before it is answered without its image, if its host shows no progress. `None`: any
    /// time.
    pub answer_within: Option<Duration>,
}

/// Serves a host until it sends nothing more, closes its end, or `stopping` is cancelled. Calls that are still running
/// then are cancelled.
///
/// `connection` and `messages` are those of an app-server before `initialize`.
pub async fn serve(
    relayed: Relayed,
    relay: Relay,
    connection: Connection,
    messages: Messages,
    options: Options,
    stopping: CancellationToken,
) {
    let requests = Arc::new(Requests::default());
    let app = Arc::new(App::new(connection, options, Arc::clone(&requests), relay.clone()));
    let mut tasks = JoinSet::new();
    tasks.spawn(app::read_messages(Arc::clone(&app), messages));
    let transport = RelayTransport::new(relayed, relay.clone(), requests, app.stop.clone());
    tokio::select! {
        () = run(Arc::clone(&app), transport) => tracing::info!("the host sends nothing more"),
        () = relay.closed() => tracing::info!("the host has disconnected"),
        () = stopping.cancelled() => {}
    }
    app.stop().await;
    relay.finish(FLUSH_LIMIT).await;
}

/// Runs the protocol. A message that is wrong before the protocol's version is known does not end the connection.
async fn run(app: Arc<App>, transport: RelayTransport) {
    loop {
        match Server::new(Arc::clone(&app)).serve(transport.clone()).await {
            Ok(running) => match running.waiting().await {
                Ok(QuitReason::Closed | QuitReason::Cancelled) => return,
                Ok(reason) => return tracing::error!(?reason, "the connection to the host ended"),
                Err(error) => return tracing::error!(%error, "the connection to the host ended"),
            },
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::TransportError { .. }) => return,
            Err(error) => tracing::info!(%error, "the host has not opened the connection yet"),
        }
    }
}
