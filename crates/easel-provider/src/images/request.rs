//! What is asked of a provider, as its record says it, without a byte of an image: only where in the body each goes.

mod fields;
mod multipart;

use easel_imagegen::port::{ImageJob, Reference, image_error};
use easel_protocol::record::{ImageError, ImageErrorKind};
use serde_json::{Map, Value};

use crate::profile::{ApiProfile, Edit, ImageEncoding};

pub(super) use fields::{ResponseFormatSent, streams};

/// A request below the provider's base URL.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) path: &'static str,
    pub(super) content_type: String,
    pub(super) body: Vec<Segment>,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    Text(String),
    /// The image's bytes.
    Bytes(Reference),
    /// The image's bytes in base64.
    Base64(Reference),
}

const GENERATIONS: &str = "images/generations";
const EDITS: &str = "images/edits";

/// The request for a job. `model` is the provider's image model.
///
/// # Errors
/// The job asks for what the provider does not take. Nothing is sent then.
pub(super) fn request(
    record: &ApiProfile,
    model: &str,
    job: &ImageJob,
    response_format: ResponseFormatSent,
) -> Result<Request, ImageError> {
    check(record, job)?;
    let fields = fields::fields(record, model, job, response_format)?;
    if job.references.is_empty() {
        return Ok(json(GENERATIONS, &fields, Vec::new()));
    }
    match &record.edit {
        Edit::None => Err(invalid("this provider cannot edit images")),
        Edit::Multipart { image_field, mask_field } => {
            let mask = job.mask.as_ref().zip(mask_field.as_deref());
            Ok(multipart::request(&fields, image_field, &job.references, mask))
        }
        Edit::JsonImages => Ok(json(EDITS, &fields, openai_images(job))),
        Edit::JsonXai => Ok(json(EDITS, &fields, xai_images(job))),
        Edit::GenerateJson { field, encoding } => {
            Ok(json(GENERATIONS, &fields, list(field, job.references.iter().map(|image| encoded(image, *encoding)))))
        }
    }
}

fn check(record: &ApiProfile, job: &ImageJob) -> Result<(), ImageError> {
    let takes_mask = match &record.edit {
        Edit::Multipart { mask_field, .. } => mask_field.is_some(),
        Edit::JsonImages => true,
        Edit::None | Edit::JsonXai | Edit::GenerateJson { .. } => false,
    };
    if job.mask.is_some() && (!takes_mask || job.references.is_empty()) {
        return Err(invalid("this provider takes no mask here"));
    }
    let limits = &record.limits;
    if job.references.len() > limits.max_images {
        return Err(invalid(&format!("this provider takes at most {} images in one edit", limits.max_images)));
    }
    Ok(())
}

/// What the image is called in a message.
pub(super) fn name(image: &Reference) -> String {
    image.id.as_ref().map_or_else(|| image.path.display().to_string(), ToString::to_string)
}

fn invalid(message: &str) -> ImageError {
    image_error(ImageErrorKind::InvalidArguments, message)
}

/// A JSON object of `fields`, then `more`, which is JSON with images in it.
fn json(path: &'static str, fields: &Map<String, Value>, more: Vec<Segment>) -> Request {
    let mut text = Value::Object(fields.clone()).to_string();
    let mut body = Vec::with_capacity(more.len() + 2);
    if more.is_empty() {
        body.push(Segment::Text(text));
    } else {
        // The fields are never empty: a prompt is always there.
        text.pop();
        text.push(',');
        body.push(Segment::Text(text));
        body.extend(more);
        body.push(Segment::Text("}".to_owned()));
    }
    Request { path, content_type: "application/json".to_owned(), body }
}

/// `"images":[{"image_url":…}]` and `"mask":{"image_url":…}`.
fn openai_images(job: &ImageJob) -> Vec<Segment> {
    let mut more = list("images", job.references.iter().map(|image| object("image_url", image)));
    if let Some(mask) = &job.mask {
        more.push(Segment::Text(",\"mask\":".to_owned()));
        more.extend(object("image_url", mask));
    }
    more
}

/// `"image":{"url":…}`, or `"images":[…]` for several.
fn xai_images(job: &ImageJob) -> Vec<Segment> {
    match job.references.as_slice() {
        [image] => std::iter::once(Segment::Text("\"image\":".to_owned())).chain(object("url", image)).collect(),
        images => list("images", images.iter().map(|image| object("url", image))),
    }
}

fn list(field: &str, items: impl Iterator<Item = Vec<Segment>>) -> Vec<Segment> {
    let mut more = vec![Segment::Text(format!("{}:[", Value::from(field)))];
    for (index, item) in items.enumerate() {
        if index > 0 {
            more.push(Segment::Text(",".to_owned()));
        }
        more.extend(item);
    }
    more.push(Segment::Text("]".to_owned()));
    more
}

fn object(key: &str, image: &Reference) -> Vec<Segment> {
    let start = std::iter::once(Segment::Text(format!("{{\"{key}\":")));
    start.chain(encoded(image, ImageEncoding::DataUrl)).chain([Segment::Text("}".to_owned())]).collect()
}

/// A JSON string.
fn encoded(image: &Reference, encoding: ImageEncoding) -> Vec<Segment> {
    let start = match encoding {
        ImageEncoding::Base64 => "\"".to_owned(),
        ImageEncoding::DataUrl => format!("\"data:{};base64,", image.facts.media_type.as_str()),
    };
    vec![Segment::Text(start), Segment::Base64(image.clone()), Segment::Text("\"".to_owned())]
}

#[cfg(test)]
mod tests;
