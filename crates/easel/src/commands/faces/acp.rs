//! `easel acp`: an agent for editors, as a client of a server in this process.
//!
//! Which image tool the model gets is decided as in a turn of any other client: the hosted tool of the provider, or the
//! standalone tool if the feature `imagegenext` is on. Running the agent switches on neither.

use std::error::Error;

use easel_acp::{App, PictureMode};
use easel_config::{AcpImages, Environment, Invocation};
use easel_rpc::{ClientWatch, LineReader, Outbox};

use crate::server::local::{self, Local};

/// Serves the editor that spawned this process, until it closes the connection or a signal arrives.
///
/// # Errors
/// If the server cannot be started.
pub(crate) fn run(environment: &Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let (input, output) = easel_rpc::take_stdio()?;
    let watch = ClientWatch::new(&output)?;
    local::run(environment, invocation, async |local: Local| {
        let config = local.config();
        let limits = local.limits();
        let outbox = Outbox::start_with_sink(output, limits.outbox_bytes)?;
        let watched = outbox.clone();
        watch.start(move |reason| {
            tracing::info!(?reason, "the editor has disconnected");
            watched.close();
        })?;
        let probe = input.probe()?;
        let lines = LineReader::new(input, limits.max_line_bytes).with_probe(probe);
        // The messages of the second connection repeat those of the first one.
        let (reads, _) = local.connect()?;
        let pictures = match config.acp.images {
            AcpImages::Preview => PictureMode::Preview,
            AcpImages::Original => PictureMode::Original,
            AcpImages::Link => PictureMode::Link,
        };
        let Local { connection, messages, stopping, grace, .. } = local;
        let app = App { connection, messages, reads, pictures, version: env!("CARGO_PKG_VERSION") };
        Ok(easel_acp::serve(app, lines, outbox, limits, stopping, || grace.end()).await?)
    })
}
