//! The body of a request: JSON with gaps that images fill from disk while it is sent.
//!
//! An image that cannot be sent is omitted, and a sentence takes its place.

mod image;
mod json;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use easel_imagegen::port::{Files, ModelRequest};
use easel_imagegen::strip::Metadata;

pub(super) use image::{ConversationImage, OmissionReason};

use super::prompt_cache::{CacheField, CacheFields};
use crate::http::{BodyPart, RequestBody};

/// The body of a request to the model. It can be sent several times.
#[derive(Debug, Clone)]
pub(super) struct ConversationBody {
    segments: Vec<Segment>,
    metadata: Metadata,
}

#[derive(Debug, Clone)]
enum Segment {
    Json(Bytes),
    /// JSON that can be omitted.
    CacheField(CacheField, Bytes),
    Image(ConversationImage),
    /// JSON that is left out if the provider refuses kept reasoning: one item with the comma after it, or the field
    /// that asks for encrypted reasoning.
    Reasoning {
        json: Bytes,
        is_item: bool,
    },
}

/// The reason why a request to the model cannot be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the image {0} of the conversation does not exist")]
    UnknownImage(String),
    #[error("the request cannot be serialized: {0}")]
    Serialize(#[from] serde_json::Error),
}

impl ConversationBody {
    /// Builds the body of `request`, with or without the reasoning that was kept for the provider.
    ///
    /// # Errors
    ///
    /// Fails if the conversation names an image that is not among those of the request.
    pub(super) fn new(
        request: &ModelRequest,
        cache_fields: CacheFields,
        metadata: Metadata,
        keep_reasoning: bool,
    ) -> Result<Self, BodyError> {
        Ok(Self { segments: json::build_segments(request, cache_fields, keep_reasoning)?, metadata })
    }

    /// Returns the images that are sent.
    pub(super) fn images(&self) -> impl Iterator<Item = &ConversationImage> {
        let images = self.segments.iter().filter_map(|segment| match segment {
            Segment::Json(_) | Segment::CacheField(..) | Segment::Reasoning { .. } => None,
            Segment::Image(image) => Some(image),
        });
        images.filter(|image| image.is_shown())
    }

    /// Returns the handles of the images that are sent.
    pub(super) fn handles(&self) -> Vec<String> {
        self.images().map(|image| image.handle().to_owned()).collect()
    }

    /// Omits the images with these handles, wherever they occur.
    pub(super) fn omit(&mut self, handles: &[String], reason: OmissionReason) {
        for segment in &mut self.segments {
            if let Segment::Image(image) = segment
                && handles.iter().any(|handle| handle == image.handle())
            {
                image.omit(reason);
            }
        }
    }

    /// Omits a field for the prompt cache. Returns `false` if the body does not have it.
    #[must_use]
    pub(super) fn omit_cache_field(&mut self, field: CacheField) -> bool {
        let before = self.segments.len();
        self.segments.retain(|segment| !matches!(segment, Segment::CacheField(own, _) if *own == field));
        self.segments.len() < before
    }

    /// Returns whether the body has or asks for kept reasoning.
    pub(super) fn keeps_reasoning(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::Reasoning { .. }))
    }

    /// Leaves out kept reasoning, and no longer asks for it.
    pub(super) fn omit_reasoning(&mut self) {
        let mut omitted = 0;
        self.segments.retain_mut(|segment| match segment {
            Segment::Json(_) | Segment::CacheField(..) => true,
            Segment::Image(image) => {
                image.item -= omitted;
                true
            }
            Segment::Reasoning { is_item, .. } => {
                omitted += usize::from(*is_item);
                false
            }
        });
    }

    /// Returns this body with the length of each image as it is sent. Omits images whose files are missing or have
    /// changed.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read now but perhaps later.
    pub(super) async fn measure<F: Files>(&self, files: &Arc<F>) -> io::Result<Self> {
        let (mut body, files) = (self.clone(), Arc::clone(files));
        let measure = move || {
            for segment in &mut body.segments {
                if let Segment::Image(image) = segment {
                    image.measure(&*files, body.metadata)?;
                }
            }
            Ok(body)
        };
        tokio::task::spawn_blocking(measure).await.map_err(io::Error::other).flatten()
    }

    /// Returns the body for one attempt. The lengths of its images must have been measured.
    pub(super) fn to_request_body(&self) -> RequestBody {
        let mut parts = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Json(json) | Segment::CacheField(_, json) | Segment::Reasoning { json, .. } => {
                    parts.push(BodyPart::text(json.clone()));
                }
                Segment::Image(image) => parts.extend(image.to_parts()),
            }
        }
        RequestBody::new(parts, self.metadata)
    }
}

/// Returns the message for an image that cannot be read.
pub(super) fn unreadable_message(error: &io::Error) -> String {
    format!("an image of the conversation cannot be read: {error}")
}
