//! `easel mcp-server`: the image tool for hosts that speak the Model Context Protocol over stdio.

use std::error::Error;
use std::time::Duration;

use easel_config::{Environment, Invocation};
use easel_mcp::Options;
use easel_rpc::{ClientWatch, Limits, LineReader, Outbox};

use crate::server::local::{self, Local};

/// The protocol, as it is stored with threads.
const FACE: &str = "mcp";
/// Longest line in bytes. Arguments are text and paths, and no image comes in.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Maximum number of requests in flight.
const MAX_IN_FLIGHT: usize = 64;

/// Serves the host that has started the process until it closes the connection, or until a signal. Running it is the
/// opt-in to the standalone tool; the kill switch and every other input of the gate apply.
///
/// # Errors
/// If the home cannot be created, or a thread cannot be started.
pub(crate) fn run(environment: &Environment, mut invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let (input, output) = easel_rpc::take_stdio()?;
    let watch = ClientWatch::new(&output)?;
    invocation.enable.push("imagegenext".to_owned());
    let cwd = environment.cwd.display().to_string();
    local::run_as(Some(FACE), environment, invocation, async move |local: Local| {
        let (config, server_limits) = (local.config(), local.limits());
        let Local { connection, messages, stopping, .. } = local;
        let limits = Limits {
            max_line_bytes: server_limits.max_line_bytes.min(MAX_LINE_BYTES),
            max_in_flight: server_limits.max_in_flight.min(MAX_IN_FLIGHT),
            ..server_limits
        };
        let outbox = Outbox::start_with_sink(output, limits.outbox_bytes)?;
        let watched = outbox.clone();
        watch.start(move |reason| {
            tracing::info!(?reason, "the host has disconnected");
            watched.close();
        })?;
        let probe = input.probe()?;
        let lines = LineReader::new(input, limits.max_line_bytes).with_probe(probe);
        let (relayed, relay) = easel_rpc::relay(lines, outbox, limits)?;
        let answer_within = Some(config.mcp.answer_within_ms).filter(|ms| *ms > 0).map(Duration::from_millis);
        easel_mcp::serve(relayed, relay, connection, messages, Options { answer_within, cwd }, stopping).await;
        Ok(())
    })
}
