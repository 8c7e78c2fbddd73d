//! The request of an image call, as the provider's profile describes it.

mod fields;
mod multipart;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, ImageJob, Reference, image_error};
use easel_imagegen::strip;
use easel_protocol::record::{ImageError, ImageErrorKind};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};

pub(super) use fields::ResponseFormatField;

use crate::http::{BodyPart, Encoding, PreparedRequest, RequestBody};
use crate::profile::{ApiProfile, Edit, ImageEncoding};

/// A request to an images endpoint whose images have not been opened.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ImagesRequest {
    pub(super) path: &'static str,
    pub(super) content_type: String,
    pub(super) parts: Vec<BodyPart>,
}

const GENERATIONS: &str = "images/generations";
const EDITS: &str = "images/edits";

/// Prepares the request for `job`. Opens every image once, so that a missing or unsupported one fails the call before
/// anything is sent.
///
/// # Errors
///
/// Fails if the provider does not support the job, or if an image cannot be read or is too large.
pub(super) async fn prepare<F: Files>(
    profile: &ApiProfile,
    model: &str,
    job: &ImageJob,
    response_format: ResponseFormatField,
    files: &Arc<F>,
) -> Result<PreparedRequest<F>, ImageError> {
    let ImagesRequest { path, content_type, parts } = build(profile, model, job, response_format)?;
    let (metadata, max_bytes) = (profile.metadata, profile.limits.max_image_bytes);
    let opened = Arc::clone(files);
    let measure = move || {
        let measured = parts.into_iter().map(|part| measure(&*opened, part, metadata, max_bytes));
        measured.collect::<Result<Vec<_>, ImageError>>()
    };
    let measured = tokio::task::spawn_blocking(measure).await;
    let parts =
        measured.unwrap_or_else(|_| Err(image_error(ImageErrorKind::Internal, "opening the images to send failed")))?;
    let accept =
        if fields::is_streamed(profile, job) { "text/event-stream, application/json" } else { "application/json" };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, header_value(&content_type)?);
    headers.insert("idempotency-key", header_value(&job.idempotency_key)?);
    Ok(PreparedRequest {
        path,
        model: model.to_owned(),
        offers_hosted_tool: false,
        originator: job.originator.clone(),
        headers,
        body: RequestBody::new(parts, metadata),
        files: Arc::clone(files),
        gate: job.gate.clone(),
        // The deadline of the call is the only limit: drawing an image may take minutes.
        idle_timeout: Duration::MAX,
    })
}

fn header_value(value: &str) -> Result<HeaderValue, ImageError> {
    let invalid = |_| image_error(ImageErrorKind::Internal, "a header of the request contains an invalid character");
    HeaderValue::from_str(value).map_err(invalid)
}

/// Builds the request for `job` without reading its images.
///
/// # Errors
///
/// Fails if the provider does not support the job.
fn build(
    profile: &ApiProfile,
    model: &str,
    job: &ImageJob,
    response_format: ResponseFormatField,
) -> Result<ImagesRequest, ImageError> {
    check_support(profile, job)?;
    let fields = fields::build_fields(profile, model, job, response_format)?;
    if job.references.is_empty() {
        return Ok(json_request(GENERATIONS, &fields, Vec::new()));
    }
    match &profile.edit {
        Edit::None => Err(invalid("this provider cannot edit images")),
        Edit::Multipart { image_field, mask_field } => {
            let mask = job.mask.as_ref().zip(mask_field.as_deref());
            Ok(multipart::request(&fields, image_field, &job.references, mask))
        }
        Edit::JsonImages => Ok(json_request(EDITS, &fields, openai_images(job))),
        Edit::JsonXai => Ok(json_request(EDITS, &fields, xai_images(job))),
        Edit::GenerateJson { field, encoding } => {
            let images = job.references.iter().map(|image| json_string(image, *encoding));
            Ok(json_request(GENERATIONS, &fields, json_list(field, images)))
        }
    }
}

fn check_support(profile: &ApiProfile, job: &ImageJob) -> Result<(), ImageError> {
    let supports_mask = match &profile.edit {
        Edit::Multipart { mask_field, .. } => mask_field.is_some(),
        Edit::JsonImages => true,
        Edit::None | Edit::JsonXai | Edit::GenerateJson { .. } => false,
    };
    if job.mask.is_some() && (!supports_mask || job.references.is_empty()) {
        return Err(invalid("this provider does not support a mask here"));
    }
    let max_images = profile.limits.max_images;
    if job.references.len() > max_images {
        return Err(invalid(&format!("this provider takes at most {max_images} images in one edit")));
    }
    Ok(())
}

