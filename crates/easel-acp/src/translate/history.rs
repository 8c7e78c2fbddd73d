//! The items of stored turns as updates.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::id::ImageId;
use easel_protocol::input::UserInput;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::record::ImageRecord;

use super::files::{file_name, file_uri};
use super::settings::is_settings_sentence;
use super::tool_call::{Pictures, finished_tool_call, started_tool_call};
use crate::schema::{Chunk, ContentBlock, SessionUpdate, ToolCall};

/// Returns the images of an item that are shown as pictures: those in `newest`.
pub(crate) fn pictures_of<'i>(item: &'i ThreadItem, newest: &HashSet<ImageId>) -> Vec<&'i ImageRecord> {
    let ThreadItem::ImageGeneration(item) = item else { return Vec::new() };
    item.images.iter().filter(|image| !image.deleted && newest.contains(&image.id)).collect()
}

/// Converts an item of a stored turn.
pub(crate) fn item_updates(item: ThreadItem, pictures: Pictures) -> Vec<SessionUpdate> {
    match item {
        ThreadItem::UserMessage(mut item) => {
            let id = item.id;
            // A prompt is never empty, so the sentence is not its first part.
            let has_settings = matches!(
                &*item.content,
                [_, .., UserInput::Text { text, .. }] if is_settings_sentence(text)
            );
            if has_settings {
                item.content.pop();
            }
            let parts = item.content.into_iter().filter_map(user_content);
            parts.map(|content| SessionUpdate::UserMessageChunk(Chunk { content, message_id: id.clone() })).collect()
        }
        ThreadItem::AgentMessage(item) => {
            let chunk = Chunk { content: ContentBlock::Text { text: item.text }, message_id: item.id };
            vec![SessionUpdate::AgentMessageChunk(chunk)]
        }
        ThreadItem::ImageGeneration(item) if item.status == ImageStatus::InProgress => {
            vec![SessionUpdate::ToolCall(started_tool_call(item.id))]
        }
        ThreadItem::ImageGeneration(item) => {
            let finished = finished_tool_call(&item, pictures);
            let started = started_tool_call(item.id);
            vec![SessionUpdate::ToolCall(ToolCall {
                title: finished.title.or(started.title),
                kind: started.kind,
                ..finished
            })]
        }
        // The reasoning of an old turn helps nobody, and a compaction is invisible to the user.
        ThreadItem::Reasoning(_) | ThreadItem::ContextCompaction(_) => Vec::new(),
    }
}

fn user_content(part: UserInput) -> Option<ContentBlock> {
    match part {
        UserInput::Text { text, .. } => Some(ContentBlock::text(&*text)),
        // Attachments are files of Easel's store. Their bytes would make a replay long.
        UserInput::LocalImage { path, .. } => Some(link(file_uri(&path), file_name(&path))),
        UserInput::Image { url, .. } => {
            let (mime_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
            STANDARD.decode(data).ok()?;
            Some(ContentBlock::Image { data: data.to_owned(), mime_type: mime_type.to_owned(), uri: None })
        }
        UserInput::Skill { name, path } | UserInput::Mention { name, path } => Some(link(path, name)),
    }
}

fn link(uri: String, name: String) -> ContentBlock {
    ContentBlock::ResourceLink { uri, name, mime_type: None, size: None }
}
