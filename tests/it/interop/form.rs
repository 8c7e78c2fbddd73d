//! Converts a multipart form to the object that OpenAI's document describes.

use serde_json::{Map, Value};

/// The first bytes of a file, by media type.
const SIGNATURES: [(&str, &[u8]); 3] =
    [("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff"), ("image/webp", b"RIFF")];

/// One field of a form.
pub(crate) struct Part<'a> {
    pub(crate) head: &'a str,
    pub(crate) content: &'a [u8],
}

impl Part<'_> {
    /// A parameter of its `Content-Disposition`.
    fn parameter(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.head.split_once(&format!("; {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    }

    pub(crate) fn name(&self) -> &str {
        self.parameter("name").unwrap_or_default()
    }

    fn media_type(&self) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix("Content-Type: "))
    }
}

/// The parts of a body. The content type has the boundary.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, String> {
    let (_, boundary) = content_type.split_once("boundary=").ok_or("the form has no boundary")?;
    let limit = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&limit.as_bytes()[2..]).ok_or("the form does not begin with its boundary")?;
    let mut parts = Vec::new();
    while rest != b"--\r\n" {
        let part = rest.strip_prefix(b"\r\n").ok_or("a part does not begin on a line of its own")?;
        let end = find(part, limit.as_bytes()).ok_or("a part has no end")?;
        let head = find(&part[..end], b"\r\n\r\n").ok_or("a part has no head")?;
        let text = std::str::from_utf8(&part[..head]).map_err(|_| "the head of a part is not text")?;
        parts.push(Part { head: text, content: &part[head + 4..end] });
        rest = &part[end + limit.len()..];
    }
    Ok(parts)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The form as JSON. A file becomes a string without its bytes, and `image[]` becomes the list `image`.
pub(crate) fn object(parts: &[Part<'_>]) -> Result<Value, String> {
    let mut object = Map::new();
    let mut images = Vec::new();
    for part in parts {
        let name = part.name();
        let value = match part.parameter("filename") {
            Some(_) => file(part)?,
            None if matches!(name, "image" | "image[]" | "mask") => return Err(format!("{name}: not a file")),
            None => text(name, std::str::from_utf8(part.content).map_err(|_| format!("{name}: not text"))?),
        };
        if name == "image[]" {
            images.push(value);
        } else if object.insert(name.to_owned(), value).is_some() {
            return Err(format!("{name}: sent twice"));
        }
    }
    if !images.is_empty() && object.insert("image".to_owned(), Value::Array(images)).is_some() {
        return Err("image: sent beside image[]".to_owned());
    }
    Ok(Value::Object(object))
}

fn file(part: &Part<'_>) -> Result<Value, String> {
    let media_type = part.media_type().unwrap_or_default();
    let known = SIGNATURES.iter().find(|(known, _)| *known == media_type);
    let (_, signature) = known.ok_or_else(|| format!("{}: a file of type {media_type:?}", part.name()))?;
    if !part.content.starts_with(signature) {
        return Err(format!("{}: no file of type {media_type}", part.name()));
    }
    Ok(Value::from("file"))
}

/// Parses numbers and booleans, which are text in a form.
fn text(name: &str, text: &str) -> Value {
    let is_text = !matches!(name, "n" | "partial_images" | "output_compression" | "stream");
    let value = if is_text { None } else { serde_json::from_str(text).ok() };
    value.unwrap_or_else(|| Value::from(text))
}
