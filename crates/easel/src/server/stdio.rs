//! The one connection of a server that a client spawned. The process ends with the connection, and with its parent.

use std::error::Error;
use std::future::ready;
use std::sync::Arc;

use easel_rpc::{ClientWatch, LineReader, Outbox, Signals, Stdin, Stdout};

use crate::connections::{Client, SlowClientPolicy};
use crate::requests::ConnectionContext;
use crate::server::Server;

/// Serves the client until the connection ends, or until a signal.
pub(super) async fn serve(
    server: &Server,
    watch: ClientWatch,
    input: Stdin,
    output: Stdout,
    mut signals: Signals,
) -> Result<(), Box<dyn Error>> {
    let limits = server.limits;
    let outbox = Outbox::start_with_sink(output, limits.outbox_bytes)?;
    let watched = outbox.clone();
    watch.start(move |reason| {
        tracing::info!(?reason, "the client has disconnected");
        watched.close();
    })?;
    let client = Arc::new(Client::new(outbox.clone(), SlowClientPolicy::Wait));
    let context = ConnectionContext::new(Arc::clone(&server.app), client, limits.max_in_flight);
    let probe = input.probe()?;
    let lines = LineReader::new(input, limits.max_line_bytes).with_probe(probe);
    let session = easel_rpc::serve(Arc::clone(&server.table), context, lines, outbox, limits)?;
    tokio::select! {
        end = session.ended() => tracing::info!(?end, "the connection ended"),
        () = signals.next() => tracing::info!("a signal stops the server"),
    }
    server.stop(ready(vec![session]), signals, server.grace).await;
    Ok(())
}
