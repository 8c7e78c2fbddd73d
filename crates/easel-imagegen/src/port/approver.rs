//! The port of approvals: asks a person.

use std::fmt;

use futures_core::future::BoxFuture;

use crate::approval::{ApprovalRequest, Denial};

/// Asks the person who started a turn whether an image call may be made. Every face of the program has its own way.
pub trait Approver: fmt::Debug + Send + Sync + 'static {
    /// Returns whether an earlier approval covers the call, so that nobody is asked.
    fn has_approved(&self, request: &ApprovalRequest) -> bool;

    /// Returns whether there is somebody to ask.
    fn can_ask(&self) -> bool;

    /// Asks, and waits for the answer, at most for the time of the request. Dropping the future withdraws the question.
    ///
    /// The future ends too when an approval of another call covers this one.
    ///
    /// # Errors
    /// See [`Denial`].
    fn ask(&self, request: ApprovalRequest) -> BoxFuture<'_, Result<(), Denial>>;
}
