//! What an answer says, from its events. Pure: the pictures in it are still the base64 that came.
//!
//! Servers say the same thing up to three times: in pieces, as an item, and in the answer that is whole. It comes out
//! once.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use bytes::Bytes;
use easel_imagegen::port::{FunctionCall, Made, MadeImage, ModelError, ModelEvent, Reference, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::wire::{Event, Image, Item, Response, Status};
use crate::failure::{Masks, Refused};
use crate::record::Record;

const MAX_TEXT_BYTES: usize = 4 << 20;
const MAX_ARGUMENTS_BYTES: usize = 1 << 20;
/// Items that one answer may begin.
const MAX_ITEMS: usize = 256;

/// What stands in an answer beside its events.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) record: &'a Record,
    pub(super) headers: HeaderMap,
    pub(super) masks: Masks,
    /// What the hosted tool is asked for, as far as it can be known.
    pub(super) requested: RequestedImage,
    pub(super) shown: Vec<Reference>,
}

#[derive(Debug)]
pub(super) struct Answer<'a> {
    context: Context<'a>,
    request_id: Option<String>,
    text_bytes: usize,
    /// Messages that came in pieces and are not yet whole.
    open_messages: Vec<(String, String)>,
    messages: usize,
    /// Item id and call id of those that came as items.
    calls: Vec<(String, String)>,
    images: Vec<(String, Drawing)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawing {
    Begun,
    Ended,
}

type Said = VecDeque<ModelEvent<Bytes>>;

impl<'a> Answer<'a> {
    pub(super) fn new(context: Context<'a>) -> Self {
        let request_id = Refused::from_json(200, &context.headers, &Value::Null, &context.masks).request_id;
        Self {
            context,
            request_id,
            text_bytes: 0,
            open_messages: Vec::new(),
            messages: 0,
            calls: Vec::new(),
            images: Vec::new(),
        }
    }

    /// Breaks when the answer is whole.
    ///
    /// # Errors
    /// When the answer ends without being whole; [`Self::abandon`] then ends what is open.
    pub(super) fn hear(&mut self, event: Event, said: &mut Said) -> Result<ControlFlow<()>, ModelError> {
        match event {
            Event::Ended(response) => return self.end(response, said).map(ControlFlow::Break),
            Event::TextDelta { item_id, delta } => self.delta(item_id, delta, said),
            Event::ItemAdded(Item::Image(image)) => self.begin_image(&image.id, said),
            Event::ImageBegun { item_id } => self.begin_image(&item_id, said),
            Event::ItemDone(item) => self.item(item, said),
            Event::Error(error) => Err(self.refused(&error).model_error()),
            Event::ItemAdded(Item::Message { .. } | Item::FunctionCall { .. } | Item::Other) | Event::Other => Ok(()),
        }?;
        Ok(ControlFlow::Continue(()))
    }

    /// Ends the images that were begun, because the answer ended in an error.
    pub(super) fn abandon(&mut self, error: &ModelError, said: &mut Said) {
        self.end_images(said, &format!("the answer ended before the image: {}", error.message));
    }

    fn refused(&self, error: &Value) -> Refused {
        Refused::from_json(200, &self.context.headers, error, &self.context.masks)
    }

    fn delta(&mut self, item_id: String, delta: String, said: &mut Said) -> Result<(), ModelError> {
        self.count_text(delta.len())?;
        if delta.is_empty() {
            return Ok(());
        }
        match self.open_messages.iter_mut().find(|(id, _)| *id == item_id) {
            Some((_, text)) => text.push_str(&delta),
            None => {
                self.count_item()?;
                self.open_messages.push((item_id.clone(), delta.clone()));
            }
        }
        said.push_back(ModelEvent::TextDelta { item_id, delta });
        Ok(())
    }

    fn item(&mut self, item: Item, said: &mut Said) -> Result<(), ModelError> {
        match item {
            Item::Message { id, text } => self.message(id, text, said),
            Item::FunctionCall { id, call_id, namespace, name, arguments } => {
                // The same item again; without an id nothing says that it is the same.
                if !id.is_empty() && self.calls.iter().any(|call| *call == (id.clone(), call_id.clone())) {
                    return Ok(());
                }
                self.calls.push((id.clone(), call_id.clone()));
                self.call(&id, FunctionCall { call_id, namespace, name, arguments }, said)
            }
            Item::Image(image) => self.end_image(*image, said),
            Item::Other => Ok(()),
        }
    }

    fn message(&mut self, id: String, text: String, said: &mut Said) -> Result<(), ModelError> {
        // Some servers number the pieces otherwise than the whole.
        let pieces = &self.open_messages;
        let open = pieces
            .iter()
            .position(|(open, _)| *open == id)
            .or_else(|| pieces.iter().position(|(_, so_far)| *so_far == text));
        let (item_id, so_far) = open.map(|open| self.open_messages.remove(open)).unwrap_or((id, String::new()));
        let written = so_far.len();
        let text = if text.is_empty() { so_far } else { text };
        self.messages += 1;
        self.count_item()?;
        if text.is_empty() {
            return Ok(());
        }
        self.count_text(text.len().saturating_sub(written))?;
        said.push_back(ModelEvent::Message { item_id, text });
        Ok(())
    }

