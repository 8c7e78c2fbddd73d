//! The end of a response, whose complete form has all of its items.

use easel_imagegen::port::{ModelError, ModelEvent};
use easel_protocol::turn::CodexErrorInfo;

use super::known_items::KnownItems;
use super::{ResponseEvents, ResponseState};
use crate::responses::other_error;
use crate::responses::wire::{FinalResponse, Item, ItemContent, ItemKey, ResponseStatus};

impl ResponseState {
    pub(super) fn on_response(
        &mut self,
        response: FinalResponse,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let FinalResponse { status, output, usage, error, reason, invalid: _ } = response;
        match status {
            ResponseStatus::Completed => {
                self.on_output(output, events)?;
                events.push_back(ModelEvent::Completed { usage }.into());
                Ok(())
            }
            ResponseStatus::Incomplete => {
                self.keep_output(output, events);
                Err(incomplete_error(reason.as_deref()))
            }
            ResponseStatus::Failed => {
                self.keep_output(output, events);
                Err(self.images.on_error(&error.unwrap_or_default()))
            }
        }
    }

    /// Adds the items of the complete response that no earlier event contained, in their order. After an error, only
    /// images are added.
    fn on_output(&mut self, output: Vec<Item>, events: &mut ResponseEvents) -> Result<(), ModelError> {
        let (output, mut known) = self.match_output(output);
        let mut result = Ok(());
        for Item { key, content } in output {
            match content {
                ItemContent::Image(image) => {
                    let added = self.images.on_output(known.images.next().flatten(), &key, *image, events);
                    result = result.and(added);
                }
                content if result.is_ok() => result = self.add_output(key, content, &mut known, events),
                ItemContent::Reasoning(_)
                | ItemContent::Message(_)
                | ItemContent::FunctionCall { .. }
                | ItemContent::Other => {}
            }
        }
        result?;
        self.reasoning.close(events);
        self.messages.close(events);
        self.images.end_missing(events);
        Ok(())
    }

    /// Adds an item of the complete response other than an image, if it is new.
    fn add_output(
        &mut self,
        key: ItemKey,
        content: ItemContent,
        known: &mut KnownItems,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        match content {
            ItemContent::Reasoning(reasoning) if known.reasoning.next() == Some(None) => {
                self.reasoning.on_output(key, *reasoning, events)?;
            }
            ItemContent::Message(text) if known.messages.next() == Some(None) => {
                self.messages.add(key, text, events)?;
            }
            ItemContent::FunctionCall { id, namespace, name, arguments } if known.calls.next() == Some(None) => {
                let call = self.function_call(&id, namespace.as_deref(), &name, arguments);
                events.push_back(ModelEvent::FunctionCall(self.calls.add(key, call)?).into());
            }
            ItemContent::Reasoning(_)
            | ItemContent::Message(_)
            | ItemContent::FunctionCall { .. }
            | ItemContent::Image(_)
            | ItemContent::Other => {}
        }
        self.check_item_count()
    }

    /// Uses the images with a result of a complete response.
    pub(super) fn keep_output(&mut self, output: Vec<Item>, events: &mut ResponseEvents) {
        let (output, known) = self.match_output(output);
        let images = output.into_iter().filter_map(|Item { key, content }| match content {
            ItemContent::Image(image) => Some((key, image)),
            ItemContent::Message(_)
            | ItemContent::FunctionCall { .. }
            | ItemContent::Reasoning(_)
            | ItemContent::Other => None,
        });
        for ((key, image), known) in images.zip(known.images) {
            if image.result.is_some()
                && let Err(error) = self.images.on_output(known, &key, *image, events)
            {
                tracing::warn!(%error, "an image of a failed response is dropped");
            }
        }
    }

    /// Cleans the keys of the items of a complete response, and finds out which of them are known.
    fn match_output(&self, output: Vec<Item>) -> (Vec<Item>, KnownItems) {
        let clean = |Item { key, content }| Item { key: self.clean(&key), content };
        let output: Vec<Item> = output.into_iter().map(clean).collect();
        let known = KnownItems::new(self, &output);
        (output, known)
    }
}

fn incomplete_error(reason: Option<&str>) -> ModelError {
    match reason {
        Some("max_output_tokens") => other_error("the model's response reached its token limit"),
        Some("content_filter") => ModelError {
            message: "the provider's content filter ended the model's response".to_owned(),
            info: CodexErrorInfo::BadRequest,
            was_refused: false,
        },
        Some(_) | None => other_error("the provider ended the model's response before it was complete"),
    }
}
