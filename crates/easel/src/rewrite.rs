//! Changes of a thread's history from outside a turn: the thread rests, this process is its one writer, and an actor that
//! holds the old history gives way to one that reads the new.

use crate::app::App;
use crate::refusal::Refusal;

impl App {
    /// Waits for the end of a turn whose interrupt was accepted, until all of it is told: clients go on as soon as the interrupt
    /// is answered. Refuses while another turn runs. The caller has the thread's place in the order of requests, which the end
    /// of a turn does not need.
    pub(crate) async fn must_rest(&self, thread_id: &str) -> Result<(), Refusal> {
        let Some(handle) = self.threads.get(thread_id) else { return Ok(()) };
        handle.slot.interrupted().await;
        if let Some(turn) = handle.slot.running() {
            return Err(Refusal::TurnRunning(turn));
        }
        handle.told().await;
        Ok(())
    }

    /// Does something as the one writer of a thread: changes data that its actor does not hold, or loads it. Refused when
    /// another process has the thread. What a dead writer left open is closed before.
    pub(crate) async fn write<T>(
        &self,
        thread_id: &str,
        change: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let acquired = self.store.acquire_writer(thread_id).await;
        acquired.map_err(|refused| Refusal::lease(refused, thread_id))?;
        let changed = change.await;
        if self.threads.get(thread_id).is_none() {
            self.release(thread_id).await;
        }
        changed
    }

    /// Changes what the store has of a thread's history, loaded or not. The caller has the thread's place in the order of requests,
    /// so that no turn begins meanwhile.
    pub(crate) async fn rewrite(
        &self,
        thread_id: &str,
        change: impl Future<Output = Result<(), Refusal>>,
    ) -> Result<(), Refusal> {
        self.must_rest(thread_id).await?;
        self.write(thread_id, change).await?;
        if self.threads.get(thread_id).is_some() { self.reload(thread_id).await } else { Ok(()) }
    }

    /// Gives a loaded thread an actor with its history as it now is in the store.
    async fn reload(&self, thread_id: &str) -> Result<(), Refusal> {
        let stored = self.store.load(thread_id).await?;
        let stored = stored.ok_or_else(|| Refusal::ThreadNotFound(thread_id.to_owned()))?;
        let loaded = self.configuration_for(stored.thread.cwd.clone().into(), stored.overrides.clone()).await?;
        self.threads.unload(thread_id);
        self.load(stored, &loaded.config).await?;
        Ok(())
    }
}
