//! A scanner that extracts images from JSON while it arrives.
//!
//! The scanner decodes the values of its [`ImageKeys`] at once and replaces them with numbers that count up from 0. It
//! buffers the rest of the JSON and one block of base64, however large the images are. It does not validate: text that
//! is not JSON passes unchanged, and the parser rejects it later.

mod image_value;

use super::BodyTooLarge;
use super::base64::{Base64Decoder, InvalidBase64};

/// Bytes of an images response without its images.
const MAX_REST_OF_IMAGES: usize = 1 << 20;
/// Bytes of an event or a body of the Responses API without its images.
const MAX_REST_OF_RESPONSES: usize = 16 << 20;
/// One byte more than the longest key. A string of this length is not a key.
const MAX_KEY: usize = b"partial_image_b64".len() + 1;

/// The keys whose values are images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImageKeys {
    /// `b64_json`, and `url` if it is a data URL.
    Images,
    /// `result` and `partial_image_b64`.
    Responses,
}

/// An event of the scanner. Each image is a start, data and an end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ImageEvent<'a> {
    Start,
    Data(&'a [u8]),
    End(Result<(), InvalidBase64>),
}

#[derive(Debug)]
pub(super) struct Scanner {
    keys: ImageKeys,
    state: State,
    /// The last string, or its start if it is too long for a key.
    name: Vec<u8>,
    before: Before,
    /// The JSON without its images.
    rest: Vec<u8>,
    decoder: Base64Decoder,
    /// Whether the current image cannot be decoded.
    is_invalid: bool,
    /// The number of images so far.
    images: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    String,
    StringEscape,
    /// In a value that may be an image, after this many bytes of `data:`.
    Scheme {
        matched: usize,
        key: Key,
    },
    /// Between `data:` and the comma, after this many bytes.
    Header {
        length: usize,
    },
    /// After a backslash there.
    HeaderEscape {
        length: usize,
    },
    Image,
    ImageEscape,
    ImageUnicode {
        digits: u8,
        value: u16,
    },
}

/// The tokens before the next token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Other,
    String,
    /// A string and a colon, so the string is a key.
    Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Base64,
    Url,
}

impl ImageKeys {
    fn key(self, name: &[u8]) -> Option<Key> {
        match (self, name) {
            (Self::Images, b"b64_json") | (Self::Responses, b"result" | b"partial_image_b64") => Some(Key::Base64),
            (Self::Images, b"url") => Some(Key::Url),
            _ => None,
        }
    }

    const fn max_rest(self) -> usize {
        match self {
            Self::Images => MAX_REST_OF_IMAGES,
            Self::Responses => MAX_REST_OF_RESPONSES,
        }
    }
}

impl Scanner {
    pub(super) fn new(keys: ImageKeys) -> Self {
        Self {
            keys,
            state: State::Outside,
            name: Vec::new(),
            before: Before::Other,
            rest: Vec::new(),
            decoder: Base64Decoder::default(),
            is_invalid: false,
            images: 0,
        }
    }

    /// Scans the next bytes of the text and passes the events of images to `on`.
    ///
    /// # Errors
    ///
    /// Fails if the JSON without its images is too long.
    pub(super) fn feed(&mut self, mut text: &[u8], on: &mut impl FnMut(ImageEvent<'_>)) -> Result<(), BodyTooLarge> {
        while let [first, after @ ..] = text {
            text = match self.state {
                State::Outside => self.scan_outside(*first, after),
                State::String => self.scan_string(text),
                State::StringEscape => {
                    self.rest.push(*first);
                    self.state = State::String;
                    after
                }
                State::Scheme { matched, key } => self.scan_scheme(matched, key, text, on),
                State::Header { length } => self.scan_header(length, *first, after, on),
                State::HeaderEscape { length } => {
                    self.state = State::Header { length };
                    after
                }
                State::Image => self.scan_image(text, on),
                State::ImageEscape => self.scan_escape(*first, after, on),
                State::ImageUnicode { digits, value } => self.scan_unicode(digits, value, *first, after, on),
            };
            if self.rest.len() > self.keys.max_rest() {
                return Err(BodyTooLarge::Json);
            }
        }
        Ok(())
    }

    /// Takes the JSON without its images. The scanner is then ready for the next text.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        std::mem::replace(self, Self::new(self.keys)).rest
    }

    /// Returns the bytes of memory in use.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.name.capacity() + self.rest.capacity() + self.decoder.memory()
    }

    fn scan_outside<'a>(&mut self, byte: u8, after: &'a [u8]) -> &'a [u8] {
        let key = match (byte, self.before) {
            (b'"', Before::Key) => self.keys.key(&self.name),
            _ => None,
        };
        match byte {
            b'"' => {
                self.name.clear();
                self.before = Before::Other;
                // The quote belongs to the rest only if the value turns out not to be an image.
                self.state = key.map_or(State::String, |key| State::Scheme { matched: 0, key });
            }
            b':' if self.before == Before::String => self.before = Before::Key,
            byte if byte.is_ascii_whitespace() => {}
            _ => self.before = Before::Other,
        }
        if key.is_none() {
            self.rest.push(byte);
        }
        after
    }

    fn scan_string<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let end = memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len());
        let (now, after) = text.split_at(end);
        self.rest.extend_from_slice(now);
        let room = MAX_KEY.saturating_sub(self.name.len());
        self.name.extend_from_slice(&now[..now.len().min(room)]);
        let Some((byte, after)) = after.split_first() else { return after };
        self.rest.push(*byte);
        if *byte == b'"' {
            (self.state, self.before) = (State::Outside, Before::String);
        } else {
            // A key with an escape counts as a different key. No server escapes these keys.
            self.name.resize(MAX_KEY, b'\\');
            self.state = State::StringEscape;
        }
        after
    }
}

#[cfg(test)]
mod tests;
