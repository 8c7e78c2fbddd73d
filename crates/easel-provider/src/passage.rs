//! A request on its way past the gate that may still refuse it.

use easel_imagegen::port::{SendGate, SendPass};
use easel_protocol::record::ImageError;

/// How far a body has come. The connection asks for its first piece when it is about to write the request, and for the
/// second when it has taken the first.
pub(crate) enum Passage {
    Ahead(SendGate),
    Passing { _pass: SendPass },
    Sent,
}

impl Passage {
    /// Goes on by one piece of the body.
    ///
    /// # Errors
    /// The gate refuses the request. The connection has written nothing of it.
    pub(crate) fn advance(self) -> Result<Self, ImageError> {
        match self {
            Self::Ahead(gate) => gate.pass().map(|pass| Self::Passing { _pass: pass }),
            Self::Passing { .. } | Self::Sent => Ok(Self::Sent),
        }
    }
}
