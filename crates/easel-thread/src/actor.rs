//! The actor of a thread: a task that owns the thread's conversation and runs its turns one after the other.

mod handle;
mod registry;
mod start;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::Arc;

use easel_imagegen::port::{Provider, Store};
use easel_protocol::id::ThreadId;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use crate::config::LiveConfig;
use crate::conversation::Conversation;
use crate::event_sink::EventSink;
use crate::turn::TurnRunner;
pub use handle::ThreadHandle;
pub use registry::Threads;
use start::{FirstMessage, PreparedTurn};
pub use start::{StartError, TurnContent, TurnMessage, TurnRequest};

/// A command in the mailbox of an actor.
pub(crate) enum Command {
    /// Runs a turn to its end.
    StartTurn(Box<PreparedTurn>),
    /// Replies once all events of the turns before it are sent, by dropping the sender.
    Flush(oneshot::Sender<()>),
}

/// The state of one thread, and what its turns work with.
pub(crate) struct Actor<S, P, E> {
    pub(crate) thread_id: ThreadId,
    pub(crate) conversation: Conversation,
    pub(crate) config: LiveConfig,
    pub(crate) provider: Arc<P>,
    pub(crate) store: S,
    pub(crate) sink: E,
    /// Removes the actor from the table of threads, so that the next turn gets an actor that reads the stored history.
    pub(crate) deregister: Box<dyn Fn() + Send + Sync>,
}

impl<S: Store, P: Provider, E: EventSink> Actor<S, P, E> {
    /// Runs commands until the last sender is dropped or a turn panics.
    pub(crate) async fn run(mut self, mut mailbox: mpsc::Receiver<Command>) {
        while let Some(command) = mailbox.recv().await {
            match command {
                Command::StartTurn(prepared) => {
                    if self.run_turn(*prepared).await.is_break() {
                        return;
                    }
                }
                Command::Flush(done) => drop(done),
            }
        }
    }

    /// Runs a turn. Breaks if it panicked before its end was written: the conversation in memory may then differ from
    /// the stored history.
    async fn run_turn(&mut self, prepared: PreparedTurn) -> ControlFlow<()> {
        let PreparedTurn { setup, turn, effects, message, span, queue_span } = prepared;
        drop(queue_span);
        self.conversation.begin_turn();
        if let Some(FirstMessage { id, attachments, model_item }) = message {
            self.conversation.open_turn(&id, &attachments, model_item);
        }
        let ports = (self.store.clone(), Arc::clone(&self.provider), self.sink.clone());
        let live_config = self.config.clone();
        let mut runner = TurnRunner::new(setup, &self.thread_id, ports, live_config, &mut self.conversation);
        let Err(panicked) = runner.run(turn, effects).instrument(span).await else { return ControlFlow::Continue(()) };
        if panicked.had_ended() {
            // Its end is written, and the next turn may already be in the mailbox.
            runner.send_rest().await;
            return ControlFlow::Continue(());
        }
        runner.end_panicked(panicked, &*self.deregister).await;
        ControlFlow::Break(())
    }
}
