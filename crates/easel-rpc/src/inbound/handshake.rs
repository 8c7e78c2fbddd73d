//! The handshake: `initialize` comes first, and only once.

use jsonrpsee::types::ErrorObjectOwned;

use crate::error::invalid_request;

pub(crate) const INITIALIZE: &str = "initialize";

/// The state of the handshake. The server does not wait for the `initialized` notification: some clients never send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    Pending,
    Done,
}

impl Handshake {
    /// Checks whether a request may come now.
    ///
    /// # Errors
    /// −32600 `Not initialized` or `Already initialized`.
    pub(crate) fn admit(self, method: &str) -> Result<(), ErrorObjectOwned> {
        match (self, method == INITIALIZE) {
            (Self::Pending, false) => Err(invalid_request("Not initialized")),
            (Self::Done, true) => Err(invalid_request("Already initialized")),
            (Self::Pending, true) | (Self::Done, false) => Ok(()),
        }
    }
}
