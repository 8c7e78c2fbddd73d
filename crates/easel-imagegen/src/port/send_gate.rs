//! The last check before a request that may be billed for images is sent.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use easel_protocol::record::ImageError;

type Decide = dyn Fn() -> Result<SendPass, ImageError> + Send + Sync;

/// Decides whether a request may be sent now. Every attempt checks it again, because the user may have turned image
/// generation off or lowered a limit since the call was planned.
#[derive(Clone, Default)]
pub struct SendGate(Option<Arc<Decide>>);

/// The permission to send one request. Hold it until the request is handed to its connection: closing the gate waits
/// for all permissions that were granted before.
pub struct SendPass {
    _held: Option<Box<dyn Any + Send + Sync>>,
}

impl SendGate {
    /// Creates a gate that calls `decide` for every attempt.
    pub fn new(decide: impl Fn() -> Result<SendPass, ImageError> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(decide)))
    }

    /// Returns a gate that permits everything.
    pub fn open() -> Self {
        Self::default()
    }

    /// Requests the permission to send.
    ///
    /// # Errors
    /// Why the request must not be sent. Nothing was sent and nothing is billed.
    pub fn pass(&self) -> Result<SendPass, ImageError> {
        self.0.as_ref().map_or(Ok(SendPass { _held: None }), |decide| decide())
    }
}

impl SendPass {
    /// Creates a permission that keeps `held` alive.
    pub fn holding(held: impl Any + Send + Sync) -> Self {
        Self { _held: Some(Box::new(held)) }
    }
}

impl PartialEq for SendGate {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        }
    }
}

impl fmt::Debug for SendGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendGate")
    }
}

impl fmt::Debug for SendPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendPass")
    }
}
