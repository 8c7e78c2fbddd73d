use std::sync::Arc;

use easel_protocol::method::TurnSteer;
use easel_protocol::turn::{TurnSteerParams, TurnSteerResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::turns::Turns;

impl Handler for TurnSteer {
    type Service = Turns;

    async fn handle(
        turns: Arc<Turns>,
        _cx: RequestContext,
        params: TurnSteerParams,
    ) -> HandlerResult<TurnSteerResponse> {
        validate::input(&params.input)?;
        let client_id = validate::name("clientUserMessageId", params.client_user_message_id)?;
        let turn_id = params.expected_turn_id;
        let response_signal = turns.steer(&params.thread_id, &turn_id, params.input, client_id).await?;
        Ok(HandlerOutput::with_follow_up(TurnSteerResponse { turn_id }, async move { response_signal.send() }))
    }
}
