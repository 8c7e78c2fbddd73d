use easel_protocol::method::TurnInterrupt;
use easel_protocol::turn::{TurnInterruptParams, TurnInterruptResponse};
use easel_thread::slot::InterruptRefused;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for TurnInterrupt {
    /// It has no place in the order of the thread's requests: a client knows the turn from the answer that started it, and
    /// whatever else it asked for does not keep the turn running.
    async fn handle(cx: Cx, params: TurnInterruptParams) -> Result<Answer<TurnInterruptResponse>, Refusal> {
        let Some(handle) = cx.app.threads.get(&params.thread_id) else {
            return Err(cx.app.absent(&params.thread_id, Refusal::NoActiveTurn).await);
        };
        let accepted = handle.slot.accept_interrupt(&params.turn_id).map_err(|refused| match refused {
            InterruptRefused::NoTurn => Refusal::NoActiveTurn,
            InterruptRefused::OtherTurn(found) => Refusal::OtherTurn { wanted: params.turn_id, found },
        })?;
        Ok(Answer::then(TurnInterruptResponse {}, async move { drop(accepted) }))
    }
}
