//! The threads in memory: how they are loaded, who subscribes to them, and when they are unloaded.

mod actors;
mod leases;
mod queue;

use std::sync::Arc;

use easel_config::Config;
use easel_imagegen::port::{Provider, Reasoning};
use easel_protocol::id::ThreadId;
use easel_protocol::thread::{Thread, ThreadStatus};
use easel_store::EaselStore;
use easel_thread::LiveConfig;
use tokio_util::task::TaskTracker;

use crate::connections::{Client, EventFilter, Hub};
use crate::providers::{Providers, ThreadProvider};
use crate::requests::RequestError;
use crate::settings::{Configuration, ThreadConfigCache};

pub(crate) use actors::Actors;
pub(crate) use leases::Leases;
pub(crate) use queue::{QueueGuard, ThreadQueue};

/// The table of loaded threads.
pub(super) type Registry = easel_thread::Threads<ThreadProvider>;

/// The loaded threads, and the tasks that depend on them.
pub(crate) struct LoadedThreads {
    /// The right to write to threads, loaded or not.
    pub(crate) leases: Arc<Leases>,
    /// The actors of those threads that run or ran a turn.
    pub(crate) actors: Arc<Actors>,
    registry: Arc<Registry>,
    store: EaselStore,
    hub: Hub,
    configuration: Arc<Configuration>,
    configs: Arc<ThreadConfigCache>,
    providers: Arc<Providers>,
    queue: ThreadQueue,
    tasks: TaskTracker,
}

impl LoadedThreads {
    /// Creates a table without threads, in which at most `max_idle` idle threads keep their actor.
    pub(crate) fn new(
        store: EaselStore,
        hub: Hub,
        configuration: Arc<Configuration>,
        providers: Arc<Providers>,
        queue: ThreadQueue,
        tasks: TaskTracker,
        max_idle: usize,
    ) -> Self {
        let registry = Arc::new(Registry::default());
        let configs = Arc::new(ThreadConfigCache::default());
        let leases = Arc::new(Leases {
            store: store.clone(),
            registry: Arc::clone(&registry),
            queue: queue.clone(),
            tasks: tasks.clone(),
        });
        let actors = Arc::new(Actors {
            registry: Arc::clone(&registry),
            store: store.clone(),
            hub: hub.clone(),
            configuration: Arc::clone(&configuration),
            configs: Arc::clone(&configs),
            leases: Arc::clone(&leases),
            queue: queue.clone(),
            tasks: tasks.clone(),
            max_idle,
        });
        Self { leases, actors, registry, store, hub, configuration, configs, providers, queue, tasks }
    }

    /// Adds a thread to the table. The caller holds its lease. `config` is the thread's, and no older than `version`.
    pub(crate) fn insert(&self, thread: &Thread, config: &Config, version: u64) {
        let live_config = LiveConfig::new(version, self.configs.get(config));
        let provider = self.providers.get(&thread.model_provider, config);
        self.registry.insert(&thread.id, live_config, provider);
    }

    /// Returns whether the thread is loaded.
    pub(crate) fn is_loaded(&self, thread_id: &str) -> bool {
        self.registry.is_loaded(thread_id)
    }

    /// Returns how the model of a loaded thread reasons according to the configuration.
    pub(crate) fn reasoning(&self, thread_id: &str) -> Option<Reasoning> {
        let (live_config, _) = self.registry.config_and_provider(thread_id)?;
        Some(live_config.get().reasoning.clone())
    }

    /// Returns the ids of the loaded threads, in ascending order, which is the order of their creation.
    pub(crate) fn ids(&self) -> Vec<ThreadId> {
        self.registry.ids()
    }

    /// Sets the status that a stored thread has in this process.
    pub(crate) fn with_status(&self, thread: Thread) -> Thread {
        let status = if let Some(active_flags) = self.actors.active_flags(&thread.id) {
            ThreadStatus::Active { active_flags }
        } else if self.is_loaded(&thread.id) {
            // Clients see no difference between a thread with an actor and one without.
            ThreadStatus::Idle {}
        } else {
            ThreadStatus::NotLoaded {}
        };
        Thread { status, ..thread }
    }