/// Measures how many bytes of an image are sent, because `content-length` comes before the body. Blocks on disk I/O.
fn measure<F: Files>(
    files: &F,
    part: BodyPart,
    metadata: strip::Metadata,
    max_bytes: u64,
) -> Result<BodyPart, ImageError> {
    let BodyPart::Image { image, encoding, .. } = part else { return Ok(part) };
    let len = strip::open(files, &image, metadata).map_err(|error| read_error(&image, &error))?.length();
    if len > max_bytes {
        let name = display_name(&image);
        let message = format!("the image {name} has {len} bytes, and this provider takes at most {max_bytes}");
        return Err(image_error(ImageErrorKind::ReferenceRefused, message));
    }
    Ok(BodyPart::Image { image, encoding, len })
}

fn read_error(image: &Reference, error: &io::Error) -> ImageError {
    let name = display_name(image);
    // User images are never sent if metadata cannot be separated from pixels.
    if error.kind() == io::ErrorKind::InvalidData {
        return image_error(ImageErrorKind::ReferenceRefused, format!("the image {name} is not sent: {error}"));
    }
    let is_missing = error.kind() == io::ErrorKind::NotFound;
    let kind = if is_missing { ImageErrorKind::ReferenceNotFound } else { ImageErrorKind::Storage };
    image_error(kind, format!("the image {name} could not be read: {error}"))
}

/// Returns the handle of an image, or its path.
fn display_name(image: &Reference) -> String {
    image.id.as_ref().map_or_else(|| image.path.display().to_string(), ToString::to_string)
}

fn invalid(message: &str) -> ImageError {
    image_error(ImageErrorKind::InvalidArguments, message)
}

/// Builds a JSON object of `fields`, followed by `images`, which are more fields of the object.
fn json_request(path: &'static str, fields: &Map<String, Value>, images: Vec<BodyPart>) -> ImagesRequest {
    let mut text = Value::Object(fields.clone()).to_string();
    let mut parts = Vec::with_capacity(images.len() + 2);
    if images.is_empty() {
        parts.push(BodyPart::text(text));
    } else {
        // The object is never empty, because it has at least a prompt.
        text.pop();
        text.push(',');
        parts.push(BodyPart::text(text));
        parts.extend(images);
        parts.push(BodyPart::text("}"));
    }
    ImagesRequest { path, content_type: "application/json".to_owned(), parts }
}

/// Builds the fields `"images":[{"image_url":…}]` and `"mask":{"image_url":…}`.
fn openai_images(job: &ImageJob) -> Vec<BodyPart> {
    let mut parts = json_list("images", job.references.iter().map(|image| json_object("image_url", image)));
    if let Some(mask) = &job.mask {
        parts.push(BodyPart::text(",\"mask\":"));
        parts.extend(json_object("image_url", mask));
    }
    parts
}

/// Builds the field `"image":{"url":…}`, or `"images":[…]` for several images.
fn xai_images(job: &ImageJob) -> Vec<BodyPart> {
    match job.references.as_slice() {
        [image] => std::iter::once(BodyPart::text("\"image\":")).chain(json_object("url", image)).collect(),
        images => json_list("images", images.iter().map(|image| json_object("url", image))),
    }
}

fn json_list(field: &str, items: impl Iterator<Item = Vec<BodyPart>>) -> Vec<BodyPart> {
    let mut parts = vec![BodyPart::text(format!("{}:[", Value::from(field)))];
    for (index, item) in items.enumerate() {
        if index > 0 {
            parts.push(BodyPart::text(","));
        }
        parts.extend(item);
    }
    parts.push(BodyPart::text("]"));
    parts
}

fn json_object(key: &str, image: &Reference) -> Vec<BodyPart> {
    let start = std::iter::once(BodyPart::text(format!("{{\"{key}\":")));
    start.chain(json_string(image, ImageEncoding::DataUrl)).chain([BodyPart::text("}")]).collect()
}

fn json_string(image: &Reference, encoding: ImageEncoding) -> Vec<BodyPart> {
    let start = match encoding {
        ImageEncoding::Base64 => "\"".to_owned(),
        ImageEncoding::DataUrl => format!("\"data:{};base64,", image.facts.media_type.as_str()),
    };
    vec![BodyPart::text(start), BodyPart::image(image, Encoding::Base64), BodyPart::text("\"")]
}

#[cfg(test)]
mod tests;
