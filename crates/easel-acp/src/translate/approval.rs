//! The question whether an image call may be made.

use easel_protocol::approval::PermissionsRequestApprovalParams;
use easel_protocol::id::ImageId;
use serde_json::json;

use super::tool_call::title;
use crate::schema::{
    ContentBlock, PERMISSION_OPTIONS, RequestPermissionParams, ToolCall, ToolCallContent, ToolCallStatus,
};

/// Converts the question of the app-server. The tool call in it is also the update that shows the call as pending.
pub(crate) fn permission_params(params: &PermissionsRequestApprovalParams) -> RequestPermissionParams {
    let call = &params.image_generation;
    let images: Vec<&str> =
        call.images.iter().map(|image| image.id.as_ref().map_or(image.path.as_str(), ImageId::as_str)).collect();
    let reason =
        params.reason.as_deref().map(|reason| ToolCallContent::Content { content: ContentBlock::text(reason) });
    let tool_call = ToolCall {
        title: Some(title(&call.prompt)),
        kind: Some("other"),
        status: Some(ToolCallStatus::Pending),
        content: Some(reason.into_iter().collect()),
        raw_input: Some(json!({ "prompt": call.prompt, "action": call.action, "images": images })),
        ..ToolCall::new(params.item_id.clone())
    };
    RequestPermissionParams { session_id: params.thread_id.clone(), tool_call, options: PERMISSION_OPTIONS }
}
