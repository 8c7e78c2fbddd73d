//! Logs go to stderr through a bounded queue that drops and counts: a client that never reads stderr cannot stop us.

use easel_config::Environment;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines that wait for stderr; more are dropped.
const QUEUED_LINES: usize = 4_096;

/// Keeps the log writer alive; dropping it writes what is queued, for a moment.
pub(crate) struct Logging {
    _writer: WorkerGuard,
    dropped: ErrorCounter,
}

impl Logging {
    /// `RUST_LOG` filters (default `warn`), `LOG_FORMAT=json` writes one object a line.
    pub(crate) fn start(environment: &Environment) -> Self {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(QUEUED_LINES);
        let (writer, guard) = builder.thread_name("easel-log").finish(std::io::stderr());
        let dropped = writer.error_counter();
        let filter = EnvFilter::builder().parse_lossy(environment.text("RUST_LOG").unwrap_or("warn"));
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer);
        // A subscriber that is already set belongs to a test of this process, and stays.
        let _ = match environment.text("LOG_FORMAT") {
            Some("json") => subscriber.json().finish().try_init(),
            _ => subscriber.finish().try_init(),
        };
        Self { _writer: guard, dropped }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let dropped = self.dropped.dropped_lines();
        if dropped > 0 {
            tracing::warn!(dropped, "log lines were dropped because stderr was not read");
        }
    }
}
