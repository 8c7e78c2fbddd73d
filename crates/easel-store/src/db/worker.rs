//! A thread that owns a connection to the database and runs operations on it one by one. It starts with the first
//! operation, so that a worker that is not used costs nothing.
//!
//! [`crate::db::workers`] has the list of these threads.

mod connector;
mod lock_wait;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::error::Error;

pub(crate) use connector::Connector;
pub(crate) use lock_wait::{BUSY_TIMEOUT, LockTimeout, LockWait};

/// Operations that can wait for one worker. A caller that finds the queue full waits until it has room.
const QUEUE: usize = 64;

/// Steps of SQLite's virtual machine between two checks that the caller of a read still waits: about 50 µs.
const STEPS_PER_CHECK: i32 = 5_000;

/// The state that a worker thread owns: a connection and what belongs to it.
pub(crate) trait WorkerState: Send + 'static {
    /// Returns the connection that reads use.
    fn connection(&mut self) -> &mut Connection;

    /// Called before each write, with how long the write waits for the database's lock.
    fn begin_write(&mut self, _lock: LockWait) {}
}

impl WorkerState for Connection {
    fn connection(&mut self) -> &mut Connection {
        self
    }
}

type Job<S> = Box<dyn FnOnce(&mut Connector<S>) + Send>;

/// A write that keeps its own result. Operations are boxed early, so that the code around them is compiled once.
type Write<S> = Box<dyn FnOnce(Result<&mut S, Error>) + Send>;

/// A read that keeps its own result.
type Read = Box<dyn FnOnce(&Connection) + Send>;

/// Where an operation leaves its result.
type ResultSlot<T, E> = Arc<Mutex<Option<Result<T, E>>>>;

/// What the thread of a worker runs.
type Serve = Box<dyn FnOnce() + Send>;

/// A handle of a worker. Cheap to clone; the thread ends with the last handle.
pub(crate) struct Worker<S> {
    name: &'static str,
    jobs: mpsc::Sender<Job<S>>,
    /// What the thread will run; `None` once it has been started.
    unstarted: Arc<Mutex<Option<Serve>>>,
    /// Set while the running operation waits for another program's lock.
    locked: Arc<AtomicBool>,
}

impl<S> Clone for Worker<S> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            jobs: self.jobs.clone(),
            unstarted: Arc::clone(&self.unstarted),
            locked: Arc::clone(&self.locked),
        }
    }
}

