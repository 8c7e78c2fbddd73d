//! What an answer says, from its events. Pure: a picture in it is its number among those of the event.
//!
//! Servers say the same thing up to three times: in pieces, as an item, and in the answer that is whole. It comes out
//! once.

mod images;

use std::collections::VecDeque;
use std::ops::ControlFlow;

use easel_imagegen::port::{FunctionCall, ModelError, ModelEvent};
use easel_protocol::turn::CodexErrorInfo;

pub(super) use self::images::Context;
use self::images::Images;
use super::wire::{Event, Item, Response, Status};

const MAX_TEXT_BYTES: usize = 4 << 20;
const MAX_ARGUMENTS_BYTES: usize = 1 << 20;
/// Messages and calls that one answer may hold.
const MAX_ITEMS: usize = 256;

#[derive(Debug)]
pub(super) struct Answer {
    images: Images,
    text_bytes: usize,
    /// Messages that came in pieces and are not yet whole: id and text so far.
    pieces: Vec<(String, String)>,
    /// Ids of the messages that are whole.
    messages: Vec<String>,
    /// Item id and call id.
    calls: Vec<(String, String)>,
}

pub(super) type Said = VecDeque<ModelEvent<usize>>;

impl Answer {
    pub(super) fn new(context: Context) -> Self {
        let images = Images::new(context);
        Self { images, text_bytes: 0, pieces: Vec::new(), messages: Vec::new(), calls: Vec::new() }
    }

    /// Breaks when the answer is whole.
    ///
    /// # Errors
    /// When the answer ends without being whole; [`Self::abandon`] then ends what is open.
    pub(super) fn hear(&mut self, event: Event, said: &mut Said) -> Result<ControlFlow<()>, ModelError> {
        match event {
            Event::Ended(response) => return self.end(response, said).map(ControlFlow::Break),
            Event::TextDelta { item_id, delta } => self.delta(item_id, delta, said),
            Event::ItemAdded(Item::Image(image)) => self.images.begin(&image.id, said),
            Event::ImageBegun { item_id } => self.images.begin(&item_id, said),
            Event::ImagePreview { item_id, index, picture } => self.images.preview(item_id, index, picture, said),
            Event::ItemDone(item) => self.item(item, said),
            Event::Error(error) => Err(self.images.refuse(&error)),
            Event::ItemAdded(Item::Message { .. } | Item::FunctionCall { .. } | Item::Other) | Event::Other => Ok(()),
        }?;
        Ok(ControlFlow::Continue(()))
    }

    /// Ends the images that were begun, because the answer ended in an error.
    pub(super) fn abandon(&mut self, error: &ModelError, said: &mut Said) {
        self.images.abandon(error, said);
    }

    fn delta(&mut self, item_id: String, delta: String, said: &mut Said) -> Result<(), ModelError> {
        self.count_text(delta.len())?;
        if delta.is_empty() {
            return Ok(());
        }
        match self.pieces.iter_mut().find(|(id, _)| *id == item_id) {
            Some((_, text)) => text.push_str(&delta),
            None => {
                self.count_item()?;
                self.pieces.push((item_id.clone(), delta.clone()));
            }
        }
        said.push_back(ModelEvent::TextDelta { item_id, delta });
        Ok(())
    }

    fn item(&mut self, item: Item, said: &mut Said) -> Result<(), ModelError> {
        // Without an id nothing says that an item is the same again.
        match item {
            Item::Message { id, .. } if !id.is_empty() && self.messages.contains(&id) => Ok(()),
            Item::Message { id, text } => self.message(id, text, said),
            Item::FunctionCall { id, call_id, namespace, name, arguments } => {
                if !id.is_empty() && self.calls.iter().any(|known| known.0 == id && known.1 == call_id) {
                    return Ok(());
                }
                self.call(id, FunctionCall { call_id, namespace, name, arguments }, said)
            }
            Item::Image(image) => self.images.end(*image, said),
            Item::Other => Ok(()),
        }
    }

    fn message(&mut self, id: String, text: String, said: &mut Said) -> Result<(), ModelError> {
        self.count_item()?;
        self.messages.push(id.clone());
        let same_id = self.pieces.iter().position(|(begun, _)| *begun == id);
        // Some servers number the pieces otherwise than the whole.
        let pieces = same_id.or_else(|| self.pieces.iter().position(|(_, so_far)| *so_far == text));
        let (item_id, so_far) = match pieces {
            Some(pieces) => self.pieces.remove(pieces),
            None => (id, String::new()),
        };
        self.count_text(text.len().saturating_sub(so_far.len()))?;
        let text = if text.is_empty() { so_far } else { text };
        if !text.is_empty() {
            said.push_back(ModelEvent::Message { item_id, text });
        }
        Ok(())
    }

    fn call(&mut self, item_id: String, mut call: FunctionCall, said: &mut Said) -> Result<(), ModelError> {
        self.count_item()?;
        if call.arguments.len() > MAX_ARGUMENTS_BYTES {
            return Err(broken("the provider's model calls a tool with arguments over 1 MiB"));
        }
        self.calls.push((item_id.clone(), call.call_id.clone()));
        if call.call_id.is_empty() {
            call.call_id = if item_id.is_empty() { format!("call_{}", self.calls.len()) } else { item_id };
        }
        said.push_back(ModelEvent::FunctionCall(call));
        Ok(())
    }

    fn end(&mut self, response: Response, said: &mut Said) -> Result<(), ModelError> {
        match response.status {
            Status::Completed => {}
            Status::Incomplete => return Err(incomplete(response.reason.as_deref())),
            Status::Failed => return Err(self.images.refuse(&response.error.unwrap_or_default())),
        }
        self.rest(response.output, said)?;
        for (item_id, text) in std::mem::take(&mut self.pieces) {
            said.push_back(ModelEvent::Message { item_id, text });
        }
        self.images.end_forgotten(said);
        said.push_back(ModelEvent::Completed { usage: response.usage });
        Ok(())
    }

    /// What the whole answer holds and no event before it said. Not every server gives an item the same id twice, so
    /// messages are told by their number and calls by their call id.
    fn rest(&mut self, output: Vec<Item>, said: &mut Said) -> Result<(), ModelError> {
        let mut messages = self.messages.len();
        let mut calls = self.calls.clone();
        for item in output {
            match item {
                Item::Message { .. } if messages > 0 => messages -= 1,
                Item::Message { id, text } => self.message(id, text, said)?,
                Item::FunctionCall { id, call_id, namespace, name, arguments } => {
                    match calls.iter().position(|known| known.1 == call_id) {
                        Some(known) => drop(calls.swap_remove(known)),
                        None => self.call(id, FunctionCall { call_id, namespace, name, arguments }, said)?,
                    }
                }
                Item::Image(image) => self.images.end(*image, said)?,
                Item::Other => {}
            }
        }
        Ok(())
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.text_bytes += bytes;
        if self.text_bytes > MAX_TEXT_BYTES {
            return Err(broken("the provider's model writes more than 4 MiB"));
        }
        Ok(())
    }

    fn count_item(&self) -> Result<(), ModelError> {
        if self.pieces.len() + self.messages.len() + self.calls.len() >= MAX_ITEMS {
            return Err(broken("the provider's model answers with too many items"));
        }
        Ok(())
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
