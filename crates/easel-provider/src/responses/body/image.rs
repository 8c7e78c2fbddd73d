//! One image of a conversation, or the sentence in its place.

use std::io;

use bytes::Bytes;
use easel_imagegen::model_copy::ModelCopy;
use easel_imagegen::port::{Files, Reference};
use easel_imagegen::strip::{self, Metadata};
use serde_json::json;

use crate::http::{BodyPart, Encoding};

/// An image with the JSON around its URL or its base64. All disappear if the image is omitted.
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
    /// The file is sent. This is its length in bytes without metadata, before base64.
    File(u64),
    /// This copy of the file is sent.
    Copy(ModelCopy),
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
    /// Creates an image with the JSON before and after its URL; for an image that is an item of its own, before and
    /// after its base64. `item` and `part` are its position in the request. The model sees `copy` if there is one.
    pub(super) fn new(
        image: Reference,
        copy: Option<ModelCopy>,
        item: usize,
        part: Option<usize>,
        before: String,
        after: String,
    ) -> Self {
        let content = copy.map_or(ImageContent::File(image.facts.bytes), ImageContent::Copy);
        Self { image, item, part, before: before.into(), after: after.into(), content }
    }

    pub(in super::super) fn handle(&self) -> &str {
        self.image.id.as_deref().unwrap_or_default()
    }

    pub(super) fn is_shown(&self) -> bool {
        !matches!(self.content, ImageContent::Omitted(_))
    }

    pub(super) fn omit(&mut self, reason: OmissionReason) {
        let text = json!({"type": "input_text", "text": reason.sentence(self.handle())});
        let json = match self.part {
            Some(_) => text,
            None => json!({"type": "message", "role": "developer", "content": [text]}),
        };
        self.content = ImageContent::Omitted(json.to_string().into());
    }

    /// Measures how many bytes are sent, because `content-length` comes before the body. The file replaces a copy that
    /// cannot be read. Blocks on disk I/O.
    ///
    /// # Errors
    ///
    /// Fails if the file has an error that may be temporary. For a permanent one, the image is omitted.
    pub(super) fn measure<F: Files>(&mut self, files: &F, metadata: Metadata) -> io::Result<()> {
        if !self.is_shown() {
            return Ok(());
        }
        let error = match self.measure_content(files, metadata) {
            Ok(content) => {
                self.content = content;
                return Ok(());
            }
            Err(error) => error,
        };
        let Some(reason) = OmissionReason::from_error(error.kind()) else { return Err(error) };
        tracing::warn!(image = self.handle(), path = ?self.image.path, %error, "an image of the conversation is omitted");
        self.omit(reason);
        Ok(())
    }

    /// Returns what is sent of the image. Its file must be unchanged, also if a copy is sent.
    fn measure_content<F: Files>(&self, files: &F, metadata: Metadata) -> io::Result<ImageContent> {
        strip::check(files, &self.image)?;
        if let ImageContent::Copy(copy) = &self.content {
            match strip::open_copy(files, copy) {
                Ok(_) => return Ok(self.content.clone()),
                Err(error) => tracing::debug!(path = ?copy.path, %error, "a file is sent in place of its copy"),
            }
        }
        Ok(ImageContent::File(strip::open(files, &self.image, metadata)?.length()))
    }

    /// Returns the parts of the body for this image.
    pub(super) fn to_parts(&self) -> Vec<BodyPart> {
        let (image, media_type) = match &self.content {
            ImageContent::File(len) => {
                let media_type = self.image.facts.media_type;
                (BodyPart::Image { image: self.image.clone(), encoding: Encoding::Base64, len: *len }, media_type)
            }
            ImageContent::Copy(copy) => (BodyPart::Copy(copy.clone()), copy.media_type),
            ImageContent::Omitted(json) => return vec![BodyPart::text(json.clone())],
        };
        let start_of_url = format!("data:{};base64,", media_type.as_str());
        let before = match self.part {
            Some(_) => [&*self.before, start_of_url.as_bytes()].concat().into(),
            None => self.before.clone(),
        };
        vec![BodyPart::text(before), image, BodyPart::text(self.after.clone())]
    }
}
