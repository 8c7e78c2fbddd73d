//! From an answer with success to staged images.

use std::io;
use std::sync::Arc;

use easel_imagegen::capability::Parameter;
use easel_imagegen::port::{Files, ImageJob, Made, MadeImage, Previews, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Progress;
use super::answer::{self, Entry, Place};
use super::fetch::{NotFetched, fetch};
use super::receive::{Broken, receive};
use crate::credential::Credentials;
use crate::endpoint::Endpoint;
use crate::failure::{Masks, Refused, request_id};
use crate::inline::Slot;
use crate::provider::HttpProvider;
use crate::record::Record;

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
    #[error(transparent)]
    NotFetched(#[from] NotFetched),
}

/// Reads the answer to `job` and stages its images: at most as many as were asked for, and all of them that are well.
pub(super) async fn collect<C: Credentials, F: Files>(
    provider: &HttpProvider<C>,
    job: &ImageJob,
    files: &Arc<F>,
    previews: &Previews<F::Staged>,
    response: Response,
    masks: &Masks,
    progress: &mut Progress,
) -> Result<Made<F::Staged>, ImageError> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let answered =
        |error: ImageError| ImageError { http_status: Some(status), request_id: request_id(&headers, masks), ..error };
    let wanted = wanted(&provider.record, job);
    let previews = Some(Arc::clone(previews)).filter(|_| job.partial_images > 0);
    let documents = receive(response, Arc::clone(files), wanted, previews).await;
    let mut documents = documents.map_err(|broken| answered(broken_error(&provider.place(), &broken)))?;
    progress.accepted = true;

    let mut images = Vec::new();
    let mut fault = None;
    for document in &mut documents {
        let slots = &document.slots;
        let empty = |slot: usize| matches!(slots.get(slot), Some(Slot::Empty));
        for entry in answer::entries(&document.json, empty, masks) {
            if images.len() == wanted {
                break;
            }
            match staged(&provider.endpoint, files, &mut document.slots, entry).await {
                Ok(image) => images.push(image),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
    }
    if images.is_empty() {
        let refused = documents.iter().find_map(|document| refused(&document.json, &headers, masks));
        return Err(refused
            .map_or_else(|| answered(fault_error(&fault.unwrap_or(Fault::Missing))), |refused| refused.image_error()));
    }
    let n = u32::try_from(images.len()).ok();
    for image in &mut images {
        image.applied.n = n;
    }
    Ok(Made {
        images,
        usage: documents.iter().rev().find_map(|document| answer::usage(&document.json)),
        request_id: request_id(&headers, masks),
        generation_id: documents.iter().find_map(|document| answer::generation_id(&document.json, masks)),
        attempts: progress.attempts,
    })
}

fn wanted(record: &Record, job: &ImageJob) -> usize {
    let asked = job.requested.parameters.n.filter(|_| record.generate.parameters.contains(&Parameter::N));
    asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(1).max(1)
}

async fn staged<F: Files>(
    endpoint: &Endpoint,
    files: &Arc<F>,
    slots: &mut [Slot<F::Writer>],
    entry: Entry,
) -> Result<MadeImage<F::Staged>, Fault> {
    let slot = match entry.place {
        // An image is taken once, whatever the answer says.
        Place::Slot(slot) => slots.get_mut(slot).map_or(Slot::Empty, |slot| std::mem::replace(slot, Slot::Empty)),
        Place::Url(link) => fetch(endpoint, &link, files).await?,
        Place::Withheld => return Err(Fault::Withheld),
        Place::Nowhere => return Err(Fault::Missing),
    };
    let writer = match slot {
        Slot::Whole(writer) => writer,
        Slot::Empty | Slot::Ignored => return Err(Fault::Missing),
        Slot::NotBase64 => return Err(Fault::NotBase64),
        Slot::Disk(error) => return Err(Fault::Disk(error)),
    };
    let files = Arc::clone(files);
    // Making an image durable waits for the disk.
    let staged = tokio::task::spawn_blocking(move || files.stage(writer)).await;
    let staged = staged.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData { Fault::NotImage } else { Fault::Disk(error) }
    })?;
    Ok(MadeImage { staged, revised_prompt: entry.revised_prompt, applied: entry.applied })
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
    };
    ImageError { billed, retryable, ..image_error(kind, broken.to_string()) }
}

fn fault_error(fault: &Fault) -> ImageError {
    let (kind, billed) = match fault {
        // It was drawn before it was looked at; whether that costs is the provider's to say.
        Fault::Withheld => (ImageErrorKind::ModerationBlocked, Billed::Uncertain),
        Fault::Disk(_) => (ImageErrorKind::Storage, Billed::Yes),
        Fault::Missing | Fault::NotBase64 | Fault::NotImage | Fault::NotFetched(_) => {
            (ImageErrorKind::BadResponse, Billed::Yes)
        }
    };
    ImageError { billed, ..image_error(kind, fault.to_string()) }
}
