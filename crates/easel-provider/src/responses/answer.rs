//! What an answer says, from its events. Pure: a picture in it is its number among those of the event.
//!
//! Servers say the same thing up to three times: in pieces, as an item, and in the answer that is whole. It comes out
//! once: [`identity`] says which items are the same.

mod calls;
mod identity;
mod images;
mod messages;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::vec;

use easel_imagegen::port::{FunctionCall, ModelError, ModelEvent};
use easel_protocol::record::{AppliedImage, ImageError};
use easel_protocol::turn::CodexErrorInfo;

use self::calls::Calls;
use self::identity::{Marks, find_known};
pub(super) use self::images::Context;
use self::images::Images;
use self::messages::Messages;
use super::wire::{Content, Event, Item, ItemKey, Response, Status};
use crate::failure::{Masks, Refused};

/// Messages and calls that one answer may hold.
const MAX_ITEMS: usize = 256;
/// Characters of an item's id that can be the id of a call: what the API takes back.
const MAX_CALL_ID: usize = 64;

#[derive(Debug)]
pub(super) struct Answer {
    masks: Masks,
    images: Images,
    messages: Messages,
    calls: Calls,
}

pub(super) type Said = VecDeque<AnswerEvent>;

/// What the model says. A picture is its number among those of the event.
#[derive(Debug)]
pub(super) enum AnswerEvent {
    /// An event without a picture.
    Model(ModelEvent),
    HostedPreview {
        call_id: String,
        index: u32,
        picture: usize,
    },
    HostedEnded {
        call_id: String,
        outcome: Result<HostedImage, ImageError>,
    },
}

/// An image of the hosted tool that arrived whole.
#[derive(Debug)]
pub(super) struct HostedImage {
    pub(super) picture: usize,
    pub(super) revised_prompt: Option<String>,
    pub(super) applied: AppliedImage,
    pub(super) request_id: Option<String>,
    pub(super) generation_id: Option<String>,
}

impl From<ModelEvent> for AnswerEvent {
    fn from(event: ModelEvent) -> Self {
        Self::Model(event)
    }
}

impl Answer {
    pub(super) fn new(context: Context) -> Self {
        let masks = context.masks.clone();
        Self { masks, images: Images::new(context), messages: Messages::default(), calls: Calls::default() }
    }

    /// Breaks when the answer is whole.
    ///
    /// # Errors
    /// When the answer ends without being whole; [`Self::abandon`] then ends what is open.
    pub(super) fn hear(&mut self, event: Event, said: &mut Said) -> Result<ControlFlow<()>, ModelError> {
        match event {
            Event::Ended(response) => return self.end(response, said).map(ControlFlow::Break),
            Event::TextDelta { key, delta } => {
                let key = self.clean(&key);
                self.messages.delta(key, delta, said)
            }
            Event::ItemAdded(Item { key, content: Content::Image(_) }) => self.images.added(&self.clean(&key), said),
            Event::ImageBegun { key } => self.images.begun(&self.clean(&key), said),
            Event::ImagePreview { key, index, picture } => self.images.preview(&self.clean(&key), index, picture, said),
            Event::ItemDone(item) => self.done(item, said),
            Event::Error(error) => Err(self.images.refuse(&error)),
            Event::ItemAdded(Item {
                content: Content::Message(_) | Content::FunctionCall { .. } | Content::Other,
                ..
            })
            | Event::Other => Ok(()),
        }?;
        self.count_items()?;
        Ok(ControlFlow::Continue(()))
    }

    /// Ends the images that were begun, because the answer ended in an error.
    pub(super) fn abandon(&mut self, error: &ModelError, said: &mut Said) {
        self.images.abandon(error, said);
    }

    /// The error that ended the answer, where the provider sent one before any image was begun.
    pub(super) fn refusal(&self) -> Option<&Refused> {
        self.images.refusal()
    }

    fn done(&mut self, item: Item, said: &mut Said) -> Result<(), ModelError> {
        let key = self.clean(&item.key);
        match item.content {
            Content::Message(text) => self.messages.done(key, text, said),
            Content::FunctionCall { call_id, namespace, name, arguments } => {
                let call = self.call(&call_id, namespace.as_deref(), &name, arguments);
                said.extend(self.calls.done(key, call)?.map(|call| ModelEvent::FunctionCall(call).into()));
                Ok(())
            }
            Content::Image(image) => self.images.done(&key, *image, said),
            Content::Other => Ok(()),
        }
    }

