use std::sync::Arc;

use easel_protocol::method::ToolList;
use easel_protocol::tool::{ToolListParams, ToolListResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::tools::Tools;

impl Handler for ToolList {
    type Service = Tools;

    async fn handle(tools: Arc<Tools>, _cx: RequestContext, params: ToolListParams) -> HandlerResult<ToolListResponse> {
        Ok(HandlerOutput::new(tools.list(params.thread_id.as_deref()).await?))
    }
}