    /// Applies the current configuration to an idle thread. Returns whether its provider is still the one that the
    /// configuration describes.
    ///
    /// # Errors
    /// Those of the store, and [`RequestError::BadField`] if the stored overrides are no longer allowed.
    pub(crate) async fn refresh_config(&self, thread_id: &str) -> Result<bool, RequestError> {
        let version = self.configuration.version();
        let Some((live_config, provider)) = self.registry.config_and_provider(thread_id) else { return Ok(true) };
        let Some(settings) = self.store.thread_settings(thread_id).await? else { return Ok(true) };
        let loaded = self.configuration.load_for_thread(settings.cwd.into(), settings.overrides).await?;
        // An idle thread has no requests in progress.
        drop(self.actors.apply(&live_config, version, &loaded.config, None));
        Ok(Arc::ptr_eq(&self.providers.get(&provider.info().id, &loaded.config), &provider))
    }

    /// Removes a thread from the table and releases its lease, so that another process can acquire it. This ends an
    /// ephemeral thread. Returns false if the thread stays because a turn runs in it.
    #[must_use]
    pub(crate) async fn unload(&self, thread_id: &str) -> bool {
        if let Some(handle) = self.registry.get(thread_id).filter(|handle| handle.slot.running_turn().is_none()) {
            // The next actor must not send events before this one has sent its last.
            handle.flush().await;
        }
        let unloaded = self.registry.unload(thread_id);
        if unloaded {
            self.leases.release(thread_id).await;
            if let Err(error) = self.store.end_ephemeral_thread(thread_id).await {
                tracing::warn!(thread_id, %error, "an ephemeral thread could not be removed and stays in memory");
            }
        }
        unloaded
    }

    /// Removes a thread that was deleted from the table.
    pub(crate) fn remove_deleted(&self, thread_id: &str) {
        if !self.registry.unload(thread_id) {
            tracing::error!(thread_id, "a turn runs in a thread that was deleted");
        }
    }

    /// Waits until no turn runs in the thread and unloads it, unless it has subscribers then. Returns whether this call
    /// has unloaded it.
    pub(crate) async fn unload_if_unsubscribed(&self, thread_id: &str) -> bool {
        // Another request may have unloaded the thread in the meantime, and sent the event.
        while self.is_loaded(thread_id) {
            if let Some(handle) = self.registry.get(thread_id) {
                handle.slot.wait_until_idle().await;
            }
            let _guard = self.queue.enter(thread_id).await;
            if !self.is_loaded(thread_id) || self.hub.has_subscribers(thread_id) {
                return false;
            }
            // A connection without a subscription may have begun a turn in between.
            if self.unload(thread_id).await {
                return true;
            }
        }
        false
    }

    /// Subscribes a connection to a loaded thread. If the connection has closed in the meantime, unloads the thread.
    pub(crate) fn subscribe(self: &Arc<Self>, thread_id: &str, client: &Arc<Client>, filter: EventFilter) {
        if !self.hub.subscribe(thread_id, client, filter) {
            self.unload_after_turns(thread_id.into());
        }
    }

    /// Ends the subscriptions of a closed connection, none of whose requests is in progress. Its turns continue; a
    /// thread without other subscribers is unloaded after them.
    pub(crate) fn disconnect(self: &Arc<Self>, client: &Arc<Client>) {
        for thread_id in self.hub.unsubscribe_all(client) {
            self.unload_after_turns(thread_id);
        }
    }

    fn unload_after_turns(self: &Arc<Self>, thread_id: ThreadId) {
        let threads = Arc::clone(self);
        self.tasks.spawn(async move { threads.unload_if_unsubscribed(&thread_id).await });
    }

    /// Interrupts every running turn.
    pub(crate) fn interrupt_all(&self) {
        self.registry.interrupt_all();
    }

    /// Removes all threads from the table and waits until their actors have ended.
    pub(crate) async fn close(&self) {
        self.registry.close().await;
    }
}
