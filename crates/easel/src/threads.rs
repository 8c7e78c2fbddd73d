//! The service of `thread/…`: creates, reads, changes and removes threads.
//!
//! [`Threads`] implements the methods. [`LoadedThreads`] is the table of threads in memory that it and other services
//! use.

mod create;
mod history;
mod inject;
mod loaded;
mod read;
mod remove;
mod resume;
mod update;

use std::sync::Arc;

use easel_config::Config;
use easel_imagegen::port::StoredThread;
use easel_protocol::event::Event;
use easel_protocol::thread::Thread;
use easel_rpc::HeavyWork;
use easel_store::EaselStore;
use tokio_util::task::TaskTracker;

use crate::accounts::Accounts;
use crate::connections::{Client, Hub};
use crate::events;
use crate::providers::{Providers, require_provider};
use crate::requests::RequestError;
use crate::settings::Configuration;

pub(crate) use create::CreatedThread;
pub(crate) use loaded::{LoadedThreads, QueueGuard, ThreadQueue};
pub(crate) use remove::AfterUnsubscribe;
pub(crate) use update::SettingsUpdate;

/// The service of `thread/…`.
pub(crate) struct Threads {
    pub(crate) store: EaselStore,
    pub(crate) loaded: Arc<LoadedThreads>,
    pub(crate) queue: ThreadQueue,
    pub(crate) hub: Hub,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) heavy: HeavyWork,
    pub(crate) tasks: TaskTracker,
}

impl Threads {
    /// Returns a stored thread, without its turns, and with its status in this process.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], and those of the store.
    pub(crate) async fn require(&self, thread_id: &str) -> Result<Thread, RequestError> {
        Ok(self.loaded.with_status(require_thread(&self.store, thread_id).await?))
    }

    /// Sends an event of a thread to its subscribers, and to the connection whose request caused it.
    pub(crate) async fn publish(&self, thread_id: &str, requester: &Arc<Client>, event: Event) {
        self.hub.publish_with(thread_id, requester, event).await;
    }

    /// Sends the warnings about a thread's configuration to the connection that loaded the thread. Clients send the
    /// same configuration with each thread, so a connection gets each warning once.
    pub(crate) async fn send_warnings(&self, client: &Client, warnings: &[easel_config::Warning]) {
        for warning in warnings.iter().filter(|warning| client.is_new_warning(warning)) {
            self.hub.send(client, &events::config_warning(warning)).await;
        }
    }
}

/// Returns a stored thread, without its turns.
///
/// # Errors
/// [`RequestError::ThreadNotFound`], and those of the store.
pub(crate) async fn require_thread(store: &EaselStore, thread_id: &str) -> Result<Thread, RequestError> {
    store.thread(thread_id).await?.ok_or_else(|| RequestError::ThreadNotFound(thread_id.into()))
}

/// Returns a stored thread with its history.
///
/// # Errors
/// [`RequestError::ThreadNotFound`], and those of the store.
async fn require_history(store: &EaselStore, thread_id: &str) -> Result<StoredThread, RequestError> {
    store.load_thread(thread_id).await?.ok_or_else(|| RequestError::ThreadNotFound(thread_id.into()))
}

/// Checks that the provider which a request names exists. A stored thread may name one that no longer does.
fn validate_provider(named: Option<&str>, config: &Config) -> Result<(), RequestError> {
    let Some(id) = named else { return Ok(()) };
    require_provider(id, config).map_err(|error| RequestError::field("modelProvider", error.to_string()))
}
