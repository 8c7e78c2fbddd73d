//! The life of one of several connections. Its turns go on without it.

use std::io;
use std::sync::Arc;

use easel_rpc::{End, Outbox, Session, Source};
use tokio_util::sync::CancellationToken;

use crate::connections::{Client, SlowClientPolicy};
use crate::requests::ConnectionContext;
use crate::server::Server;
use crate::server::door::{Guest, Speech};
use crate::server::doorstep::{Doorstep, MOST_CONNECTIONS};

/// Serves a client until it is done or gone. When the server is `stopping` first, its session is left to the caller.
pub(super) async fn run(
    server: Arc<Server>,
    guest: Guest,
    doorstep: Arc<Doorstep>,
    stopping: CancellationToken,
) -> Option<Session> {
    let limits = server.limits;
    let line = guest.socket.try_clone();
    let stranger = doorstep.enter(&guest.socket).inspect_err(|error| tracing::warn!(%error, "a connection is closed"));
    let stranger = stranger.ok()?;
    let welcomed = tokio::task::spawn_blocking(move || guest.welcome(limits));
    let welcomed = tokio::select! {
        welcomed = welcomed => welcomed,
        () = stopping.cancelled() => return None,
    };
    let speech = welcomed.map_err(io::Error::other).flatten();
    let (line, speech) = match (line, speech) {
        (Ok(line), Ok(speech)) => (line, speech),
        (Err(error), _) | (_, Err(error)) => {
            tracing::info!(%error, "a connection was refused");
            return None;
        }
    };
    drop(stranger);
    let Some(_seat) = doorstep.seat() else {
        tracing::warn!(most = MOST_CONNECTIONS, "too many connections, one is closed");
        line.hang_up();
        return None;
    };
    let begun = match speech {
        Speech::Lines(lines, outbox) => server.begin(lines, outbox),
        Speech::Messages(messages, outbox) => server.begin(*messages, outbox),
    };
    let (session, client) =
        begun.inspect_err(|error| tracing::warn!(%error, "a connection has no thread to read it")).ok()?;
    let end = tokio::select! {
        end = session.ended() => end,
        () = stopping.cancelled() => return Some(session),
    };
    tracing::info!(?end, "a connection ended");
    if end == End::OutputClosed {
        // The writer may be in a write that the client will never read.
        line.hang_up();
    }
    // A server that stops meanwhile ends it with the others.
    tokio::select! {
        _ = session.drain(server.grace) => {}
        () = stopping.cancelled() => return Some(session),
    }
    session.finish(server.grace).await;
    line.hang_up();
    server.app.loaded.disconnect(&client);
    None
}

impl Server {
    fn begin(&self, source: impl Source, outbox: Outbox) -> io::Result<(Session, Arc<Client>)> {
        let client = Arc::new(Client::new(outbox.clone(), SlowClientPolicy::Disconnect));
        let context = ConnectionContext::new(Arc::clone(&self.app), Arc::clone(&client), self.limits.max_in_flight);
        let session = easel_rpc::serve(Arc::clone(&self.table), context, source, outbox, self.limits)?;
        Ok((session, client))
    }
}
