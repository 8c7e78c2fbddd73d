//! The table of loaded threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use easel_imagegen::port::{Provider, Store, StoredThread};
use easel_protocol::id::ThreadId;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{Actor, ThreadHandle};
use crate::config::LiveConfig;
use crate::conversation::Conversation;
use crate::event_sink::EventSink;
use crate::slot::TurnSlot;

/// Capacity of an actor's mailbox. `StartTurn` needs the thread's only permit, so at most one is queued; `Flush` waits
/// for room.
const MAILBOX_CAPACITY: usize = 1;

/// The loaded threads and their actors.
///
/// A thread is loaded from [`Threads::insert`] to [`Threads::unload`]. Its actor, which keeps the conversation in
/// memory, has a shorter life: [`Threads::start_actor`] starts it for a turn, and [`Threads::evict`] ends it when too
/// many are idle.
#[derive(Debug)]
pub struct Threads<P> {
    table: Arc<Mutex<Table<P>>>,
    actors: TaskTracker,
}

#[derive(Debug)]
struct Table<P> {
    loaded: BTreeMap<ThreadId, LoadedThread<P>>,
    /// The threads that have an actor, least recently used first. The key is the value of `uses` at the last use.
    recent: BTreeMap<u64, ThreadId>,
    /// Number of uses so far.
    uses: u64,
}

#[derive(Debug)]
struct LoadedThread<P> {
    config: LiveConfig,
    provider: Arc<P>,
    /// The handle, and the thread's key in [`Table::recent`].
    actor: Option<(u64, Arc<ThreadHandle<P>>)>,
}

impl<P> Default for Threads<P> {
    fn default() -> Self {
        let table = Table { loaded: BTreeMap::new(), recent: BTreeMap::new(), uses: 0 };
        Self { table: Arc::new(Mutex::new(table)), actors: TaskTracker::new() }
    }
}

impl<P> Table<P> {
    fn handle(&self, thread_id: &str) -> Option<&Arc<ThreadHandle<P>>> {
        self.loaded.get(thread_id)?.actor.as_ref().map(|(_, handle)| handle)
    }

    /// Returns whether the thread has an actor and runs no turn.
    fn is_idle(&self, thread_id: &str) -> bool {
        self.handle(thread_id).is_some_and(|handle| handle.slot.running_turn().is_none())
    }

    /// Moves a thread that has an actor to the end of `recent`.
    fn touch(&mut self, thread_id: &str) {
        let Some((last_use, _)) = self.loaded.get_mut(thread_id).and_then(|loaded| loaded.actor.as_mut()) else {
            return;
        };
        self.recent.remove(last_use);
        self.uses += 1;
        *last_use = self.uses;
        self.recent.insert(self.uses, thread_id.into());
    }

    /// Removes an actor that has ended by itself.
    fn remove_actor(&mut self, thread_id: &str) {
        if let Some((last_use, _)) = self.loaded.get_mut(thread_id).and_then(|loaded| loaded.actor.take()) {
            self.recent.remove(&last_use);
        }
    }

    /// Ends the actor of a thread. Returns false, and does nothing, while a turn runs.
    #[must_use]
    fn retire(&mut self, thread_id: &str) -> bool {
        let Some(actor) = self.loaded.get_mut(thread_id).map(|loaded| &mut loaded.actor) else { return true };
        let Some((last_use, handle)) = actor else { return true };
        let is_retired = handle.slot.retire();
        if is_retired {
            self.recent.remove(last_use);
            *actor = None;
        }
        is_retired
    }
}

impl<P: Provider> Threads<P> {
    /// Adds a thread to the table, or replaces the configuration and the provider of one that has no actor.
    pub fn insert(&self, thread_id: &str, config: LiveConfig, provider: Arc<P>) {
        let mut table = self.lock();
        if table.handle(thread_id).is_none() {
            table.loaded.insert(thread_id.into(), LoadedThread { config, provider, actor: None });
        }
    }