    fn call(&mut self, item_id: &str, mut call: FunctionCall, said: &mut Said) -> Result<(), ModelError> {
        self.count_item()?;
        if call.arguments.len() > MAX_ARGUMENTS_BYTES {
            return Err(broken("the provider's model calls a tool with arguments over 1 MiB"));
        }
        if call.call_id.is_empty() {
            call.call_id = if item_id.is_empty() { format!("call_{}", self.calls.len()) } else { item_id.to_owned() };
        }
        said.push_back(ModelEvent::FunctionCall(call));
        Ok(())
    }

    fn begin_image(&mut self, id: &str, said: &mut Said) -> Result<(), ModelError> {
        if self.images.iter().any(|(begun, _)| begun == id) {
            return Ok(());
        }
        self.count_item()?;
        self.images.push((id.to_owned(), Drawing::Begun));
        said.push_back(ModelEvent::HostedStarted {
            call_id: id.to_owned(),
            requested: self.context.requested.clone(),
            references: self.context.shown.clone(),
        });
        Ok(())
    }

    fn end_image(&mut self, image: Image, said: &mut Said) -> Result<(), ModelError> {
        self.begin_image(&image.id, said)?;
        let Some((call_id, drawing)) = self.images.iter_mut().find(|(id, _)| *id == image.id) else {
            return Ok(());
        };
        if std::mem::replace(drawing, Drawing::Ended) == Drawing::Ended {
            return Ok(());
        }
        let call_id = call_id.clone();
        let outcome = self.outcome(image);
        said.push_back(ModelEvent::HostedEnded { call_id, outcome });
        Ok(())
    }

    fn outcome(&self, image: Image) -> Result<Made<Bytes>, ImageError> {
        if let Some(error) = image.error.as_ref().filter(|error| !error.is_null()) {
            return Err(ImageError { attempts: 1, ..self.refused(error).image_error(self.context.record) });
        }
        if image.status == "failed" || image.result.is_empty() {
            return Err(self.failed("the provider's image tool made no image"));
        }
        let words = |text: Option<String>| text.map(|text| self.context.masks.words(&text));
        Ok(Made {
            images: vec![MadeImage {
                staged: image.result,
                revised_prompt: words(image.revised_prompt),
                applied: image.applied,
            }],
            usage: None,
            request_id: self.request_id.clone(),
            generation_id: Some(image.id),
            attempts: 1,
        })
    }

    fn end(&mut self, response: Response, said: &mut Said) -> Result<(), ModelError> {
        match response.status {
            Status::Completed => {}
            Status::Incomplete => return Err(incomplete(response.reason.as_deref())),
            Status::Failed => return Err(self.refused(&response.error.unwrap_or_default()).model_error()),
        }
        self.rest(response.output, said)?;
        for (item_id, text) in std::mem::take(&mut self.open_messages) {
            said.push_back(ModelEvent::Message { item_id, text });
        }
        self.end_images(said, "the answer ended without the image");
        said.push_back(ModelEvent::Completed { usage: response.usage });
        Ok(())
    }

    /// What the whole answer holds and no event before it said. Not every server gives an item the same id twice, so
    /// messages are told by their number and calls by their call id.
    fn rest(&mut self, output: Vec<Item>, said: &mut Said) -> Result<(), ModelError> {
        let mut messages = self.messages;
        let mut calls = std::mem::take(&mut self.calls);
        for item in output {
            match item {
                Item::Message { .. } if messages > 0 => messages -= 1,
                Item::FunctionCall { id, call_id, namespace, name, arguments } => {
                    match calls.iter().position(|call| call.1 == call_id) {
                        Some(known) => drop(calls.swap_remove(known)),
                        None => {
                            self.calls.push((id.clone(), call_id.clone()));
                            self.call(&id, FunctionCall { call_id, namespace, name, arguments }, said)?;
                        }
                    }
                }
                Item::Message { .. } | Item::Image(_) | Item::Other => self.item(item, said)?,
            }
        }
        Ok(())
    }

    fn end_images(&mut self, said: &mut Said, message: &str) {
        let error = self.failed(message);
        for (call_id, drawing) in &mut self.images {
            if std::mem::replace(drawing, Drawing::Ended) == Drawing::Begun {
                said.push_back(ModelEvent::HostedEnded { call_id: call_id.clone(), outcome: Err(error.clone()) });
            }
        }
    }

    fn failed(&self, message: &str) -> ImageError {
        let billed = if self.context.record.bills { Billed::Uncertain } else { Billed::No };
        let request_id = self.request_id.clone();
        ImageError {
            attempts: 1,
            billed,
            request_id,
            retryable: true,
            ..image_error(ImageErrorKind::BadResponse, message)
        }
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.text_bytes += bytes;
        if self.text_bytes > MAX_TEXT_BYTES {
            return Err(broken("the provider's model writes more than 4 MiB"));
        }
        Ok(())
    }

    fn count_item(&self) -> Result<(), ModelError> {
        if self.open_messages.len() + self.messages + self.calls.len() + self.images.len() > MAX_ITEMS {
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
