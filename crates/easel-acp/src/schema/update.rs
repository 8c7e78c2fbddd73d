//! Updates of a session.

use easel_protocol::id::{ItemId, ThreadId};
use serde::Serialize;
use serde_json::Value;

use super::ContentBlock;

/// The params of `session/update`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionNotification<'a> {
    pub(crate) session_id: &'a ThreadId,
    pub(crate) update: &'a SessionUpdate,
}

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "sessionUpdate", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum SessionUpdate {
    UserMessageChunk(Chunk),
    AgentMessageChunk(Chunk),
    AgentThoughtChunk(Chunk),
    ToolCall(ToolCall),
    /// Each field that is present replaces the earlier one.
    ToolCallUpdate(ToolCall),
    UsageUpdate {
        used: i64,
        size: i64,
    },
    SessionInfoUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        updated_at: Option<String>,
    },
}

/// A part of a message. Parts with one id are one message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chunk {
    pub(crate) content: ContentBlock,
    pub(crate) message_id: ItemId,
}

/// A tool call, or what changed in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolCall {
    pub(crate) tool_call_id: ItemId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<ToolCallStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<Vec<ToolCallContent>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) locations: Vec<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) raw_input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) raw_output: Option<Value>,
}

impl ToolCall {
    /// Creates a tool call with only an id.
    pub(crate) fn new(tool_call_id: ItemId) -> Self {
        Self {
            tool_call_id,
            title: None,
            kind: None,
            status: None,
            content: None,
            locations: Vec::new(),
            raw_input: None,
            raw_output: None,
        }
    }
}

/// The state of a tool call. An interrupted call is failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToolCallStatus {
    Pending,
    InProgress,
    Completed,
    Failed,
}

/// Content of a tool call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ToolCallContent {
    Content { content: ContentBlock },
}

/// A file that a tool call made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Location {
    pub(crate) path: String,
}