    fn end(&mut self, response: Response, said: &mut Said) -> Result<(), ModelError> {
        match response.status {
            Status::Completed => {}
            Status::Incomplete => return Err(incomplete(response.reason.as_deref())),
            Status::Failed => return Err(self.images.refuse(&response.error.unwrap_or_default())),
        }
        self.rest(response.output, said)?;
        said.push_back(ModelEvent::Completed { usage: response.usage }.into());
        Ok(())
    }

    /// What the whole answer holds and no event before it said, in its order.
    fn rest(&mut self, output: Vec<Item>, said: &mut Said) -> Result<(), ModelError> {
        let output: Vec<Item> =
            output.into_iter().map(|Item { key, content }| Item { key: self.clean(&key), content }).collect();
        let mut known = Known::of(self, &output);
        for Item { key, content } in output {
            match content {
                Content::Message(text) if known.messages.next() == Some(None) => self.messages.add(key, text, said)?,
                Content::FunctionCall { call_id, namespace, name, arguments } if known.calls.next() == Some(None) => {
                    let call = self.call(&call_id, namespace.as_deref(), &name, arguments);
                    said.push_back(ModelEvent::FunctionCall(self.calls.add(key, call)?).into());
                }
                Content::Image(image) => self.images.rest(known.images.next().flatten(), &key, *image, said)?,
                Content::Message(_) | Content::FunctionCall { .. } | Content::Other => {}
            }
            self.count_items()?;
        }
        self.messages.close(said);
        self.images.end_forgotten(said);
        Ok(())
    }

    fn call(&self, call_id: &str, namespace: Option<&str>, name: &str, arguments: String) -> FunctionCall {
        let clean = |text: &str| self.masks.text(text, usize::MAX);
        let namespace = namespace.map(clean).filter(|namespace| !namespace.is_empty());
        FunctionCall { call_id: clean(call_id), namespace, name: clean(name), arguments }
    }

    /// The key with an id that is fit to be shown and kept. How long it may be was checked before.
    fn clean(&self, key: &ItemKey) -> ItemKey {
        ItemKey { position: key.position, id: self.masks.text(&key.id, usize::MAX) }
    }

    fn count_items(&self) -> Result<(), ModelError> {
        if self.messages.count() + self.calls.known().len() > MAX_ITEMS {
            return Err(broken("the provider's model answers with too many items"));
        }
        Ok(())
    }
}

/// Of the items of a whole answer, kind by kind, the numbers among those that are known.
struct Known {
    messages: vec::IntoIter<Option<usize>>,
    calls: vec::IntoIter<Option<usize>>,
    images: vec::IntoIter<Option<usize>>,
}

impl Known {
    fn of(answer: &Answer, output: &[Item]) -> Self {
        let (mut messages, mut calls, mut images) = (Vec::new(), Vec::new(), Vec::new());
        for Item { key, content } in output {
            match content {
                Content::Message(text) => messages.push(Marks::of_message(key.clone(), text)),
                Content::FunctionCall { call_id, namespace, name, arguments } => {
                    let call = answer.call(call_id, namespace.as_deref(), name, arguments.clone());
                    calls.push(Marks::of_call(key.clone(), &call));
                }
                Content::Image(_) => images.push(Marks::of_image(key.clone())),
                Content::Other => {}
            }
        }
        Self {
            messages: find_known(answer.messages.known(), &messages).into_iter(),
            calls: find_known(answer.calls.known(), &calls).into_iter(),
            images: find_known(&answer.images.known(), &images).into_iter(),
        }
    }
}

/// The provider broke its own API.
pub(super) fn broken(message: impl Into<String>) -> ModelError {
    ModelError { message: message.into(), info: CodexErrorInfo::InternalServerError }
}

fn incomplete(reason: Option<&str>) -> ModelError {
    let (message, info) = match reason {
        Some("max_output_tokens") => ("the model's answer was cut at its limit of tokens", CodexErrorInfo::Other),
        Some("content_filter") => ("the provider's content filter cut the model's answer", CodexErrorInfo::BadRequest),
        Some(_) | None => ("the provider ended the model's answer before it was whole", CodexErrorInfo::Other),
    };
    ModelError { message: message.to_owned(), info }
}
