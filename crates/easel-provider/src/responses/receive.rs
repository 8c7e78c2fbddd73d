//! Receiving an answer: bytes to events, within bounds of size and time, and their pictures to disk on the way.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use easel_imagegen::port::{Files, ModelError};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};

use super::answer::{Answer, Said, broken};
use super::send::{Begun, Unanswered, idle_error, other};
use super::wire::{self, Event, Unreadable};
use crate::failure::{self, Masks, Refused};
use crate::inline::{Assembly, Dialect, Slot, Unfit};
use crate::sse::{Frame, Parser};
use crate::waiting::{Over, Waiting};

/// Pictures that wait at once to be looked at; each is an open file.
const MAX_PICTURES: usize = 64;
/// More bytes at once are read where they hold nobody up.
const FEW_BYTES: usize = 2 << 10;
/// A larger event is parsed where it holds nobody up.
const SMALL_EVENT_BYTES: usize = 256 << 10;

/// Why an answer ended before it was whole.
#[derive(Debug)]
pub(super) enum Ended {
    /// It was cut or spoiled on its way.
    Cut(ModelError),
    /// For a reason that another request would meet again.
    Wrong(ModelError),
    /// It did not begin: the provider refused the request.
    Refused(Box<Refused>),
    /// It did not begin: a picture could not be read to its end while it was sent.
    Unreadable(String),
    /// It is waited for no longer.
    Over(Over),
}

impl From<Over> for Ended {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

impl From<Unanswered> for Ended {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Failed(error) => Self::Wrong(error),
            Unanswered::Refused(refused) => Self::Refused(refused),
            Unanswered::Unreadable(message) => Self::Unreadable(message),
        }
    }
}

impl From<ModelError> for Ended {
    fn from(error: ModelError) -> Self {
        Self::Wrong(error)
    }
}

pub(super) struct Receiving<F: Files> {
    response: Response,
    masks: Masks,
    /// Whose answer it is, in a sentence.
    place: String,
    format: Format,
    /// Absent while bytes are read elsewhere.
    reading: Option<Reading<F>>,
    /// Events that were received and not yet looked at.
    received: VecDeque<Document<F::Writer>>,
    pub(super) answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Events,
    /// Compatible servers may answer at once although a stream was asked for.
    Json,
    /// Nothing that an answer can be, as the end of a sentence.
    Strange(&'static str),
}

/// An event, or an answer that is not streamed, without its pictures; and those.
struct Document<W> {
    /// The value of its `event` field.
    name: Vec<u8>,
    json: Vec<u8>,
    pictures: Vec<Slot<W>>,
}

/// Bytes on their way to documents.
struct Reading<F: Files> {
    format: Format,
    parser: Parser,
    assembly: Assembly<F>,
}

impl<F: Files> Reading<F> {
    /// The documents that end in these bytes.
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Document<F::Writer>>, Unfit> {
        let Self { format, parser, assembly } = self;
        let (mut documents, mut pictures) = (Vec::new(), 0);
        match format {
            Format::Json => assembly.feed(bytes)?,
            Format::Strange(_) => {}
            Format::Events => parser.read(bytes, &mut |frame| match frame {
                Frame::Data { part, .. } => assembly.feed(part),
                Frame::End { event } => {
                    let document = Document { name: event.to_vec(), ..Document::of(assembly) };
                    pictures += document.pictures.len();
                    assembly.want(MAX_PICTURES.saturating_sub(pictures));
                    documents.push(document);
                    Ok(())
                }
            })?,
        }
        assembly.want(MAX_PICTURES);
        Ok(documents)
    }
}

impl<W> Document<W> {
    fn of<F: Files<Writer = W>>(assembly: &mut Assembly<F>) -> Self {
        let (json, pictures) = assembly.take();
        Self { name: Vec::new(), json, pictures }
    }
}

impl<F: Files> Receiving<F> {
    pub(super) fn new(begun: Begun, place: String, files: Arc<F>, answer: Answer) -> Self {
        let Begun { response, masks } = begun;
        let format = Format::of(&response);
        let assembly = Assembly::new(Dialect::Responses, files, MAX_PICTURES);
        let reading = Some(Reading { format, parser: Parser::new(), assembly });
        Self { response, masks, place, format, reading, received: VecDeque::new(), answer }
    }

