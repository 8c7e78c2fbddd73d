//! A connection that is opened when it is needed, and again later if that failed.

use std::fmt;
use std::time::{Duration, Instant};

use super::CLOSED;
use crate::error::Fault;

/// After a failure, whoever comes within this time gets the same error: opening may take seconds to fail.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Connector<C> {
    open: Box<dyn FnMut() -> Result<C, Fault> + Send>,
    state: State<C>,
}

enum State<C> {
    Unopened,
    Open(C),
    Failed { at: Instant, message: String },
    Closed,
}

impl<C> Connector<C> {
    pub(crate) fn new(open: impl FnMut() -> Result<C, Fault> + Send + 'static) -> Self {
        Self { open: Box::new(open), state: State::Unopened }
    }

    pub(crate) fn get(&mut self) -> Result<&mut C, Fault> {
        let is_due = match &self.state {
            State::Unopened => true,
            State::Failed { at, .. } => at.elapsed() >= PAUSE,
            State::Open(_) | State::Closed => false,
        };
        if is_due {
            self.state = match (self.open)() {
                Ok(connection) => State::Open(connection),
                Err(fault) => {
                    tracing::error!(%fault, "the database could not be opened");
                    let message = match fault {
                        Fault::Said(_) | Fault::Locked => fault.to_string(),
                        Fault::Sql(_) | Fault::Json(_) | Fault::Io { .. } => {
                            format!("Easel cannot open its database, and tries again with the next request: {fault}")
                        }
                    };
                    State::Failed { at: Instant::now(), message }
                }
            };
        }
        match &mut self.state {
            State::Open(connection) => Ok(connection),
            State::Failed { message, .. } => Err(Fault::Said(message.clone())),
            State::Unopened | State::Closed => Err(Fault::Said(CLOSED.into())),
        }
    }

    pub(crate) fn close(&mut self) {
        self.state = State::Closed;
    }
}

impl<C> fmt::Debug for Connector<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connector").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_failed_is_opened_again_later() {
        let mut attempts = 0;
        let mut connector = Connector::new(move || {
            attempts += 1;
            if attempts == 1 { Err(Fault::Said("No.".into())) } else { Ok(attempts) }
        });
        assert!(connector.get().unwrap_err().to_string().ends_with("No."));
        assert!(connector.get().is_err(), "not at once");
        let State::Failed { at, .. } = &mut connector.state else { panic!("open") };
        *at -= PAUSE;
        assert_eq!(*connector.get().unwrap(), 2);
        connector.close();
        assert_eq!(connector.get().unwrap_err().to_string(), CLOSED);
    }
}
