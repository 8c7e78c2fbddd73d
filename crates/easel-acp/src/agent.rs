//! The agent: the sessions of one editor, and the app-server behind them.

mod approval;
mod choices;
mod errors;
mod events;
mod handlers;
mod history;
mod pictures;
mod session;

use std::collections::HashMap;
use std::sync::Arc;

use easel_client::Connection;
use easel_protocol::id::ThreadId;
use easel_rpc::{ErrorObjectOwned, Outbox, resource_not_found};
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

pub(crate) use events::dispatch;
pub use pictures::PictureMode;
use session::Session;

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
    sessions: Mutex<HashMap<ThreadId, Arc<Session>>>,
    tasks: TaskTracker,
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
        Arc::new(Self { app, reads, outbox, picture_mode, version, sessions, tasks })
    }

    /// Returns an open session.
    fn session(&self, id: &str) -> Result<Arc<Session>, ErrorObjectOwned> {
        let session = self.sessions.lock().get(id).cloned();
        session.ok_or_else(|| resource_not_found(&format!("session {id} is not open")))
    }

    /// Opens a session, or returns the open one with this id.
    fn open(self: &Arc<Self>, id: ThreadId, cwd: String, model: String) -> Result<Arc<Session>, ErrorObjectOwned> {
        let mut sessions = self.sessions.lock();
        if let Some(session) = sessions.get(&id) {
            return Ok(Arc::clone(session));
        }
        if sessions.len() >= MAX_SESSIONS {
            return Err(easel_rpc::invalid_request("too many sessions are open; close one first"));
        }
        let (session, events) = Session::new(id.clone(), cwd, model);
        let session = Arc::new(session);
        sessions.insert(id, Arc::clone(&session));
        self.tasks.spawn(events::run(Arc::clone(self), Arc::clone(&session), events));
        Ok(session)
    }

    /// Sends an update, and waits while the client is slow.
    async fn update(&self, session_id: &ThreadId, update: &SessionUpdate) {
        let params = SessionNotification { session_id, update };
        // A closed connection ends everything that sends updates.
        let _ = self.outbox.notify("session/update", &params).await;
    }

    /// Interrupts all prompts, when the connection ends.
    pub(crate) fn cancel_all(&self) {
        for session in self.sessions.lock().values() {
            session.cancel();
        }
    }
}
