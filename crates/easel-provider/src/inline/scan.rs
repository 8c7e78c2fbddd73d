//! A scanner over JSON as it arrives, which takes the images out.
//!
//! The values of the keys of its [`Dialect`] are decoded and handed on at once. In what is left they are numbers that
//! count from 0, and that is small enough to be parsed as a whole. The scanner holds that rest and one
//! block of base64, however large the images are. It believes nothing about the JSON: text that is none comes out as it
//! went in, and the parser refuses it.

mod image;

use super::Unfit;
use super::base64::{Decoder, NotBase64};

/// Bytes of JSON without its images.
const MAX_REST_OF_IMAGES: usize = 1 << 20;
const MAX_REST_OF_RESPONSES: usize = 16 << 20;
/// One byte more than the longest key, which tells that a string is none.
const MAX_NAME: usize = b"partial_image_b64".len() + 1;

/// Which keys hold images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `b64_json`, and `url` where it is a data URL.
    Images,
    /// `result` and `partial_image_b64`.
    Responses,
}

/// What the scanner finds, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Begin,
    Bytes(&'a [u8]),
    End(Result<(), NotBase64>),
}

#[derive(Debug)]
pub(super) struct Scanner {
    dialect: Dialect,
    state: State,
    /// The string that ended last, as far as it can be a key that matters.
    name: Vec<u8>,
    before: Before,
    rest: Vec<u8>,
    decoder: Decoder,
    broken: bool,
    images: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Text,
    TextEscape,
    /// In a value that may be an image, after so many bytes of `data:`.
    Scheme {
        matched: usize,
        key: Key,
    },
    /// Between `data:` and the comma.
    Header {
        length: usize,
    },
    Image,
    ImageEscape,
    ImageUnicode {
        digits: u8,
        value: u16,
    },
}

/// What stands before the next token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Other,
    Text,
    /// A string and a colon: the string is a key.
    Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Base64,
    Url,
}

impl Dialect {
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
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::Outside,
            name: Vec::new(),
            before: Before::Other,
            rest: Vec::new(),
            decoder: Decoder::default(),
            broken: false,
            images: 0,
        }
    }

    /// Takes more of the text, split wherever it may be.
    pub(super) fn feed(&mut self, mut text: &[u8], on: &mut impl FnMut(Piece<'_>)) -> Result<(), Unfit> {
        while let [first, after @ ..] = text {
            text = match self.state {
                State::Outside => self.outside(*first, after),
                State::Text => self.text(text),
                State::TextEscape => {
                    self.rest.push(*first);
                    self.state = State::Text;
                    after
                }
                State::Scheme { matched, key } => self.scheme(matched, key, text, on),
                State::Header { length } => self.header(length, *first, after, on),
                State::Image => self.image(text, on),
                State::ImageEscape => self.escape(*first, after, on),
                State::ImageUnicode { digits, value } => self.unicode(digits, value, *first, after, on),
            };
            if self.rest.len() > self.dialect.max_rest() {
                return Err(Unfit::TooLong);
            }
        }
        Ok(())
    }

    /// The JSON without the images; the scanner begins anew.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        std::mem::replace(self, Self::new(self.dialect)).rest
    }

    /// Bytes of memory in use.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.name.capacity() + self.rest.capacity() + self.decoder.held()
    }

    fn outside<'a>(&mut self, byte: u8, after: &'a [u8]) -> &'a [u8] {
        let key = match (byte, self.before) {
            (b'"', Before::Key) => self.dialect.key(&self.name),
            _ => None,
        };
        match byte {
            b'"' => {
                self.name.clear();
                self.before = Before::Other;
                // The quote of an image is written only when it turns out to be none.
                self.state = key.map_or(State::Text, |key| State::Scheme { matched: 0, key });
            }
            b':' if self.before == Before::Text => self.before = Before::Key,
            byte if byte.is_ascii_whitespace() => {}
            _ => self.before = Before::Other,
        }
        if key.is_none() {
            self.rest.push(byte);
        }
        after
    }

    fn text<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let end = memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len());
        let (now, after) = text.split_at(end);
        self.rest.extend_from_slice(now);
        let room = MAX_NAME.saturating_sub(self.name.len());
        self.name.extend_from_slice(&now[..now.len().min(room)]);
        let Some((byte, after)) = after.split_first() else { return after };
        self.rest.push(*byte);
        if *byte == b'"' {
            (self.state, self.before) = (State::Outside, Before::Text);
        } else {
            // A key with an escape in it is read as another key: no server writes these so.
            self.name.resize(MAX_NAME, b'\\');
            self.state = State::TextEscape;
        }
        after
    }
}

#[cfg(test)]
mod tests;
