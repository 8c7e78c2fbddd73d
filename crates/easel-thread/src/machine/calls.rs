//! The tool calls of one answer: each has an item that is started before anything is sent and completed once.

use easel_imagegen::output;
use easel_imagegen::plan::{PlannedCall, plan};
use easel_imagegen::port::{FunctionCall, Reference, image_error};
use easel_imagegen::spec::{STANDALONE_NAME, is_standalone};
use easel_protocol::id::{CallId, ItemId};
use easel_protocol::item::{ImageFailure, ImageGenerationItem, ImageStatus, ItemInputImage, ThreadItem};
use easel_protocol::record::{ImageError, ImageErrorKind, ImageRecord, RequestedImage};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;

use super::{Effect, Outcome, Shown, Step, Turn};
use crate::send_gate::{over_limit, withdrawn};

/// The calls of the answer being received, in call order, and how many images the turn has asked for or been given.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Vec<Call>,
    images: u32,
}

#[derive(Debug)]
struct Call {
    /// Unique in the thread; a call of an unknown tool has one too, for history.
    item_id: ItemId,
    /// The item while it is in progress; a call of an unknown tool has none.
    item: Option<Box<ImageGenerationItem>>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// What it made waits for the other calls of the answer.
    Function {
        call: FunctionCall,
        output: Vec<ContentItem>,
        made: Vec<ImageRecord>,
    },
    Hosted {
        call_id: String,
    },
}

impl Calls {
    pub(super) fn all_ended(&self) -> bool {
        self.open.iter().all(|call| call.item.is_none())
    }

    fn has_open_hosted(&self, wanted: &str) -> bool {
        self.open.iter().any(|call| match &call.kind {
            Kind::Hosted { call_id } => call_id == wanted && call.item.is_some(),
            Kind::Function { .. } => false,
        })
    }

    /// Counts the images that a call asks for, or refuses the call that would go over `max`.
    fn count(&mut self, draft: PlannedCall, max: u32) -> Result<PlannedCall, Box<ImageError>> {
        let images = self.images.saturating_add(draft.requested.parameters.n.unwrap_or(1));
        if images > max {
            return Err(Box::new(over_limit(max)));
        }
        self.images = images;
        Ok(draft)
    }

    pub(super) fn images(&self) -> u32 {
        self.images
    }
}

impl Turn {
    pub(super) fn function_call(&mut self, step: &mut Step<'_>, call: FunctionCall) {
        self.close_message(step);
        let offered = self.asked_with == ToolExposure::Standalone;
        if !offered || !is_standalone(call.namespace.as_deref(), &call.name) {
            return self.unknown_tool(step, call, offered.then_some(STANDALONE_NAME));
        }
        let planned = match self.withdrawn {
            Some(reason) => Err(Box::new(withdrawn(reason))),
            None => plan(&call, &self.rules.capabilities, &step.conversation.images)
                .and_then(|draft| self.calls.count(draft, self.rules.max_images)),
        };
        let call_id = call.call_id.clone();
        let kind = Kind::Function { call, output: Vec::new(), made: Vec::new() };
        let item_id = self.start_call(step, &call_id, kind);
        match planned {
            Ok(draft) => step.effects.push(Effect::RunCall(PlannedCall { call_id: item_id.to_string(), ..draft })),
            Err(error) => self.call_ended(step, &item_id, Err(error)),
        }
    }

    fn unknown_tool(&mut self, step: &mut Step<'_>, call: FunctionCall, known: Option<&str>) {
        let text = known.map_or_else(
            || "There is no such tool in this turn.".to_owned(),
            |name| format!("There is no such tool; `{name}` is the only one."),
        );
        let item_id = step.conversation.unique_id(&call.call_id);
        let kind =
            Kind::Function { call, output: vec![ContentItem::InputText { text: text.into() }], made: Vec::new() };
        self.calls.open.push(Call { item_id, item: None, kind });
    }

    /// A call that was not offered, or that the provider has told already, starts nothing.
    pub(super) fn hosted_started(
        &mut self,
        step: &mut Step<'_>,
        call_id: String,
        requested: RequestedImage,
        references: Vec<Reference>,
    ) {
        if self.rules.exposure != ToolExposure::Hosted || self.calls.has_open_hosted(&call_id) {
            return;
        }
        self.close_message(step);
        // The provider is at work already: what it makes is kept, however many that are.
        self.calls.images = self.calls.images.saturating_add(1);
        let item_id = self.start_call(step, &call_id, Kind::Hosted { call_id: call_id.clone() });
        step.effects.push(Effect::TrackHosted { item_id, call_id, requested, references });
    }

