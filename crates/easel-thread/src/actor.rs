//! The owner of one thread's state. It takes one command after the other and touches nothing but its own thread.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::gate::{Decision, GateInput, decide};
use easel_imagegen::history::PictureBudget;
use easel_imagegen::port::{Provider, Store};
use easel_protocol::id::ThreadId;
use easel_protocol::input::ImageDetail;
use easel_protocol::model::InputModality;
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::audience::Audience;
use crate::call::CallContext;
use crate::conversation::Conversation;
use crate::rules::Rules;
use crate::send_gate::TurnGate;
use crate::slot::Course;
use crate::start::StartedTurn;
use crate::telling::Telling;
use crate::turn::{HostedCalls, OpenItems, Running};

/// PreviewSink of a turn that wait to be told; more are dropped.
const PREVIEWS: usize = 16;

/// What a thread's configuration says of its turns.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadRules {
    /// Feature `image_generation`.
    pub image_generation: bool,
    /// Feature `imagegenext`.
    pub imagegenext: bool,
    /// What the model is told to be; not empty.
    pub instructions: String,
    /// How closely the model looks at pictures.
    pub detail: ImageDetail,
    /// Image calls of one answer that run side by side; at least one.
    pub parallel_calls: usize,
    /// For one whole image call.
    pub call_deadline: Duration,
    /// Most images of one turn: a call of the standalone tool counts as many as it asks for, one of the hosted tool one.
    pub max_images: u32,
    /// How often an image is shown while it is made, where the provider can do that.
    pub partial_images: u32,
    pub budget: PictureBudget,
    /// Folders below which the model of every thread may name files.
    pub reference_roots: Vec<PathBuf>,
    /// Between the answer to `turn/start` and the turn's first event.
    pub event_delay: Duration,
}

impl ThreadRules {
    /// How often a turn with this provider shows an image while it is made.
    pub fn partial_images(&self, provider: &impl Provider) -> u32 {
        if provider.info().capabilities.partial_images { self.partial_images } else { 0 }
    }

    /// Which image tool a turn with this model would offer, if it began now.
    pub fn decide(&self, provider: &impl Provider, model: &str) -> Decision {
        let info = provider.info();
        // A model outside the table is one that the user named: it is taken to see.
        let known = info.models.iter().find(|known| known.model == model);
        let model_takes_images = known.is_none_or(|known| known.input_modalities.contains(&InputModality::Image));
        decide(&GateInput {
            image_generation: self.image_generation,
            imagegenext: self.imagegenext,
            auth: provider.auth(),
            capabilities: &info.capabilities,
            model_takes_images,
            executor_registered: true,
        })
    }
}

/// What an actor is told.
pub enum Command {
    StartTurn(Box<StartedTurn>),
    /// Dropped when everything before it is told.
    Pass(oneshot::Sender<()>),
}

/// One thread's state and what it works with.
pub(crate) struct Actor<S, P, A> {
    pub(crate) thread_id: ThreadId,
    pub(crate) conversation: Conversation,
    pub(crate) rules: Rules,
    pub(crate) provider: Arc<P>,
    pub(crate) store: S,
    pub(crate) audience: A,
    pub(crate) leave: Leave,
}

/// Takes the actor out of the table of threads: the next turn gets one that reads what is stored.
pub(crate) struct Leave(Box<dyn Fn() + Send + Sync>);

impl Leave {
    pub(crate) fn new(leave: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Box::new(leave))
    }

    fn call(&self) {
        (self.0)();
    }
}

impl<S: Store, P: Provider, A: Audience> Actor<S, P, A> {
    /// Takes commands until the last sender is gone.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(command) = commands.recv().await {
            match command {
                Command::StartTurn(start) => {
                    if self.turn(*start).await == Course::Ends {
                        return;
                    }
                }
                Command::Pass(passed) => drop(passed),
            }
        }
    }

    /// Runs a turn. The actor ends when the turn panicked: what it knows may not be what history says.
    async fn turn(&mut self, started: StartedTurn) -> Course {
        let own = started.rules;
        self.conversation.open_turn(&started.message_id, &started.attachments, started.input);
        let (show, previews) = mpsc::channel(PREVIEWS);
        let context = CallContext {
            store: self.store.clone(),
            provider: Arc::clone(&self.provider),
            thread_id: self.thread_id.clone(),
            turn_id: started.permit.turn_id().clone(),
            originator: started.originator,
            roots: [started.roots.as_slice(), &own.reference_roots].concat(),
            places: Semaphore::new(own.parallel_calls.clamp(1, Semaphore::MAX_PERMITS)),
            deadline: own.call_deadline,
            partial_images: started.partial_images,
            previews: show,
            cancel: CancellationToken::new(),
            gate: TurnGate::new(self.rules.clone(), started.exposure),
        };
        let mut running = Running {
            context: Arc::new(context),
            conversation: &mut self.conversation,
            telling: Telling::new(self.audience.clone(), &self.thread_id, started.answered, own.event_delay),
            interrupt: started.permit.interrupt().clone(),
            model: started.model,
            instructions: own.instructions.clone(),
            output_schema: started.output_schema,
            budget: own.budget,
            calls: JoinSet::new(),
            hosted: HostedCalls::new(),
            previews,
            shown: HashMap::new(),
            history_failed: false,
            open: OpenItems::default(),
            pending: VecDeque::new(),
            reporting: None,
            changes: started.changes,
            permit: Some(started.permit),
        };
        let Err(failed) = running.drive(started.turn, started.effects).await else { return Course::GoesOn };
        if failed.had_ended() {
            // All of it is written, and the next turn may be on its way to this actor.
            running.tell_rest().await;
            return Course::GoesOn;
        }
        let mut permit = running.permit.take();
        if let Some(permit) = &permit {
            permit.close();
        }
        let mut leave = || {
            self.leave.call();
            if let Some(permit) = permit.take() {
                permit.retire();
            }
        };
        if AssertUnwindSafe(running.end_failed(failed, &mut leave)).catch_unwind().await.is_err() {
            tracing::error!(thread_id = %self.thread_id, "the end of a failed turn panicked too");
        }
        leave();
        if AssertUnwindSafe(running.telling.finish()).catch_unwind().await.is_err() {
            tracing::error!(thread_id = %self.thread_id, "telling the end of a failed turn panicked");
        }
        Course::Ends
    }
}

#[cfg(test)]
mod tests;
