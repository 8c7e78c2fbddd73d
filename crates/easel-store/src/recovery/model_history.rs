//! Completes the conversation of the model in a turn that a dead process ran.

use std::collections::BTreeSet;

use easel_imagegen::output;
use easel_imagegen::spec::{FUNCTION, NAMESPACE};
use easel_protocol::input::ImageDetail;
use easel_protocol::item::ImageGenerationItem;
use easel_protocol::record::Billed;
use easel_protocol::response_item::ResponseItem;
use serde_json::json;

use super::turns::{CallEnding, TurnJournal};
use crate::error::Error;
use crate::threads::history::conversation;
use crate::threads::rows;

/// Adds the calls of a turn's images that the conversation does not have, so that the model knows the images. Calls
/// enter the conversation when all calls of their response have ended.
pub(super) fn add_missing_calls(
    journal: &TurnJournal<'_>,
    turn_id: &str,
    items: &[Box<ImageGenerationItem>],
) -> Result<(), Error> {
    let TurnJournal { write, thread_id, .. } = *journal;
    let conversation = conversation::read_turn(write, thread_id, turn_id)?;
    let has_call = |id: &str| {
        conversation.iter().any(|item| match item {
            ResponseItem::FunctionCall { call_id, .. } => call_id.as_str() == id,
            ResponseItem::ImageGenerationCall { id: call_id, .. } => call_id.as_str() == id,
            ResponseItem::Message { .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::FunctionCallOutput { .. }
            | ResponseItem::ContextCompaction(_) => false,
        })
    };
    for image in items.iter().filter(|image| !image.images.is_empty() && !has_call(&image.id)) {
        let calls = if journal.unknown_billed == Billed::Uncertain {
            output::to_hosted_history(&image.id, output::show_images(&image.images, ImageDetail::High))
        } else {
            vec![standalone_call(image)]
        };
        calls.iter().try_for_each(|call| rows::append_model_item(write, thread_id, turn_id, call))?;
    }
    Ok(())
}

/// Builds the call of the standalone tool. Of its arguments the journal has what was requested.
fn standalone_call(image: &ImageGenerationItem) -> ResponseItem {
    let prompt = image.images.first().map_or("", |record| record.requested.prompt.as_str());
    ResponseItem::FunctionCall {
        call_id: image.id.as_str().into(),
        namespace: Some(NAMESPACE.to_owned()),
        name: FUNCTION.to_owned(),
        arguments: json!({ "prompt": prompt }).to_string(),
    }
}

/// Adds outputs for the calls of the model that have none: a model refuses a conversation with such a call.
pub(super) fn add_missing_outputs(journal: &TurnJournal<'_>, turn_id: &str) -> Result<(), Error> {
    let TurnJournal { write, thread_id, .. } = *journal;
    let items = conversation::read_turn(write, thread_id, turn_id)?;
    let answered: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| match item {
            ResponseItem::FunctionCallOutput { call_id, .. } => Some(call_id.as_str()),
            ResponseItem::Message { .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::FunctionCall { .. }
            | ResponseItem::ImageGenerationCall { .. }
            | ResponseItem::ContextCompaction(_) => None,
        })
        .collect();
    for item in &items {
        let ResponseItem::FunctionCall { call_id, .. } = item else { continue };
        if answered.contains(call_id.as_str()) {
            continue;
        }
        let output = match journal.call_ending(call_id)? {
            CallEnding::Generated { records, missing, .. } => {
                let mut output = output::show_images(&records, ImageDetail::High);
                output.extend(missing.as_ref().map(output::describe_missing));
                output
            }
            CallEnding::Failed(error) => vec![output::describe_failure(&error)],
        };
        let answer = ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output };
        rows::append_model_item(write, thread_id, turn_id, &answer)?;
    }
    Ok(())
}
