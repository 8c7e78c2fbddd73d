//! Images inside JSON: the scanner finds what a parser of the whole text finds, wherever the text is cut.

#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use easel_fuzz::chunks::cut;
use easel_fuzz::files::MemoryFiles;
use easel_fuzz::memory::with_limit;
use easel_provider::fuzzing::{Extracted, KeySet, extract_images};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// Bytes between `data:` and the comma, as JSON.
const MAX_HEADER: usize = 256;

/// Padding is optional.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    sizes: [u8; 3],
    is_response: bool,
    limit: u8,
    text: Text<'a>,
}

#[derive(Arbitrary, Debug)]
enum Text<'a> {
    /// Any text.
    Raw(&'a [u8]),
    /// A JSON document, with white space or not.
    Tree { root: Vec<(Key<'a>, Node<'a>)>, is_pretty: bool },
}

#[derive(Arbitrary, Debug)]
enum Node<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Image { bytes: &'a [u8], is_padded: bool, is_url: bool },
    List(Vec<Node<'a>>),
    Object(Vec<(Key<'a>, Node<'a>)>),
}

#[derive(Arbitrary, Debug)]
enum Key<'a> {
    B64Json,
    Url,
    Result,
    PartialImage,
    Other(&'a str),
}

fuzz_target!(|input: Input<'_>| {
    let keys = if input.is_response { KeySet::Responses } else { KeySet::Images };
    let limit = usize::from(input.limit);
    match input.text {
        Text::Raw(text) => check_cuts(keys, limit, text, &input.sizes),
        Text::Tree { root, is_pretty } => {
            let mut json = Node::Object(root).into_json();
            let text = if is_pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
            let text = text.expect("JSON").into_bytes();
            check_cuts(keys, limit, &text, &input.sizes);
            // The parser of the whole text limits its depth.
            if serde_json::from_slice::<Value>(&text).is_err() {
                return;
            }
            let (found, rest) = extract(keys, usize::MAX, &[&text]).expect("a short text");
            let mut images = Vec::new();
            replace_images(&mut json, keys, &mut images);
            assert_eq!(serde_json::from_slice::<Value>(&rest).expect("JSON"), json);
            assert_eq!(found, images);
        }
    }
});

/// The result does not depend on where the text is cut, and all that is kept is in proportion to the text.
fn check_cuts(keys: KeySet, limit: usize, text: &[u8], sizes: &[u8]) {
    let whole = extract(keys, limit, &[text]);
    assert_eq!(extract(keys, limit, &cut(text, sizes)), whole);
    if let Some((images, rest)) = whole {
        let kept = images.iter().filter(|image| matches!(image, Extracted::Complete(_))).count();
        assert!(kept <= limit && rest.len() <= 2 * text.len());
    }
}

fn extract(keys: KeySet, limit: usize, chunks: &[&[u8]]) -> Option<(Vec<Extracted<Vec<u8>>>, Vec<u8>)> {
    let bytes: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let files = Arc::new(MemoryFiles::default());
    with_limit((128 << 10) + 64 * bytes, || extract_images(keys, files, limit, chunks.iter().copied()))
}

/// Replaces the images of a document with their numbers, as a parser does that has the whole document.
fn replace_images(json: &mut Value, keys: KeySet, images: &mut Vec<Extracted<Vec<u8>>>) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| replace_images(item, keys, images)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if let Some(image) = value.as_str().and_then(|text| to_image(keys, key, text)) {
                    *value = images.len().into();
                    images.push(image);
                } else {
                    replace_images(value, keys, images);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns the image of a field, or `None` if the field cannot be one.
fn to_image(keys: KeySet, key: &str, text: &str) -> Option<Extracted<Vec<u8>>> {
    let is_base64 = match keys {
        KeySet::Images => key == "b64_json",
        KeySet::Responses => matches!(key, "result" | "partial_image_b64"),
    };
    let data = text.strip_prefix("data:");
    if !is_base64 && (data.is_none() || keys == KeySet::Responses || key != "url") {
        return None;
    }
    let encoded = match data.map(|data| data.split_once(',')) {
        None => Some(text),
        Some(Some((header, encoded))) if Value::from(header).to_string().len() - 2 <= MAX_HEADER => Some(encoded),
        Some(_) => None,
    };
    // A line break in base64 is skipped.
    let decoded = encoded.and_then(|encoded| {
        let encoded: String = encoded.chars().filter(|char| !matches!(char, '\n' | '\r' | '\t')).collect();
        BASE64.decode(encoded).ok()
    });
    Some(match decoded {
        Some(bytes) if bytes.is_empty() => Extracted::Empty,
        Some(bytes) => Extracted::Complete(bytes),
        None => Extracted::Invalid,
    })
}

impl Node<'_> {
    fn into_json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => number.into(),
            Self::Text(text) => text.into(),
            Self::Image { bytes, is_padded, is_url } => {
                let encoded = if is_padded { STANDARD.encode(bytes) } else { STANDARD_NO_PAD.encode(bytes) };
                if is_url { format!("data:image/png;base64,{encoded}").into() } else { encoded.into() }
            }
            Self::List(nodes) => nodes.into_iter().map(Self::into_json).collect(),
            Self::Object(fields) => {
                let fields = fields.into_iter().map(|(key, node)| (key.as_str().to_owned(), node.into_json()));
                fields.collect::<Map<_, _>>().into()
            }
        }
    }
}

impl Key<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::B64Json => "b64_json",
            Self::Url => "url",
            Self::Result => "result",
            Self::PartialImage => "partial_image_b64",
            Self::Other(key) => key,
        }
    }
}
