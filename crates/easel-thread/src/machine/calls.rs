//! The tool calls of one model response, from their start to their end. Each image call has an item, which is completed
//! exactly once.

use easel_imagegen::output;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::FunctionCall;
use easel_protocol::id::{CallId, ItemId};
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::record::{Billed, ImageError, ImageRecord};
use easel_protocol::response_item::{ContentItem, ResponseItem};

use super::host_calls::to_host_history;
use super::{CallOutput, PreviewFile, Purpose, Step, Turn, image_item};
use crate::config::over_limit_error;

/// The calls of the response that is being received, in call order, and the number of images that the turn has
/// requested so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) current: Vec<Call>,
    images: u32,
}

#[derive(Debug)]
pub(super) struct Call {
    /// Unique in the thread. A call of an unknown tool has an id too, for history.
    pub(super) item_id: ItemId,
    /// The item while the call runs; `None` once it has ended, and for a call of an unknown tool.
    pub(super) item: Option<Box<ImageGenerationItem>>,
    /// The reasoning before the call, which later requests send back before it.
    pub(super) reasoning: Vec<ResponseItem>,
    pub(super) kind: CallKind,
    /// The images of the call that count for the limit of the turn.
    pub(super) images: u32,
}

#[derive(Debug)]
pub(super) enum CallKind {
    /// The output and the images are kept here until all calls of the response have ended.
    Function {
        call: FunctionCall,
        output: Vec<ContentItem>,
        records: Vec<ImageRecord>,
        /// Whether the call made all images that it requested.
        succeeded: bool,
    },
    Hosted {
        call_id: CallId,
        progress: HostedProgress,
    },
    /// A call of a client. It leaves the list when it ends.
    Host {
        call: FunctionCall,
    },
}

/// How far a hosted call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostedProgress {
    /// The provider is making the image.
    Started,
    /// The image is compared and stored.
    Arrived,
    /// Also, the model has said something after it.
    Announced,
}

/// How the function calls of a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallOutputs {
    /// There were none.
    None,
    AllSucceeded,
    SomeFailed,
}

impl Calls {
    pub(super) fn have_all_ended(&self) -> bool {
        self.current.iter().all(|call| call.item.is_none())
    }

    /// Returns whether no call waits for its provider.
    pub(super) fn have_all_arrived(&self) -> bool {
        self.current.iter().all(|call| match &call.kind {
            CallKind::Hosted { progress: HostedProgress::Arrived | HostedProgress::Announced, .. } => true,
            CallKind::Hosted { .. } | CallKind::Function { .. } | CallKind::Host { .. } => call.item.is_none(),
        })
    }

    /// Notes that the images of a hosted call have arrived.
    pub(super) fn note_arrival(&mut self, item_id: &ItemId) {
        let call = self.current.iter_mut().find(|call| call.item_id == *item_id);
        if let Some(Call { kind: CallKind::Hosted { progress, .. }, .. }) = call {
            *progress = HostedProgress::Arrived;
        }
    }

    /// Notes that the model has said something after the images that have arrived.
    pub(super) fn note_message(&mut self) {
        for call in &mut self.current {
            if let CallKind::Hosted { progress: progress @ HostedProgress::Arrived, .. } = &mut call.kind {
                *progress = HostedProgress::Announced;
            }
        }
    }

    /// Returns whether the call runs.
    pub(super) fn is_running(&self, item_id: &ItemId) -> bool {
        self.current.iter().any(|call| call.item_id == *item_id && call.item.is_some())
    }

    pub(super) fn has_open_hosted(&self, id: &CallId) -> bool {
        self.current.iter().any(|call| match &call.kind {
            CallKind::Hosted { call_id, .. } => call_id == id && call.item.is_some(),
            CallKind::Function { .. } | CallKind::Host { .. } => false,
        })
    }

    /// Counts the images that a call requests, or refuses the call if they would exceed `max`. They no longer count if
    /// the call ends without a request to the provider.
    pub(super) fn count(&mut self, call: PlannedCall, max: u32) -> Result<PlannedCall, Box<ImageError>> {
        let images = self.images.saturating_add(requested_images(&call));
        if images > max {
            return Err(Box::new(over_limit_error(max)));
        }
        self.images = images;
        Ok(call)
    }

    /// Counts an image of the hosted tool, which the provider is already making.
    pub(super) fn count_hosted(&mut self) {
        self.images = self.images.saturating_add(1);
    }

