//! One picture of a request, or the sentence that stands in its place.

use std::io;

use bytes::Bytes;
use easel_imagegen::port::{Files, Reference};
use easel_imagegen::strip::{self, Metadata};
use serde_json::json;

/// A picture in its place. What stands around its base64 goes with it when it is left out.
#[derive(Debug, Clone)]
pub(in super::super) struct Picture {
    image: Reference,
    /// The number of its item in `input`.
    pub(in super::super) item: usize,
    /// Its number in the content of the item; `None` where the item is nothing but the picture.
    pub(in super::super) part: Option<usize>,
    before: Bytes,
    after: Bytes,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// The base64 of what is sent of the file, so many bytes.
    Shown(u64),
    /// This JSON in its place.
    LeftOut(Bytes),
}

/// Why a picture is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reason {
    Missing,
    Unreadable,
    Refused,
}

impl Reason {
    /// Why a picture whose file gives such an error is left out; `None` for an error that may pass.
    fn of(error: io::ErrorKind) -> Option<Self> {
        use io::ErrorKind as Kind;
        const MISSING: [Kind; 2] = [Kind::NotFound, Kind::NotADirectory];
        const UNREADABLE: [Kind; 5] =
            [Kind::InvalidData, Kind::InvalidInput, Kind::IsADirectory, Kind::PermissionDenied, Kind::UnexpectedEof];
        let missing = MISSING.contains(&error).then_some(Self::Missing);
        missing.or_else(|| UNREADABLE.contains(&error).then_some(Self::Unreadable))
    }

    /// What the model reads where the picture would be.
    fn sentence(self, handle: &str) -> String {
        let reason = match self {
            Self::Missing => "its file is missing",
            Self::Unreadable => "its file can no longer be read as an image",
            Self::Refused => "the provider did not accept it",
        };
        format!("Image {handle} cannot be shown: {reason}.")
    }
}

impl Picture {
    pub(super) fn new(image: Reference, item: usize, part: Option<usize>, before: Vec<u8>, after: Vec<u8>) -> Self {
        let state = State::Shown(image.facts.bytes);
        Self { image, item, part, before: before.into(), after: after.into(), state }
    }

    pub(super) fn image(&self) -> &Reference {
        &self.image
    }

    pub(in super::super) fn handle(&self) -> &str {
        self.image.id.as_deref().unwrap_or_default()
    }

    pub(super) fn is_shown(&self) -> bool {
        matches!(self.state, State::Shown(_))
    }

    pub(super) fn leave_out(&mut self, reason: Reason) {
        let text = json!({"type": "input_text", "text": reason.sentence(self.handle())});
        let json = match self.part {
            Some(_) => text,
            None => json!({"type": "message", "role": "developer", "content": [text]}),
        };
        self.state = State::LeftOut(json.to_string().into());
    }

    /// Finds out how much of the file is sent: the length of a request stands before it.
    ///
    /// # Errors
    /// Those of the file that may pass. For those that will not, the picture is left out.
    pub(super) fn measure<F: Files>(&mut self, files: &F, metadata: Metadata) -> io::Result<()> {
        if !self.is_shown() {
            return Ok(());
        }
        let opened = strip::check(files, &self.image).and_then(|()| strip::open(files, &self.image, metadata));
        let error = match opened {
            Ok(outgoing) => {
                self.state = State::Shown(outgoing.length());
                return Ok(());
            }
            Err(error) => error,
        };
        let Some(reason) = Reason::of(error.kind()) else { return Err(error) };
        tracing::warn!(image = self.handle(), path = ?self.image.path, %error, "a picture is left out of what the model sees");
        self.leave_out(reason);
        Ok(())
    }

    /// Bytes that are sent of it.
    pub(super) fn len(&self) -> u64 {
        let (before, bytes, after) = self.parts();
        before.len() as u64 + bytes.div_ceil(3) * 4 + after.len() as u64
    }

    /// What is sent: JSON, the base64 of so many bytes, JSON.
    pub(super) fn parts(&self) -> (Bytes, u64, Bytes) {
        match &self.state {
            State::Shown(bytes) => (self.before.clone(), *bytes, self.after.clone()),
            State::LeftOut(json) => (json.clone(), 0, Bytes::new()),
        }
    }
}
