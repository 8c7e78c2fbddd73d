//! The threads in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_imagegen::port::{Provider, Store, StoredThread};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::actor::{Actor, Command, ThreadRules};
use crate::audience::Audience;
use crate::conversation::Conversation;
use crate::rules::Rules;
use crate::slot::TurnSlot;

/// Commands that a thread's mailbox holds. A turn holds the thread's only permit, so one place is never full.
const MAILBOX: usize = 1;

/// A loaded thread, as the rest of the program sees it.
#[derive(Debug)]
pub struct ThreadHandle<P> {
    pub slot: TurnSlot,
    /// Of the next turn.
    pub rules: Rules,
    pub provider: Arc<P>,
    commands: mpsc::Sender<Command>,
}

impl<P> ThreadHandle<P> {
    /// Gives the actor a command; false when the actor has ended.
    pub async fn send(&self, command: Command) -> bool {
        self.commands.send(command).await.is_ok()
    }

    /// Interrupts the turn that runs, if any, and waits until it is over and all its events are told.
    pub async fn stop(&self) {
        if let Some((_, interrupt)) = self.slot.active() {
            interrupt.cancel();
        }
        self.slot.idle().await;
        self.told().await;
    }

    /// Waits until all events of the turns that are over are told. The caller sees to it that no turn begins meanwhile.
    pub async fn told(&self) {
        let (passing, passed) = oneshot::channel();
        if self.send(Command::Pass(passing)).await {
            // An error is what the drop of the other half looks like.
            let _ = passed.await;
        }
    }
}

/// The table of loaded threads, and the tasks that run them.
#[derive(Debug)]
pub struct Threads<P> {
    table: Mutex<BTreeMap<String, Arc<ThreadHandle<P>>>>,
    actors: TaskTracker,
}

impl<P> Default for Threads<P> {
    fn default() -> Self {
        Self { table: Mutex::default(), actors: TaskTracker::new() }
    }
}

impl<P: Provider> Threads<P> {
    /// Starts an actor for the thread, or finds the one there is.
    pub fn load<S: Store, A: Audience>(
        &self,
        stored: StoredThread,
        rules: ThreadRules,
        provider: Arc<P>,
        store: S,
        audience: A,
    ) -> Arc<ThreadHandle<P>> {
        let thread_id = stored.thread.id.clone();
        let mut table = self.table();
        if let Some(handle) = table.get(&thread_id) {
            return Arc::clone(handle);
        }
        let (commands, mailbox) = mpsc::channel(MAILBOX);
        let rules = Rules::new(rules);
        let actor = Actor {
            thread_id: thread_id.clone(),
            conversation: Conversation::new(stored),
            rules: rules.clone(),
            provider: Arc::clone(&provider),
            store,
            audience,
        };
        self.actors.spawn(actor.run(mailbox));
        let handle = Arc::new(ThreadHandle { slot: TurnSlot::default(), rules, provider, commands });
        table.insert(thread_id, Arc::clone(&handle));
        handle
    }

    pub fn get(&self, thread_id: &str) -> Option<Arc<ThreadHandle<P>>> {
        self.table().get(thread_id).cloned()
    }

    /// Forgets a thread; true when it is out of memory now or was before. A thread whose turn runs stays: two actors
    /// would write its history. After the end of its turn an actor writes no more, so the store may be given away at once.
    pub fn unload(&self, thread_id: &str) -> bool {
        let mut table = self.table();
        let Some(handle) = table.get(thread_id) else { return true };
        let retired = handle.slot.retire();
        if retired {
            table.remove(thread_id);
        }
        retired
    }

    /// In the order of their ids, which is the order of their start.
    pub fn ids(&self) -> Vec<String> {
        self.table().keys().cloned().collect()
    }

    /// Interrupts every running turn.
    pub fn interrupt_all(&self) {
        for handle in self.table().values() {
            if let Some((_, interrupt)) = handle.slot.active() {
                interrupt.cancel();
            }
        }
    }

    /// Forgets all threads, whether their turns run or not, and waits until their actors have ended.
    pub async fn close(&self) {
        self.table().clear();
        self.actors.close();
        self.actors.wait().await;
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, Arc<ThreadHandle<P>>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
