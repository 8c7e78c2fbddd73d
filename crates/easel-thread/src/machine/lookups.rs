//! What the machine needs to know about the rest of the thread before it handles an event of the model. It does no IO,
//! so the turn runner asks the store.

use easel_imagegen::plan::named_images;
use easel_imagegen::port::ModelEvent;
use easel_imagegen::spec::is_standalone;
use easel_protocol::tool::ToolExposure;

use super::Turn;

/// What to look up in the store.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lookups {
    /// The id that the machine will reserve for the item or the call that the event begins, if it begins one.
    pub(crate) id: Option<String>,
    /// The handles and paths by which the event names images to edit.
    pub(crate) images: Vec<String>,
}

impl Turn {
    /// Returns what to look up before the machine handles the event.
    pub(crate) fn lookups_for(&self, event: &ModelEvent) -> Lookups {
        let id = |id: &str| Lookups { id: Some(id.to_owned()), images: Vec::new() };
        match event {
            ModelEvent::TextDelta { item_id, .. } | ModelEvent::Message { item_id, .. }
                if self.open_message.is_none() =>
            {
                id(item_id)
            }
            ModelEvent::FunctionCall(call) => {
                let is_image_call = self.requested_with == ToolExposure::Standalone
                    && is_standalone(call.namespace.as_deref(), &call.name);
                let images = if is_image_call { named_images(call, &self.config.capabilities) } else { Vec::new() };
                Lookups { images, ..id(&call.call_id) }
            }
            ModelEvent::HostedStarted { call_id, .. } => id(call_id),
            ModelEvent::Reasoning { item_id, .. } if !self.reasoning.is_open(item_id) => id(item_id),
            ModelEvent::RequestId { .. }
            | ModelEvent::Reasoning { .. }
            | ModelEvent::TextDelta { .. }
            | ModelEvent::Message { .. }
            | ModelEvent::HostedPreview { .. }
            | ModelEvent::HostedEnded { .. }
            | ModelEvent::Completed { .. } => Lookups::default(),
        }
    }
}
