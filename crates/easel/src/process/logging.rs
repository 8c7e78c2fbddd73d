//! The log, which goes to stderr through a bounded queue. A client that never reads stderr cannot block the server:
//! lines beyond the queue are dropped and counted.

use std::panic::PanicHookInfo;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use easel_config::Environment;
use easel_imagegen::phase;
use parking_lot::Mutex;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
#[cfg(feature = "otel")]
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

#[cfg(feature = "otel")]
use crate::process::telemetry::Telemetry;

/// Maximum number of lines that wait for stderr.
const MAX_QUEUED_LINES: usize = 4_096;

/// The filter of servers without `RUST_LOG`. The MCP library reports a host that goes away during a call as several
/// errors.
pub(crate) const SERVER_FILTER: &str = "warn,rmcp=off";

/// The filter without `RUST_LOG` of commands that print the failures of their own requests.
pub(crate) const COMMAND_FILTER: &str = "warn,rmcp=off,easel_thread::turn::log=error,easel::requests::error=off";

/// How long the process waits for queued lines when it exits.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Keeps the log's writer alive. Dropping it flushes the queue, for at most [`FLUSH_TIMEOUT`].
pub(crate) struct Logging {
    /// Ends before the log, which has its errors.
    #[cfg(feature = "otel")]
    telemetry: Option<Telemetry>,
    queue: Arc<OnceLock<LogQueue>>,
}

/// The queue of lines for stderr and the thread that writes them. Both are created with the first line, since most
/// processes log nothing.
struct LogQueue {
    sender: NonBlocking,
    /// Taken when the log ends.
    writer: Mutex<Option<WorkerGuard>>,
}

impl Logging {
    /// Starts the log. `RUST_LOG` is its filter, else `default_filter`, and `LOG_FORMAT=json` writes one object
    /// per line. Whatever the filter says, libraries do not log details; see [`is_harmless`].
    pub(crate) fn start(environment: &Environment, default_filter: &str) -> Self {
        let queue = Arc::new(OnceLock::new());
        let writer = {
            let queue = Arc::clone(&queue);
            move || queue.get_or_init(LogQueue::start).sender.clone()
        };
        let (filter, ignored) = parse_filter(environment.text("RUST_LOG").unwrap_or_default(), default_filter);
        // The only spans are the phases of turns. With this filter, each is logged when it ends, with its time.
        let has_phases = filter.would_enable(phase::TARGET, &Level::DEBUG);
        let span_events = if has_phases { FmtSpan::CLOSE } else { FmtSpan::NONE };
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_span_events(span_events).with_writer(writer);
        let lines: Box<dyn Layer<Registry> + Send + Sync> = match environment.text("LOG_FORMAT") {
            Some("json") => lines.json().boxed(),
            _ => lines.boxed(),
        };
        std::panic::set_hook(Box::new(log_panic));
        #[cfg(feature = "otel")]
        if let Some(telemetry) = Telemetry::start(environment) {
            // The filter of the log is not that of the export.
            let lines = lines.with_filter(filter.and(filter_fn(is_harmless)));
            let exported = telemetry.as_ref().ok().map(Telemetry::layer);
            let _ = tracing_subscriber::registry().with(lines).with(exported).try_init();
            warn_of_ignored(&ignored);
            let telemetry = telemetry.inspect_err(|error| tracing::warn!(%error, "no traces are exported")).ok();
            return Self { telemetry, queue };
        }
        // A subscriber that already exists belongs to a test in this process.
        let _ = tracing_subscriber::registry().with(lines).with(filter).with(filter_fn(is_harmless)).try_init();
        warn_of_ignored(&ignored);
        Self {
            #[cfg(feature = "otel")]
            telemetry: None,
            queue,
        }
    }
}

impl LogQueue {
    fn start() -> Self {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MAX_QUEUED_LINES);
        let (sender, writer) = builder.thread_name("easel-log").finish(std::io::stderr());
        Self { sender, writer: Mutex::new(Some(writer)) }
    }
}

