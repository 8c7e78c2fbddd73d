//! Logs go to stderr through a bounded queue that drops and counts: a client that never reads stderr cannot stop us.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use std::panic::PanicHookInfo;

use easel_config::Environment;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines that wait for stderr; more are dropped.
const QUEUED_LINES: usize = 4_096;

/// How long the end waits for queued lines to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Keeps the log writer alive; dropping it writes what is queued, for a moment.
pub(crate) struct Logging {
    writer: Option<WorkerGuard>,
    dropped: ErrorCounter,
}

impl Logging {
    /// `RUST_LOG` filters (default `warn`), `LOG_FORMAT=json` writes one object a line. Whatever the filter says, libraries
    /// log no details: see [`is_harmless`].
    pub(crate) fn start(environment: &Environment) -> Self {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(QUEUED_LINES);
        let (writer, guard) = builder.thread_name("easel-log").finish(std::io::stderr());
        let dropped = writer.error_counter();
        let filter = EnvFilter::builder().parse_lossy(environment.text("RUST_LOG").unwrap_or("warn"));
        let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_harmless));
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
        // A subscriber that is already set belongs to a test of this process, and stays.
        let _ = match environment.text("LOG_FORMAT") {
            Some("json") => registry.with(lines.json()).try_init(),
            _ => registry.with(lines).try_init(),
        };
        std::panic::set_hook(Box::new(log_panic));
        Self { writer: Some(guard), dropped }
    }
}

/// Libraries print what passes through them below the level of `info`: messages with keys and images, URLs with their
/// queries, headers. What Easel logs itself is written for the log.
fn is_harmless(event: &Metadata<'_>) -> bool {
    let of_easel =
        event.target().strip_prefix("easel").is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', ':']));
    of_easel || *event.level() <= Level::INFO
}

/// The default hook writes to stderr and would wait for a client that never reads it. A formatted message may hold
/// anything, so only one that stands in the program is repeated.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("see the location");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, "panicked: {message}");
}

impl Drop for Logging {
    fn drop(&mut self) {
        let dropped = self.dropped.dropped_lines();
        if dropped > 0 {
            tracing::warn!(dropped, "log lines were dropped because stderr was not read");
        }
        // The guard prints when it cannot reach its thread. Standard output leads to the same full pipe, so that would
        // block for good, and the process must end.
        let writer = self.writer.take();
        let (flushing, flushed) = sync_channel::<()>(0);
        let waiting = thread::Builder::new().name("easel-last-words".to_owned()).spawn(move || {
            drop(writer);
            drop(flushing);
        });
        if waiting.is_ok() {
            // It ends by disconnection or by time, and both are the end.
            let _ = flushed.recv_timeout(LAST_WORDS);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_log_no_details_whatever_the_filter_says() {
        let lines = Lines::default();
        let writer = {
            let lines = lines.clone();
            move || lines.clone()
        };
        let layer = tracing_subscriber::fmt::layer().with_writer(writer);
        let filter = EnvFilter::new("trace,tungstenite=trace");
        let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_harmless)).with(layer);
        tracing::subscriber::with_default(registry, || {
            tracing::trace!(target: "tungstenite::protocol", "canary");
            tracing::debug!(target: "easelish", "canary");
            tracing::info!(target: "hyper", "one");
            tracing::trace!(target: "easel_rpc::serve", "two");
            tracing::trace!(target: "easel", "three");
        });
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(!lines.contains("canary"), "{lines}");
        assert_eq!(lines.lines().count(), 3, "{lines}");
    }
}
