//! Collects the images of a successful response.

use std::sync::Arc;

use easel_imagegen::capability::Parameter;
use easel_imagegen::phase;
use easel_imagegen::port::{Files, GeneratedImage, GeneratedImages, ImageJob, PreviewSink, image_error};
use easel_protocol::record::{AppliedImage, Billed, ImageError, ImageErrorKind};
use futures_util::future::join_all;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tracing::Instrument;

use super::call::limit_error;
use super::download::{DownloadError, download};
use super::reader::Document;
use super::receive::{ReceiveError, Received, receive};
use super::response_json::{self, ImageEntry, ImageLocation};
use crate::http::{ApiClient, Endpoint, NetworkLimit, OpenResponse};
use crate::json_images::{self, ImagePart, UnusableImage};
use crate::profile::ApiProfile;
use crate::rejection::{Redactor, Rejection, request_id};

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;

/// The reason why one image of a response is missing.
#[derive(Debug, thiserror::Error)]
enum MissingImage {
    #[error(transparent)]
    Unusable(#[from] UnusableImage),
    #[error(transparent)]
    Download(#[from] DownloadError),
    #[error("the provider's moderation withheld the image")]
    Withheld,
    #[error("the provider sent no more images")]
    TooFew,
}

/// An image that a response describes.
struct DescribedImage<W> {
    source: ImageBytes<W>,
    revised_prompt: Option<String>,
    applied: AppliedImage,
}

/// The bytes of a described image.
enum ImageBytes<W> {
    Part(ImagePart<W>),
    Link(String),
    Withheld,
}

/// Reads the response to `job`, and stages the images that arrive completely, but no more than were requested. If there
/// are fewer, the result says why the others are missing.
///
/// # Errors
///
/// Fails if there is no image.
pub(super) async fn collect<C, F: Files>(
    client: &ApiClient<C>,
    job: &ImageJob,
    files: &Arc<F>,
    response: OpenResponse,
    previews: &PreviewSink,
    limit: &NetworkLimit,
) -> Result<GeneratedImages, ImageError> {
    let OpenResponse { response, redactor, destination, attempt } = response;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let count = requested_count(&client.profile, job);
    let previews = Some(Arc::clone(previews)).filter(|_| job.partial_images > 0);
    let Received { mut documents, error } = receive(response, Arc::clone(files), count, previews, limit).await;
    drop(attempt);

    let described = documents.iter_mut().flat_map(|document| described_images(document, &redactor)).collect();
    let (mut images, first_missing) = stage_all(&client.endpoint, files, described, count, limit).await;
    let missing = (images.len() < count).then(|| {
        let rejection = documents.iter().find_map(|document| find_rejection(&document.json, &headers, &redactor));
        let error = match (rejection, error, first_missing) {
            (Some(rejection), _, _) => return rejection.at(destination.clone()).image_error(),
            (None, Some(error), _) => receive_error(client, &error, job),
            (None, None, Some(missing)) => missing_error(client, &missing, job),
            (None, None, None) if images.is_empty() => UnusableImage::Absent.image_error(),
            (None, None, None) => missing_error(client, &MissingImage::TooFew, job),
        };
        ImageError { http_status: Some(status), request_id: request_id(&headers, &redactor), ..error }
    });
    let missing = match missing {
        Some(error) if images.is_empty() => return Err(error),
        missing => missing.map(|error| {
            let message = format!("{} of {count} images arrived; {}", images.len(), error.message);
            Box::new(ImageError { message, ..error })
        }),
    };
    let n = u32::try_from(images.len()).ok();
    for image in &mut images {
        image.applied.n = n;
    }
    Ok(GeneratedImages {
        images,
        usage: documents.iter().rev().find_map(|document| response_json::usage(&document.json)),
        request_id: request_id(&headers, &redactor),
        generation_id: documents.iter().find_map(|document| response_json::generation_id(&document.json, &redactor)),
        // The call counts its attempts.
        attempts: 0,
        missing,
    })
}

fn requested_count(profile: &ApiProfile, job: &ImageJob) -> usize {
    let n = job.requested.parameters.n.filter(|_| profile.generate.parameters.contains(&Parameter::N));
    n.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1)
}

/// Returns the images that a document describes, in its order.
fn described_images<W>(document: &mut Document<W>, redactor: &Redactor) -> Vec<DescribedImage<W>> {
    let Document { json, parts } = document;
    let entries = response_json::entries(json, |part| matches!(parts.get(part), Some(ImagePart::Empty)), redactor);
    let mut describe = |entry: ImageEntry| {
        let source = match entry.location {
            ImageLocation::Part(part) => {
                ImageBytes::Part(parts.get_mut(part).map_or(ImagePart::Empty, ImagePart::take))
            }
            ImageLocation::Url(link) => ImageBytes::Link(link),
            ImageLocation::Withheld => ImageBytes::Withheld,
            ImageLocation::Nowhere => ImageBytes::Part(ImagePart::Empty),
        };
        DescribedImage { source, revised_prompt: entry.revised_prompt, applied: entry.applied }
    };
    entries.into_iter().map(&mut describe).collect()
}

/// Stages up to `count` images, and returns the first reason why there are fewer. Downloads links concurrently, so that
/// one that hangs does not delay the others.
async fn stage_all<F: Files>(
    endpoint: &Endpoint,
    files: &Arc<F>,
    described: Vec<DescribedImage<F::Writer>>,
    count: usize,
    limit: &NetworkLimit,
) -> (Vec<GeneratedImage>, Option<MissingImage>) {
    let (mut images, mut missing, mut described) = (Vec::new(), None, described.into_iter());
    while images.len() < count {
        let next = described.by_ref().take(count - images.len());
        let next: Vec<_> = next.map(|described| stage(endpoint, files, described, limit)).collect();
        if next.is_empty() {
            break;
        }
        for staged in join_all(next).await {
            match staged {
                Ok(image) => images.push(image),
                Err(error) => missing = missing.or(Some(error)),
            }
        }
    }
    (images, missing)
}

async fn stage<F: Files>(
    endpoint: &Endpoint,
    files: &Arc<F>,
    described: DescribedImage<F::Writer>,
    limit: &NetworkLimit,
) -> Result<GeneratedImage, MissingImage> {
    let part = match described.source {
        ImageBytes::Part(part) => part,
        ImageBytes::Link(link) => {
            let span = tracing::debug_span!(target: phase::TARGET, "download");
            download(endpoint, &link, files, limit).instrument(span).await?
        }
        ImageBytes::Withheld => return Err(MissingImage::Withheld),
    };
    let staged = json_images::stage(files, part).await?;
    Ok(GeneratedImage { staged, revised_prompt: described.revised_prompt, applied: described.applied, edit: None })
}

/// Returns the error inside a response with a success status, if there is one.
fn find_rejection(json: &Value, headers: &HeaderMap, redactor: &Redactor) -> Option<Rejection> {
    let has_error = json.get("error").is_some_and(|error| !error.is_null());
    let is_error_event = json.get("type").and_then(Value::as_str) == Some("error");
    (has_error || is_error_event).then(|| Rejection::from_json(200, headers, json, redactor))
}

fn receive_error<C>(client: &ApiClient<C>, error: &ReceiveError, job: &ImageJob) -> ImageError {
    let provider = client.description();
    let (kind, billed) = match error {
        ReceiveError::LimitReached(reason) => return limit_error(client, *reason, job, Billed::Uncertain),
        ReceiveError::Lost(cause) => {
            let message = format!("the connection to {provider} was lost while the response arrived: {cause}");
            let error = image_error(ImageErrorKind::Network, message);
            return ImageError { billed: Billed::Uncertain, ..error };
        }
        // Perhaps the page of a proxy.
        ReceiveError::InvalidJson => {
            let message = format!("{provider} sent a response that is not valid JSON; check its base_url");
            let error = image_error(ImageErrorKind::BadResponse, message);
            return ImageError { billed: Billed::Uncertain, ..error };
        }
        ReceiveError::TooLarge(_) => (ImageErrorKind::BadResponse, Billed::Yes),
        ReceiveError::Panicked => (ImageErrorKind::Internal, Billed::Yes),
    };
    ImageError { billed, retryable: false, ..image_error(kind, error.to_string()) }
}

fn missing_error<C>(client: &ApiClient<C>, missing: &MissingImage, job: &ImageJob) -> ImageError {
    let (kind, billed) = match missing {
        MissingImage::Unusable(error) => return error.image_error(),
        MissingImage::Download(DownloadError::LimitReached(reason)) => {
            return limit_error(client, *reason, job, Billed::Yes);
        }
        MissingImage::Download(DownloadError::Failed { .. }) => (ImageErrorKind::BadResponse, Billed::Yes),
        // The image was generated before moderation inspected it, and the provider decides what that costs.
        MissingImage::Withheld => (ImageErrorKind::ModerationBlocked, Billed::Uncertain),
        // The provider may have generated fewer images than requested.
        MissingImage::TooFew => (ImageErrorKind::BadResponse, Billed::Uncertain),
    };
    ImageError { billed, ..image_error(kind, missing.to_string()) }
}
