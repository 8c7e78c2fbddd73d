//! The body of a request: JSON with gaps, which pictures fill from disk while it is sent, so that never more than a
//! block of one picture is in memory.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use easel_imagegen::port::{Files, ModelRequest, Reference};
use easel_imagegen::strip::{self, Metadata, Outgoing};
use futures_core::Stream;
use futures_util::stream;
use tokio::sync::watch;

mod json;

/// Bytes of a picture that are read at once. A multiple of three, so that blocks join to one base64 text.
const BLOCK: u64 = 192 << 10;

/// What is sent, as often as it has to be.
#[derive(Debug)]
pub(super) struct Body {
    pieces: Vec<Piece>,
    metadata: Metadata,
}

#[derive(Debug, Clone)]
enum Piece {
    Json(Bytes),
    /// Stands for the base64 of what is sent of the file, so many bytes.
    Picture {
        image: Reference,
        bytes: u64,
    },
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

    /// The same body, knowing of every picture how much of it is sent.
    ///
    /// # Errors
    /// One sentence, when a picture cannot be read or its metadata cannot be told from its pixels.
    pub(super) async fn measured<F: Files>(&self, files: &Arc<F>) -> Result<Self, String> {
        let (mut pieces, files, metadata) = (self.pieces.clone(), Arc::clone(files), self.metadata);
        let measure = move || {
            for piece in &mut pieces {
                if let Piece::Picture { image, bytes } = piece {
                    *bytes = strip::open(&*files, image, metadata)?.length();
                }
            }
            Ok(pieces)
        };
        let measured = tokio::task::spawn_blocking(measure).await.map_err(io::Error::other).flatten();
        Ok(Self { pieces: measured.map_err(|error| unreadable(&error))?, metadata })
    }

    /// Bytes that are sent, once it is measured.
    pub(super) fn len(&self) -> u64 {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Json(json) => json.len() as u64,
            Piece::Picture { bytes, .. } => bytes.div_ceil(3) * 4,
        });
        lengths.sum()
    }

    /// The body once.
    pub(super) fn stream<F: Files>(
        self: &Arc<Self>,
        files: &Arc<F>,
        upload: &Arc<Upload>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<F> {
        let sending = Sending {
            body: Arc::clone(self),
            files: Arc::clone(files),
            upload: Arc::clone(upload),
            next: 0,
            picture: None,
        };
        stream::try_unfold(sending, |mut sending| async move {
            let piece = sending.piece().await?;
            sending.upload.moved.send_replace(());
            Ok(piece.map(|piece| (piece, sending)))
        })
    }
}

struct Sending<F: Files> {
    body: Arc<Body>,
    files: Arc<F>,
    upload: Arc<Upload>,
    next: usize,
    /// The picture that is being sent, with the bytes it still has.
    picture: Option<(Outgoing<F::Reader>, u64)>,
}

impl<F: Files> Sending<F> {
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        if let Some((reader, left)) = self.picture.take() {
            return self.block(move |_| Ok((reader, left))).await.map(Some);
        }
        let Some(piece) = self.body.pieces.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        match piece {
            Piece::Json(json) => Ok(Some(json.clone())),
            Piece::Picture { image, bytes } => {
                let (image, promised, metadata) = (image.clone(), *bytes, self.body.metadata);
                self.block(move |files| Ok((strip::open(files, &image, metadata)?, promised))).await.map(Some)
            }
        }
    }

    /// The next block of a picture, as base64.
    async fn block(
        &mut self,
        open: impl FnOnce(&F) -> io::Result<(Outgoing<F::Reader>, u64)> + Send + 'static,
    ) -> io::Result<Bytes> {
        let files = Arc::clone(&self.files);
        let read = tokio::task::spawn_blocking(move || {
            let (mut reader, left) = open(&files)?;
            let block = read_block(&mut reader, left)?;
            io::Result::Ok((reader, left - block.len() as u64, STANDARD.encode(block)))
        });
        match read.await.map_err(io::Error::other).flatten() {
            Ok((reader, left, base64)) => {
                self.picture = (left > 0).then_some((reader, left));
                Ok(Bytes::from(base64))
            }
            Err(error) => {
                *self.upload.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(unreadable(&error));
                Err(error)
            }
        }
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
