//! Receiving an answer: bytes to events, within bounds of size and time.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use easel_imagegen::port::{ModelError, ModelEvent};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::answer::{Answer, broken};
use super::send::{Begun, idle_error, other};
use super::sse::{Parser, TooLarge};
use super::wire::{self, Event, Unreadable};
use crate::failure::{self, Masks};

/// One event, or an answer that is not streamed, with the pictures in it.
const MAX_EVENT_BYTES: usize = 64 << 20;
/// A larger event is parsed where it holds nobody up.
const SMALL_EVENT_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Receiving<'a> {
    response: Response,
    masks: Masks,
    format: Format,
    pub(super) answer: Answer<'a>,
}

#[derive(Debug)]
enum Format {
    Events {
        parser: Parser,
        /// Data of events that were received and not yet looked at.
        received: VecDeque<Bytes>,
    },
    /// Compatible servers may answer at once although a stream was asked for.
    Json,
}

impl<'a> Receiving<'a> {
    pub(super) fn new(begun: Begun, answer: Answer<'a>) -> Self {
        let Begun { response, masks } = begun;
        let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let is_json = media_type.get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"application/json"));
        let format = if is_json {
            Format::Json
        } else {
            Format::Events { parser: Parser::new(MAX_EVENT_BYTES), received: VecDeque::new() }
        };
        Self { response, masks, format, answer }
    }

    /// Goes on by one event, or by what arrives next; breaks when the answer is whole.
    pub(super) async fn advance(
        &mut self,
        idle: Duration,
        said: &mut VecDeque<ModelEvent<Bytes>>,
    ) -> Result<ControlFlow<()>, ModelError> {
        let event = match &mut self.format {
            Format::Json => {
                let json = whole_body(&mut self.response, &self.masks, idle).await?;
                read(json, wire::whole).await?
            }
            Format::Events { parser, received } => match received.pop_front() {
                Some(data) => read(data, wire::event).await?,
                None => {
                    let Some(chunk) = chunk(&mut self.response, &self.masks, idle).await? else {
                        return Err(broken("the provider's answer was cut before its end"));
                    };
                    parser.read(&chunk, received).map_err(|TooLarge| too_large())?;
                    return Ok(ControlFlow::Continue(()));
                }
            },
        };
        self.answer.hear(event, said)
    }
}

async fn chunk(response: &mut Response, masks: &Masks, idle: Duration) -> Result<Option<Bytes>, ModelError> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => {
            let cause = masks.words(&failure::cause(&error));
            Err(other(format!("the connection to the provider was lost while it answered: {cause}")))
        }
        Err(_) => Err(idle_error(idle)),
    }
}

async fn whole_body(response: &mut Response, masks: &Masks, idle: Duration) -> Result<Bytes, ModelError> {
    let mut body = Vec::new();
    while let Some(chunk) = chunk(response, masks, idle).await? {
        if body.len() + chunk.len() > MAX_EVENT_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(body))
}

async fn read(data: Bytes, parse: fn(&Bytes) -> Result<Event, Unreadable>) -> Result<Event, ModelError> {
    let event = if data.len() <= SMALL_EVENT_BYTES {
        parse(&data)
    } else {
        let parsed = tokio::task::spawn_blocking(move || parse(&data)).await;
        parsed.map_err(|_| broken("reading the provider's answer failed"))?
    };
    event.map_err(|what| broken(format!("the provider sent {what}")))
}

fn too_large() -> ModelError {
    broken(format!("the provider sent an event over {} MiB", MAX_EVENT_BYTES >> 20))
}
