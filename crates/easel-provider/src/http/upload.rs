//! The progress of a request body while a connection sends it.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use easel_imagegen::phase;
use easel_imagegen::port::{SendGate, SendPermit};
use easel_protocol::record::ImageError;
use tokio::sync::watch;
use tracing::Span;

/// The progress of one request body, shared by the body stream and the code that waits for the response.
#[derive(Debug, Clone)]
pub(crate) struct Upload(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    has_started: AtomicBool,
    /// Changes with every chunk that the connection takes.
    chunks: watch::Sender<()>,
    error: Mutex<Option<UploadError>>,
    /// When the connection began to take the body, and when it had taken all of it.
    times: [OnceLock<Instant>; 2],
    /// The span in which the request is sent. A connection polls the body on a task of its own, outside this span.
    parent: Span,
    /// The current phase of the request.
    phase: Mutex<Span>,
}

/// The reason why a body was not sent to its end. The provider cannot have accepted the request.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The send gate refused the request before its first byte.
    Refused(ImageError),
    /// An image could not be read to its end.
    Unreadable(io::Error),
}

impl Upload {
    /// Starts with the phase `connect`.
    pub(crate) fn start() -> Self {
        let parent = Span::current();
        let connect = tracing::debug_span!(target: phase::TARGET, parent: &parent, "connect");
        Self(Arc::new(Shared {
            has_started: AtomicBool::new(false),
            chunks: watch::Sender::default(),
            error: Mutex::default(),
            times: [OnceLock::new(), OnceLock::new()],
            parent,
            phase: Mutex::new(connect),
        }))
    }

    /// Returns whether a connection has begun to take the body. Before that no provider can have accepted the request.
    pub(crate) fn has_started(&self) -> bool {
        self.0.has_started.load(Ordering::Acquire)
    }

    /// Returns when a connection began to take the body.
    pub(crate) fn start_time(&self) -> Option<Instant> {
        self.0.times[0].get().copied()
    }

    /// Returns when a connection had taken the whole body.
    pub(crate) fn end_time(&self) -> Option<Instant> {
        self.0.times[1].get().copied()
    }

    /// Takes the error that ended the body, if any.
    pub(crate) fn take_error(&self) -> Option<UploadError> {
        self.error().take()
    }

    /// Waits for `response`. Returns `None` if, for `idle`, no response arrives and the connection takes no chunk.
    ///
    /// A large image on a slow connection is not idle.
    pub(crate) async fn until_idle<T>(&self, response: impl Future<Output = T>, idle: Duration) -> Option<T> {
        let mut response = pin!(response);
        let mut chunks = self.0.chunks.subscribe();
        loop {
            tokio::select! {
                biased;
                response = &mut response => return Some(response),
                Ok(()) = chunks.changed() => {}
                () = tokio::time::sleep(idle) => return None,
            }
        }
    }

    /// Acquires a permit from `gate`. From now on the provider may have accepted the request.
    ///
    /// # Errors
    ///
    /// Fails if the gate refuses the request. The connection has written nothing of it.
    pub(super) fn acquire_permit(&self, gate: &SendGate) -> io::Result<SendPermit> {
        let permit = gate.acquire().map_err(|refused| self.fail(UploadError::Refused(refused)))?;
        self.0.has_started.store(true, Ordering::Release);
        self.0.times[0].get_or_init(Instant::now);
        self.set_phase(tracing::debug_span!(target: phase::TARGET, parent: &self.0.parent, "upload"));
        Ok(permit)
    }

    /// Notes that the connection takes a chunk.
    pub(super) fn on_chunk(&self, is_last: bool) {
        self.0.chunks.send_replace(());
        if is_last {
            self.0.times[1].get_or_init(Instant::now);
            self.set_phase(tracing::debug_span!(target: phase::TARGET, parent: &self.0.parent, "first_byte"));
        }
    }

    /// Ends the current phase.
    pub(super) fn end_phase(&self) {
        self.set_phase(Span::none());
    }

    fn set_phase(&self, phase: Span) {
        *self.0.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// Stores `error` and returns the I/O error that ends the body stream.
    pub(super) fn fail(&self, error: UploadError) -> io::Error {
        let kind = match &error {
            UploadError::Refused(_) => io::ErrorKind::Other,
            UploadError::Unreadable(error) => error.kind(),
        };
        *self.error() = Some(error);
        io::Error::new(kind, "the request body ended early")
    }

    fn error(&self) -> std::sync::MutexGuard<'_, Option<UploadError>> {
        self.0.error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