    fn start_call(&mut self, step: &mut Step<'_>, call_id: &str, kind: Kind) -> ItemId {
        let item_id = step.conversation.unique_id(call_id);
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
            started_at_ms: step.at,
            completed_at_ms: None,
            images: Vec::new(),
            error: None,
        });
        self.emit_item_started(step, ThreadItem::ImageGeneration(item.clone()));
        self.calls.open.push(Call { item_id: item_id.clone(), item: Some(item), kind });
        item_id
    }

    /// Shows what a call is making, unless it has ended.
    pub(super) fn previewed(&self, step: &mut Step<'_>, item_id: &ItemId, shown: &Shown) {
        if self.calls.open.iter().any(|call| call.item_id == *item_id && call.item.is_some()) {
            self.emit_preview(step, item_id, shown);
        }
    }

    /// Ends a call. A second end of the same call is passed over.
    pub(super) fn call_ended(&mut self, step: &mut Step<'_>, item_id: &str, outcome: Result<Outcome, Box<ImageError>>) {
        let Some(call) = self.calls.open.iter_mut().find(|call| call.item_id == item_id) else { return };
        let Some(mut item) = call.item.take() else { return };
        item.completed_at_ms = Some(step.at);
        let (output, made) = match outcome.and_then(|outcome| complete(&mut item, outcome)) {
            Ok(records) => {
                let mut output = output::made(&records, self.rules.detail);
                output.extend(item.error.as_ref().map(output::missing));
                (output, records)
            }
            Err(error) => {
                let output = vec![output::failed(&error)];
                fail(&mut item, *error);
                (output, Vec::new())
            }
        };
        self.unmentioned.extend(made.iter().map(|record| record.path.clone()));
        let history = match &mut call.kind {
            Kind::Function { output: waiting_output, made: waiting, .. } => {
                (*waiting_output, *waiting) = (output, made);
                Vec::new()
            }
            Kind::Hosted { .. } => {
                step.conversation.made(&made);
                hosted_history(item_id, output)
            }
        };
        self.emit_item_completed(step, ThreadItem::ImageGeneration(item));
        for item in history {
            self.remember(step, item);
        }
    }

    /// Gives the model its calls and their outputs, in call order; true when it is to be asked again. The images join
    /// the thread only here, so that what a call refers to does not depend on which other call of the same answer was
    /// faster.
    pub(super) fn give_outputs(&mut self, step: &mut Step<'_>) -> bool {
        let mut outputs = Vec::new();
        for Call { item_id, kind, .. } in std::mem::take(&mut self.calls.open) {
            match kind {
                Kind::Function { call: FunctionCall { call_id: _, namespace, name, arguments }, output, made } => {
                    let call_id = CallId::from(item_id.as_str());
                    step.conversation.made(&made);
                    outputs.push(ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output });
                    self.remember(step, ResponseItem::FunctionCall { call_id, namespace, name, arguments });
                }
                Kind::Hosted { .. } => {}
            }
        }
        let called = !outputs.is_empty();
        for item in outputs {
            self.remember(step, item);
        }
        called
    }
}

/// Fills the item; an outcome without an image is a failure.
pub(super) fn complete(item: &mut ImageGenerationItem, outcome: Outcome) -> Result<Vec<ImageRecord>, Box<ImageError>> {
    let Some(first) = outcome.records.first() else {
        return Err(Box::new(image_error(ImageErrorKind::BadResponse, "the provider answered without an image")));
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
    item.images.clone_from(&outcome.records);
    item.error = outcome.missing.map(|error| *error);
    Ok(outcome.records)
}

pub(super) fn fail(item: &mut ImageGenerationItem, error: ImageError) {
    item.status = ImageStatus::Failed;
    // The one failure that the Codex app-server's clients know; it must name a limit.
    item.failure = (error.kind == ImageErrorKind::UsageLimit).then(|| {
        let limit = error.usage_limit.as_deref();
        let limit_id = limit.and_then(|limit| limit.limit_id.clone()).or_else(|| error.code.clone());
        ImageFailure::UsageLimitExceeded {
            limit_id: limit_id.unwrap_or_else(|| "image_generation".to_owned()),
            resets_at: limit.and_then(|limit| limit.resets_at),
        }
    });
    item.error = Some(error);
}

/// A hosted call as the model reads it: the call with its picture, and the text line that stays when the picture goes.
fn hosted_history(item_id: &str, output: Vec<ContentItem>) -> Vec<ResponseItem> {
    let mut history = Vec::new();
    for content in output {
        match content {
            ContentItem::InputImage { image_url, .. } if image_url.starts_with(HANDLE_SCHEME) => {
                history.push(ResponseItem::ImageGenerationCall {
                    id: item_id.into(),
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
