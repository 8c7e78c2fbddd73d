use std::path::PathBuf;

use easel_protocol::id::TurnId;
use easel_protocol::input::UserInput;
use easel_protocol::method::TurnStart;
use easel_protocol::turn::{Turn, TurnItemsView, TurnStartParams, TurnStartResponse, TurnStatus};
use easel_thread::start::{StartRefused, StartTurn};
use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::app::Cx;
use crate::attachments::TakenIn;
use crate::given;
use crate::methods::thread_settings_update::{changed, updated};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Most pieces of one user message.
const MAX_PIECES: usize = 64;
/// Most bytes of an output schema.
const MAX_SCHEMA_BYTES: usize = 64 << 10;

impl Handler for TurnStart {
    /// Answers once the message and the turn's row are committed, so that a process that is killed then loses neither.
    async fn handle(cx: Cx, params: TurnStartParams) -> Result<Answer<TurnStartResponse>, Refusal> {
        let app = &cx.app;
        check(&params.input)?;
        check_schema(params.output_schema.as_ref())?;
        let (cwd, model) = (given::path("cwd", params.cwd)?, given::name("model", params.model)?);
        let client_id = given::name("clientUserMessageId", params.client_user_message_id)?;
        let stored = app.store.thread(&params.thread_id).await?;
        let stored = stored.ok_or_else(|| Refusal::ThreadNotFound(params.thread_id.clone()))?;
        let turn_id = Uuid::now_v7().to_string();
        let (handle, permit) = app.begin_turn(&params.thread_id, &turn_id).await?;
        // What may be refused comes first: a thread changes only together with a turn that starts.
        let taken = TakenIn::new(app, &params.thread_id, params.input).await?;
        let thread = changed(app, &stored, cwd.as_deref(), model);
        let settings = if thread == stored { None } else { Some(updated(app, thread.clone()).await?) };
        // Nothing has been asked of a provider yet: who cancelled gets no turn.
        if cx.cancellation.is_cancelled() {
            return Err(Refusal::Cancelled);
        }
        let (answered, told) = oneshot::channel();
        let start = StartTurn {
            permit,
            originator: cx.client.name().unwrap_or_default().to_owned(),
            message_id: Uuid::now_v7().to_string().into(),
            client_id,
            content: taken.content().to_vec(),
            attachments: taken.attachments().to_vec(),
            settings: settings.is_some().then(|| Box::new(thread.clone())),
            model: thread.model.unwrap_or_default(),
            roots: app.roots(&params.thread_id, PathBuf::from(thread.cwd), cwd.is_some()).await?,
            output_schema: params.output_schema,
            answered: Box::pin(async move {
                // A sender that is gone without a word means that there is nobody to wait for.
                let _ = told.await;
            }),
        };
        handle.start(app.store.clone(), start).await.map_err(|refused| match refused {
            StartRefused::NotWritten(error) => Refusal::Storage(error),
            StartRefused::Ended => Refusal::ShuttingDown,
        })?;
        taken.accept();
        if cwd.is_some()
            && let Err(error) = app.store.mark_folder_named(&params.thread_id).await
        {
            // The turn runs already. Its thread stays stricter than it would have to be.
            tracing::warn!(thread_id = %params.thread_id, %error, "the thread's folder is not noted as named");
        }
        Ok(Answer::then(TurnStartResponse { turn: new_turn(turn_id.into()) }, async move {
            if let Some(settings) = settings {
                cx.app.hub.publish_with(&params.thread_id, &cx.client, settings).await;
            }
            let _ = answered.send(());
        }))
    }
}

pub(super) fn check(input: &[UserInput]) -> Result<(), Refusal> {
    if input.len() > MAX_PIECES {
        return Err(Refusal::field("input", format!("has {} pieces; at most {MAX_PIECES} are taken", input.len())));
    }
    given::input(input)?;
    let says_something = input.iter().any(|piece| match piece {
        UserInput::Text { text, .. } => !text.trim().is_empty(),
        UserInput::Image { .. }
        | UserInput::LocalImage { .. }
        | UserInput::Skill { .. }
        | UserInput::Mention { .. } => true,
    });
    if says_something { Ok(()) } else { Err(Refusal::field("input", "is empty")) }
}

/// What is in the schema is the provider's to judge.
fn check_schema(schema: Option<&Value>) -> Result<(), Refusal> {
    let Some(schema) = schema else { return Ok(()) };
    if !schema.is_object() {
        return Err(Refusal::field("outputSchema", "must be an object"));
    }
    if schema.to_string().len() > MAX_SCHEMA_BYTES {
        return Err(Refusal::field("outputSchema", format!("has more than {MAX_SCHEMA_BYTES} bytes")));
    }
    Ok(())
}

fn new_turn(id: TurnId) -> Turn {
    Turn {
        root_turn_id: id.clone(),
        id,
        items: Vec::new(),
        items_view: TurnItemsView::NotLoaded,
        status: TurnStatus::InProgress,
        error: None,
        started_at: None,
        completed_at: None,
        duration_ms: None,
    }
}
