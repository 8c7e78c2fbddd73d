//! A parser of server-sent events (WHATWG HTML, section 9.2) for bytes that may be split anywhere.
//!
//! The parser visits each byte once and keeps only the name of the current event. It is written by hand because event
//! stream crates buffer whole events, and an event with an image has tens of MiB.

use memchr::{memchr2, memchr3};

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes that are kept of the name of an event and of the name of a field. All names that Easel knows are shorter.
const MAX_NAME: usize = 64;

/// A part of the stream, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A part of the data of the current event.
    Data(&'a [u8]),
    /// The end of an event with data.
    End,
}

/// An incremental parser of the `text/event-stream` format. It skips comments, events without data, and all fields
/// except `event` and `data`.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    position: Position,
    /// The name of the current field so far.
    field: Vec<u8>,
    /// The value of the `event` field of the current event.
    event: Vec<u8>,
    /// Whether the last byte was a carriage return. A line feed right after it does not end another line.
    after_return: bool,
    is_after_first_line: bool,
    /// Whether the current event has a line of data.
    has_data_line: bool,
    /// Whether the current event has data other than one empty line.
    has_data: bool,
    /// Whether the current event has ended. Its name is kept until the next byte.
    has_ended: bool,
}

/// The position of the next byte in its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Position {
    #[default]
    Name,
    /// After the colon. One space here is not part of the value.
    ValueStart(Field),
    Value(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    /// A comment or an unknown field.
    Other,
}

impl Parser {
    /// Returns the name of the current event so far. Servers send it before the data, but do not have to. At the end of
    /// an event, returns the name of that event.
    pub(crate) fn event(&self) -> &[u8] {
        &self.event
    }

    /// Returns the next frame and removes what it has parsed from `bytes`. Returns `None` when all bytes are parsed.
    ///
    /// The format says to discard an event at the end of a stream that no empty line has ended. Two line feeds end it.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Frame<'a>> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.has_ended) {
                self.event.clear();
            }
            let follows_return = std::mem::replace(&mut self.after_return, first == b'\r');
            let (len, frame) = match (self.position, first) {
                (_, b'\n') if follows_return => (1, None),
                (_, b'\r' | b'\n') => (1, self.end_line()),
                (Position::Name, b':') => (1, self.begin_value()),
                (Position::Name, _) => {
                    let len = memchr3(b':', b'\r', b'\n', bytes).unwrap_or(bytes.len());
                    append(&mut self.field, &bytes[..len]);
                    (len, None)
                }
                (Position::ValueStart(field), b' ') => {
                    self.position = Position::Value(field);
                    (1, None)
                }
                (Position::ValueStart(field) | Position::Value(field), _) => {
                    self.position = Position::Value(field);
                    let len = memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
                    (len, self.parse_value(field, &bytes[..len]))
                }
            };
            *bytes = &bytes[len..];
            if frame.is_some() {
                return frame;
            }
        }
        None
    }

    fn begin_value(&mut self) -> Option<Frame<'static>> {
        let field = match self.field_name() {
            b"data" => Field::Data,
            b"event" => Field::Event,
            _ => Field::Other,
        };
        self.position = Position::ValueStart(field);
        match field {
            // Lines of data are joined by a line feed.
            Field::Data if std::mem::replace(&mut self.has_data_line, true) => {
                self.has_data = true;
                Some(Frame::Data(b"\n"))
            }
            // The last `event` line of an event wins.
            Field::Event => {
                self.event.clear();
                None
            }
            Field::Data | Field::Other => None,
        }
    }

    fn parse_value<'a>(&mut self, field: Field, part: &'a [u8]) -> Option<Frame<'a>> {
        match field {
            Field::Data => {
                self.has_data = true;
                Some(Frame::Data(part))
            }
            Field::Event => {
                append(&mut self.event, part);
                None
            }
            Field::Other => None,
        }
    }

    fn end_line(&mut self) -> Option<Frame<'static>> {
        let frame = match self.position {
            Position::Name if self.field_name().is_empty() => {
                self.has_data_line = false;
                self.has_ended = true;
                std::mem::take(&mut self.has_data).then_some(Frame::End)
            }
            // A field without a colon has an empty value.
            Position::Name => self.begin_value(),
            Position::ValueStart(_) | Position::Value(_) => None,
        };
        (self.position, self.is_after_first_line) = (Position::Name, true);
        self.field.clear();
        frame
    }

    /// Returns the name of the current field. A byte order mark at the start of the stream is not part of it.
    fn field_name(&self) -> &[u8] {
        let mark = if self.is_after_first_line { b"" } else { BYTE_ORDER_MARK };
        self.field.strip_prefix(mark).unwrap_or(&self.field)
    }
}

/// Appends a part of a name that may have any length.
fn append(name: &mut Vec<u8>, part: &[u8]) {
    let room = MAX_NAME - name.len();
    name.extend_from_slice(&part[..part.len().min(room)]);
}

#[cfg(test)]
mod tests;
