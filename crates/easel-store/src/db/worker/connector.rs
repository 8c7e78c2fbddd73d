//! A connection that is opened when it is needed, and again later if that failed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;

/// After a failure, whoever comes within this time gets the same error: opening may take seconds to fail.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Connector<C> {
    open: Box<dyn FnMut() -> Result<C, Error> + Send>,
    state: State<C>,
}

enum State<C> {
    Unopened,
    Open(C),
    Failed { at: Instant, error: Arc<Error> },
    Closed,
}

impl<C> Connector<C> {
    pub(crate) fn new(open: impl FnMut() -> Result<C, Error> + Send + 'static) -> Self {
        Self { open: Box::new(open), state: State::Unopened }
    }

    pub(crate) fn get(&mut self) -> Result<&mut C, Error> {
        let is_due = match &self.state {
            State::Unopened => true,
            State::Failed { at, .. } => at.elapsed() >= PAUSE,
            State::Open(_) | State::Closed => false,
        };
        if is_due {
            self.state = match (self.open)() {
                Ok(connection) => State::Open(connection),
                Err(error) => {
                    tracing::error!(%error, "the database could not be opened");
                    State::Failed { at: Instant::now(), error: Arc::new(error) }
                }
            };
        }
        match &mut self.state {
            State::Open(connection) => Ok(connection),
            State::Failed { error, .. } => Err(Error::NotOpened(Arc::clone(error))),
            State::Unopened | State::Closed => Err(Error::Closed),
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
            if attempts == 1 { Err(Error::RecoveryRunning) } else { Ok(attempts) }
        });
        assert!(matches!(connector.get(), Err(Error::NotOpened(_))));
        assert!(connector.get().is_err(), "not at once");
        let State::Failed { at, .. } = &mut connector.state else { panic!("open") };
        *at -= PAUSE;
        assert_eq!(*connector.get().unwrap(), 2);
        connector.close();
        assert!(matches!(connector.get(), Err(Error::Closed)));
    }
}
