//! The threads in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_imagegen::port::{Provider, Store, StoredThread};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use easel_protocol::id::ThreadId;

use crate::actor::{Actor, Command, Leave};
use crate::audience::Audience;
use crate::conversation::Conversation;
use crate::rules::Rules;
use crate::slot::TurnSlot;
use crate::telling::Answered;

/// Commands that a thread's mailbox holds. A turn holds the thread's only permit, so one place is never full.
const MAILBOX: usize = 1;

/// The actor of a loaded thread, as the rest of the program sees it.
#[derive(Debug)]
pub struct ThreadHandle<P> {
    pub(crate) thread_id: ThreadId,
    pub slot: TurnSlot,
    /// Of the next turn; a running one follows what becomes stricter.
    pub rules: Rules,
    pub provider: Arc<P>,
    commands: mpsc::Sender<Command>,
    /// Runs what must not stop when its caller does.
    pub(crate) tasks: TaskTracker,
}

impl<P> ThreadHandle<P> {
    /// Gives the actor a command; false when the actor has ended.
    pub(crate) async fn send(&self, command: Command) -> bool {
        self.commands.send(command).await.is_ok()
    }

    /// Interrupts the turn that runs, if any, and waits until its last row is written. What it tells of its end waits until
    /// `answered` resolves. A turn that ends for an interrupt before this one has told everything when this returns.
    pub async fn stop(&self, answered: Answered) {
        let is_held = self.slot.interrupt_silently(answered);
        self.slot.idle().await;
        if !is_held {
            self.told().await;
        }
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

/// The loaded threads, and the tasks that run them.
///
/// A thread is loaded from [`Threads::insert`] to [`Threads::unload`]. It has an actor, which holds its conversation, only
/// while that is of use: [`Threads::start`] gives it one for a turn, [`Threads::evict`] ends it.
#[derive(Debug)]
pub struct Threads<P> {
    table: Arc<Mutex<Table<P>>>,
    actors: TaskTracker,
}

#[derive(Debug)]
struct Table<P> {
    loaded: BTreeMap<ThreadId, Loaded<P>>,
    /// Threads with an actor by the moment of their last use, which is a number of `uses`.
    recent: BTreeMap<u64, ThreadId>,
    uses: u64,
}

/// What is kept of a thread whether it has an actor or not.
#[derive(Debug)]
struct Loaded<P> {
    rules: Rules,
    provider: Arc<P>,
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

    fn is_idle(&self, thread_id: &str) -> bool {
        self.handle(thread_id).is_some_and(|handle| handle.slot.running().is_none())
    }

    /// Makes a thread the one that was used last.
    fn touch(&mut self, thread_id: &str) {
        let Some((used, _)) = self.loaded.get_mut(thread_id).and_then(|loaded| loaded.actor.as_mut()) else { return };
        self.recent.remove(used);
        self.uses += 1;
        *used = self.uses;
        self.recent.insert(self.uses, thread_id.into());
    }

    /// Drops the handle of an actor that has ended by itself.
    fn forget_actor(&mut self, thread_id: &str) {
        if let Some((used, _)) = self.loaded.get_mut(thread_id).and_then(|loaded| loaded.actor.take()) {
            self.recent.remove(&used);
        }
    }

    /// Ends the actor of a thread; false while a turn runs.
    fn retire(&mut self, thread_id: &str) -> bool {
        let Some(actor) = self.loaded.get_mut(thread_id).map(|loaded| &mut loaded.actor) else { return true };
        let Some((used, handle)) = actor else { return true };
        let retired = handle.slot.retire();
        if retired {
            self.recent.remove(used);
            *actor = None;
        }
        retired
    }
}

impl<P: Provider> Threads<P> {
    /// Makes a thread a loaded one, or gives one without an actor other rules and another provider.
    pub fn insert(&self, thread_id: &str, rules: Rules, provider: Arc<P>) {
        let mut table = self.table();
        if table.handle(thread_id).is_none() {
            table.loaded.insert(thread_id.into(), Loaded { rules, provider, actor: None });
        }
    }

    /// Starts an actor for a loaded thread, or finds the one there is. `None` when the thread is not loaded.
    pub fn start<S: Store, A: Audience>(
        &self,
        stored: StoredThread,
        store: S,
        audience: A,
    ) -> Option<Arc<ThreadHandle<P>>> {
        let thread_id = stored.thread.id.clone();
        let mut table = self.table();
        let loaded = table.loaded.get_mut(&thread_id)?;
        if loaded.actor.is_none() {
            let (commands, mailbox) = mpsc::channel(MAILBOX);
            let (rules, provider) = (loaded.rules.clone(), Arc::clone(&loaded.provider));
            let (slot, tasks) = (TurnSlot::default(), self.actors.clone());
            let handle = ThreadHandle { thread_id: thread_id.clone(), slot, rules, provider, commands, tasks };
            let handle = Arc::new(handle);
            let actor = Actor {
                thread_id: thread_id.clone(),
                conversation: Conversation::new(stored),
                rules: loaded.rules.clone(),
                provider: Arc::clone(&loaded.provider),
                store,
                audience,
                leave: self.leave_of(&handle),
            };
            self.actors.spawn(actor.run(mailbox));
            loaded.actor = Some((0, handle));
        }
        table.touch(&thread_id);
        table.handle(&thread_id).cloned()
    }

    /// What takes this actor out of the table. Its thread stays loaded.
    fn leave_of(&self, handle: &Arc<ThreadHandle<P>>) -> Leave {
        let (table, handle) = (Arc::clone(&self.table), Arc::downgrade(handle));
        Leave::new(move || {
            let Some(handle) = handle.upgrade() else { return };
            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
            if table.handle(&handle.thread_id).is_some_and(|known| Arc::ptr_eq(known, &handle)) {
                table.forget_actor(&handle.thread_id);
            }
        })
    }

    /// The thread's actor, if it has one.
    pub fn get(&self, thread_id: &str) -> Option<Arc<ThreadHandle<P>>> {
        self.table().handle(thread_id).cloned()
    }

    pub fn is_loaded(&self, thread_id: &str) -> bool {
        self.table().loaded.contains_key(thread_id)
    }

    /// The rules and the provider of a loaded thread.
    pub fn settings(&self, thread_id: &str) -> Option<(Rules, Arc<P>)> {
        let table = self.table();
        table.loaded.get(thread_id).map(|loaded| (loaded.rules.clone(), Arc::clone(&loaded.provider)))
    }

    /// Ends the actor of a thread, which stays loaded: its next turn starts another, which reads what the store has then.
    /// False while a turn runs: two actors would write its history. After the end of its turn an actor writes no more.
    pub fn evict(&self, thread_id: &str) -> bool {
        self.table().retire(thread_id)
    }

    /// The thread whose actor has rested longest, when more than `most` rest.
    pub fn idle_beyond(&self, most: usize) -> Option<ThreadId> {
        let table = self.table();
        let mut idle = table.recent.values().filter(|thread_id| table.is_idle(thread_id));
        let oldest = idle.next()?.clone();
        (idle.count() >= most).then_some(oldest)
    }

    /// Notes that the thread's actor is in use.
    pub fn touch(&self, thread_id: &str) {
        self.table().touch(thread_id);
    }

    /// Forgets a thread; true when it is not loaded now, or was not before. A thread whose turn runs stays.
    pub fn unload(&self, thread_id: &str) -> bool {
        let mut table = self.table();
        let retired = table.retire(thread_id);
        if retired {
            table.loaded.remove(thread_id);
        }
        retired
    }

    /// Of the loaded threads, in the order of their ids, which is the order of their start.
    pub fn ids(&self) -> Vec<ThreadId> {
        self.table().loaded.keys().cloned().collect()
    }

    /// Ids of the threads in which a turn runs.
    pub fn running(&self) -> Vec<ThreadId> {
        let table = self.table();
        table.recent.values().filter(|thread_id| !table.is_idle(thread_id)).cloned().collect()
    }

    /// Interrupts every running turn.
    pub fn interrupt_all(&self) {
        let table = self.table();
        for (_, handle) in table.loaded.values().filter_map(|loaded| loaded.actor.as_ref()) {
            if let Some((_, interrupt)) = handle.slot.active() {
                interrupt.cancel();
            }
        }
    }

    /// Forgets all threads, whether their turns run or not, and waits until their actors have ended.
    pub async fn close(&self) {
        {
            let mut table = self.table();
            table.loaded.clear();
            table.recent.clear();
        }
        self.actors.close();
        self.actors.wait().await;
    }

    fn table(&self) -> MutexGuard<'_, Table<P>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
