//! The start of calls: what a call asks for, and its item, which is started before anything is sent.

use easel_imagegen::plan::{PlannedCall, plan};
use easel_imagegen::port::{FunctionCall, Reference};
use easel_imagegen::spec::{STANDALONE_NAME, is_standalone};
use easel_protocol::id::{CallId, ItemId};
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::record::{ImageError, RequestedImage};
use easel_protocol::response_item::ContentItem;
use easel_protocol::tool::ToolExposure;

use super::calls::{Call, CallKind, HostedProgress, requested_images};
use super::{Effect, Step, Turn};
use crate::config::withdrawn_error;
use crate::conversation::Conversation;

impl Turn {
    pub(super) fn on_function_call(&mut self, step: &mut Step<'_>, call: FunctionCall) {
        self.close_message(step);
        let is_offered = self.requested_with == ToolExposure::Standalone;
        if !is_offered || !is_standalone(call.namespace.as_deref(), &call.name) {
            return self.reject_unknown_tool(step, call, is_offered);
        }
        let planned = self.plan_call(step, &call);
        let call_id = call.call_id.clone();
        let kind = CallKind::Function { call, output: Vec::new(), records: Vec::new(), succeeded: false };
        self.start_planned(step, &call_id, kind, planned);
    }

    /// Plans a call of the standalone tool, and counts its images.
    pub(super) fn plan_call(&mut self, step: &Step<'_>, call: &FunctionCall) -> Result<PlannedCall, Box<ImageError>> {
        if let Some(reason) = self.withdrawn {
            return Err(Box::new(withdrawn_error(reason)));
        }
        let Conversation { images, older_images, .. } = &*step.conversation;
        let planned = plan(call, &self.config.capabilities, images, older_images)?;
        self.calls.count(planned, self.config.max_images)
    }

    /// Starts the item of a call and runs it, or ends it at once if it cannot run.
    pub(super) fn start_planned(
        &mut self,
        step: &mut Step<'_>,
        preferred_id: &str,
        kind: CallKind,
        planned: Result<PlannedCall, Box<ImageError>>,
    ) {
        let images = planned.as_ref().map_or(0, requested_images);
        let item_id = self.start_call(step, preferred_id, kind, images);
        match planned {
            Ok(call) => step.effects.push(Effect::RunCall { item_id, call }),
            Err(error) => self.on_call_ended(step, &item_id, Err(error)),
        }
    }

    /// Responds to a call of an unknown tool with a text for the model. The call has no item.
    fn reject_unknown_tool(&mut self, step: &mut Step<'_>, call: FunctionCall, is_standalone_offered: bool) {
        let text = if is_standalone_offered {
            format!("Unknown tool. This turn offers only `{STANDALONE_NAME}`.")
        } else {
            "Unknown tool. This turn offers none.".to_owned()
        };
        let item_id = step.conversation.ids.reserve(&call.call_id);
        let output = vec![ContentItem::InputText { text: text.into() }];
        let kind = CallKind::Function { call, output, records: Vec::new(), succeeded: false };
        let reasoning = self.reasoning.take_kept();
        self.calls.current.push(Call { item_id, item: None, reasoning, kind, images: 0 });
    }

    /// Starts the item of a hosted call. Ignores a call that was not offered, or that the provider reports twice.
    pub(super) fn on_hosted_started(
        &mut self,
        step: &mut Step<'_>,
        call_id: CallId,
        requested: RequestedImage,
        references: Vec<Reference>,
    ) {
        if self.config.exposure != ToolExposure::Hosted || self.calls.has_open_hosted(&call_id) {
            return;
        }
        self.close_message(step);
        // The provider is already making the image, so it is kept even if it exceeds the limit.
        self.calls.count_hosted();
        let kind = CallKind::Hosted { call_id: call_id.clone(), progress: HostedProgress::Started };
        let item_id = self.start_call(step, &call_id, kind, 0);
        step.effects.push(Effect::TrackHosted { item_id, call_id, requested, references });
    }

    fn start_call(&mut self, step: &mut Step<'_>, call_id: &str, kind: CallKind, images: u32) -> ItemId {
        let ids = &mut step.conversation.ids;
        let item_id = match kind {
            CallKind::Function { .. } | CallKind::Hosted { .. } => ids.reserve(call_id),
            // It is unique in the thread already, and the client's request waits for the item with this id.
            CallKind::Host { .. } => ids.keep(call_id),
        };
        let item = Box::new(ImageGenerationItem::new(item_id.clone(), step.at));
        self.emit_item_started(step, ThreadItem::ImageGeneration(item.clone()));
        let reasoning = self.reasoning.take_kept();
        self.calls.current.push(Call { item_id: item_id.clone(), item: Some(item), reasoning, kind, images });
        item_id
    }
}
