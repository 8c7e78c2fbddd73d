use easel_protocol::method::TurnSteer;
use easel_protocol::turn::{TurnSteerParams, TurnSteerResponse};
use easel_thread::slot::{Steer, SteerRefused};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::app::Cx;
use crate::given;
use crate::methods::turn_start::{check, take_in};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for TurnSteer {
    /// The message is the model's to read with the turn's next request; if none was due, there is one more.
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
        let (content, attachments) = take_in(app, &params.thread_id, params.input).await?;
        let (answered, told) = oneshot::channel::<()>();
        let steer = Steer {
            message_id: Uuid::now_v7().to_string(),
            client_id,
            content,
            attachments,
            answered: Box::pin(async move {
                // A sender that is gone without a word means that there is nobody to wait for.
                let _ = told.await;
            }),
        };
        handle.slot.steer(&wanted, steer).map_err(refused)?;
        Ok(Answer::then(TurnSteerResponse { turn_id: wanted.clone() }, async move {
            let _ = answered.send(());
        }))
    }
}