    /// Returns the handle of a loaded thread's actor, and starts the actor if the thread has none. Returns `None` if
    /// the thread is not loaded.
    pub fn start_actor<S: Store, E: EventSink>(
        &self,
        stored: StoredThread,
        store: S,
        sink: E,
    ) -> Option<Arc<ThreadHandle<P>>> {
        let thread_id = stored.thread.id.clone();
        let mut table = self.lock();
        let loaded = table.loaded.get_mut(&*thread_id)?;
        if loaded.actor.is_none() {
            let (mailbox, commands) = mpsc::channel(MAILBOX_CAPACITY);
            let handle = Arc::new(ThreadHandle {
                thread_id: thread_id.clone(),
                slot: TurnSlot::default(),
                config: loaded.config.clone(),
                provider: Arc::clone(&loaded.provider),
                mailbox,
                tasks: self.actors.clone(),
            });
            let actor = Actor {
                thread_id: thread_id.clone(),
                conversation: Conversation::new(stored),
                config: loaded.config.clone(),
                provider: Arc::clone(&loaded.provider),
                store,
                sink,
                deregister: self.deregister(&handle),
            };
            self.actors.spawn(actor.run(commands));
            loaded.actor = Some((0, handle));
        }
        table.touch(&thread_id);
        table.handle(&thread_id).cloned()
    }

    /// Returns a function that removes this actor from the table. Its thread stays loaded.
    fn deregister(&self, handle: &Arc<ThreadHandle<P>>) -> Box<dyn Fn() + Send + Sync> {
        let (table, handle) = (Arc::clone(&self.table), Arc::downgrade(handle));
        Box::new(move || {
            let Some(handle) = handle.upgrade() else { return };
            let mut table = table.lock();
            if table.handle(&handle.thread_id).is_some_and(|known| Arc::ptr_eq(known, &handle)) {
                table.remove_actor(&handle.thread_id);
            }
        })
    }

    /// Returns the handle of the thread's actor, if it has one.
    pub fn get(&self, thread_id: &str) -> Option<Arc<ThreadHandle<P>>> {
        self.lock().handle(thread_id).cloned()
    }

    /// Returns whether the thread is loaded.
    pub fn is_loaded(&self, thread_id: &str) -> bool {
        self.lock().loaded.contains_key(thread_id)
    }

    /// Returns the configuration and the provider of a loaded thread.
    pub fn config_and_provider(&self, thread_id: &str) -> Option<(LiveConfig, Arc<P>)> {
        let table = self.lock();
        table.loaded.get(thread_id).map(|loaded| (loaded.config.clone(), Arc::clone(&loaded.provider)))
    }

    /// Ends the actor of a thread. The thread stays loaded, and its next turn starts an actor that reads the stored
    /// history. Returns false, and does nothing, while a turn runs: two actors would write the thread's history.
    #[must_use]
    pub fn evict(&self, thread_id: &str) -> bool {
        self.lock().retire(thread_id)
    }

    /// Returns the idle thread whose actor was used least recently, if more than `max_idle` actors are idle.
    pub fn next_to_evict(&self, max_idle: usize) -> Option<ThreadId> {
        let table = self.lock();
        let mut idle = table.recent.values().filter(|thread_id| table.is_idle(thread_id));
        let oldest = idle.next()?.clone();
        (idle.count() >= max_idle).then_some(oldest)
    }

    /// Marks the thread's actor as the most recently used.
    pub fn touch(&self, thread_id: &str) {
        self.lock().touch(thread_id);
    }

    /// Removes a thread from the table. Returns false, and does nothing, while a turn runs; returns true if the thread
    /// was not loaded.
    #[must_use]
    pub fn unload(&self, thread_id: &str) -> bool {
        let mut table = self.lock();
        let is_retired = table.retire(thread_id);
        if is_retired {
            table.loaded.remove(thread_id);
        }
        is_retired
    }

    /// Returns the ids of the loaded threads in their order, which is the order of creation.
    pub fn ids(&self) -> Vec<ThreadId> {
        self.lock().loaded.keys().cloned().collect()
    }

    /// Returns the ids of the threads that run a turn.
    pub fn running_ids(&self) -> Vec<ThreadId> {
        let table = self.lock();
        table.recent.values().filter(|thread_id| !table.is_idle(thread_id)).cloned().collect()
    }

    /// Interrupts every running turn.
    pub fn interrupt_all(&self) {
        let table = self.lock();
        for (_, handle) in table.loaded.values().filter_map(|loaded| loaded.actor.as_ref()) {
            if let Some(interrupt) = handle.slot.interrupt_token() {
                interrupt.cancel();
            }
        }
    }

    /// Removes all threads, including those that run a turn, and waits until their actors have ended.
    pub async fn close(&self) {
        {
            let mut table = self.lock();
            table.loaded.clear();
            table.recent.clear();
        }
        self.actors.close();
        self.actors.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, Table<P>> {
        self.table.lock()
    }
}
