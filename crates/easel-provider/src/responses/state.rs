//! What the model has produced so far, derived from the events of its response. Pure: it refers to images by number.
//!
//! Servers send the same item up to three times: in deltas, as a finished item, and in the complete response. Each item
//! becomes one event here: [`identity`] decides which items are the same.

mod calls;
mod event;
mod identity;
mod images;
mod known_items;
mod messages;
mod output;
mod reasoning;

use std::ops::ControlFlow;

use easel_imagegen::port::{FunctionCall, ModelError, ModelEvent};

use self::calls::Calls;
pub(super) use self::event::{HostedImage, ResponseEvent, ResponseEvents};
use self::images::HostedImages;
pub(super) use self::images::ResponseContext;
use self::messages::Messages;
use self::reasoning::ReasoningItems;
use super::provider_error;
use super::wire::{Item, ItemContent, ItemKey, StreamEvent};
use crate::rejection::{Redactor, Rejection};

/// Messages, calls and reasoning items of one response.
const MAX_ITEMS: usize = 256;
/// Characters of an item's id that can serve as the id of a call. The API accepts no longer id.
const MAX_CALL_ID: usize = 64;

/// The state of one response.
#[derive(Debug)]
pub(super) struct ResponseState {
    redactor: Redactor,
    images: HostedImages,
    reasoning: ReasoningItems,
    messages: Messages,
    calls: Calls,
}

impl ResponseState {
    pub(super) fn new(context: ResponseContext) -> Self {
        let (redactor, reasoning) = (context.redactor.clone(), ReasoningItems::new(context.keep_reasoning));
        let images = HostedImages::new(context);
        Self { redactor, images, reasoning, messages: Messages::default(), calls: Calls::default() }
    }

    /// Processes an event of the stream. Breaks when the response is complete.
    ///
    /// # Errors
    ///
    /// Fails if the response ends incomplete. [`Self::abandon`] then ends the images that have started.
    pub(super) fn on_event(
        &mut self,
        event: StreamEvent,
        events: &mut ResponseEvents,
    ) -> Result<ControlFlow<()>, ModelError> {
        match event {
            StreamEvent::Ended(response) => return self.on_response(response, events).map(ControlFlow::Break),
            StreamEvent::TextDelta { key, delta } => {
                let key = self.clean(&key);
                self.messages.on_delta(key, delta, events)
            }
            StreamEvent::ReasoningPartAdded { key, part } => {
                self.reasoning.on_part_added(self.clean(&key), part, events)
            }
            StreamEvent::ReasoningDelta { key, part, delta } => {
                self.reasoning.on_delta(self.clean(&key), part, &delta, events)
            }
            StreamEvent::ReasoningTextDone { key, part, text } => {
                self.reasoning.on_text_done(self.clean(&key), part, &text, events)
            }
            StreamEvent::ItemAdded(Item { key, content: ItemContent::Reasoning(_) }) => {
                self.reasoning.on_added(self.clean(&key), events);
                Ok(())
            }
            StreamEvent::ItemAdded(Item { key, content: ItemContent::Image(_) }) => {
                self.images.on_added(&self.clean(&key), events)
            }
            StreamEvent::ImageStarted { key } => self.images.on_started(&self.clean(&key), events),
            StreamEvent::ImagePreview { key, index, image } => {
                self.images.on_preview(&self.clean(&key), index, image, events)
            }
            StreamEvent::ItemDone(item) => self.on_item(item, events),
            StreamEvent::Error(error) => Err(self.images.on_error(&error)),
            StreamEvent::ItemAdded(Item {
                content: ItemContent::Message(_) | ItemContent::FunctionCall { .. } | ItemContent::Other,
                ..
            })
            | StreamEvent::Other => Ok(()),
        }?;
        self.check_item_count()?;
        Ok(ControlFlow::Continue(()))
    }

    /// Uses the results of an event and nothing else of it, because the event is truncated or the response has failed.
    pub(super) fn keep_results(&mut self, event: StreamEvent, events: &mut ResponseEvents) {
        match event {
            StreamEvent::ItemDone(item) => self.keep_result(item, events),
            StreamEvent::Ended(response) => self.keep_output(response.output, events),
            StreamEvent::TextDelta { .. }
            | StreamEvent::ReasoningPartAdded { .. }
            | StreamEvent::ReasoningDelta { .. }
            | StreamEvent::ReasoningTextDone { .. }
            | StreamEvent::ItemAdded(_)
            | StreamEvent::ImageStarted { .. }
            | StreamEvent::ImagePreview { .. }
            | StreamEvent::Error(_)
            | StreamEvent::Other => {}
        }
    }

    /// Uses an item if it is an image with a result.
    pub(super) fn keep_result(&mut self, Item { key, content }: Item, events: &mut ResponseEvents) {
        if let ItemContent::Image(image) = content
            && image.result.is_some()
            && let Err(error) = self.images.on_done(&self.clean(&key), *image, events)
        {
            tracing::warn!(%error, "an image of a truncated event is dropped");
        }
    }

    /// Ends the images that have started, because the response ended with `error`.
    pub(super) fn abandon(&mut self, error: &ModelError, events: &mut ResponseEvents) {
        self.images.abandon(error, events);
    }

    /// Completes the reasoning that has started, because the request is sent again.
    pub(super) fn close_reasoning(&mut self, events: &mut ResponseEvents) {
        self.reasoning.close(events);
    }

    /// Returns how many images have ended.
    pub(super) fn count_ended_images(&self) -> usize {
        self.images.count_ended()
    }

    /// Returns the provider's error that ended the response before any image started.
    pub(super) fn rejection(&self) -> Option<&Rejection> {
        self.images.rejection()
    }

    fn on_item(&mut self, item: Item, events: &mut ResponseEvents) -> Result<(), ModelError> {
        let key = self.clean(&item.key);
        match item.content {
            ItemContent::Message(text) => self.messages.on_done(key, text, events),
            ItemContent::FunctionCall { id, namespace, name, arguments } => {
                let call = self.function_call(&id, namespace.as_deref(), &name, arguments);
                events.extend(self.calls.on_done(key, call)?.map(|call| ModelEvent::FunctionCall(call).into()));
                Ok(())
            }
            ItemContent::Reasoning(reasoning) => self.reasoning.on_done(key, *reasoning, events),
            ItemContent::Image(image) => self.images.on_done(&key, *image, events),
            ItemContent::Other => Ok(()),
        }
    }

    fn function_call(&self, id: &str, namespace: Option<&str>, name: &str, arguments: String) -> FunctionCall {
        let clean = |text: &str| self.redactor.clean_text(text, usize::MAX);
        let namespace = namespace.map(clean).filter(|namespace| !namespace.is_empty());
        FunctionCall { call_id: clean(id).into(), namespace, name: clean(name), arguments }
    }

    /// Cleans the id of a key. Its length was checked when the event was parsed.
    fn clean(&self, key: &ItemKey) -> ItemKey {
        ItemKey { position: key.position, id: self.redactor.clean_text(&key.id, usize::MAX) }
    }

    fn check_item_count(&self) -> Result<(), ModelError> {
        if self.reasoning.count() + self.messages.count() + self.calls.known().len() > MAX_ITEMS {
            return Err(provider_error("the provider's model produced too many items"));
        }
        Ok(())
    }
}
