//! `multipart/form-data` with images from disk (RFC 7578).
//!
//! By hand because the body must be one list of [`BodyPart`]s, which also ask the send gate; see [`crate::http`].

use std::hash::{BuildHasher, Hasher, RandomState};

use easel_imagegen::port::Reference;
use serde_json::{Map, Value};

use super::{EDITS, ImagesRequest};
use crate::http::{BodyPart, Encoding};

/// Builds a request of the fields, the images in their order, and the mask in its own field.
pub(super) fn request(
    fields: &Map<String, Value>,
    image_field: &str,
    images: &[Reference],
    mask: Option<(&Reference, &str)>,
) -> ImagesRequest {
    let boundary = boundary();
    let mut parts = Vec::new();
    for (name, value) in fields {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = quote(name);
        parts.push(BodyPart::text(format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )));
    }
    for (number, image) in (1..).zip(images) {
        parts.extend(file_field(&boundary, image_field, &format!("image-{number}"), image));
    }
    if let Some((mask, field)) = mask {
        parts.extend(file_field(&boundary, field, "mask", mask));
    }
    parts.push(BodyPart::text(format!("--{boundary}--\r\n")));
    ImagesRequest { path: EDITS, content_type: format!("multipart/form-data; boundary={boundary}"), parts }
}

/// Builds the part of a file. Its real name is private, and servers derive the format from the extension.
fn file_field(boundary: &str, field: &str, stem: &str, image: &Reference) -> [BodyPart; 3] {
    let (field, kind) = (quote(field), image.facts.media_type);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{stem}.{}\"\r\nContent-Type: {}\r\n\r\n",
        kind.extension(),
        kind.as_str()
    );
    [BodyPart::text(head), BodyPart::image(image, Encoding::Raw), BodyPart::text("\r\n")]
}

/// Escapes a name like browsers do (WHATWG HTML, section 4.10.21.8).
fn quote(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a boundary with 128 random bits, which no author of a prompt or an image can guess.
fn boundary() -> String {
    let bits = || RandomState::new().build_hasher().finish();
    format!("easel-{:016x}{:016x}", bits(), bits())
}