    pub(super) fn images(&self) -> u32 {
        self.images
    }
}

/// Returns the number of images that a call requests.
pub(super) fn requested_images(call: &PlannedCall) -> u32 {
    call.requested.parameters.n.unwrap_or(1)
}

impl Turn {
    /// Emits a preview of the image of a running call.
    pub(super) fn on_preview(&self, step: &mut Step<'_>, item_id: &ItemId, file: &PreviewFile) {
        if self.calls.is_running(item_id) {
            self.emit_preview(step, item_id, file);
        }
    }

    /// Ends a call. Ignores a second end of the same call.
    pub(super) fn on_call_ended(
        &mut self,
        step: &mut Step<'_>,
        item_id: &ItemId,
        outcome: Result<CallOutput, Box<ImageError>>,
    ) {
        self.end_approval(step, item_id);
        let Some(call) = self.calls.current.iter_mut().find(|call| call.item_id == *item_id) else { return };
        let Some(mut item) = call.item.take() else { return };
        item.completed_at_ms = Some(step.at);
        let was_sent = outcome.as_ref().map_or_else(|error| error.attempts > 0 || error.billed != Billed::No, |_| true);
        if !was_sent {
            self.calls.images = self.calls.images.saturating_sub(std::mem::take(&mut call.images));
        }
        let (content, images) = match outcome.and_then(|output| image_item::complete(&mut item, output)) {
            Ok(images) => {
                let mut content = output::show_images(&images, self.config.detail);
                content.extend(item.error.as_ref().map(output::describe_missing));
                (content, images)
            }
            Err(error) => {
                let content = vec![output::describe_failure(&error)];
                image_item::fail(&mut item, *error);
                (content, Vec::new())
            }
        };
        let is_announced = matches!(call.kind, CallKind::Hosted { progress: HostedProgress::Announced, .. });
        // In a host turn the client's model speaks.
        if self.purpose != Purpose::Host && !is_announced {
            self.unannounced.extend(images.iter().map(|record| record.path.clone()));
        }
        let history = match &mut call.kind {
            CallKind::Function { output, records, succeeded, .. } => {
                *succeeded = item.error.is_none();
                (*output, *records) = (content, images);
                Vec::new()
            }
            CallKind::Hosted { .. } => {
                step.conversation.add_images(&images);
                let reasoning = std::mem::take(&mut call.reasoning);
                // A failed call has no item that could follow the reasoning.
                let reasoning = if images.is_empty() { Vec::new() } else { reasoning };
                reasoning.into_iter().chain(output::to_hosted_history(item_id, content)).collect()
            }
            CallKind::Host { call } => {
                let history = to_host_history(item_id, call, content);
                self.calls.current.retain(|call| call.item_id != *item_id);
                step.conversation.add_images(&images);
                history
            }
        };
        self.emit_item_completed(step, ThreadItem::ImageGeneration(item));
        for item in history {
            self.remember(step, item);
        }
    }

    /// Adds the function calls of the response and their outputs to the conversation, in call order, and returns how
    /// they ended. The images join the thread only here, so that the image to which a call refers does not depend on
    /// which other call of the same response ended first.
    pub(super) fn add_call_outputs(&mut self, step: &mut Step<'_>) -> CallOutputs {
        let (mut outputs, mut result) = (Vec::new(), CallOutputs::None);
        for Call { item_id, reasoning, kind, .. } in std::mem::take(&mut self.calls.current) {
            match kind {
                CallKind::Function { call, output, records, succeeded } => {
                    result = match (result, succeeded) {
                        (CallOutputs::None | CallOutputs::AllSucceeded, true) => CallOutputs::AllSucceeded,
                        (CallOutputs::SomeFailed, _) | (_, false) => CallOutputs::SomeFailed,
                    };
                    for item in reasoning {
                        self.remember(step, item);
                    }
                    let FunctionCall { call_id: _, namespace, name, arguments } = call;
                    // Models repeat their call ids. The item id is unique in the thread.
                    let call_id = CallId::from(item_id.as_str());
                    step.conversation.add_images(&records);
                    outputs.push(ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output });
                    self.remember(step, ResponseItem::FunctionCall { call_id, namespace, name, arguments });
                }
                CallKind::Hosted { .. } | CallKind::Host { .. } => {}
            }
        }
        for item in outputs {
            self.remember(step, item);
        }
        result
    }
}
