//! From an answer with success to staged images.

use std::io;
use std::sync::Arc;

use easel_imagegen::capability::Parameter;
use easel_imagegen::port::{Files, GeneratedImage, GeneratedImages, ImageJob, PreviewSink, image_error};
use easel_protocol::record::{AppliedImage, Billed, ImageError, ImageErrorKind};
use futures_util::future::join_all;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Progress;
use super::answer::{self, Entry, Place};
use super::fetch::{NotFetched, fetch};
use super::reader::Document;
use super::receive::{Broken, Received, receive};
use crate::credential::Credentials;
use crate::endpoint::Endpoint;
use crate::failure::{Masks, Refused, request_id};
use crate::inline::Slot;
use crate::profile::ApiProfile;
use crate::provider::HttpProvider;
use crate::waiting::{Over, Waiting};

/// Why one image of an answer is none.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the provider's answer holds no image")]
    Missing,
    #[error("the provider's moderation kept the image back")]
    Withheld,
    #[error("the provider's image is not base64")]
    NotBase64,
    #[error("what the provider sent is no PNG, JPEG, WebP or GIF")]
    NotImage,
    #[error("the image could not be stored: {0}")]
    Disk(io::Error),
    #[error("{0}")]
    NotFetched(String),
    #[error("the image was not there in time")]
    Over(Over),
    #[error("the provider sent no more")]
    Fewer,
}

impl From<NotFetched> for Fault {
    fn from(error: NotFetched) -> Self {
        match error {
            NotFetched::Failed { .. } => Self::NotFetched(error.to_string()),
            NotFetched::Over(over) => Self::Over(over),
        }
    }
}

/// One image that an answer speaks of.
struct Found<W> {
    bytes: Bytes<W>,
    revised_prompt: Option<String>,
    applied: AppliedImage,
}

/// Where its bytes are.
enum Bytes<W> {
    Here(Slot<W>),
    /// Behind a link.
    Behind(String),
    Withheld,
}

/// An answer with success, and what is needed to read it.
pub(super) struct Answer<'a> {
    pub(super) response: Response,
    pub(super) masks: &'a Masks,
    pub(super) previews: &'a PreviewSink,
}

/// Reads the answer to `job` and stages its images: at most as many as were asked for, and all that arrive whole. An
/// answer without an image is an error; one with too few images says why the others are missing.
pub(super) async fn collect<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: &ImageJob,
    files: &Arc<F>,
    answer: Answer<'_>,
    waiting: &Waiting,
    progress: &mut Progress,
) -> Result<GeneratedImages, ImageError> {
    let Answer { response, masks, previews } = answer;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let wanted = wanted(&provider.record, job);
    let previews = Some(Arc::clone(previews)).filter(|_| job.partial_images > 0);
    let Received { mut documents, broken } = receive(response, Arc::clone(files), wanted, previews, waiting).await;
    progress.accepted = broken.is_none();

    let found = documents.iter_mut().flat_map(|document| found(document, masks)).collect();
    let (mut images, fault) = staged(&provider.endpoint, files, found, wanted, waiting).await;
    let missing = (images.len() < wanted).then(|| {
        let refused = documents.iter().find_map(|document| refused(&document.json, &headers, masks));
        let error = match (refused, broken, fault) {
            (Some(refused), _, _) => return refused.image_error(),
            (None, Some(Broken::Over(over)), _) | (None, None, Some(Fault::Over(over))) => progress.over(over, job),
            (None, Some(broken), _) => broken_error(&provider.place(), &broken),
            (None, None, Some(fault)) => fault_error(&fault),
            (None, None, None) if images.is_empty() => fault_error(&Fault::Missing),
            (None, None, None) => fault_error(&Fault::Fewer),
        };
        ImageError { http_status: Some(status), request_id: request_id(&headers, masks), ..error }
    });
    let missing = match missing {
        Some(error) if images.is_empty() => return Err(error),
        missing => missing.map(|error| {
            let message = format!("{} of {wanted} images arrived; {}", images.len(), error.message);
            Box::new(ImageError { message, ..error })
        }),
    };
    let n = u32::try_from(images.len()).ok();
    for image in &mut images {
        image.applied.n = n;
    }
    Ok(GeneratedImages {
        images,
        usage: documents.iter().rev().find_map(|document| answer::usage(&document.json)),
        request_id: request_id(&headers, masks),
        generation_id: documents.iter().find_map(|document| answer::generation_id(&document.json, masks)),
        attempts: progress.attempts,
        missing,
    })
}

fn wanted(record: &ApiProfile, job: &ImageJob) -> usize {
    let asked = job.requested.parameters.n.filter(|_| record.generate.parameters.contains(&Parameter::N));
    asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(1).max(1)
}

