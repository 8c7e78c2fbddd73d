//! The images of the hosted tool in one answer: each begins once and ends once.

use easel_imagegen::port::{ModelError, ModelEvent, Reference, image_error};
use easel_protocol::record::{AppliedImage, Billed, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::identity::Marks;
use super::{AnswerEvent, HostedImage, MAX_CALL_ID, Said, broken};
use crate::failure::{self, Masks, Refused};
use crate::responses::hosted::NO_IMAGE;
use crate::responses::wire::{Image, ItemKey};

/// Images that one answer may begin.
const MAX_IMAGES: usize = 64;
/// The `status` of an image that was not made.
const FAILED: &str = "failed";

/// What stands beside the events of an answer.
#[derive(Debug)]
pub(in super::super) struct Context {
    pub(in super::super) headers: HeaderMap,
    pub(in super::super) masks: Masks,
    /// What the hosted tool is asked for, as far as it can be known.
    pub(in super::super) requested: RequestedImage,
    pub(in super::super) shown: Vec<Reference>,
}

#[derive(Debug)]
pub(super) struct Images {
    context: Context,
    request_id: Option<String>,
    begun: Vec<Hosted>,
    /// The error that ended the answer, where the provider sent one.
    ended_by: Option<Refused>,
}

/// One image of the answer.
#[derive(Debug)]
struct Hosted {
    key: ItemKey,
    /// Unique in the answer.
    call_id: String,
    drawing: Drawing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawing {
    Begun,
    Ended,
}

/// What an event says of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is new.
    Added,
    /// It goes on, or ends.
    Later,
}

impl Images {
    pub(super) fn new(context: Context) -> Self {
        let request_id = failure::request_id(&context.headers, &context.masks);
        Self { context, request_id, begun: Vec::new(), ended_by: None }
    }

    /// An error that ends the answer.
    pub(super) fn refuse(&mut self, error: &Value) -> ModelError {
        let refused = self.refused(error);
        let error = refused.model_error();
        self.ended_by = Some(refused);
        error
    }

    pub(super) fn refusal(&self) -> Option<&Refused> {
        self.ended_by.as_ref().filter(|_| self.begun.is_empty())
    }

    /// An error that stands in the answer.
    fn refused(&self, error: &Value) -> Refused {
        Refused::from_json(200, &self.context.headers, error, &self.context.masks)
    }

    /// What the images begun so far are recognised by.
    pub(super) fn known(&self) -> Vec<Marks> {
        self.begun.iter().map(|hosted| Marks::of_image(hosted.key.clone())).collect()
    }

    pub(super) fn added(&mut self, key: &ItemKey, said: &mut Said) -> Result<(), ModelError> {
        self.find_or_begin(key, Stage::Added, said).map(drop)
    }

    /// The image is being made.
    pub(super) fn begun(&mut self, key: &ItemKey, said: &mut Said) -> Result<(), ModelError> {
        self.find_or_begin(key, Stage::Later, said).map(drop)
    }

    pub(super) fn preview(
        &mut self,
        key: &ItemKey,
        index: u32,
        picture: Option<usize>,
        said: &mut Said,
    ) -> Result<(), ModelError> {
        let at = self.find_or_begin(key, Stage::Later, said)?;
        let Hosted { call_id, drawing, .. } = &self.begun[at];
        if let Some(picture) = picture.filter(|_| *drawing == Drawing::Begun) {
            said.push_back(AnswerEvent::HostedPreview { call_id: call_id.clone(), index, picture });
        }
        Ok(())
    }

    pub(super) fn done(&mut self, key: &ItemKey, image: Image, said: &mut Said) -> Result<(), ModelError> {
        let at = self.find_or_begin(key, Stage::Later, said)?;
        // Without a picture and without an error it may still come, in the whole answer.
        if image.result.is_some() || image.error.is_some() || image.status == FAILED {
            self.end(at, key, image, said);
        }
        Ok(())
    }

    /// An image of the whole answer, and which of those begun it is.
    pub(super) fn rest(
        &mut self,
        found: Option<usize>,
        key: &ItemKey,
        image: Image,
        said: &mut Said,
    ) -> Result<(), ModelError> {
        let at = found.map_or_else(|| self.begin(key, said), Ok)?;
        self.end(at, key, image, said);
        Ok(())
    }

    fn find_or_begin(&mut self, key: &ItemKey, stage: Stage, said: &mut Said) -> Result<usize, ModelError> {
        self.find(key, stage).map_or_else(|| self.begin(key, said), Ok)
    }

    /// The image that an event is about. An id that was seen says it; else the position, where the ids do not differ or
    /// the image there is still being made; else, where neither tells, the first that is being made.
    fn find(&self, key: &ItemKey, stage: Stage) -> Option<usize> {
        let agree = |known: &Hosted| {
            let position = key.position.zip(known.key.position).map(|(a, b)| a == b);
            let ids = [&key.id, &known.key.id];
            let id = ids.iter().all(|id| !id.is_empty()).then(|| ids[0] == ids[1]);
            (position, id, known.drawing == Drawing::Begun && stage == Stage::Later)
        };
        let first = |sign: fn(_) -> bool| self.begun.iter().position(|known| sign(agree(known)));
        first(|(position, id, _)| id == Some(true) && position != Some(false))
            .or_else(|| first(|(_, id, _)| id == Some(true)))
            .or_else(|| first(|(position, id, _)| position == Some(true) && id.is_none()))
            .or_else(|| first(|(position, _, open)| position == Some(true) && open))
            .or_else(|| first(|(position, id, open)| position.is_none() && id.is_none() && open))
    }

    fn begin(&mut self, key: &ItemKey, said: &mut Said) -> Result<usize, ModelError> {
        let at = self.begun.len();
        if at == MAX_IMAGES {
            return Err(broken("the provider's model makes too many images in one answer"));
        }
        let is_new = |id: &String| self.begun.iter().all(|known| known.call_id != *id);
        let fits = |id: &String| !id.is_empty() && id.chars().count() <= MAX_CALL_ID && is_new(id);
        let numbered = || (at + 1..).map(|number| format!("image_{number}")).find(is_new);
        let call_id = Some(key.id.clone()).filter(fits).or_else(numbered).unwrap_or_default();
        let (requested, references) = (self.context.requested.clone(), self.context.shown.clone());
        said.push_back(ModelEvent::HostedStarted { call_id: call_id.clone(), requested, references }.into());
        self.begun.push(Hosted { key: key.clone(), call_id, drawing: Drawing::Begun });
        Ok(at)
    }

    fn end(&mut self, at: usize, key: &ItemKey, image: Image, said: &mut Said) {
        if std::mem::replace(&mut self.begun[at].drawing, Drawing::Ended) == Drawing::Begun {
            let outcome = self.outcome(key, image);
            said.push_back(AnswerEvent::HostedEnded { call_id: self.begun[at].call_id.clone(), outcome });
        }
    }

    /// Ends those that are still open when the answer is whole.
    pub(super) fn end_forgotten(&mut self, said: &mut Said) {
        self.end_open(&self.failed("the answer ended without the image"), said);
    }

    /// Ends those that are still open when the answer ends in an error.
    pub(super) fn abandon(&mut self, error: &ModelError, said: &mut Said) {
        let message = format!("the answer ended before the image: {}", error.message);
        let failed = match &self.ended_by {
            Some(refused) => ImageError { attempts: 1, message, ..refused.image_error() },
            None => {
                let network = error.info == CodexErrorInfo::Other;
                let kind = if network { ImageErrorKind::Network } else { ImageErrorKind::BadResponse };
                ImageError { kind, ..self.failed(&message) }
            }
        };
        self.end_open(&failed, said);
    }

    fn end_open(&mut self, error: &ImageError, said: &mut Said) {
        for Hosted { call_id, drawing, .. } in &mut self.begun {
            if std::mem::replace(drawing, Drawing::Ended) == Drawing::Begun {
                said.push_back(AnswerEvent::HostedEnded { call_id: call_id.clone(), outcome: Err(error.clone()) });
            }
        }
    }

    fn outcome(&self, key: &ItemKey, image: Image) -> Result<HostedImage, ImageError> {
        if let Some(error) = &image.error {
            return Err(ImageError { attempts: 1, ..self.refused(error).image_error() });
        }
        let Some(picture) = image.result.filter(|_| image.status != FAILED) else {
            return Err(self.failed(NO_IMAGE));
        };
        let masks = &self.context.masks;
        let fact = |said: Option<String>| masks.fact(&said?);
        let AppliedImage { size, quality, background, output_format, n } = image.applied;
        let applied = AppliedImage {
            size: fact(size),
            quality: fact(quality),
            background: fact(background),
            output_format: fact(output_format),
            n,
        };
        let revised_prompt = image.revised_prompt.and_then(|prompt| masks.prompt(&prompt));
        let (request_id, generation_id) = (self.request_id.clone(), masks.fact(&key.id));
        Ok(HostedImage { picture, revised_prompt, applied, request_id, generation_id })
    }

    fn failed(&self, message: &str) -> ImageError {
        let request_id = self.request_id.clone();
        let error = image_error(ImageErrorKind::BadResponse, message);
        ImageError { attempts: 1, billed: Billed::Uncertain, request_id, retryable: true, ..error }
    }
}
