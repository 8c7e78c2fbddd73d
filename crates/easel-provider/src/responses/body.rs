//! The body of a request: JSON with gaps, which pictures fill from disk while it is sent, so that never more than a
//! block of one picture is in memory. A picture that cannot be sent is left out, and a sentence stands in its place.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use easel_imagegen::port::{Files, ModelRequest};
use easel_imagegen::strip::{self, Metadata};
use futures_core::Stream;
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

mod json;
mod picture;

pub(super) use picture::{Picture, Reason};

/// Bytes of a picture that are read at once. A multiple of three, so that blocks join to one base64 text.
const BLOCK: u64 = 192 << 10;

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

/// How one sending of the body goes.
#[derive(Debug, Default)]
pub(super) struct Upload {
    /// Changes with every piece that is taken.
    pub(super) moved: watch::Sender<()>,
    /// Why a picture could not be read.
    fault: Mutex<Option<String>>,
}

impl Upload {
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
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

    /// The body once. A thread of its own reads a piece ahead of the connection, and ends with it.
    pub(super) fn stream<F: Files>(
        self: &Arc<Self>,
        files: &Arc<F>,
        upload: &Arc<Upload>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<F> {
        let (give, pieces) = mpsc::channel(1);
        let (body, files) = (Arc::clone(self), Arc::clone(files));
        let thread = tokio::task::spawn_blocking(move || body.read(&*files, &give));
        let sending = Sending { pieces, thread, upload: Arc::clone(upload) };
        stream::try_unfold(sending, |mut sending| async move {
            let piece = sending.piece().await?;
            sending.upload.moved.send_replace(());
            Ok(piece.map(|piece| (piece, sending)))
        })
    }

    /// Gives out all pieces, or as many as are taken.
    fn read<F: Files>(&self, files: &F, give: &mpsc::Sender<Bytes>) -> io::Result<()> {
        for piece in &self.pieces {
            let taken = match piece {
                Piece::Json(json) => give.blocking_send(json.clone()).is_ok(),
                Piece::Picture(picture) => self.read_picture(picture, files, give)?,
            };
            if !taken {
                break;
            }
        }
        Ok(())
    }

    /// Whether all of it was taken.
    fn read_picture<F: Files>(&self, picture: &Picture, files: &F, give: &mpsc::Sender<Bytes>) -> io::Result<bool> {
        let (before, bytes, after) = picture.parts();
        if give.blocking_send(before).is_err() {
            return Ok(false);
        }
        if bytes > 0 {
            let mut reader = strip::open(files, picture.image(), self.metadata)?;
            let mut left = bytes;
            while left > 0 {
                let block = read_block(&mut reader, left)?;
                left -= block.len() as u64;
                if give.blocking_send(Bytes::from(STANDARD.encode(block))).is_err() {
                    return Ok(false);
                }
            }
        }
        Ok(after.is_empty() || give.blocking_send(after).is_ok())
    }
}

struct Sending {
    pieces: mpsc::Receiver<Bytes>,
    thread: JoinHandle<io::Result<()>>,
    upload: Arc<Upload>,
}

impl Sending {
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(piece) = self.pieces.recv().await {
            return Ok(Some(piece));
        }
        // Nothing more comes: all is sent, or it cannot be.
        let ended = (&mut self.thread).await.map_err(io::Error::other).flatten();
        if let Err(error) = &ended {
            *self.upload.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(unreadable(error));
        }
        ended.map(|()| None)
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("a picture of the conversation cannot be read: {error}")
}

fn read_block(reader: &mut impl Read, left: u64) -> io::Result<Vec<u8>> {
    let length = left.min(BLOCK);
    let mut block = Vec::with_capacity(length as usize);
    reader.take(length).read_to_end(&mut block)?;
    // The length was promised before the first byte was sent.
    if (block.len() as u64) < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
    }
    Ok(block)
}
