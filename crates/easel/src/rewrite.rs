//! Changes of a thread's history from outside a turn: the thread rests, this process is its one writer, and no actor holds
//! the old history.

use std::sync::Arc;

use easel_imagegen::port::Store;
use easel_protocol::event::Event;

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

    /// Changes what the store has of a thread's history, loaded or not. The caller has the thread's place in the order of requests,
    /// so that no turn begins meanwhile.
    ///
    /// The actor that knows the old history is gone before the change begins. So whatever becomes of the change, no turn
    /// goes on from a history that is not the stored one.
    pub(crate) async fn rewrite(
        self: &Arc<Self>,
        thread_id: &str,
        change: impl Future<Output = Result<(), Refusal>>,
    ) -> Result<(), Refusal> {
        self.must_rest(thread_id).await?;
        let change = async {
            self.threads.evict(thread_id);
            change.await
        };
        self.write(thread_id, change).await
    }

    /// Writes one change of a thread's own data, which its actor does not hold.
    pub(crate) async fn change(self: &Arc<Self>, thread_id: &str, event: Event) -> Result<(), Refusal> {
        self.write(thread_id, async { Ok(self.store.append(vec![event]).await?) }).await
    }
}
