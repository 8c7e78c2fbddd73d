//! The body of a request: JSON with gaps, which pictures fill from disk while it is sent, so that never more than a
//! block of one picture is in memory.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use easel_imagegen::port::{Files, ModelRequest, Reference};
use easel_imagegen::strip::{self, Metadata};
use futures_core::Stream;
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

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
                Piece::Picture { image, bytes } => {
                    let mut reader = strip::open(files, image, self.metadata)?;
                    let mut left = *bytes;
                    let mut taken = true;
                    while taken && left > 0 {
                        let block = read_block(&mut reader, left)?;
                        left -= block.len() as u64;
                        taken = give.blocking_send(Bytes::from(STANDARD.encode(block))).is_ok();
                    }
                    taken
                }
            };
            if !taken {
                break;
            }
        }
        Ok(())
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
