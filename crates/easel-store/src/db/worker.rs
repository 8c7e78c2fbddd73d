//! A thread that owns a connection to the database, and the way to it.
//!
//! The store has five of them (see [`crate::lanes`]), so that nobody's read waits for a write and no write for a read.

mod connector;
mod lock_wait;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::error::Error;

pub(crate) use connector::Connector;
pub(crate) use lock_wait::{ATTEMPT, LockWait, Patience};

/// Operations that may wait for one thread; whoever comes after waits for a place.
const QUEUE: usize = 64;

/// After so many steps SQLite asks whether the caller of a read still waits: some 50 µs.
const STEPS: i32 = 5_000;

/// What the thread of a [`Worker`] owns.
pub(crate) trait Session: Send + 'static {
    fn connection(&mut self) -> &mut Connection;

    /// Called before each write.
    fn prepare(&mut self, _lock: LockWait) {}
}

impl Session for Connection {
    fn connection(&mut self) -> &mut Connection {
        self
    }
}

type Job<C> = Box<dyn FnOnce(&mut Connector<C>) + Send>;

/// Cheap to clone; the thread ends with the last clone.
#[derive(Debug)]
pub(crate) struct Worker<C> {
    jobs: mpsc::Sender<Job<C>>,
    /// Set while the operation on the thread waits for another program's lock.
    locked: Arc<AtomicBool>,
}

impl<C> Clone for Worker<C> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone(), locked: Arc::clone(&self.locked) }
    }
}

impl<C: Session> Worker<C> {
    /// `open` runs on the new thread, before the first operation and again before later ones as long as it fails.
    pub(crate) fn start(name: &str, open: impl FnMut() -> Result<C, Error> + Send + 'static) -> Self {
        let (jobs, mut queue) = mpsc::channel::<Job<C>>(QUEUE);
        let mut connector = Connector::new(open);
        let serve = move || {
            while let Some(job) = queue.blocking_recv() {
                // The caller of a job that panics gets no answer; the transaction is rolled back.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connector))).is_err() {
                    tracing::error!("an operation of the store panicked");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(serve) {
            tracing::error!(%error, name, "a thread of the store could not be started");
        }
        Self { jobs, locked: Arc::default() }
    }

    /// Opens the connection ahead of the first operation.
    pub(crate) fn open(&self) {
        // A full queue opens it as well.
        let _ = self.jobs.try_send(Box::new(|connector| drop(connector.get())));
    }

    /// Runs an operation to its end, even if the caller goes away meanwhile.
    ///
    /// While another program has the database locked, the operation waits as its patience says. With
    /// [`Patience::Short`] it is also given up if it stands in the queue behind one that waits longer.
    pub(crate) async fn write<T, E>(
        &self,
        patience: Patience,
        operation: impl FnOnce(&mut C) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_anyway(patience, move |session| operation(session?)).await
    }

    /// The same for an operation that has something to do even if there is no connection.
    pub(crate) async fn write_anyway<T, E>(
        &self,
        patience: Patience,
        operation: impl FnOnce(Result<&mut C, Error>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        // Taken by whoever comes first: the thread to run it, or the caller to give it up.
        let operation = Arc::new(Mutex::new(Some(operation)));
        let waiting = Arc::clone(&operation);
        let lock = LockWait::new(patience, Arc::clone(&self.locked));
        let job: Job<C> = Box::new(move |connector| {
            let Some(operation) = take(&waiting) else { return };
            let mut session = connector.get();
            if let Ok(session) = &mut session {
                session.prepare(lock);
            }
            // A caller that went away wants no answer.
            let _ = answer.send(operation(session));
        });
        let run = async {
            self.jobs.send(job).await.ok()?;
            answered.await.ok()
        };
        tokio::pin!(run);
        loop {
            if let Ok(answer) = timeout(ATTEMPT, &mut run).await {
                return answer.unwrap_or_else(|| Err(Error::Closed.into()));
            }
            let is_stuck = patience == Patience::Short && self.locked.load(Ordering::Relaxed);
            if is_stuck && take(&operation).is_some() {
                return Err(Error::Locked(None).into());
            }
        }
    }

    /// Runs a read in one snapshot of the database. If the caller goes away, a read that waits is dropped and one that
    /// runs is interrupted.
    pub(crate) async fn read<T, E>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let caller = Caller::default();
        let gone = Arc::clone(&caller.gone);
        let (answer, answered) = oneshot::channel();
        let job: Job<C> = Box::new(move |connector| {
            if gone.load(Ordering::Relaxed) {
                return;
            }
            let read = connector.get().map_err(E::from).and_then(|session| {
                let connection = session.connection();
                let is_gone = move || gone.load(Ordering::Relaxed);
                connection.progress_handler(STEPS, Some(is_gone)).map_err(Error::from)?;
                let read = in_one_snapshot(connection, operation);
                connection.progress_handler(STEPS, None::<fn() -> bool>).map_err(Error::from)?;
                read
            });
            let _ = answer.send(read);
        });
        let closed = || E::from(Error::Closed);
        self.jobs.send(job).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Closes the connection: what was asked before is done, what is asked after is refused.
    pub(crate) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        let job: Job<C> = Box::new(move |connector| {
            connector.close();
            let _ = answer.send(());
        });
        if self.jobs.send(job).await.is_ok() {
            let _ = answered.await;
        }
    }
}

fn in_one_snapshot<T, E: From<Error>>(
    connection: &Connection,
    operation: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let snapshot = connection.unchecked_transaction().map_err(Error::from)?;
    operation(&snapshot)
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Whoever waits for a read: says when it goes away.
#[derive(Debug, Default)]
struct Caller {
    gone: Arc<AtomicBool>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}
