//! The tool calls of one answer: each has an item that is started before anything is sent and completed once.

use easel_imagegen::output;
use easel_imagegen::plan::plan;
use easel_imagegen::port::{FunctionCall, Reference, image_error};
use easel_imagegen::spec::{STANDALONE_NAME, is_standalone};
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ItemInputImage, ThreadItem};
use easel_protocol::record::{ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;

use super::{Effect, Outcome, Turn};
use crate::conversation::Conversation;

/// The calls of the answer being received, in call order, and how many the turn has made.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Vec<Call>,
    started: u32,
}

#[derive(Debug)]
struct Call {
    kind: Kind,
    /// The item while it is in progress; a call of an unknown tool has none.
    item: Option<Box<ImageGenerationItem>>,
    item_id: String,
    output: Vec<ContentItem>,
}

#[derive(Debug)]
enum Kind {
    Function(FunctionCall),
    Hosted { call_id: String },
}

impl Calls {
    pub(super) fn all_ended(&self) -> bool {
        self.open.iter().all(|call| call.item.is_none())
    }
}

impl Turn {
    pub(super) fn function_call(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        call: FunctionCall,
        effects: &mut Vec<Effect>,
    ) {
        self.close_message(conversation, at, effects);
        let offered = self.rules.exposure == ToolExposure::Standalone;
        if !offered || !is_standalone(call.namespace.as_deref(), &call.name) {
            let text = if offered {
                format!("There is no such tool; `{STANDALONE_NAME}` is the only one.")
            } else {
                "There is no such tool in this turn.".to_owned()
            };
            let output = vec![ContentItem::InputText { text }];
            self.calls.open.push(Call { kind: Kind::Function(call), item: None, item_id: String::new(), output });
            return;
        }
        let planned = self.within_limit().and_then(|()| plan(&call, &self.rules.capabilities, &conversation.images));
        let item_id = self.start_call(conversation, at, &call.call_id.clone(), Kind::Function(call), effects);
        match planned {
            Ok(mut draft) => {
                draft.call_id = item_id;
                effects.push(Effect::RunCall(draft));
            }
            Err(error) => self.call_ended(conversation, at, &item_id, Err(error), effects),
        }
    }

    pub(super) fn hosted_started(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        call_id: String,
        requested: RequestedImage,
        references: Vec<Reference>,
        effects: &mut Vec<Effect>,
    ) {
        self.close_message(conversation, at, effects);
        let kind = Kind::Hosted { call_id: call_id.clone() };
        let item_id = self.start_call(conversation, at, &call_id, kind, effects);
        effects.push(Effect::TrackHosted { item_id, call_id, requested, references });
    }

    fn within_limit(&self) -> Result<(), Box<ImageError>> {
        let max = self.rules.max_calls;
        if self.calls.started < max {
            return Ok(());
        }
        let message = format!("this turn has made {max} image calls, which is the limit `limits.images_per_turn`");
        Err(Box::new(image_error(ImageErrorKind::BudgetExceeded, message)))
    }

    fn start_call(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        call_id: &str,
        kind: Kind,
        effects: &mut Vec<Effect>,
    ) -> String {
        self.calls.started += 1;
        let item_id = conversation.unique_id(call_id);
        let item = Box::new(ImageGenerationItem {
            id: item_id.clone(),
            status: ImageStatus::InProgress,
            revised_prompt: None,
            result: String::new(),
            transparent_background: None,
            failure: None,
            saved_path: None,
            input_images: Vec::new(),
            generation_id: None,
            started_at_ms: at,
            completed_at_ms: None,
            images: Vec::new(),
            error: None,
        });
        effects.push(self.item_started(ThreadItem::ImageGeneration(item.clone()), at));
        self.calls.open.push(Call { kind, item: Some(item), item_id: item_id.clone(), output: Vec::new() });
        item_id
    }

    /// Ends a call. A second end of the same call is passed over.
    pub(super) fn call_ended(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        item_id: &str,
        outcome: Result<Outcome, Box<ImageError>>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.open.iter_mut().find(|call| call.item_id == item_id) else { return };
        let Some(mut item) = call.item.take() else { return };
        item.completed_at_ms = Some(at);
        match outcome {
            Ok(outcome) => {
                call.output = output::made(&outcome.records, self.rules.detail);
                conversation.made(&outcome.records);
                complete(&mut item, outcome);
                self.unmentioned = self.unmentioned.take().or_else(|| item.saved_path.clone());
            }
            Err(error) => {
                call.output = vec![output::failed(&error)];
                item.status = ImageStatus::Failed;
                item.error = Some(*error);
            }
        }
        effects.push(self.item_completed(ThreadItem::ImageGeneration(item), at));
    }

    /// Gives the model its calls and their outputs, in call order; true when the model is to be asked again.
    pub(super) fn give_outputs(&mut self, conversation: &mut Conversation, effects: &mut Vec<Effect>) -> bool {
        let calls = std::mem::take(&mut self.calls.open);
        let called = calls.iter().any(|call| matches!(call.kind, Kind::Function(_)));
        let mut outputs = Vec::new();
        for call in calls {
            match call.kind {
                Kind::Function(function) => {
                    outputs.push(ResponseItem::FunctionCallOutput {
                        call_id: function.call_id.clone(),
                        output: call.output,
                    });
                    let item = ResponseItem::FunctionCall {
                        call_id: function.call_id,
                        namespace: function.namespace,
                        name: function.name,
                        arguments: function.arguments,
                    };
                    self.remember(item, conversation, effects);
                }
                Kind::Hosted { call_id } => {
                    for item in hosted_history(&call_id, call.output) {
                        self.remember(item, conversation, effects);
                    }
                }
            }
        }
        for item in outputs {
            self.remember(item, conversation, effects);
        }
        called
    }
}

fn complete(item: &mut ImageGenerationItem, outcome: Outcome) {
    let Some(first) = outcome.records.first() else {
        item.status = ImageStatus::Failed;
        item.error = Some(image_error(ImageErrorKind::BadResponse, "the provider answered without an image"));
        return;
    };
    item.status = ImageStatus::Completed;
    // Clients of the Codex app-server show this text, so it is never empty for an image that was made.
    item.revised_prompt = first.revised_prompt.clone().or_else(|| Some(first.requested.prompt.clone()));
    item.transparent_background = Some(first.applied.background.as_deref() == Some("transparent"));
    item.saved_path = Some(first.path.clone());
    item.generation_id = outcome.generation_id;
    item.input_images = first
        .inputs
        .iter()
        .map(|input| ItemInputImage { path: input.path.clone(), sha256: input.sha256.clone() })
        .collect();
    item.images = outcome.records;
}

/// A hosted call as the model reads it: the call with its picture, and the text line that stays when the picture goes.
fn hosted_history(call_id: &str, output: Vec<ContentItem>) -> Vec<ResponseItem> {
    let mut history = Vec::new();
    for content in output {
        match content {
            ContentItem::InputImage { image_url, .. } if image_url.starts_with(HANDLE_SCHEME) => {
                history.push(ResponseItem::ImageGenerationCall {
                    id: call_id.to_owned(),
                    status: "completed".to_owned(),
                    revised_prompt: None,
                    result: image_url,
                });
            }
            content @ (ContentItem::InputText { .. }
            | ContentItem::OutputText { .. }
            | ContentItem::InputImage { .. }) => {
                history.push(ResponseItem::Message { role: MessageRole::Developer, content: vec![content] });
            }
        }
    }
    history
}
