//! A connection that is opened on first use. After a failure it is opened again later.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long a failure is repeated before the next attempt. An attempt may take seconds to fail, and others wait for it.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Opens the state of a worker and keeps it.
pub(crate) struct Connector<S> {
    open: Box<dyn FnMut() -> Result<S, Error> + Send>,
    state: ConnectorState<S>,
}

enum ConnectorState<S> {
    Unopened,
    Open(S),
    Failed { at: Instant, error: Arc<Error> },
    Closed,
}

impl<S> Connector<S> {
    pub(crate) fn new(open: impl FnMut() -> Result<S, Error> + Send + 'static) -> Self {
        Self { open: Box::new(open), state: ConnectorState::Unopened }
    }

    /// Returns the open state, and opens it first if that is due.
    ///
    /// # Errors
    /// [`Error::NotOpened`] until an attempt succeeds, [`Error::Closed`] after [`Connector::close`].
    pub(crate) fn get(&mut self) -> Result<&mut S, Error> {
        let is_due = match &self.state {
            ConnectorState::Unopened => true,
            ConnectorState::Failed { at, .. } => at.elapsed() >= RETRY_DELAY,
            ConnectorState::Open(_) | ConnectorState::Closed => false,
        };
        if is_due {
            self.state = match (self.open)() {
                Ok(state) => ConnectorState::Open(state),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the database could not be opened");
                    ConnectorState::Failed { at: Instant::now(), error: Arc::new(error) }
                }
            };
        }
        match &mut self.state {
            ConnectorState::Open(state) => Ok(state),
            ConnectorState::Failed { error, .. } => Err(Error::NotOpened(Arc::clone(error))),
            ConnectorState::Unopened | ConnectorState::Closed => Err(Error::Closed),
        }
    }

    /// Drops the state for good.
    pub(crate) fn close(&mut self) {
        self.state = ConnectorState::Closed;
    }
}

impl<S> fmt::Debug for Connector<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connector").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_connection_is_opened_again_later() {
        let mut attempts = 0;
        let mut connector = Connector::new(move || {
            attempts += 1;
            if attempts == 1 { Err(Error::RecoveryRunning) } else { Ok(attempts) }
        });
        assert!(matches!(connector.get(), Err(Error::NotOpened(_))));
        assert!(connector.get().is_err(), "not at once");
        let ConnectorState::Failed { at, .. } = &mut connector.state else { panic!("open") };
        *at -= RETRY_DELAY;
        assert_eq!(*connector.get().unwrap(), 2);
        connector.close();
        assert!(matches!(connector.get(), Err(Error::Closed)));
    }
}