/// The images that a document speaks of, in its order.
fn found<W>(document: &mut Document<W>, masks: &Masks) -> Vec<Found<W>> {
    let Document { json, slots } = document;
    let entries = answer::entries(json, |slot| matches!(slots.get(slot), Some(Slot::Empty)), masks);
    let mut found = |entry: Entry| {
        let bytes = match entry.place {
            // An image is taken once, whatever the answer says.
            Place::Slot(slot) => {
                Bytes::Here(slots.get_mut(slot).map_or(Slot::Empty, |slot| std::mem::replace(slot, Slot::Empty)))
            }
            Place::Url(link) => Bytes::Behind(link),
            Place::Withheld => Bytes::Withheld,
            Place::Nowhere => Bytes::Here(Slot::Empty),
        };
        Found { bytes, revised_prompt: entry.revised_prompt, applied: entry.applied }
    };
    entries.into_iter().map(&mut found).collect()
}

/// Stages up to `wanted` images, and gives the first reason why there are fewer. Links are followed side by side, so that
/// one which hangs takes no time from the others.
async fn staged<F: Files>(
    endpoint: &Endpoint,
    files: &Arc<F>,
    found: Vec<Found<F::Writer>>,
    wanted: usize,
    waiting: &Waiting,
) -> (Vec<GeneratedImage>, Option<Fault>) {
    let (mut images, mut fault, mut found) = (Vec::new(), None, found.into_iter());
    while images.len() < wanted {
        let next = found.by_ref().take(wanted - images.len());
        let next: Vec<_> = next.map(|found| stage(endpoint, files, found, waiting)).collect();
        if next.is_empty() {
            break;
        }
        for staged in join_all(next).await {
            match staged {
                Ok(image) => images.push(image),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
    }
    (images, fault)
}

async fn stage<F: Files>(
    endpoint: &Endpoint,
    files: &Arc<F>,
    found: Found<F::Writer>,
    waiting: &Waiting,
) -> Result<GeneratedImage, Fault> {
    let slot = match found.bytes {
        Bytes::Here(slot) => slot,
        Bytes::Behind(link) => fetch(endpoint, &link, files, waiting).await?,
        Bytes::Withheld => return Err(Fault::Withheld),
    };
    let writer = match slot {
        Slot::Whole(writer) => writer,
        Slot::Empty | Slot::Ignored => return Err(Fault::Missing),
        Slot::NotBase64 => return Err(Fault::NotBase64),
        Slot::Disk(error) => return Err(Fault::Disk(error)),
    };
    let files = Arc::clone(files);
    // Making an image durable waits for the disk, and is never given up.
    let staged = tokio::task::spawn_blocking(move || files.stage(writer)).await;
    let staged = staged.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData { Fault::NotImage } else { Fault::Disk(error) }
    })?;
    Ok(GeneratedImage { staged, revised_prompt: found.revised_prompt, applied: found.applied })
}

/// The error that stands in an answer with success, if one does.
fn refused(json: &Value, headers: &HeaderMap, masks: &Masks) -> Option<Refused> {
    let error = json.get("error").is_some_and(|error| !error.is_null());
    let event = json.get("type").and_then(Value::as_str) == Some("error");
    (error || event).then(|| Refused::from_json(200, headers, json, masks))
}

fn broken_error(place: &str, broken: &Broken) -> ImageError {
    let (kind, billed, retryable) = match broken {
        Broken::Cut(cause) => {
            let message = format!("the connection to {place} broke while the answer arrived: {cause}");
            let error = image_error(ImageErrorKind::Network, message);
            return ImageError { billed: Billed::Uncertain, ..error };
        }
        // A page of somebody in between, perhaps.
        Broken::NotJson => (ImageErrorKind::BadResponse, Billed::Uncertain, false),
        Broken::Unfit(_) => (ImageErrorKind::BadResponse, Billed::Yes, false),
        Broken::Stopped => (ImageErrorKind::Internal, Billed::Yes, false),
        Broken::Over(_) => (ImageErrorKind::Timeout, Billed::Uncertain, true),
    };
    ImageError { billed, retryable, ..image_error(kind, broken.to_string()) }
}

fn fault_error(fault: &Fault) -> ImageError {
    let (kind, billed) = match fault {
        // It was drawn before it was looked at; whether that costs is the provider's to say.
        Fault::Withheld => (ImageErrorKind::ModerationBlocked, Billed::Uncertain),
        // It may have drawn fewer than it was asked for.
        Fault::Fewer => (ImageErrorKind::BadResponse, Billed::Uncertain),
        Fault::Disk(_) => (ImageErrorKind::Storage, Billed::Yes),
        Fault::Over(_) => (ImageErrorKind::Timeout, Billed::Yes),
        Fault::Missing | Fault::NotBase64 | Fault::NotImage | Fault::NotFetched(_) => {
            (ImageErrorKind::BadResponse, Billed::Yes)
        }
    };
    ImageError { billed, ..image_error(kind, fault.to_string()) }
}