impl<S> fmt::Debug for Worker<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Worker").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<S: WorkerState> Worker<S> {
    /// Creates a worker. `open` runs on its thread before the first operation, and again before later ones until it
    /// succeeds.
    pub(crate) fn new(name: &'static str, open: impl FnMut() -> Result<S, Error> + Send + 'static) -> Self {
        let (jobs, mut queue) = mpsc::channel::<Job<S>>(QUEUE);
        let mut connector = Connector::new(open);
        let serve: Serve = Box::new(move || {
            while let Some(job) = queue.blocking_recv() {
                // A panic drops the job's reply channel, so its caller gets an error; the transaction is rolled back.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connector))).is_err() {
                    tracing::error!("a store operation panicked");
                }
            }
        });
        Self { name, jobs, unstarted: Arc::new(Mutex::new(Some(serve))), locked: Arc::default() }
    }

    /// Starts the thread and opens the connection ahead of the first operation.
    pub(crate) fn open(&self) {
        self.start();
        // If the queue is full, its first operation opens the connection.
        let _ = self.jobs.try_send(Box::new(|connector| drop(connector.get())));
    }

    /// Starts the thread, unless it has been started. If that fails, the queue is closed and all operations fail.
    fn start(&self) {
        let Some(serve) = take(&self.unstarted) else { return };
        if let Err(error) = std::thread::Builder::new().name(self.name.into()).spawn(serve) {
            tracing::error!(%error, name = self.name, "a worker thread of the store could not be started");
        }
    }

    /// Runs an operation to its end, even if the caller goes away meanwhile.
    ///
    /// `lock_timeout` limits how long it waits while another program has locked the database. With
    /// [`LockTimeout::Short`] it also fails if it is queued behind an operation that waits longer.
    pub(crate) async fn write<T, E>(
        &self,
        lock_timeout: LockTimeout,
        operation: impl FnOnce(&mut S) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_or_recover(lock_timeout, move |state| operation(state?)).await
    }

    /// Runs an operation like [`Worker::write`], also when there is no connection: it then gets the error.
    pub(crate) async fn write_or_recover<T, E>(
        &self,
        lock_timeout: LockTimeout,
        operation: impl FnOnce(Result<&mut S, Error>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let slot = ResultSlot::default();
        let filled = Arc::clone(&slot);
        let write: Write<S> = Box::new(move |state| fill(&filled, operation(state)));
        self.run_write(lock_timeout, write).await?;
        take(&slot).unwrap_or_else(|| Err(Error::Closed.into()))
    }

    async fn run_write(&self, lock_timeout: LockTimeout, write: Write<S>) -> Result<(), Error> {
        let (reply, done) = oneshot::channel();
        // Taken by whoever comes first: the worker to run it, or the caller to give up.
        let write = Arc::new(Mutex::new(Some(write)));
        let queued = Arc::clone(&write);
        let lock = LockWait::new(lock_timeout, Arc::clone(&self.locked));
        let job: Job<S> = Box::new(move |connector| {
            let Some(write) = take(&queued) else { return };
            let mut state = connector.get();
            if let Ok(state) = &mut state {
                state.begin_write(lock);
            }
            write(state);
            // The caller may have gone away.
            let _ = reply.send(());
        });
        self.start();
        let run = async {
            self.jobs.send(job).await.ok()?;
            done.await.ok()
        };
        tokio::pin!(run);
        loop {
            if let Ok(done) = timeout(BUSY_TIMEOUT, &mut run).await {
                return done.ok_or(Error::Closed);
            }
            let is_blocked = lock_timeout == LockTimeout::Short && self.locked.load(Ordering::Relaxed);
            if is_blocked && take(&write).is_some() {
                return Err(Error::Locked(None));
            }
        }
    }

    /// Runs a read in one snapshot of the database. If the caller goes away, a queued read is dropped and a running one
    /// is interrupted.
    pub(crate) async fn read<T, E>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let slot = ResultSlot::default();
        let filled = Arc::clone(&slot);
        let read: Read = Box::new(move |snapshot| fill(&filled, operation(snapshot)));
        self.run_read(read).await?;
        take(&slot).unwrap_or_else(|| Err(Error::Closed.into()))
    }

    async fn run_read(&self, read: Read) -> Result<(), Error> {
        let caller = Caller::default();
        let gone = Arc::clone(&caller.gone);
        let (reply, done) = oneshot::channel();
        let job: Job<S> = Box::new(move |connector| {
            if gone.load(Ordering::Relaxed) {
                return;
            }
            let result = connector.get().and_then(|state| {
                let connection = state.connection();
                let is_gone = move || gone.load(Ordering::Relaxed);
                connection.progress_handler(STEPS_PER_CHECK, Some(is_gone))?;
                let snapshot = connection.unchecked_transaction()?;
                read(&snapshot);
                drop(snapshot);
                connection.progress_handler(STEPS_PER_CHECK, None::<fn() -> bool>)?;
                Ok(())
            });
            let _ = reply.send(result);
        });
        self.start();
        self.jobs.send(job).await.map_err(|_| Error::Closed)?;
        done.await.unwrap_or(Err(Error::Closed))
    }

    /// Closes the connection after the operations that were queued before. Later ones fail.
    pub(crate) async fn close(&self) {
        // A thread that was not started need not start. Without it the queue is closed.
        drop(take(&self.unstarted));
        let (reply, closed) = oneshot::channel();
        let job: Job<S> = Box::new(move |connector| {
            connector.close();
            let _ = reply.send(());
        });
        if self.jobs.send(job).await.is_ok() {
            let _ = closed.await;
        }
    }
}

fn fill<T>(cell: &Mutex<Option<T>>, value: T) {
    *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}

fn take<T>(cell: &Mutex<Option<T>>) -> Option<T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Marks a read as abandoned when its caller is dropped.
#[derive(Debug, Default)]
struct Caller {
    gone: Arc<AtomicBool>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}