/// Parses a filter such as `warn,easel=debug`: levels and targets with levels. Returns it with the parts that are
/// neither. Without a valid part, the default is the filter.
fn parse_filter(text: &str, default: &str) -> (Targets, Vec<String>) {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    // A part with a bracket is one of `EnvFilter`'s, for a span and its fields.
    let (valid, ignored): (Vec<_>, Vec<_>) =
        parts.partition(|part| !part.contains(['[', '{']) && part.parse::<Targets>().is_ok());
    let text = if valid.is_empty() { default.to_owned() } else { valid.join(",") };
    (text.parse().unwrap_or_default(), ignored.into_iter().map(str::to_owned).collect())
}

fn warn_of_ignored(parts: &[String]) {
    if !parts.is_empty() {
        let parts = parts.join(",");
        tracing::warn!(parts, "RUST_LOG: these parts are ignored; a part is a level or a target with a level");
    }
}

/// Returns whether an event contains no secrets. Below the level `info`, libraries log the data that passes through
/// them: messages with keys and images, URLs with their queries, headers. Easel's own events never contain secrets.
fn is_harmless(event: &Metadata<'_>) -> bool {
    let is_easel =
        event.target().strip_prefix("easel").is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', ':']));
    is_easel || *event.level() <= Level::INFO
}

/// Logs a panic. The default hook writes to stderr directly and would wait for a client that never reads it. A
/// formatted message may contain anything, so only a literal one is repeated.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("see the location");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, "panic: {message}");
}

impl Drop for Logging {
    fn drop(&mut self) {
        #[cfg(feature = "otel")]
        drop(self.telemetry.take());
        let Some(queue) = self.queue.get() else { return };
        let dropped = queue.sender.error_counter().dropped_lines();
        if dropped > 0 {
            tracing::warn!(dropped, "log lines were dropped because stderr was not read");
        }
        // The guard prints an error when it cannot reach its thread. Stderr may be the same full pipe, so that would
        // block forever, and the process has to exit.
        let writer = queue.writer.lock().take();
        let (sender, receiver) = sync_channel::<()>(0);
        let spawned = thread::Builder::new().name("easel-log-flush".to_owned()).spawn(move || {
            drop(writer);
            drop(sender);
        });
        if spawned.is_ok() {
            // A disconnection means that the queue is flushed; after the timeout the rest is lost.
            let _ = receiver.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_filter_has_levels_and_targets() {
        let (filter, ignored) = parse_filter(" warn , easel=debug,,hyper=off", SERVER_FILTER);
        assert_eq!(filter, "warn,easel=debug,hyper=off".parse().unwrap());
        assert_eq!(ignored, [""; 0]);
    }

    #[test]
    fn invalid_parts_of_a_filter_are_ignored() {
        let (filter, ignored) = parse_filter("easel=loud,[turn]=debug,info,a=b=c", SERVER_FILTER);
        assert_eq!(filter, "info".parse().unwrap());
        assert_eq!(ignored, ["easel=loud", "[turn]=debug", "a=b=c"]);
        for text in ["", " , ", "easel=loud"] {
            assert_eq!(parse_filter(text, SERVER_FILTER).0, SERVER_FILTER.parse().unwrap(), "{text}");
        }
    }

    #[test]
    fn default_filters_are_valid() {
        for filter in [SERVER_FILTER, COMMAND_FILTER] {
            assert_eq!(parse_filter(filter, "off"), (filter.parse().unwrap(), Vec::new()));
        }
    }

    #[test]
    fn libraries_never_log_details() {
        let lines = Lines::default();
        let writer = {
            let lines = lines.clone();
            move || lines.clone()
        };
        let layer = tracing_subscriber::fmt::layer().with_writer(writer);
        let filter: Targets = "trace,tungstenite=trace".parse().unwrap();
        let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_harmless)).with(layer);
        tracing::subscriber::with_default(registry, || {
            tracing::trace!(target: "tungstenite::protocol", "canary");
            tracing::debug!(target: "easelish", "canary");
            tracing::info!(target: "hyper", "one");
            tracing::trace!(target: "easel_rpc::serve", "two");
            tracing::trace!(target: "easel", "three");
        });
        let lines = String::from_utf8(lines.0.lock().clone()).unwrap();
        assert!(!lines.contains("canary"), "{lines}");
        assert_eq!(lines.lines().count(), 3, "{lines}");
    }
}
