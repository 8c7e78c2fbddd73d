use std::sync::Arc;

use easel_protocol::method::TurnInterrupt;
use easel_protocol::turn::{TurnInterruptParams, TurnInterruptResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::turns::Turns;

impl Handler for TurnInterrupt {
    type Service = Turns;

    /// Does not wait in the thread's queue, because other requests must not delay an interrupt. The order is kept: the
    /// client has the turn's id from the response to `turn/start`.
    async fn handle(
        turns: Arc<Turns>,
        _cx: RequestContext,
        params: TurnInterruptParams,
    ) -> HandlerResult<TurnInterruptResponse> {
        let accepted = turns.interrupt(&params.thread_id, params.turn_id).await?;
        Ok(HandlerOutput::with_follow_up(TurnInterruptResponse {}, async move { drop(accepted) }))
    }
}
