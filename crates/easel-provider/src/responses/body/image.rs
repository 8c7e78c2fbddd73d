//! One image of a conversation, or the sentence in its place.

use std::io;

use bytes::Bytes;
use easel_imagegen::port::{Files, Reference};
use easel_imagegen::strip::{self, Metadata};
use serde_json::json;

use crate::http::{BodyPart, Encoding};

/// An image with the JSON around its base64. Both disappear if the image is omitted.
#[derive(Debug, Clone)]
pub(in super::super) struct ConversationImage {
    image: Reference,
    /// The index of its item in `input`.
    pub(in super::super) item: usize,
    /// Its index in the content of the item; `None` if the item is only the image.
    pub(in super::super) part: Option<usize>,
    before: Bytes,
    after: Bytes,
    content: ImageContent,
}

#[derive(Debug, Clone)]
enum ImageContent {
    /// The image is sent. This is its length in bytes, before base64.
    Shown(u64),
    /// This JSON is sent instead.
    Omitted(Bytes),
}

/// The reason why an image is omitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum OmissionReason {
    Missing,
    Unreadable,
    Refused,
}

impl OmissionReason {
    /// Returns the reason to omit an image whose file cannot be read; `None` if the error may be temporary.
    fn from_error(error: io::ErrorKind) -> Option<Self> {
        use io::ErrorKind as Kind;
        const MISSING: [Kind; 2] = [Kind::NotFound, Kind::NotADirectory];
        const UNREADABLE: [Kind; 5] =
            [Kind::InvalidData, Kind::InvalidInput, Kind::IsADirectory, Kind::PermissionDenied, Kind::UnexpectedEof];
        let missing = MISSING.contains(&error).then_some(Self::Missing);
        missing.or_else(|| UNREADABLE.contains(&error).then_some(Self::Unreadable))
    }

    /// Returns what the model reads in place of the image.
    fn sentence(self, handle: &str) -> String {
        let reason = match self {
            Self::Missing => "its file is missing",
            Self::Unreadable => "its file can no longer be read as an image",
            Self::Refused => "the provider did not accept it",
        };
        format!("Image {handle} cannot be shown: {reason}.")
    }
}

impl ConversationImage {
    /// Creates an image with the JSON before and after its base64. `item` and `part` are its position in the request.
    pub(super) fn new(image: Reference, item: usize, part: Option<usize>, before: String, after: String) -> Self {
        let content = ImageContent::Shown(image.facts.bytes);
        Self { image, item, part, before: before.into(), after: after.into(), content }
    }

    pub(in super::super) fn handle(&self) -> &str {
        self.image.id.as_deref().unwrap_or_default()
    }

    pub(super) fn is_shown(&self) -> bool {
        matches!(self.content, ImageContent::Shown(_))
    }

    pub(super) fn omit(&mut self, reason: OmissionReason) {
        let text = json!({"type": "input_text", "text": reason.sentence(self.handle())});
        let json = match self.part {
            Some(_) => text,
            None => json!({"type": "message", "role": "developer", "content": [text]}),
        };
        self.content = ImageContent::Omitted(json.to_string().into());
    }

    /// Measures how many bytes of the file are sent, because `content-length` comes before the body. Blocks on disk
    /// I/O.
    ///
    /// # Errors
    ///
    /// Fails if the file has an error that may be temporary. For a permanent one, the image is omitted.
    pub(super) fn measure<F: Files>(&mut self, files: &F, metadata: Metadata) -> io::Result<()> {
        if !self.is_shown() {
            return Ok(());
        }
        let opened = strip::check(files, &self.image).and_then(|()| strip::open(files, &self.image, metadata));
        let error = match opened {
            Ok(stripped) => {
                self.content = ImageContent::Shown(stripped.length());
                return Ok(());
            }
            Err(error) => error,
        };
        let Some(reason) = OmissionReason::from_error(error.kind()) else { return Err(error) };
        tracing::warn!(image = self.handle(), path = ?self.image.path, %error, "an image of the conversation is omitted");
        self.omit(reason);
        Ok(())
    }

    /// Returns the parts of the body for this image.
    pub(super) fn to_parts(&self) -> Vec<BodyPart> {
        match &self.content {
            ImageContent::Shown(len) => {
                let image = BodyPart::Image { image: self.image.clone(), encoding: Encoding::Base64, len: *len };
                vec![BodyPart::text(self.before.clone()), image, BodyPart::text(self.after.clone())]
            }
            ImageContent::Omitted(json) => vec![BodyPart::text(json.clone())],
        }
    }
}
