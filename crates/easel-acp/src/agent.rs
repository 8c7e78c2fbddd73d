//! The agent: the sessions of one editor, and the app-server behind them.

mod approval;
mod choices;
mod errors;
mod events;
mod handlers;
mod history;
mod pictures;
mod prompt;
mod session;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use easel_client::Connection;
use easel_protocol::id::ThreadId;
use easel_rpc::{ErrorObjectOwned, Outbox};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

pub(crate) use events::dispatch;
pub use pictures::PictureMode;
use session::{Opened, Session, not_open};

use crate::schema::{SessionNotification, SessionUpdate};

/// Maximum number of open sessions. Each has a task and a queue.
const MAX_SESSIONS: usize = 256;

/// The context of all handlers of a connection.
pub struct Agent {
    /// Starts turns and gets their events.
    app: Connection,
    /// Reads. Its responses never wait for events to be read.
    reads: Connection,
    outbox: Outbox,
    picture_mode: PictureMode,
    version: &'static str,
    sessions: Mutex<HashMap<ThreadId, OpenSession>>,
    /// Permits for sessions: one for each that is open or being opened.
    session_permits: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// An open session, and its permit.
struct OpenSession {
    session: Arc<Session>,
    _permit: OwnedSemaphorePermit,
}

impl Agent {
    pub(crate) fn new(
        app: Connection,
        reads: Connection,
        outbox: Outbox,
        picture_mode: PictureMode,
        version: &'static str,
    ) -> Arc<Self> {
        let (sessions, tasks) = (Mutex::default(), TaskTracker::new());
        let session_permits = Arc::new(Semaphore::new(MAX_SESSIONS));
        Arc::new(Self { app, reads, outbox, picture_mode, version, sessions, session_permits, tasks })
    }

    /// Returns an open session.
    fn session(&self, id: &str) -> Result<Arc<Session>, ErrorObjectOwned> {
        self.find_session(id).ok_or_else(|| not_open(id))
    }

    fn find_session(&self, id: &str) -> Option<Arc<Session>> {
        self.sessions.lock().get(id).map(|open| Arc::clone(&open.session))
    }

    /// Reserves a permit for a session. Called before its thread is started or resumed, whose events nobody would read.
    fn reserve_session(&self) -> Result<OwnedSemaphorePermit, ErrorObjectOwned> {
        Arc::clone(&self.session_permits)
            .try_acquire_owned()
            .map_err(|_| easel_rpc::invalid_request("too many sessions are open; close one first"))
    }

    /// Opens a session with a permit that was reserved, which an open session with this id does not need.
    fn open(
        self: &Arc<Self>,
        id: ThreadId,
        opened: Opened,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Arc<Session>, ErrorObjectOwned> {
        match self.sessions.lock().entry(id) {
            Entry::Occupied(entry) => {
                let session = Arc::clone(&entry.get().session);
                *session.opened.lock() = opened;
                Ok(session)
            }
            Entry::Vacant(entry) => {
                // The session was closed in the meantime if there is no permit.
                let permit = permit.map_or_else(|| self.reserve_session(), Ok)?;
                let (session, events) = Session::new(entry.key().clone(), opened);
                let session = Arc::new(session);
                entry.insert(OpenSession { session: Arc::clone(&session), _permit: permit });
                self.tasks.spawn(events::run(Arc::clone(self), Arc::clone(&session), events));
                Ok(session)
            }
        }
    }

    /// Closes a session whose prompt was stopped.
    fn close(&self, session: &Session) {
        self.sessions.lock().remove(&session.id);
        session.closed.cancel();
    }

    /// Sends an update, and waits while the client is slow.
    async fn update(&self, session_id: &ThreadId, update: &SessionUpdate) {
        let params = SessionNotification { session_id, update };
        // A closed connection ends everything that sends updates.
        let _ = self.outbox.notify("session/update", &params).await;
    }

    /// Interrupts all prompts, when the connection ends.
    pub(crate) fn cancel_all(&self) {
        for open in self.sessions.lock().values() {
            open.session.cancel();
        }
    }
}
