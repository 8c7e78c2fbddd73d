//! The body of a request: JSON with gaps, which pictures fill from disk while it is sent, so that never more than a
//! block of one picture is in memory. A picture that cannot be sent is left out, and a sentence stands in its place.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use easel_imagegen::port::{Files, ModelRequest, SendGate};
use easel_imagegen::strip::Metadata;
use futures_core::Stream;

mod json;
mod picture;
mod upload;

pub(super) use picture::{Picture, Reason};
use upload::Step;
pub(super) use upload::Upload;

/// What is sent, as often as it has to be.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pieces: Vec<Piece>,
    metadata: Metadata,
}

#[derive(Debug, Clone)]
enum Piece {
    Json(Bytes),
    Picture(Picture),
}

impl Body {
    /// # Errors
    /// One sentence, when the conversation names an image that is not among those given.
    pub(super) fn of(request: &ModelRequest, metadata: Metadata) -> Result<Self, String> {
        Ok(Self { pieces: json::pieces(request)?, metadata })
    }

    /// The pictures that are sent.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &Picture> {
        let pictures = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Json(_) => None,
            Piece::Picture(picture) => Some(picture),
        });
        pictures.filter(|picture| picture.is_shown())
    }

    /// Of the pictures that are sent.
    pub(super) fn handles(&self) -> Vec<String> {
        self.pictures().map(|picture| picture.handle().to_owned()).collect()
    }

    /// Leaves out the pictures of these handles, wherever they stand.
    pub(super) fn leave_out(&mut self, handles: &[String], reason: Reason) {
        for piece in &mut self.pieces {
            if let Piece::Picture(picture) = piece
                && handles.iter().any(|handle| handle == picture.handle())
            {
                picture.leave_out(reason);
            }
        }
    }

    /// The same body, knowing of every picture how much of it is sent. Leaves out those whose files are missing or are
    /// not the images that they were.
    ///
    /// # Errors
    /// One sentence, when a file cannot be read now but perhaps later.
    pub(super) async fn measured<F: Files>(&self, files: &Arc<F>) -> Result<Self, String> {
        let (mut body, files) = (self.clone(), Arc::clone(files));
        let measure = move || {
            for piece in &mut body.pieces {
                if let Piece::Picture(picture) = piece {
                    picture.measure(&*files, body.metadata)?;
                }
            }
            Ok(body)
        };
        let measured = tokio::task::spawn_blocking(measure).await.map_err(io::Error::other).flatten();
        measured.map_err(|error| unreadable(&error))
    }

    /// Bytes that are sent, once it is measured.
    pub(super) fn len(&self) -> u64 {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Json(json) => json.len() as u64,
            Piece::Picture(picture) => picture.len(),
        });
        lengths.sum()
    }

    /// Returns the body once; fails before its first part when `gate` refuses the request. One part is read ahead of the
    /// connection.
    pub(super) fn stream<F: Files>(
        &self,
        files: &Arc<F>,
        upload: &Arc<Upload>,
        gate: SendGate,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<F> {
        let mut steps = VecDeque::new();
        for piece in &self.pieces {
            match piece {
                Piece::Json(json) => steps.push_back(Step::Text(json.clone())),
                Piece::Picture(picture) => {
                    let (before, bytes, after) = picture.parts();
                    steps.push_back(Step::Text(before));
                    steps.extend((bytes > 0).then(|| Step::File { image: picture.image().clone(), bytes }));
                    steps.extend((!after.is_empty()).then_some(Step::Text(after)));
                }
            }
        }
        upload::stream(steps, Arc::clone(files), self.metadata, Arc::clone(upload), gate)
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("a picture of the conversation cannot be read: {error}")
}
