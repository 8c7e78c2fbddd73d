//! A response in steps, for faults at an exact byte.

use std::time::Duration;

use super::Exchange;

/// The pause between two writes of [`Step::Repeat`], far shorter than any idle timeout of a client.
const REPEAT_INTERVAL: Duration = Duration::from_millis(20);

/// One step of a response. After the last step the connection takes another request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends the same bytes every 20 ms until the client disconnects.
    Repeat(&'static [u8]),
    /// Sends nothing until the client disconnects.
    AwaitDisconnect,
    /// Closes the connection.
    Close,
    /// Closes the connection with a reset (RST), which discards what the client has not read.
    Reset,
}

impl Step {
    pub(super) fn run(self, exchange: &mut Exchange) {
        match self {
            Self::Send(bytes) => exchange.send(&bytes),
            Self::Repeat(bytes) => {
                while exchange.try_send(bytes) {
                    std::thread::sleep(REPEAT_INTERVAL);
                }
                exchange.note_disconnect();
            }
            Self::AwaitDisconnect => {
                exchange.await_disconnect();
            }
            Self::Close => exchange.close(),
            Self::Reset => exchange.reset(),
        }
    }
}
