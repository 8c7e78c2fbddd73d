//! The thread that owns the database connection, and the way to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use easel_imagegen::port::StorageError;
use tokio::sync::{mpsc, oneshot};

use crate::database::Database;
use crate::fault::Fault;
use crate::home::Home;

/// Operations that may wait for the disk; whoever comes after waits for a place.
const QUEUE: usize = 64;

const CLOSED: &str = "Easel's store is closed.";

type Job = Box<dyn FnOnce(&mut Result<Database, StorageError>) + Send>;

/// Cheap to clone; the thread ends with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Opens the database on the new thread. When that fails, every operation says why.
    pub(crate) fn start(home: Arc<Home>, owner_id: Arc<str>) -> Self {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let serve = move || {
            let mut database = Database::open(home, &owner_id).map_err(StorageError::from);
            while let Some(job) = queue.blocking_recv() {
                // The caller of a job that panics is told so by the loss of its answer; its transaction is rolled back.
                if catch_unwind(AssertUnwindSafe(|| job(&mut database))).is_err() {
                    tracing::error!("an operation of the store panicked");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("easel-store".into()).spawn(serve) {
            tracing::error!(%error, "the store's thread could not be started");
        }
        Self { jobs }
    }

    /// Runs an operation to its end, also when the caller goes away meanwhile.
    pub(crate) async fn run<T, E>(
        &self,
        operation: impl FnOnce(&mut Database) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        self.run_anyway(move |database| operation(database?)).await
    }

    /// The same for an operation that has something to do when there is no database.
    pub(crate) async fn run_anyway<T, E>(
        &self,
        operation: impl FnOnce(Result<&mut Database, Fault>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let job = move |database: &mut Result<Database, StorageError>| {
            operation(database.as_mut().map_err(|error| Fault::Said(error.message.clone())))
        };
        self.send(job).await.unwrap_or_else(|| Err(Fault::Said(CLOSED.into()).into()))
    }

    /// Ends the use of the database: what was asked before is done, what is asked after is refused.
    pub(crate) async fn close(&self) {
        let closed = StorageError { message: CLOSED.into() };
        self.send(move |database| drop(std::mem::replace(database, Err(closed)))).await;
    }

    async fn send<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Result<Database, StorageError>) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            // A caller that went away wants no answer.
            let _ = answer.send(job(database));
        });
        self.jobs.send(job).await.ok()?;
        answered.await.ok()
    }
}
