use std::sync::Arc;

use easel_imagegen::host_call;
use easel_protocol::method::ToolCall;
use easel_protocol::tool::{ToolArguments, ToolCallParams, ToolCallResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError, validate};
use crate::tool_calls::{NewToolCall, ResultForm, ToolCalls};

/// Maximum length of a call id, in Unicode scalar values.
const MAX_CALL_ID_CHARS: usize = 256;
/// Maximum size of the arguments as JSON, in bytes: that of the arguments of a model's call.
const MAX_ARGUMENTS_BYTES: usize = 1 << 20;

impl Handler for ToolCall {
    type Service = ToolCalls;

    /// Leaves the thread's queue when the call has begun, so that the client can make others meanwhile.
    async fn handle(
        calls: Arc<ToolCalls>,
        cx: RequestContext,
        params: ToolCallParams,
    ) -> HandlerResult<ToolCallResponse> {
        validate::length("callId", &params.call_id, MAX_CALL_ID_CHARS)?;
        validate_arguments(&params.arguments)?;
        validate_tool(params.namespace, params.tool)?;
        let call = NewToolCall { thread_id: params.thread_id, call_id: params.call_id, arguments: params.arguments };
        let form =
            ResultForm { format: params.format.unwrap_or_default(), pictures: params.pictures.unwrap_or_default() };
        let call = calls.begin(&cx, call).await?;
        Ok(HandlerOutput::pending(async move { calls.finish(&cx, call, form).await }))
    }
}

fn validate_arguments(arguments: &ToolArguments) -> Result<(), RequestError> {
    if host_call::to_json(arguments).len() > MAX_ARGUMENTS_BYTES {
        return Err(RequestError::field("arguments", format!("must have at most {MAX_ARGUMENTS_BYTES} bytes")));
    }
    Ok(())
}

/// Checks that the client calls the image tool.
fn validate_tool(namespace: Option<String>, tool: String) -> Result<(), RequestError> {
    let namespace = validate::name("namespace", namespace)?;
    let tool = validate::name("tool", Some(tool))?.unwrap_or_default();
    if host_call::is_image_tool(namespace.as_deref(), &tool) {
        return Ok(());
    }
    let name = namespace.into_iter().chain([tool]).collect::<Vec<_>>().join(".");
    Err(RequestError::UnknownTool(name))
}
