//! The scanner inside a value that is or may be an image.

use super::{ImageEvent, Key, Scanner, State};
use crate::json_images::base64::InvalidBase64;

/// Bytes between `data:` and the comma. A media type with its parameters is much shorter.
const MAX_HEADER: usize = 256;
const DATA: &[u8] = b"data:";

impl Scanner {
    /// Reads a value up to the end of `data:`, or up to the byte that differs.
    pub(super) fn scan_scheme<'a>(
        &mut self,
        matched: usize,
        key: Key,
        text: &'a [u8],
        on: &mut impl FnMut(ImageEvent<'_>),
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
                self.state = State::String;
            }
            Key::Base64 => {
                self.begin(on);
                self.decode(&DATA[..matched], on);
                self.state = State::Image;
            }
        }
        text
    }

    /// Skips the media type of a data URL. The content of the image decides its type.
    pub(super) fn scan_header<'a>(
        &mut self,
        length: usize,
        byte: u8,
        after: &'a [u8],
        on: &mut impl FnMut(ImageEvent<'_>),
    ) -> &'a [u8] {
        match byte {
            b',' if length <= MAX_HEADER => self.state = State::Image,
            b'"' => {
                self.is_invalid = true;
                self.end(on);
            }
            b'\\' => self.state = State::HeaderEscape { length: length + 2 },
            _ if length < MAX_HEADER => self.state = State::Header { length: length + 1 },
            _ => {
                self.is_invalid = true;
                self.state = State::Image;
            }
        }
        after
    }

    /// Decodes base64 up to the closing quote or an escape.
    pub(super) fn scan_image<'a>(&mut self, text: &'a [u8], on: &mut impl FnMut(ImageEvent<'_>)) -> &'a [u8] {
        let end = memchr::memchr3(b'"', b'\\', b'\n', text).unwrap_or(text.len());
        let (now, after) = text.split_at(end);
        self.decode(now, on);
        let Some((byte, after)) = after.split_first() else { return after };
        match byte {
            b'"' => self.end(on),
            b'\\' => self.state = State::ImageEscape,
            // A line break between two `data` lines of an event stream.
            _ => {}
        }
        after
    }

    /// Continues after a backslash. Some servers escape `/` and `+`, and some break lines.
    pub(super) fn scan_escape<'a>(
        &mut self,
        byte: u8,
        after: &'a [u8],
        on: &mut impl FnMut(ImageEvent<'_>),
    ) -> &'a [u8] {
        self.state = State::Image;
        match byte {
            b'/' => self.decode(b"/", on),
            b'n' | b'r' | b't' => {}
            b'u' => self.state = State::ImageUnicode { digits: 0, value: 0 },
            _ => self.is_invalid = true,
        }
        after
    }

    /// Reads one of the four digits of an escape such as `\u002b`.
    pub(super) fn scan_unicode<'a>(
        &mut self,
        digits: u8,
        value: u16,
        byte: u8,
        after: &'a [u8],
        on: &mut impl FnMut(ImageEvent<'_>),
    ) -> &'a [u8] {
        let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok()) else {
            self.is_invalid = true;
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
            Err(_) => self.is_invalid = true,
        }
        after
    }

    fn begin(&mut self, on: &mut impl FnMut(ImageEvent<'_>)) {
        self.is_invalid = false;
        on(ImageEvent::Start);
    }

    /// Decodes base64. Text that cannot be decoded is skipped to its closing quote, because later images may be valid.
    fn decode(&mut self, text: &[u8], on: &mut impl FnMut(ImageEvent<'_>)) {
        if !self.is_invalid {
            self.is_invalid = self.decoder.feed(text, &mut |bytes| on(ImageEvent::Data(bytes))).is_err();
        }
    }

    fn end(&mut self, on: &mut impl FnMut(ImageEvent<'_>)) {
        let rest = self.decoder.finish(&mut |bytes| on(ImageEvent::Data(bytes)));
        on(ImageEvent::End(if self.is_invalid { Err(InvalidBase64) } else { rest }));
        self.rest.extend_from_slice(self.images.to_string().as_bytes());
        self.images += 1;
        self.state = State::Outside;
    }
}
