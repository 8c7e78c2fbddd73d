//! One sending of a body, read from disk a part ahead of the connection. A thread is busy only while it reads a part, so
//! that a provider which takes none keeps no thread.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use easel_imagegen::port::{Files, Reference, SendGate};
use easel_imagegen::strip::{self, Metadata, StrippedImage};
use futures_core::Stream;
use futures_util::stream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::unreadable;
use crate::passage::Passage;

/// Bytes of a picture that are read at once. A multiple of three, so that blocks join to one base64 text.
const BLOCK: u64 = 192 << 10;

/// How one sending of the body goes.
#[derive(Debug, Default)]
pub(in super::super) struct Upload {
    /// Changes with every part that is taken.
    pub(in super::super) moved: watch::Sender<()>,
    /// Why a picture could not be read.
    fault: Mutex<Option<String>>,
    refused: Mutex<Option<String>>,
}

impl Upload {
    pub(in super::super) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the gate refused the request, if it did. Nothing was sent then.
    pub(in super::super) fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refuse(&self, message: String) -> io::Error {
        let error = io::Error::other(message.clone());
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        error
    }
}

/// What is sent next.
pub(super) enum Step {
    Text(Bytes),
    /// The base64 of so many bytes of an image.
    File {
        image: Reference,
        bytes: u64,
    },
}

/// The body of these steps, unless `gate` refuses it before its first part.
pub(super) fn stream<F: Files>(
    steps: VecDeque<Step>,
    files: Arc<F>,
    metadata: Metadata,
    upload: Arc<Upload>,
    gate: SendGate,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<F> {
    let next = Rest { steps, files, metadata, open: None }.read_ahead();
    let sending = Sending { next: Some(next), upload };
    stream::try_unfold((sending, Passage::Ahead(gate)), |(mut sending, passage)| async move {
        let passage = passage.advance().map_err(|refused| sending.upload.refuse(refused.message))?;
        let part = sending.part().await?;
        sending.upload.moved.send_replace(());
        Ok(part.map(|part| (part, (sending, passage))))
    })
}

/// What is still to be read.
struct Rest<F: Files> {
    steps: VecDeque<Step>,
    files: Arc<F>,
    metadata: Metadata,
    /// The image that is being read, and how many bytes of it are left.
    open: Option<(StrippedImage<F::Reader>, u64)>,
}

/// The next part with what is left after it; `None` at the end.
type Part<F> = io::Result<Option<(Bytes, Rest<F>)>>;

impl<F: Files> Rest<F> {
    fn read_ahead(mut self) -> Ahead<F> {
        if self.open.is_none() {
            match self.steps.pop_front() {
                Some(Step::Text(text)) => return Ahead::Here(Box::new(Ok(Some((text, self))))),
                Some(file @ Step::File { .. }) => self.steps.push_front(file),
                None => return Ahead::Here(Box::new(Ok(None))),
            }
        }
        Ahead::Reading(tokio::task::spawn_blocking(move || self.read()))
    }

    /// Blocks for disk.
    fn read(mut self) -> Part<F> {
        let (mut reader, left) = match self.open.take() {
            Some(open) => open,
            None => match self.steps.pop_front() {
                Some(Step::File { image, bytes }) => (strip::open(&*self.files, &image, self.metadata)?, bytes),
                Some(Step::Text(text)) => return Ok(Some((text, self))),
                None => return Ok(None),
            },
        };
        let block = read_block(&mut reader, left)?;
        let left = left - block.len() as u64;
        self.open = (left > 0).then_some((reader, left));
        Ok(Some((Bytes::from(STANDARD.encode(block)), self)))
    }
}

/// The next part, here or on its way.
enum Ahead<F: Files> {
    Here(Box<Part<F>>),
    Reading(JoinHandle<Part<F>>),
}

struct Sending<F: Files> {
    /// Absent when all is sent, or cannot be.
    next: Option<Ahead<F>>,
    upload: Arc<Upload>,
}

impl<F: Files> Sending<F> {
    async fn part(&mut self) -> io::Result<Option<Bytes>> {
        let part = match self.next.take() {
            Some(Ahead::Here(part)) => *part,
            Some(Ahead::Reading(reading)) => reading.await.map_err(io::Error::other).flatten(),
            None => return Ok(None),
        };
        if let Err(error) = &part {
            *self.upload.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(unreadable(error));
        }
        Ok(part?.map(|(part, rest)| {
            self.next = Some(rest.read_ahead());
            part
        }))
    }
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
