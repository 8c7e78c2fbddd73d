use easel_protocol::method::TurnInterrupt;
use easel_protocol::turn::{TurnInterruptParams, TurnInterruptResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for TurnInterrupt {
    async fn handle(cx: Cx, params: TurnInterruptParams) -> Result<Answer<TurnInterruptResponse>, Refusal> {
        let Some(handle) = cx.app.threads.get(&params.thread_id) else {
            return Err(cx.app.absent(&params.thread_id, Refusal::NoActiveTurn).await);
        };
        let (found, interrupt) = handle.slot.active().ok_or(Refusal::NoActiveTurn)?;
        if found != params.turn_id {
            return Err(Refusal::OtherTurn { wanted: params.turn_id, found });
        }
        Ok(Answer::then(TurnInterruptResponse {}, async move { interrupt.cancel() }))
    }
}
