//! Starts turns: the first rows of a turn are committed before `turn/start` is answered, so that an answered start
//! survives the death of the process.

use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::port::{Provider, StorageError, StorageErrorKind, Store};
use easel_protocol::event::{Event, ThreadStartedNotification};
use easel_protocol::id::ItemId;
use easel_protocol::input::UserInput;
use easel_protocol::item::UserMessageItem;
use easel_protocol::record::Attachment;
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use easel_protocol::tool::ToolExposure;
use serde_json::Value;
use tokio::sync::watch;

use crate::actor::{Command, ThreadRules};
use crate::call::now_ms;
use crate::machine::{Effect, Turn, TurnRules};
use crate::registry::ThreadHandle;
use crate::rules::Change;
use crate::slot::TurnPermit;
use crate::telling::Answered;
use crate::user_message;

/// A turn that a client asks for.
pub struct StartTurn {
    pub permit: TurnPermit,
    /// Name of the client that starts the turn; empty when unknown.
    pub originator: String,
    pub message_id: ItemId,
    pub client_id: Option<String>,
    /// The user's pieces, with images as files of the store.
    pub content: Vec<UserInput>,
    /// The images among them, in order.
    pub attachments: Vec<Attachment>,
    /// The thread with the folder and model that the turn changes; they are stored together with its first rows.
    pub settings: Option<Box<Thread>>,
    pub model: String,
    /// Folders below which the model may name files.
    pub roots: Vec<PathBuf>,
    /// JSON Schema that what the model says at the end is to satisfy.
    pub output_schema: Option<Value>,
    pub answered: Answered,
}

/// Why a turn did not start. Nothing of it is stored, and no event follows.
#[derive(Debug)]
pub enum StartRefused {
    NotWritten(StorageError),
    /// The thread's actor has ended.
    Ended,
}

/// A turn whose first rows are committed, on its way to the actor of its thread.
pub struct StartedTurn {
    pub(crate) permit: TurnPermit,
    pub(crate) turn: Turn,
    /// What follows from the start; the events among them are written.
    pub(crate) effects: Vec<Effect>,
    pub(crate) rules: Arc<ThreadRules>,
    pub(crate) exposure: ToolExposure,
    /// How often an image is shown while it is made.
    pub(crate) partial_images: u32,
    pub(crate) changes: watch::Receiver<Change>,
    pub(crate) originator: String,
    pub(crate) message_id: ItemId,
    pub(crate) attachments: Vec<Attachment>,
    /// The message as the model reads it.
    pub(crate) input: ResponseItem,
    pub(crate) model: String,
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) output_schema: Option<Value>,
    pub(crate) answered: Answered,
}

impl<P: Provider> ThreadHandle<P> {
    /// Writes the first rows of a turn in one transaction, then hands it to the actor. It runs to its end even when the
    /// caller goes away.
    pub async fn start<S: Store>(self: &Arc<Self>, store: S, start: StartTurn) -> Result<(), StartRefused> {
        let handle = Arc::clone(self);
        let starting = self.tasks.spawn(async move {
            let settings = start.settings.as_deref().cloned();
            let started = handle.open(start);
            let settings = settings.map(|thread| Event::ThreadStarted(Box::new(ThreadStartedNotification { thread })));
            let events = settings.into_iter().chain(started.effects.iter().filter_map(Effect::event).cloned());
            store.append(events.collect()).await.map_err(StartRefused::NotWritten)?;
            let sent = handle.send(Command::StartTurn(Box::new(started))).await;
            if sent { Ok(()) } else { Err(StartRefused::Ended) }
        });
        starting.await.unwrap_or_else(|error| {
            tracing::error!(%error, "starting a turn failed");
            Err(StartRefused::NotWritten(StorageError::new(
                StorageErrorKind::Other,
                "Easel failed while it started the turn.",
            )))
        })
    }

    fn open(&self, start: StartTurn) -> StartedTurn {
        // Before the rules are read, so that no change is missed.
        let changes = self.rules.subscribe();
        let rules = self.rules.get();
        let input = user_message::for_model(&start.content, &start.attachments, rules.detail);
        let message = UserMessageItem {
            id: start.message_id.clone(),
            client_id: start.client_id,
            content: start.content,
            started_at_ms: now_ms(),
            completed_at_ms: None,
        };
        let exposure = rules.decide(&*self.provider, &start.model).exposure;
        let turn_rules = TurnRules {
            exposure,
            capabilities: self.provider.info().capabilities.clone(),
            detail: rules.detail,
            max_images: rules.max_images,
        };
        let (turn, effects) = Turn::begin(&self.thread_id, start.permit.turn_id(), turn_rules, message, input.clone());
        StartedTurn {
            permit: start.permit,
            exposure,
            partial_images: rules.partial_images(&*self.provider),
            changes,
            turn,
            effects,
            rules,
            originator: start.originator,
            message_id: start.message_id,
            attachments: start.attachments,
            input,
            model: start.model,
            roots: start.roots,
            output_schema: start.output_schema,
            answered: start.answered,
        }
    }
}
