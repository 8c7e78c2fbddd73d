use std::sync::Arc;

use easel_protocol::handshake::{InitializeParams, InitializeResponse};
use easel_protocol::method::Initialize;

use crate::connections::Handshake;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for Initialize {
    type Service = Handshake;

    async fn handle(
        handshake: Arc<Handshake>,
        cx: RequestContext,
        params: InitializeParams,
    ) -> HandlerResult<InitializeResponse> {
        let response = handshake.initialize(&cx.client, params)?;
        Ok(HandlerOutput::with_follow_up(response, async move { handshake.send_warnings(&cx.client).await }))
    }
}
