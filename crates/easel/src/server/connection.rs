//! Serves one of several connections. Turns keep running after their connection has ended.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{End, Outbox, Session, Socket, Source};
use tokio_util::sync::CancellationToken;

use crate::connections::{Client, SlowClientPolicy};
use crate::requests::ConnectionContext;
use crate::server::Server;
use crate::server::connection_limits::{ConnectionLimits, MAX_CONNECTIONS, PendingGuard};
use crate::server::listener::{PendingConnection, Transport};

/// Serves a client until the connection ends. If the server is `stopping` first, returns the session for the caller to
/// end.
pub(super) async fn run(
    server: Arc<Server>,
    connection: PendingConnection,
    pending: PendingGuard,
    limits: Arc<ConnectionLimits>,
    stopping: CancellationToken,
) -> Option<Session> {
    let rpc_limits = server.limits;
    let socket = connection.socket.try_clone();
    let handshake = tokio::task::spawn_blocking(move || connection.handshake(rpc_limits));
    let transport = tokio::select! {
        transport = handshake => transport.map_err(io::Error::other).flatten(),
        () = stopping.cancelled() => return None,
    };
    let (socket, transport) = match (socket, transport) {
        (Ok(socket), Ok(Some(transport))) => (socket, transport),
        (Ok(_), Ok(None)) => {
            tracing::debug!("an HTTP request was answered");
            return None;
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::info!(%error, "a connection was refused");
            return None;
        }
    };
    drop(pending);
    let Some(_permit) = limits.acquire() else {
        tracing::warn!(max = MAX_CONNECTIONS, "a connection was closed: too many are open");
        socket.hang_up();
        return None;
    };
    let started = match transport {
        Transport::Lines(lines, outbox) => server.start(lines, outbox),
        Transport::Messages(messages, outbox) => server.start(*messages, outbox),
    };
    let started = started.inspect_err(|error| tracing::warn!(%error, "a connection was closed: no thread can read it"));
    let (session, client) = started.ok()?;
    // If the server stops at any time before the end, it ends this session together with the others. A client that does
    // not read must not use up their grace period.
    tokio::select! {
        () = serve_to_end(&session, &socket, server.grace) => {}
        () = stopping.cancelled() => return Some(session),
    }
    server.app.loaded.disconnect(&client);
    None
}

/// Waits until the connection ends, drains it, writes what is queued, and closes the socket. The drain and the writes
/// each have the whole of `grace`.
async fn serve_to_end(session: &Session, socket: &Socket, grace: Duration) {
    let end = session.ended().await;
    tracing::info!(?end, "a connection ended");
    if end == End::OutputClosed {
        // The writer may be blocked in a write that the client never reads.
        socket.hang_up();
    }
    session.drain(grace).await;
    session.finish(grace).await;
    socket.hang_up();
}

impl Server {
    fn start(&self, source: impl Source, outbox: Outbox) -> io::Result<(Session, Arc<Client>)> {
        let client = Arc::new(Client::new(outbox.clone(), SlowClientPolicy::Disconnect));
        let context = ConnectionContext::new(Arc::clone(&self.app), Arc::clone(&client), self.limits.max_in_flight);
        let session = easel_rpc::serve(Arc::clone(&self.table), context, source, outbox, self.limits)?;
        Ok((session, client))
    }
}
