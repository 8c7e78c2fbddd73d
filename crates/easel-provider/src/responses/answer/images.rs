//! The images of the hosted tool in one answer: each begins once and ends once.

use easel_imagegen::port::{Made, MadeImage, ModelError, ModelEvent, Preview, Reference, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Said, broken};
use crate::failure::{self, Masks, Refused};
use crate::responses::hosted::NO_IMAGE;
use crate::responses::wire::Image;

/// Images that one answer may begin.
const MAX_IMAGES: usize = 64;
/// Characters of a prompt, as a user may write one.
const MAX_PROMPT: usize = 32_000;

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
    begun: Vec<(String, Drawing)>,
    /// The error that ended the answer, where the provider sent one.
    ended_by: Option<Refused>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawing {
    Begun,
    Ended,
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

    /// An error that stands in the answer.
    fn refused(&self, error: &Value) -> Refused {
        Refused::from_json(200, &self.context.headers, error, &self.context.masks)
    }

    pub(super) fn begin(&mut self, id: &str, said: &mut Said) -> Result<(), ModelError> {
        if self.begun.iter().any(|(begun, _)| begun == id) {
            return Ok(());
        }
        if self.begun.len() == MAX_IMAGES {
            return Err(broken("the provider's model makes too many images in one answer"));
        }
        self.begun.push((id.to_owned(), Drawing::Begun));
        said.push_back(ModelEvent::HostedStarted {
            call_id: id.to_owned(),
            requested: self.context.requested.clone(),
            references: self.context.shown.clone(),
        });
        Ok(())
    }

    pub(super) fn preview(
        &mut self,
        id: String,
        index: u32,
        picture: Option<usize>,
        said: &mut Said,
    ) -> Result<(), ModelError> {
        self.begin(&id, said)?;
        let open = self.begun.contains(&(id.clone(), Drawing::Begun));
        if let Some(staged) = picture.filter(|_| open) {
            said.push_back(ModelEvent::HostedPreview { call_id: id, preview: Preview { index, staged } });
        }
        Ok(())
    }

    pub(super) fn end(&mut self, image: Image, said: &mut Said) -> Result<(), ModelError> {
        self.begin(&image.id, said)?;
        let known = self.begun.iter_mut().find(|(id, _)| *id == image.id);
        let before = known.map(|(_, drawing)| std::mem::replace(drawing, Drawing::Ended));
        if before == Some(Drawing::Begun) {
            said.push_back(ModelEvent::HostedEnded { call_id: image.id.clone(), outcome: self.outcome(image) });
        }
        Ok(())
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
        for (call_id, drawing) in &mut self.begun {
            if std::mem::replace(drawing, Drawing::Ended) == Drawing::Begun {
                said.push_back(ModelEvent::HostedEnded { call_id: call_id.clone(), outcome: Err(error.clone()) });
            }
        }
    }

    fn outcome(&self, image: Image) -> Result<Made<usize>, ImageError> {
        if let Some(error) = image.error.as_ref().filter(|error| !error.is_null()) {
            return Err(ImageError { attempts: 1, ..self.refused(error).image_error() });
        }
        let Some(picture) = image.result.filter(|_| image.status != "failed") else {
            return Err(self.failed(NO_IMAGE));
        };
        let revised_prompt = image.revised_prompt.map(|prompt| self.context.masks.text(&prompt, MAX_PROMPT));
        Ok(Made {
            images: vec![MadeImage { staged: picture, revised_prompt, applied: image.applied }],
            usage: None,
            request_id: self.request_id.clone(),
            generation_id: Some(image.id),
            attempts: 1,
        })
    }

    fn failed(&self, message: &str) -> ImageError {
        let request_id = self.request_id.clone();
        let error = image_error(ImageErrorKind::BadResponse, message);
        ImageError { attempts: 1, billed: Billed::Uncertain, request_id, retryable: true, ..error }
    }
}
