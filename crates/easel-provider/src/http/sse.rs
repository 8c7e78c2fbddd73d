//! A parser of server-sent events (WHATWG HTML, section 9.2) for bytes that may be split anywhere.
//!
//! The parser visits each byte once and keeps only the name of the current event. It is written by hand because event
//! stream crates buffer whole events, and an event with an image has tens of MiB.

use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of an event's name that are kept. All names that Easel knows are shorter.
const MAX_NAME: usize = 64;

/// A part of the stream, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A part of an event's data. `event` is the name so far: servers send it before the data, but do not have to.
    Data { event: &'a [u8], part: &'a [u8] },
    /// The end of an event with data.
    End { event: &'a [u8] },
}

/// An incremental parser of the `text/event-stream` format. It skips comments, events without data, and all fields
/// except `event` and `data`.
#[derive(Debug)]
pub(crate) struct Parser {
    position: Position,
    /// Whether the last byte was a carriage return. A line feed right after it does not end another line.
    after_return: bool,
    /// Whether the current event has a line of data.
    has_data_line: bool,
    /// Whether the current event has data other than one empty line.
    has_data: bool,
    /// The value of the `event` field of the current event.
    event: Vec<u8>,
}

/// The position of the next byte in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Before the first line, after this many bytes of a byte order mark.
    Mark(usize),
    Start,
    /// After this many bytes of the name of a field.
    Name(Field, usize),
    /// After the colon. One space here is not part of the value.
    Space(Field),
    Value(Field),
    /// In a comment or an unknown field, up to the end of the line.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
}

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Data => b"data",
            Self::Event => b"event",
        }
    }
}

impl Parser {
    pub(crate) const fn new() -> Self {
        Self {
            position: Position::Mark(0),
            after_return: false,
            has_data_line: false,
            has_data: false,
            event: Vec::new(),
        }
    }

    /// Returns the name of the current event so far.
    pub(crate) fn event(&self) -> &[u8] {
        &self.event
    }

    /// Parses the next bytes of the stream and passes each frame to `on`.
    ///
    /// # Errors
    ///
    /// Stops at the first error of `on` and returns it.
    pub(crate) fn feed<E>(
        &mut self,
        mut bytes: &[u8],
        on: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some((&first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = rest;
                continue;
            }
            match memchr2(b'\r', b'\n', bytes) {
                None => return self.parse_part(bytes, on),
                Some(end) => {
                    self.parse_part(&bytes[..end], on)?;
                    self.after_return = bytes[end] == b'\r';
                    bytes = &bytes[end + 1..];
                    self.end_line(on)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the last event of a stream that ended without an empty line. The format says to discard such an event, so
    /// only callers that want it call this.
    ///
    /// # Errors
    ///
    /// Returns the error of `on`.
    pub(crate) fn finish<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        self.end_line(on)?;
        self.end_line(on)
    }

    /// Parses a part of a line.
    fn parse_part<E>(&mut self, mut bytes: &[u8], on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        while let Some((&first, rest)) = bytes.split_first() {
            self.position = match self.position {
                Position::Mark(read) if BYTE_ORDER_MARK.get(read) == Some(&first) => {
                    if read == 2 {
                        Position::Start
                    } else {
                        Position::Mark(read + 1)
                    }
                }
                // An incomplete byte order mark is the start of an unknown field.
                Position::Mark(read) => {
                    self.position = if read == 0 { Position::Start } else { Position::Other };
                    continue;
                }
                Position::Start => match first {
                    b'd' => Position::Name(Field::Data, 1),
                    b'e' => Position::Name(Field::Event, 1),
                    _ => Position::Other,
                },
                Position::Name(field, read) if field.name().get(read) == Some(&first) => {
                    Position::Name(field, read + 1)
                }
                Position::Name(field, read) if read == field.name().len() && first == b':' => {
                    self.begin_value(field, on)?;
                    Position::Space(field)
                }
                Position::Name(..) => Position::Other,
                Position::Space(field) => {
                    self.position = Position::Value(field);
                    if first != b' ' {
                        continue;
                    }
                    Position::Value(field)
                }
                Position::Value(field) => return self.parse_value(field, bytes, on),
                Position::Other => return Ok(()),
            };
            bytes = rest;
        }
        Ok(())
    }

    fn begin_value<E>(&mut self, field: Field, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        match field {
            // The last `event` line of an event wins.
            Field::Event => self.event.clear(),
            // Lines of data are joined by a line feed.
            Field::Data if std::mem::replace(&mut self.has_data_line, true) => {
                self.has_data = true;
                on(Frame::Data { event: &self.event, part: b"\n" })?;
            }
            Field::Data => {}
        }
        Ok(())
    }

    fn parse_value<E>(
        &mut self,
        field: Field,
        part: &[u8],
        on: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match field {
            Field::Event => {
                let room = MAX_NAME - self.event.len();
                self.event.extend_from_slice(&part[..part.len().min(room)]);
                Ok(())
            }
            Field::Data => {
                self.has_data = true;
                on(Frame::Data { event: &self.event, part })
            }
        }
    }

    fn end_line<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        match std::mem::replace(&mut self.position, Position::Start) {
            // An empty line.
            Position::Start | Position::Mark(0) => {
                self.has_data_line = false;
                let ended =
                    if std::mem::take(&mut self.has_data) { on(Frame::End { event: &self.event }) } else { Ok(()) };
                self.event.clear();
                ended
            }
            // A field without a colon has an empty value.
            Position::Name(field, read) if read == field.name().len() => self.begin_value(field, on),
            Position::Name(..) | Position::Mark(_) | Position::Space(_) | Position::Value(_) | Position::Other => {
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
