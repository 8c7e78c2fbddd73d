//! `multipart/form-data` with images from disk (RFC 7578).

use std::hash::{BuildHasher, Hasher, RandomState};

use easel_imagegen::port::Reference;
use serde_json::{Map, Value};

use super::{EDITS, Request, Segment};

/// The fields, then the images in their order, then the mask in a field of its own.
pub(super) fn request(
    fields: &Map<String, Value>,
    image_field: &str,
    images: &[Reference],
    mask: Option<(&Reference, &str)>,
) -> Request {
    let boundary = boundary();
    let mut body = Vec::new();
    for (name, value) in fields {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = quoted(name);
        body.push(Segment::Text(format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )));
    }
    for (number, image) in (1..).zip(images) {
        body.extend(part(&boundary, image_field, &format!("image-{number}"), image));
    }
    if let Some((mask, field)) = mask {
        body.extend(part(&boundary, field, "mask", mask));
    }
    body.push(Segment::Text(format!("--{boundary}--\r\n")));
    Request { path: EDITS, content_type: format!("multipart/form-data; boundary={boundary}"), body }
}

/// The file's own name stays here: it is nobody's business, and servers tell the format from the extension.
fn part(boundary: &str, field: &str, stem: &str, image: &Reference) -> [Segment; 3] {
    let (field, kind) = (quoted(field), image.facts.media_type);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{stem}.{}\"\r\nContent-Type: {}\r\n\r\n",
        kind.extension(),
        kind.as_str()
    );
    [Segment::Text(head), Segment::Bytes(image.clone()), Segment::Text("\r\n".to_owned())]
}

/// As browsers write names: these three characters would end the name.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// 128 bits that nobody who writes a prompt or an image can guess.
fn boundary() -> String {
    let bits = || RandomState::new().build_hasher().finish();
    format!("easel-{:016x}{:016x}", bits(), bits())
}
