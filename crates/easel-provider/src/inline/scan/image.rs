//! The scanner inside a value that is an image, or may be one.

use super::{Key, Piece, Scanner, State};
use crate::inline::base64::NotBase64;

/// Between `data:` and the comma; a media type and its parameters are much shorter.
const MAX_HEADER: usize = 256;
const DATA: &[u8] = b"data:";

impl Scanner {
    pub(super) fn scheme<'a>(
        &mut self,
        matched: usize,
        key: Key,
        text: &'a [u8],
        on: &mut impl FnMut(Piece<'_>),
    ) -> &'a [u8] {
        let [first, after @ ..] = text else { return text };
        if *first == DATA[matched] {
            self.state = match matched + 1 {
                matched if matched == DATA.len() => {
                    self.begin(on);
                    State::Header { length: 0 }
                }
                matched => State::Scheme { matched, key },
            };
            return after;
        }
        match key {
            Key::Url => {
                self.rest.push(b'"');
                self.rest.extend_from_slice(&DATA[..matched]);
                self.state = State::Text;
            }
            Key::Base64 => {
                self.begin(on);
                self.decode(&DATA[..matched], on);
                self.state = State::Image;
            }
        }
        text
    }

    /// The media type is not believed anyway: the content says what it is.
    pub(super) fn header<'a>(
        &mut self,
        length: usize,
        byte: u8,
        after: &'a [u8],
        on: &mut impl FnMut(Piece<'_>),
    ) -> &'a [u8] {
        match byte {
            b',' => self.state = State::Image,
            b'"' => {
                self.broken = true;
                self.end(on);
            }
            _ if length < MAX_HEADER => self.state = State::Header { length: length + 1 },
            _ => {
                self.broken = true;
                self.state = State::Image;
            }
        }
        after
    }

    pub(super) fn image<'a>(&mut self, text: &'a [u8], on: &mut impl FnMut(Piece<'_>)) -> &'a [u8] {
        let end = memchr::memchr3(b'"', b'\\', b'\n', text).unwrap_or(text.len());
        let (now, after) = text.split_at(end);
        self.decode(now, on);
        let Some((byte, after)) = after.split_first() else { return after };
        match byte {
            b'"' => self.end(on),
            b'\\' => self.state = State::ImageEscape,
            // A line break that an event stream put there.
            _ => {}
        }
        after
    }

    pub(super) fn escape<'a>(&mut self, byte: u8, after: &'a [u8], on: &mut impl FnMut(Piece<'_>)) -> &'a [u8] {
        self.state = State::Image;
        match byte {
            b'/' => self.decode(b"/", on),
            b'n' | b'r' | b't' => {}
            b'u' => self.state = State::ImageUnicode { digits: 0, value: 0 },
            _ => self.broken = true,
        }
        after
    }

    pub(super) fn unicode<'a>(
        &mut self,
        digits: u8,
        value: u16,
        byte: u8,
        after: &'a [u8],
        on: &mut impl FnMut(Piece<'_>),
    ) -> &'a [u8] {
        let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok()) else {
            self.broken = true;
            self.state = State::Image;
            return after;
        };
        let value = value << 4 | digit;
        if digits < 3 {
            self.state = State::ImageUnicode { digits: digits + 1, value };
            return after;
        }
        self.state = State::Image;
        match u8::try_from(value) {
            Ok(byte) => self.decode(&[byte], on),
            Err(_) => self.broken = true,
        }
        after
    }

    fn begin(&mut self, on: &mut impl FnMut(Piece<'_>)) {
        self.broken = false;
        on(Piece::Begin);
    }

    /// What cannot be decoded is read on to its closing quote: the images after it may be well.
    fn decode(&mut self, text: &[u8], on: &mut impl FnMut(Piece<'_>)) {
        if !self.broken {
            self.broken = self.decoder.feed(text, &mut |bytes| on(Piece::Bytes(bytes))).is_err();
        }
    }

    fn end(&mut self, on: &mut impl FnMut(Piece<'_>)) {
        let rest = self.decoder.finish(&mut |bytes| on(Piece::Bytes(bytes)));
        on(Piece::End(if self.broken { Err(NotBase64) } else { rest }));
        self.rest.extend_from_slice(self.images.to_string().as_bytes());
        self.images += 1;
        self.state = State::Outside;
    }
}