    /// Goes on by one event, or by what arrives next; breaks when the answer is whole. `pictures` become those that the
    /// event's images are the numbers of.
    pub(super) async fn advance(
        &mut self,
        idle: Duration,
        waiting: &Waiting,
        said: &mut Said,
        pictures: &mut Vec<Slot<F::Writer>>,
    ) -> Result<ControlFlow<()>, Ended> {
        let parse: Parse = match self.format {
            Format::Events => wire::event,
            Format::Json => |_, json| wire::whole(json),
            Format::Strange(what) => {
                return Err(broken(format!("the provider sent {what} instead of an answer")).into());
            }
        };
        let document = match self.received.pop_front() {
            Some(document) => document,
            None => match waiting.on(chunk(&mut self.response, &self.masks, &self.place, idle)).await?? {
                Some(chunk) => {
                    self.read(chunk).await?;
                    return Ok(ControlFlow::Continue(()));
                }
                None if self.format == Format::Json => {
                    Document::of(&mut self.reading.as_mut().ok_or_else(stopped)?.assembly)
                }
                None => return Err(Ended::Cut(broken("the provider's answer was cut before its end"))),
            },
        };
        let event = parsed(document.name, document.json, parse).await?;
        *pictures = document.pictures;
        Ok(self.answer.hear(event, said)?)
    }

    async fn read(&mut self, bytes: Bytes) -> Result<(), ModelError> {
        let mut reading = self.reading.take().ok_or_else(stopped)?;
        let few = bytes.len() <= FEW_BYTES && !reading.assembly.is_in_image();
        let (reading, documents) = if few {
            let documents = reading.feed(&bytes);
            (reading, documents)
        } else {
            let reading = tokio::task::spawn_blocking(move || {
                let documents = reading.feed(&bytes);
                (reading, documents)
            });
            reading.await.map_err(|_| stopped())?
        };
        self.reading = Some(reading);
        self.received
            .extend(documents.map_err(|unfit| broken(format!("the provider's answer cannot be read: {unfit}")))?);
        Ok(())
    }
}

impl Format {
    fn of(response: &Response) -> Self {
        let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let is = |kind: &[u8]| media_type.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
        if response.status() == StatusCode::NO_CONTENT {
            Self::Strange("nothing (HTTP 204)")
        } else if is(b"text/html") {
            Self::Strange("a web page")
        } else if is(b"application/json") {
            Self::Json
        } else {
            Self::Events
        }
    }
}

async fn chunk(response: &mut Response, masks: &Masks, place: &str, idle: Duration) -> Result<Option<Bytes>, Ended> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => {
            let cause = masks.words(&failure::cause(&error));
            Err(Ended::Cut(other(format!("the connection to {place} was lost while it answered: {cause}"))))
        }
        Err(_) => Err(idle_error(idle).into()),
    }
}

/// Reads a document from the name of its event and its data.
type Parse = fn(&[u8], &[u8]) -> Result<Event, Unreadable>;

async fn parsed(name: Vec<u8>, json: Vec<u8>, parse: Parse) -> Result<Event, Ended> {
    let event = if json.len() <= SMALL_EVENT_BYTES {
        parse(&name, &json)
    } else {
        tokio::task::spawn_blocking(move || parse(&name, &json)).await.map_err(|_| stopped())?
    };
    event.map_err(|unreadable| {
        let error = broken(unreadable.to_string());
        // What is too large will be too large again.
        if unreadable == Unreadable::NotJson { Ended::Cut(error) } else { Ended::Wrong(error) }
    })
}

fn stopped() -> ModelError {
    broken("reading the provider's answer failed")
}
