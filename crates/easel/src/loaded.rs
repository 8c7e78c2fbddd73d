//! Threads in memory: how they get there, who hears them, and that they leave when nobody does.

use std::sync::Arc;

use easel_config::Config;
use easel_protocol::id::ThreadId;
use easel_protocol::thread::Thread;
use easel_thread::rules::Rules;

use crate::app::App;
use crate::client::Client;
use crate::hub::Wants;
use crate::refusal::Refusal;

impl App {
    /// Makes a thread one of those in memory. The caller holds its lease. `config` is the thread's, and no older than
    /// `version`.
    pub(crate) fn enter(&self, thread: &Thread, config: &Config, version: u64) {
        let rules = Rules::new(version, self.shared_rules.of(config));
        let provider = self.providers.get(&thread.model_provider, config);
        self.threads.insert(&thread.id, rules, provider);
    }

    /// Why something needs a thread that is not in memory here: there is none, another process has it, or else this.
    pub(crate) async fn absent(&self, thread_id: &str, otherwise: Refusal) -> Refusal {
        let may_write = self.store.check_writer(thread_id).await;
        may_write.map_or_else(|refused| Refusal::lease(refused, thread_id), |()| otherwise)
    }

    /// Takes a thread out of memory, so that another process can have it; not while a turn runs in it. An ephemeral
    /// thread ends with that. Returns whether it is out.
    pub(crate) async fn unload(&self, thread_id: &str) -> bool {
        let unloaded = self.threads.unload(thread_id);
        if unloaded {
            self.release(thread_id).await;
            if let Err(error) = self.store.end_ephemeral_thread(thread_id).await {
                tracing::warn!(%thread_id, %error, "an ephemeral thread stays in memory");
            }
        }
        unloaded
    }

    /// Waits until nothing runs in a thread and, unless somebody hears it then, takes it out of memory, so that another
    /// process may have it. Returns whether it is out.
    pub(crate) async fn unload_unheard(&self, thread_id: &str) -> bool {
        // Another request may have taken it out meanwhile, and told so.
        while self.threads.is_loaded(thread_id) {
            if let Some(handle) = self.threads.get(thread_id) {
                handle.slot.idle().await;
            }
            let _place = self.order.take(thread_id).await;
            if !self.threads.is_loaded(thread_id) || self.hub.is_heard(thread_id) {
                return false;
            }
            // A connection that does not hear the thread may have begun a turn in between.
            if self.unload(thread_id).await {
                return true;
            }
        }
        false
    }

    /// Subscribes a connection to a loaded thread. One that has gone since it asked keeps no thread loaded.
    pub(crate) fn subscribe(self: &Arc<Self>, thread_id: &str, client: &Arc<Client>, wants: Wants) {
        if !self.hub.subscribe(thread_id, client, wants) {
            self.unload_after_turns(thread_id.into());
        }
    }

    /// Ends all that a connection had, once it is closed and none of its requests is under way. Its turns go on; a
    /// thread that nobody else hears is unloaded after them.
    pub(crate) fn leave(self: &Arc<Self>, client: &Arc<Client>) {
        for thread_id in self.hub.leave(client) {
            self.unload_after_turns(thread_id.into());
        }
    }

    fn unload_after_turns(self: &Arc<Self>, thread_id: ThreadId) {
        let app = Arc::clone(self);
        self.tasks.spawn(async move { app.unload_unheard(&thread_id).await });
    }
}
