use easel_protocol::item::UserMessageItem;
use easel_protocol::method::TurnSteer;
use easel_protocol::turn::{TurnSteerParams, TurnSteerResponse};
use easel_store::PendingMessage;
use easel_thread::call::now_ms;
use easel_thread::slot::{Steer, SteerRefused};
use easel_thread::user_message;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::app::Cx;
use crate::attachments::TakenIn;
use crate::given;
use crate::methods::turn_start::check;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for TurnSteer {
    /// The message is the model's to read with the turn's next request; if none was due, there is one more. It is
    /// committed before this is answered.
    async fn handle(cx: Cx, params: TurnSteerParams) -> Result<Answer<TurnSteerResponse>, Refusal> {
        let app = &cx.app;
        check(&params.input)?;
        let client_id = given::name("clientUserMessageId", params.client_user_message_id)?;
        let Some(handle) = app.threads.get(&params.thread_id) else {
            return Err(app.absent(&params.thread_id, Refusal::NoTurnToSteer).await);
        };
        let wanted = params.expected_turn_id;
        let refused = |refused| match refused {
            SteerRefused::NoTurn => Refusal::NoTurnToSteer,
            SteerRefused::OtherTurn(found) => Refusal::OtherTurn { wanted: wanted.clone(), found },
            SteerRefused::Full => Refusal::field("input", "the turn has not yet read what it was given before"),
        };
        // Before images are copied; the turn may still end meanwhile.
        handle.slot.takes_steering(&wanted).map_err(refused)?;
        let taken = TakenIn::new(app, &params.thread_id, params.input).await?;
        let (content, attachments) = (taken.content().to_vec(), taken.attachments().to_vec());
        let input = user_message::for_model(&content, &attachments, handle.rules.get().detail);
        let (message_id, started_at_ms) = (Uuid::now_v7().to_string(), now_ms());
        let item = UserMessageItem {
            id: message_id.clone().into(),
            client_id: client_id.clone(),
            content: content.clone(),
            started_at_ms,
            completed_at_ms: None,
        };
        let (thread_id, turn_id) = (params.thread_id.clone(), wanted.clone());
        // Committed before the turn takes it: an accepted message survives a crash even if the model has not read it.
        app.store
            .save_pending_message(PendingMessage {
                thread_id: thread_id.to_string(),
                turn_id: turn_id.to_string(),
                item,
                input: input.clone(),
            })
            .await?;
        let (answered, told) = oneshot::channel::<()>();
        let answered_first = Box::pin(async move {
            // A sender that is gone without a word means that there is nobody to wait for.
            let _ = told.await;
        });
        let steer = Steer {
            message_id: message_id.clone().into(),
            client_id,
            content,
            attachments,
            input,
            answered: answered_first,
        };
        if let Err(reason) = handle.slot.steer(&wanted, steer) {
            // The turn has decided to end meanwhile.
            app.store.remove_pending_message(&params.thread_id, &message_id).await?;
            return Err(refused(reason));
        }
        taken.accept();
        Ok(Answer::then(TurnSteerResponse { turn_id: wanted.clone() }, async move {
            let _ = answered.send(());
        }))
    }
}
