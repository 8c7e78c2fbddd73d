//! The last check before a request that may be billed for images is sent.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use easel_protocol::record::{ImageError, ImageErrorKind};

use super::image_error;

type Decide = dyn Fn() -> Result<SendPermit, ImageError> + Send + Sync;

/// Decides whether a request may be sent now. Every attempt checks it again, because the user may have turned image
/// generation off or lowered a limit since the call was planned.
#[derive(Clone, Default)]
pub struct SendGate(Option<Arc<Decide>>);

/// A permit to send one request. Keep it until the request is handed to its connection: closing the gate waits until
/// all permits granted before are dropped.
pub struct SendPermit {
    _guard: Option<Box<dyn Any + Send + Sync>>,
}

impl SendGate {
    /// Creates a gate that calls `decide` for every attempt.
    pub fn new(decide: impl Fn() -> Result<SendPermit, ImageError> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(decide)))
    }

    /// Returns a gate that permits everything.
    pub fn open() -> Self {
        Self::default()
    }

    /// Returns a gate that refuses everything.
    pub fn closed() -> Self {
        Self::new(|| Err(image_error(ImageErrorKind::Internal, "the call has not been reserved")))
    }

    /// Returns a permit to send now.
    ///
    /// # Errors
    /// The reason why the request must not be sent. Nothing was sent and nothing is billed.
    pub fn acquire(&self) -> Result<SendPermit, ImageError> {
        self.0.as_ref().map_or(Ok(SendPermit { _guard: None }), |decide| decide())
    }
}

impl SendPermit {
    /// Creates a permit that drops `guard` when it is dropped.
    pub fn with_guard(guard: impl Any + Send + Sync) -> Self {
        Self { _guard: Some(Box::new(guard)) }
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

impl fmt::Debug for SendPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendPermit")
    }
}

#[cfg(test)]
mod tests {
    use easel_protocol::record::ImageErrorKind;

    use super::*;
    use crate::port::image_error;

    #[test]
    fn gate_equals_its_clones_only() {
        let closed = || SendGate::new(|| Err(image_error(ImageErrorKind::Interrupted, "no")));
        let gate = closed();
        assert!(gate == gate.clone() && gate != closed());
        assert!(SendGate::open() == SendGate::open() && gate != SendGate::open() && SendGate::open() != gate);
    }

    #[test]
    fn permit_drops_its_guard() {
        let guard = Arc::new(());
        let held = Arc::clone(&guard);
        let gate = SendGate::new(move || Ok(SendPermit::with_guard(Arc::clone(&held))));
        let permit = gate.acquire().unwrap();
        assert_eq!(Arc::strong_count(&guard), 3);
        drop((permit, gate));
        assert_eq!(Arc::strong_count(&guard), 1);
        assert!(SendGate::open().acquire().is_ok());
    }
}
